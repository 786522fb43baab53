/** @file What tf.gradients needs to know of conds and loops on its way. */
import { GraphError } from '../errors';
import { whileContextOf } from '../graph/context';
import type { Operation, Tensor } from '../graph/operation';
import { identity, shapeOf } from './array';
import { CondContext } from './contexts';
import { switchOn } from './flow';
import { variableShape } from './resource';
import { zeros, zerosLike } from './shape';

export const isSwitch = (op: Operation): boolean => op.def.flow === 'switch';
export const isLoopExit = (op: Operation): boolean => op.def.flow === 'exit';
/** A Switch of a loop variable: its gradient is visited once more at the end. */
export function isLoopSwitch(op: Operation): boolean {
  return isSwitch(op) && op.context !== null && op.context.isWhile;
}

/** The exits of a loop, as the walk finds them. */
export interface GradLoopState {
  readonly deferredExits: Tensor[];
  readonly unusedExits: Tensor[];
  pendingExitsCount: number;
}
export interface ControlFlowState {
  getGradState(op: Operation, before: boolean): GradLoopState | null;
  processUnusedLoopExits(pending: Map<Operation, number>, to: Set<Operation>): Tensor[];
  enterGradWhileContext(op: Operation, before: boolean): void;
  exitGradWhileContext(op: Operation, before: boolean): void;
  zerosLike(op: Operation, index: number): Tensor | null;
  zerosLikeForExit(exit: Tensor): Tensor;
  postProcessing(): void;
}

/** The state of loops between ys and xs; null where there are none. */
export function maybeCreateControlFlowState(
  order: readonly Operation[],
  _between: ReadonlySet<Operation>,
  _colocate: boolean,
): ControlFlowState | null {
  const exit = order.find((op) => isLoopExit(op) && whileContextOf(op) === null);
  if (exit) {
    throw new GraphError('Unimplemented', `The gradient of a while loop is not implemented: '${exit.name}'.`, { op: exit.name });
  }
  return null;
}

/** Zeros in the shape of an output nobody used; inside a cond they are made on the branch that was taken. */
export function zerosLikeOutsideLoop(op: Operation, index: number): Tensor {
  const t = op.outputs[index]!;
  const { context } = op;
  if (!isSwitch(op) || !(context instanceof CondContext)) {
    if (t.dtype === 'resource') return zeros(variableShape(t), t.handle?.dtype ?? 'float32');
    return zerosLike(t, { optimize: false });
  }
  const other = switchOn(op.inputs[0]!, context.pred)[1 - context.branch]!;
  const pivot = identity(other);
  const { graph } = t;
  if (t.dtype === 'resource') {
    return graph.controlDependencies([pivot], () => zeros(variableShape(other), t.handle?.dtype ?? 'float32'));
  }
  const shape = shapeOf(other, { optimize: false });
  return graph.controlDependencies([pivot], () => zeros(shape, t.dtype));
}
