/** @file tf.nn.dropout. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { sizes as asSizes } from '../graph/define';
import type { Tensor } from '../graph/operation';
import { isFloating } from '../value/dtype';
import { type Shape, tupleShape } from '../value/shape';
import { Value } from '../value/value';
import { type Named, shapeOf } from './array';
import { cast } from './cast';
import { minus } from './operators';
import { randomUniform } from './random';
import { isPlain } from './structure';

/** The constant 0, as tensor_util.constant_value would tell it. */
function isZero(rate: Tensor): boolean {
  const { value } = rate.op.attrs as { readonly value?: Value };
  return rate.op.inputs.length === 0 && value instanceof Value && Number(value.data[0]) === 0;
}
function noiseFor(x: Tensor, noise: TensorLike | Shape): TensorLike {
  if (noise === null) return shapeOf(x);
  if (!Array.isArray(noise) || noise.some((d) => d !== null && typeof d !== 'number')) return noise as TensorLike;
  const sizes = noise as readonly (number | null)[];
  const own = x.shape?.length === sizes.length ? x.shape : null;
  return asSizes(own ? sizes.map((d, i) => d ?? own[i] ?? null) : sizes);
}

export interface DropoutOptions extends Named {
  /** The fraction that is dropped; keepProb is 1 - rate. */
  readonly rate?: number | Tensor | null | undefined;
  readonly keepProb?: number | Tensor | null | undefined;
  /** The shape of the decisions, which are broadcast; null sizes are those of x. */
  readonly noiseShape?: TensorLike | Shape | undefined;
  readonly seed?: number | null | undefined;
}

function rateOf({ rate = null, keepProb = null }: DropoutOptions): number | Tensor | null {
  if (keepProb === null) return rate;
  if (rate !== null) throw new GraphError('Value', "Cannot specify both 'rate' and 'keep_prob'");
  if (typeof keepProb === 'number') return 1 - keepProb;
  if (isTensorLike(keepProb)) return minus(1, keepProb);
  throw new GraphError('Value', `keep_prob must be a floating point number or Tensor (got ${keepProb})`);
}

/**
 * Drops cells at random and scales up the others: (x, keepProb) as in Python, or an object with a rate. A rate of 0
 * gives x itself. Raises Value for other rates than [0, 1).
 * @tensorflow tf.nn.dropout
 */
export function dropout(
  x: TensorLike,
  kept: DropoutOptions | DropoutOptions['keepProb'] = {},
  rest: DropoutOptions = {},
): Tensor {
  const options: DropoutOptions = isPlain(kept) ? kept : { keepProb: kept as number | Tensor | null, ...rest };
  const { noiseShape = null, seed, name = 'dropout' } = options;
  const rate = rateOf(options);
  if (rate === null) throw new GraphError('Value', 'You must provide a rate to dropout.');
  const graph = graphOf([x]);
  return graph.nameScope(name, () => {
    const input = convertToTensor(x, { name: 'x' }, graph);
    if (!isFloating(input.dtype)) {
      throw new GraphError(
        'Value',
        `x has to be a floating point tensor since it's going to be scaled. Got a <dtype: '${input.dtype}'> tensor instead.`,
      );
    }
    if (typeof rate === 'number') {
      if (!(rate >= 0 && rate < 1)) {
        throw new GraphError('Value', `rate must be a scalar tensor or a float in the range [0, 1), got ${rate}`);
      }
      if (rate === 0) return input;
    }
    const r = convertToTensor(rate, { dtype: input.dtype, name: 'rate' }, graph);
    if (r.shape && r.shape.length !== 0) {
      throw new GraphError('Value', `Shape ${tupleShape(r.shape)} must have rank 0`);
    }
    if (isZero(r)) return input;
    const random = randomUniform(noiseFor(input, noiseShape), { seed, dtype: input.dtype });
    const keep = r.rsub(1);
    const scale = keep.rtruediv(1);
    const mask = random.greaterEqual(r);
    const y = input.mul(scale).mul(cast(mask, input.dtype));
    y.setShape(input.shape);
    return y;
  });
}
