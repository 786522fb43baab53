/** @file TFLearn's losses, by function and by name. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { cast } from '../ops/cast';
import { clipByValue } from '../ops/clip';
import {
  sigmoidCrossEntropyWithLogits,
  softmaxCrossEntropyWithLogits,
  weightedCrossEntropyWithLogits,
} from '../ops/cross_entropy';
import { maximum } from '../ops/pairs';
import { reduceMean, reduceSum } from '../ops/reduce';
import { log, square } from '../ops/unary';

/** A scalar of predictions and targets. */
export type Objective = (yPred: Tensor, yTrue: Tensor) => Tensor;
const EPSILON = 1e-10;

/** The mean softmax cross entropy of logits, as tflearn.softmax_categorical_crossentropy. */
export const softmaxCategoricalCrossentropy: Objective = (logits, labels) =>
  logits.graph.nameScope('SoftmaxCrossentropy', () => reduceMean(softmaxCrossEntropyWithLogits({ labels, logits })));

/**
 * The mean cross entropy of probabilities, which are first divided by their sum and then kept from 1e-10 to 1 - 1e-10, as
 * tflearn.categorical_crossentropy.
 */
export const categoricalCrossentropy: Objective = (yPred, yTrue) =>
  yPred.graph.nameScope('Crossentropy', () => {
    const axis = yPred.shape!.length - 1;
    const shares = yPred.truediv(reduceSum(yPred, { axis, keepdims: true }));
    const kept = clipByValue(shares, cast(EPSILON, 'float32'), cast(1 - EPSILON, 'float32'));
    return reduceMean(reduceSum(yTrue.mul(log(kept)), { axis }).neg());
  });

/** The mean sigmoid cross entropy of logits, as tflearn.binary_crossentropy. */
export const binaryCrossentropy: Objective = (logits, labels) =>
  logits.graph.nameScope('BinaryCrossentropy', () => reduceMean(sigmoidCrossEntropyWithLogits({ labels, logits })));

/** The mean sigmoid cross entropy with positive targets weighted, as tflearn.weighted_crossentropy. */
export const weightedCrossentropy = (logits: Tensor, targets: Tensor, weight = 1): Tensor =>
  logits.graph.nameScope('WeightedCrossentropy', () =>
    reduceMean(weightedCrossEntropyWithLogits({ targets, logits, posWeight: weight })),
  );

/** The mean squared error, as tflearn.mean_square. */
export const meanSquare: Objective = (yPred, yTrue) =>
  yPred.graph.nameScope('MeanSquare', () => reduceMean(square(yPred.sub(yTrue))));

/** The mean of max(1 - y * prediction, 0), as tflearn.hinge_loss. */
export const hingeLoss: Objective = (yPred, yTrue) =>
  yPred.graph.nameScope('HingeLoss', () => reduceMean(maximum(yTrue.mul(yPred).rsub(1), 0)));

const KINDS: Readonly<Record<string, Objective>> = {
  softmax_categorical_crossentropy: softmaxCategoricalCrossentropy,
  categorical_crossentropy: categoricalCrossentropy,
  binary_crossentropy: binaryCrossentropy,
  weighted_crossentropy: weightedCrossentropy,
  mean_square: meanSquare,
  hinge_loss: hingeLoss,
};

/** Raises Value for an unknown name; as tflearn.objectives.get. */
export function objective(kind: string | Objective): Objective {
  const found = typeof kind === 'string' ? KINDS[kind] : kind;
  if (!found)
    throw new GraphError('Value', `Unknown objective '${kind}': use one of ${Object.keys(KINDS).join(', ')}.`);
  return found;
}
