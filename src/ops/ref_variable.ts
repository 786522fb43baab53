/** @file RefVariable: a variable that is a buffer in the graph, read by alias. */
import { GraphError } from '../errors';
import { type ConvertOptions, convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph, withGraph } from '../graph/graph';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { isFull, type Shape } from '../value/shape';
import { identity } from './array';
import { guardInitialValue, initializedValue } from './guard_initial_value';
import {
  type ScatterOptions,
  scatterAdd,
  scatterDiv,
  scatterMax,
  scatterMin,
  scatterMul,
  scatterNdAdd,
  scatterNdSub,
  scatterNdUpdate,
  scatterSub,
  scatterUpdate,
} from './scatter_state';
import { type Index, index } from './slice';
import { assign, assignAdd, assignSub, countUpTo, isVariableInitialized, type Mutable, variableV2 } from './state';
import {
  besideVariable,
  type Constraint,
  checkModes,
  checkOptions,
  type InitialValue,
  type NamedWrite,
  type ReadBack,
  refuseContext,
  Variable,
  type VariableOptions,
  type WriteOptions,
} from './variable';

/** The nodes of a ref variable that a graph has already, for variables out of a MetaGraph. */
export interface RefNodes {
  readonly variable: Tensor;
  readonly initializer: Operation;
  readonly snapshot: Tensor;
  readonly initialValue: Tensor | null;
}

/** A VariableV2 with its Assign and its read, as TensorFlow's RefVariable: the usual kind in TensorFlow 1. */
export class RefVariable extends Variable {
  readonly isRef = true;
  override readonly initialValue: Tensor | null;
  override readonly trainable: boolean;
  override readonly constraint: Constraint | null;
  override readonly synchronization: NonNullable<VariableOptions['synchronization']>;
  override readonly aggregation: NonNullable<VariableOptions['aggregation']>;
  #nodes: RefNodes;

  /**
   * Raises Value for an initial value without a full shape (unless `validateShape` is false), or out of a branch or loop.
   */
  constructor(initialValue: InitialValue | null, options: VariableOptions & { readonly nodes?: RefNodes } = {}) {
    super();
    const found = options.nodes;
    const checked = found
      ? { ...checkModes(options), collections: [], constraint: options.constraint ?? null }
      : checkOptions(initialValue, options);
    this.trainable = checked.trainable;
    this.constraint = checked.constraint;
    this.synchronization = checked.synchronization;
    this.aggregation = checked.aggregation;
    this.#nodes = found ?? makeNodes(initialValue as InitialValue, options);
    this.initialValue = this.#nodes.initialValue;
    if (checked.collections.length > 0) this.graph.addToCollections(checked.collections, this);
  }

  get name(): string {
    return this.#nodes.variable.name;
  }
  get dtype(): DType {
    return this.#nodes.variable.dtype;
  }
  get shape(): Shape {
    return this.#nodes.variable.shape;
  }
  get op(): Operation {
    return this.#nodes.variable.op;
  }
  get graph(): Graph {
    return this.#nodes.variable.graph;
  }
  get device(): string {
    return this.#nodes.variable.device;
  }
  get handle(): undefined {
    return undefined;
  }
  get initializer(): Operation {
    return this.#nodes.initializer;
  }
  /** The buffer itself, `w:0`. */
  get ref(): Tensor {
    return this.#nodes.variable;
  }

  value(): Tensor {
    return this.#nodes.snapshot;
  }
  readValue(): Tensor {
    return identity(this.ref, { name: 'read' });
  }
  initializedValue(): Tensor {
    return initializedValue(this);
  }
  isInitialized(options: { readonly name?: string | undefined } = {}): Tensor {
    return isVariableInitialized(this, options);
  }
  asTensor({ dtype, asRef }: ConvertOptions): Tensor {
    this.checkType(dtype);
    return asRef ? this.ref : this.value();
  }
  asGraphElement(): Tensor {
    return this.ref;
  }
  setShape(shape: Shape): void {
    this.ref.setShape(shape);
    this.value().setShape(shape);
  }

  assign(value: TensorLike, options?: ReadBack): Tensor;
  assign(value: TensorLike, options?: WriteOptions): Tensor | Operation;
  assign(value: TensorLike, options: WriteOptions = {}): Tensor | Operation {
    return read(assign(this.ref, value, unlocked(options)) as Tensor, options);
  }
  assignAdd(delta: TensorLike, options?: ReadBack): Tensor;
  assignAdd(delta: TensorLike, options?: WriteOptions): Tensor | Operation;
  assignAdd(delta: TensorLike, options: WriteOptions = {}): Tensor | Operation {
    return read(assignAdd(this.ref, delta, unlocked(options)) as Tensor, options);
  }
  assignSub(delta: TensorLike, options?: ReadBack): Tensor;
  assignSub(delta: TensorLike, options?: WriteOptions): Tensor | Operation;
  assignSub(delta: TensorLike, options: WriteOptions = {}): Tensor | Operation {
    return read(assignSub(this.ref, delta, unlocked(options)) as Tensor, options);
  }

