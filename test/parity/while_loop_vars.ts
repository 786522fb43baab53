/** @file ../shared/parity/src/while_loop_vars.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [2, 2], { name: 'x' });
  const limit = tf.constant(100, { name: 'limit' });
  const zero = tf.Value.from(0, 'int32');
  tf.whileLoop(
    (_: Tensor, m: Tensor) => tf.reduceSum(m).less(limit),
    (i: Tensor, m: Tensor) => [i.add(1), tf.matmul(m, x)],
    [tf.constant(0, tf.int32), x],
    { parallelIterations: 1 },
  );
  tf.whileLoop(
    () => true,
    (k: Tensor) => k.add(2),
    [zero],
    { maximumIterations: 4, name: 'capped' },
  );
  const g = tf.whileLoop(
    (k: Tensor) => k.less(3),
    (k: Tensor, s: Tensor) => [k.add(1), tf.concat([s, s.at(tf.s(null, 1))], 0)],
    [tf.constant(0, tf.int32), tf.ones([1])],
    { shapeInvariants: [[], [null]], backProp: false, name: 'grow' },
  ) as [Tensor, Tensor];
  tf.whileLoop(
    (a: Tensor) => a.less(4),
    (a: Tensor, [b, c]: [Tensor, Tensor]) => [a.add(1), [c, b.add(c)]],
    [zero, [zero, tf.Value.from(1, 'int32')]],
    { name: 'fib' },
  );
  g[1].mul(2);
}
