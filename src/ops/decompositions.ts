/** @file Factors of one matrix, as numbers by rows: LU, Cholesky, and what is solved with them. */
import { GraphError } from '../errors';
import { type DType, isBig } from '../value/dtype';
import { rounder, type Single } from './cellwise';

/** Cells by rows. */
export type Matrix = Float64Array;

/** How results of that dtype are rounded, and its distance from 1 to the next number. */
export interface Precision {
  readonly round: Single;
  readonly epsilon: number;
}
export const precisionOf = (dtype: DType): Precision => {
  if (isBig(dtype)) throw new GraphError('Internal', `No matrix of ${dtype} can be factored.`);
  const epsilon = dtype === 'float64' ? 2 ** -52 : dtype === 'float16' ? 2 ** -10 : 2 ** -23;
  return { round: rounder(dtype), epsilon };
};

export const notInvertible = (what = 'Input matrix'): GraphError =>
  new GraphError('InvalidArgument', `${what} is not invertible.`);

/** L below the diagonal and U above in one matrix, the order of the rows, and whether they changed an odd number of times. */
export interface Lu {
  readonly cells: Matrix;
  readonly order: readonly number[];
  readonly odd: boolean;
}
/** The LU factors with partial pivoting; each step is rounded, so that what is singular for TensorFlow is so here. */
export function luOf(a: Matrix, n: number, round: Single): Lu {
  const m = a.slice();
  const order = Array.from({ length: n }, (_, i) => i);
  let odd = false;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(m[i * n + k]!) > Math.abs(m[best * n + k]!)) best = i;
    if (m[best * n + k] === 0) continue;
    if (best !== k) {
      odd = !odd;
      [order[k], order[best]] = [order[best]!, order[k]!];
      for (let j = 0; j < n; j++) [m[k * n + j], m[best * n + j]] = [m[best * n + j]!, m[k * n + j]!];
    }
    const pivot = m[k * n + k]!;
    for (let i = k + 1; i < n; i++) {
      const factor = round(m[i * n + k]! / pivot);
      m[i * n + k] = factor;
      for (let j = k + 1; j < n; j++) m[i * n + j] = round(m[i * n + j]! - round(factor * m[k * n + j]!));
    }
  }
  return { cells: m, order, odd };
}
/** x with A x = b for b of `columns` columns. Raises InvalidArgument where a pivot is no number above 0. */
export function luSolve({ cells: m, order }: Lu, b: Matrix, n: number, columns: number, what?: string): Matrix {
  for (let i = 0; i < n; i++) if (!(Math.abs(m[i * n + i]!) > 0)) throw notInvertible(what);
  const x = new Float64Array(n * columns);
  for (let i = 0; i < n; i++) for (let c = 0; c < columns; c++) x[i * columns + c] = b[order[i]! * columns + c]!;
  substitute(m, x, n, columns, { lower: true, turned: false, unit: true });
  substitute(m, x, n, columns, { lower: false, turned: false });
  return x;
}

export interface Triangle {
  readonly lower: boolean;
  /** The transpose of the triangle is meant. */
  readonly turned: boolean;
  /** The diagonal is all ones. */
  readonly unit?: boolean;
}
/** Solves with a triangle of `m` in the place of the right side. */
export function substitute(m: Matrix, x: Matrix, n: number, columns: number, { lower, turned, unit }: Triangle): void {
  const forward = lower !== turned;
  const at = (i: number, j: number) => m[turned ? j * n + i : i * n + j]!;
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    for (let c = 0; c < columns; c++) {
      let sum = x[i * columns + c]!;
      for (let j = forward ? 0 : i + 1; j < (forward ? i : n); j++) sum -= at(i, j) * x[j * columns + c]!;
      x[i * columns + c] = unit ? sum : sum / at(i, i);
    }
  }
}

