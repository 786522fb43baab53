/** @file ../shared/parity/src/resource_layers_bn.py */
export function build(tf: typeof import('../../src')): void {
  tf.setRandomSeed(1234);
  const x = tf.placeholder(tf.float32, [null, 4], { name: 'x' });
  const h = tf.variableScope('net', { useResource: true }, () => {
    const h = tf.layers.dense(x, 3, { name: 'fc', kernelInitializer: tf.constantInitializer(0.1) });
    return tf.layers.batchNormalization(h, { training: true, momentum: 0.9, name: 'bn' });
  });
  const loss = tf.reduceMean(tf.square(h.sub(1)));
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () =>
    new tf.train.GradientDescentOptimizer(0.1).minimize(loss),
  );
  tf.globalVariablesInitializer();
}
