/** @file The second gradient of fused batch normalization: the first one written in plain ops, differentiated. */
import type { Operation, Tensor } from '../graph/operation';
import { cast } from './cast';
import { stopGradient } from './identity';
import { squaredDifference } from './pairs';
import { reduceMean, reduceSum } from './reduce';
import { reciprocal, rsqrt } from './unary';
import { reshape } from './array';
import { size, squeeze } from './shape';

interface Attrs {
  readonly epsilon: number;
  readonly data_format: 'NHWC' | 'NCHW';
  readonly is_training: boolean;
}
type Differentiate = (ys: readonly Tensor[], xs: readonly Tensor[], gradYs: readonly Tensor[]) => (Tensor | null)[];
let differentiate: Differentiate | undefined;
/** The walk that differentiates lies above this floor and says so here when it loads. */
export function onDifferentiate(f: Differentiate): void {
  differentiate = f;
}

export function fusedSecondGradient(dy: Record<string, Tensor>, op: Operation, attrs: Attrs): Record<string, Tensor | null> {
  const [gradY, x, scale, mean, variance] = op.inputs as unknown as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const ys = attrs.is_training
    ? whileTraining(gradY, x, scale, attrs)
    : whileInferring(gradY, x, scale, mean, variance, attrs);
  const seeds = [dy.x_backprop!, dy.scale_backprop!, dy.offset_backprop!];
  const [y, dx, ds] = differentiate!(ys, [gradY, x, scale], seeds);
  return { y_backprop: y!, x: dx!, scale: ds! };
}

function whileTraining(gradYIn: Tensor, xIn: Tensor, scaleIn: Tensor, { epsilon, data_format }: Attrs): Tensor[] {
  const { dtype } = xIn;
  const half = dtype === 'float16';
  const [x, gradY] = half ? [cast(xIn, 'float32'), cast(gradYIn, 'float32')] : [xIn, gradYIn];
  const first = data_format === 'NCHW';
  const axis = first ? [0, 2, 3] : [0, 1, 2];
  const keepdims = first;
  const scale = first ? reshape(scaleIn, [1, size(scaleIn), 1, 1]) : scaleIn;
  const meanGradY = reduceMean(gradY, { axis, keepdims });
  const meanX = reduceMean(x, { axis, keepdims });
  const varX = reduceMean(squaredDifference(x, stopGradient(meanX)), { axis, keepdims });
  const gradYOffset = gradY.sub(meanGradY);
  const xOffset = x.sub(meanX);
  const mean = reduceMean(gradY.mul(xOffset), { axis, keepdims });
  const inverse = scale.mul(rsqrt(varX.add(epsilon)));
  const gradX = inverse.mul(gradYOffset.sub(reciprocal(varX.add(epsilon)).mul(mean).mul(xOffset)));
  const root = rsqrt(varX.add(epsilon));
  let gradScale = root.mul(reduceSum(gradY.mul(xOffset), { axis, keepdims }));
  if (first) gradScale = squeeze(gradScale);
  return [cast(gradX, dtype), gradScale, reduceSum(gradY, { axis })];
}

function whileInferring(
  gradY: Tensor,
  x: Tensor,
  scaleIn: Tensor,
  meanIn: Tensor,
  varianceIn: Tensor,
  { epsilon, data_format }: Attrs,
): Tensor[] {
  const first = data_format === 'NCHW';
  const axis = first ? [0, 2, 3] : [0, 1, 2];
  const wide = (t: Tensor): Tensor => (first ? reshape(t, [1, size(meanIn), 1, 1]) : t);
  const [mean, variance, scale] = [wide(meanIn), wide(varianceIn), wide(scaleIn)];
  const gradOffset = reduceSum(gradY, { axis });
  const root = rsqrt(variance.add(epsilon));
  const gradScale = reduceSum(gradY.mul(x.sub(mean)).mul(root), { axis });
  return [cast(gradY.mul(scale).mul(root), x.dtype), gradScale, gradOffset];
}
