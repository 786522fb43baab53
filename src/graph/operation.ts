/** @file Operation and Tensor: the nodes of a graph and what flows out of them. */
import { GraphError } from '../errors';
import type { DType } from '../value/dtype';
import { compatible, isFull, merge, type Shape, showShape, tupleShape } from '../value/shape';
import type { ControlFlowContext } from './context';
import { fold } from './fold';
import type { Graph } from './graph';
import {
  type AnyDef,
  type AttrSpecs,
  type Attrs,
  flatShapes,
  type Handle,
  type Known,
  parse,
  toBag,
  typesOf,
} from './opdef';

/** One output of an operation. Shape: null where unknown; dtype: the base type, also for refs. @tensorflow tf.Tensor */
export class Tensor {
  readonly op: Operation;
  readonly index: number;
  readonly dtype: DType;
  readonly isRef: boolean;
  /** Static shape; null rank or null dimensions are unknown. */
  shape: Shape;
  /** What is known besides the shape; see Known. */
  value: readonly number[] | undefined;
  partial: readonly (number | null)[] | undefined;
  handle: Handle | undefined;

  constructor(op: Operation, index: number, dtype: DType, ref: boolean, shape: Shape) {
    this.op = op;
    this.index = index;
    this.dtype = dtype;
    this.isRef = ref;
    this.shape = shape;
  }
  get name(): string {
    return `${this.op.name}:${this.index}`;
  }
  get graph(): Graph {
    return this.op.graph;
  }
  get device(): string {
    return this.op.device;
  }
  /** The ops that take this tensor as a data input, in creation order. */
  consumers(): Operation[] {
    return this.graph.consumersOf(this);
  }
  /** Merges what is known of the shape; raises Value where it contradicts. */
  setShape(shape: Shape): void {
    if (!compatible(this.shape, shape)) {
      throw new GraphError('Value', `Shapes ${tupleShape(this.shape)} and ${tupleShape(shape)} are not compatible`, {
        op: this.op.name,
      });
    }
    this.shape = merge(this.shape, shape);
  }
  /** `Tensor("x:0", shape=(2, ?), dtype=float32)` */
  toString(): string {
    const shape = this.shape === null ? '' : `, shape=${tupleShape(this.shape)}`;
    return `Tensor("${this.name}"${shape}, dtype=${this.dtype}${this.isRef ? '_ref' : ''})`;
  }
  /** A tensor has no value while the graph is built: comparing or adding it by JavaScript operators is refused. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new GraphError(
      'Type',
      `using a \`tf.Tensor\` as a JavaScript number or bool is not allowed in Graph execution: ${this}. Use tf.add, x.add(y), tf.cond, or session.run.`,
      { op: this.op.name },
    );
  }
  [Symbol.iterator](): Iterator<Tensor> {
    throw new GraphError(
      'Type',
      'iterating over `tf.Tensor` is not allowed in Graph execution. Use tf.unstack, or session.run first.',
      { op: this.op.name },
    );
  }
}

/** A node of the graph: it computes nothing until a session runs it. @tensorflow tf.Operation */
export class Operation<A extends AttrSpecs = AttrSpecs> {
  readonly graph: Graph;
  /** 1 for the first op, then counting: creation order. */
  readonly id: number;
  readonly name: string;
  readonly def: AnyDef;
  readonly attrs: Attrs<A>;
  readonly outputs: readonly Tensor[];
  device = '';
  /** The cond or while context the op was made in. */
  context: ControlFlowContext | null = null;
  #inputs: Tensor[];
  #control: Operation[];

  constructor(
    graph: Graph,
    id: number,
    name: string,
    def: AnyDef,
    inputs: Tensor[],
    control: Operation[],
    attrs: Attrs<A>,
    outputTypes?: readonly (readonly [DType, ref: boolean])[],
  ) {
    this.graph = graph;
    this.id = id;
    this.name = name;
    this.def = def;
    this.#inputs = inputs;
    this.#control = control;
    this.attrs = attrs;
    const kinds =
      outputTypes ??
      Object.values(def.outputs).flatMap((spec) => typesOf(spec, attrs).map((t) => [t, parse(spec).ref] as const));
    this.outputs = kinds.map(([dtype, ref], i) => new Tensor(this, i, dtype, ref, null));
    this.infer();
  }

