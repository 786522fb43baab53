/** @file Optimizers: the numbers after steps, their slots, names, collections and errors. */
import * as tf from '../../src';
import type { GradAndVar } from '../../src/optimizers/optimizer';
import { createSlot, createZerosSlot } from '../../src/optimizers/slots';
import { type Bench, bench, expectClose, expectError, inGraph, opNames } from './harness';

const { train } = tf;
/** Two variables of two cells, as most of TensorFlow's tests have. */
const two = (): [a: tf.Variable, b: tf.Variable] => [new tf.Variable([1, 2]), new tf.Variable([3, 4])];
const step = (dtype: tf.DType) => new tf.Variable(0, { dtype, trainable: false });
/** 5a + 3b */
const loss = (a: tf.Variable, b: tf.Variable) => tf.add(tf.multiply(5, a), tf.multiply(3, b));
const slices = (values: number[][], rows: number[], shape: number[]) =>
  new tf.IndexedSlices(tf.constant(values), tf.constant(rows, tf.int32), tf.constant(shape, tf.int32));
/** The gradients most tests apply: 0.1 to a, 0.01 to b. */
const small = (a: tf.Variable, b: tf.Variable): GradAndVar[] => [
  [tf.constant([0.1, 0.1]), a],
  [tf.constant([0.01, 0.01]), b],
];
async function times(n: number, b: Bench, op: unknown): Promise<void> {
  for (let i = 0; i < n; i++) await b.run(op);
}

test('optimizer-01: one step of gradient descent', async () => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const [a, b] = two();
    const globalStep = step(tf.int64);
    const t = new train.GradientDescentOptimizer(3).minimize(loss(a, b), { globalStep, varList: [a, b] });
    return { vars: [a, b], t };
  });
  await bn.init();
  await bn.run(t);
  expect(await bn.run(vars)).toEqual([
    [-14, -13],
    [-6, -5],
  ]);
});

test('optimizer-02: gradLoss multiplies', async () => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const [a, b] = two();
    const options = { globalStep: step(tf.int64), varList: [a, b], gradLoss: tf.constant([42, -42]) };
    return { vars: [a, b], t: new train.GradientDescentOptimizer(3).minimize(loss(a, b), options) };
  });
  await bn.init();
  await bn.run(t);
  expect(await bn.run(vars)).toEqual([
    [-629, 632],
    [-375, 382],
  ]);
});

test('optimizer-03: no variables, and no gradients, are refused', () => {
  const sgd = () => new train.GradientDescentOptimizer(3);
  inGraph(() => {
    const n = new tf.Variable(1, { trainable: false });
    expectError('Value', 'No variables to optimize.', () => sgd().minimize(tf.multiply(5, n)));
  });
  inGraph(() => {
    const [a, b] = two();
    const words = 'No gradients provided for any variable, check your graph for ops that do not support gradients';
    expectError('Value', words, () => sgd().minimize(tf.multiply(5, a), { varList: [b] }));
    expectError('Value', 'No gradients provided for any variable', () =>
      sgd().applyGradients([
        [null, a],
        [null, b],
      ]),
    );
    expectError('Value', 'No variables provided.', () => sgd().applyGradients([]));
  });
});

test('optimizer-04: a gradient by a tensor is computed, not applied', async () => {
  const b = bench();
  const g = b.build(() => {
    const x = tf.constant(1);
    const sgd = new train.GradientDescentOptimizer(3);
    const pairs = sgd.computeGradients(tf.multiply(x, x), { varList: [x] });
    expectError('Unimplemented', 'Trying to update a Tensor', () => sgd.applyGradients(pairs));
    return pairs[0]![0];
  });
  expect(await b.run(g)).toBe(2);
});

test('optimizer-05: the train op is collected', () =>
  inGraph(() => {
    const [a, b] = two();
    const options = { globalStep: step(tf.int64), varList: [a, b] };
    const t = new train.GradientDescentOptimizer(3).minimize(loss(a, b), options);
    expect(tf.getCollection('train_op')).toContain(t);
  }));

