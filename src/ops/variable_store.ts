/** @file The variables of a graph by full name: making them, and finding them again. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, isTensorLike, type TensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { type DType, isFloating, isInteger } from '../value/dtype';
import { compatible, isFull, type Shape, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { GlorotUniform, Zeros } from './initializers';
import { checkModes, type InitialValue, type Variable, type VariableOptions } from './variable';
import { makeVariable, resourceVariablesEnabled } from './variables';

/** tf.AUTO_REUSE: make the variable where it does not exist yet. @tensorflow tf.AUTO_REUSE */
export const AUTO_REUSE: unique symbol = Symbol('AUTO_REUSE');
export type Reuse = boolean | typeof AUTO_REUSE;

/** Makes initial values of any shape. */
export interface ShapedInitializer {
  call(shape: readonly number[], dtype?: DType): TensorLike;
}
/**
 * What getVariable takes: an initializer of tf.initializers (or its class), a function of shape and dtype, a function
 * without arguments where no shape is given, or the value itself.
 */
export type InitializerLike =
  | ShapedInitializer
  | (new () => ShapedInitializer)
  | ((shape: readonly number[], dtype: DType) => TensorLike)
  | (() => TensorLike)
  | TensorLike;
/** A penalty on a variable's value, or null for none. */
export type Regularizer = (variable: Variable) => Tensor | null | undefined;

export interface GetVariableOptions extends Omit<VariableOptions, 'name' | 'shape' | 'expectedShape'> {
  /** null dimensions and no shape at all are for initial values that bring their own. */
  readonly shape?: Shape | number | undefined;
  readonly initializer?: InitializerLike | null | undefined;
  readonly regularizer?: Regularizer | null | undefined;
  readonly customGetter?: CustomGetter | null | undefined;
  /** Of getters only: scopes decide it. */
  readonly reuse?: Reuse | null | undefined;
}
export type Getter = (name: string, options: GetVariableOptions) => Variable;
/** Stands before the real getter: may rename, change options, or compute with what it gets. */
export type CustomGetter = (getter: Getter, name: string, options: GetVariableOptions) => Variable;

export const isInitializer = (x: unknown): x is ShapedInitializer =>
  typeof x === 'object' && x !== null && !isTensorLike(x) && typeof (x as ShapedInitializer).call === 'function';
/** Whether an initializer is a value rather than something that makes one. */
export const isConstant = (x: unknown): x is TensorLike => typeof x !== 'function' && !isInitializer(x);
const isClass = (x: unknown): x is new () => ShapedInitializer =>
  typeof x === 'function' && typeof (x.prototype as ShapedInitializer | undefined)?.call === 'function';

const shown = (dtype: DType): string => `<dtype: '${dtype}'>`;
/** A constant's numbers take the dtype asked for; Raises Value for a tensor or array of another one. */
export function constantOfType(initializer: TensorLike, dtype: DType): TensorLike {
  let inner: unknown = initializer;
  while (Array.isArray(inner)) inner = inner[0];
  const value = typeof inner === 'number' ? Value.from(initializer as Nested, dtype) : initializer;
  const found = convertToTensor(value).dtype;
  if (found === dtype) return value;
  throw new GraphError('Value', `Initializer type '${shown(found)}' and explicit dtype '${shown(dtype)}' don't match.`);
}

const asShape = (shape: Shape | number | undefined): Shape =>
  shape === undefined ? null : typeof shape === 'number' ? [shape] : shape;

/** As variable_scope._VariableStore. */
export class VariableStore {
  readonly variables = new Map<string, Variable>();

  /**
   * Raises Value for a variable that exists while `reuse` is false, or does not while it is true, and for a shape or
   * dtype other than it has.
   */
  get(name: string, options: GetVariableOptions): Variable {
    const { customGetter, ...rest } = options;
    if (customGetter && typeof customGetter !== 'function') {
      throw new GraphError('Value', `Passed a custom_getter which is not callable: ${customGetter}`);
    }
    const own = { ...rest, trainable: checkModes({ ...rest, name } as VariableOptions).trainable };
    const getter: Getter = (n, o) => this.#find(n, o) ?? this.#make(n, o);
    return customGetter ? customGetter(getter, name, own) : getter(name, own);
  }

