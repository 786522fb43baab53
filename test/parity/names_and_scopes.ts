/** @file ../shared/parity/src/names_and_scopes.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.constant(1, { name: 'c' });
  tf.nameScope('outer', (scope) => {
    const b = tf.constant(2, { name: 'c' });
    tf.nameScope('inner', () => tf.add(a, b, { name: 'sum' }));
    const e = tf.nameScope('inner', () => a.mul(b));
    const f = tf.nameScope(scope, () => tf.identity(e, { name: 'back' }));
    tf.nameScope(null, () => tf.identity(f, { name: 'root' }));
  });
  tf.constant(3, { name: 'c' });
  tf.constant(3, { name: 'C' });
  tf.constant(3, { name: 'c_1' });
  tf.nameScope('outer', () => {
    const k = tf.constant(
      [
        [1, 2],
        [3, 4],
      ],
      tf.int32,
    );
    tf.identity(k, { name: 'exact/' });
  });
  tf.nameScope('default', { values: [a] }, () => {
    tf.identity(a);
    tf.nameScope('unused', () => {});
    tf.nameScope('unused', () => tf.noOp());
  });
}
