/** @file V5a: UPDATE_OPS is read before the layers are built. */
import * as tf from '../../src';
import { main, type Variant } from './study';

export const variant: Variant = {
  title: 'V5a: the collection is read too early',
  broken: ({ net, lossOf, optimizer }) => {
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    const loss = lossOf(net());
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  brokenLines: `
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS); // no layer is built yet: the list is empty
const loss = lossOf(net());
const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`,
  mended: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  mendedLines: `
const loss = lossOf(net());
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS); // after the last layer
const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`,
  why: `getCollection answers a copy of the list as it is at that moment.`,
};

main(variant, require.main === module);
