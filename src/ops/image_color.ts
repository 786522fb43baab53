/** @file The colors of images: conversion between dtypes, brightness, contrast, hue, and gray. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import { type DType, isFloating, isInteger } from '../value/dtype';
import { add, multiply } from './arithmetic';
import { identity, type Named, ones, shapeOf } from './array';
import { cast, saturateCast } from './cast';
import { Assert, withDependencies } from './control';
import { div } from './division';
import { i32, limitsOf } from './expect';
import { checkedGrayscale, checkedImage } from './image_checks';
import { AdjustContrastv2, AdjustHue, AdjustSaturation } from './image_color_ops';
import { concat } from './join';
import { minus, power, times } from './operators';
import { tile } from './pad';
import { maximum } from './pairs';
import { randomUniform } from './random';
import { reduceMean, reduceProd, reduceStd } from './reduce';
import type { SeedLike } from './seed';
import { expandDims, rank } from './shape';
import { s } from './slice';
import { tensordot } from './tensordot';
import { rsqrt } from './unary';

// ---- dtypes -------------------------------------------------------------------------------------------------------

export interface ConvertImageOptions extends Named {
  /** What does not fit is drawn to the ends of the dtype. */
  readonly saturate?: boolean | undefined;
}
const highest = (dtype: DType): bigint => BigInt(limitsOf(dtype)[1]);
/**
 * Cells in another dtype, scaled: floats lie in [0, 1), integers between 0 and their highest.
 * @tensorflow tf.image.convert_image_dtype
 */
export function convertImageDtype(image: TensorLike, dtype: DType, options: ConvertImageOptions = {}): Tensor {
  const { saturate = false, name } = options;
  const graph = graphOf([image]);
  const t = convertToTensor(image, { name: 'image' }, graph);
  if (!isFloating(dtype) && !isInteger(dtype)) {
    throw new GraphError('Type', 'dtype must be either floating point or integer');
  }
  if (dtype === t.dtype) return identity(t, { name });
  return graph.nameScope(name ?? 'convert_image', (scope) => {
    const fit = (x: Tensor, last?: Named) => (saturate ? saturateCast(x, dtype, last) : cast(x, dtype, last));
    const named = { name: scope };
    const [whole, wanted] = [isInteger(t.dtype), isInteger(dtype)];
    if (whole && wanted) {
      const [from, to] = [highest(t.dtype), highest(dtype)];
      if (from > to) return fit(div(t, Number((from + 1n) / (to + 1n))), named);
      return multiply(fit(t), Number((to + 1n) / (from + 1n)), named);
    }
    if (!whole && !wanted) return cast(t, dtype, named);
    if (whole) return multiply(cast(t, dtype), 1 / Number(highest(t.dtype)), named);
    return fit(multiply(t, Number(highest(dtype)) + 0.5), named);
  });
}
const isHalfOrSingle = (t: Tensor): boolean => t.dtype === 'float16' || t.dtype === 'float32';
/** Works on floats, and goes back to the dtype that was given. */
function onFloats(
  image: TensorLike,
  name: string,
  called: string,
  saturate: boolean,
  work: (t: Tensor, scope: string) => Tensor,
): Tensor {
  const graph = graphOf([image]);
  return graph.nameScope(name, (scope) => {
    const t = convertToTensor(image, { name: called }, graph);
    const result = work(isHalfOrSingle(t) ? t : convertImageDtype(t, 'float32'), scope);
    return convertImageDtype(result, t.dtype, { saturate });
  });
}

/**
 * Images with mean 0 and variance 1, each by itself; a deviation below 1 / sqrt(cells) counts as that.
 * @tensorflow tf.image.per_image_standardization
 */
export function perImageStandardization(image: TensorLike): Tensor {
  const graph = graphOf([image]);
  return graph.nameScope('per_image_standardization', (scope) => {
    let t = checkedImage(convertToTensor(image, { name: 'image' }, graph));
    const { dtype } = t;
    if (!isHalfOrSingle(t)) t = convertImageDtype(t, 'float32');
    const cells = reduceProd(shapeOf(t).at(s(-3)));
    const axis = i32([-1, -2, -3]);
    const mean = reduceMean(t, axis, { keepdims: true });
    const deviation = reduceStd(t, axis, { keepdims: true });
    const least = rsqrt(cast(cells, t.dtype));
    const divisor = maximum(deviation, least);
    const result = div(minus(t, mean), divisor, { name: scope });
    return convertImageDtype(result, dtype, { saturate: true });
  });
}

// ---- brightness, contrast, hue ------------------------------------------------------------------------------------

/** `delta` added to all cells, in floats. @tensorflow tf.image.adjust_brightness */
export const adjustBrightness = (image: TensorLike, delta: TensorLike): Tensor =>
  onFloats(image, 'adjust_brightness', 'image', true, (t, scope) => add(t, cast(delta, t.dtype), { name: scope }));
/** Each channel of each image drawn away from its mean by a factor. @tensorflow tf.image.adjust_contrast */
export const adjustContrast = (images: TensorLike, contrastFactor: TensorLike): Tensor =>
  onFloats(
    images,
    'adjust_contrast',
    'images',
    true,
    (t, scope) => AdjustContrastv2({ images: t, contrast_factor: contrastFactor }, {}, scope).output,
  );
