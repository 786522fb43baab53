/** @file Distinct entries, differences of lists, and places in sorted rows. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type Cells, cellOf, INDEX } from '../value/dtype';
import type { Shape } from '../value/shape';
import { type Named, reshape, shapeOf } from './array';
import { readCells, same, stridesOf } from './cells';
import { fail, fromFront, sameDim, withRank } from './expect';

// ---- Unique -------------------------------------------------------------------------------------------------------

/** The distinct entries in order of appearance, which of them each entry is, and how many there are of each. */
function distinct(cells: ArrayLike<unknown>): { first: number[]; which: number[]; counts: number[] } {
  const seen = new Map<unknown, number>();
  const [first, which, counts]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < cells.length; i++) {
    const x = cells[i];
    let at = Number.isNaN(x) ? undefined : seen.get(x); // NaN equals nothing, itself included
    if (at === undefined) {
      at = first.length;
      seen.set(x, at);
      first.push(i);
      counts.push(0);
    }
    counts[at]!++;
    which.push(at);
  }
  return { first, which, counts };
}
function writeAll(slot: Slot, list: readonly number[]): void {
  if (slot.size !== list.length) slot.resize([list.length]);
  const out = slot.data;
  list.forEach((x, i) => {
    out[i] = cellOf(slot.dtype, x);
  });
}
function uniqueCells(x: Slot, y: Slot, idx: Slot, count?: Slot): void {
  const { first, which, counts } = distinct(x.data);
  y.resize([first.length]);
  const [from, out] = [x.data, y.data];
  first.forEach((at, i) => {
    out[i] = from[at]!;
  });
  writeAll(idx, which);
  if (count) {
    count.resize([counts.length]);
    writeAll(count, counts);
  }
}
const uniqueShape = ({ shape }: Known): { y: Shape; idx: Shape } => ({
  y: [null],
  idx: withRank(shape, 1, 'unique expects a 1D vector.'),
});
const UNIQUE = { T: type(), out_idx: indexType };

const Unique = defineOp({
  name: 'Unique',
  inputs: { x: 'T' },
  outputs: { y: 'T', idx: 'out_idx' },
  attrs: UNIQUE,
  infer: ({ x }) => uniqueShape(x),
  gradient: 'missing',
  reference: ({ x, y, idx }) => uniqueCells(x, y, idx),
});
defineOp({
  name: 'UniqueV2',
  inputs: { x: 'T', axis: 'Taxis' },
  outputs: { y: 'T', idx: 'out_idx' },
  attrs: { T: type(), Taxis: type(INDEX, 'int64'), out_idx: indexType },
  infer({ x, axis }) {
    const at = axis.value?.[0];
    const along = x.shape && (axis.value?.length === 0 ? x.shape[0] : at === undefined ? null : x.shape.at(at));
    return {
      y: x.shape?.map((d, i) => (at !== undefined && i !== fromFront(at, x.shape!.length) ? d : null)) ?? null,
      idx: [along ?? null],
    };
  },
  gradient: 'missing',
  reference({ x, axis, y, idx }) {
    if (axis.size === 0) {
      if (x.shape.length !== 1) fail('unique expects a 1D vector.');
      return uniqueCells(x, y, idx);
    }
    const at = fromFront(Number(axis.data[0]), x.shape.length);
    if (at < 0 || at >= x.shape.length) fail('axis has to be between [0, input_dims)');
    uniqueSlices(x, at, y, idx);
  },
});
/** Slices along `axis` that differ in some cell. */
function uniqueSlices(x: Slot, axis: number, y: Slot, idx: Slot): void {
  const all = same(x.shape);
  const one = all.map((t, d) => (d === axis ? t.subarray(0, 1) : t));
  const n = x.shape[axis]!;
  const stride = stridesOf(x.shape)[axis]!;
  const keys = Array.from({ length: n }, (_, i) => {
    const cells: unknown[] = new Array(x.shape.includes(0) ? 0 : x.size / n);
    readCells(cells as unknown as Cells, x.data, one, i * stride);
    return cells.map(String).join();
  });
  const { first, which } = distinct(keys);
  y.resize(x.shape.map((d, i) => (i === axis ? first.length : d)));
  readCells(
    y.data,
    x.data,
    all.map((t, d) => (d === axis ? Int32Array.from(first, (i) => i * stride) : t)),
  );
  writeAll(idx, which);
}
const UniqueWithCounts = defineOp({
  name: 'UniqueWithCounts',
  inputs: { x: 'T' },
  outputs: { y: 'T', idx: 'out_idx', count: 'out_idx' },
  attrs: UNIQUE,
  infer: ({ x }) => ({ ...uniqueShape(x), count: [null] }),
  gradient: 'missing',
  reference: ({ x, y, idx, count }) => uniqueCells(x, y, idx, count),
});
export interface UniqueOptions extends Named {
  readonly outIdx?: 'int32' | 'int64' | undefined;
}
/** The distinct entries of a vector in order of appearance, and which of them each entry is. @tensorflow tf.unique */
export function unique(
  x: TensorLike,
  { outIdx, name }: UniqueOptions = {},
): { readonly y: Tensor; readonly idx: Tensor } {
  const { y, idx } = Unique({ x }, { out_idx: outIdx }, name);
  return { y, idx };
}
/** The same, and how often each occurs. @tensorflow tf.unique_with_counts */
export function uniqueWithCounts(
  x: TensorLike,
  { outIdx, name }: UniqueOptions = {},
): { readonly y: Tensor; readonly idx: Tensor; readonly count: Tensor } {
  const { y, idx, count } = UniqueWithCounts({ x }, { out_idx: outIdx }, name);
  return { y, idx, count };
}

