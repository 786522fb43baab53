/** @file tf.data.Dataset: elements that ops make one after the other. Each call makes its ops at once. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { addFunction } from '../graph/functions';
import { getDefaultGraph } from '../graph/graph';
import { constantValue, type Tensor } from '../graph/operation';
import { flatten, packAs } from '../ops/structure';
import { compatible, meet } from '../value/shape';
import { type Count, count, flag, normalized, paddedShape, paddingValue, seedTensors } from './arguments';
import { BatchDatasetV2, PaddedBatchDatasetV2, UnbatchDataset, WindowDataset } from './batching';
import type {
  DropRemainder,
  InterleaveOptions,
  PaddedBatchOptions,
  ParallelCalls,
  ShuffleOptions,
  WindowOptions,
} from './dataset_options';
import { fromGenerator, type Generator } from './generator';
import type { Iterator, SharedName } from './iterator';
import { initializableIterator, oneShotIterator } from './make_iterator';
import {
  FilterDataset,
  FlatMapDataset,
  InterleaveDataset,
  MapDataset,
  ParallelInterleaveDatasetV2,
  ParallelMapDataset,
} from './mapping';
import { mergeOptions, type Options } from './options';
import {
  CacheDataset,
  PrefetchDataset,
  RepeatDataset,
  ShardDataset,
  ShuffleDataset,
  SkipDataset,
  TakeDataset,
} from './ordering';
import { reduce } from './reduce';
import { ConcatenateDataset, RangeDataset, TensorDataset, TensorSliceDataset, ZipDataset } from './sources';
import {
  attrsFor,
  classesOf,
  DatasetSpec,
  elementsIn,
  leavesUpTo,
  mapSpecs,
  type Shapes,
  type Structure,
  shapesOf,
  showSpecs,
  specsIn,
  TensorSpec,
  typesOf,
  typesText,
} from './structure';
import { type ElementFunction, type Traced, trace } from './trace';

/**
 * A dataset: what its elements are, and a tensor that stands for it. Elements are tensors in lists and objects. Lists of
 * numbers, Values and typed arrays are tensors; other lists are structure.
 * @tensorflow tf.data.Dataset
 */
export class Dataset {
  /** The scalar variant tensor that is the dataset in the graph. */
  readonly variant: Tensor;
  /** A TensorSpec for each tensor of an element, nested as the elements are. */
  readonly elementSpec: Structure;
  readonly inputs: readonly Dataset[];
  readonly functions: readonly Traced[];
  readonly #options: Options | undefined;

  constructor(
    variant: Tensor,
    elementSpec: Structure,
    inputs: readonly Dataset[] = [],
    functions: readonly Traced[] = [],
    options?: Options,
  ) {
    this.variant = variant;
    this.elementSpec = elementSpec;
    this.inputs = inputs;
    this.functions = functions;
    this.#options = options;
  }

  /** One element: these tensors. @tensorflow tf.data.Dataset.from_tensors */
  static fromTensors(tensors: unknown): Dataset {
    const { structure, components } = normalized(tensors);
    const attrs = { Toutput_types: components.map((t) => t.dtype), output_shapes: elementsIn(structure).shapes };
    return new Dataset(TensorDataset({ components }, attrs).handle, structure);
  }

  /**
   * The rows of these tensors, which have one length. Raises Value for scalars and for lengths that differ.
   * @tensorflow tf.data.Dataset.from_tensor_slices
   */
  static fromTensorSlices(tensors: unknown): Dataset {
    const { structure: whole, components } = normalized(tensors);
    for (const t of components) {
      if (t.shape?.length === 0) throw new GraphError('Value', `Value ${t} has insufficient rank for batching.`);
    }
    const first = components[0]?.shape?.[0] ?? null;
    for (const t of components) {
      const n = t.shape?.[0] ?? null;
      if (first !== null && n !== null && n !== first) {
        throw new GraphError('Value', `Dimensions ${first} and ${n} are not compatible`);
      }
    }
    const structure = mapSpecs(whole, rowSpec);
    const attrs = { Toutput_types: components.map((t) => t.dtype), output_shapes: elementsIn(structure).shapes };
    return new Dataset(TensorSliceDataset({ components }, attrs).handle, structure);
  }

