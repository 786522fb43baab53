/** @file Summaries: tagged values, written as the Summary messages of TensorFlow's event files. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { getDefaultGraph } from '../graph/graph';
import { int, type Site, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { logging } from '../logging';
import { NUMBERS } from '../value/dtype';
import { type Shape, showShape } from '../value/shape';
import type { Named } from './array';
import {
  answer,
  bytesOf,
  doubleField,
  doublesField,
  field,
  floatField,
  joined,
  scalarTag,
  tagsOf,
  textOf,
  valueMessage,
} from './summary_messages';

// ---- ops ----------------------------------------------------------------------------------------------------------

const scalarOut = () => ({ summary: [] as Shape });

const ScalarSummary = defineOp({
  name: 'ScalarSummary',
  inputs: { tags: 'string', values: 'T' },
  outputs: { summary: 'string' },
  attrs: { T: type(NUMBERS) },
  infer: scalarOut,
  gradient: null,
  reference({ tags, values, summary }) {
    if (String(tags.shape) !== String(values.shape)) {
      const single = tags.size === 1 ? ` (tag '${textOf(tags.data[0])}')` : '';
      throw new GraphError(
        'InvalidArgument',
        `tags and values not the same shape: ${showShape(tags.shape)} != ${showShape(values.shape)}${single}`,
      );
    }
    const parts = Array.from({ length: values.size }, (_, i) => {
      return valueMessage(textOf(tags.data[i]), floatField(2, Number(values.data[i])));
    });
    answer(summary, joined(parts));
  },
});

/** Limits that grow by a tenth from 1e-12 to 1e20, and the same below 0. */
const LIMITS: readonly number[] = (() => {
  const above: number[] = [];
  for (let v = 1e-12; v < 1e20; v *= 1.1) above.push(v);
  above.push(Number.MAX_VALUE);
  return [...above.map((v) => -v).reverse(), 0, ...above];
})();
function bucketOf(x: number): number {
  let [low, high] = [0, LIMITS.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (LIMITS[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
/** Empty buckets in a row become one. */
function histogram(values: Iterable<number>): Uint8Array {
  const counts = new Float64Array(LIMITS.length);
  let [min, max, n, sum, squares] = [Number.MAX_VALUE, -Number.MAX_VALUE, 0, 0, 0];
  for (const x of values) {
    counts[bucketOf(x)]!++;
    n++;
    sum += x;
    squares += x * x;
    min = Math.min(min, x);
    max = Math.max(max, x);
  }
  const kept = LIMITS.flatMap((limit, i) =>
    counts[i] === 0 && counts[i + 1] === 0 && i + 1 < LIMITS.length ? [] : [[limit, counts[i]!] as const],
  );
  const limits = kept.map(([limit]) => limit);
  const buckets = kept.map(([, count]) => count);
  const numbers = [min, max, n, sum, squares].map((x, i) => doubleField(i + 1, x));
  return joined([...numbers, doublesField(6, limits), doublesField(7, buckets)]);
}

const HistogramSummary = defineOp({
  name: 'HistogramSummary',
  inputs: { tag: 'string', values: 'T' },
  outputs: { summary: 'string' },
  attrs: { T: type(NUMBERS, 'float32') },
  infer: scalarOut,
  gradient: null,
  reference({ tag, values, summary }, _, site) {
    const name = scalarTag(tag, 'tags must be scalar');
    const cells = Array.from({ length: values.size }, (_, i) => Number(values.data[i]));
    for (const x of cells) {
      if (Number.isFinite(x)) continue;
      const what = Number.isNaN(x) ? 'Nan' : 'Infinity';
      // A constant is tried before the run, where there is no site.
      throw new GraphError('InvalidArgument', `${what} in summary histogram for: ${(site as Site | undefined)?.name}`);
    }
    answer(summary, valueMessage(name, field(5, histogram(cells))));
  },
});

const MergeSummary = defineOp({
  name: 'MergeSummary',
  inputs: { inputs: 'N * string' },
  outputs: { summary: 'string' },
  attrs: { N: int() },
  infer: scalarOut,
  gradient: null,
  reference({ inputs, summary }) {
    const seen = new Set<string>();
    const parts = inputs
      .flatMap((t) => Array.from(t.data as unknown as ArrayLike<unknown>))
      .map((cell) => {
        const bytes = bytesOf(cell);
        for (const tag of tagsOf(bytes)) {
          if (seen.has(tag)) throw new GraphError('InvalidArgument', `Duplicate tag ${tag} found in summary inputs`);
          seen.add(tag);
        }
        return bytes;
      });
    answer(summary, joined(parts));
  },
});

// ---- tf.summary ---------------------------------------------------------------------------------------------------

export interface SummaryOptions {
  /** The lists it goes to; [GraphKeys.SUMMARIES] by default. */
  readonly collections?: readonly string[] | null | undefined;
  /** Groups summaries in TensorBoard. */
  readonly family?: string | null | undefined;
}

/** What is not allowed in a name becomes `_`. */
function clean(name: string): string {
  if (typeof name !== 'string') throw new GraphError('Type', `The name of a summary must be a string, got ${name}`);
  const legal = name.replace(/[^-/\p{L}\p{N}_.]/gu, '_').replace(/^\/+/, '');
  if (legal !== name) logging.info(`Summary name ${name} is illegal; using ${legal} instead.`);
  return legal;
}

/** A summary in the scope of its name, put into the collections; `make` gets the tag, and the scope as the op's name. */
export function summarize(
  name: string,
  values: TensorLike,
  { collections, family: given }: SummaryOptions,
  make: (tag: string, scope: string) => Tensor,
): Tensor {
  const family = given == null ? null : clean(given);
  const base = family === null ? clean(name) : `${family}/${clean(name)}`;
  const graph = graphOf([values]);
  return graph.nameScope(base, (scope) => {
    const own = scope.replace(/\/+$/, '');
    const summary = make(family === null ? own : `${family}/${own}`, scope);
    for (const key of collections ?? [GraphKeys.SUMMARIES]) graph.addToCollection(key, summary);
    return summary;
  });
}
/** A number that is written under the name of the summary. @tensorflow tf.summary.scalar */
export const scalar = (name: string, tensor: TensorLike, options: SummaryOptions = {}): Tensor =>
  summarize(name, tensor, options, (tags, scope) => ScalarSummary({ tags, values: tensor }, {}, scope).summary);
/**
 * How values are distributed. A value that is not finite fails the run with InvalidArgument.
 * @tensorflow tf.summary.histogram
 */
export const histogramOf = (name: string, values: TensorLike, options: SummaryOptions = {}): Tensor =>
  summarize(name, values, options, (tag, scope) => HistogramSummary({ tag, values }, {}, scope).summary);

export interface MergeOptions extends Named {
  readonly collections?: readonly string[] | null | undefined;
}
/**
 * All the values of several summaries in one. A tag that occurs twice fails the run with InvalidArgument.
 * @tensorflow tf.summary.merge
 */
export function merge(inputs: readonly TensorLike[], { collections, name: given }: MergeOptions = {}): Tensor {
  const name = given == null ? undefined : clean(given);
  const graph = graphOf([inputs]);
  return graph.nameScope(name ?? 'Merge', () => {
    const { summary } = MergeSummary({ inputs }, {}, name);
    for (const key of collections ?? []) graph.addToCollection(key, summary);
    return summary;
  });
}
/** Merges a collection of summaries; null where there are none. @tensorflow tf.summary.merge_all */
export function mergeAll(
  key: string = GraphKeys.SUMMARIES,
  options: Named & { readonly scope?: string | null | undefined } = {},
): Tensor | null {
  const found = getDefaultGraph().getCollection<Tensor>(key, options.scope);
  return found.length > 0 ? merge(found, { name: options.name }) : null;
}
