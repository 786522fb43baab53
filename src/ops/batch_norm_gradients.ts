/** @file The second gradient of fused batch normalization: the first one written in plain ops, differentiated. */
import type { Operation, Tensor } from '../graph/operation';
import { broadcastReductions, multiply, reduceTo } from './arithmetic';
import { reshape } from './array';
import { cast } from './cast';
import { stopGradient } from './identity';
import { squaredDifference } from './pairs';
import { reduceMean, reduceSum } from './reduce';
import { size, squeeze } from './shape';
import { Tape } from './tape';
import { reciprocal, rsqrt } from './unary';

interface Attrs {
  readonly epsilon: number;
  readonly data_format: 'NHWC' | 'NCHW';
  readonly is_training: boolean;
}

/** The gradients of y_backprop, x and scale, as nn_grad._FusedBatchNormGradGrad. */
export function fusedSecondGradient(
  dy: Record<string, Tensor>,
  op: Operation,
  attrs: Attrs,
): Record<string, Tensor | null> {
  const [gradY, x, scale, mean, variance] = op.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const sources = [gradY, x, scale];
  const tape = new Tape(sources);
  const targets = attrs.is_training
    ? whileTraining(tape, gradY, x, scale, attrs)
    : whileInferring(tape, gradY, x, scale, mean, variance, attrs);
  const [dx, dScale, dOffset] = [dy.x_backprop!, dy.scale_backprop!, dy.offset_backprop!];
  const seeds = attrs.is_training ? [dx, dScale, dOffset] : [dx, dOffset, dScale];
  const [y, ddx, ds] = tape.gradient(targets, sources, seeds);
  return { y_backprop: y!, x: ddx!, scale: ds! };
}

/** Gradients of x, scale and offset. */
function whileTraining(tape: Tape, y: Tensor, input: Tensor, s: Tensor, { epsilon, data_format }: Attrs): Tensor[] {
  const see = (t: Tensor): Tensor => tape.see(t);
  const { dtype } = input;
  const half = dtype === 'float16';
  const x = half ? see(cast(input, 'float32')) : input;
  const gradY = half ? see(cast(y, 'float32')) : y;
  const keepdims = data_format === 'NCHW';
  const axis = keepdims ? [0, 2, 3] : [0, 1, 2];
  const scale = keepdims ? see(reshape(s, [1, size(s), 1, 1])) : s;
  const meanOf = (t: Tensor): Tensor => see(reduceMean(t, { axis, keepdims }));
  const meanGradY = meanOf(gradY);
  const meanX = meanOf(x);
  const varX = meanOf(see(squaredDifference(x, see(stopGradient(meanX)))));
  const gradYOffset = see(gradY.sub(meanGradY));
  const xOffset = see(x.sub(meanX));
  const mean = meanOf(see(gradY.mul(xOffset)));
  const shifted = (): Tensor => tape.see(varX.add(epsilon), (dy) => dy);
  const factor = see(scale.mul(see(rsqrt(shifted()))));
  const slope = see(see(see(reciprocal(shifted())).mul(mean)).mul(xOffset));
  const gradX = see(factor.mul(see(gradYOffset.sub(slope))));
  const root = see(rsqrt(shifted()));
  const sum = see(reduceSum(see(gradY.mul(xOffset)), { axis, keepdims }));
  const gradScale = see(root.mul(sum));
  const flat = keepdims ? see(squeeze(gradScale)) : gradScale;
  const gradOffset = see(reduceSum(gradY, { axis }));
  return [see(cast(gradX, dtype)), flat, gradOffset];
}

/** Gradients of x, offset and scale: the order in which the tape meets them. */
function whileInferring(
  tape: Tape,
  gradY: Tensor,
  x: Tensor,
  s: Tensor,
  m: Tensor,
  v: Tensor,
  { epsilon, data_format }: Attrs,
): Tensor[] {
  const see = (t: Tensor): Tensor => tape.see(t);
  const first = data_format === 'NCHW';
  const axis = first ? [0, 2, 3] : [0, 1, 2];
  const wide = (t: Tensor): Tensor => (first ? see(reshape(t, [1, size(m), 1, 1])) : t);
  const [mean, variance, scale] = [wide(m), wide(v), wide(s)];
  const gradOffset = see(reduceSum(gradY, { axis }));
  const root = rsqrt(variance.add(epsilon));
  const byRoot = (t: Tensor): Tensor =>
    tape.see(t.mul(root), (dy) => {
      const [reduction] = broadcastReductions(t, root, dy);
      return reduceTo(multiply(dy, root), reduction);
    });
  const centered = tape.see(x.sub(mean), (dy) => reduceTo(dy, broadcastReductions(x, mean, dy)[0]));
  const gradScale = see(reduceSum(byRoot(see(gradY.mul(centered))), { axis }));
  const gradX = byRoot(see(gradY.mul(scale)));
  return [see(cast(gradX, x.dtype)), gradOffset, gradScale];
}
