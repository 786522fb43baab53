/** @file tf.gradients: one reverse walk over the ops between ys and xs; every rule lies in its op's definition. */
import { GraphError } from './errors';
import { convertToTensor, type TensorLike } from './graph/convert';
import { inputGradients, overriding } from './graph/gradient_rules';
import { type Graph, type GraphElement, getDefaultGraph } from './graph/graph';
import { IndexedSlices } from './graph/indexed_slices';
import type { Grad } from './graph/opdef';
import { type Operation, Tensor } from './graph/operation';
import { accumulateN, addN } from './ops/arithmetic';
import { constant, fill, identity, shapeOf } from './ops/array';
import { tuple } from './ops/control';
import { variableShape } from './ops/resource';
import { zeros, zerosLike } from './ops/shape';
import { sumSlices } from './ops/sum_slices';
import {
  type ControlFlowState,
  isLoopExit,
  isLoopSwitch,
  isSwitch,
  maybeCreateControlFlowState,
  zerosLikeOutsideLoop,
} from './ops/while_gradients';
import { type DType, isComplex, isFloating, isInteger } from './value/dtype';
import { isFull, merge, type Shape } from './value/shape';

/** How several contributions to one gradient are summed. @tensorflow tf.AggregationMethod */
export const AggregationMethod = {
  ADD_N: 0,
  DEFAULT: 0,
  EXPERIMENTAL_TREE: 1,
  EXPERIMENTAL_ACCUMULATE_N: 2,
} as const;

type Target = Tensor | GraphElement;

export interface GradientOptions {
  /** Gradients of the ys to start from; ones of their shape where missing. */
  readonly gradYs?: TensorLike | readonly (TensorLike | IndexedSlices | null)[] | null | undefined;
  readonly name?: string | undefined;
  readonly colocateGradientsWithOps?: boolean | undefined;
  /** Ties the gradients of one op together, so that none is used before all are there. */
  readonly gateGradients?: boolean | undefined;
  readonly aggregationMethod?: number | null | undefined;
  /** Tensors not to differentiate through. */
  readonly stopGradients?: Target | readonly Target[] | null | undefined;
  /** 'zero' gives zeros where y does not depend on x, 'none' gives null. */
  readonly unconnectedGradients?: 'none' | 'zero' | undefined;
}

const TRAINABLE: readonly DType[] = ['float16', 'float32', 'float64', 'complex64', 'complex128', 'resource', 'variant'];
/** Whether a tensor of that type can carry a gradient. */
export const isTrainable = (t: Tensor): boolean => TRAINABLE.includes(t.dtype);
const carriesGradient = (t: Tensor): boolean => isTrainable(t) || t.dtype === 'bfloat16';
const list = <T>(x: T | readonly T[]): readonly T[] => (Array.isArray(x) ? x : [x as T]);

/**
 * d(sum of ys)/dx for each x; null where the ys do not depend on x, IndexedSlices where x is read by
 * gather. Raises Lookup for an op without gradient, Value for an unknown option.
 * @tensorflow tf.gradients
 */
export function gradients(
  ys: Target | readonly Target[],
  xs: Target | readonly Target[],
  options: GradientOptions = {},
): (Tensor | IndexedSlices | null)[] {
  const { name = 'gradients', unconnectedGradients = 'none' } = options;
  if (unconnectedGradients !== 'none' && unconnectedGradients !== 'zero') {
    throw new GraphError('Value', `Unknown value for unconnected_gradients: '${unconnectedGradients}'`);
  }
  const graph = (list(ys)[0] as Tensor | undefined)?.graph ?? getDefaultGraph();
  const walk = new Walk(graph, options);
  const { context } = graph;
  const sources = graph.nameScope(name, () => {
    graph.uniqueName('uid');
    try {
      return walk.run(list(ys), list(xs));
    } finally {
      graph.context = context; // a loop's gradient that failed would leave its own open
    }
  });
  return sources.map((x) => walk.result(x, unconnectedGradients)); // zeros stand in the caller's scope
}

/** The tensor that stands for x: the buffer of a ref variable, the handle of a resource variable. */
function sourceOf(x: Target): Tensor {
  const { handle } = x as { handle?: unknown };
  if (!(x instanceof Tensor) && handle instanceof Tensor) return handle;
  return convertToTensor(x as TensorLike, { name: 'x', asRef: true });
}

