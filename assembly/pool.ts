// Pools over NHWC, four channels at a time. `p`: the address of a window (window.ts); dilations are not looked at.
// Cells outside the image count for nothing, not even in an average.
import { part, pick, putPart, splat } from "./vector";
import { Window } from "./window";

@inline function get(p: usize, left: usize): v128 { return left >= 16 ? v128.load(p) : part(p, left); }
@inline function put(p: usize, v: v128, left: usize): void {
  if (left >= 16) v128.store(p, v);
  else putPart(p, v, left);
}

const MAX = 0, AVERAGE = 1, MAX_GRAD = 2, AVERAGE_GRAD = 3;

// y and x are the values, or dy and x in a gradient that adds to dx.
@inline function pool(op: i32, dx: usize, y: usize, x: usize, at: Window): void {
  const cell: usize = at.c << 2, line: usize = at.w * cell, image: usize = at.h * line;
  if (op == MAX_GRAD || op == AVERAGE_GRAD) memory.fill(dx, 0, at.n * image);
  for (let b = 0; b < at.n; b++, x += image, dx += image) {
    for (let oy = 0; oy < at.oh; oy++) {
      const y0 = oy * at.sh - at.top, top = max(y0, 0), bottom = min(y0 + at.kh, at.h);
      for (let ox = 0; ox < at.ow; ox++, y += cell) {
        const x0 = ox * at.sw - at.left, left = max(x0, 0), right = min(x0 + at.kw, at.w);
        const from: usize = top * line + left * cell, to: usize = bottom * line, width: usize = (right - left) * cell;
        const count = splat(<f32>((bottom - top) * (right - left)));
        for (let j: usize = 0; j < cell; j += 16) {
          const lanes = cell - j;
          if (op == MAX) put(y + j, most(x + j, from, to, width, line, cell, lanes), lanes);
          if (op == AVERAGE) put(y + j, f32x4.div(total(x + j, from, to, width, line, cell, lanes), count), lanes);
          if (op == MAX_GRAD) give(dx + j, get(y + j, lanes), whereMost(x + j, from, to, width, line, cell, lanes), lanes);
          if (op == AVERAGE_GRAD) spread(dx + j, f32x4.div(get(y + j, lanes), count), from, to, width, line, cell, lanes);
        }
      }
    }
  }
}

// Each of these walks a window: rows from `from` to `to`, `line` apart, of cells `cell` apart.
@inline function most(x: usize, from: usize, to: usize, width: usize, line: usize, cell: usize, lanes: usize): v128 {
  let s = splat(-3.4028234663852886e38);  // what TensorFlow begins with: NaN never comes in
  for (let r = from; r < to; r += line) {
    for (let q = r, end = r + width; q < end; q += cell) s = f32x4.pmax(s, get(x + q, lanes));
  }
  return s;
}
@inline function total(x: usize, from: usize, to: usize, width: usize, line: usize, cell: usize, lanes: usize): v128 {
  let s = splat(0);
  for (let r = from; r < to; r += line) {
    for (let q = r, end = r + width; q < end; q += cell) s = f32x4.add(s, get(x + q, lanes));
  }
  return s;
}
// The offset of the first of the largest, a channel each.
@inline function whereMost(x: usize, from: usize, to: usize, width: usize, line: usize, cell: usize, lanes: usize): v128 {
  let s = splat(-Infinity), where = i32x4.splat(<i32>from);
  for (let r = from; r < to; r += line) {
    for (let q = r, end = r + width; q < end; q += cell) {
      const v = get(x + q, lanes), more = f32x4.gt(v, s);
      s = pick(more, v, s);
      where = pick(more, i32x4.splat(<i32>q), where);
    }
  }
  return where;
}
@inline function give(dx: usize, dy: v128, where: v128, lanes: usize): void {
  add(dx + i32x4.extract_lane(where, 0), f32x4.extract_lane(dy, 0));
  if (lanes > 4) add(dx + i32x4.extract_lane(where, 1) + 4, f32x4.extract_lane(dy, 1));
  if (lanes > 8) add(dx + i32x4.extract_lane(where, 2) + 8, f32x4.extract_lane(dy, 2));
  if (lanes > 12) add(dx + i32x4.extract_lane(where, 3) + 12, f32x4.extract_lane(dy, 3));
}
@inline function add(p: usize, v: f32): void { store<f32>(p, load<f32>(p) + v); }
@inline function spread(dx: usize, v: v128, from: usize, to: usize, width: usize, line: usize, cell: usize, lanes: usize): void {
  for (let r = from; r < to; r += line) {
    for (let q = r, end = r + width; q < end; q += cell) put(dx + q, f32x4.add(get(dx + q, lanes), v), lanes);
  }
}

export function max_pool_f32(y: usize, x: usize, p: usize): void { pool(MAX, 0, y, x, changetype<Window>(p)); }
export function avg_pool_f32(y: usize, x: usize, p: usize): void { pool(AVERAGE, 0, y, x, changetype<Window>(p)); }
export function max_pool_grad_f32(dx: usize, x: usize, dy: usize, p: usize): void { pool(MAX_GRAD, dx, dy, x, changetype<Window>(p)); }
export function avg_pool_grad_f32(dx: usize, dy: usize, p: usize): void { pool(AVERAGE_GRAD, dx, dy, dx, changetype<Window>(p)); }
