/** @file tf.contrib, as far as it is here. */
export * as opt from '../contrib/opt';
export * as layers from './contrib_layers';
