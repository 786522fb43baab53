/** @file The Summary messages of event files, written byte by byte as protocol buffers. */
import { GraphError } from '../errors';
import type { Slot } from '../kernels/memory';
import type { DType } from '../value/dtype';

const utf8 = new TextEncoder();
const LENGTH = 2;
const NONE = new Uint8Array();

/** A cell of a string tensor: text, or bytes that may be no text. */
export const bytesOf = (cell: unknown): Uint8Array => (cell instanceof Uint8Array ? cell : utf8.encode(String(cell)));
export const textOf = (cell: unknown): string =>
  cell instanceof Uint8Array ? new TextDecoder().decode(cell) : String(cell);

export function joined(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
function varint(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
/** A field of bytes, of text or of another message. */
export const field = (n: number, bytes: Uint8Array): Uint8Array =>
  joined([[n * 8 + LENGTH], varint(bytes.length), bytes]);
export const textField = (n: number, text: string): Uint8Array => (text === '' ? NONE : field(n, utf8.encode(text)));
// Numbers that are 0 are left out.
export const intField = (n: number, x: number): Uint8Array => (x === 0 ? NONE : joined([[n * 8], varint(x)]));
export const doubleField = (n: number, x: number): Uint8Array =>
  x === 0 && !Object.is(x, -0) ? NONE : joined([[n * 8 + 1], new Uint8Array(Float64Array.of(x).buffer)]);
/** A float within a oneof, which is never left out. */
export const floatField = (n: number, x: number): Uint8Array =>
  joined([[n * 8 + 5], new Uint8Array(Float32Array.of(x).buffer)]);
export const doublesField = (n: number, values: readonly number[]): Uint8Array =>
  field(n, new Uint8Array(Float64Array.from(values).buffer));

/** One tagged value of a Summary. */
export const valueMessage = (tag: string, content: Uint8Array): Uint8Array =>
  field(1, joined([textField(1, tag), content]));

/** The tags within a Summary. */
export function* tagsOf(summary: Uint8Array): Generator<string> {
  let at = 0;
  const length = (): number => {
    let n = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = summary[at++] ?? 0;
      n += (byte % 128) * scale;
      if (byte < 128) return n;
    }
  };
  while (at < summary.length) {
    at++;
    const end = length() + at;
    if (summary[at] === 8 + LENGTH) {
      at++;
      const size = length();
      yield new TextDecoder().decode(summary.subarray(at, at + size));
    }
    at = end;
  }
}

/** The tag of a summary op, which must be one text. */
export function scalarTag(tag: Slot, words: string): string {
  if (tag.shape.length > 0) throw new GraphError('InvalidArgument', words);
  return textOf(tag.data[0]);
}
export function answer(summary: Slot, bytes: Uint8Array): void {
  (summary.data as unknown as Uint8Array[])[0] = bytes;
}

// ---- TensorProto --------------------------------------------------------------------------------------------------

/** DataType numbers. */
const TYPE_NUMBERS: Readonly<Partial<Record<DType, number>>> = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  float16: 19,
  uint32: 22,
  uint64: 23,
};
/** The bits of numbers that are float16 already. */
function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | (size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | ((size / 2 ** exponent - 1) * 1024);
}
function cellBytes({ dtype, data, size }: Slot): Uint8Array {
  if (dtype === 'float16')
    return new Uint8Array(Uint16Array.from({ length: size }, (_, i) => halfBits(data[i]!)).buffer);
  const { buffer, byteOffset, byteLength } = data as unknown as Uint8Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  // The upper half of a float32 is its bfloat16.
  return dtype === 'bfloat16' ? bytes.filter((_, i) => i % 4 > 1) : bytes.slice();
}
/** A tensor as a TensorProto: texts one by one, numbers as they lie in memory. */
export function tensorMessage(t: Slot): Uint8Array {
  const number = TYPE_NUMBERS[t.dtype];
  if (number === undefined) throw new GraphError('Unimplemented', `Tensors of type ${t.dtype} can not be summarized.`);
  const shape = field(2, joined(t.shape.map((d) => field(2, intField(1, d)))));
  const isText = t.dtype === 'string';
  const cells = isText
    ? joined(Array.from({ length: t.size }, (_, i) => field(8, bytesOf(t.data[i]))))
    : t.size > 0
      ? field(4, cellBytes(t))
      : NONE;
  return joined([intField(1, number), shape, cells]);
}