  #find(name: string, options: GetVariableOptions): Variable | undefined {
    const { reuse = null, initializer = null, dtype = 'float32' } = options;
    if (options.shape !== undefined && options.shape !== null && initializer !== null && isConstant(initializer)) {
      throw new GraphError('Value', 'If initializer is a constant, do not specify shape.');
    }
    const found = this.variables.get(name);
    if (!found) {
      if (reuse !== true) return undefined;
      throw new GraphError(
        'Value',
        `Variable ${name} does not exist, or was not created with tf.get_variable(). Did you mean to set reuse=tf.AUTO_REUSE in VarScope?`,
      );
    }
    if (reuse === false) {
      throw new GraphError(
        'Value',
        `Variable ${name} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?`,
      );
    }
    const shape = asShape(options.shape);
    if (!compatible(shape, found.shape)) {
      throw new GraphError(
        'Value',
        `Trying to share variable ${name}, but specified shape ${tupleShape(shape)} and found shape ${tupleShape(found.shape)}.`,
      );
    }
    if (dtype !== found.dtype) {
      const is = `${found.dtype}${found.isRef ? '_ref' : ''}`;
      throw new GraphError(
        'Value',
        `Trying to share variable ${name}, but specified dtype ${dtype} and found dtype ${is}.`,
      );
    }
    return found;
  }

  #make(name: string, options: GetVariableOptions): Variable {
    const { dtype = 'float32', regularizer } = options;
    const initializer = options.initializer ?? defaultInitializer(name, dtype);
    const [initialValue, ownType] = initialOf(initializer, asShape(options.shape), dtype);
    const variable = makeVariable(initialValue, {
      name,
      trainable: options.trainable,
      collections: options.collections,
      cachingDevice: options.cachingDevice,
      dtype: ownType,
      validateShape: options.validateShape,
      constraint: options.constraint,
      useResource: options.useResource ?? resourceVariablesEnabled(),
      synchronization: options.synchronization,
      aggregation: options.aggregation,
    });
    this.variables.set(name, variable);
    if (regularizer) regularize(variable, name, regularizer);
    return variable;
  }
}

/** What an initializer of any kind makes of a shape and a dtype, as Python's `initializer(shape, dtype)`. */
export function callInitializer(initializer: InitializerLike, shape: readonly number[], dtype: DType): TensorLike {
  if (isConstant(initializer)) return initializer;
  if (typeof initializer !== 'function') return (initializer as ShapedInitializer).call(shape, dtype);
  if (isClass(initializer)) return new initializer().call(shape, dtype);
  return (initializer as (shape: readonly number[], dtype: DType) => TensorLike)(shape, dtype);
}

/** What the variable is given, and the dtype it is converted to: constants keep their own. */
function initialOf(initializer: InitializerLike, shape: Shape, dtype: DType): [InitialValue, DType | undefined] {
  if (isConstant(initializer)) return [initializer, undefined];
  const made = isClass(initializer) ? new initializer() : initializer;
  if (isFull(shape)) return [() => callInitializer(made, shape, dtype), dtype];
  if (typeof made === 'function' && made.length === 0) return [made as () => TensorLike, undefined];
  throw new GraphError(
    'Value',
    "The initializer passed is not valid. It should be a callable with no arguments and the shape should not be provided or an instance of `tf.keras.initializers.*' and `shape` should be fully defined.",
  );
}

function defaultInitializer(name: string, dtype: DType): InitializerLike {
  if (isFloating(dtype)) return new GlorotUniform();
  if (isInteger(dtype) || dtype === 'bool' || dtype === 'string') return new Zeros();
  throw new GraphError('Value', `An initializer for variable ${name} of ${shown(dtype)} is required`);
}

function regularize(variable: Variable, name: string, regularizer: Regularizer): void {
  const { graph } = variable;
  graph.colocateWith(variable.op, () => {
    const loss = graph.nameScope(`${name}/Regularizer/`, () => graph.initScope(() => regularizer(variable)));
    if (loss) graph.addToCollection(GraphKeys.REGULARIZATION_LOSSES, loss);
  });
}

const STORE = Symbol('variable store');
/** The store of the default graph. */
export function defaultVariableStore(graph: Graph = getDefaultGraph()): VariableStore {
  let store = graph.stores.get(STORE) as VariableStore | undefined;
  if (!store) {
    store = new VariableStore();
    graph.stores.set(STORE, store);
  }
  return store;
}
