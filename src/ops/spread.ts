/** @file How far values lie from their mean. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { minus } from './operators';
import { type ReduceOptions, reduceMean } from './reduce';
import { sqrt, square } from './unary';

/** The mean squared distance from the mean, over `axis`. @tensorflow tf.math.reduce_variance */
export function reduceVariance(
  input: TensorLike,
  axis: TensorLike | null = null,
  { keepdims, name }: ReduceOptions = {},
): Tensor {
  const graph = graphOf([input, axis]);
  return graph.nameScope(name || 'reduce_variance', () => {
    const means = reduceMean(input, axis, { keepdims: true });
    const from = convertToTensor(input, { name: 'x', dtype: means.dtype }, graph);
    return reduceMean(square(minus(from, means)), axis, { keepdims });
  });
}
/** The square root of the variance over `axis`. @tensorflow tf.math.reduce_std */
export function reduceStd(
  input: TensorLike,
  axis: TensorLike | null = null,
  { keepdims, name }: ReduceOptions = {},
): Tensor {
  const graph = graphOf([input, axis]);
  return graph.nameScope(name || 'reduce_std', () => sqrt(reduceVariance(input, axis, { keepdims })));
}
