/** @file Models: layers, recurrent cells and embeddings under a loss, trained by any optimizer. */
import * as tf from '../../../src';
import { type Builder, type Family, INTS, type Kind } from '../builder';

type Layer = (b: Builder, x: tf.Tensor) => tf.Tensor;
const activation = (b: Builder): ((x: tf.Tensor) => tf.Tensor) | undefined =>
  b.dice.pick([undefined, tf.tanh, tf.nn.relu, tf.sigmoid, tf.nn.elu, tf.nn.softplus]) as never;
const regularizer = (b: Builder) =>
  b.dice.chance(0.25)
    ? b.dice.pick([tf.contrib.layers.l1Regularizer(0.01), tf.contrib.layers.l2Regularizer(0.02)])
    : undefined;
const initializer = (b: Builder) =>
  b.dice.pick([
    undefined,
    tf.truncatedNormalInitializer({ stddev: 0.4, seed: b.dice.int(1, 99) }),
    tf.varianceScalingInitializer({ scale: 2, mode: 'fan_avg', seed: b.dice.int(1, 99) }),
    tf.randomUniformInitializer({ minval: -0.5, maxval: 0.5, seed: b.dice.int(1, 99) }),
  ]);
/** A flag for layers that behave differently in training: known, or fed, or a placeholder that turns a conditional. */
function training(b: Builder): boolean | tf.Tensor {
  if (b.dice.chance(0.6)) return b.dice.chance(0.7);
  return b.fresh('bool', []).tensor;
}
const batchNormalization: Layer = (b, x) =>
  tf.layers.batchNormalization(x, {
    training: training(b),
    momentum: b.dice.pick([0.5, 0.9]),
    epsilon: 0.01,
    scale: b.dice.chance(0.8),
    center: b.dice.chance(0.8),
    renorm: b.dice.chance(0.1),
    fused: b.dice.pick([undefined, false]),
  });

const dense: Layer = (b, x) =>
  tf.layers.dense(x, b.dice.int(1, 5), {
    activation: activation(b),
    useBias: b.dice.chance(0.8),
    kernelInitializer: initializer(b),
    kernelRegularizer: regularizer(b),
  });
const dropout: Layer = (b, x) =>
  tf.layers.dropout(x, { rate: 0.4, training: training(b), seed: b.dice.chance(0.7) ? b.dice.int(1, 999) : undefined });
const VECTOR: readonly Layer[] = [dense, dense, dense, batchNormalization, dropout];

const conv: Layer = (b, x) => {
  const size = b.dice.int(1, 2);
  const fits = (x.shape as number[]).slice(1, 3).every((d) => d >= size);
  const options = {
    strides: b.dice.pick([1, 1, 2]),
    padding: b.dice.chance(0.5) && fits ? ('valid' as const) : ('same' as const),
    activation: activation(b),
    useBias: b.dice.chance(0.7),
  };
  const filters = b.dice.int(1, 3);
  const way = b.dice.int(0, 3);
  if (way === 0) return tf.layers.separableConv2d(x, filters, size, options);
  if (way === 1) return tf.layers.conv2dTranspose(x, filters, size, { ...options, padding: 'same' });
  return tf.layers.conv2d(x, filters, size, { ...options, kernelRegularizer: regularizer(b) });
};
const pool: Layer = (b, x) =>
  b.dice.pick([tf.layers.averagePooling2d, tf.layers.maxPooling2d])(x, 2, b.dice.int(1, 2), { padding: 'same' });
const IMAGE: readonly Layer[] = [conv, conv, conv, pool, batchNormalization, dropout];

