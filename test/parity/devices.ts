/** @file ../shared/parity/src/devices.py */
import type { Operation, Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const [a, b, c, d] = tf.device('/cpu:0', () => {
    const a = tf.constant(1, { name: 'a' });
    new tf.Variable(2, { name: 'v' });
    const [b, c] = tf.device('/job:ps/task:1', () => [
      tf.constant(1, { name: 'b' }),
      tf.device(null, () => tf.constant(1, { name: 'c' })),
    ]) as [Tensor, Tensor];
    return [a, b, c, tf.device('/gpu:1', () => a.add(b))];
  }) as [Tensor, Tensor, Tensor, Tensor];
  const place = (op: Operation): string => (op.type === 'VariableV2' ? '/job:ps' : '/job:worker');
  const e = tf.device(place, () => {
    const w = new tf.Variable([1], { name: 'w' });
    const e = w.mul(2);
    tf.device('/cpu:0', () => new tf.Variable([1], { name: 'f' }));
    return e;
  });
  tf.group(a, b, c, d, e, { name: 'all' });
  tf.globalVariablesInitializer();
}
