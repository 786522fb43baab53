/** @file One parity program: build it, compare nodes, attrs and collections, then run the recorded steps. */
import { createHash } from 'node:crypto';
import * as tf from '../../src';
import { compare, type Expected, toValue } from '../golden/tensors';

interface ParityNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly device?: string;
  readonly attr: Readonly<Record<string, unknown>>;
}
export interface ParityGraph {
  readonly id: string;
  readonly nodes: readonly ParityNode[];
  readonly collections: Readonly<Record<string, readonly unknown[]>>;
}
interface Step {
  readonly feed: Readonly<Record<string, Expected>>;
  readonly fetch: readonly string[];
  readonly expect?: readonly (Expected | null)[];
  readonly error?: { readonly class: string; readonly message: string; readonly node?: string };
}
export interface ParityValues {
  readonly tolerance?: { readonly rtol: number; readonly atol: number };
  readonly stateAfterInit?: Readonly<Record<string, Expected>>;
  readonly steps: readonly Step[];
}

/** null where graph and values are TensorFlow's, else the first difference. */
export async function checkProgram(
  file: string,
  want: ParityGraph,
  values: ParityValues | null,
): Promise<string | null> {
  const graph = new tf.Graph();
  try {
    const { build } = require(file) as { build(tf: unknown): unknown };
    tf.withGraph(graph, () => void build(tf));
  } catch (e) {
    return `build: ${e instanceof Error ? (e.stack ?? '').replace(/\n\s+/g, ' | ').slice(0, 400) : e}`;
  }
  const wrong = compareNodes(graph, want.nodes) ?? compareCollections(graph, want.collections);
  if (wrong !== null || !values) return wrong;
  const session = new tf.Session({ graph });
  try {
    const { rtol = 1e-5, atol = 1e-6 } = values.tolerance ?? {};
    for (const [i, step] of values.steps.entries()) {
      const bad = await runStep(session, step, rtol, atol);
      if (bad !== null) return `step ${i}: ${bad}`;
    }
    return null;
  } finally {
    session.close();
  }
}

async function runStep(session: tf.Session, step: Step, rtol: number, atol: number): Promise<string | null> {
  const feedDict = new Map(Object.entries(step.feed).map(([k, v]) => [k, toValue(v)]));
  let got: unknown[];
  try {
    got = (await session.run([...step.fetch], { feedDict })) as unknown[];
  } catch (e) {
    if (step.error) {
      const said = (e as Error).message;
      // The first sentence decides: what follows names places in TensorFlow.
      return said.includes(step.error.message.split(/[.:;\n]/)[0]!) ? null : `'${said}' is not '${step.error.message}'`;
    }
    return `${step.fetch}: ${e instanceof Error ? (e.stack ?? '').replace(/\n\s+/g, ' | ').slice(0, 300) : e}`;
  }
  if (step.error) return `${step.fetch}: no error, expected ${step.error.message}`;
  for (const [i, expected] of (step.expect ?? []).entries()) {
    if (expected === null) continue;
    const bad = compare(got[i] as tf.Value, expected, rtol, atol);
    if (bad !== null) return `${step.fetch[i]}: ${bad}`;
  }
  return null;
}

function compareNodes(graph: tf.Graph, want: readonly ParityNode[]): string | null {
  const got = graph.getOperations();
  for (let i = 0; i < Math.max(got.length, want.length); i++) {
    const [op, node] = [got[i], want[i]];
    if (!op || !node || op.name !== node.name || op.type !== node.op) {
      const near = want.slice(Math.max(0, i - 2), i + 3).map((n) => `${n.name}(${n.op})`);
      return `node ${i}: ${op ? `${op.name}(${op.type})` : 'nothing'} in place of ${node ? `${node.name}(${node.op})` : 'nothing'}; TensorFlow has ... ${near.join(' ')} ...`;
    }
    const wrong = compareNode(op, node);
    if (wrong !== null) return `node ${i} ${node.name}(${node.op}): ${wrong}`;
  }
  return null;
}

function compareNode(op: tf.Operation, node: ParityNode): string | null {
  const data = op.inputs.map((t) => (t.index === 0 ? t.op.name : t.name));
  const control = op.controlInputs.map((c) => `^${c.name}`).sort();
  const [wantData, wantControl] = [
    node.input.filter((x) => !x.startsWith('^')),
    node.input.filter((x) => x.startsWith('^')).sort(),
  ];
  if (data.join() !== wantData.join()) return `inputs ${data} in place of ${wantData}`;
  if (control.join() !== wantControl.join()) return `control inputs ${control} in place of ${wantControl}`;
  if (op.device !== (node.device ?? '')) return `device '${op.device}' in place of '${node.device ?? ''}'`;
  const attrs = op.attrs as Record<string, unknown>;
  for (const key of new Set([...Object.keys(attrs), ...Object.keys(node.attr)])) {
    const [a, b] = [plain(attrs[key]), node.attr[key]];
    if (!same(a, b)) return `attr ${key} is ${JSON.stringify(a)}, not ${JSON.stringify(b)}`;
  }
  return null;
}

/** An attr as the recorded graphs write it. */
function plain(x: unknown): unknown {
  if (typeof x === 'bigint') return Number(x);
  if (!(x instanceof tf.Value)) return x;
  const big = x.dtype === 'int64' || x.dtype === 'uint64';
  const data = Array.from(x.data as ArrayLike<unknown>, (v) => (big ? String(v) : x.dtype === 'bool' ? Boolean(v) : v));
  return { dtype: x.dtype, shape: x.shape, data, value: x };
}

function same(a: unknown, b: unknown): boolean {
  if (a === null && b === -1) return true; // a size that is not known
  if (typeof a === 'number' && typeof b !== 'object') {
    const y = typeof b === 'string' ? Number(b) : (b as number);
    return Math.fround(a) === Math.fround(y) || (Number.isNaN(a) && b === 'NaN');
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => same(x, b[i]));
  if (a && b && typeof a === 'object' && typeof b === 'object') {
    const { dtype, shape, data, value } = a as { dtype: string; shape: unknown[]; data: unknown[]; value?: tf.Value };
    const w = b as { dtype: string; shape: unknown[]; data?: unknown[]; sha256?: string };
    if (dtype !== w.dtype || String(shape) !== String(w.shape)) return false;
    if (w.data) return same(data, w.data);
    const bytes = value!.data as unknown as Uint8Array;
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return createHash('sha256').update(view).digest('hex') === w.sha256;
  }
  return a === b || (a === undefined && b === undefined);
}

function compareCollections(graph: tf.Graph, want: ParityGraph['collections']): string | null {
  const got = Object.fromEntries(
    graph
      .getAllCollectionKeys()
      .map((key) => [key, graph.getCollection(key).map((x) => (x as { name?: string }).name ?? x)] as const)
      .filter(([, list]) => list.length > 0),
  );
  for (const key of new Set([...Object.keys(got), ...Object.keys(want)])) {
    const [a, b] = [JSON.stringify(got[key] ?? []), JSON.stringify(want[key] ?? [])];
    if (a !== b) return `collection ${key} is ${a}, not ${b}`;
  }
  return null;
}
