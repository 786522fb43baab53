/** @file ../shared/parity/src/variables_basic.py */
import type { Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const a = new tf.Variable(1);
  new tf.Variable([1, 2], { dtype: tf.int32, name: 'b' });
  const [c, d] = tf.nameScope('s', () => [
    new tf.Variable(tf.zeros([2, 3]), { name: 'c' }),
    new tf.Variable([[1]], { name: 'b', trainable: false }),
  ]) as [Variable, Variable];
  new tf.Variable(() => tf.ones([2]), { name: 'e' });
  new tf.Variable(tf.constant(3).mul(2), { name: 'f', dtype: tf.float32 });
  const g = new tf.Variable(0, { name: 'g', collections: ['mine'], dtype: tf.int64 });
  c.add(d);
  tf.globalVariablesInitializer();
  tf.variablesInitializer([g], { name: 'init_g' });
  tf.isVariableInitialized(a);
}
