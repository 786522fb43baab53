/** @file ../shared/parity/src/shared_layer_functional_reuse.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.placeholder(tf.float32, [null, 2], { name: 'a' });
  const b = tf.placeholder(tf.float32, [null, 2], { name: 'b' });
  const options = { training: true, momentum: 0.5, name: 'bn' };
  const ya = tf.variableScope('d', () => tf.layers.batchNormalization(a, options));
  const yb = tf.variableScope('d', { reuse: true }, () => tf.layers.batchNormalization(b, options));
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  const first = tf.getCollection(tf.GraphKeys.UPDATE_OPS, 'd/');
  const both = tf.controlDependencies(updates, () => tf.reduceSum(ya).add(tf.reduceSum(yb)));
  tf.controlDependencies(first, () => tf.identity(both, { name: 'one' }));
  tf.globalVariablesInitializer();
}
