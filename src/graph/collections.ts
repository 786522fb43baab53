/** @file Collections: named lists that builders and programs keep with a graph, and the standard names. */
import { GraphError } from '../errors';
import type { Graph } from './graph';

/** The standard collection names. Nothing runs a collection's ops by itself. @tensorflow tf.GraphKeys */
export const GraphKeys = {
  GLOBAL_VARIABLES: 'variables',
  VARIABLES: 'variables',
  LOCAL_VARIABLES: 'local_variables',
  METRIC_VARIABLES: 'metric_variables',
  MODEL_VARIABLES: 'model_variables',
  TRAINABLE_VARIABLES: 'trainable_variables',
  SUMMARIES: 'summaries',
  QUEUE_RUNNERS: 'queue_runners',
  TABLE_INITIALIZERS: 'table_initializer',
  ASSET_FILEPATHS: 'asset_filepaths',
  MOVING_AVERAGE_VARIABLES: 'moving_average_variables',
  REGULARIZATION_LOSSES: 'regularization_losses',
  CONCATENATED_VARIABLES: 'concatenated_variables',
  SAVERS: 'savers',
  WEIGHTS: 'weights',
  BIASES: 'biases',
  ACTIVATIONS: 'activations',
  UPDATE_OPS: 'update_ops',
  LOSSES: 'losses',
  SAVEABLE_OBJECTS: 'saveable_objects',
  RESOURCES: 'resources',
  LOCAL_RESOURCES: 'local_resources',
  TRAINABLE_RESOURCE_VARIABLES: 'trainable_resource_variables',
  INIT_OP: 'init_op',
  LOCAL_INIT_OP: 'local_init_op',
  READY_OP: 'ready_op',
  READY_FOR_LOCAL_INIT_OP: 'ready_for_local_init_op',
  SUMMARY_OP: 'summary_op',
  GLOBAL_STEP: 'global_step',
  EVAL_STEP: 'eval_step',
  TRAIN_OP: 'train_op',
  COND_CONTEXT: 'cond_context',
  WHILE_CONTEXT: 'while_context',
  SUMMARY_COLLECTION: '_SUMMARY_V2',
  STREAMING_MODEL_PORTS: 'streaming_model_ports',
} as const;

export class Collections {
  #graph: Graph;
  #lists = new Map<unknown, unknown[]>();
  /** Called when a copy of a list is handed out. */
  static onRead: ((graph: Graph, key: unknown, size: number) => void) | undefined;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  add(key: unknown, item: unknown): void {
    this.#graph.checkNotFinalized();
    this.ref(key).push(item);
  }

  addToAll(keys: unknown, item: unknown): void {
    if (keys === null || keys === undefined || typeof (keys as Iterable<unknown>)[Symbol.iterator] !== 'function') {
      throw new GraphError('Type', `'${keys}' is not iterable: give one collection name or a list of them.`);
    }
    for (const key of typeof keys === 'string' ? [keys] : new Set(keys as Iterable<unknown>)) this.add(key, item);
  }

  get<T>(key: unknown, scope?: string | null): T[] {
    const list = (this.#lists.get(key) ?? []) as T[];
    Collections.onRead?.(this.#graph, key, list.length);
    if (!scope) return [...list];
    const prefix = new RegExp(`^(?:${scope})`);
    return list.filter((item) => {
      const name = (item as { name?: unknown } | null)?.name;
      return typeof name === 'string' && prefix.test(name);
    });
  }

  /** What the list holds, without anybody noticing. */
  peek<T>(key: unknown): readonly T[] {
    return (this.#lists.get(key) ?? []) as T[];
  }

  /** The live list; growing it is not guarded by finalize. */
  ref<T>(key: unknown): T[] {
    let list = this.#lists.get(key);
    if (!list) {
      list = [];
      this.#lists.set(key, list);
    }
    return list as T[];
  }

  clear(key: unknown): void {
    this.#graph.checkNotFinalized();
    this.#lists.delete(key);
  }

  keys(): string[] {
    return [...this.#lists.keys()].filter((k) => typeof k === 'string');
  }
}