test('optimizer-06: constraints hold after the update', async () => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const within = (low: number, high: number) => (x: tf.Tensor) => tf.clipByValue(x, low, high);
    const a = new tf.Variable([1, 2], { constraint: within(-0.1, 0) });
    const b = new tf.Variable([3, 4], { constraint: within(0, 1) });
    return { vars: [a, b], t: new train.GradientDescentOptimizer(3).minimize(loss(a, b)) };
  });
  await bn.init();
  await bn.run(t);
  const expected = [
    [-0.1, -0.1],
    [0, 0],
  ];
  expectClose(await bn.run(vars), expected, 1e-6);
});

test('optimizer-07: through a matrix product and a square', async () => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const a = new tf.Variable([[1, 2]], { useResource: true });
    const b = new tf.Variable([3], { useResource: true });
    const p = tf.matmul(a, tf.constant([[4], [5]])).add(b);
    return { vars: [a, b], t: new train.GradientDescentOptimizer(1).minimize(p.mul(p)) };
  });
  await bn.init();
  await bn.run(t);
  expect(await bn.run(vars)).toEqual([[[-135, -168]], [-31]]);
});

test('optimizer-08: globalStep counts', async () => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const globalStep = step(tf.int32);
    const [a, b] = two();
    const t = new train.GradientDescentOptimizer(3).applyGradients(small(a, b), { globalStep });
    return { vars: [a, b, globalStep], t };
  });
  await bn.init();
  await bn.run(t);
  expectClose(await bn.run(vars), [[0.7, 1.7], [2.97, 3.97], 1], 1e-6);
});

test('optimizer-09: slices touch their rows only', async () => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const a = new tf.Variable([[1], [2]]);
    const b = new tf.Variable([[3], [4]]);
    const t = new train.GradientDescentOptimizer(3).applyGradients([
      [slices([[0.1]], [0], [2, 1]), a],
      [slices([[0.01]], [1], [2, 1]), b],
    ]);
    return { vars: [a, b], t };
  });
  await bn.init();
  await bn.run(t);
  const expected = [
    [[0.7], [2]],
    [[3], [3.97]],
  ];
  expectClose(await bn.run(vars), expected, 1e-6);
});

test('optimizer-10: two steps of momentum', async () => {
  const bn = bench();
  const { o, list, t } = bn.build(() => {
    const [a, b] = two();
    const o = new train.MomentumOptimizer(2, 0.9);
    const t = o.applyGradients(small(a, b));
    return { o, list: [a, b, o.getSlot(a, 'momentum'), o.getSlot(b, 'momentum')], t };
  });
  await bn.init();
  await bn.run(t);
  const once = [
    [0.8, 1.8],
    [2.98, 3.98],
    [0.1, 0.1],
    [0.01, 0.01],
  ];
  expectClose(await bn.run(list), once, 1e-6);
  await bn.run(t);
  const twice = [
    [0.42, 1.42],
    [2.942, 3.942],
    [0.19, 0.19],
    [0.019, 0.019],
  ];
  expectClose(await bn.run(list), twice, 1e-6);
  expect(o.getSlotNames()).toEqual(['momentum']);
});

test('optimizer-11: two steps of Nesterov momentum', async () => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const [a, b] = two();
    const y = tf.multiply(5, a).mul(a).add(tf.multiply(3, b));
    const o = new train.MomentumOptimizer(2, 0.9, { useNesterov: true });
    return { vars: [a, b], t: o.minimize(y, { globalStep: step(tf.int32), varList: [a, b] }) };
  });
  await bn.init();
  await bn.run(t);
  const once = [
    [-37, -74],
    [-8.4, -7.4],
  ];
  expectClose(await bn.run(vars), once, 1e-3);
  await bn.run(t);
  const twice = [
    [1352.8, 2705.6],
    [-24.66, -23.66],
  ];
  expectClose(await bn.run(vars), twice, 1e-2);
});

test('optimizer-12: with sparse momentum the other rows keep value and accumulator', async () => {
  const bn = bench();
  const { list, t } = bn.build(() => {
    const [a, b] = [new tf.Variable(tf.zeros([4, 2])), new tf.Variable(tf.ones([4, 2]))];
    const o = new train.MomentumOptimizer(2, 0.9);
    const small = [0.01, 0.01];
    const t = o.applyGradients([
      [slices([[0.1, 0.1]], [1], [4, 2]), a],
      [slices([small, small], [2, 3], [4, 2]), b],
    ]);
    return { list: [a, b, o.getSlot(a, 'momentum')], t };
  });
  await bn.init();
  await times(2, bn, t);
  const [a, b, slot] = (await bn.run(list)) as [number[][], number[][], number[][]];
  const rows = [
    [0, 0],
    [-0.58, -0.58],
  ];
  expectClose(a.slice(0, 2), rows, 1e-6);
  expectClose(b[2], [0.942, 0.942], 1e-6);
  expectClose(slot[1], [0.19, 0.19], 1e-6);
});

