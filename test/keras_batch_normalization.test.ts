/** @file tf.keras.layers.BatchNormalization in a graph. What is expected was printed from TensorFlow 1.15.5. */
import * as tf from '../src';
import { BatchNormalization } from '../src/layers/keras_normalization';
import { learningPhase, learningPhaseScope, setLearningPhase } from '../src/layers/learning_phase';
import { bench, expectClose, expectError, inGraph, names, opNames } from './conformance/harness';

const X = [
  [1, 2, 3],
  [3, 4, 7],
];
const rows = (name = 'x') => tf.placeholder('float32', [null, 3], { name });
const updateOps = () => tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);

test('update ops lie in layer.updates and not in UPDATE_OPS, whose twin of tf.layers puts them there', () =>
  inGraph(() => {
    const layer = new BatchNormalization({ momentum: 0.9, center: false });
    layer.apply(rows());
    expect(names(layer.updates)).toEqual(['batch_normalization/cond_2/Merge', 'batch_normalization/cond_3/Merge']);
    expect(updateOps()).toEqual([]);
    tf.layers.batchNormalization(rows(), { training: true });
    expect(updateOps()).toHaveLength(2);
    expect(layer.updates).toHaveLength(2);
  }));

test('its variables are resource variables, and the learning phase is made at the call', () =>
  inGraph(() => {
    const layer = new BatchNormalization({ momentum: 0.9, center: false });
    layer.apply(rows());
    const bn = 'batch_normalization';
    expect(opNames().slice(0, 22)).toEqual([
      'x',
      ...['gamma/Initializer/ones', 'moving_mean/Initializer/zeros', 'moving_variance/Initializer/ones'].flatMap(
        (i) => {
          const v = `${bn}/${i.split('/')[0]}`;
          return [`${bn}/${i}`, v, `${v}/IsInitialized/VarIsInitializedOp`, `${v}/Assign`, `${v}/Read/ReadVariableOp`];
        },
      ),
      'keras_learning_phase/input',
      'keras_learning_phase',
      `${bn}/moments/mean/reduction_indices`,
      `${bn}/moments/mean`,
      `${bn}/moments/StopGradient`,
      `${bn}/moments/SquaredDifference`,
    ]);
    expect(names(layer.variables)).toEqual([`${bn}/gamma:0`, `${bn}/moving_mean:0`, `${bn}/moving_variance:0`]);
    expect(names(layer.trainableWeights)).toEqual([`${bn}/gamma:0`]);
    expect(layer.weights.every((v) => !v.isRef)).toBe(true);
  }));

test('without `training` the learning phase decides: averages move where it is fed true, and only then', async () => {
  const b = bench();
  const { layer, x, y } = b.build(() => {
    const input = rows();
    const made = new BatchNormalization({ momentum: 0.9 });
    return { layer: made, x: input, y: made.apply(input) };
  });
  await b.init();
  const averages = () => b.run([layer.movingMean, layer.movingVariance]);
  const before = await b.run([y, ...layer.updates], [[x, X]]);
  expectClose(
    (before as unknown[])[0],
    [
      [0.9995003938674927, 1.9990007877349854, 2.9985013008117676],
      [2.9985013008117676, 3.9980015754699707, 6.996502876281738],
    ],
    1e-6,
  );
  expect(await averages()).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ]);
  const [trained] = (await b.run(
    [y, ...layer.updates],
    [
      [x, X],
      ['keras_learning_phase:0', true],
    ],
  )) as unknown[];
  expectClose(
    trained,
    [
      [-0.9995003938674927, -0.9995005130767822, -0.9998750686645508],
      [0.9995005130767822, 0.9995002746582031, 0.9998750686645508],
    ],
    1e-6,
  );
  expectClose(
    await averages(),
    [
      [0.2, 0.3, 0.5],
      [1, 1, 1.3],
    ],
    1e-6,
  );
  expectClose(
    await b.run(y, [[x, X]]),
    [
      [0.7996003031730652, 1.6991506814956665, 2.1918020248413086],
      [2.7986011505126953, 3.6981513500213623, 5.698685646057129],
    ],
    2e-6,
  );
});

test('a train op that waits for layer.updates trains as in TensorFlow; one that waits for UPDATE_OPS moves nothing', async () => {
  const train = async (deps: (layer: BatchNormalization) => tf.Operation[]) => {
    const b = bench();
    const made = b.build(() => {
      const x = rows();
      const layer = new BatchNormalization({ momentum: 0.5, fused: false });
      const h = layer.apply(x, { training: true });
      const y = tf.layers.dense(h, 1, { kernelInitializer: tf.constantInitializer(0.5) });
      const loss = tf.reduceMean(tf.square(y.sub(1)));
      const minimize = () => new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
      return { x, layer, loss, op: tf.controlDependencies(deps(layer), minimize) };
    });
    await b.init();
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) losses.push(((await b.run([made.loss, made.op], [[made.x, X]])) as number[])[0]!);
    return { losses, state: await b.run([made.layer.movingMean, made.layer.movingVariance, made.layer.gamma!]) };
  };
  const fixed = await train((layer) => layer.updates);
  expectClose(fixed.losses, [3.248314380645752, 0.8080587983131409, 0.464415043592453], 1e-5);
  expectClose(
    fixed.state,
    [
      [1.75, 2.625, 4.375],
      [1, 1, 3.625],
      [0.8215105, 0.8215106, 0.82146394],
    ],
    1e-5,
  );
  const broken = await train(() => updateOps());
  expectClose(broken.losses, fixed.losses, 1e-5);
  expect((broken.state as unknown[]).slice(0, 2)).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ]);
});

