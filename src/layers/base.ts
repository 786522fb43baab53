/** @file Layer: variables made once under a scope of their own, ops at each call, and what goes into collections. */
import { GraphError } from '../errors';
import { callerOutside } from '../graph/call_site';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { Operation, type Tensor } from '../graph/operation';
import { shapeOf } from '../ops/array';
import { cast } from '../ops/cast';
import type { Initializer } from '../ops/initializer';
import { getVariable, type VariableScope, variableScope } from '../ops/variable_scope';
import { globalVariables, trainableVariables, type Variable } from '../ops/variables';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';

export type Activation = ((x: Tensor) => Tensor) | null;
/** A loss of a variable or an activation; null adds none. */
export type Regularizer = (x: Tensor | Variable) => Tensor | null;
export type Constraint = (x: Tensor) => Tensor;

export interface LayerOptions {
  readonly trainable?: boolean | undefined;
  readonly name?: string | undefined;
  readonly dtype?: DType | undefined;
  /** Takes the variables that a layer of that name made before. */
  readonly reuse?: boolean | null | undefined;
  readonly activityRegularizer?: Regularizer | null | undefined;
}

export interface WeightOptions {
  readonly shape: readonly number[];
  readonly dtype?: DType | undefined;
  readonly initializer?: Initializer | null | undefined;
  readonly regularizer?: Regularizer | null | undefined;
  readonly constraint?: Constraint | null | undefined;
  readonly trainable?: boolean | undefined;
}

/** tf.keras.backend.unique_object_name of each graph. */
const counters = new WeakMap<Graph, Map<string, number>>();

/** A layer of tf.layers: `build` makes its variables at the first call, `call` its ops at each. */
export abstract class Layer<Out = Tensor> {
  readonly name: string;
  readonly trainable: boolean;
  /** Ops that move state by a call, such as moving averages: what UPDATE_OPS gets, unless the layer is not trainable. */
  readonly allUpdates: Operation[] = [];
  readonly losses: Tensor[] = [];
  readonly trainableWeights: Variable[] = [];
  readonly nonTrainableWeights: Variable[] = [];
  protected built = false;
  protected dtype: DType | undefined;
  /** The source line that called the layer first: warnings name it. */
  madeAt: string | undefined;
  readonly #baseName: string;
  readonly #reuse: boolean | null;
  readonly #activityRegularizer: Regularizer | null;
  #exact = false;
  #scope: VariableScope | undefined;

  constructor(kind: string, { trainable = true, name, dtype, reuse = null, activityRegularizer }: LayerOptions = {}) {
    this.#baseName = name ?? kind;
    this.name = name ?? uniqueObjectName(kind);
    this.trainable = trainable;
    this.dtype = dtype;
    this.#reuse = reuse;
    this.#activityRegularizer = activityRegularizer ?? null;
  }

  /** Makes the variables for inputs of that shape. */
  protected build(_shape: Shape): void {}
  protected abstract call(x: Tensor, options: object): Out;

  get updates(): Operation[] {
    return this.trainable ? [...this.allUpdates] : [];
  }
  get variables(): Variable[] {
    return [...this.trainableWeights, ...this.nonTrainableWeights];
  }
  get weights(): Variable[] {
    return this.variables;
  }
  get trainableVariables(): Variable[] {
    return [...this.trainableWeights];
  }
  get nonTrainableVariables(): Variable[] {
    return [...this.nonTrainableWeights];
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
  /** For tf.layers.dense and its kind: a name that was given is used as it is. Layers made as objects get one of their own. */
  applyOnce(x: TensorLike, options: object = {}): Out {
    this.#exact = this.name === this.#baseName;
    return this.apply(x, options);
  }

  /** Adds the layer's ops for `x`; its update ops join UPDATE_OPS. Calls after the first share the variables. */
  apply(x: TensorLike, options: object = {}): Out {
    this.madeAt ??= callerOutside();
    const scope = this.#setScope();
    const reuse = this.built ? true : this.#reuse;
    const out = variableScope(scope, { reuse, auxiliaryNameScope: false }, (current) => {
      const { graph } = (x as Tensor).graph ? (x as Tensor) : { graph: getDefaultGraph() };
      return graph.nameScope(current.originalNameScope, () => {
        const input = convertToTensor(x, {}, graph);
        if (!this.built) {
          this.dtype ??= input.dtype;
          this.build(input.shape);
          this.built = true;
        }
        const y = this.call(input, options);
        this.#regularizeActivity(y as Tensor);
        return y;
      });
    });
    addTo(GraphKeys.UPDATE_OPS, this.updates);
    noteUpdates(this);
    return out;
  }

  #regularizeActivity(y: Tensor): void {
    const regularizer = this.#activityRegularizer;
    if (!regularizer) return;
    y.graph.nameScope('ActivityRegularizer', () => {
      const loss = regularizer(y);
      if (!loss) return;
      const batch = cast(shapeOf(y).at(0), loss.dtype);
      this.#addLoss(loss.truediv(batch));
    });
  }

  #addLoss(loss: Tensor): void {
    this.losses.push(loss);
    addTo(GraphKeys.REGULARIZATION_LOSSES, [loss]);
  }

  protected addUpdate(make: () => Tensor | Operation | Variable): void {
    const x = make();
    this.allUpdates.push(x instanceof Operation ? x : x.op);
  }

  protected addWeight(name: string, options: WeightOptions): Variable {
    const { shape, regularizer, trainable = true, constraint } = options;
    const existing = new Set(globalVariables());
    const scope = this.#setScope();
    const reuse = this.built ? true : this.#reuse;
    return variableScope(scope, { reuse, auxiliaryNameScope: false }, (current) => {
      return getDefaultGraph().nameScope(current.originalNameScope, () => {
        const v = getVariable(name, {
          shape: [...shape],
          dtype: options.dtype ?? this.dtype ?? 'float32',
          initializer: (options.initializer ?? current.initializer ?? undefined) as never,
          trainable: trainable && this.trainable,
          constraint: (constraint ?? undefined) as never,
          useResource: current.useResource ?? undefined,
        });
        if (regularizer && !existing.has(v)) {
          const loss = getDefaultGraph().nameScope(`${name}/Regularizer`, () => regularizer(v));
          if (loss) this.#addLoss(loss);
        }
        const moves = trainable && this.trainable && trainableVariables().includes(v);
        (moves ? this.trainableWeights : this.nonTrainableWeights).push(v);
        return v;
      });
    });
  }
}

/** Layers whose updates joined a collection, by graph: the running engine's warnings read them. */
const noted = new WeakMap<Graph, Map<Operation, Layer<unknown>>>();
function noteUpdates(layer: Layer<unknown>): void {
  for (const op of layer.updates) {
    const map = noted.get(op.graph) ?? new Map<Operation, Layer<unknown>>();
    noted.set(op.graph, map.set(op, layer));
  }
}
export const layerOfUpdate = (op: Operation): Layer<unknown> | undefined => noted.get(op.graph)?.get(op);

/** Appends what is not in the collection yet. */
function addTo(key: string, items: readonly unknown[]): void {
  const list = getDefaultGraph().getCollectionRef(key);
  const known = new Set(list);
  for (const item of items) if (!known.has(item)) list.push(item);
}

function uniqueObjectName(kind: string): string {
  const graph = getDefaultGraph();
  const map = counters.get(graph) ?? new Map<string, number>();
  counters.set(graph, map);
  const n = (map.get(kind) ?? 0) + 1;
  map.set(kind, n);
  return `${kind}_${n}`;
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
