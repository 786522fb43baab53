/** @file How layers are told about windows: sizes, padding and where the channels are. */
import { GraphError } from '../errors';

/** One number for all spatial dimensions, or one for each. */
export type Sizes = number | readonly number[];

export interface SpatialOptions {
  /** 'valid' by default: only whole windows. */
  readonly padding?: 'same' | 'valid' | 'SAME' | 'VALID' | undefined;
  /** 'channels_last' by default. */
  readonly dataFormat?: 'channels_last' | 'channels_first' | undefined;
}

/** n sizes. Raises Value for another number of them. */
export function sizesOf(given: Sizes, n: number, name: string): readonly number[] {
  if (typeof given === 'number') return new Array<number>(n).fill(given);
  if (Array.isArray(given) && given.length === n && given.every(Number.isInteger)) return given;
  throw new GraphError(
    'Value',
    `The \`${name}\` argument must be a tuple of ${n} integers. Received: (${[given].flat().join(', ')})`,
  );
}

/** A padding as ops write it. */
export function upper(padding = 'valid'): 'SAME' | 'VALID' {
  const name = padding.toUpperCase();
  if (name === 'SAME' || name === 'VALID') return name;
  throw new GraphError(
    'Value',
    `The \`padding\` argument must be a list/tuple or one of "valid", "same" (or "causal", only for \`Conv1D). Received: ${padding.toLowerCase()}`,
  );
}

/** Whether the channels stand before the spatial dimensions. */
export function formatOf(format = 'channels_last'): boolean {
  if (format === 'channels_last' || format === 'channels_first') return format === 'channels_first';
  throw new GraphError(
    'Value',
    `The \`data_format\` argument must be one of "channels_first", "channels_last". Received: ${format}`,
  );
}
