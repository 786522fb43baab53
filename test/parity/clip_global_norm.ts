/** @file ../shared/parity/src/clip_global_norm.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const w = tf.getVariable('w', { initializer: [[2], [3]] });
  const b = tf.getVariable('b', { initializer: [0.5] });
  const loss = tf.reduceSum(tf.square(tf.matmul(x, w).add(b)));
  const opt = new tf.train.GradientDescentOptimizer(0.1);
  const pairs = opt.computeGradients(loss, { varList: [w, b] });
  const grads = pairs.map(([g]) => g as Tensor);
  const [clipped] = tf.clipByGlobalNorm(grads, 1);
  opt.applyGradients(pairs.map(([, v], i) => [clipped[i]!, v]));
  tf.clipByNorm(grads[0]!, 0.5);
  tf.clipByValue(grads[1]!, -1, 1);
  tf.globalNorm(grads, { name: 'total' });
  tf.globalVariablesInitializer();
}
