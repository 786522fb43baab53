/** @file ../shared/parity/src/collections_scope.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.constant(1, { name: 'gen/a' });
  const b = tf.constant(2, { name: 'generator/b' });
  const c = tf.constant(3, { name: 'disc/c' });
  for (const t of [a, b, c, a]) tf.addToCollection('things', t);
  tf.addToCollections(['things', 'others'], b.op);
  const wide = tf.getCollection('things', 'gen');
  const exact = tf.getCollection('things', 'gen/');
  const dot = tf.getCollection('things', '.is');
  const ref = tf.getCollectionRef('things');
  ref.push(tf.noOp({ name: 'late' }));
  const copy = tf.getCollection<unknown>('things');
  copy.push(a);
  const lengths = [wide, exact, dot, ref, copy, tf.getCollection('none')].map((list) => list.length);
  tf.constant(lengths, { dtype: tf.int32, name: 'counts' });
  tf.controlDependencies(wide, () => tf.noOp({ name: 'wide' }));
  tf.controlDependencies(exact, () => tf.noOp({ name: 'exact' }));
}
