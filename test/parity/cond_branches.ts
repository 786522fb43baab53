/** @file ../shared/parity/src/cond_branches.py */
export function build(tf: typeof import('../../src')): void {
  const p = tf.placeholder(tf.bool, [], { name: 'p' });
  const x = tf.placeholder(tf.float32, [], { name: 'x' });
  const v = new tf.Variable(0, { name: 'v' });
  const outside = tf.assignAdd(v, 1, { name: 'outside' });
  tf.cond(
    p,
    () => x.add(1),
    () => x.mul(x),
  );
  tf.cond(
    p,
    () => [outside, x],
    () => [x, tf.constant(5)],
    { name: 'pair' },
  );
  tf.cond(
    p,
    () => tf.assignAdd(v, 10),
    () => tf.identity(v),
  );
  const e = tf.cond(
    x.greater(0),
    () => tf.group(tf.assign(v, 100)),
    () => tf.noOp(),
  );
  tf.controlDependencies([e], () => v.readValue());
  const inner = () =>
    tf.cond(
      x.greater(1),
      () => x,
      () => x.neg(),
    );
  tf.cond(p, inner, () => 0, { name: 'nested' });
  tf.globalVariablesInitializer();
}
