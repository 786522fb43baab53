/** @file Scopes that variables fall under: their names, reuse, and defaults for getVariable. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { graphOf } from '../graph/convert';
import { type Graph, getDefaultGraph, withGraph } from '../graph/graph';
import { type DeviceLike, refusePromise } from '../graph/scopes';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import type { Constraint, Variable } from './variable';
import {
  AUTO_REUSE,
  type CustomGetter,
  constantOfType,
  defaultVariableStore,
  type GetVariableOptions,
  type InitializerLike,
  isConstant,
  type Regularizer,
  type Reuse,
  type VariableStore,
} from './variable_store';

export type { CustomGetter, Getter, GetVariableOptions, InitializerLike, Regularizer, Reuse } from './variable_store';
export { AUTO_REUSE };

interface ScopeDefaults {
  readonly initializer?: InitializerLike | null | undefined;
  readonly regularizer?: Regularizer | null | undefined;
  readonly cachingDevice?: DeviceLike | null | undefined;
  readonly customGetter?: CustomGetter | null | undefined;
  readonly dtype?: DType | null | undefined;
  readonly useResource?: boolean | null | undefined;
  readonly constraint?: Constraint | null | undefined;
}

/** What getVariable knows of where it stands. Made by variableScope. @tensorflow tf.VariableScope */
export class VariableScope {
  /** The prefix of variable names; '' at the root. */
  readonly name: string;
  /** The name scope it was first opened with, `net/`. */
  readonly originalNameScope: string;
  reuse: Reuse;
  initializer: InitializerLike | null;
  regularizer: Regularizer | null;
  cachingDevice: DeviceLike | null;
  customGetter: CustomGetter | null;
  dtype: DType;
  useResource: boolean | null;
  readonly constraint: Constraint | null;

  constructor(reuse: Reuse, name = '', nameScope = '', defaults: ScopeDefaults = {}) {
    this.reuse = reuse;
    this.name = name;
    this.originalNameScope = nameScope;
    this.initializer = defaults.initializer ?? null;
    this.regularizer = defaults.regularizer ?? null;
    this.cachingDevice = defaults.cachingDevice ?? null;
    this.customGetter = defaults.customGetter ?? null;
    this.dtype = defaults.dtype ?? 'float32';
    this.useResource = defaults.useResource ?? null;
    this.constraint = defaults.constraint ?? null;
  }

  /** From here to the scope's end variables must exist already. */
  reuseVariables(): void {
    this.reuse = true;
  }
  setInitializer(initializer: InitializerLike | null): void {
    this.initializer = initializer;
  }
  setRegularizer(regularizer: Regularizer | null): void {
    this.regularizer = regularizer;
  }
  setCachingDevice(device: DeviceLike | null): void {
    this.cachingDevice = device;
  }
  setCustomGetter(getter: CustomGetter | null): void {
    this.customGetter = getter;
  }
  setDtype(dtype: DType): void {
    this.dtype = dtype;
  }
  setUseResource(useResource: boolean | null): void {
    this.useResource = useResource;
  }

  /** The items of a collection whose names lie under this scope. */
  getCollection<T = unknown>(key: string): T[] {
    return getDefaultGraph().getCollection<T>(key, this.name ? `${this.name}/` : '');
  }
  trainableVariables(): Variable[] {
    return this.getCollection(GraphKeys.TRAINABLE_VARIABLES);
  }
  globalVariables(): Variable[] {
    return this.getCollection(GraphKeys.GLOBAL_VARIABLES);
  }
  localVariables(): Variable[] {
    return this.getCollection(GraphKeys.LOCAL_VARIABLES);
  }

  /** getVariable in this scope; its ops are named from the root. */
  getVariable(store: VariableStore, name: string, options: GetVariableOptions = {}): Variable {
    const full = this.name ? `${this.name}/${name}` : name;
    const { dtype } = options;
    return getDefaultGraph().nameScope(null, () => {
      let initializer = options.initializer ?? null;
      if (dtype !== undefined && initializer !== null && isConstant(initializer)) {
        initializer = constantOfType(initializer, dtype);
      }
      return store.get(full, {
        ...options,
        dtype: dtype ?? this.dtype,
        initializer: initializer ?? this.initializer,
        regularizer: options.regularizer ?? this.regularizer,
        reuse: options.reuse ?? this.reuse,
        cachingDevice: options.cachingDevice ?? this.cachingDevice,
        useResource: options.useResource ?? this.useResource,
        customGetter: options.customGetter ?? this.customGetter,
        constraint: options.constraint ?? this.constraint,
      });
    });
  }
}

