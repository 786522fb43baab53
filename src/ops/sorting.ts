/** @file Sorted values and the order they are sorted in. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import { constant, type Named, shapeOf } from './array';
import { i32 } from './expect';
import { concat } from './join';
import { minus, negate, plus } from './operators';
import { transpose } from './permute';
import { range } from './range';
import { rank } from './shape';
import { index } from './slice';
import { topK } from './top_k';

export interface SortOptions extends Named {
  /** The last one unless given. */
  readonly axis?: number | undefined;
  readonly direction?: 'ASCENDING' | 'DESCENDING' | undefined;
}

/** The order that swaps `axis` with the last one; null where it is the last. */
function swap(values: Tensor, axis: number, n: Tensor): TensorLike | null {
  const known = values.shape?.length;
  if (axis === -1 || axis + 1 === known) return null;
  if (known !== undefined) {
    const at = axis < 0 ? axis + known : axis;
    const order = Array.from({ length: known }, (_, i) => (i === at ? known - 1 : i === known - 1 ? at : i));
    return constant(order, 'int64', { name: 'transposition' });
  }
  const at = axis < 0 ? plus(i32(axis), n) : axis;
  const before = range(at instanceof Tensor ? at : i32(at));
  const last = minus(n, 1);
  const between = range(at instanceof Tensor ? plus(at, 1) : i32(at + 1), minus(n, 1));
  return concat([before, [last], between, [at]] as TensorLike, 0);
}

/** Values or indices in descending order along an axis. */
function descending(values: Tensor, axis: number, which: 'values' | 'indices'): Tensor {
  const k = index(shapeOf(values), [axis]);
  const perm = swap(values, axis, rank(values));
  const moved = perm === null ? values : transpose(values, perm);
  const sorted = topK(moved, k)[which];
  return perm === null ? sorted : transpose(sorted, perm);
}

function ordered(kind: 'sort' | 'argsort', values: TensorLike, options: SortOptions): Tensor {
  const { axis = -1, direction = 'ASCENDING', name } = options;
  const graph = graphOf([values]);
  return graph.nameScope(name ?? kind, () => {
    if (direction !== 'ASCENDING' && direction !== 'DESCENDING') {
      throw new GraphError('Value', `${direction} should be one of ASCENDING, DESCENDING`);
    }
    if (!Number.isInteger(axis)) throw new GraphError('Value', 'axis must be a constant scalar');
    convertToTensor(i32(axis), { name: 'axis' }, graph);
    const x = convertToTensor(values, { name: 'values' }, graph);
    const which = kind === 'sort' ? 'values' : 'indices';
    if (direction === 'DESCENDING') return descending(x, axis, which);
    const result = descending(negate(x), axis, which);
    return kind === 'sort' ? negate(result) : result;
  });
}

/** The values in ascending or descending order along one axis. Raises Value for another direction. @tensorflow tf.sort */
export const sort = (values: TensorLike, options: SortOptions = {}): Tensor => ordered('sort', values, options);
/** Where the values of `sort` were before: int32 indices along the axis. @tensorflow tf.argsort */
export const argsort = (values: TensorLike, options: SortOptions = {}): Tensor => ordered('argsort', values, options);
