/** @file ../shared/parity/src/variable_scope_reentry.py */
export function build(tf: typeof import('../../src')): void {
  const zeros = { initializer: tf.zerosInitializer() };
  const [sa, sb] = tf.variableScope('a', (sa) => {
    tf.getVariable('v', [1], zeros);
    return tf.variableScope('b', (sb) => {
      tf.getVariable('u', [1], zeros);
      return [sa, sb] as const;
    });
  });
  tf.variableScope('c', () => {
    tf.variableScope(sa, { reuse: true }, () => tf.getVariable('v', [1]).add(1));
    tf.variableScope(sb, () => tf.getVariable('w', [1], { initializer: tf.onesInitializer() }).add(1));
  });
  tf.variableScope(sa, { auxiliaryNameScope: false }, (again) => {
    tf.constant(1, { name: 'flat' });
    tf.nameScope(again.originalNameScope, () => tf.constant(2, { name: 'inside' }));
  });
  tf.variableScope(sb, () => new tf.Variable(3, { name: 'plain' }));
}
