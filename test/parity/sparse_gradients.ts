/** @file ../shared/parity/src/sparse_gradients.py */
export function build(tf: typeof import('../../src')): void {
  const ids = tf.placeholder(tf.int64, [null], { name: 'ids' });
  const initializer = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const table = tf.getVariable('table', { initializer });
  const rows = tf.nn.embeddingLookup(table, ids);
  const loss = tf.reduceSum(rows.mul(rows)).truediv(2);
  tf.gradients(loss, table);
  new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
  new tf.train.MomentumOptimizer(0.1, 0.5).minimize(loss);
  new tf.train.AdamOptimizer(0.1).minimize(loss);
  tf.gradients(loss.add(tf.reduceSum(tf.gather(table, [0]))), table);
  tf.globalVariablesInitializer();
}
