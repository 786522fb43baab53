/** @file V2: the optimizer is made inside the block, minimize is called outside. */
import * as tf from '../../src';
import { main, type Variant } from './study';

export const variant: Variant = {
  title: 'V2: the optimizer is made in the block, but minimize() is called outside of it',
  broken: ({ net, lossOf, optimizer: make }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    const optimizer = tf.controlDependencies(updateOps, () => make());
    return optimizer.minimize(loss);
  },
  brokenLines: `
const optimizer = tf.controlDependencies(updateOps, () => new tf.train.GradientDescentOptimizer(0.1));
const trainOp = optimizer.minimize(loss);`,
  mended: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  mendedLines: `
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`,
  why: `Making an optimizer creates no operation. Only operations created inside the block wait for the update ops.`,
};

main(variant, require.main === module);
