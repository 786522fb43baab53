/** @file Arrays put side by side and taken apart again: concat, split, stack, unstack. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType, int, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import type { Cells } from '../value/dtype';
import { type FullShape, merge, type Shape, sameShape, showShape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { identity, type Named } from './array';
import { concatGradients } from './concat_gradient';
import {
  atLeastRank,
  type Dim,
  exactDim,
  fail,
  fromFront,
  indexTypeOf,
  onlyRank,
  refuse,
  scalarOf,
  sumDim,
  typeAmong,
  unknowns,
  withDim,
  withRank,
} from './expect';

/** Rows of a dimension: how many there are before it, and how many cells each of its steps holds. */
const around = (shape: FullShape, axis: number): readonly [outer: number, inner: number] => [
  sizeOf(shape.slice(0, axis)),
  sizeOf(shape.slice(axis + 1)),
];

// ---- concat -------------------------------------------------------------------------------------------------------

function concatShape(values: readonly Known[], axis: Known): Shape {
  const at = scalarOf(axis, `Concat dim tensor should be a scalar integer, but got shape ${showShape(axis.shape)}`);
  const shapes = values.map((v) => v.shape);
  if (at === undefined) {
    const n = shapes.find((s) => s !== null)?.length;
    if (n === undefined) return null;
    if (n === 0) refuse("Can't concatenate scalars (use tf.stack instead)");
    for (const s of shapes) withRank(s, n, ranksDiffer(shapes, n));
    return unknowns(n);
  }
  const least = at < 0 ? -at : at + 1;
  let all: Shape = null;
  let along: Dim = 0;
  for (let i = shapes.length - 1; i >= 0; i--) {
    const s = atLeastRank(shapes[i]!, least, badAxis(shapes[i]!, at));
    const place = s && fromFront(at, s.length);
    along = sumDim(along, s?.[place!] ?? null);
    if (s === null) continue;
    const rest = withDim(s, place!, 0);
    if (all && all.length !== rest.length) ranksMustMatch(shapes, i);
    all = all === null ? rest : mergeRest(rest, all, place!, shapes, i);
  }
  return all && withDim(all, fromFront(at, all.length), along);
}
const badAxis = (s: Shape, at: number): string =>
  `ConcatOp : Expected concatenating dimensions in the range [${-(s?.length ?? 0)}, ${s?.length ?? 0}), but got ${at}`;
const ranksDiffer = (shapes: readonly Shape[], n: number): string => {
  const i = shapes.findIndex((s) => s !== null && s.length !== n);
  return `ConcatOp : Ranks of all input tensors should match: shape[0] = ${showShape(shapes[0]!)} vs. shape[${i}] = ${showShape(shapes[i] ?? null)}`;
};
function ranksMustMatch(shapes: readonly Shape[], i: number): never {
  const [a, b] = [shapes[i]!.length, shapes[shapes.length - 1]?.length ?? 0];
  refuse(`Shapes must be equal rank, but are ${a} and ${b}`, ranksDiffer(shapes, shapes[0]?.length ?? b));
}
/** Both wordings of the kernel: that of 1.15, and what later releases add. */
function mergeRest(s: Shape, all: Shape, axis: number, shapes: readonly Shape[], i: number): Shape {
  const bad = s!.findIndex((d, j) => d !== null && all![j] !== null && d !== all![j]);
  if (bad < 0) return merge(s, all);
  const first = shapes.findIndex((x, j) => j > 0 && x?.[bad] !== shapes[0]?.[bad]);
  const part = (x: Shape) => showShape(bad < axis ? x!.slice(0, axis) : x!.slice(axis + 1));
  const at = bad < axis ? bad : bad - axis - 1;
  const [mine, theirs] = [shapes[i]!, all!];
  const pair = `shape[0] = ${showShape(shapes[0]!)} vs. shape[${first}] = ${showShape(shapes[first] ?? null)}`;
  refuse(
    `Dimension ${at} in both shapes must be equal, but are ${mine[bad]} and ${theirs[bad]}. Shapes are ${part(mine)} and ${part(theirs)}.`,
    `ConcatOp : Dimensions of inputs should match: ${pair}. Dimension ${bad} in both shapes must be equal.`,
  );
}
/** What is known of vectors of sizes put in a row. */
function concatPartial(values: readonly Known[]): readonly Dim[] | undefined {
  const out: Dim[] = [];
  for (const { partial, shape } of values) {
    if (shape === null || shape.length !== 1 || (shape[0] === null && !partial)) return undefined;
    out.push(...(partial ?? unknowns(shape[0]!)));
  }
  return out;
}
function joinCells(values: readonly Slot[], axis: Slot, output: Slot): void {
  const at = fromFront(Number(axis.data[0]), output.shape.length);
  const [outer] = around(output.shape, at);
  const step = outer === 0 ? 0 : output.size / outer;
  const out = output.data;
  let from = 0;
  for (const { data, size } of values) {
    const block = outer === 0 ? 0 : size / outer;
    for (let i = 0; i < outer; i++) moveCells(out, i * step + from, data, i * block, block);
    from += block;
  }
}
/** Copies `n` cells; short rows are not worth a view. */
function moveCells(to: Cells, at: number, from: Cells, start: number, n: number): void {
  if (n > 16) to.set(from.subarray(start, start + n), at);
  else for (let i = 0; i < n; i++) to[at + i] = from[start + i]!;
}

