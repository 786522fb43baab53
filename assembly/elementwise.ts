// z = x op y over float32, four at a time. z may be x or y. Suffixes tell how the operands lie:
//   none: both alike   xs: y is one cell   sx: x is one cell
//   row, col: x is [m,n], y is [n] or [m,1]; rowrev, colrev: the same with y as the left operand
import { part, pick, putPart, splat } from "./vector";

const ADD = 0, SUB = 1, MUL = 2, DIV = 3, MAX = 4, MIN = 5, SQD = 6, MNN = 7, XDY = 8;

// `op` is a constant at every call, so the compiler keeps one branch (checked in the disassembly).
@inline function four(op: i32, x: v128, y: v128): v128 {
  if (op == ADD) return f32x4.add(x, y);
  if (op == SUB) return f32x4.sub(x, y);
  if (op == MUL) return f32x4.mul(x, y);
  if (op == DIV) return f32x4.div(x, y);
  if (op == MAX) return f32x4.max(x, y);  // NaN in either stays
  if (op == MIN) return f32x4.min(x, y);
  if (op == MNN) return v128.andnot(f32x4.mul(x, y), f32x4.eq(y, splat(0)));
  if (op == XDY) return v128.andnot(f32x4.div(x, y), f32x4.eq(x, splat(0)));
  const d = f32x4.sub(x, y);
  return f32x4.mul(d, d);
}
@inline function zip(op: i32, z: usize, x: usize, y: usize, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, four(op, v128.load(x + i), v128.load(y + i)));
  if (i < end) putPart(z + i, four(op, part(x + i, end - i), part(y + i, end - i)), end - i);
}
// One operand is s throughout, the left one if `rev`.
@inline function with1(op: i32, rev: bool, z: usize, x: usize, s: v128, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, rev ? four(op, s, v128.load(x + i)) : four(op, v128.load(x + i), s));
  if (i < end) {
    const v = part(x + i, end - i);
    putPart(z + i, rev ? four(op, s, v) : four(op, v, s), end - i);
  }
}
@inline function xs(op: i32, z: usize, x: usize, y: usize, n: usize): void { with1(op, false, z, x, v128.load32_splat(y), n); }
@inline function sx(op: i32, z: usize, x: usize, y: usize, n: usize): void { with1(op, true, z, y, v128.load32_splat(x), n); }
@inline function row(op: i32, rev: bool, z: usize, x: usize, y: usize, m: usize, n: usize): void {
  for (const end = z + (m * n << 2), step = n << 2; z < end; z += step, x += step) {
    if (rev) zip(op, z, y, x, n);
    else zip(op, z, x, y, n);
  }
}
@inline function col(op: i32, rev: bool, z: usize, x: usize, y: usize, m: usize, n: usize): void {
  for (const end = z + (m * n << 2), step = n << 2; z < end; z += step, x += step, y += 4) with1(op, rev, z, x, v128.load32_splat(y), n);
}

export function add_f32(z: usize, x: usize, y: usize, n: usize): void { zip(ADD, z, x, y, n); }
export function add_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(ADD, z, x, y, n); }
export function add_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(ADD, z, x, y, n); }
export function add_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(ADD, false, z, x, y, m, n); }
export function add_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(ADD, true, z, x, y, m, n); }
export function add_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(ADD, false, z, x, y, m, n); }
export function add_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(ADD, true, z, x, y, m, n); }

export function sub_f32(z: usize, x: usize, y: usize, n: usize): void { zip(SUB, z, x, y, n); }
export function sub_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(SUB, z, x, y, n); }
export function sub_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(SUB, z, x, y, n); }
export function sub_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(SUB, false, z, x, y, m, n); }
export function sub_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(SUB, true, z, x, y, m, n); }
export function sub_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(SUB, false, z, x, y, m, n); }
export function sub_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(SUB, true, z, x, y, m, n); }

export function mul_f32(z: usize, x: usize, y: usize, n: usize): void { zip(MUL, z, x, y, n); }
export function mul_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(MUL, z, x, y, n); }
export function mul_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(MUL, z, x, y, n); }
export function mul_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MUL, false, z, x, y, m, n); }
export function mul_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MUL, true, z, x, y, m, n); }
export function mul_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MUL, false, z, x, y, m, n); }
export function mul_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MUL, true, z, x, y, m, n); }

export function div_f32(z: usize, x: usize, y: usize, n: usize): void { zip(DIV, z, x, y, n); }
export function div_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(DIV, z, x, y, n); }
export function div_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(DIV, z, x, y, n); }
export function div_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(DIV, false, z, x, y, m, n); }
export function div_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(DIV, true, z, x, y, m, n); }
export function div_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(DIV, false, z, x, y, m, n); }
export function div_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(DIV, true, z, x, y, m, n); }

