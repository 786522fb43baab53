/** @file What a read of a variable sees when the variable is written later in the same step: facts/aliasing.md, row by row. */
import * as tf from '../src';
import { merge, switchOn } from '../src/ops/flow';
import { snapshot } from '../src/ops/identity';
import { type Bench, bench } from './conformance/harness';

const START = [1, 2, 3];
type Write = (w: tf.Variable) => tf.Tensor | tf.Operation;
const asOp = (x: unknown): tf.Tensor => ((x as { op?: tf.Operation }).op ?? x) as tf.Tensor;

/** Reads made before a write, looked at after it; and the variable itself. */
interface Step {
  readonly read: (w: tf.Variable) => tf.Tensor;
  readonly write: Write;
  readonly useResource: boolean;
}
async function firstAfter({ read, write, useResource }: Step): Promise<{ readonly y: number; readonly v: number }> {
  const b: Bench = bench();
  const fetches = b.build(() => {
    const w = tf.getVariable('w', { initializer: tf.constant(START), useResource });
    const r = read(w);
    const written = tf.controlDependencies([r], () => asOp(write(w)));
    const after = (x: tf.Tensor): tf.Tensor =>
      tf.controlDependencies([written], () => tf.reduceSum(tf.multiply(tf.add(x, 0), [1, 0, 0])));
    // A read of a resource variable is an op of its own, to be made after the write; one of a ref variable is the buffer.
    const v = tf.controlDependencies([written], () => after(tf.identity(w as never)));
    return { y: after(r), v };
  });
  await b.init();
  return (await b.run(fetches)) as { y: number; v: number };
}

const writes: Readonly<Record<string, readonly [write: Write, after: number]>> = {
  'assign_add 10': [(w) => tf.assignAdd(w as never, [10, 10, 10]) as tf.Tensor, 11],
  'assign of something computed': [
    (w) => tf.assign(w as never, tf.add(tf.constant([1, 1, 1]), [10, 10, 10])) as tf.Tensor,
    11,
  ],
  'assign of a Const': [(w) => tf.assign(w as never, [10, 10, 10]) as tf.Tensor, 10],
  'gradient descent, gradient 10, rate 1': [
    (w) => new tf.train.GradientDescentOptimizer(1).applyGradients([[tf.constant([10, 10, 10]), w]]),
    -9,
  ],
  'scatter_add of 100 at row 0': [
    (w) => tf.scatterAdd(w as never, tf.constant([0], { dtype: 'int32' }), [100]) as tf.Tensor,
    101,
  ],
};
const reads: Readonly<Record<string, readonly [read: (w: tf.Variable) => tf.Tensor, shared: boolean]>> = {
  'r = identity(w)': [(w) => tf.identity(w as never), true],
  'r2 = identity(r)': [(w) => tf.identity(tf.identity(w as never)), true],
  'r3 = r * 1': [(w) => tf.multiply(tf.identity(w as never), 1), false],
};

describe.each(Object.entries(writes))('%s', (_, [write, after]) => {
  test.each(Object.entries(reads))('of a ref variable, %s', async (_, [read, shared]) => {
    expect(await firstAfter({ read, write, useResource: false })).toEqual({ y: shared ? after : 1, v: after });
  });
  test.each(Object.entries(reads))('of a resource variable, %s', async (_, [read]) => {
    expect(await firstAfter({ read, write, useResource: true })).toEqual({ y: 1, v: after });
  });
});

type Pass = (r: tf.Tensor) => tf.Tensor;
const no = () => tf.constant(false);
/** What only passes a read on. */
const passes: Readonly<Record<string, Pass>> = {
  Identity: (r) => tf.identity(r),
  StopGradient: (r) => tf.stopGradient(r),
  'Reshape there and back': (r) =>
    tf.reshape(tf.reshape(r, tf.constant([3, 1], { dtype: 'int32' })), tf.constant([3], { dtype: 'int32' })),
  'ExpandDims and Squeeze': (r) => tf.squeeze(tf.expandDims(r, 0), { axis: [0] } as never),
  'Switch and Merge': (r) => {
    const [off, on] = switchOn(r, no()) as unknown as readonly [tf.Tensor, tf.Tensor];
    return merge([off, on])[0];
  },
  'a cond branch': (r) =>
    tf.cond(
      no(),
      () => tf.add(r, 1),
      () => tf.identity(r),
    ) as tf.Tensor,
  tuple: (r) => tf.tuple([r])[0] as tf.Tensor,
  'Slice of everything': (r) => tf.slice(r, [0], [3]),
  'StridedSlice of everything': (r) => tf.stridedSlice(r, [0], [3], [1]),
  'Split into one': (r) => tf.split(r, 1)[0]!,
  'SplitV into one': (r) => tf.split(r, tf.constant([3], { dtype: 'int32' }) as never)[0]!,
  'Concat of one': (r) => tf.concat([r], 0),
};
const copies: Readonly<Record<string, Pass>> = {
  'r + 0': (r) => tf.add(r, 0),
  Gather: (r) => tf.gather(r, tf.constant([0, 1, 2], { dtype: 'int32' })),
  Unpack: (r) => tf.stack(tf.unstack(r)),
  Snapshot: (r) => snapshot(r),
};
const add10 = writes['assign_add 10']![0];

