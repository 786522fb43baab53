/** @file V4: the dependency hangs on the loss, and gradients pass it by. */
import * as tf from '../../src';
import { main, type Variant } from './study';

export const variant: Variant = {
  title: 'V4: the dependency hangs on the loss',
  broken: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    const guarded = tf.controlDependencies(updateOps, () => tf.identity(loss));
    return optimizer().minimize(guarded);
  },
  brokenLines: `
const guarded = tf.controlDependencies(updateOps, () => tf.identity(loss));
const trainOp = optimizer.minimize(guarded);`,
  mended: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  mendedLines: `
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`,
  why: `The gradients of the loss do not need its value, so the train op never runs the op that waits. Fetching the loss would.`,
};

main(variant, require.main === module);
