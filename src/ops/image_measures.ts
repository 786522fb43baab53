/** @file What is measured on images: variation, gradients, likeness. */
import { GraphError } from '../errors';
import { graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { isInteger } from '../value/dtype';
import { compatible, type Shape, tupleShape } from '../value/shape';
import { subtract } from './arithmetic';
import { identity, type Named, reshape, shapeOf, zeros } from './array';
import { cast } from './cast';
import { equal, greaterEqual } from './compare';
import { Assert } from './control';
import { atLeastRank, i32 } from './expect';
import { convertImageDtype } from './image_color';
import { concat, stack, unstack } from './join';
import { minus, over, plus, times } from './operators';
import { squaredDifference } from './pairs';
import { reduceAll, reduceMean, reduceSum } from './reduce';
import { shapeN, size } from './shape';
import { s } from './slice';
import { abs, log } from './unary';

/** Each pixel's difference from the one before, along an axis. */
function steps(images: Tensor, axis: number): Tensor {
  const all = images.shape!.map(() => s());
  const later = all.with(axis, s(1));
  return minus(images.at(...later), images.at(...all.with(axis, s(null, -1))));
}
/** The sum of the differences between neighbors, of one image or of each in a batch. @tensorflow tf.image.total_variation */
export function totalVariation(images: Tensor, { name = 'total_variation' }: Named = {}): Tensor {
  return images.graph.nameScope(name, () => {
    const n = images.shape?.length;
    if (n !== 3 && n !== 4) throw new GraphError('Value', "'images' must be either 3 or 4-dimensional.");
    const first = n - 3;
    const [down, across] = [steps(images, first), steps(images, first + 1)];
    const options = first === 1 ? { axis: i32([1, 2, 3]) } : {};
    return plus(reduceSum(abs(down), options), reduceSum(abs(across), options));
  });
}

/**
 * The differences [b, h, w, c] of neighboring pixels down and across, the last row and column 0. Raises Value for ranks
 * other than 4.
 * @tensorflow tf.image.image_gradients
 */
export function imageGradients(image: Tensor): readonly [dy: Tensor, dx: Tensor] {
  if (image.shape?.length !== 4) {
    const shape = tupleShape(image.shape);
    throw new GraphError('Value', `image_gradients expects a 4D tensor [batch_size, h, w, d], not ${shape}.`);
  }
  const shape = shapeOf(image);
  const [batch, height, width, depth] = unstack(shape) as [Tensor, Tensor, Tensor, Tensor];
  const dy = steps(image, 1);
  const dx = steps(image, 2);
  const completed = (part: Tensor, missing: readonly TensorLike[], axis: number): Tensor => {
    const rest = zeros(stack(missing), { dtype: image.dtype });
    return reshape(concat([part, rest], i32(axis)), shape);
  };
  const down = completed(dy, [batch, 1, width, depth], 1);
  return [down, completed(dx, [batch, height, 1, depth], 2)];
}

function mustFit(a: Shape, b: Shape): void {
  atLeastRank(a, 3);
  atLeastRank(b, 3);
  if (!a || !b) return;
  if (!compatible(a.slice(-3), b.slice(-3))) {
    throw new GraphError('Value', `Shapes ${tupleShape(a.slice(-3))} and ${tupleShape(b.slice(-3))} are incompatible`);
  }
  const [p, q] = [a.slice(0, -3).reverse(), b.slice(0, -3).reverse()];
  for (let i = 0; i < Math.min(p.length, q.length); i++) {
    if (p[i] === 1 || q[i] === 1 || p[i] === q[i] || p[i] === null || q[i] === null) continue;
    throw new GraphError('Value', `Two images are not compatible: ${tupleShape(a)} and ${tupleShape(b)}`);
  }
}
/**
 * The peak signal to noise ratio of images that reach from 0 to `maxVal`, in decibels, one for each.
 * @tensorflow tf.image.psnr
 */
export function psnr(a: Tensor, b: Tensor, maxVal: TensorLike, { name = 'PSNR' }: Named = {}): Tensor {
  const graph = graphOf([a, b]);
  return graph.nameScope(name, () => {
    const given = typeof maxVal === 'number' && isInteger(a.dtype) ? i32(maxVal) : maxVal;
    const most = convertImageDtype(cast(given, a.dtype), 'float32');
    const x = convertImageDtype(a, 'float32');
    const y = convertImageDtype(b, 'float32');
    const error = reduceMean(squaredDifference(x, y), i32([-3, -2, -1]));
    const peak = over(times(20, log(most)), log(10));
    const value = subtract(peak, times(Math.fround(10 / Math.LN10), log(error)), { name: 'psnr' });
    mustFit(x.shape, y.shape);
    const [p, q] = shapeN([x, y]) as [Tensor, Tensor];
    const enough = Assert(greaterEqual(size(p), i32(3)), [p, q], { summarize: 10 });
    const alike = Assert(reduceAll(equal(p.at(s(-3)), q.at(s(-3)))), [p, q], { summarize: 10 });
    return graph.controlDependencies([enough, alike], () => identity(value));
  });
}
