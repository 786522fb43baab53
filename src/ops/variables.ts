/** @file Making variables, listing them, and initializing them. */

import { GraphKeys } from '../graph/collections';
import { constantIn } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { refusePromise } from '../graph/scopes';
import { Value } from '../value/value';
import type { Named } from './array';
import { logicalNot } from './compare';
import { group, noOp } from './control';
import { booleanMask } from './gather';
import { stack } from './join';
import { installOperators, type Operators } from './operators';
import { RefVariable } from './ref_variable';
import { ResourceVariable, UnreadVariable } from './resource_variable';
import { rank } from './shape';
import { isVariableInitialized, type Mutable } from './state';
import { Variable as AnyVariable, type InitialValue, onNewVariable, type VariableOptions } from './variable';
import { getVariableScope } from './variable_scope';

export type { InitialValue, VariableOptions };
/**
 * `new Variable(initial, options)` makes a RefVariable or, where resource variables are asked for, a ResourceVariable; as
 * tf.Variable. Both are instances of it.
 * @tensorflow tf.Variable
 */
export const Variable = AnyVariable as unknown as new (
  initialValue: InitialValue,
  options?: VariableOptions,
) => AnyVariable;
export type Variable = AnyVariable;
export { RefVariable, ResourceVariable, UnreadVariable };

declare module './variable' {
  interface Variable extends Operators {}
}

// ---- creation -----------------------------------------------------------------------------------------------------

let resourceByDefault = false;
/**
 * From now on variables are ResourceVariables where nothing else is asked for.
 * @tensorflow tf.enable_resource_variables
 */
export function enableResourceVariables(): void {
  resourceByDefault = true;
}
/** New variables are ref variables again. @tensorflow tf.disable_resource_variables */
export function disableResourceVariables(): void {
  resourceByDefault = false;
}
export const resourceVariablesEnabled = (): boolean => resourceByDefault;

export type MakeVariable = (initialValue: InitialValue, options: VariableOptions) => Variable;
/** Gets the next creator and what it would be given. */
export type VariableCreator = (next: MakeVariable, initialValue: InitialValue, options: VariableOptions) => Variable;

const CREATORS = Symbol('variable creators');
/**
 * Every variable made while `body` runs goes through `creator`, inner scopes first.
 * @tensorflow tf.variable_creator_scope
 */
export function variableCreatorScope<R>(creator: VariableCreator, body: () => R): R {
  const { stores } = getDefaultGraph();
  const before = (stores.get(CREATORS) ?? []) as readonly VariableCreator[];
  stores.set(CREATORS, [...before, creator]);
  try {
    return refusePromise(body(), 'variableCreatorScope');
  } finally {
    stores.set(CREATORS, before);
  }
}

let hasOperators = false;
/** Operators of a variable are those of its value. */
export function installVariableOperators(): void {
  if (hasOperators) return;
  hasOperators = true;
  installOperators(Variable.prototype, (v) => v.value());
}

const makeDefault: MakeVariable = (initialValue, options) => {
  installVariableOperators();
  const useResource = options.useResource ?? getVariableScope().useResource ?? resourceByDefault;
  return useResource ? new ResourceVariable(initialValue, options) : new RefVariable(initialValue, options);
};
/** What `new Variable` does: the creators of the open scopes, then one class or the other. */
export const makeVariable: MakeVariable = (initialValue, options) => {
  const creators = (getDefaultGraph().stores.get(CREATORS) ?? []) as readonly VariableCreator[];
  const make = creators.reduce<MakeVariable>((next, creator) => (v, o) => creator(next, v, o), makeDefault);
  return make(initialValue, options);
};
onNewVariable(makeVariable);
/** `new Variable` as a function. */
export const variable = (initialValue: InitialValue, options: VariableOptions = {}): Variable =>
  makeVariable(initialValue, options);

// ---- lists --------------------------------------------------------------------------------------------------------

