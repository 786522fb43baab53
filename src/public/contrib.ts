/** @file tf.contrib, as far as it is here. */
export * as layers from './contrib_layers';