  get type(): string {
    return this.def.name;
  }
  get inputs(): readonly Tensor[] {
    return this.#inputs;
  }
  get controlInputs(): readonly Operation[] {
    return this.#control;
  }
  /** The ops that wait for this one by a control edge, in creation order. */
  get controlOutputs(): readonly Operation[] {
    return this.graph.getOperations().filter((op) => op.controlInputs.some((c) => c === this));
  }
  attr<K extends keyof A>(name: K): Attrs<A>[K] {
    return this.attrs[name];
  }
  /** The names of `_class`, or the op's own: ops of one group share a device. */
  colocationGroups(): string[] {
    const own = ((this.attrs as Record<string, unknown>)._class as readonly string[] | undefined) ?? [];
    const groups = own.filter((c) => c.startsWith('loc:@'));
    return groups.length > 0 ? groups : [`loc:@${this.name}`];
  }
  /** tf.Operation._set_attr: for marks such as `_class`. */
  setAttr(name: string, value: unknown): void {
    (this.attrs as Record<string, unknown>)[name] = value;
  }
  /** Replaces one data input; the type must stay. */
  updateInput(index: number, t: Tensor): void {
    if (t.graph !== this.graph) throw new GraphError('Value', `${t} must be from the same graph as ${this.name}.`);
    this.graph.disconnect(this.#inputs[index]!, this);
    this.#inputs[index] = t;
    this.graph.connect(t, this);
    this.graph.touch();
  }
  addControlInput(op: Operation): void {
    this.addControlInputs([op]);
  }
  addControlInputs(ops: readonly Operation[]): void {
    for (const op of ops) if (!this.#control.includes(op)) this.#control.push(op);
    this.graph.touch();
  }
  removeControlInputs(gone?: readonly Operation[]): void {
    this.#control = gone ? this.#control.filter((op) => !gone.includes(op)) : [];
    this.graph.touch();
  }

  /** Shapes, values and handles of the outputs from what is known of the inputs. */
  infer(): void {
    const { def, attrs } = this;
    const inputs = this.#inputs.map(known);
    const bag = toBag(def.inputs, inputs, attrs) as never;
    let shapes: Record<string, Shape | readonly Shape[]>;
    try {
      shapes = def.infer(bag, attrs as never) as typeof shapes;
    } catch (e) {
      if (!(e instanceof GraphError)) throw e;
      const given = this.#inputs.map((t) => showShape(t.shape).replace('<unknown>', '?')).join(', ');
      throw new GraphError(e.code, `${e.reason} for '${this.name}' (op: '${this.type}') with input shapes: ${given}.`);
    }
    const flat = flatShapes(def, attrs, shapes);
    this.outputs.forEach((t, i) => {
      t.shape = flat[i] ?? null;
    });
    const first = this.outputs[0];
    if (!first) return;
    for (const [out, from] of Object.entries(def.alias ?? {})) {
      if (def.flow || def.stateful || Object.keys(def.outputs)[0] !== out) continue;
      if (def.aliasWhen?.(bag, attrs as never) === false) continue;
      const source = inputs[Object.keys(def.inputs).indexOf(from as string)];
      first.value = isFull(first.shape) ? source?.value : undefined;
      first.partial = first.value; // not more: TensorFlow's shape refiner does not look through these
    }
    if (first.dtype === 'resource' || first.dtype === 'variant') {
      for (const t of this.outputs) t.handle = def.handle ? def.handle(bag, attrs as never) : inputs[0]?.handle;
    }
    this.outputs.forEach((t, i) => {
      t.partial ??= def.partial?.(bag, attrs as never, i);
    });
    fold(this, inputs).forEach((cells, i) => {
      const t = this.outputs[i]!;
      t.value ??= cells;
      t.partial ??= cells;
    });
  }

  toString(): string {
    return `<tf.Operation '${this.name}' type=${this.type}>`;
  }
}

/** What is known of a tensor while the graph is built. */
export const known = (t: Tensor): Known => t;

/** The constant a tensor is, as numbers, where it can be told without a run (tensor_util.constant_value). */
export const constantValue = (t: Tensor): readonly number[] | undefined => t.value;

/** The shape a tensor of sizes stands for, as far as it can be told (tensor_util.constant_value_as_shape). */
export function constantShape(t: Tensor): Shape {
  if (t.partial) return t.partial.map((d) => (d === -1 ? null : d));
  return isFull(t.shape) && t.shape.length === 1 ? new Array(t.shape[0]!).fill(null) : null;
}
