/** @file Parts of images, and images in larger frames. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import { reshape, shapeOf } from './array';
import { cast } from './cast';
import { equal } from './compare';
import { withDependencies } from './control';
import { i32 } from './expect';
import {
  asBatch,
  atLeast,
  difference,
  imageChecks,
  insist,
  isPositive,
  known,
  type Length,
  lengthsOf,
  sum,
} from './image_checks';
import { stack } from './join';
import { floorOver, minus, negate, over, times } from './operators';
import { pad } from './pad';
import { maximum, minimum } from './pairs';
import { slice } from './slice';

const stacked = (list: readonly Length[]): Tensor =>
  stack(list.every((x) => typeof x === 'number') ? i32(list as readonly number[]) : (list as TensorLike));

/**
 * The middle of an image or a batch, `centralFraction` of its height and width. Raises Value outside of (0, 1].
 * @tensorflow tf.image.central_crop
 */
export function centralCrop(image: TensorLike, centralFraction: number): Tensor {
  const graph = graphOf([image]);
  return graph.nameScope('central_crop', () => {
    const t = convertToTensor(image, { name: 'image' }, graph);
    if (!(centralFraction > 0 && centralFraction <= 1)) {
      throw new GraphError('Value', 'central_fraction must be within (0, 1]');
    }
    if (centralFraction === 1) return t;
    withDependencies(imageChecks(t), t);
    const { shape } = t;
    if (shape?.length !== 3 && shape?.length !== 4) {
      const had = shape?.length ?? 'None';
      throw new GraphError(
        'Value',
        `\`image\` should either be a Tensor with rank = 3 or rank = 4. Had rank = ${had}.`,
      );
    }
    const first = shape.length - 3;
    const lengths = [first, first + 1].map((d): Length => shape[d] ?? shapeOf(t).at(d));
    const starts = lengths.map((length): Length => {
      if (typeof length === 'number') return Math.trunc((length - length * centralFraction) / 2);
      const exact = cast(length, 'float64');
      return cast(over(minus(exact, times(exact, centralFraction)), 2), 'int32');
    });
    const sizes = lengths.map((length, i): Length => {
      const start = starts[i]!;
      return typeof start === 'number' ? (length as number) - start * 2 : minus(length, times(start, i32(2)));
    });
    const begin = stacked([...(first === 1 ? [0] : []), ...starts, 0]);
    const size = stacked([...(first === 1 ? [-1] : []), ...sizes, -1]);
    const middle = slice(t, begin, size);
    middle.setShape([...shape.slice(0, first), ...sizes.map(known), shape.at(-1)!]);
    return middle;
  });
}

/**
 * Zeros around an image or a batch, so that it stands at an offset in a frame of the target size. Raises Value where it
 * is known not to fit; else the run raises InvalidArgument.
 * @tensorflow tf.image.pad_to_bounding_box
 */
export function padToBoundingBox(
  image: TensorLike,
  offsetHeight: Length,
  offsetWidth: Length,
  targetHeight: Length,
  targetWidth: Length,
): Tensor {
  const graph = graphOf([image, offsetHeight, offsetWidth, targetHeight, targetWidth]);
  return graph.nameScope('pad_to_bounding_box', () => {
    const { batch, back } = asBatch(convertToTensor(image, { name: 'image' }, graph));
    const checks = imageChecks(batch);
    const [count, height, width, depth] = lengthsOf(batch);
    const right = difference(difference(targetWidth, offsetWidth), width);
    const below = difference(difference(targetHeight, offsetHeight), height);
    checks.push(
      ...insist(atLeast(offsetHeight, 0), 'offset_height must be >= 0'),
      ...insist(atLeast(offsetWidth, 0), 'offset_width must be >= 0'),
      ...insist(atLeast(right, 0), 'width must be <= target - offset'),
      ...insist(atLeast(below, 0), 'height must be <= target - offset'),
    );
    const t = withDependencies(checks, batch);
    const sides = stacked([0, 0, offsetHeight, below, offsetWidth, right, 0, 0]);
    const padded = pad(t, reshape(sides, i32([4, 2])));
    padded.setShape([count, targetHeight, targetWidth, depth].map(known));
    return back(padded);
  });
}

