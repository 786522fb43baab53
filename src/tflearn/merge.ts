/** @file TFLearn's layers that make one tensor of several. */
import { GraphError } from '../errors';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { add, multiply } from '../ops/arithmetic';
import { i32 } from '../ops/expect';
import { concat } from '../ops/join';
import { reduceAll, reduceAny, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum } from '../ops/reduce';
import { type LayerTensor, listed } from './layer_scope';

type Combine = (tensors: readonly Tensor[], axis: number) => Tensor;
const joined = (tensors: readonly Tensor[], axis: number): Tensor => concat(tensors, i32(axis));
const reduced =
  (reduce: typeof reduceSum): Combine =>
  (tensors, axis) =>
    reduce(joined(tensors, axis), axis);
const folded =
  (combine: typeof add): Combine =>
  (tensors) =>
    tensors.reduce((x, y) => combine(x, y));

const MODES = {
  concat: joined,
  elemwise_sum: folded((x, y) => add(x, y)),
  elemwise_mul: folded((x, y) => multiply(x, y)),
  sum: reduced((...args) => reduceSum(...args)),
  mean: reduced((...args) => reduceMean(...args)),
  prod: reduced((...args) => reduceProd(...args)),
  max: reduced((...args) => reduceMax(...args)),
  min: reduced((...args) => reduceMin(...args)),
  and: reduced((...args) => reduceAll(...args)),
  or: reduced((...args) => reduceAny(...args)),
} satisfies Record<string, Combine>;
export type MergeMode = keyof typeof MODES;

export interface MergeOptions {
  readonly axis?: number | undefined;
  readonly name?: string | undefined;
}
/**
 * One tensor of several: joined, added or multiplied cell by cell, or joined and then reduced along the axis. As
 * tflearn.merge. Raises Assertion for fewer than two tensors, Value for other modes.
 * @tensorflow tflearn.merge
 */
export function merge(
  tensors: readonly Tensor[],
  mode: MergeMode,
  { axis = 1, name = 'Merge' }: MergeOptions = {},
): LayerTensor {
  if (tensors.length < 2) throw new GraphError('Assertion', 'Merge required 2 or more tensors.');
  const combine = (MODES as Readonly<Record<string, Combine>>)[mode];
  if (!combine) throw new GraphError('Value', `Unknown merge mode ${mode}`);
  return listed(
    getDefaultGraph().nameScope(name, () => combine(tensors, axis)),
    name,
  );
}

/** All outputs of a net side by side. @tensorflow tflearn.merge_outputs */
export function mergeOutputs(tensors: readonly Tensor[], { name = 'MergeOutputs' }: MergeOptions = {}): LayerTensor {
  return listed(
    getDefaultGraph().nameScope(name, () => joined(tensors, 1)),
    name,
  );
}
