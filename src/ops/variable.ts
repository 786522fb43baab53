/** @file What all variables have in common, whatever keeps their cells. */
import { GraphError } from '../errors';
import type { ConvertOptions, TensorConvertible, TensorLike } from '../graph/convert';
import type { Graph } from '../graph/graph';
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import type { DeviceLike } from '../graph/scopes';
import type { DType } from '../value/dtype';
import { type Shape, tupleShape } from '../value/shape';

/** A value, or a function that makes the tensor: it runs inside the variable's own scope, outside of conds and loops. */
export type InitialValue = TensorLike | (() => TensorLike);
/** Keeps a variable within bounds: from the value after an update to the value wanted. */
export type Constraint = (value: Tensor) => TensorLike;

export interface VariableOptions {
  readonly name?: string | null | undefined;
  /** false: optimizers leave it alone. */
  readonly trainable?: boolean | null | undefined;
  /** The graph's lists it goes to; [GraphKeys.GLOBAL_VARIABLES] by default. */
  readonly collections?: readonly unknown[] | ReadonlySet<unknown> | null | undefined;
  /** false lets the initial value have any shape. */
  readonly validateShape?: boolean | undefined;
  readonly cachingDevice?: DeviceLike | null | undefined;
  readonly dtype?: DType | undefined;
  /** Not used, as in TensorFlow. */
  readonly expectedShape?: Shape | undefined;
  readonly constraint?: Constraint | null | undefined;
  /** true: a ResourceVariable, read by value; false: a RefVariable, read by alias. */
  readonly useResource?: boolean | null | undefined;
  readonly shape?: Shape | undefined;
  readonly synchronization?: Synchronization | undefined;
  readonly aggregation?: Aggregation | undefined;
}
/** tf.VariableSynchronization; it counts with several devices only, but ON_READ means not trainable. */
export type Synchronization = 'AUTO' | 'NONE' | 'ON_WRITE' | 'ON_READ';
/** tf.VariableAggregation. */
export type Aggregation = 'NONE' | 'SUM' | 'MEAN' | 'ONLY_FIRST_REPLICA';

/** A session, as far as variables need one. */
export interface Runner {
  run(fetches: never, options?: { readonly feedDict?: never }): Promise<unknown>;
}
let findSession: (() => Runner | null | undefined) | undefined;
/** The floor of sessions says here how to find the default one. */
export function onDefaultSession(f: () => Runner | null | undefined): void {
  findSession = f;
}
export const defaultSession = (): Runner | null => findSession?.() ?? null;

let make: ((initialValue: InitialValue, options: VariableOptions) => Variable) | undefined;
/** Which class a plain `new Variable` makes is decided above, by scopes and creators. */
export function onNewVariable(f: typeof make): void {
  make = f;
}

export interface WriteOptions {
  readonly name?: string | undefined;
  readonly useLocking?: boolean | undefined;
  /** false: the operation instead of something to read. */
  readonly readValue?: boolean | undefined;
}
export interface NamedWrite {
  readonly name?: string | undefined;
  readonly useLocking?: boolean | undefined;
}
/** What a write answers, to be read after it: a ref tensor, or a resource variable. */
export type Written = Tensor | Variable;
/** Options of a write that answers so. */
export type ReadBack = WriteOptions & { readonly readValue?: true | undefined };

/**
 * A tensor that keeps its value from run to run, as tf.Variable. `new Variable(initial, options)` makes a RefVariable or
 * a ResourceVariable. It must be initialized in each session: `await session.run(tf.globalVariablesInitializer())`.
 */
export abstract class Variable implements TensorConvertible {
  readonly initialValue!: Tensor | null;
  readonly trainable!: boolean;
  readonly constraint!: Constraint | null;
  readonly synchronization!: Synchronization;
  readonly aggregation!: Aggregation;
  /** Whether ops write into its buffer through a ref tensor; false for a resource. */
  abstract readonly isRef: boolean;