export function maximum_f32(z: usize, x: usize, y: usize, n: usize): void { zip(MAX, z, x, y, n); }
export function maximum_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(MAX, z, x, y, n); }
export function maximum_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(MAX, z, x, y, n); }
export function maximum_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MAX, false, z, x, y, m, n); }
export function maximum_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MAX, true, z, x, y, m, n); }
export function maximum_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MAX, false, z, x, y, m, n); }
export function maximum_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MAX, true, z, x, y, m, n); }

export function minimum_f32(z: usize, x: usize, y: usize, n: usize): void { zip(MIN, z, x, y, n); }
export function minimum_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(MIN, z, x, y, n); }
export function minimum_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(MIN, z, x, y, n); }
export function minimum_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MIN, false, z, x, y, m, n); }
export function minimum_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MIN, true, z, x, y, m, n); }
export function minimum_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MIN, false, z, x, y, m, n); }
export function minimum_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MIN, true, z, x, y, m, n); }

export function squared_difference_f32(z: usize, x: usize, y: usize, n: usize): void { zip(SQD, z, x, y, n); }
export function squared_difference_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(SQD, z, x, y, n); }
export function squared_difference_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(SQD, z, x, y, n); }
export function squared_difference_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(SQD, false, z, x, y, m, n); }
export function squared_difference_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(SQD, true, z, x, y, m, n); }
export function squared_difference_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(SQD, false, z, x, y, m, n); }
export function squared_difference_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(SQD, true, z, x, y, m, n); }

export function mul_no_nan_f32(z: usize, x: usize, y: usize, n: usize): void { zip(MNN, z, x, y, n); }
export function mul_no_nan_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(MNN, z, x, y, n); }
export function mul_no_nan_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(MNN, z, x, y, n); }
export function mul_no_nan_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MNN, false, z, x, y, m, n); }
export function mul_no_nan_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(MNN, true, z, x, y, m, n); }
export function mul_no_nan_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MNN, false, z, x, y, m, n); }
export function mul_no_nan_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(MNN, true, z, x, y, m, n); }

export function xdivy_f32(z: usize, x: usize, y: usize, n: usize): void { zip(XDY, z, x, y, n); }
export function xdivy_xs_f32(z: usize, x: usize, y: usize, n: usize): void { xs(XDY, z, x, y, n); }
export function xdivy_sx_f32(z: usize, x: usize, y: usize, n: usize): void { sx(XDY, z, x, y, n); }
export function xdivy_row_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(XDY, false, z, x, y, m, n); }
export function xdivy_rowrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { row(XDY, true, z, x, y, m, n); }
export function xdivy_col_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(XDY, false, z, x, y, m, n); }
export function xdivy_colrev_f32(z: usize, x: usize, y: usize, m: usize, n: usize): void { col(XDY, true, z, x, y, m, n); }

// ---- comparisons into bytes of 0 and 1 ----
const GT = 0, GE = 1, LT = 2, LE = 3, EQ = 4, NE = 5;

@inline function test(op: i32, x: v128, y: v128): i32 {
  const m = op == GT ? f32x4.gt(x, y) : op == GE ? f32x4.ge(x, y) : op == LT ? f32x4.lt(x, y) : op == LE ? f32x4.le(x, y) : op == EQ ? f32x4.eq(x, y) : f32x4.ne(x, y);
  const w = i16x8.narrow_i32x4_s(m, m);
  return i32x4.extract_lane(i8x16.narrow_i16x8_s(w, w), 0) & 0x01010101;
}
// sides: 0 none is a single cell, 1 y is, 2 x is
@inline function compare(op: i32, side: i32, z: usize, x: usize, y: usize, n: usize): void {
  const s = side == 1 ? v128.load32_splat(y) : side == 2 ? v128.load32_splat(x) : splat(0), end4: usize = n & ~3;
  let i: usize = 0;
  for (; i < end4; i += 4) {
    const a = side == 2 ? s : v128.load(x + (i << 2)), b = side == 1 ? s : v128.load(y + (i << 2));
    store<i32>(z + i, test(op, a, b));
  }
  if (i < n) {
    const a = side == 2 ? s : part(x + (i << 2), (n - i) << 2), b = side == 1 ? s : part(y + (i << 2), (n - i) << 2);
    for (let t = test(op, a, b); i < n; i++, t >>= 8) store<u8>(z + i, t & 1);
  }
}

