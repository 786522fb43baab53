/** @file Ops that only order others, and checks: NoOp, group, tuple, Assert, Print. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isConvertible, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { Graph, getDefaultGraph } from '../graph/graph';
import { IndexedSlices } from '../graph/indexed_slices';
import { int, text, type, types } from '../graph/opdef';
import { Operation, Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { showShape } from '../value/shape';
import type { Named } from './array';
import { identity } from './array';
import { cond } from './cond';
import { refIdentity } from './identity';
import { flatten } from './structure';
import { summarize } from './summarize';

const NoOp = defineOp({
  name: 'NoOp',
  inputs: {},
  outputs: {},
  attrs: {},
  infer: () => ({}),
  gradient: null,
  reference: null,
});
/** An op that does nothing but wait for its control inputs. @tensorflow tf.no_op */
export function noOp({ name }: Named = {}): Operation {
  return NoOp({}, {}, name).op;
}

const ControlTrigger = defineOp({
  name: 'ControlTrigger',
  inputs: {},
  outputs: {},
  attrs: {},
  flow: 'trigger',
  infer: () => ({}),
  gradient: 'missing',
  reference: null,
});
/** Runs even where its control inputs are dead. */
export function controlTrigger({ name }: Named = {}): Operation {
  return ControlTrigger({}, {}, name).op;
}

/** The graph of the first node that has one. */
function graphAmong(nodes: readonly unknown[]): Graph {
  const found = (nodes as { readonly graph?: unknown }[]).find((x) => x?.graph instanceof Graph);
  return (found?.graph as Graph | undefined) ?? getDefaultGraph();
}

/** One op that waits for all inputs (ops, tensors, nested lists), one more for each device where they differ; as tf.group. */
export function group(inputs: readonly unknown[], { name = 'group_deps' }: Named = {}): Operation {
  const nodes = flatten(inputs) as { readonly device?: string }[];
  const graph = graphAmong(nodes);
  return graph.asDefault(() =>
    graph.nameScope(name, (scope) => {
      if (inputs.length === 0) return noOp({ name: scope });
      const byDevice = new Map<string, unknown[]>();
      for (const x of nodes) {
        const device = x?.device;
        if (typeof device !== 'string') {
          throw new GraphError(
            'Type',
            `Expected tf.group() expected Tensor arguments not '${x}' with type '${typeof x}'`,
          );
        }
        byDevice.set(device, [...(byDevice.get(device) ?? []), x]);
      }
      const after = (deps: readonly unknown[], device: string, opName?: string) =>
        graph.controlDependencies(deps, () => graph.device(device, () => noOp({ name: opName })));
      const [only] = byDevice;
      if (only && byDevice.size === 1) return after(only[1], only[0], scope);
      const parts = [...byDevice.keys()].sort().map((device) => after(byDevice.get(device)!, device));
      return graph.controlDependencies(parts, () => noOp({ name: scope }));
    }),
  );
}

/** The tensor (or slices) again, as a new op that waits for `dependencies`; as control_flow_ops.with_dependencies. */
export function withDependencies<T extends TensorLike | IndexedSlices>(
  dependencies: readonly unknown[],
  output: T,
  { name = 'control_dependency' }: Named = {},
): T extends IndexedSlices ? IndexedSlices : Tensor {
  const graph = (output as Tensor).graph ?? getDefaultGraph();
  type Answer = T extends IndexedSlices ? IndexedSlices : Tensor;
  return graph.nameScope(name, (scope) =>
    graph.colocateWith(output instanceof IndexedSlices ? output.op : (output as Tensor), () =>
      graph.controlDependencies(dependencies, () => {
        if (output instanceof IndexedSlices) {
          const values = identityOf(output.values, scope);
          return new IndexedSlices(values, output.indices, output.denseShape) as Answer;
        }
        return identityOf(convertToTensor(output as TensorLike), scope) as Answer;
      }),
    ),
  );
}
const identityOf = (t: Tensor, name: string): Tensor => (t.isRef ? refIdentity(t, { name }) : identity(t, { name }));

export interface TupleOptions extends Named {
  readonly controlInputs?: readonly (Tensor | Operation)[] | undefined;
}
/**
 * Each tensor again, none of which is there before all are. Raises Value for nothing but nulls.
 * @tensorflow tf.tuple
 */
