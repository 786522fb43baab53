/** @file tf.keras.layers */
export { KerasLayer as Layer } from '../layers/keras';
export { BatchNormalization } from '../layers/keras_normalization';
