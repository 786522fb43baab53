/** @file Conversions from one element type to another. */
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { IndexedSlices } from '../graph/indexed_slices';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { type DType, isBig, isFloating, roundBfloat16, roundFloat16 } from '../value/dtype';
import type { Named } from './array';
import { maximum, minimum } from './pairs';

/** float to int as x86 does it: what does not fit becomes the smallest. */
function toInt32(x: number): number {
  return x >= -2147483648 && x < 2147483648 ? Math.trunc(x) : -2147483648;
}
const INT64_MIN = -(2n ** 63n);
function toInt64(x: number): bigint {
  return x >= -(2 ** 63) && x < 2 ** 63 ? BigInt(Math.trunc(x)) : INT64_MIN;
}

/** How one cell is cast. */
function caster(from: DType, to: DType): (x: number) => unknown {
  const number: (x: number) => number = isBig(from) ? Number : (x) => x;
  if (to === 'bool') return (x) => Number(number(x) !== 0);
  if (to === 'float16') return (x) => roundFloat16(number(x));
  if (to === 'bfloat16') return (x) => roundBfloat16(number(x));
  if (isFloating(to)) return number;
  if (isBig(to)) return isBig(from) ? (x) => x : isFloating(from) ? toInt64 : (x) => BigInt(x);
  if (isBig(from)) return (x) => Number(BigInt.asIntN(32, x as unknown as bigint));
  return isFloating(from) ? toInt32 : (x) => x;
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
  gradient({ y: dy }, _t, { SrcT, DstT }) {
    const differentiable = (t: DType) => isFloating(t) || t.startsWith('complex');
    return { x: differentiable(SrcT) && differentiable(DstT) ? cast(dy, SrcT) : null };
  },
  reference({ x, y }, { SrcT, DstT }) {
    const [from, to, f] = [x.data, y.data, caster(SrcT, DstT)];
    for (let i = 0; i < to.length; i++) to[i] = f(from[i]!) as number;
  },
  kernel({ x, y }, { SrcT, DstT }) {
    const name = KERNELS[`${SrcT} ${DstT}`];
    return name === undefined ? null : [name, y.ptr, x.ptr, x.size];
  },
});

/** The same values in another type; no op where it is the same type already; as tf.cast. */
export interface CastOptions extends Named {
  /** An op even where the type is the same. */
  readonly always?: boolean | undefined;
}
export function cast(x: TensorLike, dtype: DType, { name = 'Cast', always = false }: CastOptions = {}): Tensor {
  const graph = graphOf([x]);
  if (isTensorLike(x) && x.dtype === dtype && !always) return convertToTensor(x, {}, graph);
  return graph.nameScope(name, (scope) => {
    if (!isTensorLike(x) && !(x instanceof IndexedSlices)) return convertToTensor(x, { name: 'x', dtype }, graph);
    const t = convertToTensor(x, { name: 'x' }, graph);
    return t.dtype === dtype && !always ? t : Cast({ x: t }, { DstT: dtype }, scope).y;
  });
}
/** The slices with their values cast. */
export const castSlices = (x: IndexedSlices, dtype: DType): IndexedSlices =>
  new IndexedSlices(cast(x.values, dtype), x.indices, x.denseShape);

const LIMITS: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
};
/** Casts, with what does not fit moved to the type's limits; as tf.saturate_cast. */
export function saturateCast(value: TensorLike, dtype: DType, { name = 'saturate_cast' }: Named = {}): Tensor {
  const graph = graphOf([value]);
  return graph.nameScope(name, (scope) => {
    let x = convertToTensor(value, { name: 'value' }, graph);
    const [low, high] = LIMITS[dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const [from, to] = LIMITS[x.dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    if (from < low) x = maximum(x, low);
    if (to > high) x = minimum(x, high);
    return cast(x, dtype, { name: scope });
  });
}
export const toFloat = (x: TensorLike, { name = 'ToFloat' }: Named = {}): Tensor => cast(x, 'float32', { name });
export const toDouble = (x: TensorLike, { name = 'ToDouble' }: Named = {}): Tensor => cast(x, 'float64', { name });
export const toInt32Cast = (x: TensorLike, { name = 'ToInt32' }: Named = {}): Tensor => cast(x, 'int32', { name });
export const toInt64Cast = (x: TensorLike, { name = 'ToInt64' }: Named = {}): Tensor => cast(x, 'int64', { name });
