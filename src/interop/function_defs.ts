/** @file The function library of a GraphDef: bodies to and from FunctionDefs. */
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { FunctionGraph, functionsOf, type GraphFunction } from '../graph/functions';
import type { Graph } from '../graph/graph';
import { indexOf, lookup, typesOf } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { decodeAttr, encodeAttr } from './attrs';
import { importGraphDef } from './import_graph';
import {
  type AttrValue,
  type FunctionDef,
  FunctionDef_ArgAttrsSchema,
  type FunctionDefLibrary,
  FunctionDefLibrarySchema,
  FunctionDefSchema,
  GraphDefSchema,
  type NodeDef,
  NodeDefSchema,
  OpDef_ArgDefSchema,
  OpDefSchema,
} from './proto/tensorflow_pb';
import { dtypeNumber, dtypeOf } from './types';

type AttrMap = Record<string, AttrValue>;

// ---- writing ------------------------------------------------------------------------------------------------------

/** An op's attrs as a NodeDef has them. */
export const nodeAttrs = (op: Operation): AttrMap =>
  Object.fromEntries(
    Object.entries(op.attrs as Record<string, unknown>)
      .filter(([, x]) => x !== undefined)
      .map(([key, x]) => [key, encodeAttr(x, op.def.attrs[key])]),
  );

/** All functions of a graph. */
export function functionLibrary(graph: Graph): FunctionDefLibrary | undefined {
  const all = [...functionsOf(graph).values()];
  if (all.length === 0) return undefined;
  return create(FunctionDefLibrarySchema, { function: all.map(writeFunction) });
}

/** Names as TensorFlow makes them: those of arguments are lower case, and none is used twice. */
class Names {
  readonly #used = new Map<string, number>();

  unique(name: string): string {
    let candidate = name;
    for (let i = this.#used.get(name) ?? 0; this.#used.has(candidate); i++) {
      candidate = `${name}_${i}`;
      this.#used.set(name, i + 1);
    }
    this.#used.set(candidate, 0);
    return candidate;
  }
  argument(name: string): string {
    return this.unique(/[a-z].*/.exec(name.toLowerCase().replace(/[^a-z0-9]/g, '_'))?.[0] ?? 'unknown');
  }
}

function writeFunction({ name, body, inputs, outputs, effects, attrs, description }: GraphFunction): FunctionDef {
  const names = new Names();
  const argument = (t: Tensor) =>
    create(OpDef_ArgDefSchema, { name: names.argument(t.op.name), type: dtypeNumber(t.dtype, t.isRef) });
  const [output_arg, input_arg] = [outputs.map(argument), inputs.map(argument)];
  const isInput = new Set(inputs.map((t) => t.op));
  const ops = body.getOperations().filter((op) => !isInput.has(op) && op.type !== '_Retval');
  const nodeNames = new Map(ops.map((op) => [op, names.unique(op.name)]));
  const places = new Map(inputs.map((t, i) => [t, input_arg[i]!.name]));
  for (const op of ops) {
    let at = 0;
    for (const [key, spec] of Object.entries(op.def.outputs)) {
      typesOf(spec, op.attrs).forEach((_, i) => {
        places.set(op.outputs[at++]!, `${nodeNames.get(op)}:${key}:${i}`);
      });
    }
  }
  const node = (op: Operation): NodeDef =>
    create(NodeDefSchema, {
      name: nodeNames.get(op)!,
      op: op.type,
      input: [
        ...op.inputs.map((t) => places.get(t)!),
        ...op.controlInputs.filter((c) => nodeNames.has(c)).map((c) => `^${nodeNames.get(c)}`),
      ],
      device: op.device,
      attr: nodeAttrs(op),
    });
  const controlOutput = effects.map((op) => nodeNames.get(op)!);
  const marks = inputs.map((t) => Object.entries(nodeAttrs(t.op)).filter(([key]) => key.startsWith('_')));
  return create(FunctionDefSchema, {
    signature: create(OpDefSchema, {
      name,
      description,
      inputArg: input_arg,
      outputArg: output_arg,
      controlOutput,
      isStateful: ops.some((op) => op.def.stateful === true),
    }),
    nodeDef: ops.map(node),
    ret: Object.fromEntries(outputs.map((t, i) => [output_arg[i]!.name, places.get(t)!])),
    controlRet: Object.fromEntries(controlOutput.map((x) => [x, x])),
    attr: Object.fromEntries(Object.entries(attrs).map(([key, x]) => [key, encodeAttr(x)])),
    argAttr: Object.fromEntries(
      marks.map((own, i) => [i, create(FunctionDef_ArgAttrsSchema, { attr: Object.fromEntries(own) })]),
    ),
  });
}

