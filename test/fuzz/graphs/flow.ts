/** @file Conditionals, loops and arrays of tensors, nested in each other, with side effects in them. */
import * as tf from '../../../src';
import { type Builder, type Dims, type Entry, type Family, FLOATS, type Kind, kindOf, sizeOf } from '../builder';
import { POINTWISE, smooth } from './pointwise';
import { before, chainFor, write } from './state';

/** Inside of branches and loops: what families there may add. The generator sets it. */
let inner: readonly (readonly [number, Family])[] = POINTWISE;
export const allowInside = (families: typeof inner): void => {
  inner = families;
};
function few(b: Builder, most: number): void {
  for (let i = b.dice.int(0, most); i > 0; i--) b.dice.weighted(inner)(b);
}
const pack = (e: Entry): tf.Tensor => tf.reshape(e.tensor, [...e.shape]);

/** Runs body where a condition holds; a variable may be written in one branch or in both. */
const branch: Family = (b) => {
  const pred = b.predicate();
  const kinds = Array.from({ length: b.dice.int(1, 2) }, () => b.dice.pick<Kind>([...FLOATS, 'int32', 'bool']));
  const dims = kinds.map(() => b.shape({ rank: b.dice.int(0, 2) }));
  const chain = b.dice.chance(0.35) && b.depth === 0 ? chainFor(b) : null;
  const waits = chain ? before(chain) : [];
  const one = (): unknown =>
    b.nested(() => {
      few(b, 2);
      const wrote = chain && b.dice.chance(0.7) ? [inBranch(b, chain)] : [];
      const out = kinds.map((kind, i) => b.like(kind, dims[i]!));
      return tf.controlDependencies(wrote, () => out.map((e) => tf.identity(pack(e))));
    });
  const out = tf.controlDependencies(waits, () => tf.cond(pred, one, one)) as tf.Tensor | tf.Tensor[];
  const list = Array.isArray(out) ? out : [out];
  if (chain) chain.last = tf.group(...list);
  for (const t of list) b.add(t, { bound: 30 });
};
function inBranch(b: Builder, chain: ReturnType<typeof chainFor>): tf.Operation {
  const last = chain.last;
  // Inside of the branch the writes start anew: the conditional as a whole waits for what was before.
  chain.last = chain.variable.initializer;
  const op = write(b, chain);
  chain.last = last;
  return op;
}

const choice: Family = (b) => {
  const shape = b.shape({ rank: b.dice.int(0, 2) });
  const kind = b.dice.pick(FLOATS);
  const one = (): unknown =>
    b.nested(() => {
      few(b, 1);
      return tf.identity(pack(b.like(kind, shape)));
    });
  const pairs = Array.from({ length: b.dice.int(1, 3) }, () => [b.predicate(), one] as const);
  b.add(tf.case(pairs, { default: one }) as tf.Tensor, { bound: 30 });
};

const loop: Family = (b) => {
  const kind = b.dice.pick(FLOATS);
  const shape = b.shape({ rank: b.dice.int(0, 2) });
  const chain = b.dice.chance(0.25) && b.depth === 0 ? chainFor(b) : null;
  const rounds = b.dice.int(0, 4);
  const limit =
    b.depth === 0 && b.dice.chance(0.4)
      ? b.fresh('int32', [], { low: 0, high: 4 }).tensor
      : tf.constant(rounds, 'int32');
  const collects = b.dice.chance(0.35);
  const x0 = pack(b.tame(b.like(kind, shape)));
  const start = tf.controlDependencies(chain ? before(chain) : [], () => tf.identity(tf.constant(0, 'int32')));
  const array = new tf.TensorArray(kind, { size: limit, elementShape: shape });
  const body = (i: tf.Tensor, x: tf.Tensor, ...rest: tf.TensorArray[]): unknown =>
    b.nested(() => {
      b.add(i, { bound: 4, exact: true });
      b.pool.push({ tensor: x, shape, bound: 4, exact: false });
      few(b, 2);
      smooth(b);
      const change = b.tame(b.like(kind, shape));
      const next = tf.add(tf.multiply(x, 0.5), tf.multiply(tf.tanh(pack(change)), 0.5));
      const wrote = chain ? [inBranch(b, chain)] : [];
      const j = tf.controlDependencies(wrote, () => tf.add(i, 1));
      return [j, next, ...rest.map((ta) => ta.write(i, tf.multiply(next, 2)))];
    });
  const vars = [start, x0, ...(collects ? [array] : [])];
  const out = tf.whileLoop(((i: tf.Tensor) => tf.less(i, limit)) as never, body as never, vars, {
    parallelIterations: 1, // rounds that overlap draw random numbers in any order
    maximumIterations: b.dice.chance(0.3) ? b.dice.int(1, 5) : undefined,
  }) as [tf.Tensor, tf.Tensor, tf.TensorArray?];
  if (chain) chain.last = out[0].op;
  b.add(out[0], { bound: 5, exact: true });
  b.add(out[1], { bound: 6 });
  if (out[2]) b.add(out[2].stack(), { bound: 12 });
};