test('optimizer-13: two train ops of one optimizer share the slots', async () => {
  const bn = bench();
  const { vars, t1, t2 } = bn.build(() => {
    const [a, b] = two();
    const o = new train.MomentumOptimizer(2, 0.9);
    const pairs = small(a, b);
    return { vars: [a, b], t1: o.applyGradients(pairs), t2: o.applyGradients(pairs) };
  });
  await bn.init();
  await bn.run(t1);
  await bn.run(t2);
  const expected = [
    [0.42, 1.42],
    [2.942, 3.942],
  ];
  expectClose(await bn.run(vars), expected, 1e-6);
});

test("optimizer-15: Adam's epsilon stands outside the root and is not corrected", async () => {
  const b = bench();
  const { w, g, t } = b.build(() => {
    const [w, g] = [new tf.Variable([1]), tf.placeholder(tf.float32, { shape: [1] })];
    return { w, g, t: new train.AdamOptimizer(0.1, { epsilon: 0.5 }).applyGradients([[g, w]]) };
  });
  await b.init();
  const found: unknown[] = [];
  for (const x of [1, -2, 0.5]) {
    await b.run(t, [[g, [x]]]);
    found.push(await b.run(w));
  }
  expectClose(found, [[0.99405165], [0.99858725], [1.00031651]], 1e-5);
});

test('optimizer-16: Adam sums rows that occur twice', async () => {
  const b = bench();
  const { p, q, ts } = b.build(() => {
    const [p, q] = [new tf.Variable([[1], [2]]), new tf.Variable([[1], [2]])];
    const tp = new train.AdamOptimizer().applyGradients([[slices([[0.1], [0.1]], [1, 1], [2, 1]), p]]);
    const tq = new train.AdamOptimizer().applyGradients([[slices([[0.2]], [1], [2, 1]), q]]);
    return { p, q, ts: [tp, tq] };
  });
  await b.init();
  await times(3, b, ts);
  const found = await b.run(p);
  expect(found).toEqual(await b.run(q));
  expect(found).not.toEqual([[1], [2]]);
});

test('optimizer-17: RMSProp without momentum; the mean square starts at one', async () => {
  const bn = bench();
  const { vars, rms, t } = bn.build(() => {
    const [a, b] = two();
    const o = new train.RMSPropOptimizer(2, { decay: 0.9, momentum: 0, epsilon: 1 });
    const t = o.applyGradients(small(a, b));
    return { vars: [a, b], rms: [o.getSlot(a, 'rms'), o.getSlot(b, 'rms')], t };
  });
  await bn.init();
  await times(2, bn, t);
  expectClose(((await bn.run(vars)) as number[][]).flat(), [0.70636205, 1.70636205, 2.97062471, 3.97062471], 1e-5);
  expectClose(((await bn.run(rms)) as number[][]).flat(), [0.8119, 0.8119, 0.810019, 0.810019], 1e-5);
});

test('optimizer-18: RMSProp with momentum', async () => {
  const bn = bench();
  const { vars, momenta, t } = bn.build(() => {
    const [a, b] = two();
    const o = new train.RMSPropOptimizer(2, { decay: 0.9, momentum: 0.5, epsilon: 1e-5 });
    const t = o.applyGradients(small(a, b));
    return { vars: [a, b], momenta: [o.getSlot(a, 'momentum'), o.getSlot(b, 'momentum')], t };
  });
  await bn.init();
  await times(2, bn, t);
  expectClose(((await bn.run(vars)) as number[][]).flat(), [0.46198884, 1.46198884, 2.94615575, 3.94615575], 1e-5);
  expectClose(((await bn.run(momenta)) as number[][]).flat(), [0.32731084, 0.32731084, 0.03276263, 0.03276263], 1e-5);
});

