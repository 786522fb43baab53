/** @file What is added to loops so that gradients can be computed: counters of rounds, and sums over all rounds. */
import { GraphError } from '../errors';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import { isFull } from '../value/shape';
import type { Value } from '../value/value';
import { add, subtract } from './arithmetic';
import { constant, shapeOf, zeros, zerosLike } from './array';
import { greaterEqual } from './compare';
import { type FlowContext, WhileContext } from './contexts';
import { i32 } from './expect';
import { enter, exit, loopCond, merge, nextIteration, switchOn } from './flow';
import { concat } from './join';
import { maximum } from './pairs';
import { index, s } from './slice';
import type { GradLoopState } from './while_gradients';

const inside = <R>(context: FlowContext | null, body: () => R): R => (context ? context.within(body) : body());

/** A new variable of the loop, `first` in the first round; what comes round is set later, as the Merge's other input. */
function loopVariable(loop: WhileContext, first: Tensor, name: string, mergeName?: string): Tensor {
  const { parallelIterations } = loop;
  const entered = enter(first, loop.name, { parallelIterations, name });
  loop.loopEnters.push(entered);
  return merge([entered, entered], { name: mergeName })[0];
}

/**
 * Counts the rounds of a forward loop. Answers how many there were, and the number at the end of each round. Called in
 * the loop's outer context.
 */
export function addForwardLoopCounter(loop: WhileContext, outer: GradLoopState | null): [total: Tensor, next: Tensor] {
  const n = constant(0, 'int32', { name: 'f_count' });
  // The pushes of one execution of an inner loop come before those of the next one.
  if (outer) n.op.addControlInput(outer.forwardIndex.op.inputs[0]!.op);
  return loop.within(() => {
    loop.values.add(n.name);
    const merged = loopVariable(loop, n, 'f_count');
    const [last, now] = switchOn(merged, loop.pivot!);
    const next = nextIteration(add(now, 1));
    merged.op.updateInput(1, next);
    const total = exit(last, { name: 'f_count' });
    loop.loopExits.push(total);
    loop.exitResult([total]);
    return [total, next];
  });
}

/** Makes a loop of gradients run `count` rounds. Answers its index at the end of each round. */
export function addBackpropLoopCounter(loop: WhileContext, count: Tensor, outer: GradLoopState | null): Tensor {
  const one = constant(1, 'int32', { name: 'b_count' });
  return loop.within(() => {
    loop.values.add(count.name);
    const merged = loopVariable(loop, count, 'b_count');
    loop.pivotForPred = merged;
    loop.pivot = loopCond(greaterEqual(merged, one), { name: 'b_count' });
    const [last, now] = switchOn(merged, loop.pivot);
    const left = subtract(now, one);
    loop.pivotForBody = left;
    const next = nextIteration(left);
    merged.op.updateInput(1, next);
    const zero = exit(last, { name: 'b_count' });
    loop.loopExits.push(zero);
    // The pops of one execution of an inner loop come before those of the next one.
    outer?.gradSync.addControlInput(zero.op);
    loop.exitResult([zero]);
    return next;
  });
}

/** Sums the gradient of a loop invariant over all rounds. Called in the loop of gradients. */
export function accumulate(loop: WhileContext, op: Operation, dy: Tensor): Tensor {
  loop.close();
  const first = zerosFor(loop, op, dy);
  loop.open();
  loop.values.add(first.name);
  const merged = loopVariable(loop, first, 'b_acc', 'b_acc');
  const [last, now] = switchOn(merged, loop.pivot!);
  const next = nextIteration(add(now, dy));
  merged.op.updateInput(1, next);
  const total = exit(last, { name: 'b_acc' });
  loop.loopExits.push(total);
  loop.exitResult([total]);
  return total;
}
/** What the sum is before the first round, in the context around the loop. */
function zerosFor(loop: WhileContext, op: Operation, { shape, dtype }: Tensor): Tensor {
  const { outer } = loop;
  if (isFull(shape)) return inside(outer, () => constant(0, { dtype, shape, name: 'b_acc' }));
  const value = op.inputs[0]!;
  if (!(outer instanceof WhileContext && outer.gradState)) {
    return inside(outer, () => zeros(shapeOf(value, { optimize: false }), dtype));
  }
  const state = loop.gradState!;
  const sizes = inside(state.forwardContext.outer, () => shapeOf(value, { optimize: false }));
  const outerState = state.outerGradState!;
  const history = outerState.addForwardAccumulator(sizes);
  return outer.within(() => zeros(outerState.addBackpropAccumulatedValue(history, sizes), dtype));
}

