/** @file What a tensor array's handle holds during one run: its elements, and the arrays of their gradients. */
import { type Cells, type DType, wireName } from '../value/dtype';
import { compatible, type FullShape, isFull, merge, type Shape, sameShape, showShape } from '../value/shape';
import { rounder } from './cellwise';
import { fail } from './expect';

interface Element {
  /** null: zeros of `shape`, where something was written. */
  cells: Cells | null;
  shape: FullShape;
  written: boolean;
  read: boolean;
  cleared: boolean;
}
const blank = (): Element => ({ cells: null, shape: [], written: false, read: false, cleared: false });
/** One element that was read; no cells: zeros. */
export interface Read {
  readonly shape: FullShape;
  readonly cells: Cells | null;
}

export interface ArrayOptions {
  readonly elementShape: Shape;
  readonly dynamicSize: boolean;
  readonly clearAfterRead: boolean;
  /** All elements have the shape of the first one written. */
  readonly identicalShapes: boolean;
  /** Writes to one index add up, and what was never written is zeros. */
  readonly isGradient?: true;
}

export class ArrayState {
  readonly name: string;
  readonly dtype: DType;
  readonly elements: Element[];
  elementShape: Shape;
  dynamicSize: boolean;
  /** The size as split last set it: how many a gradient's concat takes. */
  markedSize = 0;
  readonly #options: ArrayOptions;
  readonly #gradients = new Map<string, ArrayState>();
  #closed = false;

  constructor(name: string, dtype: DType, size: number, options: ArrayOptions) {
    this.name = name;
    this.dtype = dtype;
    this.elements = Array.from({ length: size }, blank);
    this.elementShape = options.elementShape;
    this.dynamicSize = options.dynamicSize;
    this.#options = options;
  }

  /** The array behind a handle's cells. */
  static of(cells: Cells): ArrayState {
    const array: unknown = cells[0];
    if (!(array instanceof ArrayState)) return fail('The handle does not refer to a TensorArray.');
    if (array.#closed) fail(`TensorArray ${array.name} has already been closed.`);
    return array;
  }
  get size(): number {
    return this.elements.length;
  }
  /** How many elements concat takes. */
  get concatSize(): number {
    return this.#options.isGradient ? this.markedSize : this.size;
  }
  close(): void {
    this.#closed = true;
    this.elements.length = 0;
  }
  checkType(dtype: DType, verb: string): void {
    if (dtype !== this.dtype) {
      fail(`TensorArray dtype is ${wireName(this.dtype)} but Op ${verb} dtype ${wireName(dtype)}.`);
    }
  }
  /** Adds what is known of the elements' shape. */
  refine(shape: Shape): void {
    if (!compatible(this.elementShape, shape)) {
      fail(`Incompatible shapes during merge: ${showShape(this.elementShape)} vs. ${showShape(shape)}`);
    }
    this.elementShape = merge(this.elementShape, shape);
  }

  /** The cells must be the caller's to give away. */
  write(index: number, shape: FullShape, cells: Cells): void {
    const { elements } = this;
    const refuse = (why: string) =>
      fail(`TensorArray ${this.name}: Could not write to TensorArray index ${index} because ${why}`);
    if (index < 0 || (!this.dynamicSize && index >= elements.length)) {
      fail(
        `TensorArray ${this.name}: Tried to write to index ${index} but array is not resizeable and size is: ${elements.length}`,
      );
    }
    while (elements.length <= index) elements.push(blank());
    const element = elements[index]!;
    if (!compatible(this.elementShape, shape)) {
      refuse(
        `the value shape is ${showShape(shape)} which is incompatible with the TensorArray's inferred element shape: ${showShape(this.elementShape)} (consider setting infer_shape=False).`,
      );
    } else if (this.#options.identicalShapes && !isFull(this.elementShape)) this.elementShape = shape;
    if (element.read) refuse('it has already been read.');
    if (!element.written) {
      Object.assign(element, { cells, shape, written: true });
      return;
    }
    if (!this.#options.isGradient) refuse('it has already been written to.');
    if (!sameShape(element.shape, shape)) {
      fail(
        `TensorArray ${this.name}: Could not aggregate to TensorArray index ${index} because the existing shape is ${showShape(element.shape)} but the new input shape is ${showShape(shape)}.`,
      );
    }
    if (element.cells) addTo(element.cells, cells, this.dtype);
    else element.cells = cells;
  }

  read(index: number): Read {
    const { elements } = this;
    if (index < 0 || (!this.#options.isGradient && index >= elements.length)) {
      fail(`Tried to read from index ${index} but array size is: ${elements.length}`);
    }
    if (!elements[index]?.written) this.#fillIn(index);
    const element = elements[index]!;
    if (element.cleared) {
      fail(
        `TensorArray ${this.name}: Could not read index ${index} twice because it was cleared after a previous read (perhaps try setting clear_after_read = false?).`,
      );
    }
    const { shape, cells } = element;
    element.read = true;
    if (this.#options.clearAfterRead && cells) {
      element.cells = null;
      element.cleared = true;
    }
    return { shape, cells };
  }
  /** An element that nobody wrote is zeros, if its shape is known. */
  #fillIn(index: number): void {
    const { elements, elementShape } = this;
    const own = elements[index]?.shape ?? [];
    const shape = own.length > 0 ? own : elementShape;
    if (!isFull(shape)) {
      fail(
        `TensorArray ${this.name}: Could not read from TensorArray index ${index}.  Furthermore, the element shape is not fully defined: ${showShape(shape)}.  It is possible you are working with a resizeable TensorArray and stop_gradients is not allowing the gradients to be written.  If you set the full element_shape property on the forward TensorArray, the proper all-zeros tensor will be returned instead of incurring this error.`,
      );
    }
    while (elements.length <= index) elements.push({ ...blank(), shape, written: true });
    Object.assign(elements[index]!, { shape, written: true });
  }

  /** The array of gradients for one call of tf.gradients, made the first time. No element may be added from then on. */
  gradient(source: string): ArrayState {
    if (this.#options.isGradient) fail(`Wrong input container. _tensor_array_grads${this.name}`);
    this.dynamicSize = false;
    let found = this.#gradients.get(source);
    if (!found) {
      const { identicalShapes } = this.#options;
      const { elementShape } = this;
      found = new ArrayState(`${this.name}@${source}`, this.dtype, this.size, {
        elementShape,
        identicalShapes,
        dynamicSize: false,
        clearAfterRead: true,
        isGradient: true,
      });
      found.markedSize = this.markedSize;
      this.elements.forEach(({ written, shape }, i) => {
        if (written) Object.assign(found!.elements[i]!, { shape, written });
      });
      this.#gradients.set(source, found);
    }
    return found;
  }
}

function addTo(sum: Cells, cells: Cells, dtype: DType): void {
  const round = rounder(dtype);
  for (let i = 0; i < sum.length; i++) sum[i] = round(sum[i]! + cells[i]!);
}
