/** @file What tf.gradients needs to know of conds and loops on its way: which loops lie there, and zeros for what was not used. */
import { enclosingLoop, whileContextOf } from '../graph/context';
import { getDefaultGraph } from '../graph/graph';
import { type Operation, Tensor } from '../graph/operation';
import { isFull } from '../value/shape';
import { constant, identity, shapeOf, zeros, zerosLike } from './array';
import { type CondContext, type FlowContext, isLoopEnter, type WhileContext } from './contexts';
import { nextIteration, switchOn, switchRefOrTensor } from './flow';
import { GradLoopState } from './loop_history';
import { variableShapeOp } from './resource';

export { isLoopConstantEnter, isLoopEnter } from './contexts';
export type { GradLoopState } from './loop_history';

export const isSwitch = (op: Operation): boolean => op.def.flow === 'switch';
export const isLoopExit = (op: Operation): boolean => op.def.flow === 'exit';
/** A Switch of a cond: all that follows from it lies in branches. */
export const isCondSwitch = (op: Operation): boolean =>
  isSwitch(op) &&
  op.outputs.every((t) =>
    t.consumers().every((user) => {
      const context = isLoopEnter(user) ? (user.context?.outer ?? null) : user.context;
      return context !== null && !context.isWhile;
    }),
  );
/** A Switch of a loop variable: gradients come to it twice. */
export const isLoopSwitch = (op: Operation): boolean =>
  isSwitch(op) && op.context?.isWhile === true && !isCondSwitch(op);

/** The loops that one call of tf.gradients goes back over. */
export class ControlFlowState {
  readonly #states = new Map<WhileContext, GradLoopState>();

  /** The state of the loop an op lies in; an Exit lies outside of its loop when seen `before` it is differentiated. */
  getGradState(op: Operation, before: boolean): GradLoopState | null {
    return this.#stateOf(before ? whileContextOf(op) : enclosingLoop(op.context));
  }
  #stateOf(loop: { readonly isWhile: boolean } | null): GradLoopState | null {
    return loop ? (this.#states.get(loop as WhileContext) ?? null) : null;
  }

  /** Exits nobody's gradient depends on. Answers those that have to be visited at the start. */
  processUnusedLoopExits(pending: Map<Operation, number>, to: ReadonlySet<Operation>): Tensor[] {
    const exits: Tensor[] = [];
    for (const state of this.#states.values()) {
      for (const y of state.forwardLoopExits) {
        if (pending.get(y.op)) continue;
        state.pendingExitsCount -= 1;
        if (!to.has(y.op)) state.unusedExits.push(y);
        if (state.pendingExitsCount === 0) exits.push(...state.unusedExits);
      }
      // Enters take part as well: a gradient may be asked for of what enters.
      for (const y of state.forwardContext.loopEnters) if (!pending.get(y.op)) pending.set(y.op, 1);
    }
    return exits;
  }

  enterGradWhileContext(op: Operation, before: boolean): void {
    this.getGradState(op, before)?.gradContext.open();
  }
  exitGradWhileContext(op: Operation, before: boolean): void {
    this.getGradState(op, before)?.gradContext.close();
  }

