/** @file Operations that move cells: reshape, slice, join, pad, repeat, permute. */
import * as tf from '../../../src';
import { type Builder, type Entry, type Family, FLOATS, INTS, type Kind, kindOf, sizeOf } from '../builder';

const ANY: readonly Kind[] = [...FLOATS, ...INTS, 'bool'];
const NUMBERS: readonly Kind[] = [...FLOATS, ...INTS];
const keep = (b: Builder, e: Entry, t: tf.Tensor): unknown => b.add(t, { bound: e.bound, exact: e.exact });
const ranked =
  (least: number, most = 4) =>
  (s: readonly number[]) =>
    s.length >= least && s.length <= most;
/** The same axis, counted from the front or from the back. */
const spelled = (b: Builder, axis: number, rank: number): number => (b.dice.chance(0.3) ? axis - rank : axis);

function factored(b: Builder, size: number): number[] {
  const out: number[] = [];
  let left = size;
  for (let i = 0; i < 3 && left > 0; i++) {
    const divisors = Array.from({ length: left }, (_, k) => k + 1).filter((d) => left % d === 0);
    const d = b.dice.pick(divisors);
    out.push(d);
    left /= d;
  }
  if (left !== 1 || size === 0) out.push(left);
  return out;
}

const reshape: Family = (b) => {
  const e = b.take(ANY);
  const size = sizeOf(e.shape);
  const way = b.dice.int(0, 4);
  if (way === 0 && size > 0) {
    const to = factored(b, size);
    const free = b.dice.int(0, to.length - 1);
    keep(b, e, tf.reshape(e.tensor, b.dice.chance(0.5) ? to : to.map((d, i) => (i === free ? -1 : d))));
  } else if (way === 1) keep(b, e, tf.expandDims(e.tensor, b.dice.int(-e.shape.length - 1, e.shape.length)));
  else if (way === 2) keep(b, e, tf.squeeze(b.dice.chance(0.5) ? b.settled(e) : e.tensor));
  else if (way === 3) {
    const other = b.take(ANY, { fits: (s) => sizeOf(s) === size });
    if (sizeOf(other.shape) !== size) return;
    keep(b, e, tf.reshape(e.tensor, tf.shape(other.tensor, { outType: b.dice.pick(['int32', 'int64']) })));
  } else if (size > 0) keep(b, e, tf.layers.flatten(e.shape.length > 0 ? b.settled(e) : tf.expandDims(e.tensor, 0)));
};

const permute: Family = (b) => {
  const e = b.take(ANY, { fits: ranked(1) });
  const rank = e.shape.length;
  const axes = e.shape.map((_, i) => i);
  const way = b.dice.int(0, 4);
  if (way === 0) keep(b, e, tf.transpose(e.tensor, b.dice.shuffled(axes)));
  else if (way === 1) keep(b, e, tf.transpose(e.tensor));
  else if (way === 2) {
    const some = b.dice.some(axes, b.dice.int(0, rank));
    keep(
      b,
      e,
      tf.reverse(
        e.tensor,
        tf.constant(
          some.map((a) => spelled(b, a, rank)),
          'int32',
          { shape: [some.length] },
        ),
      ),
    );
  } else if (way === 3) keep(b, e, tf.roll(e.tensor, b.dice.int(-4, 4), spelled(b, b.dice.pick(axes), rank)));
  else if (rank >= 2) {
    const lengths = Array.from({ length: e.shape[0]! }, () => b.dice.int(0, e.shape[1]!));
    const wanted = tf.constant(lengths, b.dice.pick(['int32', 'int64']), { shape: [lengths.length] });
    keep(b, e, tf.reverseSequence(b.settled(e), wanted, { seqAxis: 1, batchAxis: 0 }));
  }
};

