/** @file Nested structures of tensors: lists and plain objects, as Python's nest knows them. */
import { GraphError } from '../errors';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Tensor } from '../graph/operation';

export const isPlain = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;
export const isNested = (x: unknown): x is readonly unknown[] | Readonly<Record<string, unknown>> =>
  Array.isArray(x) || isPlain(x);

/**
 * The same nesting with `leaf` of every element. Objects go by their sorted keys; IndexedSlices count as their parts,
 * unless `whole`.
 */
export function mapStructure(x: unknown, leaf: (x: unknown) => unknown, whole = false): unknown {
  if (Array.isArray(x)) return x.map((e) => mapStructure(e, leaf, whole));
  if (isPlain(x)) {
    const found = new Map(sortedKeys(x).map((k) => [k, mapStructure(x[k], leaf, whole)]));
    return Object.fromEntries(Object.keys(x).map((k) => [k, found.get(k)]));
  }
  return x instanceof IndexedSlices && !whole ? mapSlices(x, (t) => leaf(t) as Tensor) : leaf(x);
}
const sortedKeys = (x: Readonly<Record<string, unknown>>): string[] => Object.keys(x).sort();

/** IndexedSlices with each of their tensors replaced. */
export function mapSlices({ values, indices, denseShape }: IndexedSlices, part: (t: Tensor) => Tensor): IndexedSlices {
  const newValues = part(values);
  const newIndices = part(indices);
  return new IndexedSlices(newValues, newIndices, denseShape && part(denseShape));
}

/** The elements in a row. */
export function flatten(x: unknown, whole = false): unknown[] {
  const list: unknown[] = [];
  mapStructure(
    x,
    (e) => {
      list.push(e);
      return e;
    },
    whole,
  );
  return list;
}

/** `flat` nested as `structure` is. */
export function packAs(structure: unknown, flat: readonly unknown[], whole = false): unknown {
  let at = 0;
  return mapStructure(structure, () => flat[at++], whole);
}

/** The nesting with a dot for each element. */
export function outline(x: unknown): string {
  if (Array.isArray(x)) return `[${x.map(outline).join(', ')}]`;
  if (isPlain(x))
    return `{${sortedKeys(x)
      .map((k) => `'${k}': ${outline(x[k])}`)
      .join(', ')}}`;
  return x instanceof IndexedSlices ? `IndexedSlices(${x.denseShape ? '., ., .' : '., .'})` : '.';
}

/** Raises Value, after `before`, unless both are nested alike. */
export function checkSameStructure(a: unknown, b: unknown, before = ''): void {
  const [first, second] = [outline(a), outline(b)];
  if (first === second) return;
  throw new GraphError(
    'Value',
    `${before}The two structures don't have the same nested structure.\nEntire first structure:\n${first}\nEntire second structure:\n${second}`,
  );
}
