/** @file What a run is asked for: nested structures of tensors and ops, flattened and put together again. */
import { GraphError } from '../errors';
import type { Graph } from '../graph/graph';
import { IndexedSlices } from '../graph/indexed_slices';
import { Operation, Tensor } from '../graph/operation';
import type { State } from '../layers/rnn_cells';
import type { Value } from '../value/value';

/** A tensor, an operation, a variable, a name, IndexedSlices, or arrays and objects of these. */
export type Fetches = unknown;
/** A tensor gives a Value, an operation null; arrays and objects keep their structure. */
export type Fetched<F> = F extends Tensor
  ? Value
  : F extends Operation
    ? null
    : F extends string
      ? Value
      : F extends { asGraphElement(): unknown }
        ? Value
        : F extends readonly unknown[]
          ? // The state of a cell may nest without end.
            readonly State[] extends F
            ? unknown extends F[number]
              ? { [K in keyof F]: unknown }
              : readonly State<Value>[]
            : { [K in keyof F]: Fetched<F[K]> }
          : F extends null | undefined
            ? never
            : F extends object
              ? { [K in keyof F]: Fetched<F[K]> }
              : unknown;

export interface FetchList {
  readonly tensors: readonly Tensor[];
  readonly targets: readonly Operation[];
  /** Puts the values of `tensors` into the structure that was asked for. */
  build(values: readonly (Value | null)[]): unknown;
}

export function readFetches(graph: Graph, fetches: Fetches): FetchList {
  const tensors: Tensor[] = [];
  const targets: Operation[] = [];
  type Build = (values: readonly (Value | null)[]) => unknown;
  const visit = (f: unknown): Build => {
    if (f === null || f === undefined) {
      throw new GraphError(
        'Type',
        `Fetch argument ${f} has invalid type ${f === null ? "<class 'NoneType'>" : 'undefined'}`,
      );
    }
    if (Array.isArray(f)) {
      const parts = f.map(visit);
      return (values) => parts.map((p) => p(values));
    }
    if (f instanceof IndexedSlices) {
      const parts = {
        values: visit(f.values),
        indices: visit(f.indices),
        denseShape: f.denseShape && visit(f.denseShape),
      };
      return (v) => ({ values: parts.values(v), indices: parts.indices(v), denseShape: parts.denseShape?.(v) ?? null });
    }
    if (f instanceof Map) {
      const parts = [...f].map(([key, x]) => [key, visit(x)] as const);
      return (values) => new Map(parts.map(([key, p]) => [key, p(values)]));
    }
    const isPlain =
      typeof f === 'object' && (Object.getPrototypeOf(f) === Object.prototype || Object.getPrototypeOf(f) === null);
    if (isPlain) {
      const parts = Object.entries(f).map(([key, x]) => [key, visit(x)] as const);
      return (values) => Object.fromEntries(parts.map(([key, p]) => [key, p(values)]));
    }
    const x = element(graph, f);
    if (!graph.isFetchable(x)) {
      const name = x instanceof Tensor ? x.op.name : x.name;
      throw new GraphError(
        'Value',
        `Operation '${name}' has been marked as not fetchable. Typically this happens when it is defined in a branch of tf.cond or in the body of tf.whileLoop: return it from there, and fetch what these answer.`,
      );
    }
    if (x instanceof Operation) {
      targets.push(x);
      return () => null;
    }
    const at = tensors.push(x) - 1;
    return (values) => values[at];
  };
  const build = visit(fetches);
  return { tensors, targets, build };
}

function element(graph: Graph, f: unknown): Tensor | Operation {
  try {
    return graph.asGraphElement(f);
  } catch (e) {
    if (!(e instanceof GraphError)) throw e;
    const shown = typeof f === 'string' ? `'${f}'` : String(f);
    if (e.code === 'Type') {
      throw new GraphError(
        'Type',
        `Fetch argument ${shown} has invalid type ${typeof f}, must be a string or Tensor. (${e.reason})`,
      );
    }
    throw new GraphError('Value', `Fetch argument ${shown} cannot be interpreted as a Tensor. (${e.reason})`);
  }
}
