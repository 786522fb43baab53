/** @file Cells in another order: transposed, reversed, rolled. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType, int, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { COMPLEX, INDEX, isComplex, REALS } from '../value/dtype';
import { isFull, type Shape, showShape, sizeOf, tupleShape } from '../value/shape';
import type { Named } from './array';
import { numbers, type Offsets, offsets, readCells, stridesOf } from './cells';
import {
  atLeastRank,
  exactDim,
  fail,
  fromFront,
  i32,
  indexTypeOf,
  refuse,
  sameDim,
  unknowns,
  withDim,
  withRank,
} from './expect';
import { invertPermutation } from './gather';
import { concat } from './join';
import { minus, negate } from './operators';
import { rangeRaw } from './range';
import { rank } from './shape';

export {
  batchToSpace,
  batchToSpaceNd,
  depthToSpace,
  requiredSpaceToBatchPaddings,
  spaceToBatch,
  spaceToBatchNd,
  spaceToDepth,
} from './space';

// ---- Transpose ----------------------------------------------------------------------------------------------------

function transposed(x: Known, perm: Known): { y: Shape } {
  const atRun = `transpose expects a vector of size ${x.shape?.length}. But input(1) is a vector of size ${perm.value?.length}`;
  const n = isFull(perm.shape) ? sizeOf(perm.shape) : null;
  const found = x.shape?.length ?? n ?? perm.value?.length;
  if (found === undefined || (x.shape === null && found < 2)) return { y: null };
  withRank(x.shape, found);
  withRank(perm.shape, 1, `perm must be a vector, not ${showShape(perm.shape)}`);
  exactDim(n, found, atRun);
  if (!perm.value) return { y: unknowns(found) };
  return {
    y: perm.value.map((from) => {
      if (from >= found || from < -found) {
        refuse(`perm dim ${from} is out of range of input rank ${found}`, `${from} is out of range [0 .. ${found})`);
      }
      return x.shape?.[fromFront(from, found)] ?? null;
    }),
  };
}
function permuteCells({ x, perm, y }: { readonly x: Slot; readonly perm: Slot; readonly y: Slot }): void {
  const order = numbers(perm.data);
  const bad = order.find((d) => d < 0 || d >= order.length);
  if (bad !== undefined) fail(`${bad} is out of range [0 .. ${order.length})`);
  for (let d = 0; d < order.length; d++) if (!order.includes(d)) fail(`${d} is missing from {${order.join(',')}}.`);
  const strides = stridesOf(x.shape);
  readCells(
    y.data,
    x.data,
    order.map((d) => offsets(x.shape[d]!, strides[d]!)),
  );
}
const Transpose = defineOp({
  name: 'Transpose',
  inputs: { x: 'T', perm: 'Tperm' },
  outputs: { y: 'T' },
  attrs: { T: type(), Tperm: indexType },
  infer: ({ x, perm }) => transposed(x, perm),
  gradient: ({ y: dy }, { perm }) => ({ x: transpose(dy, invertPermutation(perm)), perm: null }),
  reference: permuteCells,
});
const ConjugateTranspose = defineOp({
  name: 'ConjugateTranspose',
  inputs: { x: 'T', perm: 'Tperm' },
  outputs: { y: 'T' },
  attrs: { T: type(), Tperm: indexType },
  infer: ({ x, perm }) => transposed(x, perm),
  gradient: ({ y: dy }, { perm }) => ({
    x: transpose(dy, invertPermutation(perm), { conjugate: true }),
    perm: null,
  }),
  reference: permuteCells,
});
export interface TransposeOptions extends Named {
  /** Conjugates complex numbers too. */
  readonly conjugate?: boolean | undefined;
}
/** Dimension d of the result is dimension perm[d] of x; null reverses them. @tensorflow tf.transpose */
export function transpose(x: TensorLike, perm: TensorLike | null = null, options: TransposeOptions = {}): Tensor {
  const { conjugate = false, name = 'transpose' } = options;
  const graph = graphOf([x, perm]);
  return graph.nameScope(name, (scope) => {
    const make = (t: TensorLike, order: TensorLike) => {
      const complex = conjugate && isTensorLike(t) && isComplex(t.dtype);
      return (complex ? ConjugateTranspose : Transpose)({ x: t, perm: order }, {}, scope).y;
    };
    if (perm !== null) return make(x, perm);
    const t = convertToTensor(x, { name: 'a' }, graph);
    if (t.shape && t.shape.length > 0) return make(t, i32(t.shape.map((_, i) => i).reverse()));
    const n = rank(t, { optimize: false });
    const result = make(t, minus(minus(n, 1), rangeRaw(i32(0), n, i32(1))));
    if (t.shape) result.setShape([...t.shape].reverse());
    return result;
  });
}
/**
 * The last two dimensions exchanged, as tf.linalg.transpose (matrix_transpose). Raises Value for a rank below 2.
 * @tensorflow tf.matrix_transpose
 */