type Slots = (Grad[] | Grad | null)[];

class Walk {
  readonly #graph: Graph;
  readonly #options: GradientOptions;
  readonly #grads = new Map<Operation, Slots>();
  readonly #pending = new Map<Operation, number>();
  readonly #queue: Operation[] = [];
  #loops: ControlFlowState | null = null;

  constructor(graph: Graph, options: GradientOptions) {
    this.#graph = graph;
    this.#options = options;
  }

  /** Answers the tensors that stand for the xs. */
  run(ysIn: readonly Target[], xsIn: readonly Target[]): Tensor[] {
    const ys = ysIn.map((y) => convertToTensor(y as TensorLike, { name: 'y' }));
    const xs = xsIn.map(sourceOf);
    const seeds = this.#seeds(ys);
    const from = xs.map((t) => t.op);
    const to = ys.map((t) => t.op);
    const stops = list(this.#options.stopGradients ?? []).map((t) => sourceOf(t as Target).op);
    const reachable = this.#count(to, from);
    ys.forEach((y, i) => {
      this.#add(y, seeds[i]!);
    });
    const started = new Set<Operation>();
    for (const op of to) {
      if (this.#left(op) !== 0 || started.has(op) || !reachable.has(op)) continue;
      started.add(op);
      this.#queue.push(op);
    }
    if (this.#loops) this.#startUnusedExits(started);
    const stop = new Set(stops);
    for (const op of from) if (!op.inputs.some((t) => this.#left(t.op) > 0)) stop.add(op);
    for (let i = 0; i < this.#queue.length; i++) this.#visit(this.#queue[i]!, stop, from);
    this.#loops?.postProcessing();
    return xs;
  }

  #colocated<R>(op: Operation, body: () => R): R {
    return this.#options.colocateGradientsWithOps ? this.#graph.colocateWith(op, body) : body();
  }

  /** What backpropagation starts from: ones of y's shape, or what was given. */
  #seeds(ys: readonly Tensor[]): Grad[] {
    const { gradYs } = this.#options;
    const given: readonly unknown[] = gradYs == null ? ys.map(() => null) : list(gradYs as TensorLike);
    if (given.length !== ys.length) throw new GraphError('Value', `Passed ${given.length} grad_ys for ${ys.length} ys`);
    const tensors = given.map((g, i) => {
      if (g === null || g === undefined || g instanceof IndexedSlices) return g ?? null;
      return convertToTensor(g as TensorLike, { name: `grad_y_${i}` });
    });
    return ys.map((y, i) =>
      this.#colocated(y.op, () => {
        const g = tensors[i]!;
        if (g === null) {
          if (isComplex(y.dtype)) {
            throw new GraphError('Type', `Gradients of complex tensors must set grad_ys (y.dtype = tf.${y.dtype})`);
          }
          const sizes = shapeOf(y);
          return fill(sizes, constant(1, y.dtype, { name: `grad_ys_${i}` }));
        }
        checkSeed(g, y);
        if (g instanceof IndexedSlices) {
          const part = (t: Tensor, what: string) => identity(t, { name: `grad_ys_${i}_${what}` });
          const indices = part(g.indices, 'indices');
          const values = part(g.values, 'values');
          return new IndexedSlices(values, indices, g.denseShape && part(g.denseShape, 'shape'));
        }
        return identity(g, { name: `grad_ys_${i}` });
      }),
    );
  }

  #left(op: Operation): number {
    return this.#pending.get(op) ?? 0;
  }

  /** Counts, for each op between from and to, how many gradients it will get. Answers the ops of `to` that are reached. */
  #count(to: readonly Operation[], from: readonly Operation[]): Set<Operation> {
    const reached = new Set<Operation>();
    const forward = [...from];
    for (let i = 0; i < forward.length; i++) {
      const op = forward[i]!;
      if (reached.has(op)) continue;
      reached.add(op);
      for (const t of op.outputs) if (carriesGradient(t)) for (const user of t.consumers()) forward.push(user);
    }
    const reachable = new Set(to.filter((op) => reached.has(op)));
    const between = new Set<Operation>();
    const backward = [...to];
    for (let i = 0; i < backward.length; i++) {
      const op = backward[i]!;
      if (!reached.delete(op)) continue;
      between.add(op);
      for (const t of op.inputs) backward.push(t.op);
    }
    const order = [...between];
    this.#loops = maybeCreateControlFlowState(order, between, this.#options.colocateGradientsWithOps ?? false);
    for (const op of order) {
      for (const t of op.inputs) if (between.has(t.op)) this.#pending.set(t.op, this.#left(t.op) + 1);
    }
    return reachable;
  }

