/** @file Random inputs and attrs for each op that has a kernel: shapes that are empty, scalar, odd, or broadcast. */
import fc from 'fast-check';
import { type AnyDef, isList, lookup } from '../src/graph/opdef';
import type { DType } from '../src/value/dtype';

export interface Cells {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  /** Given cells; random ones otherwise. */
  readonly cells?: readonly number[];
  /** Only above zero. */
  readonly positive?: true;
}
export interface Case {
  readonly inputs: Readonly<Record<string, Cells | readonly Cells[]>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}
/** How far a kernel may be off: as one operation may, or as a sum of products in another order. */
/** `scaled`: terms far larger than the result, divided by a small deviation. */
export type Kind = 'cell' | 'sum' | 'scaled';
export interface Row {
  readonly kind: Kind;
  readonly cases: fc.Arbitrary<Case>;
  /** NaN, infinities and such are tried too. */
  readonly odd: boolean;
}

const dim = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 17) },
);
const some = fc.integer({ min: 1, max: 6 });
const shape = fc.oneof(
  { weight: 4, arbitrary: fc.array(dim, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 133 }).map((n) => [n]) },
);
const ranked = fc.array(dim, { minLength: 1, maxLength: 4 });
const f = (s: readonly number[]): Cells => ({ shape: s });
const up = (s: readonly number[]): Cells => ({ shape: s, positive: true });
const ints = (cells: readonly number[], s: readonly number[] = [cells.length], dtype: DType = 'int32'): Cells => ({
  shape: s,
  dtype,
  cells,
});
const none: Cells = { shape: [0] };

const cell = (cases: fc.Arbitrary<Case>, odd = true): Row => ({ kind: 'cell', cases, odd });
const sum = (cases: fc.Arbitrary<Case>, odd = false): Row => ({ kind: 'sum', cases, odd });
const scaled = (cases: fc.Arbitrary<Case>): Row => ({ kind: 'scaled', cases, odd: false });
const plain = (inputs: Case['inputs'], attrs: Case['attrs'] = {}): Case => ({ inputs, attrs });

/** Inputs of one shape. */
const alike = (names: readonly string[]): fc.Arbitrary<Case> =>
  shape.map((s) => plain(Object.fromEntries(names.map((n) => [n, f(s)]))));
/** A step of an optimizer: a variable, slots of squares and others, scalars, the gradient. */
const step = (squares: readonly string[], others: readonly string[], scalars: readonly string[], flag?: string): Row =>
  cell(
    fc.tuple(shape, fc.boolean()).map(([s, on]) => {
      const all = (names: readonly string[], x: Cells) => names.map((n) => [n, x]);
      const inputs = [...all(['var', 'grad', ...others], f(s)), ...all(squares, up(s)), ...all(scalars, up([]))];
      return plain(Object.fromEntries(inputs), flag ? { [flag]: on } : {});
    }),
    false,
  );
/** Two shapes that broadcast: dimensions of the result, of which each side may drop the first ones or have 1. */
const two: fc.Arbitrary<Case> = fc
  .tuple(
    fc.array(dim, { maxLength: 4 }),
    fc.array(fc.constantFrom('both', 'both', 'x', 'y'), { minLength: 4, maxLength: 4 }),
    fc.nat(2),
    fc.boolean(),
  )
  .map(([s, modes, drop, swap]) => {
    const x = s.map((d, i) => (modes[i] === 'y' ? 1 : d));
    const y = s.map((d, i) => (modes[i] === 'x' ? 1 : d)).slice(drop);
    return plain(swap ? { x: f(y), y: f(x) } : { x: f(x), y: f(y) });
  });
const reduced: fc.Arbitrary<Case> = shape.chain((s) => {
  const axes =
    s.length === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(s.length - 1), { maxLength: s.length });
  return fc
    .tuple(axes, fc.boolean(), fc.boolean())
    .map(([a, keep_dims, negative]) =>
      plain({ input: f(s), reduction_indices: ints(a.map((x) => (negative ? x - s.length : x))) }, { keep_dims }),
    );
});
const tiled: fc.Arbitrary<Case> = ranked.chain((s) =>
  fc
    .array(fc.nat(3), { minLength: s.length, maxLength: s.length })
    .map((m) => plain({ input: f(s), multiples: ints(m) })),
);
const selected: fc.Arbitrary<Case> = fc
  .tuple(ranked, fc.constantFrom('same', 'rows', 'one'), fc.nat())
  .map(([s, how, seed]) => {
    const condition = how === 'same' ? s : how === 'rows' ? s.slice(0, 1) : [];
    const n = condition.reduce((a, b) => a * b, 1);
    const flags = Array.from({ length: n }, (_, i) => ((seed >> (i % 30)) & 1) as number);
    return plain({ condition: ints(flags, condition, 'bool'), t: f(s), e: f(s) });
  });
