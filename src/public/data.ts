/** @file tf.data */
export { Dataset } from '../data/dataset';
export {
  getOutputClasses,
  getOutputShapes,
  getOutputTypes,
  makeInitializableIterator,
  makeOneShotIterator,
} from '../data/functions';
export { Iterator } from '../data/iterator';
export type { OptimizationOptions, Options } from '../data/options';
export { DatasetSpec } from '../data/structure';
export * as experimental from './data_experimental';
