/** @file Moments, and normalizing by them in plain ops. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { multiply } from './arithmetic';
import type { Named } from './array';
import { cast } from './cast';
import { stopGradient } from './identity';
import { minus } from './operators';
import { maximum, squaredDifference } from './pairs';
import { reduceMean, reduceSum } from './reduce';
import { squeeze } from './shape';
import { rsqrt, square } from './unary';

export { type FusedBatchNormOptions, fusedBatchNorm } from './fused_batch_norm';
export { type LocalResponseOptions, localResponseNormalization } from './lrn';
export {
  type KeepOptions,
  normalizeMoments,
  type StatisticsOptions,
  sufficientStatistics,
  weightedMoments,
  zeroFraction,
} from './moments';

// ---- moments ------------------------------------------------------------------------------------------------------

export interface MomentsOptions extends Named {
  readonly keepDims?: boolean | undefined;
  readonly keepdims?: boolean | undefined;
}
/** Mean and (population) variance over axes. @tensorflow tf.nn.moments */
export function moments(
  x: TensorLike,
  axes: TensorLike,
  options: MomentsOptions = {},
): [mean: Tensor, variance: Tensor] {
  const { name = 'moments' } = options;
  const keep = options.keepdims ?? options.keepDims ?? false;
  const input = convertToTensor(x);
  return input.graph.nameScope(name, () => {
    const y = input.dtype === 'float16' ? cast(input, 'float32') : input;
    let mean = reduceMean(y, { axis: axes, keepdims: true, name: 'mean' });
    const squares = squaredDifference(y, stopGradient(mean));
    let variance = reduceMean(squares, { axis: axes, keepdims: true, name: 'variance' });
    if (!keep) {
      const list = [axes].flat() as number[];
      mean = squeeze(mean, list);
      variance = squeeze(variance, list);
    }
    if (input.dtype !== 'float16') return [mean, variance];
    return [cast(mean, 'float16'), cast(variance, 'float16')];
  });
}

/**
 * scale * (x - mean) / sqrt(variance + epsilon) + offset; null leaves scale or offset out.
 * @tensorflow tf.nn.batch_normalization
 */
export function batchNormalization(
  x: TensorLike,
  mean: TensorLike,
  variance: TensorLike,
  offset: TensorLike | null,
  scale: TensorLike | null,
  varianceEpsilon: number,
  { name = 'batchnorm' }: Named = {},
): Tensor {
  const graph = graphOf([x, mean, variance, scale, offset]);
  return graph.nameScope(name, () => {
    const input = x as Tensor;
    let inverse = rsqrt((variance as Tensor).add(varianceEpsilon));
    if (scale !== null) inverse = inverse.mul(scale);
    const scaled = input.mul(cast(inverse, input.dtype));
    let shift: Tensor;
    if (offset === null) shift = (mean as Tensor).neg().mul(inverse);
    else {
      const moved = (mean as Tensor).mul(inverse);
      shift = minus(offset, moved);
    }
    return scaled.add(cast(shift, input.dtype));
  });
}

/** x / sqrt(max(sum(x^2), epsilon)) over axes. @tensorflow tf.nn.l2_normalize */
export function l2Normalize(
  x: TensorLike,
  axis: TensorLike,
  { epsilon = 1e-12, name = 'l2_normalize' }: Named & { readonly epsilon?: number } = {},
): Tensor {
  const graph = graphOf([x]);
  return graph.nameScope(name, (scope) => {
    const input = convertToTensor(x, { name: 'x' }, graph);
    const sum = reduceSum(square(input), { axis, keepdims: true });
    const inverse = rsqrt(maximum(sum, epsilon));
    return multiply(input, inverse, { name: scope });
  });
}
