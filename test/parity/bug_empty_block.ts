/** @file ../shared/parity/src/bug_empty_block.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const h = tf.layers.batchNormalization(x, { training: true, momentum: 0.5 });
  const w = tf.getVariable('w', [2, 1], { initializer: tf.onesInitializer() });
  const loss = tf.reduceMean(tf.matmul(h, w).pow(2));
  const minimize = new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  tf.controlDependencies(updates, () => [minimize, tf.cast(loss, tf.float32), tf.convertToTensor(loss)]);
  tf.controlDependencies(updates, () => tf.group(minimize, { name: 'fixed' }));
  tf.globalVariablesInitializer();
}
