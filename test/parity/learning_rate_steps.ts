/** @file ../shared/parity/src/learning_rate_steps.py */
import type { Tensor, Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const globalStep = tf.train.getOrCreateGlobalStep() as Variable;
  tf.train.exponentialDecay(0.1, globalStep, 10, 0.5);
  tf.train.exponentialDecay(0.1, globalStep, 10, 0.5, { staircase: true, name: 'stairs' });
  const c = tf.train.piecewiseConstant(globalStep, [2, 5], [1, 0.1, 0.01]) as Tensor;
  const v = new tf.Variable(2, { name: 'v' });
  new tf.train.GradientDescentOptimizer(c).minimize(tf.square(v), { globalStep });
  tf.assignAdd(globalStep, 10);
  tf.globalVariablesInitializer();
}
