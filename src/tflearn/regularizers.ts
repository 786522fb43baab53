/** @file TFLearn's weight decay. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { multiply } from '../ops/arithmetic';
import { l2Loss } from '../ops/cross_entropy';
import { reduceSum } from '../ops/reduce';
import { abs } from '../ops/unary';
import type { Variable } from '../ops/variables';

/** 'L1': wd * sum |v|; 'L2': wd * sum v^2 / 2; as tflearn.regularizers. */
export function regularization(name: string, weightDecay = 0.001): (v: Variable) => Tensor {
  const scaled = (norm: Tensor, kind: string) => multiply(norm, weightDecay, { name: `${kind}-Loss` });
  if (name === 'L2') return (v) => scaled(l2Loss(v), name);
  if (name === 'L1') return (v) => scaled(reduceSum(abs(v)), name);
  throw new GraphError('Value', `Unknown regularizer '${name}': use 'L1' or 'L2'.`);
}
