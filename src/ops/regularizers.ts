/** @file Penalties on the size of weights, as tf.contrib.layers has them. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { constantIn, convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { logging } from '../logging';
import { Value } from '../value/value';
import { addN, multiply } from './arithmetic';
import { l2Loss } from './cross_entropy';
import { reduceSum } from './reduce';
import { abs } from './unary';
import type { Variable } from './variable';

/** A penalty on weights; null where it is switched off. */
export type WeightRegularizer = (weights: Tensor | Variable) => Tensor | null;

/** Switches off a scope's regularizer. @tensorflow tf.no_regularizer */
export const noRegularizer = (_: unknown): null => null;

/** scale * penalty(weights), in a scope of that name. Raises Value for a scale below 0; 0 switches it off. */
function scaled(
  scale: number | Tensor,
  scope: string | null | undefined,
  name: string,
  end: string,
  penalty: (weights: Tensor | Variable) => Tensor,
): WeightRegularizer {
  if (typeof scale === 'number' && scale < 0) {
    throw new GraphError('Value', `Setting a scale less than 0 on a regularizer: ${scale}${end}`);
  }
  if (scale === 0) {
    logging.info('Scale of 0 disables regularizer.');
    return () => null;
  }
  return (weights) =>
    weights.graph.nameScope(scope ?? name, (inner) => {
      const factor = convertToTensor(scale, { dtype: weights.dtype, name: 'scale' }, weights.graph);
      return multiply(factor, penalty(weights), { name: inner });
    });
}

/** scale * sum(|weights|). @tensorflow tf.contrib.layers.l1_regularizer */
export function l1Regularizer(scale: number | Tensor, scope?: string | null): WeightRegularizer {
  return scaled(scale, scope, 'l1_regularizer', '', (weights) => reduceSum(abs(weights)));
}
/** scale * sum(weights ** 2) / 2. @tensorflow tf.contrib.layers.l2_regularizer */
export function l2Regularizer(scale: number | Tensor, scope?: string | null): WeightRegularizer {
  return scaled(scale, scope, 'l2_regularizer', '.', (weights) => l2Loss(weights));
}
/** Both. @tensorflow tf.contrib.layers.l1_l2_regularizer */
export function l1l2Regularizer(scaleL1 = 1, scaleL2 = 1, scope?: string | null): WeightRegularizer | null {
  const name = scope || 'l1_l2_regularizer';
  if (scaleL1 === 0) return l2Regularizer(scaleL2, name);
  if (scaleL2 === 0) return l1Regularizer(scaleL1, name);
  return sumRegularizer([l1Regularizer(scaleL1), l2Regularizer(scaleL2)], name);
}
/** All of them; null for none. @tensorflow tf.contrib.layers.sum_regularizer */
export function sumRegularizer(
  regularizers: readonly (WeightRegularizer | null)[],
  scope?: string | null,
): WeightRegularizer | null {
  const given = regularizers.filter((r) => r !== null);
  if (given.length === 0) return null;
  return (weights) =>
    weights.graph.nameScope(scope ?? 'sum_regularizer', (inner) => {
      const penalties = given.map((r) => r(weights)).filter((p) => p !== null);
      return penalties.length > 0 ? addN(penalties, { name: inner }) : null;
    });
}

/**
 * The sum of a penalty over weights (the WEIGHTS collection by default), added to REGULARIZATION_LOSSES.
 * @tensorflow tf.contrib.layers.apply_regularization
 */
export function applyRegularization(
  regularizer: WeightRegularizer,
  weights?: readonly (Tensor | Variable)[] | null,
): Tensor {
  const graph = getDefaultGraph();
  const list = weights?.length ? weights : graph.getCollection<Tensor | Variable>(GraphKeys.WEIGHTS);
  if (list.length === 0) throw new GraphError('Value', 'No weights to regularize.');
  return list[0]!.graph.nameScope('get_regularization_penalty', (scope) => {
    const found = list.map((w) => regularizer(w));
    const penalties: TensorLike[] = found.map((p) => p ?? constantIn(graph, Value.from(0)));
    for (const p of penalties) {
      if (!(p instanceof Tensor) || p.shape === null || p.shape.length === 0) continue;
      throw new GraphError(
        'Value',
        `regularizer must return a scalar Tensor instead of a Tensor with rank ${p.shape.length}.`,
      );
    }
    const sum = addN(penalties, { name: scope });
    graph.addToCollection(GraphKeys.REGULARIZATION_LOSSES, sum);
    return sum;
  });
}
