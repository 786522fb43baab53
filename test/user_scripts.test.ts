/** @file Calls as scripts for TensorFlow 1.x write them; what is expected was printed by TensorFlow 1.15.5. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';

const folder = (): string => mkdtempSync(join(tmpdir(), 'user-scripts-'));
const numbers = (v: unknown): number[] => Array.from((v as tf.Value).data as ArrayLike<number>);

beforeEach(() => tf.resetDefaultGraph());

test('the bounds of random_uniform may stand by position', async () => {
  tf.setRandomSeed(1);
  const drawn = await new tf.Session().run(tf.randomUniform([3], -1, 1));
  const expected = [0.5575712, 0.6023955, 0.4487493];
  numbers(drawn).forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i]!, 6);
  });
});

test('mean and deviation of random_normal and truncated_normal may stand by position', async () => {
  tf.setRandomSeed(1);
  const drawn = await new tf.Session().run([tf.randomNormal([2], 5, 0.5), tf.truncatedNormal([2], 5, 0.5)]);
  const expected = [4.664569, 5.111786, 4.826196, 4.254261];
  drawn.flatMap(numbers).forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i]!, 5);
  });
});

test('dropout takes the keep probability as its second argument', () => {
  tf.nn.dropout(tf.ones([4]), tf.placeholder(tf.float32, [], { name: 'keep_prob' }));
  const names = tf
    .getDefaultGraph()
    .getOperations()
    .map((op) => op.name);
  expect(names).toEqual([
    'ones',
    'keep_prob',
    'sub/x',
    'sub',
    'dropout/Shape',
    'dropout/random_uniform/min',
    'dropout/random_uniform/max',
    'dropout/random_uniform/RandomUniform',
    'dropout/random_uniform/sub',
    'dropout/random_uniform/mul',
    'dropout/random_uniform',
    'dropout/sub/x',
    'dropout/sub',
    'dropout/truediv/x',
    'dropout/truediv',
    'dropout/GreaterEqual',
    'dropout/mul',
    'dropout/Cast',
    'dropout/mul_1',
  ]);
});

test('a saver takes its options without a list of variables', async () => {
  tf.getVariable('v', [2]);
  const saver = new tf.train.Saver({ maxToKeep: 1 });
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  const dir = folder();
  for (const globalStep of [1, 2]) await saver.save(session, join(dir, 'm'), { globalStep });
  expect(readdirSync(dir).filter((f) => f.endsWith('.index'))).toEqual(['m-2.index']);
});

test('the state of stacked LSTM cells is fed by its own nesting', async () => {
  const cells = [1, 2].map(() => new tf.nn.rnnCell.BasicLSTMCell(2));
  const start = new tf.nn.rnnCell.MultiRNNCell(cells).zeroState(1, tf.float32) as unknown as Layered<tf.Tensor>;
  const row = (x: number): tf.Value => tf.Value.from([[x, x]]);
  const state = [1, 3].map((x) => ({ h: row(x + 1), c: row(x) }));
  const found = await new tf.Session().run([start[0]!.c, start[0]!.h, start[1]!.c, start[1]!.h], {
    feedDict: new Map<unknown, never>([[start, state as never]]),
  });
  expect(found.map((v) => numbers(v)[0])).toEqual([1, 2, 3, 4]);
});
type Layered<T> = readonly { readonly c: T; readonly h: T }[];

test('summaries of every fourth step are those of steps 1, 5 and 9', async () => {
  const v = tf.getVariable('v', [2]);
  const loss = tf.reduceSum(tf.square(v));
  const globalStep = tf.train.getOrCreateGlobalStep();
  const train = new tf.train.GradientDescentOptimizer(0.1).minimize(loss, { globalStep });
  tf.summary.scalar('loss', loss);
  const checkpointDir = folder();
  const session = await tf.train.monitoredTrainingSession({
    checkpointDir,
    saveSummariesSteps: 4,
    hooks: [new tf.train.StopAtStepHook({ lastStep: 10 })],
  });
  await session.use(async () => {
    while (!session.shouldStop()) await session.run(train);
  });
  const file = readdirSync(checkpointDir).find((f) => f.includes('tfevents'))!;
  const steps = [...tf.train.summaryIterator(join(checkpointDir, file))]
    .filter((e) => e.summary?.value.some(({ tag }) => tag === 'loss'))
    .map((e) => Number(e.step));
  expect(steps).toEqual([1, 5, 9]);
});

test('the variables of a loop keep their types', async () => {
  const last = tf.whileLoop(
    (i, _array) => i.less(3),
    (i, array) => [i.add(1), array.write(i, i.mul(2))],
    [tf.constant(0, 'int32'), new tf.TensorArray('int32', { size: 3 })],
  );
  expect(numbers(await new tf.Session().run(last[1].stack()))).toEqual([0, 2, 4]);
});
