/** @file ../shared/parity/src/losses_regression.py */
export function build(tf: typeof import('../../src')): void {
  const y = tf.placeholder(tf.float32, [null, 2], { name: 'y' });
  const p = tf.placeholder(tf.float32, [null, 2], { name: 'p' });
  const w = tf.placeholder(tf.float32, [null, 1], { name: 'w' });
  const { Reduction } = tf.losses;
  tf.losses.meanSquaredError(y, p);
  tf.losses.absoluteDifference(y, p, { weights: 2, scope: 'abs' });
  tf.losses.huberLoss(y, p, { delta: 0.5, reduction: Reduction.SUM });
  tf.losses.meanSquaredError(y, p, { weights: w, reduction: Reduction.NONE, lossCollection: 'mine' });
  tf.losses.meanSquaredError(y, p, { weights: w, reduction: Reduction.MEAN });
  tf.losses.getTotalLoss();
  tf.constant(tf.losses.getLosses().length, tf.int32);
  tf.nameScope('s', () => tf.losses.logLoss(tf.nn.sigmoid(y), tf.nn.sigmoid(p), { lossCollection: null }));
}
