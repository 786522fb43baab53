/** @file Operations that pick, scatter, group and sort rows by index. */
import * as tf from '../../../src';
import { type Builder, type Dims, type Entry, type Family, FLOATS, INTS, type Kind, kindOf, sizeOf } from '../builder';

const NUMBERS: readonly Kind[] = [...FLOATS, ...INTS];
const keep = (b: Builder, e: Entry, t: tf.Tensor): unknown => b.add(t, { bound: e.bound, exact: e.exact });
const filled = (least: number) => (s: Dims) => s.length >= least && sizeOf(s) > 0;
const whole = (b: Builder): Kind => b.dice.pick(INTS);

const gathers: Family = (b) => {
  const e = b.take([...NUMBERS, 'bool'], { fits: filled(1) });
  const axis = b.dice.chance(0.6) ? 0 : b.dice.int(0, e.shape.length - 1);
  const way = b.dice.int(0, 2);
  if (way < 2) {
    const ids = b.fresh(whole(b), b.shape({ rank: b.dice.int(0, 2) }), { low: 0, high: e.shape[axis]! - 1 });
    if (way === 0) keep(b, e, tf.gather(e.tensor, ids.tensor, axis === 0 ? {} : { axis }));
    else keep(b, e, tf.nn.embeddingLookup(e.tensor, tf.floormod(ids.tensor, e.shape[0]!)));
    return;
  }
  const depth = b.dice.int(1, e.shape.length);
  keep(b, e, tf.gatherNd(e.tensor, places(b, b.shape({ rank: b.dice.int(0, 2) }), e.shape.slice(0, depth)).tensor));
};
/** Index tuples into the first dimensions of something. */
function places(b: Builder, count: Dims, within: Dims): Entry {
  const kind = whole(b);
  const cells: number[] = [];
  for (let i = 0; i < sizeOf(count); i++) for (const d of within) cells.push(b.dice.int(0, d - 1));
  const tensor = tf.constant(tf.Value.cells(kind, [...count, within.length], cells));
  return { tensor, shape: [...count, within.length], bound: 6, exact: true };
}

const scatters: Family = (b) => {
  const into = b.shape({ rank: b.dice.int(1, 3), least: 1 }).map((d) => Math.max(1, d));
  const depth = b.dice.int(1, into.length);
  const count = b.shape({ rank: b.dice.int(1, 2), least: 1 });
  const at = places(b, count, into.slice(0, depth));
  const updates = b.tame(b.take(NUMBERS, { shape: [...count, ...into.slice(depth)] }));
  const bound = updates.bound * (sizeOf(count) + 1);
  const target = tf.constant(into, at.tensor.dtype);
  b.add(tf.scatterNd(at.tensor, updates.tensor, target), { bound });
};

const groups: Family = (b) => {
  const e = b.tame(b.take(NUMBERS, { fits: filled(1) }), 2);
  const n = e.shape[0]!;
  const ids = Array.from({ length: n }, () => b.dice.int(0, 3));
  const segments = (list: number[]): tf.Tensor => tf.constant(list, whole(b));
  const bound = Math.max(e.bound * n, e.bound ** n);
  const way = b.dice.int(0, 2);
  if (way === 0) {
    const f = b.dice.pick([tf.segmentSum, tf.segmentMean, tf.segmentMax, tf.segmentMin, tf.segmentProd]);
    b.add(f(e.tensor, segments([...ids].sort())), { bound });
  } else if (way === 1) {
    const sums = [tf.unsortedSegmentSum, tf.unsortedSegmentProd];
    b.add(b.dice.pick(sums)(e.tensor, segments(ids.map((i) => (b.dice.chance(0.1) ? -1 : i))), 4), { bound });
  } else if (kindOf(e) !== 'int64') {
    const rows = b.dice.int(1, 4);
    const pick = tf.constant(
      Array.from({ length: rows }, () => b.dice.int(0, n - 1)),
      'int32',
    );
    const f = b.dice.pick([tf.sparseSegmentSum, tf.sparseSegmentSum]);
    b.add(f(e.tensor, pick, tf.constant(ids.concat([0, 1, 2, 3]).slice(0, rows).sort(), 'int32')), { bound });
  }
};

