/** @file TFLearn's weight decay. */
import { GraphKeys } from '../graph/collections';
import type { Tensor } from '../graph/operation';
import { multiply } from '../ops/arithmetic';
import { l2Loss } from '../ops/cross_entropy';
import { reduceSum } from '../ops/reduce';
import { abs } from '../ops/unary';
import type { Variable } from '../ops/variables';
import { byName } from './lookup';

/** wd * sum v^2 / 2, as tflearn.regularizers.L2. */
export const L2 = (v: Variable | Tensor, wd = 0.001): Tensor => multiply(l2Loss(v), wd, { name: 'L2-Loss' });
/** wd * sum |v|, as tflearn.regularizers.L1. */
export const L1 = (v: Variable | Tensor, wd = 0.001): Tensor => multiply(reduceSum(abs(v)), wd, { name: 'L1-Loss' });

/** The rule of that name ('L1', 'L2') with its decay; raises Value for others. As tflearn.regularizers.get. */
export function regularization(name: string, weightDecay = 0.001): (v: Variable) => Tensor {
  const rule = byName<(v: Variable, wd: number) => Tensor>({ L1, L2 }, name, 'regularizer');
  return (v) => rule(v, weightDecay);
}

export interface WeightsRegularizerOptions {
  readonly loss?: string | Tensor | ((v: Variable) => Tensor) | undefined;
  readonly weightDecay?: number | undefined;
  /** The list the loss goes to; that of regularization losses by default. */
  readonly addToCollection?: string | null | undefined;
}
/** Adds a decay of this variable to the losses. @tensorflow tflearn.add_weights_regularizer */
export function addWeightsRegularizer(variable: Variable, options: WeightsRegularizerOptions = {}): Tensor {
  const { loss = 'L2', weightDecay = 0.001, addToCollection } = options;
  const rule = typeof loss === 'string' ? regularization(loss, weightDecay) : loss;
  const made = typeof rule === 'function' ? rule(variable) : rule;
  variable.graph.addToCollection(addToCollection || GraphKeys.REGULARIZATION_LOSSES, made);
  return made;
}