defineOp({
  name: 'Concat',
  inputs: { concat_dim: 'int32', values: 'N * T' },
  outputs: { output: 'T' },
  attrs: { N: int(), T: type() },
  infer: ({ concat_dim, values }) => ({ output: concatShape(values, concat_dim) }),
  partial: ({ values }) => concatPartial(values),
  gradient: ({ output: dy }, { concat_dim, values }) => ({ values: concatGradients(dy, values, concat_dim) }),
  reference: ({ concat_dim, values, output }) => joinCells(values, concat_dim, output),
});
const ConcatV2 = defineOp({
  name: 'ConcatV2',
  inputs: { values: 'N * T', axis: 'Tidx' },
  outputs: { output: 'T' },
  attrs: { N: int(), T: type(), Tidx: indexType },
  infer: ({ values, axis }) => ({ output: concatShape(values, axis) }),
  partial: ({ values }) => concatPartial(values),
  gradient: ({ output: dy }, { values, axis }) => ({ values: concatGradients(dy, values, axis) }),
  reference: ({ values, axis, output }) => joinCells(values, axis, output),
});
/** Puts tensors side by side along `axis`; a single one passes through an Identity. @tensorflow tf.concat */
export function concat(values: TensorLike, axis: TensorLike, { name = 'concat' }: Named = {}): Tensor {
  const list = (Array.isArray(values) && !isTensorLike(values) ? values : [values]) as readonly TensorLike[];
  if (list.length !== 1) return ConcatV2({ values: list, axis }, {}, name).output;
  const graph = graphOf([list, axis]);
  return graph.nameScope(name, () => {
    const dim = convertToTensor(axis, { name: 'concat_dim', dtype: 'int32' }, graph);
    if (dim.shape !== null && dim.shape.length !== 0) {
      throw new GraphError('Value', `Shape ${showShape(dim.shape)} must have rank 0`);
    }
    return identity(list[0]!, { name });
  });
}