export function tuple(
  tensors: readonly (TensorLike | IndexedSlices | Operation | null)[],
  { name = 'tuple', controlInputs = [] }: TupleOptions = {},
): (Tensor | IndexedSlices | Operation | null)[] {
  const graph = graphAmong(tensors);
  return graph.asDefault(() =>
    graph.nameScope(name, () => {
      const list = tensors.map((t) =>
        t === null || t instanceof Operation || t instanceof Tensor || t instanceof IndexedSlices || isConvertible(t)
          ? (t as Tensor | IndexedSlices | Operation | null)
          : convertToTensor(t as TensorLike),
      );
      const opOf = (t: unknown): Operation => (t instanceof Operation ? t : (t as Tensor).op);
      for (const c of controlInputs) {
        if (c instanceof Tensor || c instanceof Operation) continue;
        throw new GraphError('Type', `Control input must be Operation or Tensor: ${c}`);
      }
      const gating = new Set([...list.filter((t) => t !== null), ...controlInputs].map(opOf));
      if (gating.size === 0) throw new GraphError('Value', `Must have at least one Tensor: [${tensors}]`);
      const gate = group([...gating].sort((a, b) => a.id - b.id));
      return list.map((t) => {
        if (t === null) return null;
        if (t instanceof Operation) return graph.controlDependencies([gate], () => group([t]));
        return withDependencies([gate], t as Tensor);
      });
    }),
  );
}

// ---- Assert, Print ------------------------------------------------------------------------------------------------

const listed = (data: readonly Slot[], most: number): string[] => data.map((t) => `[${summarize(t, most)}]`);

const AssertOp = defineOp({
  name: 'Assert',
  inputs: { condition: 'bool', data: '[T]' },
  outputs: {},
  attrs: { T: types(), summarize: int(3) },
  stateful: true,
  infer: () => ({}),
  gradient: null,
  reference({ condition, data }, { summarize: most }) {
    if (condition.shape.length > 0) {
      throw new GraphError('InvalidArgument', `In[0] should be a scalar: ${showShape(condition.shape)}`);
    }
    if (condition.data[0]) return;
    throw new GraphError('InvalidArgument', `assertion failed: ${listed(data, most).join(' ')}`);
  },
});
export interface AssertOptions extends Named {
  /** How many cells of each tensor the message shows. */
  readonly summarize?: number | undefined;
}
/** Fails with InvalidArgument "assertion failed: ..." where the condition is false. @tensorflow tf.Assert */
export function Assert(
  condition: TensorLike,
  data: readonly TensorLike[],
  { summarize: most, name = 'Assert' }: AssertOptions = {},
): Operation {
  const graph = graphOf([condition, data]);
  return graph.nameScope(name, () => {
    const xs = data.map((x) => convertToTensor(x));
    const check = (c: TensorLike) => AssertOp({ condition: c, data }, { summarize: most }, 'Assert').op;
    if (xs.every((x) => x.dtype === 'string' || x.dtype === 'int32')) return check(condition);
    const c = convertToTensor(condition, { name: 'Condition' });
    const guarded = cond(
      c,
      () => noOp(),
      () => check(c),
      { name: 'AssertGuard' },
    ) as Tensor;
    return guarded.op;
  });
}

const PrintOp = defineOp({
  name: 'Print',
  inputs: { input: 'T', data: '[U]' },
  outputs: { output: 'T' },
  attrs: { T: type(), U: types(), message: text(''), first_n: int(-1), summarize: int(3) },
  stateful: true,
  infer: ({ input }) => ({ output: input.shape }),
  gradient: ({ output: dy }) => ({ input: dy }),
  reference({ input, data, output }, { message, first_n, summarize: most }, site) {
    output.copyFrom(input);
    const seen = site.state(() => ({ times: 0 }));
    if (first_n >= 0 && seen.times >= first_n) return;
    seen.times++;
    console.error(message + listed(data, most).join(''));
  },
});
export interface PrintOptions extends Named {
  readonly message?: string | undefined;
  /** Prints only the first n times. */
  readonly firstN?: number | undefined;
  readonly summarize?: number | undefined;
}
/** Passes `input` on and prints `data` on stderr when it runs. @tensorflow tf.Print */
export function Print(input: TensorLike, data: readonly TensorLike[], options: PrintOptions = {}): Tensor {
  const { message, firstN, name } = options;
  return PrintOp({ input, data }, { message, first_n: firstN, summarize: options.summarize }, name).output;
}
