/** @file Slices, strided slices, and the indexing of tensors that is built on them. */
import { GraphError } from '../errors';
import { constantIn, convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { int, type Known, type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, zeroOf } from '../value/dtype';
import { isFull, showShape } from '../value/shape';
import { Value } from '../value/value';
import { type Named, onesLike, reshape, shapeOf } from './array';
import { cast } from './cast';
import { numbers, offsets, readCells, stridesOf, writeCells } from './cells';
import { asShape, fail, i32, indexTypeOf, minusDim, refuse, sameDim, typeAmong, unknowns, withRank } from './expect';
import { booleanMask } from './gather';
import { concat, stack } from './join';
import { minus, plus } from './operators';
import { pad } from './pad';
import { rank } from './shape';
import { type Masks, select, tablesOf } from './strides';

// ---- Slice --------------------------------------------------------------------------------------------------------

const Slice = defineOp({
  name: 'Slice',
  inputs: { input: 'T', begin: 'Index', size: 'Index' },
  outputs: { output: 'T' },
  attrs: { T: type(), Index: type(['int32', 'int64']) },
  infer({ input, begin, size }) {
    withRank(begin.shape, 1);
    withRank(size.shape, 1);
    const n = sameDim(begin.shape?.[0] ?? null, size.shape?.[0] ?? null);
    const words = `Expected begin and size arguments to be 1-D tensors of size ${input.shape?.length}, but got shapes ${showShape(begin.shape)} and ${showShape(size.shape)} instead.`;
    const from = n === null ? input.shape : (withRank(input.shape, n, words) ?? unknowns(n));
    const starts = begin.value ?? begin.partial;
    if (size.value && from !== null) {
      return {
        output: size.value.map((d, i) => {
          if (d < -1) {
            refuse(
              `Out of bounds slicing on dimension ${i} of length ${from[i] ?? -1}: sizes vector cannot be < -1, but was ${d}`,
              `Expected size[${i}] in [0, ${(from[i] ?? 0) - (starts?.[i] ?? 0)}], but got ${d}`,
            );
          }
          const start = starts?.[i] ?? null;
          const at = `Expected begin[${i}] in [0, ${from[i]}], but got ${start}`;
          return d !== -1 ? d : minusDim(from[i]!, start === -1 ? null : start, at);
        }),
      };
    }
    return { output: size.partial ? asShape(size) : from === null ? null : unknowns(from.length) };
  },
  alias: { output: 'input' },
  aliasWhen: ({ input: { shape }, begin, size }) =>
    shape?.every((d, i) => d !== null && begin.value?.[i] === 0 && (size.value?.[i] === d || size.value?.[i] === -1)) ??
    false,
  gradient({ output: dy }, { input, begin, output }) {
    const n = rank(input);
    const size = shapeOf(output);
    const column = stack([n, i32(1)]);
    const before = reshape(begin, column);
    const after = reshape(minus(minus(shapeOf(input), size), begin), column);
    return { input: pad(dy, concat([before, after], i32(1))), begin: null, size: null };
  },
  reference({ input, begin, size, output }) {
    const [from, count] = [numbers(begin.data), numbers(size.data)];
    const strides = stridesOf(input.shape);
    const tables = input.shape.map((n, d) => {
      const [b, s] = [from[d]!, count[d] === -1 ? n - from[d]! : count[d]!];
      if (n === 0 && (b !== 0 || s !== 0)) {
        fail(`Expected begin[${d}] == 0 (got ${b}) and size[${d}] == 0 (got ${s}) when input.dim_size(${d}) == 0`);
      }
      if (b < 0 || b > n) fail(`Expected begin[${d}] in [0, ${n}], but got ${b}`);
      if (s < 0 || b + s > n) fail(`Expected size[${d}] in [0, ${n - b}], but got ${s}`);
      return offsets(s, strides[d]!, (i) => b + i);
    });
    readCells(output.data, input.data, tables);
  },
});
/** The part of `input` that starts at `begin`; a size of -1 means up to the end. @tensorflow tf.slice */
export function slice(input: TensorLike, begin: TensorLike, size: TensorLike, { name }: Named = {}): Tensor {
  return Slice({ input, begin, size }, { Index: indexTypeOf(begin, size) }, name).output;
}

// ---- StridedSlice -------------------------------------------------------------------------------------------------

const INDEX = type(['int16', 'int32', 'int64']);
const MASKS = {
  begin_mask: int(0),
  end_mask: int(0),
  ellipsis_mask: int(0),
  new_axis_mask: int(0),
  shrink_axis_mask: int(0),
};
interface Spec<X> {
  readonly begin: X;
  readonly end: X;
  readonly strides: X;
}
function checkSpec({ begin, end, strides }: Spec<Known>): void {
  const given = [begin, end, strides].map((x) => withRank(x.shape, 1)?.[0] ?? null);
  given.reduce((a, b) => sameDim(a, b));
}
const selected = (shape: readonly number[], { begin, end, strides }: Spec<Slot>, masks: Masks) =>
  select(shape, numbers(begin.data), numbers(end.data), numbers(strides.data), masks);

const StridedSlice = defineOp({
  name: 'StridedSlice',
  inputs: { input: 'T', begin: 'Index', end: 'Index', strides: 'Index' },
  outputs: { output: 'T' },
  attrs: { T: type(), Index: INDEX, ...MASKS },
  infer(t, attrs) {
    checkSpec(t);
    const { input, begin, end, strides } = t;
    if (input.shape === null || !strides.value) return { output: null };
    return { output: select(input.shape, begin.value, end.value, strides.value, attrs).shape };
  },
  partial({ input, begin, end, strides }, { begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask }) {
    const known = input.shape?.length === 1 ? input.partial : undefined;
    if (!known || !begin.value || !end.value || !strides.value || strides.value.length !== 1) return undefined;
    if (strides.value[0]! < 0) return undefined;
    const masks = { begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask };
    if (begin_mask > 1 || end_mask > 1 || ellipsis_mask || new_axis_mask) return undefined;
    const { ranges } = select([known.length], begin.value, end.value, strides.value, masks);
    const { begin: from, step, size } = ranges[0]!;
    return Array.from({ length: size! }, (_, i) => known[from + i * step]!);
  },
  alias: { output: 'input' },
  aliasWhen({ input: { shape }, begin, end, strides }, attrs) {
    if (!isFull(shape) || !begin.value || !end.value || !strides.value) return false;
    const { ranges } = select(shape, begin.value, end.value, strides.value, attrs);
    return ranges.every((r, i) => r.begin === 0 && r.step === 1 && r.size === shape[i]);
  },
  gradient({ output: dy }, t, attrs) {
    const shape = shapeOf(t.input, { outType: t.begin.dtype as 'int32' });
    return { input: putBack(shape, dy, t, attrs) };
  },
  reference(t, attrs) {
    const found = selected(t.input.shape, t, attrs);
    readCells(t.output.data, t.input.data, tablesOf(found, t.input.shape));
  },
});
function masksOf(m: Masks): Masks {
  const { begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask } = m;
  return { begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask };
}
/** The two are each other's gradients. */
function cutAgain(input: Tensor, { begin, end, strides }: Spec<Tensor>, masks: Masks): Tensor {
  return StridedSlice({ input, begin, end, strides }, masksOf(masks)).output;
}
function putBack(shape: Tensor, dy: Tensor, { begin, end, strides }: Spec<Tensor>, masks: Masks): Tensor {
  return StridedSliceGrad({ shape, begin, end, strides, dy }, masksOf(masks)).output;
}
export interface StridedSliceOptions extends Named {
  readonly beginMask?: number | undefined;
  readonly endMask?: number | undefined;
  readonly ellipsisMask?: number | undefined;
  readonly newAxisMask?: number | undefined;
  readonly shrinkAxisMask?: number | undefined;
}
/** The masks as attrs. */
const wire = (options: StridedSliceOptions): Masks => ({
  begin_mask: options.beginMask ?? 0,
  end_mask: options.endMask ?? 0,
  ellipsis_mask: options.ellipsisMask ?? 0,
  new_axis_mask: options.newAxisMask ?? 0,
  shrink_axis_mask: options.shrinkAxisMask ?? 0,
});
/** Begin, end and step per dimension; null strides are ones. @tensorflow tf.strided_slice */
export function stridedSlice(
  input: TensorLike,
  begin: TensorLike,
  end: TensorLike,
  strides: TensorLike | null = null,
  options: StridedSliceOptions = {},
): Tensor {
  const Index = indexTypeOf(begin, end, strides ?? undefined);
  const steps = strides ?? onesLike(isTensorLike(begin) ? begin : Value.from(begin as number[], Index as DType));
  return StridedSlice({ input, begin, end, strides: steps }, { ...wire(options), Index }, options.name).output;
}

const StridedSliceGrad = defineOp({
  name: 'StridedSliceGrad',
  inputs: { shape: 'Index', begin: 'Index', end: 'Index', strides: 'Index', dy: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(), Index: type(['int32', 'int64']), ...MASKS },
  infer: ({ shape }) => ({ output: asShape(shape) }),
  gradient: ({ output: dy }, t, attrs) => ({ dy: cutAgain(dy, t, attrs) }),
  reference(t, attrs) {
    const found = selected(t.output.shape, t, attrs);
    if (!isFull(found.shape) || showShape(found.shape) !== showShape(t.dy.shape)) {
      fail(`shape of dy was ${showShape(t.dy.shape)} instead of ${showShape(found.shape)}`);
    }
    const out = t.output.data;
    out.fill(zeroOf(t.output.dtype));
    writeCells(out, t.dy.data, tablesOf(found, t.output.shape));
  },
});

// ---- writing to a slice -------------------------------------------------------------------------------------------

/** Writes `value` into the selected cells; a scalar goes into all of them. */
function assignCells(ref: Slot, spec: Spec<Slot>, value: Slot, masks: Masks): void {
  const found = selected(ref.shape, spec, masks);
  const wanted = found.shape as readonly number[];
  const fits = showShape(wanted) === showShape(value.shape);
  if (!fits) {
    fail(`Assign shapes don't match: l-value ${showShape(wanted)} r-value ${showShape(value.shape)}`);
  }
  writeCells(ref.data, value.data, tablesOf(found, ref.shape));
}
const StridedSliceAssign = defineOp({
  name: 'StridedSliceAssign',
  inputs: { ref: 'Ref(T)', begin: 'Index', end: 'Index', strides: 'Index', value: 'T' },
  outputs: { output_ref: 'Ref(T)' },
  attrs: { T: type(), Index: type(['int32', 'int64']), ...MASKS },
  updates: 'ref',
  alias: { output_ref: 'ref' },
  infer(t) {
    checkSpec(t);
    return { output_ref: t.ref.shape };
  },
  gradient: 'missing',
  reference: (t, attrs) => assignCells(t.ref, t, t.value, attrs),
});
/** Overwrites a slice of a ref variable, as ref_variable[...].assign; the masks as in tf.strided_slice. */
export function stridedSliceAssign(
  ref: TensorLike,
  begin: TensorLike,
  end: TensorLike,
  strides: TensorLike,
  value: TensorLike,
  options: StridedSliceOptions = {},
): Tensor {
  const Index = indexTypeOf<'int32' | 'int64'>(begin, end, strides);
  return StridedSliceAssign({ ref, begin, end, strides, value }, { ...wire(options), Index }, options.name).output_ref;
}
const ResourceStridedSliceAssign = defineOp({
  name: 'ResourceStridedSliceAssign',
  inputs: { ref: 'resource', begin: 'Index', end: 'Index', strides: 'Index', value: 'T' },
  outputs: {},
  attrs: { T: type(), Index: type(['int32', 'int64']), ...MASKS },
  stateful: true,
  updates: 'ref',
  infer(t) {
    checkSpec(t);
    return {};
  },
  gradient: 'missing',
  reference: (t, attrs) => assignCells(t.ref, t, t.value, attrs),
});
/** Overwrites a slice of a resource variable, by its handle. */
export function resourceStridedSliceAssign(
  handle: Tensor,
  begin: TensorLike,
  end: TensorLike,
  strides: TensorLike,
  value: TensorLike,
  options: StridedSliceOptions = {},
): Tensor['op'] {
  const attrs = { ...wire(options), Index: indexTypeOf<'int32' | 'int64'>(begin, end, strides) };
  const T = handle.handle?.dtype;
  return ResourceStridedSliceAssign(
    { ref: handle, begin, end, strides, value },
    { ...attrs, ...(T ? { T } : {}) },
    options.name,
  ).op as Tensor['op'];
}

// ---- indexing -----------------------------------------------------------------------------------------------------

/** A range within an index, as Python's `start:stop:step`; null is an open end. */
export class Range {
  readonly start: TensorLike | null;
  readonly stop: TensorLike | null;
  readonly step: TensorLike | null;

  constructor(start: TensorLike | null, stop: TensorLike | null, step: TensorLike | null) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
}
/** `start:stop:step` of an index: `x.at(tf.s(1))` is `x[1:]`, `x.at(tf.s(null, -1))` is `x[:-1]`. */
export function s(
  start: TensorLike | null = null,
  stop: TensorLike | null = null,
  step: TensorLike | null = null,
): Range {
  return new Range(start, stop, step);
}
/** A new dimension of size 1 within an index. @tensorflow tf.newaxis */
export const newaxis = null;
/** As many whole dimensions as are left over, as `...` in Python. */
export const ellipsis = '...';
/** One part of an index. A bool tensor alone masks. */
export type Index = number | TensorLike | Range | null | typeof ellipsis;

/** begin, end, strides and the masks that an index stands for. */
export interface IndexSpec {
  readonly begin: TensorLike[];
  readonly end: TensorLike[];
  readonly strides: TensorLike[];
  readonly masks: Required<Omit<StridedSliceOptions, 'name'>>;
}
/** What array_ops._slice_helper makes of an index. Raises Type for what is no index. */
export function parseIndex(spec: readonly Index[]): IndexSpec {
  const [begin, end, strides]: [TensorLike[], TensorLike[], TensorLike[]] = [[], [], []];
  const masks = { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
  const whole = (mask: 'ellipsisMask' | 'newAxisMask', bit: number) => {
    masks[mask] |= bit;
    return [0, 0, 1] as const;
  };
  const part = (x: Index, bit: number): readonly [TensorLike, TensorLike, TensorLike] => {
    if (x === ellipsis) return whole('ellipsisMask', bit);
    if (x === newaxis) return whole('newAxisMask', bit);
    if (x instanceof Range) {
      if (x.start === null) masks.beginMask |= bit;
      if (x.stop === null) masks.endMask |= bit;
      return [checkIndex(x.start ?? 0), checkIndex(x.stop ?? 0), checkIndex(x.step ?? 1)];
    }
    masks.shrinkAxisMask |= bit;
    const at = checkIndex(x);
    return [at, typeof at === 'number' ? at + 1 : plus(at, 1), 1];
  };
  spec.forEach((x, i) => {
    const [b, e, step] = part(x, 1 << i);
    begin.push(b);
    end.push(e);
    strides.push(step);
  });
  return { begin, end, strides, masks };
}
function checkIndex(x: TensorLike): TensorLike {
  if (typeof x === 'number' && Number.isInteger(x)) return x;
  if (isTensorLike(x)) {
    const { shape } = convertToTensor(x);
    if ((x.dtype === 'int32' || x.dtype === 'int64') && shape?.length !== 1) return x;
  }
  throw new GraphError(
    'Type',
    `Only integers, slices (\`:\`), ellipsis (\`...\`), tf.newaxis (\`None\`) and scalar tf.int32/tf.int64 tensors are valid indices, got ${x}`,
  );
}

/** x[...spec]: one StridedSlice, its bounds packed from the spec; a bool tensor alone is tf.boolean_mask. */
export function index(x: TensorLike, spec: readonly Index[]): Tensor {
  const only = spec[0];
  if (spec.length === 1 && isTensorLike(only) && only.dtype === 'bool') return booleanMask(x, only);
  const { begin, end, strides, masks } = parseIndex(spec);
  const graph = graphOf([x, begin, end, strides]);
  return graph.nameScope('strided_slice', (scope) => {
    const [b, e, by] = packed([begin, end, strides], graph);
    return stridedSlice(x, b!, e!, by!, { ...masks, name: scope });
  });
}
/** The three vectors, in int64 if one of them is. */
export function packed(lists: readonly (readonly TensorLike[])[], graph: Tensor['graph']): Tensor[] {
  if (lists[0]!.length === 0)
    return lists.map(
      (
        (empty) => () =>
          empty
      )(constantIn(graph, i32([]))),
    );
  const vectors = lists.map((list) =>
    convertToTensor(list, { dtype: typeAmong(list) ?? 'int32', name: 'stack' }, graph),
  );
  return vectors.some((v) => v.dtype === 'int64') ? vectors.map((v) => cast(v, 'int64')) : vectors;
}

declare module '../graph/operation' {
  interface Tensor {
    /** `x[...]`: integers, scalar tensors, `tf.s(start, stop, step)`, `tf.newaxis`, `tf.ellipsis`. */
    at(...spec: Index[]): Tensor;
  }
}
Tensor.prototype.at = function (this: Tensor, ...spec: Index[]): Tensor {
  return index(this, spec);
};
