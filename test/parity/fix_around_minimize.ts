/** @file ../shared/parity/src/fix_around_minimize.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  let h = tf.layers.dense(x, 2, { kernelInitializer: tf.onesInitializer() });
  h = tf.layers.batchNormalization(h, { training: true, momentum: 0.9 });
  const loss = tf.reduceMean(tf.square(h.sub(1)), { name: 'loss' });
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  tf.controlDependencies(updates, () => new tf.train.GradientDescentOptimizer(0.1).minimize(loss));
  tf.globalVariablesInitializer();
}
