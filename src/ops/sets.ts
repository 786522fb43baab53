/** @file Sets that lie in the last dimension of a tensor, dense or sparse: their sizes, intersections and differences. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { bool, type Known, text, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { showShape } from '../value/shape';
import { atLeastRank, fail, refuse, withRank } from './expect';

const SET_TYPES = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'string'] as const;

/** Sets in the last dimension: cells at indices, each row of `indices` a place in `denseShape`. All int64 but the values. */
export interface SparseSets {
  readonly indices: Tensor;
  readonly values: Tensor;
  readonly denseShape: Tensor;
}
export type Sets = Tensor | SparseSets;
const isSparse = (x: Sets): x is SparseSets => 'denseShape' in x;

// ---- cells --------------------------------------------------------------------------------------------------------

type Cell = number | bigint | string;
/** The sets of a tensor by their place among the other dimensions. */
type Groups = Map<number, Set<Cell>>;

const OPERATIONS: Readonly<Record<string, (a: Set<Cell>, b: Set<Cell>) => Cell[]>> = {
  'a-b': (a, b) => [...a].filter((x) => !b.has(x)),
  'b-a': (a, b) => [...b].filter((x) => !a.has(x)),
  intersection: (a, b) => [...a].filter((x) => b.has(x)),
  union: (a, b) => [...new Set([...a, ...b])],
};
const ascending = (a: Cell, b: Cell): number => (a < b ? -1 : a > b ? 1 : 0);

function denseGroups({ data, shape }: Slot): Groups {
  const width = shape.at(-1)!;
  const groups: Groups = new Map();
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / width);
    const set = groups.get(row) ?? new Set();
    groups.set(row, set.add(data[i]!));
  }
  return groups;
}
const OUT_OF_ORDER =
  'out of order. Many sparse ops require sorted indices.\n    Use `tf.sparse.reorder` to create a correctly ordered copy.\n\n';
/** Raises InvalidArgument for places outside of the shape or, where `validate` says so, out of order. */
function sparseGroups(indices: Slot, values: Slot, sizes: readonly number[], validate: boolean): Groups {
  const depth = sizes.length;
  const groups: Groups = new Map();
  let before = -1;
  for (let i = 0; i < values.size; i++) {
    const at = Array.from({ length: depth }, (_, d) => Number(indices.data[i * depth + d]));
    if (!at.every((x, d) => x >= 0 && x < sizes[d]!)) {
      fail(`indices[${i}] = [${at}] is out of bounds: need 0 <= index < [${sizes}]`);
    }
    const cell = at.reduce((sum, x, d) => sum * sizes[d]! + x, 0);
    if (validate && cell <= before) fail(`indices[${i}] = [${at}] is ${cell === before ? 'repeated' : OUT_OF_ORDER}`);
    before = cell;
    const row = Math.floor(cell / sizes.at(-1)!);
    const set = groups.get(row) ?? new Set();
    groups.set(row, set.add(values.data[i]!));
  }
  return groups;
}

interface Result {
  readonly result_indices: Slot;
  readonly result_values: Slot;
  readonly result_shape: Slot;
}
function writeResult(operation: string, a: Groups, b: Groups, rows: readonly number[], out: Result): void {
  const combine = OPERATIONS[operation.toLowerCase()];
  if (!combine) fail(`Invalid set_operation ${operation}.`);
  const none = new Set<Cell>();
  const found: [row: number, at: number, value: Cell][] = [];
  let widest = 0;
  for (const row of [...new Set([...a.keys(), ...b.keys()])].sort(ascending)) {
    const kept = combine(a.get(row) ?? none, b.get(row) ?? none).sort(ascending);
    kept.forEach((x, i) => {
      found.push([row, i, x]);
    });
    widest = Math.max(widest, kept.length);
  }
  const depth = rows.length + 1;
  out.result_indices.resize([found.length, depth]);
  out.result_values.resize([found.length]);
  const [indices, values] = [
    out.result_indices.data as unknown as bigint[],
    out.result_values.data as unknown as Cell[],
  ];
  found.forEach(([row, at, value], k) => {
    values[k] = value;
    indices[k * depth + depth - 1] = BigInt(at);
    for (let d = depth - 2, rest = row; d >= 0; d--) {
      indices[k * depth + d] = BigInt(rest % rows[d]!);
      rest = Math.floor(rest / rows[d]!);
    }
  });
  out.result_shape.resize([depth]);
  (out.result_shape.data as unknown as BigInt64Array).set([...rows, widest].map(BigInt));
}
const sizesOf = (shape: Slot): number[] => Array.from(shape.data, Number);

function sameRows(a: readonly number[], b: readonly number[]): readonly number[] {
  const [x, y] = [a.slice(0, -1), b.slice(0, -1)];
  if (String(x) !== String(y)) fail(`Mismatched shapes [${x}] vs [${y}]`);
  return x;
}

// ---- ops ----------------------------------------------------------------------------------------------------------

const outputs = { result_indices: 'int64', result_values: 'T', result_shape: 'int64' } as const;
const attrs = { set_operation: text(), validate_indices: bool(true), T: type(SET_TYPES) };
const resultOf = (rank: number | null) => ({
  result_indices: [null, rank],
  result_values: [null],
  result_shape: [rank],
});

