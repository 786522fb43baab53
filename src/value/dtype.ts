/** @file Element types, and the arrays that hold their cells. */

export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'
  | 'complex64'
  | 'complex128'
  | 'resource'
  | 'variant'
  | 'qint8'
  | 'quint8'
  | 'qint16'
  | 'quint16'
  | 'qint32';

/**
 * What kernels see of a tensor's cells. int64 and uint64 cells are bigints, strings are strings: code that only moves
 * cells, or uses operators that numbers and bigints share, serves all types; everything else asks for the dtype.
 */
export interface Cells {
  [i: number]: number;
  readonly length: number;
  set(from: ArrayLike<number>, at?: number): void;
  fill(value: number, start?: number, end?: number): unknown;
  subarray(start: number, end?: number): Cells;
  slice(start?: number, end?: number): Cells;
  [Symbol.iterator](): IterableIterator<number>;
}

type CellArray = {
  new (size: number): Cells;
  new (buffer: ArrayBuffer, at: number, size: number): Cells;
  readonly BYTES_PER_ELEMENT: number;
};

/** Cells of types that linear memory cannot hold: strings, handles of variables, tensor arrays, stacks, iterators. */
export class HostCells extends Array<unknown> {
  static readonly BYTES_PER_ELEMENT = 0;
  static get [Symbol.species](): ArrayConstructor {
    return HostCells as unknown as ArrayConstructor;
  }
  set(from: ArrayLike<unknown>, at = 0): void {
    for (let i = 0; i < from.length; i++) this[at + i] = from[i];
  }
  subarray(start: number, end?: number): HostCells {
    return this.slice(start, end) as HostCells;
  }
}

const array = (type: unknown): CellArray => type as CellArray;

/** Half-width floats are held as float32 and rounded after each op. */
const ARRAYS: Readonly<Partial<Record<DType, CellArray>>> = {
  float32: array(Float32Array),
  float64: array(Float64Array),
  float16: array(Float32Array),
  bfloat16: array(Float32Array),
  int8: array(Int8Array),
  int16: array(Int16Array),
  int32: array(Int32Array),
  int64: array(BigInt64Array),
  uint8: array(Uint8Array),
  uint16: array(Uint16Array),
  uint32: array(Uint32Array),
  uint64: array(BigUint64Array),
  bool: array(Uint8Array),
  qint8: array(Int8Array),
  quint8: array(Uint8Array),
  qint16: array(Int16Array),
  quint16: array(Uint16Array),
  qint32: array(Int32Array),
};

/** The class of a dtype's cells. */
export const arrayOf = (dtype: DType): CellArray => ARRAYS[dtype] ?? array(HostCells);
export const bytesOf = (dtype: DType): number => arrayOf(dtype).BYTES_PER_ELEMENT;
/** Whether cells are JavaScript values rather than bytes in linear memory. */
export const isHost = (dtype: DType): boolean => ARRAYS[dtype] === undefined;
export const isBig = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64';

/** What a new cell holds: 0, 0n or ''. */
export const zeroOf = (dtype: DType): number => (dtype === 'string' ? '' : isBig(dtype) ? 0n : 0) as number;
/** A number as a cell of that dtype: a bigint for int64 and uint64. */
export const cellOf = (dtype: DType, x: number): number => (isBig(dtype) ? BigInt(Math.trunc(x)) : x) as number;

export const FLOATS = ['bfloat16', 'float16', 'float32', 'float64'] as const satisfies readonly DType[];
export const COMPLEX = ['complex64', 'complex128'] as const satisfies readonly DType[];
export const INTEGERS = [
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
] as const satisfies readonly DType[];
export const REALS = [...FLOATS, ...INTEGERS] as const;
export const NUMBERS = [...REALS, ...COMPLEX, 'qint8', 'quint8', 'qint32'] as const satisfies readonly DType[];
export const INDEX = ['int32', 'int64'] as const satisfies readonly DType[];

export const isFloating = (dtype: DType): boolean => (FLOATS as readonly DType[]).includes(dtype);
export const isInteger = (dtype: DType): boolean => (INTEGERS as readonly DType[]).includes(dtype);
export const isComplex = (dtype: DType): boolean => (COMPLEX as readonly DType[]).includes(dtype);

/** TensorFlow's own names where they differ: they appear in messages and attrs. */
export const WIRE_NAME: Readonly<Partial<Record<DType, string>>> = {
  float32: 'float',
  float64: 'double',
  float16: 'half',
};
export const wireName = (dtype: DType): string => WIRE_NAME[dtype] ?? dtype;

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
/** The nearest bfloat16, ties to even. */
export function roundBfloat16(x: number): number {
  f32[0] = x;
  if (Number.isNaN(x)) return x;
  u32[0] = ((u32[0]! + 0x7fff + ((u32[0]! >>> 16) & 1)) & 0xffff0000) >>> 0;
  return f32[0]!;
}
/** The nearest float16, ties to even. */
export function roundFloat16(x: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  const a = Math.abs(x);
  const step = 2 ** (Math.max(Math.floor(Math.log2(a)), -14) - 10);
  const q = a / step;
  const f = Math.floor(q);
  const d = q - f;
  const r = (d > 0.5 || (d === 0.5 && f % 2 === 1) ? f + 1 : f) * step;
  return Math.sign(x) * (r > 65504 ? Number.POSITIVE_INFINITY : r);
}
