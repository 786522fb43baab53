/**
 * @file Programs whose weights and losses follow from the seed alone: they start from the very weights TensorFlow 1.15.5
 * draws and lose what it loses, for 20 steps. The figures lie in a folder beside the checkout, or in SLUICE_SHARED.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as tf from '../src';

interface Cells {
  readonly shape: number[];
  readonly dtype?: tf.DType;
  readonly values: number[];
  /** The sum of the 32-bit words, modulo 2^32. */
  readonly checksum?: number;
}
interface Figures {
  readonly ops: number;
  readonly initial: { readonly [variable: string]: Cells };
  readonly loss20: number[];
}
interface Recorded {
  readonly feed: { readonly [name: string]: Cells };
  readonly tf: { readonly '1.15.5': Figures };
}

const { float32, int32 } = tf;
const placeholder = (name: string, shape: (number | null)[], dtype: tf.DType = float32): tf.Tensor =>
  tf.placeholder(dtype, { shape, name });
const meanSquare = (difference: tf.Tensor): tf.Tensor => tf.reduceMean(tf.square(difference), { name: 'loss' });
const name = 'train';

const PROGRAMS: { readonly [id: string]: () => void } = {
  mlp_sgd() {
    tf.setRandomSeed(1234);
    const [x, y] = [placeholder('x', [null, 3]), placeholder('y', [null, 1])];
    let h = tf.layers.dense(x, 8, { activation: tf.nn.relu, name: 'h1' });
    h = tf.layers.dense(h, 4, { activation: tf.nn.tanh, name: 'h2' });
    const loss = meanSquare(tf.layers.dense(h, 1, { name: 'out' }).sub(y));
    new tf.train.GradientDescentOptimizer(0.1).minimize(loss, { name });
  },
  mlp_dropout_adam() {
    tf.setRandomSeed(42);
    const [x, y] = [placeholder('x', [null, 4]), placeholder('y', [null], int32)];
    let h = tf.layers.dense(x, 16, { activation: tf.nn.relu });
    h = tf.layers.dropout(h, { rate: 0.4, training: true });
    const loss = tf.identity(tf.losses.sparseSoftmaxCrossEntropy(y, tf.layers.dense(h, 3)), { name: 'loss' });
    const globalStep = tf.train.getOrCreateGlobalStep() as tf.Variable;
    new tf.train.AdamOptimizer(0.01).minimize(loss, { globalStep, name });
  },
  conv_bn_momentum() {
    tf.setRandomSeed(7);
    const [x, y] = [placeholder('x', [6, 8, 8, 1]), placeholder('y', [6, 3])];
    const kernelInitializer = tf.initializers.heNormal();
    let h = tf.layers.conv2d(x, 4, 3, { padding: 'same', kernelInitializer });
    h = tf.nn.relu(tf.layers.batchNormalization(h, { training: true }));
    h = tf.layers.flatten(tf.layers.maxPooling2d(h, 2, 2));
    const logits = tf.layers.dense(h, 3);
    const loss = tf.reduceMean(tf.nn.softmaxCrossEntropyWithLogitsV2({ labels: y, logits }), { name: 'loss' });
    tf.controlDependencies(tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS), () =>
      new tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss, { name }),
    );
  },
  shuffle_noise_rmsprop() {
    tf.setRandomSeed(2024);
    const [x, y] = [placeholder('x', [12, 2]), placeholder('y', [12, 1])];
    const rows = tf.randomShuffle(tf.range(12)).at(tf.s(null, 5));
    const noise = tf.randomNormal([5, 2], { stddev: 0.05, seed: 3 });
    const [xb, yb] = [tf.gather(x, rows).add(noise), tf.gather(y, rows)];
    const w = tf.getVariable('w', { shape: [2, 6] });
    const b = tf.getVariable('b', { shape: [6], initializer: tf.initializers.zeros() });
    const v = tf.getVariable('v', { shape: [6, 1], initializer: tf.initializers.truncatedNormal({ stddev: 0.3 }) });
    const loss = meanSquare(tf.matmul(tf.sigmoid(tf.matmul(xb, w).add(b)), v).sub(yb));
    new tf.train.RMSPropOptimizer(0.02).minimize(loss, { name });
  },
  initializer_zoo_adagrad() {
    tf.setRandomSeed(99);
    const I = tf.initializers;
    const kinds = [
      undefined,
      I.heNormal(),
      I.heUniform(),
      I.lecunNormal(),
      I.glorotNormal(),
      I.randomNormal({ mean: 0.1, stddev: 0.2 }),
      I.randomNormal({ seed: 5 }),
      I.truncatedNormal({ stddev: 0.1 }),
      I.randomUniform({ minval: -0.3, maxval: 0.6 }),
      I.uniformUnitScaling({ factor: 1.43 }),
      I.varianceScaling({ scale: 2, mode: 'fan_out' }),
      I.varianceScaling({ scale: 1, mode: 'fan_avg', distribution: 'untruncated_normal' }),
      I.constant(0.25),
      I.orthogonal(),
    ];
    const variables = kinds.map((initializer, i) => tf.getVariable(`a${i}`, { shape: [4, 5], initializer }));
    const u = new tf.Variable(tf.randomUniform([4, 5], { minval: -1, maxval: 1 }), { name: 'u' });
    const k = tf.getVariable('k', { shape: [2, 2, 3, 4] });
    const t = placeholder('t', [4, 5]);
    const terms = [...variables, u].map((v) => tf.nn.l2Loss(v.sub(t)));
    const loss = tf.addN([...terms, tf.nn.l2Loss(k)], { name: 'loss' });
    new tf.train.AdagradOptimizer(0.1).minimize(loss, { name });
  },
  resource_vars_sgd() {
    tf.setRandomSeed(1234);
    const [x, y] = [placeholder('x', [null, 3]), placeholder('y', [null, 1])];
    const p = tf.variableScope('net', { useResource: true }, () =>
      tf.layers.dense(tf.layers.dense(x, 8, { activation: tf.nn.relu, name: 'h1' }), 1, { name: 'out' }),
    );
    new tf.train.GradientDescentOptimizer(0.1).minimize(meanSquare(p.sub(y)), { name });
  },
  gru_clip_adam() {
    tf.setRandomSeed(31337);
    const [x, y] = [placeholder('x', [4, 6, 3]), placeholder('y', [4, 2])];
    const [, state] = tf.nn.dynamicRnn(new tf.nn.rnnCell.GRUCell(5), x, { dtype: float32 });
    const error = tf.losses.meanSquaredError(y, tf.layers.dense(state as tf.Tensor, 2));
    const loss = tf.identity(error, { name: 'loss' });
    const optimizer = new tf.train.AdamOptimizer(0.02);
    const pairs = optimizer.computeGradients(loss);
    const [clipped] = tf.clipByGlobalNorm(
      pairs.map(([g]) => g),
      0.5,
    );
    optimizer.applyGradients(
      pairs.map(([, v], i) => [clipped[i]!, v]),
      { name },
    );
  },
};