/** The sign of the determinant, and the logarithm of its size; 0 and -Infinity where that is no number. */
export function logDeterminant(a: Matrix, n: number, round: Single): readonly [sign: number, log: number] {
  const { cells, odd } = luOf(a, n, round);
  let [sign, log] = [odd ? -1 : 1, 0];
  for (let i = 0; i < n; i++) {
    const d = cells[i * n + i]!;
    log = round(log + round(Math.log(Math.abs(d))));
    if (d < 0) sign = -sign;
  }
  return Number.isFinite(log) ? [sign, log] : [0, Number.NEGATIVE_INFINITY];
}

/** L with L L' = A; only the lower triangle of A is read. Raises InvalidArgument for what is not positive definite. */
export function choleskyOf(a: Matrix, n: number, round: Single): Matrix {
  const l = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum = round(sum - round(l[i * n + k]! * l[j * n + k]!));
      if (i > j) l[i * n + j] = round(sum / l[j * n + j]!);
      else if (sum <= 0) {
        const words = 'Cholesky decomposition was not successful. The input might not be valid.';
        throw new GraphError('InvalidArgument', words);
      } else l[j * n + j] = round(Math.sqrt(sum));
    }
  }
  return l;
}

// ---- reflections and rotations ------------------------------------------------------------------------------------

/** H = 1 - tau v v' with v[0] = 1 takes x to (beta, 0, ...). */
export interface Reflection {
  readonly v: Float64Array;
  readonly tau: number;
  readonly beta: number;
}
export function reflectionOf(x: Float64Array): Reflection {
  const v = x.slice();
  const first = x[0]!;
  let tail = 0;
  for (let i = 1; i < x.length; i++) tail += x[i]! ** 2;
  v[0] = 1;
  if (tail <= 1e-300) {
    v.fill(0, 1);
    return { v, tau: 0, beta: first };
  }
  const size = Math.sqrt(first * first + tail);
  const beta = first >= 0 ? -size : size;
  for (let i = 1; i < v.length; i++) v[i] = x[i]! / (first - beta);
  return { v, tau: (beta - first) / beta, beta };
}
/** H m, for the rows from `row` and the columns from `column` on of a matrix `width` wide. */
export function reflect({ v, tau }: Reflection, m: Matrix, width: number, row: number, column: number): void {
  for (let j = column; j < width; j++) {
    let dot = 0;
    for (let i = 0; i < v.length; i++) dot += v[i]! * m[(row + i) * width + j]!;
    for (let i = 0; i < v.length; i++) m[(row + i) * width + j]! -= tau * dot * v[i]!;
  }
}
/** The first `columns` columns of the product of the reflections, of which number k begins at row k + shift. */
export function productOf(reflections: readonly Reflection[], rows: number, columns: number, shift = 0): Matrix {
  const q = identityOf(rows, columns);
  for (let k = reflections.length - 1; k >= 0; k--) reflect(reflections[k]!, q, columns, k + shift, 0);
  return q;
}
export function identityOf(rows: number, columns = rows): Matrix {
  const q = new Float64Array(rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i++) q[i * columns + i] = 1;
  return q;
}
export function transposed(m: Matrix, rows: number, columns: number): Matrix {
  const t = new Float64Array(m.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) t[j * rows + i] = m[i * columns + j]!;
  return t;
}

export interface Rotation {
  readonly c: number;
  readonly s: number;
}
/** Columns p and q of a matrix, turned. */
export function turnColumns(m: Matrix, width: number, p: number, q: number, { c, s }: Rotation): void {
  for (let i = 0; i < m.length; i += width) {
    const [x, y] = [m[i + p]!, m[i + q]!];
    m[i + p] = c * x - s * y;
    m[i + q] = s * x + c * y;
  }
}
/** Rows p and q of a matrix, turned. */
export function turnRows(m: Matrix, width: number, p: number, q: number, { c, s }: Rotation): void {
  for (let j = 0; j < width; j++) {
    const [x, y] = [m[p * width + j]!, m[q * width + j]!];
    m[p * width + j] = c * x + s * y;
    m[q * width + j] = -s * x + c * y;
  }
}
export function swapColumns(m: Matrix, width: number, p: number, q: number): void {
  for (let i = 0; i < m.length; i += width) [m[i + p], m[i + q]] = [m[i + q]!, m[i + p]!];
}
