/** @file Binary GraphDef and MetaGraphDef files: reading, writing, and saying what is wrong with a damaged one. */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { type GraphDef, GraphDefSchema, type MetaGraphDef, MetaGraphDefSchema } from './proto/tensorflow_pb';

const LEGAL = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;

function read<D extends DescMessage>(schema: D, bytes: Uint8Array, what: string): MessageShape<D> {
  try {
    return fromBinary(schema, bytes);
  } catch (e) {
    throw new GraphError(
      'DataLoss',
      `These ${bytes.length} bytes are no ${what}: ${e instanceof Error ? e.message : e}. The file is damaged, cut short or of another kind.`,
    );
  }
}

function checkNodes(graph: GraphDef, what: string): void {
  for (const node of graph.node) {
    if (LEGAL.test(node.name) && node.op !== '') continue;
    throw new GraphError('DataLoss', `This is no ${what}: it has a node '${node.name}' of type '${node.op}'.`);
  }
}

/** Raises DataLoss for bytes that are no MetaGraphDef. */
export function readMetaGraph(bytes: Uint8Array): MetaGraphDef {
  const meta = read(MetaGraphDefSchema, bytes, 'MetaGraphDef');
  if (!meta.graphDef) {
    throw new GraphError('DataLoss', 'This is no MetaGraphDef: it holds no graph. Was the file cut short?');
  }
  checkNodes(meta.graphDef, 'MetaGraphDef');
  return meta;
}

/** Raises DataLoss for bytes that are no GraphDef. */
export function readGraphDef(bytes: Uint8Array): GraphDef {
  const graph = read(GraphDefSchema, bytes, 'GraphDef');
  checkNodes(graph, 'GraphDef');
  return graph;
}

export const writeMetaGraph = (meta: MetaGraphDef): Uint8Array => toBinary(MetaGraphDefSchema, meta);
export const writeGraphDef = (graph: GraphDef): Uint8Array => toBinary(GraphDefSchema, graph);
