/** @file Data for a net's inputs and targets: arrays, lists of them, or objects by name, to rows for each placeholder. */
import { GraphError } from '../errors';
import { Tensor } from '../graph/operation';
import { type Nested, Value } from '../value/value';
import { getInputsPlaceholderByName, getTargetsPlaceholderByName } from './variables';

/** Rows: nested lists, a typed array, or a Value. */
export type Rows = Nested | Value;
/** One array for one placeholder, a list for several, or by placeholder or layer name. */
export type Data = Rows | readonly Rows[] | { readonly [name: string]: Rows } | ReadonlyMap<Tensor | string, Rows>;
/** For each placeholder its rows. */
export type FeedDict = ReadonlyMap<Tensor, Value>;

function entriesOf(data: Data): [Tensor | string, Rows][] | null {
  if (data instanceof Map) return [...data];
  const isObject = typeof data === 'object' && data !== null && !(data instanceof Value);
  if (!isObject || Array.isArray(data) || ArrayBuffer.isView(data)) return null;
  return Object.entries(data);
}
const isNested = (x: unknown): boolean => Array.isArray(x) || ArrayBuffer.isView(x) || x instanceof Value;

function put(
  feeds: Map<Tensor, Value>,
  data: Data,
  places: readonly Tensor[],
  what: 'inputs' | 'outputs',
  find: (name: string) => Tensor | null,
): void {
  const entries = entriesOf(data);
  if (entries) {
    for (const [key, rows] of entries) {
      const place = key instanceof Tensor ? key : find(key);
      if (!place) {
        throw new GraphError(
          'Value',
          `Feed dict asks for variable named '${key}' but no such variable is known to exist`,
        );
      }
      feeds.set(place, Value.from(rows, place.dtype));
    }
    return;
  }
  const list = places.length === 1 ? [data as Rows] : (data as readonly Rows[]);
  if (!Array.isArray(list) || !list.every(isNested)) {
    throw new GraphError(
      'Value',
      `Multiple ${what} but only one data feeded. Please verify number of ${what} and data provided match.`,
    );
  }
  if (list.length !== places.length) {
    throw new GraphError('Value', `${list.length} ${what} feeded, but expected: ${places.length}`);
  }
  places.forEach((t, i) => {
    feeds.set(t, Value.from(list[i]!, t.dtype));
  });
}

/**
 * Matches data with placeholders, in their order or by name. Raises Value with TFLearn's words for unknown names and
 * another number of arrays, and where the arrays have different numbers of rows.
 */
export function feedDictOf(
  x: Data | null | undefined,
  y: Data | null | undefined,
  inputs: readonly Tensor[],
  targets: readonly Tensor[],
): FeedDict {
  const feeds = new Map<Tensor, Value>();
  if (x != null) put(feeds, x, inputs, 'inputs', getInputsPlaceholderByName);
  if (y != null && targets.length > 0) put(feeds, y, targets, 'outputs', getTargetsPlaceholderByName);
  return checkedRows(feeds);
}
/** Raises Value where the arrays have different numbers of rows. */
export function checkedRows(feeds: FeedDict): FeedDict {
  const n = rowsOf(feeds);
  for (const [t, v] of feeds) {
    if (v.shape.length > 0 && v.shape[0] !== n) {
      throw new GraphError('Value', `${t.name} has ${v.shape[0]} rows of data, but the first placeholder has ${n}.`);
    }
  }
  return feeds;
}

/** How many rows there are. */
export const rowsOf = (feeds: FeedDict): number => feeds.values().next().value?.shape[0] ?? 0;

/** Those rows of an array. */
export function takeRows(v: Value, rows: readonly number[]): Value {
  const n = v.shape[0];
  if (n === undefined) return v;
  const width = n === 0 ? 0 : v.data.length / n;
  const cells = v.data.slice(0, rows.length * width);
  rows.forEach((row, i) => {
    for (let j = 0; j < width; j++) cells[i * width + j] = v.data[row * width + j]!;
  });
  return new Value(v.dtype, [rows.length, ...v.shape.slice(1)], cells);
}
