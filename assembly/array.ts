// Moves cells without looking at them. Names with f32 take any cells of 4 bytes.
import { copyCells } from "./vector";

// z[n,m] = x[m,n] transposed, 4 by 4 cells in registers. Sixteen rows of x at a time make whole cache lines of z, which
// matters where z's rows lie a power of 2 apart and evict each other.
export function transpose_f32(z: usize, x: usize, m: i32, n: i32): void {
  const xr: usize = n << 2, zr: usize = m << 2, n4 = n & ~3, m4 = m & ~3;
  for (let block = 0; block < m4; block += 16) {
    const end = min(block + 16, m4);
    for (let j = 0; j < n4; j += 4) {
      let p = x + block * xr + (j << 2), q = z + j * zr + (block << 2);
      for (let i = block; i < end; i += 4, p += xr << 2, q += 16) {
        const v0 = v128.load(p), v1 = v128.load(p + xr), v2 = v128.load(p + 2 * xr), v3 = v128.load(p + 3 * xr);
        const lo01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), hi01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
        const lo23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5), hi23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
        v128.store(q, v128.shuffle<f64>(lo01, lo23, 0, 2));
        v128.store(q + zr, v128.shuffle<f64>(lo01, lo23, 1, 3));
        v128.store(q + 2 * zr, v128.shuffle<f64>(hi01, hi23, 0, 2));
        v128.store(q + 3 * zr, v128.shuffle<f64>(hi01, hi23, 1, 3));
      }
    }
    for (let j = n4; j < n; j++) turn(z, x, block, end, j, xr, zr);
  }
  for (let j = 0; j < n; j++) turn(z, x, m4, m, j, xr, zr);
}
// The cells of column j in rows i to end.
@inline function turn(z: usize, x: usize, i: i32, end: i32, j: usize, xr: usize, zr: usize): void {
  for (; i < end; i++) store<u32>(z + j * zr + (i << 2), load<u32>(x + i * xr + (j << 2)));
}
// z[b,n,m] = x[b,m,n], as NHWC to NCHW and back
export function transpose_batch_f32(z: usize, x: usize, b: i32, m: i32, n: i32): void {
  for (const step: usize = m * n << 2; b > 0; b--, z += step, x += step) transpose_f32(z, x, m, n);
}

// Walks z in order, x by strides: any transposition, slice, reversal (negative strides) or broadcast (strides of 0) of
// up to 4 axes. at: i32[8], z's four sizes, then x's four strides in cells. x: the address of z's first cell in it.
export function strided_f32(z: usize, x: usize, at: usize): void {
  const d0 = load<i32>(at), d1 = load<i32>(at, 4), d2 = load<i32>(at, 8), d3 = load<i32>(at, 12);
  const s0 = load<i32>(at, 16) << 2, s1 = load<i32>(at, 20) << 2, s2 = load<i32>(at, 24) << 2, s3 = load<i32>(at, 28) << 2;
  for (let i = 0, p0 = x; i < d0; i++, p0 += s0) {
    for (let j = 0, p1 = p0; j < d1; j++, p1 += s1) {
      for (let k = 0, p2 = p1; k < d2; k++, p2 += s2) {
        if (s3 == 4) {
          copyCells(z, p2, d3 << 2);
          z += d3 << 2;
        } else {
          for (let l = 0, p3 = p2; l < d3; l++, p3 += s3, z += 4) store<u32>(z, load<u32>(p3));
        }
      }
    }
  }
}

// Rows of `bytes`; the indices are int64 if `wide`, else int32, and have been checked.
@inline function indexAt(indices: usize, i: usize, wide: i32): usize {
  return wide ? <usize>load<i64>(indices + (i << 3)) : <usize>load<i32>(indices + (i << 2));
}
// z[count] = x[indices]
export function gather_rows(z: usize, x: usize, indices: usize, count: usize, bytes: usize, wide: i32): void {
  if (bytes & 3) {
    for (let i: usize = 0; i < count; i++) memory.copy(z + i * bytes, x + indexAt(indices, i, wide) * bytes, bytes);
  } else {
    for (let i: usize = 0; i < count; i++) copyCells(z + i * bytes, x + indexAt(indices, i, wide) * bytes, bytes);
  }
}
// z[indices] = x[count]; of equal indices the last one stays
export function scatter_rows(z: usize, x: usize, indices: usize, count: usize, bytes: usize, wide: i32): void {
  for (let i: usize = 0; i < count; i++) memory.copy(z + indexAt(indices, i, wide) * bytes, x + i * bytes, bytes);
}
// z[indices] += x[count] over rows of n float32
export function scatter_add_rows_f32(z: usize, x: usize, indices: usize, count: usize, n: usize, wide: i32): void {
  const bytes = n << 2, end4: usize = (n & ~3) << 2;
  for (let i: usize = 0; i < count; i++, x += bytes) {
    const to = z + indexAt(indices, i, wide) * bytes;
    let j: usize = 0;
    for (; j < end4; j += 16) v128.store(to + j, f32x4.add(v128.load(to + j), v128.load(x + j)));
    for (; j < bytes; j += 4) store<f32>(to + j, load<f32>(to + j) + load<f32>(x + j));
  }
}

// `blocks` stretches of `bytes`, each dstStride and srcStride bytes after the one before: concat, split, pad.
export function copy_blocks(dst: usize, src: usize, blocks: i32, bytes: usize, dstStride: usize, srcStride: usize): void {
  if (bytes & 3) for (; blocks > 0; blocks--, dst += dstStride, src += srcStride) memory.copy(dst, src, bytes);
  else for (; blocks > 0; blocks--, dst += dstStride, src += srcStride) copyCells(dst, src, bytes);
}
