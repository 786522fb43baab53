/** @file Moments beyond the plain ones: weighted, by sufficient statistics, and how many cells are zero. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { isFull, sizeOf } from '../value/shape';
import { add, multiply, subtract } from './arithmetic';
import { constant, identity, type Named, shapeOf } from './array';
import { cast } from './cast';
import { lessEqual, notEqual } from './compare';
import { cond } from './cond';
import { fromFront, i32 } from './expect';
import { gather } from './gather';
import { minus, over, plus, times } from './operators';
import { squaredDifference } from './pairs';
import { reduceProd, reduceSum } from './reduce';
import { size, squeeze, zeros, zerosLike } from './shape';
import { reciprocal, square } from './unary';

export interface KeepOptions extends Named {
  readonly keepDims?: boolean | undefined;
  readonly keepdims?: boolean | undefined;
}
const keeps = ({ keepDims, keepdims }: KeepOptions): boolean => keepdims ?? keepDims ?? false;

/**
 * Mean and variance over axes where each cell counts as often as its weight says.
 * @tensorflow tf.nn.weighted_moments
 */
export function weightedMoments(
  x: TensorLike,
  axes: readonly number[],
  frequencyWeights: TensorLike,
  options: KeepOptions = {},
): [mean: Tensor, variance: Tensor] {
  const graph = graphOf([x, frequencyWeights]);
  return graph.nameScope(options.name ?? 'weighted_moments', () => {
    const given = convertToTensor(x, { name: 'x' }, graph);
    const weights = convertToTensor(frequencyWeights, { name: 'frequency_weights' }, graph);
    const half = given.dtype === 'float16';
    const input = half ? cast(given, 'float32') : given;
    const w = cast(weights, input.dtype);
    const axis = i32([...axes]);
    const sum = reduceSum(times(w, input), { axis, name: 'weighted_input_sum', keepdims: true });
    const spread = plus(w, zerosLike(input));
    const total = reduceSum(spread, { axis, name: 'sum_of_weights', keepdims: true });
    const divisor = reciprocal(total, { name: 'inv_weight_sum' });
    let mean = multiply(sum, divisor);
    const distance = times(w, squaredDifference(input, mean));
    const squares = reduceSum(distance, { axis, name: 'weighted_distsq', keepdims: true });
    let variance = multiply(squares, divisor);
    if (!keeps(options)) {
      mean = squeeze(mean, axes);
      variance = squeeze(variance, axes);
    }
    return half ? [cast(mean, 'float16'), cast(variance, 'float16')] : [mean, variance];
  });
}

export interface StatisticsOptions extends KeepOptions {
  /** Subtracted before summing, for precision. */
  readonly shift?: TensorLike | null | undefined;
}
/** Count, sum, sum of squares and shift over axes. @tensorflow tf.nn.sufficient_statistics */
export function sufficientStatistics(
  x: TensorLike,
  axes: readonly number[],
  options: StatisticsOptions = {},
): [count: Tensor, mean: Tensor, variance: Tensor, shift: Tensor | null] {
  const { shift = null, name = 'sufficient_statistics' } = options;
  const graph = graphOf([x, shift]);
  return graph.nameScope(name, () => {
    const input = convertToTensor(x, { name: 'x' }, graph);
    const list = [...new Set(axes)].sort((a, b) => a - b);
    const dims = input.shape && list.map((d) => input.shape![fromFront(d, input.shape!.length)] ?? null);
    const counts =
      dims && isFull(dims)
        ? constant(sizeOf(dims), { dtype: input.dtype })
        : reduceProd(gather(cast(shapeOf(input), input.dtype), i32(list)), { name: 'count' });
    const by = shift === null ? null : convertToTensor(shift, { name: 'shift' }, graph);
    const first = by ? subtract(input, by) : input;
    const second = by ? squaredDifference(input, by) : square(input);
    const common = { axis: i32(list), keepdims: keeps(options) };
    const mean = reduceSum(first, { ...common, name: 'mean_ss' });
    return [counts, mean, reduceSum(second, { ...common, name: 'var_ss' }), by];
  });
}

/** Mean and variance from sufficient statistics. @tensorflow tf.nn.normalize_moments */
export function normalizeMoments(
  counts: TensorLike,
  meanSs: TensorLike,
  varianceSs: TensorLike,
  shift: TensorLike | null,
  { name = 'normalize' }: Named = {},
): [mean: Tensor, variance: Tensor] {
  return graphOf([counts, meanSs, varianceSs, shift]).nameScope(name, () => {
    const divisor = reciprocal(counts, { name: 'divisor' });
    const shifted = multiply(meanSs, divisor, { name: shift === null ? 'mean' : 'shifted_mean' });
    const mean = shift === null ? shifted : add(shifted, shift, { name: 'mean' });
    const squares = multiply(varianceSs, divisor);
    return [mean, subtract(squares, square(shifted), { name: 'variance' })];
  });
}

/** Which part of the cells is zero, float32. @tensorflow tf.nn.zero_fraction */
export function zeroFraction(value: TensorLike, { name = 'zero_fraction' }: Named = {}): Tensor {
  const graph = graphOf([value]);
  return graph.nameScope(name, () => {
    const input = convertToTensor(value, { name: 'value' }, graph);
    const total = size(input, { outType: 'int64' });
    const count = (dtype: 'int32' | 'int64') =>
      graph.nameScope('count_nonzero', () => {
        const zero = zeros([], { dtype: input.dtype });
        return reduceSum(cast(notEqual(input, zero), dtype), { name: 'nonzero_count' });
      });
    const isSmall = lessEqual(total, 2 ** 31 - 1);
    const some = cond(
      isSmall,
      () => cast(count('int32'), 'int64'),
      () => count('int64'),
    ) as Tensor;
    const fraction = graph.nameScope('counts_to_fraction', () => {
      const zero = cast(minus(total, some), 'float32');
      return over(zero, cast(total, 'float32'));
    });
    return identity(fraction, { name: 'fraction' });
  });
}
