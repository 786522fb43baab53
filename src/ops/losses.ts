/** @file tf.losses: losses with weights, put into the collection LOSSES. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { compatible, tupleShape } from '../value/shape';
import { relu } from './activations';
import { add, addN, multiply, subtract } from './arithmetic';
import { constant, shapeOf } from './array';
import { cast } from './cast';
import { equal, where } from './compare';
import { cond } from './cond';
import {
  sigmoidCrossEntropyWithLogits,
  softmaxCrossEntropyWithLogitsV2,
  sparseSoftmaxCrossEntropyWithLogits,
} from './cross_entropy';
import { divNoNan } from './division';
import { stopGradient } from './identity';
import { maximum, minimum, squaredDifference } from './pairs';
import { range } from './range';
import { reduceSum } from './reduce';
import { onesLike, rank, size, squeeze, zerosLike } from './shape';
import { abs, log, square } from './unary';
import { assertBroadcastable, broadcastWeights } from './weights';

/** How the losses of the elements become one. @tensorflow tf.losses.Reduction */
export const Reduction = {
  NONE: 'none',
  SUM: 'weighted_sum',
  SUM_OVER_BATCH_SIZE: 'weighted_sum_over_batch_size',
  MEAN: 'weighted_mean',
  SUM_BY_NONZERO_WEIGHTS: 'weighted_sum_by_nonzero_weights',
  SUM_OVER_NONZERO_WEIGHTS: 'weighted_sum_by_nonzero_weights',
} as const;

export interface LossOptions {
  /** A scalar, or a tensor that broadcasts to the losses. */
  readonly weights?: TensorLike | undefined;
  readonly scope?: string | null | undefined;
  /** Where the loss is put; null for nowhere. */
  readonly lossCollection?: string | null | undefined;
  readonly reduction?: string | undefined;
}

const totalOver = (total: Tensor, present: TensorLike): Tensor =>
  divNoNan(reduceSum(total), present, { name: 'value' });

function numPresent(losses: Tensor, weights: Tensor, perBatch = false): Tensor {
  return losses.graph.nameScope('num_present', (scope) => {
    const w = cast(weights, 'float32');
    const zero = equal(w, 0);
    const none = zerosLike(w);
    const present = broadcastWeights(where(zero, none, onesLike(w)), losses);
    if (!perBatch) return reduceSum(present, { name: scope });
    return reduceSum(present, { axis: range(1, rank(present), { dtype: 'int32' }), keepdims: true, name: scope });
  });
}

/**
 * Weights losses and reduces them. Raises Value for an unknown reduction.
 * @tensorflow tf.losses.compute_weighted_loss
 */
export function computeWeightedLoss(lossesIn: TensorLike, options: LossOptions = {}): Tensor {
  const { weights: given = 1, scope, lossCollection = GraphKeys.LOSSES } = options;
  const { reduction = Reduction.SUM_BY_NONZERO_WEIGHTS } = options;
  if (!(Object.values(Reduction) as string[]).includes(reduction)) {
    throw new GraphError('Value', `Invalid Reduction Key ${reduction}.`);
  }
  const graph = getDefaultGraph();
  return graph.nameScope(scope ?? 'weighted_loss', () =>
    graph.controlDependencies([assertBroadcastable(given, lossesIn)], () => {
      const converted = convertToTensor(lossesIn);
      const losses = cast(converted, 'float32');
      const weights = cast(given, 'float32');
      const weighted = multiply(losses, weights);
      let loss = weighted;
      if (reduction !== Reduction.NONE) {
        loss = reduceSum(weighted);
        if (reduction === Reduction.MEAN) loss = totalOver(loss, reduceSum(onesLike(losses).mul(weights)));
        else if (reduction === Reduction.SUM_BY_NONZERO_WEIGHTS) loss = totalOver(loss, numPresent(losses, weights));
        else if (reduction === Reduction.SUM_OVER_BATCH_SIZE) {
          const count = graph.nameScope('num_elements', (s) => cast(size(losses, { name: s }), losses.dtype));
          loss = totalOver(loss, count);
        }
      }
      loss = cast(loss, converted.dtype);
      addLoss(loss, lossCollection);
      return loss;
    }),
  );
}

