/** @file A gradient tape: what is written on it is differentiated in the order tf.GradientTape does it. */
import { toBag } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { addNRaw } from './arithmetic';

/** The gradient of the first input, where the others are not watched. */
export type Partial = (dy: Tensor) => Tensor;

interface Step {
  readonly y: Tensor;
  readonly inputs: readonly Tensor[];
  readonly partial: Partial | undefined;
}

export class Tape {
  readonly #steps = new Map<Tensor, Step>();
  readonly #watched: Set<Tensor>;

  constructor(watched: readonly Tensor[]) {
    this.#watched = new Set(watched);
  }

  /** Writes down the op that made `y`, its only output, if something watched went into it. */
  see(y: Tensor, partial?: Partial): Tensor {
    if (this.#watched.has(y)) return y;
    const { inputs } = y.op;
    if (inputs.some((x) => this.#watched.has(x))) {
      this.#steps.set(y, { y, inputs, partial });
      this.#watched.add(y);
    }
    return y;
  }

  /** Walks back from the targets, first come, first served; several contributions are summed by one AddN. */
  gradient(targets: readonly Tensor[], sources: readonly Tensor[], seeds: readonly Tensor[]): (Tensor | null)[] {
    const found = new Map<Tensor, Tensor[]>();
    for (const [i, t] of targets.entries()) add(found, t, seeds[i]!);
    const uses = this.#countUses(targets);
    const queue = targets.filter((t) => !uses.get(t));
    for (let at = 0; at < queue.length; at++) {
      const step = this.#steps.get(queue[at]!);
      if (!step) continue;
      const dy = total(found.get(step.y));
      const dxs = dy ? gradientsOf(step, dy) : [];
      step.inputs.forEach((x, i) => {
        if (dxs[i]) add(found, x, dxs[i]!);
        const left = (uses.get(x) ?? 0) - 1;
        uses.set(x, left);
        if (left === 0) queue.push(x);
      });
    }
    return sources.map((x) => total(found.get(x)));
  }

  /** How many steps on the way to the targets use each tensor. */
  #countUses(targets: readonly Tensor[]): Map<Tensor, number> {
    const uses = new Map<Tensor, number>();
    const open = [...targets];
    const seen = new Set<Tensor>();
    for (let y = open.pop(); y; y = open.pop()) {
      const step = this.#steps.get(y);
      if (!step || seen.has(y)) continue;
      seen.add(y);
      for (const x of step.inputs) {
        uses.set(x, (uses.get(x) ?? 0) + 1);
        open.push(x);
      }
    }
    return uses;
  }
}

function add(found: Map<Tensor, Tensor[]>, x: Tensor, dx: Tensor): void {
  const list = found.get(x);
  if (list) list.push(dx);
  else found.set(x, [dx]);
}
function total(list: readonly Tensor[] | undefined): Tensor | null {
  if (!list) return null;
  return list.length === 1 ? list[0]! : addNRaw(list);
}

/** What the op's own definition says, input by input. */
function gradientsOf({ y: { op }, inputs, partial }: Step, dy: Tensor): (Tensor | null)[] {
  if (partial) return [partial(dy)];
  const { def, attrs } = op;
  if (typeof def.gradient !== 'function') return [];
  const t = { ...toBag(def.inputs, inputs, attrs), ...toBag(def.outputs, op.outputs, attrs) };
  const given = toBag(def.outputs, [dy], attrs);
  const made = def.gradient(given as never, t as never, attrs as never, op) as Record<string, Tensor | null>;
  return Object.keys(def.inputs).map((key) => made[key] ?? null);
}
