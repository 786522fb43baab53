/** @file TFLearn's variables: model variables with a name in the current variable scope, and how to find them again. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import type { TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import type { DeviceLike } from '../graph/scopes';
import type { Initializer } from '../ops/initializer';
import { assign } from '../ops/state';
import { defaultSession } from '../ops/variable';
import { getVariable } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import type { Session } from '../session/session';
import type { DType } from '../value/dtype';
import { type Nested, Value } from '../value/value';
import { initialization } from './initializations';
import { regularization } from './regularizers';

export type WeightsInit = string | Initializer | Tensor | Value | Nested | null;

export interface VariableOptions {
  readonly shape?: readonly number[] | null | undefined;
  readonly dtype?: DType | undefined;
  readonly initializer?: WeightsInit | undefined;
  readonly regularizer?: ((v: Variable) => Tensor) | string | null | undefined;
  readonly trainable?: boolean | undefined;
  readonly collections?: readonly string[] | undefined;
  readonly cachingDevice?: DeviceLike | null | undefined;
  readonly validateShape?: boolean | undefined;
  readonly device?: DeviceLike | undefined;
  /** false leaves it out when a model is loaded. */
  readonly restore?: boolean | undefined;
}

/** A variable in GLOBAL_VARIABLES and MODEL_VARIABLES. @tensorflow tflearn.variable */
export function variable(name: string, options: VariableOptions = {}): Variable {
  const { dtype = 'float32', trainable = true, collections = [], restore = true } = options;
  const graph = getDefaultGraph();
  let initializer: unknown = options.initializer;
  if (typeof initializer === 'string') initializer = initialization(initializer);
  const shape = initializer instanceof Tensor ? null : (options.shape ?? null);
  const v = graph.device(options.device ?? '', () => {
    const made = getVariable(name, {
      shape: shape as number[],
      dtype,
      initializer: initializer as never,
      trainable,
      collections: [...new Set([...collections, GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES])],
      cachingDevice: options.cachingDevice,
      validateShape: options.validateShape,
    });
    const { regularizer } = options;
    if (regularizer) {
      const rule = typeof regularizer === 'string' ? regularization(regularizer) : regularizer;
      graph.addToCollection(GraphKeys.REGULARIZATION_LOSSES, rule(made));
    }
    return made;
  });
  if (!restore) graph.addToCollection('restore_variables', v);
  return v;
}

/** Whether a weightsInit brings its own shape: a tensor, an array or nested lists. */
export const bringsShape = (init: WeightsInit): boolean =>
  init instanceof Tensor || init instanceof Value || Array.isArray(init) || ArrayBuffer.isView(init);

/** All variables of the default graph. @tensorflow tflearn.get_all_variables */
export const getAllVariables = (): Variable[] => getDefaultGraph().getCollection(GraphKeys.GLOBAL_VARIABLES);
/** Those that are trained. @tensorflow tflearn.get_all_trainable_variable */
export const getAllTrainableVariable = (): Variable[] => getDefaultGraph().getCollection(GraphKeys.TRAINABLE_VARIABLES);
/** The variables of the layer of that name. @tensorflow tflearn.get_layer_variables_by_name */
export const getLayerVariablesByName = (name: string): Variable[] =>
  getDefaultGraph().getCollection(`layer_variables/${name}`);
/** Model variables whose names hold `scopeName/`. @tensorflow tflearn.get_layer_variables_by_scope */
export const getLayerVariablesByScope = (scopeName: string): Variable[] =>
  getDefaultGraph()
    .getCollection<Variable>(GraphKeys.MODEL_VARIABLES)
    .filter((v) => v.name.includes(`${scopeName}/`));

function sessionOr(session: Session | null | undefined): Session {
  const found = session ?? (defaultSession() as Session | null);
  if (found) return found;
  throw new GraphError(
    'Value',
    'Cannot evaluate tensor using `eval()`: No default session is registered. Use `with sess.as_default()` or pass an explicit session to `eval(session=sess)`',
  );
}
/** A variable's value in a session, the default one unless given; as tflearn.variables.get_value. */
export async function getValue(v: Variable, session?: Session | null): Promise<Value> {
  return (await sessionOr(session).run(v)) as Value;
}
/** Gives it a value there, as tflearn.variables.set_value. */
export async function setValue(v: Variable, value: TensorLike, session?: Session | null): Promise<Value> {
  const assigned = v.graph.asDefault(() => assign(v, value));
  return (await sessionOr(session).run(assigned as Tensor)) as Value;
}

/** `list` is the collection, `own` how TFLearn's layer ends its placeholder's name, `plain` how other names end. */
function placeholderNamed(name: string, list: string, own: string, plain: string): Tensor | null {
  const found = getDefaultGraph().getCollection<Tensor>(list);
  if (found.length === 0) {
    throw new GraphError(
      'Value',
      'The collection `tf.GraphKeys.INPUTS` is empty! Cannot retrieve placeholder. In case placeholder was defined outside TFLearn `input_data` layer, please add it to that collection.',
    );
  }
  const named = (wanted: string) => found.find((t) => t.name === wanted);
  return named(name + own) ?? named(name + plain) ?? null;
}
/** The input of the layer of that name, or the tensor `x:0`; as tflearn.variables.get_inputs_placeholder_by_name. */
export const getInputsPlaceholderByName = (name: string): Tensor | null => placeholderNamed(name, 'inputs', '/X:0', '');
/** The targets of that name, as tflearn.variables.get_targets_placeholder_by_name. */
export const getTargetsPlaceholderByName = (name: string): Tensor | null =>
  placeholderNamed(name, 'targets', '/Y:0', ':0');
