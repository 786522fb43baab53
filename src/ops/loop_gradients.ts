/** @file Gradients of the ops that conditionals and loops are made of; see while_gradients.ts for what they rely on. */
import { GraphError } from '../errors';
import { outputContextOf } from '../graph/context';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Grad } from '../graph/opdef';
import { type Operation, Tensor } from '../graph/operation';
import { compatible, showShape } from '../value/shape';
import { equal } from './compare';
import { CondContext, WhileContext } from './contexts';
import { asSlices, enter, exit, merge, nextIteration, switchOn, switchRefOrTensor } from './flow';
import { accumulate, accumulateSlices } from './loop_accumulators';

/** The context that gradients are computed in now: of a loop where the op lies in one. */
const openLoop = (op: Operation): WhileContext => op.graph.context as WhileContext;

/**
 * A Switch's gradient merges what came back from both sides. That of a loop is visited twice: for the Exit, where the
 * Merge is made, and when the gradient has come round, which then becomes the Merge's other input.
 */
export function switchGradient(dys: readonly (Grad | null)[], op: Operation): { data: Grad | null; pred: null } {
  return { data: switchData(dys, op), pred: null };
}
function switchData(dys: readonly (Grad | null)[], op: Operation): Grad | null {
  const { context } = op;
  const [whenFalse, whenTrue] = dys as readonly [Grad | null, Grad | null];
  if (context instanceof WhileContext) {
    const { switchMap } = openLoop(op).gradState!;
    const found = switchMap.get(op);
    if (found) {
      if (whenTrue) addBackEdge(found, whenTrue);
      return null;
    }
    if (!whenFalse) return null;
    const [made] = merge([whenFalse, whenFalse], { name: 'b_switch' });
    switchMap.set(op, made);
    return made;
  }
  if (context instanceof CondContext) {
    const [taken, zero] = [dys[context.branch]!, dys[1 - context.branch]];
    if (zero) return merge(dys as readonly Grad[], { name: 'cond_grad' })[0];
    if (op.inputs[0]!.dtype !== 'resource') return null;
    return merge([taken, taken], { name: 'cond_resource_grad' })[0];
  }
  const pred = op.inputs[1]!;
  const falseGrad = switchOn(whenFalse as Tensor, pred)[0];
  const trueGrad = switchOn(whenTrue as Tensor, pred)[1];
  return merge([falseGrad, trueGrad])[0];
}

/** Closes a loop: what `next` is at the end of a round, `merged` is in the next one. */
export function addBackEdge(merged: Grad, next: Grad): Grad {
  if (merged instanceof Tensor) {
    const t = nextIteration(next as Tensor);
    merged.op.updateInput(1, t);
    return t;
  }
  const slices = nextIteration(asSlices(next));
  const [into, from] = [partsOf(merged), partsOf(slices)];
  if (into.length !== from.length || into.some((m, i) => m.dtype !== from[i]!.dtype))
    throw new GraphError('Value', "The two structures don't have the same nested structure.");
  into.forEach((m, i) => {
    closeLoop(m, from[i]!);
  });
  return slices;
}
function closeLoop(merged: Tensor, next: Tensor): void {
  if (!compatible(next.shape, merged.op.inputs[1]!.shape)) {
    const shapes = `${showShape(next.shape)} and ${showShape(merged.op.inputs[1]!.shape)}`;
    throw new GraphError('InvalidArgument', `Cannot update edge, incompatible shapes: ${shapes}.`);
  }
  merged.op.updateInput(1, next);
}

/** A Merge's gradient goes to the input that was live. */
export function mergeGradient(dy: Grad, op: Operation): { inputs: Grad[] } {
  const context = outputContextOf(op.inputs[0]!.op);
  if (context instanceof WhileContext) return { inputs: switchRefOrTensor(dy, openLoop(op).pivot!) };
  if (!(context instanceof CondContext)) {
    const isChosen = op.inputs.map((_, i) => equal(op.outputs[1]!, i));
    return { inputs: isChosen.map((chosen) => switchRefOrTensor(dy, chosen)[1]) };
  }
  return { inputs: switchRefOrTensor(dy, predicateOf(context, op), { name: 'cond_grad' }) };
}
/** In a loop each round's predicate has to be remembered. */
function predicateOf({ pred }: CondContext, op: Operation): Tensor {
  const state = op.graph.context?.gradState ? openLoop(op).gradState : null;
  if (!state) return pred;
  let found = state.historyMap.get(pred.name);
  if (!found) {
    state.gradContext.close();
    const history = state.addForwardAccumulator(pred);
    state.gradContext.open();
    found = state.addBackpropAccumulatedValue(history, pred);
    state.historyMap.set(pred.name, found);
  }
  return found;
}

/** An Exit's gradient enters the loop of gradients. Raises Type for the gradient of a gradient. */
export function exitGradient(dy: Grad, op: Operation): { data: Grad | null } {
  const loop = openLoop(op);
  if (!loop.backProp) return { data: null };
  if (op.context?.gradState) {
    throw new GraphError('Type', 'Second-order gradient for while loops not supported.', { op: op.name });
  }
  for (const t of partsOf(dy)) loop.values.add(t.name);
  return {
    data: loop.within(() => {
      const { name, parallelIterations } = loop;
      const entered = enter(dy, name, { parallelIterations, name: 'b_exit' });
      loop.loopEnters.push(...partsOf(entered));
      return entered;
    }),
  };
}
const partsOf = (x: Grad): Tensor[] =>
  x instanceof IndexedSlices ? [x.values, x.indices, ...(x.denseShape ? [x.denseShape] : [])] : [x];

/** An Enter's gradient leaves the loop of gradients; for an invariant, that of all rounds is summed first. */
export function enterGradient(dy: Grad, op: Operation): { data: Grad } {
  const loop = op.graph.context as WhileContext | null;
  if (!loop?.backProp || !loop.gradState) return { data: dy };
  if (!(op.attrs as Record<string, unknown>).is_constant) {
    const left = exit(dy);
    loop.loopExits.push(...partsOf(left));
    loop.exitResult(partsOf(left));
    return { data: left };
  }
  return { data: dy instanceof IndexedSlices ? accumulateSlices(loop, op, dy) : accumulate(loop, op, dy) };
}
