/** @file tf.contrib.layers */
export {
  applyRegularization,
  l1l2Regularizer,
  l1Regularizer,
  l2Regularizer,
  sumRegularizer,
} from '../../ops/regularizers';
export { batchNorm } from './batch_norm';
export {
  conv1d,
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  convolution,
  convolution1d,
  convolution2d,
  convolution2dTranspose,
  convolution3d,
  convolution3dTranspose,
  separableConv2d,
  separableConvolution2d,
} from './convolution';
export { biasAdd, dropout, elu, flatten, fullyConnected, linear, oneHotEncoding, relu, relu6, softmax } from './core';
export { embeddingLookupUnique, embedSequence } from './embedding';
export { varianceScalingInitializer, xavierInitializer, xavierInitializerConv2d } from './initializers';
export { layerNorm } from './layer_norm';
export { OPTIMIZER_CLS_NAMES, OPTIMIZER_SUMMARIES, optimizeLoss } from './optimizers';
export { avgPool2d, avgPool3d, maxPool2d, maxPool3d } from './pooling';
export { repeat, stack } from './sequence';
export {
  summarizeActivation,
  summarizeActivations,
  summarizeCollection,
  summarizeTensor,
  summarizeTensors,
} from './summaries';