  #startUnusedExits(started: Set<Operation>): void {
    const loops = this.#loops!;
    for (const exit of loops.processUnusedLoopExits(this.#pending, started)) {
      if (!isTrainable(exit)) continue;
      this.#add(exit, loops.zerosLikeForExit(exit));
      this.#queue.push(exit.op);
    }
  }

  #add(t: Tensor, grad: Grad): void {
    let slots = this.#grads.get(t.op);
    if (!slots) {
      slots = t.op.outputs.map(() => []);
      this.#grads.set(t.op, slots);
    }
    const at = slots[t.index];
    if (Array.isArray(at)) at.push(grad);
    else slots[t.index] = grad; // a loop's Switch is visited twice
  }

  #visit(op: Operation, stop: ReadonlySet<Operation>, from: readonly Operation[]): void {
    const loops = this.#loops;
    this.#colocated(op, () => {
      loops?.enterGradWhileContext(op, true);
      const dys = this.#aggregate(op);
      loops?.exitGradWhileContext(op, true);
      const differentiated = dys.some((g) => g !== null) && !stop.has(op);
      const gradient = (differentiated && op.inputs.length > 0 && overriding(op)) || op.def.gradient;
      if (differentiated && gradient === 'missing') {
        throw new GraphError('Lookup', `No gradient defined for operation '${op.name}' (op type: ${op.type})`, {
          op: op.name,
        });
      }
      loops?.enterGradWhileContext(op, false);
      if (isSwitch(op) && op.context?.isWhile && op.context === this.#graph.context) refuseInitialValue(op, from);
      if (differentiated && typeof gradient === 'function') {
        for (const [i, dy] of dys.entries()) {
          if (dy === null && isTrainable(op.outputs[i]!)) {
            dys[i] = loops ? loops.zerosLike(op, i) : zerosLikeOutsideLoop(op, i);
          }
        }
        this.#spread(op, this.#differentiate(op, dys));
      }
      loops?.exitGradWhileContext(op, false);
    });
    this.#release(op);
  }

  #differentiate(op: Operation, dys: readonly (Grad | null)[]): (Grad | null)[] {
    return this.#graph.nameScope(`${op.name}_grad`, () => {
      let grads = inputGradients(op, dys);
      if (this.#options.gateGradients && grads.filter((g) => g !== null).length > 1) {
        grads = this.#graph.device(null, () =>
          this.#graph.colocateWith(null, () => tuple(grads) as (Grad | null)[], true),
        );
      }
      return grads;
    });
  }

  #spread(op: Operation, grads: readonly (Grad | null)[]): void {
    op.inputs.forEach((t, i) => {
      const g = grads[i] ?? null;
      if (g === null) return;
      if (g instanceof Tensor && t.dtype !== 'resource') {
        try {
          g.setShape(t.shape);
        } catch {
          throw new GraphError(
            'Value',
            `Incompatible shapes between op input and calculated input gradient.  Forward operation: ${op.name}.  Input index: ${i}. Original input shape: ${t.shape}.  Calculated input gradient shape: ${g.shape}`,
          );
        }
      }
      this.#add(t, g);
    });
  }

  /** Sums what came in on each output; null where nothing did. */
  #aggregate(op: Operation): (Grad | null)[] {
    const slots = this.#grads.get(op) ?? op.outputs.map(() => []);
    const method = this.#options.aggregationMethod ?? AggregationMethod.DEFAULT;
    if (![0, 1, 2].includes(method)) throw new GraphError('Value', `Invalid aggregation_method specified ${method}.`);
    slots.forEach((parts, i) => {
      if (!Array.isArray(parts)) return;
      if (parts.length < 2) slots[i] = parts[0] ?? null;
      else if (parts.every((g) => g instanceof Tensor)) slots[i] = this.#sum(op, parts as Tensor[], method);
      else slots[i] = sumSlices(parts);
    });
    this.#grads.set(op, slots);
    return [...slots] as (Grad | null)[];
  }

  #sum(op: Operation, parts: readonly Tensor[], method: number): Tensor {
    const shape = parts.reduce<Shape>((s, t) => merge(s, t.shape), null);
    if (method === AggregationMethod.EXPERIMENTAL_ACCUMULATE_N && parts.length > 2 && isFull(shape)) {
      return accumulateN(parts);
    }
    if (method !== AggregationMethod.ADD_N) {
      return this.#graph.nameScope(`${op.name}_gradient_sum`, () => parts.reduce((sum, t) => addN([sum, t])));
    }
    const byDevice = new Map<string, Tensor[]>();
    for (const t of parts) byDevice.set(t.device, [...(byDevice.get(t.device) ?? []), t]);
    const sums = [...byDevice.keys()].sort().map((device) => {
      const tensors = byDevice.get(device)!;
      return this.#graph.colocateWith(tensors[0]!.op, () => addN(tensors), true);
    });
    return addN(sums);
  }

  /** One gradient less to wait for at each producer; those that have all are next. */
  #release(op: Operation): void {
    for (const t of op.inputs) {
      this.#pending.set(t.op, this.#left(t.op) - 1);
      const left = this.#left(t.op);
      const ready = left === 0 || (this.#loops !== null && left > 0 && isLoopSwitch(t.op));
      if (!ready) continue;
      if (isLoopExit(t.op) && this.#loops) this.#deferExit(t);
      else this.#queue.push(t.op);
    }
  }

  /** The exits of a loop are visited together, when the last of them is ready. */
  #deferExit(exit: Tensor): void {
    const loops = this.#loops!;
    const state = loops.getGradState(exit.op, false)!;
    state.deferredExits.push(exit);
    state.pendingExitsCount -= 1;
    if (state.pendingExitsCount > 0) return;
    const used = state.deferredExits.filter((y) => this.#hasGrad(y.op));
    for (const y of state.deferredExits) {
      if (used.includes(y)) this.#queue.push(y.op);
      else state.unusedExits.push(y);
    }
    for (const y of state.unusedExits) {
      if (used.length > 0 && isTrainable(y)) this.#add(y, loops.zerosLikeForExit(y));
      this.#queue.push(y.op);
    }
  }

  #hasGrad(op: Operation): boolean {
    return (this.#grads.get(op) ?? []).some((g) => (Array.isArray(g) ? g.length > 0 : g !== null));
  }

  result(x: Tensor, unconnected: 'none' | 'zero'): Grad | null {
    const slots = this.#grads.get(x.op);
    if (slots) {
      const g = slots[x.index];
      return Array.isArray(g) ? (g[0] ?? null) : (g ?? null);
    }
    if (unconnected === 'none') return null;
    if (x.dtype !== 'resource') return zerosLike(x);
    return zeros(variableShape(x), x.handle?.dtype ?? 'float32');
  }
}

