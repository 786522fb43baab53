/** @file ../shared/parity/src/gradient_cond.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const p = tf.placeholder(tf.bool, [], { name: 'p' });
  const x = tf.placeholder(tf.float32, [2], { name: 'x' });
  const w = new tf.Variable([3, -2], { name: 'w' });
  const scale = tf.identity(x.mul(2), { name: 'scale' });
  const y = tf.cond(
    p,
    () => tf.square(scale).mul(w),
    () => tf.reduceSum(x).add(w),
  ) as Tensor;
  const loss = tf.reduceSum(y);
  tf.gradients(loss, [x, w]);
  new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
  tf.globalVariablesInitializer();
}