  constructor(initialValue?: InitialValue, options: VariableOptions = {}) {
    if (new.target !== (Variable as unknown)) return;
    if (!make) throw new GraphError('Internal', 'Variables need src/ops/variables.ts.');
    // biome-ignore lint/correctness/noConstructorReturn: the kind is decided by scopes and creators, as in TensorFlow
    return make(initialValue as InitialValue, options);
  }

  /** `w:0` */
  abstract get name(): string;
  abstract get dtype(): DType;
  abstract get shape(): Shape;
  abstract get op(): Operation;
  abstract get graph(): Graph;
  abstract get device(): string;
  /** The handle of a resource variable; undefined for a ref variable. */
  abstract get handle(): Tensor | undefined;
  /** The op that gives it its initial value. */
  abstract get initializer(): Operation;

  /** What a conversion to a tensor gives: for a ref `w/read`, which exists; for a resource a new read. */
  abstract value(): Tensor;
  /** A new read, made where it stands: it waits for the control dependencies around it. */
  abstract readValue(): Tensor;
  /** The value if it is initialized, else the initial value. */
  abstract initializedValue(): Tensor;
  abstract isInitialized(options?: { readonly name?: string | undefined }): Tensor;
  abstract asTensor(options: ConvertOptions): Tensor;
  /** What fetching the variable fetches. */
  abstract asGraphElement(): Tensor;

  /** Each answers the value after the write; with `readValue: false` the operation. */
  abstract assign(value: TensorLike, options?: ReadBack): Written;
  abstract assign(value: TensorLike, options?: WriteOptions): Written | Operation;
  abstract assignAdd(delta: TensorLike, options?: ReadBack): Written;
  abstract assignAdd(delta: TensorLike, options?: WriteOptions): Written | Operation;
  abstract assignSub(delta: TensorLike, options?: ReadBack): Written;
  abstract assignSub(delta: TensorLike, options?: WriteOptions): Written | Operation;
  abstract scatterAdd(delta: IndexedSlices, options?: NamedWrite): Written;
  abstract scatterSub(delta: IndexedSlices, options?: NamedWrite): Written;
  abstract scatterMul(delta: IndexedSlices, options?: NamedWrite): Written;
  abstract scatterDiv(delta: IndexedSlices, options?: NamedWrite): Written;
  abstract scatterMin(delta: IndexedSlices, options?: NamedWrite): Written;
  abstract scatterMax(delta: IndexedSlices, options?: NamedWrite): Written;
  abstract scatterUpdate(delta: IndexedSlices, options?: NamedWrite): Written;
  abstract scatterNdAdd(indices: TensorLike, updates: TensorLike, options?: NamedWrite): Written;
  abstract scatterNdSub(indices: TensorLike, updates: TensorLike, options?: NamedWrite): Written;
  abstract scatterNdUpdate(indices: TensorLike, updates: TensorLike, options?: NamedWrite): Written;
  /** Counts up by one a run; OutOfRange at the limit. */
  abstract countUpTo(limit: number): Tensor;
  /** Indexing: `w.at(0)`, `w.at([1, null])`, as `w[0]`, `w[1:]`. */
  abstract at(...spec: readonly unknown[]): Tensor;

  getShape(): Shape {
    return this.shape;
  }

  /** The value in a session. */
  eval(session: Runner | null = defaultSession()): Promise<unknown> {
    if (session) return session.run(this.asGraphElement() as never);
    throw new GraphError(
      'Value',
      'Cannot evaluate tensor using `eval()`: No default session is registered. Use `with sess.as_default()` or pass an explicit session to `eval(session=sess)`',
    );
  }

  /** Writes a value from outside, through the initializer. */
  async load(value: unknown, session: Runner | null = defaultSession()): Promise<void> {
    if (!session) {
      throw new GraphError(
        'Value',
        'Either session argument should be provided or default session should be established',
      );
    }
    await session.run(this.initializer as never, { feedDict: [[this.initializer.inputs[1]!, value]] as never });
  }

