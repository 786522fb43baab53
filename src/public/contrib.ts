/** @file tf.contrib, as far as it is here. */
export * as framework from '../contrib/framework';
export * as layers from '../contrib/layers';
export * as opt from '../contrib/opt';
export * as slim from '../contrib/slim';
export * as rnn from './contrib_rnn';
export * as training from './contrib_training';
