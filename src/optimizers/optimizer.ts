/** @file What all optimizers share: gradients of a loss, then one update op per variable, grouped. */
import { GraphError } from '../errors';
import { gradients } from '../gradients';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, isTensorLike, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Grad } from '../graph/opdef';
import { Operation, Tensor } from '../graph/operation';
import { shapeOf } from '../ops/array';
import { cast } from '../ops/cast';
import { group, tuple } from '../ops/control';
import { unique } from '../ops/gather';
import { assignAddVariableOp } from '../ops/resource';
import { unsortedSegmentSum } from '../ops/segment';
import { assignAdd } from '../ops/state';
import { flatten } from '../ops/structure';
import { applyOp } from '../ops/training_ops';
import { ResourceVariable, trainableVariables, Variable } from '../ops/variables';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { createSlot, createZerosSlot, type SlotInitializer } from './slots';

export type GradAndVar = readonly [gradient: Grad | TensorLike | null, variable: Variable];
/** A number, a tensor, or a function that answers one: asked when the update ops are made. */
export type Hyper = TensorLike | (() => TensorLike);

export interface OptimizerOptions {
  readonly useLocking?: boolean | undefined;
  /** The name of the update scope and of the slots. */
  readonly name?: string | undefined;
}
export type Variables = Variable | Tensor | readonly Variables[] | { readonly [key: string]: Variables };
export interface ComputeOptions {
  /** A variable, or lists and objects of them nested as you like. */
  readonly varList?: Variables | null | undefined;
  /** GATE_NONE, GATE_OP (the default) or GATE_GRAPH. */
  readonly gateGradients?: number | undefined;
  readonly aggregationMethod?: number | null | undefined;
  readonly colocateGradientsWithOps?: boolean | undefined;
  readonly gradLoss?: TensorLike | null | undefined;
}
export interface ApplyOptions {
  /** Counts the steps: grows by one after all updates. */
  readonly globalStep?: Variable | Tensor | null | undefined;
  readonly name?: string | undefined;
}
export type MinimizeOptions = ComputeOptions & ApplyOptions;

const VALID: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16'];

/**
 * An optimizer. Subclasses say which op moves a variable, and with which slots and numbers.
 * @tensorflow tf.train.Optimizer
 */
export class Optimizer {
  static readonly GATE_NONE = 0;
  static readonly GATE_OP = 1;
  static readonly GATE_GRAPH = 2;
  protected readonly name: string;
  protected readonly useLocking: boolean;
  #slots = new Map<string, Map<string, Variable>>();
  #nonSlots = new Map<string, Variable>();
  #keys = new Map<unknown, number>();

  constructor(name: string, useLocking = false) {
    if (!name) throw new GraphError('Value', 'Must specify the optimizer name');
    this.name = name;
    this.useLocking = useLocking;
  }

  getName(): string {
    return this.name;
  }

  /**
   * computeGradients, then applyGradients; answers the train op. It runs no UPDATE_OPS: open controlDependencies on them
   * around the call. Raises Value where no variable has a gradient.
   */
  minimize(loss: Tensor, options: MinimizeOptions | Variable | Tensor = {}): Operation {
    const o: MinimizeOptions = isTensorLike(options)
      ? { globalStep: options as Variable | Tensor }
      : (options as MinimizeOptions);
    const pairs = this.computeGradients(loss, o);
    if (pairs.every(([g]) => g === null)) {
      throw new GraphError(
        'Value',
        `No gradients provided for any variable, check your graph for ops that do not support gradients, between variables ${listOf(pairs)} and loss ${loss}.`,
      );
    }
    return this.applyGradients(pairs, o);
  }

  /** [gradient or null, variable] for each variable of `varList`, by default the trainable ones of the graph. */
  computeGradients(loss: Tensor, options: ComputeOptions = {}): [Grad | null, Variable][] {
    const { gateGradients = Optimizer.GATE_OP, aggregationMethod, colocateGradientsWithOps, gradLoss } = options;
    if (![0, 1, 2].includes(gateGradients)) {
      throw new GraphError(
        'Value',
        `gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  Not ${gateGradients}`,
      );
    }
    if (!isTensorLike(loss)) throw new GraphError('Type', `loss must be a Tensor, got ${loss}`);
    checkTypes(gradLoss instanceof Tensor ? [loss, gradLoss] : [loss]);
    const graph = loss.graph;
    const list = flatten(
      options.varList ?? [
        ...trainableVariables(),
        ...graph.getCollection<Variable>(GraphKeys.TRAINABLE_RESOURCE_VARIABLES),
      ],
    ) as Variable[];
    list.forEach(checkTarget);
    if (list.length === 0) throw new GraphError('Value', 'No variables to optimize.');
    let grads = gradients(loss, list, {
      gradYs: gradLoss,
      gateGradients: gateGradients === Optimizer.GATE_OP,
      aggregationMethod,
      colocateGradientsWithOps,
    });
    if (gateGradients === Optimizer.GATE_GRAPH) grads = tuple(grads) as (Grad | null)[];
    checkTypes(list.filter((_, i) => grads[i] !== null));
    return list.map((v, i) => [grads[i]!, v]);
  }