const ConcatOffset = defineOp({
  name: 'ConcatOffset',
  inputs: { concat_dim: 'int32', shape: 'N * int32' },
  outputs: { offset: 'N * int32' },
  attrs: { N: int() },
  infer: ({ shape }) => ({ offset: shape.map((s) => s.shape) }),
  gradient: null,
  reference({ concat_dim, shape, offset }) {
    const first = shape[0]!.data;
    const n = first.length;
    const axis = fromFront(concat_dim.data[0]!, n);
    if (axis < 0 || axis >= n) fail(`Concat dim is out of range: ${concat_dim.data[0]} vs. ${n}`);
    let at = 0;
    shape.forEach(({ data }, i) => {
      if (data.length !== n) fail(`input ${i} should contain ${n} elements, but got ${data.length}`);
      for (let d = 0; d < n; d++) {
        if (d === axis || data[d] === first[d]) continue;
        fail(
          `All dimensions except ${axis} must match. Input ${i} has shape [${[...data].join(' ')}] and doesn't match input 0 with shape [${[...first].join(' ')}].`,
        );
      }
      const out = offset[i]!.data;
      out.fill(0);
      out[axis] = at;
      at += data[axis]!;
    });
  },
});
/** Where each of the shapes begins in their concatenation, as gen_array_ops.concat_offset. */
export function concatOffset(axis: TensorLike, shapes: readonly TensorLike[], { name }: Named = {}): readonly Tensor[] {
  return ConcatOffset({ concat_dim: axis, shape: shapes }, {}, name).offset;
}

// ---- split --------------------------------------------------------------------------------------------------------

/** Takes `value` apart along an axis into the outputs, one after the other. */
function splitCells(value: Slot, axis: number, output: readonly Slot[]): void {
  const [outer] = around(value.shape, axis);
  const step = outer === 0 ? 0 : value.size / outer;
  const from = value.data;
  let start = 0;
  for (const { data, size } of output) {
    const block = outer === 0 ? 0 : size / outer;
    for (let i = 0; i < outer; i++) moveCells(data, i * block, from, i * step + start, block);
    start += block;
  }
}
const badSplit = (n: number, at: number): string =>
  `-input rank(-${n}) <= split_dim < input rank (${n}), but got ${at}`;

const Split = defineOp({
  name: 'Split',
  inputs: { split_dim: 'int32', value: 'T' },
  outputs: { output: 'num_split * T' },
  attrs: { num_split: int(), T: type() },
  infer({ split_dim, value }, { num_split }) {
    const at = scalarOf(split_dim);
    const all = (s: Shape) => ({ output: new Array<Shape>(num_split).fill(s) });
    if (value.shape === null || at === undefined) return all(onlyRank(value.shape));
    const n = value.shape.length;
    atLeastRank(value.shape, at < 0 ? -at : at + 1, badSplit(n, at));
    const axis = fromFront(at, n);
    const dim = value.shape[axis]!;
    if (dim !== null && dim % num_split !== 0) {
      refuse(
        `Dimension size must be evenly divisible by ${num_split} but is ${dim}`,
        `Number of ways to split should evenly divide the split dimension, but got split_dim ${axis} (size = ${dim}) and num_split ${num_split}`,
      );
    }
    return all(withDim(value.shape, axis, dim === null ? null : dim / num_split));
  },
  alias: { output: 'value' },
  aliasWhen: (_, { num_split }) => num_split === 1,
  gradient: ({ output }, { split_dim }) => ({ split_dim: null, value: concat(output, split_dim) }),
  reference: ({ split_dim, value, output }) =>
    splitCells(value, fromFront(split_dim.data[0]!, value.shape.length), output),
});

