/** @file Cells as TensorFlow's messages show them. */
import type { Slot } from '../kernels/memory';
import { type DType, isBig, isComplex, isFloating } from '../value/dtype';
import type { FullShape } from '../value/shape';

/** A number as C's `%.<digits>g` prints it. */
function general(x: number, digits: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (x === 0) return Object.is(x, -0) ? '-0' : '0';
  const [mantissa, exponent] = x.toExponential(digits - 1).split('e') as [string, string];
  const power = Number(exponent);
  const bare = (s: string) => (s.includes('.') ? s.replace(/\.?0+$/, '') : s);
  if (power >= -4 && power < digits) return bare(x.toFixed(digits - 1 - power));
  return `${bare(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
/** As few digits as bring the number back, of two choices. */
function floating(x: number, dtype: DType): string {
  const double = dtype === 'float64';
  const short = general(x, double ? 15 : 6);
  const back = double ? Number(short) : Math.fround(Number(short));
  return back === x || !Number.isFinite(x) ? short : general(x, double ? 17 : 9);
}

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 39: "\\'", 92: '\\\\' };
const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
/** Bytes that do not print, as C escapes. */
function escaped(x: unknown): string {
  const bytes = typeof x === 'string' ? new TextEncoder().encode(x) : (x as Uint8Array);
  return Array.from(bytes, (b) => ESCAPES[b] ?? (b < 32 || b > 126 ? octal(b) : String.fromCharCode(b))).join('');
}

function showCell(x: unknown, dtype: DType): string {
  if (dtype === 'string') return escaped(x);
  if (isFloating(dtype)) return floating(x as number, dtype);
  return isComplex(dtype) || dtype === 'resource' || dtype === 'variant' ? '?' : String(isBig(dtype) ? x : Number(x));
}

/** The first `most` cells, all for a negative number: `[1 2][3...]...`, as Tensor::SummarizeValue. */
export function summarize({ dtype, shape, data }: Slot, most: number): string {
  const limit = most < 0 ? data.length : Math.min(most, data.length);
  const more = data.length > limit ? '...' : '';
  const flat = shape.length < 2 || dtype === 'string' || isComplex(dtype);
  if (flat) return Array.from({ length: limit }, (_, i) => showCell(data[i], dtype)).join(' ') + more;
  return nested(data, dtype, shape, limit) + more;
}

function nested(data: Slot['data'], dtype: DType, shape: FullShape, limit: number): string {
  let at = 0;
  let out = '';
  const row = (n: number): void => {
    for (let i = 0; i < n; i++) {
      if (at >= limit) {
        out += '...';
        return;
      }
      out += (i > 0 ? ' ' : '') + showCell(data[at++], dtype);
    }
  };
  const walk = (d: number): void => {
    if (at >= limit) return;
    if (d === shape.length - 1) {
      row(shape[d]!);
      return;
    }
    for (let i = 0; i < shape[d]! && at < limit; i++) {
      out += '[';
      walk(d + 1);
      out += ']';
    }
  };
  walk(0);
  return out;
}
