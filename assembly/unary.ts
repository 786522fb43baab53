// z = f(x) over float32, and gradients that are pairs z = f(x, y). z may be x or y.
import { exp4, log4, part, pick, putPart, sigmoid4, softplus4, splat, tanh4 } from "./vector";

const NEG = 0, SQUARE = 1, SQRT = 2, RSQRT = 3, RECIPROCAL = 4, ABS = 5, RELU = 6, RELU6 = 7, EXP = 8, LOG = 9, TANH = 10, SIGMOID = 11, SOFTPLUS = 12, ELU = 13, FLOOR = 14, CEIL = 15, SIGN = 16;

// `op` is a constant at every call, as in elementwise.ts.
@inline function four(op: i32, x: v128): v128 {
  if (op == NEG) return f32x4.neg(x);
  if (op == SQUARE) return f32x4.mul(x, x);
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == RSQRT) return f32x4.div(splat(1), f32x4.sqrt(x));
  if (op == RECIPROCAL) return f32x4.div(splat(1), x);
  if (op == ABS) return f32x4.abs(x);
  if (op == RELU) return f32x4.pmax(x, splat(0));  // x < 0 ? 0 : x keeps NaN
  if (op == RELU6) return f32x4.pmin(f32x4.pmax(x, splat(0)), splat(6));
  if (op == EXP) return exp4(x);
  if (op == LOG) return log4(x);
  if (op == TANH) return tanh4(x);
  if (op == SIGMOID) return sigmoid4(x);
  if (op == SOFTPLUS) return softplus4(x);
  if (op == ELU) return pick(f32x4.lt(x, splat(0)), f32x4.sub(exp4(x), splat(1)), x);
  if (op == FLOOR) return f32x4.floor(x);
  if (op == CEIL) return f32x4.ceil(x);
  const one = splat(1), zero = splat(0);  // of NaN 0, as the reference kernel says
  return f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one));
}
@inline function map(op: i32, z: usize, x: usize, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, four(op, v128.load(x + i)));
  if (i < end) putPart(z + i, four(op, part(x + i, end - i)), end - i);
}

export function neg_f32(z: usize, x: usize, n: usize): void { map(NEG, z, x, n); }
export function square_f32(z: usize, x: usize, n: usize): void { map(SQUARE, z, x, n); }
export function sqrt_f32(z: usize, x: usize, n: usize): void { map(SQRT, z, x, n); }
export function rsqrt_f32(z: usize, x: usize, n: usize): void { map(RSQRT, z, x, n); }
export function reciprocal_f32(z: usize, x: usize, n: usize): void { map(RECIPROCAL, z, x, n); }
export function abs_f32(z: usize, x: usize, n: usize): void { map(ABS, z, x, n); }
export function relu_f32(z: usize, x: usize, n: usize): void { map(RELU, z, x, n); }
export function relu6_f32(z: usize, x: usize, n: usize): void { map(RELU6, z, x, n); }
export function exp_f32(z: usize, x: usize, n: usize): void { map(EXP, z, x, n); }
export function log_f32(z: usize, x: usize, n: usize): void { map(LOG, z, x, n); }
export function tanh_f32(z: usize, x: usize, n: usize): void { map(TANH, z, x, n); }
export function sigmoid_f32(z: usize, x: usize, n: usize): void { map(SIGMOID, z, x, n); }
export function softplus_f32(z: usize, x: usize, n: usize): void { map(SOFTPLUS, z, x, n); }
export function elu_f32(z: usize, x: usize, n: usize): void { map(ELU, z, x, n); }
export function floor_f32(z: usize, x: usize, n: usize): void { map(FLOOR, z, x, n); }
export function ceil_f32(z: usize, x: usize, n: usize): void { map(CEIL, z, x, n); }
export function sign_f32(z: usize, x: usize, n: usize): void { map(SIGN, z, x, n); }

// ---- gradients, operands in TensorFlow's order: (y, dy) where the derivative is told from y, else (dy, x) ----
const TANH_GRAD = 0, SIGMOID_GRAD = 1, RSQRT_GRAD = 2, SQRT_GRAD = 3, RECIPROCAL_GRAD = 4, RELU_GRAD = 5, RELU6_GRAD = 6, SOFTPLUS_GRAD = 7, ELU_GRAD = 8;

