/** @file ../shared/parity/src/resource_order.py */
export function build(tf: typeof import('../../src')): void {
  const v = tf.getVariable('v', { initializer: 1, useResource: true });
  const before = v.readValue();
  const up = tf.controlDependencies([before], () => v.assign(v.mul(10)));
  const [after, last] = tf.controlDependencies([up], () => {
    const after = v.add(0);
    const last = tf.controlDependencies([v.assignAdd(5)], () => tf.identity(v, { name: 'last' }));
    return [after, last] as const;
  });
  tf.stack([before, after, last]);
  tf.globalVariablesInitializer();
}
