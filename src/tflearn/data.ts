/** @file Feeds of whole datasets, and batches of their rows. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { type Nested, Value } from '../value/value';

/** For each placeholder its rows. */
export type Dataset = ReadonlyMap<Tensor, Value>;

/** Data for inputs and targets in their order: one array for one placeholder, a list or an object by name for more. */
export function datasetOf(
  x: Nested | Value | readonly (Nested | Value)[],
  y: Nested | Value | readonly (Nested | Value)[] | null,
  inputs: readonly Tensor[],
  targets: readonly Tensor[],
): Dataset {
  const found = new Map<Tensor, Value>();
  const put = (data: unknown, places: readonly Tensor[], what: string) => {
    const list = places.length === 1 ? [data] : (data as readonly unknown[]);
    if (!Array.isArray(list) || list.length !== places.length) {
      throw new GraphError('Value', `The net has ${places.length} ${what}: give a list of ${places.length} arrays.`);
    }
    for (const [i, t] of places.entries()) found.set(t, Value.from(list[i] as Nested, t.dtype));
  };
  put(x, inputs, 'inputs');
  if (y !== null) put(y, targets, 'targets');
  return found;
}

export const rowsOf = (data: Dataset): number => {
  const first = data.values().next().value;
  return first?.shape[0] ?? 0;
};

/** The rows of those numbers, for each placeholder. */
export function takeRows(data: Dataset, rows: readonly number[]): Map<Tensor, Value> {
  const taken = new Map<Tensor, Value>();
  for (const [t, v] of data) {
    const n = v.shape[0]!;
    const width = n === 0 ? 0 : v.data.length / n;
    const cells = v.data.slice(0, rows.length * width);
    rows.forEach((row, i) => {
      for (let j = 0; j < width; j++) cells[i * width + j] = v.data[row * width + j]!;
    });
    taken.set(t, new Value(v.dtype, [rows.length, ...v.shape.slice(1)], cells));
  }
  return taken;
}

export function* eachBatch(n: number, batchSize: number): Generator<number[]> {
  for (let from = 0; from < n; from += batchSize) {
    yield Array.from({ length: Math.min(batchSize, n - from) }, (_, i) => from + i);
  }
}

/** 0 to n - 1 in a random order. */
export function shuffledRows(n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const k = Math.floor(Math.random() * (i + 1));
    [order[i], order[k]] = [order[k]!, order[i]!];
  }
  return order;
}
