/** @file Coordinates of flat indices. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { cellOf } from '../value/dtype';
import { sizeOf } from '../value/shape';
import type { Named } from './array';
import { indexTypeOf, withRank } from './expect';

const UnravelIndex = defineOp({
  name: 'UnravelIndex',
  inputs: { indices: 'Tidx', dims: 'Tidx' },
  outputs: { output: 'Tidx' },
  attrs: { Tidx: indexType },
  infer({ indices, dims }) {
    const rank = withRank(dims.shape, 1)?.[0] ?? null;
    if (indices.shape === null) return { output: null };
    return { output: indices.shape.length === 0 ? [rank] : [rank, sizeIfKnown(indices.shape)] };
  },
  gradient: null,
  reference({ indices, dims, output }) {
    if (indices.shape.length > 1) {
      const shape = `[${indices.shape.join(',')}]`;
      throw new GraphError('InvalidArgument', `The indices can only be scalar or vector, got "${shape}"`);
    }
    const sizes = Array.from(dims.data, Number);
    if (sizes.includes(0)) throw new GraphError('InvalidArgument', 'Input dims cannot contain a dim of zero');
    const [from, out] = [indices.data, output.data];
    let within = sizeOf(sizes);
    sizes.forEach((size, d) => {
      const step = within / size;
      for (let i = 0; i < from.length; i++) {
        const at = Math.trunc((Number(from[i]!) % within) / step);
        out[d * from.length + i] = cellOf(output.dtype, at);
      }
      within = step;
    });
  },
});
const sizeIfKnown = (shape: readonly (number | null)[]): number | null =>
  shape.includes(null) ? null : sizeOf(shape as number[]);

/**
 * Row d holds coordinate d of each flat index into an array of shape `dims`; indices past its end wrap around.
 * @tensorflow tf.unravel_index
 */
export function unravelIndex(indices: TensorLike, dims: TensorLike, { name }: Named = {}): Tensor {
  return UnravelIndex({ indices, dims }, { Tidx: indexTypeOf(indices, dims) }, name).output;
}
