/** @file ../shared/parity/src/resource_while.py */
import type { Tensor } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const v = tf.getVariable('v', { initializer: 0, useResource: true });
  const body = (i: Tensor, acc: Tensor) =>
    tf.controlDependencies([v.assignAdd(2)], () => [i.add(1), acc.add(v.readValue())]);
  tf.whileLoop((i: Tensor) => i.less(3), body, [tf.Value.from(0, 'int32'), 0]);
  tf.globalVariablesInitializer();
}
