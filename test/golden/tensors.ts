/** @file Tensors as the recorded cases write them, to and from values. */
import * as tf from '../../src';

export interface Expected {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

const number = (x: unknown): unknown =>
  x === 'NaN'
    ? Number.NaN
    : x === 'Infinity'
      ? Number.POSITIVE_INFINITY
      : x === '-Infinity'
        ? Number.NEGATIVE_INFINITY
        : x;

export function toValue({ dtype, shape, data }: Expected): tf.Value {
  const cells = data.map((x) =>
    dtype === 'string' ? x : dtype === 'int64' || dtype === 'uint64' ? BigInt(x as string) : number(x),
  );
  return tf.Value.cells(dtype as tf.DType, shape, cells);
}

const FLOAT = ['float16', 'bfloat16', 'float32', 'float64'];

/** null where `got` matches: floats within tolerance, everything else exactly. */
export function compare(got: tf.Value, want: Expected, rtol: number, atol: number): string | null {
  if (!(got instanceof tf.Value)) return `no tensor but ${got}`;
  if (got.dtype !== want.dtype) return `dtype ${got.dtype} in place of ${want.dtype}`;
  if (got.shape.join() !== want.shape.join()) return `shape [${got.shape}] in place of [${want.shape}]`;
  for (let i = 0; i < want.data.length; i++) {
    const [a, w] = [got.data[i] as unknown, number(want.data[i])];
    if (FLOAT.includes(want.dtype)) {
      const [x, y] = [a as number, w as number];
      // The recorded figures are the shortest that round to the element.
      const [p, q] = want.dtype === 'float32' ? [x, Math.fround(y)] : [x, y];
      const same = Number.isNaN(y) ? Number.isNaN(x) : p === q || Math.abs(p - q) <= atol + rtol * Math.abs(q);
      if (!same) return `element ${i} is ${x}, not ${y}`;
    } else if (want.dtype === 'bool' ? Boolean(a) !== Boolean(w) : String(a) !== String(w)) {
      return `element ${i} is ${a}, not ${w}`;
    }
  }
  return null;
}
