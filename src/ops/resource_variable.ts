/** @file ResourceVariable: a variable behind a handle, read by value. */
import { GraphError } from '../errors';
import { type ConvertOptions, convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph, withGraph } from '../graph/graph';
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { compatible, type Shape, tupleShape } from '../value/shape';
import { identity, type Named } from './array';
import { guardInitialValue, initializedValue } from './guard_initial_value';
import { slicesOf } from './ref_variable';
import {
  assignAddVariableOp,
  assignSubVariableOp,
  assignVariableOp,
  readVariableOp,
  resourceCountUpTo,
  varHandleOp,
  varIsInitializedOp,
} from './resource';
import {
  resourceGather,
  resourceGatherNd,
  resourceScatter,
  resourceScatterNd,
  type ScatterNdKind,
} from './resource_scatter';
import type { ScatterKind } from './scatter_state';
import { type Index, index } from './slice';
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

/** The nodes of a resource variable that a graph has already, for variables out of a MetaGraph. */
export interface ResourceNodes {
  readonly handle: Tensor;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly initializer: Operation | null;
  /** What fetching the variable fetches. */
  readonly graphElement: Tensor;
  readonly cachedValue: Tensor | null;
  readonly initialValue: Tensor | null;
}

/** A VarHandleOp with its assign and its read, as TensorFlow's ResourceVariable: each read is a value of its own. */
export class ResourceVariable extends Variable {
  readonly isRef = false;
  override readonly initialValue: Tensor | null;
  override readonly trainable: boolean;
  override readonly constraint: Constraint | null;
  override readonly synchronization: NonNullable<VariableOptions['synchronization']>;
  override readonly aggregation: NonNullable<VariableOptions['aggregation']>;
  #nodes: ResourceNodes;

  /** Raises Value for an initial value that comes out of a branch or loop, or does not fit `shape`. */
  constructor(initialValue: InitialValue | null, options: VariableOptions & { readonly nodes?: ResourceNodes } = {}) {
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
    return this.handle.name;
  }
  get dtype(): DType {
    return this.#nodes.dtype;
  }
  get shape(): Shape {
    return this.#nodes.shape;
  }
  get op(): Operation {
    return this.handle.op;
  }
  get graph(): Graph {
    return this.handle.graph;
  }
  get device(): string {
    return this.handle.device;
  }
  get handle(): Tensor {
    return this.#nodes.handle;
  }
  get initializer(): Operation {
    return this.#nodes.initializer!;
  }

  /** Reads where the variable lives, whatever colocation and device scopes are open. */
  value(): Tensor {
    const { cachedValue } = this.#nodes;
    if (cachedValue) return cachedValue;
    return this.graph.colocateWith(null, () => this.graph.device(this.device, () => this.read()), true);
  }
  protected read(): Tensor {
    return readVariableOp(this.handle, this.dtype);
  }
  readValue(): Tensor {
    const { graph } = this;
    const value = graph.nameScope('Read', () => graph.device(this.device, () => this.read()));
    return identity(value);
  }
  /** The rows `indices`, read without reading the rest, as ResourceVariable.sparse_read. */
  sparseRead(indices: TensorLike, { name = 'Gather' }: Named = {}): Tensor {
    return identity(
      this.graph.nameScope(name, (scope) => resourceGather(this.handle, indices, this.dtype, { name: scope })),
    );
  }
  /** The slices that the last axis of `indices` names, as ResourceVariable.gather_nd. */
  gatherNd(indices: TensorLike, { name = 'GatherNd' }: Named = {}): Tensor {
    return identity(
      this.graph.nameScope(name, (scope) => resourceGatherNd(this.handle, indices, this.dtype, { name: scope })),
    );
  }
  initializedValue(): Tensor {
    return initializedValue(this);
  }
  isInitialized(options: Named = {}): Tensor {
    return varIsInitializedOp(this.handle, options);
  }
  asTensor({ dtype, asRef }: ConvertOptions): Tensor {
    this.checkType(dtype);
    return asRef ? this.readValue().op.inputs[0]! : this.value();
  }
  asGraphElement(): Tensor {
    return this.#nodes.graphElement;
  }
  setShape(_: Shape): never {
    throw new GraphError('Unimplemented', 'ResourceVariable does not implement set_shape()', { op: this.op.name });
  }

