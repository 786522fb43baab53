// Four float32 at a time: the functions WebAssembly lacks, and the cells at a row's end that fill no vector.
// Coefficients are our own minimax fits. Errors stay within 2.5 ulp (test/kernels.test.ts).

// The last 4, 8 or 12 bytes at p; the lanes after them are 0.
export function part(p: usize, bytes: usize): v128 {
  const v = v128.load32_zero(p);
  if (bytes == 4) return v;
  if (bytes == 8) return v128.load64_zero(p);
  return v128.load_lane<u32>(p + 8, v128.load64_zero(p), 2);
}
export function putPart(p: usize, v: v128, bytes: usize): void {
  if (bytes == 4) return v128.store_lane<u32>(p, v, 0);
  v128.store_lane<u64>(p, v, 0);
  if (bytes == 12) v128.store_lane<u32>(p + 8, v, 2);
}

@inline export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

@inline export function splat(x: f32): v128 { return f32x4.splat(x); }
@inline function madd(x: v128, y: v128, z: f32): v128 { return f32x4.add(f32x4.mul(x, y), f32x4.splat(z)); }
// mask ? x : y
@inline export function pick(mask: v128, x: v128, y: v128): v128 { return v128.bitselect(x, y, mask); }

// 2^n e^r with |r| <= ln(2) / 2. Adding 1.5 * 2^23 rounds to whole numbers and leaves them in the low bits.
@inline export function exp4(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, splat(-104)), splat(89));  // beyond, the result is 0 or inf all the same
  const t = madd(x, splat(1.44269504), 12582912), n = f32x4.sub(t, splat(12582912));
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, splat(0.693359375))), f32x4.mul(n, splat(-2.12194440e-4)));
  let p = madd(splat(0.001381446491), r, 0.008368780836);
  p = madd(madd(madd(p, r, 0.04166839272), r, 0.1666651964), r, 0.4999999404);
  const y = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), splat(1));
  // In two steps, for 2^n itself may overflow, or be a denormal.
  const i = i32x4.sub(t, i32x4.splat(0x4B400000)), half = i32x4.shr_s(i, 1);
  const a = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23);
  const b = i32x4.shl(i32x4.add(i32x4.sub(i, half), i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(y, a), b);
}

// log(2^e m) with m from sqrt(1/2) to sqrt(2)
@inline export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38));
  const bits = pick(tiny, f32x4.mul(x, splat(8388608)), x);
  const k = i32x4.shr_s(i32x4.sub(bits, i32x4.splat(0x3F3504F3)), 23);
  const e = f32x4.convert_i32x4_s(i32x4.sub(k, v128.and(tiny, i32x4.splat(23))));
  const f = f32x4.sub(i32x4.sub(bits, i32x4.shl(k, 23)), splat(1)), ff = f32x4.mul(f, f);
  let p = madd(splat(0.06746601313), f, -0.1167564169);
  p = madd(madd(madd(p, f, 0.1188817471), f, -0.1240559146), f, 0.1421955079);
  p = madd(madd(madd(madd(p, f, -0.1666799635), f, 0.2000211924), f, -0.2500000894), f, 0.3333331347);
  let y = f32x4.add(f32x4.mul(f32x4.mul(ff, f), p), f32x4.mul(e, splat(-2.12194440e-4)));
  y = f32x4.add(f32x4.sub(y, f32x4.mul(ff, splat(0.5))), f);
  y = f32x4.add(y, f32x4.mul(e, splat(0.693359375)));
  // 0: -inf; below 0: NaN; inf and NaN: themselves
  const zero = splat(0), odd = pick(f32x4.eq(x, zero), splat(-Infinity), pick(f32x4.lt(x, zero), splat(NaN), x));
  return pick(v128.and(f32x4.gt(x, zero), f32x4.lt(x, splat(Infinity))), y, odd);
}

@inline export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x), z = f32x4.mul(a, a);
  let p = madd(madd(splat(-0.005717036314), z, 0.02065057866), z, -0.05374349654);
  p = madd(madd(p, z, 0.1333149076), z, -0.3333328366);
  const near = f32x4.add(f32x4.mul(f32x4.mul(z, a), p), a);
  const far = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(exp4(f32x4.add(a, a)), splat(1))));
  return pick(splat(-0.0), x, pick(f32x4.lt(a, splat(0.625)), near, far));  // the sign of x, -0 too
}

@inline export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));  // never overflows
  return f32x4.div(pick(f32x4.lt(x, splat(0)), e, splat(1)), f32x4.add(e, splat(1)));
}

// max(x, 0) + log(1 + e) with e = exp(-|x|); what 1 + e rounds away is added to its logarithm.
@inline export function softplus4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x))), u = f32x4.add(e, splat(1));
  const lost = f32x4.div(f32x4.sub(e, f32x4.sub(u, splat(1))), u);
  return f32x4.add(f32x4.pmax(x, splat(0)), f32x4.add(log4(u), lost));
}

// memory.copy costs a call out of WebAssembly (some 10 ns), which short rows do not repay. bytes: a multiple of 4.
export function copyCells(z: usize, x: usize, bytes: usize): void {
  if (bytes > 256) return memory.copy(z, x, bytes);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(z + i, v128.load(x + i));
  for (; i < bytes; i += 4) store<u32>(z + i, load<u32>(x + i));
}
export function clearCells(z: usize, bytes: usize): void {
  if (bytes > 256) return memory.fill(z, 0, bytes);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(z + i, i32x4.splat(0));
  for (; i < bytes; i += 4) store<u32>(z + i, 0);
}
