/** @file Walking row-major cells by one table of offsets per dimension, and the names of cells in messages. */
import type { Cells } from '../value/dtype';
import type { FullShape } from '../value/shape';

/** For each index along one dimension, how far into the other array it leads; -1: nowhere. */
export type Offsets = Int32Array;

/** How many cells one step along each dimension is. */
export function stridesOf(shape: FullShape): number[] {
  const strides = new Array<number>(shape.length);
  for (let d = shape.length - 1, step = 1; d >= 0; d--) {
    strides[d] = step;
    step *= shape[d]!;
  }
  return strides;
}

/** `n` offsets: at(i) along a dimension whose stride is `stride`. */
export function offsets(n: number, stride: number, at: (i: number) => number = (i) => i): Offsets {
  const table = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const to = at(i);
    table[i] = to < 0 ? -1 : to * stride;
  }
  return table;
}

/** Whether the offsets count up one by one, so that a whole row can be moved at once. */
function isRow(row: Offsets): boolean {
  for (let i = 0; i < row.length; i++) if (row[i] !== row[0]! + i) return false;
  return row.length > 0 && row[0]! >= 0;
}

/** out[i, j, ...] = from[start + tables[0][i] + tables[1][j] + ...], in the order of `out` from `into` on; `blank` where one leads nowhere. */
export function readCells(out: Cells, from: Cells, tables: readonly Offsets[], start = 0, blank = 0, into = 0): void {
  if (tables.some((t) => t.length === 0)) return;
  const last = tables.length - 1;
  if (last < 0) {
    out[into] = from[start]!;
    return;
  }
  const row = tables[last]!;
  const whole = row.length > 8 && isRow(row);
  const blocks = stridesOf(tables.map((t) => t.length));
  const read = (d: number, at: number, offset: number): void => {
    if (d < last) {
      const table = tables[d]!;
      const block = blocks[d]!;
      for (let i = 0; i < table.length; i++, at += block) {
        if (table[i]! < 0) out.fill(blank, at, at + block);
        else read(d + 1, at, offset + table[i]!);
      }
    } else if (whole) out.set(from.subarray(offset + row[0]!, offset + row[0]! + row.length), at);
    else for (let i = 0; i < row.length; i++) out[at + i] = row[i]! < 0 ? blank : from[offset + row[i]!]!;
  };
  read(0, into, start);
}

/** Visits all combinations in row-major order: the summed offset, and the running number. */
export function eachCell(tables: readonly Offsets[], visit: (offset: number, at: number) => void, start = 0): void {
  let at = 0;
  const walk = (d: number, offset: number): void => {
    const table = tables[d];
    if (!table) visit(offset, at++);
    else for (let i = 0; i < table.length; i++) walk(d + 1, offset + table[i]!);
  };
  walk(0, start);
}

/** to[start + tables...] = from[...], in the order of `from`. */
export const writeCells = (to: Cells, from: Cells, tables: readonly Offsets[], start = 0): void =>
  eachCell(
    tables,
    (offset, at) => {
      to[offset] = from[at]!;
    },
    start,
  );
/** to[tables...] += from[...], in the order of `from`. */
export const addCells = (to: Cells, from: Cells, tables: readonly Offsets[]): void =>
  eachCell(tables, (offset, at) => {
    to[offset]! += from[at]!;
  });

/** Tables that lead to the same place: the dimensions after the ones an op is about. */
export const same = (shape: FullShape, from = 0): Offsets[] => {
  const strides = stridesOf(shape);
  return shape.slice(from).map((n, d) => offsets(n, strides[from + d]!));
};

/** `[1,2]` for cell `at` of `shape`, '' for a scalar: how kernels say which index is bad. */
export function showIndex(shape: FullShape, at: number): string {
  if (shape.length === 0) return '';
  return `[${stridesOf(shape)
    .map((step, d) => Math.floor(at / step) % shape[d]!)
    .join(',')}]`;
}

/** Cells as numbers, whatever the dtype. */
export const numbers = (cells: Cells): number[] => Array.from(cells, Number);
