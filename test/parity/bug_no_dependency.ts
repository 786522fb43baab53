/** @file ../shared/parity/src/bug_no_dependency.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  let h = tf.layers.dense(x, 2, { kernelInitializer: tf.onesInitializer() });
  h = tf.layers.batchNormalization(h, { training: true, momentum: 0.9 });
  const loss = tf.reduceMean(tf.square(h.sub(1)), { name: 'loss' });
  new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
  tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  tf.globalVariablesInitializer();
}