// ---- the current scope --------------------------------------------------------------------------------------------

/** The open scope of a graph, and how often each name was opened: default names are made unique by it. */
class ScopeStore {
  current = new VariableScope(false);
  counts = new Map<string, number>();

  open(name: string): void {
    this.counts.set(name, this.count(name) + 1);
  }
  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }
  closeSubscopes(name: string): void {
    for (const key of this.counts.keys()) if (key.startsWith(`${name}/`)) this.counts.set(key, 0);
  }
}
const SCOPES = Symbol('variable scopes');
function scopesOf(graph: Graph = getDefaultGraph()): ScopeStore {
  let scopes = graph.stores.get(SCOPES) as ScopeStore | undefined;
  if (!scopes) {
    scopes = new ScopeStore();
    graph.stores.set(SCOPES, scopes);
  }
  return scopes;
}
/** The innermost open scope. @tensorflow tf.get_variable_scope */
export const getVariableScope = (): VariableScope => scopesOf().current;

// ---- getVariable --------------------------------------------------------------------------------------------------

/**
 * The variable of that name in the current scope, made where the scope's `reuse` allows it. `shape`
 * may be given as the second argument or as an option.
 * @tensorflow tf.get_variable
 */
export function getVariable(name: string, options?: GetVariableOptions): Variable;
export function getVariable(name: string, shape?: Shape | number, options?: GetVariableOptions): Variable;
export function getVariable(
  name: string,
  first?: Shape | number | GetVariableOptions,
  more: GetVariableOptions = {},
): Variable {
  return getVariableScope().getVariable(defaultVariableStore(), name, withShape(first, more));
}
function withShape(
  first: Shape | number | GetVariableOptions | undefined,
  more: GetVariableOptions,
): GetVariableOptions {
  if (first === undefined) return more;
  const isShape = first === null || typeof first === 'number' || Array.isArray(first);
  return isShape
    ? { ...more, ...(first === null ? {} : { shape: first as Shape | number }) }
    : (first as GetVariableOptions);
}
/**
 * A variable that is not saved and not trained, in LOCAL_VARIABLES: as tf.get_local_variable.
 * @tensorflow tf.get_local_variable
 */
export function getLocalVariable(
  name: string,
  first?: Shape | number | GetVariableOptions,
  more: GetVariableOptions = {},
): Variable {
  const options = withShape(first, more);
  const collections = [...(options.collections ?? []), GraphKeys.LOCAL_VARIABLES];
  return getVariable(name, { ...options, collections, trainable: false });
}

// ---- variableScope ------------------------------------------------------------------------------------------------

export interface VariableScopeOptions extends ScopeDefaults {
  /** Made unique; counts where the name is null. */
  readonly defaultName?: string | null | undefined;
  /** Tensors, whose graph is meant. */
  readonly values?: readonly unknown[] | null | undefined;
  readonly reuse?: Reuse | null | undefined;
  /** false: op names stay as they are. */
  readonly auxiliaryNameScope?: boolean | undefined;
}
type Body<R> = (scope: VariableScope) => R;

/**
 * Runs `body` with variables named under `nameOrScope` and ops in a name scope of that name. A
 * scope object jumps to that scope. `body` must not be async. Options may stand before or after it.
 * @tensorflow tf.variable_scope
 */