const rowsOf = (b: Builder, kinds: readonly Kind[] = FLOATS): Entry =>
  b.tame(b.take(kinds, { fits: (s: Dims) => s.length >= 1 && s.length <= 3 && sizeOf(s) > 0 }));
/** A function of one or two rows, with a few operations in it. */
const inside = (b: Builder, shape: Dims, ...args: tf.Tensor[]): tf.Tensor =>
  b.nested(() => {
    for (const x of args) b.pool.push({ tensor: x, shape, bound: 4, exact: false });
    few(b, 1);
    smooth(b);
    const kind = args[0]!.dtype as Kind;
    const e = b.tame(b.like(kind, shape));
    return tf.tanh(
      tf.add(
        args.reduce((x, y) => tf.add(x, y)),
        pack(e),
      ),
    );
  });

const functional: Family = (b) => {
  const e = rowsOf(b);
  const x = b.settled(e);
  const shape = e.shape.slice(1);
  const way = b.dice.int(0, 3);
  const parallelIterations = 1;
  const fold = (a: tf.Tensor, row: tf.Tensor): tf.Tensor => inside(b, shape, a, row);
  const initializer = b.dice.chance(0.5) ? pack(b.tame(b.like(kindOf(e), shape))) : undefined;
  const options = { parallelIterations, initializer };
  if (way === 0)
    b.add(tf.mapFn((row: tf.Tensor) => inside(b, shape, row), x, { parallelIterations }) as tf.Tensor, { bound: 1 });
  else if (way === 1) b.add(tf.scan(fold, x, { ...options, reverse: b.dice.chance(0.3) }) as tf.Tensor, { bound: 4 });
  else b.add((way === 2 ? tf.foldl : tf.foldr)(fold, x, options) as tf.Tensor, { bound: 4 });
};

const arrays: Family = (b) => {
  const e = rowsOf(b, [...FLOATS, 'int32']);
  const [kind, n] = [kindOf(e), e.shape[0]!];
  const shape = e.shape.slice(1);
  const put = (t: tf.Tensor): unknown => b.add(t, { bound: e.bound, exact: e.exact });
  const empty = (): tf.TensorArray =>
    new tf.TensorArray(kind, { size: n, clearAfterRead: false, dynamicSize: b.dice.chance(0.4), elementShape: shape });
  const ids = tf.constant(b.dice.shuffled(Array.from({ length: n }, (_, i) => i)), 'int32');
  const way = b.dice.int(0, 3);
  if (way === 0) {
    const ta = empty().unstack(b.settled(e));
    put(tf.reshape(ta.read(b.dice.int(0, n - 1)), shape));
    put(tf.reshape(ta.gather(ids), e.shape));
    b.add(ta.size(), { bound: 6 });
  } else if (way === 1) put(tf.reshape(empty().scatter(ids, b.settled(e)).stack(), e.shape));
  else if (way === 2) {
    let ta = empty();
    for (let i = 0; i < n; i++) ta = ta.write(i, pack(b.tame(b.take([kind], { shape }))));
    b.add(tf.reshape(ta.stack(), [n, ...shape]), { bound: 6 });
  } else {
    const first = b.dice.int(0, n);
    const ta = new tf.TensorArray(kind, { size: 2, inferShape: false }).split(
      b.settled(e),
      tf.constant([first, n - first], 'int32'),
    );
    put(tf.reshape(ta.concat(), e.shape));
  }
};

export const FLOW: readonly (readonly [number, Family])[] = [
  [5, branch],
  [1, choice],
  [5, loop],
  [2, functional],
  [2, arrays],
];
