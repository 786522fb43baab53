/** @file Eigenvalues of one symmetric matrix, and singular values of any; the signs of the vectors are Eigen's. */
import {
  identityOf,
  type Matrix,
  productOf,
  type Reflection,
  type Rotation,
  reflect,
  reflectionOf,
  swapColumns,
  transposed,
  turnColumns,
  turnRows,
} from './decompositions';

const { abs, sqrt, hypot } = Math;
/** No step of QR or Jacobi goes on for ever, whatever the cells are. */
const ROUNDS = 30;

/** Scales cells so that the largest is 1 or -1; answers by what they were divided. */
function normalize(m: Matrix): number {
  let scale = 0;
  for (const x of m) scale = Math.max(scale, abs(x));
  if (scale === 0) return 1;
  for (let i = 0; i < m.length; i++) m[i]! /= scale;
  return scale;
}

// ---- eigenvalues --------------------------------------------------------------------------------------------------

/** A symmetric matrix (its lower triangle) as Q T Q' with a T of three diagonals. */
function tridiagonal(m: Matrix, n: number): { diagonal: Float64Array; off: Float64Array; q: Matrix } {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) m[j * n + i] = m[i * n + j]!;
  const reflections: Reflection[] = [];
  const off = new Float64Array(Math.max(n - 1, 0));
  for (let k = 0; k + 1 < n; k++) {
    const column = Float64Array.from({ length: n - k - 1 }, (_, i) => m[(k + 1 + i) * n + k]!);
    const h = reflectionOf(column);
    off[k] = h.beta;
    reflections.push(h);
    reflect(h, m, n, k + 1, k);
    const turned = transposed(m, n, n);
    reflect(h, turned, n, k + 1, k);
    m.set(transposed(turned, n, n));
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => m[i * n + i]!);
  return { diagonal, off, q: productOf(reflections, n, n, 1) };
}
function givens(p: number, q: number): Rotation {
  if (q === 0) return { c: p < 0 ? -1 : 1, s: 0 };
  if (p === 0) return { c: 0, s: q < 0 ? 1 : -1 };
  const [t, low] = abs(p) > abs(q) ? [q / p, p] : [p / q, q];
  const u = sqrt(1 + t * t) * (low < 0 ? -1 : 1);
  return abs(p) > abs(q) ? { c: 1 / u, s: -t / u } : { c: t / u, s: -1 / u };
}
/** One implicit QR step with Wilkinson's shift on the rows from `start` to `end`. */
function qrStep(d: Float64Array, e: Float64Array, start: number, end: number, q: Matrix, n: number): void {
  const td = (d[end - 1]! - d[end]!) / 2;
  const last = e[end - 1]!;
  const h = hypot(td, last);
  const mu = d[end]! - (td === 0 ? abs(last) : last ** 2 / (td + (td > 0 ? h : -h)));
  let x = d[start]! - mu;
  let z = e[start]!;
  for (let k = start; k < end; k++) {
    const rotation = givens(x, z);
    const { c, s } = rotation;
    const sdk = s * d[k]! + c * e[k]!;
    const dkp1 = s * e[k]! + c * d[k + 1]!;
    d[k] = c * (c * d[k]! - s * e[k]!) - s * (c * e[k]! - s * d[k + 1]!);
    d[k + 1] = s * sdk + c * dkp1;
    e[k] = c * sdk - s * dkp1;
    if (k > start) e[k - 1] = c * e[k - 1]! - s * z;
    x = e[k]!;
    if (k < end - 1) {
      z = -s * e[k + 1]!;
      e[k + 1] = c * e[k + 1]!;
    }
    turnColumns(q, n, k, k + 1, rotation);
  }
}
export interface Eigen {
  readonly values: Float64Array;
  /** By columns. */
  readonly vectors: Matrix;
}
/** Ascending eigenvalues and their vectors, or null where the steps come to no end. */
export function eigenOf(a: Matrix, n: number, epsilon: number): Eigen | null {
  const m = a.slice();
  for (let i = 0; i < n; i++) m.fill(0, i * n + i + 1, (i + 1) * n);
  const scale = normalize(m);
  if (n === 0) return { values: m, vectors: m };
  const { diagonal: d, off: e, q } = tridiagonal(m, n);
  let left = ROUNDS * n;
  for (let end = n - 1; end > 0; ) {
    for (let i = 0; i < end; i++) if (abs(e[i]!) <= 2 * epsilon * (abs(d[i]!) + abs(d[i + 1]!))) e[i] = 0;
    while (end > 0 && e[end - 1] === 0) end--;
    if (end === 0) break;
    if (left-- === 0) return null;
    let start = end - 1;
    while (start > 0 && e[start - 1] !== 0) start--;
    qrStep(d, e, start, end, q, n);
  }
  for (let i = 0; i + 1 < n; i++) {
    let k = i;
    for (let j = i + 1; j < n; j++) if (d[j]! < d[k]!) k = j;
    if (k === i) continue;
    [d[i], d[k]] = [d[k]!, d[i]!];
    swapColumns(q, n, i, k);
  }
  return { values: d.map((x) => x * scale), vectors: q };
}

// ---- singular values ----------------------------------------------------------------------------------------------

