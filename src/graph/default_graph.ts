/** @file Scopes and collections of the default graph, under tf's own names. */

import { GraphError } from '../errors';
import { graphOf } from './convert';
import type { Graph, GraphElement } from './graph';
import { getDefaultGraph } from './graph';
import type { Operation, Tensor } from './operation';

/**
 * New ops wait for `inputs` (ops, tensors, variables, names) while `body` runs; null lifts all waiting; as
 * tf.control_dependencies. Only ops **made** in the block wait.
 * @tensorflow tf.control_dependencies
 */
export const controlDependencies = <R>(inputs: readonly unknown[] | null, body: () => R): R =>
  ((inputs ? graphOf(inputs.filter((x) => typeof x === 'object')) : getDefaultGraph()) as Graph).controlDependencies(
    inputs,
    body,
  );

export interface NameScopeOptions {
  readonly defaultName?: string | null | undefined;
  /** Tensors whose graph the scope belongs to. */
  readonly values?: readonly unknown[] | undefined;
}
/** New ops are named under `name` while `body` runs; null: defaultName; '': at the root. @tensorflow tf.name_scope */
export function nameScope<R>(name: string | null, body: (scope: string) => R, options?: NameScopeOptions): R;
export function nameScope<R>(name: string | null, options: NameScopeOptions, body: (scope: string) => R): R;
export function nameScope<R>(
  name: string | null,
  a: ((scope: string) => R) | NameScopeOptions,
  b: ((scope: string) => R) | NameScopeOptions = {},
): R {
  const [body, options] = (typeof a === 'function' ? [a, b] : [b, a]) as [(scope: string) => R, NameScopeOptions];
  const { defaultName, values } = options;
  if (defaultName !== undefined && defaultName !== null && typeof defaultName !== 'string') {
    throw new GraphError(
      'Type',
      `\`default_name\` type (${typeof defaultName}) is not a string type. You likely meant to pass this into the \`values\` kwarg.`,
    );
  }
  if (name === null && defaultName == null && values) {
    throw new GraphError('Value', 'At least one of name (None) and default_name (None) must be provided.');
  }
  const graph = values ? graphOf([...values]) : getDefaultGraph();
  const open = () => graph.nameScope(name ?? defaultName ?? null, body);
  return values ? graph.asDefault(open) : open();
}

/**
 * Lifts new ops out of cond and while blocks and of control dependencies while `body` runs.
 * @tensorflow tf.init_scope
 */
export const initScope = <R>(body: () => R): R => getDefaultGraph().initScope(body);
/** New ops lie on that device while `body` runs. @tensorflow tf.device */
export const device = <R>(name: string | null | ((op: Operation) => string), body: () => R): R =>
  getDefaultGraph().device(name, body);
/** New ops lie on the device of `on` while `body` runs, and say so in their `_class`. @tensorflow tf.colocate_with */
export const colocateWith = <R>(
  on: Operation | Tensor | GraphElement | null,
  body: () => R,
  options: { readonly ignoreExisting?: boolean } = {},
): R => getDefaultGraph().colocateWith(on, body, options.ignoreExisting ?? false);

/** Adds a value to a collection of the default graph; the same may be in it twice. @tensorflow tf.add_to_collection */
export const addToCollection = (name: unknown, value: unknown): void => getDefaultGraph().addToCollection(name, value);
/** Adds a value to each of the collections named. @tensorflow tf.add_to_collections */
export const addToCollections = (names: unknown, value: unknown): void =>
  getDefaultGraph().addToCollections(names, value);
/**
 * A copy of a collection of the default graph, or of its items whose names `scope` matches at their start.
 * @tensorflow tf.get_collection
 */
export const getCollection = <T = Operation>(key: unknown, scope?: string | null): T[] =>
  getDefaultGraph().getCollection<T>(key, scope);
/** The collection itself: what is pushed to it stays in it. @tensorflow tf.get_collection_ref */
export const getCollectionRef = <T = unknown>(key: unknown): T[] => getDefaultGraph().getCollectionRef<T>(key);