  scatterAdd(delta: IndexedSlices, options?: NamedWrite): Tensor {
    return this.#scatter(scatterAdd, delta, options);
  }
  scatterSub(delta: IndexedSlices, options?: NamedWrite): Tensor {
    return this.#scatter(scatterSub, delta, options);
  }
  scatterMul(delta: IndexedSlices, options?: NamedWrite): Tensor {
    return this.#scatter(scatterMul, delta, options);
  }
  scatterDiv(delta: IndexedSlices, options?: NamedWrite): Tensor {
    return this.#scatter(scatterDiv, delta, options);
  }
  scatterMin(delta: IndexedSlices, options?: NamedWrite): Tensor {
    return this.#scatter(scatterMin, delta, options);
  }
  scatterMax(delta: IndexedSlices, options?: NamedWrite): Tensor {
    return this.#scatter(scatterMax, delta, options);
  }
  scatterUpdate(delta: IndexedSlices, options?: NamedWrite): Tensor {
    return this.#scatter(scatterUpdate, delta, options);
  }
  scatterNdAdd(indices: TensorLike, updates: TensorLike, { name }: NamedWrite = {}): Tensor {
    return scatterNdAdd(this.ref, indices, updates, { name, useLocking: true }) as Tensor;
  }
  scatterNdSub(indices: TensorLike, updates: TensorLike, { name }: NamedWrite = {}): Tensor {
    return scatterNdSub(this.ref, indices, updates, { name, useLocking: true }) as Tensor;
  }
  scatterNdUpdate(indices: TensorLike, updates: TensorLike, { name }: NamedWrite = {}): Tensor {
    return scatterNdUpdate(this.ref, indices, updates, { name, useLocking: true }) as Tensor;
  }
  countUpTo(limit: number): Tensor {
    return countUpTo(this.ref, limit);
  }
  at(...spec: readonly Index[]): Tensor {
    return index(this.value(), spec);
  }

  #scatter(write: Scatter, delta: IndexedSlices, options: NamedWrite = {}): Tensor {
    return write(this.ref, slicesOf(delta).indices, delta.values, unlocked(options)) as Tensor;
  }
}

type Scatter = (ref: Mutable, indices: Tensor, updates: Tensor, options: ScatterOptions) => unknown;
const unlocked = <O extends NamedWrite>(o: O): O => ({ ...o, useLocking: o.useLocking ?? false });
const read = (t: Tensor, { readValue = true }: WriteOptions): Tensor | Operation => (readValue ? t : t.op);

/** Raises Type for anything but IndexedSlices. */
export function slicesOf(delta: IndexedSlices): IndexedSlices {
  if (delta instanceof IndexedSlices) return delta;
  throw new GraphError('Type', `sparse_delta is not IndexedSlices: ${delta}`);
}

/** `w/initial_value`, `w`, `w/Assign`, `w/read`; for a function `w/Initializer/...` first. */
function makeNodes(initialValue: InitialValue, options: VariableOptions): RefNodes {
  const { dtype, validateShape = true, cachingDevice } = options;
  const graph = typeof initialValue === 'function' ? getDefaultGraph() : graphOf([initialValue]);
  return withGraph(graph, () =>
    graph.initScope(() =>
      graph.nameScope(options.name ?? 'Variable', (scope) => {
        const bufferFor = (initial: Tensor) =>
          variableV2(options.shape ?? (validateShape ? initial.shape : null), initial.dtype, { name: scope });
        let initial: Tensor;
        let variable: Tensor;
        if (typeof initialValue === 'function') {
          [initial, variable] = besideVariable(graph, scope.replace(/\/$/, ''), () => {
            const made = graph.nameScope('Initializer', () =>
              graph.device(null, () => convertToTensor(initialValue(), { name: 'initial_value', dtype }, graph)),
            );
            return [made, bufferFor(made)];
          });
        } else {
          initial = convertToTensor(initialValue, { name: 'initial_value', dtype }, graph);
          refuseContext(initial, scope);
          variable = bufferFor(initial);
        }
        if (validateShape && !isFull(initial.shape)) {
          throw new GraphError('Value', `initial_value must have a shape specified: ${initial}`);
        }
        const guarded = guardInitialValue(scope, initial);
        const initializer = (assign(variable, guarded, { validateShape }) as Tensor).op;
        const takeSnapshot = () => identity(variable, { name: 'read' });
        const snapshot = cachingDevice
          ? graph.device(cachingDevice, takeSnapshot)
          : graph.colocateWith(variable.op, takeSnapshot);
        return { variable, initializer, snapshot, initialValue: initial };
      }),
    ),
  );
}
