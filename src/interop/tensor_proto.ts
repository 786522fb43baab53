/** @file TensorProto to value and back. */
import { create } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import {
  arrayOf,
  bytesOf,
  type Cells,
  cellOf,
  type DType,
  isBig,
  isHost,
  roundBfloat16,
  roundFloat16,
} from '../value/dtype';
import { sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { type TensorProto, TensorProtoSchema, TensorShapeProtoSchema } from './proto/tensorflow_pb';
import { dtypeNumber, dtypeOf } from './types';

/** Larger tensors than linear memory can hold are damaged files. */
const LIMIT = 2 ** 31;
/** What a cell that is a JavaScript value counts for: a few bytes of a file can ask for any number of them. */
const HOST_CELL = 64;

/** A byte-order mark is kept: texts come back as they were. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Bytes as text where they are UTF-8, else as they are. */
export function textOf(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes;
  }
}
export const bytesOfText = (s: unknown): Uint8Array =>
  s instanceof Uint8Array ? s : new TextEncoder().encode(String(s));

/** Raises InvalidArgument for complex and handle types, sizes that overflow, and contents that do not fill the shape. */
export function decodeTensor(proto: TensorProto): Value {
  const { dtype } = dtypeOf(proto.dtype);
  const shape = (proto.tensorShape?.dim ?? []).map((d) => Number(d.size));
  const size = sizeOf(shape);
  if (proto.tensorShape?.unknownRank || shape.some((d) => d < 0) || !(size * (bytesOf(dtype) || HOST_CELL) < LIMIT)) {
    throw new GraphError('InvalidArgument', `A tensor of type ${dtype} cannot have shape [${shape}].`);
  }
  const content = proto.tensorContent;
  if (content.length > 0) {
    return new Value(dtype, shape, dtype === 'string' ? readTexts(content, size) : readContent(dtype, content, size));
  }
  return new Value(dtype, shape, fromList(dtype, listOf(proto, dtype), size));
}

function readContent(dtype: DType, bytes: Uint8Array, size: number): ArrayLike<number> {
  const half = dtype === 'float16' || dtype === 'bfloat16';
  const width = half ? 2 : bytesOf(dtype);
  if (isHost(dtype)) throw new GraphError('Unimplemented', `Tensors of type ${dtype} are not supported.`);
  if (bytes.length !== size * width) {
    throw new GraphError(
      'DataLoss',
      `A tensor of ${size} ${dtype} elements has ${bytes.length} bytes in place of ${size * width}: the file is damaged.`,
    );
  }
  const own = new Uint8Array(bytes); // a copy, so that it is aligned
  if (half) return Float32Array.from(new Uint16Array(own.buffer), (bits) => fromHalf(dtype, bits));
  if (dtype === 'bool') return own.map((x) => (x === 0 ? 0 : 1));
  return new (arrayOf(dtype))(own.buffer, 0, size) as unknown as ArrayLike<number>;
}

/** TensorFlow's core, unlike Python, packs strings too: all lengths as varints, then all bytes. */
function readTexts(bytes: Uint8Array, size: number): ArrayLike<number> {
  const broken = () =>
    new GraphError('DataLoss', `${bytes.length} bytes do not hold ${size} strings: the file is damaged.`);
  const ends: number[] = [];
  let at = 0;
  for (let sum = 0; ends.length < size; ends.push(sum)) {
    let byte = 128;
    for (let unit = 1; byte >= 128; unit *= 128) {
      if (at >= bytes.length || unit > 2 ** 28) throw broken();
      byte = bytes[at++]!;
      sum += (byte & 127) * unit;
    }
  }
  if (at + (ends.at(-1) ?? 0) !== bytes.length) throw broken();
  const cells = new (arrayOf('string'))(size);
  ends.forEach((end, i) => {
    cells[i] = textOf(bytes.subarray(at + (ends[i - 1] ?? 0), at + end)) as never;
  });
  return cells;
}