  assign(value: TensorLike, options?: ReadBack): UnreadVariable;
  assign(value: TensorLike, options?: WriteOptions): UnreadVariable | Operation;
  assign(value: TensorLike, options: WriteOptions = {}): UnreadVariable | Operation {
    const t = convertToTensor(value, { dtype: this.dtype }, this.graph);
    if (!compatible(this.shape, t.shape)) {
      throw new GraphError('Value', `Shapes ${tupleShape(this.shape)} and ${tupleShape(t.shape)} are incompatible`);
    }
    return this.#written(assignVariableOp(this.handle, t, options), options);
  }
  assignAdd(delta: TensorLike, options?: ReadBack): UnreadVariable;
  assignAdd(delta: TensorLike, options?: WriteOptions): UnreadVariable | Operation;
  assignAdd(delta: TensorLike, options: WriteOptions = {}): UnreadVariable | Operation {
    return this.#update(assignAddVariableOp, delta, options);
  }
  assignSub(delta: TensorLike, options?: ReadBack): UnreadVariable;
  assignSub(delta: TensorLike, options?: WriteOptions): UnreadVariable | Operation;
  assignSub(delta: TensorLike, options: WriteOptions = {}): UnreadVariable | Operation {
    return this.#update(assignSubVariableOp, delta, options);
  }
  #update(write: typeof assignAddVariableOp, delta: TensorLike, options: WriteOptions): UnreadVariable | Operation {
    const make = () => write(this.handle, convertToTensor(delta, { dtype: this.dtype }, this.graph), options);
    const { cachedValue } = this.#nodes;
    return this.#written(cachedValue ? this.graph.controlDependencies([cachedValue], make) : make(), options);
  }
  #written(op: Operation, { readValue = true }: WriteOptions): UnreadVariable | Operation {
    return readValue ? this.lazyRead(op) : op;
  }
  /** The variable as it is after `op`: its reads wait for that. */
  lazyRead(op: Operation): UnreadVariable {
    const { handle, dtype, shape } = this;
    const graphElement = this.graph.controlDependencies([op], () => readVariableOp(handle, dtype));
    const none = { initializer: null, cachedValue: null, initialValue: null };
    return new UnreadVariable({ handle, dtype, shape, graphElement, ...none }, op);
  }

  scatterAdd(delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    return this.#scatter('Add', delta, options);
  }
  scatterSub(delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    return this.#scatter('Sub', delta, options);
  }
  scatterMul(delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    return this.#scatter('Mul', delta, options);
  }
  scatterDiv(delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    return this.#scatter('Div', delta, options);
  }
  scatterMin(delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    return this.#scatter('Min', delta, options);
  }
  scatterMax(delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    return this.#scatter('Max', delta, options);
  }
  scatterUpdate(delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    return this.#scatter('Update', delta, options);
  }
  scatterNdAdd(indices: TensorLike, updates: TensorLike, options?: NamedWrite): UnreadVariable {
    return this.#scatterNd('Add', indices, updates, options);
  }
  scatterNdSub(indices: TensorLike, updates: TensorLike, options?: NamedWrite): UnreadVariable {
    return this.#scatterNd('Sub', indices, updates, options);
  }
  scatterNdUpdate(indices: TensorLike, updates: TensorLike, options?: NamedWrite): UnreadVariable {
    return this.#scatterNd('Update', indices, updates, options);
  }
  #scatter(kind: ScatterKind, delta: IndexedSlices, options?: NamedWrite): UnreadVariable {
    const { indices, values } = slicesOf(delta);
    const updates = convertToTensor(values, { dtype: this.dtype });
    return this.lazyRead(resourceScatter(kind, this.handle, indices, updates, options));
  }
  #scatterNd(kind: ScatterNdKind, indices: TensorLike, updates: TensorLike, options?: NamedWrite): UnreadVariable {
    const values = convertToTensor(updates, { dtype: this.dtype }, this.graph);
    return this.lazyRead(resourceScatterNd(kind, this.handle, indices, values, options));
  }
  countUpTo(limit: number): Tensor {
    return resourceCountUpTo(this, limit);
  }
  at(...spec: readonly Index[]): Tensor {
    return index(this.value(), spec);
  }
}

/** A resource variable right after a write: `op` is the write, and every read waits for it. */
export class UnreadVariable extends ResourceVariable {
  #write: Operation;

  constructor(nodes: ResourceNodes, write: Operation) {
    super(null, { nodes });
    this.#write = write;
  }
  override get name(): string {
    return this.#write.name;
  }
  override get op(): Operation {
    return this.#write;
  }
  override value(): Tensor {
    return this.read();
  }
  override readValue(): Tensor {
    return this.read();
  }
  protected override read(): Tensor {
    return this.graph.controlDependencies([this.#write], () => readVariableOp(this.handle, this.dtype));
  }
}

/** `w/Initializer/...`, `w`, `w/IsInitialized/...`, `w/Assign`, `w/Read/...`. */
function makeNodes(initialValue: InitialValue, options: VariableOptions): ResourceNodes {
  const { cachingDevice } = options;
  const graph = typeof initialValue === 'function' ? getDefaultGraph() : graphOf([initialValue]);
  const convert = () => {
    const given = typeof initialValue === 'function' ? initialValue() : initialValue;
    return convertToTensor(given, { name: 'initial_value', dtype: options.dtype }, graph);
  };
  const build = (scope: string): ResourceNodes => {
    const name = scope.replace(/\/$/, '');
    const { initial, shape, handle } = besideVariable(graph, name, () => {
      const initial = graph.nameScope('Initializer', () => graph.device(null, convert));
      const shape = options.shape ?? initial.shape;
      if (!compatible(initial.shape, shape)) {
        throw new GraphError(
          'Value',
          `The initial value's shape (${tupleShape(initial.shape)}) is not compatible with the explicitly supplied \`shape\` argument (${tupleShape(shape)}).`,
        );
      }
      return { initial, shape, handle: varHandleOp(shape, initial.dtype, { name: scope, sharedName: name }) };
    });
    refuseContext(initial, scope);
    const { dtype } = initial;
    const there = <R>(body: () => R): R => graph.device(handle.device, body);
    graph.nameScope('IsInitialized', () => varIsInitializedOp(handle));
    const initializer = graph.nameScope('Assign', (assignScope) =>
      graph.colocateWith(
        null,
        () => there(() => assignVariableOp(handle, guardInitialValue(scope, initial), { name: assignScope })),
        true,
      ),
    );
    const { graphElement, cachedValue } = graph.nameScope('Read', () => {
      const read = there(() => readVariableOp(handle, dtype));
      const copy = () => graph.device(cachingDevice!, () => identity(read));
      return { graphElement: read, cachedValue: cachingDevice ? graph.colocateWith(null, copy, true) : null };
    });
    return { handle, shape, dtype, initializer, graphElement, cachedValue, initialValue: initial };
  };
  return withGraph(graph, () => graph.initScope(() => graph.nameScope(options.name ?? 'Variable', build)));
}
