/** @file ../shared/parity/src/gradient_broadcast.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.placeholder(tf.float32, [2, 3], { name: 'a' });
  const b = tf.placeholder(tf.float32, [3], { name: 'b' });
  const c = tf.placeholder(tf.float32, [null, 1], { name: 'c' });
  const d = tf.placeholder(tf.float32, { name: 'd' });
  const e = tf.constant(2, { name: 'e' });
  tf.gradients(a.add(b), [a, b], { name: 'static' });
  tf.gradients(c.mul(b), [c, b], { name: 'partial' });
  tf.gradients(d.sub(a), [d, a], { name: 'unknown' });
  tf.gradients(a.truediv(e), [a, e], { name: 'scalar' });
  tf.gradients(tf.maximum(a, b).add(tf.squaredDifference(c, b)), [a, b, c], { name: 'mixed' });
  const mean = tf.reduceMean(c, { axis: 0 });
  tf.gradients(mean.add(tf.reduceSum(a, { axis: 1, keepdims: true })), [a, c], { name: 'reduced' });
}