export function variableScope<R>(
  nameOrScope: string | VariableScope | null,
  body: Body<R>,
  options?: VariableScopeOptions,
): R;
export function variableScope<R>(
  nameOrScope: string | VariableScope | null,
  options: VariableScopeOptions,
  body: Body<R>,
): R;
export function variableScope<R>(
  nameOrScope: string | VariableScope | null,
  a: Body<R> | VariableScopeOptions,
  b: Body<R> | VariableScopeOptions = {},
): R {
  const [body, options] = (typeof a === 'function' ? [a, b] : [b, a]) as [Body<R>, VariableScopeOptions];
  const { defaultName = null, values, auxiliaryNameScope = true, reuse: given = null } = options;
  if (defaultName === null && nameOrScope === null) {
    throw new GraphError('Type', 'If default_name is None then name_or_scope is required');
  }
  const reuse = given === false ? null : given;
  if (reuse !== true && reuse !== null && reuse !== AUTO_REUSE) {
    throw new GraphError('Value', 'The reuse parameter must be True or False or None.');
  }
  if (typeof auxiliaryNameScope !== 'boolean') {
    throw new GraphError(
      'Type',
      `The auxiliary_name_scope must be \`True\` or \`False\`, while get ${auxiliaryNameScope}`,
    );
  }
  const isNamed = nameOrScope !== null;
  if (isNamed && typeof nameOrScope !== 'string' && !(nameOrScope instanceof VariableScope)) {
    throw new GraphError('Type', 'VariableScope: name_or_scope must be a string or VariableScope.');
  }
  if (!isNamed && reuse !== null) {
    throw new GraphError('Value', 'reuse=True cannot be used without a name_or_scope');
  }
  const graph = graphOf(values ?? []);
  return withGraph(graph, () => {
    const here = graph.getNameScope();
    const own = !isNamed
      ? defaultName!
      : typeof nameOrScope === 'string'
        ? nameOrScope
        : nameOrScope.name.split('/').at(-1)!;
    const open = (nameScope: string | undefined) => {
      if (!isNamed) return pureVariableScope(uniqueScope(defaultName!), { ...options, reuse: null }, body, nameScope);
      const original = nameOrScope instanceof VariableScope ? nameOrScope.originalNameScope : nameScope;
      return pureVariableScope(nameOrScope, { ...options, reuse }, body, original);
    };
    if (!auxiliaryNameScope) return graph.nameScope(here === '' ? '' : `${here}/`, open);
    return own === '' && isNamed ? open(undefined) : graph.nameScope(own, open);
  });
}

/** variableScope without the name scope. */
export function pureVariableScope<R>(
  nameOrScope: string | VariableScope,
  options: ScopeDefaults & { readonly reuse?: Reuse | null | undefined },
  body: Body<R>,
  nameScope?: string,
): R {
  const graph = getDefaultGraph();
  const scopes = scopesOf(graph);
  const outer = scopes.current;
  const isObject = nameOrScope instanceof VariableScope;
  const from = isObject ? nameOrScope : outer;
  const name = isObject ? nameOrScope.name : outer.name ? `${outer.name}/${nameOrScope}` : nameOrScope;
  const scope = new VariableScope(
    options.reuse || from.reuse,
    name,
    isObject ? nameOrScope.originalNameScope : (nameScope ?? nameOrScope),
    {
      initializer: options.initializer ?? from.initializer,
      regularizer: options.regularizer ?? from.regularizer,
      cachingDevice: options.cachingDevice ?? from.cachingDevice,
      customGetter: options.customGetter ? around(options.customGetter, from.customGetter) : from.customGetter,
      dtype: options.dtype ?? from.dtype,
      useResource: options.useResource ?? from.useResource,
      constraint: options.constraint,
    },
  );
  scopes.open(name);
  const before = new Map(scopes.counts);
  scopes.current = scope;
  try {
    return refusePromise(body(scope), 'variableScope');
  } finally {
    if (isObject) scopes.counts = before;
    else scopes.closeSubscopes(name);
    scopes.current = outer;
  }
}

/** The inner getter comes first, and what it calls is the outer one. */
function around(inner: CustomGetter, outer: CustomGetter | null): CustomGetter {
  if (outer === null) return inner;
  return (getter, name, options) => inner((n, o) => outer(getter, n, o), name, options);
}

function uniqueScope(prefix: string): string {
  const scopes = scopesOf();
  const name = scopes.current.name ? `${scopes.current.name}/${prefix}` : prefix;
  if (scopes.count(name) === 0) return prefix;
  let i = 1;
  while (scopes.count(`${name}_${i}`) > 0) i++;
  return `${prefix}_${i}`;
}
