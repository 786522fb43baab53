/** @file Gradients of reductions: the gradient spread over the cells that were reduced. */
import type { TensorLike } from '../graph/convert';
import type { Operation, Tensor } from '../graph/operation';
import { isFull } from '../value/shape';
import { Value } from '../value/value';
import { constant, fill, reshape, shapeOf } from './array';
import { cast } from './cast';
import { equal } from './compare';
import { cumprod } from './cumulative';
import { divide, truediv } from './division';
import { gather, invertPermutation } from './gather';
import { concat } from './join';
import { maximum } from './pairs';
import { transpose } from './permute';
import { tile } from './pad';
import { range } from './range';
import { reduceProd, reduceSum } from './reduce';
import { rank, size } from './shape';
import { dynamicStitch } from './stitch';
import { setdiff1d } from './unique';

/** x // max(y, 1): 0 / 0 counts as 0. */
function safeDivide(x: TensorLike, y: TensorLike): Tensor {
  return maximum(y, int32(1)).rfloordiv(x);
}
/** Sizes as the int32 that Python's ints are. */
const int32 = (x: number | readonly number[]): Value => Value.from(x as number, 'int32');

/** The shape that stays when the axes are kept with size 1, as ops; math_ops.reduced_shape. */
function keptShape(shapeIn: TensorLike, axesIn: TensorLike): Tensor {
  const shape = cast(shapeIn, 'int32');
  const given = cast(axesIn, 'int32');
  const n = size(shape);
  const axes = given.add(n).mod(n);
  const many = shapeOf(axes);
  const all = range(n);
  return dynamicStitch([all, axes], [shape, fill(many, int32(1))]);
}

export function sumGradient(dy: Tensor, op: Operation): Tensor {
  const [x, indices] = op.inputs as readonly [Tensor, Tensor];
  const { shape, graph } = x;
  const axes = indices.value;
  if (shape && axes) {
    if (axes.length === shape.length && axes.every((a, i) => a === i)) {
      const flat = reshape(dy, shape.map(() => 1));
      const to = isFull(shape) ? constant([...shape], 'int32') : shapeOf(x);
      return tile(flat, to);
    }
    if (isFull(shape)) {
      const cache = (graph.stores.get(sumGradient) ?? new Map()) as Map<string, readonly [readonly number[], readonly number[]]>;
      graph.stores.set(sumGradient, cache);
      const key = `${shape}|${axes}`;
      let found = cache.get(key);
      if (!found) {
        const kept = keptShape(int32(shape), int32(axes)).value!;
        found = [kept, safeDivide(int32(shape), int32(kept)).value!];
        cache.set(key, found);
      }
      return tile(reshape(dy, [...found[0]]), [...found[1]]);
    }
  }
  const whole = shapeOf(x);
  const [kept, scale] = graph.colocateWith(whole, () => {
    const k = keptShape(whole, indices);
    return [k, safeDivide(whole, k)] as const;
  });
  return tile(reshape(dy, kept), scale);
}

export function meanGradient(dy: Tensor, op: Operation): Tensor {
  const [x, y] = [op.inputs[0]!, op.outputs[0]!];
  const sum = sumGradient(dy, op);
  if (isFull(x.shape) && isFull(y.shape)) {
    const n = (s: readonly number[]) => s.reduce((a, b) => a * b, 1);
    const factor = constant(Math.floor(n(x.shape) / Math.max(n(y.shape), 1)), sum.dtype);
    return truediv(sum, cast(factor, sum.dtype));
  }
  const [from, to] = [shapeOf(x), shapeOf(y)];
  const all = reduceProd(from);
  const factor = safeDivide(all, reduceProd(to));
  return truediv(sum, cast(factor, sum.dtype));
}

/** For Max and Min: shared equally among the cells that are the extreme. */
export function maxGradient(dy: Tensor, op: Operation): Tensor {
  const [x, indices] = op.inputs as readonly [Tensor, Tensor];
  const kept = keptShape(shapeOf(x), indices);
  const y = reshape(op.outputs[0]!, kept);
  const g = reshape(dy, kept);
  const chosen = cast(equal(y, x), g.dtype);
  const count = reshape(reduceSum(chosen, { axis: indices }), kept);
  return divide(chosen, count).mul(g);
}

/** Products of all others, without dividing by a cell that may be 0. */
export function prodGradient(dy: Tensor, op: Operation): Tensor {
  const [x, indices] = op.inputs as readonly [Tensor, Tensor];
  const { graph } = x;
  const whole = shapeOf(x);
  const flatIndices = reshape(indices, [-1]);
  const kept = keptShape(whole, indices);
  const scale = safeDivide(whole, kept);
  const grad = tile(reshape(dy, kept), scale);
  const { perm, reduced, other } = graph.device('/cpu:0', () => {
    const n = rank(x);
    const positive = flatIndices.add(n).mod(n);
    const gone = cast(positive, 'int32');
    const all = range(0, n);
    const { out: rest } = setdiff1d(all, gone);
    const order = concat([gone, rest], 0);
    const many = reduceProd(gather(whole, gone));
    return { perm: order, reduced: many, other: reduceProd(gather(whole, rest)) };
  });
  const permuted = transpose(x, perm);
  const permutedShape = shapeOf(permuted);
  const matrix = reshape(permuted, [reduced, other]);
  const left = cumprod(matrix, 0, { exclusive: true });
  const right = cumprod(matrix, 0, { exclusive: true, reverse: true });
  const y = reshape(left.mul(right), permutedShape);
  const out = grad.mul(transpose(y, invertPermutation(perm)));
  return reshape(out, whole);
}
