/** @file What a dataset is when it runs: a stage over other stages, that anyone may go through from the beginning. */
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { Value } from '../value/value';
import type { Traversal } from './traversal';

/** One element, its structure flattened. */
export type Element = readonly Value[];
/** The next element, null at the end and from then on. */
export type Next = () => Element | null;

/** The flat structure of the elements. */
export interface Elements {
  readonly types: readonly DType[];
  readonly shapes: readonly Shape[];
}
export interface Batches {
  readonly size: number;
  readonly dropRemainder: boolean;
}
/** What rewriting asks of a stage. */
export interface Marks {
  /** It hands its input on as it is. */
  readonly idle?: boolean;
  /** It repeats its input so often; -1: forever. */
  readonly repeats?: number;
  /** Of a shuffling stage: the same over `input`, so often repeated. */
  readonly repeated?: (input: Stage, count: number) => Stage;
  readonly batches?: Batches;
  /** Of a mapping stage: the same over `input`, in batches. */
  readonly batched?: (input: Stage, batches: Batches, elements: Elements) => Stage;
}
export type Open = (inputs: readonly Stage[], traversal: Traversal, path: string) => Next;

/** An immutable dataset. A path says where in the whole a stage stands; state that outlives an iteration is kept by it. */
export class Stage {
  readonly kind: string;
  readonly elements: Elements;
  readonly inputs: readonly Stage[];
  readonly marks: Marks;
  readonly #open: Open;

  constructor(kind: string, elements: Elements, inputs: readonly Stage[], open: Open, marks: Marks = {}) {
    this.kind = kind;
    this.elements = elements;
    this.inputs = inputs;
    this.marks = marks;
    this.#open = open;
  }
  open(traversal: Traversal, path: string): Next {
    return this.#open(this.inputs, traversal, `${path}/${this.kind}`);
  }
  /** The same stage over other inputs. */
  over(inputs: readonly Stage[]): Stage {
    if (inputs.every((x, i) => x === this.inputs[i])) return this;
    return new Stage(this.kind, this.elements, inputs, this.#open, this.marks);
  }
}

/** A dataset as a tensor's value. */
export const asValue = (stage: Stage): Value => new Value('variant', [], [stage] as unknown as number[]);
export const stageIn = ({ data }: { readonly data: ArrayLike<unknown> }): Stage => data[0] as Stage;
