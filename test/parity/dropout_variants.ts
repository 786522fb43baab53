/** @file ../shared/parity/src/dropout_variants.py */
export function build(tf: typeof import('../../src')): void {
  tf.setRandomSeed(1234);
  const x = tf.placeholder(tf.float32, [null, 4], { name: 'x' });
  const training = tf.placeholder(tf.bool, [], { name: 'training' });
  tf.layers.dropout(x);
  tf.layers.dropout(x, { rate: 0.25, training: true });
  const c = tf.layers.dropout(x, { rate: 0.5, training, name: 'drop' });
  tf.layers.dropout(x, { rate: 0.5, noiseShape: [1, 4], seed: 3, training: true });
  tf.nn.dropout(x, { keepProb: 0.8 });
  tf.nn.dropout(x, { rate: 0.3, seed: 11 });
  tf.nn.dropout(x, { rate: 0 });
  tf.nn.dropout(x, { rate: tf.placeholderWithDefault(0.4, [], { name: 'rate' }), name: 'tensor_rate' });
  tf.gradients(c, [x]);
}
