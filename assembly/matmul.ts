// Products of matrices. A tile of 2 rows by 16 columns is what stays in registers on Node 20 (wider or taller spills).
import { sum4 } from "./vector";

const KC = 256, NC = 1024, MC = 128;

// The sum for one tile, k long. a: its two rows are `ar` apart, its columns `ac`; b: rows `bs` apart, columns adjoin.
// R rows by V vectors; both are constants at every call, so that unused sums vanish.
@inline function tile(R: i32, V: i32, c: usize, cr: usize, a: usize, ar: usize, ac: usize, b: usize, bs: usize, k: i32, lanes: i32, more: i32): void {
  let p0 = f32x4.splat(0), p1 = p0, p2 = p0, p3 = p0, q0 = p0, q1 = p0, q2 = p0, q3 = p0;
  while (true) {
    let x = v128.load32_splat(a), y = p0, v = v128.load(b);
    if (R > 1) y = v128.load32_splat(a + ar);
    p0 = f32x4.add(p0, f32x4.mul(x, v));
    if (R > 1) q0 = f32x4.add(q0, f32x4.mul(y, v));
    if (V > 1) {
      v = v128.load(b, 16);
      p1 = f32x4.add(p1, f32x4.mul(x, v));
      if (R > 1) q1 = f32x4.add(q1, f32x4.mul(y, v));
    }
    if (V > 2) {
      v = v128.load(b, 32);
      p2 = f32x4.add(p2, f32x4.mul(x, v));
      if (R > 1) q2 = f32x4.add(q2, f32x4.mul(y, v));
    }
    if (V > 3) {
      v = v128.load(b, 48);
      p3 = f32x4.add(p3, f32x4.mul(x, v));
      if (R > 1) q3 = f32x4.add(q3, f32x4.mul(y, v));
    }
    if (--k == 0) break;
    a += ac;
    b += bs;
  }
  finish(V, c, p0, p1, p2, p3, lanes, more);
  if (R > 1) finish(V, c + cr, q0, q1, q2, q3, lanes, more);
}

// Writes V vectors to c, the last one only in part; `more`: c holds the sum of earlier k already.
@inline function finish(V: i32, c: usize, s0: v128, s1: v128, s2: v128, s3: v128, lanes: i32, more: i32): void {
  if (V > 1) put(c, s0, more);
  if (V > 2) put(c + 16, s1, more);
  if (V > 3) put(c + 32, s2, more);
  const last = V == 1 ? s0 : V == 2 ? s1 : V == 3 ? s2 : s3, p = c + ((V - 1) << 4);
  if (lanes == 4) put(p, last, more);
  else putPart(p, last, lanes, more);
}
@inline function put(c: usize, s: v128, more: i32): void {
  v128.store(c, more ? f32x4.add(v128.load(c), s) : s);
}
function putPart(c: usize, s: v128, lanes: i32, more: i32): void {
  for (let i = 0; i < lanes; i++, c += 4) {
    const v = f32x4.extract_lane(s, 0);
    store<f32>(c, more ? load<f32>(c) + v : v);
    s = i8x16.shuffle(s, s, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
  }
}

// All m rows against one panel of V vectors.
@inline function strip(V: i32, c: usize, cr: usize, a: usize, ar: usize, ac: usize, two: usize, b: usize, bs: usize, m: i32, k: i32, lanes: i32, more: i32): void {
  for (; m > 1; m -= 2, c += cr << 1, a += two) tile(2, V, c, cr, a, ar, ac, b, bs, k, lanes, more);
  if (m) tile(1, V, c, cr, a, ar, ac, b, bs, k, lanes, more);
}
function panel(c: usize, cr: usize, a: usize, ar: usize, ac: usize, two: usize, b: usize, bs: usize, m: i32, k: i32, width: i32, more: i32): void {
  const lanes = ((width - 1) & 3) + 1;
  switch ((width + 3) >> 2) {
    case 4: strip(4, c, cr, a, ar, ac, two, b, bs, m, k, lanes, more); break;
    case 3: strip(3, c, cr, a, ar, ac, two, b, bs, m, k, lanes, more); break;
    case 2: strip(2, c, cr, a, ar, ac, two, b, bs, m, k, lanes, more); break;
    default: strip(1, c, cr, a, ar, ac, two, b, bs, m, k, lanes, more);
  }
}

// k rows of b (`br` bytes apart) by n columns, as panels of 16 columns whose rows adjoin; the last one ends in zeros.
function packRows(to: usize, b: usize, br: usize, k: i32, n: i32): void {
  for (; n > 0; n -= 16, b += 64) {
    let q = b;
    if (n >= 16) {
      for (let p = 0; p < k; p++, q += br, to += 64) {
        v128.store(to, v128.load(q));
        v128.store(to, v128.load(q, 16), 16);
        v128.store(to, v128.load(q, 32), 32);
        v128.store(to, v128.load(q, 48), 48);
      }
    } else {
      for (let p = 0; p < k; p++, q += br, to += 64) {
        for (let j = 0; j < 16; j++) store<f32>(to + (j << 2), j < n ? load<f32>(q + (j << 2)) : 0);
      }
    }
  }
}

// The same of b transposed: b holds n rows (`br` bytes apart), k of their cells are taken.
function packColumns(to: usize, b: usize, br: usize, k: i32, n: i32): void {
  for (; n > 0; n -= 16, b += br << 4, to += k << 6) {
    const width = min(n, 16);
    let j = 0;
    for (; j + 4 <= width; j += 4) {
      const r0 = b + j * br, r1 = r0 + br, r2 = r1 + br, r3 = r2 + br;
      let q = to + (j << 2), p: usize = 0;
      for (const end: usize = (k & ~3) << 2; p < end; p += 16, q += 256) {
        const v0 = v128.load(r0 + p), v1 = v128.load(r1 + p), v2 = v128.load(r2 + p), v3 = v128.load(r3 + p);
        const lo01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), hi01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
        const lo23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5), hi23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
        v128.store(q, v128.shuffle<f64>(lo01, lo23, 0, 2));
        v128.store(q, v128.shuffle<f64>(lo01, lo23, 1, 3), 64);
        v128.store(q, v128.shuffle<f64>(hi01, hi23, 0, 2), 128);
        v128.store(q, v128.shuffle<f64>(hi01, hi23, 1, 3), 192);
      }
      for (const end: usize = k << 2; p < end; p += 4, q += 64) {
        store<f32>(q, load<f32>(r0 + p));
        store<f32>(q, load<f32>(r1 + p), 4);
        store<f32>(q, load<f32>(r2 + p), 8);
        store<f32>(q, load<f32>(r3 + p), 12);
      }
    }
    for (; j < 16; j++) {
      const r = b + j * br;
      for (let p = 0; p < k; p++) store<f32>(to + (p << 6) + (j << 2), j < n ? load<f32>(r + (p << 2)) : 0);
    }
  }
}

