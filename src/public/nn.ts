/** @file tf.nn */
export { bidirectionalDynamicRnn, dynamicRnn, staticBidirectionalRnn, staticRnn } from '../layers/rnn';
export {
  crelu,
  elu,
  leakyRelu,
  logSoftmax,
  relu,
  relu6,
  selu,
  softmax,
  softplus,
  softsign,
  swish,
} from '../ops/activations';
export {
  batchNormalization,
  fusedBatchNorm,
  l2Normalize,
  localResponseNormalization,
  localResponseNormalization as lrn,
  moments,
  normalizeMoments,
  sufficientStatistics,
  weightedMoments,
  zeroFraction,
} from '../ops/batch_norm';
export { biasAdd, reluLayer, xwPlusB } from '../ops/bias';
export {
  allCandidateSampler,
  computeAccidentalHits,
  logUniformCandidateSampler,
  uniformCandidateSampler,
} from '../ops/candidate_sampling';
export { conv1dTranspose } from '../ops/conv1d_transpose';
export {
  atrousConv2d,
  atrousConv2dTranspose,
  conv1d,
  conv2d,
  conv2dBackpropInput,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  convolution,
} from '../ops/convolve';
export {
  l2Loss,
  logPoissonLoss,
  sigmoidCrossEntropyWithLogits,
  softmaxCrossEntropyWithLogits,
  softmaxCrossEntropyWithLogitsV2,
  sparseSoftmaxCrossEntropyWithLogits,
  weightedCrossEntropyWithLogits,
} from '../ops/cross_entropy';
export { depthwiseConv2d, depthwiseConv2dNative, separableConv2d } from '../ops/depthwise';
export { dilation2d, erosion2d } from '../ops/dilation';
export { dropout } from '../ops/dropout';
export { embeddingLookup } from '../ops/embedding';
export { inTopK, topK } from '../ops/gather';
export { batchNormWithGlobalNormalization } from '../ops/global_normalization';
export { maxPoolWithArgmax } from '../ops/max_pool_argmax';
export {
  avgPool,
  avgPool as avgPool2d,
  avgPool1d,
  avgPool3d,
  maxPool,
  maxPool1d,
  maxPool3d,
  pool,
} from '../ops/pooling';
export { nceLoss, sampledSoftmaxLoss } from '../ops/sampled_losses';
export { depthToSpace, spaceToDepth } from '../ops/space';
export { withSpaceToBatch } from '../ops/space_to_batch';
export { sigmoid } from '../ops/unary';
export { tanh } from '../ops/unary_trig';
export * as rnnCell from './rnn_cell';