function checkSeed(g: Grad, y: Tensor): void {
  const what = `Gradient type ${g.dtype} generated for`;
  if (isFloating(y.dtype) || isInteger(y.dtype)) {
    if (isFloating(g.dtype) || isInteger(g.dtype)) return;
    throw new GraphError(
      'Type',
      `${what} real or integer-valued tensor ${y} with type ${y.dtype} must be real or integer`,
    );
  }
  if (isComplex(y.dtype)) {
    if (isComplex(g.dtype)) return;
    throw new GraphError('Type', `${what} complex-valued tensor ${y} with type ${y.dtype} must be real`);
  }
  if (y.dtype === 'variant' || y.dtype === 'resource') return;
  throw new GraphError('Type', `Tensor ${y} with type ${y.dtype} must be numeric to obtain a default gradient`);
}

function refuseInitialValue(op: Operation, from: readonly Operation[]): never {
  const seen = new Set<Operation>();
  const todo = [op];
  for (let i = 0; i < todo.length; i++) {
    const at = todo[i]!;
    if (seen.has(at)) continue;
    seen.add(at);
    if (from.includes(at)) {
      throw new GraphError(
        'Value',
        `Cannot compute gradient inside while loop with respect to op '${at.name}'. We do not support taking the gradient wrt or through the initial value of a loop variable. Gradients can be computed through loop invariants or wrt the input parameters to the loop body.`,
      );
    }
    for (const t of at.inputs) todo.push(t.op);
  }
  throw new GraphError('Internal', 'A loop variable without source.', { op: op.name });
}
