/** @file Gradients of reductions: dy spread over the cells that were reduced. */
import type { TensorLike } from '../graph/convert';
import type { Operation, Tensor } from '../graph/operation';
import { isFull, sizeOf } from '../value/shape';
import { constant, fill, reshape, shapeOf } from './array';
import { cast } from './cast';
import { equal } from './compare';
import { cumprod } from './cumulative';
import { divide, truediv } from './division';
import { i32 } from './expect';
import { gather, invertPermutation } from './gather';
import { concat } from './join';
import { floorOver, modulo, plus, times } from './operators';
import { tile } from './pad';
import { maximum } from './pairs';
import { transpose } from './permute';
import { range } from './range';
import { reduceProd, reduceSum } from './reduce';
import { rank, size } from './shape';
import { dynamicStitch } from './stitch';
import { setdiff1d } from './unique';

/** What tensor_util.constant_value looks through; it knows less than shape inference does. */
const LOOKED_THROUGH = 'Const Shape Size Rank Range Cast Concat ConcatV2 ConcatOffset Pack Fill Equal NotEqual'.split(
  ' ',
);
/** The constant that TensorFlow's Python code sees in a tensor, where it sees one. */
export function pythonConstant(t: Tensor): readonly number[] | undefined {
  const { def, inputs } = t.op;
  if (t.value === undefined || !LOOKED_THROUGH.includes(def.name)) return undefined;
  return def.shapeOnly || inputs.every(pythonConstant) ? t.value : undefined;
}

/** x // max(y, 1): 0 / 0 counts as 0. */
const safeShapeDiv = (x: TensorLike, y: TensorLike): Tensor => floorOver(x, maximum(y, i32(1)));

/** math_ops.reduced_shape: the sizes that stay when the reduced axes are kept with size 1. */
function keptShape(shape: TensorLike, axes: TensorLike): Tensor {
  const sizes = cast(shape, 'int32');
  const given = cast(axes, 'int32');
  const n = size(sizes);
  const positive = modulo(plus(given, n), n);
  const many = shapeOf(positive);
  return dynamicStitch([range(n), positive], [sizes, fill(many, i32(1))]);
}

type Sizes = readonly [kept: readonly number[], scale: readonly number[]];
/** The ops are made once per graph and shape, only to be read off; as the cache in math_grad._SumGrad. */
function staticSizes(graph: Tensor['graph'], shape: readonly number[], axes: readonly number[]): Sizes {
  const cache = (graph.stores.get(staticSizes) ?? new Map()) as Map<string, Sizes>;
  graph.stores.set(staticSizes, cache);
  const key = `${shape}|${axes}`;
  let found = cache.get(key);
  if (!found) {
    const kept = keptShape(i32(shape), i32(axes)).value!;
    found = [kept, safeShapeDiv(i32(shape), i32(kept)).value!];
    cache.set(key, found);
  }
  return found;
}

/** dy repeated along the reduced axes. */
export function sumGradient(dy: Tensor, { inputs }: Operation): Tensor {
  const [x, indices] = inputs as readonly [Tensor, Tensor];
  const { shape, graph } = x;
  const axes = shape && pythonConstant(indices);
  if (axes) {
    if (axes.length === shape.length && axes.every((a, i) => a === i)) {
      const one = reshape(dy, i32(shape.map(() => 1)));
      return tile(one, isFull(shape) ? constant([...shape], 'int32') : shapeOf(x));
    }
    if (isFull(shape)) {
      const [kept, scale] = staticSizes(graph, shape, axes);
      return tile(reshape(dy, i32(kept)), i32(scale));
    }
  }
  const whole = shapeOf(x);
  const [kept, scale] = graph.colocateWith(whole, () => {
    const sizes = keptShape(whole, indices);
    return [sizes, safeShapeDiv(whole, sizes)] as const;
  });
  return tile(reshape(dy, kept), scale);
}

/** dy / n repeated along the reduced axes. */
export function meanGradient(dy: Tensor, op: Operation): Tensor {
  const [x, y] = [op.inputs[0]!, op.outputs[0]!];
  const sum = sumGradient(dy, op);
  let factor: Tensor;
  if (isFull(x.shape) && isFull(y.shape)) {
    factor = constant(Math.floor(sizeOf(x.shape) / Math.max(sizeOf(y.shape), 1)), sum.dtype);
  } else {
    const from = shapeOf(x);
    const to = shapeOf(y);
    const cells = reduceProd(from);
    factor = safeShapeDiv(cells, reduceProd(to));
  }
  return truediv(sum, cast(factor, sum.dtype));
}

/** For Max and Min: dy shared equally among the cells that are the extreme. */
export function maxGradient(dy: Tensor, op: Operation): Tensor {
  const [x, indices] = op.inputs as readonly [Tensor, Tensor];
  const kept = keptShape(shapeOf(x), indices);
  const y = reshape(op.outputs[0]!, kept);
  const grad = reshape(dy, kept);
  const chosen = cast(equal(y, x), grad.dtype);
  const count = reshape(reduceSum(chosen, indices), kept);
  return times(divide(chosen, count), grad);
}

/** dy times the product of all the others, without dividing by a cell that may be 0. */
export function prodGradient(dy: Tensor, { inputs }: Operation): Tensor {
  const [x, indices] = inputs as readonly [Tensor, Tensor];
  const whole = shapeOf(x);
  const axes = reshape(indices, i32([-1]));
  const kept = keptShape(whole, indices);
  const scale = safeShapeDiv(whole, kept);
  const grad = tile(reshape(dy, kept), scale);
  const [perm, reducedCells, otherCells] = x.graph.device('/cpu:0', () => {
    const n = rank(x);
    const reduced = cast(modulo(plus(axes, n), n), 'int32');
    const { out: other } = setdiff1d(range(i32(0), n), reduced);
    const order = concat([reduced, other], 0);
    const cells = reduceProd(gather(whole, reduced));
    return [order, cells, reduceProd(gather(whole, other))] as const;
  });
  const permuted = transpose(x, perm);
  const permutedShape = shapeOf(permuted);
  const matrix = reshape(permuted, [reducedCells, otherCells]);
  const left = cumprod(matrix, 0, { exclusive: true });
  const right = cumprod(matrix, 0, { exclusive: true, reverse: true });
  const others = reshape(times(left, right), permutedShape);
  const out = times(grad, transpose(others, invertPermutation(perm)));
  return reshape(out, whole);
}
