/** @file The gradient of a concatenation: what each piece gets of a dense or a sparse gradient. */
import { GraphError } from '../errors';
import { constantIn } from '../graph/convert';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Grad } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { Value } from '../value/value';
import { add } from './arithmetic';
import { fill, shapeOf } from './array';
import { cast } from './cast';
import { greaterEqual, less, logicalAnd, where } from './compare';
import { fromFront, i32 } from './expect';
import { gather } from './gather';
import { concat, concatOffset, split, stack } from './join';
import { minus, modulo, plus, times } from './operators';
import { expandDims, rank, shapeN, squeeze } from './shape';
import { slice } from './slice';

/** Above that many pieces one SplitV is cheaper than a Slice each. */
const MANY = 16;

/** The context an op's outputs lie in: an Exit's lie outside of its loop. */
const contextOf = (op: Operation) => (op.def.flow === 'exit' ? (op.context?.outer ?? null) : op.context);
const isConst = (t: Tensor): boolean => t.op.inputs.length === 0 && t.op.def.reference !== null && !t.op.def.stateful;

/** One gradient per piece, with the ops of array_grad._ConcatGradHelper. */
export function concatGradients(dy: Grad, values: readonly Tensor[], axis: Tensor): Grad[] {
  if (values.length === 1) return [dy];
  return dy instanceof IndexedSlices ? sparseGradients(dy, values, axis) : denseGradients(dy, values, axis);
}

function denseGradients(dy: Tensor, values: readonly Tensor[], given: Tensor): Tensor[] {
  let axis = given;
  if (isConst(axis) && contextOf(dy.op) !== contextOf(axis.op)) {
    axis = constantIn(dy.graph, Value.from(given.value![0]!, given.dtype));
  }
  const front = modulo(axis, rank(values[0]!));
  const sizes = shapesOf(values);
  if (sizes.length > MANY) {
    const along = squeeze(slice(stack(sizes, { axis: 1 }), [front, i32(0)], i32([1, -1])));
    return [...split(dy, along, front)];
  }
  return concatOffset(front, sizes).map((begin, i) => slice(dy, begin, sizes[i]!));
}
/** Constants where all shapes are known, else one ShapeN. */
function shapesOf(values: readonly Tensor[]): readonly Tensor[] {
  const sizes: Tensor[] = [];
  for (const x of values) {
    const size = shapeOf(x);
    if (!isConst(size)) return shapeN(values);
    sizes.push(size);
  }
  return sizes;
}

function sparseGradients(dy: IndexedSlices, values: readonly Tensor[], axis: Tensor): IndexedSlices[] {
  const front = modulo(axis, rank(values[0]!));
  let known = axis.value?.[0];
  if (known === undefined) {
    throw new GraphError('Value', 'Can only compute IndexedSlices gradient with statically-known concat_dim');
  }
  if (known < 0) {
    const n = rank(values[0]!).value?.[0];
    if (n === undefined) {
      throw new GraphError(
        'Value',
        'Can only compute IndexedSlices gradient with negative concat_dim when first value rank is statically-known.',
      );
    }
    known = fromFront(known, n);
  }
  const sizes = values.map((x) => shapeOf(x));
  return known > 0 ? columns(dy, sizes, front) : rows(dy, sizes, front);
}
/** All pieces have the same rows, each its part of them. */
function columns(dy: IndexedSlices, sizes: readonly Tensor[], axis: Tensor): IndexedSlices[] {
  const n = shapeOf(sizes[0]!);
  const zeros = fill(expandDims(axis, i32(0)), i32(0));
  const mask = concat([zeros, i32([1]), fill(minus(minus(n, axis), 1), i32(0))], i32(0));
  let begin = fill(n, i32(0));
  return sizes.map((size) => {
    const tail = concat([i32([-1]), slice(size, i32([1]), i32([-1]))], i32(0));
    const part = new IndexedSlices(slice(dy.values, begin, tail), dy.indices, size);
    begin = add(begin, times(size, mask));
    return part;
  });
}
/** Each piece has the rows that fall into it. */
function rows(dy: IndexedSlices, sizes: readonly Tensor[], axis: Tensor): IndexedSlices[] {
  const { indices, values } = dy;
  let start = constantIn(dy.graph, Value.from(0, indices.dtype));
  return sizes.map((size) => {
    const end = plus(start, cast(gather(size, axis), indices.dtype));
    const inside = where(logicalAnd(greaterEqual(indices, start), less(indices, end)));
    const chosen = squeeze(inside, { axis: [1] });
    const moved = minus(gather(indices, chosen), start);
    const part = new IndexedSlices(gather(values, chosen), moved, size);
    start = end;
    return part;
  });
}