export function greater_f32(z: usize, x: usize, y: usize, n: usize): void { compare(GT, 0, z, x, y, n); }
export function greater_xs_f32(z: usize, x: usize, y: usize, n: usize): void { compare(GT, 1, z, x, y, n); }
export function greater_sx_f32(z: usize, x: usize, y: usize, n: usize): void { compare(GT, 2, z, x, y, n); }
export function greater_equal_f32(z: usize, x: usize, y: usize, n: usize): void { compare(GE, 0, z, x, y, n); }
export function greater_equal_xs_f32(z: usize, x: usize, y: usize, n: usize): void { compare(GE, 1, z, x, y, n); }
export function greater_equal_sx_f32(z: usize, x: usize, y: usize, n: usize): void { compare(GE, 2, z, x, y, n); }
export function less_f32(z: usize, x: usize, y: usize, n: usize): void { compare(LT, 0, z, x, y, n); }
export function less_xs_f32(z: usize, x: usize, y: usize, n: usize): void { compare(LT, 1, z, x, y, n); }
export function less_sx_f32(z: usize, x: usize, y: usize, n: usize): void { compare(LT, 2, z, x, y, n); }
export function less_equal_f32(z: usize, x: usize, y: usize, n: usize): void { compare(LE, 0, z, x, y, n); }
export function less_equal_xs_f32(z: usize, x: usize, y: usize, n: usize): void { compare(LE, 1, z, x, y, n); }
export function less_equal_sx_f32(z: usize, x: usize, y: usize, n: usize): void { compare(LE, 2, z, x, y, n); }
export function equal_f32(z: usize, x: usize, y: usize, n: usize): void { compare(EQ, 0, z, x, y, n); }
export function equal_xs_f32(z: usize, x: usize, y: usize, n: usize): void { compare(EQ, 1, z, x, y, n); }
export function equal_sx_f32(z: usize, x: usize, y: usize, n: usize): void { compare(EQ, 2, z, x, y, n); }
export function not_equal_f32(z: usize, x: usize, y: usize, n: usize): void { compare(NE, 0, z, x, y, n); }
export function not_equal_xs_f32(z: usize, x: usize, y: usize, n: usize): void { compare(NE, 1, z, x, y, n); }
export function not_equal_sx_f32(z: usize, x: usize, y: usize, n: usize): void { compare(NE, 2, z, x, y, n); }

// ---- sums of several, choices ----
export function add3_f32(z: usize, a: usize, b: usize, c: usize, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, f32x4.add(f32x4.add(v128.load(a + i), v128.load(b + i)), v128.load(c + i)));
  for (; i < end; i += 4) store<f32>(z + i, load<f32>(a + i) + load<f32>(b + i) + load<f32>(c + i));
}
export function add4_f32(z: usize, a: usize, b: usize, c: usize, d: usize, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) {
    const s = f32x4.add(f32x4.add(v128.load(a + i), v128.load(b + i)), v128.load(c + i));
    v128.store(z + i, f32x4.add(s, v128.load(d + i)));
  }
  for (; i < end; i += 4) store<f32>(z + i, load<f32>(a + i) + load<f32>(b + i) + load<f32>(c + i) + load<f32>(d + i));
}

// z = c ? x : y, any cells of 4 bytes; c is bytes
export function select_f32(z: usize, c: usize, x: usize, y: usize, n: usize): void {
  const end4: usize = n & ~3;
  let i: usize = 0;
  for (; i < end4; i += 4) {
    const mask = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(i8x16.ne(v128.load32_zero(c + i), splat(0))));
    v128.store(z + (i << 2), pick(mask, v128.load(x + (i << 2)), v128.load(y + (i << 2))));
  }
  for (; i < n; i++) store<u32>(z + (i << 2), load<u32>((load<u8>(c + i) ? x : y) + (i << 2)));
}
// The same by whole rows: c is [m], the others [m,n].
export function select_row_f32(z: usize, c: usize, x: usize, y: usize, m: usize, n: usize): void {
  const step = n << 2;
  for (let i: usize = 0; i < m; i++) memory.copy(z + i * step, (load<u8>(c + i) ? x : y) + i * step, step);
}

// ---- copies ----
export function copy_f32(z: usize, x: usize, n: usize): void { memory.copy(z, x, n << 2); }
export function copy_bytes(z: usize, x: usize, bytes: usize): void { memory.copy(z, x, bytes); }
// Every cell of 4 bytes becomes the one at x.
export function fill_f32(z: usize, x: usize, n: usize): void {
  const s = v128.load32_splat(x), end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, s);
  if (i < end) putPart(z + i, s, end - i);
}
