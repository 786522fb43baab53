/** @file Metrics of the k most likely classes: precision, recall and average precision at k. */
import { GraphError } from '../errors';
import { convertToTensor, isTensorLike, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { add, multiply } from './arithmetic';
import { fill, onesLike, reshape, shapeOf, zerosLike } from './array';
import { cast } from './cast';
import { equal, greaterEqual, whereV2 } from './compare';
import { cond } from './cond';
import { cumsum } from './cumulative';
import { div, divNoNan } from './division';
import { i32 } from './expect';
import { concat } from './join';
import { collect, collected, type Metric, type MetricOptions, metricVariable } from './metrics_base';
import { tile } from './pad';
import { minimum } from './pairs';
import { range } from './range';
import { reduceMax, reduceSum } from './reduce';
import { type Sets, type SparseSets, setDifference, setIntersection, setSize } from './sets';
import { expandDims, rank, size } from './shape';
import { s } from './slice';
import { assignAdd } from './state';
import { dynamicStitch } from './stitch';
import { topK } from './top_k';
import { assertBroadcastable, broadcastWeights } from './weights';

export interface TopKMetricOptions extends MetricOptions {
  /** Counts this class only; all by default. */
  readonly classId?: number | null | undefined;
}
export interface AtTopKOptions extends TopKMetricOptions {
  /** Appears in the names; how many there are says `predictionsIdx`. */
  readonly k?: number | null | undefined;
}

const atK = (what: string, k?: number | null, classId?: number | null): string =>
  `${what}_at_${k ?? 'k'}${classId == null ? '' : `_class${classId}`}`;

/** Classes given as numbers are int64. */
const classes = (x: TensorLike): TensorLike =>
  isTensorLike(x) || x instanceof Value ? x : Value.from(x as Nested, 'int64');

// ---- hits and misses ----------------------------------------------------------------------------------------------

/** Labels [..] get a last dimension of 1 where predictions [.., k] have one more. Raises Value for other ranks. */
function expandLabels(labelsIn: TensorLike, predictions: Tensor): Tensor {
  return getDefaultGraph().nameScope('expand_labels', (scope) => {
    const labels = convertToTensor(classes(labelsIn));
    const [l, p] = [labels.shape, predictions.shape];
    const expanded = () => expandDims(labels, -1, { name: scope });
    if (l && p) {
      if (p.length === l.length) return labels;
      if (p.length === l.length + 1) return expanded();
      const shapes = `${tupleShape(l)} for predictions shape ${tupleShape(p)}`;
      throw new GraphError('Value', `Unexpected labels shape ${shapes}.`);
    }
    const ranks = rank(predictions);
    return cond(equal(ranks, rank(labels).add(1)), expanded, () => labels) as Tensor;
  });
}
/** The sizes with 1 in the place of `axis`, as math_ops.reduced_shape. */
function withoutAxis(sizesIn: Tensor, axisIn: Tensor): Tensor {
  const sizes = cast(sizesIn, 'int32');
  const given = cast(axisIn, 'int32');
  const n = size(sizes);
  const axis = given.add(n).mod(n);
  const count = shapeOf(axis);
  return dynamicStitch([range(n), axis], [sizes, fill(count, i32(1))]);
}
/** Of each set only the class asked for, where it is in there. */
function onlyClass(ids: Tensor, classId: number): SparseSets {
  const sizes = shapeOf(ids, { outType: 'int64' });
  const last = size(sizes).sub(1);
  const rows = withoutAxis(sizes, reshape(last, i32([1])));
  const wanted = fill(rows, cast(i32(classId), 'int64'));
  const { indices, values } = setIntersection(wanted, ids);
  return { indices, values, denseShape: sizes };
}
type Pair = readonly [labels: Sets, predictions: Sets];
function selected(labels: Tensor, predictions: Tensor, classId: number | null | undefined): Pair {
  if (classId == null) return [labels, predictions];
  const chosen = onlyClass(labels, classId);
  return [chosen, onlyClass(predictions, classId)];
}

/** What is counted, per set of labels and predictions. */
const COUNTS = {
  true_positive: ([labels, predictions]: Pair) => setIntersection(predictions, labels),
  false_negative: ([labels, predictions]: Pair) => setDifference(predictions, labels, false),
  false_positive: ([labels, predictions]: Pair) => setDifference(predictions, labels, true),
} as const;
type Count = keyof typeof COUNTS;

function countPerSet(
  what: Count,
  labels: Tensor,
  predictions: Tensor,
  { classId, weights, name }: TopKMetricOptions,
): Tensor {
  const graph = getDefaultGraph();
  return graph.nameScope(name ?? `${what}s`, () => {
    const found = setSize(COUNTS[what](selected(labels, predictions, classId)));
    const counts = cast(found, 'float64');
    if (weights == null) return counts;
    const fits = assertBroadcastable(weights, counts);
    return graph.controlDependencies([fits], () => multiply(counts, cast(weights, 'float64')));
  });
}
/** Sums a count up over the batches; the variable is called as its scope. */
function streamed(
  what: Count,
  labels: Tensor,
  predictions: Tensor,
  { k, classId, weights }: AtTopKOptions,
): [sofar: TensorLike, after: Tensor] {
  return getDefaultGraph().nameScope(atK(what, k, classId), (scope) => {
    const batch = cast(reduceSum(countPerSet(what, labels, predictions, { classId, weights })), 'float64');
    const total = metricVariable([], 'float64', scope);
    return [total as TensorLike, assignAdd(total, batch, { name: 'update' }) as Tensor];
  });
}

// ---- precision and recall -----------------------------------------------------------------------------------------

type AtTopK = (labels: TensorLike, predictionsIdx: TensorLike, options?: AtTopKOptions) => Metric;
type AtK = (labels: TensorLike, predictions: TensorLike, k: number, options?: TopKMetricOptions) => Metric;

const shareAtTopK =
  (what: string, other: Count): AtTopK =>
  (labelsIn, predictionsIdx, options = {}) => {
    const { k, classId, name } = options;
    return getDefaultGraph().nameScope(name ?? atK(what, k, classId), (scope) => {
      const given = convertToTensor(predictionsIdx);
      const labels = expandLabels(labelsIn, given);
      const predictions = cast(given, 'int64');
      const [hits, newHits] = streamed('true_positive', labels, predictions, options);
      const [misses, newMisses] = streamed(other, labels, predictions, options);
      return collected(
        options,
        () => div(hits, add(hits, misses), { name: scope }),
        () => div(newHits, add(newHits, newMisses), { name: 'update' }),
      );
    });
  };
/**
 * Hits among the predictions [.., k], int64 classes, given labels [..] or [.., labels]; a float64 scalar.
 * @tensorflow tf.metrics.precision_at_top_k
 */
export const precisionAtTopK = shareAtTopK('precision', 'false_positive');
/**
 * Hits among the labels [..] or [.., labels], int64 classes, given predictions [.., k]; a float64 scalar.
 * @tensorflow tf.metrics.recall_at_top_k
 */
export const recallAtTopK = shareAtTopK('recall', 'false_negative');

const shareAtK =
  (what: string, ofTopK: AtTopK): AtK =>
  (labels, predictions, k, options = {}) =>
    getDefaultGraph().nameScope(options.name ?? atK(what, k, options.classId), (scope) => {
      const { indices } = topK(predictions, k);
      return ofTopK(labels, indices, { ...options, k, name: scope });
    });
/**
 * Hits among the k classes with the largest predictions [.., classes], given int64 labels [..] or [.., labels].
 * @tensorflow tf.metrics.precision_at_k
 * @tensorflow tf.metrics.sparse_precision_at_k
 */
export const precisionAtK = shareAtK('precision', precisionAtTopK);
/**
 * Hits among the int64 labels [..] or [.., labels], given predictions [.., classes] of which the k largest count.
 * @tensorflow tf.metrics.recall_at_k
 */
export const recallAtK = shareAtK('recall', recallAtTopK);

// ---- average precision --------------------------------------------------------------------------------------------

/** Labels that are no class are taken for none: -1. */
function cleaned(labels: TensorLike, count: Tensor): Tensor {
  const isOutside = greaterEqual(reduceMax(labels), count);
  const clean = () => {
    const outside = greaterEqual(labels, count);
    return whereV2(outside, onesLike(labels).rmul(-1), labels);
  };
  return cond(isOutside, clean, () => labels) as Tensor;
}

/** Labels [.., labels] once for each of the k places: [.., k, labels]. */
function repeated(labels: Tensor, k: number): Tensor {
  return getDefaultGraph().nameScope('labels_per_k', (scope) => {
    const expanded = expandDims(labels, -2, { name: 'expand' });
    if (k === 1) return expanded;
    const each = onesLike(shapeOf(labels));
    const before = each.at(s(null, -1));
    const multiples = concat([before, i32([k]), each.at(s(-1))] as readonly TensorLike[], 0, { name: 'multiples' });
    return tile(expanded, multiples, { name: scope });
  });
}
function relevantCount(labels: Tensor, k: number): Tensor {
  return getDefaultGraph().nameScope('num_relevant', (scope) => {
    const isLabel = greaterEqual(labels, 0);
    const one = onesLike(labels);
    const count = reduceSum(whereV2(isLabel, one, zerosLike(labels)), -1);
    return minimum(count, k, { name: scope });
  });
}
function averagePrecision(labelsIn: TensorLike, predictionsIdx: Tensor): Tensor {
  return getDefaultGraph().nameScope('average_precision', (scope) => {
    const predictions = cast(predictionsIdx, 'int64', { name: 'predictions_idx' });
    if (predictions.shape?.length === 0) {
      throw new GraphError('Value', 'The rank of predictions_idx must be at least 1.');
    }
    const k = predictions.shape?.at(-1);
    if (k == null) throw new GraphError('Value', 'The last dimension of predictions_idx must be set.');
    const labels = expandLabels(labelsIn, predictions);
    const perK = expandDims(predictions, -1, { name: 'predictions_idx_per_k' });
    const relevant = countPerSet('true_positive', repeated(labels, k), perK, { name: 'relevant_per_k' });
    const hits = cumsum(relevant, -1, { name: 'tp_per_k' });
    const retrieved = cumsum(onesLike(relevant), -1, { name: 'retrieved_per_k' });
    const precision = div(cast(hits, 'float64'), cast(retrieved, 'float64'), { name: 'precision_per_k' });
    const counted = multiply(precision, cast(relevant, 'float64'), { name: 'relevant_precision_per_k' });
    const sum = reduceSum(counted, { axis: [-1], name: 'precision_sum' });
    return div(sum, cast(relevantCount(labels, k), 'float64'), { name: scope });
  });
}

/**
 * The mean of the precisions at each place of the first k at which a label is hit. Predictions are [.., classes], labels
 * int64 [..] or [.., labels]. Raises Value for a k below 1.
 * @tensorflow tf.metrics.average_precision_at_k
 * @tensorflow tf.metrics.sparse_average_precision_at_k
 */
export function averagePrecisionAtK(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  k: number,
  options: MetricOptions = {},
): Metric {
  if (k < 1) throw new GraphError('Value', `Invalid k=${k}.`);
  const graph = getDefaultGraph();
  return graph.nameScope(options.name ?? atK('average_precision', k), (scope) => {
    const { indices } = topK(predictionsIn, k);
    const labels = cleaned(classes(labelsIn), cast(shapeOf(predictionsIn).at(-1), 'int64'));
    let precision = averagePrecision(labels, indices);
    let weights: Tensor | undefined;
    if (options.weights != null) {
      weights = broadcastWeights(cast(options.weights, 'float64'), precision);
      precision = multiply(precision, weights);
    }
    const [most, newMost] = graph.nameScope('max', (own) => {
      const variable = metricVariable([], 'float64', own);
      const batch = weights
        ? reduceSum(weights, { name: 'batch_max' })
        : cast(size(precision, { name: 'batch_max' }), 'float64');
      return [variable as TensorLike, assignAdd(variable, batch, { name: 'update' }) as Tensor];
    });
    const [total, newTotal] = graph.nameScope('total', (own) => {
      const variable = metricVariable([], 'float64', own);
      const batch = reduceSum(precision, { name: 'batch_total' });
      return [variable as TensorLike, assignAdd(variable, batch, { name: 'update' }) as Tensor];
    });
    const value = collect(options.metricsCollections, divNoNan(total, most, { name: 'mean' }));
    return [value, collect(options.updatesCollections, divNoNan(newTotal, newMost, { name: scope }))];
  });
}
