/** @file TFLearn's losses, by function and by name. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { softmax } from '../ops/activations';
import { multiply } from '../ops/arithmetic';
import { constant, reshape, zerosLike } from '../ops/array';
import { cast, toFloat } from '../ops/cast';
import { clipByValue } from '../ops/clip';
import { logicalNot } from '../ops/compare';
import {
  sigmoidCrossEntropyWithLogits,
  softmaxCrossEntropyWithLogits,
  weightedCrossEntropyWithLogits,
} from '../ops/cross_entropy';
import { i32 } from '../ops/expect';
import { booleanMask } from '../ops/gather';
import { maximum, pow } from '../ops/pairs';
import { reduceMean, reduceSum } from '../ops/reduce';
import { expandDims } from '../ops/shape';
import { log, square } from '../ops/unary';
import { byName } from './lookup';

/** A scalar of predictions and targets. */
export type Objective = (yPred: Tensor, yTrue: Tensor) => Tensor;
const EPSILON = 1e-10;

/** The mean softmax cross entropy of logits. @tensorflow tflearn.softmax_categorical_crossentropy */
export const softmaxCategoricalCrossentropy: Objective = (logits, labels) =>
  logits.graph.nameScope('SoftmaxCrossentropy', () => reduceMean(softmaxCrossEntropyWithLogits({ labels, logits })));

/**
 * The mean cross entropy of probabilities, which are first divided by their sum and then kept from 1e-10 to 1 - 1e-10, as
 * tflearn.categorical_crossentropy.
 * @tensorflow tflearn.categorical_crossentropy
 */
export const categoricalCrossentropy: Objective = (yPred, yTrue) =>
  yPred.graph.nameScope('Crossentropy', () => {
    const axis = yPred.shape!.length - 1;
    const shares = yPred.truediv(reduceSum(yPred, { axis, keepdims: true }));
    const kept = clipByValue(shares, cast(EPSILON, 'float32'), cast(1 - EPSILON, 'float32'));
    return reduceMean(reduceSum(yTrue.mul(log(kept)), { axis }).neg());
  });

/** The mean sigmoid cross entropy of logits. @tensorflow tflearn.binary_crossentropy */
export const binaryCrossentropy: Objective = (logits, labels) =>
  logits.graph.nameScope('BinaryCrossentropy', () => reduceMean(sigmoidCrossEntropyWithLogits({ labels, logits })));

/** The mean sigmoid cross entropy with positive targets weighted. @tensorflow tflearn.weighted_crossentropy */
export const weightedCrossentropy = (logits: Tensor, targets: Tensor, weight = 1): Tensor =>
  logits.graph.nameScope('WeightedCrossentropy', () =>
    reduceMean(weightedCrossEntropyWithLogits({ targets, logits, posWeight: weight })),
  );

/** The mean squared error. @tensorflow tflearn.mean_square */
export const meanSquare: Objective = (yPred, yTrue) =>
  yPred.graph.nameScope('MeanSquare', () => reduceMean(square(yPred.sub(yTrue))));

/** The mean of max(1 - y * prediction, 0). @tensorflow tflearn.hinge_loss */
export const hingeLoss: Objective = (yPred, yTrue) =>
  yPred.graph.nameScope('HingeLoss', () => reduceMean(maximum(yTrue.mul(yPred).rsub(1), 0)));

/** Approximates the area under the ROC curve by pairs of positive and negative rows, as tflearn.objectives.roc_auc_score. */
export const rocAucScore: Objective = (yPred, yTrue) =>
  yPred.graph.nameScope('RocAucScore', () => {
    const positive = booleanMask(yPred, cast(yTrue, 'bool'));
    const negative = booleanMask(yPred, logicalNot(cast(yTrue, 'bool')));
    const [row, column] = [expandDims(positive, i32(0)), expandDims(negative, i32(1))];
    const difference = zerosLike(row.mul(column)).add(row).sub(column).sub(0.2);
    const masked = booleanMask(difference, difference.less(0));
    return reduceSum(pow(masked.neg(), 3));
  });

export interface WeakCrossEntropyOptions {
  /** The last dimension of the targets unless given. */
  readonly numClasses?: number | null | undefined;
  readonly epsilon?: number | undefined;
  /** A weight for each class. */
  readonly head?: readonly number[] | null | undefined;
}
/** The mean softmax cross entropy of images of logits, as tflearn.objectives.weak_cross_entropy_2d. */
export function weakCrossEntropy2d(yPred: Tensor, yTrue: Tensor, options: WeakCrossEntropyOptions = {}): Tensor {
  const { numClasses, epsilon = 0.0001, head = null } = options;
  const classes = numClasses ?? yTrue.shape?.at(-1);
  if (classes == null) throw new GraphError('Assertion', 'num_classes is not given, and the targets do not tell it.');
  return yPred.graph.nameScope('weakCrossEntropy2d', () => {
    const logits = reshape(yPred, [-1, classes]).add(constant(epsilon, yPred.dtype));
    const wanted = toFloat(reshape(yTrue, [-1, classes]));
    const shares = softmax(logits);
    const each = wanted.mul(log(shares));
    const entropy = reduceSum(head ? multiply(each, head as number[]) : each, { axis: [1] }).neg();
    return reduceMean(entropy, { name: 'xentropy_mean' });
  });
}

/** Pulls pairs with target 1 together and others at least `margin` apart, as tflearn.objectives.contrastive_loss. */
export const contrastiveLoss = (yPred: Tensor, yTrue: Tensor, margin = 1): Tensor =>
  yPred.graph.nameScope('ContrastiveLoss', () => {
    const near = yTrue.mul(square(yPred));
    const far = yTrue.rsub(1).mul(square(maximum(yPred.rsub(margin), 0)));
    return reduceSum(near.add(far)).truediv(2);
  });

const KINDS: Readonly<Record<string, Objective>> = {
  softmax_categorical_crossentropy: softmaxCategoricalCrossentropy,
  categorical_crossentropy: categoricalCrossentropy,
  binary_crossentropy: binaryCrossentropy,
  weighted_crossentropy: weightedCrossentropy,
  mean_square: meanSquare,
  hinge_loss: hingeLoss,
  roc_auc_score: rocAucScore,
  weak_cross_entropy_2d: (yPred, yTrue) => weakCrossEntropy2d(yPred, yTrue),
  contrastive_loss: (yPred, yTrue) => contrastiveLoss(yPred, yTrue),
};

/** The loss of that name, or the one given; raises Value for an unknown name. As tflearn.objectives.get. */
export const get = (kind: string | Objective): Objective =>
  typeof kind === 'string' ? byName(KINDS, kind, 'objective') : kind;
