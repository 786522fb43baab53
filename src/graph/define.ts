/** @file defineOp: registers a definition and answers the function that adds such an op to the graph of its inputs. */
import { GraphError } from '../errors';
import type { DType } from '../value/dtype';
import { isFull, showShape } from '../value/shape';
import { Value } from '../value/value';
import { convertToTensor, dtypeIn, graphOf, type TensorLike } from './convert';
import type { Graph } from './graph';
import {
  type AnyDef,
  type Args,
  type AttrArgs,
  type AttrSpecs,
  type Bag,
  isList,
  type OpDef,
  parse,
  register,
  toBag,
} from './opdef';
import type { Operation, Tensor } from './operation';

export type { TensorLike } from './convert';

/** Adds one op; the answer holds its outputs by name, and the op itself. */
export interface MakeOp<I extends Args, O extends Args, A extends AttrSpecs> {
  (inputs: Bag<I, TensorLike>, attrs: AttrArgs<I, A>, name?: string): Bag<O, Tensor> & { readonly op: Operation<A> };
  readonly def: OpDef<I, O, A>;
  /** Narrows an operation found in a graph, so that its attrs are typed. */
  is(op: Operation): op is Operation<A>;
}

export function defineOp<const I extends Args, const O extends Args, const A extends AttrSpecs>(
  def: OpDef<I, O, A>,
): MakeOp<I, O, A> {
  const any = def as unknown as AnyDef;
  register(any);
  const make = (inputs: Bag<I, TensorLike>, attrs: AttrArgs<I, A>, name?: string) => {
    const op = apply(any, inputs as Bag<Args, TensorLike>, attrs, name);
    return { ...toBag(any.outputs, op.outputs, op.attrs), op };
  };
  const is = (op: Operation): op is Operation<A> => op.def === any;
  return Object.assign(make, { def, is }) as unknown as MakeOp<I, O, A>;
}

/** As op_def_library.apply_op: a scope for the op, in it a Const for each argument that is no tensor, then the op. */
function apply(def: AnyDef, inputs: Bag<Args, TensorLike>, given: Record<string, unknown>, name = def.name): Operation {
  const graph = graphOf(Object.values(inputs));
  return graph.nameScope(name, (scope) => {
    const attrs: Record<string, unknown> = {};
    for (const key in def.attrs) if (given[key] !== undefined) attrs[key] = given[key];
    const source: Record<string, string> = {};
    const flat = Object.keys(def.inputs).flatMap((key) => {
      const found = convertInput(graph, def, key, inputs, attrs, source);
      learn(def, key, found, attrs, source);
      return found;
    });
    fillAttrs(def, attrs, name);
    // An op lies beside the variables whose buffers it takes.
    const refs = flat.filter((t) => t.isRef && Object.values(def.inputs).some((x) => parse(x).ref)).map((t) => t.op);
    const make = () => graph.createOp(def.name, flat, attrs, { name: scope });
    return refs.reduceRight((inner, on) => () => graph.colocateWith(on, inner), make)();
  });
}

function convertInput(
  graph: Graph,
  def: AnyDef,
  key: string,
  inputs: Bag<Args, TensorLike>,
  attrs: Readonly<Record<string, unknown>>,
  source: Readonly<Record<string, string>>,
): Tensor[] {
  const spec = def.inputs[key]!;
  const { type, ref, each } = parse(spec);
  const like = inputs[key] as TensorLike | readonly TensorLike[];
  if (like === undefined || like === null) {
    throw new GraphError('Value', `None values not supported: argument '${key}' of '${def.name}' Op.`);
  }
  const known = (attrs[type] ?? (type in def.attrs ? undefined : type)) as DType | readonly DType[] | undefined;
  if (isList(spec)) {
    if (!Array.isArray(like)) {
      throw new GraphError('Type', `Expected list for '${key}' argument to '${def.name}' Op, not ${like}.`);
    }
    const one = each
      ? undefined
      : ((known as DType | undefined) ?? dtypeIn(like as TensorLike) ?? ahead(def, type, inputs));
    return (like as readonly TensorLike[]).map((x, i) => {
      const dtype = each ? (known as readonly DType[] | undefined)?.[i] : one;
      return convertOne(graph, def, key, x, dtype, `${key}_${i}`, ref, source[type]);
    });
  }
  const dtype = (known as DType | undefined) ?? dtypeIn(like as TensorLike) ?? ahead(def, type, inputs);
  return [convertOne(graph, def, key, like as TensorLike, dtype, key, ref, source[type])];
}