function cell(b: Builder): tf.nn.rnnCell.BasicRNNCell {
  const units = b.dice.int(1, 4);
  const cells = [
    () => new tf.nn.rnnCell.BasicRNNCell(units),
    () => new tf.nn.rnnCell.GRUCell(units),
    () => new tf.nn.rnnCell.BasicLSTMCell(units, { forgetBias: 0.5 }),
    () => new tf.nn.rnnCell.LSTMCell(units, { usePeepholes: b.dice.chance(0.5), numProj: b.dice.pick([null, 2]) }),
    () => new tf.nn.rnnCell.MultiRNNCell([new tf.nn.rnnCell.GRUCell(units), new tf.nn.rnnCell.BasicRNNCell(2)]),
  ];
  const made = b.dice.pick(cells)() as tf.nn.rnnCell.BasicRNNCell;
  if (!b.dice.chance(0.15)) return made;
  return new tf.nn.rnnCell.DropoutWrapper(made, { outputKeepProb: 0.7, seed: b.dice.int(1, 99) }) as never;
}
function recurrent(b: Builder): tf.Tensor {
  const [n, time, depth] = [b.dice.int(1, 3), b.dice.int(1, 4), b.dice.int(1, 3)];
  const x = b.settled(b.tame(b.take(['float32'], { shape: [n, time, depth] }), 2));
  const sequenceLength = b.dice.chance(0.5) ? b.fresh('int32', [n], { low: 0, high: time }).tensor : undefined;
  const way = b.dice.int(0, 3);
  if (way === 0) {
    const [outputs] = tf.nn.staticRnn(cell(b), tf.unstack(x, { axis: 1 }) as tf.Tensor[], {
      dtype: 'float32',
      sequenceLength,
    });
    return outputs.at(-1)!;
  }
  if (way === 1) {
    const [[p, q]] = tf.nn.bidirectionalDynamicRnn(cell(b), cell(b), x, { dtype: 'float32', sequenceLength });
    return tf.reduceMean(tf.concat([p, q], 2), 1);
  }
  const [outputs] = tf.nn.dynamicRnn(cell(b), x, { dtype: 'float32', sequenceLength });
  return outputs.at(tf.s(), -1);
}

function embedding(b: Builder): tf.Tensor {
  const [rows, depth, n] = [b.dice.int(2, 5), b.dice.int(1, 3), b.dice.int(1, 4)];
  const table = tf.getVariable('table', { shape: [rows, depth], initializer: initializer(b) });
  const ids = b.settled(b.fresh(b.dice.pick(INTS), [n], { low: 0, high: rows - 1 }));
  const x = b.dice.chance(0.5) ? tf.gather(table, ids) : tf.nn.embeddingLookup(table as never, ids);
  return b.dice.chance(0.4) ? tf.concat([x, tf.gather(table, tf.reverse(ids, [0]))], 1) : x;
}

function body(b: Builder): tf.Tensor {
  const way = b.dice.int(0, 5);
  if (way === 0) return recurrent(b);
  if (way === 1) return embedding(b);
  const images = way === 2;
  const shape = images
    ? [b.dice.int(1, 3), b.dice.int(3, 5), b.dice.int(3, 5), b.dice.int(1, 3)]
    : [b.dice.int(2, 5), b.dice.int(1, 4)];
  let x = b.settled(b.tame(b.take(['float32'], { shape }), 2));
  for (let i = b.dice.int(1, 3); i > 0; i--) x = b.dice.pick(images ? IMAGE : VECTOR)(b, x);
  return images ? tf.layers.flatten(x) : x;
}

/** Rows of about length 1; short ones stay short, and their gradients small. */
const unit = (x: tf.Tensor): tf.Tensor => tf.nn.l2Normalize(x, 1, { epsilon: 0.01 });

function lossOf(b: Builder, y: tf.Tensor): tf.Tensor {
  const [n, d] = y.shape as [number, number];
  const labels = b.settled(b.tame(b.take(['float32'], { shape: [n, d] }), 2));
  const bits = tf.cast(tf.greater(b.fresh('int32', [n, d]).tensor, 0), 'float32');
  const reduction = b.dice.pick([undefined, tf.losses.Reduction.SUM, tf.losses.Reduction.MEAN]);
  const weights = b.dice.chance(0.3) ? b.fresh('float32', [n, 1], { low: 0, high: 2 }).tensor : 1;
  const options = { weights, ...(reduction ? { reduction } : {}) };
  const losses: (() => tf.Tensor)[] = [
    () => tf.losses.meanSquaredError(labels, y, options),
    () => tf.losses.absoluteDifference(labels, y, options),
    () => tf.losses.huberLoss(labels, y, { ...options, delta: 0.7 }),
    () => tf.losses.sigmoidCrossEntropy(bits, y, { ...options, labelSmoothing: b.dice.pick([0, 0.1]) }),
    () => tf.losses.hingeLoss(bits, y, options),
    () => tf.losses.logLoss(bits, tf.sigmoid(y), options),
    () => tf.losses.softmaxCrossEntropy(tf.nn.softmax(labels), y),
    () => tf.losses.sparseSoftmaxCrossEntropy(b.fresh('int32', [n], { low: 0, high: d - 1 }).tensor, y),
    () => tf.losses.cosineDistance(unit(labels), unit(y), { axis: 1 }),
    () => tf.losses.meanPairwiseSquaredError(labels, y),
    () => tf.reduceMean(tf.square(tf.subtract(y, labels))),
  ];
  return b.dice.pick(losses)();
}

