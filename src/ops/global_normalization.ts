/** @file Batch normalization under its oldest name. */
import type { TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import type { Named } from './array';
import { batchNormalization } from './batch_norm';

/**
 * batchNormalization of `t` by the moments `m` and `v`; gamma counts only where `scaleAfterNormalization` says so.
 * @tensorflow tf.nn.batch_norm_with_global_normalization
 */
export function batchNormWithGlobalNormalization(
  t: TensorLike,
  m: TensorLike,
  v: TensorLike,
  beta: TensorLike | null,
  gamma: TensorLike | null,
  varianceEpsilon: number,
  scaleAfterNormalization: boolean,
  { name }: Named = {},
): Tensor {
  return batchNormalization(t, m, v, beta, scaleAfterNormalization ? gamma : null, varianceEpsilon, { name });
}