test('optimizer-21: four steps of Adadelta', async () => {
  const b = bench();
  const { a, accum, update, t } = b.build(() => {
    const a = new tf.Variable([1, 2]);
    const o = new train.AdadeltaOptimizer(0.5, { rho: 0.95, epsilon: 1e-8 });
    const t = o.applyGradients([[tf.constant([0.2, 0.2]), a]]);
    return { a, accum: o.getSlot(a, 'accum'), update: o.getSlot(a, 'accum_update'), t };
  });
  await b.init();
  await times(4, b, t);
  expectClose(await b.run(a), [0.9990917, 1.9990917], 1e-6);
  expectClose(await b.run(accum), [0.00741975, 0.00741975], 1e-7);
  expectClose(await b.run(update), [3.8306547e-8, 3.8306547e-8], 1e-12);
});

test.each([
  { a0: [0, 0], b0: [0, 0], l1: 0, l2: 0, n: 3, a: [-2.60260963, -4.29698515], b: [-0.28432083, -0.56694895] },
  { a0: [1, 2], b0: [4, 3], l1: 0, l2: 0, n: 3, a: [-2.55607247, -3.98729396], b: [-0.28232238, -0.56096673] },
  { a0: [1, 2], b0: [4, 3], l1: 0.001, l2: 2, n: 10, a: [-0.24059935, -0.46829352], b: [-0.02406147, -0.04830509] },
])('optimizer-22: Ftrl from $a0 and $b0 with l1 $l1, l2 $l2', async ({ a0, b0, l1, l2, n, a, b }) => {
  const bn = bench();
  const { vars, t } = bn.build(() => {
    const vars = [new tf.Variable(a0), new tf.Variable(b0)] as const;
    const o = new train.FtrlOptimizer(3, {
      initialAccumulatorValue: 0.1,
      l1RegularizationStrength: l1,
      l2RegularizationStrength: l2,
    });
    const t = o.applyGradients([
      [tf.constant([0.1, 0.2]), vars[0]],
      [tf.constant([0.01, 0.02]), vars[1]],
    ]);
    return { vars, t };
  });
  await bn.init();
  await times(n, bn, t);
  expectClose(await bn.run(vars), [a, b], 1e-4);
});

test('optimizer-23: slots are named after what they stand beside', async () => {
  const b = bench();
  const [s, z] = b.build(() => {
    const v = new tf.Variable([1, 2.5], { name: 'var' });
    const s = createSlot(v, v.initializedValue(), 'slot');
    const z = createZerosSlot(tf.constant([1, 2.5], { name: 'const' }), 'slot');
    const w = tf.variableScope('scope', () => {
      const u = new tf.Variable([1, 2.5], { name: 'var' });
      return createSlot(u, u.initializedValue(), 'slot');
    });
    expect([s.op.name, z.op.name, w.op.name]).toEqual(['var/slot', 'const/slot', 'scope/scope/var/slot']);
    return [s, z];
  });
  await b.init();
  expect(await b.run([s, z])).toEqual([
    [1, 2.5],
    [0, 0],
  ]);
});

test('optimizer-24: the names minimize makes', () =>
  inGraph(() => {
    const w = new tf.Variable(1, { name: 'w' });
    const square = () => tf.multiply(w, w);
    const t1 = new train.GradientDescentOptimizer(0.1).minimize(square());
    const globalStep = new tf.Variable(0, { dtype: tf.int32, name: 'gs', trainable: false });
    const t2 = new train.GradientDescentOptimizer(0.1).minimize(square(), { globalStep });
    const t3 = new train.MomentumOptimizer(0.1, 0.9).minimize(square());
    const t4 = new train.AdamOptimizer().minimize(square());
    expect([t1, t2, t3, t4].map((t) => t.name)).toEqual(['GradientDescent', 'GradientDescent_1', 'Momentum', 'Adam']);
    expect([t1, t2, t4].map((t) => t.type)).toEqual(['NoOp', 'AssignAdd', 'NoOp']);
    const made = [
      'GradientDescent/learning_rate',
      'GradientDescent/update_w/ApplyGradientDescent',
      'GradientDescent_1/update',
      'w/Momentum',
      'w/Adam',
      'w/Adam_1',
      'beta1_power',
      'beta2_power',
      'Adam/update_w/ApplyAdam',
    ];
    expect(opNames()).toEqual(expect.arrayContaining(made));
  }));