const turned = (s: readonly number[], turn: boolean): readonly number[] =>
  turn ? [...s.slice(0, -2), s.at(-1)!, s.at(-2)!] : s;
const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 19 }) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const matrices: fc.Arbitrary<Case> = fc
  .tuple(size, size, size, fc.boolean(), fc.boolean())
  .map(([m, k, n, ta, tb]) =>
    plain({ a: f(turned([m, k], ta)), b: f(turned([k, n], tb)) }, { transpose_a: ta, transpose_b: tb }),
  );
const batches = (spread: boolean): fc.Arbitrary<Case> =>
  fc
    .tuple(fc.array(fc.nat(3), { maxLength: 2 }), some, some, some, fc.boolean(), fc.boolean(), fc.boolean())
    .map(([batch, m, k, n, adj_x, adj_y, one]) => {
      const x = spread && one ? batch.map(() => 1) : batch;
      return plain({ x: f(turned([...x, m, k], adj_x)), y: f(turned([...batch, k, n], adj_y)) }, { adj_x, adj_y });
    });
const image = fc.tuple(fc.integer({ min: 1, max: 3 }), some, some, fc.integer({ min: 1, max: 9 }));

const norm: fc.Arbitrary<Case> = fc.tuple(image, fc.boolean()).map(([s, is_training]) => {
  const [c, moments] = [[s[3]], is_training ? [none, none] : [f([s[3]]), up([s[3]])]];
  return plain(
    { x: f(s), scale: f(c), offset: f(c), mean: moments[0]!, variance: moments[1]! },
    { is_training, epsilon: 0.001 },
  );
});
const normGrad = (third: boolean): fc.Arbitrary<Case> =>
  fc.tuple(image, fc.boolean()).map(([s, is_training]) => {
    const c = [s[3]];
    const reserve = { reserve_space_1: f(c), reserve_space_2: up(c), ...(third ? { reserve_space_3: none } : {}) };
    return plain({ y_backprop: f(s), x: f(s), scale: f(c), ...reserve }, { is_training, epsilon: 0.001 });
  });

const window = fc.record({
  ksize: fc.tuple(some, some),
  stride: fc.tuple(some, some),
  padding: fc.constantFrom('SAME', 'VALID'),
});
/** VALID windows must fit. */
const fits = (s: readonly number[], [h, w]: readonly [number, number], padding: string): boolean =>
  padding === 'SAME' || (h <= s[1]! && w <= s[2]!);
const outOf = (
  type: string,
  output: string,
  inputs: Readonly<Record<string, readonly number[]>>,
  attrs: object,
): readonly number[] => {
  const known = Object.fromEntries(Object.entries(inputs).map(([k, s]) => [k, { dtype: 'float32', shape: s }]));
  return (lookup(type)!.infer(known as never, attrs as never) as Record<string, readonly number[]>)[output]!;
};
const pools = (make: (s: readonly number[], attrs: Case['attrs']) => Case): fc.Arbitrary<Case> =>
  fc
    .tuple(image, window)
    .filter(([s, { ksize, padding }]) => fits(s, ksize, padding))
    .map(([s, { ksize, stride, padding }]) =>
      make(s, { ksize: [1, ...ksize, 1], strides: [1, ...stride, 1], padding, data_format: 'NHWC' }),
    );
const convolutions = (
  make: (x: readonly number[], filter: readonly number[], y: readonly number[]) => Case['inputs'],
): fc.Arbitrary<Case> =>
  fc
    .tuple(image, window, some, fc.integer({ min: 1, max: 2 }))
    .filter(([s, { ksize, padding }, , d]) => fits(s, [(ksize[0] - 1) * d + 1, (ksize[1] - 1) * d + 1], padding))
    .map(([s, { ksize, stride, padding }, depth, d]) => {
      const attrs = {
        strides: [1, ...stride, 1],
        dilations: [1, d, d, 1],
        padding,
        explicit_paddings: [],
        data_format: 'NHWC',
        use_cudnn_on_gpu: true,
      };
      const filter = [...ksize, s[3], depth];
      return plain(make(s, filter, outOf('Conv2D', 'output', { input: s, filter }, attrs)), attrs);
    });

const rows = (names: string, row: Row): Record<string, Row> =>
  Object.fromEntries(names.split(' ').map((n) => [n, row]));
