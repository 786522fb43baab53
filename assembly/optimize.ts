// One step of an optimizer over n float32, in place; operands in TensorFlow's order, scalars by address.
import { part, putPart } from "./vector";

@inline function scalar(p: usize): v128 { return v128.load32_splat(p); }
@inline function get(p: usize, left: usize): v128 { return left >= 16 ? v128.load(p) : part(p, left); }
@inline function put(p: usize, v: v128, left: usize): void {
  if (left >= 16) v128.store(p, v);
  else putPart(p, v, left);
}

// w -= rate g
export function apply_gradient_descent_f32(w: usize, rate: usize, g: usize, n: i32): void {
  const r = scalar(rate), end: usize = n << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const k = end - i;
    put(w + i, f32x4.sub(get(w + i, k), f32x4.mul(r, get(g + i, k))), k);
  }
}

// a = momentum a + g; w -= rate a, or if `nesterov` w -= rate (g + momentum a)
export function apply_momentum_f32(w: usize, a: usize, rate: usize, g: usize, momentum: usize, n: i32, nesterov: i32): void {
  const r = scalar(rate), u = scalar(momentum), end: usize = n << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const k = end - i, d = get(g + i, k), s = f32x4.add(f32x4.mul(get(a + i, k), u), d);
    put(a + i, s, k);
    const step = nesterov ? f32x4.add(f32x4.mul(d, r), f32x4.mul(f32x4.mul(s, u), r)) : f32x4.mul(s, r);
    put(w + i, f32x4.sub(get(w + i, k), step), k);
  }
}

// m and v follow g and g^2; w -= rate sqrt(1 - power2) / (1 - power1) m / (sqrt(v) + epsilon)
export function apply_adam_f32(w: usize, m: usize, v: usize, power1: usize, power2: usize, rate: usize, beta1: usize, beta2: usize, epsilon: usize, g: usize, n: i32, nesterov: i32): void {
  const b1 = scalar(beta1), e = scalar(epsilon), end: usize = n << 2;
  const c1 = f32x4.splat(1 - load<f32>(beta1)), c2 = f32x4.splat(1 - load<f32>(beta2));
  const r = f32x4.splat(load<f32>(rate) * sqrt<f32>(1 - load<f32>(power2)) / (1 - load<f32>(power1)));
  for (let i: usize = 0; i < end; i += 16) {
    const k = end - i, d = get(g + i, k), m0 = get(m + i, k), v0 = get(v + i, k);
    const m1 = f32x4.add(m0, f32x4.mul(f32x4.sub(d, m0), c1));
    const v1 = f32x4.add(v0, f32x4.mul(f32x4.sub(f32x4.mul(d, d), v0), c2));
    put(m + i, m1, k);
    put(v + i, v1, k);
    const top = nesterov ? f32x4.add(f32x4.mul(d, c1), f32x4.mul(b1, m1)) : m1;
    put(w + i, f32x4.sub(get(w + i, k), f32x4.div(f32x4.mul(top, r), f32x4.add(f32x4.sqrt(v1), e))), k);
  }
}

// s follows g^2; u = momentum u + rate g / sqrt(s + epsilon); w -= u
export function apply_rmsprop_f32(w: usize, s: usize, u: usize, rate: usize, rho: usize, momentum: usize, epsilon: usize, g: usize, n: i32): void {
  const r = scalar(rate), c = f32x4.splat(1 - load<f32>(rho)), t = scalar(momentum), e = scalar(epsilon), end: usize = n << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const k = end - i, d = get(g + i, k), s0 = get(s + i, k), s1 = f32x4.add(s0, f32x4.mul(f32x4.sub(f32x4.mul(d, d), s0), c));
    put(s + i, s1, k);
    const u1 = f32x4.add(f32x4.mul(get(u + i, k), t), f32x4.div(f32x4.mul(d, r), f32x4.sqrt(f32x4.add(e, s1))));
    put(u + i, u1, k);
    put(w + i, f32x4.sub(get(w + i, k), u1), k);
  }
}

// s += g^2 if `update`; w -= rate g (1 / sqrt(s))
export function apply_adagrad_f32(w: usize, s: usize, rate: usize, g: usize, n: i32, update: i32): void {
  const r = scalar(rate), one = f32x4.splat(1), end: usize = n << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const k = end - i, d = get(g + i, k);
    let s1 = get(s + i, k);
    if (update) {
      s1 = f32x4.add(s1, f32x4.mul(d, d));
      put(s + i, s1, k);
    }
    put(w + i, f32x4.sub(get(w + i, k), f32x4.mul(f32x4.mul(d, r), f32x4.div(one, f32x4.sqrt(s1)))), k);
  }
}
