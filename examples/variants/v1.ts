/** @file V1: nothing that is run depends on the update ops. */
import * as tf from '../../src';
import { main, type Variant } from './study';

export const variant: Variant = {
  title: 'V1: the train op does not depend on the update ops',
  broken: ({ net, lossOf, optimizer }) => optimizer().minimize(lossOf(net())),
  brokenLines: `
const trainOp = optimizer.minimize(loss);`,
  mended: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  mendedLines: `
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`,
  why: `The layer only lists the ops that move its averages in UPDATE_OPS; the train op must be made to wait for them.`,
};

main(variant, require.main === module);
