/** @file ../shared/parity/src/get_variable_reuse.py */
export function build(tf: typeof import('../../src')): void {
  const [w, b] = tf.variableScope('net', { initializer: tf.onesInitializer() }, () => {
    const w = tf.getVariable('w', [2, 2]);
    const b = tf.variableScope('sub', () => tf.getVariable('b', { initializer: [0.5, 0.5] }));
    w.add(b);
    return [w, b] as const;
  });
  const [w2, z, b2] = tf.variableScope('net', { reuse: true }, () => {
    const w2 = tf.getVariable('w', [2, 2]);
    const z = w2.mul(2);
    const b2 = tf.variableScope('sub', () => {
      const b2 = tf.getVariable('b', [2]);
      b2.sub(1);
      return b2;
    });
    return [w2, z, b2] as const;
  });
  const w3 = tf.variableScope('net', (scope) => {
    scope.reuseVariables();
    const w3 = tf.getVariable('w');
    tf.nameScope('ns', () => w3.add(z));
    return w3;
  });
  tf.constant(w === w2 && w2 === w3 && b === b2);
  tf.globalVariablesInitializer();
}
