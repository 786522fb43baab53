/** @file Texts changed cell by cell: parts, cases, patterns, hashes, and numbers read from them. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { dtypeIn } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, int, type Known, string, text, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { INDEX } from '../value/dtype';
import { broadcastIndex, type Shape, sameShape, showShape } from '../value/shape';
import type { Named } from './array';
import { rounder } from './cellwise';
import { fail, refuse, scalarOf, withRank } from './expect';
import { compile, matchesWhole, replaced } from './regular_expressions';
import { bytesOf, cellOfBytes, fingerprint64, fromBase64, textOf, toBase64 } from './string_cells';

type Cell = string | Uint8Array;
const cellsOf = (t: Slot): Cell[] => t.data as unknown as Cell[];

/** One text out of one. */
function map(from: Slot, to: Slot, change: (cell: Cell) => Cell): void {
  const [a, out] = [cellsOf(from), cellsOf(to)];
  for (let i = 0; i < from.size; i++) out[i] = change(a[i]!);
}
const sameAsInput = ({ input }: { readonly input: Known }) => ({ output: input.shape });
/** Changes the text, byte by byte where it is none. */
const byBytes =
  (change: (byte: number) => number) =>
  (cell: Cell): Cell =>
    cellOfBytes(bytesOf(cell).map(change));
const lower = (b: number): number => (b >= 65 && b <= 90 ? b + 32 : b);
const upper = (b: number): number => (b >= 97 && b <= 122 ? b - 32 : b);

// ---- cases and spaces ---------------------------------------------------------------------------------------------

export interface EncodingOptions extends Named {
  /** '' changes ASCII letters only. */
  readonly encoding?: '' | 'utf-8' | undefined;
}
function checkEncoding(encoding: string): boolean {
  if (encoding === '' || encoding === 'utf-8') return encoding !== '';
  return fail(`only utf-8 or '' (no encoding) is supported, received ${encoding}`);
}
const StringLower = defineOp({
  name: 'StringLower',
  inputs: { input: 'string' },
  outputs: { output: 'string' },
  attrs: { encoding: text('') },
  infer: sameAsInput,
  gradient: 'missing',
  reference({ input, output }, { encoding }) {
    map(input, output, checkEncoding(encoding) ? (cell) => textOf(cell).toLowerCase() : byBytes(lower));
  },
});
/** Texts in small letters. @tensorflow tf.strings.lower */
export function stringLower(input: TensorLike, { encoding, name }: EncodingOptions = {}): Tensor {
  return StringLower({ input }, { encoding }, name).output;
}
const StringUpper = defineOp({
  name: 'StringUpper',
  inputs: { input: 'string' },
  outputs: { output: 'string' },
  attrs: { encoding: text('') },
  infer: sameAsInput,
  gradient: 'missing',
  reference({ input, output }, { encoding }) {
    map(input, output, checkEncoding(encoding) ? (cell) => textOf(cell).toUpperCase() : byBytes(upper));
  },
});
/** Texts in capitals. @tensorflow tf.strings.upper */
export function stringUpper(input: TensorLike, { encoding, name }: EncodingOptions = {}): Tensor {
  return StringUpper({ input }, { encoding }, name).output;
}

const isSpace = (b: number): boolean => b === 32 || (b >= 9 && b <= 13);
const StringStrip = defineOp({
  name: 'StringStrip',
  inputs: { input: 'string' },
  outputs: { output: 'string' },
  attrs: {},
  infer: sameAsInput,
  gradient: 'missing',
  reference({ input, output }) {
    map(input, output, (cell) => {
      const bytes = bytesOf(cell);
      let [start, end] = [0, bytes.length];
      while (start < end && isSpace(bytes[start]!)) start++;
      while (end > start && isSpace(bytes[end - 1]!)) end--;
      return cellOfBytes(bytes.slice(start, end));
    });
  },
});
/** Texts without the white space around them. @tensorflow tf.strings.strip */
export function stringStrip(input: TensorLike, { name }: Named = {}): Tensor {
  return StringStrip({ input }, {}, name).output;
}

// ---- lengths and parts --------------------------------------------------------------------------------------------

