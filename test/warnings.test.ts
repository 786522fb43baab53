/** @file The warnings of a running session: each that must come, and each that must not. */
import * as tf from '../src';

const lines: string[] = [];
let spy: jest.SpyInstance;
beforeEach(() => {
  tf.resetDefaultGraph();
  lines.length = 0;
  spy = jest.spyOn(console, 'error').mockImplementation((text: string) => void lines.push(text));
});
afterEach(() => {
  spy.mockRestore();
  tf.logging.setVerbosity(tf.logging.WARN);
});

const ROWS = [
  [1, 2, 3],
  [3, 4, 5],
];
const updates = (scope?: string) => tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS, scope);

/** x -> dense -> batch normalization, `layers` times; a loss that wants ones. */
function net(layers = 1, training = true, scope = 'net') {
  const x = tf.placeholder('float32', { shape: [null, 3] });
  return tf.variableScope(scope, () => {
    let h: tf.Tensor = x;
    for (let i = 0; i < layers; i++) h = tf.layers.batchNormalization(tf.layers.dense(h, 4), { training });
    return { x, h, loss: tf.reduceMean(tf.square(h.sub(1))) };
  });
}
const sgd = () => new tf.train.GradientDescentOptimizer(0.1);

async function started(): Promise<tf.Session> {
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  return session;
}
async function repeat(
  session: tf.Session,
  x: tf.Tensor,
  fetches: readonly (tf.Tensor | tf.Operation)[],
  times = 5,
): Promise<void> {
  for (let i = 0; i < times; i++) await session.run([...fetches], { feedDict: new Map([[x, ROWS]]) });
}

test('a train op alone: one warning at the third run, with variables, the line of the layer and the mended lines', async () => {
  const { x, loss } = net(2);
  const train = sgd().minimize(loss);
  const session = await started();
  await repeat(session, x, [train], 2);
  expect(lines).toEqual([]);
  await repeat(session, x, [train], 5);
  expect(lines).toHaveLength(1);
  for (const part of [
    'net/batch_normalization/moving_mean',
    'net/batch_normalization_1/moving_variance',
    'warnings.test.ts:',
    'tf.getCollection(tf.GraphKeys.UPDATE_OPS)',
    'tf.controlDependencies(updateOps, () => optimizer.minimize(loss))',
  ]) {
    expect(lines[0]).toContain(part);
  }
});

test('averages that are read after training, before the third step', async () => {
  const { x, loss } = net();
  const train = sgd().minimize(loss);
  const session = await started();
  await repeat(session, x, [train], 1);
  await session.run('net/batch_normalization/moving_mean:0');
  await session.run('net/batch_normalization/moving_mean:0');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('reads moving averages after training');
});

test('UPDATE_OPS that grew after it was read', async () => {
  const x = tf.placeholder('float32', { shape: [null, 3] });
  const first = tf.layers.batchNormalization(tf.layers.dense(x, 4), { training: true });
  const early = updates();
  const loss = tf.reduceMean(tf.layers.batchNormalization(tf.layers.dense(first, 4), { training: true }));
  const train = tf.controlDependencies(early, () => sgd().minimize(loss));
  const session = await started();
  await repeat(session, x, [train]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('when it held 2 of its 4 update ops');
  expect(lines[0]).toContain('batch_normalization_1/moving_mean');
  expect(lines[0]).not.toContain(' batch_normalization/moving_mean');
});

test('a block of control dependencies that created nothing, at the line where it stands', () => {
  const { loss } = net();
  const train = sgd().minimize(loss);
  tf.controlDependencies(updates(), () => train);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('created no operation');
  expect(lines[0]).toContain('warnings.test.ts:');
});

describe('no warning', () => {
  afterEach(() => expect(lines).toEqual([]));

  test('with the dependency', async () => {
    const { x, loss, h } = net(2);
    const train = tf.controlDependencies(updates(), () => sgd().minimize(loss));
    const session = await started();
    await repeat(session, x, [train, h]);
    await session.run('net/batch_normalization/moving_mean:0');
  });
  test('updates run by a session.run of their own', async () => {
    const { x, loss } = net();
    const train = sgd().minimize(loss);
    const session = await started();
    for (let i = 0; i < 5; i++) {
      await repeat(session, x, [train], 1);
      await repeat(session, x, updates(), 1);
    }
    await session.run('net/batch_normalization/moving_mean:0');
  });
  test('updates grouped with the train op, or fetched beside it', async () => {
    const { x, loss } = net();
    const train = sgd().minimize(loss);
    const session = await started();
    await repeat(session, x, [tf.group([train, ...updates()])]);
    const other = await started();
    await repeat(other, x, [train, ...updates()]);
  });
  test('inference only', async () => {
    const { x, h } = net(2, false);
    const session = await started();
    await repeat(session, x, [h]);
  });
  test('a layer that is not trained: its averages need not move', async () => {
    const { x, loss } = net(1, false);
    const session = await started();
    await repeat(session, x, [sgd().minimize(loss)]);
  });
  test('averages that the program moves itself', async () => {
    const { x, loss } = net();
    const train = sgd().minimize(loss);
    const move = tf.movingAverageVariables().length;
    expect(move).toBe(0);
    const averages = tf.globalVariables().filter((v) => v.name.includes('moving_'));
    const set = tf.group(averages.map((v) => tf.assign(v, tf.zeros([4]))));
    const session = await started();
    for (let i = 0; i < 5; i++) {
      await repeat(session, x, [train], 1);
      await session.run(set);
    }
  });
  test('two nets in turn, one of them trained many steps before the other', async () => {
    const [a, b] = [net(1, true, 'a'), net(1, true, 'b')];
    const [trainA, trainB] = [a, b].map(({ loss }, i) =>
      tf.controlDependencies(updates(i === 0 ? 'a' : 'b'), () =>
        sgd().minimize(loss, { varList: tf.trainableVariables(i === 0 ? 'a' : 'b') }),
      ),
    );
    const session = await started();
    await repeat(session, a.x, [trainA!]);
    await repeat(session, b.x, [trainB!]);
  });
  test('UPDATE_OPS that was read early and read again', async () => {
    updates();
    const { x, loss } = net();
    const train = tf.controlDependencies(updates(), () => sgd().minimize(loss));
    const session = await started();
    await repeat(session, x, [train]);
  });
  test('an empty block without dependencies', () => {
    tf.controlDependencies([], () => {});
    tf.controlDependencies(null, () => {});
  });
  test('where the verbosity is above warnings', async () => {
    tf.logging.setVerbosity(tf.logging.ERROR);
    const { x, loss } = net();
    const session = await started();
    await repeat(session, x, [sgd().minimize(loss)]);
  });
});

test('each session is judged by itself', async () => {
  const { x, loss } = net();
  const train = sgd().minimize(loss);
  const [good, bad] = [await started(), await started()];
  await repeat(good, x, [train, ...updates()]);
  expect(lines).toEqual([]);
  await repeat(bad, x, [train]);
  expect(lines).toHaveLength(1);
});