type MakeOptimizer = (b: Builder, rate: number | tf.Tensor, step: tf.Variable) => tf.train.Optimizer;
const OPTIMIZERS: readonly MakeOptimizer[] = [
  (_, rate) => new tf.train.GradientDescentOptimizer(rate),
  (b, rate) => new tf.train.MomentumOptimizer(rate, 0.8, { useNesterov: b.dice.chance(0.5) }),
  (_, rate) => new tf.train.AdamOptimizer(rate, { beta1: 0.8, epsilon: 1e-4 }),
  (_, rate) => new tf.train.AdagradOptimizer(rate, { initialAccumulatorValue: 0.2 }),
  (_, rate) => new tf.train.AdadeltaOptimizer(rate, { rho: 0.8, epsilon: 1e-3 }),
  (b, rate) =>
    new tf.train.RMSPropOptimizer(rate, {
      momentum: b.dice.pick([0, 0.5]),
      centered: b.dice.chance(0.5),
      epsilon: 1e-3,
    }),
  (b, rate) =>
    new tf.train.FtrlOptimizer(rate, {
      l1RegularizationStrength: b.dice.pick([0, 0.01]),
      l2RegularizationStrength: b.dice.pick([0, 0.05]),
      l2ShrinkageRegularizationStrength: b.dice.pick([0, 0, 0.02]),
    }),
  (b, rate) =>
    new tf.train.ProximalGradientDescentOptimizer(rate, { l1RegularizationStrength: b.dice.pick([0, 0.01]) }),
  (b, rate) => new tf.train.ProximalAdagradOptimizer(rate, { l2RegularizationStrength: b.dice.pick([0, 0.05]) }),
  (_, rate, step) => new tf.train.AdagradDAOptimizer(rate, step as never, { l2RegularizationStrength: 0.01 }),
];
const DECAYS: readonly ((step: tf.Variable) => tf.Tensor)[] = [
  (step) => tf.train.exponentialDecay(0.1, step as never, 2, 0.7, { staircase: true }),
  (step) => tf.train.inverseTimeDecay(0.1, step as never, 3, 0.5),
  (step) => tf.train.polynomialDecay(0.1, step as never, 4),
  (step) => tf.train.cosineDecay(0.1, step as never, 6),
  (step) =>
    tf.train.piecewiseConstant(
      step as never,
      [tf.constant(1, step.dtype), tf.constant(3, step.dtype)],
      [0.1, 0.05, 0.01],
    ),
];

const model: Family = (b) => {
  tf.variableScope(`model${b.round}`, { useResource: b.dice.chance(0.5) }, (scope) => {
    const before = tf.getCollection(tf.GraphKeys.UPDATE_OPS).length;
    let y = body(b);
    if (y.shape === null || y.shape.length !== 2 || y.shape.includes(null)) throw new Error(`a model of ${y}`);
    if (b.dice.chance(0.4)) y = dense(b, y);
    b.add(y, { bound: 10 });
    const loss = tf.addN([lossOf(b, y), ...tf.losses.getRegularizationLosses(scope.name)]);
    const variables = tf.trainableVariables(`${scope.name}/`);
    if (variables.length === 0) return;
    const step = tf.getVariable('step', {
      shape: [],
      dtype: 'int64' as Kind,
      trainable: false,
      initializer: tf.zerosInitializer(),
    });
    const rate = b.dice.chance(0.3) ? b.dice.pick(DECAYS)(step) : 0.1;
    const optimizer = b.dice.pick(OPTIMIZERS)(b, rate, step);
    const pairs = optimizer.computeGradients(loss, { varList: variables });
    const slopes = pairs.flatMap(([g]) => (g ? [g instanceof tf.IndexedSlices ? g.values : g] : []));
    if (slopes.length === 0) return;
    const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS).slice(before);
    // All that reads the variables comes first, whatever order the graph leaves open.
    let target = tf.controlDependencies([loss, ...slopes, ...updates], () =>
      optimizer.applyGradients(pairs, { globalStep: step as never }),
    );
    if (b.dice.chance(0.3)) {
      const average = new tf.train.ExponentialMovingAverage(0.6, {
        numUpdates: b.dice.chance(0.3) ? (step as never) : undefined,
      });
      target = tf.controlDependencies([target], () => average.apply(variables));
    }
    b.trainings.push({ target, fetch: [loss, ...slopes] });
    for (const v of tf.getCollection<tf.Variable>(tf.GraphKeys.GLOBAL_VARIABLES, `${scope.name}/`))
      b.sinks.push(v.readValue());
  });
};

export const TRAINING: readonly (readonly [number, Family])[] = [[2, model]];
