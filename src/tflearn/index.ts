/** @file tf.tflearn: TFLearn 0.5 on sluice. */
export * as activations from './activations';
export {
  crelu,
  elu,
  leakyRelu,
  linear,
  prelu,
  relu,
  relu6,
  selu,
  sigmoid,
  softmax,
  softplus,
  softsign,
  tanh,
} from './activations';
export * as callbacks from './callbacks';
export { getTrainingMode, initGraph, initTrainingMode, isTraining } from './config';
export {
  atrousConv2d,
  type ConvOptions,
  conv1d,
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  groupedConv2d,
  upscoreLayer,
} from './conv';
export { DataAugmentation, ImageAugmentation } from './data_augmentation';
export { DataPreprocessing, ImagePreprocessing } from './data_preprocessing';
export * as dataUtils from './data_utils';
export * as distances from './distances';
export { DNN, type DNNOptions, type FitOptions } from './dnn';
export { embedding } from './embedding';
export { type RegressionOptions, regression } from './estimator';
export { Evaluator } from './evaluator';
export { SequenceGenerator } from './generator';
export { highwayConv1d, highwayConv2d } from './highway_conv';
export * as initializations from './initializations';
export type { LayerTensor } from './layer_scope';
export {
  activation,
  customLayer,
  dropout,
  type FullyConnectedOptions,
  flatten,
  fullyConnected,
  getLayerByName,
  highway,
  type InputDataOptions,
  inputData,
  multiTargetData,
  oneHotEncoding,
  reshape,
  singleUnit,
  timeDistributed,
} from './layers';
export { merge, mergeOutputs } from './merge';
export * as metrics from './metrics';
export { Accuracy, accuracyOp, PredictionCounts, R2, r2Op, TopK, topKOp } from './metrics';
export {
  type BatchNormalizationOptions,
  batchNormalization,
  l2Normalize,
  localResponseNormalization,
} from './normalization';
export * as objectives from './objectives';
export {
  binaryCrossentropy,
  categoricalCrossentropy,
  hingeLoss,
  meanSquare,
  softmaxCategoricalCrossentropy,
  weightedCrossentropy,
} from './objectives';
export * as optimizers from './optimizers';
export { AdaDelta, AdaGrad, Adam, Ftrl, Momentum, Nesterov, ProximalAdaGrad, RMSProp, SGD } from './optimizers';
export {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  deconv2d,
  globalAvgPool,
  globalMaxPool,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  upsample2d,
} from './pooling';
export { bidirectionalRnn, gru, lstm, simpleRnn } from './recurrent';
export * as regularizers from './regularizers';
export { addWeightsRegularizer } from './regularizers';
export { densenetBlock, residualBlock, residualBottleneck, resnextBlock } from './residual';
export { BasicLSTMCell, BasicRNNCell, DropoutWrapper, GRUCell } from './rnn_cells';
export * as summaries from './summaries';
export {
  summarize,
  summarizeActivations,
  summarizeAll,
  summarizeGradients,
  summarizeVariables,
} from './summaries';
export { TrainOp } from './train_op';
export { Trainer } from './trainer';
export * as variables from './variables';
export {
  getAllTrainableVariable,
  getAllVariables,
  getLayerVariablesByName,
  getLayerVariablesByScope,
  variable,
} from './variables';
