/** @file MetaGraphs: a graph with its collections, to and from the files that TensorFlow's Saver and export write. */
import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { Operation, Tensor } from '../graph/operation';
import { RefVariable, ResourceVariable, Variable } from '../ops/variables';
import { encodeAttr } from './attrs';
import { importGraphDef } from './import_graph';
import { readMetaGraph, writeMetaGraph } from './messages';
import {
  type CollectionDef,
  CollectionDefSchema,
  GraphDefSchema,
  type GraphDef,
  type MetaGraphDef,
  MetaGraphDefSchema,
  NodeDefSchema,
  VariableDefSchema,
} from './proto/tensorflow_pb';

/** Collections whose items are serialized VariableDefs. */
const VARIABLES = [
  'trainable_variables',
  'variables',
  'local_variables',
  'model_variables',
  'metric_variables',
  'moving_average_variables',
  'global_step',
];
const VERSION = { producer: 27, minConsumer: 0 };

export interface ImportMetaGraphOptions {
  /** A prefix for all names. */
  readonly importScope?: string | undefined;
}

/**
 * Adds the graph and the collections of a MetaGraphDef, a `.meta` file's path or its bytes, to the default graph; as
 * tf.train.import_meta_graph. Raises DataLoss for what is no such file, Value for nodes that do not fit together.
 */
export function importMetaGraph(source: string | Uint8Array | MetaGraphDef, options: ImportMetaGraphOptions = {}): MetaGraphDef {
  const meta =
    typeof source === 'string'
      ? readMetaGraph(readFile(source))
      : source instanceof Uint8Array
        ? readMetaGraph(source)
        : source;
  const graph = getDefaultGraph();
  const scope = options.importScope ?? '';
  importGraphDef(meta.graphDef as GraphDef, { name: scope });
  const prefix = scope === '' ? '' : `${scope}/`;
  const variables = new Map<string, Variable>();
  for (const key of [...VARIABLES, ...Object.keys(meta.collectionDef).filter((k) => !VARIABLES.includes(k))]) {
    const def = meta.collectionDef[key];
    if (!def) continue;
    for (const item of readCollection(graph, key, def, prefix, variables)) graph.addToCollection(key, item);
  }
  return meta;
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (e) {
    throw new GraphError('NotFound', `File ${path} does not exist or cannot be read: ${e instanceof Error ? e.message : e}`);
  }
}

function readCollection(
  graph: Graph,
  key: string,
  { kind }: CollectionDef,
  prefix: string,
  variables: Map<string, Variable>,
): unknown[] {
  if (kind.case === 'nodeList') return kind.value.value.map((name) => graph.asGraphElement(prefix + name));
  if (kind.case === 'int64List') return kind.value.value.map(Number);
  if (kind.case === 'floatList') return kind.value.value;
  if (kind.case !== 'bytesList') return [];
  if (VARIABLES.includes(key)) return kind.value.value.map((bytes) => readVariable(graph, bytes, prefix, variables));
  if (key.endsWith('_context') || key === 'savers' || key === 'queue_runners') return [];
  return kind.value.value.map((bytes) => new TextDecoder().decode(bytes));
}

/** One object for all collections a variable is in. */
function readVariable(graph: Graph, bytes: Uint8Array, prefix: string, variables: Map<string, Variable>): Variable {
  const def = fromBinary(VariableDefSchema, bytes);
  const known = variables.get(def.variableName);
  if (known) return known;
  const tensor = (name: string) => graph.getTensorByName(prefix + name);
  const initializer = graph.getOperationByName(prefix + def.initializerName);
  const initialValue = def.initialValueName === '' ? null : tensor(def.initialValueName);
  const options = { trainable: def.trainable, name: def.variableName.replace(/:0$/, '') };
  const variable: Variable = def.isResource
    ? new ResourceVariable(null, { ...options, nodes: resourceNodes(tensor(def.variableName), tensor(def.snapshotName)) })
    : new RefVariable(null, {
        ...options,
        nodes: { initializer, initialValue, variable: tensor(def.variableName), snapshot: tensor(def.snapshotName) },
      });
  function resourceNodes(handle: Tensor, graphElement: Tensor) {
    const { dtype, shape } = handle.handle ?? { dtype: graphElement.dtype, shape: graphElement.shape };
    return { handle, dtype, shape, initializer, graphElement, cachedValue: null, initialValue };
  }
  variables.set(def.variableName, variable);
  return variable;
}

/** The graph as a GraphDef, ops in creation order; as tf.Graph.as_graph_def. */
export function asGraphDef(graph: Graph = getDefaultGraph()): GraphDef {
  const node = graph.getOperations().map((op) => {
    const attr = Object.fromEntries(
      Object.entries(op.attrs as Record<string, unknown>)
        .filter(([, x]) => x !== undefined)
        .map(([key, x]) => [key, encodeAttr(x, op.def.attrs[key])]),
    );
    const input = [
      ...op.inputs.map((t) => (t.index === 0 ? t.op.name : t.name)),
      ...op.controlInputs.map((c) => `^${c.name}`).sort(),
    ];
    return create(NodeDefSchema, { name: op.name, op: op.type, input, device: op.device, attr });
  });
  return create(GraphDefSchema, { node, versions: VERSION });
}

/** The graph and its collections as a MetaGraphDef; as tf.train.export_meta_graph. */
export function exportMetaGraph(graph: Graph = getDefaultGraph()): Uint8Array {
  const collectionDef: Record<string, CollectionDef> = {};
  for (const key of graph.getAllCollectionKeys()) {
    const def = writeCollection(graph.getCollectionRef(key));
    if (def) collectionDef[key] = def;
  }
  const graphDef = asGraphDef(graph);
  return writeMetaGraph(create(MetaGraphDefSchema, { graphDef, collectionDef, metaInfoDef: { tensorflowVersion: '1.15.5' } }));
}

/** What cannot be written is left out, as TensorFlow does. */
function writeCollection(items: readonly unknown[]): CollectionDef | null {
  const [first] = items;
  const all = (f: (x: unknown) => boolean) => items.every(f);
  if (first === undefined) return null;
  if (all((x) => x instanceof Variable)) {
    const value = (items as Variable[]).map((v) => toBinary(VariableDefSchema, writeVariable(v)));
    return create(CollectionDefSchema, { kind: { case: 'bytesList', value: { value } } });
  }
  if (all((x) => x instanceof Operation || x instanceof Tensor)) {
    const value = (items as Tensor[]).map((x) => x.name);
    return create(CollectionDefSchema, { kind: { case: 'nodeList', value: { value } } });
  }
  if (all((x) => typeof x === 'string')) {
    const value = (items as string[]).map((x) => new TextEncoder().encode(x));
    return create(CollectionDefSchema, { kind: { case: 'bytesList', value: { value } } });
  }
  if (!all((x) => typeof x === 'number')) return null;
  if (all((x) => Number.isInteger(x))) {
    const value = (items as number[]).map(BigInt);
    return create(CollectionDefSchema, { kind: { case: 'int64List', value: { value } } });
  }
  return create(CollectionDefSchema, { kind: { case: 'floatList', value: { value: items as number[] } } });
}

function writeVariable(v: Variable) {
  return create(VariableDefSchema, {
    variableName: v.handle ? v.handle.name : v.name,
    initializerName: v.initializer.name,
    snapshotName: v.handle ? v.asGraphElement().name : v.value().name,
    initialValueName: v.initialValue?.name ?? '',
    isResource: v.handle !== undefined,
    trainable: v.trainable,
  });
}
