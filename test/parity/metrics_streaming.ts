/** @file ../shared/parity/src/metrics_streaming.py */
export function build(tf: typeof import('../../src')): void {
  const y = tf.placeholder(tf.int64, [null], { name: 'y' });
  const p = tf.placeholder(tf.int64, [null], { name: 'p' });
  const [, meanUp] = tf.metrics.mean(tf.cast(p, tf.float32), { name: 'avg' });
  const [, accUp] = tf.metrics.accuracy(y, p, { metricsCollections: ['m'], updatesCollections: 'u' });
  const [, precUp] = tf.metrics.precision(tf.equal(y, 1), tf.equal(p, 1));
  const [, wmUp] = tf.variableScope('eval', () =>
    tf.metrics.mean(tf.cast(y, tf.float32), { weights: tf.cast(p, tf.float32) }),
  );
  tf.group(meanUp, accUp, precUp, wmUp);
  tf.localVariablesInitializer();
}
