/** @file MetaGraphs: a graph with its collections, to and from the files that TensorFlow's Saver and export write. */
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph, withGraph } from '../graph/graph';
import { Operation, Tensor } from '../graph/operation';
import { prependNameScope, stripNameScope } from '../graph/scoped_names';
import { RefVariable, ResourceVariable, Variable } from '../ops/variables';
import { functionLibrary, nodeAttrs } from './function_defs';
import { importGraphDef } from './import_graph';
import { readMessage } from './messages';
import {
  type CollectionDef,
  CollectionDefSchema,
  type GraphDef,
  GraphDefSchema,
  type MetaGraphDef,
  MetaGraphDefSchema,
  NodeDefSchema,
  VariableDefSchema,
} from './proto/tensorflow_pb';
import { bytesOfText, textOf } from './tensor_proto';

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

/** The collection that names what an exported scope needs from outside. */
const UNBOUND = 'unbound_inputs';
/** Inputs from outside are called so in the nodes. */
const UNBOUND_PREFIX = '$unbound_inputs_';

export interface ImportMetaGraphOptions {
  /** A prefix for all names, made unique. */
  readonly importScope?: string | undefined;
  /** Takes the place of inputs; all that a scope's export left unbound must be here. */
  readonly inputMap?: Readonly<Record<string, TensorLike>> | undefined;
  /** The default graph where none is given. */
  readonly graph?: Graph | undefined;
}

/**
 * Adds a MetaGraphDef to a graph and answers its global variables by the names they were exported under, as
 * tf.compat.v1.train.import_scoped_meta_graph. Raises Value for unbound inputs that `inputMap` does not name.
 */
export function importScopedMetaGraph(meta: MetaGraphDef, options: ImportMetaGraphOptions = {}): Map<string, Variable> {
  const { graph = getDefaultGraph(), inputMap } = options;
  checkUnbound(meta, inputMap);
  const name = options.importScope ?? '';
  const scope = name === '' ? '' : graph.uniqueName(name, false);
  withGraph(graph, () => importGraphDef(meta.graphDef as GraphDef, { name, inputMap }));
  const prefix = scope === '' ? '' : prependNameScope('', scope);
  const variables = new Map<string, Variable>();
  for (const key of [...VARIABLES, ...Object.keys(meta.collectionDef).filter((k) => !VARIABLES.includes(k))]) {
    const def = meta.collectionDef[key];
    if (!def || key === UNBOUND) continue;
    for (const item of readCollection(graph, key, def, prefix, variables)) graph.addToCollection(key, item);
  }
  const found = graph.getCollection<Variable>('variables', scope);
  return new Map(found.map((v) => [stripNameScope(v.name, scope), v]));
}

