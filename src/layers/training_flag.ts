/** @file The `training` argument of layers: a constant, or a tensor or variable that says so at each run. */
import { Tensor } from '../graph/operation';
import { cond, smartCond } from '../ops/cond';
import { RefVariable, ResourceVariable, type Variable } from '../ops/variables';

export type Training = boolean | number | Tensor | Variable;

const isVariable = (x: unknown): x is Variable => x instanceof RefVariable || x instanceof ResourceVariable;
/** tf_utils.constant_value: what a `training` argument is known to be; null where only a run can say. */
export function known(training: Training): boolean | null {
  if (isVariable(training)) return null;
  if (training instanceof Tensor) return training.value ? Boolean(training.value[0]) : null;
  return Boolean(training);
}
/** tf_utils.smart_cond: a variable always makes a cond. */
export function choose<T>(training: Training, onTrue: () => T, onFalse: () => T): T {
  if (isVariable(training)) return cond(training as never, onTrue as never, onFalse as never) as T;
  return smartCond(training as never, onTrue as never, onFalse as never) as T;
}
