/** @file ../shared/parity/src/bn_fused_training.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [2, 2, 2, 3], { name: 'x' });
  const y = tf.layers.batchNormalization(x, { training: true, fused: true, momentum: 0.9 });
  const loss = tf.reduceMean(tf.square(y.sub(1)));
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () =>
    new tf.train.GradientDescentOptimizer(0.1).minimize(loss),
  );
  tf.globalVariablesInitializer();
}
