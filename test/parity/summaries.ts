/** @file ../shared/parity/src/summaries.py */
export function build(tf: typeof import('../../src')): void {
  const v = new tf.Variable([1, 2, 3], { name: 'v' });
  const loss = tf.reduceMean(v, { name: 'loss' });
  const a = tf.summary.scalar('loss', loss);
  tf.summary.histogram('weights', v);
  const c = tf.nameScope('train', () => {
    const c = tf.summary.scalar('loss', loss.mul(2));
    tf.summary.scalar('rate', tf.constant(0.1), { family: 'opt', collections: ['other'] });
    return c;
  });
  tf.summary.merge([a, c], { name: 'two' });
  tf.summary.mergeAll();
  tf.summary.mergeAll('other');
  tf.summary.scalar('a b:c', 1);
  tf.globalVariablesInitializer();
}