/**
 * The part of an image or a batch that begins at an offset and has the target size. Raises Value where it is known to
 * lie outside; else the run raises InvalidArgument.
 * @tensorflow tf.image.crop_to_bounding_box
 */
export function cropToBoundingBox(
  image: TensorLike,
  offsetHeight: Length,
  offsetWidth: Length,
  targetHeight: Length,
  targetWidth: Length,
): Tensor {
  const graph = graphOf([image, offsetHeight, offsetWidth, targetHeight, targetWidth]);
  return graph.nameScope('crop_to_bounding_box', () => {
    const { batch, back } = asBatch(convertToTensor(image, { name: 'image' }, graph));
    const checks = imageChecks(batch);
    const [count, height, width, depth] = lengthsOf(batch);
    checks.push(
      ...insist(atLeast(offsetWidth, 0), 'offset_width must be >= 0.'),
      ...insist(atLeast(offsetHeight, 0), 'offset_height must be >= 0.'),
      ...insist(isPositive(targetWidth), 'target_width must be > 0.'),
      ...insist(isPositive(targetHeight), 'target_height must be > 0.'),
      ...insist(atLeast(width, sum(targetWidth, offsetWidth)), 'width must be >= target + offset.'),
      ...insist(atLeast(height, sum(targetHeight, offsetHeight)), 'height must be >= target + offset.'),
    );
    const t = withDependencies(checks, batch);
    const begin = stacked([0, offsetHeight, offsetWidth, 0]);
    const cropped = slice(t, begin, stacked([-1, targetHeight, targetWidth, -1]));
    cropped.setShape([count, targetHeight, targetWidth, depth].map(known));
    return back(cropped);
  });
}

const half = (x: Length): Length => (typeof x === 'number' ? Math.floor(x / 2) : floorOver(x, i32(2)));
const opposite = (x: Length): Length => (typeof x === 'number' ? -x : negate(x));
const operand = (x: Length): TensorLike => (typeof x === 'number' ? i32(x) : x);
const larger = (x: Length, y: Length): Length =>
  typeof x === 'number' && typeof y === 'number' ? Math.max(x, y) : maximum(operand(x), operand(y));
const smaller = (x: Length, y: Length): Length =>
  typeof x === 'number' && typeof y === 'number' ? Math.min(x, y) : minimum(operand(x), operand(y));
const alike = (x: Length, y: Length): boolean | Tensor =>
  typeof x === 'number' && typeof y === 'number' ? x === y : equal(operand(x), operand(y));

/**
 * An image or a batch in the target size: cut in the middle where it is larger, with zeros around where it is smaller.
 * @tensorflow tf.image.resize_with_crop_or_pad
 */
export function resizeWithCropOrPad(image: TensorLike, targetHeight: Length, targetWidth: Length): Tensor {
  const graph = graphOf([image, targetHeight, targetWidth]);
  return graph.nameScope('resize_image_with_crop_or_pad', () => {
    const { batch, back } = asBatch(convertToTensor(image, { name: 'image' }, graph));
    const checks = [
      ...imageChecks(batch),
      ...insist(isPositive(targetWidth), 'target_width must be > 0.'),
      ...insist(isPositive(targetHeight), 'target_height must be > 0.'),
    ];
    const t = withDependencies(checks, batch);
    const tall = targetHeight instanceof Tensor ? withDependencies(checks, targetHeight) : targetHeight;
    const wide = targetWidth instanceof Tensor ? withDependencies(checks, targetWidth) : targetWidth;
    const [, height, width] = lengthsOf(t);
    const moreWidth = difference(wide, width);
    const cropLeft = larger(half(opposite(moreWidth)), 0);
    const padLeft = larger(half(moreWidth), 0);
    const moreHeight = difference(tall, height);
    const cropTop = larger(half(opposite(moreHeight)), 0);
    const padTop = larger(half(moreHeight), 0);
    const cropped = cropToBoundingBox(t, cropTop, cropLeft, smaller(tall, height), smaller(wide, width));
    const resized = padToBoundingBox(cropped, padTop, padLeft, tall, wide);
    const [, finalHeight, finalWidth] = lengthsOf(resized);
    const right = [
      ...insist(alike(finalHeight, tall), 'resized height is not correct.'),
      ...insist(alike(finalWidth, wide), 'resized width is not correct.'),
    ];
    return back(withDependencies(right, resized));
  });
}
