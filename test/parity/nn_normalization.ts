/** @file ../shared/parity/src/nn_normalization.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [2, 2, 2, 3], { name: 'x' });
  const u = tf.placeholder(tf.float32, [null, 3], { name: 'u' });
  const [m, v] = tf.nn.moments(u, [0]);
  const [m2, v2] = tf.nn.moments(x, [0, 1, 2], { keepDims: true });
  tf.nn.batchNormalization(u, m, v, [0, 1, 2], null, 0.01);
  tf.nn.batchNormalization(x, m2, v2, null, null, 1e-3, { name: 'norm' });
  tf.nn.fusedBatchNorm(x, [1, 2, 3], [0, 0.5, 1]);
  const known = { mean: [1, 1, 1], variance: [4, 4, 4] };
  tf.nn.fusedBatchNorm(x, [1, 1, 1], [0, 0, 0], { ...known, isTraining: false, epsilon: 0.01 });
  tf.nn.normalizeMoments(tf.constant(4), tf.constant([8]), tf.constant([20]), null);
}