@inline function pair(op: i32, a: v128, b: v128): v128 {
  const one = splat(1), zero = splat(0);
  if (op == TANH_GRAD) return f32x4.mul(b, f32x4.sub(one, f32x4.mul(a, a)));
  if (op == SIGMOID_GRAD) return f32x4.mul(f32x4.mul(b, a), f32x4.sub(one, a));
  if (op == RSQRT_GRAD) return f32x4.mul(f32x4.mul(splat(-0.5), f32x4.mul(b, a)), f32x4.mul(a, a));
  if (op == SQRT_GRAD) return f32x4.div(f32x4.mul(splat(0.5), b), a);
  if (op == RECIPROCAL_GRAD) return f32x4.mul(f32x4.neg(b), f32x4.mul(a, a));
  // times 1 or 0, as TensorFlow does: a gradient that is no number stays so
  if (op == RELU_GRAD) return f32x4.mul(a, v128.and(splat(1), f32x4.gt(b, zero)));
  if (op == RELU6_GRAD) return f32x4.mul(a, v128.and(splat(1), v128.and(f32x4.gt(b, zero), f32x4.lt(b, splat(6)))));
  if (op == SOFTPLUS_GRAD) return f32x4.div(a, f32x4.add(exp4(f32x4.neg(b)), one));
  return pick(f32x4.lt(b, zero), f32x4.mul(f32x4.add(b, one), a), a);  // b is elu's result
}
@inline function both(op: i32, z: usize, a: usize, b: usize, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, pair(op, v128.load(a + i), v128.load(b + i)));
  if (i < end) putPart(z + i, pair(op, part(a + i, end - i), part(b + i, end - i)), end - i);
}

export function tanh_grad_f32(z: usize, y: usize, dy: usize, n: usize): void { both(TANH_GRAD, z, y, dy, n); }
export function sigmoid_grad_f32(z: usize, y: usize, dy: usize, n: usize): void { both(SIGMOID_GRAD, z, y, dy, n); }
export function rsqrt_grad_f32(z: usize, y: usize, dy: usize, n: usize): void { both(RSQRT_GRAD, z, y, dy, n); }
export function sqrt_grad_f32(z: usize, y: usize, dy: usize, n: usize): void { both(SQRT_GRAD, z, y, dy, n); }
export function reciprocal_grad_f32(z: usize, y: usize, dy: usize, n: usize): void { both(RECIPROCAL_GRAD, z, y, dy, n); }
export function relu_grad_f32(z: usize, dy: usize, x: usize, n: usize): void { both(RELU_GRAD, z, dy, x, n); }
export function relu6_grad_f32(z: usize, dy: usize, x: usize, n: usize): void { both(RELU6_GRAD, z, dy, x, n); }
export function softplus_grad_f32(z: usize, dy: usize, x: usize, n: usize): void { both(SOFTPLUS_GRAD, z, dy, x, n); }
export function elu_grad_f32(z: usize, dy: usize, y: usize, n: usize): void { both(ELU_GRAD, z, dy, y, n); }

// alpha as the bits of a float32
export function leaky_relu_f32(z: usize, x: usize, n: usize, alpha: i32): void { leaky(z, x, x, n, alpha); }
export function leaky_relu_grad_f32(z: usize, dy: usize, x: usize, n: usize, alpha: i32): void { leaky(z, dy, x, n, alpha); }
@inline function leaky(z: usize, y: usize, x: usize, n: usize, alpha: i32): void {
  const a = splat(reinterpret<f32>(alpha)), end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) {
    const v = v128.load(y + i);
    v128.store(z + i, pick(f32x4.gt(v128.load(x + i), splat(0)), v, f32x4.mul(v, a)));
  }
  if (i < end) {
    const v = part(y + i, end - i);
    putPart(z + i, pick(f32x4.gt(part(x + i, end - i), splat(0)), v, f32x4.mul(v, a)), end - i);
  }
}

// ---- casts ----
// Bytes (bool, uint8) to float32.
export function cast_u8_f32(z: usize, x: usize, n: usize): void {
  let i: usize = 0;
  for (const end4: usize = n & ~3; i < end4; i += 4) {
    const v = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(x + i)));
    v128.store(z + (i << 2), f32x4.convert_i32x4_s(v));
  }
  for (; i < n; i++) store<f32>(z + (i << 2), <f32>load<u8>(x + i));
}
export function cast_i32_f32(z: usize, x: usize, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, f32x4.convert_i32x4_s(v128.load(x + i)));
  for (; i < end; i += 4) store<f32>(z + i, <f32>load<i32>(x + i));
}
// Towards 0; what no int32 holds, NaN too, becomes -2^31 as on x86.
@inline function whole(v: v128): v128 {
  return pick(f32x4.lt(v, splat(2147483648)), i32x4.trunc_sat_f32x4_s(v), i32x4.splat(0x80000000));
}
export function cast_f32_i32(z: usize, x: usize, n: usize): void {
  const end4: usize = (n & ~3) << 2, end: usize = n << 2;
  let i: usize = 0;
  for (; i < end4; i += 16) v128.store(z + i, whole(v128.load(x + i)));
  if (i < end) putPart(z + i, whole(part(x + i, end - i)), end - i);
}
