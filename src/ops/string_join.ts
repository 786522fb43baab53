/** @file Texts joined along dimensions, and bytes read as numbers. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, text, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { arrayOf, type DType, isBig, roundFloat16 } from '../value/dtype';
import { sizeOf } from '../value/shape';
import type { Named } from './array';
import { eachCell, offsets, stridesOf } from './cells';
import { fail, fromFront, i32, refuse } from './expect';
import { minus } from './operators';
import { rangeRaw } from './range';
import { rank } from './shape';
import { bytesOf, cellOfBytes } from './string_cells';

// ---- ReduceJoin ---------------------------------------------------------------------------------------------------

const outside = (axis: number, n: number): boolean => axis < -n || axis >= n;
/** Axes counted from the front, each of which must be there, and once. */
function axesOf(given: readonly number[], n: number): number[] {
  const axes: number[] = [];
  for (const axis of given) {
    if (outside(axis, n)) {
      throw new GraphError('OutOfRange', `Invalid reduction dimension ${axis} for input with ${n} dimension(s)`);
    }
    const at = fromFront(axis, n);
    if (axes.includes(at)) fail(`Duplicate reduction dimension ${axis}`);
    axes.push(at);
  }
  return axes;
}
const ReduceJoin = defineOp({
  name: 'ReduceJoin',
  inputs: { inputs: 'string', reduction_indices: 'int32' },
  outputs: { output: 'string' },
  attrs: { keep_dims: bool(false), separator: text('') },
  infer({ inputs: { shape }, reduction_indices: { value } }, { keep_dims }, running) {
    if (!shape || !value) return { output: keep_dims && shape ? shape.map(() => null) : null };
    const n = shape.length;
    const wrong = value.find((axis) => outside(axis, n));
    if (wrong !== undefined) {
      if (running) return { output: null };
      refuse(`Invalid reduction dimension ${wrong} for input with ${n} dimensions.`);
    }
    const axes = value.map((axis) => fromFront(axis, n));
    const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
    return { output: keep_dims ? kept : kept.filter((_, i) => !axes.includes(i)) };
  },
  gradient: null,
  reference({ inputs, reduction_indices, output }, { keep_dims, separator }) {
    const n = inputs.shape.length;
    const axes = axesOf(Array.from(reduction_indices.data), n);
    const rest = inputs.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    output.resize(
      keep_dims ? inputs.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : rest.map((i) => inputs.shape[i]!),
    );
    const strides = stridesOf(inputs.shape);
    const along = (list: readonly number[]) => list.map((i) => offsets(inputs.shape[i]!, strides[i]!));
    const [from, to] = [inputs.data as unknown as unknown[], output.data as unknown as unknown[]];
    // The first axis named moves fastest.
    const inner = along([...axes].reverse());
    eachCell(along(rest), (start, at) => {
      const parts: Uint8Array[] = [];
      eachCell(inner, (cell) => parts.push(bytesOf(from[cell])), start);
      to[at] = cellOfBytes(joined(parts, bytesOf(separator)));
    });
  },
});
function joined(parts: readonly Uint8Array[], separator: Uint8Array): Uint8Array {
  const between = separator.length * Math.max(parts.length - 1, 0);
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, between));
  let at = 0;
  parts.forEach((p, i) => {
    if (i > 0) {
      all.set(separator, at);
      at += separator.length;
    }
    all.set(p, at);
    at += p.length;
  });
  return all;
}
export interface ReduceJoinOptions extends Named {
  /** All by default, from the last to the first; the first named is joined first. */
  readonly axis?: TensorLike | null | undefined;
  readonly keepdims?: boolean | undefined;
  /** Stands between the texts; nothing by default. */
  readonly separator?: string | undefined;
}
/** Texts joined along `axis`. @tensorflow tf.strings.reduce_join */
export function reduceJoin(inputs: TensorLike, options: ReduceJoinOptions = {}): Tensor {
  const { axis, keepdims, separator, name } = options;
  const graph = graphOf([inputs, axis]);
  return graph.nameScope('ReduceJoin', () => {
    const t = convertToTensor(inputs, {}, graph);
    const all = (): TensorLike => {
      if (t.shape) return convertToTensor(i32(t.shape.map((_, i) => i).reverse()), {}, graph);
      return rangeRaw(minus(rank(t), 1), i32(-1), i32(-1), { name: 'range' });
    };
    const attrs = { keep_dims: keepdims, separator };
    return ReduceJoin({ inputs: t, reduction_indices: axis ?? all() }, attrs, name).output;
  });
}

