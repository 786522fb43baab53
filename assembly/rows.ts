// Folds one row of float32 into a number.
import { sum4 } from "./vector";

// The sum of n cells, or of their squares: sixteen sums side by side, and float64 above them every 4096 cells.
@inline function sumOf(squares: bool, x: usize, n: i32): f32 {
  let total: f64 = 0;
  while (n >= 16) {
    const cells = min(n & ~15, 4096), end = x + (cells << 2);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; x < end; x += 64) {
      const a = v128.load(x), b = v128.load(x, 16), c = v128.load(x, 32), d = v128.load(x, 48);
      s0 = f32x4.add(s0, squares ? f32x4.mul(a, a) : a);
      s1 = f32x4.add(s1, squares ? f32x4.mul(b, b) : b);
      s2 = f32x4.add(s2, squares ? f32x4.mul(c, c) : c);
      s3 = f32x4.add(s3, squares ? f32x4.mul(d, d) : d);
    }
    total += sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    n -= cells;
  }
  let rest: f32 = 0;
  for (const end = x + (n << 2); x < end; x += 4) {
    const v = load<f32>(x);
    rest += squares ? v * v : v;
  }
  return <f32>(total + rest);
}
export function sumRow(x: usize, n: i32): f32 { return sumOf(false, x, n); }
export function squareRow(x: usize, n: i32): f32 { return sumOf(true, x, n); }

// NaN stays, or with `skip` loses against numbers.
@inline function fold(least: bool, skip: bool, s: v128, x: v128): v128 {
  if (skip) return least ? f32x4.pmin(s, x) : f32x4.pmax(s, x);
  return least ? f32x4.min(s, x) : f32x4.max(s, x);
}
@inline function extreme(least: bool, skip: bool, x: usize, n: i32): f32 {
  let s: f32 = least ? Infinity : -Infinity;
  const end = x + (n << 2);
  if (n >= 16) {
    let s0 = f32x4.splat(s), s1 = s0, s2 = s0, s3 = s0;
    for (const end16 = x + ((n & ~15) << 2); x < end16; x += 64) {
      s0 = fold(least, skip, s0, v128.load(x));
      s1 = fold(least, skip, s1, v128.load(x, 16));
      s2 = fold(least, skip, s2, v128.load(x, 32));
      s3 = fold(least, skip, s3, v128.load(x, 48));
    }
    s0 = fold(least, skip, fold(least, skip, s0, s1), fold(least, skip, s2, s3));
    const a = f32x4.extract_lane(s0, 0), b = f32x4.extract_lane(s0, 1), c = f32x4.extract_lane(s0, 2), d = f32x4.extract_lane(s0, 3);
    s = least ? min(min(a, b), min(c, d)) : max(max(a, b), max(c, d));
  }
  for (; x < end; x += 4) {
    const v = load<f32>(x);
    if (!skip || v == v) s = least ? min(s, v) : max(s, v);
  }
  return s;
}
export function maxRow(x: usize, n: i32): f32 { return extreme(false, false, x, n); }
export function minRow(x: usize, n: i32): f32 { return extreme(true, false, x, n); }
export function largestRow(x: usize, n: i32): f32 { return extreme(false, true, x, n); }
