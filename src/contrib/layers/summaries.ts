/** @file Summaries of tensors by their kind: a number, or how values are distributed. */
import { GraphKeys } from '../../graph/collections';
import { getDefaultGraph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import { cast, toFloat } from '../../ops/cast';
import { greater, less } from '../../ops/compare';
import { reduceMean } from '../../ops/reduce';
import { histogramOf, scalar } from '../../ops/summary';
import type { Variable } from '../../ops/variables';

type Summarizer = (x: Tensor) => Tensor | null;

/** A scalar, or a histogram of what is none; null for strings and booleans. @tensorflow tf.contrib.layers.summarize_tensor */
export function summarizeTensor(x: Tensor | Variable, tag?: string | null): Tensor | null {
  if (x.dtype === 'string' || x.dtype === 'bool') return null;
  const name = tag || `${x.op.name}_summary`;
  return x.shape?.length === 0 ? scalar(name, x) : histogramOf(name, x);
}
/** A histogram, and how many relu units are at their bounds. @tensorflow tf.contrib.layers.summarize_activation */
export function summarizeActivation(x: Tensor): Tensor {
  const { op } = x;
  const share = (name: string, compare: typeof less, bound: number): void => {
    const input = op.inputs[0]!;
    const beyond = compare(input, cast(bound, input.dtype));
    scalar(`${op.name}/${name}`, reduceMean(toFloat(beyond)));
  };
  if (['Relu', 'Softplus', 'Relu6'].includes(op.type)) share('zeros', less, 0);
  if (op.type === 'Relu6') share('sixes', greater, 6);
  return histogramOf(`${op.name}/activation`, x);
}

/** summarizeTensor, or another, of each. @tensorflow tf.contrib.layers.summarize_tensors */
export const summarizeTensors = (
  tensors: readonly (Tensor | Variable)[],
  summarizer: Summarizer = summarizeTensor,
): (Tensor | null)[] => tensors.map((x) => summarizer(x as Tensor));
/** The same of a collection, or of those whose names begin with a pattern. @tensorflow tf.contrib.layers.summarize_collection */
export function summarizeCollection(
  collection: string,
  nameFilter?: string | null,
  summarizer: Summarizer = summarizeTensor,
): (Tensor | null)[] {
  const wanted = nameFilter == null ? null : new RegExp(`^(?:${nameFilter})`);
  const tensors = getDefaultGraph().getCollection<Tensor>(collection);
  return summarizeTensors(wanted ? tensors.filter((x) => wanted.test(x.op.name)) : tensors, summarizer);
}
const of =
  (collection: string, usual: Summarizer) =>
  (nameFilter?: string | null, summarizer: Summarizer = usual): (Tensor | null)[] =>
    summarizeCollection(collection, nameFilter, summarizer);
/** Of the WEIGHTS collection. @tensorflow tf.contrib.slim.summarize_weights */
export const summarizeWeights = of(GraphKeys.WEIGHTS, summarizeTensor);
/** Of the BIASES collection. @tensorflow tf.contrib.slim.summarize_biases */
export const summarizeBiases = of(GraphKeys.BIASES, summarizeTensor);
/** Of the global variables. @tensorflow tf.contrib.slim.summarize_variables */
export const summarizeVariables = of(GraphKeys.GLOBAL_VARIABLES, summarizeTensor);
/** Of the ACTIVATIONS collection. @tensorflow tf.contrib.layers.summarize_activations */
export const summarizeActivations = of(GraphKeys.ACTIVATIONS, summarizeActivation);
