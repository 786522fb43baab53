/** @file TFLearn's summaries: each tag is made once a graph, and kept in the collection `summary_tags`. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { getDefaultGraph } from '../graph/graph';
import type { Grad } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { readSummary } from '../interop/events';
import { zeroFraction } from '../ops/moments';
import { histogramOf, merge, scalar } from '../ops/summary';
import { trainableVariables, type Variable } from '../ops/variables';
import { ExponentialMovingAverage } from '../training/moving_averages';
import { Keys } from './config';

type Summarized = Tensor | Variable | Grad;
type Kind = 'histogram' | 'scalar';
interface Tagged {
  readonly tag: string;
  readonly tensor: Tensor;
}
const TAGS = 'summary_tags';
/** Where summaries go unless told. */
const COLLECTION = 'tflearn_summ';

/** As tflearn.summaries.monitor_activation. */
export const monitorActivation = (tensor: Tensor): void => tensor.graph.addToCollection(Keys.ACTIVATIONS, tensor);

/** The summary with that tag; null where there is none. As tflearn.summaries.summary_exists. */
export const summaryExists = (tag: string): Tensor | null =>
  getDefaultGraph()
    .getCollection<Tagged>(TAGS)
    .find((known) => known.tag === tag)?.tensor ?? null;

/**
 * The summary with that tag, made of `value` where it does not exist yet; as tflearn.summaries.get_summary. Raises Value
 * for other kinds, without a value, and on request for a tag that exists.
 */
export function getSummary(
  kind: Kind,
  tag: string,
  value: Summarized | null = null,
  collectionKey: string | null = null,
  { breakIfExists = false }: { readonly breakIfExists?: boolean | undefined } = {},
): Tensor {
  const graph = getDefaultGraph();
  const known = summaryExists(tag);
  if (known && breakIfExists) {
    throw new GraphError(
      'Value',
      "Error: Summary tag already exists! (to ignore this error, set add_summary() parameter 'break_if_exists' to False)",
    );
  }
  if (known) return known;
  if (value === null) {
    throw new GraphError('Value', "Summary doesn't exist, a value must be specified to initialize it.");
  }
  const make = { histogram: histogramOf, scalar }[kind];
  if (!make) throw new GraphError('Value', `Unknow summary type: '${kind}'`);
  const tensor = make(tag, value);
  graph.addToCollection(TAGS, { tag, tensor } satisfies Tagged);
  if (collectionKey) graph.addToCollection(collectionKey, tensor);
  return tensor;
}

/** The same, but one that exists joins the collection again. */
function listedSummary(kind: Kind, tag: string, value: () => Summarized, collection: string): Tensor {
  const known = summaryExists(tag);
  if (!known) return getSummary(kind, tag, value(), collection);
  getDefaultGraph().addToCollection(collection, known);
  return known;
}
const merged = (collection: string): Tensor => merge(getDefaultGraph().getCollection<Tensor>(collection));

/** Histograms of the variables, and all of the collection in one. @tensorflow tflearn.summarize_variables */
export function summarizeVariables(
  variables: readonly Variable[] | null = null,
  summaryCollection: string = COLLECTION,
): Tensor {
  for (const v of variables?.length ? variables : trainableVariables()) {
    listedSummary('histogram', v.op.name, () => v, summaryCollection);
  }
  return merged(summaryCollection);
}
/** Histograms of activations and how many of them are 0. @tensorflow tflearn.summarize_activations */
export function summarizeActivations(activations: readonly Tensor[], summaryCollection: string = COLLECTION): Tensor {
  for (const x of activations) {
    listedSummary('histogram', `${x.op.name}/Activations/`, () => x, summaryCollection);
    listedSummary('scalar', `${x.op.name}/Sparsity/`, () => zeroFraction(x), summaryCollection);
  }
  return merged(summaryCollection);
}
/** Histograms of gradients, named after their variables. @tensorflow tflearn.summarize_gradients */
export function summarizeGradients(
  gradients: readonly (readonly [Grad | null, Variable])[],
  summaryCollection: string = COLLECTION,
): Tensor {
  for (const [g, v] of gradients) {
    if (g !== null) listedSummary('histogram', `${v.op.name}/Gradients/`, () => g, summaryCollection);
  }
  return merged(summaryCollection);
}
/** All of these. @tensorflow tflearn.summarize_all */
export function summarizeAll(
  variables: readonly Variable[],
  gradients: readonly (readonly [Grad | null, Variable])[],
  activations: readonly Tensor[],
  summaryCollection: string = COLLECTION,
): Tensor {
  summarizeVariables(variables, summaryCollection);
  summarizeGradients(gradients, summaryCollection);
  return summarizeActivations(activations, summaryCollection);
}
/** A summary of one value, and all of the collection in one. @tensorflow tflearn.summarize */
export function summarize(
  value: Tensor | Variable,
  kind: Kind,
  name: string,
  summaryCollection: string = COLLECTION,
): Tensor {
  getSummary(kind, name.replaceAll(':', '_'), value, summaryCollection);
  return merged(summaryCollection);
}

/** The number a written summary has under a tag that ends so, as TFLearn reads it. Raises Value where there is none. */
export function valueOfSummary(tag: string, summary: Uint8Array): number {
  const end = (tag === 'acc:0/' ? 'acc_0/' : tag).replace(/\/$/, '');
  const found = readSummary(summary).value.find((v) => v.tag.endsWith(end));
  if (found) return found.simpleValue ?? 0;
  throw new GraphError('Value', `Tag: ${end} cannot be found in summaries list.`);
}

export interface LossSummaries {
  readonly update: Operation;
  /** The average of the loss. */
  readonly average: Variable;
}
/** Averages of the losses, and summaries of both, as tflearn.summaries.add_loss_summaries. */
export function addLossSummaries(
  total: Tensor,
  loss: Tensor,
  prefix: string,
  collection: string,
  numUpdates: Variable,
): LossSummaries {
  const averages = new ExponentialMovingAverage(0.9, { numUpdates: numUpdates as never, name: 'moving_avg' });
  const others = getDefaultGraph().getCollection<Tensor>(GraphKeys.REGULARIZATION_LOSSES);
  const update = averages.apply(others.length > 0 ? [total, loss, ...others] : [loss]);
  const both = (tag: string, value: Tensor) => {
    getSummary('scalar', tag, averages.average(value), collection);
    getSummary('scalar', `${tag}raw`, value, collection);
  };
  if (others.length > 0) both(`Loss_var_loss/${prefix}`, total);
  both(`Loss/${prefix}`, loss);
  for (const other of others) both(other.op.name, other);
  return { update, average: averages.average(loss)! };
}
