/** @file Dataset.fromGenerator: the elements that a JavaScript generator yields. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { addFunction } from '../graph/functions';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { i32 } from '../ops/expect';
import { pyFunc } from '../ops/py_func';
import { packAs } from '../ops/structure';
import type { DType } from '../value/dtype';
import { compatible, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { Dataset } from './dataset';
import { GeneratorDataset } from './sources';
import {
  attrsFor,
  leavesUpTo,
  type Shapes,
  type Structure,
  showTypes,
  specsIn,
  structureFrom,
  TensorSpec,
} from './structure';
import { type ElementFunction, type Traced, trace } from './trace';

/** A generator function, or any function that answers an iterable. It is called anew for each pass. */
export type Generator = (...args: Value[]) => Iterable<unknown> | globalThis.Iterator<unknown>;

/** The iterations under way, by the ids that go through the graph. */
class Iterations {
  readonly #generator: Generator;
  readonly #args = new Map<number, Value[]>();
  readonly #running = new Map<number, globalThis.Iterator<unknown>>();
  #made = 0;

  constructor(generator: Generator) {
    this.#generator = generator;
  }
  begin(args: Value[]): Value {
    const id = this.#made++;
    this.#args.set(id, args);
    return Value.from(BigInt(id), 'int64');
  }
  /** The generator is called when the first element is wanted. Raises OutOfRange at the end. */
  next(id: number): unknown {
    let running = this.#running.get(id);
    if (!running) {
      const found = this.#generator(...(this.#args.get(id) ?? []));
      this.#args.delete(id);
      const isIterable = typeof found === 'object' && found !== null && Symbol.iterator in found;
      running = (isIterable ? (found as Iterable<unknown>)[Symbol.iterator]() : found) as globalThis.Iterator<unknown>;
      if (typeof running?.next !== 'function') {
        throw new GraphError('Type', `'${typeof found}' object is not iterable: async generators cannot be used.`);
      }
      this.#running.set(id, running);
    }
    const step = running.next();
    if (step instanceof Promise) throw new GraphError('Type', 'async generators cannot be used.');
    if (step.done) throw new GraphError('OutOfRange', 'StopIteration: ');
    return step.value;
  }
  end(id: number): Value {
    this.#running.delete(id);
    return Value.from(0n, 'int64');
  }
}

/** The components of a yielded element. Raises Type or Value where they are not as was said. */
function components(yielded: unknown, structure: Structure): Value[] {
  const specs = specsIn(structure) as TensorSpec[];
  let flat: unknown[];
  try {
    flat = leavesUpTo(structure, yielded);
  } catch {
    const shown = `The expected structure was ${showTypes(structure)}, but the yielded element was ${show(yielded)}.`;
    throw new GraphError(
      'Type',
      `\`generator\` yielded an element that did not match the expected structure. ${shown}`,
    );
  }
  return flat.map((x, i) => {
    const { dtype, shape } = specs[i]!;
    const value = convert(x, dtype);
    if (compatible(shape, value.shape)) return value;
    throw new GraphError(
      'Value',
      `\`generator\` yielded an element of shape ${tupleShape(value.shape)} where an element of shape ${tupleShape(shape)} was expected.`,
    );
  });
}
function convert(x: unknown, dtype: DType): Value {
  try {
    return Value.from(x as Nested, dtype);
  } catch (e) {
    if (!(e instanceof GraphError)) throw e;
    throw new GraphError(
      'Type',
      `\`generator\` yielded an element that could not be converted to the expected type. The expected type was ${dtype}, but the yielded element was ${show(x)}.`,
    );
  }
}
const show = (x: unknown): string =>
  typeof x === 'object' ? JSON.stringify(x, (_, v) => (typeof v === 'bigint' ? Number(v) : v)) : String(x);

export function fromGenerator(
  generator: Generator,
  types: unknown,
  shapes: Shapes | undefined,
  given: readonly TensorLike[],
): Dataset {
  if (typeof generator !== 'function') throw new GraphError('Type', '`generator` must be callable.');
  const structure = structureFrom(types, shapes);
  const specs = specsIn(structure) as TensorSpec[];
  const args = given.map((x, i) => convertToTensor(x, { name: `args_${i}` }));
  const iterations = new Iterations(generator);

  function get_iterator_id_fn(): Tensor {
    return pyFunc((...values) => iterations.begin(values), args, 'int64');
  }
  function generator_next_fn(id: Tensor): unknown {
    const next = (x: Value): Value[] => components(iterations.next(Number(x)), structure);
    const flat = pyFunc(
      next,
      [id],
      specs.map((s) => s.dtype),
    );
    flat.forEach((t, i) => void t.setShape(specs[i]!.shape));
    return packAs(structure, flat);
  }
  function finalize_fn(id: Tensor): Tensor {
    return pyFunc((x) => iterations.end(Number(x)), [id], 'int64');
  }
  function flat_map_fn(dummy: Tensor): Dataset {
    const [init, next, finalize] = [
      [get_iterator_id_fn, new TensorSpec(dummy.shape, dummy.dtype)] as const,
      [generator_next_fn, new TensorSpec(null, 'int64')] as const,
      [finalize_fn, new TensorSpec(null, 'int64')] as const,
    ].map(([f, spec]) => traced(f, spec)) as [Traced, Traced, Traced];
    const inputs = {
      init_func_other_args: [dummy, ...init.captured],
      next_func_other_args: next.captured,
      finalize_func_other_args: finalize.captured,
    };
    const functions = {
      init_func: { func: init.fn.name },
      next_func: { func: next.fn.name },
      finalize_func: { func: finalize.fn.name },
    };
    const { handle } = GeneratorDataset(inputs, { ...functions, ...attrsFor(next.structure) });
    return new Dataset(handle, next.structure);
  }
  return Dataset.fromTensors(i32(0)).flatMap(flat_map_fn);
}
function traced(f: ElementFunction, input: TensorSpec): Traced {
  const found = trace(f, 'Dataset.from_generator()', input);
  addFunction(getDefaultGraph(), found.fn);
  return found;
}
