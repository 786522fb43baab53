/** @file ../shared/parity/src/initializers.py */
export function build(tf: typeof import('../../src')): void {
  tf.setRandomSeed(1234);
  tf.getVariable('a', [3, 4]);
  tf.getVariable('b', [3, 4], { initializer: tf.zerosInitializer() });
  tf.getVariable('c', [2], { initializer: tf.constantInitializer([1, 2]) });
  tf.getVariable('d', [2, 2], { initializer: tf.truncatedNormalInitializer({ stddev: 0.1 }) });
  tf.getVariable('e', [2, 2], { initializer: tf.randomNormalInitializer(1, 0.02) });
  tf.getVariable('f', [2, 2], { initializer: tf.randomUniformInitializer(-1, 1) });
  tf.getVariable('g', [3, 3, 2, 4], { initializer: tf.varianceScalingInitializer(2) });
  tf.getVariable('h', [3, 4], { initializer: tf.glorotNormalInitializer() });
  tf.getVariable('i', [3, 3], { initializer: tf.initializers.identity() });
  tf.getVariable('j', [5], { dtype: tf.int32 });
  tf.getVariable('k', [20, 20], { initializer: tf.onesInitializer() });
  tf.globalVariablesInitializer();
}
