/** @file Cells repeated one by one, and rows picked batch by batch. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { isInteger } from '../value/dtype';
import { meet, type Shape } from '../value/shape';
import { type Named, ones, reshape, shapeOf, zeros } from './array';
import { castRaw } from './cast';
import { i32 } from './expect';
import { booleanMask, gather } from './gather';
import { concat, stack } from './join';
import { minus, plus, times } from './operators';
import { tile } from './pad';
import { maximum } from './pairs';
import { allDimensions, rangeRaw, sequenceMask } from './range';
import { reduceMax, reduceProd } from './reduce';
import { broadcastTo, expandDims, rank } from './shape';
import { index, s } from './slice';

/** Repeats along a dimension of size 1 that was made for it. */
function tileOne(data: Tensor, axis: number, times: Tensor): Tensor {
  if (data.shape !== null) {
    return tile(data, data.shape.map((_, i) => (i === axis ? times : 1)) as TensorLike);
  }
  const all = ones(rank(data), 'int32');
  return tile(data, concat([index(all, [s(null, axis)]), [times], index(all, [s(axis + 1)])] as TensorLike, 0));
}
/** The shape of data, with what `axis` becomes to be found. */
const reshapedAt = (sizes: Tensor, axis: number): Tensor =>
  concat([index(sizes, [s(null, axis)]), i32([-1]), index(sizes, [s(axis + 1)])], 0);

export interface RepeatOptions extends Named {
  /** Along which dimension; a flat vector of all cells unless given. */
  readonly axis?: number | null | undefined;
}
/**
 * Each entry along `axis` as often as `repeats` says: one number for all, or one for each. Raises Value for an axis out of
 * range, Type for repeats that are no integers.
 * @tensorflow tf.repeat
 */
export function repeat(input: TensorLike, repeats: TensorLike, { axis = null, name }: RepeatOptions = {}): Tensor {
  const flat = axis === null ? reshape(input, i32([-1])) : input;
  const graph = graphOf([flat, repeats]);
  return graph.nameScope(name ?? 'Repeat', () => {
    let data = convertToTensor(flat, { name: 'data' }, graph);
    let counts = convertToTensor(
      repeats,
      { name: 'repeats', dtype: isTensorLike(repeats) ? undefined : 'int32' },
      graph,
    );
    if (!isInteger(counts.dtype)) {
      throw new GraphError('Type', `repeats must be an integer tensor; dtype=${counts.dtype}`);
    }
    counts = castRaw(counts, 'int32');
    if (counts.shape !== null && counts.shape.length > 1) {
      throw new GraphError('Value', `Shape must have rank at most 1, but repeats has rank ${counts.shape.length}`);
    }
    if (data.shape?.length === 0) data = stack([data]);
    const sizes = shapeOf(data);
    const at = place(axis ?? 0, data.shape);
    if (counts.shape?.length === 0) {
      return reshape(tileOne(expandDims(data, i32(at + 1)), at + 1, counts), reshapedAt(sizes, at));
    }
    const known = data.shape;
    const empty = counts.shape?.[0] === 0;
    if (counts.shape?.length !== at + 1) {
      const own = shapeOf(counts);
      const before = index(sizes, [s(null, minus(i32(at + 1), rank(counts)))]);
      counts = broadcastTo(counts, concat([before, own], 0));
    }
    const most = maximum(i32(0), reduceMax(counts, { axis: allDimensions(counts) }));
    const mask = sequenceMask(counts, most);
    const masked = booleanMask(tileOne(expandDims(data, i32(at + 1)), at + 1, most), mask);
    const result = at === 0 ? masked : reshape(masked, reshapedAt(sizes, at));
    if (known) result.setShape(known.map((d, i) => (i === at ? (empty ? 0 : null) : d)));
    return result;
  });
}
function place(axis: number, shape: Shape): number {
  if (shape === null) {
    if (axis >= 0) return axis;
    throw new GraphError('Value', 'axis may only be negative if ndims is statically known.');
  }
  const n = shape.length;
  if (axis >= n || axis < -n) {
    throw new GraphError('Value', `axis=${axis} out of bounds: expected ${-n}<=axis<${n}`);
  }
  return axis < 0 ? axis + n : axis;
}

/**
 * Row b of the result holds the rows of params[b] that indices[b] names: all dimensions of `indices` but the last are batch
 * dimensions. Raises Value where the rank of indices is unknown.
 * @tensorflow tf.batch_gather
 */
export function batchGather(params: TensorLike, indices: TensorLike, { name }: Named = {}): Tensor {
  const graph = graphOf([params, indices]);
  return graph.nameScope(name ?? 'BatchGather', () => {
    const ids = convertToTensor(indices, { name: 'indices' }, graph);
    const rows = convertToTensor(params, { name: 'params' }, graph);
    if (ids.shape === null) {
      throw new GraphError('Value', 'batch_gather does not allow indices with unknown shape.');
    }
    const n = ids.shape.length;
    const batch = n - 1;
    const idSizes = shapeOf(ids);
    const sizes = shapeOf(rows);
    let flat = ids;
    let below = ones([], ids.dtype);
    const casted = castRaw(sizes, ids.dtype);
    for (let dim = batch; dim > 0; dim--) {
      const count = index(casted, [dim - 1]);
      below = times(below, index(casted, [dim]));
      const start = zeros([], ids.dtype);
      const step = ones([], ids.dtype);
      const starts = times(rangeRaw(start, count, step), below);
      const to = stack([...new Array(dim - 1).fill(1), count, ...new Array(n - dim).fill(1)] as TensorLike, {
        axis: 0,
      });
      flat = plus(flat, reshape(starts, to));
    }
    const picked = reshape(flat, i32([-1]));
    const outer = index(sizes, [s(batch + 1)]);
    const rowsInAll = reduceProd(index(sizes, [s(null, batch + 1)]), { axis: i32([0]) });
    const table = reshape(rows, concat([[rowsInAll] as TensorLike, outer] as TensorLike, 0));
    const result = reshape(gather(table, picked), concat([idSizes, outer], 0));
    const known = rows.shape;
    if (known) {
      const front = meet(ids.shape.slice(0, batch), known.slice(0, batch));
      result.setShape([...front!, ...ids.shape.slice(batch), ...known.slice(batch + 1)]);
    }
    return result;
  });
}