// m columns of a transposed (k rows, `ar` bytes apart), as pairs: a pair's k cells adjoin. m even but for the last pair.
function packPairs(to: usize, a: usize, ar: usize, k: i32, m: i32): void {
  const pair: usize = k << 3;
  for (; m >= 16; m -= 16, a += 64, to += pair << 3) {  // whole cache lines
    let q = a;
    for (let p: usize = to, end = to + pair; p < end; p += 8, q += ar) {
      let r = p;
      store<u64>(r, load<u64>(q)); r += pair;
      store<u64>(r, load<u64>(q, 8)); r += pair;
      store<u64>(r, load<u64>(q, 16)); r += pair;
      store<u64>(r, load<u64>(q, 24)); r += pair;
      store<u64>(r, load<u64>(q, 32)); r += pair;
      store<u64>(r, load<u64>(q, 40)); r += pair;
      store<u64>(r, load<u64>(q, 48)); r += pair;
      store<u64>(r, load<u64>(q, 56));
    }
  }
  for (; m > 0; m -= 2, a += 8, to += pair) {
    let q = a;
    for (let p: usize = to, end = to + pair; p < end; p += 8, q += ar) {
      store<f32>(p, load<f32>(q));
      if (m > 1) store<f32>(p, load<f32>(q, 4), 4);
    }
  }
}

// One column of c, for the columns that fill no vector.
function column(c: usize, cr: usize, a: usize, ar: usize, ac: usize, b: usize, bs: usize, m: i32, k: i32, more: i32): void {
  for (; m > 0; m--, c += cr, a += ar) {
    let s: f32 = more ? load<f32>(c) : 0, p = a, q = b;
    for (let i = 0; i < k; i++, p += ac, q += bs) s += load<f32>(p) * load<f32>(q);
    store<f32>(c, s);
  }
}

// c[m,n] = a[m,k] . b[n,k] by rows of both: for a few rows, where packing b would cost more than the product.
function dots(c: usize, a: usize, b: usize, m: i32, k: i32, n: i32, more: i32): void {
  const row: usize = k << 2, end8: usize = (k & ~7) << 2;
  for (let i = 0; i < m; i++, a += row) {
    for (let j = 0, y = b; j < n; j++, y += row, c += 4) {
      let s = f32x4.splat(0), t = s, p: usize = 0;
      for (; p < end8; p += 32) {
        s = f32x4.add(s, f32x4.mul(v128.load(a + p), v128.load(y + p)));
        t = f32x4.add(t, f32x4.mul(v128.load(a + p, 16), v128.load(y + p, 16)));
      }
      let r = sum4(f32x4.add(s, t));
      if (more) r += load<f32>(c);
      for (; p < row; p += 4) r += load<f32>(a + p) * load<f32>(y + p);
      store<f32>(c, r);
    }
  }
}

