/** @file What is done to each batch before the net sees it, as tflearn.DataPreprocessing. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { assign } from '../ops/state';
import { Variable } from '../ops/variables';
import type { Session } from '../session/session';
import { type Nested, Value } from '../value/value';
import { makeModeOfImport } from './config';
import { type BatchChange, imagesOf, remapped } from './data_augmentation';
import { say } from './terminal';

const EPSILON = 1e-8;
const numbers = (v: Value): number[] => Array.from(v.data as ArrayLike<number>, Number);
const meanOf = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const stdOf = (x: readonly number[]): number => {
  const mean = meanOf(x);
  return Math.sqrt(meanOf(x.map((cell) => (cell - mean) ** 2)));
};
const floats = (v: Value): Value => (v.dtype === 'float32' ? v : v.cast('float32'));

/** A number, or numbers, of the whole data set; kept in variables so that a checkpoint holds them. */
class PersistentParameter {
  isRequired = false;
  value: Value | null = null;
  readonly #value: Variable;
  readonly #isKnown: Variable;

  constructor(name: string) {
    const graph = getDefaultGraph();
    [this.#value, this.#isKnown] = graph.device('/cpu:0', () => [
      new Variable(0, { trainable: false, name, validateShape: false }),
      new Variable(false, { trainable: false, name: `${name}_r` }),
    ]);
  }
  /** Takes over what a checkpoint had; false where it had nothing. */
  async isRestored(session: Session): Promise<boolean> {
    if (!Number(await session.run(this.#isKnown))) return false;
    this.value = (await session.run(this.#value)) as Value;
    return true;
  }
  async assign(value: Value, session: Session): Promise<void> {
    const { graph } = this.#value;
    const set = (v: Variable, to: TensorLike) =>
      graph.asDefault(() => assign(v, to, { validateShape: false })) as Tensor;
    await session.run(set(this.#value, value));
    this.value = value;
    await session.run(set(this.#isKnown, true));
  }
  /** The given value, what a checkpoint had, or what `compute` finds. */
  async settle(session: Session, what: string, argument: string, compute: () => Value): Promise<void> {
    if (!this.isRequired) return;
    if (this.value !== null) await this.assign(this.value, session);
    if (await this.isRestored(session)) return;
    say(
      `---------------------------------\nPreprocessing... Calculating ${what} over all dataset (this may take long)...\n`,
    );
    await this.assign(compute(), session);
    const label = what === 'mean' ? 'Mean' : 'STD';
    say(`${label}: ${this.value} (To avoid repetitive computation, add it to argument '${what}' of \`${argument}\`)\n`);
  }
  /** The number for a cell; a list has one for each channel. */
  at(cell: number): number {
    return Number(this.value!.data[cell % this.value!.data.length]);
  }
}

/** Each cell changed by the statistics of its sample, of its column in the sample, or of its channel in the batch's image. */
function perSample(batch: Value, group: (cell: number) => number, change: (cells: number[]) => number[]): Value {
  const rows = batch.shape[0] ?? 0;
  const size = rows === 0 ? 0 : batch.data.length / rows;
  const out = Value.zeros('float32', batch.shape);
  for (let i = 0; i < rows; i++) {
    const groups = new Map<number, number[]>();
    for (let j = 0; j < size; j++) {
      const key = group(j);
      groups.set(key, [...(groups.get(key) ?? []), j]);
    }
    for (const cells of groups.values()) {
      const changed = change(cells.map((j) => Number(batch.data[i * size + j])));
      cells.forEach((j, k) => {
        out.data[i * size + j] = changed[k]!;
      });
    }
  }
  return out;
}
const centered = (x: readonly number[]): number[] => {
  const mean = meanOf(x);
  return x.map((cell) => cell - mean);
};
const scaled = (x: readonly number[]): number[] => {
  const std = stdOf(x) + EPSILON;
  return x.map((cell) => cell / std);
};

/**
 * Changes each batch in training and prediction; give one to inputData. Parameters of the whole data set are variables
 * named `DataPreprocessing/mean` and so on. As tflearn.DataPreprocessing.
 * @tensorflow tflearn.DataPreprocessing
 */
export class DataPreprocessing {
  readonly methods: BatchChange[] = [];
  readonly globalMean: PersistentParameter;
  readonly globalStd: PersistentParameter;
  /** For whitening, which is not here; a checkpoint has it. */
  readonly globalPc: PersistentParameter;

  constructor({ name = 'DataPreprocessing' }: { readonly name?: string | undefined } = {}) {
    makeModeOfImport();
    const graph = getDefaultGraph();
    const scope = graph.nameScope(name, (own) => own);
    const parameter = (what: string) => graph.nameScope(scope, () => new PersistentParameter(what));
    this.globalMean = parameter('mean');
    this.globalStd = parameter('std');
    this.globalPc = parameter('pc');
  }
  apply(batch: Value): Value {
    return this.methods.reduce((x, change) => change(x), batch);
  }
  async restoreParams(session: Session): Promise<void> {
    for (const parameter of [this.globalMean, this.globalStd, this.globalPc]) await parameter.isRestored(session);
  }
  /** Finds what has to be known of the whole data set. */
  async initialize(dataset: Value, session: Session): Promise<void> {
    await this.globalMean.settle(session, 'mean', 'add_featurewise_zero_center', () => this.meanOfAll(dataset));
    await this.globalStd.settle(session, 'std', 'add_featurewise_stdnorm', () => this.stdOfAll(dataset));
  }
  protected meanOfAll(dataset: Value): Value {
    return Value.from(meanOf(numbers(dataset)), 'float32');
  }
  protected stdOfAll(dataset: Value): Value {
    return Value.from(stdOf(numbers(dataset)), 'float32');
  }

  /** A function of yours, from a batch [n, ...] to another one. */
  addCustomPreprocessing(change: BatchChange): void {
    this.methods.push(change);
  }
  /** Gives each sample mean 0 along its first dimension. */
  addSamplewiseZeroCenter(): void {
    this.methods.push((batch) => perSample(batch, columnsOf(batch), centered));
  }
  /** Gives each sample deviation 1 along its first dimension. */
  addSamplewiseStdnorm(): void {
    this.methods.push((batch) => perSample(batch, columnsOf(batch), scaled));
  }
  /** Takes the mean, of the whole data set unless given, off each cell. */
  addFeaturewiseZeroCenter(mean: Nested | Value | null = null): void {
    ask(this.globalMean, mean);
    this.methods.push((batch) => this.#cells(batch, (cell, j) => cell - this.globalMean.at(j)));
  }
  /** Divides each cell by the deviation, that of the whole data set unless given. */
  addFeaturewiseStdnorm(std: Nested | Value | null = null): void {
    ask(this.globalStd, std);
    this.methods.push((batch) => this.#cells(batch, (cell, j) => cell / (this.globalStd.at(j) + EPSILON)));
  }
  #cells(batch: Value, change: (cell: number, j: number) => number): Value {
    return Value.cells('float32', batch.shape, numbers(floats(batch)).map(change));
  }
}
/** The same column of a sample's rows belongs together. */
const columnsOf = (batch: Value) => {
  const columns = batch.shape.slice(2).reduce((n, d) => n * d, 1);
  return (cell: number): number => cell % columns;
};
function ask(parameter: PersistentParameter, given: Nested | Value | null): void {
  parameter.isRequired = true;
  parameter.value = given === null ? null : Value.from(given, 'float32');
}

export interface PerChannel {
  readonly perChannel?: boolean | undefined;
}
/** The same for images [n, height, width, channels]. @tensorflow tflearn.ImagePreprocessing */
export class ImagePreprocessing extends DataPreprocessing {
  #meanPerChannel = false;
  #stdPerChannel = false;

  /** Brings 0 to 255 to 0 to 1. */
  addImageNormalization(): void {
    this.methods.push((batch) =>
      Value.cells(
        'float32',
        batch.shape,
        numbers(batch).map((x) => x / 255),
      ),
    );
  }
  /** Cuts the middle out. */
  addCropCenter(shape: readonly [height: number, width: number]): void {
    this.methods.push((batch) => {
      const { height, width } = imagesOf(batch);
      if (shape[0] > height || shape[1] > width) {
        throw new GraphError('Value', `A crop of [${shape}] is larger than the images [${[height, width]}].`);
      }
      const [top, left] = [Math.trunc((height - shape[0]) * 0.5), Math.trunc((width - shape[1]) * 0.5)];
      return remapped(batch, shape[0], shape[1], (_, y, x) => [y + top, x + left]);
    });
  }
  /** Gives each image mean 0. */
  override addSamplewiseZeroCenter(): void {
    this.methods.push((batch) => perSample(batch, () => 0, centered));
  }
  /** Gives each image deviation 1. */
  override addSamplewiseStdnorm(): void {
    this.methods.push((batch) => perSample(batch, () => 0, scaled));
  }
  override addFeaturewiseZeroCenter(mean: Nested | Value | null = null, { perChannel = false }: PerChannel = {}): void {
    this.#meanPerChannel ||= perChannel;
    super.addFeaturewiseZeroCenter(mean);
  }
  override addFeaturewiseStdnorm(std: Nested | Value | null = null, { perChannel = false }: PerChannel = {}): void {
    this.#stdPerChannel ||= perChannel;
    super.addFeaturewiseStdnorm(std);
  }
  protected override meanOfAll(dataset: Value): Value {
    return this.#meanPerChannel ? perChannel(dataset, meanOf) : super.meanOfAll(dataset);
  }
  protected override stdOfAll(dataset: Value): Value {
    return this.#stdPerChannel ? perChannel(dataset, stdOf) : super.stdOfAll(dataset);
  }
}
/** For each channel the mean over the images of what `of` says of each image. */
function perChannel(dataset: Value, of: (cells: readonly number[]) => number): Value {
  const { n, height, width, depth } = imagesOf(dataset);
  const size = height * width * depth;
  const all = numbers(dataset);
  const found = Array.from({ length: depth }, (_, c) =>
    meanOf(
      Array.from({ length: n }, (_, i) => of(all.slice(i * size, (i + 1) * size).filter((_, j) => j % depth === c))),
    ),
  );
  return Value.from(found, 'float32');
}