export interface UnitOptions extends Named {
  /** What is counted; bytes by default. */
  readonly unit?: 'BYTE' | 'UTF8_CHAR' | undefined;
}
const unit = string('BYTE', 'UTF8_CHAR');
/** Where each character begins, and the end. */
function charactersOf(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  bytes.forEach((b, i) => {
    if ((b & 0xc0) !== 0x80) starts.push(i);
  });
  return [...starts, bytes.length];
}
const StringLength = defineOp({
  name: 'StringLength',
  inputs: { input: 'string' },
  outputs: { output: 'int32' },
  attrs: { unit },
  infer: sameAsInput,
  gradient: 'missing',
  reference({ input, output }, attrs) {
    cellsOf(input).forEach((cell, i) => {
      const bytes = bytesOf(cell);
      output.data[i] = attrs.unit === 'BYTE' ? bytes.length : charactersOf(bytes).length - 1;
    });
  },
});
/** The lengths of texts, int32. @tensorflow tf.strings.length */
export function stringLength(input: TensorLike, options: UnitOptions = {}): Tensor {
  return StringLength({ input }, { unit: options.unit }, options.name).output;
}

const Substr = defineOp({
  name: 'Substr',
  inputs: { input: 'string', pos: 'T', len: 'T' },
  outputs: { output: 'string' },
  attrs: { T: type(INDEX), unit },
  infer({ input, pos, len }) {
    if (len.shape) withRank(pos.shape, len.shape.length);
    return { output: substrShape(input.shape, pos.shape) };
  },
  gradient: 'missing',
  reference({ input, pos, len, output }, attrs) {
    if (!sameShape(pos.shape, len.shape)) fail(`pos and len must have the same shape`);
    const [a, out] = [cellsOf(input), cellsOf(output)];
    const from = broadcastIndex(input.shape, output.shape);
    const by = broadcastIndex(pos.shape, output.shape);
    for (let i = 0; i < output.size; i++) {
      const cell = a[from(i)]!;
      const bytes = bytesOf(cell);
      const bounds = attrs.unit === 'UTF8_CHAR' ? charactersOf(bytes) : null;
      const size = bounds ? bounds.length - 1 : bytes.length;
      const [start, length] = [Number(pos.data[by(i)]), Number(len.data[by(i)])];
      if (Math.abs(start) > size) {
        const what = bounds ? '' : ` b'${textOf(cell)}'`;
        const plain = pos.size === 1 || sameShape(pos.shape, input.shape) || output.shape.length < 2;
        const width = output.shape.at(-1)!;
        const place = plain ? i : `(${Math.floor(i / width)}, ${i % width})`;
        fail(`pos ${start} out of range for string${what} at index ${place}`);
      }
      const first = start < 0 ? size + start : start;
      const last = Math.max(first, Math.min(size, first + length));
      out[i] = cellOfBytes(bytes.slice(bounds ? bounds[first] : first, bounds ? bounds[last] : last));
    }
  },
});
function substrShape(input: Shape, pos: Shape): Shape {
  if (input === null || pos === null) return null;
  const [long, short] = input.length >= pos.length ? [input, pos] : [pos, input];
  const lead = long.length - short.length;
  return long.map((d, i) => {
    const e = i < lead ? 1 : short[i - lead]!;
    if (d === 1) return e;
    if (e === 1 || d === e) return d;
    if (d === null || e === null) return d ?? e;
    return refuse(`Incompatible shapes for broadcasting: ${showShape(input)} and ${showShape(pos)}`);
  });
}
/**
 * `len` bytes (or characters) of texts from `pos` on, which may count from the end; goes by broadcasting. A run raises
 * InvalidArgument where pos lies outside.
 * @tensorflow tf.strings.substr
 */
export function substr(input: TensorLike, pos: TensorLike, len: TensorLike, options: UnitOptions = {}): Tensor {
  const T = (dtypeIn(pos) ?? dtypeIn(len) ?? 'int32') as 'int32';
  return Substr({ input, pos, len }, { T, unit: options.unit }, options.name).output;
}

// ---- patterns -----------------------------------------------------------------------------------------------------