function checkUnbound(meta: MetaGraphDef, inputMap: Readonly<Record<string, unknown>> = {}): void {
  const kind = meta.collectionDef[UNBOUND]?.kind;
  if (kind?.case !== 'bytesList') return;
  const unbound = kind.value.value.map((bytes) => new TextDecoder().decode(bytes));
  const given = Object.keys(inputMap);
  if (unbound.length === 0 || (given.length === unbound.length && unbound.every((x) => given.includes(x)))) return;
  throw new GraphError(
    'Value',
    `Graph contains unbound inputs: ${unbound.filter((x) => !given.includes(x)).join(',')}. Must provide these inputs through input_map.`,
  );
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
  const def = readMessage(VariableDefSchema, bytes, 'VariableDef');
  const known = variables.get(def.variableName);
  if (known) return known;
  const tensor = (name: string) => graph.getTensorByName(prefix + name);
  const initializer = graph.getOperationByName(prefix + def.initializerName);
  const initialValue = def.initialValueName === '' ? null : tensor(def.initialValueName);
  const options = { trainable: def.trainable, name: def.variableName.replace(/:0$/, '') };
  const variable: Variable = def.isResource
    ? new ResourceVariable(null, {
        ...options,
        nodes: resourceNodes(tensor(def.variableName), tensor(def.snapshotName)),
      })
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

/** The graph as a GraphDef, ops in creation order. @tensorflow tf.Graph.as_graph_def */
export function asGraphDef(graph: Graph = getDefaultGraph()): GraphDef {
  const node = graph.getOperations().map((op) => {
    const input = [
      ...op.inputs.map((t) => (t.index === 0 ? t.op.name : t.name)),
      ...op.controlInputs.map((c) => `^${c.name}`).sort(),
    ];
    return create(NodeDefSchema, { name: op.name, op: op.type, input, device: op.device, attr: nodeAttrs(op) });
  });
  const library = functionLibrary(graph);
  return create(GraphDefSchema, { node, versions: VERSION, ...(library && { library }) });
}

export interface ExportMetaGraphOptions {
  readonly graph?: Graph | undefined;
  /** Only what lies in this scope, named from there on. */
  readonly exportScope?: string | undefined;
}
export interface ScopedMetaGraph {
  readonly metaGraph: MetaGraphDef;
  /** The exported variables by their new names. */
  readonly variables: Map<string, Variable>;
}
/** A graph or one name scope of it as a MetaGraphDef, as tf.compat.v1.train.export_scoped_meta_graph. */
export function exportScopedMetaGraph(options: ExportMetaGraphOptions = {}): ScopedMetaGraph {
  const { graph = getDefaultGraph(), exportScope: scope = '' } = options;
  const whole = asGraphDef(graph);
  const graphDef = scope === '' ? whole : scopedGraphDef(graph, whole, scope);
  const collectionDef: Record<string, CollectionDef> = {};
  for (const key of graph.getAllCollectionKeys()) {
    const def = writeCollection(
      graph.getCollectionRef(key).filter((x) => isInside(x, scope)),
      scope,
    );
    if (def) collectionDef[key] = def;
  }
  const variables = graph.getCollection<Variable>('variables').filter((v) => isInside(v, scope));
  return {
    metaGraph: create(MetaGraphDefSchema, { graphDef, collectionDef, metaInfoDef: { tensorflowVersion: '1.15.5' } }),
    variables: new Map(variables.map((v) => [stripNameScope(v.name, scope), v])),
  };
}

const text = (bytes: Uint8Array): string => String(textOf(bytes));

/** Things without a name lie everywhere; what is left unbound stays named. */
function isInside(x: unknown, scope: string): boolean {
  const name = typeof x === 'string' ? x : (x as { name?: unknown } | null)?.name;
  return typeof name !== 'string' || name.startsWith(UNBOUND_PREFIX) || name.startsWith(scope);
}

/** The nodes of one scope; notes in the graph which inputs come from outside. */
function scopedGraphDef(graph: Graph, whole: GraphDef, scope: string): GraphDef {
  const unbound: string[] = [];
  const strip = (name: string) => stripNameScope(name, scope);
  const bind = (input: string): string => {
    if (input.replace(/^\^/, '').startsWith(scope)) return strip(input);
    const named = input.replace(/^\^?/, (mark) => `${mark}${UNBOUND_PREFIX}`);
    unbound.push(named);
    return named;
  };
  const node = whole.node
    .filter((n) => n.name.startsWith(scope))
    .map((n) => {
      const { _class: group, frame_name: frame } = n.attr;
      if (group?.value.case === 'list') {
        const inside = group.value.value.s.map(text).filter((s) => s.replace(/^loc:@/, '').startsWith(scope));
        group.value.value.s = inside.map((s) => bytesOfText(strip(s)));
      }
      if (frame?.value.case === 's') frame.value.value = bytesOfText(strip(text(frame.value.value)));
      const attr = n.attr;
      return create(NodeDefSchema, { name: strip(n.name), op: n.op, device: n.device, input: n.input.map(bind), attr });
    });
  graph.clearCollection(UNBOUND);
  for (const name of unbound) graph.addToCollection(UNBOUND, name);
  return create(GraphDefSchema, { ...whole, node });
}

/** What cannot be written is left out, as TensorFlow does. */
function writeCollection(items: readonly unknown[], scope: string): CollectionDef | null {
  const [first] = items;
  const all = (f: (x: unknown) => boolean) => items.every(f);
  if (first === undefined) return null;
  if (all((x) => x instanceof Variable)) {
    const value = (items as Variable[]).map((v) => toBinary(VariableDefSchema, writeVariable(v, scope)));
    return create(CollectionDefSchema, { kind: { case: 'bytesList', value: { value } } });
  }
  if (all((x) => x instanceof Operation || x instanceof Tensor)) {
    const value = (items as Tensor[]).map((x) => stripNameScope(x.name, scope));
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

function writeVariable(v: Variable, scope: string) {
  const strip = (name: string) => stripNameScope(name, scope);
  return create(VariableDefSchema, {
    variableName: strip(v.handle ? v.handle.name : v.name),
    initializerName: strip(v.initializer.name),
    snapshotName: strip(v.handle ? v.asGraphElement().name : v.value().name),
    initialValueName: strip(v.initialValue?.name ?? ''),
    isResource: v.handle !== undefined,
    trainable: v.trainable,
  });
}
