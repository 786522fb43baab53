/** @file TFLearn's metrics: classes that a model builds on its predictions and targets, and the ops they make. */
import { GraphError } from '../errors';
import { Tensor } from '../graph/operation';
import { argmax } from '../ops/argmax';
import { addN, subtract } from '../ops/arithmetic';
import { cast } from '../ops/cast';
import { equal, greater } from '../ops/compare';
import { Print } from '../ops/control';
import { divide } from '../ops/division';
import { inTopK } from '../ops/gather';
import { reduceMean, reduceSum } from '../ops/reduce';
import { square } from '../ops/unary';
import { uniqueWithCounts } from '../ops/unique';
import { byName } from './lookup';

// ---- ops ----------------------------------------------------------------------------------------------------------

function checkTargets(targets: unknown): asserts targets is Tensor {
  if (targets instanceof Tensor) return;
  throw new GraphError('Value', `mean_accuracy 'input' argument only accepts type Tensor, '${typeof targets}' given.`);
}
const meanOf = (hits: Tensor): Tensor => reduceMean(cast(hits, 'float32'));

/**
 * How often the likeliest class is the right one. Raises Value for targets that are no tensor.
 * @tensorflow tflearn.accuracy_op
 */
export function accuracyOp(predictions: Tensor, targets: Tensor): Tensor {
  checkTargets(targets);
  return predictions.graph.nameScope('Accuracy', () => {
    const chosen = argmax(predictions, 1);
    return meanOf(equal(chosen, argmax(targets, 1)));
  });
}
/** How often logits are above 0 where targets are 1, as tflearn.metrics.binary_accuracy_op. */
export function binaryAccuracyOp(predictions: Tensor, targets: Tensor): Tensor {
  checkTargets(targets);
  return predictions.graph.nameScope('BinaryAccuracy', () => {
    const yes = cast(greater(predictions, 0), 'float32');
    return meanOf(equal(yes, cast(targets, 'float32')));
  });
}
/** How often the right class is among the k likeliest. @tensorflow tflearn.top_k_op */
export const topKOp = (predictions: Tensor, targets: Tensor, k = 1): Tensor =>
  predictions.graph.nameScope(`Top_${k}`, () => {
    const classes = cast(targets, 'int32');
    return meanOf(inTopK(predictions, argmax(classes, 1), k));
  });
/** The coefficient of determination. @tensorflow tflearn.r2_op */
export const r2Op = (predictions: Tensor, targets: Tensor): Tensor =>
  predictions.graph.nameScope('StandardError', () => {
    const error = reduceSum(square(subtract(targets, predictions)));
    const spread = reduceSum(square(subtract(targets, reduceMean(targets))));
    return subtract(1, divide(error, spread));
  });
/** How far predictions are from the inputs, measured by the targets; as tflearn.metrics.weighted_r2_op. */
export const weightedR2Op = (predictions: Tensor, targets: Tensor, inputs: Tensor | readonly Tensor[]): Tensor =>
  predictions.graph.nameScope('WeightedStandardError', () => {
    const x = inputs instanceof Tensor ? inputs : addN(inputs);
    if (String(x.shape) !== String(targets.shape)) {
      throw new GraphError('Value', 'Weighted R2 metric requires Inputs and Targets to have same shape.');
    }
    const moved = reduceSum(square(predictions.sub(x)));
    return divide(moved, reduceSum(square(targets.sub(x))));
  });

// ---- classes ------------------------------------------------------------------------------------------------------

export interface MetricOptions {
  /** What the log shows. */
  readonly name?: string | null | undefined;
}
/** What the log calls a metric's tensor. */
const shown = new WeakMap<Tensor, string>();
export const metricName = (metric: Tensor): string => shown.get(metric) ?? metric.name.split(':')[0]!;

/** What a model measures; subclasses say how. As tflearn.metrics.Metric. @tensorflow tflearn.metrics.Metric */
export abstract class Metric {
  name: string | null;
  #tensor: Tensor | null = null;

  constructor({ name = null }: MetricOptions = {}) {
    this.name = name;
  }
  protected abstract make(predictions: Tensor, targets: Tensor, inputs: readonly Tensor[]): Tensor;

  build(predictions: Tensor, targets: Tensor, inputs: readonly Tensor[] = []): void {
    this.#tensor = this.make(predictions, targets, inputs);
    if (this.name !== null) shown.set(this.#tensor, this.name);
  }
  /** Raises Value before build. */
  getTensor(): Tensor {
    if (this.#tensor) return this.#tensor;
    throw new GraphError(
      'Value',
      "Metric class Tensor hasn't be built. 'build' method must be invoked before using 'get_tensor'.",
    );
  }
}

const isSingle = ({ shape }: Tensor): boolean => shape?.length === 1 || (shape?.length === 2 && shape[1] === 1);

/**
 * Accuracy of classes, or of yes and no where predictions are one number a row.
 * @tensorflow tflearn.metrics.Accuracy
 */
export class Accuracy extends Metric {
  protected make(predictions: Tensor, targets: Tensor): Tensor {
    const single = isSingle(predictions);
    this.name ||= single ? 'binary_acc' : 'acc';
    return single ? binaryAccuracyOp(predictions, targets) : accuracyOp(predictions, targets);
  }
}
/** Whether the right class is among the k likeliest. @tensorflow tflearn.metrics.Top_k */
export class TopK extends Metric {
  readonly k: number;
  constructor(k = 1, options: MetricOptions = {}) {
    super({ name: options.name || `top${k}` });
    this.k = k;
  }
  protected make(predictions: Tensor, targets: Tensor): Tensor {
    return topKOp(predictions, targets, this.k);
  }
}
/** The coefficient of determination. @tensorflow tflearn.metrics.R2 */
export class R2 extends Metric {
  constructor(options: MetricOptions = {}) {
    super({ name: options.name || 'R2' });
  }
  protected make(predictions: Tensor, targets: Tensor): Tensor {
    return r2Op(predictions, targets);
  }
}
/** As tflearn.metrics.WeightedR2. @tensorflow tflearn.metrics.WeightedR2 */
export class WeightedR2 extends Metric {
  constructor(options: MetricOptions = {}) {
    super({ name: options.name || 'R2' });
  }
  protected make(predictions: Tensor, targets: Tensor, inputs: readonly Tensor[]): Tensor {
    return weightedR2Op(predictions, targets, inputs);
  }
}
/**
 * Another metric, which also prints how often each class is predicted.
 * @tensorflow tflearn.metrics.Prediction_Counts
 */
export class PredictionCounts extends Metric {
  readonly inner: Metric;
  constructor(inner: Metric, options: MetricOptions = {}) {
    super(options);
    this.inner = inner;
  }
  protected make(predictions: Tensor, targets: Tensor, inputs: readonly Tensor[]): Tensor {
    this.inner.build(predictions, targets, inputs);
    return predictions.graph.nameScope(this.name, () => {
      const single = isSingle(predictions);
      this.name ||= single ? 'binary_prediction_counts' : 'categorical_prediction_counts';
      const { y, count } = uniqueWithCounts(argmax(predictions, single ? 0 : 1));
      return Print(this.inner.getTensor(), [y, count], { name: this.inner.name ?? undefined });
    });
  }
}

const KINDS: Readonly<Record<string, new () => Metric>> = {
  Accuracy,
  accuracy: Accuracy,
  Top_k: TopK,
  top_k: TopK,
  R2,
  WeightedR2,
};
/** A metric by TFLearn's name; raises Value for others. As tflearn.metrics.get. */
export const get = (name: string): Metric => new (byName(KINDS, name, 'metrics'))();
