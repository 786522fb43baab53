/** @file What the methods of datasets take by name. */
import type { Tensor } from '../graph/operation';
import type { Count } from './arguments';

export interface DropRemainder {
  /** true: a last batch that is not full is left out, so the batch size is known. */
  readonly dropRemainder?: boolean | Tensor | undefined;
}
export interface ParallelCalls {
  /** Accepted; elements are made one after the other, in order. */
  readonly numParallelCalls?: number | Tensor | undefined;
}
export interface ShuffleOptions {
  /** With it, or with a seed of the graph, the order is TensorFlow's. */
  readonly seed?: number | bigint | undefined;
  /** false: each repetition has the order of the first. */
  readonly reshuffleEachIteration?: boolean | undefined;
}
export interface PaddedBatchOptions extends DropRemainder {
  /** Scalars nested as the elements are; 0 and '' where missing. */
  readonly paddingValues?: unknown;
}
export interface InterleaveOptions extends ParallelCalls {
  /** How many inner datasets are open at once; -1: as many as there are processors. */
  readonly cycleLength?: Count | undefined;
  /** How many elements come of one before the next one's turn. */
  readonly blockLength?: Count | undefined;
}
export interface WindowOptions extends DropRemainder {
  readonly shift?: Count | undefined;
  readonly stride?: Count | undefined;
}
