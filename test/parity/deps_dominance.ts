/** @file ../shared/parity/src/deps_dominance.py */
export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [2], { name: 'x' });
  const u = tf.identity(x, { name: 'u' });
  const w = tf.identity(x, { name: 'w' });
  const p = tf.controlDependencies([u], () => {
    tf.identity(u, { name: 'a' });
    tf.add(u, w, { name: 'b' });
    const c = tf.square(x, { name: 'c' });
    tf.controlDependencies([w], () => {
      tf.square(c, { name: 'd' });
      const e = tf.add(x, x, { name: 'e' });
      tf.add(e, c, { name: 'f' });
      tf.add(w, x, { name: 'g' });
    });
    tf.cast(x, tf.float32);
    const p = tf.identity(x, { name: 'p' });
    x.at(0);
    return p;
  });
  tf.identity(p, { name: 'r' });
}
