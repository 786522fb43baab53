/** @file ../shared/parity/src/optimizers_adaptive.py */
import type { Tensor, Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [2], { name: 'x' });
  const loss = (name: string): [Tensor, Variable] => {
    const v = tf.getVariable(name, { initializer: [1, 2] });
    return [tf.reduceSum(tf.square(v.mul(x))), v];
  };
  const [la, va] = loss('a');
  const a = new tf.train.AdamOptimizer(0.1, { beta1: 0.8 }).minimize(la, { varList: [va] });
  const [lb, vb] = loss('b');
  const rms = new tf.train.RMSPropOptimizer(0.1, { momentum: 0.5 });
  const b = rms.minimize(lb, { varList: [vb] });
  const [lc, vc] = loss('c');
  const c = new tf.train.RMSPropOptimizer(0.1, { centered: true }).minimize(lc, { varList: [vc] });
  const [ld, vd] = loss('d');
  const d = new tf.train.AdagradOptimizer(0.5).minimize(ld, { varList: [vd] });
  tf.group(a, b, c, d);
  tf.constant(rms.getSlotNames());
  tf.globalVariablesInitializer();
}
