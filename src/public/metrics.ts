/** @file tf.metrics */
export { meanIou, meanPerClassAccuracy } from '../ops/confusion_matrix';
export {
  accuracy,
  falseNegatives,
  falsePositives,
  mean,
  meanAbsoluteError,
  meanCosineDistance,
  meanRelativeError,
  meanSquaredError,
  meanTensor,
  percentageBelow,
  precision,
  recall,
  rootMeanSquaredError,
  trueNegatives,
  truePositives,
} from '../ops/metrics';
export {
  auc,
  falseNegativesAtThresholds,
  falsePositivesAtThresholds,
  precisionAtThresholds,
  recallAtThresholds,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
  trueNegativesAtThresholds,
  truePositivesAtThresholds,
} from '../ops/metrics_thresholds';
export {
  averagePrecisionAtK,
  averagePrecisionAtK as sparseAveragePrecisionAtK,
  precisionAtK,
  precisionAtK as sparsePrecisionAtK,
  precisionAtTopK,
  recallAtK,
  recallAtTopK,
} from '../ops/metrics_top_k';
