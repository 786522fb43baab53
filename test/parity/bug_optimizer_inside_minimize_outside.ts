/** @file ../shared/parity/src/bug_optimizer_inside_minimize_outside.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const h = tf.layers.batchNormalization(x, { training: true, momentum: 0.5 });
  const loss = tf.reduceMean(tf.square(tf.layers.dense(h, 1, { kernelInitializer: tf.onesInitializer() })));
  const [opt, rate] = tf.controlDependencies(
    tf.getCollection(tf.GraphKeys.UPDATE_OPS),
    () => [new tf.train.MomentumOptimizer(0.1, 0.9), tf.constant(0.05, { name: 'rate' })] as const,
  );
  opt.minimize(loss);
  new tf.train.GradientDescentOptimizer(rate).minimize(loss);
  tf.globalVariablesInitializer();
}
