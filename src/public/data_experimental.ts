/** @file tf.data.experimental */
export { AUTOTUNE, getStructure, mapAndBatch, shuffleAndRepeat, unbatch } from '../data/experimental';
