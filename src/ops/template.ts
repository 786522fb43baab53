/** @file Functions that make their variables at the first call and find them again at the others. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { getDefaultGraph } from '../graph/graph';
import { logging } from '../logging';
import type { Variable } from './variable';
import { type CustomGetter, getVariableScope, type VariableScope, variableScope } from './variable_scope';

export interface TemplateOptions {
  /** The scope's name as it is, where `name` would be made unique. */
  readonly uniqueName?: string | undefined;
  readonly customGetter?: CustomGetter | undefined;
}
/** A function of makeTemplate, and the scope of its variables once it was called. */
export type Template<A extends unknown[], R> = ((...args: A) => R) & { readonly variableScope: VariableScope | null };

/**
 * A function whose getVariable calls make variables the first time, under a scope of its own, and share them from then on.
 * Raises Value where a later call makes new trainable variables.
 * @tensorflow tf.make_template
 */
export function makeTemplate<A extends unknown[], R>(
  name: string,
  f: (...args: A) => R,
  { uniqueName, customGetter }: TemplateOptions = {},
): Template<A, R> {
  if (name === null || name === undefined) throw new GraphError('Value', 'name cannot be None.');
  let scope: VariableScope | null = null;
  let isMade = false;
  const count = (key: string): number => getDefaultGraph().getCollectionRef<Variable>(key).length;
  const call = (args: A): R => {
    const before = [count(GraphKeys.GLOBAL_VARIABLES), count(GraphKeys.TRAINABLE_VARIABLES)] as const;
    const result = f(...args);
    if (!isMade) {
      isMade = true;
      return result;
    }
    const made = (key: string, from: number): string =>
      getDefaultGraph()
        .getCollection<Variable>(key)
        .slice(from)
        .map((v) => v.name)
        .join(', ');
    if (count(GraphKeys.TRAINABLE_VARIABLES) !== before[1]) {
      throw new GraphError(
        'Value',
        `Trainable variable created when calling a template after the first time, perhaps you used tf.Variable when you meant tf.get_variable: ${made(GraphKeys.TRAINABLE_VARIABLES, before[1])}`,
      );
    }
    if (count(GraphKeys.GLOBAL_VARIABLES) !== before[0]) {
      logging.info(
        `New variables created when calling a template after the first time, perhaps you used tf.Variable when you meant tf.get_variable: ${made(GraphKeys.GLOBAL_VARIABLES, before[0])}`,
      );
    }
    return result;
  };
  const template = (...args: A): R => {
    if (scope) return variableScope(scope, { reuse: isMade }, () => call(args));
    const own = { defaultName: name, ...(customGetter ? { customGetter } : {}) };
    return variableScope(uniqueName ?? null, own, () => {
      scope = getVariableScope();
      return call(args);
    });
  };
  return Object.defineProperty(template, 'variableScope', { get: () => scope }) as Template<A, R>;
}
