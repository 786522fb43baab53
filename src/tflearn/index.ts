/** @file tf.tflearn: TFLearn 0.5 on sluice. */
export { activation, leakyRelu } from './activations';
export { getTrainingMode, initTrainingMode, isTraining } from './config';
export { DNN, type DNNOptions, type FitOptions } from './dnn';
export { type RegressionOptions, regression } from './estimator';
export * as initializations from './initializations';
export {
  type BatchNormalizationOptions,
  batchNormalization,
  dropout,
  type FullyConnectedOptions,
  flatten,
  fullyConnected,
  type InputDataOptions,
  inputData,
  type LayerTensor,
  reshape,
} from './layers';
export * as objectives from './objectives';
export { Trainer, TrainOp } from './trainer';
export { variable } from './variables';
