/** @file ../shared/parity/src/ema_after_train.py */
import type { Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [2], { name: 'x' });
  const v = new tf.Variable([1, 2], { name: 'v' });
  const u = tf.variableScope('s', () => tf.getVariable('u', { initializer: [0.5, 0.5] }));
  const loss = tf.reduceSum(tf.square(v.mul(u).sub(x)));
  const globalStep = tf.train.getOrCreateGlobalStep() as Variable;
  const minimize = new tf.train.GradientDescentOptimizer(0.1).minimize(loss, { globalStep });
  const ema = new tf.train.ExponentialMovingAverage(0.9, { numUpdates: globalStep });
  tf.controlDependencies([minimize], () => ema.apply(tf.trainableVariables()));
  ema.average(v);
  tf.constant(ema.averageName(u));
  tf.constant(Object.keys(ema.variablesToRestore()).sort());
  tf.group(...tf.trainableVariables().map((t) => t.assign(ema.average(t)!)));
  tf.globalVariablesInitializer();
}
