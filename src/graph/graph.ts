/** @file Graph: the ops made so far, their names, and the scopes that new ops fall under. */
import { GraphError } from '../errors';
import type { DType } from '../value/dtype';
import { Collections } from './collections';
import { type ControlFlowContext, checkInput } from './context';
import { type AnyDef, type AttrSpecs, type Attrs, lookup } from './opdef';
import { Operation, Tensor } from './operation';
import { Controllers, Devices, refusePromise } from './scopes';

const OP_NAME = /^[A-Za-z0-9.][A-Za-z0-9_.\-/]*$/;
const SCOPE_NAME = /^[A-Za-z0-9_.\-/]*$/;

/** A variable or any object that stands for a tensor or an op of a graph. */
export interface GraphElement {
  asGraphElement(): Tensor | Operation;
}
const standsFor = (x: unknown): x is GraphElement => typeof x === 'object' && x !== null && 'asGraphElement' in x;

export interface CreateOptions {
  readonly name?: string | undefined;
  /** For op types without a definition: the dtypes of the outputs. */
  readonly outputTypes?: readonly (readonly [DType, ref: boolean])[];
  readonly def?: AnyDef;
  /** tf.Graph.create_op's compute_device: false leaves the device scopes aside. */
  readonly device?: false;
  /** Control inputs of the op's own, before those of the open blocks: a cond or while sees them. */
  readonly controlInputs?: readonly Operation[];
}

/** A dataflow graph: it is built first and run later, by sessions. @tensorflow tf.Graph */
export class Graph {
  readonly collections = new Collections(this);
  readonly controllers = new Controllers();
  /** Op types and the gradients that new ops of them have instead of their own. */
  readonly overrides = new Map<string, string>();
  readonly devices = new Devices();
  /** tf.set_random_seed of this graph. */
  seed: number | null = null;
  /** The cond or while under construction. */
  context: ControlFlowContext | null = null;
  /** Marks that op definitions and builders keep with the graph (caches, stores), by owner. */
  readonly stores = new Map<unknown, unknown>();
  #operations: Operation[] = [];
  #byName = new Map<string, Operation>();
  #namesInUse = new Map<string, number>();
  #scope = '';
  #finalized = false;
  #edits = 0;
  #consumers = new Map<Tensor, Operation[]>();
  #unfetchable = new Set<Operation>();
  #unfeedable = new Set<Tensor>();

