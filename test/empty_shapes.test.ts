/** @file Shapes with a 0: what is known when building, and what a run makes of it. As TensorFlow 1.15.5 printed it. */
import * as tf from '../src';

beforeEach(() => tf.resetDefaultGraph());

test.each([
  [
    [0, 0],
    [0, -1],
    [0, null],
    [0, 1],
  ],
  [
    [0, 3],
    [-1, 0],
    [null, 0],
    [3, 0],
  ],
  [
    [2, 0],
    [0, -1],
    [0, null],
    [0, 2],
  ],
  [[0], [0, -1, 2], [0, null, 2], [0, 0, 2]],
])('a reshape of %j to %j leaves the missing size to the run', async (from, to, known, seen) => {
  const y = tf.reshape(tf.zeros(from), to);
  expect(y.shape).toEqual(known);
  const x = tf.placeholder('float32');
  const shape = tf.placeholder('int32');
  const value = await new tf.Session().run(tf.shape(tf.reshape(x, shape)), {
    feedDict: [
      [x, new tf.Value('float32', from, new Float32Array(0))],
      [shape, to],
    ],
  });
  expect([...(value as unknown as tf.Value).data].map(Number)).toEqual(seen);
});

test('flatten knows no size past the batch where a dimension is 0 or unknown', () => {
  const flat = (shape: (number | null)[]) => tf.layers.flatten(tf.placeholder('float32', { shape })).shape;
  expect(flat([0, 0])).toEqual([0, null]);
  expect(flat([null, 0])).toEqual([null, null]);
  expect(flat([2, 3, 4])).toEqual([2, 12]);
});