  /**
   * What a JavaScript generator function yields, called anew for each pass. `outputTypes`: dtypes nested as the elements
   * are; `outputShapes`: nested alike, unknown where missing. `args`: tensors it is called with, as Values.
   * @tensorflow tf.data.Dataset.from_generator
   */
  static fromGenerator(
    generator: Generator,
    outputTypes: unknown,
    outputShapes?: Shapes,
    { args = [] }: { readonly args?: readonly TensorLike[] | undefined } = {},
  ): Dataset {
    return fromGenerator(generator, outputTypes, outputShapes, args);
  }

  /** int64 numbers: `range(stop)`, `range(start, stop, step)`. @tensorflow tf.data.Dataset.range */
  static range(...limits: readonly Count[]): Dataset {
    const [a, b, c = 1] = limits;
    if (a === undefined || limits.length > 3) {
      throw new GraphError('Value', `Invalid arguments to RangeDataset: (${limits.join(', ')})`);
    }
    const [from, to] = b === undefined ? [0, a] : [a, b];
    const ends = { start: count(from, 'start'), stop: count(to, 'stop'), step: count(c, 'step') };
    const structure = new TensorSpec([], 'int64');
    return new Dataset(RangeDataset(ends, attrsFor(structure)).handle, structure);
  }

  /** Elements of several datasets side by side, nested as the datasets are. @tensorflow tf.data.Dataset.zip */
  static zip(datasets: unknown): Dataset {
    const all = flatten(datasets) as Dataset[];
    if (!all.every((d) => d instanceof Dataset)) {
      throw new GraphError('Type', 'The argument to `Dataset.zip()` must be a nested structure of `Dataset` objects.');
    }
    const structure = packAs(
      datasets,
      all.map((d) => d.elementSpec),
    );
    const input_datasets = all.map((d) => d.variant);
    return new Dataset(ZipDataset({ input_datasets }, attrsFor(structure)).handle, structure, all);
  }

  /** Then the elements of another; Raises Type for other types. @tensorflow tf.data.Dataset.concatenate */
  concatenate(other: Dataset): Dataset {
    const [mine, theirs] = [typesText(this.elementSpec), typesText(other.elementSpec)];
    if (mine !== theirs) {
      throw new GraphError('Type', `Two datasets to concatenate have different types ${mine} and ${theirs}`);
    }
    const { shapes } = elementsIn(other.elementSpec);
    const specs = specsIn(this.elementSpec).map((s, i) =>
      s instanceof TensorSpec ? new TensorSpec(meet(s.shape, shapes[i]!), s.dtype) : s,
    );
    const structure = packAs(this.elementSpec, specs);
    const inputs = { input_dataset: this.variant, another_dataset: other.variant };
    return new Dataset(ConcatenateDataset(inputs, attrsFor(structure)).handle, structure, [this, other]);
  }

