/** @file tf.importGraphDef: a GraphDef's nodes become operations of a graph. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { type AnyDef, lookup, parse, typesOf } from '../graph/opdef';
import { type Operation, Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { wireName } from '../value/dtype';
import { Value } from '../value/value';
import { decodeAttr } from './attrs';
import { checkAttrs } from './check_attrs';
import { readFunctions } from './function_defs';
import { readGraphDef } from './messages';
import type { GraphDef, NodeDef } from './proto/tensorflow_pb';

export interface ImportOptions {
  /** Names of nodes or outputs ('A', 'A:0', '^A') and what takes their place. */
  readonly inputMap?: Readonly<Record<string, TensorLike>> | undefined;
  /** What to answer: tensors ('A:0') and operations ('A') by their names in the GraphDef. */
  readonly returnElements?: readonly string[] | undefined;
  /** The prefix of the new names; 'import' by default, '' for none. */
  readonly name?: string | undefined;
}

interface Source {
  readonly node: string;
  /** -1: a control input. */
  readonly index: number;
}
function parseInput(text: string): Source {
  if (text.startsWith('^')) return { node: text.slice(1), index: -1 };
  const [node, index] = text.split(':') as [string, string?];
  return { node, index: index === undefined ? 0 : Number(index) };
}

/**
 * Adds the nodes of a GraphDef (the message, or its bytes) to the default graph. An op type that
 * sluice does not have is imported all the same, and fails only when it must run. Answers `returnElements`, or null.
 * @tensorflow tf.import_graph_def
 */
export function importGraphDef(
  graphDef: GraphDef | Uint8Array,
  options: ImportOptions = {},
): (Tensor | Operation)[] | null {
  const def = graphDef instanceof Uint8Array ? readGraphDef(graphDef) : graphDef;
  if (typeof def !== 'object' || def === null || !Array.isArray(def.node)) {
    throw new GraphError('Type', 'graph_def must be a GraphDef proto.');
  }
  const graph = getDefaultGraph();
  const name = options.name ?? 'import';
  if (def.library) readFunctions(graph, def.library);
  const importer = new Importer(graph, def, options);
  if (name === '') return importer.run('');
  return graph.nameScope(name, (scope) => importer.run(scope));
}

class Importer {
  readonly #graph: Graph;
  readonly #nodes: readonly NodeDef[];
  readonly #options: ImportOptions;
  readonly #byName = new Map<string, NodeDef>();
  readonly #made = new Map<string, Operation>();
  readonly #usedKeys = new Set<string>();
  readonly #outputs = new Map<string, number>();
  readonly #late: (() => void)[] = [];
  /** Names, and names of scopes, that the graph had before. */
  readonly #taken = new Set<string>();
  /** The same of the GraphDef: a name made up here must not be one of these either. */
  readonly #given = new Set<string>();
  /** What a name became, where it was taken. */
  readonly #renamed = new Map<string, string>();
  #map = new Map<string, Tensor>();

  constructor(graph: Graph, def: GraphDef, options: ImportOptions) {
    this.#graph = graph;
    this.#nodes = def.node;
    this.#options = options;
  }

