/** @file Metrics of predictions between 0 and 1, counted above each of several thresholds: areas under curves, and points on them. */
import { GraphError } from '../errors';
import { convertToTensor, dtypeIn, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { logging } from '../logging';
import { argmax, argmin } from './argmax';
import { multiply } from './arithmetic';
import { constant, identity, onesLike, reshape, shapeOf } from './array';
import { assertGreaterEqual, assertLessEqual } from './assertions';
import { cast } from './cast';
import { equal, greater, logicalAnd, logicalNot, where } from './compare';
import { cumsum } from './cumulative';
import { div, divNoNan } from './division';
import { i32 } from './expect';
import { stack } from './join';
import { aligned, checkCompatible, collected, type Metric, type MetricOptions, metricVariable } from './metrics_base';
import { minus, over, plus, times } from './operators';
import { tile } from './pad';
import { maximum, minimum } from './pairs';
import { transpose } from './permute';
import { reduceMin, reduceSum } from './reduce';
import { expandDims } from './shape';
import { s } from './slice';
import { assignAdd } from './state';
import { abs, log } from './unary';
import { variableScope } from './variable_scope';
import { broadcastWeights } from './weights';

// ---- counting -----------------------------------------------------------------------------------------------------

/** What is counted above each threshold, in the order of its nodes. */
const COUNTS = {
  tp: { name: 'true_positives', label: true, prediction: true },
  fn: { name: 'false_negatives', label: true, prediction: false },
  tn: { name: 'true_negatives', label: false, prediction: false },
  fp: { name: 'false_positives', label: false, prediction: true },
} as const;
type Kind = keyof typeof COUNTS;
const KINDS = Object.keys(COUNTS) as Kind[];

/** A count for each threshold, all float32 vectors: so far, or after this batch. */
type Counts = Readonly<Record<Kind, TensorLike>>;

/** metrics_impl._confusion_matrix_at_thresholds: the variables, and the ops that add this batch. */
function countAt(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  thresholds: readonly number[],
  weightsIn: TensorLike | null | undefined,
  kinds: readonly Kind[] = KINDS,
): [sofar: Counts, after: Counts] {
  const graph = getDefaultGraph();
  const dtype = dtypeIn(predictionsIn) ?? 'float32';
  const message = 'predictions must be in [0, 1]';
  const checks = [
    assertGreaterEqual(predictionsIn, cast(0, dtype), { message }),
    assertLessEqual(predictionsIn, cast(1, dtype), { message }),
  ];
  const { predictions, labels, weights } = graph.controlDependencies(checks, () => {
    const asFloat = cast(predictionsIn, 'float32');
    return aligned(asFloat, cast(labelsIn, 'bool'), weightsIn);
  });
  const n = thresholds.length;
  const column = reshape(predictions, i32([-1, 1]));
  const row = reshape(cast(labels, 'bool'), i32([1, -1]));
  const count = column.shape?.[0] ?? shapeOf(column).at(0);
  const edges = expandDims(constant([...thresholds]), i32([1]));
  const tiledEdges = tile(edges, typeof count === 'number' ? stack(i32([1, count])) : stack([1, count]));
  const isPositive = greater(tile(transpose(column), i32([n, 1])), tiledEdges);
  const needs = (key: 'label' | 'prediction') => kinds.some((kind) => !COUNTS[kind][key]);
  const isNegative = needs('prediction') ? logicalNot(isPositive) : isPositive;
  const labelled = tile(row, i32([n, 1]));
  const unlabelled = needs('label') ? logicalNot(labelled) : labelled;
  let tiledWeights: Tensor | undefined;
  if (weights !== null) {
    const full = broadcastWeights(cast(weights, 'float32'), predictions);
    tiledWeights = tile(reshape(full, i32([1, -1])), i32([n, 1]));
    checkCompatible(tiledEdges, tiledWeights);
  }
  const [sofar, after]: [Partial<Record<Kind, TensorLike>>, Partial<Record<Kind, TensorLike>>] = [{}, {}];
  for (const kind of KINDS) {
    if (!kinds.includes(kind)) continue;
    const { name, label, prediction } = COUNTS[kind];
    const variable = metricVariable([n], 'float32', name);
    let hits = cast(logicalAnd(label ? labelled : unlabelled, prediction ? isPositive : isNegative), 'float32');
    if (tiledWeights) hits = times(hits, tiledWeights);
    after[kind] = assignAdd(variable, reduceSum(hits, 1)) as Tensor;
    sofar[kind] = variable as TensorLike;
  }
  return [sofar as Counts, after as Counts];
}

type AtThresholds = (
  labels: TensorLike,
  predictions: TensorLike,
  thresholds: readonly number[],
  options?: MetricOptions,
) => Metric;
const counterAt =
  (kind: Kind): AtThresholds =>
  (labels, predictions, thresholds, options = {}) => {
    const { weights, name = null } = options;
    const scope = { defaultName: COUNTS[kind].name, values: [predictions, labels, weights] };
    return variableScope(name, scope, () => {
      const [sofar, after] = countAt(labels, predictions, thresholds, weights, [kind]);
      return collected(
        options,
        () => identity(sofar[kind]),
        () => after[kind] as Tensor,
      );
    });
  };
/**
 * How many labels are true and predictions above each threshold; predictions lie in [0, 1].
 * @tensorflow tf.metrics.true_positives_at_thresholds
 */
export const truePositivesAtThresholds = counterAt('tp');
/**
 * How many labels are true and predictions not above each threshold; predictions lie in [0, 1].
 * @tensorflow tf.metrics.false_negatives_at_thresholds
 */
export const falseNegativesAtThresholds = counterAt('fn');
/**
 * How many labels are false and predictions not above each threshold; predictions lie in [0, 1].
 * @tensorflow tf.metrics.true_negatives_at_thresholds
 */
export const trueNegativesAtThresholds = counterAt('tn');
/**
 * How many labels are false and predictions above each threshold; predictions lie in [0, 1].
 * @tensorflow tf.metrics.false_positives_at_thresholds
 */
export const falsePositivesAtThresholds = counterAt('fp');

const shareAt =
  (what: string, other: Kind): AtThresholds =>
  (labels, predictions, thresholds, options = {}) => {
    const { weights, name = null } = options;
    const scope = { defaultName: `${what}_at_thresholds`, values: [predictions, labels, weights] };
    return variableScope(name, scope, () => {
      const [sofar, after] = countAt(labels, predictions, thresholds, weights, ['tp', other]);
      const of = (counts: Counts, part: string) =>
        div(counts.tp, plus((counts.tp as Tensor).radd(1e-7), counts[other]), { name: `${what}_${part}` });
      return collected(
        options,
        () => of(sofar, 'value'),
        () => of(after, 'update_op'),
      );
    });
  };
/** True positives among all predicted to be true, for each threshold. @tensorflow tf.metrics.precision_at_thresholds */
export const precisionAtThresholds = shareAt('precision', 'fp');
/** True positives among all that are true, for each threshold. @tensorflow tf.metrics.recall_at_thresholds */
export const recallAtThresholds = shareAt('recall', 'fn');

// ---- areas under curves -------------------------------------------------------------------------------------------

const EDGE = 1e-7;
/** Thresholds between 0 and 1 at equal distances. */
const between = (n: number): number[] => Array.from({ length: Math.max(n - 2, 0) }, (_, i) => (i + 1) / (n - 1));

export interface AucOptions extends MetricOptions {
  /** Into how many thresholds [0, 1] is cut; 200 by default. */
  readonly numThresholds?: number | undefined;
  /** True over false positive rate, or precision over recall. */
  readonly curve?: 'ROC' | 'PR' | undefined;
  /** How the area between two thresholds is reckoned. */
  readonly summationMethod?: 'trapezoidal' | 'careful_interpolation' | 'minoring' | 'majoring' | undefined;
  /** Thresholds of one's own, in place of `numThresholds`; 0 and 1 are added. */
  readonly thresholds?: readonly number[] | null | undefined;
}
/**
 * The area under the ROC or precision-recall curve; predictions lie in [0, 1]. Raises Value for an unknown curve or
 * summation method.
 * @tensorflow tf.metrics.auc
 */
export function auc(labels: TensorLike, predictions: TensorLike, options: AucOptions = {}): Metric {
  const { weights, curve = 'ROC', summationMethod = 'trapezoidal', thresholds, name = null } = options;
  return variableScope(name, { defaultName: 'auc', values: [labels, predictions, weights] }, () => {
    if (curve !== 'ROC' && curve !== 'PR') {
      throw new GraphError('Value', `curve must be either ROC or PR, ${curve} unknown`);
    }
    const inner = thresholds ? [...thresholds].sort((a, b) => a - b) : between(options.numThresholds ?? 200);
    const n = thresholds ? inner.length + 2 : (options.numThresholds ?? 200);
    const [sofar, after] = countAt(labels, predictions, [-EDGE, ...inner, 1 + EDGE], weights);
    const area = (counts: Counts, part: string): Tensor => {
      if (curve === 'PR' && summationMethod === 'careful_interpolation') return interpolated(counts, n);
      if (curve === 'PR' && summationMethod === 'trapezoidal') {
        const advice = 'please switch to "careful_interpolation" instead.';
        logging.warn(`Trapezoidal rule is known to produce incorrect PR-AUCs; ${advice}`);
      }
      return sumUnder(curvePoints(counts, curve), n, summationMethod, part);
    };
    return collected(
      options,
      () => area(sofar, 'value'),
      () => area(after, 'update_op'),
    );
  });
}

const SMALL = 1e-6;
interface Points {
  readonly x: Tensor;
  readonly y: Tensor;
}
function curvePoints({ tp, fn, tn, fp }: Counts, curve: 'ROC' | 'PR'): Points {
  const above = plus(tp, SMALL);
  const recall = div(above, plus(plus(tp, fn), SMALL));
  if (curve === 'ROC') return { x: div(fp, plus(plus(fp, tn), SMALL)), y: recall };
  const right = plus(tp, SMALL);
  return { x: recall, y: div(right, plus(plus(tp, fp), SMALL)) };
}

const HEIGHTS: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  trapezoidal: (a, b) => over(plus(a, b), 2),
  careful_interpolation: (a, b) => over(plus(a, b), 2),
  minoring: (a, b) => minimum(a, b),
  majoring: (a, b) => maximum(a, b),
};
/** Without the last point, and without the first; a variable is read before. */
const left = (x: TensorLike, n: number): Tensor => convertToTensor(x).at(s(null, n - 1));
const right = (x: TensorLike): Tensor => convertToTensor(x).at(s(1));

