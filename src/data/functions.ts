/** @file What tf.data has as functions of datasets and iterators. */
import type { Dataset } from './dataset';
import type { Iterator, SharedName } from './iterator';

type DatasetOrIterator = Dataset | Iterator;

/** @tensorflow tf.data.make_one_shot_iterator */
export const makeOneShotIterator = (dataset: Dataset): Iterator => dataset.makeOneShotIterator();
/** @tensorflow tf.data.make_initializable_iterator */
export const makeInitializableIterator = (dataset: Dataset, options?: SharedName): Iterator =>
  dataset.makeInitializableIterator(options);
/** Dtypes nested as the elements are. @tensorflow tf.data.get_output_types */
export const getOutputTypes = (x: DatasetOrIterator): unknown => x.outputTypes;
/** Shapes nested as the elements are. @tensorflow tf.data.get_output_shapes */
export const getOutputShapes = (x: DatasetOrIterator): unknown => x.outputShapes;
/** Tensor, or the spec of a dataset, nested as the elements are. @tensorflow tf.data.get_output_classes */
export const getOutputClasses = (x: DatasetOrIterator): unknown => x.outputClasses;
