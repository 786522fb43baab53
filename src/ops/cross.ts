/** @file Cross products of vectors of three. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { meet, showShape } from '../value/shape';
import type { Named } from './array';
import { exactDim, refuse } from './expect';

const Cross = defineOp({
  name: 'Cross',
  inputs: { a: 'T', b: 'T' },
  outputs: { product: 'T' },
  attrs: {
    T: type([
      'float32',
      'float64',
      'int32',
      'uint8',
      'int16',
      'int8',
      'int64',
      'bfloat16',
      'uint16',
      'float16',
      'uint32',
      'uint64',
    ]),
  },
  infer({ a, b }) {
    const shape = meet(a.shape, b.shape);
    if (shape?.length === 0) {
      refuse('Shape must be at least rank 1 but is rank 0', `inputs must be at least 1-D: ${showShape(shape)}`);
    }
    if (shape) exactDim(shape.at(-1)!, 3, `inner-most dimension must be 3`);
    return { product: shape };
  },
  gradient: ({ product: dy }, { a, b }) => ({ a: cross(b, dy), b: cross(dy, a) }),
  reference({ a, b, product }) {
    const [x, y, out] = [a.data, b.data, product.data];
    for (let i = 0; i < out.length; i += 3) {
      const [u, v, w] = [x[i]!, x[i + 1]!, x[i + 2]!];
      const [p, q, r] = [y[i]!, y[i + 1]!, y[i + 2]!];
      out[i] = v * r - w * q;
      out[i + 1] = w * p - u * r;
      out[i + 2] = u * q - v * p;
    }
  },
});
/** The cross products of vectors of three along the last dimension. @tensorflow tf.cross */
export function cross(a: TensorLike, b: TensorLike, { name }: Named = {}): Tensor {
  return Cross({ a, b }, {}, name).product;
}
