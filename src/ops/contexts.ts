/** @file What is open while the branches of a cond or the body of a loop are built: outside values are captured, pivots added. */
import { GraphError } from '../errors';
import { type ControlFlowContext, enclosingLoop, isInside, outputContextOf, whileContextOf } from '../graph/context';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { isList } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { identity } from './array';
import { enter, switchRefOrTensor } from './flow';
import type { GradLoopState } from './while_gradients';

/** What conds and loops have in common: the values known inside, and what outside values are called there. */
export abstract class FlowContext implements ControlFlowContext {
  abstract readonly name: string;
  abstract readonly isWhile: boolean;
  abstract readonly gradState: GradLoopState | null;
  readonly graph: Graph;
  readonly outer: FlowContext | null;
  readonly nested: FlowContext[] = [];
  /** Names of the tensors that have been seen here. */
  readonly values = new Set<string>();
  /** What tensors from outside are called here, by their names. */
  readonly externalValues = new Map<string, Tensor>();
  #before: (ControlFlowContext | null)[] = [];

  constructor() {
    this.graph = getDefaultGraph();
    this.outer = this.graph.context as FlowContext | null;
    this.outer?.nested.push(this);
  }
  /** What ops without inputs wait for, so that they run once per branch or round. */
  abstract get controlPivot(): Tensor | null;
  /** What an outside tensor is called here; captures it the first time. */
  abstract addValue(t: Tensor): Tensor;
  /** Makes an op part of this context, whatever context is open. */
  abstract adopt(op: Operation): void;
  addOp(op: Operation): void {
    this.adopt(op);
  }
  addInnerOp(op: Operation): void {
    this.outer?.addInnerOp(op);
  }
  get loop(): WhileContext | null {
    return enclosingLoop(this) as WhileContext | null;
  }

  open(): void {
    this.#before.push(this.graph.context);
    this.graph.context = this;
  }
  close(): void {
    this.graph.context = this.#before.pop() ?? null;
  }
  /** Runs `body` with this context open. */
  within<R>(body: () => R): R {
    this.open();
    try {
      return body();
    } finally {
      this.close();
    }
  }
  exitResult(results: readonly Tensor[]): void {
    for (const t of results) this.outer?.values.add(t.name);
  }

  /** Inside a loop, control inputs from outside of it fall away; answers both kinds. */
  protected removeExternalControlEdges(op: Operation): { internal: Operation[]; external: Operation[] } {
    const { loop } = this;
    const all = [...op.controlInputs];
    const internal = loop === null ? all : all.filter((c) => whileContextOf(c) === loop);
    if (internal.length === all.length) return { internal, external: [] };
    op.removeControlInputs();
    op.addControlInputs(internal);
    return { internal, external: all.filter((c) => !internal.includes(c)) };
  }
  /** Replaces each input by what it is called here. */
  protected captureInputs(op: Operation): void {
    for (let i = 0; i < op.inputs.length; i++) {
      const t = op.inputs[i]!;
      const inside = this.capture(op, t);
      if (inside !== t) op.updateInput(i, inside);
    }
  }
  protected capture(_op: Operation, t: Tensor): Tensor {
    return this.addValue(t);
  }
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
    this.name = this.graph.uniqueName(name);
    this.pred = pred;
    this.pivot = pivot;
    this.branch = branch;
    this.values.add(pred.name);
    this.externalValues.set(pred.name, pred);
    this.values.add(pivot.name);
    pivot.op.context = this;
  }
  get gradState(): GradLoopState | null {
    return this.loop?.gradState ?? null;
  }
  get controlPivot(): Tensor {
    return this.pivot;
  }

  addValue(t: Tensor): Tensor {
    if (this.values.has(t.name)) return this.externalValues.get(t.name) ?? t;
    const outside = this.#fromOuter(t);
    const inside = this.graph.controlDependencies(null, () => {
      const found = switchRefOrTensor(outside, this.pred)[this.branch];
      this.outer?.addInnerOp(found.op);
      return found;
    });
    this.graph.preventFetching(inside.op);
    inside.op.context = this;
    for (let c: FlowContext | null = this; c; c = c.outer) c.values.add(inside.name);
    this.externalValues.set(t.name, inside);
    return inside;
  }
  #fromOuter(t: Tensor): Tensor {
    this.values.add(t.name);
    if (!this.outer) return t;
    const outside = this.outer.addValue(t);
    this.values.add(outside.name);
    this.externalValues.set(outside.name, outside);
    return outside;
  }

  adopt(op: Operation): void {
    if (op.inputs.length === 0) {
      this.removeExternalControlEdges(op);
      if (!op.controlInputs.some((c) => isInside(c.context, this))) op.addControlInput(this.pivot.op);
    } else {
      this.captureInputs(op);
      this.removeExternalControlEdges(op);
    }
    for (let c: FlowContext | null = this; c; c = c.outer) for (const t of op.outputs) c.values.add(t.name);
    if (this.outer || op.def.flow !== 'exit') op.graph.preventFetching(op);
    this.outer?.addInnerOp(op);
  }
  /** What comes round in a loop that is imported into the branch becomes part of it later. */
  protected override capture(op: Operation, t: Tensor): Tensor {
    return op.def.flow === 'merge' && t.op.def.flow === 'next' ? t : this.addValue(t);
  }

  /** A branch's result: outside tensors pass through a Switch of their own. */
  processOutput(t: Tensor): Tensor {
    if (this.values.has(t.name)) return this.externalValues.get(t.name) ?? t;
    const inside = switchRefOrTensor(this.#fromOuter(t), this.pred)[this.branch];
    this.externalValues.set(t.name, inside);
    return inside;
  }
}