const SplitV = defineOp({
  name: 'SplitV',
  inputs: { value: 'T', size_splits: 'Tlen', split_dim: 'int32' },
  outputs: { output: 'num_split * T' },
  attrs: { num_split: int(), T: type(), Tlen: type(['int8', 'int32', 'int64'], 'int64') },
  infer({ value, size_splits, split_dim }, { num_split }) {
    const at = scalarOf(split_dim);
    const all = (s: Shape) => ({ output: new Array<Shape>(num_split).fill(s) });
    if (value.shape === null) return all(null);
    const n = value.shape.length;
    if (n === 0) refuse("Can't split scalars");
    if (at === undefined) return all(unknowns(n));
    atLeastRank(value.shape, at < 0 ? -at : at + 1, badSplit(n, at));
    const axis = fromFront(at, n);
    const sizes = size_splits.value;
    if (!sizes) return all(withDim(value.shape, axis, null));
    if (sizes.length !== num_split) refuse('Length of size_splits should be equal to num_outputs');
    return { output: splitSizes(sizes, value.shape[axis]!).map((d) => withDim(value.shape!, axis, d)) };
  },
  alias: { output: 'value' },
  aliasWhen: (_, { num_split }) => num_split === 1,
  gradient: ({ output }, { split_dim }) => ({ value: concat(output, split_dim), size_splits: null, split_dim: null }),
  reference: ({ value, split_dim, output }) =>
    splitCells(value, fromFront(split_dim.data[0]!, value.shape.length), output),
});
function splitSizes(sizes: readonly number[], dim: Dim): Dim[] {
  const holes = sizes.filter((d) => d === -1).length;
  if (holes > 1) refuse('size_splits can only have one -1', 'There can only be one -1 in the input.');
  const total = sizes.reduce((a, d) => (d === -1 ? a : a + d), 0);
  if (dim !== null && (holes > 0 ? total > dim : total !== dim)) {
    refuse(
      `can't split axis of size ${dim} into pieces of size [${sizes}]`,
      `Determined shape must either match input shape along split_dim exactly if fully specified, or be less than the size of the input along split_dim if not fully specified.  Got: ${total}`,
    );
  }
  const bad = sizes.find((d) => d < -1);
  if (bad !== undefined) refuse(`Split size at index ${sizes.indexOf(bad)} must be >= 0. Got: ${bad}`);
  return sizes.map((d) => (d !== -1 ? d : dim === null ? null : dim - total));
}
export interface SplitOptions extends Named {
  /** How many pieces a tensor of sizes makes, where its length is unknown. */
  readonly num?: number | undefined;
}
/** Splits into so many equal pieces, or into pieces of the given sizes (one may be -1). @tensorflow tf.split */
export function split(
  value: TensorLike,
  numOrSizes: TensorLike,
  axis: TensorLike = 0,
  { num, name = 'split' }: SplitOptions = {},
): readonly Tensor[] {
  const graph = graphOf([value, numOrSizes, axis]);
  const given = isTensorLike(numOrSizes) || numOrSizes instanceof Value;
  const sizes = convertToTensor(numOrSizes, given ? {} : { dtype: indexTypeOf(numOrSizes) }, graph);
  if (typeof numOrSizes === 'number') return Split({ split_dim: axis, value }, { num_split: numOrSizes }, name).output;
  if (sizes.shape?.length === 0) {
    throw new GraphError(
      'Value',
      `Rank-0 tensors are not supported as the num_or_size_splits argument to split. Argument provided: ${numOrSizes}`,
    );
  }
  const n = num ?? sizes.shape?.[0];
  if (n == null) throw new GraphError('Value', `Cannot infer num from shape ${numOrSizes}`);
  return SplitV({ value, size_splits: sizes, split_dim: axis }, { num_split: n }, name).output;
}

// ---- stack --------------------------------------------------------------------------------------------------------

const Pack = defineOp({
  name: 'Pack',
  inputs: { values: 'N * T' },
  outputs: { output: 'T' },
  attrs: { N: int(), T: type(), axis: int(0) },
  infer({ values }, { N, axis }) {
    const shapes = values.map((v) => v.shape);
    let all: Shape = shapes.at(-1) ?? null;
    for (let i = shapes.length - 2; i >= 0; i--) {
      try {
        all = merge(shapes[i]!, all);
      } catch (e) {
        if (!(e instanceof GraphError)) throw e;
        const odd = shapes.findIndex((s) => !sameShape(s, shapes[0]!));
        const atRun = `Shapes of all inputs must match: values[0].shape = ${showShape(shapes[0]!)} != values[${odd}].shape = ${showShape(shapes[odd] ?? null)}`;
        throw new GraphError('Value', `${e.reason}\n\tFrom merging shape ${i} with other shapes.`, { atRun });
      }
    }
    if (all === null) return { output: null };
    const n = all.length + 1;
    if (axis < -n || axis >= n) refuse(`Invalid axis: ${axis}; must be in [${-n},${n})`);
    const at = fromFront(axis, n);
    return { output: [...all.slice(0, at), N, ...all.slice(at)] };
  },
  partial({ values }) {
    if (values[0]?.shape?.length !== 0) return undefined;
    return values.map(({ value }) => (value === undefined || value[0]! < 0 ? null : value[0]!));
  },
  gradient: ({ output: dy }, _, { N, axis }) => ({ values: unstack(dy, { num: N, axis }) }),
  reference({ values, output }, { axis }) {
    const [outer, inner] = around(output.shape, fromFront(axis, output.shape.length));
    const [out, n] = [output.data, values.length];
    values.forEach(({ data }, i) => {
      for (let j = 0; j < outer; j++) moveCells(out, (j * n + i) * inner, data, j * inner, inner);
    });
  },
});
/** What a tensor was packed from along its first axis; null for any other tensor. */
export const partsOf = (t: Tensor): readonly Tensor[] | null =>
  Pack.is(t.op) && t.op.attr('axis') === 0 ? t.op.inputs : null;

