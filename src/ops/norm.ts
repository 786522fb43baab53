/** @file Norms of vectors and matrices. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import type { Named } from './array';
import { i32 } from './expect';
import { times } from './operators';
import { pow } from './pairs';
import { reduceMax, reduceSum } from './reduce';
import { squeeze } from './shape';
import { abs, sqrt } from './unary';

export interface NormOptions extends Named {
  /** 'euclidean' by default; 'fro' is the same for matrices; a positive number, or Infinity. */
  readonly ord?: number | 'euclidean' | 'fro' | undefined;
  /** One axis of vectors, two of matrices; all cells as one vector by default. */
  readonly axis?: number | readonly [number, number] | null | undefined;
  readonly keepdims?: boolean | undefined;
}
const ONE_OF_AXES = "'axis' must be None, an integer, or a tuple of 2 unique integers";

/**
 * The norm of vectors or matrices, where `ord` says which. Raises Value for an unknown one, Unimplemented for the
 * matrix 2-norm, which needs singular values.
 * @tensorflow tf.norm
 */
export function norm(
  tensor: TensorLike,
  { ord = 'euclidean', axis = null, keepdims = false, name }: NormOptions = {},
): Tensor {
  const axes = axis === null ? null : typeof axis === 'number' ? [axis] : axis;
  const isMatrix = typeof axis !== 'number' && axes !== null;
  check(ord, axes, isMatrix);
  const graph = graphOf([tensor]);
  return graph.nameScope(name ?? 'norm', () => {
    const x = convertToTensor(tensor, {}, graph);
    const along = (at: number) => (axes === null ? null : i32(axes.at(at)!));
    const all = axes && i32(axes);
    let result: Tensor;
    if (ord === 'euclidean' || ord === 'fro' || ord === 2) {
      result = sqrt(reduceSum(times(x, x), all, { keepdims: true }));
    } else {
      result = abs(x);
      if (ord === 1) {
        result = reduceSum(result, along(0), { keepdims: true });
        if (isMatrix) result = reduceMax(result, along(-1), { keepdims: true });
      } else if (ord === Number.POSITIVE_INFINITY) {
        if (isMatrix) result = reduceSum(result, along(1), { keepdims: true });
        result = reduceMax(result, along(0), { keepdims: true });
      } else {
        result = pow(reduceSum(pow(result, ord), all, { keepdims: true }), 1 / ord);
      }
    }
    return keepdims ? result : squeeze(result, axes ?? {});
  });
}

function check(ord: number | string, axes: readonly number[] | null, isMatrix: boolean): void {
  if (isMatrix) {
    const [a, b, ...more] = axes!;
    if (!Number.isInteger(a) || !Number.isInteger(b) || a === b || more.length > 0)
      throw new GraphError('Value', ONE_OF_AXES);
    if (!['euclidean', 'fro', 1, 2, Number.POSITIVE_INFINITY].includes(ord)) {
      const known = "['euclidean', 'fro', 1, 2, inf]";
      throw new GraphError('Value', `'ord' must be a supported matrix norm in ${known}, got ${ord}`);
    }
    if (ord !== 2) return;
    throw new GraphError('Unimplemented', "sluice has no Svd: the matrix norm 2 is missing. Use 'fro', 1 or Infinity.");
  }
  if (axes && !Number.isInteger(axes[0])) throw new GraphError('Value', ONE_OF_AXES);
  if (typeof ord === 'number' ? !(ord > 0) : ord !== 'euclidean') {
    throw new GraphError('Value', `'ord' must be a supported vector norm, got ${ord}`);
  }
}
