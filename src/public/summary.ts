/** @file tf.summary */
export { histogramOf as histogram, merge, mergeAll, scalar } from '../ops/summary';
