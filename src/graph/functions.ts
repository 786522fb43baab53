/** @file Functions: bodies that are graphs of their own, and the library of a graph that knows them by name. */
import { GraphError } from '../errors';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { Graph, getDefaultGraph } from './graph';
import { type AnyDef, lookup } from './opdef';
import type { Operation, Tensor } from './operation';

/** A function as a FunctionDef has it: its inputs are placeholders of the body, the captured ones last. */
export interface GraphFunction {
  readonly name: string;
  readonly body: Graph;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Those of its ops with effects that the caller may wait for. */
  readonly effects: readonly Operation[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly description: string;
}

type Library = Map<string, GraphFunction>;
const LIBRARY = Symbol('functions');
/** The functions of a graph by name. */
export function functionsOf(graph: Graph): Library {
  const known = graph.stores.get(LIBRARY) as Library | undefined;
  if (known) return known;
  const library: Library = new Map();
  graph.stores.set(LIBRARY, library);
  return library;
}

/** Adds a function and those its body uses. */
export function addFunction(graph: Graph, f: GraphFunction): void {
  functionsOf(graph).set(f.name, f);
  for (const inner of functionsOf(f.body).values()) functionsOf(graph).set(inner.name, inner);
}

/** The function of that name of this graph or those around it. Raises NotFound. */
export function functionNamed(graph: Graph, name: string): GraphFunction {
  const found = functionsOf(graph).get(name);
  if (found) return found;
  if (graph instanceof BodyGraph) return functionNamed(graph.outer, name);
  throw new GraphError('NotFound', `Function ${name} is not defined.`);
}

/** The graph of a body: ops with inputs of the graph around it are made here, and those inputs stand for captured. */
export abstract class BodyGraph extends Graph {
  readonly outer: Graph;

  constructor(outer = getDefaultGraph()) {
    super();
    this.outer = outer;
    for (const [key, store] of outer.stores) if (key !== LIBRARY) this.stores.set(key, store);
  }
  override get captures(): boolean {
    return true;
  }
  /** Variables are made outside, under the same names. */
  override initScope<R>(body: () => R): R {
    const { outer } = this;
    const scope = this.getNameScope();
    return outer.asDefault(() => outer.nameScope(scope === '' ? null : `${scope}/`, () => outer.initScope(body)));
  }
}

/** A body whose captured tensors become inputs of the function. */
export class FunctionGraph extends BodyGraph {
  /** The tensors outside, and the inputs that stand for them. */
  readonly captured = new Map<Tensor, Tensor>();

  constructor(outer?: Graph) {
    super(outer);
    this.seed = this.outer.seed;
  }

  protected override capture(t: Tensor): Tensor {
    const known = this.captured.get(t);
    if (known) return known;
    const input = this.controlDependencies(null, () =>
      this.addInput(t.op.name, t.dtype, t.shape, isVariable(t.op) ? 'handle' : 'placeholder'),
    );
    input.handle = t.handle;
    this.captured.set(t, input);
    return input;
  }
  /** The tensor of this graph that stands for `t`, itself if it is of this graph. */
  take(t: Tensor): Tensor {
    return t.graph === this ? t : this.capture(t);
  }

  addInput(name: string, dtype: DType, shape: Shape, source: AnyDef['source'] = 'placeholder'): Tensor {
    const def = { ...lookup('Placeholder')!, source };
    return this.createOp('Placeholder', [], { dtype, shape }, { name, def }).outputs[0]!;
  }
}
const isVariable = (op: Operation): boolean => op.def.source === 'handle';

/** A body without inputs: what it takes from outside is made again inside, with all it depends on. */
export class CopyingGraph extends BodyGraph {
  readonly #copies = new Map<Tensor, Tensor>();
  readonly #allowed: ReadonlySet<Operation>;

  /** Stateful ops are refused unless `allowed`. */
  constructor(allowed: ReadonlySet<Operation>) {
    super();
    this.#allowed = allowed;
  }

  protected override capture(t: Tensor): Tensor {
    return this.#copies.get(t) ?? this.#copy(t);
  }

  #copy(t: Tensor): Tensor {
    const { op } = t;
    const kind = op.def.stateful && !this.#allowed.has(op) ? 'stateful node' : isFed(op) ? 'placeholder' : null;
    if (kind) {
      throw new GraphError('Value', `Cannot capture a ${kind} (name:${op.name}, type:${op.type}) by value.`);
    }
    const inputs = op.inputs.map((x) => this.#copy(x));
    const copy = this.createOp(op.type, inputs, { ...op.attrs }, { name: op.name, def: op.def });
    op.outputs.forEach((x, i) => void this.#copies.set(x, copy.outputs[i]!));
    return copy.outputs[t.index]!;
  }
}
const isFed = (op: Operation): boolean => op.type === 'Placeholder' || op.type === 'PlaceholderV2';
