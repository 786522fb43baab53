// Layers of neural networks over float32 [m,n]: biases, softmax and its losses, batch normalisation.
import { crossColumns, divideRow, squareColumns, sumColumns } from "./columns";
import { maxRow, sumRow } from "./rows";
import { exp4, log4, part, putPart, splat, sum4 } from "./vector";
import { add_row_f32 } from "./elementwise";

// y[m,n] = x[m,n] + b[n]
export function bias_add_f32(y: usize, x: usize, b: usize, m: i32, n: i32): void { add_row_f32(y, x, b, m, n); }
// y[m,c,s] = x[m,c,s] + b[c], s cells a channel (NCHW)
export function bias_add_nchw_f32(y: usize, x: usize, b: usize, m: i32, c: i32, s: i32): void {
  for (let i = 0; i < m * c; i++) {
    const v = v128.load32_splat(b + ((i % c) << 2)), end = x + (s << 2), end4 = x + ((s & ~3) << 2);
    for (; x < end4; x += 16, y += 16) v128.store(y, f32x4.add(v128.load(x), v));
    for (; x < end; x += 4, y += 4) store<f32>(y, load<f32>(x) + f32x4.extract_lane(v, 0));
  }
}
// z[n] = the sum of dy's columns
export function bias_add_grad_f32(z: usize, dy: usize, m: i32, n: i32): void {
  if (n == 1) store<f32>(z, sumRow(dy, m));
  else sumColumns(z, dy, m, n);
}

// ---- softmax: one row at a time ----
function log1(x: f32): f32 { return f32x4.extract_lane(log4(f32x4.splat(x)), 0); }

// z = exp(x - most); the answer is their sum
function expRow(z: usize, x: usize, n: i32, most: f32): f32 {
  const c = f32x4.splat(most), end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let s = splat(0), i: usize = 0;
  for (; i < end4; i += 16) {
    const e = exp4(f32x4.sub(v128.load(x + i), c));
    v128.store(z + i, e);
    s = f32x4.add(s, e);
  }
  let r = sum4(s);
  if (i < end) {
    putPart(z + i, exp4(f32x4.sub(part(x + i, end - i), c)), end - i);
    for (; i < end; i += 4) r += load<f32>(z + i);
  }
  return r;
}
@inline function scaleRow(z: usize, n: i32, by: f32): void {
  const c = f32x4.splat(by), end4 = z + ((n & ~3) << 2), end = z + (n << 2);
  for (; z < end4; z += 16) v128.store(z, f32x4.mul(v128.load(z), c));
  for (; z < end; z += 4) store<f32>(z, load<f32>(z) * by);
}

// y may be x.
export function softmax_f32(y: usize, x: usize, m: i32, n: i32): void {
  for (const step: usize = n << 2, end = y + m * step; y < end; y += step, x += step) {
    scaleRow(y, n, 1 / expRow(y, x, n, maxRow(x, n)));
  }
}
// y must not be x: it holds the exponentials for a while.
export function log_softmax_f32(y: usize, x: usize, m: i32, n: i32): void {
  for (const step: usize = n << 2, end = y + m * step; y < end; y += step, x += step) {
    const most = maxRow(x, n), log = log1(expRow(y, x, n, most));
    for (let i: usize = 0; i < step; i += 4) store<f32>(y + i, load<f32>(x + i) - most - log);
  }
}

// loss[m] and its gradient[m,n] (before the product with dloss). gradient may be x, but not labels.
export function softmax_xent_f32(loss: usize, gradient: usize, x: usize, labels: usize, m: i32, n: i32): void {
  const step: usize = n << 2;
  for (let i = 0; i < m; i++, loss += 4, gradient += step, x += step, labels += step) {
    const most = maxRow(x, n);
    let weight: f32 = 0, dot: f32 = 0;
    for (let j: usize = 0; j < step; j += 4) {
      const l = load<f32>(labels + j);
      weight += l;
      dot += l * (load<f32>(x + j) - most);
    }
    const s = expRow(gradient, x, n, most);
    store<f32>(loss, log1(s) * weight - dot);
    const c = f32x4.splat(s);
    let j: usize = 0;
    for (const end4: usize = (n & ~3) << 2; j < end4; j += 16) {
      v128.store(gradient + j, f32x4.sub(f32x4.div(v128.load(gradient + j), c), v128.load(labels + j)));
    }
    for (; j < step; j += 4) store<f32>(gradient + j, load<f32>(gradient + j) / s - load<f32>(labels + j));
  }
}
// labels[m] of int64 if `wide`, else int32. A label outside [0, n) makes its row NaN, as on a GPU.
export function sparse_softmax_xent_f32(loss: usize, gradient: usize, x: usize, labels: usize, m: i32, n: i32, wide: i32): void {
  const step: usize = n << 2;
  for (let i = 0; i < m; i++, loss += 4, gradient += step, x += step) {
    const label = wide ? load<i64>(labels + (i << 3)) : load<i32>(labels + (i << 2));
    if (label < 0 || label >= n) {
      store<f32>(loss, NaN);
      for (let j: usize = 0; j < step; j += 4) store<f32>(gradient + j, NaN);
      continue;
    }
    const at: usize = <i32>label << 2, most = maxRow(x, n), own = load<f32>(x + at) - most;
    const s = expRow(gradient, x, n, most);
    store<f32>(loss, log1(s) - own);
    const c = f32x4.splat(s);
    let j: usize = 0;
    for (const end4: usize = (n & ~3) << 2; j < end4; j += 16) v128.store(gradient + j, f32x4.div(v128.load(gradient + j), c));
    for (; j < step; j += 4) store<f32>(gradient + j, load<f32>(gradient + j) / s);
    store<f32>(gradient + at, load<f32>(gradient + at) - 1);
  }
}