export interface LoopOptions {
  readonly maximumIterations?: Tensor | null | undefined;
  readonly parallelIterations?: number | undefined;
  readonly backProp?: boolean | undefined;
  readonly swapMemory?: boolean | undefined;
  readonly name?: string | undefined;
  readonly gradState?: GradLoopState | null | undefined;
}

export const isLoopEnter = (op: Operation): boolean => op.def.flow === 'enter';
/** A loop invariant: the same in every round. */
export const isLoopConstantEnter = (op: Operation): boolean =>
  isLoopEnter(op) && Boolean((op.attrs as Record<string, unknown>).is_constant);

/** The inside of a while loop, or of a loop that goes back over one to compute gradients. */
export class WhileContext extends FlowContext {
  /** Also the name of the frame. */
  readonly name: string;
  readonly isWhile = true;
  readonly maximumIterations: Tensor | null;
  readonly parallelIterations: number;
  readonly backProp: boolean;
  readonly swapMemory: boolean;
  readonly gradState: GradLoopState | null;
  /** What the constants of the condition wait for, and those of the body. */
  pivotForPred: Tensor | null = null;
  pivotForBody: Tensor | null = null;
  /** The loop's condition, a LoopCond. */
  pivot: Tensor | null = null;
  readonly loopEnters: Tensor[] = [];
  readonly loopExits: Tensor[] = [];

  constructor(options: LoopOptions = {}) {
    super();
    const { maximumIterations, parallelIterations = 10, backProp, swapMemory, name, gradState } = options;
    if (!Number.isInteger(parallelIterations) || parallelIterations <= 0) {
      throw new GraphError('Value', `\`parallel_iterations\` must be a positive integer: ${parallelIterations}`);
    }
    this.name = this.graph.uniqueName(name ?? 'while_context');
    this.maximumIterations = maximumIterations ?? null;
    this.parallelIterations = parallelIterations;
    this.backProp = backProp ?? true;
    this.swapMemory = swapMemory ?? false;
    this.gradState = gradState ?? null;
  }
  get controlPivot(): Tensor | null {
    return this.pivotForBody ?? this.pivotForPred;
  }

  addValue(t: Tensor): Tensor {
    if (this.values.has(t.name) || t.op.context === this) return this.externalValues.get(t.name) ?? t;
    this.values.add(t.name);
    const inside = this.#fromForwardLoop(t) ?? this.#enterConstant(t);
    this.externalValues.set(t.name, inside);
    return inside;
  }
  /** Gradients that need a value of the forward loop get it from its history. */
  #fromForwardLoop(t: Tensor): Tensor | null {
    const state = enclosingLoop(this.graph.context)?.gradState as GradLoopState | null | undefined;
    return state && whileContextOf(t.op) === state.forwardContext ? state.getRealValue(t) : null;
  }
  #enterConstant(t: Tensor): Tensor {
    const outside = this.outer ? this.outer.addValue(t) : t;
    const inside = this.graph.controlDependencies(null, () => {
      const found = enter(outside, this.name, { isConstant: true, parallelIterations: this.parallelIterations });
      this.graph.preventFeeding(found);
      this.outer?.addInnerOp(found.op);
      return found;
    });
    this.fixControlInputs([inside]);
    this.values.add(inside.name);
    return inside;
  }

  /** In a loop of gradients, sizes of forward values are taken in the forward loop: less has to be remembered. */
  override addOp(op: Operation): void {
    const asksForSize = op.def.shapeOnly && !Object.values(op.def.inputs).some(isList);
    const forward = asksForSize && enclosingLoop(this.graph.context)?.gradState?.forwardContext;
    const source = op.inputs[0]?.op.context as FlowContext | null | undefined;
    if (forward && source && enclosingLoop(source) === forward) {
      op.context = source;
      source.adopt(op);
    } else this.adopt(op);
  }

  adopt(op: Operation): void {
    let external: Operation[];
    if (op.inputs.length === 0) {
      const edges = this.removeExternalControlEdges(op);
      external = edges.external;
      if (edges.internal.length === 0) op.addControlInput(this.controlPivot!.op);
    } else {
      this.captureInputs(op);
      external = this.removeExternalControlEdges(op).external;
      // What depends on nothing but loop invariants must still wait for its round.
      const free = op.controlInputs.length === 0 && op.inputs.every((t) => isLoopConstantEnter(t.op));
      if (free) op.addControlInput(this.controlPivot!.op);
    }
    for (const t of op.outputs) this.values.add(t.name);
    if (external.length > 0) op.addControlInputs(this.#pullIn(external));
    if (this.outer || op.def.flow !== 'exit') {
      op.graph.preventFetching(op);
      for (const t of op.outputs) op.graph.preventFeeding(t);
    }
    this.outer?.addInnerOp(op);
  }
  /** Control inputs from outside become data that enter the loop. */
  #pullIn(external: readonly Operation[]): Operation[] {
    return this.graph.controlDependencies(null, () =>
      this.within(() => external.filter((op) => op.outputs.length > 0).map((op) => identity(op.outputs[0]!).op)),
    );
  }

  /** Enter ops belong to the loop, yet wait for what the code around it has to wait for. */
  fixControlInputs(enters: readonly Tensor[]): void {
    const around = this.outer?.loop ?? null;
    const reaches = (context: ControlFlowContext | null): boolean => {
      for (let at: ControlFlowContext | null = this.outer; at !== context; at = at.outer) {
        if (at === null || at === around) return false;
      }
      return true;
    };
    for (const { op } of enters) {
      const waits = this.graph.controllers.inputsFor([op.inputs[0]!]);
      op.context = this;
      op.addControlInputs(waits.filter((c) => reaches(outputContextOf(c))));
      this.graph.controllers.saw(op);
    }
  }
}
