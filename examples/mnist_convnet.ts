/**
 * @file A convolutional net with fused batch normalization on MNIST, trained twice from one seed: without the update
 * dependency and with it. While they train, each is measured in training mode and in inference mode.
 */
import * as tf from '../src';
import { batch, type Digits, shuffled, testDigits, trainingDigits } from './mnist';
import { progress } from './progress';
import { percent, table } from './table';

const BATCH = 64;
const SEED = 3;

/** Three times convolution -> batch normalization -> relu -> pooling, then ten logits. */
function network(images: tf.Tensor, training: boolean): tf.Tensor {
  return tf.variableScope('net', { reuse: tf.AUTO_REUSE }, () => {
    let h = tf.reshape(images, [-1, 28, 28, 1]);
    for (const [i, filters] of [8, 16, 32].entries()) {
      // No bias: batch normalization subtracts the mean, and adds a bias of its own, beta.
      h = tf.layers.conv2d(h, filters, 5, { padding: 'same', useBias: false, name: `conv_${i + 1}` });
      // The averages keep 90 % at each step; 99 %, the default, is too slow for so short a training.
      h = tf.layers.batchNormalization(h, { training, momentum: 0.9, fused: true, name: `bn_${i + 1}` });
      h = tf.layers.maxPooling2d(tf.nn.relu(h), 2, 2);
    }
    return tf.layers.dense(tf.layers.flatten(h), 10, { name: 'logits' });
  });
}

function build(dependency: boolean) {
  tf.setRandomSeed(SEED);
  const images = tf.placeholder(tf.float32, { shape: [null, 784], name: 'images' });
  const labels = tf.placeholder(tf.int32, { shape: [null], name: 'labels' });
  const logits = network(images, true);
  const loss = tf.losses.sparseSoftmaxCrossEntropy(labels, logits);
  const minimize = () => new tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss);

  const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
  const trainOp = dependency ? tf.controlDependencies(updateOps, minimize) : minimize();

  const correct = (l: tf.Tensor) =>
    tf.reduceMean(tf.cast(tf.equal(tf.argmax(l, 1, { outputType: tf.int32 }), labels), tf.float32));
  return {
    images,
    labels,
    loss,
    trainOp,
    inTraining: correct(logits),
    inInference: correct(network(images, false)),
    init: tf.globalVariablesInitializer(),
  };
}

export interface Measured {
  readonly step: number;
  readonly loss: number;
  /** Accuracy on test digits, normalized by their own statistics, and by the moving averages. */
  readonly inTraining: number;
  readonly inInference: number;
}
export interface Trained {
  readonly measured: Measured[];
  /** The averages of the first layer, one number per filter. */
  readonly movingMean: number[];
  readonly movingVariance: number[];
}

/** Trains one net, measuring it on `tests` digits at the steps of `measureAt`, the last of which ends the training. */
export async function train(
  dependency: boolean,
  measureAt: readonly number[],
  digits: Digits = trainingDigits(),
  tests: Digits = testDigits(),
  testCount = 2000,
): Promise<Trained> {
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(dependency));
  const session = new tf.Session({ graph });
  await session.run(net.init);

  const feed = (data: Digits, order: Uint32Array, from: number, count: number) => {
    const { images, labels } = batch(data, order, from, count);
    return new Map([
      [net.images, images],
      [net.labels, labels],
    ]);
  };
  const steps = measureAt.at(-1)!;
  const order = shuffled(digits.count, SEED);
  const test = feed(tests, shuffled(tests.count, SEED), 0, testCount);
  const bar = progress(dependency ? 'with the dependency' : 'minimize alone', steps);
  const measured: Measured[] = [];
  for (let step = 1; step <= steps; step++) {
    const from = ((step - 1) * BATCH) % (digits.count - BATCH);
    const [, loss] = await session.run([net.trainOp, net.loss], { feedDict: feed(digits, order, from, BATCH) });
    bar.step(`loss ${Number(loss).toFixed(3)}`);
    if (!measureAt.includes(step)) continue;
    // Neither accuracy depends on the update ops, so measuring moves nothing.
    const [inTraining, inInference] = await session.run([net.inTraining, net.inInference], { feedDict: test });
    measured.push({ step, loss: Number(loss), inTraining: Number(inTraining), inInference: Number(inInference) });
  }
  bar.stop();

  const [mean, variance] = await session.run(['net/bn_1/moving_mean:0', 'net/bn_1/moving_variance:0']);
  session.close();
  return { measured, movingMean: [...mean!.data].map(Number), movingVariance: [...variance!.data].map(Number) };
}

/** Everything the program prints after the head line. */
export function report(broken: Trained, mended: Trained): string {
  const rows = broken.measured.map((b, i) => {
    const m = mended.measured[i]!;
    const accuracies = [b.inTraining, b.inInference, m.inTraining, m.inInference];
    return [String(b.step), b.loss.toFixed(3), ...accuracies.map(percent)];
  });
  const numbers = (list: readonly number[]) => list.map((v) => v.toFixed(2).padStart(5)).join('  ');
  return `${table(['step', 'loss', '(a) training', '(a) inference', '(b) training', '(b) inference'], rows)}

The moving averages of the first layer at the end, a number for each of its 8 filters:
  (a)  mean      ${numbers(broken.movingMean)}
       variance  ${numbers(broken.movingVariance)}
  (b)  mean      ${numbers(mended.movingMean)}
       variance  ${numbers(mended.movingVariance)}

Seen: both learn alike, but (a) infers badly: nothing it runs depends on UPDATE_OPS, so its averages stay at 0 and 1.`;
}

export async function main(): Promise<void> {
  tf.logging.setVerbosity(tf.logging.ERROR); // the engine would warn of (a), as missing_dependency.ts shows
  console.log(`A convolutional net with batch normalization on MNIST, trained twice from one seed:
  (a)  trainOp = optimizer.minimize(loss)
  (b)  trainOp = tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () => optimizer.minimize(loss))
The accuracies are those of 2,000 test digits, in training mode and in inference mode.\n`);
  const measureAt = [10, 50, 100, 200, 300, 400];
  const [digits, tests] = [trainingDigits(), testDigits()];
  const broken = await train(false, measureAt, digits, tests);
  console.log(report(broken, await train(true, measureAt, digits, tests)));
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
