/** @file tf.summary */
export { FileWriter, FileWriterCache } from '../interop/file_writer';
export { histogramOf as histogram, merge, mergeAll, scalar } from '../ops/summary';
