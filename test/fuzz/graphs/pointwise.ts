/** @file Operations cell by cell: one input, two with broadcasting, comparisons, choices, casts. */
import * as tf from '../../../src';
import { type Builder, type Family, FLOATS, INTS, isFloat, type Kind, kindOf, type Range } from '../builder';

type One = (x: tf.Tensor) => tf.Tensor;
type Two = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;
/** What the input has to be like, and how large the output may get. */
interface Row {
  readonly f: One;
  readonly from?: 'positive' | 'inside' | 'above one' | 'small' | 'exact';
  readonly bound?: (x: number) => number;
  /** The same bits everywhere, given the same bits. */
  readonly keeps?: true;
}
const same = (x: number): number => x;

const ONE: readonly Row[] = [
  { f: tf.negative, bound: same, keeps: true },
  { f: tf.abs, bound: same, keeps: true },
  { f: tf.square, bound: (x) => x * x, keeps: true, from: 'small' },
  { f: tf.sign, bound: () => 1, keeps: true, from: 'exact' },
  { f: tf.floor, bound: (x) => x + 1, keeps: true, from: 'exact' },
  { f: tf.ceil, bound: (x) => x + 1, keeps: true, from: 'exact' },
  { f: tf.round, bound: (x) => x + 1, keeps: true, from: 'exact' },
  { f: tf.rint, bound: (x) => x + 1, keeps: true, from: 'exact' },
  { f: tf.exp, bound: Math.exp, from: 'small' },
  { f: tf.expm1, bound: Math.exp, from: 'small' },
  { f: tf.log, from: 'positive' },
  { f: tf.log1p, from: 'positive' },
  { f: tf.sqrt, from: 'positive', bound: same },
  { f: tf.rsqrt, from: 'positive' },
  { f: tf.reciprocal, from: 'positive' },
  { f: tf.sigmoid, bound: () => 1 },
  { f: tf.tanh, bound: () => 1 },
  { f: tf.sin, bound: () => 1 },
  { f: tf.cos, bound: () => 1 },
  { f: tf.tan, from: 'inside' },
  { f: tf.asin, from: 'inside' },
  { f: tf.acos, from: 'inside' },
  { f: tf.atan, bound: () => 2 },
  { f: tf.sinh, from: 'small', bound: Math.exp },
  { f: tf.cosh, from: 'small', bound: Math.exp },
  { f: tf.asinh, bound: same },
  { f: tf.acosh, from: 'above one', bound: same },
  { f: tf.atanh, from: 'inside' },
  { f: tf.erf, bound: () => 1 },
  { f: tf.erfc, bound: () => 2 },
  { f: tf.lgamma, from: 'positive', bound: (x) => x * x },
  { f: tf.digamma, from: 'positive' },
  { f: tf.logSigmoid, bound: same },
  { f: tf.nn.relu, bound: same, keeps: true },
  { f: tf.nn.relu6, bound: same, keeps: true },
  { f: tf.nn.elu, bound: same },
  { f: tf.nn.selu, bound: (x) => 2 * x },
  { f: tf.nn.softplus, bound: (x) => x + 1 },
  { f: tf.nn.softsign, bound: () => 1 },
  { f: (x) => tf.nn.leakyRelu(x, { alpha: 0.3 }), bound: same },
  { f: tf.nn.swish, bound: same },
  { f: tf.zerosLike, bound: () => 1, keeps: true },
  { f: tf.onesLike, bound: () => 1, keeps: true },
  { f: tf.identity, bound: same, keeps: true },
  { f: tf.stopGradient, bound: same, keeps: true },
  { f: (x) => tf.identityN([x, tf.negative(x)])[1]!, bound: same, keeps: true },
  { f: (x) => tf.clipByValue(x, -1, 1.5), bound: () => 1.5, keeps: true },
  { f: (x) => tf.clipByNorm(x, 1.25), bound: () => 1.25 },
  { f: (x) => tf.checkNumerics(x, 'not finite'), bound: same, keeps: true },
];

const PREPARE: Readonly<Record<NonNullable<Row['from']>, One>> = {
  positive: (x) => tf.add(tf.abs(x), 0.3),
  inside: (x) => tf.multiply(tf.tanh(x), 0.9),
  'above one': (x) => tf.add(tf.abs(x), 1.1),
  small: (x) => x,
  exact: (x) => x,
};