function sumUnder({ x, y }: Points, n: number, method: string, name: string): Tensor {
  const height = HEIGHTS[method];
  if (!height) throw new GraphError('Value', `Invalid summation_method: ${method}`);
  const from = left(x, n);
  const width = minus(from, right(x));
  const low = left(y, n);
  return reduceSum(multiply(width, height(low, right(y))), { name });
}

/** The area under a precision-recall curve where true positives grow evenly between two thresholds. */
function interpolated({ tp, fp, fn }: Counts, n: number): Tensor {
  const difference = (x: TensorLike): Tensor => {
    const from = left(x, n);
    return minus(from, right(x));
  };
  const gained = difference(tp);
  const p = plus(tp, fp);
  const slope = divNoNan(gained, maximum(difference(p), 0), { name: 'prec_slope' });
  const start = right(tp);
  const intercept = minus(start, multiply(slope, right(p)));
  const some = greater(left(p, n), 0);
  const both = logicalAnd(some, greater(right(p), 0));
  const from = left(p, n);
  const ratio = divNoNan(from, maximum(right(p), 0), { name: 'recall_relative_ratio' });
  const safe = where(both, ratio, onesLike(right(p)));
  const gain = times(slope, plus(gained, times(intercept, log(safe))));
  const hit = right(tp);
  const all = maximum(plus(hit, right(fn)), 0);
  return reduceSum(divNoNan(gain, all, { name: 'pr_auc_increment' }), { name: 'interpolate_pr_auc' });
}

