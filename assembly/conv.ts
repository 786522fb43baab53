// Convolutions over NHWC as products of matrices: im2col lays each window out as a row [kh * kw * c].
import { matmul_add_f32, matmul_f32, matmul_scratch } from "./matmul";
import { clearCells, copyCells } from "./vector";
import { Window } from "./window";

// One kernel row of one window: kw * c cells at q from image row `row`, which ends at `ix` = w.
@inline function takeRow(q: usize, row: usize, ix: i32, at: Window, cell: usize): void {
  const kw = at.kw, w = at.w;
  if (at.dw == 1) {
    const before = min(max(-ix, 0), kw), inside = max(min(kw, w - ix) - before, 0), x = q + before * cell;
    if (before) clearCells(q, before * cell);
    if (inside) copyCells(x, row + (ix + before) * cell, inside * cell);
    if (before + inside < kw) clearCells(x + inside * cell, (kw - before - inside) * cell);
    return;
  }
  for (let kx = 0; kx < kw; kx++, ix += at.dw, q += cell) {
    if (<u32>ix < <u32>w) copyCells(q, row + ix * cell, cell);
    else clearCells(q, cell);
  }
}
// col[n * oh * ow, kh * kw * c]; cells outside the image are 0. at: see window.ts
export function im2col_f32(col: usize, x: usize, p: usize): void {
  const at = changetype<Window>(p), cell: usize = at.c << 2, run: usize = at.kw * cell, line: usize = at.w * cell;
  for (let b = 0; b < at.n; b++, x += at.h * line) {
    for (let oy = 0; oy < at.oh; oy++) {
      for (let ox = 0; ox < at.ow; ox++) {
        for (let ky = 0, iy = oy * at.sh - at.top; ky < at.kh; ky++, iy += at.dh, col += run) {
          if (<u32>iy < <u32>at.h) takeRow(col, x + iy * line, ox * at.sw - at.left, at, cell);
          else clearCells(col, run);
        }
      }
    }
  }
}

@inline function addCells(z: usize, x: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(z + i, f32x4.add(v128.load(z + i), v128.load(x + i)));
  for (; i < bytes; i += 4) store<f32>(z + i, load<f32>(z + i) + load<f32>(x + i));
}
// The reverse: x[n,h,w,c] = the sum of what all windows hold of each cell.
export function col2im_f32(x: usize, col: usize, p: usize): void {
  const at = changetype<Window>(p), cell: usize = at.c << 2, line: usize = at.w * cell;
  memory.fill(x, 0, at.n * at.h * line);
  for (let b = 0; b < at.n; b++, x += at.h * line) {
    for (let oy = 0; oy < at.oh; oy++) {
      for (let ox = 0; ox < at.ow; ox++) {
        for (let ky = 0, iy = oy * at.sh - at.top; ky < at.kh; ky++, iy += at.dh) {
          const inside = <u32>iy < <u32>at.h, row = x + iy * line;
          let ix = ox * at.sw - at.left;
          if (inside && at.dw == 1 && ix >= 0 && ix + at.kw <= at.w) {
            addCells(row + ix * cell, col, at.kw * cell);
            col += at.kw * cell;
            continue;
          }
          for (let kx = 0; kx < at.kw; kx++, ix += at.dw, col += cell) {
            if (inside && <u32>ix < <u32>at.w) addCells(row + ix * cell, col, cell);
          }
        }
      }
    }
  }
}

// ---- whole convolutions, one image at a time so that its windows stay in the cache ----
// filter: [kh,kw,c,depth]; y: [n,oh,ow,depth]

// Bytes that each of the three below needs at `scratch`.
export function conv2d_scratch(p: usize, depth: i32): i32 {
  const at = changetype<Window>(p), rows = at.oh * at.ow, k = at.kh * at.kw * at.c;
  const room = max(max(matmul_scratch(rows, k, depth), matmul_scratch(k, rows, depth)), matmul_scratch(rows, depth, k));
  return plain(at) ? max(room, max(matmul_scratch(at.n * rows, k, depth), matmul_scratch(k, at.n * rows, depth))) : one(at) + room;
}
// The windows' bytes of one image.
@inline function one(at: Window): i32 { return (at.oh * at.ow * at.kh * at.kw * at.c << 2) + 15 & ~15; }
// 1x1 kernels without strides: the images are their own windows, and all of them one matrix.
@inline function plain(at: Window): bool {
  return at.kh == 1 && at.kw == 1 && at.sh == 1 && at.sw == 1 && at.top == 0 && at.left == 0 && at.oh == at.h && at.ow == at.w;
}

export function conv2d_f32(y: usize, x: usize, filter: usize, p: usize, depth: i32, scratch: usize): void {
  const at = changetype<Window>(p), n = at.n, rows = at.oh * at.ow, k = at.kh * at.kw * at.c, room = scratch + one(at);
  if (plain(at)) return matmul_f32(y, x, filter, n * rows, k, depth, 0, 0, scratch);
  at.n = 1;  // im2col's share is one image
  for (let b = 0; b < n; b++, x += at.h * at.w * at.c << 2, y += rows * depth << 2) {
    im2col_f32(scratch, x, p);
    matmul_f32(y, scratch, filter, rows, k, depth, 0, 0, room);
  }
  at.n = n;
}
export function conv2d_filter_grad_f32(dfilter: usize, x: usize, dy: usize, p: usize, depth: i32, scratch: usize): void {
  const at = changetype<Window>(p), n = at.n, rows = at.oh * at.ow, k = at.kh * at.kw * at.c, room = scratch + one(at);
  if (plain(at)) return matmul_f32(dfilter, x, dy, k, n * rows, depth, 1, 0, scratch);
  memory.fill(dfilter, 0, k * depth << 2);
  at.n = 1;
  for (let b = 0; b < n; b++, x += at.h * at.w * at.c << 2, dy += rows * depth << 2) {
    im2col_f32(scratch, x, p);
    matmul_add_f32(dfilter, scratch, dy, k, rows, depth, 1, 0, room);
  }
  at.n = n;
}
export function conv2d_input_grad_f32(dx: usize, filter: usize, dy: usize, p: usize, depth: i32, scratch: usize): void {
  const at = changetype<Window>(p), n = at.n, rows = at.oh * at.ow, k = at.kh * at.kw * at.c, room = scratch + one(at);
  if (plain(at)) return matmul_f32(dx, dy, filter, n * rows, depth, k, 0, 1, scratch);
  at.n = 1;
  for (let b = 0; b < n; b++, dx += at.h * at.w * at.c << 2, dy += rows * depth << 2) {
    matmul_f32(scratch, dy, filter, rows, depth, k, 0, 1, room);
    col2im_f32(dx, scratch, p);
  }
  at.n = n;
}
