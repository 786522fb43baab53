/** @file Errors, gammas and zetas of one number, to nearly all digits of a double. */

// ---- errors -------------------------------------------------------------------------------------------------------

/** A series of positive terms, for |x| up to 2.5. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
/** A continued fraction, for x from 2 on: 80 levels give all digits. */
function erfcFraction(x: number): number {
  let f = x;
  for (let k = 80; k > 0; k--) f = x + k / 2 / f;
  return Math.exp(-x * x) / (f * Math.sqrt(Math.PI));
}
export function erfOf(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = Math.abs(x);
  return a < 2.5 ? erfSeries(x) : Math.sign(x) * (a > 6 ? 1 : 1 - erfcFraction(a));
}
export function erfcOf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 0.5) return 1 - erfOf(x);
  if (x < 2) return 1 - erfSeries(x);
  return x > 28 ? 0 : erfcFraction(x);
}

// ---- gammas -------------------------------------------------------------------------------------------------------

/** Bernoulli numbers B2, B4, ...: the coefficients of all expansions at infinity here. */
const BERNOULLI = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43867 / 798,
  -174611 / 330,
];
/** From here on the expansions hold to all digits. */
const FAR = 16;

function lgammaFar(x: number): number {
  let sum = 0;
  let power = x;
  BERNOULLI.forEach((b, i) => {
    sum += b / ((2 * i + 2) * (2 * i + 1) * power);
    power *= x * x;
  });
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + sum;
}
const EULER = 0.5772156649015329;
/** log gamma(1 + z) around its zero, where differences of logarithms would lose digits; |z| <= 0.3. */
function lgammaNearOne(z: number): number {
  let sum = -EULER * z;
  let power = z;
  for (let k = 2; k < 40; k++) {
    power *= -z;
    sum -= (zetaOf(k, 1) * power) / k;
  }
  return sum;
}
export function lgammaOf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (!Number.isFinite(x) || (x <= 0 && Number.isInteger(x))) return Number.POSITIVE_INFINITY;
  if (x < 0) {
    const sine = Math.abs(Math.sin(Math.PI * (x - Math.round(x))));
    return Math.log(Math.PI / (sine * -x)) - lgammaOf(-x);
  }
  if (x < 1e-8) return -Math.log(x);
  if (Math.abs(x - 1) <= 0.3) return lgammaNearOne(x - 1);
  if (Math.abs(x - 2) <= 0.3) return Math.log1p(x - 2) + lgammaNearOne(x - 2);
  let product = 1;
  let at = x;
  for (; at < FAR; at++) product *= at;
  return lgammaFar(at) - Math.log(product);
}

export function digammaOf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x === Number.POSITIVE_INFINITY || (x <= 0 && (Number.isInteger(x) || !Number.isFinite(x)))) {
    return Number.POSITIVE_INFINITY;
  }
  if (x < 0) return digammaOf(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.round(x)));
  let sum = 0;
  let at = x;
  for (; at < FAR; at++) sum -= 1 / at;
  let power = at * at;
  let tail = 0;
  BERNOULLI.forEach((b, i) => {
    tail += b / ((2 * i + 2) * power);
    power *= at * at;
  });
  return sum + Math.log(at) - 0.5 / at - tail;
}

// ---- zetas --------------------------------------------------------------------------------------------------------

/** Sums the first terms, then the rest by its integral and Bernoulli's corrections. */
export function zetaOf(x: number, q: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  if (!(x > 1) || Number.isNaN(q)) return Number.NaN;
  if (q <= 0 && Number.isInteger(q)) return Number.POSITIVE_INFINITY;
  if (q <= 0 && !Number.isInteger(x)) return Number.NaN;
  if (q === Number.POSITIVE_INFINITY) return 0;
  if (q === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (q < -FAR) {
    // the terms below 0 are, but for their sign, a stretch of the series that begins at 1 - part
    const part = q - Math.floor(q);
    return zetaOf(x, part) + (x % 2 === 0 ? 1 : -1) * (zetaOf(x, 1 - part) - zetaOf(x, 1 - q));
  }
  let sum = 0;
  let at = q;
  for (; at < FAR; at++) {
    const term = at ** -x;
    sum += term;
    if (at > 0 && term < 1e-17 * sum) return sum;
  }
  sum += at ** (1 - x) / (x - 1) + 0.5 * at ** -x;
  let factor = x * at ** (-x - 1);
  let factorial = 2;
  for (let i = 0; i < BERNOULLI.length; i++) {
    sum += (BERNOULLI[i]! * factor) / factorial;
    const k = 2 * i + 1;
    factor *= ((x + k) * (x + k + 1)) / (at * at);
    factorial *= (k + 2) * (k + 3);
  }
  return sum;
}

export function polygammaOf(n: number, x: number): number {
  if (!(n >= 0) || !Number.isInteger(n)) return Number.NaN;
  if (n === 0) return digammaOf(x);
  const factorial = Math.exp(lgammaOf(n + 1));
  return (n % 2 === 0 ? -1 : 1) * factorial * zetaOf(n + 1, x);
}
