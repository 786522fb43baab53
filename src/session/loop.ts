/** @file How a while loop runs: its rounds one after the other, or some of them ahead of what they race with. */
import { Slot } from '../kernels/memory';
import { type Block, runBlock, type Step } from './run';

/** A value that goes round. */
export interface Carried {
  readonly guard: number;
  readonly sources: readonly number[];
  readonly into: Slot;
  readonly from: Slot;
  readonly copies: boolean;
}
/** Steps of one round, and what they hand on to the next. */
export interface Round {
  readonly body: Block;
  readonly carried: readonly Carried[];
}
/** What a round leaves for later steps of the same round. */
export interface Behind extends Round {
  /** How many of the first rounds are ahead at most. Once one is done, TensorFlow's rounds come one by one. */
  readonly most: number;
  /** Guards, from the first to before the last, and values that the first part sets and this one asks for. */
  readonly guards: readonly [first: number, end: number];
  readonly values: readonly Slot[];
}
export interface Loop extends Round {
  /** Loop variables of the first round, and the guards that say whether they came in. */
  readonly entered: readonly { readonly guard: number; readonly outer: readonly number[] }[];
  /** Guards of the exits. */
  readonly exits: readonly number[];
  readonly behind?: Behind | undefined;
}

/** One buffer per tensor serves all rounds. */
export function loopStep({ body, carried, entered, exits, behind }: Loop, live: Uint8Array): Step {
  const every = (list: readonly number[]): number => {
    for (const g of list) if (live[g] === 0) return 0;
    return 1;
  };
  const enter = (): void => {
    for (const g of exits) live[g] = 0;
    for (const n of [...carried, ...(behind?.carried ?? [])]) live[n.guard] = 0;
    for (const e of entered) live[e.guard] = every(e.outer);
  };
  const round = (part: Round): boolean => {
    runBlock(part.body, live);
    let again = false;
    for (const n of part.carried) {
      live[n.guard] = every(n.sources);
      if (live[n.guard] === 0) continue;
      if (n.copies) n.into.copyFrom(n.from);
      again = true;
    }
    return again;
  };
  const once = (): void => {
    for (const e of entered) live[e.guard] = 0;
  };
  if (!behind) {
    const whole = { body, carried };
    return () => {
      enter();
      while (round(whole)) once();
      once();
      for (const n of carried) live[n.guard] = 0;
    };
  }
  return () => {
    enter();
    const isFirst = entered.map((e) => live[e.guard]!);
    for (let again = true, starts = true; again; starts = false) {
      const kept: { guards: Uint8Array; values: Slot[] }[] = [];
      do {
        again = round({ body, carried });
        once();
        kept.push({ guards: live.slice(...behind.guards), values: behind.values.map(copyOf) });
      } while (again && starts && kept.length < behind.most);
      kept.forEach(({ guards, values }, i) => {
        if (starts && i === 0) for (const [k, e] of entered.entries()) live[e.guard] = isFirst[k]!;
        live.set(guards, behind.guards[0]);
        for (const [k, slot] of behind.values.entries()) {
          slot.copyFrom(values[k]!);
          values[k]!.storage.release();
        }
        round(behind);
        once();
      });
    }
    for (const n of [...carried, ...behind.carried]) live[n.guard] = 0;
  };
}

function copyOf(slot: Slot): Slot {
  const copy = new Slot(slot.dtype, []);
  copy.copyFrom(slot);
  return copy;
}
