/** @file tf.keras: the batch normalization that keeps its updates to itself, and the learning phase it asks for. */
export * as backend from './keras_backend';
export * as layers from './keras_layers';
