/**
 * @file The question this project began with. A small TFLearn net behaves as if its batch normalization used mean 0 and
 * variance 1, whatever it is fed. The usual answer is to run UPDATE_OPS with the train op. Five nets show why that
 * answer does not help here, what does, and where the usual answer is right.
 */
import * as tf from '../src';

const STEPS = 5;
/** Eight times the same row: every column has variance 0, so a layer that normalizes by the batch answers exactly 0. */
const ROWS: number[][] = Array.from({ length: 8 }, () => [1, 2, 3, 4]);
/** Multiples of 1/8, so that float32 sums are exact. */
const WEIGHTS = [
  [0.5, 0.875, -0.5, 0.5, 0.625, -1, -1, 0.375, 0.375, -0.875],
  [-1, -0.125, -0.25, 1, -0.625, -0.25, -0.5, 0, 0.75, 0.125],
  [-0.75, 0.5, 0.25, -0.875, -0.375, 0.5, 0.625, 0.75, -0.75, 0],
  [0.625, 0.875, -0.375, 0, -0.875, 0.625, -1, -0.125, -0.5, 0.5],
];
/** TFLearn starts gamma at random, close to 1; these are the values of the run that this program is checked against. */
const GAMMA = [
  0.9993959665298462, 1.0039910078048706, 0.9971306920051575, 0.9948034286499023, 1.000101089477539, 0.9989326000213623,
  0.9998290538787842, 1.0030641555786133, 1.0007050037384033, 1.0019773244857788,
];
const TARGETS = [
  [-351, -399, -669, -170, -104, 550, 593, 45, -79, 556],
  [775, 350, 601, 878, -919, 751, -447, -48, 594, 434],
  [-706, 317, -861, -286, 626, -145, 200, 456, 642, 521],
  [-986, -159, -74, -889, 83, 216, 657, 884, -744, -539],
  [318, -735, -552, 150, -661, 564, 714, -933, 65, 594],
  [950, -451, -662, 753, 818, -605, -117, 438, 691, -663],
  [330, 616, 99, -671, -929, -437, 616, -910, -984, -277],
  [-873, -701, -954, 49, 393, -146, -731, -337, 181, 881],
].map((row) => row.map((v) => v / 1000));

interface Kind {
  readonly label: string;
  readonly layer: 'tflearn' | 'tf.layers';
  /** What says "training": TFLearn's mode variable, or a placeholder of tf.layers. */
  readonly training: boolean;
  /** Whether the train op waits for UPDATE_OPS. */
  readonly advice: boolean;
}
const KINDS: readonly Kind[] = [
  { label: '1  tflearn, as it was asked', layer: 'tflearn', training: false, advice: false },
  { label: '2  the same, with the usual advice', layer: 'tflearn', training: false, advice: true },
  { label: '3  tflearn.isTraining(true)', layer: 'tflearn', training: true, advice: false },
  { label: '4  tf.layers, training: true', layer: 'tf.layers', training: true, advice: false },
  { label: '5  the same, with the usual advice', layer: 'tf.layers', training: true, advice: true },
];

/** The net of the question; `y` is what batch normalization gives. */
function tflearnNet(x: tf.Tensor) {
  const layer = tf.tflearn.fullyConnected(x, 10, { weightsInit: WEIGHTS });
  const y = tf.tflearn.batchNormalization(layer);
  return { y, out: tf.tflearn.leakyRelu(y), scope: 'BatchNormalization', start: tf.assign(y.gamma!, GAMMA) };
}
/** The same net in tf.layers, where the caller says at each run whether it trains. */
function layersNet(x: tf.Tensor, training: tf.Tensor) {
  const layer = tf.layers.dense(x, 10, { kernelInitializer: tf.initializers.constant(WEIGHTS), name: 'fc' });
  const y = tf.layers.batchNormalization(layer, { training, name: 'bn' });
  return { y, out: tf.nn.leakyRelu(y, { alpha: 0.1 }), scope: 'bn', start: tf.noOp() };
}

function build(kind: Kind) {
  const x = tf.placeholder(tf.float32, { shape: [null, 4], name: 'x' });
  const targets = tf.placeholder(tf.float32, { shape: [null, 10], name: 'targets' });
  const training = tf.placeholderWithDefault(false, [], { name: 'training' });
  const { y, out, scope, start } = kind.layer === 'tflearn' ? tflearnNet(x) : layersNet(x, training);
  const loss = tf.reduceMean(tf.square(out.sub(targets)));
  const optimizer = new tf.train.GradientDescentOptimizer(0.1);
  const minimize = () => optimizer.minimize(loss);

  const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
  const train = kind.advice ? tf.controlDependencies(updateOps, minimize) : minimize();
  const init = tf.globalVariablesInitializer();
  return { y, train, init, start, updates: updateOps.length, scope };
}