// Bytes matmul_f32 needs at `scratch`.
export function matmul_scratch(m: i32, k: i32, n: i32): i32 {
  const kc = min(k, KC);
  return ((min(n, NC) + 15) & ~15) * kc * 4 + ((min(m, MC) + 1) & ~1) * kc * 4;
}

// c[m,n] = op(a) . op(b); ta: a lies as [k,m], tb: b lies as [n,k]. c must not overlap a or b.
export function matmul_f32(c: usize, a: usize, b: usize, m: i32, k: i32, n: i32, ta: i32, tb: i32, scratch: usize): void {
  if (k == 0) memory.fill(c, 0, m * n << 2);
  else product(c, a, b, m, k, n, ta, tb, scratch, 0);
}
// c += op(a) . op(b)
export function matmul_add_f32(c: usize, a: usize, b: usize, m: i32, k: i32, n: i32, ta: i32, tb: i32, scratch: usize): void {
  if (k) product(c, a, b, m, k, n, ta, tb, scratch, 1);
}
function product(c: usize, a: usize, b: usize, m: i32, k: i32, n: i32, ta: i32, tb: i32, scratch: usize, more: i32): void {
  if (m == 0 || n == 0) return;
  const cr: usize = n << 2;
  if (m == 1) ta = 0;  // a vector lies the same either way
  if (n == 1) tb = 1;
  const ar: usize = ta ? 4 : k << 2, ac: usize = ta ? m << 2 : 4, br: usize = tb ? k << 2 : cr;
  const few = m < 8 || <i64>m * k * n < 8192;
  if (few && !tb) {
    let j = 0;
    for (const end = n & ~3; j < end; j += 16) {
      const at = j << 2;
      panel(c + at, cr, a, ar, ac, ar << 1, b + at, br, m, k, min(16, end - j), more);
    }
    for (j = n & ~3; j < n; j++) column(c + (j << 2), cr, a, ar, ac, b + (j << 2), br, m, k, more);
    return;
  }
  if (tb && !ta && (m < 4 || n < 4)) return dots(c, a, b, m, k, n, more);
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    for (let pc = 0; pc < k; pc += KC) {
      const kc = min(KC, k - pc), pairs = scratch + (((nc + 15) & ~15) * kc << 2);
      if (tb) packColumns(scratch, b + jc * br + (pc << 2), br, kc, nc);
      else packRows(scratch, b + pc * br + (jc << 2), br, kc, nc);
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(MC, m - ic), at = c + ic * cr + (jc << 2), from = a + ic * ar + pc * ac;
        if (ta) packPairs(pairs, from, ac, kc, mc);
        for (let j = 0; j < nc; j += 16) {
          const w = min(16, nc - j), to = at + (j << 2), p = scratch + (j * kc << 2);
          if (ta) panel(to, cr, pairs, 4, 8, kc << 3, p, 64, mc, kc, w, pc | more);
          else panel(to, cr, from, ar, 4, ar << 1, p, 64, mc, kc, w, pc | more);
        }
      }
    }
  }
}

// The same in float64, unpacked; a row of c gathers multiples of rows of b, or is made of dot products if tb.
export function matmul_f64(c: usize, a: usize, b: usize, m: i32, k: i32, n: i32, ta: i32, tb: i32): void {
  const ar: usize = ta ? 8 : k << 3, ac: usize = ta ? m << 3 : 8, row: usize = n << 3, end2: usize = (n & ~1) << 3;
  for (let i = 0; i < m; i++, c += row, a += ar) {
    if (tb) {
      for (let j = 0, y = b; j < n; j++) {
        let s: f64 = 0;
        for (let p = 0, x = a; p < k; p++, x += ac, y += 8) s += load<f64>(x) * load<f64>(y);
        store<f64>(c + (j << 3), s);
      }
      continue;
    }
    memory.fill(c, 0, row);
    for (let p = 0, x = a, y = b; p < k; p++, x += ac, y += row) {
      const s = load<f64>(x), v = f64x2.splat(s);
      let j: usize = 0;
      for (; j < end2; j += 16) v128.store(c + j, f64x2.add(v128.load(c + j), f64x2.mul(v, v128.load(y + j))));
      if (j < row) store<f64>(c + j, load<f64>(c + j) + s * load<f64>(y + j));
    }
  }
}
