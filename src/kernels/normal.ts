/** @file Normal numbers by Box-Muller, with the very bits of C's logf, sinf and cosf; doubles by JavaScript's own. */
import {
  COS_2,
  COS_4,
  COS_6,
  COS_8,
  HALF_PI_INVERSE,
  INVERSE,
  LOG,
  LOG_2,
  LOG_3,
  LOG_4,
  SIN_3,
  SIN_5,
  SIN_7,
} from './libm_tables';

const { fround, LN2, PI, sqrt } = Math;
const HALF_PI = PI / 2;
const TWO_PI = 2 * PI;
const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The logarithm of a normal float32, rounded as glibc's logf rounds; also of 0. */
export function logFloat(x: number): number {
  if (x === 1) return 0;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  float[0] = x;
  const ix = bits[0]!;
  const offset = ix - 0x3f330000;
  const i = (offset >> 19) & 15;
  const exponent = offset >> 23;
  bits[0] = ix - (exponent << 23);
  const r = float[0]! * INVERSE[i]! - 1;
  const r2 = r * r;
  return fround(r2 * (LOG_4 * r2 + (LOG_3 * r + LOG_2)) + (LOG[i]! + exponent * LN2 + r));
}

/** The sine and cosine of a float32 in [0, 2 pi), rounded as glibc's sincosf rounds, each times r: into pair. */
function sineAndCosine(y: number, r: number, pair: Float32Array): void {
  if (y < 2 ** -12) {
    pair[0] = y * r;
    pair[1] = r;
    return;
  }
  const quadrant = y < 0.75 ? 0 : (Math.trunc(y * HALF_PI_INVERSE) + 0x800000) >> 24;
  const x = y - quadrant * HALF_PI;
  const q = quadrant & 3;
  const xs = q === 1 || q === 2 ? -x : x;
  const x2 = x * x;
  const x3 = x2 * xs;
  const x4 = x2 * x2;
  const sine = fround(xs + x3 * SIN_3 + x3 * x2 * (SIN_5 + x2 * SIN_7));
  const above = fround(1 + x2 * COS_2 + x4 * COS_4 + x4 * x2 * (COS_6 + x2 * COS_8));
  const cosine = q >= 2 ? -above : above;
  pair[0] = (q & 1 ? cosine : sine) * r;
  pair[1] = (q & 1 ? sine : cosine) * r;
}

/** Keeps the logarithm finite. */
const LEAST_FLOAT = fround(1e-7);
const LEAST_DOUBLE = 1e-7;

/** 23 bits of a word as a float32 in [0, 1). */
const uniformFloat = (word: number): number => (word & 0x7fffff) / 0x800000;
/** 52 bits of two words as a float64 in [0, 1); the earlier word gives the upper bits. */
export const uniformDouble = (upper: number, lower: number): number =>
  ((upper & 0xfffff) * 2 ** 32 + (lower >>> 0)) / 2 ** 52;

/** Two words make two float32 normals: sine first. */
export function normalFloats(word0: number, word1: number, pair: Float32Array): void {
  const u = uniformFloat(word0);
  const r = fround(sqrt(-2 * logFloat(Math.max(u, LEAST_FLOAT))));
  sineAndCosine(fround(TWO_PI * uniformFloat(word1)), r, pair);
}

/** A block makes two float64 normals. log, sin and cos are off by one unit in the last place from C's now and then. */
export function normalDoubles(block: Uint32Array, pair: Float64Array): void {
  const u = uniformDouble(block[0]!, block[1]!);
  const v = TWO_PI * uniformDouble(block[2]!, block[3]!);
  const r = sqrt(-2 * Math.log(Math.max(u, LEAST_DOUBLE)));
  pair[0] = Math.sin(v) * r;
  pair[1] = Math.cos(v) * r;
}
