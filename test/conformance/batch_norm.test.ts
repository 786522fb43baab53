/** @file Batch normalization: update ops, their names and where they are listed; averages after runs; numbers. */
import * as tf from '../../src';
import { Layer } from '../../src/layers/base';
import { type Bench, bench, expectClose, expectError, inGraph, names, opNames, opOf, sorted } from './harness';

const collected = (key = 'update_ops', graph = tf.getDefaultGraph()) => graph.getCollection(key) as tf.Tensor[];
const updates = (b: Bench) => collected('update_ops', b.graph);
const updateNames = (): string[] => collected().map((x) => opOf(x).name);
const averages = (scope: string) => [`${scope}/moving_mean:0`, `${scope}/moving_variance:0`];
const column = () => tf.constant([[1], [5]]);
const image = (...cells: number[]) => tf.constant(cells, { shape: [cells.length, 1, 1, 1] });
const flag = () => tf.placeholder('bool', { shape: [] });
/** Cells that differ, the same in every test. */
const cells = (shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1009) / 1009);
  return { data, value: new tf.Value('float32', shape, data) };
};
const images = () => new tf.Variable(tf.constant(cells([5, 4, 3, 6]).value));

test('batch_norm-01: two updates, in UPDATE_OPS; four variables', () =>
  inGraph(() => {
    const bn = new tf.layers.BatchNormalization({ axis: 1 });
    bn.apply(tf.randomUniform([5, 4, 3]), { training: tf.placeholder('bool') });
    expect(bn.updates).toHaveLength(2);
    expect(bn.variables).toHaveLength(4);
    expect([bn.trainableVariables.length, bn.nonTrainableVariables.length]).toEqual([2, 2]);
    expect(collected()).toEqual(bn.updates);
    expect(collected('trainable_variables')).toEqual(bn.trainableVariables);
  }));

test('batch_norm-02: half precision in, float32 variables', () =>
  inGraph(() => {
    const bn = new tf.layers.BatchNormalization({ axis: 1, fused: true });
    bn.apply(tf.cast(tf.randomUniform([5, 4, 3, 3]), 'float16'), { training: tf.placeholder('bool') });
    expect(bn.variables.map((v) => v.op.outputs[0]!.dtype)).toEqual(['float32', 'float32', 'float32', 'float32']);
    expect(bn.variables.every((v) => v.op.outputs[0]!.isRef)).toBe(true);
    expect(bn.updates).toHaveLength(2);
  }));

test('batch_norm-04: names; the averages come to the statistics of the batch', async () => {
  const b = bench();
  const { data } = cells([5, 4, 3, 6]);
  const { training, fetches, x } = b.build(() => {
    const x = images();
    const training = tf.placeholder('bool');
    const y = tf.layers.batchNormalization(x, { momentum: 0.9, training, name: 'bn' });
    return { x, training, fetches: [y, ...updates(b)] };
  });
  const made = b.build(() => tf.globalVariables().filter((v) => v !== x));
  expect(sorted(names(made))).toEqual(sorted(['bn/gamma:0', 'bn/beta:0', ...averages('bn')]));
  await b.init();
  for (let i = 0; i < 100; i++) await b.run(fetches, [[training, true]]);
  const [mean, variance] = (await b.run(averages('bn'))) as [number[], number[]];
  for (let c = 0; c < 6; c++) {
    const own = [...data].filter((_, i) => i % 6 === c);
    const m = own.reduce((s, v) => s + v, 0) / own.length;
    expectClose(mean[c], m, 0.01);
    expectClose(variance[c], own.reduce((s, v) => s + (v - m) ** 2, 0) / own.length, 0.01);
  }
});

test('batch_norm-05: reuse has updates of its own, for the same variables', () =>
  inGraph(() => {
    const [x1, x2, training] = [images(), images(), tf.placeholder('bool')];
    tf.layers.batchNormalization(x1, { training, name: 'bn' });
    tf.layers.batchNormalization(x2, { training, name: 'bn', reuse: true });
    expect(collected()).toHaveLength(4);
    expect(tf.globalVariables()).toHaveLength(6);
  }));

test('batch_norm-06: reuse by the variable scope', () =>
  inGraph(() => {
    const [x, training] = [images(), tf.placeholder('bool')];
    tf.variableScope('scope', () => tf.layers.batchNormalization(x, { training }));
    expect(tf.globalVariables()).toHaveLength(5);
    tf.variableScope('scope', { reuse: true }, () => tf.layers.batchNormalization(x, { training }));
    expect(tf.globalVariables()).toHaveLength(5);
  }));

test('batch_norm-07: one object for both: only the call that trains has updates', () =>
  inGraph(() => {
    const x = images();
    const bn = new tf.layers.BatchNormalization({ momentum: 0.9 });
    bn.apply(x, { training: true });
    bn.apply(x, { training: false });
    expect([bn.updates.length, collected().length]).toEqual([2, 2]);
  }));

