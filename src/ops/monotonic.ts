/** @file Whether the cells of a tensor grow. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import { type DType, NUMBERS } from '../value/dtype';
import { Value } from '../value/value';
import { constant, type Named, reshape, shapeOf } from './array';
import { less, lessEqual } from './compare';
import { cond } from './cond';
import { i32 } from './expect';
import { minus, plus } from './operators';
import { reduceAll } from './reduce';
import { size } from './shape';
import { stridedSlice } from './slice';

/** Whether x is a tensor of numbers. @tensorflow tf.is_numeric_tensor */
export const isNumericTensor = (x: unknown): x is Tensor =>
  x instanceof Tensor && (NUMBERS as readonly DType[]).includes(x.dtype);

/** Each cell less the one before it; nothing for fewer than two. */
function differences(given: TensorLike): Tensor {
  const x = reshape(given, i32([-1]));
  if (!isNumericTensor(x)) throw new GraphError('Type', `Expected x to be numeric, instead found: ${x}`);
  const { dtype } = x as Tensor;
  const isShort = less(size(x), 2);
  const length = minus(shapeOf(x), 1);
  const none = () => convertToTensor(Value.zeros(dtype, [0]));
  const all = () => {
    const later = stridedSlice(x, i32([1]), plus(i32([1]), length));
    return minus(later, stridedSlice(x, i32([0]), length));
  };
  return cond(isShort, none, all) as Tensor;
}
function grows(name: string, x: TensorLike, compare: (zero: Tensor, step: Tensor) => Tensor): Tensor {
  const graph = graphOf([x]);
  return graph.nameScope(name, () => {
    const steps = differences(x);
    return reduceAll(compare(constant(0, steps.dtype), steps));
  });
}
/** Whether no cell is smaller than the one before. @tensorflow tf.is_non_decreasing */
export function isNonDecreasing(x: TensorLike, { name }: Named = {}): Tensor {
  return grows(name ?? 'is_non_decreasing', x, (zero, step) => lessEqual(zero, step));
}
/** Whether each cell is larger than the one before. @tensorflow tf.is_strictly_increasing */
export function isStrictlyIncreasing(x: TensorLike, { name }: Named = {}): Tensor {
  return grows(name ?? 'is_strictly_increasing', x, (zero, step) => less(zero, step));
}
