/** @file Session: the variables' values, the plans made so far, and tf.Session.run. */
import { GraphError } from '../errors';
import { type Graph, Graph as GraphClass, getDefaultGraph } from '../graph/graph';
import type { Known, Site } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { type Slot, VariableSlot } from '../kernels/memory';
import { onDefaultSession, type Runner } from '../ops/variable';
import { isFull, type Shape } from '../value/shape';
import type { Value } from '../value/value';
import { type Feeds, keyOf, readFeeds } from './feeds';
import { type Fetched, type Fetches, readFetches } from './fetches';
import { PartialRun } from './partial';
import { compile, type Plan } from './plan';

export interface RunOptions {
  /** Values for tensors: a Map, pairs, or an object keyed by tensor name. */
  readonly feedDict?: Feeds | undefined;
}
/** Sees each finished run of a session: which plan, and whether it succeeded. */
export type RunObserver = (session: Session, plan: Plan) => void;

/** Plans kept per session; the one unused for longest goes first. */
const PLANS = 64;

/**
 * Runs parts of a graph and keeps the values of its variables. Sessions of one graph are independent.
 * @tensorflow tf.Session
 */
export class Session {
  readonly graph: Graph;
  static readonly observers: RunObserver[] = [];
  /** Those that are the default one: the last of them is. */
  static readonly defaults: Session[] = [];
  #cells = new Map<string, VariableSlot>();
  #constants = new Map<Operation, Slot>();
  #plans = new Map<string, Plan>();
  #stale: Plan[] = [];
  #revision = '';
  #ids = new Map<unknown, number>();
  #sites = new Map<Operation, Site>();
  #resources = new Map<string, unknown>();
  #ends: (() => void)[] = [];
  #closed = false;
  #entered = false;
  #partial = new Map<string, PartialRun>();
  #partialRuns = 0;

  /** Raises Type where `graph` is no Graph. */
  constructor({ graph = getDefaultGraph() }: { graph?: Graph } = {}) {
    if (!(graph instanceof GraphClass))
      throw new GraphError('Type', `graph must be a tf.Graph, but got ${typeof graph}`);
    this.graph = graph;
  }

  /**
   * Runs what `fetches` need and answers their values in the same structure: nested arrays and objects of tensors,
   * variables, names ('loss:0'), and operations, which give null. Errors carry TensorFlow's code and the op.
   */
  async run<F extends Fetches>(fetches: F, { feedDict }: RunOptions = {}): Promise<Fetched<F>> {
    this.#check();
    const feeds = readFeeds(this.graph, feedDict);
    const { tensors, targets, build } = readFetches(this.graph, fetches);
    return build(this.execute(tensors, targets, feeds)) as Fetched<F>;
  }

  /**
   * A function that takes the values of `feedList` by position and answers what `fetches` ask for, as
   * tf.Session.make_callable: the look-ups are done once.
   */
  makeCallable<F extends Fetches>(
    fetches: F,
    feedList: readonly unknown[] = [],
  ): (...values: unknown[]) => Promise<Fetched<F>> {
    this.#check();
    const { tensors, targets, build } = readFetches(this.graph, fetches);
    const keys = feedList.map((x) => this.graph.asGraphElement(x, { operation: false }) as Tensor);
    return async (...values) => {
      this.#check();
      if (values.length !== keys.length) {
        throw new GraphError(
          'Value',
          `The callable takes ${keys.length} values, one for each tensor of feedList; got ${values.length}.`,
        );
      }
      const feeds = readFeeds(this.graph, keys.map((t, i) => [t, values[i]] as const) as Feeds);
      return build(this.execute(tensors, targets, feeds)) as Fetched<F>;
    };
  }

  /**
   * Declares a run that goes in stages: all that will be fetched and fed. Answers its handle, for partialRun; as
   * tf.Session.partial_run_setup. Raises Unimplemented where it goes through a cond or loop.
   */
  partialRunSetup(fetches: Fetches, feeds: readonly unknown[] = []): string {
    this.#check();
    const { tensors, targets } = readFetches(this.graph, fetches);
    const keys = feeds.map((x) => keyOf(this.graph, x));
    for (const t of keys) if (!this.graph.isFeedable(t)) throw new GraphError('Value', `Tensor ${t} may not be fed.`);
    const handle = `partial_run_${this.#partialRuns++}`;
    this.#partial.set(handle, new PartialRun(tensors, targets, keys));
    return handle;
  }

