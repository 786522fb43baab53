/** @file TFLearn's metrics: accuracy of classes, binary accuracy, top k, R2. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { argmax } from '../ops/argmax';
import { subtract } from '../ops/arithmetic';
import { cast } from '../ops/cast';
import { equal, greater } from '../ops/compare';
import { divide } from '../ops/division';
import { inTopK } from '../ops/gather';
import { reduceMean, reduceSum } from '../ops/reduce';
import { square } from '../ops/unary';

export interface Metric {
  readonly name: string;
  readonly tensor: Tensor;
}
export type MetricMaker = (predictions: Tensor, targets: Tensor) => Metric;

const accuracy: MetricMaker = (p, t) => {
  const binary = p.shape?.length === 1 || (p.shape?.length === 2 && p.shape[1] === 1);
  if (binary) {
    const tensor = p.graph.nameScope('BinaryAccuracy', () => {
      const yes = cast(greater(p, 0), 'float32');
      return reduceMean(cast(equal(yes, cast(t, 'float32')), 'float32'));
    });
    return { name: 'binary_acc', tensor };
  }
  const tensor = p.graph.nameScope('Accuracy', () => {
    const chosen = argmax(p, 1);
    return reduceMean(cast(equal(chosen, argmax(t, 1)), 'float32'));
  });
  return { name: 'acc', tensor };
};

/** Whether the right class is among the k largest, as tflearn.metrics.Top_k. */
export const topK =
  (k = 1): MetricMaker =>
  (p, t) => ({
    name: `top${k}`,
    tensor: p.graph.nameScope(`Top_${k}`, () => {
      const targets = cast(t, 'int32');
      return reduceMean(cast(inTopK(p, argmax(targets, 1), k), 'float32'));
    }),
  });

const r2: MetricMaker = (p, t) => ({
  name: 'R2',
  tensor: p.graph.nameScope('StandardError', () => {
    const error = reduceSum(square(subtract(t, p)));
    const spread = reduceSum(square(subtract(t, reduceMean(t))));
    return subtract(1, divide(error, spread));
  }),
});

const KINDS: Readonly<Record<string, MetricMaker>> = { accuracy, Accuracy: accuracy, top_k: topK(1), R2: r2 };
/** Raises Value for an unknown name; as tflearn.metrics.get. */
export function metric(kind: string | MetricMaker): MetricMaker {
  const found = typeof kind === 'string' ? KINDS[kind] : kind;
  if (!found) throw new GraphError('Value', `Unknown metric '${kind}': use one of ${Object.keys(KINDS).join(', ')}.`);
  return found;
}