/** The same for slices: those of all rounds in a row. */
export function accumulateSlices(loop: WhileContext, op: Operation, dy: IndexedSlices): IndexedSlices {
  loop.close();
  const { outer } = loop;
  const [firstIndices, firstValues, firstShape] = inside(outer, () => firstSlices(op, dy));
  loop.open();
  const first = [firstIndices, firstValues, ...(firstShape ? [firstShape] : [])];
  for (const t of first) loop.values.add(t.name);
  const { parallelIterations } = loop;
  const entered = first.map((t) => enter(t, loop.name, { parallelIterations, useInputShape: false, name: 'b_acc' }));
  entered[0]!.setShape([null]);
  if (firstValues.shape) entered[1]!.setShape([null, ...firstValues.shape.slice(1)]);
  loop.loopEnters.push(...entered);
  const merged = entered.map((t) => merge([t, t], { name: 'b_acc' })[0]);
  const sides = merged.map((t) => switchOn(t, loop.pivot!));
  const sums = [dy.indices, dy.values].map((t, i) => concat([sides[i]![1], t], 0));
  if (firstShape) sums.push(maximum(dy.denseShape!, sides[2]![1]));
  const next = sums.map((t) => nextIteration(t));
  merged.forEach((t, i) => {
    t.op.updateInput(1, next[i]!);
  });
  const [indices, values, denseShape] = sides.map(([last]) => exit(last, { name: 'b_acc' }));
  loop.loopExits.push(indices!, values!, ...(denseShape ? [denseShape] : []));
  loop.exitResult([indices!, values!, ...(denseShape ? [denseShape] : [])]);
  return new IndexedSlices(values!, indices!, denseShape ?? null);
}
/** One slice of zeros at row 0, in the order indices, values, shape. */
function firstSlices(op: Operation, { values, indices, denseShape }: IndexedSlices): [Tensor, Tensor, Tensor | null] {
  const source = op.inputs[0]!;
  const { dtype } = values;
  let firstValues: Tensor;
  if (isFull(values.shape)) {
    firstValues = constant(0, { dtype, shape: [1, ...values.shape.slice(1)], name: 'b_acc' });
  } else {
    const rest = source.dtype === 'resource' ? rowsOf(source) : index(shapeOf(source, { optimize: false }), [s(1)]);
    firstValues = zeros(concat([i32([1]), rest], 0), dtype);
  }
  const firstIndices = constant([0], indices.dtype);
  if (!denseShape) return [firstIndices, firstValues, null];
  if (isFull(denseShape.shape)) {
    return [firstIndices, firstValues, constant(0, { dtype: denseShape.dtype, shape: denseShape.shape })];
  }
  const outType = denseShape.dtype as 'int32' | 'int64';
  return [firstIndices, firstValues, zerosLike(shapeOf(source, { optimize: false, outType }), { optimize: false })];
}
/** The sizes of one row of the variable that a handle refers to. */
function rowsOf({ handle, op }: Tensor): Value {
  if (!isFull(handle?.shape ?? null))
    throw new GraphError('Value', `The shape of '${op.name}' is not known.`, { op: op.name });
  return i32((handle!.shape as readonly number[]).slice(1));
}
