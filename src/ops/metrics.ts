/** @file Metrics over many batches: local variables that count, their value so far, and the op that adds a batch. */
import type { TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { multiply, subtract } from './arithmetic';
import { identity, onesLike, zerosLike } from './array';
import { assertRankIn, assertType } from './assertions';
import { cast } from './cast';
import { equal, greater, less, logicalAnd, where } from './compare';
import { div, divNoNan } from './division';
import { removeSqueezable } from './losses';
import {
  aligned,
  checkCompatible,
  collected,
  type Metric,
  type MetricData,
  type MetricOptions,
  metricVariable,
} from './metrics_base';
import { maximum, squaredDifference } from './pairs';
import { reduceSum } from './reduce';
import { rank, size } from './shape';
import { assignAdd } from './state';
import { abs, sqrt } from './unary';
import { variableScope } from './variable_scope';
import type { Variable } from './variables';
import { broadcastWeights } from './weights';

export type { Metric, MetricOptions } from './metrics_base';

// ---- means --------------------------------------------------------------------------------------------------------

/** Adds a batch to `total` and `count`, and divides them. The count waits for `after`. */
function meanOf(total: Variable, count: Variable, sum: Tensor, after: Tensor, n: Tensor, options: MetricOptions) {
  const newTotal = assignAdd(total, sum) as Tensor;
  const newCount = getDefaultGraph().controlDependencies([after], () => assignAdd(count, n) as Tensor);
  const ratio = (a: TensorLike, b: TensorLike, name: string) => divNoNan(a, maximum(b, 0), { name });
  return collected(
    options,
    () => ratio(total as TensorLike, count as TensorLike, 'value'),
    () => ratio(newTotal, newCount, 'update_op'),
  );
}
/** Values and weights in one shape, multiplied; and the weights alone. */
function weighted(valuesIn: Tensor, weights: TensorLike): { readonly values: Tensor; readonly full: Tensor } {
  const data = aligned(valuesIn, null, weights);
  const full = broadcastWeights(cast(data.weights!, 'float32'), data.predictions);
  return { values: multiply(data.predictions, full), full };
}

/** The mean of all elements seen, as a float32 scalar. @tensorflow tf.metrics.mean */
export function mean(valuesIn: TensorLike, options: MetricOptions = {}): Metric {
  const { weights, name = null } = options;
  return variableScope(name, { defaultName: 'mean', values: [valuesIn, weights] }, () => {
    let values = cast(valuesIn, 'float32');
    const total = metricVariable([], 'float32', 'total');
    const count = metricVariable([], 'float32', 'count');
    let n: Tensor;
    if (weights == null) n = cast(size(values), 'float32');
    else {
      const both = weighted(values, weights);
      values = both.values;
      n = reduceSum(both.full);
    }
    return meanOf(total, count, reduceSum(values), values, n, options);
  });
}

/**
 * The mean of each element over the batches; the values need a full static shape, which is that of the answer.
 * @tensorflow tf.metrics.mean_tensor
 */
export function meanTensor(valuesIn: TensorLike, options: MetricOptions = {}): Metric {
  const { weights, name = null } = options;
  return variableScope(name, { defaultName: 'mean', values: [valuesIn, weights] }, () => {
    let values = cast(valuesIn, 'float32');
    const total = metricVariable(values.shape, 'float32', 'total_tensor');
    const count = metricVariable(values.shape, 'float32', 'count_tensor');
    let n = onesLike(values);
    if (weights != null) {
      const both = weighted(values, weights);
      values = both.values;
      n = multiply(n, both.full);
    }
    return meanOf(total, count, values, values, n, options);
  });
}

/** How often predictions are the labels, from 0 to 1. @tensorflow tf.metrics.accuracy */
export function accuracy(labelsIn: TensorLike, predictionsIn: TensorLike, options: MetricOptions = {}): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const right = cast(equal(cast(predictions, labels.dtype), labels), 'float32');
  return mean(right, { ...options, weights, name: options.name || 'accuracy' });
}
/** The share of values below a threshold, from 0 to 1. @tensorflow tf.metrics.percentage_below */
export function percentageBelow(values: TensorLike, threshold: TensorLike, options: MetricOptions = {}): Metric {
  const below = cast(less(values, threshold), 'float32');
  return mean(below, { ...options, name: options.name || 'percentage_below_threshold' });
}

/** The mean of (labels - predictions)^2. @tensorflow tf.metrics.mean_squared_error */
export function meanSquaredError(labelsIn: TensorLike, predictionsIn: TensorLike, options: MetricOptions = {}): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const errors = squaredDifference(labels, predictions);
  return mean(errors, { ...options, weights, name: options.name || 'mean_squared_error' });
}
/** The mean of |labels - predictions|. @tensorflow tf.metrics.mean_absolute_error */
export function meanAbsoluteError(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  options: MetricOptions = {},
): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const errors = abs(predictions.sub(labels));
  return mean(errors, { ...options, weights, name: options.name || 'mean_absolute_error' });
}
/**
 * The mean of |labels - predictions| / normalizer; 0 where the normalizer is 0.
 * @tensorflow tf.metrics.mean_relative_error
 */
