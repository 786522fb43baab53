/** @file One golden case: import a graph, run its steps in a session, compare with what TensorFlow gave. */
import * as tf from '../../src';
import { compare, type Expected, toValue } from './tensors';

export interface GoldenStep {
  readonly fetch: readonly string[];
  readonly target?: readonly string[];
  readonly feed?: Readonly<Record<string, Expected>>;
  readonly expect?: readonly Expected[];
  readonly error?: { readonly code: string; readonly about: string };
  readonly rtol?: number;
  readonly atol?: number;
}
export interface GoldenCase {
  readonly id: string;
  readonly area: string;
  readonly setup?: readonly string[];
  readonly steps: readonly GoldenStep[];
}

const CODES: Readonly<Record<string, readonly string[]>> = {
  INVALID_ARGUMENT: ['InvalidArgument', 'Value', 'Type'],
  FAILED_PRECONDITION: ['FailedPrecondition'],
  OUT_OF_RANGE: ['OutOfRange'],
  NOT_FOUND: ['NotFound'],
  UNIMPLEMENTED: ['Unimplemented'],
  RESOURCE_EXHAUSTED: ['ResourceExhausted'],
  INTERNAL: ['Internal'],
  ALREADY_EXISTS: ['AlreadyExists'],
  ABORTED: ['Aborted'],
  CANCELLED: ['Cancelled'],
  DATA_LOSS: ['DataLoss'],
  UNKNOWN: ['Unknown'],
};

/** null where everything matches, else what did not. */
export async function runCase(golden: GoldenCase, meta: Uint8Array): Promise<string | null> {
  const graph = new tf.Graph();
  let session: tf.Session | undefined;
  try {
    tf.withGraph(graph, () => tf.train.importMetaGraph(meta));
    session = new tf.Session({ graph });
    for (const name of golden.setup ?? []) await session.run(graph.getOperationByName(name));
    for (const [i, step] of golden.steps.entries()) {
      const wrong = await runStep(graph, session, step);
      if (wrong !== null) return `step ${i}: ${wrong}`;
    }
    return null;
  } catch (e) {
    return `${e instanceof Error ? (e.stack ?? e.message).replace(/\n\s+/g, ' | ').slice(0, 400) : e}`;
  } finally {
    session?.close();
  }
}

async function runStep(graph: tf.Graph, session: tf.Session, step: GoldenStep): Promise<string | null> {
  const feedDict = new Map(Object.entries(step.feed ?? {}).map(([k, v]) => [k, toValue(v)]));
  const fetches = [...step.fetch, ...(step.target ?? []).map((t) => graph.getOperationByName(t))];
  let values: unknown[];
  try {
    values = (await session.run(fetches, { feedDict })) as unknown[];
  } catch (e) {
    if (!step.error) throw e;
    if (!(e instanceof tf.GraphError)) return `not an error of ours: ${e instanceof Error ? e.stack : e}`;
    if (!(CODES[step.error.code] ?? []).includes(e.code))
      return `code ${e.code} in place of ${step.error.code}: ${e.message}`;
    const about = e.message.toLowerCase().includes(step.error.about.toLowerCase());
    return about ? null : `'${e.message.split('\n')[0]}' does not say '${step.error.about}'`;
  }
  if (step.error) return `no error, expected ${step.error.code} '${step.error.about}'`;
  for (const [i, expected] of (step.expect ?? []).entries()) {
    const wrong = compare(values[i] as tf.Value, expected, step.rtol ?? 1e-5, step.atol ?? 1e-6);
    if (wrong !== null) return `${step.fetch[i]}: ${wrong}`;
  }
  return null;
}
