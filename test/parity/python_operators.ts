/** @file ../shared/parity/src/python_operators.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.placeholder(tf.float32, [2, 3], { name: 'a' });
  const b = tf.placeholder(tf.float32, [3], { name: 'b' });
  a.add(b);
  a.rsub(1);
  a.mul(2);
  a.truediv(b);
  a.floordiv(2);
  a.mod(b);
  a.pow(2);
  b.rpow(2);
  a.abs().neg();
  const l = a.less(b);
  const m = a.greaterEqual(0);
  l.and(m).or(m.invert());
  l.xor(m);
  tf.matmul(a, tf.reshape(b, [3, 1]));
  a.matmul(tf.ones([3, 2]));
  tf.add(a, b);
  tf.subtract(a, 1);
  tf.multiply(a, b, { name: 'named' });
}
