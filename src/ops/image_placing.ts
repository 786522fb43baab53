/** @file How the pixels of an image in another size are laid over the image, and the options that say so. */
import { bool, type Known } from '../graph/opdef';
import { type Shape, showShape } from '../value/shape';
import type { Named } from './array';
import { refuse, withRank } from './expect';

const { fround } = Math;

/** How output places are laid over the input; both are attrs of all four ops. */
export interface Placing {
  readonly align_corners: boolean;
  readonly half_pixel_centers: boolean;
}
export const PLACING = { align_corners: bool(false), half_pixel_centers: bool(false) };

/** Input pixels per output pixel, in float32 as all of this. */
export const scaleOf = (from: number, to: number, { align_corners }: Placing): number =>
  fround(align_corners && to > 1 ? fround(from - 1) / fround(to - 1) : fround(from) / fround(to));

export function resized({ shape }: Known, size: Known): Shape {
  withRank(shape, 4, `input must be 4-dimensional${showShape(shape)}`);
  const words = `shape_t must be 1-dimensional${showShape(size.shape)}`;
  withRank(size.shape, 1, words);
  const n = size.shape?.[0];
  if (n != null && n !== 2) refuse(`Dimension must be 2 but is ${n}`, words);
  const [h, w] = size.value ?? [null, null];
  if (size.value?.some((d) => d <= 0)) refuse('output dimensions must be positive');
  const [batch, channels] = [shape?.[0] ?? null, shape?.[3] ?? null];
  return [batch, h ?? null, w ?? null, channels];
}

export interface ResizeOptions extends Named {
  readonly alignCorners?: boolean | undefined;
  readonly halfPixelCenters?: boolean | undefined;
}
export const wire = ({ alignCorners, halfPixelCenters }: ResizeOptions) => ({
  align_corners: alignCorners,
  half_pixel_centers: halfPixelCenters,
});
