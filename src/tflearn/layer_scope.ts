/** @file What TFLearn's layers share: their scope, their variables, and the lists they go to. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { type VariableScope, variableScope } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import { Keys, makeModeOfImport } from './config';
import { regularization } from './regularizers';
import { bringsShape, variable, type WeightsInit } from './variables';

/** A layer's output; its variables hang on it, as in TFLearn. */
export type LayerTensor = Tensor & {
  W?: Variable;
  b?: Variable | null;
  beta?: Variable;
  gamma?: Variable;
  alphas?: Variable;
  scope?: VariableScope | string;
  placeholder?: Tensor | null;
  seqLength?: Tensor;
};

export interface ScopeOptions {
  readonly trainable?: boolean | undefined;
  /** false: the layer's variables stay as they are when a model is loaded. */
  readonly restore?: boolean | undefined;
  /** Shares the variables of the layer that has the same `scope`. */
  readonly reuse?: boolean | undefined;
  readonly scope?: string | VariableScope | null | undefined;
  readonly name?: string | undefined;
}
export type RegularizerLike = string | ((v: Variable) => Tensor);
export interface WeightOptions extends ScopeOptions {
  readonly weightsInit?: WeightsInit | undefined;
  readonly biasInit?: WeightsInit | undefined;
  /** 'L1' or 'L2': adds weightDecay times the norm of the weights to the loss. */
  readonly regularizer?: RegularizerLike | null | undefined;
  readonly weightDecay?: number | undefined;
}

/** Where a layer makes its variables; each is listed under the layer's name. */
export class LayerScope {
  readonly scope: VariableScope;
  readonly #options: WeightOptions;

  constructor(scope: VariableScope, options: WeightOptions) {
    this.scope = scope;
    this.#options = options;
  }
  /** A variable of the layer. An array or tensor to start from brings its own shape. */
  make(name: string, shape: readonly number[], init: WeightsInit, regularized = false): Variable {
    const { regularizer = null, weightDecay = 0.001, trainable, restore } = this.#options;
    const rule = typeof regularizer === 'string' ? regularization(regularizer, weightDecay) : regularizer;
    const v = variable(name, {
      shape: bringsShape(init) ? null : shape,
      initializer: init,
      regularizer: regularized ? rule : null,
      trainable,
      restore,
    });
    v.graph.addToCollection(`${Keys.LAYER_VARIABLES}/${this.scope.name}`, v);
    return v;
  }
}

/** Opens the scope of a layer with variables; what `body` answers is listed under the scope's name. */
export function inLayer(
  options: WeightOptions,
  defaultName: string,
  body: (layer: LayerScope) => LayerTensor,
): LayerTensor {
  makeModeOfImport();
  const { scope = null, name = defaultName, reuse = false } = options;
  let made: LayerScope | undefined;
  const y = variableScope(scope as never, { defaultName: name, reuse }, (current) => {
    made = new LayerScope(current, options);
    return body(made);
  });
  y.scope = made!.scope;
  return listed(y, made!.scope.name);
}

/** Lists a layer's output under its name, for getLayerByName. */
export function listed<T extends LayerTensor>(y: T, name: string): T {
  y.graph.addToCollection(`${Keys.LAYER_TENSOR}/${name}`, y);
  return y;
}
/** Lists it as an activation, for the summaries. */
export function activated<T extends Tensor>(y: T): T {
  y.graph.addToCollection(Keys.ACTIVATIONS, y);
  return y;
}

/** The static shape of a layer's input. Raises Value where not even the rank is known. */
export function shapeOfInput(x: Tensor): readonly (number | null)[] {
  if (x.shape) return x.shape;
  throw new GraphError('Value', 'as_list() is not defined on an unknown TensorShape.');
}
/** The shape where it has that rank; raises Assertion with TFLearn's words otherwise. */
export function shapeOfRank(x: Tensor, rank: number): readonly (number | null)[] {
  const shape = shapeOfInput(x);
  if (shape.length === rank) return shape;
  throw new GraphError('Assertion', `Incoming Tensor shape must be ${rank}-D, not ${shape.length}-D`);
}
/** How many cells a row has. Raises Assertion for vectors, Value where a size is not known. */
export function rowSize(x: Tensor): number {
  const shape = shapeOfInput(x);
  if (shape.length < 2) throw new GraphError('Assertion', 'Incoming Tensor shape must be at least 2-D');
  const rest = shape.slice(1);
  if (rest.some((d) => d === null)) {
    throw new GraphError('Value', `The sizes of ${x} must be known but for the first.`);
  }
  return (rest as number[]).reduce((n, d) => n * d, 1);
}
/** The last dimension. Raises Value where it is not known. */
export function channelsOf(x: Tensor): number {
  const channels = shapeOfInput(x).at(-1);
  if (channels == null) throw new GraphError('Value', `The last dimension of ${x} must be known.`);
  return channels;
}
