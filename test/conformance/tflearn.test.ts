/** @file tf.tflearn: the training mode, fully_connected, a loss. */
import * as tf from '../../src';
import { bench, expectClose, inGraph, names } from './harness';

test('tflearn-01: with the mode off the averages 0 and 1 are used and stay; UPDATE_OPS is empty', async () => {
  const b = bench();
  const { x, y } = b.build(() => {
    const x = tf.placeholder('float32', { shape: [null, 1] });
    return { x, y: tf.tflearn.batchNormalization(x, { stddev: 0 }) };
  });
  expect(b.graph.getCollection(tf.GraphKeys.UPDATE_OPS)).toEqual([]);
  await b.init();
  expectClose(await b.run(y, [[x, [[1], [5]]]]), [[0.999995], [4.999975]], 1e-5);
  const averages = ['BatchNormalization/moving_mean:0', 'BatchNormalization/moving_variance:0'];
  expect(await b.run(averages)).toEqual([[0], [1]]);
});

test('tflearn-03: the initializer puts the mode back to false', async () => {
  const b = bench();
  const mode = b.build(() => {
    tf.tflearn.batchNormalization(tf.placeholder('float32', { shape: [null, 1] }), { stddev: 0 });
    return tf.tflearn.getTrainingMode();
  });
  await tf.tflearn.isTraining(true, { session: b.session, graph: b.graph });
  expect(await b.run(mode)).toBe(true);
  await b.init();
  expect(await b.run(mode)).toBe(false);
});

test('tflearn-04: one mode variable and its two assigns in their collections', async () => {
  const b = bench();
  b.build(() => tf.tflearn.batchNormalization(tf.placeholder('float32', { shape: [null, 1] })));
  const modes = b.graph.getCollection<tf.Variable>('is_training');
  expect(modes).toHaveLength(1);
  expect(b.graph.getCollection('is_training_ops')).toHaveLength(2);
  expect(modes[0]!.dtype).toMatch(/^bool/);
  expect(b.graph.getCollection('trainable_variables')).not.toContain(modes[0]);
  await b.init();
  expect(await b.run(modes[0])).toBe(false);
});

test('tflearn-06: fullyConnected takes a tensor as weightsInit', async () => {
  const b = bench();
  const { x, y } = b.build(() => {
    const x = tf.placeholder('float32', { shape: [null, 2] });
    const weightsInit = tf.constant([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    return { x, y: tf.tflearn.fullyConnected(x, 3, { weightsInit, name: 'FC' }) };
  });
  expect(names(b.build(() => tf.globalVariables()))).toEqual(['FC/W:0', 'FC/b:0']);
  await b.init();
  expect(await b.run(y, [[x, [[1, 1]]]])).toEqual([[5, 7, 9]]);
});

test('tflearn-07: categoricalCrossentropy normalizes, clips at 1e-10 and averages', async () => {
  const b = bench();
  const loss = b.build(() => {
    const predicted = tf.constant([
      [1, 3],
      [2, 2],
    ]);
    const wanted = tf.constant([
      [0, 1],
      [1, 0],
    ]);
    return tf.tflearn.objectives.categoricalCrossentropy(predicted, wanted);
  });
  expectClose(await b.run(loss), 0.4904146, 1e-5);
});

test('isTraining: without a session, or with one of another graph, it says so', async () => {
  const other = bench();
  await expect(tf.tflearn.isTraining(true)).rejects.toThrow('No default session is registered.');
  await expect(tf.tflearn.isTraining(true, { session: other.session })).rejects.toThrow(
    "the tensor's graph is different from the session's graph.",
  );
  expect(inGraph(() => tf.getCollection('is_training'))).toEqual([]);
});

test('isTraining: the default session is used where none is given', async () => {
  const b = bench();
  const mode = b.build(() => tf.tflearn.getTrainingMode());
  await b.init();
  await b.session.asDefault(() => tf.tflearn.isTraining(true, { graph: b.graph }));
  expect(await b.run(mode)).toBe(true);
});