const slices: Family = (b) => {
  const e = b.take(ANY, { fits: ranked(1) });
  if (b.dice.chance(0.3)) {
    const begin = e.shape.map((d) => b.dice.int(0, d));
    const size = e.shape.map((d, i) => (b.dice.chance(0.25) ? -1 : b.dice.int(0, d - begin[i]!)));
    keep(b, e, tf.slice(e.tensor, begin, size));
    return;
  }
  const spec: (number | ReturnType<typeof tf.s> | null | '...')[] = [];
  let skipped = false;
  const named = b.dice.int(1, e.shape.length);
  for (let at = 0; at < named; at++) {
    const d = e.shape[at]!;
    const way = b.dice.next();
    const edge = (): number | null => (b.dice.chance(0.4) ? null : b.dice.int(-6, 6));
    if (b.dice.chance(0.1)) spec.push(tf.newaxis);
    if (way < 0.2 && d > 0 && !skipped) spec.push(b.dice.int(-d, d - 1));
    else if (way < 0.3 && !skipped) {
      spec.push('...');
      skipped = true;
    } else spec.push(tf.s(edge(), edge(), b.dice.chance(0.5) ? null : b.dice.pick([1, 2, 3, -1, -2])));
  }
  keep(b, e, (skipped ? b.settled(e) : e.tensor).at(...spec));
};

const joins: Family = (b) => {
  const e = b.take(ANY, { fits: ranked(0, 3) });
  const kind = kindOf(e);
  const rank = e.shape.length;
  const axis = b.dice.int(0, Math.max(0, rank - 1));
  const others = Array.from({ length: b.dice.int(0, 2) }, (_, i) => {
    const shape = e.shape.map((d, j) => (j === axis && i === 0 ? b.dice.int(0, 3) : d));
    return b.take([kind], { shape: b.dice.chance(0.5) && rank > 0 ? shape : e.shape });
  });
  const all = b.dice.shuffled([e, ...others]);
  const exact = all.every((x) => x.exact);
  const bound = Math.max(...all.map((x) => x.bound));
  const alike = all.every((x) => x.shape.join() === e.shape.join());
  if (rank > 0 && (!alike || b.dice.chance(0.5)))
    b.add(
      tf.concat(
        all.map((x) => x.tensor),
        spelled(b, axis, rank),
      ),
      { bound, exact },
    );
  else if (alike)
    b.add(
      tf.stack(
        all.map((x) => x.tensor),
        { axis: b.dice.int(-rank - 1, rank) },
      ),
      { bound, exact },
    );
};

const parts: Family = (b) => {
  const e = b.take(ANY, { fits: ranked(1) });
  const rank = e.shape.length;
  const axis = b.dice.int(0, rank - 1);
  const d = e.shape[axis]!;
  const way = b.dice.int(0, 2);
  let out: readonly tf.Tensor[];
  if (way === 0) out = tf.unstack(b.settled(e), { axis: spelled(b, axis, rank) });
  else if (way === 1) {
    const counts = [1, 2, 3, 4].filter((n) => d % n === 0);
    out = tf.split(b.dice.chance(0.5) ? b.settled(e) : e.tensor, b.dice.pick(counts), axis);
  } else {
    const first = b.dice.int(0, d);
    const second = b.dice.int(0, d - first);
    out = tf.split(b.settled(e), [first, second, d - first - second], spelled(b, axis, rank));
  }
  for (const t of b.dice.some(out, 2)) keep(b, e, t);
};

const repeats: Family = (b) => {
  const e = b.take(ANY, { fits: ranked(0, 3) });
  const way = b.dice.int(0, 3);
  const n = e.shape.length;
  if (way === 0)
    keep(
      b,
      e,
      tf.tile(
        e.tensor,
        tf.constant(
          e.shape.map(() => b.dice.int(0, 2)),
          'int32',
          { shape: [n] },
        ),
      ),
    );
  else if (way === 1) {
    const wider = [...(b.dice.chance(0.5) ? [2] : []), ...e.shape.map((d) => (d === 1 ? b.dice.int(1, 3) : d))];
    if (wider.length > 0) keep(b, e, tf.broadcastTo(e.tensor, wider));
  } else if (way === 2) {
    const s = b.shape({ rank: b.dice.int(0, 3) });
    const scalar = b.take(ANY, { shape: [] });
    keep(b, scalar, tf.fill(tf.constant(s, 'int32', { shape: [s.length] }), scalar.tensor));
  } else if (kindOf(e) !== 'bool' && n > 0) {
    const k = b.dice.pick(['CONSTANT', 'REFLECT', 'SYMMETRIC'] as const);
    const most = (d: number): number => (k === 'CONSTANT' ? 2 : k === 'REFLECT' ? d - 1 : d);
    const room = e.shape.map((d) => [0, 0].map(() => Math.max(0, b.dice.int(0, Math.min(2, most(d))))));
    const filler = k === 'CONSTANT' && b.dice.chance(0.5) ? { constantValues: b.dice.int(1, 3) } : {};
    keep(b, e, tf.pad(e.tensor, room, { mode: k, ...filler }));
  }
};

