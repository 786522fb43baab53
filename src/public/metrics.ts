/** @file tf.metrics */
export {
  accuracy,
  falseNegatives,
  falsePositives,
  mean,
  meanAbsoluteError,
  meanSquaredError,
  meanTensor,
  percentageBelow,
  precision,
  recall,
  rootMeanSquaredError,
  trueNegatives,
  truePositives,
} from '../ops/metrics';
