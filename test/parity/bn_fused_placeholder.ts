/** @file ../shared/parity/src/bn_fused_placeholder.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2, 2, 3], { name: 'x' });
  const training = tf.placeholder(tf.bool, [], { name: 'training' });
  const y = tf.layers.batchNormalization(x, { training, momentum: 0.5, name: 'bn' });
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  tf.controlDependencies(updates, () => tf.identity(y, { name: 'out' }));
  tf.globalVariablesInitializer();
}