// ---- moments and batch normalisation: per column ----

// variance: of the population
export function moments_f32(mean: usize, variance: usize, x: usize, m: i32, n: i32): void {
  sumColumns(mean, x, m, n);
  divideRow(mean, n, <f32>m);
  squareColumns(variance, x, mean, m, n);
  divideRow(variance, n, <f32>m);
}

// factor = scale / sqrt(variance + epsilon)
function factors(factor: usize, scale: usize, variance: usize, n: i32, epsilon: f32): void {
  for (let j: usize = 0, end: usize = n << 2; j < end; j += 4) {
    store<f32>(factor + j, 1 / sqrt(load<f32>(variance + j) + epsilon) * load<f32>(scale + j));
  }
}
// y = (x - mean) * factor + offset
@inline function shifted(x: v128, mean: v128, factor: v128, offset: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.sub(x, mean), factor), offset);
}
function normalise(y: usize, x: usize, mean: usize, factor: usize, offset: usize, m: i32, n: i32): void {
  const step: usize = n << 2, end4: usize = (n & ~3) << 2;
  for (const end = y + m * step; y < end; y += step, x += step) {
    let j: usize = 0;
    for (; j < end4; j += 16) {
      v128.store(y + j, shifted(v128.load(x + j), v128.load(mean + j), v128.load(factor + j), v128.load(offset + j)));
    }
    if (j < step) {
      const k = step - j;
      putPart(y + j, shifted(part(x + j, k), part(mean + j, k), part(factor + j, k), part(offset + j, k)), k);
    }
  }
}

// In training. variance: the unbiased one, times m / (m - 1); the saved ones are what was used. epsilon: float32 bits.
// y may be x.
export function batch_norm_f32(y: usize, mean: usize, variance: usize, savedMean: usize, savedVariance: usize, x: usize, scale: usize, offset: usize, m: i32, n: i32, epsilon: i32): void {
  moments_f32(savedMean, savedVariance, x, m, n);
  memory.copy(mean, savedMean, n << 2);
  factors(variance, scale, savedVariance, n, reinterpret<f32>(epsilon));
  normalise(y, x, savedMean, variance, offset, m, n);
  const adjust = <f32>m / <f32>max(m - 1, 1);
  for (let j: usize = 0, end: usize = n << 2; j < end; j += 4) store<f32>(variance + j, load<f32>(savedVariance + j) * adjust);
}
// With given moments. scratch: 4n bytes
export function batch_norm_inference_f32(y: usize, x: usize, scale: usize, offset: usize, mean: usize, variance: usize, m: i32, n: i32, epsilon: i32, scratch: usize): void {
  factors(scratch, scale, variance, n, reinterpret<f32>(epsilon));
  normalise(y, x, mean, scratch, offset, m, n);
}

// In training; mean and variance are the saved ones. scratch: 12n bytes. dx may be dy or x.
export function batch_norm_grad_f32(dx: usize, dscale: usize, doffset: usize, dy: usize, x: usize, scale: usize, mean: usize, variance: usize, m: i32, n: i32, epsilon: i32, scratch: usize): void {
  const step: usize = n << 2, end4: usize = (n & ~3) << 2, a = scratch, b = a + step, c = b + step;
  sumColumns(doffset, dy, m, n);
  crossColumns(dscale, x, dy, mean, m, n);
  for (let j: usize = 0; j < step; j += 4) {
    const r: f32 = 1 / sqrt(load<f32>(variance + j) + reinterpret<f32>(epsilon)), s = load<f32>(dscale + j);
    store<f32>(a + j, load<f32>(scale + j) * r);
    store<f32>(b + j, load<f32>(doffset + j) / <f32>m);
    store<f32>(c + j, r * r * (s / <f32>m));
    store<f32>(dscale + j, s * r);
  }
  for (const end = dx + m * step; dx < end; dx += step, dy += step, x += step) {
    let j: usize = 0;
    for (; j < end4; j += 16) {
      const slope = f32x4.mul(f32x4.sub(v128.load(x + j), v128.load(mean + j)), v128.load(c + j));
      v128.store(dx + j, f32x4.mul(f32x4.sub(f32x4.sub(v128.load(dy + j), v128.load(b + j)), slope), v128.load(a + j)));
    }
    for (; j < step; j += 4) {
      const slope = (load<f32>(x + j) - load<f32>(mean + j)) * load<f32>(c + j);
      store<f32>(dx + j, (load<f32>(dy + j) - load<f32>(b + j) - slope) * load<f32>(a + j));
    }
  }
}