const ROWS: Readonly<Record<string, Row>> = {
  ...rows(
    'Add AddV2 Sub Mul Div RealDiv Maximum Minimum SquaredDifference MulNoNan Xdivy Less LessEqual Greater GreaterEqual',
    cell(two),
  ),
  ...rows('Max Min', cell(reduced)),
  ...rows('Sum Mean', sum(reduced, true)),
  Tile: cell(tiled),
  Select: cell(selected),
  MatMul: sum(matrices, true),
  BatchMatMul: sum(batches(false), true),
  BatchMatMulV2: sum(batches(true), true),
  AddN: sum(
    fc.tuple(shape, some).map(([s, n]) => plain({ inputs: new Array<Cells>(n).fill(f(s)) })),
    true,
  ),
  ...rows('Softmax LogSoftmax', sum(ranked.map((s) => plain({ logits: f(s) })))),
  SoftmaxCrossEntropyWithLogits: sum(fc.tuple(some, some).map((s) => plain({ features: f(s), labels: up(s) }))),
  BiasAdd: cell(fc.tuple(dim, dim, some).map((s) => plain({ value: f(s), bias: f([s[2]]) }))),
  BiasAddGrad: sum(fc.tuple(dim, dim, some).map((s) => plain({ out_backprop: f(s) }))),
  L2Loss: sum(shape.map((s) => plain({ t: f(s) }))),
  ...rows('FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3', sum(norm)),
  ...rows('FusedBatchNormGrad FusedBatchNormGradV2', scaled(normGrad(false))),
  FusedBatchNormGradV3: scaled(normGrad(true)),
  Conv2D: sum(convolutions((x, filter) => ({ input: f(x), filter: f(filter) }))),
  Conv2DBackpropInput: sum(
    convolutions((x, filter, y) => ({ input_sizes: ints(x), filter: f(filter), out_backprop: f(y) })),
  ),
  Conv2DBackpropFilter: sum(
    convolutions((x, filter, y) => ({ input: f(x), filter_sizes: ints(filter), out_backprop: f(y) })),
  ),
  MaxPool: cell(
    pools((s, a) => plain({ input: f(s) }, a)),
    false,
  ),
  AvgPool: sum(pools((s, a) => plain({ value: f(s) }, a))),
  AvgPoolGrad: sum(
    pools((s, a) => plain({ orig_input_shape: ints(s), grad: f(outOf('AvgPool', 'output', { value: s }, a)) }, a)),
  ),
  MaxPoolGrad: sum(
    pools((s, a) => {
      const y = f(outOf('MaxPool', 'output', { input: s }, a));
      return plain({ orig_input: f(s), orig_output: y, grad: y }, a);
    }),
  ),
  ...rows('AssignAdd AssignSub', cell(alike(['ref', 'value']))),
  ...rows('AssignAddVariableOp AssignSubVariableOp', cell(alike(['resource', 'value']))),
  ...rows(
    'ApplyGradientDescent ResourceApplyGradientDescent',
    cell(shape.map((s) => plain({ var: f(s), alpha: f([]), delta: f(s) }))),
  ),
  ...rows('ApplyMomentum ResourceApplyMomentum', step([], ['accum'], ['lr', 'momentum'], 'use_nesterov')),
  ...rows('ApplyAdagrad ResourceApplyAdagrad', step(['accum'], [], ['lr'], 'update_slots')),
  ...rows(
    'ApplyAdam ResourceApplyAdam',
    step(['v'], ['m'], ['beta1_power', 'beta2_power', 'lr', 'beta1', 'beta2', 'epsilon'], 'use_nesterov'),
  ),
  ...rows('ApplyRMSProp ResourceApplyRMSProp', step(['ms'], ['mom'], ['lr', 'rho', 'momentum', 'epsilon'])),
  ArgMax: cell(
    fc
      .tuple(fc.array(some, { minLength: 1, maxLength: 3 }), fc.nat())
      .map(([s, i]) =>
        plain({ input: f(s), dimension: ints([i % s.length], []) }, { output_type: i % 2 ? 'int32' : 'int64' }),
      ),
  ),
  Cast: cell(
    fc
      .tuple(shape, fc.constantFrom('float32', 'float64', 'int32', 'bool'))
      .map(([s, DstT]) => plain({ x: f(s) }, { DstT })),
    false,
  ),
};

/** The row of an op: its own, or inputs of one shape where all are of one type. */
export function rowOf(def: AnyDef): Row {
  const own = ROWS[def.name];
  if (own) return own;
  const specs = Object.values(def.inputs);
  if (specs.some((s) => s !== specs[0] || isList(s)))
    throw new Error(`${def.name} has a kernel, but no row in test/oracle_cases.ts.`);
  return cell(alike(Object.keys(def.inputs)));
}
