/** @file ../shared/parity/src/group_and_tuple.py */
export function build(tf: typeof import('../../src')): void {
  const a = tf.placeholder(tf.float32, [2], { name: 'a' });
  const v = new tf.Variable([0, 0], { name: 'v' });
  const up = tf.assignAdd(v, a, { name: 'up' });
  const n = tf.noOp();
  const g0 = tf.group(up, n);
  tf.group([up, [n, a]], { name: 'named' });
  tf.group();
  tf.tuple([a, up]);
  tf.tuple([a, null, v], { name: 'tt', controlInputs: [g0] });
  tf.controlDependencies([g0], () => {
    tf.group(n, g0);
    tf.identity(a);
  });
  tf.globalVariablesInitializer();
}
