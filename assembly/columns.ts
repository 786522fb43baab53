// Folds the rows of a matrix into one row: z[j] = fold over i of what stands in column j.
import { part, putPart, splat } from "./vector";

const SUM = 0, MAX = 1, MIN = 2, SQUARES = 3, CROSS = 4;
// So many rows go into a register before it is added to z: about the root of m, so that sums keep their low digits.
@inline function chunk(m: i32): i32 { return m <= 4096 ? 32 : 256; }

// What a row gives. SQUARES: (x - mean)^2; CROSS: y (x - mean)
@inline function term(op: i32, x: v128, y: v128, mean: v128): v128 {
  if (op == SQUARES || op == CROSS) x = f32x4.sub(x, mean);
  return op == SQUARES ? f32x4.mul(x, x) : op == CROSS ? f32x4.mul(x, y) : x;
}
@inline function fold(op: i32, s: v128, t: v128): v128 {
  return op == MAX ? f32x4.max(s, t) : op == MIN ? f32x4.min(s, t) : f32x4.add(s, t);  // NaN stays
}
@inline function start(op: i32): v128 {
  return op == MAX ? splat(-Infinity) : op == MIN ? splat(Infinity) : splat(0);
}
@inline function at(use: bool, p: usize): v128 { return use ? v128.load(p) : splat(0); }

// V vectors of columns, over m rows.
@inline function strip(op: i32, V: i32, z: usize, x: usize, y: usize, mean: usize, step: usize, m: i32): void {
  const c = op == SQUARES || op == CROSS, d = op == CROSS;
  const m0 = at(c, mean), m1 = V > 1 ? at(c, mean + 16) : m0, m2 = V > 2 ? at(c, mean + 32) : m0, m3 = V > 2 ? at(c, mean + 48) : m0;
  let s0 = start(op), s1 = s0, s2 = s0, s3 = s0;
  for (let i = 0; i < m; i++, x += step, y += step) {
    s0 = fold(op, s0, term(op, v128.load(x), at(d, y), m0));
    if (V > 1) s1 = fold(op, s1, term(op, v128.load(x, 16), at(d, y + 16), m1));
    if (V > 2) s2 = fold(op, s2, term(op, v128.load(x, 32), at(d, y + 32), m2));
    if (V > 2) s3 = fold(op, s3, term(op, v128.load(x, 48), at(d, y + 48), m3));
  }
  v128.store(z, fold(op, v128.load(z), s0));
  if (V > 1) v128.store(z + 16, fold(op, v128.load(z + 16), s1));
  if (V > 2) v128.store(z + 32, fold(op, v128.load(z + 32), s2));
  if (V > 2) v128.store(z + 48, fold(op, v128.load(z + 48), s3));
}
@inline function columns(op: i32, z: usize, x: usize, y: usize, mean: usize, m: i32, n: i32): void {
  const step: usize = n << 2, most = chunk(m);
  let j: usize = 0;
  for (; j + 16 <= step; j += 16) v128.store(z + j, start(op));
  if (j < step) putPart(z + j, start(op), step - j);
  for (let i = 0; i < m; i += most, x += most * step, y += most * step) {
    const rows = min(most, m - i);
    for (j = 0; j + 64 <= step; j += 64) strip(op, 4, z + j, x + j, y + j, mean + j, step, rows);
    for (; j + 32 <= step; j += 32) strip(op, 2, z + j, x + j, y + j, mean + j, step, rows);
    for (; j + 16 <= step; j += 16) strip(op, 1, z + j, x + j, y + j, mean + j, step, rows);
    if (j < step) {
      const left = step - j, c = op == SQUARES || op == CROSS ? part(mean + j, left) : splat(0);
      let s = start(op);
      for (let r = 0, p = x + j, q = y + j; r < rows; r++, p += step, q += step) {
        s = fold(op, s, term(op, part(p, left), op == CROSS ? part(q, left) : splat(0), c));
      }
      putPart(z + j, fold(op, part(z + j, left), s), left);
    }
  }
}

export function sumColumns(z: usize, x: usize, m: i32, n: i32): void { columns(SUM, z, x, x, x, m, n); }
export function maxColumns(z: usize, x: usize, m: i32, n: i32): void { columns(MAX, z, x, x, x, m, n); }
export function minColumns(z: usize, x: usize, m: i32, n: i32): void { columns(MIN, z, x, x, x, m, n); }
export function squareColumns(z: usize, x: usize, mean: usize, m: i32, n: i32): void { columns(SQUARES, z, x, x, mean, m, n); }
export function crossColumns(z: usize, x: usize, y: usize, mean: usize, m: i32, n: i32): void { columns(CROSS, z, x, y, mean, m, n); }

// z /= by
export function divideRow(z: usize, n: i32, by: f32): void {
  for (const end = z + (n << 2); z < end; z += 4) store<f32>(z, load<f32>(z) / by);
}