export interface Answer {
  readonly label: string;
  /** How many update ops there are to wait for. */
  readonly updates: number;
  /** What batch normalization gave for a row: in the first step, and in inference after all steps. */
  readonly trained: number[];
  readonly inferred: number[];
  readonly movingMean: number[];
  readonly movingVariance: number[];
}

async function ask(kind: Kind): Promise<Answer> {
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(kind));
  const session = new tf.Session({ graph });
  await session.run(net.init);
  await session.run(net.start);
  // After the initializer, which puts the mode back to false.
  if (kind.layer === 'tflearn') await tf.tflearn.isTraining(kind.training, { session, graph });

  let trained: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const feedDict = { 'x:0': ROWS, 'targets:0': TARGETS, 'training:0': kind.training };
    const [y] = await session.run([net.y, net.train], { feedDict });
    if (i === 0) trained = firstRow(y);
  }
  if (kind.layer === 'tflearn') await tf.tflearn.isTraining(false, { session, graph });
  const [y, mean, variance] = await session.run(
    [net.y, `${net.scope}/moving_mean:0`, `${net.scope}/moving_variance:0`],
    { feedDict: { 'x:0': ROWS } },
  );
  session.close();
  return {
    label: kind.label,
    updates: net.updates,
    trained,
    inferred: firstRow(y),
    movingMean: firstRow(mean),
    movingVariance: firstRow(variance),
  };
}
const firstRow = (value: unknown): number[] => [...(value as tf.Value).data].slice(0, 10).map(Number);

/** The five nets, each trained for five steps. */
export async function answers(): Promise<Answer[]> {
  const found: Answer[] = [];
  for (const kind of KINDS) found.push(await ask(kind));
  return found;
}

const UNITS = 3;
const numbers = (list: readonly number[], digits: number): string =>
  list
    .slice(0, UNITS)
    // + 0 makes -0 a 0.
    .map((v) => (Number(v.toFixed(digits)) + 0).toFixed(digits).padStart(digits + 3))
    .join(' ');

function table(list: readonly Answer[]): string {
  const head = ['', 'training step 1', 'moving_mean after 5', 'moving_variance', 'inference after 5', 'UPDATE_OPS'];
  const rows = list.map((a) => [
    a.label,
    numbers(a.trained, 4),
    numbers(a.movingMean, 4),
    a.movingVariance[0]!.toFixed(5),
    numbers(a.inferred, 4),
    String(a.updates),
  ]);
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((c, i) => c.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}

/** Everything the program prints. */
export async function report(): Promise<string> {
  return `The question: "My TFLearn net gives values as if batch normalization used mean 0 and variance 1. Why?"

  layer = fully_connected(x, 10, weights_init=w_init)
  layer = batch_normalization(layer)
  layer = leaky_relu(layer)

Fed here: eight equal rows [1 2 3 4], for which the first ${UNITS} of the 10 units of fully_connected give -1.25, 5.625, -1.75.
The mean of equal rows is the row and their variance is 0, so a layer that normalizes by its batch must answer 0.
Below, what batch_normalization gives for those ${UNITS} units (before leaky_relu), and its averages after ${STEPS} steps:

${table(await answers())}

The answer: two different causes look alike.

Cause A, nets 1 and 2: the training mode is off. In TFLearn a variable, is_training, chooses between the batch's numbers
and the moving averages at each run. It is false until somebody sets it; tflearn.DNN does, a session made by hand does not.
So even the training step normalizes by mean 0 and variance 1: it returns its input almost unchanged, and the averages,
which move only in training mode, stay at 0 and 1 for ever. (After 5 steps net 1 has learned other weights, and that is all
that changes its figures.) The usual advice, "run UPDATE_OPS with the train op", changes nothing: net 2 equals net 1 to the
last digit, because TFLearn puts nothing into UPDATE_OPS.
The cure is net 3: after the initializer, await tf.tflearn.isTraining(true, { session }), and false before inference.
Nothing else is needed: in TFLearn the averages move whenever the layer is computed in training mode.

Cause B, net 4: the update ops do not run. tf.layers.batchNormalization with training on does normalize by the batch (0),
but the two ops that move its averages are only listed in UPDATE_OPS, and nothing that is run depends on them. The averages
stay at 0 and 1 as well, so inference returns its input almost unchanged, as in cause A. (The warning on stderr is about it.)
This one the usual advice mends, net 5: make the train op under tf.controlDependencies(updateOps, ...). Now the averages
move towards -1.25, 5.625, -1.75 and variance 0: by 1 % a step (tf.layers keeps 0.99, TFLearn 0.9), so inference nears 0
only after many more steps.

How to tell them apart: look at the output in a training step. Wrong already there: cause A. Right there, wrong in
inference: cause B.`;
}

if (require.main === module) {
  report().then(console.log, (e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
