/**
 * @file Residual nets on MNIST. A block is two times convolution and batch normalization; a residual block adds what went
 * in to what comes out. The same depths are trained with and without that, all from one seed.
 */
import * as tf from '../src';
import { batch, type Digits, shuffled, testDigits, trainingDigits } from './mnist';
import { progress } from './progress';
import { percent, table } from './table';

const BATCH = 64;
const FILTERS = 8;
const SEED = 5;

/** convolution -> batch normalization, twice; the input is added before the last relu where `skip` says so. */
function block(x: tf.Tensor, skip: boolean, training: boolean, name: string): tf.Tensor {
  return tf.variableScope(name, () => {
    const convolution = (input: tf.Tensor, i: number, gamma: number) => {
      const h = tf.layers.conv2d(input, FILTERS, 3, { padding: 'same', useBias: false, name: `conv_${i}` });
      const gammaInitializer = tf.constantInitializer(gamma);
      return tf.layers.batchNormalization(h, { training, momentum: 0.9, gammaInitializer, name: `bn_${i}` });
    };
    // With gamma 0 a residual block begins as the identity; without a skip nothing would come through.
    const h = convolution(tf.nn.relu(convolution(x, 1, 1)), 2, skip ? 0 : 1);
    return tf.nn.relu(skip ? h.add(x) : h);
  });
}

/** Images [n, 784] to logits [n, 10], by way of `blocks` blocks at 7 x 7 places. */
function network(images: tf.Tensor, blocks: number, skip: boolean, training: boolean): tf.Tensor {
  return tf.variableScope('net', { reuse: tf.AUTO_REUSE }, () => {
    let h = tf.reshape(images, [-1, 28, 28, 1]);
    h = tf.layers.conv2d(h, FILTERS, 5, { strides: 4, padding: 'same', activation: tf.nn.relu, name: 'stem' });
    for (let i = 1; i <= blocks; i++) h = block(h, skip, training, `block_${i}`);
    return tf.layers.dense(tf.layers.flatten(h), 10, { name: 'logits' });
  });
}

function build(blocks: number, skip: boolean) {
  tf.setRandomSeed(SEED);
  const images = tf.placeholder(tf.float32, { shape: [null, 784], name: 'images' });
  const labels = tf.placeholder(tf.int32, { shape: [null], name: 'labels' });
  const loss = tf.losses.sparseSoftmaxCrossEntropy(labels, network(images, blocks, skip, true));

  // Four update ops a block, all in the collection by now: the averages of every layer follow each step.
  const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
  const optimizer = new tf.train.MomentumOptimizer(0.02, 0.9);
  const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));

  const answer = tf.argmax(network(images, blocks, skip, false), 1, { outputType: tf.int32 });
  const correct = tf.reduceMean(tf.cast(tf.equal(answer, labels), tf.float32));
  return { images, labels, loss, trainOp, correct, updates: updateOps.length, init: tf.globalVariablesInitializer() };
}

export interface Result {
  readonly updates: number;
  /** The mean loss of the last tenth of the steps. */
  readonly loss: number;
  /** Accuracy on test digits, in inference mode. */
  readonly correct: number;
}

export async function train(
  blocks: number,
  skip: boolean,
  steps: number,
  digits: Digits = trainingDigits(),
  tests: Digits = testDigits(),
): Promise<Result> {
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(blocks, skip));
  const session = new tf.Session({ graph });
  await session.run(net.init);
  const feed = ({ images, labels }: ReturnType<typeof batch>) =>
    new Map([
      [net.images, images],
      [net.labels, labels],
    ]);

  const order = shuffled(digits.count, SEED);
  const bar = progress(`${blocks} blocks ${skip ? 'with' : 'without'} skips`, steps);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const feedDict = feed(batch(digits, order, (i * BATCH) % (digits.count - BATCH), BATCH));
    const [loss] = await session.run([net.loss, net.trainOp], { feedDict });
    losses.push(Number(loss));
    bar.step(`loss ${Number(loss).toFixed(3)}`);
  }
  bar.stop();
  const test = batch(tests, shuffled(tests.count, SEED), 0, 2000);
  const correct = Number(await session.run(net.correct, { feedDict: feed(test) }));
  session.close();

  const last = losses.slice(-Math.ceil(steps / 10));
  return { updates: net.updates, loss: last.reduce((sum, x) => sum + x) / last.length, correct };
}

export async function main(): Promise<void> {
  const steps = 150;
  console.log(`Nets of growing depth on MNIST, ${steps} steps of ${BATCH} digits each, without and with skip connections.
The accuracy is that of 2,000 test digits at inference: all update ops ran with every train step.\n`);
  const [digits, tests] = [trainingDigits(), testDigits()];
  const rows: string[][] = [];
  for (const blocks of [2, 8, 20]) {
    const plain = await train(blocks, false, steps, digits, tests);
    const residual = await train(blocks, true, steps, digits, tests);
    rows.push([
      `${blocks} (${2 * blocks + 1} convolutions)`,
      String(plain.updates),
      plain.loss.toFixed(3),
      percent(plain.correct),
      residual.loss.toFixed(3),
      percent(residual.correct),
    ]);
  }
  console.log(table(['blocks', 'update ops', 'plain: loss', 'accuracy', 'with skips: loss', 'accuracy'], rows));
  console.log(`
Seen: 41 plain convolutions hardly learn; with skips they do, for the gradient reaches the first layers past all others.`);
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
