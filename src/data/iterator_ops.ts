/** @file The ops on iterators. An iterator lies among the session's resources, under its shared name. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { func, type Known, type Site, shapes, text, types } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { withRank } from '../ops/expect';
import { type DType, wireName } from '../value/dtype';
import { compatible, type Shape, showShape } from '../value/shape';
import { elementAttrs, elementsOf } from './define_stage';
import type { Element, Elements, Next, Stage } from './stage';
import { stageIn } from './stage';
import { capture, Traversal, withoutFunction } from './traversal';

const fail = (message: string): never => {
  throw new GraphError('InvalidArgument', message);
};

/** Raises InvalidArgument unless elements of `found` can stand for those `asked` for. */
function checkElements(asked: Elements, found: Elements): void {
  if (asked.types.length !== found.types.length) {
    const counts = `expected ${asked.types.length} types but got ${found.types.length}`;
    fail(`Number of components does not match: ${counts}.`);
  }
  asked.types.forEach((t, i) => {
    const other = found.types[i]!;
    if (t === other) return;
    fail(`Data type mismatch at component ${i}: expected ${wireName(t)} but got ${wireName(other)}.`);
  });
  asked.shapes.forEach((s, i) => {
    const other = found.shapes[i] ?? null;
    if (compatible(s, other)) return;
    fail(`Incompatible shapes at component ${i}: expected ${showShape(s)} but got ${showShape(other)}.`);
  });
}

/** An iterator of a session. */
class IteratorState {
  readonly name: string;
  readonly elements: Elements;
  readonly #resources: Map<string, unknown>;
  #traversal: Traversal | undefined;
  #next: Next | undefined;

  constructor(name: string, elements: Elements, resources: Map<string, unknown>) {
    this.name = name;
    this.elements = elements;
    this.#resources = resources;
  }
  begin(stage: Stage): void {
    checkElements(this.elements, stage.elements);
    this.dispose();
    this.#traversal = new Traversal(this.#resources);
    this.#next = stage.open(this.#traversal, '');
  }
  /** Raises OutOfRange at the end, FailedPrecondition before the beginning. */
  next(): Element {
    if (!this.#next) {
      throw new GraphError(
        'FailedPrecondition',
        'GetNext() failed because the iterator has not been initialized. Ensure that you have run the initializer operation for this iterator before getting the next element.',
      );
    }
    const found = this.#next();
    if (found) return found;
    throw new GraphError('OutOfRange', 'End of sequence');
  }
  dispose(): void {
    this.#traversal?.dispose();
    this.#traversal = undefined;
    this.#next = undefined;
  }
}

const PREFIX = 'tf_data_iterator:';
interface NamedIterator {
  readonly container: string;
  readonly shared_name: string;
  readonly output_types: readonly DType[];
  readonly output_shapes: readonly Shape[];
}
const nameOf = ({ container, shared_name }: NamedIterator, site: Site): string =>
  `${PREFIX}${container || 'localhost'}/${shared_name || site.name}`;
function find(attrs: NamedIterator, site: Site): IteratorState {
  const name = nameOf(attrs, site);
  const known = site.resources.get(name) as IteratorState | undefined;
  if (known) {
    checkElements(elementsOf(attrs), known.elements);
    return known;
  }
  const made = new IteratorState(name, elementsOf(attrs), site.resources);
  site.resources.set(name, made);
  return made;
}
const hold = (handle: Slot, iterator: IteratorState): void => {
  handle.data[0] = iterator as unknown as number;
};
const iteratorIn = (handle: Slot): IteratorState => {
  const found: unknown = handle.data[0];
  return found instanceof IteratorState ? found : fail('The handle is not that of an iterator.');
};

const defineIterator = <const N extends string>(name: N) =>
  defineOp({
    name,
    inputs: {},
    outputs: { handle: 'resource' },
    attrs: { shared_name: text(), container: text(), ...elementAttrs },
    stateful: true,
    infer: () => ({ handle: [] }),
    gradient: 'missing',
    reference({ handle }, attrs, site) {
      hold(handle, find(attrs, site));
    },
  });
export const IteratorV2 = defineIterator('IteratorV2');
defineIterator('Iterator');

