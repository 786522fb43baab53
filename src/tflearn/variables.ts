/** @file TFLearn's variables: model variables with a name in the current variable scope. */
import { GraphKeys } from '../graph/collections';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import type { Initializer } from '../ops/initializer';
import { getVariable } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import type { DType } from '../value/dtype';
import { type Nested, Value } from '../value/value';
import { initialization } from './initializations';
import { regularization } from './regularizers';

export type WeightsInit = string | Initializer | Tensor | Value | Nested;

export interface VariableOptions {
  readonly shape?: readonly number[] | null | undefined;
  readonly dtype?: DType | undefined;
  readonly initializer?: WeightsInit | undefined;
  readonly regularizer?: ((v: Variable) => Tensor) | string | null | undefined;
  readonly trainable?: boolean | undefined;
  readonly collections?: readonly string[] | undefined;
  /** false leaves it out when a model is loaded. */
  readonly restore?: boolean | undefined;
}

/** A variable in GLOBAL_VARIABLES and MODEL_VARIABLES, as tflearn.variable. */
export function variable(name: string, options: VariableOptions = {}): Variable {
  const { dtype = 'float32', trainable = true, collections = [], restore = true } = options;
  const graph = getDefaultGraph();
  let initializer: unknown = options.initializer;
  if (typeof initializer === 'string') initializer = initialization(initializer);
  const shape = initializer instanceof Tensor ? null : (options.shape ?? null);
  const v = getVariable(name, {
    shape: shape as number[],
    dtype,
    initializer: initializer as never,
    trainable,
    collections: [...new Set([...collections, GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES])],
  });
  const { regularizer } = options;
  if (regularizer) {
    const rule = typeof regularizer === 'string' ? regularization(regularizer) : regularizer;
    graph.addToCollection(GraphKeys.REGULARIZATION_LOSSES, rule(v));
  }
  if (!restore) graph.addToCollection('restore_variables', v);
  return v;
}

/** Whether a weightsInit brings its own shape: a tensor, an array or nested lists. */
export const bringsShape = (init: WeightsInit): boolean =>
  init instanceof Tensor || init instanceof Value || Array.isArray(init) || ArrayBuffer.isView(init);
