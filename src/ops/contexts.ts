/** @file What is open while the branches of a cond are built: outside values are captured, pivots added. */
import type { ControlFlowContext } from '../graph/context';
import { whileContextOf } from '../graph/context';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { switchRefOrTensor } from './flow';

/** What conds and loops have in common: the values known inside, and what outside values are called there. */
export abstract class FlowContext implements ControlFlowContext {
  abstract readonly name: string;
  abstract readonly isWhile: boolean;
  readonly outer: FlowContext | null;
  readonly nested: FlowContext[] = [];
  readonly values = new Set<string>();
  readonly externalValues = new Map<string, Tensor>();
  #before: (ControlFlowContext | null)[] = [];

  constructor() {
    this.outer = getDefaultGraph().context as FlowContext | null;
    this.outer?.nested.push(this);
  }
  abstract addOp(op: Operation): void;
  abstract addValue(t: Tensor): Tensor;
  addInnerOp(op: Operation): void {
    this.outer?.addInnerOp(op);
  }
  get whileContext(): FlowContext | null {
    return this.isWhile ? this : (this.outer?.whileContext ?? null);
  }

  /** Runs `body` with this context open. */
  within<R>(body: () => R): R {
    const graph = getDefaultGraph();
    this.#before.push(graph.context);
    graph.context = this;
    try {
      return body();
    } finally {
      graph.context = this.#before.pop() ?? null;
    }
  }
  exitResult(results: readonly Tensor[]): void {
    for (const t of results) this.outer?.values.add(t.name);
  }
  /** Inside a loop, control inputs from outside of it fall away; answers them. */
  removeExternalControlEdges(op: Operation): { internal: Operation[]; external: Operation[] } {
    const loop = this.whileContext;
    const all = [...op.controlInputs];
    const internal = loop === null ? all : all.filter((c) => whileContextOf(c) === loop);
    if (internal.length === all.length) return { internal, external: [] };
    const external = all.filter((c) => !internal.includes(c));
    op.removeControlInputs();
    op.addControlInputs(internal);
    return { internal, external };
  }
}

/** Whether an op was made in `context` or inside of it. */
export function inContext(op: Operation, context: FlowContext): boolean {
  let at: ControlFlowContext | null = op.def.flow === 'exit' ? (op.context?.outer ?? null) : op.context;
  for (; at; at = at.outer) if (at === context) return true;
  return false;
}

/** One branch of a cond. */
export class CondContext extends FlowContext {
  readonly name: string;
  readonly isWhile = false;
  readonly pred: Tensor;
  readonly pivot: Tensor;
  readonly branch: 0 | 1;

  constructor(pred: Tensor, pivot: Tensor, branch: 0 | 1, name = 'cond_text') {
    super();
    this.name = getDefaultGraph().uniqueName(name);
    this.pred = pred;
    this.pivot = pivot;
    this.branch = branch;
    this.values.add(pred.name);
    this.externalValues.set(pred.name, pred);
    this.values.add(pivot.name);
    pivot.op.context = this;
  }

  /** An outside value as the branch sees it: a Switch's output, made once. */
  addValue(t: Tensor): Tensor {
    if (this.values.has(t.name)) return this.externalValues.get(t.name) ?? t;
    const { graph } = t;
    this.values.add(t.name);
    let outside = t;
    if (this.outer) {
      outside = this.outer.addValue(t);
      this.values.add(outside.name);
      this.externalValues.set(outside.name, outside);
    }
    const inside = graph.controlDependencies(null, () => {
      const found = switchRefOrTensor(outside, this.pred)[this.branch];
      this.outer?.addInnerOp(found.op);
      return found;
    });
    graph.preventFetching(inside.op);
    inside.op.context = this;
    for (let c: FlowContext | null = this; c; c = c.outer) c.values.add(inside.name);
    this.externalValues.set(t.name, inside);
    return inside;
  }

  addOp(op: Operation): void {
    if (op.inputs.length === 0) {
      this.removeExternalControlEdges(op);
      if (!op.controlInputs.some((c) => inContext(c, this))) op.addControlInput(this.pivot.op);
    } else {
      op.inputs.forEach((t, i) => {
        const inside = op.def.flow === 'merge' && t.op.def.flow === 'next' ? t : this.addValue(t);
        if (inside !== t) op.updateInput(i, inside);
      });
      this.removeExternalControlEdges(op);
    }
    for (let c: FlowContext | null = this; c; c = c.outer) for (const t of op.outputs) c.values.add(t.name);
    if (this.outer || op.def.flow !== 'exit') op.graph.preventFetching(op);
    this.outer?.addInnerOp(op);
  }

  /** A branch's result: outside tensors pass through a Switch of their own. */
  processOutput(t: Tensor): Tensor {
    if (this.values.has(t.name)) return this.externalValues.get(t.name) ?? t;
    this.values.add(t.name);
    let outside = t;
    if (this.outer) {
      outside = this.outer.addValue(t);
      this.values.add(outside.name);
      this.externalValues.set(outside.name, outside);
    }
    const inside = switchRefOrTensor(outside, this.pred)[this.branch];
    this.externalValues.set(t.name, inside);
    return inside;
  }
}
