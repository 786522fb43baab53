/** @file ../shared/parity/src/gan_two_scopes.py */
import type { Tensor, Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const z = tf.placeholder(tf.float32, [8, 2], { name: 'z' });
  const real = tf.placeholder(tf.float32, [8, 3], { name: 'real' });
  const gen = (z: Tensor): Tensor =>
    tf.variableScope('generator', { initializer: tf.constantInitializer(0.3) }, () => {
      const h = tf.layers.batchNormalization(tf.layers.dense(z, 4), { training: true });
      return tf.layers.dense(tf.nn.relu(h), 3);
    });
  const disc = (x: Tensor, reuse: boolean | null = null): Tensor =>
    tf.variableScope('discriminator', { reuse, initializer: tf.constantInitializer(0.2) }, () => {
      const h = tf.layers.dense(x, 4, { name: 'h' });
      const normal = tf.layers.batchNormalization(h, { training: true, name: 'bn' });
      return tf.layers.dense(tf.nn.leakyRelu(normal), 1, { name: 'out' });
    });
  const fake = gen(z);
  const dReal = disc(real);
  const dFake = disc(fake, true);
  const dLoss = tf.reduceMean(tf.nn.softplus(dReal.neg())).add(tf.reduceMean(tf.nn.softplus(dFake)));
  const gLoss = tf.reduceMean(tf.nn.softplus(dFake.neg()));
  const gVars = tf.getCollection<Variable>(tf.GraphKeys.TRAINABLE_VARIABLES, 'generator');
  const dVars = tf.getCollection<Variable>(tf.GraphKeys.TRAINABLE_VARIABLES, 'discriminator');
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS, 'discriminator'), () =>
    new tf.train.GradientDescentOptimizer(0.1).minimize(dLoss, { varList: dVars }),
  );
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS, 'generator'), () =>
    new tf.train.GradientDescentOptimizer(0.1).minimize(gLoss, { varList: gVars }),
  );
  tf.globalVariablesInitializer();
}
