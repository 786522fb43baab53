/** @file ../shared/parity/src/bn_inference_and_reuse.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 3], { name: 'x' });
  const q = tf.placeholder(tf.float32, [1, 3], { name: 'q' });
  const model = (x: Tensor, training: boolean, reuse: boolean | null): Tensor =>
    tf.variableScope('model', { reuse }, () => {
      const kernelInitializer = tf.constantInitializer([
        [1, 0],
        [0, 1],
        [1, -1],
      ]);
      const h = tf.layers.dense(x, 2, { kernelInitializer, name: 'fc' });
      const betaInitializer = tf.onesInitializer();
      return tf.layers.batchNormalization(h, { training, momentum: 0.5, betaInitializer, name: 'bn' });
    });
  const y = model(x, true, null);
  model(q, false, true);
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () =>
    new tf.train.GradientDescentOptimizer(0.05).minimize(tf.reduceSum(tf.square(y))),
  );
  tf.globalVariablesInitializer();
}
