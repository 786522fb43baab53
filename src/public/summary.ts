/** @file tf.summary */
export { FileWriter, FileWriterCache } from '../interop/file_writer';
export { histogramOf as histogram, merge, mergeAll, scalar } from '../ops/summary';
export { audio, image } from '../ops/summary_media';
export { type SummaryMetadata, tensorSummary, text } from '../ops/summary_tensor';