  /** The id of the newest op; 0 for an empty graph. Implicit op seeds are this number. */
  get version(): number {
    return this.#operations.length;
  }
  /** Changes with every new op and every edited edge: plans of an older revision are stale. */
  get revision(): string {
    return `${this.#operations.length}.${this.#edits}`;
  }
  touch(): void {
    this.#edits++;
  }
  get finalized(): boolean {
    return this.#finalized;
  }
  /** Later ops and collection items raise Runtime "Graph is finalized and cannot be modified." */
  finalize(): void {
    this.#finalized = true;
  }
  /** It may grow again: what finalized it is over. */
  unfinalize(): void {
    this.#finalized = false;
  }
  checkNotFinalized(): void {
    if (this.#finalized) throw new GraphError('Runtime', 'Graph is finalized and cannot be modified.');
  }

  /** All ops in creation order (a copy). */
  getOperations(): Operation[] {
    return [...this.#operations];
  }
  operationAt(id: number): Operation {
    return this.#operations[id - 1]!;
  }
  findOperation(name: string): Operation | undefined {
    return this.#byName.get(name);
  }
  getOperationByName(name: string): Operation {
    return this.asGraphElement(name, { tensor: false }) as Operation;
  }
  getTensorByName(name: string): Tensor {
    return this.asGraphElement(name, { operation: false }) as Tensor;
  }

  connect(t: Tensor, op: Operation): void {
    const list = this.#consumers.get(t);
    if (list) list.push(op);
    else this.#consumers.set(t, [op]);
  }
  disconnect(t: Tensor, op: Operation): void {
    const list = this.#consumers.get(t) ?? [];
    const at = list.indexOf(op);
    if (at >= 0) list.splice(at, 1);
  }
  consumersOf(t: Tensor): Operation[] {
    return [...(this.#consumers.get(t) ?? [])];
  }

  /**
   * Adds one op. A name ending in '/' is used as it is, without the slash; any other is prefixed by the scope and made
   * unique. Raises Runtime on a finalized graph, Value for inputs of other graphs, illegal names and bad shapes.
   */
  createOp(
    type: string,
    inputs: readonly Tensor[],
    attrs: Record<string, unknown>,
    { name = type, outputTypes, def = lookup(type), device, controlInputs = [] }: CreateOptions = {},
  ): Operation {
    this.checkNotFinalized();
    if (!def) {
      throw new GraphError(
        'NotFound',
        `Op type not registered '${type}' in sluice. Import the graph, or define the op.`,
      );
    }
    const own = inputs.map((t) => (t.graph === this ? t : this.capture(t, name)));
    const full = name.endsWith('/') ? name.slice(0, -1) : this.uniqueName(name);
    if (!OP_NAME.test(full)) throw new GraphError('Value', `'${full}' is not a valid node name`);
    const control = [...new Set([...controlInputs, ...this.controllers.inputsFor(own)])];
    const id = this.#operations.length + 1;
    const override = this.overrides.get(type);
    const given = override === undefined ? attrs : { ...attrs, _gradient_op_type: override };
    const op = new Operation(this, id, full, def, own, control, given as Attrs<AttrSpecs>, outputTypes);
    op.context = this.context;
    this.#operations.push(op);
    this.#byName.set(full, op);
    for (const t of own) this.connect(t, op);
    for (const t of own) checkInput(op, t.op);
    this.context?.addOp(op);
    this.controllers.saw(op);
    if (device !== false) this.devices.apply(op);
    this.devices.colocate(op);
    return op;
  }

  /** Whether ops with inputs of other graphs go here all the same, while this is the default graph. */
  get captures(): boolean {
    return false;
  }
  /** What stands here for a tensor of another graph: only a function's body has such. Raises Value. */
  protected capture(t: Tensor, user: string): Tensor {
    throw new GraphError('Value', `${t} must be from the same graph as ${user}.`);
  }

  /** tf.Graph.unique_name: `foo`, `foo_1`, ...; upper and lower case collide. */
  uniqueName(name: string, markAsUsed = true): string {
    const full = this.#scope + name;
    const key = full.toLowerCase();
    let i = this.#namesInUse.get(key) ?? 0;
    if (markAsUsed) this.#namesInUse.set(key, i + 1);
    if (i === 0) return full;
    let candidate = key;
    while (this.#namesInUse.has(candidate)) candidate = `${key}_${i++}`;
    if (markAsUsed) this.#namesInUse.set(candidate, 1);
    return `${full}_${i - 1}`;
  }

  /** The current scope without the last slash; '' at the root. */
  getNameScope(): string {
    return this.#scope.slice(0, -1);
  }

  /** Runs `body` with new ops named under `name`; null or '': at the root; 'a/': exactly there. */
  nameScope<R>(name: string | null, body: (scope: string) => R): R {
    if (name) {
      const legal = this.#scope === '' ? OP_NAME : SCOPE_NAME;
      if (!legal.test(name)) throw new GraphError('Value', `'${name}' is not a valid scope name`);
    }
    const before = this.#scope;
    this.#scope = !name ? '' : name.endsWith('/') ? name : `${this.uniqueName(name)}/`;
    try {
      return refusePromise(body(this.#scope), 'nameScope');
    } finally {
      this.#scope = before;
    }
  }

  /**
   * Runs `body` with every new op waiting for `inputs` (tensors, ops, variables, names). null: for nothing, not even the
   * outer blocks' inputs, and outside of any cond or while. Ops that exist already are never touched.
   */
  controlDependencies<R>(inputs: readonly unknown[] | null, body: () => R): R {
    const ops = inputs?.map((x) => this.#controlInput(x)) ?? null;
    const context = this.context;
    if (inputs === null) this.context = null;
    try {
      return this.controllers.within(ops, body);
    } finally {
      this.context = context;
    }
  }

  #controlInput(x: unknown): Operation {
    const handled = x as { handle?: unknown; op?: unknown; values?: unknown };
    if (handled?.op instanceof Operation && !(x instanceof Tensor) && (handled.handle || handled.values)) {
      return handled.op;
    }
    const found = this.asGraphElement(x);
    return found instanceof Tensor ? found.op : found;
  }

  /** Runs `body` outside of all control dependencies, conds and loops, in the same name scope: variables are made so. */
  initScope<R>(body: () => R): R {
    const scope = this.#scope;
    return this.controlDependencies(null, () => this.nameScope(scope, body));
  }

  /** New ops carry `_class: loc:@op`; null only clears. Device scopes are left aside inside. */
  colocateWith<R>(on: Operation | Tensor | GraphElement | null, body: () => R, ignoreExisting = false): R {
    const handle = (on as { handle?: unknown } | null)?.handle;
    const x = handle instanceof Tensor && !(on instanceof Tensor) ? handle : standsFor(on) ? on.asGraphElement() : on;
    return this.devices.withColocation(x instanceof Tensor ? x.op : x, ignoreExisting, body);
  }
  device<R>(name: string | null | ((op: Operation) => string), body: () => R): R {
    return this.devices.within(name, body);
  }

  /** Looks up what a fetch, feed or control input names; see semantics of tf.Graph.as_graph_element for its errors. */
  asGraphElement(obj: unknown, allow: { tensor?: boolean; operation?: boolean } = {}): Tensor | Operation {
    const { tensor = true, operation = true } = allow;
    const kinds = tensor && operation ? 'Tensor or Operation' : tensor ? 'Tensor' : 'Operation';
    const x = standsFor(obj) ? obj.asGraphElement() : obj;
    const show = (s: unknown) => `'${String(s)}'`;
    if (typeof x === 'string') {
      if (x.includes(':') && tensor) return this.#tensorNamed(x);
      if (x.includes(':'))
        throw new GraphError('Value', `Name ${show(x)} appears to refer to a Tensor, not a ${kinds}.`);
      const op = this.#byName.get(x);
      if (op && operation) return op;
      if (op) {
        const form = 'Tensor names must be of the form "<op_name>:<output_index>".';
        throw new GraphError('Value', `The name ${show(x)} refers to an Operation, not a ${kinds}. ${form}`);
      }
      if (operation) throw new GraphError('Key', `The name ${show(x)} refers to an Operation not in the graph.`);
      throw new GraphError('Value', `The name ${show(x)} looks like an (invalid) Operation name, not a ${kinds}.`);
    }
    if (x instanceof Tensor && tensor) {
      if (x.graph !== this) throw new GraphError('Value', `Tensor ${x} is not an element of this graph.`);
      return x;
    }
    if (x instanceof Operation && operation) {
      if (x.graph !== this) throw new GraphError('Value', `Operation ${x} is not an element of this graph.`);
      return x;
    }
    const kind = x === null ? 'NoneType' : typeof x === 'object' ? (x.constructor?.name ?? 'object') : typeof x;
    throw new GraphError('Type', `Can not convert a ${kind} into a ${kinds}.`);
  }

  #tensorNamed(name: string): Tensor {
    const [opName, index, more] = name.split(':') as [string, string, string?];
    if (more !== undefined || !/^\d+$/.test(index)) {
      throw new GraphError(
        'Value',
        `The name '${name}' looks a like a Tensor name, but is not a valid one. Tensor names must be of the form "<op_name>:<output_index>".`,
      );
    }
    const op = this.#byName.get(opName);
    const missing = `The name '${name}' refers to a Tensor which does not exist. The operation, '${opName}', `;
    if (!op) throw new GraphError('Key', `${missing}does not exist in the graph.`);
    const t = op.outputs[Number(index)];
    if (!t) throw new GraphError('Key', `${missing}exists but only has ${op.outputs.length} outputs.`);
    return t;
  }

  preventFetching(op: Operation): void {
    this.#unfetchable.add(op);
  }
  isFetchable(x: Tensor | Operation): boolean {
    return !this.#unfetchable.has(x instanceof Tensor ? x.op : x);
  }
  preventFeeding(t: Tensor): void {
    this.#unfeedable.add(t);
  }
  isFeedable(t: Tensor): boolean {
    return !this.#unfeedable.has(t);
  }

  addToCollection(key: unknown, item: unknown): void {
    this.collections.add(key, item);
  }
  addToCollections(keys: unknown, item: unknown): void {
    this.collections.addToAll(keys, item);
  }
  /** A copy of the list, or of the items whose name `scope` (a regular expression) matches at the start. */
  getCollection<T = unknown>(key: unknown, scope?: string | null): T[] {
    return this.collections.get<T>(key, scope);
  }
  getCollectionRef<T = unknown>(key: unknown): T[] {
    return this.collections.ref<T>(key);
  }
  clearCollection(key: unknown): void {
    this.collections.clear(key);
  }
  getAllCollectionKeys(): string[] {
    return this.collections.keys();
  }

  /** Makes this the default graph while `body` runs. */
  asDefault<R>(body: (graph: Graph) => R): R {
    return withGraph(this, () => body(this));
  }
}

let base: Graph | undefined;
const stack: Graph[] = [];
/** The graph new ops go to: the innermost `withGraph`, else one global graph. @tensorflow tf.get_default_graph */
export function getDefaultGraph(): Graph {
  const top = stack.at(-1);
  if (top) return top;
  base ??= new Graph();
  return base;
}
/** A new global graph. Raises Assertion inside a `withGraph` block. @tensorflow tf.reset_default_graph */
export function resetDefaultGraph(): void {
  if (stack.length > 0) {
    throw new GraphError(
      'Assertion',
      'Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the nesting and create a new graph.',
    );
  }
  base = new Graph();
}
/** New ops go to `graph` while `body` runs. @tensorflow tf.Graph.as_default */
export function withGraph<R>(graph: Graph, body: () => R): R {
  stack.push(graph);
  try {
    return refusePromise(body(), 'withGraph');
  } finally {
    stack.pop();
  }
}