export interface StackOptions extends Named {
  readonly axis?: number | undefined;
}
/** Puts tensors of one shape side by side along a new axis; plain values become a constant. @tensorflow tf.stack */
export function stack(values: TensorLike, { axis = 0, name = 'stack' }: StackOptions = {}): Tensor {
  const graph = graphOf([values]);
  if (isTensorLike(values)) return convertToTensor(values, { name }, graph);
  const list = values as readonly TensorLike[];
  if (axis === 0) {
    try {
      return convertToTensor(list, { dtype: typeAmong(list), name }, graph);
    } catch (e) {
      if (!(e instanceof GraphError) || (e.code !== 'Value' && e.code !== 'Type')) throw e;
    }
  }
  const first = convertToTensor(list[0]!, { name }, graph).shape;
  if (first !== null && (axis < -first.length - 1 || axis > first.length)) {
    throw new GraphError('Value', `axis = ${axis} not in [${-first.length - 1}, ${first.length + 1})`);
  }
  return Pack({ values: list }, { axis }, name).output;
}

const Unpack = defineOp({
  name: 'Unpack',
  inputs: { value: 'T' },
  outputs: { output: 'num * T' },
  attrs: { num: int(), T: type(), axis: int(0) },
  infer({ value }, { num, axis }) {
    if (value.shape === null) return { output: new Array<Shape>(num).fill(null) };
    const n = value.shape.length;
    if (axis < -n || axis >= n)
      refuse(`Invalid axis: ${axis}; must be in [${-n},${n})`, `axis = ${axis} not in [${-n}, ${n})`);
    const at = fromFront(axis, n);
    exactDim(value.shape[at]!, num, `Input shape axis ${at} must equal ${num}, got shape ${showShape(value.shape)}`);
    return { output: new Array<Shape>(num).fill(value.shape.filter((_, i) => i !== at)) };
  },
  gradient: ({ output }, _, { axis }) => ({ value: stack(output, { axis }) }),
  reference({ value, output }, { axis, num }) {
    const [outer, inner] = around(value.shape, fromFront(axis, value.shape.length));
    output.forEach((t, i) => {
      const [out, from] = [t.data, value.data];
      for (let j = 0; j < outer; j++) moveCells(out, j * inner, from, (j * num + i) * inner, inner);
    });
  },
});
export interface UnstackOptions extends StackOptions {
  /** How many pieces, where the shape does not say. */
  readonly num?: number | undefined;
}
/** The slices along `axis`, without that dimension; Value where their number is unknown. @tensorflow tf.unstack */
export function unstack(
  value: TensorLike,
  { axis = 0, num, name = 'unstack' }: UnstackOptions = {},
): readonly Tensor[] {
  const t = num === undefined ? convertToTensor(value) : value;
  let n = num;
  if (n === undefined) {
    const { shape } = t as Tensor;
    if (shape !== null && (axis < -shape.length || axis >= shape.length)) {
      throw new GraphError('Value', `axis = ${axis} not in [${-shape.length}, ${shape.length})`);
    }
    n = shape?.at(axis) ?? undefined;
    if (n === undefined) throw new GraphError('Value', `Cannot infer num from shape ${showShape(shape)}`);
  }
  return Unpack({ value: t }, { num: n, axis }, name).output;
}
