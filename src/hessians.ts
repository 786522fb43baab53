/** @file Second derivatives, row by row. */
import { type GradientOptions, gradients } from './gradients';
import { Tensor } from './graph/operation';
import { constant, reshape, shapeOf } from './ops/array';
import { i32 } from './ops/expect';
import { concat } from './ops/join';
import { size } from './ops/shape';
import { index } from './ops/slice';
import { TensorArray } from './ops/tensor_array';
import { whileLoop } from './ops/while';

/**
 * The matrix of second derivatives of the sum of `ys` for each of `xs`, of shape [...x.shape, ...x.shape]. Raises Lookup for
 * an operation without a gradient.
 * @tensorflow tf.hessians
 */
export function hessians(
  ys: Tensor | readonly Tensor[],
  xs: Tensor | readonly Tensor[],
  options: GradientOptions = {},
): Tensor[] {
  const list = xs instanceof Tensor ? [xs] : xs;
  const firsts = gradients(ys, list, options) as Tensor[];
  return list.map((x, i) => {
    const gradient = reshape(firsts[i]!, i32([-1]));
    const n = size(x);
    const start = [constant(0, 'int32'), new TensorArray(x.dtype, { size: n })] as const;
    const [, rows] = whileLoop(
      (j: Tensor) => j.less(n),
      (j: Tensor, result: TensorArray) => [
        j.add(1),
        result.write(j, gradients(index(gradient, [j]), [x])[0] as Tensor),
      ],
      start as never,
    ) as unknown as [Tensor, TensorArray];
    const shape = shapeOf(x);
    return reshape(rows.stack(), concat([shape, shape], 0));
  });
}
