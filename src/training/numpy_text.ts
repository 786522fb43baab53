/** @file Values as NumPy shows them, for lines in the log that read as TensorFlow's. */
import { floatText } from '../interop/text_format';
import { isFloating, isHost } from '../value/dtype';
import { sizeOf } from '../value/shape';
import type { Value } from '../value/value';

/** Digits behind the point, in arrays. */
const PRECISION = 8;
const LINE = 75;
/** Larger arrays are shown by their first and last rows. */
const THRESHOLD = 1000;
const EDGE = 3;

/** As str() of a NumPy array under suppress=True. */
export function numpyText(value: Value): string {
  const { shape, data, dtype } = value;
  if (shape.length === 0) return scalarText(value, 0);
  if (sizeOf(shape) === 0) return '[]';
  const shown = shownIndices(shape);
  const each = isFloating(dtype)
    ? floatWords(
        shown.map((i) => Number(data[i])),
        dtype === 'float64',
      )
    : padded(
        shown.map((i) => scalarText(value, i)),
        isHost(dtype) || dtype === 'string',
      );
  const words = new Map(shown.map((i, k) => [i, each[k]!]));
  return block(shape, (i) => words.get(i)!, sizeOf(shape) > THRESHOLD, 0, 0, '', LINE);
}

function scalarText({ dtype, data, shape }: Value, i: number): string {
  const x = data[i] as unknown;
  if (dtype === 'string') return `b${quoted(x)}`;
  if (dtype === 'bool') return x ? (shape.length > 0 ? ' True' : 'True') : 'False';
  if (!isFloating(dtype)) return String(x);
  const n = Number(x);
  return floatText(dtype === 'float64' || !Number.isFinite(n) ? n : shortest(n));
}
function quoted(x: unknown): string {
  const bytes = x instanceof Uint8Array ? x : new TextEncoder().encode(String(x));
  const special: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 39: "\\'", 92: '\\\\' };
  const text = Array.from(bytes, (b) => {
    if (special[b]) return special[b];
    return b < 32 || b > 126 ? `\\x${b.toString(16).padStart(2, '0')}` : String.fromCharCode(b);
  });
  const inner = text.join('');
  return inner.includes("\\'") && !inner.includes('"') ? `"${inner.replaceAll("\\'", "'")}"` : `'${inner}'`;
}
/** The float64 with the fewest digits that is this float32. */
function shortest(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return x === 0 ? x : short; // -0 too
  }
  return Number(x.toPrecision(9));
}

/** All with the point at the same place; from 1e8 on with exponents. */
function floatWords(xs: readonly number[], isDouble: boolean): string[] {
  const large = xs.some((x) => Number.isFinite(x) && Math.abs(x) >= 1e8);
  const parts = xs.map((x) => {
    if (!Number.isFinite(x)) return null;
    const short = isDouble ? x : shortest(x);
    return split(large ? scientific(short) : positional(short));
  });
  const longest = Math.max(0, ...parts.map((p) => p?.fraction.length ?? 0));
  const tails = parts.map((p) => p && `.${p.fraction.padEnd(longest, large ? '0' : ' ')}${p.exponent}`);
  const right = Math.max(0, ...tails.map((t) => t?.length ?? 0));
  const left = Math.max(...parts.map((p, i) => p?.whole.length ?? floatText(xs[i]!).length - right));
  return parts.map((p, i) => (p ? p.whole.padStart(left) + tails[i]! : floatText(xs[i]!).padStart(left + right)));
}
interface Split {
  readonly whole: string;
  readonly fraction: string;
  readonly exponent: string;
}
function split(text: string): Split {
  const [, whole = '', fraction = '', exponent = ''] = /^(-?\d+)(?:\.(\d*?)0*)?(e.*)?$/.exec(text) ?? [];
  return { whole, fraction, exponent };
}
const scientific = (x: number): string => {
  const text = x.toExponential();
  const digits = /\.(\d+)e/.exec(text)?.[1] ?? '';
  return (digits.length > PRECISION ? x.toExponential(PRECISION) : text).replace(/e([+-])(\d)$/, 'e$10$2');
};
/** Never with an exponent. */
function positional(x: number): string {
  const text = Object.is(x, -0) ? '-0' : String(x);
  if (Math.abs(x) >= 1e21) return String(BigInt(x));
  const digits = /\.(\d+)$/.exec(text)?.[1] ?? '';
  return text.includes('e') || digits.length > PRECISION ? x.toFixed(PRECISION) : text;
}
function padded(words: readonly string[], free: boolean): string[] {
  const width = free ? 0 : Math.max(...words.map((w) => w.length));
  return words.map((w) => w.padStart(width));
}

/** For each step along an axis; null stands for those left out. */
const stepsOf = (n: number, cut: boolean): (number | null)[] => {
  const all = Array.from({ length: n }, (_, i) => i);
  return cut && n > 2 * EDGE ? [...all.slice(0, EDGE), null, ...all.slice(-EDGE)] : all;
};
function shownIndices(shape: readonly number[]): number[] {
  const cut = sizeOf(shape) > THRESHOLD;
  return shape.reduce<number[]>(
    (at, n) => at.flatMap((i) => stepsOf(n, cut).flatMap((k) => (k === null ? [] : [i * n + k]))),
    [0],
  );
}

function block(
  shape: readonly number[],
  word: (i: number) => string,
  cut: boolean,
  axis: number,
  at: number,
  indent: string,
  width: number,
): string {
  const n = shape[axis]!;
  const steps = stepsOf(n, cut);
  const inner = `${indent} `;
  if (axis === shape.length - 1) {
    const lines: string[] = [];
    let line = inner;
    for (const k of steps) {
      const next = k === null ? '...' : word(at * n + k);
      if (line.length + next.length > width - 1 && line.length > inner.length) {
        lines.push(line.trimEnd());
        line = inner;
      }
      line += `${next} `;
    }
    return `[${[...lines, line.slice(0, -1)].join('\n').slice(inner.length)}]`;
  }
  const between = '\n'.repeat(shape.length - axis - 1) + inner;
  const parts = steps.map((k) =>
    k === null ? '...' : block(shape, word, cut, axis + 1, at * n + k, inner, width - 1),
  );
  return `[${parts.join(between)}]`;
}
