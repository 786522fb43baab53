/**
 * @file The nets of TFLearn's tutorials, small, trained on the same numbers without shuffling: losses, predictions and
 * weights are those that tflearn 0.5.0 on TensorFlow 1.15.5 gave with the same seed, dropout and all.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';

const T = tf.tflearn;
type Net = tf.tflearn.LayerTensor;
type Model = tf.tflearn.DNN;

const folder = mkdtempSync(join(tmpdir(), 'tflearn-'));
beforeAll(() => tf.logging.setVerbosity(tf.logging.ERROR));
afterAll(() => rmSync(folder, { recursive: true }));

// ---- data, the same on both sides -----------------------------------------------------------------------------------

function values(shape: readonly number[], f: (i: number) => number): tf.Value {
  const n = shape.reduce((a, b) => a * b, 1);
  const cells = Array.from({ length: n }, (_, i) => f(i));
  return tf.Value.cells('float32', shape, cells);
}
const wave = (i: number): number => Math.sin(i * 1.7);
const waves = (shape: readonly number[], k = 1): tf.Value => values(shape, (i) => Math.sin(i * 1.7 * k));
const classOf = (row: number, count: number): number => Math.floor((row * 7) / 3) % count;
const classes = (n: number, count: number): tf.Value =>
  values([n, count], (i) => Number(classOf(Math.floor(i / count), count) === i % count));
const ids = (n: number, length: number): tf.Value =>
  values([n, length], (i) => Math.trunc(Math.fround(Math.abs(Math.fround(wave(i)))) * 19));

interface Tutorial {
  readonly net: Net | tf.Tensor;
  readonly x: Parameters<Model['fit']>[0];
  readonly y: Parameters<Model['fit']>[1] | null;
  readonly fit: tf.tflearn.FitOptions;
  readonly before?: (model: Model) => Promise<void>;
}
const input = (...shape: number[]): Net => T.inputData({ shape: [null, ...shape] });
const softmax = (x: tf.Tensor, n: number): Net => T.fullyConnected(x, n, { activation: 'softmax' });

// ---- the tutorials --------------------------------------------------------------------------------------------------

const X = [3.3, 4.4, 5.5, 6.71, 6.93, 4.168, 9.779, 6.182, 7.59, 2.167, 7.042, 10.791, 5.313, 7.997, 5.654, 9.27, 3.1];
const Y = [1.7, 2.76, 2.09, 3.19, 1.694, 1.573, 3.366, 2.596, 2.53, 1.221, 2.827, 3.465, 1.65, 2.904, 2.42, 2.94, 1.3];

const tutorials: Record<string, () => Tutorial> = {
  linear() {
    const line = T.singleUnit(T.inputData({ shape: [null] }));
    const net = T.regression(line, { optimizer: 'sgd', loss: 'mean_square', metric: 'R2', learningRate: 0.01 });
    const before = async (m: Model) => {
      await m.setWeights(line.W!, [0.5]);
      await m.setWeights(line.b!, [-0.25]);
    };
    return { net, x: X, y: Y, fit: { nEpoch: 20, showMetric: true }, before };
  },
  xor() {
    const hidden = T.fullyConnected(T.fullyConnected(input(2), 128), 128);
    const options = { optimizer: 'sgd', learningRate: 2, loss: 'binary_crossentropy' };
    const out = () => T.regression(T.fullyConnected(hidden, 1, { activation: 'sigmoid' }), options);
    const net = T.merge([out(), out()], 'elemwise_mul');
    const x = values([4, 2], (i) => [0, 0, 0, 1, 1, 0, 1, 1][i]!);
    const y = [
      [1, 1, 1, 0],
      [0, 1, 1, 1],
    ].map((list) => values([4, 1], (i) => list[i]!));
    return { net, x, y, fit: { nEpoch: 30 } };
  },
  dense() {
    const options = { activation: 'tanh', regularizer: 'L2', weightDecay: 0.001 };
    let net = T.dropout(T.fullyConnected(input(20), 16, options), 0.8);
    net = T.dropout(T.fullyConnected(net, 16, options), 0.8);
    const optimizer = new T.SGD({ learningRate: 0.1, lrDecay: 0.96, decayStep: 10 });
    net = T.regression(softmax(net, 5), { optimizer, metric: new T.TopK(3) });
    const validationSet = [waves([20, 20], 0.3), classes(20, 5)] as const;
    const fit = { nEpoch: 3, batchSize: 16, showMetric: true, validationSet };
    return { net, x: waves([50, 20]), y: classes(50, 5), fit };
  },
  convnet() {
    let net = T.inputData({ shape: [null, 10, 10, 1], name: 'input' });
    for (const filters of [4, 6]) {
      net = T.maxPool2d(T.conv2d(net, filters, 3, { activation: 'relu', regularizer: 'L2' }), 2);
      net = T.localResponseNormalization(net);
    }
    net = softmax(T.dropout(T.fullyConnected(net, 12, { activation: 'tanh' }), 0.8), 4);
    net = T.regression(net, { optimizer: 'adam', learningRate: 0.01, name: 'target' });
    const rows = (n: number) => [{ input: waves([n, 10, 10, 1]) }, { target: classes(n, 4) }] as const;
    const fit = { nEpoch: 3, batchSize: 8, showMetric: true, snapshotStep: 2, validationSet: rows(8) };
    return { net, x: rows(24)[0], y: rows(24)[1], fit };
  },
  lstm: () => words((x) => T.lstm(x, 8, { dropout: 0.8 })),
  dynamicLstm: () => words((x) => T.lstm(x, 8, { dropout: 0.8, dynamic: true })),
  dynamicGru() {
    const net = T.gru(input(5, 3), 6, { dynamic: true });
    const x = values([12, 5, 3], (i) => {
      const [row, step] = [Math.floor(i / 15), Math.floor(i / 3) % 5];
      return (row % 2 === 0 && step >= 3) || (row % 3 === 0 && step >= 2) ? 0 : wave(i);
    });
    const options = { optimizer: 'rmsprop', learningRate: 0.01 };
    return { net: T.regression(softmax(net, 2), options), x, y: classes(12, 2), fit: { nEpoch: 3, batchSize: 5 } };
  },
  bidirectionalLstm() {
    const [forwards, backwards] = [new T.BasicLSTMCell(6), new T.BasicLSTMCell(6)];
    const net = T.dropout(T.bidirectionalRnn(T.embedding(input(6), 20, 8), forwards, backwards), 0.5);
    return { net: T.regression(softmax(net, 2)), x: ids(20, 6), y: classes(20, 2), fit: { nEpoch: 3, batchSize: 8 } };
  },
  sentences() {
    const x = T.embedding(T.inputData({ shape: [null, 10], name: 'input' }), 20, 8);
    const options = { padding: 'valid', activation: 'relu', regularizer: 'L2' } as const;
    const branches = [3, 4, 5].map((size) => T.conv1d(x, 6, size, options));
    const all = tf.expandDims(T.merge(branches, 'concat', { axis: 1 }), 2);
    const net = softmax(T.dropout(T.globalMaxPool(all), 0.5), 2);
    const fit = { nEpoch: 2, batchSize: 8, showMetric: true };
    return { net: T.regression(net, { learningRate: 0.01, name: 'target' }), x: ids(20, 10), y: classes(20, 2), fit };
  },
  highway() {
    const options = { activation: 'elu', regularizer: 'L2' };
    let net = T.fullyConnected(input(12), 8, options);
    for (let i = 0; i < 3; i++) net = T.highway(net, 8, { ...options, transformDropout: 0.8 });
    net = T.regression(softmax(net, 3), { optimizer: 'momentum', learningRate: 0.1 });
    return { net, x: waves([30, 12]), y: classes(30, 3), fit: { nEpoch: 3, batchSize: 10 } };
  },
  residual() {
    const x = T.conv2d(input(8, 8, 2), 4, 3, { regularizer: 'L2', weightDecay: 0.0001 });
    const blocks = T.residualBlock(T.residualBlock(x, 1, 4), 1, 8, { downsample: true });
    const net = softmax(T.globalAvgPool(T.activation(T.batchNormalization(blocks), 'relu')), 3);
    const optimizer = new T.Momentum({ learningRate: 0.05, lrDecay: 0.5, decayStep: 4, staircase: true });
    const fit = { nEpoch: 2, batchSize: 4, showMetric: true };
    return { net: T.regression(net, { optimizer }), x: waves([12, 8, 8, 2]), y: classes(12, 3), fit };
  },
  bottleneck() {
    const x = T.conv2d(input(8, 8, 1), 8, 3, { activation: 'relu', bias: false });
    const blocks = T.residualBottleneck(T.residualBottleneck(x, 2, 2, 8), 1, 4, 16, { downsample: true });
    const net = softmax(T.globalAvgPool(T.activation(T.batchNormalization(blocks), 'relu')), 3);
    const options = { optimizer: 'momentum', learningRate: 0.05 };
    const fit = { nEpoch: 2, batchSize: 4 };
    return { net: T.regression(net, options), x: waves([12, 8, 8, 1]), y: classes(12, 3), fit };
  },
  autoencoder() {
    let net = input(12);
    for (const units of [8, 3, 8]) net = T.fullyConnected(net, units);
    const options = { learningRate: 0.01, loss: 'mean_square', metric: null };
    net = T.regression(T.fullyConnected(net, 12, { activation: 'sigmoid' }), options);
    return { net, x: waves([20, 12]), y: waves([20, 12]), fit: { nEpoch: 4, batchSize: 6 } };
  },
  generative() {
    const [noise, real] = [
      T.inputData({ shape: [null, 4], name: 'input_noise' }),
      T.inputData({ shape: [null, 6], name: 'disc_input' }),
    ];
    const layers = (scope: string, x: Net, units: number, reuse = false) =>
      tf.variableScope(scope, { reuse }, () => {
        const hidden = T.fullyConnected(x, 8, { activation: 'relu' });
        return T.fullyConnected(hidden, units, { activation: 'sigmoid' });
      });
    const sample = layers('Generator', noise, 6);
    const judged = layers('Discriminator', real, 1);
    const fake = layers('Discriminator', sample, 1, true);
    const lossOfJudge = tf.reduceMean(tf.log(judged).add(tf.log(fake.rsub(1)))).neg();
    const lossOfSample = tf.reduceMean(tf.log(fake)).neg();
    const train = (net: Net, loss: tf.Tensor, scope: string, opName: string) =>
      T.regression(net, {
        placeholder: null,
        loss,
        trainableVars: T.getLayerVariablesByScope(scope),
        batchSize: 5,
        opName,
      });
    const net = train(sample, lossOfSample, 'Generator', 'GEN');
    train(judged, lossOfJudge, 'Discriminator', 'DISC');
    const x = { input_noise: waves([20, 4]), disc_input: values([20, 6], (i) => Math.abs(wave(i))) };
    return { net, x, y: null, fit: { nEpoch: 3 } };
  },
  pixels() {
    const net = T.lstm(T.lstm(input(4, 5), 7, { returnSeq: true }), 7);
    const fit = { nEpoch: 2, snapshotStep: 2 };
    return { net: T.regression(softmax(net, 3)), x: waves([15, 4, 5]), y: classes(15, 3), fit };
  },
  hinge() {
    const hidden = T.fullyConnected(input(6), 4, { activation: 'leaky_relu', weightsInit: 'xavier' });
    const out = T.fullyConnected(T.prelu(hidden), 1, { weightsInit: 'variance_scaling', biasInit: 'normal' });
    const net = T.regression(out, {
      optimizer: new T.AdaGrad({ learningRate: 0.1 }),
      loss: 'hinge_loss',
      metric: 'R2',
    });
    const y = values([10, 1], (i) => Math.sign(Math.fround(Math.sin(i * 3.4))));
    return { net, x: waves([10, 6]), y, fit: { nEpoch: 3, batchSize: 4 } };
  },
  oneHot() {
    const hidden = T.fullyConnected(input(6), 4, { activation: 'softplus', weightsInit: 'uniform_scaling' });
    const net = T.regression(T.fullyConnected(hidden, 3, { weightsInit: 'uniform' }), {
      optimizer: new T.Ftrl({ learningRate: 0.1, l1RegularizationStrength: 0.01 }),
      loss: 'softmax_categorical_crossentropy',
      toOneHot: true,
      nClasses: 3,
    });
    const y = values([10], (i) => classOf(i, 3));
    return { net, x: waves([10, 6]), y, fit: { nEpoch: 3, batchSize: 4, showMetric: true } };
  },
};
function words(layer: (x: Net) => tf.Tensor): Tutorial {
  const net = T.regression(softmax(layer(T.embedding(input(6), 20, 8)), 2), { learningRate: 0.01 });
  return { net, x: ids(20, 6), y: classes(20, 2), fit: { nEpoch: 3, batchSize: 8, showMetric: true } };
}

// ---- what TFLearn gave ----------------------------------------------------------------------------------------------

interface Figures {
  /** The sum of |cells| over weights and step counters, after fit. */
  readonly weights: number;
  /** The same of batch normalization's averages. */
  readonly averages?: number;
  /** Of the first 4 cells, after fit. */
  readonly predict?: readonly number[];
  /** The losses of two more batches with all rows. */
  readonly batch?: readonly number[];
  /** The metric after those. */
  readonly evaluate?: number;
  /** Loss and metric of the last validation. */
  readonly validation?: readonly [number, number];
}
const FIGURES: Record<string, Figures> = {
  linear: { weights: 40.6091, predict: [1.08753, 1.521559, 1.955588, 2.43302], batch: [0.280985, 0.280369] },
  xor: { weights: 350.0736 },
  dense: {
    weights: 34.0564,
    predict: [0.186976, 0.183843, 0.223338, 0.183841],
    batch: [1.605947, 1.605955],
    evaluate: 0.64,
    validation: [1.594514, 0.7],
  },
  convnet: {
    weights: 76.6377,
    predict: [0.231988, 0.267693, 0.252183, 0.248136],
    batch: [1.384104, 1.370607],
    evaluate: 0.25,
    validation: [1.394781, 0.125],
  },
  lstm: {
    weights: 118.4454,
    predict: [0.526278, 0.473722, 0.52293, 0.477069],
    batch: [0.688554, 0.687169],
    evaluate: 0.55,
  },
  dynamicLstm: {
    weights: 115.2473,
    predict: [0.524624, 0.475376, 0.522862, 0.477138],
    batch: [0.686988, 0.685849],
    evaluate: 0.55,
  },
  dynamicGru: {
    weights: 80.0673,
    predict: [0.491028, 0.508972, 0.489393, 0.510607],
    batch: [0.692882, 0.692869],
    evaluate: 0.5,
  },
  bidirectionalLstm: {
    weights: 156.2305,
    predict: [0.502764, 0.497236, 0.502614, 0.497386],
    batch: [0.692627, 0.692575],
    evaluate: 0.55,
  },
  sentences: {
    weights: 76.1444,
    predict: [0.517223, 0.482777, 0.517648, 0.482352],
    batch: [0.68911, 0.689116],
    evaluate: 0.55,
  },
  highway: {
    weights: 49.3904,
    predict: [0.330193, 0.34388, 0.325927, 0.331296],
    batch: [1.098173, 1.098183],
    evaluate: 0.33333,
  },
  residual: {
    weights: 251.1024,
    averages: 29.0644,
    predict: [0.33487, 0.330349, 0.334781, 0.332302],
    batch: [1.094455, 1.093675],
    evaluate: 0.5,
  },
  bottleneck: {
    weights: 214.6616,
    averages: 49.4089,
    predict: [0.332977, 0.319723, 0.3473, 0.333762],
    batch: [1.068766, 1.059188],
    evaluate: 0.41667,
  },
  autoencoder: { weights: 59.8817, predict: [0.410238, 0.415597, 0.426629, 0.424543], batch: [0.664586, 0.653595] },
  generative: { weights: 38.4194 },
  pixels: {
    weights: 141.8315,
    predict: [0.333263, 0.333423, 0.333313, 0.333847],
    batch: [1.098375, 1.098333],
    evaluate: 0.33333,
  },
  hinge: {
    weights: 31.0234,
    predict: [0.999112, -0.22584, 0.993913, 1.398591],
    batch: [0.882334, 0.849062],
    evaluate: -0.60344,
  },
  oneHot: {
    weights: 19.8544,
    predict: [0.538687, -0.228895, -0.350512, 0.529325],
    batch: [1.123686, 1.115186],
    evaluate: 0.4,
  },
};

