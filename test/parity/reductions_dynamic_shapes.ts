/** @file ../shared/parity/src/reductions_dynamic_shapes.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 3], { name: 'x' });
  const u = tf.placeholder(tf.float32, { name: 'u' });
  tf.reduceMean(x);
  tf.reduceSum(x, { axis: 1 });
  tf.reduceMax(x, { axis: [0, -1], keepdims: true });
  tf.reduceSum(u);
  tf.reduceMean(u, { axis: 0 });
  tf.reduceAny(x.greater(0));
  tf.reduceLogsumexp(x, { axis: 1 });
  tf.argmax(x, 1);
  const i = tf.shape(x);
  tf.size(x);
  tf.rank(u);
  tf.reshape(x, [-1, 1, 3]);
  tf.reshape(u, tf.stack([i.at(0), -1]));
  const numbers = [
    [2, 3],
    [4, 5],
  ];
  tf.reduceProd(tf.constant(numbers, tf.int32));
  tf.shape(tf.zeros([2, 2]));
}
