/** @file Metrics over many batches: local variables that count, their value so far, and the op that adds a batch. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { compatible, type Shape, tupleShape } from '../value/shape';
import { multiply } from './arithmetic';
import { identity, type Named, onesLike, zeros } from './array';
import { assertRankIn, assertType } from './assertions';
import { cast } from './cast';
import { equal, greater, less, logicalAnd, where } from './compare';
import { cond } from './cond';
import { div, divNoNan } from './division';
import { removeSqueezable } from './losses';
import { maximum, squaredDifference } from './pairs';
import { reduceSum } from './reduce';
import { expandDims, rank, size, squeeze } from './shape';
import { assignAdd } from './state';
import { abs, sqrt } from './unary';
import { variableScope } from './variable_scope';
import { type Variable, variable } from './variables';
import { broadcastWeights } from './weights';

export interface MetricOptions extends Named {
  /** Counts each element so many times; broadcast to the values. */
  readonly weights?: TensorLike | null | undefined;
  /** Collections that get the value. */
  readonly metricsCollections?: string | readonly string[] | null | undefined;
  /** Collections that get the update op. */
  readonly updatesCollections?: string | readonly string[] | null | undefined;
}
/** The value of what was seen so far, and the op that adds this batch and answers the value after it. */
export type Metric = [value: Tensor, updateOp: Tensor];
type Collections = MetricOptions['metricsCollections'];

function collect(collections: Collections, x: Tensor): Tensor {
  if (collections?.length) getDefaultGraph().addToCollections(collections, x);
  return x;
}

/** A local variable of zeros that sums up, as metrics_impl.metric_variable. */
export const metricVariable = (shape: Shape, dtype: DType, name: string): Variable =>
  variable(() => zeros(shape as TensorLike, { dtype }), {
    trainable: false,
    collections: [GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
    synchronization: 'ON_READ',
    aggregation: 'SUM',
    name,
  });

interface Data {
  readonly predictions: Tensor;
  readonly labels: Tensor;
  readonly weights: Tensor | null;
}
/** Brings labels, predictions and weights to one rank where the last dimension is 1. */
function aligned(predictionsIn: TensorLike, labelsIn: TensorLike | null, weights?: TensorLike | null): Data {
  let predictions = convertToTensor(predictionsIn);
  let labels = predictions;
  if (labelsIn !== null) {
    [labels, predictions] = removeSqueezable(labelsIn, predictions);
    if (!compatible(predictions.shape, labels.shape)) {
      throw new GraphError(
        'Value',
        `Shapes ${tupleShape(predictions.shape)} and ${tupleShape(labels.shape)} are incompatible`,
      );
    }
  }
  return { predictions, labels, weights: weights == null ? null : alignWeights(convertToTensor(weights), predictions) };
}
function alignWeights(weights: Tensor, predictions: Tensor): Tensor {
  const [w, p] = [weights.shape, predictions.shape];
  if (w?.length === 0) return weights;
  if (w && p) {
    if (w.length - p.length === 1) return squeeze(weights, [-1]);
    return p.length - w.length === 1 ? expandDims(weights, [-1]) : weights;
  }
  const own = rank(weights);
  const diff = own.sub(rank(predictions));
  const same = () => weights;
  const shorter = w && !compatible(w.slice(-1), [1]) ? same : () => squeeze(weights, [-1]);
  const longer = () => cond(equal(diff, -1), () => expandDims(weights, [-1]), same);
  const adjusted = () => cond(equal(diff, 1), shorter, longer);
  return cond(equal(own, 0), same, adjusted) as Tensor;
}

const ratio = (total: TensorLike, count: TensorLike, name: string): Tensor =>
  divNoNan(total, maximum(count, 0), { name });

/** The mean of all elements seen, as tf.metrics.mean. */
export function mean(valuesIn: TensorLike, options: MetricOptions = {}): Metric {
  const { weights, metricsCollections, updatesCollections, name = null } = options;
  return variableScope(name, { defaultName: 'mean', values: [valuesIn, weights] }, () => {
    let values = cast(valuesIn, 'float32');
    const total = metricVariable([], 'float32', 'total');
    const count = metricVariable([], 'float32', 'count');
    let n: Tensor;
    if (weights == null) n = cast(size(values), 'float32');
    else {
      const data = aligned(values, null, weights);
      const full = broadcastWeights(cast(data.weights!, 'float32'), data.predictions);
      values = multiply(data.predictions, full);
      n = reduceSum(full);
    }
    return meanOf(total, count, reduceSum(values), values, n, metricsCollections, updatesCollections);
  });
}
function meanOf(
  total: Variable,
  count: Variable,
  sum: Tensor,
  after: Tensor,
  n: Tensor,
  metricsCollections: Collections,
  updatesCollections: Collections,
): Metric {
  const newTotal = assignAdd(total, sum) as Tensor;
  const newCount = after.graph.controlDependencies([after], () => assignAdd(count, n) as Tensor);
  const value = collect(metricsCollections, ratio(total as TensorLike, count as TensorLike, 'value'));
  return [value, collect(updatesCollections, ratio(newTotal, newCount, 'update_op'))];
}

/** The mean of each element over the batches, as tf.metrics.mean_tensor. */
export function meanTensor(valuesIn: TensorLike, options: MetricOptions = {}): Metric {
  const { weights, metricsCollections, updatesCollections, name = null } = options;
  return variableScope(name, { defaultName: 'mean', values: [valuesIn, weights] }, () => {
    let values = cast(valuesIn, 'float32');
    const total = metricVariable(values.shape, 'float32', 'total_tensor');
    const count = metricVariable(values.shape, 'float32', 'count_tensor');
    let n = onesLike(values);
    if (weights != null) {
      const data = aligned(values, null, weights);
      const full = broadcastWeights(cast(data.weights!, 'float32'), data.predictions);
      values = multiply(data.predictions, full);
      n = multiply(n, full);
    }
    return meanOf(total, count, values, values, n, metricsCollections, updatesCollections);
  });
}

/** How often predictions are the labels, as tf.metrics.accuracy. */
export function accuracy(labelsIn: TensorLike, predictionsIn: TensorLike, options: MetricOptions = {}): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const right = cast(equal(cast(predictions, labels.dtype), labels), 'float32');
  return mean(right, { ...options, weights, name: options.name || 'accuracy' });
}
/** The share of values below a threshold, as tf.metrics.percentage_below. */
export function percentageBelow(values: TensorLike, threshold: TensorLike, options: MetricOptions = {}): Metric {
  const below = cast(less(values, threshold), 'float32');
  return mean(below, { ...options, name: options.name || 'percentage_below_threshold' });
}