  run(prefix: string): (Tensor | Operation)[] | null {
    for (const node of this.#nodes) {
      if (this.#byName.has(node.name)) throw new GraphError('Value', `Node '${node.name}' is not unique`);
      this.#byName.set(node.name, node);
      withScopes(node.name, this.#given);
    }
    for (const op of this.#graph.getOperations()) withScopes(op.name, this.#taken);
    this.#readMap();
    for (const node of this.#nodes) {
      for (const text of node.input) this.#checkInput(node, parseInput(text), text);
    }
    for (const node of this.#order()) this.#make(node, prefix);
    for (const close of this.#late) close();
    if (this.#renamed.size > 0) this.#moveGroups();
    const unused = Object.keys(this.#options.inputMap ?? {}).filter((k) => !this.#usedKeys.has(k));
    if (unused.length > 0) {
      throw new GraphError('Value', `Attempted to map inputs that were not found in graph_def: [${unused.join(', ')}]`);
    }
    return this.#options.returnElements?.map((e) => this.#element(e)) ?? null;
  }

  #readMap(): void {
    const { inputMap = {}, name } = this.#options;
    const entries = Object.entries(inputMap);
    if (entries.some(([, x]) => !(x instanceof Tensor)) && name === '') {
      throw new GraphError(
        'Value',
        'tf.import_graph_def() requires a non-empty `name` if `input_map` contains non-Tensor values.',
      );
    }
    this.#map = new Map(
      entries.map(([key, x]) => {
        const t = x instanceof Tensor ? x : this.#graph.nameScope('_inputs', () => convertToTensor(x));
        return [key, t];
      }),
    );
  }

  #mapped({ node, index }: Source): Tensor | undefined {
    const keys = index < 0 ? [`^${node}`] : index === 0 ? [`${node}:0`, node] : [`${node}:${index}`];
    for (const key of keys) {
      const t = this.#map.get(key);
      if (!t) continue;
      this.#usedKeys.add(key);
      return t;
    }
    return undefined;
  }

  #checkInput(node: NodeDef, source: Source, text: string): void {
    if (this.#mapped(source)) return;
    if (!this.#byName.has(source.node)) {
      const full = text.includes(':') || text.startsWith('^') ? text : `${text}:0`;
      throw new GraphError('Value', `Node '${node.name}': Unknown input node '${full}'`);
    }
    if (source.index >= 0) {
      this.#outputs.set(source.node, Math.max(this.#outputs.get(source.node) ?? 0, source.index + 1));
    }
  }

  /** Inputs first; a loop's Merge does not wait for what comes round. */
  #order(): NodeDef[] {
    const missing = new Map<string, number>();
    const users = new Map<string, NodeDef[]>();
    for (const node of this.#nodes) {
      let count = 0;
      for (const text of node.input) {
        const source = parseInput(text);
        if (this.#mapped(source) || this.#comesRound(node, source)) continue;
        count++;
        const list = users.get(source.node);
        if (list) list.push(node);
        else users.set(source.node, [node]);
      }
      missing.set(node.name, count);
    }
    const order = this.#nodes.filter((n) => missing.get(n.name) === 0);
    for (let i = 0; i < order.length; i++) {
      for (const user of users.get(order[i]!.name) ?? []) {
        const left = missing.get(user.name)! - 1;
        missing.set(user.name, left);
        if (left === 0) order.push(user);
      }
    }
    if (order.length < this.#nodes.length) {
      const stuck = this.#nodes.filter((n) => missing.get(n.name)! > 0).map((n) => n.name);
      throw new GraphError(
        'Value',
        `Cycle detected: ${stuck.length} nodes wait for each other, among them '${stuck.slice(0, 3).join("', '")}'.`,
      );
    }
    return order;
  }

  #comesRound(node: NodeDef, source: Source): boolean {
    return lookup(node.op)?.flow === 'merge' && lookup(this.#byName.get(source.node)?.op ?? '')?.flow === 'next';
  }

  #uniqueName(asked: string): string {
    let name = asked;
    for (let i = 1; this.#taken.has(name) || (i > 1 && this.#given.has(name)); i++) name = `${asked}_${i}`;
    if (name !== asked) this.#renamed.set(asked, name);
    return name;
  }

  /** Ops stay beside the imported ops they were beside. */
  #moveGroups(): void {
    for (const op of this.#made.values()) {
      const groups = (op.attrs as { _class?: unknown })._class;
      if (!Array.isArray(groups)) continue;
      const moved = (c: string) => (c.startsWith('loc:@') ? (this.#renamed.get(c.slice(5)) ?? c.slice(5)) : null);
      op.setAttr(
        '_class',
        (groups as string[]).map((c) => (moved(c) === null ? c : `loc:@${moved(c)}`)),
      );
    }
  }

  #make(node: NodeDef, prefix: string): void {
    const graph = this.#graph;
    const full = this.#uniqueName(`${prefix}${node.name}`);
    graph.nameScope(null, () => {
      if (graph.uniqueName(full, false) === full) graph.uniqueName(full);
    });
    const data: (Tensor | undefined)[] = [];
    const control: Operation[] = [];
    for (const text of node.input) {
      const source = parseInput(text);
      const t = this.#mapped(source);
      if (source.index < 0) control.push(t ? t.op : this.#made.get(source.node)!);
      else data.push(t ?? this.#output(node, source));
    }
    const attrs = this.#attrs(node, prefix);
    const def = lookup(node.op) ?? unknownDef(node, data, attrs, this.#outputs.get(node.name) ?? 1);
    fillDefaults(def, attrs);
    checkAttrs(def, attrs, full);
    const first = data.find((t) => t !== undefined);
    const inputs = data.map((t) => t ?? first!);
    checkTypes(def, attrs, inputs, full);
    const op = graph.createOp(node.op, inputs, attrs, { name: `${full}/`, def, controlInputs: control });
    op.device = node.device || op.device;
    data.forEach((t, i) => {
      if (!t) this.#late.push(() => op.updateInput(i, this.#output(node, parseInput(node.input[i]!))!));
    });
    this.#made.set(node.name, op);
  }

  #output(user: NodeDef, { node, index }: Source): Tensor | undefined {
    const op = this.#made.get(node);
    if (!op) return undefined;
    const t = op.outputs[index];
    if (!t) {
      throw new GraphError(
        'Value',
        `Node '${user.name}': Connecting to invalid output ${index} of source node ${node} which has ${op.outputs.length} outputs`,
      );
    }
    return t;
  }

  #attrs(node: NodeDef, prefix: string): Record<string, unknown> {
    const attrs: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(node.attr)) {
      const x = decodeAttr(value);
      attrs[key] = isTensorValue(x) ? new Value(x.dtype, x.shape, x.data as ArrayLike<number>) : x;
    }
    if (prefix !== '' && Array.isArray(attrs._class)) {
      attrs._class = (attrs._class as string[]).map((c) => (c.startsWith('loc:@') ? `loc:@${prefix}${c.slice(5)}` : c));
    }
    if (prefix !== '' && typeof attrs.frame_name === 'string') attrs.frame_name = `${prefix}${attrs.frame_name}`;
    return attrs;
  }

  #element(text: string): Tensor | Operation {
    const parts = text.split(':');
    if (parts.length > 2) throw new GraphError('Value', `Cannot convert '${text}' to a tensor name.`);
    const op = this.#made.get(parts[0]!);
    if (parts.length === 1) {
      if (op) return op;
      throw new GraphError('Value', `Requested return node '${text}' not found in graph def`);
    }
    if (!op) throw new GraphError('Value', `Requested return tensor '${text}' not found in graph def`);
    const t = this.#mapped({ node: parts[0]!, index: Number(parts[1]) }) ?? op.outputs[Number(parts[1])];
    if (t) return t;
    throw new GraphError(
      'Value',
      `Invalid return output ${parts[1]} of node '${parts[0]}', which has ${op.outputs.length} output(s)`,
    );
  }
}

/** `a/b/c`, `a/b` and `a` */
function withScopes(name: string, names: Set<string>): void {
  for (let at = name.length; at > 0; at = name.lastIndexOf('/', at - 1)) names.add(name.slice(0, at));
}

const isTensorValue = (x: unknown): x is Pick<Value, 'dtype' | 'shape' | 'data'> =>
  typeof x === 'object' && x !== null && 'dtype' in x && 'data' in x;

function fillDefaults(def: AnyDef, attrs: Record<string, unknown>): void {
  for (const key in def.attrs) {
    const spec = def.attrs[key]! as { kind: string; default?: unknown };
    attrs[key] ??= 'default' in spec ? spec.default : undefined;
    if (attrs[key] === undefined && spec.kind === 'shape') attrs[key] = null;
  }
}

function checkTypes(def: AnyDef, attrs: Record<string, unknown>, inputs: readonly Tensor[], name: string): void {
  const expected = Object.values(def.inputs).flatMap((spec) =>
    typesOf(spec, attrs).map((t) => ({ t, ref: parse(spec).ref })),
  );
  if (expected.length !== inputs.length) {
    throw new GraphError(
      'Value',
      `NodeDef expected inputs '${expected.map((e) => wireName(e.t)).join(', ')}' do not match ${inputs.length} inputs specified; Op<name=${def.name}> for node '${name}'`,
    );
  }
  expected.forEach(({ t, ref }, i) => {
    const input = inputs[i]!;
    if (input.dtype === t && (!ref || input.isRef)) return;
    const suffix = (isRef: boolean) => (isRef ? '_ref' : '');
    throw new GraphError(
      'Value',
      `Input ${i} of node ${name} was passed ${wireName(input.dtype)}${suffix(input.isRef)} from ${input.name} incompatible with expected ${wireName(t)}${suffix(ref)}.`,
    );
  });
}

/** Stands for an op type that sluice does not have: any inputs, outputs of unknown shape, and an error when it runs. */
function unknownDef(
  node: NodeDef,
  data: readonly (Tensor | undefined)[],
  attrs: Record<string, unknown>,
  count: number,
): AnyDef {
  const guess = (attrs.dtype ?? attrs.T ?? attrs.Tout ?? attrs.output_type ?? 'variant') as DType | readonly DType[];
  const types = Array.isArray(guess) ? [...guess] : [guess];
  while (types.length < count) types.push(types[0] ?? 'variant');
  const name = node.op;
  return {
    name,
    inputs: Object.fromEntries(data.map((t, i) => [`input_${i}`, t?.dtype ?? 'variant'])),
    outputs: Object.fromEntries(types.map((t, i) => [`output_${i}`, t])),
    attrs: {},
    stateful: true,
    infer: () => ({}),
    gradient: 'missing',
    reference: () => {
      throw new GraphError(
        'Unimplemented',
        `Op type not registered '${name}' in sluice. The graph was imported, but this op cannot run here.`,
      );
    },
  };
}