const RegexReplace = defineOp({
  name: 'RegexReplace',
  inputs: { input: 'string', pattern: 'string', rewrite: 'string' },
  outputs: { output: 'string' },
  attrs: { replace_global: bool(true) },
  infer({ input, pattern, rewrite }) {
    scalarOf(pattern, `Pattern must be scalar, but received ${showShape(pattern.shape)}`);
    scalarOf(rewrite, `Rewrite must be scalar, but received ${showShape(rewrite.shape)}`);
    return { output: input.shape };
  },
  gradient: null,
  reference({ input, pattern, rewrite, output }, { replace_global }) {
    replaceAll(input, output, textOf(cellsOf(pattern)[0]), textOf(cellsOf(rewrite)[0]), replace_global);
  },
});
const StaticRegexReplace = defineOp({
  name: 'StaticRegexReplace',
  inputs: { input: 'string' },
  outputs: { output: 'string' },
  attrs: { pattern: text(), rewrite: text(), replace_global: bool(true) },
  infer: sameAsInput,
  gradient: 'missing',
  reference({ input, output }, { pattern, rewrite, replace_global }) {
    replaceAll(input, output, pattern, rewrite, replace_global);
  },
});
function replaceAll(input: Slot, output: Slot, pattern: string, rewrite: string, all: boolean): void {
  const expression = compile(pattern);
  map(input, output, (cell) => replaced(textOf(cell), expression, rewrite, all));
}
export interface RegexOptions extends Named {
  /** All matches, which is the default, or the first. */
  readonly replaceGlobal?: boolean | undefined;
}
/**
 * Texts with the matches of an RE2 pattern replaced; `\1` to `\9` in `rewrite` stand for groups. A run raises
 * InvalidArgument for a wrong pattern.
 * @tensorflow tf.strings.regex_replace
 */
export function regexReplace(
  input: TensorLike,
  pattern: TensorLike,
  rewrite: TensorLike,
  { replaceGlobal, name }: RegexOptions = {},
): Tensor {
  const attrs = { replace_global: replaceGlobal };
  if (typeof pattern === 'string' && typeof rewrite === 'string') {
    return StaticRegexReplace({ input }, { pattern, rewrite, ...attrs }, name).output;
  }
  return RegexReplace({ input, pattern, rewrite }, attrs, name).output;
}

const RegexFullMatch = defineOp({
  name: 'RegexFullMatch',
  inputs: { input: 'string', pattern: 'string' },
  outputs: { output: 'bool' },
  attrs: {},
  infer({ input, pattern }) {
    scalarOf(pattern, `Pattern must be scalar, but received ${showShape(pattern.shape)}`);
    return { output: input.shape };
  },
  gradient: 'missing',
  reference: ({ input, pattern, output }) => matchAll(input, output, textOf(cellsOf(pattern)[0])),
});
const StaticRegexFullMatch = defineOp({
  name: 'StaticRegexFullMatch',
  inputs: { input: 'string' },
  outputs: { output: 'bool' },
  attrs: { pattern: text() },
  infer: sameAsInput,
  gradient: 'missing',
  reference: ({ input, output }, { pattern }) => matchAll(input, output, pattern),
});
function matchAll(input: Slot, output: Slot, pattern: string): void {
  const expression = compile(pattern);
  cellsOf(input).forEach((cell, i) => {
    output.data[i] = matchesWhole(textOf(cell), expression) ? 1 : 0;
  });
}
/** Whether all of a text matches an RE2 pattern. @tensorflow tf.strings.regex_full_match */
export function regexFullMatch(input: TensorLike, pattern: TensorLike, { name }: Named = {}): Tensor {
  if (typeof pattern === 'string') return StaticRegexFullMatch({ input }, { pattern }, name).output;
  return RegexFullMatch({ input, pattern }, {}, name).output;
}

// ---- hashes and numbers -------------------------------------------------------------------------------------------

const StringToHashBucketFast = defineOp({
  name: 'StringToHashBucketFast',
  inputs: { input: 'string' },
  outputs: { output: 'int64' },
  attrs: { num_buckets: int() },
  infer: sameAsInput,
  gradient: null,
  reference({ input, output }, { num_buckets }) {
    const out = output.data as unknown as BigInt64Array;
    cellsOf(input).forEach((cell, i) => {
      out[i] = fingerprint64(bytesOf(cell)) % BigInt(num_buckets);
    });
  },
});
/** Texts as numbers in [0, numBuckets), int64, by FarmHash. @tensorflow tf.strings.to_hash_bucket_fast */
export function stringToHashBucketFast(input: TensorLike, numBuckets: number, { name }: Named = {}): Tensor {
  if (!(numBuckets >= 1)) {
    const words = `Attr 'num_buckets' of 'StringToHashBucketFast' Op passed ${numBuckets} less than minimum 1.`;
    throw new GraphError('Value', words);
  }
  return StringToHashBucketFast({ input }, { num_buckets: numBuckets }, name).output;
}