function floats(a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  const [x, y] = [cast(a, 'float32'), cast(b, 'float32')];
  checkShapes(x, y);
  return [x, y];
}
function checkShapes(x: Tensor, y: Tensor): void {
  if (compatible(x.shape, y.shape)) return;
  throw new GraphError('Value', `Shapes ${tupleShape(x.shape)} and ${tupleShape(y.shape)} are incompatible`);
}
function given(name: string, x: unknown): void {
  if (x === null || x === undefined) throw new GraphError('Value', `${name} must not be None.`);
}

/** A loss of predictions and labels in a scope of its own. */
function paired(
  labels: TensorLike,
  predictions: TensorLike,
  name: string,
  options: LossOptions,
  losses: (predictions: Tensor, labels: Tensor) => Tensor,
  called = 'predictions',
): Tensor {
  given('labels', labels);
  given(called, predictions);
  return getDefaultGraph().nameScope(options.scope ?? name, (scope) => {
    const [p, l] = floats(predictions, labels);
    return computeWeightedLoss(losses(p, l), { ...options, scope });
  });
}

/** |predictions - labels|. @tensorflow tf.losses.absolute_difference */
export const absoluteDifference = (labels: TensorLike, predictions: TensorLike, options: LossOptions = {}): Tensor =>
  paired(labels, predictions, 'absolute_difference', options, (p, l) => abs(subtract(p, l)));

/** (predictions - labels)^2. @tensorflow tf.losses.mean_squared_error */
export const meanSquaredError = (labels: TensorLike, predictions: TensorLike, options: LossOptions = {}): Tensor =>
  paired(labels, predictions, 'mean_squared_error', options, (p, l) => squaredDifference(p, l));

/** 1 - predictions . labels along `axis`, both of unit length. @tensorflow tf.losses.cosine_distance */
export function cosineDistance(
  labels: TensorLike,
  predictions: TensorLike,
  options: LossOptions & { readonly axis?: number | undefined } = {},
): Tensor {
  const { axis } = options;
  if (axis === undefined) throw new GraphError('Value', "You must specify 'axis'.");
  return paired(labels, predictions, 'cosine_distance_loss', options, (p, l) =>
    reduceSum(multiply(p, l), { axis: [axis], keepdims: true }).rsub(1),
  );
}

/** max(0, 1 - labels * logits) for labels 0 and 1. @tensorflow tf.losses.hinge_loss */
export const hingeLoss = (labels: TensorLike, logits: TensorLike, options: LossOptions = {}): Tensor =>
  paired(
    labels,
    logits,
    'hinge_loss',
    options,
    (p, l) => {
      const ones = onesLike(l);
      const signs = subtract(l.rmul(2), ones);
      return relu(subtract(ones, multiply(signs, p)));
    },
    'logits',
  );

/** Quadratic up to `delta`, linear beyond. @tensorflow tf.losses.huber_loss */
export function huberLoss(
  labels: TensorLike,
  predictions: TensorLike,
  options: LossOptions & { readonly delta?: number | undefined } = {},
): Tensor {
  const { delta = 1 } = options;
  return paired(labels, predictions, 'huber_loss', options, (p, l) => {
    const error = abs(subtract(p, l));
    const quadratic = minimum(error, delta);
    const linear = subtract(error, quadratic);
    const half = convertToTensor(0.5, { dtype: quadratic.dtype });
    const inner = multiply(half, multiply(quadratic, quadratic));
    return add(inner, multiply(delta, linear));
  });
}

/** Cross entropy of probabilities. @tensorflow tf.losses.log_loss */
export function logLoss(
  labels: TensorLike,
  predictions: TensorLike,
  options: LossOptions & { readonly epsilon?: number | undefined } = {},
): Tensor {
  const { epsilon = 1e-7 } = options;
  return paired(labels, predictions, 'log_loss', options, (p, l) => {
    const hit = multiply(l, log(p.add(epsilon))).neg();
    const rest = l.rsub(1);
    return hit.sub(multiply(rest, log(p.rsub(1).add(epsilon))));
  });
}

