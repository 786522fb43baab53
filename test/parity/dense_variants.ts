/** @file ../shared/parity/src/dense_variants.py */
export function build(tf: typeof import('../../src')): void {
  tf.setRandomSeed(1234);
  const x = tf.placeholder(tf.float32, [null, 4], { name: 'x' });
  const s = tf.placeholder(tf.float32, [null, 5, 4], { name: 's' });
  const a = tf.layers.dense(x, 3, { activation: tf.nn.relu });
  const kernelInitializer = tf.truncatedNormalInitializer({ stddev: 0.1 });
  tf.layers.dense(a, 2, { useBias: false, kernelInitializer, name: 'nobias' });
  tf.layers.dense(s, 2, { activation: tf.nn.sigmoid, name: 'rank3', biasInitializer: tf.onesInitializer() });
  const fc = new tf.layers.Dense(3, { activation: tf.nn.tanh });
  fc.apply(x);
  fc.apply(x.mul(2));
  tf.nameScope('ns', () =>
    tf.variableScope('vs', () => {
      const f = tf.layers.dense(x, 2);
      tf.layers.dense(f, 2, { activation: (t) => tf.nn.leakyRelu(t, { alpha: 0.1 }) });
    }),
  );
  tf.layers.dense(x, 2, { name: 'act', activityRegularizer: (t) => tf.reduceSum(tf.abs(t)).rmul(0.1) });
  tf.layers.flatten(s);
  tf.globalVariablesInitializer();
}
