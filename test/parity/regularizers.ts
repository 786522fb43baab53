/** @file ../shared/parity/src/regularizers.py */
import type { Tensor, Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 3], { name: 'x' });
  const l2 = (w: Tensor | Variable): Tensor => tf.nn.l2Loss(w).rmul(0.01);
  const [w, b] = tf.variableScope('a', { regularizer: l2, initializer: tf.constantInitializer(0.5) }, () => [
    tf.getVariable('w', [3, 2]),
    tf.getVariable('b', [2], { regularizer: () => null }),
  ]) as [Variable, Variable];
  const h = tf.matmul(x, w).add(b);
  tf.variableScope('a', { reuse: true }, () => tf.getVariable('w', [3, 2]));
  const kernelInitializer = tf.onesInitializer();
  const y = tf.layers.dense(h, 1, { kernelInitializer, kernelRegularizer: l2, biasRegularizer: l2, name: 'out' });
  tf.losses.addLoss(tf.reduceMean(tf.square(y)));
  tf.losses.getRegularizationLoss();
  tf.losses.getTotalLoss();
  tf.globalVariablesInitializer();
}
