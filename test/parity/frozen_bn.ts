/** @file ../shared/parity/src/frozen_bn.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  let h = tf.layers.batchNormalization(x, { training: true, trainable: false, momentum: 0.5, name: 'frozen' });
  h = tf.layers.batchNormalization(h.mul(2), { training: true, momentum: 0.5, name: 'live' });
  const loss = tf.reduceMean(tf.square(h.sub(1)));
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  tf.controlDependencies(updates, () => new tf.train.GradientDescentOptimizer(0.1).minimize(loss));
  tf.globalVariablesInitializer();
}
