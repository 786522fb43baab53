/** @file ../shared/parity/src/bug_dependency_on_loss.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const w = tf.getVariable('w', [2, 1], { initializer: tf.onesInitializer() });
  const h = tf.layers.batchNormalization(tf.matmul(x, w), { training: true, momentum: 0.5, name: 'bn' });
  let loss = tf.reduceMean(tf.square(h.sub(x)));
  loss = tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () =>
    tf.identity(loss, { name: 'loss_with_updates' }),
  );
  new tf.train.GradientDescentOptimizer(0.5).minimize(loss);
  tf.globalVariablesInitializer();
}
