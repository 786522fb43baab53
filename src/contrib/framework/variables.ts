/** @file Variables of a model, and finding variables again by scope and by the end of their names. */
import { GraphError } from '../../errors';
import { GraphKeys } from '../../graph/collections';
import { getDefaultGraph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import type { DeviceLike } from '../../graph/scopes';
import { placeholder } from '../../ops/array';
import { group } from '../../ops/control';
import {
  type Getter,
  type GetVariableOptions,
  getVariable,
  getVariableScope,
  type VariableScope,
} from '../../ops/variable_scope';
import { Variable } from '../../ops/variables';
import { type Shape, sizeOf } from '../../value/shape';
import { type Nested, Value } from '../../value/value';
import { scoped } from './arg_scope';

export interface ContribVariableOptions extends Omit<GetVariableOptions, 'customGetter' | 'collections'> {
  readonly collections?: readonly string[] | null | undefined;
  readonly device?: DeviceLike | null | undefined;
  /** Makes the variable in place of getVariable. */
  readonly customGetter?: Getter | null | undefined;
}
type Make = {
  (name: string, options?: ContribVariableOptions): Variable;
  (name: string, shape?: Shape | number, options?: ContribVariableOptions): Variable;
};
const OPTIONS = [
  'shape',
  'dtype',
  'initializer',
  'regularizer',
  'trainable',
  'collections',
  'cachingDevice',
  'device',
  'partitioner',
  'customGetter',
  'useResource',
  'synchronization',
  'aggregation',
];

/**
 * The variable of that name, made where the scope allows it, on a device and in the collections that are named.
 * @tensorflow tf.contrib.framework.variable
 */
export const variable: Make = scoped(
  (name: string, shape: Shape | number | undefined, options: ContribVariableOptions): Variable => {
    const { device, customGetter, collections, ...rest } = options;
    const own = {
      ...rest,
      ...(shape == null ? {} : { shape }),
      collections: [...new Set(collections ?? [GraphKeys.GLOBAL_VARIABLES])],
    };
    return getDefaultGraph().device(device ?? '', () =>
      customGetter ? customGetter(name, { ...own, reuse: getVariableScope().reuse }) : getVariable(name, own),
    );
  },
  { name: 'variable', positional: ['name', 'shape'], options: OPTIONS },
) as Make;

/**
 * A variable that is part of the model: it goes to MODEL_VARIABLES, too.
 * @tensorflow tf.contrib.framework.model_variable
 */
export const modelVariable: Make = scoped(
  (name: string, shape: Shape | number | undefined, options: ContribVariableOptions): Variable =>
    variable(name, shape, {
      ...options,
      dtype: options.dtype ?? 'float32',
      collections: [...(options.collections ?? []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES],
    }),
  { name: 'model_variable', positional: ['name', 'shape'], options: OPTIONS },
) as Make;

/** Puts a variable into MODEL_VARIABLES, unless it is there.
 * @tensorflow tf.contrib.framework.add_model_variable
 */
export function addModelVariable(v: Variable): void {
  const list = getDefaultGraph().getCollectionRef<Variable>(GraphKeys.MODEL_VARIABLES);
  if (!list.includes(v)) list.push(v);
}

const unsaved =
  (collection: string) =>
  (initialValue: Nested | Tensor, options: { validateShape?: boolean; name?: string; useResource?: boolean } = {}) =>
    new Variable(initialValue, { ...options, trainable: false, collections: [collection] });
/** A variable that is not trained, in LOCAL_VARIABLES.
 * @tensorflow tf.contrib.framework.local_variable
 */
export const localVariable = unsaved(GraphKeys.LOCAL_VARIABLES);
/** A variable that is not trained, in GLOBAL_VARIABLES.
 * @tensorflow tf.contrib.framework.global_variable
 */
export const globalVariable = unsaved(GraphKeys.GLOBAL_VARIABLES);

type Scope = string | VariableScope | null | undefined;
/**
 * The variables of a collection whose names begin with `scope` (a pattern) and end with `suffix`.
 * @tensorflow tf.contrib.framework.get_variables
 */
export function getVariables(
  scope?: Scope,
  suffix?: string | null,
  collection: string = GraphKeys.GLOBAL_VARIABLES,
): Variable[] {
  const start = typeof scope === 'object' && scope !== null ? scope.name : (scope ?? null);
  if (suffix == null) return getDefaultGraph().getCollection<Variable>(collection, start);
  const end = suffix.includes(':') ? suffix : `${suffix}:`;
  return getDefaultGraph().getCollection<Variable>(collection, `${start ?? ''}.*${end}`);
}
const from =
  (collection: string) =>
  (scope?: Scope, suffix?: string | null): Variable[] =>
    getVariables(scope, suffix, collection);
/** getVariables of MODEL_VARIABLES.
 * @tensorflow tf.contrib.framework.get_model_variables
 */
export const getModelVariables = from(GraphKeys.MODEL_VARIABLES);
/** getVariables of LOCAL_VARIABLES.
 * @tensorflow tf.contrib.framework.get_local_variables
 */
export const getLocalVariables = from(GraphKeys.LOCAL_VARIABLES);
/** getVariables of TRAINABLE_VARIABLES.
 * @tensorflow tf.contrib.framework.get_trainable_variables
 */
export const getTrainableVariables = from(GraphKeys.TRAINABLE_VARIABLES);

/** The variables whose names end so.
 * @tensorflow tf.contrib.framework.get_variables_by_suffix
 */
export const getVariablesBySuffix = (suffix: string, scope?: Scope): Variable[] => getVariables(scope, suffix);
/** The variables whose last name is that one.
 * @tensorflow tf.contrib.framework.get_variables_by_name
 */
export const getVariablesByName = (name: string, scope?: Scope): Variable[] =>
  getVariables(scope, `/${name}:|^${name}:`);
/**
 * The variable of that op name. Raises Value where there is none, or only some whose names begin so.
 * @tensorflow tf.contrib.framework.get_unique_variable
 */
export function getUniqueVariable(name: string): Variable {
  const candidates = getVariables(name);
  if (candidates.length === 0) throw new GraphError('Value', `Couldn't find variable ${name}`);
  const found = candidates.find((v) => v.op.name === name);
  if (found) return found;
  throw new GraphError('Value', `Variable ${name} does not uniquely identify a variable`);
}
/**
 * The global variables under the scopes of `include` (all by default), but for those under scopes of `exclude`.
 * @tensorflow tf.contrib.framework.get_variables_to_restore
 */
export function getVariablesToRestore({
  include,
  exclude,
}: {
  readonly include?: readonly string[] | null;
  readonly exclude?: readonly string[] | null;
} = {}): Variable[] {
  for (const [name, list] of Object.entries({ include, exclude })) {
    if (list == null || Array.isArray(list)) continue;
    throw new GraphError('Type', `${name} is provided but is not a list or a tuple.`);
  }
  const wanted = include ? include.flatMap((scope) => getVariables(scope)) : getVariables();
  const without = new Set((exclude ?? []).flatMap((scope) => getVariables(scope)));
  return wanted.filter((v) => !without.has(v));
}

export interface FilterVariablesOptions {
  readonly includePatterns?: readonly string[] | null | undefined;
  readonly excludePatterns?: readonly string[] | null | undefined;
  /** false: a pattern must stand at the beginning of the name. */
  readonly regSearch?: boolean | undefined;
}
/**
 * The variables with a name that fits one of the patterns to include, and none of those to exclude.
 * @tensorflow tf.contrib.framework.filter_variables
 */
export function filterVariables(
  variables: readonly Variable[],
  { includePatterns, excludePatterns, regSearch = true }: FilterVariablesOptions = {},
): Variable[] {
  const fits = (v: Variable, patterns: readonly string[]): boolean =>
    patterns.some((p) => new RegExp(regSearch ? p : `^(?:${p})`).test(v.name));
  return variables.filter(
    (v) => (!includePatterns || fits(v, includePatterns)) && !(excludePatterns && fits(v, excludePatterns)),
  );
}

/**
 * An op that sets variables, and what to feed it: values by the op names of variables. Raises Value for a name that no
 * variable has, or more than one.
 * @tensorflow tf.contrib.framework.assign_from_values
 */
export function assignFromValues(
  values: Readonly<Record<string, Nested | Value>>,
): [assignOp: Operation, feedDict: Map<Tensor, Value>] {
  const feedDict = new Map<Tensor, Value>();
  const ops: unknown[] = [];
  for (const [name, given] of Object.entries(values)) {
    const v = assignedBy(name);
    const start = placeholder(v.dtype, v.shape, { name: `placeholder/${v.op.name}` });
    ops.push(v.assign(start));
    feedDict.set(start, reshaped(given, v));
  }
  return [group(ops), feedDict];
}
function assignedBy(name: string): Variable {
  const found = getVariables(name);
  if (found.length === 0) throw new GraphError('Value', `Variable ${name} wasn't found`);
  const only = found.length === 1 ? found[0] : found.find((v) => v.op.name === name);
  if (only) return only;
  throw new GraphError('Value', `Variable ${name} doesn't uniquely identify a variable`);
}
function reshaped(given: Nested | Value, { dtype, shape }: Variable): Value {
  const value = given instanceof Value ? given : Value.from(given, dtype);
  const wanted = (shape ?? value.shape) as number[];
  const { length } = value.data;
  if (sizeOf(wanted) === length) return new Value(value.dtype, wanted, value.data);
  throw new GraphError('Value', `cannot reshape array of size ${length} into shape (${wanted.join(',')})`);
}

/** assignFromValues as a function of a session.
 * @tensorflow tf.contrib.framework.assign_from_values_fn
 */
export function assignFromValuesFn(
  values: Readonly<Record<string, Nested | Value>>,
): (session: {
  run(fetches: Operation, options: { feedDict: Map<Tensor, Value> }): Promise<unknown>;
}) => Promise<void> {
  const [assign, feedDict] = assignFromValues(values);
  return async (session) => {
    await session.run(assign, { feedDict });
  };
}