export function meanRelativeError(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  normalizerIn: TensorLike,
  options: MetricOptions = {},
): Metric {
  const { predictions: given, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const [predictions, normalizer] = removeSqueezable(given, normalizerIn);
  checkCompatible(predictions, normalizer);
  const isZero = equal(normalizer, 0);
  const none = zerosLike(labels);
  const errors = where(isZero, none, div(abs(labels.sub(predictions)), normalizer));
  return mean(errors, { ...options, weights, name: options.name || 'mean_relative_error' });
}
/**
 * 1 less the mean of labels . predictions along `dim`, both of unit length.
 * @tensorflow tf.metrics.mean_cosine_distance
 */
export function meanCosineDistance(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  dim: number,
  options: MetricOptions = {},
): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const products = reduceSum(multiply(predictions, labels), { axis: [dim], keepdims: true });
  const [similarity, update] = mean(products, { weights, name: options.name || 'mean_cosine_distance' });
  const [distance, newDistance] = [subtract(1, similarity), subtract(1, update)];
  return collected(
    options,
    () => distance,
    () => newDistance,
  );
}
/** The square root of the mean squared error. @tensorflow tf.metrics.root_mean_squared_error */
export function rootMeanSquaredError(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  options: MetricOptions = {},
): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const name = options.name || 'root_mean_squared_error';
  const [mse, update] = meanSquaredError(labels, predictions, { weights, name });
  return collected(
    options,
    () => sqrt(mse),
    () => sqrt(update),
  );
}

// ---- counts of bools ----------------------------------------------------------------------------------------------

function countWhere(valuesIn: Tensor, weights: Tensor | null, options: MetricOptions): Metric {
  assertType(valuesIn, 'bool');
  const count = metricVariable([], 'float32', 'count');
  let values = cast(valuesIn, 'float32');
  if (weights !== null) {
    const fits = assertRankIn(weights, [0, rank(values)]);
    values = values.graph.controlDependencies([fits], () => multiply(values, cast(weights, 'float32')));
  }
  return collected(
    options,
    () => identity(count as TensorLike),
    () => assignAdd(count, reduceSum(values)) as Tensor,
  );
}
type Counter = (labels: TensorLike, predictions: TensorLike, options?: MetricOptions) => Metric;
function scoped(
  defaultName: string,
  labels: TensorLike,
  predictions: TensorLike,
  options: MetricOptions,
  body: (data: MetricData) => Metric,
): Metric {
  const { weights, name = null } = options;
  return variableScope(name, { defaultName, values: [predictions, labels, weights] }, () => {
    const asBool = cast(predictions, 'bool');
    return body(aligned(asBool, cast(labels, 'bool'), weights));
  });
}
const counter =
  (defaultName: string, label: boolean, prediction: boolean): Counter =>
  (labelsIn, predictionsIn, options = {}) =>
    scoped(defaultName, labelsIn, predictionsIn, options, ({ labels, predictions, weights }) => {
      const isLabel = equal(labels, label);
      return countWhere(logicalAnd(isLabel, equal(predictions, prediction)), weights, options);
    });
/** How many predictions are true and right. @tensorflow tf.metrics.true_positives */
export const truePositives = counter('true_positives', true, true);
/** How many predictions are true and wrong. @tensorflow tf.metrics.false_positives */
export const falsePositives = counter('false_positives', false, true);
/** How many predictions are false and wrong. @tensorflow tf.metrics.false_negatives */
export const falseNegatives = counter('false_negatives', true, false);
/** How many predictions are false and right. @tensorflow tf.metrics.true_negatives */
export const trueNegatives = counter('true_negatives', false, false);

const share =
  (defaultName: string, others: Counter): Counter =>
  (labelsIn, predictionsIn, options = {}) =>
    scoped(defaultName, labelsIn, predictionsIn, options, ({ labels, predictions, weights }) => {
      const [right, newRight] = truePositives(labels, predictions, { weights });
      const [wrong, newWrong] = others(labels, predictions, { weights });
      const of = (a: Tensor, b: Tensor, name: string): Tensor => {
        const some = greater(a.add(b), 0);
        return where(some, div(a, a.add(b)), 0, { name });
      };
      return collected(
        options,
        () => of(right, wrong, 'value'),
        () => of(newRight, newWrong, 'update_op'),
      );
    });
/**
 * True positives among all that were predicted to be true; 0 where there were none.
 * @tensorflow tf.metrics.precision
 */
export const precision = share('precision', falsePositives);
/** True positives among all that are true; 0 where there were none. @tensorflow tf.metrics.recall */
export const recall = share('recall', falseNegatives);
