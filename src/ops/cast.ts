/** @file From one dtype to another. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { bool, type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import { type DType, isBig, isComplex, isFloating, isHost, wireName } from '../value/dtype';
import { type Nested, Value } from '../value/value';
import type { Named } from './array';
import { rounder } from './cellwise';
import { maximum, minimum } from './pairs';

// ---- Cast ---------------------------------------------------------------------------------------------------------

const TWO_31 = 2 ** 31;
const TWO_63 = 2 ** 63;
const NO_INT64 = -(1n << 63n);
/** As x86 converts: towards zero, and the smallest integer for NaN and whatever does not fit. */
const int32Of = (x: number): number => (x > -TWO_31 - 1 && x < TWO_31 ? Math.trunc(x) : -TWO_31);
const int64Of = (x: number): bigint => (x >= -TWO_63 && x < TWO_63 ? BigInt(Math.trunc(x)) : NO_INT64);
const uint64Of = (x: number): bigint => (x >= TWO_63 ? int64Of(x - TWO_63) ^ NO_INT64 : int64Of(x));

type Convert = (x: never) => unknown;
function fromFloat(to: DType): Convert {
  if (to === 'int64') return int64Of;
  if (to === 'uint64') return uint64Of;
  if (to === 'uint32') return (x: number) => Number(BigInt.asUintN(32, int64Of(x)));
  return int32Of; // narrower types keep its low bits
}
function converter(from: DType, to: DType): Convert {
  if (from === to) return (x) => x;
  if (to === 'bool') return (x: unknown) => (x ? 1 : Number(Number.isNaN(x)));
  if (isFloating(to)) {
    const round = rounder(to);
    return isBig(from) ? (x: bigint) => round(Number(x)) : round;
  }
  if (isFloating(from)) return fromFloat(to);
  if (isBig(from)) return isBig(to) ? (x) => x : (x: bigint) => Number(BigInt.asIntN(32, x));
  return isBig(to) ? (x: number) => BigInt(x) : (x) => x;
}

const KERNELS: Partial<Record<string, string>> = {
  'bool float32': 'cast_u8_f32',
  'uint8 float32': 'cast_u8_f32',
  'int32 float32': 'cast_i32_f32',
};

const Cast = defineOp({
  name: 'Cast',
  inputs: { x: 'SrcT' },
  outputs: { y: 'DstT' },
  attrs: { SrcT: type(), DstT: type(), Truncate: bool(false) },
  alias: { y: 'x' },
  aliasWhen: ({ x }, { DstT }) => x.dtype === DstT,
  infer: ({ x }) => ({ y: x.shape }),
  gradient({ y: dy }, { x }) {
    const differentiable = (dtype: DType) => isFloating(dtype) || isComplex(dtype);
    return { x: differentiable(x.dtype) && differentiable(dy.dtype) ? cast(dy, x.dtype) : null };
  },
  reference({ x, y }, { SrcT, DstT }) {
    if (SrcT !== DstT && (isHost(SrcT) || isHost(DstT))) {
      throw new GraphError('Unimplemented', `Cast ${wireName(SrcT)} to ${wireName(DstT)} is not supported`);
    }
    const convert = converter(SrcT, DstT) as (c: unknown) => number;
    const [a, out] = [x.data, y.data];
    for (let i = 0; i < out.length; i++) out[i] = convert(a[i]);
  },
  kernel({ x, y }, { SrcT, DstT }) {
    const name = KERNELS[`${SrcT} ${DstT}`];
    return name === undefined ? null : [name, y.ptr, x.ptr, x.size];
  },
});
/** The op itself, also where the dtype is the same already; as gen_math_ops.cast. */
export function castRaw(x: TensorLike, dtype: DType, { name }: Named = {}): Tensor {
  return Cast({ x }, { DstT: dtype }, name).y;
}

/** A resource variable answers for itself: its value is read where it is used. */
const isHandled = (x: object): boolean => 'handle' in x && (x as { handle?: unknown }).handle !== undefined;
/** JavaScript's plain numbers have no dtype that would have to be cast. */
function untyped(x: TensorLike): boolean {
  if (isTensorLike(x) || x instanceof Value || ArrayBuffer.isView(x)) return false;
  if (!Array.isArray(x)) return typeof x === 'number';
  return x.every((e) => untyped(e as TensorLike));
}
/**
 * x in another dtype, as tf.cast: floats to integers towards zero; no op where the dtype is the same already. The values
 * of IndexedSlices are cast alone.
 * @tensorflow tf.cast
 */
