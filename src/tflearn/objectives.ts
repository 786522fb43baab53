/** @file TFLearn's losses by name. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { cast } from '../ops/cast';
import { clipByValue } from '../ops/clip';
import { sigmoidCrossEntropyWithLogits, softmaxCrossEntropyWithLogits } from '../ops/cross_entropy';
import { maximum } from '../ops/pairs';
import { reduceMean, reduceSum } from '../ops/reduce';
import { log, square } from '../ops/unary';

export type Objective = (yPred: Tensor, yTrue: Tensor) => Tensor;
const EPSILON = 1e-10;

const inScope =
  (name: string, loss: Objective): Objective =>
  (p, t) =>
    p.graph.nameScope(name, () => loss(p, t));

const KINDS: Readonly<Record<string, Objective>> = {
  softmax_categorical_crossentropy: inScope('SoftmaxCrossentropy', (logits, labels) =>
    reduceMean(softmaxCrossEntropyWithLogits({ labels, logits })),
  ),
  categorical_crossentropy: inScope('Crossentropy', (yPred, yTrue) => {
    const axis = yPred.shape!.length - 1;
    const shares = yPred.truediv(reduceSum(yPred, { axis, keepdims: true }));
    const kept = clipByValue(shares, cast(EPSILON, 'float32'), cast(1 - EPSILON, 'float32'));
    return reduceMean(reduceSum(yTrue.mul(log(kept)), { axis }).neg());
  }),
  binary_crossentropy: inScope('BinaryCrossentropy', (logits, labels) =>
    reduceMean(sigmoidCrossEntropyWithLogits({ labels, logits })),
  ),
  mean_square: inScope('MeanSquare', (p, t) => reduceMean(square(p.sub(t)))),
  hinge_loss: inScope('HingeLoss', (p, t) => reduceMean(maximum(t.mul(p).rsub(1), 0))),
};

/** Raises Value for an unknown name; as tflearn.objectives.get. */
export function objective(kind: string | Objective): Objective {
  const found = typeof kind === 'string' ? KINDS[kind] : kind;
  if (!found)
    throw new GraphError('Value', `Unknown objective '${kind}': use one of ${Object.keys(KINDS).join(', ')}.`);
  return found;
}
