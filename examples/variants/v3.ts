/** @file V3: the block returns an op that exists already. */
import * as tf from '../../src';
import { main, type Variant } from './study';

export const variant: Variant = {
  title: 'V3: the block wraps an op that exists already',
  broken: ({ net, lossOf, optimizer }) => {
    const trainOp = optimizer().minimize(lossOf(net()));
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.controlDependencies(updateOps, () => trainOp);
  },
  brokenLines: `
const minimize = optimizer.minimize(loss);
const trainOp = tf.controlDependencies(updateOps, () => minimize);`,
  mended: ({ net, lossOf, optimizer }) => {
    const minimize = optimizer().minimize(lossOf(net()));
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.group([minimize, ...updateOps]);
  },
  mendedLines: `
const trainOp = tf.group([minimize, ...updateOps]);`,
  why: `A block never changes operations that exist already. Create the train op inside it, or group it with the updates.`,
};

main(variant, require.main === module);
