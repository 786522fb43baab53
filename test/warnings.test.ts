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
  test('UPDATE_OPS that was looked at early, and updates run after each step', async () => {
    updates();
    const { x, loss } = net();
    const moves = tf
      .getDefaultGraph()
      .getOperations()
      .filter(({ name }) => /AssignMovingAvg(_1)?$/.test(name));
    const train = sgd().minimize(loss);
    const session = await started();
    for (let i = 0; i < 5; i++) {
      await repeat(session, x, [train], 1);
      await repeat(session, x, moves, 1);
    }
  });
  test('averages that the program loads', async () => {
    const { x, loss } = net();
    const train = sgd().minimize(loss);
    const session = await started();
    for (const v of tf.globalVariables()) if (v.name.includes('moving_')) await v.load([1, 2, 3, 4], session as never);
    await repeat(session, x, [train]);
  });
  test('updates in place (updates_collections null): TFLearn moves its averages where it reads them', async () => {
    const x = tf.placeholder('float32', { shape: [null, 3] });
    const h = tf.tflearn.batchNormalization(tf.layers.dense(x, 4));
    const loss = tf.reduceMean(tf.square(h.sub(1)));
    const train = sgd().minimize(loss);
    const session = await started();
    await tf.tflearn.isTraining(true, { session });
    await repeat(session, x, [train]);
    await tf.tflearn.isTraining(false, { session });
    await repeat(session, x, [h]);
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

describe('GAN-like: one net trains on what another makes', () => {
  const dense = (x: tf.Tensor, n: number, options: object) =>
    tf.layers.batchNormalization(tf.layers.dense(x, n), { training: true, ...options });
  /** `affine`: the layers have gamma and beta of their own. */
  function gan(affine: boolean) {
    const options = { center: affine, scale: affine };
    const x = tf.placeholder('float32', { shape: [null, 3] });
    const fake = tf.variableScope('G', () => dense(x, 3, options));
    const judge = (h: tf.Tensor) =>
      tf.variableScope('D', { reuse: tf.AUTO_REUSE }, () => tf.reduceMean(dense(h, 4, { ...options, name: 'bn' })));
    const [real, forged] = [judge(x), judge(fake)];
    const only = (scope: string) => ({ varList: tf.trainableVariables(scope) });
    return { x, real, forged, only };
  }

  test.each([true, false])('no warning of D while only G trains, with its own updates (affine: %p)', async (affine) => {
    const { x, forged, only } = gan(affine);
    const train = tf.controlDependencies(updates('G'), () => sgd().minimize(forged, only('G')));
    await repeat(await started(), x, [train]);
    expect(lines).toEqual([]);
  });
  test.each([true, false])('no warning of G while only D trains, with its own updates (affine: %p)', async (affine) => {
    const { x, real, forged, only } = gan(affine);
    const train = tf.controlDependencies(updates('D'), () => sgd().minimize(forged.sub(real), only('D')));
    await repeat(await started(), x, [train]);
    expect(lines).toEqual([]);
  });
  test.each([true, false])('G trains first without its updates: G alone is named (affine: %p)', async (affine) => {
    const { x, forged, only } = gan(affine);
    await repeat(await started(), x, [sgd().minimize(forged, only('G'))]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('G/batch_normalization/moving_mean');
    expect(lines[0]).not.toContain('D/bn/moving_mean');
  });
  test('D trains after many steps of G: its updates, run after each step, are waited for', async () => {
    const { x, real, forged, only } = gan(true);
    const trainG = tf.controlDependencies(updates('G'), () => sgd().minimize(forged, only('G')));
    const trainD = sgd().minimize(forged.sub(real), only('D'));
    const session = await started();
    await repeat(session, x, [trainG]);
    for (let i = 0; i < 5; i++) {
      await repeat(session, x, [trainD], 1);
      await repeat(session, x, updates('D'), 1);
    }
    expect(lines).toEqual([]);
  });
  test('D trains after many steps of G, without its updates: at its third step', async () => {
    const { x, real, forged, only } = gan(true);
    const trainG = tf.controlDependencies(updates('G'), () => sgd().minimize(forged, only('G')));
    const trainD = sgd().minimize(forged.sub(real), only('D'));
    const session = await started();
    await repeat(session, x, [trainG]);
    await repeat(session, x, [trainD], 2);
    expect(lines).toEqual([]);
    await repeat(session, x, [trainD], 3);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('D/bn/moving_mean');
  });
});

test('the dependency hangs on the loss: a warning, unless the loss is fetched', async () => {
  const { x, loss } = net();
  const guarded = tf.controlDependencies(updates(), () => tf.identity(loss));
  const train = sgd().minimize(guarded);
  await repeat(await started(), x, [train, guarded]);
  expect(lines).toEqual([]);
  await repeat(await started(), x, [train]);
  expect(lines).toHaveLength(1);
});

test('a placeholder as training flag: a warning without the dependency, none with it', async () => {
  const flag = tf.placeholder('bool', { shape: [] });
  const x = tf.placeholder('float32', { shape: [null, 3] });
  const loss = tf.reduceMean(tf.layers.batchNormalization(tf.layers.dense(x, 4), { training: flag as never }));
  const bare = sgd().minimize(loss);
  const good = tf.controlDependencies(updates(), () => sgd().minimize(loss));
  const feedDict = new Map<tf.Tensor, unknown>([
    [x, ROWS],
    [flag, true],
  ]);
  for (const [train, expected] of [
    [good, 0],
    [bare, 1],
  ] as const) {
    const session = await started();
    for (let i = 0; i < 5; i++) await session.run(train, { feedDict: feedDict as never });
    expect(lines).toHaveLength(expected);
  }
});

test('resource variables are watched too', async () => {
  const { x, loss } = tf.variableScope('r', { useResource: true }, () => net());
  const train = sgd().minimize(loss);
  const good = tf.group([train, ...updates()]);
  await repeat(await started(), x, [good]);
  expect(lines).toEqual([]);
  await repeat(await started(), x, [train]);
  expect(lines).toHaveLength(1);
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

test('updates that run in a stage of a partial run count', async () => {
  const { x, loss } = net();
  const train = sgd().minimize(loss);
  const session = await started();
  const all = updates();
  const handle = session.partialRunSetup(all, [x]);
  await session.partialRun(handle, all, new Map([[x, ROWS]]));
  await repeat(session, x, [train]);
  expect(lines).toEqual([]);
});

describe('a layer of tf.keras, whose updates are in no collection', () => {
  function kerasNet() {
    const x = tf.placeholder('float32', { shape: [null, 3] });
    const layer = new tf.keras.layers.BatchNormalization();
    const h = layer.apply(tf.layers.dense(x, 4), { training: true });
    return { x, layer, loss: tf.reduceMean(tf.square(h.sub(1))) };
  }
  test('is warned about when its updates never run, with layer.updates in the mended lines', async () => {
    const { x, loss } = kerasNet();
    const train = sgd().minimize(loss);
    await repeat(await started(), x, [train]);
    expect(updates()).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('batch_normalization/moving_mean');
    expect(lines[0]).toContain('tf.controlDependencies(layer.updates, () => optimizer.minimize(loss))');
  });
  test('is not when the train op waits for them', async () => {
    const { x, layer, loss } = kerasNet();
    const train = tf.controlDependencies(layer.updates, () => sgd().minimize(loss));
    await repeat(await started(), x, [train]);
    expect(lines).toEqual([]);
  });
});
