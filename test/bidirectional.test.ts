/** @file A recurrent net in both directions, step by step. The values are those of TensorFlow 1.15.5. */
import * as tf from '../src';

const WANT = [
  [
    [0.462119996547699, 0.7389199733734131],
    [-0.462119996547699, -0.3605700135231018],
  ],
  [
    [0.8428900241851807, 0.8962000012397766],
    [0.018939999863505363, 0.24492000043392181],
  ],
  [
    [0.9580399990081787, 0.9051499962806702],
    [0.0, 0.0],
  ],
  [[0.9580399990081787], [0.018939999863505363]],
  [[0.7389199733734131], [-0.3605700135231018]],
];

test('each sequence runs backwards within its own length, and both outputs are joined', async () => {
  tf.resetDefaultGraph();
  const x = tf.constant([
    [[1], [2], [3]],
    [[-1], [0.5], [2]],
  ]);
  const cell = () => new tf.nn.rnnCell.BasicRNNCell(1);
  const [outputs, fw, bw] = tf.variableScope('r', { initializer: tf.constantInitializer(0.5) }, () =>
    tf.nn.staticBidirectionalRnn(cell(), cell(), tf.unstack(x, { axis: 1 }), {
      dtype: 'float32',
      sequenceLength: tf.constant([3, 2], 'int32'),
    }),
  );
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  const found = (await session.run([...outputs, fw as tf.Tensor, bw as tf.Tensor])) as unknown as tf.Value[];
  found.forEach((value, i) => {
    [...value.data].forEach((cell, j) => {
      expect(Number(cell)).toBeCloseTo(WANT[i]!.flat()[j]!, 4);
    });
  });
  expect(() => tf.nn.staticBidirectionalRnn(cell(), cell(), [])).toThrow('inputs must not be empty');
});
