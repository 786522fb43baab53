/** @file tf.layers */
export { Layer } from '../layers/base';
export {
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  Conv3D,
  Conv3DTranspose,
  conv1d,
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  SeparableConv1D,
  SeparableConv2D,
  separableConv1d,
  separableConv2d,
} from '../layers/convolutional';
export { Dense, Dropout, dense, dropout, Flatten, flatten } from '../layers/core';
export { BatchNormalization, batchNormalization } from '../layers/normalization';
export {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  averagePooling1d,
  averagePooling2d,
  averagePooling3d,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
  maxPooling1d,
  maxPooling2d,
  maxPooling3d,
} from '../layers/pooling';
