/** @file The gradients of gather: the rows that were picked, or a dense sum along an axis. */
import { IndexedSlices } from '../graph/indexed_slices';
import type { Tensor } from '../graph/operation';
import { Value } from '../value/value';
import { ones, reshape, shapeOf, zeros } from './array';
import { cast } from './cast';
import { i32 } from './expect';
import { concat, stack } from './join';
import { plus, times } from './operators';
import { transpose } from './permute';
import { range } from './range';
import { reduceProd } from './reduce';
import { unsortedSegmentSum } from './segment';
import { expandDims, size } from './shape';
import { s } from './slice';

/** Beside params, which may be large; int64 sizes that are cast back. */
const shapeBeside = (params: Tensor): Tensor =>
  params.graph.colocateWith(params, () => cast(shapeOf(params, { outType: 'int64' }), 'int32'));

/** The gradient of Gather. */
export function gatherGradient(dy: Tensor, params: Tensor, indices: Tensor): IndexedSlices {
  const shape = shapeBeside(params);
  const n = expandDims(size(indices), i32(0));
  const values = reshape(dy, concat([n, shape.at(s(1))], i32(0)));
  return new IndexedSlices(values, reshape(indices, n), shape);
}

/** The gradient of GatherV2: sparse along the first axis, else dense. */
export function gatherV2Gradient(
  dy: Tensor,
  params: Tensor,
  indices: Tensor,
  axis: Tensor,
  batchDims: number,
): Tensor | IndexedSlices {
  const shape = shapeBeside(params);
  const n = expandDims(size(indices), i32(0));
  const batch = batchDims < 0 ? batchDims + indices.shape!.length : batchDims;
  if (axis.value?.[0] === 0) {
    const values = reshape(dy, concat([n, shape.at(s(1))], i32(0)));
    return new IndexedSlices(values, reshape(indices, n), shape);
  }
  const outer = shape.at(s(null, axis));
  const inner = shape.at(s(axis)).at(s(1));
  const valuesShape = concat([outer, i32([-1]), inner], i32(0));
  const valuesDims = size(valuesShape);
  const axisDims = size(outer);
  const outerBatches = range(i32(0), i32(batch), i32(1));
  const batchAxis = range(i32(batch), axisDims, i32(1));
  const innerAxes = range(plus(axisDims, 1), valuesDims, i32(1));
  const values = reshape(dy, valuesShape);
  const order = concat([outerBatches, [axisDims], batchAxis, innerAxes], i32(0));
  const front = transpose(values, order);
  const summed = batchGatherGradient(shape, front, indices, batch, shape.at(axis));
  const back = concat([outerBatches, plus(batchAxis, 1), i32([batch]), innerAxes], i32(0));
  return transpose(summed, back);
}

function batchGatherGradient(shape: Tensor, given: Tensor, givenIndices: Tensor, batch: number, dim: Tensor): Tensor {
  let [values, indices, rows] = [given, givenIndices, dim];
  const n = expandDims(size(indices), i32(0));
  if (batch === 0) return unsortedSegmentSum(values, reshape(indices, n), rows);
  const valuesShape = shapeOf(values);
  const outer = valuesShape.at(s(null, batch));
  const inner = valuesShape.at(s(batch)).at(s(1));
  const batchSize = reduceProd(outer, { axis: i32([0]) });
  const flat = concat([i32([-1]), inner], i32(0));
  rows = times(rows, batchSize);
  indices = batchIndices(shape, indices, batch);
  values = reshape(values, flat);
  const summed = unsortedSegmentSum(values, reshape(indices, n), rows);
  return reshape(summed, concat([outer, flat], i32(0)));
}

/** The indices as if the batches lay one after the other. */
function batchIndices(shape: Tensor, indices: Tensor, batch: number): Tensor {
  const { dtype } = indices;
  const rank = indices.shape!.length;
  const sizes = cast(shape, dtype);
  let found = indices;
  let step = ones([], { dtype });
  for (let d = batch; d > 0; d--) {
    const n = sizes.at(d - 1);
    step = times(step, sizes.at(d));
    const starts = times(range(zeros([], { dtype }), n, ones([], { dtype })), step);
    const one = (k: number) => new Array<number>(k).fill(1);
    const line = stack([
      ...one(d - 1).map((x) => Value.from(x, dtype)),
      n,
      ...one(rank - d).map((x) => Value.from(x, dtype)),
    ]);
    found = plus(found, reshape(starts, line));
  }
  return found;
}
