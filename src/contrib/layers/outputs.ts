/** @file Outputs of layers in collections, under the names of the layers' scopes. */
import { getDefaultGraph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';

const aliases = new WeakMap<Tensor, string[]>();

/** Where outputs of layers go: the name of a collection, or several. */
export type Collections = string | readonly string[] | null | undefined;

/**
 * Adds an output to collections under an alias, and answers it.
 * @tensorflow tf.contrib.slim.utils.collect_named_outputs
 */
export function collectNamedOutputs(collections: Collections, alias: string, output: Tensor): Tensor {
  if (!collections || collections.length === 0) return output;
  appendTensorAlias(output, alias);
  output.graph.addToCollections(collections, output);
  return output;
}

/** Gives a tensor one more name for convertCollectionToDict.
 * @tensorflow tf.contrib.slim.utils.append_tensor_alias
 */
export function appendTensorAlias(tensor: Tensor, alias: string): Tensor {
  aliases.set(tensor, [...(aliases.get(tensor) ?? []), alias.replace(/\/$/, '')]);
  return tensor;
}

/** The aliases of a tensor, or else its name.
 * @tensorflow tf.contrib.slim.utils.get_tensor_aliases
 */
export const getTensorAliases = (tensor: Tensor): string[] =>
  aliases.get(tensor) ?? [tensor.name.endsWith(':0') ? tensor.op.name : tensor.name];

/** The tensors of a collection by their aliases. @tensorflow tf.contrib.slim.utils.convert_collection_to_dict */
export function convertCollectionToDict(
  collection: string,
  { clearCollection = false }: { readonly clearCollection?: boolean } = {},
): Record<string, Tensor> {
  const graph = getDefaultGraph();
  const tensors = graph.getCollection<Tensor>(collection);
  const found = tensors.flatMap((t) => getTensorAliases(t).map((alias) => [alias, t] as const));
  if (clearCollection) graph.clearCollection(collection);
  return Object.fromEntries(found);
}
