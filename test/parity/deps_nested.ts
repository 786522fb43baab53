/** @file ../shared/parity/src/deps_nested.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.constant(1, { name: 'a' });
  const b = tf.constant(2, { name: 'b' });
  const n = tf.noOp({ name: 'n' });
  const h = tf.controlDependencies([a], () => {
    const c = tf.constant(3, { name: 'c' });
    const d = tf.controlDependencies([b, n, a], () => {
      const d = tf.constant(4, { name: 'd' });
      tf.add(c, c, { name: 'e' });
      tf.add(d, a, { name: 'f' });
      tf.add(a, b, { name: 'g' });
      return d;
    });
    const h = tf.identity(d, { name: 'h' });
    tf.controlDependencies(['g', 'f:0'], () => tf.noOp({ name: 'i' }));
    return h;
  });
  tf.add(h, a, { name: 'j' });
}