/** Differences between all pairs of errors of a sample. @tensorflow tf.losses.mean_pairwise_squared_error */
export function meanPairwiseSquaredError(
  labelsIn: TensorLike,
  predictions: TensorLike,
  { weights: given1 = 1, scope, lossCollection = GraphKeys.LOSSES }: LossOptions = {},
): Tensor {
  given('labels', labelsIn);
  given('predictions', predictions);
  const graph = getDefaultGraph();
  return graph.nameScope(scope ?? 'mean_pairwise_squared_error', () => {
    const weights = cast(given1, 'float32');
    const labels = cast(labelsIn, 'float32');
    return graph.controlDependencies([assertBroadcastable(weights, labels)], () => {
      const p = cast(predictions, 'float32');
      checkShapes(p, labels);
      const diffs = subtract(p, labels);
      const axis = range(1, rank(diffs), { dtype: 'int32' });
      const squares = reduceSum(square(diffs), { axis, keepdims: true });
      const present = numPresent(diffs, weights, true);
      const term1 = divNoNan(squares, maximum(present.sub(1), 0), { name: 'value' }).rmul(2);
      const sums = reduceSum(diffs, { axis, keepdims: true });
      const squared = square(sums);
      const term2 = divNoNan(squared, maximum(multiply(present, present.sub(1)), 0), { name: 'value' }).rmul(2);
      const loss = reduceSum(multiply(term1.sub(term2), weights));
      const some = reduceSum(present).greater(0);
      const mean = where(some, loss, zerosLike(loss), { name: 'value' });
      addLoss(mean, lossCollection);
      return mean;
    });
  });
}

export interface SmoothedLossOptions extends LossOptions {
  /** Above 0, labels are pulled towards the middle (sigmoid) or the uniform distribution (softmax). */
  readonly labelSmoothing?: number | undefined;
}

/** Cross entropy of independent classes. @tensorflow tf.losses.sigmoid_cross_entropy */
export function sigmoidCrossEntropy(
  multiClassLabels: TensorLike,
  logitsIn: TensorLike,
  options: SmoothedLossOptions = {},
): Tensor {
  const { labelSmoothing: smooth = 0 } = options;
  given('multi_class_labels', multiClassLabels);
  given('logits', logitsIn);
  return getDefaultGraph().nameScope(options.scope ?? 'sigmoid_cross_entropy_loss', (scope) => {
    const logits = convertToTensor(logitsIn);
    let labels = cast(multiClassLabels, logits.dtype);
    checkShapes(logits, labels);
    if (smooth > 0) labels = labels.mul(1 - smooth).add(0.5 * smooth);
    const losses = sigmoidCrossEntropyWithLogits({ labels, logits, name: 'xentropy' });
    return computeWeightedLoss(losses, { ...options, scope });
  });
}

/** Cross entropy of one class out of many, labels as distributions. @tensorflow tf.losses.softmax_cross_entropy */
export function softmaxCrossEntropy(
  onehotLabels: TensorLike,
  logitsIn: TensorLike,
  options: SmoothedLossOptions = {},
): Tensor {
  const { labelSmoothing: smooth = 0 } = options;
  given('onehot_labels', onehotLabels);
  given('logits', logitsIn);
  return getDefaultGraph().nameScope(options.scope ?? 'softmax_cross_entropy_loss', (scope) => {
    const logits = convertToTensor(logitsIn);
    let labels = cast(onehotLabels, logits.dtype);
    checkShapes(logits, labels);
    if (smooth > 0) {
      const classes = cast(shapeOf(labels).at(-1), logits.dtype);
      const rest = classes.rtruediv(smooth);
      labels = labels.mul(1 - smooth).add(rest);
    }
    labels = stopGradient(labels, { name: 'labels_stop_gradient' });
    const losses = softmaxCrossEntropyWithLogitsV2({ labels, logits, name: 'xentropy' });
    return computeWeightedLoss(losses, { ...options, scope });
  });
}

