/** @file Products over any axes of two tensors: both are folded to matrices. */
import { GraphError } from '../errors';
import { convertToTensor, dtypeIn, graphOf, isConvertible, type TensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import { isFull, type Shape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { type Named, reshape, shapeOf } from './array';
import { where } from './compare';
import { fromFront, i32 } from './expect';
import { gather } from './gather';
import { concat, stack } from './join';
import { matmul } from './linear';
import { minus, plus } from './operators';
import { transpose } from './permute';
import { range } from './range';
import { reduceProd } from './reduce';
import { rank } from './shape';
import { index } from './slice';
import { setdiff1d } from './unique';

type Axes = readonly number[] | Tensor;
interface Folded {
  readonly matrix: Tensor;
  /** The sizes of the axes that stay: a list where all are known. */
  readonly free: readonly number[] | Tensor;
  readonly known: Shape;
}

/** One side as a matrix: the contracted axes last, or first if `flipped`. */
function fold(a: Tensor, given: Axes, flipped: boolean): Folded {
  const { shape } = a;
  const lists = shape && !(given instanceof Tensor) ? split(given, shape.length) : null;
  const order = <X>(free: X, axes: X): [X, X] => (flipped ? [axes, free] : [free, axes]);
  if (lists && isFull(shape)) {
    const sizesOf = (dims: readonly number[]) => dims.map((d) => shape[d]!);
    const free = sizesOf(lists.free);
    const perm = order(lists.free, lists.axes).flat();
    const matrix = reshape(transpose(a, i32(perm)), i32(order(sizeOf(free), sizeOf(sizesOf(lists.axes)))));
    return { matrix, free, known: free };
  }
  const { sizes, axes, free } = lists ? listed(a, lists) : searched(a, given);
  const freeSizes = gather(sizes, free);
  const axesSizes = gather(sizes, axes);
  const freeCells = reduceProd(freeSizes);
  const axesCells = reduceProd(axesSizes);
  const perm = concat(order(free, axes), 0);
  const to = stack(order(freeCells, axesCells));
  const known = lists ? lists.free.map((d) => shape![d]!) : null;
  return { matrix: reshape(transpose(a, perm), to), free: freeSizes, known };
}
interface Split<X> {
  readonly axes: X;
  readonly free: X;
}
function split(given: readonly number[], n: number): Split<readonly number[]> {
  const axes = given.map((d) => fromFront(d, n));
  return { axes, free: Array.from({ length: n }, (_, d) => d).filter((d) => !axes.includes(d)) };
}
interface Placed extends Split<Tensor> {
  readonly sizes: Tensor;
}
function listed(a: Tensor, lists: Split<readonly number[]>): Placed {
  const axes = convertToTensor(i32(lists.axes), { name: 'axes' }, a.graph);
  const free = convertToTensor(i32(lists.free), { name: 'free' }, a.graph);
  return { axes, free, sizes: shapeOf(a) };
}
function searched(a: Tensor, given: Axes): Placed {
  const sizes = shapeOf(a);
  const n = rank(a);
  const raw = convertToTensor(given instanceof Tensor ? given : i32(given), { name: 'axes', dtype: 'int32' }, a.graph);
  const front = raw.greaterEqual(i32(0));
  const axes = where(front, raw, plus(raw, n));
  return { axes, free: setdiff1d(range(n), axes).out, sizes };
}

type Side = number | readonly number[];
/**
 * Contracts axes of `a` with axes of `b`: a number (the last of a with the first of b), two lists, or an int32 tensor of
 * two rows. As tf.tensordot. Raises Value for axes that cannot be paired.
 * @tensorflow tf.tensordot
 */
export function tensordot(
  a: TensorLike,
  b: TensorLike,
  axes: number | readonly [Side, Side] | Tensor | Value,
  { name = 'Tensordot' }: Named = {},
): Tensor {
  const graph = graphOf([a, b, axes]);
  return graph.nameScope(name, (scope) => {
    const x = convertToTensor(a, { name: 'a', dtype: dtypeIn(a) ?? dtypeIn(b) }, graph);
    const y = convertToTensor(b, { name: 'b', dtype: dtypeIn(b) ?? x.dtype }, graph);
    const [ofX, ofY] = contracted(x, axes);
    const left = fold(x, ofX, false);
    const right = fold(y, ofY, true);
    const product = matmul(left.matrix, right.matrix);
    if (!(left.free instanceof Tensor) && !(right.free instanceof Tensor)) {
      return reshape(product, i32([...left.free, ...right.free]), { name: scope });
    }
    const sizes = (free: Folded['free']) => (free instanceof Tensor ? free : convertToTensor(i32(free), {}, graph));
    const lead = sizes(left.free);
    const out = reshape(product, concat([lead, sizes(right.free)], 0), { name: scope });
    if (left.known && right.known) out.setShape([...left.known, ...right.known]);
    return out;
  });
}

function contracted(a: Tensor, axes: number | readonly Side[] | Tensor | Value): [Axes, Axes] {
  if (axes instanceof Tensor || axes instanceof Value || isConvertible(axes)) {
    const rows = convertToTensor(axes, { name: 'axes', dtype: 'int32' }, a.graph);
    const first = index(rows, [0]);
    return [first, index(rows, [1])];
  }
  if (typeof axes === 'number') return counted(a, axes);
  if (axes.length !== 2) throw new GraphError('Value', "'axes' must be an integer or have length 2.");
  const [x, y] = axes as readonly [Side, Side];
  if (typeof x === 'number' && typeof y === 'number') return [[x], [y]];
  const [ofA, ofB] = [[x].flat(), [y].flat()];
  if (ofA.length !== ofB.length) {
    const lengths = `${ofA.length} != ${ofB.length}`;
    throw new GraphError('Value', `Different number of contraction axes 'a' and 'b', ${lengths}.`);
  }
  return [ofA, ofB];
}
function counted(a: Tensor, n: number): [Axes, Axes] {
  if (n < 0) throw new GraphError('Value', "'axes' must be at least 0.");
  const all = Array.from({ length: n }, (_, d) => d);
  if (a.shape) {
    const { length } = a.shape;
    if (n <= length) return [all.map((d) => length - n + d), all];
    throw new GraphError('Value', `'axes' must not be larger than the number of dimensions of tensor ${a}.`);
  }
  const end = rank(a);
  const last = range(minus(end, i32(n)), end, { dtype: 'int32' });
  return [last, range(i32(n), { dtype: 'int32' })];
}
