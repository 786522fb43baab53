/** @file ../shared/parity/src/bn_under_cond.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const isTraining = tf.placeholder(tf.bool, [], { name: 'is_training' });
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const branch = (training: boolean, reuse: boolean | null) => () =>
    tf.layers.batchNormalization(x, { training, momentum: 0.5, name: 'bn', reuse });
  const y = tf.cond(isTraining, branch(true, null), branch(false, true)) as Tensor;
  const updates = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
  tf.controlDependencies(updates, () => tf.identity(y, { name: 'out' }));
  tf.globalVariablesInitializer();
}