/** The mean of (labels - predictions)^2, as tf.metrics.mean_squared_error. */
export function meanSquaredError(labelsIn: TensorLike, predictionsIn: TensorLike, options: MetricOptions = {}): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const errors = squaredDifference(labels, predictions);
  return mean(errors, { ...options, weights, name: options.name || 'mean_squared_error' });
}
/** The mean of |labels - predictions|, as tf.metrics.mean_absolute_error. */
export function meanAbsoluteError(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  options: MetricOptions = {},
): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const errors = abs(predictions.sub(labels));
  return mean(errors, { ...options, weights, name: options.name || 'mean_absolute_error' });
}
/** The square root of the mean squared error, as tf.metrics.root_mean_squared_error. */
export function rootMeanSquaredError(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  options: MetricOptions = {},
): Metric {
  const { predictions, labels, weights } = aligned(predictionsIn, labelsIn, options.weights);
  const name = options.name || 'root_mean_squared_error';
  const [mse, update] = meanSquaredError(labels, predictions, { weights, name });
  return [collect(options.metricsCollections, sqrt(mse)), collect(options.updatesCollections, sqrt(update))];
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
  const value = collect(options.metricsCollections, identity(count as TensorLike));
  return [value, collect(options.updatesCollections, assignAdd(count, reduceSum(values)) as Tensor)];
}
type Counter = (labels: TensorLike, predictions: TensorLike, options?: MetricOptions) => Metric;
const scoped = (
  defaultName: string,
  labels: TensorLike,
  predictions: TensorLike,
  options: MetricOptions,
  body: (data: Data) => Metric,
): Metric => {
  const { weights, name = null } = options;
  return variableScope(name, { defaultName, values: [predictions, labels, weights] }, () => {
    const asBool = cast(predictions, 'bool');
    return body(aligned(asBool, cast(labels, 'bool'), weights));
  });
};
const counter =
  (defaultName: string, label: boolean, prediction: boolean): Counter =>
  (labelsIn, predictionsIn, options = {}) =>
    scoped(defaultName, labelsIn, predictionsIn, options, ({ labels, predictions, weights }) => {
      const isLabel = equal(labels, label);
      return countWhere(logicalAnd(isLabel, equal(predictions, prediction)), weights, options);
    });
/** How many predictions are true and right, as tf.metrics.true_positives. */
export const truePositives = counter('true_positives', true, true);
/** How many predictions are true and wrong, as tf.metrics.false_positives. */
export const falsePositives = counter('false_positives', false, true);
/** How many predictions are false and wrong, as tf.metrics.false_negatives. */
export const falseNegatives = counter('false_negatives', true, false);
/** How many predictions are false and right, as tf.metrics.true_negatives. */
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
      const value = collect(options.metricsCollections, of(right, wrong, 'value'));
      return [value, collect(options.updatesCollections, of(newRight, newWrong, 'update_op'))];
    });
/** True positives among all that were predicted to be true, as tf.metrics.precision. */
export const precision = share('precision', falsePositives);
/** True positives among all that are true, as tf.metrics.recall. */
export const recall = share('recall', falseNegatives);
