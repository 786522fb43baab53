/** @file What the variants share: a small net with one batch normalization layer, data, training, and the report. */
import * as tf from '../../src';

/** What a variant makes of the parts: the op to run in each training step. */
export type Train = (parts: Parts) => tf.Operation | tf.Tensor;
export interface Parts {
  readonly x: tf.Tensor;
  readonly labels: tf.Tensor;
  /** A layer's outputs with the statistics of the batch: call it to build the net for training. */
  readonly net: (options?: NetOptions) => tf.Tensor;
  readonly lossOf: (logits: tf.Tensor) => tf.Tensor;
  readonly optimizer: () => InstanceType<typeof tf.train.GradientDescentOptimizer>;
}
export interface NetOptions {
  readonly training?: boolean;
}
export interface Outcome {
  readonly trained: number;
  readonly inferred: number;
  readonly mean: number[];
  readonly updateOps: number;
}

const ROWS = 256;
const STEPS = 300;

/** Two clouds of points far from the origin: mean about 5, deviation about 2. */
function data(): { points: Float32Array; labels: Int32Array } {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const points = new Float32Array(ROWS * 2);
  const labels = new Int32Array(ROWS);
  for (let i = 0; i < ROWS; i++) {
    labels[i] = i % 2;
    for (let k = 0; k < 2; k++) points[2 * i + k] = 5 + (i % 2 === 0 ? -1 : 1) + 2 * (random() + random() - 1);
  }
  return { points, labels };
}

/** Trains the net that `train` builds and measures it both ways. */
export async function run(train: Train): Promise<Outcome> {
  const graph = new tf.Graph();
  const session = new tf.Session({ graph });
  const built = tf.withGraph(graph, () => {
    tf.setRandomSeed(1);
    const x = tf.placeholder(tf.float32, { shape: [null, 2], name: 'x' });
    const labels = tf.placeholder(tf.int32, { shape: [null], name: 'labels' });
    let logits: tf.Tensor | undefined;
    const net = ({ training = true }: NetOptions = {}): tf.Tensor =>
      tf.variableScope('net', { reuse: tf.AUTO_REUSE }, () => {
        const h = tf.layers.dense(x, 4, { useBias: false, name: 'dense' });
        const normalized = tf.layers.batchNormalization(h, { training, momentum: 0.9, name: 'bn' });
        return tf.layers.dense(tf.nn.relu(normalized), 2, { name: 'logits' });
      });
    const trainOp = train({
      x,
      labels,
      net: (options) => {
        logits = net(options);
        return logits;
      },
      lossOf: (l) => tf.losses.sparseSoftmaxCrossEntropy(labels, l),
      optimizer: () => new tf.train.GradientDescentOptimizer(0.1),
    });
    const inference = net({ training: false });
    const hits = (l: tf.Tensor) =>
      tf.reduceMean(tf.cast(tf.equal(tf.argmax(l, 1, { outputType: tf.int32 }), labels), tf.float32));
    return {
      x,
      labels,
      trainOp,
      trained: hits(logits!),
      inferred: hits(inference),
      init: tf.globalVariablesInitializer(),
    };
  });
  const { points, labels } = data();
  const feedDict = new Map([
    [built.x, new tf.Value('float32', [ROWS, 2], points)],
    [built.labels, new tf.Value('int32', [ROWS], labels)],
  ]);
  await session.run(built.init);
  for (let i = 0; i < STEPS; i++) await session.run(built.trainOp, { feedDict });
  const [trained, inferred] = await session.run([built.trained, built.inferred], { feedDict });
  const mean = await session.run('net/bn/moving_mean:0');
  session.close();
  return {
    trained: Number(trained),
    inferred: Number(inferred),
    mean: Array.from((mean as tf.Value).data as ArrayLike<number>, Number),
    updateOps: graph.getCollection(tf.GraphKeys.UPDATE_OPS).length,
  };
}

const percent = (x: number): string => `${(100 * x).toFixed(0)} %`;
function line(label: string, { trained, inferred, mean }: Outcome): string {
  const cells = mean.map((m) => m.toFixed(2)).join(', ');
  return `  ${label.padEnd(8)} training ${percent(trained)}   inference ${percent(inferred)}   moving_mean [${cells}]`;
}

/** One variant: its title, the broken and the mended way with the lines they differ in, and why. */
export interface Variant {
  readonly title: string;
  readonly broken: Train;
  readonly brokenLines: string;
  readonly mended: Train;
  readonly mendedLines: string;
  readonly why: string;
}

/** What a variant prints. The engine's own warnings go to stderr meanwhile. */
export async function report(variant: Variant): Promise<string> {
  const [broken, mended] = [await run(variant.broken), await run(variant.mended)];
  const indent = (text: string) => text.trim().replace(/^/gm, '    ');
  return [
    variant.title,
    line('broken', broken),
    indent(variant.brokenLines),
    line('mended', mended),
    indent(variant.mendedLines),
    `  ${variant.why}`,
  ].join('\n');
}

/** Prints a variant that was started as a program of its own. */
export function main(variant: Variant, isMain: boolean): void {
  if (!isMain) return;
  report(variant).then(
    (text) => console.log(text),
    (e) => {
      console.error(e);
      process.exitCode = 1;
    },
  );
}
