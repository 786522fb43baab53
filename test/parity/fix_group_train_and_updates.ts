/** @file ../shared/parity/src/fix_group_train_and_updates.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const h = tf.layers.batchNormalization(x, { training: true, momentum: 0.5, center: false });
  const w = tf.getVariable('w', [2, 1], { initializer: tf.onesInitializer() });
  const loss = tf.reduceMean(tf.square(tf.matmul(h, w).sub(1)));
  const minimize = new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
  tf.group(minimize, ...tf.getCollection(tf.GraphKeys.UPDATE_OPS));
  tf.group([minimize, tf.getCollection(tf.GraphKeys.UPDATE_OPS)], { name: 'train_and_update' });
  tf.globalVariablesInitializer();
}