  /** Makes the state of the loop that an Exit belongs to, and adds its other exits to the ops between. */
  addWhileContext(exit: Operation, order: Operation[], between: Set<Operation>): void {
    const forward = exit.context as WhileContext | null;
    if (!forward || this.#states.has(forward)) return;
    const state = new GradLoopState(forward, this.#stateOf(enclosingLoop(forward.outer)));
    this.#states.set(forward, state);
    for (const y of state.forwardLoopExits) {
      if (between.has(y.op)) continue;
      between.add(y.op);
      order.push(y.op);
    }
  }

  /** The gradient of an Exit that is not used, while others of its loop are. */
  zerosLikeForExit(exit: Tensor): Tensor {
    const { shape, dtype } = exit;
    const around = (exit.op.context as WhileContext).outer;
    const state = this.#stateOf(enclosingLoop(around));
    if (!state) return isFull(shape) ? zeros(shape, dtype) : zerosLike(exit, { optimize: false });
    if (isFull(shape)) return state.gradContext.within(() => zeros(shape, dtype));
    const sizes = around!.within(() => shapeOf(exit, { optimize: false }));
    const history = state.addForwardAccumulator(sizes);
    return state.gradContext.within(() => zeros(state.addBackpropAccumulatedValue(history, sizes), dtype));
  }

  /** The gradient of an output nobody used; null for the Switch of a loop. Called in the loop of gradients. */
  zerosLike(op: Operation, index: number): Tensor | null {
    if (isLoopSwitch(op)) return null;
    const dead = isSwitch(op);
    const state = this.#stateOf(enclosingLoop(op.context));
    if (!state) return zerosLikeOutsideLoop(op, index);
    const context = op.context as FlowContext;
    const { shape, dtype } = op.outputs[index]!;
    if (isFull(shape)) {
      const result = constant(0, { dtype, shape });
      if (!dead) return result;
      const { pred, branch } = context as CondContext;
      return switchRefOrTensor(result, state.historyMap.get(pred.name)!)[1 - branch]!;
    }
    const sizes = dead ? sizesInDeadBranch(op) : context.within(() => shapeOf(op.outputs[index]!, { optimize: false }));
    state.gradContext.close();
    const history = state.addForwardAccumulator(sizes, dead);
    state.gradContext.open();
    return zeros(state.addBackpropAccumulatedValue(history, sizes, dead), dtype);
  }

  /** Loop variables that do not depend on their former value get no gradient from later rounds. */
  postProcessing(): void {
    for (const state of this.#states.values()) {
      for (const merged of state.switchMap.values()) if (merged instanceof Tensor) closeWithZeros(merged, state);
    }
  }
}

/** The sizes of a Switch's input, pushed only where the branch is taken that does not use it. */
function sizesInDeadBranch(op: Operation): Tensor {
  const context = op.context as CondContext;
  const { pred, branch, outer } = context;
  const [other, sizes] = outer!.within(() => {
    const t = switchRefOrTensor(op.inputs[0]!, pred)[1 - branch]!;
    return [t, shapeOf(t, { optimize: false })];
  });
  other.op.context = context;
  sizes.op.context = context;
  return sizes;
}

function closeWithZeros(merged: Tensor, { gradContext }: GradLoopState): void {
  const [entered, comesRound] = merged.op.inputs as readonly [Tensor, Tensor];
  if (entered !== comesRound) return;
  const { dtype, shape } = entered;
  const { outer } = gradContext;
  let next: Tensor;
  if (isFull(shape)) next = gradContext.within(() => nextIteration(constant(0, { dtype, shape })));
  else {
    const make = () => zeros(shapeOf(entered.op.inputs[0]!, { optimize: false }));
    const zero = outer ? outer.within(make) : make();
    next = gradContext.within(() => nextIteration(zero));
  }
  merged.op.updateInput(1, next);
}

/** The state of the loops between ys and xs; null where there are none. Adds to `order` and `between`. */
export function maybeCreateControlFlowState(
  order: Operation[],
  between: Set<Operation>,
  colocate: boolean,
): ControlFlowState | null {
  let state: ControlFlowState | null = null;
  for (const op of order) {
    if (!isLoopExit(op)) continue;
    state ??= new ControlFlowState();
    const add = () => state!.addWhileContext(op, order, between);
    if (colocate) op.graph.colocateWith(op, add);
    else add();
  }
  return state;
}

/** Zeros in the shape of an output nobody used; inside a cond they are made on the branch that was taken. */
export function zerosLikeOutsideLoop(op: Operation, index: number): Tensor {
  const t = op.outputs[index]!;
  const { context } = op;
  const isHandle = t.dtype === 'resource';
  const dtype = isHandle ? (t.handle?.dtype ?? 'float32') : t.dtype;
  if (!isSwitch(op) || context === null) {
    if (isHandle && !isSwitch(op)) return zeros(variableShapeOp(t), dtype);
    return zerosLike(t, { optimize: false });
  }
  const { pred, branch } = context as CondContext;
  const other = switchOn(op.inputs[0]!, pred)[1 - branch]!;
  const pivot = identity(other);
  const graph = getDefaultGraph();
  if (isHandle) return graph.controlDependencies([pivot], () => zeros(variableShapeOp(other), dtype));
  const sizes = shapeOf(other, { optimize: false });
  return graph.controlDependencies([pivot], () => zeros(sizes, dtype));
}
