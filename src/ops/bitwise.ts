/** @file Integers as bits. */
import type { TensorLike } from '../graph/convert';
import { defineOp, type MakeOp } from '../graph/define';
import { type Attr, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { bytesOf, type DType, INTEGERS, isBig } from '../value/dtype';
import type { Named } from './array';
import { mapCells, type Pair, zipBy, zipShape } from './cellwise';

type MakeBits = MakeOp<{ x: 'T'; y: 'T' }, { z: 'T' }, { T: Attr<DType> }>;
const defineBits = (name: string, cells: (dtype: DType) => Pair): MakeBits =>
  defineOp({
    name,
    inputs: { x: 'T', y: 'T' },
    outputs: { z: 'T' },
    attrs: { T: type(INTEGERS) },
    inplace: ['x', 'y'],
    infer: zipShape,
    gradient: null,
    reference: zipBy(cells),
  });

const BitwiseAnd = defineBits('BitwiseAnd', () => (x, y) => x & y);
/** The bits set in both. @tensorflow tf.bitwise.bitwise_and */
export function bitwiseAnd(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return BitwiseAnd({ x, y }, {}, name).z;
}
const BitwiseOr = defineBits('BitwiseOr', () => (x, y) => x | y);
/** The bits set in either. @tensorflow tf.bitwise.bitwise_or */
export function bitwiseOr(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return BitwiseOr({ x, y }, {}, name).z;
}
const BitwiseXor = defineBits('BitwiseXor', () => (x, y) => x ^ y);
/** The bits in which x and y differ. @tensorflow tf.bitwise.bitwise_xor */
export function bitwiseXor(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return BitwiseXor({ x, y }, {}, name).z;
}

const Invert = defineOp({
  name: 'Invert',
  inputs: { x: 'T' },
  outputs: { y: 'T' },
  attrs: { T: type(INTEGERS) },
  inplace: ['x'],
  infer: ({ x }) => ({ y: x.shape }),
  gradient: null,
  reference: ({ x, y }) => mapCells(x, y, () => (c) => ~c),
});
/** All bits flipped. @tensorflow tf.bitwise.invert */
export function invert(x: TensorLike, { name }: Named = {}): Tensor {
  return Invert({ x }, {}, name).y;
}

/** Distances outside of the type's width are drawn to its ends, as TensorFlow's kernels do. */
const shifting =
  (number: Pair, big: (x: bigint, y: bigint) => bigint) =>
  (dtype: DType): Pair => {
    const last = 8 * bytesOf(dtype) - 1;
    if (!isBig(dtype)) return (x, y) => number(x, Math.min(Math.max(y, 0), last));
    const clamp = (y: bigint) => (y < 0n ? 0n : y > last ? BigInt(last) : y);
    return ((x: bigint, y: bigint) => big(x, clamp(y))) as unknown as Pair;
  };
const left = shifting(
  (x, y) => x << y,
  (x, y) => x << y,
);
const right = shifting(
  (x, y) => x >> y,
  (x, y) => x >> y,
);
const LeftShift = defineBits('LeftShift', left);
/** x shifted by y bits towards the higher ones. @tensorflow tf.bitwise.left_shift */
export function leftShift(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return LeftShift({ x, y }, {}, name).z;
}
const RightShift = defineBits('RightShift', (dtype) => (dtype === 'uint32' ? unsigned : right(dtype)));
/** uint32 does not fit into the 32 signed bits of `>>`. */
const unsigned: Pair = (x, y) => x >>> Math.min(y, 31);
/** x shifted by y bits towards the lower ones; signed types keep their sign. @tensorflow tf.bitwise.right_shift */
export function rightShift(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return RightShift({ x, y }, {}, name).z;
}