/** Its dataset is made by a function, at the first use. What went wrong then goes wrong at each later use. */
export const OneShotIterator = defineOp({
  name: 'OneShotIterator',
  inputs: {},
  outputs: { handle: 'resource' },
  attrs: { dataset_factory: func(), ...elementAttrs, container: text(''), shared_name: text('') },
  stateful: true,
  infer: () => ({ handle: [] }),
  gradient: 'missing',
  reference({ handle }, attrs, site) {
    const state = site.state<{ iterator?: IteratorState; failure?: GraphError }>(() => ({}));
    if (state.failure) throw state.failure;
    if (!state.iterator) {
      const iterator = find(attrs, site);
      const making = new Traversal(site.resources);
      try {
        const [dataset] = making.call(capture(site, attrs.dataset_factory, [], []), []);
        iterator.begin(stageIn(dataset!));
      } catch (e) {
        if (!(e instanceof GraphError)) throw e;
        state.failure = withoutFunction(e);
        throw new GraphError(e.code, `[_Derived_]${state.failure.reason}`);
      } finally {
        making.dispose();
      }
      state.iterator = iterator;
    }
    hold(handle, state.iterator);
  },
});

export const MakeIterator = defineOp({
  name: 'MakeIterator',
  inputs: { dataset: 'variant', iterator: 'resource' },
  outputs: {},
  attrs: {},
  stateful: true,
  infer: () => ({}),
  gradient: 'missing',
  reference: ({ dataset, iterator }) => iteratorIn(iterator).begin(stageIn(dataset)),
});

const defineGetNext = <const N extends string>(name: N) =>
  defineOp({
    name,
    inputs: { iterator: 'resource' },
    outputs: { components: '[output_types]' },
    attrs: elementAttrs,
    stateful: true,
    infer({ iterator }, { output_shapes }) {
      withRank(iterator.shape, 0);
      return { components: output_shapes };
    },
    gradient: 'missing',
    reference({ iterator, components }, attrs) {
      const state = iteratorIn(iterator);
      const element = state.next();
      components.forEach((slot, i) => void fill(slot, element[i]!, attrs.output_shapes[i]!));
    },
  });
export const IteratorGetNext = defineGetNext('IteratorGetNext');
defineGetNext('IteratorGetNextSync');

/** Writes a component of an element to an output. */
export function fill(slot: Slot, { shape, data }: Element[number], expected: Shape): void {
  if (!compatible(expected, shape)) {
    fail(`The next element has shape ${showShape(shape)}, where ${showShape(expected)} was expected.`);
  }
  slot.resize(shape);
  slot.data.set(data);
}

export const IteratorToStringHandle = defineOp({
  name: 'IteratorToStringHandle',
  inputs: { resource_handle: 'resource' },
  outputs: { string_handle: 'string' },
  attrs: {},
  stateful: true,
  infer({ resource_handle }: { readonly resource_handle: Known }) {
    withRank(resource_handle.shape, 0, 'resource_handle must be a scalar');
    return { string_handle: [] };
  },
  gradient: 'missing',
  reference({ resource_handle, string_handle }) {
    string_handle.data[0] = iteratorIn(resource_handle).name as unknown as number;
  },
});

const defineFromString = <const N extends string>(name: N) =>
  defineOp({
    name,
    inputs: { string_handle: 'string' },
    outputs: { resource_handle: 'resource' },
    attrs: { output_types: types([]), output_shapes: shapes([]) },
    stateful: true,
    infer({ string_handle }: { readonly string_handle: Known }) {
      withRank(string_handle.shape, 0, 'string_handle must be a scalar');
      return { resource_handle: [] };
    },
    gradient: 'missing',
    reference({ string_handle, resource_handle }, attrs, { resources }) {
      const name = String(string_handle.data[0]);
      if (!name.startsWith(PREFIX)) fail('Could not parse string_handle as a valid ResourceHandle');
      const found = resources.get(name);
      if (!(found instanceof IteratorState)) {
        throw new GraphError('NotFound', `Resource ${name.slice(PREFIX.length)} does not exist.`);
      }
      if (attrs.output_types.length > 0) checkElements(elementsOf(attrs), found.elements);
      hold(resource_handle, found);
    },
  });
export const IteratorFromStringHandleV2 = defineFromString('IteratorFromStringHandleV2');
defineFromString('IteratorFromStringHandle');
