/** @file ../shared/parity/src/bn_placeholder_training.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const training = tf.placeholderWithDefault(false, [], { name: 'training' });
  const y = tf.layers.batchNormalization(x, { training, momentum: 0.5 });
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  const loss = tf.reduceMean(tf.square(y.sub(1)));
  tf.controlDependencies(updates, () => new tf.train.GradientDescentOptimizer(0.1).minimize(loss));
  tf.globalVariablesInitializer();
}
