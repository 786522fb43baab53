/** @file Turns a laid-out order into blocks of steps: who may be dead, and what each op does. */
import { GraphError } from '../errors';
import { type Site, toBag } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type Call, program } from '../kernels/table';
import { wireName } from '../value/dtype';
import { showShape } from '../value/shape';
import type { Layout, State } from './layout';
import { type Carried, loopStep } from './loop';
import { Frame } from './order';
import { type Block, checkReady, kernelCalls, roundHalf, runLate, running, type Step } from './run';
import type { Facts } from './specialize';
import { aliasOf, type Timeline, writtenInputs } from './timeline';

export interface Emitted {
  readonly body: Block;
  readonly live: Uint8Array;
  readonly guardOf: ReadonlyMap<Tensor | Operation, number>;
  readonly steps: number;
  dispose(): void;
}

/** Steps under one guard, in order; neighbouring kernel calls become one program. */
class BlockBuilder {
  readonly block: { guard: number; steps: Step[] }[] = [];
  #calls: Call[] = [];
  #guard = 0;
  #programs: (() => void)[];

  constructor(programs: (() => void)[]) {
    this.#programs = programs;
  }
  push(guard: number, step: Step): void {
    this.flush();
    this.#section(guard).push(step);
  }
  call(guard: number, call: Call): void {
    if (guard !== this.#guard) this.flush();
    this.#guard = guard;
    this.#calls.push(call);
  }
  flush(): void {
    if (this.#calls.length === 0) return;
    const { run, free } = program(this.#calls);
    this.#programs.push(free);
    this.#section(this.#guard).push(run);
    this.#calls = [];
  }
  #section(guard: number): Step[] {
    if (this.block.at(-1)?.guard !== guard) this.block.push({ guard, steps: [] });
    return this.block.at(-1)!.steps;
  }
}

export function emit(
  root: Frame,
  line: Timeline,
  layout: Layout,
  facts: Facts,
  fed: ReadonlySet<Tensor>,
  state: State & { site(op: Operation): Site },
): Emitted {
  const { slots, late, variables } = layout;
  const live = new Uint8Array(8 + 4 * line.nodes.length).fill(1, 0, 1);
  let guards = 1;
  let steps = 0;
  const guardOf = new Map<Tensor | Operation, number>();
  const joint = new Map<string, number>();
  const programs: (() => void)[] = [];
  const slotOf = (t: Tensor): Slot => slots.get(t)!;
  /** Where an op puts its output: not where it was fed. */
  const outOf = (t: Tensor): Slot => layout.overfed.get(t) ?? slotOf(t);
  const alive = (x: Tensor | Operation): number => (fed.has(x as Tensor) ? 0 : (guardOf.get(x) ?? 0));

  /** One bit that says whether all of these are live; computed where first needed in a block. */
  const all = (list: readonly number[], frame: Frame, to: BlockBuilder): number => {
    const set = [...new Set(list)].filter((g) => g !== 0).sort((a, b) => a - b);
    if (set.length < 2) return set[0] ?? 0;
    const key = `${frame.name}|${set}`;
    const known = joint.get(key);
    if (known !== undefined) return known;
    const g = guards++;
    joint.set(key, g);
    to.push(0, () => {
      let every = 1;
      for (const i of set) every &= live[i]!;
      live[g] = every;
    });
    return g;
  };

  const block = (frame: Frame, units = frame.units): Block => {
    const to = new BlockBuilder(programs);
    for (const unit of units) {
      if (unit instanceof Frame) to.push(0, loop(unit));
      else if (unit.def.flow !== 'next') place(unit, frame, to); // next: between the rounds
    }
    to.flush();
    return to.block;
  };

  const place = (op: Operation, frame: Frame, to: BlockBuilder): void => {
    steps++;
    const { flow } = op.def;
    const data = op.inputs.map(alive);
    const control = op.controlInputs.map(alive);
    if (flow === 'trigger') {
      guardOf.set(op, 0);
      return;
    }
    if (flow === 'merge') {
      merge(op, data, to);
      return;
    }
    // An Enter of a loop variable lives in the first round only; the loop itself knows.
    const entered = flow === 'enter' && !(op.attrs as Record<string, unknown>).is_constant;
    const guard = entered ? guardOf.get(op.outputs[0]!)! : all([...data, ...control], frame, to);
    if (flow !== 'exit') guardOf.set(op, guard); // an Exit lives when its loop has ended: loop() knows
    if (flow === 'switch') choose(op, guard, to);
    else if (flow === 'exit') {
      const [t, from] = [op.outputs[0]!, slotOf(op.inputs[0]!)];
      const [g, into] = [guardOf.get(t)!, outOf(t)];
      to.push(guard, () => {
        if (!variables.has(t)) into.copyFrom(from);
        live[g] = 1;
      });
      return;
    } else for (const t of op.outputs) guardOf.set(t, guard);
    act(op, guard, to);
  };

  const merge = (op: Operation, data: readonly number[], to: BlockBuilder): void => {
    const g = guards++;
    const [out, index] = op.outputs as readonly [Tensor, Tensor?];
    const sources = op.inputs.map((t, i) => ({ guard: data[i]!, slot: slotOf(t) }));
    const [into, indexSlot] = [outOf(out), index && outOf(index)];
    const mode = variables.has(out) ? 'same' : layout.passing.has(op) ? 'pass' : 'copy';
    to.push(0, () => {
      let chosen = -1;
      for (let i = sources.length - 1; i >= 0; i--) if (live[sources[i]!.guard]) chosen = i;
      live[g] = chosen >= 0 ? 1 : 0;
      if (chosen < 0) return;
      const { slot } = sources[chosen]!;
      if (mode === 'copy') into.copyFrom(slot);
      else if (mode === 'pass') {
        into.shape = slot.shape;
        into.storage = slot.storage;
      }
      if (!indexSlot) return;
      indexSlot.resize([]);
      indexSlot.data[0] = chosen;
    });
    for (const key of [op, ...op.outputs]) guardOf.set(key, g);
  };

  const choose = (op: Operation, guard: number, to: BlockBuilder): void => {
    const [no, yes, pred] = [guards++, guards++, slotOf(op.inputs[1]!)];
    to.push(0, () => {
      const on = live[guard]!;
      const taken = on && pred.data[0] ? 1 : 0;
      live[no] = on & (1 - taken);
      live[yes] = taken;
    });
    guardOf.set(op.outputs[0]!, no);
    guardOf.set(op.outputs[1]!, yes);
  };

  /** Checks that variables are initialized, and notes which ones become so. */
  const readiness = (op: Operation, guard: number, to: BlockBuilder): (() => void) | undefined => {
    const written = new Set(writtenInputs(op));
    let after: (() => void) | undefined;
    for (const t of new Set(op.inputs)) {
      const variable = variables.get(t);
      if (!variable || !(t.isRef || t.dtype === 'resource')) continue;
      const cell = state.variable(variable);
      if (written.has(t) && op.def.assigns !== undefined) {
        if (!cell.ready) {
          after = () => {
            cell.ready = true;
          };
        }
        continue;
      }
      const asked = t.isRef ? !op.def.allowsUninitialized : written.has(t) || op.def.reads !== undefined;
      if (!asked || cell.ready) continue;
      to.push(guard, () => {
        running.op = op;
        checkReady(cell, variable);
      });
    }
    return after;
  };

  /** The work of one ordinary op: nothing, bound kernel calls, or a closure. */
  const act = (op: Operation, guard: number, to: BlockBuilder): void => {
    const { def, attrs } = op;
    const failure = facts.errors.get(op);
    if (failure) {
      to.push(guard, () => {
        throw failure;
      });
      return;
    }
    const after = readiness(op, guard, to);
    if (op.outputs.length > 0 && op.outputs.every((t) => facts.of.get(t)?.cells)) return;
    if (def.source === 'placeholder' && !fed.has(op.outputs[0]!)) {
      to.push(guard, () => unfed(op));
      return;
    }
    const ins = op.inputs.map(slotOf);
    const outs = op.outputs.map(outOf);
    const aliases = op.outputs.flatMap((t, i) => {
      const source = fed.has(t) ? undefined : aliasOf(op, i, facts);
      return source && !t.isRef && !(t.dtype === 'resource' && variables.has(t))
        ? [[outs[i]!, slotOf(source)] as const]
        : [];
    });
    const isRead = def.reads !== undefined && outs[0] && ins[0]!.storage === outs[0].storage;
    const bag = { ...toBag(def.inputs, ins, attrs), ...toBag(def.outputs, outs, attrs) };
    const site = state.site(op);
    const isLate = (t: Tensor): boolean => late.has(t) || layout.overfed.has(t);
    const anyLate = op.inputs.some((t) => late.has(t)) || op.outputs.some(isLate);
    if (def.flow && def.flow !== 'switch' && def.flow !== 'enter') return;
    if (anyLate && !def.source) {
      const resized = op.outputs.map((t) => isLate(t) && !variables.has(t));
      const refs = op.outputs.flatMap((t, i) => {
        const written = t.isRef && !variables.has(t) ? aliasOf(op, i, facts) : undefined;
        return written ? [[outs[i]!, slotOf(written)] as const] : [];
      });
      const lateOp = { op, bag, ins, outs, aliases, refs, resized, site };
      to.push(guard, () => runLate(lateOp));
    } else if (aliases.length === 0 && !isRead && def.reference && !def.source) {
      const calls = kernelCalls(op, bag);
      if (!calls) {
        const { reference } = def;
        to.push(guard, () => {
          running.op = op;
          reference(bag as never, attrs as never, site);
        });
      } else for (const c of calls) to.call(guard, c);
    }
    const touched = aliases.length > 0 ? [] : [...outs, ...writtenInputs(op).map(slotOf)];
    const halves = touched.filter((s) => s.dtype === 'float16' || s.dtype === 'bfloat16');
    if (halves.length > 0 && def.reference) to.push(guard, () => halves.forEach(roundHalf));
    if (after) to.push(guard, after);
  };

  const loop = (frame: Frame): Step => {
    const ops = frame.units.filter((u) => !(u instanceof Frame)) as Operation[];
    const enters = ops.filter((op) => op.def.flow === 'enter' && !(op.attrs as Record<string, unknown>).is_constant);
    const nexts = ops.filter((op) => op.def.flow === 'next');
    const exits = ops.filter((op) => op.def.flow === 'exit');
    for (const op of [...enters, ...nexts, ...exits]) guardOf.set(op.outputs[0]!, guards++);
    for (const op of exits) guardOf.set(op, guardOf.get(op.outputs[0]!)!);
    const entered = enters.map((op) => ({
      guard: guardOf.get(op.outputs[0]!)!,
      outer: [...op.inputs.map(alive), ...op.controlInputs.map(alive)],
    }));
    const ahead = frame.ahead || frame.units.length;
    const start = guards;
    const body = block(frame, frame.units.slice(0, ahead));
    const end = guards;
    const later = new Set(frame.units.slice(ahead));
    const rest = block(frame, [...later]);
    const carried = (which: boolean): Carried[] =>
      nexts
        .filter((op) => later.has(op) === which)
        .map((op) => {
          const [t, from] = [op.outputs[0]!, op.inputs[0]!];
          return {
            guard: guardOf.get(t)!,
            sources: [alive(from), ...op.controlInputs.map(alive)],
            into: slotOf(t),
            from: slotOf(from),
            copies: !variables.has(t),
          };
        });
    const most = Math.max(1, ...enters.map((op) => Number((op.attrs as Record<string, unknown>).parallel_iterations)));
    const values = frame.ahead ? crossing(frame).map(slotOf) : [];
    const behind = frame.ahead
      ? { body: rest, carried: carried(true), most, guards: [start, end] as const, values }
      : undefined;
    return loopStep(
      { body, carried: carried(false), entered, exits: exits.map((op) => guardOf.get(op)!), behind },
      live,
    );
  };

  /** What the units of a loop that come behind take from those that run ahead, and a later round overwrites. */
  const crossing = (frame: Frame): Tensor[] => {
    const opsOf = (unit: Operation | Frame): Operation[] =>
      unit instanceof Frame ? unit.units.flatMap(opsOf) : [unit];
    const first = new Set(frame.units.slice(0, frame.ahead).flatMap(opsOf));
    const taken = frame.units
      .slice(frame.ahead)
      .flatMap(opsOf)
      .flatMap((op) => op.inputs);
    return [...new Set(taken)].filter((t) => first.has(t.op) && !variables.has(t) && !facts.of.get(t)?.cells);
  };

  const body = block(root);
  return {
    body,
    live,
    guardOf,
    steps,
    dispose() {
      for (const free of programs) free();
    },
  };
}

function unfed(op: Operation): never {
  const { name } = op;
  const { dtype } = op.outputs[0]!;
  const shape = (op.attrs as Record<string, unknown>).shape as readonly (number | null)[] | null;
  const known = shape && shape.length > 0 ? ` and shape ${showShape(shape)}` : '';
  throw new GraphError(
    'InvalidArgument',
    `You must feed a value for placeholder tensor '${name}' with dtype ${wireName(dtype)}${known}`,
    { op: name },
  );
}
