/** @file Values as the two processes write them to each other. */
import * as tf from '../../src';
import type { Kind } from './builder';

export interface Wire {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The cells in memory order, base64. */
  readonly data: string;
}

const CELLS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

export function encode({ dtype, shape, data }: tf.Value): Wire {
  const Type = CELLS[dtype as Kind] as Float32ArrayConstructor;
  const cells = Type.from(data);
  return { dtype, shape, data: Buffer.from(cells.buffer, cells.byteOffset, cells.byteLength).toString('base64') };
}
export function decode({ dtype, shape, data }: Wire): tf.Value {
  const kind = dtype as Kind;
  if (!(kind in CELLS)) throw new Error(`no values of ${dtype} here`);
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  const cells = new CELLS[kind](bytes.buffer as ArrayBuffer);
  return tf.Value.cells(kind, shape, kind === 'bool' ? Array.from(cells as Uint8Array, Boolean) : cells);
}