const unary: Family = (b) => {
  const row = b.dice.pick(ONE);
  const e = b.tame(b.float({ exact: row.from === 'exact' }), row.from === 'small' ? 2 : 20);
  const x = row.from ? PREPARE[row.from](e.tensor) : e.tensor;
  const moved = row.from !== undefined && row.from !== 'small' && row.from !== 'exact';
  b.add(row.f(x), { bound: row.bound?.(e.bound + 2) ?? 6, exact: row.keeps === true && e.exact && !moved });
};

const WHOLE: readonly One[] = [tf.negative, tf.abs, tf.square, tf.sign, tf.identity, tf.zerosLike, tf.onesLike];
const unaryWhole: Family = (b) => {
  const e = b.tame(b.take(INTS));
  b.add(b.dice.pick(WHOLE)(e.tensor), { bound: Math.max(2, e.bound ** 2) });
};

interface Pair {
  readonly f: Two;
  readonly bound: (x: number, y: number) => number;
  /** The cells of the second input, where a fresh one is needed. */
  readonly second?: Range;
  readonly prepare?: (x: tf.Tensor, y: tf.Tensor) => [tf.Tensor, tf.Tensor];
  readonly keeps?: true;
  readonly exact?: true;
}
const plus = (x: number, y: number): number => x + y;
const product = (x: number, y: number): number => x * y;
const most = (x: number, y: number): number => Math.max(x, y);
const apart = (x: tf.Tensor, y: tf.Tensor): [tf.Tensor, tf.Tensor] => [x, tf.add(tf.abs(y), 0.5)];
const powers = (x: tf.Tensor, y: tf.Tensor): [tf.Tensor, tf.Tensor] => [tf.add(tf.abs(x), 0.5), tf.tanh(y)];

const FLOAT_PAIRS: readonly Pair[] = [
  { f: tf.add, bound: plus, keeps: true },
  { f: (x, y) => x.add(y), bound: plus, keeps: true },
  { f: tf.subtract, bound: plus, keeps: true },
  { f: tf.multiply, bound: product, keeps: true },
  { f: tf.maximum, bound: most, keeps: true },
  { f: tf.minimum, bound: most, keeps: true },
  { f: tf.squaredDifference, bound: (x, y) => (x + y) ** 2, keeps: true },
  { f: tf.divide, bound: (x) => 2 * x, prepare: apart, keeps: true },
  { f: tf.realdiv, bound: (x) => 2 * x, prepare: apart, keeps: true },
  { f: tf.div, bound: (x) => 2 * x, prepare: apart, keeps: true },
  { f: tf.pow, bound: (x) => x + 3, prepare: powers },
  // The gradient of Atan2 does not know broadcasting.
  { f: tf.atan2, bound: () => 4, prepare: (x, y) => apart(x, tf.add(tf.zerosLike(x), tf.reduceSum(y))) },
  { f: tf.xdivy, bound: (x) => 2 * x, prepare: apart },
  { f: tf.xlogy, bound: product, prepare: apart },
  { f: tf.floordiv, bound: (x) => 2 * x + 1, second: { low: 1, high: 4 }, exact: true, keeps: true },
  { f: tf.floormod, bound: () => 5, second: { low: 1, high: 4 }, exact: true, keeps: true },
  { f: (x, y) => tf.divNoNan(x, tf.floor(y)), bound: same, exact: true },
];
const INT_PAIRS: readonly Pair[] = [
  { f: tf.add, bound: plus },
  { f: tf.subtract, bound: plus },
  { f: tf.multiply, bound: product },
  { f: tf.maximum, bound: most },
  { f: tf.minimum, bound: most },
  { f: tf.squaredDifference, bound: (x, y) => (x + y) ** 2 },
  { f: tf.floordiv, bound: plus, second: { low: 1, high: 5 } },
  { f: tf.floormod, bound: most, second: { low: -5, high: -1 } },
  { f: tf.truncatediv, bound: most, second: { low: 1, high: 5 } },
  { f: tf.truncatemod, bound: most, second: { low: 1, high: 5 } },
  { f: tf.bitwise.bitwiseAnd, bound: (x, y) => 2 * (x + y) },
  { f: tf.bitwise.bitwiseOr, bound: (x, y) => 2 * (x + y) },
  { f: tf.bitwise.bitwiseXor, bound: (x, y) => 2 * (x + y) },
];
const binary: Family = (b) => {
  const whole = b.dice.chance(0.25);
  const row = b.dice.pick(whole ? INT_PAIRS : FLOAT_PAIRS);
  const exact = row.exact === true;
  const x = b.tame(b.take(whole ? INTS : FLOATS, { exact }));
  const kind = kindOf(x);
  let y = row.second ? b.fresh(kind, b.partner(kind, x.shape).shape, row.second) : b.tame(b.partner(kind, x.shape));
  if (exact && !y.exact) y = b.fresh(kind, y.shape, row.second);
  const swap = !row.prepare && !row.second && b.dice.chance(0.5);
  const [p, q] = swap ? [y.tensor, x.tensor] : [x.tensor, y.tensor];
  const out = row.f(...(row.prepare?.(p, q) ?? [p, q]));
  b.add(out, { bound: row.bound(x.bound, y.bound) + 1, exact: row.keeps === true && x.exact && y.exact });
};