  /**
   * One stage of what partialRunSetup declared: feeds some, and answers what can be told by now. Each op runs once in all
   * stages, each tensor is fed and fetched once. As tf.Session.partial_run. Raises InvalidArgument out of order.
   */
  async partialRun<F extends Fetches>(handle: string, fetches: F, feedDict?: Feeds): Promise<Fetched<F>> {
    this.#check();
    const run = this.#partial.get(handle);
    if (!run) throw new GraphError('InvalidArgument', "Must run 'setup' before performing partial runs!");
    const feeds = readFeeds(this.graph, feedDict);
    const { tensors, targets, build } = readFetches(this.graph, fetches);
    const values = run.stage(tensors, targets, feeds, (wanted, ops, known, done) => {
      const missing = wanted.filter((t) => !known.has(t));
      const facts = new Map<Tensor, Known>([...known].map(([t, v]) => [t, { dtype: t.dtype, shape: v.shape }]));
      const plan = compile(missing, ops, facts, this.#state, done);
      try {
        const found = this.#clean(() => plan.run([...known.values()]));
        for (const observer of Session.observers) observer(this, plan);
        return wanted.map((t) => known.get(t) ?? found[missing.indexOf(t)]!);
      } finally {
        plan.dispose();
      }
    });
    if (run.finished) this.#partial.delete(handle);
    return build(values) as Fetched<F>;
  }

  /** The synchronous heart of run: values of `tensors`, after `targets` have run. */
  execute(
    tensors: readonly Tensor[],
    targets: readonly Operation[],
    feeds: ReadonlyMap<Tensor, Value>,
  ): (Value | null)[] {
    this.#check();
    const wanted = tensors.filter((t) => !feeds.has(t));
    const unique = [...new Set(wanted)];
    if (unique.length === 0 && targets.length === 0) return tensors.map((t) => feeds.get(t)!);
    const keys = [...feeds.keys()];
    const plan = this.#plan(unique, targets, keys, feeds);
    const results = this.#clean(() => plan.run(keys.map((t) => feeds.get(t)!)));
    for (const observer of Session.observers) observer(this, plan);
    const at = new Map(unique.map((t, i) => [t, i]));
    return tensors.map((t) => feeds.get(t) ?? results[at.get(t)!]!);
  }

  #clean<R>(run: () => R): R {
    try {
      return run();
    } finally {
      for (const clean of this.#ends.splice(0)) clean();
      for (const old of this.#stale.splice(0)) old.dispose();
    }
  }

  /** Frees variables and plans; later runs raise Runtime "Attempted to use a closed Session." */
  close(): void {
    for (const plan of this.#plans.values()) plan.dispose();
    for (const cell of this.#cells.values()) cell.storage.release();
    for (const slot of this.#constants.values()) slot.storage.release();
    for (const x of this.#resources.values()) (x as { dispose?(): void } | null)?.dispose?.();
    for (const map of [this.#plans, this.#cells, this.#constants, this.#ids, this.#sites, this.#resources]) map.clear();
    this.#closed = true;
  }
  /**
   * This is the default session while `body` runs: `variable.eval()` uses it; also after its awaits. Raises Assertion
   * where a block ends while one that began later still runs.
   */
  async asDefault<R>(body: (session: Session) => R | Promise<R>): Promise<R> {
    Session.defaults.push(this);
    let nested: boolean;
    let result: R;
    try {
      result = await body(this);
    } finally {
      nested = Session.defaults.at(-1) === this;
      Session.defaults.splice(Session.defaults.lastIndexOf(this), 1);
    }
    if (!nested) {
      throw new GraphError(
        'Assertion',
        'Nesting violated for default stack of Session objects: await one block before the next.',
      );
    }
    return result;
  }
  /** The default session while `body` runs, closed at its end; as `with tf.Session() as sess`. */
  async use<R>(body: (session: Session) => R | Promise<R>): Promise<R> {
    if (this.#entered) {
      throw new GraphError(
        'Runtime',
        'Session context managers are not re-entrant. Use `Session.asDefault()` if you want to enter a session multiple times.',
      );
    }
    this.#entered = true;
    try {
      return await this.asDefault(body);
    } finally {
      this.#entered = false;
      this.close();
    }
  }
  get closed(): boolean {
    return this.#closed;
  }

  #check(): void {
    if (this.#closed) throw new GraphError('Runtime', 'Attempted to use a closed Session.');
    if (this.graph.version === 0) {
      throw new GraphError('Runtime', 'The Session graph is empty.  Add operations to the graph before calling run().');
    }
  }

  #id(x: unknown): number {
    let id = this.#ids.get(x);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(x, id);
    }
    return id;
  }

  /** A plan holds for one revision of the graph, these fetches, and feeds of these shapes. */
  #plan(
    fetches: readonly Tensor[],
    targets: readonly Operation[],
    keys: readonly Tensor[],
    feeds: ReadonlyMap<Tensor, Value>,
  ): Plan {
    if (this.#revision !== this.graph.revision) {
      this.#dropPlans();
      this.#revision = this.graph.revision;
    }
    let key = '';
    for (const t of fetches) key += `${this.#id(t)},`;
    key += '|';
    for (const op of targets) key += `${this.#id(op)},`;
    for (const t of keys) key += `|${this.#id(t)}:${feeds.get(t)!.shape.join(',')}`;
    let plan = this.#plans.get(key);
    if (plan) this.#plans.delete(key);
    else {
      const known = new Map<Tensor, Known>(keys.map((t) => [t, { dtype: t.dtype, shape: feeds.get(t)!.shape }]));
      plan = compile(fetches, targets, known, this.#state);
    }
    this.#plans.set(key, plan);
    if (this.#plans.size > PLANS) {
      const [oldest, unused] = this.#plans.entries().next().value as [string, Plan];
      this.#plans.delete(oldest);
      unused.dispose();
    }
    return plan;
  }

  /** The running plan may be among them: they are freed when the run is over. */
  #dropPlans(): void {
    this.#stale.push(...this.#plans.values());
    this.#plans.clear();
  }

  readonly #state = {
    variable: (op: Operation): VariableSlot => this.#cell(op),
    constant: (op: Operation, fill: () => Slot): Slot => {
      let slot = this.#constants.get(op);
      if (!slot) {
        slot = fill();
        this.#constants.set(op, slot);
      }
      return slot;
    },
    site: (op: Operation): Site => this.#site(op),
    shapeOfVariable: (op: Operation): Shape => {
      const cell = this.#cell(op);
      const declared = this.#declared(op).shape;
      const asDeclared =
        isFull(declared) && declared.length === cell.shape.length && declared.every((d, i) => d === cell.shape[i]);
      return asDeclared ? declared : null;
    },
  };

  #declared(op: Operation): { dtype: Tensor['dtype']; shape: Shape } {
    const out = op.outputs[0]!;
    return out.handle ?? { dtype: out.dtype, shape: out.shape };
  }

  /** Variables are found by their shared name, as TensorFlow's resource manager does. */
  #cell(op: Operation): VariableSlot {
    const { container = '', shared_name = '' } = op.attrs as { container?: string; shared_name?: string };
    const key = `${op.def.source}|${container}|${shared_name || op.name}`;
    let cell = this.#cells.get(key);
    if (!cell) {
      const { dtype, shape } = this.#declared(op);
      cell = new VariableSlot(dtype, []);
      cell.resize(isFull(shape) ? shape : []); // of unknown shape: room for a scalar, until a value comes
      cell.onChange = () => this.#dropPlans();
      this.#cells.set(key, cell);
    }
    return cell;
  }

  #site(op: Operation): Site {
    let site = this.#sites.get(op);
    if (!site) {
      let state: unknown;
      site = {
        name: op.name,
        graph: op.graph,
        resources: this.#resources,
        state: <S>(make: () => S): S => {
          state ??= make();
          return state as S;
        },
        atEnd: (clean: () => void) => void this.#ends.push(clean),
      };
      this.#sites.set(op, site);
    }
    return site;
  }
}
onDefaultSession(() => Session.defaults.at(-1) as Runner | undefined);