// ---- points on the ROC curve --------------------------------------------------------------------------------------

export interface OperatingPointOptions extends MetricOptions {
  /** Into how many thresholds [0, 1] is cut; 200 by default. */
  readonly numThresholds?: number | undefined;
}
/** What holds at the threshold that `choose` finds by the counts. */
function pointWhere(
  defaultName: string,
  labels: TensorLike,
  predictions: TensorLike,
  last: number,
  options: OperatingPointOptions,
  [wanted, rest]: readonly [Kind, Kind],
  choose: (counts: Counts) => Tensor,
): Metric {
  const { weights, numThresholds = 200, name = null } = options;
  return variableScope(name, { defaultName, values: [predictions, labels, weights] }, () => {
    const [sofar, after] = countAt(labels, predictions, [-EDGE, ...between(numThresholds), last], weights);
    const of = (counts: Counts, part: string): Tensor => {
      const at = cast(choose(counts), 'int32');
      const pick = (kind: Kind): Tensor => convertToTensor(counts[kind]).at(at);
      const hit = pick(wanted);
      const again = pick(wanted);
      return div(hit, plus(plus(again, pick(rest)), EDGE), { name: part });
    };
    return collected(
      options,
      () => of(sofar, 'value'),
      () => of(after, 'update_op'),
    );
  });
}
function checkShare(what: string, x: number): void {
  if (x < 0 || x > 1) throw new GraphError('Value', `\`${what}\` must be in the range [0, 1].`);
}

/**
 * The sensitivity (recall) at the threshold whose specificity is nearest to the given one. Raises Value unless that
 * lies in [0, 1].
 * @tensorflow tf.metrics.sensitivity_at_specificity
 */
export function sensitivityAtSpecificity(
  labels: TensorLike,
  predictions: TensorLike,
  specificity: number,
  options: OperatingPointOptions = {},
): Metric {
  checkShare('specificity', specificity);
  const scope = 'sensitivity_at_specificity';
  return pointWhere(scope, labels, predictions, 1 + EDGE, options, ['tp', 'fn'], ({ tn, fp }) => {
    const specificities = div(tn, plus(plus(tn, fp), EDGE));
    return argmin(abs(minus(specificities, specificity)), 0);
  });
}
/**
 * The specificity at the last threshold whose sensitivity is nearest to the given one. Raises Value unless that lies in
 * [0, 1].
 * @tensorflow tf.metrics.specificity_at_sensitivity
 */
export function specificityAtSensitivity(
  labels: TensorLike,
  predictions: TensorLike,
  sensitivity: number,
  options: OperatingPointOptions = {},
): Metric {
  checkShare('sensitivity', sensitivity);
  const scope = 'specificity_at_sensitivity';
  return pointWhere(scope, labels, predictions, 1 - EDGE, options, ['tn', 'fp'], ({ tp, fn }) => {
    const sensitivities = div(tp, plus(plus(tp, fn), EDGE));
    const least = reduceMin(abs(minus(sensitivities, sensitivity)));
    const isNearest = equal(abs(minus(sensitivities, sensitivity)), least);
    return argmax(cumsum(cast(isNearest, 'int64')), 0);
  });
}
