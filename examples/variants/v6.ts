/** @file V6: the training flag is left out, so that no update ops exist. */
import * as tf from '../../src';
import { main, type Variant } from './study';

export const variant: Variant = {
  title: 'V6: the training flag is false while training',
  broken: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net({ training: false }));
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  brokenLines: `
const h = tf.layers.batchNormalization(x); // training is false unless given
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS); // empty: no update op was created`,
  mended: ({ net, lossOf, optimizer }) => {
    const loss = lossOf(net());
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    return tf.controlDependencies(updateOps, () => optimizer().minimize(loss));
  },
  mendedLines: `
const h = tf.layers.batchNormalization(x, { training: true });
const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS);`,
  why: `Without the flag the layer normalizes with mean 0 and variance 1 in training too: it is consistent, but nothing is normalized.`,
};

main(variant, require.main === module);