class Counting extends Layer {
  #a!: tf.Variable;
  constructor() {
    super('counting');
  }
  protected override build(): void {
    this.#a = this.addWeight('a', { shape: [], trainable: false });
    this.addUpdate(() => tf.assignAdd(this.#a, 1, { name: 'b_update' }) as tf.Tensor);
  }
  protected call(x: tf.Tensor): tf.Tensor {
    this.addUpdate(() => tf.assignAdd(this.#a, x, { name: 'a_update' }) as tf.Tensor);
    return x.add(1);
  }
}
test('batch_norm-09: each call adds its updates, those of build come once', () =>
  inGraph(() => {
    const layer = new Counting();
    layer.apply(tf.zeros([]));
    expect(layer.updates).toHaveLength(2);
    layer.apply(tf.zeros([]));
    expect(layer.updates).toHaveLength(3);
  }));

/** Makes batch normalization of x, runs it, then its updates; answers the output and the averages. */
async function step(x: () => tf.Tensor, options = {}): Promise<[y: unknown, averages: unknown]> {
  const b = bench();
  const y = b.build(() => tf.layers.batchNormalization(x(), { training: true, ...options }));
  await b.init();
  const out = await b.run(y);
  await b.run(updates(b));
  return [out, await b.run(averages('batch_normalization'))];
}

test('batch_norm-18: fused: population variance out, the unbiased one into the average', async () => {
  const [y, moved] = await step(() => image(1, 5));
  expectClose(y, [[[[-0.99987502]]], [[[0.99987502]]]], 1e-5);
  expectClose(moved, [[0.03], [1.07]], 1e-6);
});

test('batch_norm-19: fused, one cell per channel: variance 0', async () => {
  const [y, moved] = await step(() => image(5));
  expectClose(y, [[[[0]]]], 1e-6);
  expectClose(moved, [[0.05], [0.99]], 1e-6);
});

test('batch_norm-21: the recipe: 100 steps go 1 - .99^100 of the way', async () => {
  const b = bench();
  const { x, training, train } = b.build(() => {
    const x = tf.placeholder('float32', { shape: [null, 1] });
    const training = flag();
    const y = tf.layers.batchNormalization(x, { training });
    const loss = tf.reduceMean(y.mul(y));
    const sgd = new tf.train.GradientDescentOptimizer(0);
    return { x, training, train: tf.controlDependencies(updates(b), () => sgd.minimize(loss)) };
  });
  await b.init();
  for (let i = 0; i < 100; i++) {
    await b.run(train, [
      [x, [[1], [5]]],
      [training, true],
    ]);
  }
  expectClose(await b.run(averages('batch_normalization')), [[1.901903], [2.901903]], 1e-4);
});

test('batch_norm-22: read too early, the collection is empty and the block without effect', async () => {
  const b = bench();
  const { early, train } = b.build(() => {
    const x = column();
    const early = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    const y = tf.layers.batchNormalization(x, { training: true });
    const sgd = new tf.train.GradientDescentOptimizer(0.1);
    return { early, train: tf.controlDependencies(early, () => sgd.minimize(tf.reduceMean(y.mul(y)))) };
  });
  expect([early.length, updates(b).length]).toEqual([0, 2]);
  await b.init();
  await b.run(train);
  expect(await b.run(averages('batch_normalization'))).toEqual([[0], [1]]);
});

test('batch_norm-23: the updates fetched beside the train op', async () => {
  const b = bench();
  const train = b.build(() => {
    const y = tf.layers.batchNormalization(column(), { training: true });
    return new tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduceMean(y));
  });
  await b.init();
  await b.run([train, updates(b)]);
  expectClose(await b.run(averages('batch_normalization')), [[0.03], [1.03]], 1e-6);
});

test('batch_norm-25: updates that are run with training false change nothing', async () => {
  const b = bench();
  const training = b.build(() => {
    const training = flag();
    tf.layers.batchNormalization(column(), { training });
    tf.layers.batchNormalization(image(1, 5), { training });
    return training;
  });
  await b.init();
  await b.run(updates(b), [[training, false]]);
  const all = [...averages('batch_normalization'), ...averages('batch_normalization_1')];
  expect(await b.run(all)).toEqual([[0], [1], [0], [1]]);
});

test('batch_norm-26: names of the update ops', () =>
  inGraph(() => {
    tf.layers.batchNormalization(column(), { training: true });
    tf.layers.batchNormalization(column(), { training: flag() });
    expect(updateNames()).toEqual([
      'batch_normalization/AssignMovingAvg',
      'batch_normalization/AssignMovingAvg_1',
      'batch_normalization_1/cond_2/Merge',
      'batch_normalization_1/cond_3/Merge',
    ]);
    expect(
      collected()
        .slice(0, 2)
        .map((x) => opOf(x).type),
    ).toEqual(['AssignSub', 'AssignSub']);
  }));

test('batch_norm-27: with resource variables the assign is one level deeper', () =>
  inGraph(() => {
    tf.variableScope('s', { useResource: true }, () => tf.layers.batchNormalization(column(), { training: true }));
    expect(updateNames()).toEqual([
      's/batch_normalization/AssignMovingAvg/AssignSubVariableOp',
      's/batch_normalization/AssignMovingAvg_1/AssignSubVariableOp',
    ]);
  }));

test('batch_norm-28: not trainable: updates exist, but are not listed', async () => {
  const b = bench();
  const y = b.build(() => tf.layers.batchNormalization(column(), { training: true, trainable: false }));
  expect(updates(b)).toEqual([]);
  expect(b.build(() => tf.trainableVariables())).toEqual([]);
  expect(opNames(b.graph)).toContain('batch_normalization/AssignMovingAvg');
  await b.init();
  expectClose(await b.run(y), [[-0.99987502], [0.99987502]], 1e-5);
});

test('batch_norm-30: reuse: the scope of its ops; without it an error', () =>
  inGraph(() => {
    const x = column();
    tf.layers.batchNormalization(x, { training: true, name: 'bn' });
    tf.layers.batchNormalization(x, { training: true, name: 'bn', reuse: true });
    expect(updateNames()).toEqual([
      'bn/AssignMovingAvg',
      'bn/AssignMovingAvg_1',
      'bn_1/AssignMovingAvg',
      'bn_1/AssignMovingAvg_1',
    ]);
    expectError('Value', 'Variable bn/gamma already exists, disallowed.', () =>
      tf.layers.batchNormalization(x, { name: 'bn' }),
    );
  }));

test('batch_norm-31: all updates of a layer that is used twice move the average about twice', async () => {
  const b = bench();
  b.build(() => {
    const x = column();
    tf.layers.batchNormalization(x, { training: true, name: 'bn' });
    tf.layers.batchNormalization(x, { training: true, name: 'bn', reuse: true });
  });
  await b.init();
  await b.run(updates(b));
  expectClose(await b.run('bn/moving_mean:0'), [0.05985], 2e-4);
});

test('batch_norm-33: the axis: statistics of each channel of axis 1', async () => {
  const rows = [
    [1, 3],
    [10, 30],
  ];
  const [, moved] = await step(() => tf.constant([rows]), { axis: 1 });
  expectClose((moved as unknown[])[0], [0.02, 0.2], 1e-6);
  expectClose((moved as unknown[])[1], [1, 1.99], 1e-5);
});

test('batch_norm-35: nn.fusedBatchNorm raises epsilon to 1.001e-5', async () => {
  const b = bench();
  const [y] = b.build(() =>
    tf.nn.fusedBatchNorm(image(3), [1], [0], { mean: [1], variance: [0], epsilon: 1e-9, isTraining: false }),
  );
  expectClose(await b.run(y), [[[[632.139541241014]]]], 0.1);
});

test('batch_norm-36: moments are biased; normalizeMoments; batchNormalization', async () => {
  const b = bench();
  const k = tf.constant;
  const made = b.build(() => ({
    plain: tf.nn.moments(
      k([
        [1, 2],
        [3, 6],
      ]),
      [0],
    ),
    normal: tf.nn.normalizeMoments(4, 10, 30, null),
    y: tf.nn.batchNormalization(k([4]), k([2]), k([3]), k([1]), k([5]), 1),
  }));
  const { plain, normal, y } = made;
  expect(await b.run(plain)).toEqual([
    [2, 4],
    [1, 4],
  ]);
  expect(await b.run(normal)).toEqual([2.5, 1.25]);
  expect(await b.run(y)).toEqual([6]);
});

/** 0.00, 0.01, ... 1.19 as ten images of 2 x 2 pixels with 3 channels. */
const pixels = (): tf.Tensor =>
  tf.constant(
    Float32Array.from({ length: 120 }, (_, i) => 0.01 * i),
    { shape: [10, 2, 2, 3] },
  );
async function afterTen(build: () => tf.Tensor) {
  const graph = new tf.Graph();
  const y = tf.withGraph(graph, build);
  const session = new tf.Session({ graph });
  await session.run(tf.withGraph(graph, () => tf.globalVariablesInitializer()));
  const averages = () => session.run(['BatchNorm/moving_mean:0', 'BatchNorm/moving_variance:0']);
  const before = await averages();
  for (let i = 0; i < 10; i++) await session.run(y);
  const numbers = (values: typeof before) => values.map((v) => Array.from((v as tf.Value).data as ArrayLike<number>));
  const result = {
    updates: graph.getCollection('update_ops'),
    before: numbers(before),
    after: numbers(await averages()),
  };
  session.close();
  return result;
}

test.each([
  [false, 0.119925],
  [true, 0.123],
])('batch_norm-13: contrib moves its averages in place, fused: %s', async (fused, variance) => {
  const { updates, before, after } = await afterTen(() =>
    tf.contrib.layers.batchNorm(pixels(), { decay: 0.1, updatesCollections: null, fused }),
  );
  expect(updates).toEqual([]);
  expect(before).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ]);
  for (const [i, m] of [0.585, 0.595, 0.605].entries()) expect(after[0]![i]).toBeCloseTo(m, 5);
  for (const v of after[1]!) expect(v).toBeCloseTo(variance, 5);
});

test('batch_norm-15: contrib has no updates where it does not train', async () => {
  const { updates, after } = await afterTen(() =>
    tf.contrib.layers.batchNorm(pixels(), { decay: 0.1, isTraining: false }),
  );
  expect(updates).toEqual([]);
  expect(after).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ]);
});