/** A P = Q R for m >= n, each column in its turn the longest that is left; R lies in the upper triangle of `a`. */
function pivotedQr(a: Matrix, m: number, n: number): { reflections: Reflection[]; permutation: Matrix } {
  const permutation = identityOf(n);
  const reflections: Reflection[] = [];
  const length = (k: number, j: number) => {
    let sum = 0;
    for (let i = k; i < m; i++) sum += a[i * n + j]! ** 2;
    return sum;
  };
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let j = k + 1; j < n; j++) if (length(k, j) > length(k, best) * (1 + 1e-7)) best = j;
    if (best !== k) {
      swapColumns(a, n, k, best);
      swapColumns(permutation, n, k, best);
    }
    const h = reflectionOf(Float64Array.from({ length: m - k }, (_, i) => a[(k + i) * n + k]!));
    reflections.push(h);
    reflect(h, a, n, k, k);
  }
  return { reflections, permutation };
}
/** The rotations from both sides that make the block of p and q diagonal. */
function jacobi(w: Matrix, n: number, p: number, q: number): readonly [left: Rotation, right: Rotation] {
  const [a, b, c, d] = [w[p * n + p]!, w[p * n + q]!, w[q * n + p]!, w[q * n + q]!];
  const [sum, difference] = [a + d, c - b];
  const u = sum / difference;
  const first = difference === 0 ? { c: 1, s: 0 } : { c: u / sqrt(1 + u * u), s: 1 / sqrt(1 + u * u) };
  const block = Float64Array.of(a, b, c, d);
  turnRows(block, 2, 0, 1, first);
  const right = diagonalizing(block[0]!, block[1]!, block[3]!);
  const left = { c: first.c * right.c + first.s * right.s, s: first.s * right.c - first.c * right.s };
  return [left, right];
}
/** The rotation that makes the symmetric [[x, y], [y, z]] diagonal. */
function diagonalizing(x: number, y: number, z: number): Rotation {
  if (y === 0) return { c: 1, s: 0 };
  const tau = (x - z) / (2 * abs(y));
  const w = sqrt(tau * tau + 1);
  const t = 1 / (tau > 0 ? tau + w : tau - w);
  const c = 1 / sqrt(t * t + 1);
  return { c, s: -(t > 0 ? 1 : -1) * Math.sign(y) * abs(t) * c };
}

export interface Singular {
  readonly values: Float64Array;
  /** By columns. */
  readonly u: Matrix;
  readonly v: Matrix;
}
/** Where Jacobi begins: a square matrix with the same values, and what its u and v are turned by. */
interface Start {
  readonly w: Matrix;
  readonly u: Matrix;
  readonly v: Matrix;
}
function startOf(a: Matrix, m: number, n: number, full: boolean): Start {
  if (m === n) return { w: a, u: identityOf(n), v: identityOf(n) };
  if (m < n) {
    const { w, u, v } = startOf(transposed(a, m, n), n, m, full);
    return { w: transposed(w, m, m), u: v, v: u };
  }
  const { reflections, permutation } = pivotedQr(a, m, n);
  const w = a.slice(0, n * n);
  for (let i = 1; i < n; i++) w.fill(0, i * n, i * n + i);
  return { w, u: productOf(reflections, m, full ? m : n), v: permutation };
}
/** A = u diag(values) v' for a matrix of m rows and n columns; `full`: u and v are square. */
export function singularOf(input: Matrix, m: number, n: number, full: boolean, epsilon: number): Singular {
  const a = input.slice();
  const scale = normalize(a);
  const { w, u, v } = startOf(a, m, n, full);
  const k = Math.min(m, n);
  const [left, right] = full ? [m, n] : [k, k];
  sweep(w, k, u, left, v, right, epsilon);
  const values = Float64Array.from({ length: k }, (_, i) => abs(w[i * k + i]!));
  for (let i = 0; i < k; i++) {
    if (w[i * k + i]! < 0) for (let r = 0; r < m; r++) u[r * left + i] = -u[r * left + i]!;
  }
  for (let i = 0; i < k; i++) {
    let best = i;
    for (let j = i + 1; j < k; j++) if (values[j]! > values[best]!) best = j;
    if (best === i) continue;
    [values[i], values[best]] = [values[best]!, values[i]!];
    swapColumns(u, left, i, best);
    swapColumns(v, right, i, best);
  }
  return { values: values.map((x) => x * scale), u, v };
}
/** Jacobi's sweeps over a square matrix until it is diagonal. */
function sweep(w: Matrix, n: number, u: Matrix, left: number, v: Matrix, right: number, epsilon: number): void {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, abs(w[i * n + i]!));
  let again = true;
  for (let round = 0; again && round < ROUNDS * 2; round++) {
    again = false;
    for (let p = 1; p < n; p++) {
      for (let q = 0; q < p; q++) {
        const bound = Math.max(2 ** -1022, 2 * epsilon * largest);
        if (abs(w[p * n + q]!) <= bound && abs(w[q * n + p]!) <= bound) continue;
        again = true;
        const [before, behind] = jacobi(w, n, p, q);
        turnRows(w, n, p, q, before);
        turnColumns(u, left, p, q, { c: before.c, s: -before.s });
        turnColumns(w, n, p, q, behind);
        turnColumns(v, right, p, q, behind);
        largest = Math.max(largest, abs(w[p * n + p]!), abs(w[q * n + q]!));
      }
    }
  }
}