/** The dtype that a later tensor argument of the same type attr has, else the attr's default. */
function ahead(def: AnyDef, type: string, inputs: Bag<Args, TensorLike>): DType | undefined {
  for (const key in def.inputs) {
    if (parse(def.inputs[key]!).type !== type) continue;
    const found = dtypeIn(inputs[key] as TensorLike);
    if (found) return found;
  }
  return (def.attrs[type] as { default?: DType } | undefined)?.default;
}

function convertOne(
  graph: Graph,
  def: AnyDef,
  key: string,
  x: TensorLike,
  dtype: DType | undefined,
  name: string,
  asRef: boolean,
  from: string | undefined,
): Tensor {
  try {
    const t = convertToTensor(x, { dtype, name, asRef }, graph);
    if (asRef && !t.isRef) {
      throw new GraphError(
        'Type',
        `'${def.name}' Op requires that input '${key}' be a mutable tensor (e.g.: a tf.Variable)`,
      );
    }
    return t;
  } catch (e) {
    if (!(e instanceof GraphError) || !dtype) throw e;
    const observed = dtypeIn(x);
    if (e.code === 'Value' && observed && observed !== dtype) {
      const prefix = `Input '${key}' of '${def.name}' Op has type ${observed} that does not match`;
      const rest = from === undefined ? `expected type of ${dtype}` : `type ${dtype} of argument '${from}'`;
      throw new GraphError('Type', `${prefix} ${rest}. Use tf.cast.`);
    }
    if (e.code === 'Type' && !observed && e.reason.startsWith('Expected')) {
      throw new GraphError(
        'Type',
        `Expected ${dtype} passed to parameter '${key}' of op '${def.name}', got ${e.reason.replace(/^.* got /, '')}`,
      );
    }
    throw e;
  }
}

/** What the converted inputs say about the attrs: 'T' from their dtype, 'N' from their number. */
function learn(
  def: AnyDef,
  key: string,
  found: readonly Tensor[],
  attrs: Record<string, unknown>,
  source: Record<string, string>,
): void {
  const { type, count, each } = parse(def.inputs[key]!);
  if (count !== undefined && count in def.attrs) {
    if (attrs[count] !== undefined && attrs[count] !== found.length) {
      throw new GraphError(
        'Value',
        `List argument '${key}' to '${def.name}' Op with length ${found.length} must match length ${attrs[count]} of argument '${source[count] ?? count}'.`,
      );
    }
    attrs[count] = found.length;
    source[count] ??= key;
  }
  if (!(type in def.attrs)) return;
  if (each) attrs[type] = found.map((t) => t.dtype);
  else if (found.length > 0) {
    attrs[type] ??= found[0]!.dtype;
    source[type] ??= key;
    const odd = found.find((t) => t.dtype !== attrs[type]);
    if (odd) {
      throw new GraphError(
        'Type',
        `Tensors in list passed to '${key}' of '${def.name}' Op have types [${found.map((t) => t.dtype).join(', ')}] that don't all match.`,
      );
    }
  }
}

function fillAttrs(def: AnyDef, attrs: Record<string, unknown>, name: string): void {
  for (const key in def.attrs) {
    const spec = def.attrs[key]!;
    attrs[key] ??= (spec as { default?: unknown }).default;
    if (attrs[key] === undefined) {
      if (spec.kind === 'shape') {
        attrs[key] = null;
        continue;
      }
      throw new GraphError('Type', `${def.name} needs attr '${key}'.`, { op: name });
    }
    // A graph holds float attrs in single precision.
    if (spec.kind === 'float')
      attrs[key] = spec.list ? (attrs[key] as number[]).map(Math.fround) : Math.fround(attrs[key] as number);
    const wrong = spec.allowed && !spec.list && !(spec.allowed as readonly unknown[]).includes(attrs[key]);
    if (!wrong) continue;
    if (spec.kind === 'type') {
      const input = Object.keys(def.inputs).find((k) => parse(def.inputs[k]!).type === key) ?? key;
      throw new GraphError(
        'Type',
        `Value passed to parameter '${input}' has DataType ${attrs[key]} not in list of allowed values: ${spec.allowed!.join(', ')}`,
      );
    }
    throw new GraphError(
      'Value',
      `Value for attr '${key}' of "${attrs[key]}" is not in the list of allowed values: ${spec.allowed!.map((a) => `"${a}"`).join(', ')} (op '${name}')`,
    );
  }
}

/** A full shape as a Value of sizes, for ops that take shapes. Raises Value for an unknown dimension. */
export function sizes(shape: readonly (number | null)[], dtype: DType = 'int32'): Value {
  if (!isFull(shape)) {
    throw new GraphError('Value', `Cannot convert a partially known TensorShape to a Tensor: ${showShape(shape)}`);
  }
  return Value.from([...shape], dtype);
}
