/** @file Layer: variables made once under a scope of their own, ops at each call, and what goes into collections. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { graphOf, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { getVariable, type Reuse, type VariableScope, variableScope } from '../ops/variable_scope';
import { globalVariables, trainableVariables, type Variable } from '../ops/variables';
import type { Shape } from '../value/shape';
import { KerasLayer, type KerasLayerOptions, uniqueObjectName, type WeightOptions } from './keras';

export { type Activation, type Constraint, layerOfUpdate, type Regularizer, updatesOfLayers } from './keras';

export interface LayerOptions extends KerasLayerOptions {
  /** Takes the variables that a layer of that name made before. */
  readonly reuse?: Reuse | null | undefined;
  /** The variable scope to work in, instead of a new one of the layer's name. */
  readonly scope?: VariableScope | string | undefined;
}

/** A variable scope of its own, and updates and losses that join collections. @tensorflow tf.layers.Layer */
export abstract class Layer<Out = Tensor> extends KerasLayer<Out> {
  readonly #baseName: string;
  readonly #reuse: Reuse | null;
  #exact = false;
  #scope: VariableScope | undefined;

  constructor(kind: string, options: LayerOptions = {}) {
    const { name, scope, reuse = null } = options;
    super(name ?? uniqueObjectName(kind), options);
    this.#baseName = name ?? kind;
    this.#reuse = reuse;
    if (scope) this.#scope = variableScope(scope, {}, (captured) => captured);
  }

  /** The name of the variable scope. Raises Value before the first call. */
  get scopeName(): string {
    if (this.#scope) return this.#scope.name;
    throw new GraphError(
      'Value',
      `No name available for layer scope because the layer "${this.name}" has not been used yet. The scope name is determined the first time the layer instance is called. You must therefore call the layer before querying \`scopeName\`.`,
    );
  }

  #setScope(): VariableScope {
    this.#scope ??= this.#reuse
      ? variableScope(this.#baseName, {}, (scope) => scope)
      : variableScope(this.#exact ? this.#baseName : null, { defaultName: this.#baseName }, (scope) => scope);
    return this.#scope;
  }
  /** Opens the variable scope, and the name scope in which it was opened first. */
  #within<R>(body: (scope: VariableScope) => R, graph = getDefaultGraph()): R {
    const reuse = this.built ? true : this.#reuse;
    return variableScope(this.#setScope(), { reuse, auxiliaryNameScope: false }, (current) =>
      graph.nameScope(current.originalNameScope, () => body(current)),
    );
  }
  /** For tf.layers.dense and its kind: a name that was given is used as it is. Layers made as objects get one of their own. */
  applyOnce(x: TensorLike, options: object = {}): Out {
    this.#exact = this.name === this.#baseName;
    return this.apply(x, options);
  }

  /** Adds the layer's ops for `x`; its update ops join UPDATE_OPS. Calls after the first share the variables. */
  override apply(x: TensorLike, options: object = {}): Out {
    const out = this.#within(() => this.applyInScope(x, options), graphOf([x]));
    addTo(GraphKeys.UPDATE_OPS, this.updates);
    return out;
  }

  protected override addLoss(loss: Tensor | (() => Tensor | null)): void {
    const made = typeof loss === 'function' ? loss() : loss;
    if (!made) return;
    super.addLoss(made);
    addTo(GraphKeys.REGULARIZATION_LOSSES, [made]);
  }

  protected override addWeight(name: string, options: WeightOptions): Variable {
    const { shape, regularizer, trainable = true, constraint } = options;
    const existing = new Set(globalVariables());
    return this.#within((current) => {
      const v = getVariable(name, {
        shape: [...shape],
        dtype: options.dtype ?? this.dtype ?? 'float32',
        initializer: options.initializer ?? current.initializer,
        trainable: trainable && this.trainable,
        constraint: constraint ?? undefined,
        useResource: current.useResource ?? undefined,
      });
      if (regularizer && !existing.has(v)) {
        this.addLoss(() => getDefaultGraph().nameScope(`${name}/Regularizer`, () => regularizer(v)));
      }
      const moves = trainable && this.trainable && trainableVariables().includes(v);
      (moves ? this.trained : this.kept).push(v);
      return v;
    });
  }
}

/** Appends what is not in the collection yet. */
function addTo(key: string, items: readonly unknown[]): void {
  const list = getDefaultGraph().getCollectionRef(key);
  const known = new Set(list);
  for (const item of items) if (!known.has(item)) list.push(item);
}

/** The last dimension; raises Value where it is unknown. */
export function lastDimension(shape: Shape, layer: string): number {
  const d = shape?.at(-1);
  if (d !== null && d !== undefined) return d;
  throw new GraphError(
    'Value',
    `The last dimension of the inputs to \`${layer}\` should be defined. Found \`None\`. Give the placeholder a shape.`,
  );
}
