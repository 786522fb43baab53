/** @file KerasLayer: what layers of tf.keras and of tf.layers share, and how those of tf.keras make their variables. */
import { callerOutside } from '../graph/call_site';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { Operation, Tensor } from '../graph/operation';
import { shapeOf } from '../ops/array';
import { cast } from '../ops/cast';
import { glorotUniformInitializer } from '../ops/initializers';
import { callInitializer, type InitializerLike } from '../ops/variable_store';
import { Variable } from '../ops/variables';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';

export type Activation = ((x: Tensor) => Tensor) | null;
/** A loss of a variable or an activation; null adds none. */
export type Regularizer = (x: Tensor | Variable) => Tensor | null;
export type Constraint = (x: Tensor) => Tensor;

export interface KerasLayerOptions {
  readonly trainable?: boolean | undefined;
  readonly name?: string | undefined;
  readonly dtype?: DType | undefined;
  readonly activityRegularizer?: Regularizer | null | undefined;
}
export interface WeightOptions {
  readonly shape: readonly number[];
  readonly dtype?: DType | undefined;
  readonly initializer?: InitializerLike | null | undefined;
  readonly regularizer?: Regularizer | null | undefined;
  readonly constraint?: Constraint | null | undefined;
  readonly trainable?: boolean | undefined;
}

/** `build` makes the variables at the first call, `call` the ops at each. @tensorflow tf.keras.layers.Layer */
export abstract class KerasLayer<Out = Tensor> {
  readonly name: string;
  trainable: boolean;
  /** Ops that move state by a call, such as moving averages; `updates` has them while the layer is trainable. */
  readonly allUpdates: Operation[] = [];
  /** The source line that called the layer first: warnings name it. */
  madeAt: string | undefined;
  protected readonly trained: Variable[] = [];
  protected readonly kept: Variable[] = [];
  protected readonly knownLosses: Tensor[] = [];
  protected built = false;
  protected dtype: DType | undefined;
  readonly #lazyLosses: (() => Tensor | null)[] = [];
  readonly #activityRegularizer: Regularizer | null;
  readonly #callOf = new Map<Operation, Tensor>();
  #input: Tensor | undefined;

  constructor(name: string, { trainable = true, dtype, activityRegularizer }: KerasLayerOptions) {
    this.name = name;
    this.trainable = trainable;
    this.dtype = dtype;
    this.#activityRegularizer = activityRegularizer ?? null;
  }

  /** Makes the variables for inputs of that shape. */
  protected build(_shape: Shape): void {}
  protected abstract call(x: Tensor, options: object): Out;

