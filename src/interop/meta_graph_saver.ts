/** @file tf.train.import_meta_graph and export_meta_graph: graphs together with the saver of their variables. */
import { readFileSync } from 'node:fs';
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { logging } from '../logging';
import { readMessage, readMetaGraph } from './messages';
import { type ImportMetaGraphOptions, importScopedMetaGraph } from './meta_graph';
import { type MetaGraphDef, SaverDefSchema } from './proto/tensorflow_pb';
import { type ExportOptions, exportGraph } from './saved_graph';
import { Saver } from './saver';

export interface ImportGraphOptions extends ImportMetaGraphOptions {
  /** Leaves the devices of the ops out. */
  readonly clearDevices?: boolean | undefined;
}

/**
 * Adds the graph and the collections of a MetaGraph (a `.meta` file's path, its bytes, a message) to the default graph,
 * and answers a saver of its variables; null without variables. Raises DataLoss for what is no such file, Value for nodes
 * that do not fit together.
 * @tensorflow tf.train.import_meta_graph
 */
export function importMetaGraph(
  source: string | Uint8Array | MetaGraphDef,
  { clearDevices, ...options }: ImportGraphOptions = {},
): Saver | null {
  const graph = options.graph ?? getDefaultGraph();
  const meta = readSource(source);
  if (clearDevices) for (const node of meta.graphDef?.node ?? []) node.device = '';
  const scope = options.importScope ?? '';
  const own = scope === '' ? '' : graph.uniqueName(scope, false);
  const variables = importScopedMetaGraph(meta, options);
  return graph.asDefault(() => {
    const kind = meta.collectionDef[GraphKeys.SAVERS]?.kind;
    for (const bytes of kind?.case === 'bytesList' ? kind.value.value : []) {
      graph.addToCollection(GraphKeys.SAVERS, Saver.fromProto(readMessage(SaverDefSchema, bytes, 'SaverDef'), own));
    }
    if (meta.saverDef) {
      const [first] = variables;
      const name = first ? first[1].name.slice(0, -first[0].length) : own;
      return new Saver(null, { saverDef: meta.saverDef, name });
    }
    const keys = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.SAVEABLE_OBJECTS];
    if (keys.some((key) => graph.getCollection(key, own).length > 0)) return new Saver();
    logging.info('Saver not created because there are no variables in the graph to restore');
    return null;
  });
}
function readSource(source: string | Uint8Array | MetaGraphDef): MetaGraphDef {
  if (source instanceof Uint8Array) return readMetaGraph(source);
  if (typeof source === 'object' && source !== null) return source;
  if (typeof source !== 'string') {
    throw new GraphError('Type', `A MetaGraph is a file name, bytes or a message, not ${source}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(source);
  } catch {
    throw new GraphError('NotFound', `File ${source} does not exist.`);
  }
  return readMetaGraph(bytes);
}

/**
 * The graph and its collections as a MetaGraph, written to a file where one is named.
 * @tensorflow tf.train.export_meta_graph
 */
export const exportMetaGraph = (
  filename: string | null = null,
  options: ExportOptions & { readonly graph?: Graph | undefined } = {},
): MetaGraphDef => exportGraph(filename, options.graph ?? getDefaultGraph(), options);
