/** @file ../shared/parity/src/bug_collected_too_early.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [4, 2], { name: 'x' });
  let h = tf.layers.batchNormalization(x, { training: true, momentum: 0.5, name: 'bn1' });
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  const initializer = tf.constantInitializer([
    [1, 0.5],
    [-1, 2],
  ]);
  const w = tf.getVariable('w', [2, 2], { initializer });
  h = tf.layers.batchNormalization(tf.matmul(h, w), { training: true, momentum: 0.5, name: 'bn2' });
  const loss = tf.losses.meanSquaredError(tf.zeros([4, 2]), tf.nn.relu(h));
  tf.controlDependencies(updates, () => new tf.train.GradientDescentOptimizer(0.1).minimize(loss));
  tf.globalVariablesInitializer();
}