const FLOAT = /^[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?|0x[\da-f]+|inf|nan)$/i;
function numberIn(cell: Cell, isWhole: boolean, bits: number): number | bigint | null {
  const all = textOf(cell);
  const short = all.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '');
  if (isWhole) {
    if (!/^-?\d+$/.test(short)) return null;
    const n = BigInt(short);
    return BigInt.asIntN(bits, n) === n ? n : null;
  }
  if (all.length >= 32 || !FLOAT.test(short)) return null;
  const special = /^([+-]?)(inf|nan)/i.exec(short);
  const size = special
    ? special[2]!.toLowerCase() === 'nan'
      ? Number.NaN
      : Number.POSITIVE_INFINITY
    : Number(short.replace(/^[+-]/, ''));
  return short.startsWith('-') ? -size : size;
}
const StringToNumber = defineOp({
  name: 'StringToNumber',
  inputs: { string_tensor: 'string' },
  outputs: { output: 'out_type' },
  attrs: { out_type: type(['float32', 'float64', 'int32', 'int64'], 'float32') },
  infer: ({ string_tensor }) => ({ output: string_tensor.shape }),
  gradient: 'missing',
  reference({ string_tensor, output }, { out_type }) {
    const round = rounder(out_type);
    const isWhole = out_type.startsWith('int');
    cellsOf(string_tensor).forEach((cell, i) => {
      const found = numberIn(cell, isWhole, Number(out_type.slice(-2)));
      if (found === null) fail(`StringToNumberOp could not correctly convert string: ${textOf(cell)}`);
      output.data[i] = isWhole && out_type === 'int64' ? (found as number) : round(Number(found));
    });
  },
});
export interface NumberOptions extends Named {
  /** float32 by default. */
  readonly outType?: 'float32' | 'float64' | 'int32' | 'int64' | undefined;
}
/** The numbers that texts spell. A run raises InvalidArgument for other texts. @tensorflow tf.strings.to_number */
export function stringToNumber(stringTensor: TensorLike, { outType, name }: NumberOptions = {}): Tensor {
  return StringToNumber({ string_tensor: stringTensor }, { out_type: outType }, name).output;
}

// ---- base64 -------------------------------------------------------------------------------------------------------

const EncodeBase64 = defineOp({
  name: 'EncodeBase64',
  inputs: { input: 'string' },
  outputs: { output: 'string' },
  attrs: { pad: bool(false) },
  infer: sameAsInput,
  gradient: null,
  reference: ({ input, output }, { pad }) => map(input, output, (cell) => toBase64(bytesOf(cell), pad)),
});
export interface PadOptions extends Named {
  /** Filled up to fours with `=`. */
  readonly pad?: boolean | undefined;
}
/** Texts in base64, web-safe. @tensorflow tf.io.encode_base64 */
export function encodeBase64(input: TensorLike, { pad, name }: PadOptions = {}): Tensor {
  return EncodeBase64({ input }, { pad }, name).output;
}
const DecodeBase64 = defineOp({
  name: 'DecodeBase64',
  inputs: { input: 'string' },
  outputs: { output: 'string' },
  attrs: {},
  infer: sameAsInput,
  gradient: null,
  reference({ input, output }) {
    map(input, output, (cell) => {
      if (textOf(cell).length % 4 === 1) fail('Base64 string length cannot be 1 modulo 4.');
      const bytes = fromBase64(textOf(cell));
      return bytes ? cellOfBytes(bytes) : fail('Invalid character found in base64.');
    });
  },
});
/** What base64 texts, web-safe, stand for. @tensorflow tf.io.decode_base64 */
export function decodeBase64(input: TensorLike, { name }: Named = {}): Tensor {
  return DecodeBase64({ input }, {}, name).output;
}