const listed =
  (key: string) =>
  (scope?: string | null): Variable[] =>
    getDefaultGraph().getCollection<Variable>(key, scope);
/**
 * The variables that are saved and restored; `scope`: a pattern for the start of their names.
 * @tensorflow tf.global_variables
 */
export const globalVariables = listed(GraphKeys.GLOBAL_VARIABLES);
/** The old name of globalVariables. @tensorflow tf.all_variables */
export const allVariables = (): Variable[] => globalVariables();
/** Variables of this process only, as tf.local_variables: counters of metrics. @tensorflow tf.local_variables */
export const localVariables = listed(GraphKeys.LOCAL_VARIABLES);
/** As tf.model_variables. @tensorflow tf.model_variables */
export const modelVariables = listed(GraphKeys.MODEL_VARIABLES);
/** What optimizers move by default. @tensorflow tf.trainable_variables */
export const trainableVariables = listed(GraphKeys.TRAINABLE_VARIABLES);
/** As tf.moving_average_variables. @tensorflow tf.moving_average_variables */
export const movingAverageVariables = listed(GraphKeys.MOVING_AVERAGE_VARIABLES);

// ---- initializing -------------------------------------------------------------------------------------------------

/** One op that initializes all of these; a NoOp for none. @tensorflow tf.variables_initializer */
export function variablesInitializer(variables: readonly Variable[], { name = 'init' }: Named = {}): Operation {
  if (variables.length === 0) return noOp({ name });
  return group(
    variables.map((v) => v.initializer),
    { name },
  );
}
/** Run it first in each session. @tensorflow tf.global_variables_initializer */
export const globalVariablesInitializer = (): Operation => variablesInitializer(globalVariables());
/** As tf.local_variables_initializer. @tensorflow tf.local_variables_initializer */
export const localVariablesInitializer = (): Operation => variablesInitializer(localVariables());
/** Old names of the three. */
export const initializeVariables = variablesInitializer;
export const initializeAllVariables = globalVariablesInitializer;
export const initializeLocalVariables = localVariablesInitializer;

/** The given variables, or all global and local ones, or else every buffer in the graph. */
function asked(variables: readonly Mutable[] | null | undefined): readonly Mutable[] {
  const list = variables ?? [...globalVariables(), ...localVariables()];
  if (list.length > 0) return list;
  const ops = getDefaultGraph().getOperations();
  return ops.filter((op) => op.def.source === 'ref').map((op) => op.outputs[0]!);
}

/**
 * Fails with FailedPrecondition where a variable is not initialized; null without variables.
 * @tensorflow tf.assert_variables_initialized
 */
export function assertVariablesInitialized(variables?: readonly Mutable[] | null): Tensor | null {
  const list = asked(variables);
  if (list.length === 0) return null;
  const graph = getDefaultGraph();
  const ranks = list.map((v) =>
    graph.colocateWith((v.handle as Tensor | undefined)?.op ?? v.op, () => rank(v, { optimize: false })),
  );
  return ranks.length === 1 ? ranks[0]! : stack(ranks);
}

/**
 * The names of the variables that are not initialized, as a string vector: tf.report_uninitialized_variables.
 * @tensorflow tf.report_uninitialized_variables
 */
export function reportUninitializedVariables(
  variables?: readonly Mutable[] | null,
  { name = 'report_uninitialized_variables' }: Named = {},
): Tensor {
  const list = variables && variables.length === 0 ? [] : asked(variables);
  const graph = getDefaultGraph();
  return graph.nameScope(name, () => {
    const ready = list.map((v) => isVariableInitialized(v));
    return graph.device('/cpu:0', () => {
      if (list.length === 0) return constantIn(graph, new Value('string', [0], []));
      const mask = logicalNot(stack(ready));
      const names = constantIn(
        graph,
        Value.from(
          list.map((v) => v.op.name),
          'string',
        ),
      );
      return booleanMask(names, mask);
    });
  });
}
