/** @file tf.data.Iterator: it goes through a dataset, an element for each run of what getNext answers. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { logging } from '../logging';
import type { Named } from '../ops/array';
import { checkSameStructure, packAs } from '../ops/structure';
import { compatible } from '../value/shape';
import { Dataset } from './dataset';
import {
  IteratorFromStringHandleV2,
  IteratorGetNext,
  IteratorToStringHandle,
  IteratorV2,
  MakeIterator,
} from './iterator_ops';
import {
  attrsFor,
  classesOf,
  DatasetSpec,
  elementsIn,
  type Shapes,
  type Structure,
  shapesOf,
  showShapes,
  showTypes,
  specsIn,
  structureFrom,
  typesOf,
} from './structure';

export interface SharedName {
  /** Iterators of this name in one session are one. */
  readonly sharedName?: string | undefined;
}

const MANY = 32;
const TOO_MANY =
  'An unusually high number of `Iterator.getNext()` calls was detected. This often indicates that `Iterator.getNext()` is being called inside a training loop, which will cause gradual slowdown and eventual resource exhaustion. If this is the case, restructure your code to call `nextElement = iterator.getNext()` once outside the loop, and use `nextElement` as the input to some computation that is invoked inside the loop.';

/** An iterator over datasets of one structure. @tensorflow tf.data.Iterator */
export class Iterator {
  readonly resource: Tensor;
  readonly elementSpec: Structure;
  readonly #initializer: Operation | null;
  readonly #stringHandle: Tensor;
  #calls = 0;

  constructor(resource: Tensor, initializer: Operation | null, elementSpec: Structure) {
    this.resource = resource;
    this.elementSpec = elementSpec;
    this.#initializer = initializer;
    this.#stringHandle = IteratorToStringHandle({ resource_handle: resource }, {}).string_handle;
    getDefaultGraph().addToCollection('iterators', resource);
  }

  /**
   * An iterator that `makeInitializer` binds to one dataset or another. `outputTypes`: nested as the elements are;
   * `outputShapes`: nested alike, all unknown where missing.
   * @tensorflow tf.data.Iterator.from_structure
   */
  static fromStructure(outputTypes: unknown, outputShapes?: Shapes, { sharedName = '' }: SharedName = {}): Iterator {
    const spec = structureFrom(outputTypes, outputShapes);
    const attrs = { shared_name: sharedName, container: '', ...attrsFor(spec) };
    return new Iterator(
      onCpu(() => IteratorV2({}, attrs).handle),
      null,
      spec,
    );
  }

  /** The iterator whose `stringHandle` is fed or given. @tensorflow tf.data.Iterator.from_string_handle */
  static fromStringHandle(handle: TensorLike, outputTypes: unknown, outputShapes?: Shapes): Iterator {
    const spec = structureFrom(outputTypes, outputShapes);
    const string_handle = convertToTensor(handle, { dtype: 'string' });
    const found = onCpu(() => IteratorFromStringHandleV2({ string_handle }, attrsFor(spec)).resource_handle);
    return new Iterator(found, null, spec);
  }

  /** The op that begins from the beginning. Raises Value where there is none. @tensorflow tf.data.Iterator.initializer */
  get initializer(): Operation {
    if (this.#initializer) return this.#initializer;
    throw new GraphError('Value', 'Iterator does not have an initializer.');
  }

  /**
   * An op that begins with `dataset`. Raises Type where its elements are of other types or shapes.
   * @tensorflow tf.data.Iterator.make_initializer
   */
  makeInitializer(dataset: Dataset, { name = 'make_initializer' }: Named = {}): Operation {
    const graph = getDefaultGraph();
    return graph.nameScope(name, (scope) => {
      this.#check(dataset.elementSpec);
      const inputs = { dataset: dataset.variant, iterator: this.resource };
      return graph.colocateWith(this.resource, () => MakeIterator(inputs, {}, scope).op);
    });
  }

  #check(found: Structure): void {
    const mine = this.elementSpec;
    checkSameStructure(mine, found);
    const [a, b] = [elementsIn(mine), elementsIn(found)];
    const kinds = specsIn(found);
    if (specsIn(mine).some((s, i) => s instanceof DatasetSpec !== kinds[i] instanceof DatasetSpec)) {
      throw new GraphError('Type', 'Expected output classes of tensors and datasets in other places.');
    }
    if (a.types.some((t, i) => t !== b.types[i])) {
      throw new GraphError(
        'Type',
        `Expected output types ${showTypes(mine)} but got dataset with output types ${showTypes(found)}.`,
      );
    }
    if (a.shapes.some((s, i) => !compatible(s, b.shapes[i]!))) {
      throw new GraphError(
        'Type',
        `Expected output shapes compatible with ${showShapes(mine)} but got dataset with output shapes ${showShapes(found)}.`,
      );
    }
  }

  /**
   * The next element: tensors nested as the elements are. Each run that needs one of them takes one element; at the end it
   * raises OutOfRange, before the initializer has run FailedPrecondition.
   * @tensorflow tf.data.Iterator.get_next
   */
  // biome-ignore lint/suspicious/noExplicitAny: nested as the elements are
  getNext({ name }: Named = {}): any {
    this.#calls += 1;
    if (this.#calls > MANY) logging.warn(TOO_MANY);
    const { components } = IteratorGetNext({ iterator: this.resource }, attrsFor(this.elementSpec), name);
    return fromTensors(this.elementSpec, components);
  }

  /** A scalar string that fromStringHandle takes. @tensorflow tf.data.Iterator.string_handle */
  stringHandle({ name }: Named = {}): Tensor {
    if (name === undefined) return this.#stringHandle;
    return IteratorToStringHandle({ resource_handle: this.resource }, {}, name).string_handle;
  }

  /** @tensorflow tf.data.Iterator.output_types */
  get outputTypes(): unknown {
    return typesOf(this.elementSpec);
  }
  /** @tensorflow tf.data.Iterator.output_shapes */
  get outputShapes(): unknown {
    return shapesOf(this.elementSpec);
  }
  /** @tensorflow tf.data.Iterator.output_classes */
  get outputClasses(): unknown {
    return classesOf(this.elementSpec);
  }
}

/** Tensors nested as the specs are, datasets where they say so. */
export function fromTensors(structure: Structure, flat: readonly Tensor[]): unknown {
  const parts = specsIn(structure).map((s, i) =>
    s instanceof DatasetSpec ? new Dataset(flat[i]!, s.elementSpec) : flat[i]!,
  );
  return packAs(structure, parts);
}

/** Iterators lie on the CPU, unless a device is asked for. */
function onCpu<R>(make: () => R): R {
  const graph = getDefaultGraph();
  return graph.devices.any ? make() : graph.device('/cpu:0', make);
}
