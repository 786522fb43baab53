/** @file Batches of rows, in order or shuffled, augmented and preprocessed. */
import type { Tensor } from '../graph/operation';
import type { Value } from '../value/value';
import type { DataAugmentation } from './data_augmentation';
import type { DataPreprocessing } from './data_preprocessing';
import { type FeedDict, rowsOf, takeRows } from './feeds';

export type Preprocessing = ReadonlyMap<Tensor, DataPreprocessing>;
export type Augmentation = ReadonlyMap<Tensor, DataAugmentation>;

/** Puts a list in random order. */
export function shuffleInPlace<T>(list: T[]): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const k = Math.floor(Math.random() * (i + 1));
    [list[i], list[k]] = [list[k]!, list[i]!];
  }
  return list;
}
/** From and to of each batch. */
export const makeBatches = (n: number, batchSize: number): [from: number, to: number][] =>
  Array.from({ length: Math.ceil(n / batchSize) }, (_, i) => [i * batchSize, Math.min(n, (i + 1) * batchSize)]);

/** How many rows of the epoch have gone by, as tflearn.data_flow.DataFlowStatus. */
export class DataFlowStatus {
  step = 0;
  epoch = 0;
  currentIter = 0;
  readonly #batchSize: number;
  readonly #rows: number;

  constructor(batchSize: number, rows: number) {
    this.#batchSize = batchSize;
    this.#rows = rows;
  }
  update(): void {
    this.step++;
    this.currentIter = Math.min(this.step * this.#batchSize, this.#rows);
    if (this.currentIter !== this.#rows) return;
    this.epoch++;
    this.step = 0;
  }
  reset(): void {
    this.step = 0;
    this.epoch = 0;
  }
}

export interface DataFlowOptions {
  readonly batchSize?: number | undefined;
  readonly shuffle?: boolean | undefined;
  /** Begins again after the last batch. */
  readonly continuous?: boolean | undefined;
  readonly preprocessing?: Preprocessing | null | undefined;
  readonly augmentation?: Augmentation | null | undefined;
  /** Which rows, in this order; all of them unless given. */
  readonly rows?: readonly number[] | null | undefined;
}
/** A stream of batches, as tflearn.data_flow.FeedDictFlow. */
export class FeedDictFlow {
  readonly status: DataFlowStatus;
  readonly batches: readonly (readonly [number, number])[];
  readonly batchSize: number;
  readonly #feeds: FeedDict;
  readonly #options: DataFlowOptions;
  readonly #rows: number[];
  #at = -1;

  constructor(feeds: FeedDict, options: DataFlowOptions = {}) {
    this.#feeds = feeds;
    this.#options = options;
    this.#rows = options.rows ? [...options.rows] : Array.from({ length: rowsOf(feeds) }, (_, i) => i);
    this.batchSize = options.batchSize ?? 128;
    this.batches = makeBatches(this.#rows.length, this.batchSize);
    this.status = new DataFlowStatus(this.batchSize, this.#rows.length);
    this.#shuffle();
  }
  get rows(): number {
    return this.#rows.length;
  }
  #shuffle(): void {
    if (this.#options.shuffle) shuffleInPlace(this.#rows);
  }
  /** Goes back to the first batch. */
  reset(): void {
    this.#at = -1;
    this.status.reset();
  }
  /** The next batch; null after the last one. As in TFLearn a later epoch begins with the last batch once more. */
  next(): FeedDict | null {
    this.#at++;
    if (this.#at === this.batches.length) {
      if (!this.#options.continuous || this.#at === 0) return null;
      this.#shuffle();
      this.#at = -1;
    }
    this.status.update();
    const [from, to] = this.batches.at(this.#at)!;
    const rows = this.#rows.slice(from, to);
    const batch = new Map<Tensor, Value>();
    for (const [t, v] of this.#feeds) batch.set(t, takeRows(v, rows));
    for (const [t, change] of this.#options.augmentation ?? []) batch.set(t, change.apply(batch.get(t)!));
    return preprocessed(batch, this.#options.preprocessing);
  }
}
/** The batch as the net is to see it. */
export function preprocessed(batch: FeedDict, preprocessing: Preprocessing | null | undefined): FeedDict {
  const seen = new Map(batch);
  for (const [t, change] of preprocessing ?? []) {
    const rows = seen.get(t);
    if (rows) seen.set(t, change.apply(rows));
  }
  return seen;
}
