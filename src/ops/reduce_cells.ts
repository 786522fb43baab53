/** @file How reductions go over cells: which cells make one result, in plain TypeScript and by kernels. */
import { GraphError } from '../errors';
import { type Slot, scratch } from '../kernels/memory';
import type { Call } from '../kernels/table';
import { arrayOf, type DType, isComplex, isFloating, wireName } from '../value/dtype';
import { type FullShape, sizeOf } from '../value/shape';
import { numbers, stridesOf } from './cells';
import { type Pair, rounder, type Single } from './cellwise';

export interface Reduce {
  readonly input: Slot;
  readonly reduction_indices: Slot;
  readonly output: Slot;
}

/** The axes counted from the front, each once. Raises Value for one that is not there. */
export function axesIn(rank: number, axes: readonly number[]): Set<number> {
  return new Set(
    axes.map((a) => {
      if (a >= -rank && a < rank) return a < 0 ? a + rank : a;
      throw new GraphError('Value', `Invalid reduction dimension ${a} for input with ${rank} dimensions.`, {
        atRun: `Invalid reduction dimension (${a} for input with ${rank} dimension(s)`,
      });
    }),
  );
}

/** What a variable of that dtype makes of a result: integers wrap, floats are rounded. */
export function keeper(dtype: DType): Single {
  if (isFloating(dtype)) return rounder(dtype);
  const cell = new (arrayOf(dtype))(1);
  return (x) => {
    cell[0] = x;
    return cell[0]!;
  };
}

/** How one result grows out of cells of that dtype. */
export interface Fold {
  readonly start: number;
  readonly step: Pair;
  readonly end?: (a: number, n: number) => number;
}

/** Where the cells along some dimensions lie. */
function offsets(shape: FullShape, dims: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  let list = Int32Array.of(0);
  for (const d of dims) {
    const [n, stride] = [shape[d]!, strides[d]!];
    const next = new Int32Array(list.length * n);
    let at = 0;
    for (const o of list) for (let i = 0; i < n; i++) next[at++] = o + i * stride;
    list = next;
  }
  return list;
}

/** A result that one cell makes is that cell, whatever the fold: TensorFlow's kernels pass the buffer on then. */
export const reduceBy =
  (choose: (dtype: DType) => Fold) =>
  ({ input, reduction_indices, output }: Reduce): void => {
    const { dtype, shape } = input;
    if (isComplex(dtype)) {
      throw new GraphError(
        'Unimplemented',
        `sluice has no arithmetic for ${wireName(dtype)}. Keep the parts as two tensors.`,
      );
    }
    const gone = axesIn(shape.length, numbers(reduction_indices.data));
    const dims = shape.map((_, d) => d);
    const kept = offsets(
      shape,
      dims.filter((d) => !gone.has(d)),
    );
    const inner = offsets(
      shape,
      dims.filter((d) => gone.has(d)),
    );
    const { start, step, end } = choose(dtype);
    const [keep, n, x, out] = [keeper(dtype), inner.length, input.data, output.data];
    for (let o = 0; o < kept.length; o++) {
      const from = kept[o]!;
      let a = n === 1 ? x[from]! : start;
      if (n !== 1) {
        for (let i = 0; i < n; i++) a = step(a, x[from + inner[i]!]!);
        if (end) a = end(a, n);
      }
      out[o] = keep(a);
    }
  };

/** The sizes of runs of dimensions that are all reduced or all kept, the first kept (perhaps of size 1). */
function runs(shape: FullShape, gone: ReadonlySet<number>): number[] {
  const list = [1];
  let reduced = false;
  shape.forEach((n, d) => {
    if (n === 1) return;
    if (gone.has(d) !== reduced) {
      list.push(1);
      reduced = !reduced;
    }
    list[list.length - 1]! *= n;
  });
  return list;
}

type Kind = 'sum' | 'mean' | 'max' | 'min';
/** x[a, b, c] -> z[a, c] */
function along(kind: Kind, z: number, x: number, a: number, b: number, c: number): Call {
  if (c === 1) return [`${kind}_last_f32`, z, x, a, b];
  return a === 1 ? [`${kind}_first_f32`, z, x, b, c] : [`${kind}_middle_f32`, z, x, a, b, c];
}
/** For float32: one pass over neighbouring axes, two passes where kept axes lie between. */
export const reduceKernel =
  (kind: Kind) =>
  ({ input, reduction_indices, output }: Reduce): Call | readonly Call[] | null => {
    const { dtype, shape, size } = input;
    if (dtype !== 'float32' || size === 0) return null;
    const gone = numbers(reduction_indices.data);
    if (gone.some((a) => a < -shape.length || a >= shape.length)) return null;
    const [a, b = 1, c = 1, d = 1, e = 1, ...more] = runs(shape, axesIn(shape.length, gone)) as [number, ...number[]];
    if (more.length > 0) return null;
    if (d === 1) return along(kind, output.ptr, input.ptr, a, b, c);
    const between = scratch(sizeOf([a, b, c, e]) * 4);
    return [along(kind, between, input.ptr, a * b * c, d, e), along(kind, output.ptr, between, a, b, c * e)];
  };
