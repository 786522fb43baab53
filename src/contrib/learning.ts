/** @file tf.contrib.slim.learning: create_train_op with its gradients multiplied and clipped. */
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import type { Optimizer } from '../optimizers/optimizer';
import {
  type CreateTrainOpOptions,
  clipGradientNorms,
  createTrainOp as create,
  type GradientAndVariable,
  type GradientMultipliers,
  multiplyGradients,
  summarizeGradients,
} from './training';

export { clipGradientNorms, multiplyGradients } from './training';

/** A histogram and the norm of each gradient, as summaries. @tensorflow tf.contrib.slim.learning.add_gradients_summaries */
export const addGradientsSummaries = (pairs: readonly GradientAndVariable[]): Tensor[] =>
  summarizeGradients(pairs, '/');

export interface SlimTrainOpOptions extends Omit<CreateTrainOpOptions, 'transformGradsFn'> {
  /** Each gradient is scaled down to this norm; 0 leaves them. */
  readonly clipGradientNorm?: number | undefined;
  /** By variables or their op names. */
  readonly gradientMultipliers?: GradientMultipliers | null | undefined;
}

/**
 * A tensor that trains when it is computed, and is the loss: the gradients wait for UPDATE_OPS as they are now.
 * @tensorflow tf.contrib.slim.learning.create_train_op
 */
export function createTrainOp(totalLoss: Tensor, optimizer: Optimizer, options: SlimTrainOpOptions = {}): Tensor {
  const { clipGradientNorm = 0, gradientMultipliers, ...rest } = options;
  const graph = getDefaultGraph();
  const transformGradsFn = (computed: readonly GradientAndVariable[]): readonly GradientAndVariable[] => {
    let pairs = computed;
    if (gradientMultipliers && sizeOf(gradientMultipliers) > 0) {
      pairs = graph.nameScope('multiply_grads', () => multiplyGradients(pairs, gradientMultipliers));
    }
    if (clipGradientNorm > 0) pairs = graph.nameScope('clip_grads', () => clipGradientNorms(pairs, clipGradientNorm));
    return pairs;
  };
  return create(totalLoss, optimizer, { ...rest, transformGradsFn });
}
const sizeOf = (x: GradientMultipliers): number => (x instanceof Map ? x.size : Object.keys(x).length);