const cells = (x: unknown): number[] => Array.from((x as tf.Value).data as ArrayLike<number>, Number);
async function sizeOf(model: Model, variables: readonly tf.Variable[]): Promise<number> {
  let sum = 0;
  for (const v of variables) for (const cell of cells(await model.getWeights(v))) sum += Math.abs(cell);
  return sum;
}
function expectNear(found: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((x, i) => {
    expect(Math.abs(x - expected[i]!)).toBeLessThan(tolerance);
  });
}

test.each(Object.entries(tutorials))('%s: losses, predictions and weights are those of TFLearn', async (name, make) => {
  const figures = FIGURES[name]!;
  const graph = new tf.Graph();
  const [model, tutorial] = tf.withGraph(graph, () => {
    T.initTrainingMode();
    tf.setRandomSeed(11);
    const made = make();
    return [new T.DNN(made.net, { tensorboardDir: folder }), made] as const;
  });
  const { x, y, before } = tutorial;
  await before?.(model);
  let validation: unknown;
  const callbacks = new (class extends T.callbacks.Callback {
    override onBatchEnd({ valLoss, valAcc }: { readonly valLoss: number | null; readonly valAcc: number | null }) {
      if (valLoss !== null) validation = [valLoss, valAcc];
    }
  })();
  await model.fit(x, y as never, { shuffle: false, ...tutorial.fit, callbacks });

  const all = tf.withGraph(graph, () => [...tf.trainableVariables(), ...others()]);
  expectNear(
    [
      await sizeOf(
        model,
        all.filter((v) => !/moving_/.test(v.name)),
      ),
    ],
    [figures.weights],
    2e-3,
  );
  expectNear(
    [
      await sizeOf(
        model,
        all.filter((v) => /moving_(mean|var)/.test(v.name)),
      ),
    ],
    [figures.averages ?? 0],
    2e-3,
  );
  if (figures.validation) expectNear(validation as number[], figures.validation);
  if (!figures.predict) return;
  expectNear(cells(await model.predict(x)).slice(0, 4), figures.predict);
  const losses = [await model.fitBatch(x, y!), await model.fitBatch(x, y!)];
  expectNear(losses.flat(), figures.batch!);
  if (figures.evaluate === undefined) return;
  expectNear((await model.evaluate(x, y!, { batchSize: 7 })) as number[], [figures.evaluate]);
});
/** The averages of batch normalization, and the counters. */
const others = (): tf.Variable[] =>
  tf.globalVariables().filter((v) => /moving_(mean|var)|Training_step|Global_Step/.test(v.name));
