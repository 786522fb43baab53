/** @file Update ops made in a branch of a conditional and waited for outside: dead without a word, and warned about. */
import * as tf from '../src';

const lines: string[] = [];
let spy: jest.SpyInstance;
beforeEach(() => {
  tf.resetDefaultGraph();
  lines.length = 0;
  spy = jest.spyOn(console, 'error').mockImplementation((text: string) => void lines.push(text));
});
afterEach(() => spy.mockRestore());

const ROWS = [
  [1, 2, 3],
  [3, 2, 1],
  [4, 5, 6],
  [7, 8, 9],
];

function parts() {
  const p = tf.placeholder('bool', { shape: [], name: 'p' });
  const x = tf.placeholder('float32', { shape: [4, 3], name: 'x' });
  const average = tf.getVariable('average', { shape: [], initializer: tf.zerosInitializer(), trainable: false });
  const step = tf.train.getOrCreateGlobalStep();
  const trainOn = (h: tf.Tensor, updates: readonly (tf.Tensor | tf.Operation)[]) => {
    const loss = tf.reduceMean(tf.square(tf.layers.dense(h, 1)));
    return tf.controlDependencies(updates, () =>
      new tf.train.GradientDescentOptimizer(0.01).minimize(loss, { globalStep: step as tf.Variable }),
    );
  };
  return { p, x, average, step, trainOn };
}

/** Global steps after runs with these predicates. */
async function stepsOf({ p, x, step }: ReturnType<typeof parts>, train: tf.Operation | tf.Tensor, preds: boolean[]) {
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  const seen: number[] = [];
  for (const pred of preds) {
    await session.run(train, {
      feedDict: new Map<tf.Tensor, unknown>([
        [p, pred],
        [x, ROWS],
      ]) as never,
    });
    seen.push(Number(await session.run(step)));
  }
  session.close();
  return seen;
}

test('a train op that waits for an update in a branch does not run when the branch is not taken, and one warning says so', async () => {
  const all = parts();
  let update: tf.Tensor | undefined;
  tf.cond(
    all.p,
    () => {
      update = all.average.assignAdd(1) as tf.Tensor;
      return tf.identity(update);
    },
    () => tf.constant(0),
  );
  const train = all.trainOn(all.x, [update!]);
  expect(await stepsOf(all, train, [true, false, true, false])).toEqual([1, 1, 2, 2]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("'cond/AssignAdd'");
  expect(lines[0]).toContain('tf.cond(pred, () => tf.group([update]), () => tf.noOp())');
});

test('a batch normalization layer built in a branch puts such updates in UPDATE_OPS', async () => {
  const all = parts();
  const h = tf.cond(
    all.p,
    () => tf.layers.batchNormalization(all.x, { training: true, name: 'bn' }),
    () => all.x,
  ) as tf.Tensor;
  const train = all.trainOn(h, tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS));
  expect(await stepsOf(all, train, [true, false])).toEqual([1, 1]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("'cond/bn/AssignMovingAvg'");
});

test('the mended lines of the warning train in either case and are not warned about', async () => {
  const all = parts();
  const updated = tf.cond(
    all.p,
    () => tf.group([all.average.assignAdd(1) as tf.Tensor]),
    () => tf.noOp(),
  ) as tf.Tensor;
  const train = all.trainOn(all.x, [updated]);
  expect(await stepsOf(all, train, [true, false])).toEqual([1, 2]);
  expect(lines).toEqual([]);
});

test('a fed training flag, and updates used inside their own branch, are not warned about', async () => {
  const all = parts();
  let h = tf.layers.batchNormalization(all.x, { training: all.p });
  h = tf.cond(
    all.p,
    () => tf.controlDependencies([all.average.assignAdd(1) as tf.Tensor], () => h.add(tf.constant(0))),
    () => h.mul(2),
  ) as tf.Tensor;
  const train = all.trainOn(h, tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS));
  expect(await stepsOf(all, train, [true, false])).toEqual([1, 2]);
  expect(lines).toEqual([]);
});