test.each(Object.entries(passes))('%s shares the buffer of a ref variable', async (_, pass) => {
  const read = (w: tf.Variable) => pass(tf.identity(w as never));
  expect((await firstAfter({ read, write: add10, useResource: false })).y).toBe(11);
});
test.each(Object.entries(copies))('%s copies', async (_, pass) => {
  const read = (w: tf.Variable) => pass(tf.identity(w as never));
  expect((await firstAfter({ read, write: add10, useResource: false })).y).toBe(1);
});
test.each(Object.entries(passes))('%s of a resource variable keeps the value that was read', async (_, pass) => {
  const read = (w: tf.Variable) => pass(tf.identity(w as never));
  expect((await firstAfter({ read, write: add10, useResource: true })).y).toBe(1);
});

test('a loop that hands a ref variable on shares its buffer', async () => {
  const read = (w: tf.Variable): tf.Tensor =>
    (
      tf.whileLoop(
        ((i: tf.Tensor) => tf.less(i, 2)) as never,
        ((i: tf.Tensor, x: tf.Tensor) => [tf.add(i, 1), x]) as never,
        [tf.constant(0, { dtype: 'int32' }), tf.identity(w as never)],
      ) as readonly tf.Tensor[]
    )[1]!;
  expect((await firstAfter({ read, write: add10, useResource: false })).y).toBe(11);
  expect((await firstAfter({ read, write: add10, useResource: true })).y).toBe(1);
});

test.each([false, true])('averages behind the train op see the new weights (resource: %p)', async (useResource) => {
  const b = bench();
  const { average, all } = b.build(() => {
    const w = tf.getVariable('w', { initializer: tf.constant(START), useResource });
    const train = new tf.train.GradientDescentOptimizer(1).applyGradients([[tf.constant([2, 2, 2]), w]]);
    const ema = new tf.train.ExponentialMovingAverage(0.5);
    const all = tf.controlDependencies([train], () => ema.apply([w]));
    return { average: ema.average(w), all };
  });
  await b.init();
  await b.run(all);
  expect(await b.run(average)).toEqual([0, 1, 2]);
});

test('a ref variable fetched together with its update gives the new value', async () => {
  const b = bench();
  const fetches = b.build(() => {
    const w = tf.getVariable('w', { initializer: tf.constant(START) });
    return [w, tf.assignAdd(w as never, [10, 10, 10])];
  });
  await b.init();
  for (let step = 1; step < 4; step++) {
    const expected = START.map((x) => x + 10 * step);
    expect(await b.run(fetches)).toEqual([expected, expected]);
  }
});

test('readers and writers without a path between them run in creation order', async () => {
  const b = bench();
  const fetches = b.build(() => {
    const w = tf.getVariable('w', { initializer: tf.constant(START) });
    const before = tf.add(w as never, 0);
    const write = tf.assignAdd(w as never, [10, 10, 10]) as tf.Tensor;
    return { before, write: write.op, after: tf.add(w as never, 0) };
  });
  await b.init();
  expect(await b.run(fetches)).toEqual({ before: [1, 2, 3], write: null, after: [11, 12, 13] });
});

test('assigning another shape makes a new buffer', async () => {
  const b = bench();
  const { y, v } = b.build(() => {
    const w = new tf.Variable(tf.constant(START), { validateShape: false, trainable: false });
    const r = tf.identity(w as never);
    const before = tf.add(r, 0);
    const write = tf.controlDependencies(
      [before],
      () => tf.assign(w as never, [7, 8], { validateShape: false }) as tf.Tensor,
    );
    return { y: before, v: write };
  });
  await b.init();
  expect(await b.run([y, v])).toEqual([START, [7, 8]]);
});