const COMPARE: readonly Two[] = [tf.less, tf.lessEqual, tf.greater, tf.greaterEqual, tf.equal, tf.notEqual];
const compare: Family = (b) => {
  const x = b.take([...INTS, ...FLOATS], { exact: true });
  let y = b.partner(kindOf(x), x.shape);
  if (!y.exact) y = b.fresh(kindOf(x), y.shape);
  b.add(b.dice.pick(COMPARE)(x.tensor, y.tensor));
};

const LOGIC: readonly Two[] = [tf.logicalAnd, tf.logicalOr, tf.logicalXor, tf.equal, tf.notEqual];
const logic: Family = (b) => {
  const x = b.take(['bool']);
  if (b.dice.chance(0.2)) b.add(tf.logicalNot(x.tensor));
  else b.add(b.dice.pick(LOGIC)(x.tensor, b.partner('bool', x.shape).tensor));
};

const choose: Family = (b) => {
  const x = b.take([...FLOATS, ...INTS, 'bool']);
  const y = b.take([kindOf(x)], { shape: x.shape });
  const rows = x.shape.length > 0 && b.dice.chance(0.3);
  const c = b.take(['bool'], { shape: rows ? [x.shape[0]!] : x.shape });
  const bound = Math.max(x.bound, y.bound);
  b.add(tf.where(c.tensor, x.tensor, y.tensor), { bound, exact: x.exact && y.exact });
};

const KINDS: readonly Kind[] = ['float32', 'float32', 'float64', 'int32', 'int64', 'bool'];
const casts: Family = (b) => {
  const to = b.dice.pick(KINDS);
  const e = b.take(KINDS, { exact: !isFloat(to) });
  // From double to float the last bit of an inexact number decides nothing, but of an exact one everything is kept.
  b.add(tf.cast(e.tensor, to), { bound: e.bound, exact: e.exact });
};

const many: Family = (b) => {
  const x = b.tame(b.float());
  const others = Array.from({ length: b.dice.int(0, 3) }, () => b.tame(b.take([kindOf(x)], { shape: x.shape })));
  const all = [x, ...others];
  // TensorFlow rewrites AccumulateNV2 before it runs, and cannot do so inside of loops.
  const sum = b.dice.pick(b.depth > 0 ? [tf.addN] : [tf.addN, tf.addN, tf.accumulateN])(all.map((e) => b.settled(e)));
  b.add(sum, { bound: all.reduce((s, e) => s + e.bound, 0) });
};

export const POINTWISE: readonly (readonly [number, Family])[] = [
  [10, unary],
  [2, unaryWhole],
  [12, binary],
  [3, compare],
  [2, logic],
  [3, choose],
  [3, casts],
  [2, many],
];
/** For the gradient of a loop's body and other places that need a few float operations and nothing else. */
export const smooth = (b: Builder): void => b.dice.pick([unary, binary])(b);
