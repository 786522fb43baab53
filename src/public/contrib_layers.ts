/** @file tf.contrib.layers */
export {
  applyRegularization,
  l1l2Regularizer,
  l1Regularizer,
  l2Regularizer,
  sumRegularizer,
} from '../ops/regularizers';
export { batchNorm } from '../training/contrib_batch_norm';
