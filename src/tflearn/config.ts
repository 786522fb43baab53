/** @file The training mode: one boolean variable a graph, which batch normalization and dropout read at each run. */
import { GraphError } from '../errors';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { constantInitializer } from '../ops/initializers';
import { setRandomSeed } from '../ops/seed';
import { assign } from '../ops/state';
import { defaultSession } from '../ops/variable';
import { VariableScope, variableScope } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import type { Session } from '../session/session';
import { variable } from './variables';

/** Collections that TFLearn adds to tf.GraphKeys. */
export const Keys = {
  INPUTS: 'inputs',
  TARGETS: 'targets',
  TRAIN_OPS: 'trainops',
  LAYER_TENSOR: 'layer_tensor',
  LAYER_VARIABLES: 'layer_variables',
  DATA_PREP: 'data_preprocessing',
  DATA_AUG: 'data_augmentation',
  EXCL_RESTORE_VARS: 'restore_variables',
  LR_VARIABLES: 'lr_variables',
  ACTIVATIONS: 'activations',
  GRAPH_CONFIG: 'graph_config',
} as const;

export interface GraphConfig {
  readonly seed?: number | null | undefined;
  readonly logDevice?: boolean | undefined;
  readonly numCores?: number | undefined;
  readonly gpuMemoryFraction?: number | undefined;
  readonly softPlacement?: boolean | undefined;
}
/**
 * Sets the seed of the default graph and keeps what else is asked for, which changes nothing here. As tflearn.init_graph.
 * @tensorflow tflearn.init_graph
 */
export function initGraph(config: GraphConfig = {}): GraphConfig {
  if (config.seed) setRandomSeed(config.seed);
  getDefaultGraph().addToCollection(Keys.GRAPH_CONFIG, config);
  return config;
}

/** Makes the variable `is_training` and its two assigns, once a graph; false until somebody says otherwise. */
export function initTrainingMode(): void {
  const graph = getDefaultGraph();
  if (graph.getCollection('is_training').length > 0) return;
  const mode = variable('is_training', {
    dtype: 'bool',
    shape: [],
    initializer: constantInitializer(false),
    trainable: false,
  });
  graph.addToCollection('is_training', mode);
  const [on, off] = [assign(mode, true), assign(mode, false)];
  graph.addToCollection('is_training_ops', on);
  graph.addToCollection('is_training_ops', off);
}

/**
 * TFLearn makes the mode when it is imported, in the graph that is the default one then. Here its first layer in that
 * graph does, outside of all scopes; in other graphs the first layer that asks for the mode makes it, as there.
 */
export function makeModeOfImport(): void {
  if (getDefaultGraph() !== imported || imported.getCollection('is_training').length > 0) return;
  imported.initScope(() => variableScope(new VariableScope(false), () => imported.nameScope(null, initTrainingMode)));
}
const imported = getDefaultGraph();

/** The mode variable of the default graph. @tensorflow tflearn.get_training_mode */
export function getTrainingMode(): Variable {
  initTrainingMode();
  return getDefaultGraph().getCollection<Variable>('is_training')[0]!;
}

export interface TrainingModeOptions {
  /** The default session unless given. */
  readonly session?: Session | null | undefined;
  /** The graph whose mode is set; the default one unless given. */
  readonly graph?: Graph | undefined;
}
/**
 * Sets the training mode in a session. It is the session's state: an initializer run later puts
 * it back to false, and other sessions do not see it. Raises Value without a session, or where it is of another graph.
 * @tensorflow tflearn.is_training
 */
export async function isTraining(mode = false, options: TrainingModeOptions = {}): Promise<void> {
  const { session = defaultSession() as Session | null, graph = getDefaultGraph() } = options;
  graph.asDefault(initTrainingMode);
  if (!session) {
    throw new GraphError(
      'Value',
      'Cannot evaluate tensor using `eval()`: No default session is registered. Use `with sess.as_default()` or pass an explicit session to `eval(session=sess)`',
    );
  }
  if (session.graph !== graph) {
    throw new GraphError(
      'Value',
      "Cannot use the given session to evaluate tensor: the tensor's graph is different from the session's graph.",
    );
  }
  await session.run(graph.getCollection<Tensor>('is_training_ops')[mode ? 0 : 1]!);
}