function wordSum(value: tf.Value): number {
  const { buffer, byteOffset, byteLength } = value.data as Float32Array;
  return new Uint32Array(buffer, byteOffset, byteLength / 4).reduce((sum, word) => (sum + word) >>> 0, 0);
}

const shared = process.env.SLUICE_SHARED ?? resolve(__dirname, '../../shared');
const file = resolve(shared, 'seeded/seeded_programs.json');
const here = existsSync(file);
const recorded: { readonly [id: string]: Recorded } = here ? JSON.parse(readFileSync(file, 'utf8')) : {};
if (!here) console.warn(`seeded.test.ts: no ${file}: the programs that follow from their seed are not checked.`);

describe.each(Object.keys(PROGRAMS))('%s', (id) => {
  (here ? test : test.skip)('starts from the same weights and loses the same', async () => {
    const { feed, tf: versions } = recorded[id]!;
    const figures = versions['1.15.5'];
    const graph = new tf.Graph();
    let variables: readonly tf.Variable[] = [];
    const init = tf.withGraph(graph, () => {
      PROGRAMS[id]!();
      variables = tf.globalVariables();
      return tf.globalVariablesInitializer();
    });
    expect(graph.getOperations().length).toBe(figures.ops);
    const session = new tf.Session({ graph });
    await session.run(init);
    for (const [variable, { shape, checksum }] of Object.entries(figures.initial)) {
      const found = (await session.run(variables.find((v) => v.op.name === variable))) as tf.Value;
      expect([variable, found.shape]).toEqual([variable, shape]);
      expect([variable, wordSum(found)]).toEqual([variable, checksum]);
    }
    const feedDict = Object.entries(feed).map(
      ([key, { dtype, shape, values }]) => [key, tf.Value.cells(dtype ?? float32, shape, values)] as const,
    );
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) {
      const [loss] = (await session.run(['loss:0', 'train'], { feedDict: Object.fromEntries(feedDict) })) as [tf.Value];
      losses.push(Number(loss));
    }
    for (const [i, expected] of figures.loss20.entries()) {
      expect([i, Math.abs(losses[i]! / expected - 1) < 1e-4, losses[i]]).toEqual([i, true, losses[i]]);
    }
    session.close();
  });
});