export function cast(x: IndexedSlices, dtype: DType, options?: Named): IndexedSlices;
export function cast(x: TensorLike, dtype: DType, options?: Named): Tensor;
export function cast(x: TensorLike, dtype: DType, { name }: Named = {}): Tensor | IndexedSlices {
  const settled = x instanceof Tensor ? !x.isRef : isTensorLike(x) && isHandled(x);
  if (settled && (x as Tensor).dtype === dtype) return x as Tensor;
  const graph = graphOf([x]);
  return graph.nameScope(name ?? 'Cast', (scope): Tensor | IndexedSlices => {
    if (x instanceof IndexedSlices) {
      return new IndexedSlices(cast(x.values, dtype, { name: scope }), x.indices, x.denseShape);
    }
    const t = convertToTensor(x, { name: 'x', dtype: untyped(x) && !isHost(dtype) ? dtype : undefined }, graph);
    return t.dtype === dtype ? t : Cast({ x: t }, { DstT: dtype }, scope).y;
  });
}

/** As tf.to_float: a cast to float32 called `ToFloat`. @tensorflow tf.to_float */
export const toFloat = (x: TensorLike, { name = 'ToFloat' }: Named = {}): Tensor => cast(x, 'float32', { name });
/** As tf.to_double: a cast to float64 called `ToDouble`. @tensorflow tf.to_double */
export const toDouble = (x: TensorLike, { name = 'ToDouble' }: Named = {}): Tensor => cast(x, 'float64', { name });
/** As tf.to_int32: a cast called `ToInt32`. @tensorflow tf.to_int32 */
export const toInt32 = (x: TensorLike, { name = 'ToInt32' }: Named = {}): Tensor => cast(x, 'int32', { name });
/** As tf.to_int64: a cast called `ToInt64`. @tensorflow tf.to_int64 */
export const toInt64 = (x: TensorLike, { name = 'ToInt64' }: Named = {}): Tensor => cast(x, 'int64', { name });
/** As tf.to_bfloat16: a cast called `ToBFloat16`. @tensorflow tf.to_bfloat16 */
export const toBfloat16 = (x: TensorLike, { name = 'ToBFloat16' }: Named = {}): Tensor => cast(x, 'bfloat16', { name });

// ---- saturateCast -------------------------------------------------------------------------------------------------

const bits = (n: number): readonly [bigint, bigint] => [-(1n << BigInt(n - 1)), (1n << BigInt(n - 1)) - 1n];
const unsignedBits = (n: number): readonly [bigint, bigint] => [0n, (1n << BigInt(n)) - 1n];
const within = (x: number): readonly [number, number] => [-x, x];
/** The smallest and largest value of each dtype. */
const LIMITS: Readonly<Partial<Record<DType, readonly [number | bigint, number | bigint]>>> = {
  float16: within(65504),
  bfloat16: within(3.3895313892515355e38),
  float32: within(3.4028234663852886e38),
  float64: within(Number.MAX_VALUE),
  int8: bits(8),
  int16: bits(16),
  int32: bits(32),
  int64: bits(64),
  uint8: unsignedBits(8),
  uint16: unsignedBits(16),
  uint32: unsignedBits(32),
  uint64: unsignedBits(64),
};
/** A cast that draws what does not fit to the ends of the dtype. @tensorflow tf.saturate_cast */
export function saturateCast(value: TensorLike, dtype: DType, { name }: Named = {}): Tensor {
  const graph = graphOf([value]);
  return graph.nameScope(name ?? 'saturate_cast', (scope) => {
    let t = convertToTensor(value, { name: 'value' }, graph);
    const [from, to] = [LIMITS[t.dtype], LIMITS[dtype]];
    if (!from || !to) throw new GraphError('Type', `Cannot find the limits of ${from ? dtype : t.dtype}.`);
    const limit = (x: number | bigint, called: string) =>
      convertToTensor(Value.from(x as Nested, t.dtype), { name: called }, graph);
    if (from[0] < to[0]) t = maximum(t, limit(to[0], 'min'));
    if (from[1] > to[1]) t = minimum(t, limit(to[1], 'max'));
    return cast(t, dtype, { name: scope });
  });
}
