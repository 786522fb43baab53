/** @file `npm run bench`: the time of one training step of two nets, on this machine. */
import * as tf from '../src';

interface Net {
  readonly name: string;
  readonly input: readonly [batch: number, width: number];
  readonly hidden: readonly number[];
  readonly classes: number;
  readonly batchNorm: boolean;
  readonly steps: number;
}

const NETS: readonly Net[] = [
  {
    name: 'x[128,784]-256-256-10 with batch norm',
    input: [128, 784],
    hidden: [256, 256],
    classes: 10,
    batchNorm: true,
    steps: 300,
  },
  { name: 'x[8,4]-8-2', input: [8, 4], hidden: [8], classes: 2, batchNorm: false, steps: 20_000 },
];

/** One step's microseconds, as the median of many. */
async function measure({ input: [batch, width], hidden, classes, batchNorm, steps }: Net): Promise<number> {
  tf.resetDefaultGraph();
  tf.setRandomSeed(1);
  const x = tf.placeholder('float32', [null, width], { name: 'x' });
  const labels = tf.placeholder('int32', [null], { name: 'labels' });
  let layer: tf.Tensor = x;
  for (const units of hidden) {
    layer = tf.layers.dense(layer, units, { useBias: !batchNorm });
    if (batchNorm) layer = tf.layers.batchNormalization(layer, { training: true });
    layer = tf.nn.relu(layer);
  }
  const loss = tf.losses.sparseSoftmaxCrossEntropy(labels, tf.layers.dense(layer, classes));
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS) as tf.Operation[];
  const train = tf.controlDependencies(updates, () => new tf.train.GradientDescentOptimizer(0.1).minimize(loss));
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  const images = Float32Array.from({ length: batch * width }, (_, i) => Math.sin(i));
  const numbers = Int32Array.from({ length: batch }, (_, i) => i % classes);
  const feedDict = new Map<tf.Tensor, tf.Value>([
    [x, new tf.Value('float32', [batch, width], images)],
    [labels, new tf.Value('int32', [batch], numbers)],
  ]);
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    await session.run(train, { feedDict });
    times.push(performance.now() - start);
  }
  session.close();
  times.sort((a, b) => a - b);
  return times[times.length >> 1]! * 1000;
}

async function main(): Promise<void> {
  for (const net of NETS) {
    const us = await measure(net);
    console.log(
      `${net.name}: ${us >= 1000 ? `${(us / 1000).toFixed(2)} ms` : `${us.toFixed(1)} us`} a step (median of ${net.steps})`,
    );
  }
}
void main();
