/** @file ../shared/parity/src/updates_in_place.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 3], { name: 'x' });
  const y = tf.placeholder(tf.float32, [null, 1], { name: 'y' });
  const norm = (x: Tensor, name: string): Tensor => {
    const layer = new tf.layers.BatchNormalization({ momentum: 0.9, name });
    const h = layer.apply(x, { training: true });
    return tf.controlDependencies(layer.updates, () => tf.identity(h, { name: `${name}_out` }));
  };
  let h = norm(x, 'bn_a');
  const kernelInitializer = tf.constantInitializer(0.1);
  h = norm(tf.layers.dense(h, 2, { activation: tf.tanh, kernelInitializer }), 'bn_b');
  const pred = tf.layers.dense(h, 1, { kernelInitializer: tf.onesInitializer(), name: 'pred' });
  const loss = tf.losses.meanSquaredError(y, pred);
  new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
  tf.globalVariablesInitializer();
}