export interface GammaOptions {
  /** The power, 1 by default; not below 0. */
  readonly gamma?: number | Tensor | undefined;
  /** The factor, 1 by default. */
  readonly gain?: TensorLike | undefined;
}
/** gain * image ** gamma. Raises Value for gamma below 0. @tensorflow tf.image.adjust_gamma */
export function adjustGamma(image: TensorLike, { gamma = 1, gain = 1 }: GammaOptions = {}): Tensor {
  return onFloats(image, 'adjust_gamma', 'image', true, (t) => {
    const words = 'Gamma should be a non-negative real number.';
    if (!(gamma instanceof Tensor)) {
      if (gamma < 0) throw new GraphError('Value', words);
      return times(gain, power(t, gamma));
    }
    const check = Assert(gamma.greaterEqual(0), [words]);
    return times(gain, power(t, withDependencies([check], gamma)));
  });
}
/** RGB images with their hues moved by `delta`, a part of the circle. @tensorflow tf.image.adjust_hue */
export const adjustHue = (image: TensorLike, delta: TensorLike, { name = 'adjust_hue' }: Named = {}): Tensor =>
  onFloats(image, name, 'image', false, (t) => AdjustHue({ images: t, delta }, {}).output);
/** RGB images with their saturation times a factor. @tensorflow tf.image.adjust_saturation */
export const adjustSaturation = (
  image: TensorLike,
  saturationFactor: TensorLike,
  { name = 'adjust_saturation' }: Named = {},
): Tensor =>
  onFloats(image, name, 'image', false, (t) => AdjustSaturation({ images: t, scale: saturationFactor }, {}).output);

// ---- by chance ----------------------------------------------------------------------------------------------------

export interface SeededOptions {
  readonly seed?: SeedLike;
}
const within = (low: number, high: number, seed: SeedLike): Tensor =>
  randomUniform(i32([]), { minval: low, maxval: high, seed });
function around(most: number, seed: SeedLike): Tensor {
  if (most < 0) throw new GraphError('Value', 'max_delta must be non-negative.');
  return within(-most, most, seed);
}
function between(lower: number, upper: number, seed: SeedLike): Tensor {
  if (upper <= lower) throw new GraphError('Value', 'upper must be > lower.');
  if (lower < 0) throw new GraphError('Value', 'lower must be non-negative.');
  return within(lower, upper, seed);
}
/** Brightness by chance from -maxDelta to maxDelta. @tensorflow tf.image.random_brightness */
export const randomBrightness = (image: TensorLike, maxDelta: number, { seed }: SeededOptions = {}): Tensor =>
  adjustBrightness(image, around(maxDelta, seed));
/** Contrast by a chance factor. @tensorflow tf.image.random_contrast */
export const randomContrast = (image: TensorLike, lower: number, upper: number, { seed }: SeededOptions = {}): Tensor =>
  adjustContrast(image, between(lower, upper, seed));
/** Saturation by a chance factor. @tensorflow tf.image.random_saturation */
export const randomSaturation = (
  image: TensorLike,
  lower: number,
  upper: number,
  { seed }: SeededOptions = {},
): Tensor => adjustSaturation(image, between(lower, upper, seed));
/** Hue by chance from -maxDelta to maxDelta, at most 0.5. @tensorflow tf.image.random_hue */
export function randomHue(image: TensorLike, maxDelta: number, { seed }: SeededOptions = {}): Tensor {
  if (maxDelta > 0.5) throw new GraphError('Value', 'max_delta must be <= 0.5.');
  return adjustHue(image, around(maxDelta, seed));
}

// ---- gray ---------------------------------------------------------------------------------------------------------

/** The luminance of RGB images, [..., 3] to [..., 1]. @tensorflow tf.image.rgb_to_grayscale */
export function rgbToGrayscale(images: TensorLike, { name = 'rgb_to_grayscale' }: Named = {}): Tensor {
  const graph = graphOf([images]);
  return graph.nameScope(name, (scope) => {
    const t = convertToTensor(images, { name: 'images' }, graph);
    const gray = tensordot(convertImageDtype(t, 'float32'), [0.2989, 0.587, 0.114], [-1, -1]);
    return convertImageDtype(expandDims(gray, i32(-1)), t.dtype, { name: scope });
  });
}
/** Gray images as RGB images, [..., 1] to [..., 3]. @tensorflow tf.image.grayscale_to_rgb */
export function grayscaleToRgb(images: TensorLike, { name = 'grayscale_to_rgb' }: Named = {}): Tensor {
  const graph = graphOf([images]);
  return graph.nameScope(name, (scope) => {
    const t = checkedGrayscale(convertToTensor(images, {}, graph));
    const lead = expandDims(minus(rank(t), 1), i32(0));
    const multiples = concat([ones(lead, { dtype: 'int32' }), expandDims(i32(3), i32(0))], i32(0));
    const rgb = tile(t, multiples, { name: scope });
    if (t.shape) rgb.setShape([...t.shape.slice(0, -1), 3]);
    return rgb;
  });
}