  /** The ops that move the variables, grouped under the optimizer's name; with globalStep, the op that counts it. */
  applyGradients(pairs: readonly GradAndVar[], { globalStep, name }: ApplyOptions = {}): Operation {
    if (!Array.isArray(pairs) || !pairs.every(Array.isArray)) {
      throw new GraphError('Type', 'grads_and_vars must be a list of [gradient, variable].');
    }
    if (globalStep && !isTensorLike(globalStep)) {
      throw new GraphError('Type', `global_step must be a Variable, got ${globalStep}`);
    }
    if (pairs.length === 0) throw new GraphError('Value', 'No variables provided.');
    const converted = pairs.map(([g, v]) => {
      const gradient = gradientOf(g);
      checkTarget(v);
      return [gradient, v] as const;
    });
    const variables = converted.filter(([g]) => g !== null).map(([, v]) => v);
    if (variables.length === 0) {
      throw new GraphError('Value', `No gradients provided for any variable: ${listOf(converted)}.`);
    }
    const graph = getDefaultGraph();
    graph.initScope(() => this.createSlots(variables));
    return graph.nameScope(name ?? this.name, (scope) => {
      this.prepare();
      const updates = converted.flatMap(([g, v]) => (g === null ? [] : [this.#update(g, v)]));
      const done = globalStep
        ? this.#count(globalStep, this.finish(updates, 'update'), scope)
        : this.finish(updates, scope);
      const trainOps = graph.getCollectionRef(GraphKeys.TRAIN_OP);
      if (!trainOps.includes(done)) trainOps.push(done);
      return done;
    });
  }

  #update(g: Grad, v: Variable): Operation {
    const { graph } = v;
    return graph.nameScope(`update_${v.op.name}`, () =>
      graph.colocateWith(v, () => {
        // computeGradients takes tensors for variables, too.
        if ((v as unknown) instanceof Tensor) throw new GraphError('Unimplemented', `Trying to update a Tensor ${v}`);
        if (g instanceof IndexedSlices) {
          if (v.constraint) throw new GraphError('Runtime', 'Cannot use a constraint function on a sparse variable.');
          return this.applySparseDuplicates(g, v);
        }
        const moved = this.applyDense(g, v);
        if (!v.constraint) return moved;
        return graph.controlDependencies([moved], () => opOf(v.assign(v.constraint!(v as never))));
      }),
    );
  }

  #count(step: Variable | Tensor, after: Operation, scope: string): Operation {
    const { graph } = step;
    return graph.controlDependencies([after], () =>
      graph.colocateWith(step, () => {
        if (!(step instanceof ResourceVariable)) return opOf(assignAdd(step, 1, { name: scope }));
        return assignAddVariableOp(step.handle, convertToTensor(1, { dtype: step.dtype }), { name: scope });
      }),
    );
  }

  // ---- what subclasses say ----

  /** Makes the slots of these variables. */
  protected createSlots(_variables: readonly Variable[]): void {}
  /** Makes the constants of learning rates and the like, inside the update scope. */
  protected prepare(): void {}
  /** The op that moves a variable by a gradient of either kind, where both take the same op. */
  protected move(_g: Tensor | IndexedSlices, _v: Variable): Operation {
    throw new GraphError('Unimplemented', `${this.constructor.name} has no update for this kind of gradient.`);
  }
  protected applyDense(g: Tensor, v: Variable): Operation {
    return this.move(g, v);
  }
  /** `g` holds no row twice. */
  protected applySparse(g: IndexedSlices, v: Variable): Operation {
    return this.move(g, v);
  }
  /** Sums rows that occur twice, then applySparse. */
  protected applySparseDuplicates(g: IndexedSlices, v: Variable): Operation {
    const { y, idx } = unique(g.indices);
    const sums = unsortedSegmentSum(g.values, idx, shapeOf(y).at(0));
    return this.applySparse(new IndexedSlices(sums, y, g.denseShape), v);
  }
  protected finish(updates: readonly Operation[], name: string): Operation {
    return group(updates, { name });
  }

  /** A tensor of a learning rate or the like; a number becomes a Const of that name. */
  protected hyper(value: Hyper, name: string): Tensor {
    const x = typeof value === 'function' ? (value as () => TensorLike)() : value;
    return convertToTensor(x, { name });
  }

  /** The Apply op of that rule in the form this variable and gradient need. Scalars are cast to the gradient's type. */
  protected apply(
    rule: string,
    g: Tensor | IndexedSlices,
    v: Variable,
    slots: Readonly<Record<string, Variable>>,
    before: Readonly<Record<string, Tensor>>,
    after: Readonly<Record<string, Tensor>> = {},
    flags: Readonly<Record<string, boolean>> = {},
  ): Operation {
    const resource = v instanceof ResourceVariable;
    const sparse = g instanceof IndexedSlices;
    const state = (x: Variable) => (x instanceof ResourceVariable ? x.handle : (x as TensorLike));
    const scalars = (list: Readonly<Record<string, Tensor>>) =>
      Object.fromEntries(Object.entries(list).map(([k, t]) => [k, k === 'global_step' ? t : cast(t, v.dtype)]));
    const gradient = !sparse && /^(Proximal)?GradientDescent$/.test(rule) ? 'delta' : 'grad';
    return applyOp(
      `${resource ? 'Resource' : ''}${sparse ? 'Sparse' : ''}Apply${rule}`,
      {
        var: state(v),
        ...Object.fromEntries(Object.entries(slots).map(([k, s]) => [k, state(s)])),
        ...scalars(before),
        ...(sparse ? { grad: g.values, indices: g.indices } : { [gradient]: g }),
        ...scalars(after),
      },
      { ...flags, use_locking: this.useLocking },
    );
  }

  // ---- slots ----

  #key(v: Variable): string {
    let id = this.#keys.get(v.graph);
    if (id === undefined) {
      id = this.#keys.size;
      this.#keys.set(v.graph, id);
    }
    return `${id}|${v.op.name}`;
  }
  #slot(v: Variable, slotName: string, make: () => Variable): Variable {
    const named = this.#slots.get(slotName) ?? new Map<string, Variable>();
    this.#slots.set(slotName, named);
    const key = this.#key(v);
    const slot = named.get(key) ?? make();
    named.set(key, slot);
    return slot;
  }
  protected zerosSlot(v: Variable, slotName: string, opName = this.name): Variable {
    return this.#slot(v, slotName, () => createZerosSlot(v, opName));
  }
  /** `shape` for what makes a tensor of a shape; a tensor has its own. */
  protected makeSlot(
    v: Variable,
    initial: SlotInitializer,
    slotName: string,
    shape?: Shape,
    opName = this.name,
  ): Variable {
    const options = shape === undefined ? {} : { shape, dtype: v.dtype };
    return this.#slot(v, slotName, () => createSlot(v, initial, opName, options));
  }
  /** A variable of the optimizer itself, one for each graph. */
  protected nonSlot(initial: Hyper, name: string, beside: Variable): Variable {
    const key = `${this.#key(beside).split('|')[0]}|${name}`;
    const known = this.#nonSlots.get(key);
    if (known) return known;
    const useResource = beside instanceof ResourceVariable;
    const options = { name, trainable: false, useResource };
    const v = beside.graph.colocateWith(beside, () => new Variable(initial as TensorLike, options));
    this.#nonSlots.set(key, v);
    return v;
  }
  protected getNonSlot(name: string, graph = getDefaultGraph()): Variable {
    return this.#nonSlots.get(`${this.#keys.get(graph)}|${name}`)!;
  }
  /** The slot of that name beside a variable; null where there is none. */
  getSlot(v: Variable, slotName: string): Variable | null {
    return this.#slots.get(slotName)?.get(this.#key(v)) ?? null;
  }
  getSlotNames(): string[] {
    return [...this.#slots.keys()].sort();
  }
  protected slot(v: Variable, slotName: string): Variable {
    return this.getSlot(v, slotName)!;
  }
  /** All variables the optimizer made in the default graph. */
  variables(): Variable[] {
    const graph = getDefaultGraph();
    const all = [...this.#nonSlots.values(), ...[...this.#slots.values()].flatMap((m) => [...m.values()])];
    return all.filter((v) => v.graph === graph).sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** What TensorFlow multiplies by as it was given. Raises Type for a function. */
export function notFunction(x: Hyper): TensorLike {
  if (typeof x !== 'function') return x;
  throw new GraphError('Type', `Expected float32, got ${x.name || '<lambda>'} of type 'function' instead.`);
}

function checkTarget(v: unknown): void {
  if (v instanceof Variable || v instanceof Tensor) return;
  throw new GraphError('Unimplemented', `Trying to optimize unsupported type ${v}`);
}
function gradientOf(g: Grad | TensorLike | null): Grad | null {
  return g === null || g instanceof IndexedSlices ? g : convertToTensor(g as TensorLike);
}

/** The variables as Python shows a list of strings. */
const listOf = (pairs: readonly GradAndVar[]): string => `[${pairs.map(([, v]) => quoted(String(v))).join(', ')}]`;
const quoted = (text: string): string => (text.includes("'") ? `"${text}"` : `'${text}'`);

export const opOf = (x: unknown): Operation => (x instanceof Operation ? x : (x as { op: Operation }).op);

function checkTypes(tensors: readonly { readonly dtype: DType; readonly name: string }[]): void {
  for (const t of tensors) {
    if (VALID.includes(t.dtype) || t.dtype === 'resource') continue;
    throw new GraphError(
      'Value',
      `Invalid type tf.${t.dtype} for ${t.name}, expected: [${VALID.map((d) => `tf.${d}`).join(', ')}].`,
    );
  }
}