function listOf(p: TensorProto, dtype: DType): ArrayLike<unknown> {
  switch (dtype) {
    case 'float32':
      return p.floatVal;
    case 'float64':
      return p.doubleVal;
    case 'int64':
      return p.int64Val;
    case 'uint64':
      return p.uint64Val;
    case 'uint32':
      return p.uint32Val;
    case 'bool':
      return p.boolVal;
    case 'string':
      return p.stringVal.map(textOf);
    case 'float16':
    case 'bfloat16':
      return p.halfVal.map((bits) => fromHalf(dtype, bits));
    case 'complex64':
    case 'complex128':
    case 'resource':
    case 'variant':
      throw new GraphError('Unimplemented', `Tensors of type ${dtype} are not supported.`);
    default:
      return p.intVal;
  }
}

/** The last element stands for all that are missing. */
function fromList(dtype: DType, list: ArrayLike<unknown>, size: number): ArrayLike<number> {
  if (list.length > size) {
    throw new GraphError('InvalidArgument', `${list.length} elements are too many for a tensor of ${size}.`);
  }
  const cells = new (arrayOf(dtype))(size);
  if (list.length === 0) {
    if (dtype === 'string') for (let i = 0; i < size; i++) cells[i] = '' as never;
    return cells;
  }
  for (let i = 0; i < size; i++) {
    const x = list[Math.min(i, list.length - 1)];
    cells[i] = (
      isBig(dtype) && typeof x !== 'bigint' ? cellOf(dtype, Number(x)) : dtype === 'bool' ? Number(x) : x
    ) as number;
  }
  return cells;
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);
function fromHalf(dtype: DType, bits: number): number {
  if (dtype === 'bfloat16') {
    word[0] = bits << 16;
    return float[0]!;
  }
  const [sign, e, f] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (e === 31) return f ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (e === 0 ? f * 2 ** -24 : (1024 + f) * 2 ** (e - 25));
}
function toHalf(dtype: DType, x: number): number {
  const half = dtype === 'float16' ? roundFloat16(x) : roundBfloat16(x); // cells given from outside may be wider
  float[0] = half;
  if (dtype === 'bfloat16') return word[0]! >>> 16;
  const sign = word[0]! >>> 31 ? 0x8000 : 0;
  const a = Math.abs(half);
  if (Number.isNaN(x)) return sign | 0x7e00;
  if (a === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (a < 2 ** -14) return sign | Math.round(a * 2 ** 24);
  const e = Math.floor(Math.log2(a));
  return sign | ((e + 15) << 10) | Math.round((a / 2 ** e - 1) * 1024);
}

/** Types that Python writes as bytes where there is more than one element. */
const PACKED: readonly DType[] = [
  'float32',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint32',
  'uint64',
  'qint8',
  'quint8',
  'qint16',
  'quint16',
  'qint32',
];

/** As tf.make_tensor_proto chooses between bytes and lists. Raises Unimplemented for complex and handle types. */
export function encodeTensor(value: Value): TensorProto {
  const { dtype, shape } = value;
  const proto = create(TensorProtoSchema, {
    dtype: dtypeNumber(dtype),
    tensorShape: create(TensorShapeProtoSchema, { dim: shape.map((d) => ({ size: BigInt(d), name: '' })) }),
  });
  const size = sizeOf(shape);
  if (PACKED.includes(dtype) && size > 1) {
    const cells = new (arrayOf(dtype))(size); // data may be a plain list, or part of a larger buffer
    cells.set(value.data);
    proto.tensorContent = new Uint8Array((cells as Cells & { readonly buffer: ArrayBuffer }).buffer);
    return proto;
  }
  const own = listOf(proto, dtype) as unknown[];
  for (let i = 0; i < size; i++) own.push(element(dtype, value.data[i]));
  if (dtype === 'string') proto.stringVal = own as Uint8Array[];
  if (dtype === 'float16' || dtype === 'bfloat16') proto.halfVal = own as number[];
  return proto;
}

function element(dtype: DType, x: unknown): unknown {
  if (dtype === 'string') return bytesOfText(x);
  if (dtype === 'bool') return Boolean(x);
  if (dtype === 'float16' || dtype === 'bfloat16') return toHalf(dtype, Number(x));
  return isBig(dtype) ? BigInt(x as number) : Number(x);
}