export function matrixTranspose(a: TensorLike, options: TransposeOptions = {}): Tensor {
  const { conjugate, name = 'matrix_transpose' } = options;
  const graph = graphOf([a]);
  return graph.nameScope(name, () => {
    const t = convertToTensor(a, { name: 'a' }, graph);
    if (t.shape !== null) {
      const n = t.shape.length;
      if (n < 2) {
        const words = "Argument 'a' should be a (batch) matrix, with rank >= 2.  Found: ";
        throw new GraphError('Value', words + tupleShape(t.shape));
      }
      const order = [...Array(n - 2).keys(), n - 1, n - 2];
      return transpose(t, i32(order), { conjugate });
    }
    const n = rank(t);
    const lead = rangeRaw(i32(0), minus(n, 2), i32(1));
    return transpose(t, concat([lead, [minus(n, 1), minus(n, 2)]], i32(0)), { conjugate });
  });
}

// ---- Reverse ------------------------------------------------------------------------------------------------------

const REVERSIBLE = [...REALS, ...COMPLEX, 'bool', 'string'] as const;
function reverseCells(tensor: Slot, axes: ReadonlySet<number>, output: Slot): void {
  const strides = stridesOf(tensor.shape);
  const tables = tensor.shape.map((n, d) => offsets(n, strides[d]!, axes.has(d) ? (i) => n - 1 - i : undefined));
  readCells(output.data, tensor.data, tables);
}
const Reverse = defineOp({
  name: 'Reverse',
  inputs: { tensor: 'T', dims: 'bool' },
  outputs: { output: 'T' },
  attrs: { T: type(REVERSIBLE) },
  infer({ tensor, dims }) {
    withRank(dims.shape, 1, "'dims' must be 1-dimension");
    const n = dims.shape?.[0];
    if (n == null) return { output: tensor.shape };
    const atRun = `'dims' must have the same number of values as 'input' has dimensions. 'input' has ${tensor.shape?.length}'dims' has ${n} values`;
    return { output: withRank(tensor.shape, n, atRun) ?? unknowns(n) };
  },
  gradient: ({ output: dy }, { dims }) => ({ tensor: reverseV1(dy, dims), dims: null }),
  reference: ({ tensor, dims, output }) =>
    reverseCells(tensor, new Set([...dims.data].flatMap((on, d) => (on ? [d] : []))), output),
});
/** The first op of its kind, which takes a bool per dimension; as gen_array_ops.reverse. */
export function reverseV1(tensor: TensorLike, dims: TensorLike, { name }: Named = {}): Tensor {
  return Reverse({ tensor, dims }, {}, name).output;
}
const ReverseV2 = defineOp({
  name: 'ReverseV2',
  inputs: { tensor: 'T', axis: 'Tidx' },
  outputs: { output: 'T' },
  attrs: { Tidx: indexType, T: type(REVERSIBLE) },
  infer({ tensor, axis }) {
    withRank(axis.shape, 1, `'dims' must be 1-dimension, not ${axis.shape?.length}`);
    if (tensor.shape && axis.value) axesOf(axis.value, tensor.shape.length);
    return { output: tensor.shape };
  },
  gradient: ({ output: dy }, { axis }) => ({ tensor: reverse(dy, axis), axis: null }),
  reference: ({ tensor, axis, output }) =>
    reverseCells(tensor, axesOf(numbers(axis.data), tensor.shape.length), output),
});
function axesOf(given: readonly number[], n: number): Set<number> {
  const axes = new Set<number>();
  given.forEach((a, i) => {
    const axis = fromFront(a, n);
    if (axis < 0 || axis >= n) fail(`'axis'[${i}] = ${a} is out of valid range [0, ${n - 1}`);
    if (axes.has(axis)) fail(`axis ${axis} specified more than once.`);
    axes.add(axis);
  });
  return axes;
}
/** Turns the order along the axes around. @tensorflow tf.reverse */
export function reverse(tensor: TensorLike, axis: TensorLike, { name }: Named = {}): Tensor {
  return ReverseV2({ tensor, axis }, {}, name).output;
}

// ---- ReverseSequence ----------------------------------------------------------------------------------------------

