/** @file ../shared/parity/src/saver_nodes.py */
export function build(tf: typeof import('../../src')): void {
  tf.train.createGlobalStep();
  const a = tf.variableScope('z', () => tf.getVariable('a', [2], { initializer: tf.zerosInitializer() }));
  const b = new tf.Variable(1, { name: 'b' });
  tf.getVariable('r', [2, 2], { initializer: tf.onesInitializer(), useResource: true });
  new tf.train.Saver();
  new tf.train.Saver({ renamed: a, 'plain/b': b }, { maxToKeep: 2, name: 'some' });
  new tf.train.Saver([b]);
  tf.globalVariablesInitializer();
}