/** Cross entropy of one class out of many, labels as indices. @tensorflow tf.losses.sparse_softmax_cross_entropy */
export function sparseSoftmaxCrossEntropy(
  labelsIn: TensorLike,
  logitsIn: TensorLike,
  options: LossOptions = {},
): Tensor {
  given('labels', labelsIn);
  given('logits', logitsIn);
  return getDefaultGraph().nameScope(options.scope ?? 'sparse_softmax_cross_entropy_loss', (scope) => {
    const [labels, logits] = removeSqueezable(labelsIn, logitsIn, 1);
    const weights = squeezeWeights(options.weights ?? 1, labels);
    const losses = sparseSoftmaxCrossEntropyWithLogits({ labels, logits, name: 'xentropy' });
    return computeWeightedLoss(losses, { ...options, weights, scope });
  });
}

/** confusion_matrix.remove_squeezable_dimensions: drops a last dimension of 1 where the ranks ask for it. */
export function removeSqueezable(labelsIn: TensorLike, predictionsIn: TensorLike, expected = 0): [Tensor, Tensor] {
  return getDefaultGraph().nameScope('remove_squeezable_dimensions', () => {
    const predictions = convertToTensor(predictionsIn);
    const labels = convertToTensor(labelsIn);
    const [p, l] = [predictions.shape, labels.shape];
    if (p && l) {
      const diff = p.length - l.length;
      if (diff === expected + 1) return [labels, squeeze(predictions, [-1])];
      if (diff === expected - 1) return [squeeze(labels, [-1]), predictions];
      return [labels, predictions];
    }
    const diff = rank(predictions).sub(rank(labels));
    const squeezed = (x: Tensor, by: number): Tensor =>
      cond(
        equal(by, diff),
        () => squeeze(x, [-1]),
        () => x,
      ) as Tensor;
    const q = p === null || compatible(p.slice(-1), [1]) ? squeezed(predictions, expected + 1) : predictions;
    const m = l === null || compatible(l.slice(-1), [1]) ? squeezed(labels, expected - 1) : labels;
    return [m, q];
  });
}

function squeezeWeights(weightsIn: TensorLike, labels: Tensor): Tensor {
  const weights = convertToTensor(weightsIn);
  if (weights.shape && labels.shape) {
    return weights.shape.length - labels.shape.length === 1 ? squeeze(weights, [-1]) : weights;
  }
  const diff = rank(weights).sub(rank(labels));
  const may = weights.shape === null || (weights.shape.length > 0 && compatible(weights.shape.slice(-1), [1]));
  if (!may) return weights;
  return cond(
    equal(1, diff),
    () => squeeze(weights, [-1]),
    () => weights,
  ) as Tensor;
}

/** Puts a loss into a collection. @tensorflow tf.losses.add_loss */
export function addLoss(loss: Tensor, lossCollection: string | null = GraphKeys.LOSSES): void {
  if (lossCollection) loss.graph.addToCollection(lossCollection, loss);
}
/** The losses collected so far. @tensorflow tf.losses.get_losses */
export const getLosses = (scope?: string | null, lossCollection: string = GraphKeys.LOSSES): Tensor[] =>
  getDefaultGraph().getCollection<Tensor>(lossCollection, scope);
/** What regularizers added so far. @tensorflow tf.losses.get_regularization_losses */
export const getRegularizationLosses = (scope?: string | null): Tensor[] =>
  getDefaultGraph().getCollection<Tensor>(GraphKeys.REGULARIZATION_LOSSES, scope);
/**
 * The sum of the regularization losses; a constant 0 where there are none.
 * @tensorflow tf.losses.get_regularization_loss
 */
export function getRegularizationLoss(scope?: string | null, { name = 'total_regularization_loss' } = {}): Tensor {
  const losses = getRegularizationLosses(scope);
  return losses.length > 0 ? addN(losses, { name }) : constant(0);
}
export interface TotalLossOptions {
  readonly addRegularizationLosses?: boolean | undefined;
  readonly name?: string | undefined;
  readonly scope?: string | null | undefined;
}
/** The sum of LOSSES and, by default, of the regularization losses. @tensorflow tf.losses.get_total_loss */
export function getTotalLoss({
  addRegularizationLosses = true,
  name = 'total_loss',
  scope,
}: TotalLossOptions = {}): Tensor {
  return addN([...getLosses(scope), ...(addRegularizationLosses ? getRegularizationLosses(scope) : [])], { name });
}