  /** A dataset over this one, whose elements are alike unless `structure` says otherwise. */
  #over(variant: Tensor, structure = this.elementSpec, f?: Traced): Dataset {
    return new Dataset(variant, structure, [this], f ? [f] : []);
  }
  get #inputs() {
    return { input_dataset: this.variant };
  }
  get #attrs() {
    return attrsFor(this.elementSpec);
  }
  #trace(f: ElementFunction, transformation: string): Traced {
    const found = trace(f, transformation, this.elementSpec);
    addFunction(getDefaultGraph(), found.fn);
    return found;
  }
  /** For a function that answers a dataset: what its elements are. */
  #traceFlat(f: ElementFunction, transformation: string): Traced & { readonly inner: Structure } {
    const found = this.#trace(f, transformation);
    const { structure } = found;
    if (structure instanceof DatasetSpec) return { ...found, inner: structure.elementSpec };
    throw new GraphError('Type', `\`map_func\` must return a \`Dataset\` object. Got ${showSpecs(structure)}`);
  }

  /** Elements so often; forever without a count. @tensorflow tf.data.Dataset.repeat */
  repeat(times: Count | null = null): Dataset {
    return this.#over(RepeatDataset({ ...this.#inputs, count: count(times ?? -1, 'count') }, this.#attrs).handle);
  }
  /** The first elements; -1: all. @tensorflow tf.data.Dataset.take */
  take(n: Count): Dataset {
    return this.#over(TakeDataset({ ...this.#inputs, count: count(n, 'count') }, this.#attrs).handle);
  }
  /** All but the first elements; -1: none. @tensorflow tf.data.Dataset.skip */
  skip(n: Count): Dataset {
    return this.#over(SkipDataset({ ...this.#inputs, count: count(n, 'count') }, this.#attrs).handle);
  }
  /** Each `numShards`-th element, from `index` on. @tensorflow tf.data.Dataset.shard */
  shard(numShards: Count, index: Count): Dataset {
    const inputs = { ...this.#inputs, num_shards: count(numShards, 'num_shards'), index: count(index, 'index') };
    return this.#over(ShardDataset(inputs, this.#attrs).handle);
  }
  /** Each element is one of the next `bufferSize`, at random. @tensorflow tf.data.Dataset.shuffle */
  shuffle(bufferSize: Count, { seed, reshuffleEachIteration = true }: ShuffleOptions = {}): Dataset {
    const inputs = { ...this.#inputs, buffer_size: count(bufferSize, 'buffer_size'), ...seedTensors(seed) };
    const attrs = { reshuffle_each_iteration: reshuffleEachIteration, ...this.#attrs };
    return this.#over(ShuffleDataset(inputs, attrs).handle);
  }
  /** Accepted; nothing is fetched ahead. @tensorflow tf.data.Dataset.prefetch */
  prefetch(bufferSize: Count | null): Dataset {
    const inputs = { ...this.#inputs, buffer_size: count(bufferSize ?? -1, 'buffer_size') };
    return this.#over(PrefetchDataset(inputs, this.#attrs).handle);
  }
  /** Keeps the elements of the first pass for the next ones, in memory. @tensorflow tf.data.Dataset.cache */
  cache(filename: TensorLike = ''): Dataset {
    const name = convertToTensor(filename, { dtype: 'string', name: 'filename' });
    return this.#over(CacheDataset({ ...this.#inputs, filename: name }, this.#attrs).handle);
  }

  /** So many elements along a new first dimension. @tensorflow tf.data.Dataset.batch */
  batch(batchSize: Count, { dropRemainder = false }: DropRemainder = {}): Dataset {
    const batch_size = count(batchSize, 'batch_size');
    const drop_remainder = flag(dropRemainder, 'drop_remainder');
    const structure = mapSpecs(this.elementSpec, batchSpec(knownSize(batch_size, drop_remainder)));
    const inputs = { ...this.#inputs, batch_size, drop_remainder };
    return this.#over(BatchDatasetV2(inputs, attrsFor(structure)).handle, structure);
  }
  /**
   * Batches of elements that are padded to `paddedShapes`, shapes nested as the elements are; an unknown dimension stands
   * for the largest of the batch. @tensorflow tf.data.Dataset.padded_batch
   */
  paddedBatch(batchSize: Count, paddedShapes: Shapes, options: PaddedBatchOptions = {}): Dataset {
    const { dropRemainder = false, paddingValues } = options;
    const { types, shapes } = elementsIn(this.elementSpec);
    const batch_size = count(batchSize, 'batch_size');
    const sizes = leavesUpTo(this.elementSpec, paddedShapes).map((s, i) => paddedShape(s, shapes[i]!));
    const given = paddingValues === undefined ? undefined : leavesUpTo(this.elementSpec, paddingValues);
    const padding_values = types.map((dtype, i) => paddingValue(given?.[i], dtype));
    const drop_remainder = flag(dropRemainder, 'drop_remainder');
    const n = knownSize(batch_size, drop_remainder);
    const specs = sizes.map(({ shape }, i) => new TensorSpec(shape && [n, ...shape], types[i]!));
    const structure = packAs(this.elementSpec, specs);
    const inputs = { ...this.#inputs, batch_size, padded_shapes: sizes.map((s) => s.tensor), padding_values };
    const attrs = { output_shapes: elementsIn(structure).shapes };
    return this.#over(PaddedBatchDatasetV2({ ...inputs, drop_remainder }, attrs).handle, structure);
  }
  /** The rows of the elements, one after the other. @tensorflow tf.data.Dataset.unbatch */
  unbatch(): Dataset {
    const { shapes } = elementsIn(this.elementSpec);
    const flat = this.map(function normalize(...parts: unknown[]) {
      return flatten(parts);
    });
    if (shapes.some((s) => s?.length === 0)) {
      throw new GraphError('Value', 'Cannot unbatch an input with scalar components.');
    }
    const sizes = new Set(shapes.map((s) => s?.[0] ?? null).filter((n) => n !== null));
    if (sizes.size > 1) {
      throw new GraphError('Value', 'Cannot unbatch an input whose components have different batch sizes.');
    }
    const structure = mapSpecs(this.elementSpec, rowSpec);
    const { handle } = UnbatchDataset({ input_dataset: flat.variant }, attrsFor(structure));
    return new Dataset(handle, structure, [flat]);
  }
  /** Datasets of `size` elements each, in place of each tensor. @tensorflow tf.data.Dataset.window */
  window(size: Count, { shift = size, stride = 1, dropRemainder = false }: WindowOptions = {}): Dataset {
    const inputs = {
      ...this.#inputs,
      size: count(size, 'size'),
      shift: count(shift, 'shift'),
      stride: count(stride, 'stride'),
      drop_remainder: flag(dropRemainder, 'drop_remainder'),
    };
    const specs = specsIn(this.elementSpec).map((s) => new DatasetSpec(s));
    const structure = packAs(this.elementSpec, specs);
    return this.#over(WindowDataset(inputs, attrsFor(structure)).handle, structure);
  }
  /** Pairs of a number and an element. @tensorflow tf.data.Dataset.enumerate */
  enumerate(start: Count = 0): Dataset {
    return Dataset.zip([Dataset.range(start, 2n ** 63n - 1n), this]);
  }

  /**
   * `f` of each element: it is called once, now, with tensors: several arguments where elements are lists.
   * @tensorflow tf.data.Dataset.map
   */
  map(f: ElementFunction, { numParallelCalls }: ParallelCalls = {}): Dataset {
    const traced = this.#trace(f, 'Dataset.map()');
    const inputs = { ...this.#inputs, other_arguments: traced.captured };
    const attrs = { f: { func: traced.fn.name }, ...attrsFor(traced.structure) };
    if (numParallelCalls === undefined) return this.#over(MapDataset(inputs, attrs).handle, traced.structure, traced);
    const num_parallel_calls = convertToTensor(numParallelCalls, { dtype: 'int32', name: 'num_parallel_calls' });
    return this.#over(ParallelMapDataset({ ...inputs, num_parallel_calls }, attrs).handle, traced.structure, traced);
  }
  /** The elements of the datasets that `f` answers, one dataset after the other. @tensorflow tf.data.Dataset.flat_map */
  flatMap(f: ElementFunction): Dataset {
    const traced = this.#traceFlat(f, 'Dataset.flat_map()');
    const inputs = { ...this.#inputs, other_arguments: traced.captured };
    const attrs = { f: { func: traced.fn.name }, ...attrsFor(traced.inner) };
    return this.#over(FlatMapDataset(inputs, attrs).handle, traced.inner, traced);
  }
  /** The elements of the datasets that `f` answers, by turns. @tensorflow tf.data.Dataset.interleave */
  interleave(f: ElementFunction, options: InterleaveOptions = {}): Dataset {
    const { cycleLength = -1, blockLength = 1, numParallelCalls } = options;
    const traced = this.#traceFlat(f, 'Dataset.interleave()');
    const inputs = {
      ...this.#inputs,
      other_arguments: traced.captured,
      cycle_length: count(cycleLength, 'cycle_length'),
      block_length: count(blockLength, 'block_length'),
    };
    const attrs = { f: { func: traced.fn.name }, ...attrsFor(traced.inner) };
    if (numParallelCalls === undefined)
      return this.#over(InterleaveDataset(inputs, attrs).handle, traced.inner, traced);
    const calls = { num_parallel_calls: count(numParallelCalls, 'num_parallel_calls') };
    return this.#over(ParallelInterleaveDatasetV2({ ...inputs, ...calls }, attrs).handle, traced.inner, traced);
  }
  /** The elements for which `f` answers true, a scalar. @tensorflow tf.data.Dataset.filter */
  filter(f: ElementFunction): Dataset {
    const traced = this.#trace(f, 'Dataset.filter()');
    const spec = traced.structure;
    if (!(spec instanceof TensorSpec && spec.dtype === 'bool' && compatible(spec.shape, []))) {
      const what = showSpecs(spec);
      throw new GraphError(
        'Value',
        `\`predicate\` return type must be convertible to a scalar boolean tensor. Was ${what}.`,
      );
    }
    const inputs = { ...this.#inputs, other_arguments: traced.captured };
    return this.#over(
      FilterDataset(inputs, { predicate: { func: traced.fn.name }, ...this.#attrs }).handle,
      undefined,
      traced,
    );
  }
  /** What `f(state, element)` makes of `initialState` over all elements: tensors. @tensorflow tf.data.Dataset.reduce */
  // biome-ignore lint/suspicious/noExplicitAny: nested as the state is
  reduce(initialState: unknown, f: ElementFunction): any {
    return reduce(this, initialState, f);
  }
  /** What `transformation` answers for this dataset. @tensorflow tf.data.Dataset.apply */
  apply(transformation: (dataset: Dataset) => Dataset): Dataset {
    const found = transformation(this);
    if (found instanceof Dataset) return found;
    throw new GraphError('Type', `\`transformation_func\` must return a Dataset. Got ${String(found)}.`);
  }

  /** What was set here and on the datasets below. */
  get options(): Options {
    return this.#options ?? this.inputs.map((d) => d.options).reduce(mergeOptions, {});
  }
  /** The same elements; options say how an iterator treats them. @tensorflow tf.data.Dataset.with_options */
  withOptions(options: Options): Dataset {
    return new Dataset(this.variant, this.elementSpec, [this], [], mergeOptions(this.options, options));
  }

  /**
   * An iterator that needs no initializer. Raises Value for datasets that depend on variables or placeholders.
   * @tensorflow tf.data.Dataset.make_one_shot_iterator
   */
  makeOneShotIterator(): Iterator {
    return oneShotIterator(this);
  }
  /** An iterator that begins each time its `initializer` runs. @tensorflow tf.data.Dataset.make_initializable_iterator */
  makeInitializableIterator({ sharedName = '' }: SharedName = {}): Iterator {
    return initializableIterator(this, sharedName);
  }

  /** @tensorflow tf.data.Dataset.output_types */
  get outputTypes(): unknown {
    return typesOf(this.elementSpec);
  }
  /** @tensorflow tf.data.Dataset.output_shapes */
  get outputShapes(): unknown {
    return shapesOf(this.elementSpec);
  }
  /** @tensorflow tf.data.Dataset.output_classes */
  get outputClasses(): unknown {
    return classesOf(this.elementSpec);
  }
}

export const batchSpec =
  (n: number | null) =>
  ({ shape, dtype }: TensorSpec): TensorSpec =>
    new TensorSpec(shape && [n, ...shape], dtype);
const rowSpec = ({ shape, dtype }: TensorSpec): TensorSpec => new TensorSpec(shape?.slice(1) ?? null, dtype);
/** The size of all batches, where it is known that they are full. */
export const knownSize = (size: Tensor, dropRemainder: Tensor): number | null =>
  constantValue(dropRemainder)?.[0] ? (constantValue(size)?.[0] ?? null) : null;
