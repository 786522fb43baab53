/** @file V5b: the collection is asked for by a scope that holds no layer, so it is empty. */
import * as tf from '../../src';
import { main, type Variant } from './study';

export const variant: Variant = {
  title: 'V5b: the collection is empty, and the block is decoration',
  broken: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS, 'generator');
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  brokenLines: `
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS, 'generator'); // the layers are in the scope 'net'
const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`,
  mended: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS, 'net');
    if (updateOps.length === 0) throw new Error('no update ops found');
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  mendedLines: `
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS, 'net');
if (updateOps.length === 0) throw new Error('no update ops found');`,
  why: `An empty list of dependencies is no error: the block then does nothing. Look at what the collection holds.`,
};

main(variant, require.main === module);
