/** @file ../shared/parity/src/case_default.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.int32, [], { name: 'x' });
  tf.case(
    [
      [x.less(0), () => tf.constant(-1, tf.int32)],
      [x.greater(10), () => x.mul(2)],
    ],
    { default: () => tf.constant(0, tf.int32) },
  );
  tf.case(
    [
      [tf.equal(x, 1), () => tf.constant(10)],
      [tf.equal(x, 2), () => tf.constant(20)],
    ],
    { default: () => tf.constant(30), exclusive: true, name: 'excl' },
  );
}
