/** @file ../shared/parity/src/slicing.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [4, 5, 6], { name: 'x' });
  const i = tf.placeholder(tf.int32, [], { name: 'i' });
  const { s } = tf;
  x.at(0);
  x.at(s(), s(1, 3));
  x.at(tf.ellipsis, -1);
  x.at(s(), tf.newaxis, 2, s(null, null, 2));
  x.at(i);
  x.at(s(1), s(null, i), s(-2));
  tf.nameScope('s', () => x.at(s(null, null, -1)));
  tf.shape(x).at(0);
  tf.shape(tf.placeholder(tf.float32, [null, 3])).at(0);
}
