/**
 * @file TFLearn's layers, trainers and models make the nodes that tflearn 0.5.0 makes on TensorFlow 1.15.5: number, order,
 * types, names, inputs, control inputs and devices. Of each of the graphs there, printed by the real one, a digest is here.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';

const T = tf.tflearn;
const { float32, placeholder } = tf;
type Net = tf.tflearn.LayerTensor;

const folder = mkdtempSync(join(tmpdir(), 'tflearn-'));
beforeAll(() => tf.logging.setVerbosity(tf.logging.ERROR));
afterAll(() => rmSync(folder, { recursive: true }));

function digest(graph: tf.Graph): [number, string] {
  const ops = graph.getOperations();
  const lines = ops.map((op) => {
    const inputs = op.inputs.map((t) => (t.index === 0 ? t.op.name : t.name));
    const controls = op.controlInputs.map((c) => c.name).sort();
    return `${op.type} ${op.name} ${inputs} ${controls} ${op.device}`;
  });
  return [ops.length, createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)];
}

const core = () => {
  let y: Net = T.fullyConnected(T.inputData({ shape: [null, 4] }), 8, {
    activation: 'relu',
    regularizer: 'L2',
    weightDecay: 0.01,
  });
  y = T.dropout(y, 0.8);
  const frozen = { trainable: false, restore: false } as const;
  y = T.fullyConnected(y, 3, { activation: 'softmax', regularizer: 'L1', biasInit: 'normal', ...frozen });
  y = T.activation(T.flatten(T.reshape(y, [-1, 3, 1])), 'tanh');
  y = T.highway(T.l2Normalize(y, 1), 3, { activation: 'relu', transformDropout: 0.5 });
  T.oneHotEncoding(placeholder(float32, [null]), 5);
  T.customLayer(y, (x) => tf.square(x), { name: 'mine' });
  T.multiTargetData(['a', 'b'], [null, 2]);
};
const activations = () => {
  const x = placeholder(float32, [null, 4], { name: 'x' });
  const plain = ['linear', 'tanh', 'sigmoid', 'softmax', 'softplus', 'softsign', 'relu', 'relu6', 'leaky_relu'];
  for (const activation of [...plain, 'prelu', 'elu', 'crelu', 'selu', 'hard_sigmoid', 'gelu']) {
    T.fullyConnected(x, 2, { activation, scope: `s_${activation}` });
  }
  T.prelu(x, { channelShared: true });
};
const shared = () => {
  const x = placeholder(float32, [null, 4], { name: 'x' });
  const a = T.fullyConnected(x, 4, { scope: 'fc' });
  const b = T.fullyConnected(a, 4, { scope: 'fc', reuse: true });
  T.batchNormalization(a, { scope: 'bn' });
  const d = T.batchNormalization(b, { scope: 'bn', reuse: true });
  const { normal, truncatedNormal, uniform, zeros } = T.initializations;
  const layer = (weightsInit: never, options: tf.tflearn.FullyConnectedOptions = {}) =>
    T.fullyConnected(d, 2, { weightsInit, ...options });
  layer(uniform({ shape: [4, 2], minval: -1, maxval: 1 }) as never, { biasInit: zeros({ shape: [2] }) });
  layer(truncatedNormal({ stddev: 0.5, seed: 3 }) as never, { biasInit: 'uniform' });
  layer('xavier' as never, { biasInit: normal({ shape: [2], seed: 4 }) });
  layer('variance_scaling' as never, { biasInit: truncatedNormal({ shape: [2] }), activation: null });
  T.fullyConnected(d, 2, { weightsInit: Array.from({ length: 4 }, () => [1, 1]) });
};
const images = () => {
  let y = T.conv2d(T.inputData({ shape: [null, 8, 8, 2], name: 'input' }), 4, 3, {
    activation: 'relu',
    regularizer: 'L2',
  });
  y = T.localResponseNormalization(T.maxPool2d(y, 2));
  y = T.conv2d(y, 6, [3, 2], { strides: [1, 2], padding: 'valid', activation: null, bias: false });
  y = T.upsample2d(T.avgPool2d(y, [1, 2], { strides: 1, padding: 'VALID' }), 2);
  y = T.conv2dTranspose(y, 3, 3, [8, 8], { strides: 2, activation: 'tanh' });
  y = T.groupedConv2d(T.atrousConv2d(y, 2, 3, { rate: 2 }), 2, 3);
  const mean = T.globalAvgPool(y);
  T.merge([mean, T.globalMaxPool(y)], 'concat');
};
const sequences = () => {
  let y = T.conv1d(T.inputData({ shape: [null, 10, 3] }), 4, 3, { activation: 'relu' });
  y = T.avgPool1d(T.avgPool1d(T.maxPool1d(y, 2), 2), 2, { strides: 1 });
  T.highwayConv1d(y, 4, 3, { activation: 'elu' });
  let w = T.conv3d(T.inputData({ shape: [null, 4, 4, 4, 1] }), 2, 2, { strides: [1, 2, 1] });
  w = T.avgPool3d(T.maxPool3d(w, 2), [1, 2, 2], { strides: 2 });
  T.conv3dTranspose(w, 2, 2, [4, 4, 4], { strides: 2 });
  const i = T.highwayConv2d(T.inputData({ shape: [null, 4, 4, 2] }), 3, 2, { activation: 'relu' });
  T.upscoreLayer(T.upscoreLayer(i, 2), 2, { shape: [5, 6], kernelSize: 3 });
};
const merges = () => {
  const [a, b] = [placeholder(float32, [null, 4]), placeholder(float32, [null, 4])];
  for (const mode of ['concat', 'elemwise_sum', 'elemwise_mul', 'sum', 'mean', 'prod', 'max', 'min'] as const) {
    T.merge([a, b, a], mode);
  }
  const p = placeholder(tf.bool, [null, 4]);
  T.merge([p, p], 'and', { axis: 0, name: 'X' });
  T.merge([p, p], 'or');
  T.mergeOutputs([a, b]);
};
const blocks = () => {
  let y = T.residualBlock(T.inputData({ shape: [null, 8, 8, 4] }), 2, 8, { downsample: true });
  y = T.residualBlock(y, 1, 8, { batchNorm: false, activation: 'elu' });
  y = T.residualBottleneck(y, 2, 2, 12, { downsample: true, downsampleStrides: 2 });
  T.densenetBlock(T.resnextBlock(y, 1, 16, 32), 2, 3, { dropout: true });
};
const embedded = () => {
  const y = T.lstm(T.embedding(T.inputData({ shape: [null, 6] }), 10, 4), 5, { dropout: 0.8, dynamic: true });
  T.fullyConnected(y, 2, { activation: 'softmax' });
};
const recurrent = () => {
  const y = T.lstm(T.inputData({ shape: [null, 3, 4] }), 5, { returnSeq: true, forgetBias: 0.5 });
  T.simpleRnn(T.gru(y, 3, { returnSeq: true, dropout: [0.7, 0.6] }), 4);
};
const cells = () => {
  const x = T.inputData({ shape: [null, 3, 4] });
  const all = { returnState: true, returnSeq: true, dynamic: true, weightsInit: 'xavier', activation: 'relu' } as const;
  const [y, state] = T.lstm(x, 5, all);
  T.gru(y, 5, { returnState: true, initialState: (state as { h: tf.Tensor }).h });
  T.bidirectionalRnn(x, new T.BasicLSTMCell(4), new T.BasicLSTMCell(4));
  T.bidirectionalRnn(x, new T.GRUCell(4), new T.GRUCell(4), { returnSeq: true, dynamic: true, name: 'Bi' });
  T.bidirectionalRnn(x, new T.BasicRNNCell(4), new T.BasicRNNCell(4), { dynamic: true });
  T.timeDistributed(x, T.fullyConnected, [7, { activation: 'tanh' }], { scope: 'td' });
  T.lstm(x, 2, { reuse: false, scope: 'one' });
  const normalized = new T.BasicLSTMCell(3, { batchNorm: true, weightsInit: 'normal' });
  T.bidirectionalRnn(x, normalized, new T.BasicLSTMCell(3, { trainable: false, restore: false }));
};
const objectives = () => {
  const [p, t] = [placeholder(float32, [null, 3], { name: 'p' }), placeholder(float32, [null, 3], { name: 't' })];
  const entropies = ['softmax_categorical', 'categorical', 'binary', 'weighted'].map((name) => `${name}_crossentropy`);
  const others = ['mean_square', 'hinge_loss', 'roc_auc_score', 'weak_cross_entropy_2d', 'contrastive_loss'];
  for (const name of [...entropies, ...others]) T.objectives.get(name)(p, t);
  T.objectives.weakCrossEntropy2d(p, t, { numClasses: 3, head: [1, 2, 3] });
  T.objectives.weightedCrossentropy(p, t, 2);
};
const metrics = () => {
  const [p, t] = [placeholder(float32, [null, 3], { name: 'p' }), placeholder(float32, [null, 3], { name: 't' })];
  const [q, u] = [placeholder(float32, [null, 1], { name: 'q' }), placeholder(float32, [null, 1], { name: 'u' })];
  for (const metric of [new T.Accuracy(), new T.TopK(2), new T.R2()]) metric.build(p, t);
  new T.Accuracy().build(q, u);
  new T.metrics.WeightedR2().build(p, t, [p, p]);
  new T.PredictionCounts(new T.Accuracy(), { name: 'pc' }).build(p, t);
};

test.each([
  ['core layers', core, 162, 'ac4156d69d79b1f1'],
  ['activations', activations, 289, 'd1c2a1479b4b6ae1'],
  ['shared variables and initial values', shared, 214, '97578b4259c5bce7'],
  ['layers of images', images, 110, '84abc195a63f4d13'],
  ['layers of sequences and volumes', sequences, 205, 'a71e98079d7f9238'],
  ['merges', merges, 39, '86e9a51cbaea8fe7'],
  ['residual, ResNeXt and DenseNet blocks', blocks, 1391, '20cc15b10edad821'],
  ['an embedding and a dynamic LSTM with dropout', embedded, 788, '48b1920f5a735112'],
  ['recurrent layers', recurrent, 398, 'd522641baa2a7a94'],
  ['cells, bidirectional and dynamic', cells, 2406, '0abd98644500d85c'],
  ['objectives', objectives, 255, 'c421a7e7434985e3'],
  ['metrics', metrics, 62, 'd0ed1208701c1e10'],
] as const)('%s make the nodes of TFLearn', (_, build, count, hash) => {
  const graph = new tf.Graph();
  tf.withGraph(graph, build);
  expect(digest(graph)).toEqual([count, hash]);
});

// ---- trainers and models --------------------------------------------------------------------------------------------

const input = (n: number, name?: string) => T.inputData({ shape: [null, n], name });
const regressionLine = () => {
  const x = T.inputData({ shape: [null] });
  const y = T.fullyConnected(tf.reshape(x, [-1, 1]), 1);
  return new T.DNN(T.regression(y, { optimizer: 'sgd', loss: 'mean_square', metric: 'R2', learningRate: 0.01 }));
};
const handMade = () => {
  const x = T.inputData({ shape: [null] });
  const error = tf.reduceMean(tf.square(x.sub(placeholder(float32, [null]))));
  const w = tf.getVariable('w', { shape: [], initializer: tf.zerosInitializer() });
  return new T.Trainer(new T.TrainOp(error.add(w), new tf.train.AdamOptimizer(0.1), { batchSize: 3 }));
};
const allSummaries = () => {
  const y = T.dropout(T.fullyConnected(input(4), 8, { activation: 'relu', regularizer: 'L2' }), 0.5);
  const z = T.batchNormalization(y, { restore: false });
  const net = T.regression(T.fullyConnected(z, 3, { activation: 'softmax', regularizer: 'L1' }), { restore: false });
  return new T.DNN(net, { tensorboardVerbose: 3, bestCheckpointPath: 'best', maxCheckpoints: 2 });
};
const fallingRate = () => {
  const y = T.fullyConnected(input(4), 1, { activation: 'sigmoid' });
  const optimizer = new T.SGD({ learningRate: 0.1, lrDecay: 0.9, decayStep: 5, staircase: true });
  const validationMonitors = [tf.reduceSum(y, { name: 'mon' })];
  const named = { opName: 'mine', name: 'tgt' };
  const net = T.regression(y, { optimizer, loss: 'binary_crossentropy', validationMonitors, ...named });
  return new T.DNN(net, { tensorboardVerbose: 1, clipGradients: 0 });
};
const oneHot = () => {
  const [optimizer, metric] = [new T.Momentum({ lrDecay: 0.5 }), new T.TopK(2)];
  const loss = 'softmax_categorical_crossentropy';
  const options = { optimizer, metric, loss, toOneHot: true, nClasses: 3, batchSize: 2 };
  const net = T.regression(T.fullyConnected(input(4), 3), options);
  return new T.DNN(net, { tensorboardVerbose: 2, clipGradients: 1.5 });
};
const threeTrainOps = () => {
  const [x, x2] = [input(4, 'one'), input(2, 'two')];
  const a = T.fullyConnected(x, 3, { activation: 'softmax' });
  const b = T.fullyConnected(T.merge([x, x2], 'concat'), 1, { activation: 'tanh' });
  T.regression(a, { optimizer: 'adam' });
  T.regression(b, { optimizer: 'adam', loss: 'mean_square', metric: null, name: 'T2' });
  T.regression(b, { optimizer: 'rmsprop', loss: 'mean_square', name: 'T3', metric: 'R2', trainableVars: [b.W!] });
  return new T.DNN(T.merge([a, b], 'concat'), { tensorboardVerbose: 2 });
};
const namedOptimizers = () => {
  const x = input(4);
  const names = ['sgd', 'momentum', 'adam', 'rmsprop', 'adagrad', 'adadelta', 'ftrl', 'ProximalAdaGrad', 'nesterov'];
  names.forEach((optimizer, i) => {
    const y = T.fullyConnected(x, 1, { scope: `f${i}` });
    T.regression(y, { optimizer, loss: 'mean_square', metric: null, name: `Y${i}`, trainableVars: [y.W!, y.b!] });
  });
  return new T.Trainer(tf.getCollection<tf.tflearn.TrainOp>('trainops'), { clipGradients: 0 });
};
const optimizerObjects = () => {
  const y = T.fullyConnected(input(4), 1);
  const optimizers = [
    new T.RMSProp({ learningRate: 0.1, decay: 0.8, momentum: 0.3 }),
    new T.Adam({ beta1: 0.5, name: 'A2' }),
    new T.AdaGrad({ initialAccumulatorValue: 0.3 }),
    new T.Ftrl({ learningRate: 0.1, l1RegularizationStrength: 0.1 }),
    new T.AdaDelta({ rho: 0.5 }),
    new T.Nesterov({ lrDecay: 0.96 }),
  ];
  for (const optimizer of optimizers) T.regression(y, { optimizer, loss: 'mean_square', metric: null });
  return new T.Trainer(tf.getCollection<tf.tflearn.TrainOp>('trainops'));
};
const functions = () => {
  const net = T.regression(T.fullyConnected(input(4), 1), {
    optimizer: new tf.train.GradientDescentOptimizer(0.1),
    loss: (p, t) => tf.reduceMean(tf.abs(p.sub(t))),
    metric: (p, t) => tf.reduceMean(p.sub(t), { name: 'mymetric' }),
  });
  return new T.DNN(net);
};
const generator = () => {
  let g = T.lstm(T.inputData({ shape: [null, 5, 4] }), 6, { returnSeq: true });
  g = T.lstm(T.dropout(g, 0.5), 6);
  g = T.regression(T.fullyConnected(g, 4, { activation: 'softmax' }), { optimizer: 'adam' });
  return new T.SequenceGenerator(g, { dictionary: { a: 0, b: 1, c: 2, d: 3 }, seqMaxlen: 5, clipGradients: 5 });
};
const averagedTwice = () => {
  const y = T.fullyConnected(input(4), 1);
  const loss = tf.reduceMean(tf.square(y.sub(placeholder(float32, [null, 1]))));
  const op = new T.TrainOp(loss, new tf.train.GradientDescentOptimizer(0.1), { ema: 0.9 });
  return new T.Trainer([op, op], { randomSeed: 3 });
};
const words = () => {
  const y = T.lstm(T.embedding(input(6), 10, 4), 5, { dropout: 0.8 });
  return new T.DNN(T.regression(T.fullyConnected(y, 2, { activation: 'softmax' }), { optimizer: 'adam' }));
};
const preprocessed = () => {
  const dataPreprocessing = new T.ImagePreprocessing();
  dataPreprocessing.addFeaturewiseZeroCenter();
  dataPreprocessing.addFeaturewiseStdnorm();
  const x = T.inputData({ shape: [null, 4, 4, 1], dataPreprocessing });
  return new T.DNN(T.regression(T.fullyConnected(x, 2, { activation: 'softmax' })));
};

test.each([
  ['a linear regression', regressionLine, 246, '72e1202334250a40'],
  ['a TrainOp made by hand', handMade, 178, 'c2f84001624af69b'],
  ['all summaries, and a saver for the best model', allSummaries, 897, '6c9f0fb8706bf740'],
  ['a falling rate, validation monitors, summaries of gradients', fallingRate, 274, '007e2ccffe4c8517'],
  ['one-hot targets and top k, summaries of weights', oneHot, 309, 'd3e773b53085b4b1'],
  ['three train ops on two inputs', threeTrainOps, 761, 'e502167a43003575'],
  ['all optimizers by name', namedOptimizers, 1248, 'ebbc582d9d89503c'],
  ['optimizers as objects', optimizerObjects, 923, 'dfd279cd7157d84b'],
  ['loss, metric and optimizer of the user', functions, 233, 'fc4b1930d851d968'],
  ['a sequence generator', generator, 1427, 'a59cda9c5223fea4'],
  ['one TrainOp twice, with averages of the variables', averagedTwice, 443, '5ecd9df7a18a5209'],
  ['an embedding, whose gradients are sparse', words, 1559, '73af8365911ad8cf'],
  ['image preprocessing', preprocessed, 428, 'cf7220229f30d0ca'],
] as const)('%s: the model makes the nodes of TFLearn', (_, build, count, hash) => {
  const graph = new tf.Graph();
  tf.withGraph(graph, () => void build());
  expect(digest(graph)).toEqual([count, hash]);
});

test('fit, predict, save and load add the nodes they add in TFLearn', async () => {
  const graph = new tf.Graph();
  const [y, m] = tf.withGraph(graph, () => {
    const weightsInit = tf.constantInitializer(0.3);
    const y = T.fullyConnected(input(2), 2, { activation: 'softmax', weightsInit });
    const m = new T.DNN(T.regression(y, { batchSize: 2, optimizer: 'sgd' }), { tensorboardDir: folder });
    return [y, m] as const;
  });
  const x = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const t = [
    [1, 0],
    [0, 1],
    [0, 1],
    [1, 0],
  ];
  const plain = { shuffle: false, runId: 'x' } as const;
  await m.fit(x, t, { nEpoch: 2, showMetric: true, validationSet: [x, t], ...plain });
  await m.fit(x, t, { nEpoch: 1, ...plain });
  await m.fit(x, t, { nEpoch: 1, showMetric: true, validationSet: 0.5, ...plain });
  await m.predict(x);
  await m.evaluate(x, t);
  await m.setWeights(y.W!, [
    [1, 1],
    [1, 1],
  ]);
  await m.save(join(folder, 'model'));
  await m.load(join(folder, 'model'));
  await m.load(join(folder, 'model'), { weightsOnly: true });
  expect(digest(graph)).toEqual([384, 'd44265d4d66af14c']);
});
