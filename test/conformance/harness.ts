/** @file What the conformance tests share: a graph with one session, values as plain lists, names, expected errors. */
import * as tf from '../../src';
import type { Code } from '../../src/errors';
import { defineOp } from '../../src/graph/define';
import type { Known } from '../../src/graph/opdef';

export type Feed = readonly (readonly [key: unknown, value: unknown])[];

/** One graph, and one session that keeps its state between runs. */
export class Bench {
  readonly graph = new tf.Graph();
  #session: tf.Session | undefined;

  get session(): tf.Session {
    this.#session ??= new tf.Session({ graph: this.graph });
    return this.#session;
  }
  /** Makes something in the graph. */
  build<T>(make: (graph: tf.Graph) => T): T {
    return tf.withGraph(this.graph, () => make(this.graph));
  }
  /** Values as plain numbers, booleans, strings and lists. */
  async run(fetches: unknown, feed: Feed = []): Promise<unknown> {
    return plain(await this.session.run(fetches, { feedDict: feed as never }));
  }
  async init(): Promise<void> {
    await this.session.run(this.build(() => tf.globalVariablesInitializer()));
  }
}
export const bench = (): Bench => new Bench();

/** The kind of graph most tests need: fresh, and the default one while `body` runs. */
export const inGraph = <T>(body: (graph: tf.Graph) => T): T => new Bench().build(body);

export function plain(x: unknown): unknown {
  if (x instanceof tf.Value) return plain(x.toArray());
  if (typeof x === 'bigint') return Number(x);
  if (Array.isArray(x)) return x.map(plain);
  if (x instanceof Map) return new Map([...x].map(([k, v]) => [k, plain(v)]));
  if (typeof x === 'object' && x !== null) return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]));
  return x;
}

export const opOf = (x: unknown): tf.Operation => (x instanceof tf.Operation ? x : (x as { op: tf.Operation }).op);
export const names = (list: readonly { readonly name: string }[]): string[] => list.map((x) => x.name);
/** The names of the ops that x's op waits for besides its inputs. */
export const controls = (x: unknown): string[] => names(opOf(x).controlInputs);
export const opNames = (graph: tf.Graph = tf.getDefaultGraph()): string[] => names(graph.getOperations());
export const opNamed = (name: string, graph: tf.Graph = tf.getDefaultGraph()): tf.Operation =>
  graph.getOperationByName(name);
/** Order does not matter. */
export const sorted = <T>(list: readonly T[]): T[] => [...list].sort();

function check(e: unknown, code: Code, words: string): void {
  expect(e).toBeInstanceOf(tf.GraphError);
  expect((e as tf.GraphError).message).toContain(words);
  expect((e as tf.GraphError).code).toBe(code);
}
/** f throws a GraphError of this code whose message holds these words. */
export function expectError(code: Code, words: string, f: () => unknown): void {
  let result: unknown;
  try {
    result = f();
  } catch (e) {
    check(e, code, words);
    return;
  }
  throw new Error(`no error; the answer was ${String(result)}`);
}
/** The same for a run. */
export async function expectRunError(code: Code, words: string, run: () => Promise<unknown>): Promise<void> {
  let result: unknown;
  try {
    result = await run();
  } catch (e) {
    check(e, code, words);
    return;
  }
  throw new Error(`no error; the answer was ${String(result)}`);
}
/** Each number within `tol` of the one expected; the nesting exactly. */
export function expectClose(found: unknown, expected: unknown, tol: number): void {
  if (Array.isArray(expected)) {
    expect(found).toHaveLength(expected.length);
    for (const [i, e] of expected.entries()) expectClose((found as unknown[])[i], e, tol);
    return;
  }
  expect(Math.abs((found as number) - (expected as number))).toBeLessThanOrEqual(tol);
}

// The ops that TensorFlow's own tests use (framework/test_ops.py).
const unknown = (n: number) => () => Object.fromEntries(['a', 'b'].slice(0, n).map((k) => [k, null])) as never;
const none = { attrs: {}, gradient: 'missing', reference: null } as const;
const ignore = (_: Readonly<Record<string, Known>>) => ({}) as never;
export const testOps = {
  None: defineOp({ name: 'None', inputs: {}, outputs: {}, ...none, infer: ignore }),
  FloatOutput: defineOp({ name: 'FloatOutput', inputs: {}, outputs: { a: 'float32' }, ...none, infer: unknown(1) }),
  FloatInput: defineOp({ name: 'FloatInput', inputs: { a: 'float32' }, outputs: {}, ...none, infer: ignore }),
  TwoFloatOutputs: defineOp({
    name: 'TwoFloatOutputs',
    inputs: {},
    outputs: { a: 'float32', b: 'float32' },
    ...none,
    infer: unknown(2),
  }),
  FloatOutputStringOutput: defineOp({
    name: 'FloatOutputStringOutput',
    inputs: {},
    outputs: { a: 'float32', b: 'string' },
    ...none,
    infer: unknown(2),
  }),
  Foo2: defineOp({
    name: 'Foo2',
    inputs: { x: 'float32', y: 'string', z: 'string' },
    outputs: { a: 'float32', b: 'int32' },
    ...none,
    infer: unknown(2),
  }),
  IntOutput: defineOp({ name: 'IntOutput', inputs: {}, outputs: { a: 'int32' }, ...none, infer: unknown(1) }),
  IntInput: defineOp({ name: 'IntInput', inputs: { a: 'int32' }, outputs: {}, ...none, infer: ignore }),
  TwoIntOutputs: defineOp({
    name: 'TwoIntOutputs',
    inputs: {},
    outputs: { a: 'int32', b: 'int32' },
    ...none,
    infer: unknown(2),
  }),
  TwoIntInputs: defineOp({
    name: 'TwoIntInputs',
    inputs: { x: 'int32', y: 'int32' },
    outputs: {},
    ...none,
    infer: ignore,
  }),
};
export const floatOutput = (name?: string): tf.Tensor => testOps.FloatOutput({}, {}, name).a;
