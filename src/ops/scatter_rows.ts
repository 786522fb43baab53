/** @file What scattering into a variable means: shapes, loops and errors, shared by ops on refs and on resources. */

import { GraphError } from '../errors';
import type { Known } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { type FullShape, merge, type Shape, showShape, sizeOf } from '../value/shape';

/** What becomes of a cell that held x when y is scattered onto it. */
export type Scatter = (x: number, y: number) => number;

/** `x / y` as C++ divides; integers by zero give 0. */
const divide: Scatter = (x, y) => (typeof y === 'bigint' && !y ? y : x / y);
/** Math.min and Math.max refuse bigints. */
function smaller(x: number, y: number): number {
  if (y < x) return y;
  return x;
}
function larger(x: number, y: number): number {
  if (y > x) return y;
  return x;
}
/** By the last part of the op names. */
export const SCATTERS = {
  Update: (_, y) => y,
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  Div: divide,
  Min: smaller,
  Max: larger,
} as const satisfies Record<string, Scatter>;

interface Rows {
  readonly ref: Slot;
  readonly indices: Slot;
  readonly updates: Slot;
}

/** merge, where the kernel says it in words of its own. */
export function mergeOr(a: Shape, b: Shape, atRun: string): Shape {
  try {
    return merge(a, b);
  } catch (e) {
    if (!(e instanceof GraphError)) throw e;
    throw new GraphError(e.code, e.reason, { atRun });
  }
}

// ---- rows ---------------------------------------------------------------------------------------------------------

/** Checks `updates.shape = indices.shape + params.shape[1:]`; one number for all cells is fine too. */
export function checkRows(params: Shape, indices: Known, updates: Known): void {
  if (params?.length === 0) {
    throw new GraphError('Value', 'Shape must be at least rank 1 but is rank 0', {
      atRun: 'params must be at least 1-D, got shape []',
    });
  }
  if (params === null || indices.shape === null || updates.shape?.length === 0) return;
  const [p, i, u] = [params, indices.shape, updates.shape].map(showShape);
  mergeOr(
    updates.shape,
    [...indices.shape, ...params.slice(1)],
    `Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got updates.shape ${u}, indices.shape ${i}, params.shape ${p}`,
  );
}

/** `[1,0]` for the cell 'at' of an array; nothing for a scalar. */
function positionIn(shape: FullShape, at: number): string {
  if (shape.length === 0) return '';
  const out: number[] = [];
  for (let d = shape.length - 1, rest = at; d >= 0; d--) {
    out.unshift(rest % shape[d]!);
    rest = Math.floor(rest / shape[d]!);
  }
  return `[${out.join(',')}]`;
}

/** The row an index names. Raises InvalidArgument "indices[1] = 5 is not in [0, 2)". */
export function rowAt(indices: Slot, at: number, rows: number): number {
  const row = Number(indices.data[at]!);
  if (row >= 0 && row < rows) return row;
  throw new GraphError('InvalidArgument', `indices${positionIn(indices.shape, at)} = ${row} is not in [0, ${rows})`);
}

/** Goes over the indices in order; one that is wrong stops it, and the earlier rows stay written. */
export function scatterRows(f: Scatter, { ref, indices, updates }: Rows): void {
  const [cells, from] = [ref.data, updates.data];
  const rows = ref.shape[0]!;
  const size = rows === 0 ? 0 : ref.size / rows;
  const step = updates.shape.length === 0 ? 0 : 1;
  for (let n = 0; n < indices.size; n++) {
    const start = rowAt(indices, n, rows) * size;
    for (let i = 0; i < size; i++) cells[start + i] = f(cells[start + i]!, from[(n * size + i) * step]!);
  }
}

// ---- slices named by several coordinates --------------------------------------------------------------------------

/**
 * Checks what scatter_nd demands of the three shapes. Graph building takes a vector of indices for one point, the kernel
 * (`running`) for a column of row numbers.
 */
export function checkSlices(params: Shape, indices: Known, updates: Known, running = false): void {
  const [ix, up] = [indices.shape, updates.shape];
  if (params === null || ix === null || up === null || ix.length === 0) return;
  const column = running && ix.length === 1;
  const outer = column ? 1 : ix.length - 1;
  const depth = column ? 1 : ix[outer];
  if (depth === null || depth === undefined) return;
  const [p, i, u] = [params, ix, up].map(showShape);
  const atRun =
    ix[0] === up[0]
      ? `Must have updates.shape = indices.shape[:batch_dim] + params_shape[slice_dim:], got updates.shape: ${u}, indices.shape: ${i}, params_shape: ${p}, slice_dim: ${depth}, and batch_dim: ${outer}`
      : `The outermost dimension of updates and indices must match. Got indices.shape ${i}, updates.shape ${u}`;
  const check = (a: Shape, b: Shape, head: string): void => {
    try {
      merge(a, b);
    } catch (e) {
      if (!(e instanceof GraphError)) throw e;
      throw new GraphError('Value', `${head}: ${e.reason}`, { atRun });
    }
  };
  check(
    ix.slice(0, outer),
    up.slice(0, outer),
    `The outer ${outer} dimensions of indices.shape=${i} must match the outer ${outer} dimensions of updates.shape=${u}`,
  );
  check(
    params.slice(depth),
    up.slice(outer),
    `The inner ${params.length - depth} dimensions of input.shape=${p} must match the inner ${up.length - outer} dimensions of updates.shape=${u}`,
  );
}

/** The first cell of the slice that entry n of `indices` names, or what is wrong with it. */
export function sliceAt(
  shape: FullShape,
  indices: Slot,
  n: number,
  what: string,
  depth = indices.shape.at(-1)!,
): number {
  const at = Array.from({ length: depth }, (_, d) => Number(indices.data[n * depth + d]!));
  if (depth <= shape.length && at.every((x, d) => x >= 0 && x < shape[d]!)) {
    return at.reduce((start, x, d) => start + x * sizeOf(shape.slice(d + 1)), 0);
  }
  const where = positionIn(indices.shape.slice(0, -1), n);
  throw new GraphError(
    'InvalidArgument',
    `indices${where} = [${at.join(', ')}] does not index into ${what} ${showShape(shape)}`,
  );
}

export function scatterSlices(f: Scatter, { ref, indices, updates }: Rows): void {
  checkSlices(ref.shape, indices, updates, true);
  const [cells, from] = [ref.data, updates.data];
  const column = indices.shape.length < 2;
  const depth = column ? 1 : indices.shape.at(-1)!;
  const size = sizeOf(ref.shape.slice(depth));
  // Of a column TensorFlow's kernels write the first row only.
  const count = column ? Math.min(indices.size, 1) : sizeOf(indices.shape.slice(0, -1));
  for (let n = 0; n < count; n++) {
    const start = sliceAt(ref.shape, indices, n, 'shape', depth);
    for (let i = 0; i < size; i++) cells[start + i] = f(cells[start + i]!, from[n * size + i]!);
  }
}
