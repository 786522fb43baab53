/** @file ../shared/parity/src/ema_by_hand.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const y = tf.variableScope('mybn', () => {
    const meanVar = tf.getVariable('mean', [2], { initializer: tf.zerosInitializer(), trainable: false });
    const varVar = tf.getVariable('var', [2], { initializer: tf.onesInitializer(), trainable: false });
    const gamma = tf.getVariable('gamma', [2], { initializer: tf.onesInitializer() });
    const [mean, variance] = tf.nn.moments(x, [0]);
    const upMean = tf.assign(meanVar, meanVar.mul(0.9).add(mean.mul(0.1)));
    const upVar = tf.assignSub(varVar, varVar.sub(variance).mul(0.1));
    tf.addToCollection(tf.GraphKeys.UPDATE_OPS, upMean);
    tf.addToCollection(tf.GraphKeys.UPDATE_OPS, upVar);
    return tf.nn.batchNormalization(x, mean, variance, null, gamma, 1e-3);
  });
  const loss = tf.reduceSum(y.mul(y)).truediv(2);
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () =>
    new tf.train.GradientDescentOptimizer(0.01).minimize(loss),
  );
  tf.globalVariablesInitializer();
}
