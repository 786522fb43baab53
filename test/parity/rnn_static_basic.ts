/** @file ../shared/parity/src/rnn_static_basic.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  tf.setRandomSeed(1234);
  const x = tf.placeholder(tf.float32, [2, 3, 4], { name: 'x' });
  const cell = new tf.nn.rnnCell.BasicRNNCell(5);
  const [outputs, state] = tf.nn.staticRnn(cell, tf.unstack(x, { axis: 1 }), { dtype: tf.float32 });
  const loss = tf.reduceMean(tf.square(outputs.at(-1)!)).add(tf.reduceSum(state as Tensor));
  new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
  tf.globalVariablesInitializer();
}
