// Reductions over float32. last: x[m,n] -> z[m]; first: x[m,n] -> z[n]; middle: x[a,b,c] -> z[a,c]. z is not x.
import { divideRow, maxColumns, minColumns, sumColumns } from "./columns";
import { largestRow, maxRow, minRow, squareRow, sumRow } from "./rows";

const SUM = 0, MEAN = 1, MAX = 2, MIN = 3;

@inline function last(op: i32, z: usize, x: usize, m: i32, n: i32): void {
  const step: usize = n << 2;
  for (const end = z + (m << 2); z < end; z += 4, x += step) {
    store<f32>(z, op == MAX ? maxRow(x, n) : op == MIN ? minRow(x, n) : op == MEAN ? sumRow(x, n) / <f32>n : sumRow(x, n));
  }
}
@inline function first(op: i32, z: usize, x: usize, m: i32, n: i32): void {
  if (n == 1) return last(op, z, x, 1, m);
  if (op == MAX) maxColumns(z, x, m, n);
  else if (op == MIN) minColumns(z, x, m, n);
  else sumColumns(z, x, m, n);
  if (op == MEAN) divideRow(z, n, <f32>m);
}
@inline function middle(op: i32, z: usize, x: usize, a: i32, b: i32, c: i32): void {
  for (const end = z + (a * c << 2), step: usize = b * c << 2; z < end; z += c << 2, x += step) first(op, z, x, b, c);
}

export function sum_last_f32(z: usize, x: usize, m: i32, n: i32): void { last(SUM, z, x, m, n); }
export function mean_last_f32(z: usize, x: usize, m: i32, n: i32): void { last(MEAN, z, x, m, n); }
export function max_last_f32(z: usize, x: usize, m: i32, n: i32): void { last(MAX, z, x, m, n); }
export function min_last_f32(z: usize, x: usize, m: i32, n: i32): void { last(MIN, z, x, m, n); }
export function sum_first_f32(z: usize, x: usize, m: i32, n: i32): void { first(SUM, z, x, m, n); }
export function mean_first_f32(z: usize, x: usize, m: i32, n: i32): void { first(MEAN, z, x, m, n); }
export function max_first_f32(z: usize, x: usize, m: i32, n: i32): void { first(MAX, z, x, m, n); }
export function min_first_f32(z: usize, x: usize, m: i32, n: i32): void { first(MIN, z, x, m, n); }
export function sum_middle_f32(z: usize, x: usize, a: i32, b: i32, c: i32): void { middle(SUM, z, x, a, b, c); }
export function mean_middle_f32(z: usize, x: usize, a: i32, b: i32, c: i32): void { middle(MEAN, z, x, a, b, c); }
export function max_middle_f32(z: usize, x: usize, a: i32, b: i32, c: i32): void { middle(MAX, z, x, a, b, c); }
export function min_middle_f32(z: usize, x: usize, a: i32, b: i32, c: i32): void { middle(MIN, z, x, a, b, c); }

// Over all cells.
export function sum_f32(z: usize, x: usize, n: i32): void { store<f32>(z, sumRow(x, n)); }
export function l2_loss_f32(z: usize, x: usize, n: i32): void { store<f32>(z, squareRow(x, n) / 2); }

// Where the first of the largest stands in each row; int64 if `wide`, else int32. NaN is never the largest.
export function argmax_last_f32(z: usize, x: usize, m: i32, n: i32, wide: i32): void {
  for (let i = 0; i < m; i++, x += n << 2) {
    const most = largestRow(x, n);
    let j = 0;
    while (j < n && load<f32>(x + (j << 2)) != most) j++;
    if (j == n) j = 0;
    if (wide) store<i64>(z + (i << 3), j);
    else store<i32>(z + (i << 2), j);
  }
}