test('each call adds its own updates; getUpdatesFor tells them apart by input', () =>
  inGraph(() => {
    const [x, z] = [rows(), rows('z')];
    const layer = new BatchNormalization();
    layer.apply(x, { training: true });
    layer.apply(z, { training: true });
    expect(layer.updates).toHaveLength(4);
    expect(layer.getUpdatesFor(x)).toEqual(layer.updates.slice(0, 2));
    expect(layer.getUpdatesFor(z)).toEqual(layer.updates.slice(2));
    expect(layer.getUpdatesFor([x, z])).toHaveLength(4);
    expect(layer.getUpdatesFor(null)).toEqual([]);
  }));

test('names count together with those of tf.layers', () =>
  inGraph(() => {
    const made = [BatchNormalization, tf.layers.BatchNormalization].flatMap((Kind) => [Kind, Kind]);
    const [a, , c] = made;
    const layers = [new a!(), new c!(), new a!(), new c!()];
    expect(names(layers)).toEqual([
      'batch_normalization',
      'batch_normalization_2',
      'batch_normalization_2',
      'batch_normalization_4',
    ]);
  }));

test('a layer that is not trainable has no updates, yet its gamma and beta stay in TRAINABLE_VARIABLES', () =>
  inGraph(() => {
    const layer = new BatchNormalization();
    layer.apply(rows(), { training: true });
    layer.trainable = false;
    expect(layer.updates).toEqual([]);
    expect(layer.trainableWeights).toEqual([]);
    expect(names(layer.nonTrainableWeights)).toEqual(
      ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((v) => `batch_normalization/${v}:0`),
    );
    const frozen = new BatchNormalization({ trainable: false, name: 'frozen' });
    frozen.apply(rows(), { training: true });
    expect(frozen.updates).toEqual([]);
    expect(names(tf.trainableVariables())).toEqual([
      'batch_normalization/gamma:0',
      'batch_normalization/beta:0',
      'frozen/gamma:0',
      'frozen/beta:0',
    ]);
  }));

test('losses of weights are made at each reading, and go to no collection', () =>
  inGraph(() => {
    const gammaRegularizer = tf.contrib.layers.l2Regularizer(0.5);
    const layer = new BatchNormalization({ gammaRegularizer });
    layer.apply(rows(), { training: false });
    const [first, second] = [layer.losses, layer.losses];
    expect(names(first)).toEqual(['batch_normalization/gamma/Regularizer/l2_regularizer:0']);
    expect(names(second)).toEqual(['batch_normalization/gamma/Regularizer_1/l2_regularizer:0']);
    expect(tf.getCollection(tf.GraphKeys.REGULARIZATION_LOSSES)).toEqual([]);
  }));

test('a learning phase that is set counts for layers called later; a scope puts it back, also after an error', () =>
  inGraph(() => {
    setLearningPhase(1);
    const training = new BatchNormalization();
    training.apply(rows());
    expect(names(training.updates)).toEqual([
      'batch_normalization/AssignMovingAvg/AssignSubVariableOp',
      'batch_normalization/AssignMovingAvg_1/AssignSubVariableOp',
    ]);
    const [inScope, after] = [new BatchNormalization(), new BatchNormalization()];
    const boom = () => {
      inScope.apply(rows());
      throw new Error('boom');
    };
    expect(() => learningPhaseScope(0, boom)).toThrow('boom');
    expect(inScope.updates).toEqual([]);
    after.apply(rows());
    expect(after.updates).toHaveLength(2);
    expect(opNames()).not.toContain('keras_learning_phase');
    expectError('Value', 'Expected learning phase to be 0 or 1.', () => setLearningPhase(2 as never));
    expect(learningPhase()).toBe(1);
  }));

test('bad axes and shapes are refused in words of TensorFlow, and the session works on', async () => {
  const b = bench();
  const y = b.build(() => {
    const x = rows();
    expectError('Value', 'Invalid axis: 3', () => new BatchNormalization({ axis: 3 }).apply(x));
    expectError('Value', 'Duplicate axis: [0,0]', () => new BatchNormalization({ axis: [0, 0] }).apply(x));
    const unranked = tf.placeholder('float32');
    expectError('Value', 'Input has undefined rank:', () => new BatchNormalization().apply(unranked));
    const wide = tf.placeholder('float32', [2, null]);
    expectError('Value', 'Input has undefined `axis` dimension.', () => new BatchNormalization().apply(wide));
    return new BatchNormalization().apply([[1, 2]], { training: true });
  });
  await b.init();
  expectClose(await b.run(y), [[0, 0]], 1e-6);
});
