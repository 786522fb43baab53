/** @file ../shared/parity/src/resource_basic.py */
export function build(tf: typeof import('../../src')): void {
  const v = new tf.Variable([1, 2], { name: 'v', useResource: true });
  const w = tf.getVariable('w', [2], { initializer: tf.onesInitializer(), useResource: true });
  tf.nameScope('use', () => {
    v.add(w);
    v.mul(2);
  });
  v.assign([3, 4]);
  v.assignAdd(w);
  v.assignSub([1, 1], { readValue: false });
  tf.assign(w, v, { name: 'copy' });
  v.readValue();
  v.value();
  tf.identity(v);
  v.at(0);
  tf.globalVariablesInitializer();
}
