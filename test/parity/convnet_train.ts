/** @file ../shared/parity/src/convnet_train.py */
import type { Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  tf.setRandomSeed(1234);
  const x = tf.placeholder(tf.float32, [null, 8, 8, 1], { name: 'x' });
  const y = tf.placeholder(tf.int64, [null], { name: 'y' });
  let h = tf.layers.conv2d(x, 4, 3, { padding: 'same', useBias: false, name: 'conv1' });
  h = tf.nn.relu(tf.layers.batchNormalization(h, { training: true, name: 'bn1' }));
  h = tf.layers.maxPooling2d(h, 2, 2);
  h = tf.layers.conv2d(h, 3, [2, 2], { activation: tf.nn.relu });
  h = tf.layers.dense(tf.layers.flatten(h), 5, { name: 'logits' });
  const loss = tf.losses.sparseSoftmaxCrossEntropy(y, h);
  tf.reduceMean(tf.cast(tf.equal(tf.argmax(h, 1), y), tf.float32), { name: 'accuracy' });
  const globalStep = tf.train.getOrCreateGlobalStep() as Variable;
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () =>
    new tf.train.AdamOptimizer(1e-2).minimize(loss, { globalStep }),
  );
  tf.globalVariablesInitializer();
}
