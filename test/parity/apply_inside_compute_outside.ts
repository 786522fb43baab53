/** @file ../shared/parity/src/apply_inside_compute_outside.py */
import type { Variable } from '../../src';

export function build(tf: typeof import('../../src')): void {
  const x = tf.placeholder(tf.float32, [null, 2], { name: 'x' });
  const h = tf.layers.batchNormalization(x, { training: true, momentum: 0.5, name: 'bn' });
  const loss = tf.reduceMean(tf.square(h.sub(0.5)));
  const opt = new tf.train.AdamOptimizer(0.1);
  const gv = opt.computeGradients(loss);
  const globalStep = tf.train.getOrCreateGlobalStep() as Variable;
  tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), () =>
    opt.applyGradients(gv, { globalStep, name: 'apply' }),
  );
  tf.globalVariablesInitializer();
}
