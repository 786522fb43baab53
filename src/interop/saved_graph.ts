/** @file Graphs as TensorFlow saves them: with the shapes of all outputs, and with the savers of the graph. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphKeys } from '../graph/collections';
import { Graph } from '../graph/graph';
import { encodeShape } from './attrs';
import { writeGraphDef, writeMetaGraph } from './messages';
import { asGraphDef, exportScopedMetaGraph } from './meta_graph';
import {
  AttrValue_ListValueSchema,
  AttrValueSchema,
  CollectionDefSchema,
  type GraphDef,
  GraphDefSchema,
  type MetaGraphDef,
  MetaGraphDefSchema,
  type SaverDef,
  SaverDefSchema,
} from './proto/tensorflow_pb';
import { textFormat } from './text_format';

/** Adds the attr `_output_shapes` to nodes whose ops the graph has under `prefix`; as as_graph_def(add_shapes=True). */
function addShapes(def: GraphDef, graph: Graph, prefix = ''): GraphDef {
  for (const node of def.node) {
    const outputs = graph.findOperation(prefix + node.name)?.outputs ?? [];
    if (outputs.length === 0) continue;
    const list = create(AttrValue_ListValueSchema, { shape: outputs.map((t) => encodeShape(t.shape)) });
    node.attr._output_shapes = create(AttrValueSchema, { value: { case: 'list', value: list } });
  }
  return def;
}
/** The graph with the static shapes of its tensors, for TensorBoard. */
export const graphDefWithShapes = (graph: Graph): GraphDef => addShapes(asGraphDef(graph), graph);

/** A saver in the collection SAVERS. */
interface SaverLike {
  toProto(exportScope?: string): SaverDef | null;
}
export interface MetaGraphOptions {
  readonly saverDef?: SaverDef | null | undefined;
  /** The collections that go along; all of them by default. */
  readonly collectionList?: readonly string[] | undefined;
  /** Only what lies in this name scope. */
  readonly exportScope?: string | undefined;
  /** Leaves the devices of the ops out. */
  readonly clearDevices?: boolean | undefined;
  /** Of the savers, only the one of `saverDef` goes along. */
  readonly clearExtraneousSavers?: boolean | undefined;
}
/** What a `.meta` file holds. */
export function metaGraphOf(graph: Graph, options: MetaGraphOptions = {}): MetaGraphDef {
  const { saverDef, collectionList, exportScope, clearDevices, clearExtraneousSavers } = options;
  const { metaGraph } = exportScopedMetaGraph({ graph, exportScope });
  addShapes(metaGraph.graphDef!, graph, exportScope ? `${exportScope.replace(/\/$/, '')}/` : '');
  if (clearDevices) for (const node of metaGraph.graphDef!.node) node.device = '';
  if (saverDef) metaGraph.saverDef = saverDef;
  const savers = graph
    .getCollection<SaverLike>(GraphKeys.SAVERS)
    .flatMap((saver) => saver.toProto(exportScope) ?? [])
    .filter((def) => !clearExtraneousSavers || def === saverDef);
  if (savers.length > 0) {
    const value = savers.map((def) => toBinary(SaverDefSchema, def));
    metaGraph.collectionDef[GraphKeys.SAVERS] = create(CollectionDefSchema, {
      kind: { case: 'bytesList', value: { value } },
    });
  }
  for (const key of Object.keys(metaGraph.collectionDef)) {
    if (collectionList && !collectionList.includes(key)) delete metaGraph.collectionDef[key];
  }
  return metaGraph;
}

export interface ExportOptions extends MetaGraphOptions {
  /** Writes text in place of the binary form. */
  readonly asText?: boolean | undefined;
}
/** A MetaGraph, which also goes to a file where one is named. */
export function exportGraph(filename: string | null, graph: Graph, options: ExportOptions): MetaGraphDef {
  const meta = metaGraphOf(graph, options);
  if (filename === null) return meta;
  mkdirSync(dirname(filename), { recursive: true });
  writeFileSync(filename, options.asText ? textFormat(MetaGraphDefSchema, meta) : writeMetaGraph(meta));
  return meta;
}

export interface WriteGraphOptions {
  /** false: binary. */
  readonly asText?: boolean | undefined;
}
/**
 * Writes a graph to `name` in the folder `logdir`, which is made where missing, and answers the path.
 * @tensorflow tf.train.write_graph
 */
export function writeGraph(
  graph: Graph | GraphDef,
  logdir: string,
  name: string,
  { asText = true }: WriteGraphOptions = {},
): string {
  const def = graph instanceof Graph ? asGraphDef(graph) : graph;
  const path = join(logdir, name);
  mkdirSync(logdir, { recursive: true });
  writeFileSync(path, asText ? textFormat(GraphDefSchema, def) : writeGraphDef(def));
  return path;
}
