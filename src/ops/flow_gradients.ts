/** @file Gradients of the ops that conditionals are made of. */
import { GraphError } from '../errors';
import { whileContextOf } from '../graph/context';
import type { Operation, Tensor } from '../graph/operation';
import { equal } from './compare';
import { CondContext } from './contexts';
import { merge, switchOn, switchRefOrTensor } from './flow';

type Grads = Readonly<Record<string, Tensor | null>>;

/** A Switch's gradient merges what came back from both branches. */
export function switchGradient(dy: Grads, _t: unknown, _attrs: unknown, op: Operation): { data: Tensor | null; pred: null } {
  refuseLoop(op);
  const { output_false, output_true } = dy;
  const grads = [output_false, output_true] as readonly (Tensor | null)[];
  const { context } = op;
  if (context instanceof CondContext) {
    const [taken, zero] = [grads[context.branch]!, grads[1 - context.branch]];
    if (zero) return { data: merge(grads as Tensor[], { name: 'cond_grad' })[0], pred: null };
    if (op.inputs[0]!.dtype !== 'resource') return { data: null, pred: null };
    return { data: merge([taken, taken], { name: 'cond_resource_grad' })[0], pred: null };
  }
  const pred = op.inputs[1]!;
  const [whenFalse, whenTrue] = [switchOn(output_false!, pred)[0], switchOn(output_true!, pred)[1]];
  return { data: merge([whenFalse, whenTrue])[0], pred: null };
}

/** A Merge's gradient goes to the input that was live. */
export function mergeGradient(dy: Grads, _t: unknown, _attrs: unknown, op: Operation): { inputs: Tensor[] } {
  refuseLoop(op);
  const from = op.inputs[0]!.op;
  const context = from.def.flow === 'exit' ? from.context?.outer : from.context;
  const grad = dy.output!;
  if (context instanceof CondContext) return { inputs: switchRefOrTensor(grad, context.pred, { name: 'cond_grad' }) };
  const which = op.inputs.map((_, i) => equal(op.outputs[1]!, i));
  return { inputs: which.map((w) => switchRefOrTensor(grad, w)[1]) };
}

export function enterGradient(_dy: unknown, _t: unknown, _attrs: unknown, op: Operation): never {
  throw noLoops(op);
}
export const exitGradient = enterGradient;
export const nextIterationGradient = enterGradient;

function refuseLoop(op: Operation): void {
  if (whileContextOf(op) !== null) throw noLoops(op);
}
const noLoops = (op: Operation): GraphError =>
  new GraphError('Unimplemented', `The gradient of a while loop is not implemented: '${op.name}'.`, { op: op.name });