  /** `<tf.Variable 'w:0' shape=(5, 5) dtype=float32_ref>` */
  toString(): string {
    return `<tf.Variable '${this.name}' shape=${tupleShape(this.shape)} dtype=${this.dtype}${this.isRef ? '_ref' : ''}>`;
  }
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new GraphError(
      'Type',
      `using a \`tf.Variable\` as a JavaScript number or bool is not allowed in Graph execution: ${this}. Use w.add(y), tf.cond, or session.run.`,
      { op: this.op.name },
    );
  }
  [Symbol.iterator](): Iterator<Tensor> {
    throw new GraphError('Type', "'Variable' object is not iterable.", { op: this.op.name });
  }

  /** Raises Value where another dtype is asked for. */
  protected checkType(dtype: DType | undefined): void {
    if (!dtype || dtype === this.dtype) return;
    const own = `${this.dtype}${this.isRef ? '_ref' : ''}`;
    throw new GraphError(
      'Value',
      `Incompatible type conversion requested to type '${dtype}' for variable of type '${own}'`,
    );
  }
}

export interface CheckedOptions {
  readonly collections: readonly unknown[];
  readonly trainable: boolean;
  readonly constraint: Constraint | null;
  readonly synchronization: Synchronization;
  readonly aggregation: Aggregation;
}
const SYNCHRONIZATIONS: readonly unknown[] = ['AUTO', 'NONE', 'ON_WRITE', 'ON_READ'];
const AGGREGATIONS: readonly unknown[] = ['NONE', 'SUM', 'MEAN', 'ONLY_FIRST_REPLICA'];

/** Raises Value for modes that do not exist; trainable unless told otherwise, or each device has its own copy. */
export function checkModes(options: VariableOptions): Omit<CheckedOptions, 'collections' | 'constraint'> {
  const { aggregation = 'NONE', synchronization = 'AUTO' } = options;
  const refuse = (what: string, mode: unknown): never => {
    throw new GraphError('Value', `Invalid variable ${what} mode: ${mode} for variable: ${options.name ?? 'None'}`);
  };
  if (!AGGREGATIONS.includes(aggregation)) refuse('aggregation', aggregation);
  if (!SYNCHRONIZATIONS.includes(synchronization)) refuse('synchronization', synchronization);
  return { synchronization, aggregation, trainable: options.trainable ?? synchronization !== 'ON_READ' };
}

/** The arguments both classes check before they make anything. */
export function checkOptions(initialValue: InitialValue | null | undefined, options: VariableOptions): CheckedOptions {
  if (initialValue === null || initialValue === undefined) {
    throw new GraphError('Value', 'initial_value must be specified.');
  }
  const { constraint = null } = options;
  const given: unknown = options.collections ?? ['variables'];
  if (!Array.isArray(given) && !(given instanceof Set)) {
    throw new GraphError(
      'Value',
      `collections argument to Variable constructor must be a list, tuple, or set. Got ${given} of type ${typeof given}`,
    );
  }
  if (constraint !== null && typeof constraint !== 'function') {
    throw new GraphError('Value', 'The `constraint` argument must be a callable.');
  }
  const modes = checkModes(options);
  const collections = [...(given as readonly unknown[])];
  if (modes.trainable && !collections.includes('trainable_variables')) collections.push('trainable_variables');
  return { ...modes, collections, constraint };
}

/** A tensor made in a branch or loop exists there only. */
export function refuseContext(initial: Tensor, scope: string): void {
  if (initial.op.context === null) return;
  throw new GraphError(
    'Value',
    `Initializer for variable ${scope} is from inside a control-flow construct, such as a loop or conditional. When creating a variable inside a loop or conditional, use a lambda as the initializer.`,
  );
}

/** Marks the ops that `body` makes as belonging to the device of the variable, where nothing else says so. */
export function besideVariable<R>(graph: Graph, name: string, body: () => R): R {
  const before = graph.version;
  const result = body();
  for (let id = before + 1; id <= graph.version; id++) {
    const op = graph.operationAt(id);
    if (!('_class' in op.attrs)) op.setAttr('_class', [`loc:@${name}`]);
  }
  return result;
}