const order: Family = (b) => {
  const e = b.take(NUMBERS, { exact: true, fits: filled(1) });
  const last = e.shape.at(-1)!;
  const axis = b.dice.int(-e.shape.length, e.shape.length - 1);
  const way = b.dice.int(0, 3);
  if (way === 0) b.add(tf.argmax(e.tensor, axis), { bound: 6 });
  else if (way === 1) b.add(tf.argmin(e.tensor, axis, { outputType: 'int32' }), { bound: 6 });
  else if (way === 2) {
    const { values, indices } = tf.nn.topK(e.tensor, b.dice.int(0, last));
    keep(b, e, values);
    b.add(indices, { bound: 6 });
  } else if (e.shape.length === 2 && kindOf(e) === 'float32') {
    const targets = b.fresh('int32', [e.shape[0]!], { low: 0, high: last - 1 });
    b.add(tf.nn.inTopK(e.tensor, targets.tensor, b.dice.int(1, 3)));
  }
};

const sets: Family = (b) => {
  const e = b.take(NUMBERS, { exact: true, fits: (s) => s.length === 1 });
  const way = b.dice.int(0, 4);
  if (way === 0) {
    const { y, idx, count } = tf.uniqueWithCounts(e.tensor, { outIdx: b.dice.pick(['int32', 'int64']) });
    for (const t of [y, idx, count]) b.add(t, { bound: e.bound + 9, exact: true });
  } else if (way === 1) b.add(tf.where(b.take(['bool'], { fits: (s) => s.length > 0 }).tensor));
  else if (way === 2) {
    const x = b.float({ fits: (s) => s.length >= 1 });
    const kept = tf.booleanMask(b.settled(x), b.settled(b.take(['bool'], { shape: x.shape.slice(0, 1) })));
    b.add(kept);
    b.add(tf.reduceSum(kept), { bound: x.bound * sizeOf(x.shape) + 1 });
  } else if (way === 3) {
    const { out, idx } = tf.setdiff1d(
      e.tensor,
      b.take([kindOf(e)], { exact: true, fits: (s) => s.length === 1 }).tensor,
    );
    for (const t of [out, idx]) b.add(t);
  } else {
    const x = b.float({ fits: filled(1) });
    const to = Array.from({ length: x.shape[0]! }, () => b.dice.int(0, 2));
    for (const t of tf.dynamicPartition(x.tensor, tf.constant(to, 'int32'), 3)) b.add(t);
  }
};

const others: Family = (b) => {
  const way = b.dice.int(0, 2);
  if (way === 0) {
    const ids = b.fresh(b.dice.pick(INTS), b.shape({ rank: b.dice.int(0, 2) }), { low: -1, high: 4 });
    const options = b.dice.chance(0.5) ? { onValue: 2, offValue: -1 } : {};
    const axis = b.dice.int(-1, ids.shape.length);
    b.add(tf.oneHot(ids.tensor, b.dice.int(1, 4), { ...options, axis, dtype: b.dice.pick(NUMBERS) }), { exact: true });
  } else if (way === 1) {
    const n = b.dice.int(0, 5);
    const list = b.dice.shuffled(Array.from({ length: n }, (_, i) => i));
    b.add(tf.invertPermutation(tf.constant(list, 'int32', { shape: [n] })), { bound: 6 });
  } else {
    const x = b.take(NUMBERS, { fits: filled(1) });
    const n = x.shape[0]!;
    const rows = b.dice.shuffled(Array.from({ length: n }, (_, i) => i));
    const half = Math.ceil(n / 2);
    const [p, q] = [rows.slice(0, half), rows.slice(half)].map((r) => tf.constant(r, 'int32', { shape: [r.length] }));
    keep(b, x, tf.dynamicStitch([p!, q!], [tf.gather(x.tensor, p!), tf.gather(x.tensor, q!)]));
  }
};

export const ROWS: readonly (readonly [number, Family])[] = [
  [5, gathers],
  [3, scatters],
  [3, groups],
  [3, order],
  [3, sets],
  [3, others],
];