// ---- DecodeRaw ----------------------------------------------------------------------------------------------------

const RAW = ['float16', 'float32', 'float64', 'int32', 'uint16', 'uint8', 'int16', 'int8', 'int64', 'bool'] as const;
const WIDTH: Readonly<Record<string, number>> = { float16: 2, bool: 1 };
const widthOf = (dtype: DType): number => WIDTH[dtype] ?? arrayOf(dtype).BYTES_PER_ELEMENT;
/** The cell at a place of the bytes. */
function reader(dtype: DType, view: DataView, little: boolean): (at: number) => number {
  if (dtype === 'float16') return (at) => halfOf(view.getUint16(at, little));
  if (dtype === 'bool') return (at) => (view.getUint8(at) === 0 ? 0 : 1);
  const kind = { f: 'Float', i: isBig(dtype) ? 'BigInt' : 'Int', u: 'Uint' }[dtype[0] as 'f' | 'i' | 'u'];
  const read = `get${kind}${widthOf(dtype) * 8}` as 'getInt32';
  return (at) => view[read](at, little);
}
function halfOf(bits: number): number {
  const [sign, exponent, part] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return part ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return roundFloat16(sign * (exponent === 0 ? part * 2 ** -24 : (1024 + part) * 2 ** (exponent - 25)));
}
const DecodeRaw = defineOp({
  name: 'DecodeRaw',
  inputs: { bytes: 'string' },
  outputs: { output: 'out_type' },
  attrs: { out_type: type([...RAW, 'complex64', 'complex128']), little_endian: bool(true) },
  infer: ({ bytes: { shape } }) => ({ output: shape && [...shape, null] }),
  gradient: null,
  reference({ bytes, output }, { out_type, little_endian }) {
    const texts = Array.from(bytes.data as unknown as unknown[], bytesOf);
    const length = texts[0]?.length ?? 0;
    texts.forEach((t, i) => {
      if (t.length === length) return;
      const sizes = `element ${i} has size ${length} != ${t.length}`;
      fail(`DecodeRaw requires input strings to all be the same size, but ${sizes}`);
    });
    const width = widthOf(out_type);
    if (length % width !== 0) {
      const names = { float32: 'float', float64: 'double', float16: 'half' } as Partial<Record<DType, string>>;
      const what = `${width}, the size of ${names[out_type] ?? out_type}`;
      fail(`Input to DecodeRaw has length ${length} that is not a multiple of ${what}`);
    }
    const count = length / width;
    output.resize([...bytes.shape, count]);
    if (sizeOf(output.shape) === 0) return;
    texts.forEach((t, i) => {
      const read = reader(out_type, new DataView(t.buffer, t.byteOffset, t.length), little_endian);
      for (let k = 0; k < count; k++) output.data[i * count + k] = read(k * width);
    });
  },
});
export interface DecodeRawOptions extends Named {
  /** The lowest byte comes first, which is the default. */
  readonly littleEndian?: boolean | undefined;
}
/**
 * The bytes of texts as cells of a dtype, along a new last dimension. A run raises InvalidArgument for texts of different
 * lengths.
 * @tensorflow tf.io.decode_raw
 */
export function decodeRaw(bytes: TensorLike, outType: (typeof RAW)[number], options: DecodeRawOptions = {}): Tensor {
  return DecodeRaw({ bytes }, { out_type: outType, little_endian: options.littleEndian }, options.name).output;
}