// ---- ListDiff -----------------------------------------------------------------------------------------------------

const ListDiff = defineOp({
  name: 'ListDiff',
  inputs: { x: 'T', y: 'T' },
  outputs: { out: 'T', idx: 'out_idx' },
  attrs: UNIQUE,
  infer({ x, y }) {
    withRank(x.shape, 1, 'x should be a 1D vector.');
    withRank(y.shape, 1, 'y should be a 1D vector.');
    return { out: [null], idx: [null] };
  },
  gradient: 'missing',
  reference({ x, y, out, idx }) {
    const gone = new Set<unknown>();
    for (const cell of y.data) if (!Number.isNaN(cell)) gone.add(cell);
    const left: number[] = [];
    for (let i = 0; i < x.size; i++) if (!gone.has(x.data[i])) left.push(i);
    out.resize([left.length]);
    idx.resize([left.length]);
    const [from, to] = [x.data, out.data];
    left.forEach((at, i) => {
      to[i] = from[at]!;
    });
    writeAll(idx, left);
  },
});
export interface SetdiffOptions extends Named {
  readonly indexDtype?: 'int32' | 'int64' | undefined;
}
/** The entries of x that are not in y, and their places in x. @tensorflow tf.setdiff1d */
export function setdiff1d(
  x: TensorLike,
  y: TensorLike,
  { indexDtype, name }: SetdiffOptions = {},
): { readonly out: Tensor; readonly idx: Tensor } {
  const { out, idx } = ListDiff({ x, y }, { out_idx: indexDtype }, name);
  return { out, idx };
}

// ---- places in sorted rows ----------------------------------------------------------------------------------------

/** For each value the number of entries of its row that come before it. */
const defineBound = <const N extends string>(name: N, before: (entry: number, value: number) => boolean) =>
  defineOp({
    name,
    inputs: { sorted_inputs: 'T', values: 'T' },
    outputs: { output: 'out_type' },
    attrs: { T: type(), out_type: indexType },
    infer({ sorted_inputs, values }) {
      withRank(sorted_inputs.shape, 2, `sorted input argument must be a matrix`);
      withRank(values.shape, 2, `values argument must be a matrix`);
      const [a, b] = [sorted_inputs.shape?.[0] ?? null, values.shape?.[0] ?? null];
      sameDim(a, b, `Leading dim_size of both tensors must match.`);
      return { output: values.shape };
    },
    gradient: 'missing',
    reference({ sorted_inputs, values, output }) {
      const [n, k] = [sorted_inputs.shape[1]!, values.shape[1]!];
      const [rows, wanted, out] = [sorted_inputs.data, values.data, output.data];
      for (let i = 0; i < wanted.length; i++) {
        const start = Math.floor(i / k) * n;
        let [low, high] = [0, n];
        while (low < high) {
          const middle = (low + high) >>> 1;
          if (before(rows[start + middle]!, wanted[i]!)) low = middle + 1;
          else high = middle;
        }
        out[i] = cellOf(output.dtype, low);
      }
    },
  });
const LowerBound = defineBound('LowerBound', (entry, value) => entry < value);
const UpperBound = defineBound('UpperBound', (entry, value) => entry <= value);

export interface BoundOptions extends Named {
  readonly outType?: 'int32' | 'int64' | undefined;
}
/** The first place in each sorted row where a value could stand, as gen_array_ops.lower_bound. */
export function lowerBound(sorted: TensorLike, values: TensorLike, { outType, name }: BoundOptions = {}): Tensor {
  return LowerBound({ sorted_inputs: sorted, values }, { out_type: outType }, name).output;
}
/** The last such place. */
export function upperBound(sorted: TensorLike, values: TensorLike, { outType, name }: BoundOptions = {}): Tensor {
  return UpperBound({ sorted_inputs: sorted, values }, { out_type: outType }, name).output;
}
export interface SearchsortedOptions extends BoundOptions {
  readonly side?: 'left' | 'right' | undefined;
}
/** Where values would be put into sorted rows of any rank. @tensorflow tf.searchsorted */
export function searchsorted(sorted: TensorLike, values: TensorLike, options: SearchsortedOptions = {}): Tensor {
  const { side = 'left', ...rest } = options;
  const sizes = [sorted, values].map((x) => shapeOf(x).at(-1));
  const [rows, wanted] = [sorted, values].map((x, i) => reshape(x, [-1, sizes[i]!]));
  if (side !== 'left' && side !== 'right') {
    throw new GraphError('Value', `side must be either 'right' or 'left'.  Saw: ${side}.`);
  }
  const found = side === 'right' ? upperBound(rows!, wanted!, rest) : lowerBound(rows!, wanted!, rest);
  return reshape(found, shapeOf(values));
}
