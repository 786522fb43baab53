/** @file Runs functions element by element: plans of their bodies, compiled once for each set of argument shapes. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { functionNamed, type GraphFunction } from '../graph/functions';
import { int, type Known, type Site, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { type Slot, VariableSlot } from '../kernels/memory';
import { compile, type Plan } from '../session/plan';
import { running } from '../session/run';
import { arrayOf, bytesOf, type Cells, type DType, isHost } from '../value/dtype';
import { sameShape } from '../value/shape';
import { Value } from '../value/value';

/** A value, or the variable behind a handle. */
export type Argument = Value | VariableSlot;
/** A function and what comes after its own arguments. */
export interface Captured {
  readonly fn: GraphFunction;
  readonly others: readonly Argument[];
}

const SLAB = 2 ** 20;
const slabs = new Map<DType, { readonly cells: Cells; used: number }>();
/** New cells. Small ones are cut out of large ones: the garbage collector is slow with many buffers. */
export function newCells(dtype: DType, size: number): Cells {
  const Type = arrayOf(dtype);
  const bytes = size * bytesOf(dtype);
  if (isHost(dtype) || bytes > SLAB / 4) return new Type(size);
  let slab = slabs.get(dtype);
  if (!slab || slab.used + size > slab.cells.length) {
    slab = { cells: new Type(SLAB / bytesOf(dtype)), used: 0 };
    slabs.set(dtype, slab);
  }
  slab.used += size;
  return slab.cells.subarray(slab.used - size, slab.used);
}

export function valueOf({ dtype, shape, data }: Slot): Value {
  const cells = newCells(dtype, data.length);
  cells.set(data);
  return new Value(dtype, [...shape], cells);
}
export function argumentOf(slot: Slot, dtype: DType): Argument {
  if (dtype === 'resource' && !(slot instanceof VariableSlot)) {
    throw new GraphError('Unimplemented', 'Functions of datasets capture no resources other than variables.');
  }
  return dtype === 'resource' ? (slot as VariableSlot) : valueOf(slot);
}
export const capture = (
  { graph }: Site,
  { func }: { readonly func: string },
  others: readonly Slot[],
  types: readonly DType[],
): Captured => ({ fn: functionNamed(graph, func), others: others.map((x, i) => argumentOf(x, types[i]!)) });

const Retval = defineOp({
  name: '_Retval',
  inputs: { input: 'T' },
  outputs: {},
  attrs: { T: type(), index: int() },
  stateful: true,
  infer: () => ({}),
  gradient: null,
  reference({ input }, { index }, site) {
    site.state<Value[]>(() => [])[index] = valueOf(input);
  },
});

/** What must run: what returns the outputs, which is added once at the end of the body, and all that is stateful. */
const targets = new WeakMap<GraphFunction, readonly Operation[]>();
function targetsOf(fn: GraphFunction): readonly Operation[] {
  const known = targets.get(fn);
  if (known) return known;
  const { body, outputs } = fn;
  const stateful = body.getOperations().filter((op) => op.def.stateful);
  const returns = body.asDefault(() =>
    outputs.map((input, index) => Retval({ input }, { index }, `retval_${index}`).op),
  );
  const all = [...stateful, ...returns];
  targets.set(fn, all);
  return all;
}

/** A plan, and the variables as they were when it was compiled. */
interface Compiled {
  readonly plan: Plan;
  readonly args: readonly Argument[];
  readonly places: readonly (readonly [address: number, ready: boolean])[];
}
const placesOf = (args: readonly Argument[]) =>
  args.map((x) => (x instanceof VariableSlot ? ([x.storage.address, x.ready] as const) : ([0, true] as const)));
const fits = ({ args, places }: Compiled, now: readonly Argument[]): boolean =>
  args.every((a, i) => {
    const b = now[i]!;
    if (!sameShape(a.shape, b.shape)) return false;
    return (
      !(a instanceof VariableSlot) || (a === b && a.storage.address === places[i]![0] && a.ready === places[i]![1])
    );
  });

/** A function with the state of its ops. */
class Instance {
  readonly #fn: GraphFunction;
  readonly #resources: Map<string, unknown>;
  readonly #returned: Value[] = [];
  readonly #sites = new Map<Operation, Site>();
  readonly #states = new Map<Operation, unknown>();
  readonly #constants = new Map<Operation, Slot>();
  readonly #ends: (() => void)[] = [];
  /** The one used last comes first. */
  #compiled: Compiled[] = [];
  #variables = new Map<Operation, VariableSlot>();