const ReverseSequence = defineOp({
  name: 'ReverseSequence',
  inputs: { input: 'T', seq_lengths: 'Tlen' },
  outputs: { output: 'T' },
  attrs: { seq_dim: int(), batch_dim: int(0), T: type(), Tlen: type(INDEX, 'int64') },
  infer({ input, seq_lengths }, { seq_dim, batch_dim }) {
    withRank(seq_lengths.shape, 1, `seq_lens input must be 1-dim, not ${seq_lengths.shape?.length}`);
    if (input.shape === null) return { output: null };
    const n = input.shape.length;
    if (seq_dim === batch_dim) fail(`batch_dim == seq_dim == ${seq_dim}`);
    if (batch_dim >= n) refuse(`batch_dim must be < input rank: ${batch_dim} vs. ${n}`);
    if (seq_dim >= n) refuse(`seq_dim must be < input rank: ${seq_dim} vs. ${n}`);
    const [b, len] = [input.shape[batch_dim]!, seq_lengths.shape?.[0] ?? null];
    const both = sameDim(b, len, `len(seq_lens) != input.dims(${batch_dim}), (${len} vs. ${b})`);
    return { output: withDim(input.shape, batch_dim, both) };
  },
  gradient: ({ output: dy }, { seq_lengths }, { seq_dim, batch_dim }) => ({
    input: reverseSequence(dy, seq_lengths, { seqAxis: seq_dim, batchAxis: batch_dim }),
    seq_lengths: null,
  }),
  reference({ input, seq_lengths, output }, { seq_dim, batch_dim }) {
    const strides = stridesOf(input.shape);
    const lengths = numbers(seq_lengths.data);
    const n = input.shape[seq_dim]!;
    const [from, out] = [input.data, output.data];
    lengths.forEach((len, b) => {
      if (len < 0) fail(`seq_lens(${b}) < 0`);
      if (len > n) fail(`seq_lens(${b}) > input.dims(${seq_dim})`);
    });
    const place = (i: number, d: number) => Math.floor(i / strides[d]!) % input.shape[d]!;
    for (let i = 0; i < out.length; i++) {
      const [at, len] = [place(i, seq_dim), lengths[place(i, batch_dim)]!];
      out[i] = from[at < len ? i + (len - 1 - 2 * at) * strides[seq_dim]! : i]!;
    }
  },
});
export interface ReverseSequenceOptions extends Named {
  readonly seqAxis: number;
  readonly batchAxis?: number | undefined;
}
/** Turns around the first seqLengths[b] entries of each batch element b. @tensorflow tf.reverse_sequence */
export function reverseSequence(
  input: TensorLike,
  seqLengths: TensorLike,
  { seqAxis, batchAxis, name }: ReverseSequenceOptions,
): Tensor {
  return ReverseSequence({ input, seq_lengths: seqLengths }, { seq_dim: seqAxis, batch_dim: batchAxis }, name).output;
}

// ---- Roll ---------------------------------------------------------------------------------------------------------

const Roll = defineOp({
  name: 'Roll',
  inputs: { input: 'T', shift: 'Tshift', axis: 'Taxis' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tshift: type(['int32', 'int64']), Taxis: type(['int32', 'int64']) },
  infer({ input, shift, axis }) {
    atLeastRank(input.shape, 1, 'input must be 1-D or higher');
    for (const [key, { shape }] of [
      ['shift', shift],
      ['axis', axis],
    ] as const) {
      const words = `${key} must be a scalar or a 1-D vector. Found: ${showShape(shape)}`;
      if (shape && shape.length > 1) refuse(`Shape must be at most rank 1 but is rank ${shape.length}`, words);
    }
    return { output: input.shape };
  },
  gradient: ({ output: dy }, { shift, axis }) => ({ input: roll(dy, negate(shift), axis) }),
  reference({ input, shift, axis, output }) {
    const [by, axes] = [numbers(shift.data), numbers(axis.data)];
    if (by.length !== axes.length) fail('shift and axis must have the same size');
    const n = input.shape.length;
    const total = new Array<number>(n).fill(0);
    axes.forEach((a, i) => {
      const d = fromFront(a, n);
      if (d < 0 || d >= n) fail(`axis ${d} is out of range`);
      total[d]! += by[i]!;
    });
    const strides = stridesOf(input.shape);
    const tables: Offsets[] = input.shape.map((size, d) =>
      offsets(size, strides[d]!, (i) => (((i - total[d]!) % size) + size) % size),
    );
    readCells(output.data, input.data, tables);
  },
});
/** Shifts along the axes; what leaves at one end comes in at the other. @tensorflow tf.roll */
export function roll(input: TensorLike, shift: TensorLike, axis: TensorLike, { name }: Named = {}): Tensor {
  const attrs = { Tshift: indexTypeOf<'int32' | 'int64'>(shift), Taxis: indexTypeOf<'int32' | 'int64'>(axis) };
  return Roll({ input, shift, axis }, attrs, name).output;
}
