/** @file tf.contrib.training */
export {
  addGradientsSummaries,
  clipGradientNorms,
  clipGradientNormsFn,
  createTrainOp,
  multiplyGradients,
} from '../contrib/training';