  constructor(fn: GraphFunction, resources: Map<string, unknown>) {
    this.#fn = fn;
    this.#resources = resources;
  }

  run(args: readonly Argument[]): readonly Value[] {
    const { plan } = this.#planFor(args);
    const outer = running.op;
    try {
      plan.run(args.filter((x) => x instanceof Value));
      return [...this.#returned];
    } catch (e) {
      if (!(e instanceof GraphError)) throw e;
      const at = e.op === undefined ? '' : `\n\t [[{{node ${e.op}}}]]`;
      throw new GraphError(e.code, `{{function_node ${this.#fn.name}}} ${e.reason}${at}`);
    } finally {
      running.op = outer;
      for (const clean of this.#ends.splice(0)) clean();
    }
  }

  #planFor(args: readonly Argument[]): Compiled {
    const list = this.#compiled;
    if (list[0] && fits(list[0], args)) return list[0];
    const known = list.find((c) => fits(c, args)) ?? this.#compile(args);
    this.#compiled = [known, ...list.filter((c) => c !== known)];
    for (const old of this.#compiled.splice(PLANS)) old.plan.dispose();
    return known;
  }

  #compile(args: readonly Argument[]): Compiled {
    const { inputs, name } = this.#fn;
    if (args.length !== inputs.length) {
      throw new GraphError(
        'InvalidArgument',
        `Function ${name} takes ${inputs.length} arguments, but ${args.length} are given.`,
      );
    }
    const feeds = new Map<Tensor, Known>();
    inputs.forEach((t, i) => {
      const arg = args[i]!;
      if (arg instanceof Value) feeds.set(t, { dtype: t.dtype, shape: arg.shape });
      else {
        t.handle = { dtype: arg.dtype, shape: arg.shape };
        this.#variables.set(t.op, arg);
      }
    });
    const plan = compile([], targetsOf(this.#fn), feeds, this.#state);
    return { plan, args, places: placesOf(args) };
  }

  readonly #state = {
    variable: (op: Operation): VariableSlot => {
      const found = this.#variables.get(op);
      if (found) return found;
      throw new GraphError('Unimplemented', `Variable ${op.name} is made inside of function ${this.#fn.name}.`);
    },
    shapeOfVariable: (op: Operation) => this.#state.variable(op).shape,
    constant: (op: Operation, fill: () => Slot): Slot => {
      const slot = this.#constants.get(op) ?? fill();
      this.#constants.set(op, slot);
      return slot;
    },
    site: (op: Operation): Site => this.#site(op),
  };

  #site(op: Operation): Site {
    const known = this.#sites.get(op);
    if (known) return known;
    if (Retval.is(op)) this.#states.set(op, this.#returned);
    const site: Site = {
      name: op.name,
      graph: op.graph,
      resources: this.#resources,
      state: <S>(make: () => S): S => {
        if (!this.#states.has(op)) this.#states.set(op, make());
        return this.#states.get(op) as S;
      },
      atEnd: (clean) => void this.#ends.push(clean),
    };
    this.#sites.set(op, site);
    return site;
  }

  dispose(): void {
    for (const { plan } of this.#compiled.splice(0)) plan.dispose();
    for (const slot of this.#constants.values()) slot.storage.release();
    for (const state of this.#states.values()) (state as { dispose?(): void } | null)?.dispose?.();
  }
}
const PLANS = 8;

/** The same error, without the function it was raised in. */
export const withoutFunction = (e: GraphError): GraphError =>
  new GraphError(e.code, e.reason.replace(/^\{\{function_node [^}]*\}\} /, ''));

/** One way through a dataset from the beginning: the functions as they are used in it, and what its stages keep. */
export class Traversal {
  readonly #shared = new Map<string, unknown>();
  readonly #instances = new Map<GraphFunction, Instance>();
  readonly #resources: Map<string, unknown>;

  constructor(resources: Map<string, unknown>) {
    this.#resources = resources;
  }
  /** What all iterations of the stage at `path` have in common. */
  share<S>(path: string, make: () => S): S {
    if (!this.#shared.has(path)) this.#shared.set(path, make());
    return this.#shared.get(path) as S;
  }
  /** The function's outputs for these arguments and the captured ones. */
  call({ fn, others }: Captured, args: readonly Argument[]): readonly Value[] {
    let instance = this.#instances.get(fn);
    if (!instance) {
      instance = new Instance(fn, this.#resources);
      this.#instances.set(fn, instance);
    }
    return instance.run(others.length === 0 ? args : [...args, ...others]);
  }
  dispose(): void {
    for (const instance of this.#instances.values()) instance.dispose();
    this.#instances.clear();
  }
}
