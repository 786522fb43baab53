/** @file What the image ops ask of shapes and sizes: before the run where it can be told, else in it. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { type Operation, Tensor } from '../graph/operation';
import { isFull, type Shape, tupleShape } from '../value/shape';
import { shapeOf } from './array';
import { assertEqual, assertGreaterEqual, assertPositive } from './assertions';
import { Assert, withDependencies } from './control';
import { type Dims, i32 } from './expect';
import { unstack } from './join';
import { minus, plus } from './operators';
import { expandDims, rank, squeeze } from './shape';

export const notAnImage = (): GraphError => new GraphError('Value', "'image' must have either 3 or 4 dimensions.");
const value = (message: string): GraphError => new GraphError('Value', message);

/** Raises Value for fewer than three dimensions and empty ones; answers the checks that are left to the run. */
export function imageChecks(image: Tensor): Operation[] {
  const { shape } = image;
  if (shape !== null && shape.length < 3) throw value("'image' must be at least three-dimensional.");
  if (shape?.includes(0)) throw value(`all dims of 'image.shape' must be > 0: ${tupleShape(shape)}`);
  if (isFull(shape)) return [];
  return [
    assertPositive(shapeOf(image), { data: ["all dims of 'image.shape' must be > 0."] }),
    assertGreaterEqual(rank(image), i32(3), { message: "'image' must be at least three-dimensional." }),
  ];
}
/** The image again, after its checks. */
export const checkedImage = (image: Tensor): Tensor => withDependencies(imageChecks(image), image);
/** The same for one whose last dimension must be 1. */
export function checkedGrayscale(image: Tensor): Tensor {
  const { shape } = image;
  if (shape !== null && shape.length < 2) throw value('A grayscale image must be at least two-dimensional.');
  const words = 'Last dimension of a grayscale image should be size 1.';
  if (isFull(shape)) {
    if (shape.at(-1) !== 1) throw value(words);
    return withDependencies([], image);
  }
  const checks = [
    assertEqual(shapeOf(image).at(-1), i32(1), { message: words }),
    assertGreaterEqual(rank(image), i32(3), { message: 'A grayscale image must be at least two-dimensional.' }),
  ];
  return withDependencies(checks, image);
}

// ---- sizes that may be tensors ------------------------------------------------------------------------------------

/** A number of pixels: known, or an int32 scalar. */
export type Length = number | Tensor;
const asOperand = (x: Length): TensorLike => (typeof x === 'number' ? i32(x) : x);
export const difference = (x: Length, y: Length): Length =>
  typeof x === 'number' && typeof y === 'number' ? x - y : minus(asOperand(x), asOperand(y));
export const sum = (x: Length, y: Length): Length =>
  typeof x === 'number' && typeof y === 'number' ? x + y : plus(asOperand(x), asOperand(y));
/** x >= y */
export function atLeast(x: Length, y: Length): boolean | Tensor {
  if (x instanceof Tensor) return x.greaterEqual(asOperand(y));
  return y instanceof Tensor ? y.lessEqual(asOperand(x)) : x >= y;
}
export const isPositive = (x: Length): boolean | Tensor => (x instanceof Tensor ? x.greater(i32(0)) : x > 0);
/** Raises Value now for what is known to be false; else answers the check for the run. */
export function insist(holds: boolean | Tensor, message: string): Operation[] {
  if (holds instanceof Tensor) return [Assert(holds, [message])];
  if (!holds) throw value(message);
  return [];
}
export const known = (x: Length): number | null => (typeof x === 'number' ? x : null);

/** The dimensions of a batch of images: numbers where they are known. */
export function lengthsOf(image: Tensor): [Length, Length, Length, Length] {
  const { shape } = image;
  if (isFull(shape)) return [...shape] as [number, number, number, number];
  const dynamic = unstack(shapeOf(image), { num: 4 });
  return dynamic.map((d, i) => (shape as Dims)[i] ?? d) as [Length, Length, Length, Length];
}
/** One image as a batch of one, and how to take the result out of it. */
export function asBatch(image: Tensor): { readonly batch: Tensor; readonly back: (t: Tensor) => Tensor } {
  const shape: Shape = image.shape;
  if (shape?.length === 4) return { batch: image, back: (t) => t };
  if (shape !== null && shape.length !== 3) throw notAnImage();
  const batch = expandDims(image, i32(0));
  if (shape === null) batch.setShape([null, null, null, null]);
  return { batch, back: (t) => squeeze(t, { axis: [0] }) };
}
