/** @file tf.data.experimental: transformations for Dataset.apply. */
import { addFunction } from '../graph/functions';
import { getDefaultGraph } from '../graph/graph';
import type { SeedLike } from '../ops/seed';
import { type Count, count, flag, seedTensors } from './arguments';
import { batchSpec, Dataset, knownSize } from './dataset';
import type { DropRemainder } from './dataset_options';
import { MapAndBatchDataset } from './mapping';
import { ShuffleAndRepeatDataset } from './ordering';
import { attrsFor, mapSpecs } from './structure';
import { type ElementFunction, trace } from './trace';

type Transformation = (dataset: Dataset) => Dataset;

/** In place of a number: as many as seem good. @tensorflow tf.data.experimental.AUTOTUNE */
export const AUTOTUNE = -1;

/**
 * Shuffles and repeats at once: the order differs from that of one after the other, unless an iterator's rewriting has
 * made one of the two. @tensorflow tf.data.experimental.shuffle_and_repeat
 */
export const shuffleAndRepeat =
  (bufferSize: Count, times: Count | null = null, seed?: SeedLike): Transformation =>
  (dataset) => {
    const buffer_size = count(bufferSize, 'buffer_size');
    const inputs = { buffer_size, count: count(times ?? -1, 'count'), ...seedTensors(seed) };
    const { variant, elementSpec } = dataset;
    const { handle } = ShuffleAndRepeatDataset({ input_dataset: variant, ...inputs }, attrsFor(elementSpec));
    return new Dataset(handle, elementSpec, [dataset]);
  };

export interface MapAndBatchOptions extends DropRemainder {
  /** Accepted; elements are made one after the other. */
  readonly numParallelCalls?: number | undefined;
}
/** Maps and batches at once: a failing element takes its batch along. @tensorflow tf.data.experimental.map_and_batch */
export const mapAndBatch =
  (f: ElementFunction, batchSize: number, options: MapAndBatchOptions = {}): Transformation =>
  (dataset) => {
    const { numParallelCalls = batchSize, dropRemainder = false } = options;
    const traced = trace(f, 'tf.data.experimental.map_and_batch()', dataset.elementSpec);
    addFunction(getDefaultGraph(), traced.fn);
    const batch_size = count(batchSize, 'batch_size');
    const num_parallel_calls = count(numParallelCalls, 'num_parallel_calls');
    const drop_remainder = flag(dropRemainder, 'drop_remainder');
    const structure = mapSpecs(traced.structure, batchSpec(knownSize(batch_size, drop_remainder)));
    const inputs = { input_dataset: dataset.variant, other_arguments: traced.captured };
    const attrs = { f: { func: traced.fn.name }, preserve_cardinality: true, ...attrsFor(structure) };
    const { handle } = MapAndBatchDataset({ ...inputs, batch_size, num_parallel_calls, drop_remainder }, attrs);
    return new Dataset(handle, structure, [dataset], [traced]);
  };

/** The rows of the elements. @tensorflow tf.data.experimental.unbatch */
export const unbatch = (): Transformation => (dataset) => dataset.unbatch();

/** What the elements of a dataset or an iterator are. @tensorflow tf.data.experimental.get_structure */
export const getStructure = (x: { readonly elementSpec: unknown }): unknown => x.elementSpec;
