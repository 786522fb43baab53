/** @file The incomplete gamma functions and their derivatives, of one pair of numbers. */
import { digammaOf, lgammaOf } from './special_values';

const { abs, exp, log } = Math;
/** Far more terms than any series here needs to settle. */
const TERMS = 20000;

/** A sum or fraction without what stands before it, and its derivative by a. */
interface Part {
  readonly value: number;
  readonly slope: number;
}
/** The sum of x^n / ((a + 1) ... (a + n)): good for x up to a + 1. */
function series(a: number, x: number): Part {
  let [term, slope, sum, slopes] = [1, 0, 1, 0];
  for (let n = 1; n < TERMS; n++) {
    slope = (slope * x) / (a + n) - (term * x) / (a + n) ** 2;
    term *= x / (a + n);
    sum += term;
    slopes += slope;
    if (abs(term) <= 1e-17 * sum && abs(slope) <= 1e-17 * abs(slopes)) break;
  }
  return { value: sum, slope: slopes };
}
/** The continued fraction for what is left of 1: good for x above 1 and a. */
function fraction(a: number, x: number): Part {
  let y = 1 - a;
  let z = x + y + 1;
  let [p2, q2, p1, q1] = [1, x, x + 1, z * x];
  let [dp2, dq2, dp1, dq1] = [0, 0, 0, -x];
  let value = p1 / q1;
  let slope = (dp1 - value * dq1) / q1;
  for (let c = 1; c < TERMS; c++) {
    y += 1;
    z += 2;
    const yc = y * c;
    const [p, q] = [p1 * z - p2 * yc, q1 * z - q2 * yc];
    const [dp, dq] = [dp1 * z - p1 - dp2 * yc + p2 * c, dq1 * z - q1 - dq2 * yc + q2 * c];
    const before = { value, slope };
    if (q !== 0) {
      value = p / q;
      slope = (dp - value * dq) / q;
    }
    [p2, p1, q2, q1] = [p1, p, q1, q];
    [dp2, dp1, dq2, dq1] = [dp1, dp, dq1, dq];
    if (abs(p) > 2 ** 52)
      [p2, p1, q2, q1, dp2, dp1, dq2, dq1] = [p2, p1, q2, q1, dp2, dp1, dq2, dq1].map(shrink) as Eight;
    const settled = (now: number, then: number) => abs(now - then) <= 1e-16 * abs(now);
    if (settled(value, before.value) && settled(slope, before.slope)) break;
  }
  return { value, slope };
}
type Eight = [number, number, number, number, number, number, number, number];
const shrink = (x: number): number => x * 2 ** -52;

const byFraction = (a: number, x: number): boolean => x > 1 && x > a;
/** x^a e^-x / gamma(a) */
const front = (a: number, x: number): number => exp(a * log(x) - x - lgammaOf(a));

/** The part of gamma(a) that lies below x. */
export function igammaOf(a: number, x: number): number {
  if (!(x >= 0 && a > 0)) return Number.NaN;
  if (x === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  return byFraction(a, x) ? 1 - front(a, x) * fraction(a, x).value : (front(a, x) / a) * series(a, x).value;
}
/** The part that lies above x. */
export function igammacOf(a: number, x: number): number {
  if (!(x >= 0 && a > 0)) return Number.NaN;
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  return byFraction(a, x) ? front(a, x) * fraction(a, x).value : 1 - (front(a, x) / a) * series(a, x).value;
}
/** The derivative of igamma by a. */
export function igammaSlopeOf(a: number, x: number): number {
  if (x === 0) return 0;
  if (!(x > 0 && a > 0)) return Number.NaN;
  return (-gammaSampleSlopeOf(a, x) * front(a, x)) / x;
}
/** How a sample of the gamma distribution moves with alpha. */
export function gammaSampleSlopeOf(a: number, x: number): number {
  if (x === 0) return 0;
  if (!(x > 0 && a > 0)) return Number.NaN;
  if (byFraction(a, x)) {
    const { value, slope } = fraction(a, x);
    return (slope + value * (log(x) - digammaOf(a))) * x;
  }
  const { value, slope } = series(a, x);
  return (-(slope + value * (log(x) - digammaOf(a + 1))) * x) / a;
}
