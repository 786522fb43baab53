/** @file What all metrics share: their options, their local variables, and inputs brought to one rank. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { compatible, type Shape, tupleShape } from '../value/shape';
import { type Named, zeros } from './array';
import { equal } from './compare';
import { cond } from './cond';
import { removeSqueezable } from './losses';
import { expandDims, rank, squeeze } from './shape';
import { type Variable, variable } from './variables';

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
export type MetricCollections = MetricOptions['metricsCollections'];

export function collect(collections: MetricCollections, x: Tensor): Tensor {
  if (collections?.length) getDefaultGraph().addToCollections(collections, x);
  return x;
}
/** The value and the update op, each made and then put into its collections, in this order. */
export function collected(options: MetricOptions, value: () => Tensor, updateOp: () => Tensor): Metric {
  const made = collect(options.metricsCollections, value());
  return [made, collect(options.updatesCollections, updateOp())];
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

export interface MetricData {
  readonly predictions: Tensor;
  readonly labels: Tensor;
  readonly weights: Tensor | null;
}
/** Raises Value unless the two can have one shape. */
export function checkCompatible(a: Tensor, b: Tensor): void {
  if (compatible(a.shape, b.shape)) return;
  throw new GraphError('Value', `Shapes ${tupleShape(a.shape)} and ${tupleShape(b.shape)} are incompatible`);
}
/** Brings labels, predictions and weights to one rank where the last dimension is 1. */
export function aligned(
  predictionsIn: TensorLike,
  labelsIn: TensorLike | null,
  weights?: TensorLike | null,
): MetricData {
  let predictions = convertToTensor(predictionsIn);
  let labels = predictions;
  if (labelsIn !== null) {
    [labels, predictions] = removeSqueezable(labelsIn, predictions);
    checkCompatible(predictions, labels);
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
