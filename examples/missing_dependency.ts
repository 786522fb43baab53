/**
 * @file The bug this project began with, on real digits. A net with batch normalization is trained three times, with the
 * same seed and the same batches; only the place of one line differs.
 */
import * as tf from '../src';
import { batch, shuffled, testDigits, trainingDigits } from './mnist';
import { progress } from './progress';

const HIDDEN = 5;
const BATCH = 100;
const SEED = 7;

type Variant = 'a' | 'b' | 'c';

/** dense 100 -> batch normalization -> relu, five times, then dense 10. `between` is called before the last three. */
function network(x: tf.Tensor, training: boolean, between: () => void = () => {}): tf.Tensor {
  return tf.variableScope('net', { reuse: tf.AUTO_REUSE }, () => {
    let h = x;
    for (let i = 1; i <= HIDDEN; i++) {
      if (i === HIDDEN - 2) between();
      h = tf.layers.dense(h, 100, { useBias: false, name: `dense_${i}` });
      h = tf.layers.batchNormalization(h, { training, name: `bn_${i}` });
      h = tf.nn.relu(h);
    }
    return tf.layers.dense(h, 10, { name: 'logits' });
  });
}

function build(variant: Variant) {
  tf.setRandomSeed(SEED);
  const images = tf.placeholder(tf.float32, { shape: [null, 784], name: 'images' });
  const labels = tf.placeholder(tf.int32, { shape: [null], name: 'labels' });

  let early: tf.Operation[] = [];
  const logits = network(images, true, () => {
    early = tf.getCollection(tf.GraphKeys.UPDATE_OPS); // (c): only the first two layers exist here
  });
  const loss = tf.losses.sparseSoftmaxCrossEntropy(labels, logits);
  const optimizer = new tf.train.GradientDescentOptimizer(0.1);
  const minimize = () => optimizer.minimize(loss);

  const updateOps = variant === 'c' ? early : tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
  const trainOp = variant === 'a' ? minimize() : tf.controlDependencies(updateOps, minimize);

  const inference = network(images, false); // the same variables, with the moving averages
  return { images, labels, loss, trainOp, correct: correct(logits, labels), inferred: correct(inference, labels) };
}

/** The fraction of rows whose largest logit is that of the label. */
const correct = (logits: tf.Tensor, labels: tf.Tensor): tf.Tensor =>
  tf.reduceMean(tf.cast(tf.equal(tf.argmax(logits, 1, { outputType: tf.int32 }), labels), tf.float32));

interface Result {
  readonly loss: number;
  readonly trained: number;
  readonly inferred: number;
  /** Per batch normalization layer: whether its mean left 0 and its variance left 1. */
  readonly moved: boolean[];
}

async function train(variant: Variant, digits = trainingDigits(), tests = testDigits()): Promise<Result> {
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(variant));
  const session = new tf.Session({ graph });
  await session.run(tf.withGraph(graph, () => tf.globalVariablesInitializer()));

  const steps = digits.count / BATCH;
  const order = shuffled(digits.count, SEED);
  const bar = progress(`(${variant})`, steps);
  const last = { loss: 0, accuracy: 0, steps: 0 };
  for (let i = 0; i < steps; i++) {
    const { images, labels } = batch(digits, order, i * BATCH, BATCH);
    const feedDict = new Map([
      [net.images, images],
      [net.labels, labels],
    ]);
    const [loss, accuracy] = await session.run([net.loss, net.correct, net.trainOp], { feedDict });
    bar.step(`loss ${Number(loss).toFixed(3)}`);
    if (i < steps - 100) continue;
    last.loss += Number(loss);
    last.accuracy += Number(accuracy);
    last.steps++;
  }
  bar.stop();

  const all = batch(tests, shuffled(tests.count, SEED), 0, tests.count);
  const inferred = await session.run(net.inferred, {
    feedDict: new Map([
      [net.images, all.images],
      [net.labels, all.labels],
    ]),
  });
  const moved: boolean[] = [];
  for (let i = 1; i <= HIDDEN; i++) {
    const [mean, variance] = await session.run([`net/bn_${i}/moving_mean:0`, `net/bn_${i}/moving_variance:0`]);
    moved.push([...mean!.data].some((m) => m !== 0) && [...variance!.data].some((v) => v !== 1));
  }
  session.close();
  return { loss: last.loss / last.steps, trained: last.accuracy / last.steps, inferred: Number(inferred), moved };
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
const NAMES: Readonly<Record<Variant, string>> = {
  a: '(a) minimize alone',
  b: '(b) with the dependency',
  c: '(c) collected too early',
};

function print(results: ReadonlyMap<Variant, Result>): void {
  const rows = [...results].map(([v, r]) => {
    const still = r.moved.flatMap((m, i) => (m ? [] : [`bn_${i + 1}`]));
    const averages =
      still.length === 0
        ? 'all moved'
        : `still 0 and 1 in ${still.length === HIDDEN ? 'all layers' : still.join(', ')}`;
    return [NAMES[v], r.loss.toFixed(3), percent(r.trained), percent(r.inferred), averages];
  });
  const head = [
    '',
    'training loss',
    'training accuracy',
    'inference accuracy',
    'moving_mean and moving_variance (from 0 and 1)',
  ];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((c, i) => c.padEnd(widths[i]!))
      .join('   ')
      .trimEnd();
  console.log(line(head));
  console.log(widths.map((w) => '-'.repeat(w)).join('   '));
  for (const row of rows) console.log(line(row));
}

async function main(): Promise<void> {
  console.log('One net, 5 batch normalization layers, one epoch of MNIST, trained three times from the same seed.\n');
  const [digits, tests] = [trainingDigits(), testDigits()];
  const results = new Map<Variant, Result>();
  for (const variant of ['a', 'b', 'c'] as const) results.set(variant, await train(variant, digits, tests));
  print(results);
  console.log(`
The accuracy at inference is that of the 10,000 test images, with training: false.
The warnings above are the engine's own: it saw during training what the table shows afterwards.

The lines that differ:
  (a)  trainOp = optimizer.minimize(loss)

  (b)  updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS)            // after all layers are built
       trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss))

  (c)  as (b), but updateOps was read before the last three layers were built: it lacks their updates

Why: while training, a batch normalization layer uses the mean and variance of the batch; for inference it uses moving
averages, and the operations that move these are only listed in UPDATE_OPS: they run only if something that you run
depends on them, so in (a) the averages stay at mean 0 and variance 1, and inference normalizes with the wrong numbers.`);
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