const blocks: Family = (b) => {
  const kind = b.dice.pick(FLOATS);
  const n = b.dice.int(1, 2);
  const way = b.dice.int(0, 3);
  if (way === 0) {
    const e = b.take([kind], { shape: [n, 4, 2, 1] });
    keep(b, e, tf.nn.spaceToDepth(b.settled(e), 2));
  } else if (way === 1) {
    const e = b.take([kind], { shape: [n, 1, 2, 4] });
    keep(b, e, tf.nn.depthToSpace(b.settled(e), 2));
  } else if (way === 2) {
    const e = b.take([kind], { shape: [n, 3, 4, 1] });
    keep(
      b,
      e,
      tf.spaceToBatchNd(
        e.tensor,
        [2, 2],
        [
          [0, 1],
          [1, 1],
        ],
      ),
    );
  } else {
    const e = b.take([kind], { shape: [4, 2, 1, 2] });
    keep(
      b,
      e,
      tf.batchToSpaceNd(
        e.tensor,
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    );
  }
};

const matrices: Family = (b) => {
  const e = b.take(NUMBERS, { fits: (s) => s.length >= 2 && sizeOf(s) > 0 });
  const vector = b.take(NUMBERS, { fits: ranked(1, 2) });
  const way = b.dice.int(0, 6);
  if (way === 0) keep(b, e, tf.matrixBandPart(e.tensor, b.dice.int(-1, 2), b.dice.int(-1, 2)));
  else if (way === 1) keep(b, e, tf.matrixDiagPart(e.tensor));
  else if (way === 2) keep(b, vector, tf.matrixDiag(vector.tensor));
  else if (way === 3) keep(b, vector, tf.diag(vector.tensor));
  else if (way === 4) b.add(tf.trace(e.tensor), { bound: e.bound * 4 });
  else if (way === 5) {
    const diagonal = b.take([kindOf(e)], {
      shape: [...e.shape.slice(0, -2), Math.min(e.shape.at(-1)!, e.shape.at(-2)!)],
    });
    keep(b, e, tf.matrixSetDiag(e.tensor, diagonal.tensor));
  } else b.add(tf.eye(b.dice.int(0, 4), b.dice.int(1, 4), { dtype: b.dice.pick(NUMBERS) }), { bound: 1, exact: true });
};

const shapes: Family = (b) => {
  const e = b.take(ANY);
  const outType = b.dice.pick(['int32', 'int64'] as const);
  const way = b.dice.int(0, 5);
  if (way === 0) b.add(tf.shape(e.tensor, { outType }), { bound: 9 });
  else if (way === 1) b.add(tf.size(e.tensor, { outType }), { bound: 600 });
  else if (way === 2) b.add(tf.rank(e.tensor), { bound: 5 });
  else if (way === 3) {
    const [low, high, step] = [b.dice.int(-3, 3), b.dice.int(-2, 6), b.dice.pick([1, 2, -1])];
    b.add(tf.range(low, step > 0 ? Math.max(low, high) : Math.min(low, high), step, { dtype: b.dice.pick(NUMBERS) }), {
      bound: 6,
      exact: true,
    });
  } else if (way === 4) b.add(tf.linspace(b.dice.pick([-1.5, 0, 0.25]), 2.5, b.dice.int(1, 6)), { bound: 3 });
  else b.add(tf.sequenceMask(b.fresh('int32', b.shape({ rank: 1 }), { low: 0, high: 5 }).tensor, b.dice.int(4, 6)));
};

export const MOVES: readonly (readonly [number, Family])[] = [
  [5, reshape],
  [4, permute],
  [6, slices],
  [5, joins],
  [3, parts],
  [4, repeats],
  [2, blocks],
  [3, matrices],
  [3, shapes],
];
