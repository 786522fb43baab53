/** @file Summaries: tagged values, written as the Summary messages of TensorFlow's event files. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { getDefaultGraph } from '../graph/graph';
import { int, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { NUMBERS } from '../value/dtype';
import { type Shape, showShape } from '../value/shape';
import type { Named } from './array';

// ---- messages -----------------------------------------------------------------------------------------------------

const utf8 = new TextEncoder();
const LENGTH = 2;

function varint(n: number): number[] {
  const bytes: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
}
function floats(kind: typeof Float32Array | typeof Float64Array, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * kind.BYTES_PER_ELEMENT);
  const view = new DataView(bytes.buffer);
  values.forEach((v, i) => {
    if (kind === Float32Array) view.setFloat32(i * 4, v, true);
    else view.setFloat64(i * 8, v, true);
  });
  return bytes;
}
const joined = (parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((p) => [...p]));
/** A field of bytes, of text or of another message. */
const field = (n: number, bytes: Uint8Array): Uint8Array => joined([[n * 8 + LENGTH], varint(bytes.length), bytes]);
/** A field that is left out where it is 0. */
const double = (n: number, x: number): Uint8Array =>
  x === 0 && !Object.is(x, -0) ? new Uint8Array() : joined([[n * 8 + 1], floats(Float64Array, [x])]);
const valueMessage = (tag: string, content: Uint8Array): Uint8Array =>
  field(1, joined([field(1, utf8.encode(tag)), content]));

/** The tags within a Summary. */
function* tagsOf(summary: Uint8Array): Generator<string> {
  let at = 0;
  const length = (): number => {
    let n = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = summary[at++] ?? 0;
      n += (byte % 128) * scale;
      if (byte < 128) return n;
    }
  };
  while (at < summary.length) {
    at++;
    const end = length() + at;
    if (summary[at] === 8 + LENGTH) {
      at++;
      const size = length();
      yield new TextDecoder().decode(summary.subarray(at, at + size));
    }
    at = end;
  }
}

// ---- ops ----------------------------------------------------------------------------------------------------------

const text = (x: unknown): string => (x instanceof Uint8Array ? new TextDecoder().decode(x) : String(x));
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
      const single = tags.size === 1 ? ` (tag '${text(tags.data[0])}')` : '';
      throw new GraphError(
        'InvalidArgument',
        `tags and values not the same shape: ${showShape(tags.shape)} != ${showShape(values.shape)}${single}`,
      );
    }
    const parts = Array.from({ length: values.size }, (_, i) => {
      const number = floats(Float32Array, [Number(values.data[i])]);
      return valueMessage(text(tags.data[i]), joined([[2 * 8 + 5], number]));
    });
    (summary.data as unknown as Uint8Array[])[0] = joined(parts);
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
  const limits = floats(
    Float64Array,
    kept.map(([limit]) => limit),
  );
  const buckets = floats(
    Float64Array,
    kept.map(([, count]) => count),
  );
  const numbers = [min, max, n, sum, squares].map((x, i) => double(i + 1, x));
  return joined([...numbers, field(6, limits), field(7, buckets)]);
}

const HistogramSummary = defineOp({
  name: 'HistogramSummary',
  inputs: { tag: 'string', values: 'T' },
  outputs: { summary: 'string' },
  attrs: { T: type(NUMBERS, 'float32') },
  infer: scalarOut,
  gradient: null,
  reference({ tag, values, summary }, _, site) {
    if (tag.shape.length > 0) throw new GraphError('InvalidArgument', 'tags must be scalar');
    const cells = Array.from({ length: values.size }, (_, i) => Number(values.data[i]));
    for (const x of cells) {
      if (Number.isFinite(x)) continue;
      const what = Number.isNaN(x) ? 'Nan' : 'Infinity';
      throw new GraphError('InvalidArgument', `${what} in summary histogram for: ${site.name}`);
    }
    (summary.data as unknown as Uint8Array[])[0] = valueMessage(text(tag.data[0]), field(5, histogram(cells)));
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
        const bytes = cell instanceof Uint8Array ? cell : utf8.encode(String(cell));
        for (const tag of tagsOf(bytes)) {
          if (seen.has(tag)) throw new GraphError('InvalidArgument', `Duplicate tag ${tag} found in summary inputs`);
          seen.add(tag);
        }
        return bytes;
      });
    (summary.data as unknown as Uint8Array[])[0] = joined(parts);
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
const clean = (name: string): string => name.replace(/[^-/\w.]/g, '_').replace(/^\/+/, '');

function summarize(
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
/** A number that is written under the name of the summary, as tf.summary.scalar. */
export const scalar = (name: string, tensor: TensorLike, options: SummaryOptions = {}): Tensor =>
  summarize(name, tensor, options, (tags, scope) => ScalarSummary({ tags, values: tensor }, {}, scope).summary);
/** How values are distributed, as tf.summary.histogram. Fails in a run where one is not finite. */
export const histogramOf = (name: string, values: TensorLike, options: SummaryOptions = {}): Tensor =>
  summarize(name, values, options, (tag, scope) => HistogramSummary({ tag, values }, {}, scope).summary);

export interface MergeOptions extends Named {
  readonly collections?: readonly string[] | null | undefined;
}
/** All the values of several summaries in one, as tf.summary.merge. Fails in a run where a tag occurs twice. */
export function merge(inputs: readonly TensorLike[], { collections, name: given }: MergeOptions = {}): Tensor {
  const name = given === undefined ? undefined : clean(given);
  const graph = graphOf([inputs]);
  return graph.nameScope(name ?? 'Merge', () => {
    const { summary } = MergeSummary({ inputs }, {}, name);
    for (const key of collections ?? []) graph.addToCollection(key, summary);
    return summary;
  });
}
/** Merges a collection of summaries; null where there are none; as tf.summary.merge_all. */
export function mergeAll(
  key: string = GraphKeys.SUMMARIES,
  options: Named & { readonly scope?: string } = {},
): Tensor | null {
  const found = getDefaultGraph().getCollection<Tensor>(key, options.scope);
  return found.length > 0 ? merge(found, { name: options.name }) : null;
}
