/** @file ../shared/parity/src/split_concat_stack.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [6, 4], { name: 'x' });
  const [a, b] = tf.split(x, 2, 1) as [Tensor, Tensor];
  const [c, d, e] = tf.split(x, [1, 2, 3], 0) as [Tensor, Tensor, Tensor];
  tf.concat([a, b], 1);
  tf.concat([c, d, e], 0, { name: 'joined' });
  tf.concat([a], 0);
  const i = tf.stack([a, b], { axis: 1 });
  const [, k] = tf.unstack(i, { axis: 1 }) as [Tensor, Tensor];
  b.add(tf.addN([a, b, k]));
  tf.addN([a]);
  tf.addN([a], { name: 'single' });
}