  get updates(): Operation[] {
    return this.trainable ? [...this.allUpdates] : [];
  }
  get trainableWeights(): Variable[] {
    return this.trainable ? [...this.trained] : [];
  }
  get nonTrainableWeights(): Variable[] {
    return this.trainable ? [...this.kept] : [...this.trained, ...this.kept];
  }
  get weights(): Variable[] {
    return [...this.trainableWeights, ...this.nonTrainableWeights];
  }
  get variables(): Variable[] {
    return this.weights;
  }
  get trainableVariables(): Variable[] {
    return this.trainableWeights;
  }
  get nonTrainableVariables(): Variable[] {
    return this.nonTrainableWeights;
  }
  /** Losses of activations, then of weights: those are made anew at each reading. */
  get losses(): Tensor[] {
    return [...this.knownLosses, ...this.#lazyLosses.map((make) => make()).filter((loss) => loss !== null)];
  }
  /** The updates that depend on these inputs; null: those that depend on no input of their call. */
  getUpdatesFor(inputs: Tensor | Variable | readonly (Tensor | Variable)[] | null): Operation[] {
    const conditional = (op: Operation) => dependsOn(op, [this.#callOf.get(op)!]);
    if (inputs === null) return this.updates.filter((op) => !conditional(op));
    const list = [inputs].flat() as (Tensor | Variable)[];
    return this.updates.filter((op) => conditional(op) && dependsOn(op, list));
  }

  /** Adds the layer's ops for `x`, in a name scope of its own. Calls after the first share the variables. */
  apply(x: TensorLike, options: object = {}): Out {
    const graph = graphOf([x]);
    return graph.asDefault(() => {
      const input = isTensorLike(x) ? x : convertToTensor(x, {}, graph);
      return graph.nameScope(this.name, () => this.applyInScope(input, options));
    });
  }
  /** The part of `apply` that both kinds of layers share. */
  protected applyInScope(x: TensorLike, options: object): Out {
    this.madeAt ??= callerOutside();
    const input = convertToTensor(x, {}, graphOf([x]));
    this.#input = input;
    if (!this.built) {
      this.dtype ??= input.dtype;
      this.build(input.shape);
      this.built = true;
    }
    const y = this.call(input, options);
    this.#regularizeActivity(y as Tensor);
    noteUpdates(this as KerasLayer<unknown>);
    return y;
  }

  #regularizeActivity(y: Tensor): void {
    const regularizer = this.#activityRegularizer;
    if (!regularizer) return;
    y.graph.nameScope('ActivityRegularizer', () => {
      const loss = regularizer(y);
      if (!loss) return;
      const batch = cast(shapeOf(y).at(0), loss.dtype);
      this.addLoss(loss.truediv(batch));
    });
  }

  protected addLoss(loss: Tensor | (() => Tensor | null)): void {
    if (loss instanceof Tensor) this.knownLosses.push(loss);
    else this.#lazyLosses.push(loss);
  }
  protected addUpdate(make: () => Tensor | Operation | Variable): void {
    const x = make();
    const op = x instanceof Operation ? x : x.op;
    this.allUpdates.push(op);
    this.#callOf.set(op, this.#input!);
  }

  /** A resource variable, as all of tf.keras are; trained even by a layer that is not trainable. */
  protected addWeight(name: string, options: WeightOptions): Variable {
    const { shape, regularizer, constraint, trainable = true, initializer = glorotUniformInitializer() } = options;
    const dtype = options.dtype ?? this.dtype ?? 'float32';
    const v = new Variable(() => callInitializer(initializer as InitializerLike, shape, dtype), {
      name,
      trainable,
      dtype,
      constraint,
      shape,
      useResource: true,
    });
    if (regularizer) this.addLoss(() => v.graph.nameScope(`${v.op.name}/Regularizer`, () => regularizer(v)));
    (trainable ? this.trained : this.kept).push(v);
    return v;
  }
}

/** Whether `op` has one of the inputs among what it waits for or computes with. */
function dependsOn(op: Operation, inputs: readonly (Tensor | Variable)[]): boolean {
  const wanted = new Set<unknown>(inputs.map((x) => (x instanceof Tensor ? x : x.op)));
  const seen = new Set([op]);
  for (const next of seen) {
    if (wanted.has(next) || next.inputs.some((t) => wanted.has(t))) return true;
    for (const before of [...next.inputs.map((t) => t.op), ...next.controlInputs]) seen.add(before);
  }
  return false;
}

/** Update ops by graph, with the layers that made them: the running engine's warnings read them. */
const noted = new WeakMap<Graph, Map<Operation, KerasLayer<unknown>>>();
function noteUpdates(layer: KerasLayer<unknown>): void {
  for (const op of layer.updates) {
    const map = noted.get(op.graph) ?? new Map<Operation, KerasLayer<unknown>>();
    noted.set(op.graph, map.set(op, layer));
  }
}
export const layerOfUpdate = (op: Operation): KerasLayer<unknown> | undefined => noted.get(op.graph)?.get(op);
/** The update ops of all layers of a graph, whether they joined a collection or not. */
export const updatesOfLayers = (graph: Graph): Operation[] => [...(noted.get(graph)?.keys() ?? [])];

/** tf.keras.backend.unique_object_name of each graph. */
const counters = new WeakMap<Graph, Map<string, number>>();
/** `kind_1` first; with `zeroBased` plain `kind` first. Both count together. */
export function uniqueObjectName(kind: string, zeroBased = false): string {
  const graph = getDefaultGraph();
  const map = counters.get(graph) ?? new Map<string, number>();
  counters.set(graph, map);
  const before = map.get(kind) ?? 0;
  map.set(kind, before + 1);
  if (!zeroBased) return `${kind}_${before + 1}`;
  return before > 0 ? `${kind}_${before}` : kind;
}
