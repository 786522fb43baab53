/** @file The same bits as another type. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { bytesOf, type DType } from '../value/dtype';
import type { Named } from './array';
import { refuse } from './expect';

/** Types that linear memory holds bit for bit; float16 and bfloat16 are held wider. */
const TYPES: readonly DType[] = [
  'float32',
  'float64',
  'int64',
  'int32',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'int8',
  'int16',
];
const ALL: readonly DType[] = [
  'bfloat16',
  'float16',
  'float32',
  'float64',
  'int64',
  'int32',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'int8',
  'int16',
  'complex64',
  'complex128',
  'qint8',
  'quint8',
  'qint16',
  'quint16',
  'qint32',
];

const Bitcast = defineOp({
  name: 'Bitcast',
  inputs: { input: 'T' },
  outputs: { output: 'type' },
  attrs: { T: type(ALL), type: type(ALL) },
  infer({ input }, { T, type: to }) {
    const { shape } = input;
    const [from, into] = [bytesOf(T), bytesOf(to)];
    if (shape === null || from === into) return { output: shape };
    if (into < from) return { output: [...shape, from / into] };
    const last = shape.at(-1);
    const ratio = into / from;
    if (last === undefined || (last !== null && last !== ratio)) {
      refuse(
        last === undefined
          ? 'Shape must be at least rank 1 but is rank 0'
          : `Cannot bitcast due to shape. ${last} does not match ${ratio}`,
        `Cannot bitcast from ${T} to ${to}`,
      );
    }
    return { output: shape.slice(0, -1) };
  },
  gradient: null,
  reference({ input, output }, { T, type: to }) {
    if (!TYPES.includes(T) || !TYPES.includes(to)) refuse(`Bitcast from ${T} to ${to} is not implemented.`);
    const from = input.data as unknown as ArrayBufferView;
    const into = output.data as unknown as ArrayBufferView;
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(
      new Uint8Array(from.buffer, from.byteOffset, from.byteLength),
    );
  },
});
/**
 * The bits of `input` as cells of another type. To a narrower one the parts become a new last dimension; to a wider one the
 * last dimension is joined to one cell, and must have the right size. Without a gradient.
 * @tensorflow tf.bitcast
 */
export function bitcast(input: TensorLike, to: DType, { name }: Named = {}): Tensor {
  return Bitcast({ input }, { type: to }, name).output;
}
