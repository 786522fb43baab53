/** @file Ops that call functions: a fold over a dataset, and the conditionals, loops and calls of imported bodies. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { bool, func, int, type Site, shapes, text, type, types } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { Value } from '../value/value';
import { elementAttrs } from './define_stage';
import { fill } from './iterator_ops';
import { type Element, stageIn } from './stage';
import { type Argument, argumentOf, capture, Traversal, valueOf } from './traversal';

export const ReduceDataset = defineOp({
  name: 'ReduceDataset',
  inputs: { input_dataset: 'variant', initial_state: '[Tstate]', other_arguments: '[Targuments]' },
  outputs: { components: '[output_types]' },
  attrs: {
    f: func(),
    Tstate: types(),
    Targuments: types(),
    ...elementAttrs,
    use_inter_op_parallelism: bool(true),
  },
  stateful: true,
  infer: (_, { output_shapes }) => ({ components: output_shapes }),
  gradient: null,
  reference({ input_dataset, initial_state, other_arguments, components }, attrs, site) {
    const f = capture(site, attrs.f, other_arguments, attrs.Targuments);
    const traversal = new Traversal(site.resources);
    try {
      const next = stageIn(input_dataset).open(traversal, '');
      let state: Element = initial_state.map(valueOf);
      for (let e = next(); e; e = next()) state = traversal.call(f, [...state, ...e]);
      components.forEach((slot, i) => void fill(slot, state[i]!, attrs.output_shapes[i]!));
    } finally {
      traversal.dispose();
    }
  },
});

/** What calls of functions share at one op of one session. Nothing is known of them before a run. */
function callsAt(site: Site | undefined): Traversal {
  if (!site) throw new GraphError('Unimplemented', 'Functions run in sessions only.');
  return site.state(() => new Traversal(site.resources));
}
const argumentsIn = (slots: readonly Slot[], dtypes: readonly DType[]): Argument[] =>
  slots.map((slot, i) => argumentOf(slot, dtypes[i]!));
function put(slots: readonly Slot[], values: readonly Argument[], expected: readonly Shape[] = []): void {
  slots.forEach((slot, i) => {
    const value = values[i]!;
    if (value instanceof Value) fill(slot, value, expected[i] ?? null);
  });
}
/** Numbers and texts count as conditions too: anything but 0, '' and empty tensors holds. */
const holds = ({ shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<unknown> }): boolean =>
  shape.length === 0 ? Boolean(data[0]) : data.length > 0;
const shapesOr = (known: readonly Shape[], n: number): readonly Shape[] =>
  known.length > 0 ? known : new Array<Shape>(n).fill(null);

const defineIf = <const N extends string>(name: N, stateful?: true) =>
  defineOp({
    name,
    inputs: { cond: 'Tcond', input: '[Tin]' },
    outputs: { output: '[Tout]' },
    attrs: {
      Tcond: type(),
      Tin: types(),
      Tout: types(),
      then_branch: func(),
      else_branch: func(),
      output_shapes: shapes([]),
    },
    ...(stateful && { stateful }),
    infer: (_, { output_shapes, Tout }) => ({ output: shapesOr(output_shapes, Tout.length) }),
    gradient: 'missing',
    reference({ cond, input, output }, attrs, site) {
      const calls = callsAt(site);
      const branch = holds(cond) ? attrs.then_branch : attrs.else_branch;
      put(output, calls.call(capture(site, branch, [], []), argumentsIn(input, attrs.Tin)), attrs.output_shapes);
    },
  });
defineIf('If', true);
defineIf('StatelessIf');

const defineWhile = <const N extends string>(name: N, stateful?: true) =>
  defineOp({
    name,
    inputs: { input: '[T]' },
    outputs: { output: '[T]' },
    attrs: { T: types(), cond: func(), body: func(), output_shapes: shapes([]), parallel_iterations: int(10) },
    ...(stateful && { stateful }),
    infer: (_, { output_shapes, T }) => ({ output: shapesOr(output_shapes, T.length) }),
    gradient: 'missing',
    reference({ input, output }, attrs, site) {
      const calls = callsAt(site);
      const [cond, body] = [capture(site, attrs.cond, [], []), capture(site, attrs.body, [], [])];
      let values: readonly Argument[] = argumentsIn(input, attrs.T);
      while (holds(calls.call(cond, values)[0]!)) values = calls.call(body, values);
      put(output, values, attrs.output_shapes);
    },
  });
defineWhile('While', true);
defineWhile('StatelessWhile');

const defineCall = <const N extends string>(name: N, stateful?: true) =>
  defineOp({
    name,
    inputs: { args: '[Tin]' },
    outputs: { output: '[Tout]' },
    attrs: {
      Tin: types(),
      Tout: types(),
      f: func(),
      config: text(''),
      config_proto: text(''),
      executor_type: text(''),
    },
    ...(stateful && { stateful }),
    infer: (_, { Tout }) => ({ output: shapesOr([], Tout.length) }),
    gradient: 'missing',
    reference({ args, output }, attrs, site) {
      const calls = callsAt(site);
      put(output, calls.call(capture(site, attrs.f, [], []), argumentsIn(args, attrs.Tin)));
    },
  });
defineCall('PartitionedCall');
defineCall('StatefulPartitionedCall', true);
