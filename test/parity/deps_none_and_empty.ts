/** @file ../shared/parity/src/deps_none_and_empty.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.noOp({ name: 'a' });
  const b = tf.constant(1, { name: 'b' });
  tf.controlDependencies([a], () => {
    tf.controlDependencies([], () => tf.constant(1, { name: 'c' }));
    const d = tf.controlDependencies(null, () => {
      const d = tf.constant(1, { name: 'd' });
      tf.nameScope('s', () =>
        tf.controlDependencies([b], () => {
          tf.identity(d, { name: 'e' });
          tf.constant(2, { name: 'f' });
        }),
      );
      return d;
    });
    tf.identity(d, { name: 'g' });
    tf.group({ name: 'h' });
    tf.nameScope('t', () => {
      b.add(1);
      b.add(b);
      tf.reduceSum(b);
    });
  });
}