export const DenseToDenseSetOperation = defineOp({
  name: 'DenseToDenseSetOperation',
  inputs: { set1: 'T', set2: 'T' },
  outputs,
  attrs,
  infer({ set1, set2 }) {
    const known = set1.shape ?? set2.shape;
    atLeastRank(known, 2, `Shape ${showShape(known)} has rank ${known?.length} < 2`);
    if (set1.shape && set2.shape) {
      const [x, y] = [set1.shape.slice(0, -1), set2.shape.slice(0, -1)];
      const atRun = `Mismatched shapes ${showShape(x)} vs ${showShape(y)}`;
      withRank(set2.shape, set1.shape.length, atRun);
      const at = x.findIndex((d, i) => d !== null && y[i] !== null && d !== y[i]);
      const shapes = `Shapes are ${showShape(x)} and ${showShape(y)}.`;
      if (at >= 0)
        refuse(`Dimension ${at} in both shapes must be equal, but are ${x[at]} and ${y[at]}. ${shapes}`, atRun);
    }
    return resultOf(known?.length ?? null);
  },
  gradient: null,
  reference({ set1, set2, ...out }, { set_operation }) {
    const rows = sameRows(set1.shape, set2.shape);
    writeResult(set_operation, denseGroups(set1), denseGroups(set2), rows, out);
  },
});

const SparseToSparseSetOperation = defineOp({
  name: 'SparseToSparseSetOperation',
  inputs: {
    set1_indices: 'int64',
    set1_values: 'T',
    set1_shape: 'int64',
    set2_indices: 'int64',
    set2_values: 'T',
    set2_shape: 'int64',
  },
  outputs,
  attrs,
  infer({ set1_indices, set1_shape, set2_indices, set2_shape }) {
    const rank = ({ shape: at }: Known, { shape }: Known) => at?.[1] ?? shape?.[0] ?? null;
    return resultOf(rank(set1_indices, set1_shape) ?? rank(set2_indices, set2_shape));
  },
  gradient: null,
  reference(t, { set_operation, validate_indices }) {
    const [a, b] = [sizesOf(t.set1_shape), sizesOf(t.set2_shape)];
    const rows = sameRows(a, b);
    const first = sparseGroups(t.set1_indices, t.set1_values, a, validate_indices);
    const second = sparseGroups(t.set2_indices, t.set2_values, b, validate_indices);
    writeResult(set_operation, first, second, rows, t);
  },
});

const SetSize = defineOp({
  name: 'SetSize',
  inputs: { set_indices: 'int64', set_values: 'T', set_shape: 'int64' },
  outputs: { size: 'int32' },
  attrs: { validate_indices: bool(true), T: type(SET_TYPES) },
  infer: () => ({ size: null }),
  gradient: null,
  reference({ set_indices, set_values, set_shape, size }, { validate_indices }) {
    const sizes = sizesOf(set_shape);
    if (sizes.length < 2) fail(`Invalid rank ${sizes.length}.`);
    size.resize(sizes.slice(0, -1));
    size.data.fill(0);
    const groups = sparseGroups(set_indices, set_values, sizes, validate_indices);
    for (const [row, set] of groups) size.data[row] = set.size;
  },
});

// ---- functions ----------------------------------------------------------------------------------------------------

function setOperation(a: Sets, b: Sets, operation: string): SparseSets {
  if (isSparse(a) && isSparse(b)) {
    const found = SparseToSparseSetOperation(
      {
        set1_indices: a.indices,
        set1_values: a.values,
        set1_shape: a.denseShape,
        set2_indices: b.indices,
        set2_values: b.values,
        set2_shape: b.denseShape,
      },
      { set_operation: operation },
    );
    return { indices: found.result_indices, values: found.result_values, denseShape: found.result_shape };
  }
  if (isSparse(a) || isSparse(b)) throw new GraphError('Unimplemented', 'Sets must both be dense or both be sparse.');
  if (a.dtype !== b.dtype) {
    throw new GraphError('Type', `Types don't match, <dtype: '${a.dtype}'> vs <dtype: '${b.dtype}'>.`);
  }
  const found = DenseToDenseSetOperation({ set1: a, set2: b }, { set_operation: operation });
  return { indices: found.result_indices, values: found.result_values, denseShape: found.result_shape };
}
/** The cells that are in both sets, row by row, as tf.sets.intersection. */
export const setIntersection = (a: Sets, b: Sets): SparseSets => setOperation(a, b, 'intersection');
/** The cells of `a` that are not in `b`, or the other way round, as tf.sets.difference. */
export const setDifference = (a: Sets, b: Sets, aMinusB: boolean): SparseSets =>
  setOperation(a, b, aMinusB ? 'a-b' : 'b-a');
/** How many different cells each set has, as tf.sets.size. */
export const setSize = ({ indices, values, denseShape }: SparseSets): Tensor =>
  SetSize({ set_indices: indices, set_values: values, set_shape: denseShape }, {}).size;
