/** @file How TFLearn's image layers write sizes: one number, one for each spatial dimension, or one for each dimension. */
import { GraphError } from '../errors';

export type Size = number | readonly number[];
export type Padding = 'same' | 'valid' | 'SAME' | 'VALID';

/** [1, ...spatial, 1] for strides and pooling kernels. Raises Value for lists of another length. */
export function window(size: Size, spatial: 2 | 3, what: string): number[] {
  if (typeof size === 'number') return [1, ...Array.from({ length: spatial }, () => size), 1];
  if (size.length === spatial) return [1, ...size, 1];
  if (size.length !== spatial + 2) {
    throw new GraphError(
      'Value',
      `${what} length error: ${size.length}, only a length of ${spatial} or ${spatial + 2} is supported.`,
    );
  }
  if (spatial === 3 && (size[0] !== 1 || size[4] !== 1)) {
    throw new GraphError('Assertion', `Must have ${what}[0] = ${what}[4] = 1`);
  }
  return [...size];
}
/** The spatial sizes of a filter. Raises Value for lists of another length. */
export function filterWindow(size: Size, spatial: 2 | 3): number[] {
  if (typeof size === 'number') return Array.from({ length: spatial }, () => size);
  if (size.length === spatial) return [...size];
  throw new GraphError('Value', `filter length error: ${size.length}, only a length of ${spatial} is supported.`);
}
/** Raises Value for other words. */
export function paddingOf(padding: Padding): 'SAME' | 'VALID' {
  if (['same', 'SAME', 'valid', 'VALID'].includes(padding)) return padding.toUpperCase() as 'SAME' | 'VALID';
  throw new GraphError('Value', "Unknown padding! Accepted values: 'same', 'valid'.");
}