// ---- reading ------------------------------------------------------------------------------------------------------

/** Adds the functions of a library to a graph. Raises Value for another function of a name that is there already. */
export function readFunctions(graph: Graph, library: FunctionDefLibrary): void {
  const known = functionsOf(graph);
  for (const def of library.function) {
    const f = readFunction(graph, def);
    const other = known.get(f.name);
    if (other && !isSame(other, f)) {
      throw new GraphError(
        'Value',
        `Cannot add function '${f.name}' because a different function with the same name already exists.`,
      );
    }
    if (!other) known.set(f.name, f);
  }
}
function isSame(a: GraphFunction, b: GraphFunction): boolean {
  const [x, y] = [a, b].map((f) => toBinary(FunctionDefSchema, writeFunction(f))) as [Uint8Array, Uint8Array];
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

function readFunction(graph: Graph, def: FunctionDef): GraphFunction {
  const { signature } = def;
  if (!signature || signature.name === '') throw new GraphError('DataLoss', 'A function of the library has no name.');
  const { name, description } = signature;
  const body = new FunctionGraph(graph);
  const inputs = signature.inputArg.map((arg) => {
    const { dtype } = dtypeOf(arg.type);
    return body.addInput(arg.name, dtype, null, dtype === 'resource' ? 'handle' : 'placeholder');
  });
  markInputs(inputs, def);
  const flat = flattener(def);
  const node = def.nodeDef.map((n) => create(NodeDefSchema, { ...n, input: n.input.map(flat) }));
  const used = new Set(node.flatMap((n) => n.input));
  const byName = new Map(signature.inputArg.map((arg, i) => [arg.name, inputs[i]!]));
  const inputMap = Object.fromEntries([...byName].filter(([key]) => used.has(key)));
  const returned = signature.outputArg.map(({ name: key }) => {
    const source = def.ret[key];
    if (source !== undefined) return flat(source);
    throw new GraphError('Value', `Function '${name}' does not say what its output '${key}' is.`);
  });
  const returnElements = returned.filter((x) => !byName.has(x)).map((x) => (x.includes(':') ? x : `${x}:0`));
  const made = body.asDefault(() =>
    importGraphDef(create(GraphDefSchema, { node }), { name: '', inputMap, returnElements }),
  ) as Tensor[];
  let at = 0;
  const outputs = returned.map((x) => byName.get(x) ?? made[at++]!);
  const effects = Object.values(def.controlRet).flatMap((key) => body.findOperation(key) ?? []);
  const attrs = Object.fromEntries(Object.entries(def.attr).map(([key, x]) => [key, decodeAttr(x)]));
  return { name, body, inputs, outputs, effects, attrs, description };
}
function markInputs(inputs: readonly Tensor[], { argAttr }: FunctionDef): void {
  inputs.forEach((t, i) => {
    for (const [key, x] of Object.entries(argAttr[i]?.attr ?? {})) t.op.setAttr(key, decodeAttr(x));
  });
}

/** `node:output:1`, as functions name their tensors, becomes `node:3`, as graphs do. */
function flattener({ nodeDef }: FunctionDef): (input: string) => string {
  const nodes = new Map(nodeDef.map((n) => [n.name, n]));
  return (input) => {
    const [name, output, index = '0'] = input.split(':') as [string, string?, string?];
    const node = nodes.get(name);
    if (output === undefined || !node) return input;
    const def = lookup(node.op);
    const attrs = Object.fromEntries(Object.entries(node.attr).map(([key, x]) => [key, decodeAttr(x)]));
    const first = def && output in def.outputs ? indexOf(def.outputs, output, attrs) : 0;
    const at = first + Number(index);
    return at === 0 ? name : `${name}:${at}`;
  };
}
