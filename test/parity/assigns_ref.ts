/** @file ../shared/parity/src/assigns_ref.py */
export function build(tf: typeof import('../../src')): void {
  const v = new tf.Variable([1, 2, 3], { name: 'v' });
  const n = new tf.Variable(0, { dtype: tf.int32, name: 'n', trainable: false });
  const a = v.assign([4, 5, 6]);
  const b = tf.controlDependencies([a], () => v.assignAdd([1, 1, 1]));
  const c = tf.controlDependencies([b], () => tf.assignSub(v, [0.5, 0.5, 0.5], { name: 'minus' }));
  tf.controlDependencies([c], () => v.readValue());
  tf.scatterAdd(v, [0, 2], [10, 20]);
  tf.scatterUpdate(v, [1], [7]);
  n.countUpTo(2);
  tf.assign(n, n.add(1), { useLocking: true });
  tf.globalVariablesInitializer();
}
