/** @file Arrays made larger: repeated (tile), framed by a value (pad), or by their own mirror image. */
import { GraphError } from '../errors';
import { isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { indexType, type Known, oneOf, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { isHost, zeroOf } from '../value/dtype';
import { type FullShape, isFull, type Shape, showShape } from '../value/shape';
import { type Named, reshape, shapeOf } from './array';
import { cast } from './cast';
import { addCells, numbers, type Offsets, offsets, readCells, stridesOf } from './cells';
import { floormod } from './division';
import {
  asShape,
  type Dim,
  exactDim,
  fail,
  i32,
  minusDim,
  onlyRank,
  refuse,
  sumDim,
  timesDim,
  unknowns,
  withRank,
} from './expect';
import { concat, partsOf, stack } from './join';
import { transpose } from './permute';
import { range } from './range';
import { reduceSum } from './reduce';
import { unsortedSegmentSum } from './segment';
import { rank, size } from './shape';
import { s, slice } from './slice';

// ---- Tile ---------------------------------------------------------------------------------------------------------

const Tile = defineOp({
  name: 'Tile',
  inputs: { input: 'T', multiples: 'Tmultiples' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tmultiples: indexType },
  infer({ input, multiples }) {
    const times = asShape(multiples);
    const shape = input.shape ?? (times && unknowns(times.length));
    if (shape === null) return { output: null };
    const n = shape.length;
    withRank(
      times,
      n,
      `Expected multiples argument to be a vector of length ${n} but got length ${times?.length ?? 0}`,
    );
    return { output: shape.map((d, i) => timesDim(d, times?.[i] ?? null)) };
  },
  gradient({ output: dy }, { input, multiples }) {
    const inputShape = shapeOf(input, { outType: multiples.dtype as 'int32' });
    let split = reshape(transpose(stack([multiples, inputShape])), i32([-1]));
    const axes = range(i32(0), size(split), i32(2));
    let grad = dy as Tensor | IndexedSlices;
    if (grad instanceof IndexedSlices) {
      const n = cast(inputShape.at(0), grad.indices.dtype);
      grad = unsortedSegmentSum(grad.values, floormod(grad.indices, n), n);
      split = concat([i32([1]), split.at(s(1))], i32(0));
    }
    const summed = reduceSum(reshape(grad, split), { axis: axes });
    summed.setShape(input.shape);
    return { input: summed, multiples: null };
  },
  kernel({ input, multiples, output }) {
    const times = Array.from(multiples.data, Number);
    const whole = times.every((n, i) => n === 1 || input.shape.slice(0, i).every((d) => d === 1));
    if (!whole || input.bytes === 0 || isHost(input.dtype)) return null;
    return ['copy_blocks', output.ptr, input.ptr, times.reduce((a, b) => a * b, 1), input.bytes, input.bytes, 0];
  },
  reference({ input, multiples, output }) {
    const times = numbers(multiples.data);
    const bad = times.findIndex((m) => m < 0);
    if (bad >= 0) fail(`Expected multiples[${bad}] >= 0, but got ${times[bad]}`);
    const strides = stridesOf(input.shape);
    const tables = input.shape.map((n, d) => offsets(n * times[d]!, strides[d]!, (i) => i % n));
    readCells(output.data, input.data, tables);
  },
});
/** Repeats the array so many times along each dimension. @tensorflow tf.tile */
export function tile(input: TensorLike, multiples: TensorLike, { name }: Named = {}): Tensor {
  return Tile({ input, multiples }, {}, name).output;
}

// ---- paddings -----------------------------------------------------------------------------------------------------

type Pair = readonly [before: Dim, after: Dim];
const pairsOf = (flat: readonly number[]): [number, number][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);

/** The padded shape; `change` says what a pair does to a dimension. */
function paddedShape(input: Known, paddings: Known, change: (d: Dim, pair: Pair) => Dim): Shape {
  const at = `paddings must be a matrix with 2 columns: ${showShape(paddings.shape)}`;
  const [rows, columns] = withRank(paddings.shape, 2, at) ?? [null, null];
  exactDim(columns ?? null, 2, at);
  const n = rows ?? null;
  if (n !== null) {
    const ranks = `The first dimension of paddings must be the rank of inputs${showShape(paddings.shape)} ${showShape(input.shape)}`;
    withRank(input.shape, n, ranks);
  }
  const from = input.shape ?? (n === null ? null : unknowns(n));
  if (!paddings.value) return onlyRank(from);
  return from && pairsOf(paddings.value).map((pair, i) => change(from[i]!, pair));
}
const grow = (d: Dim, [before, after]: Pair): Dim => {
  if (before! < 0 || after! < 0) {
    refuse('Paddings must be non-negative', `Paddings must be non-negative: ${before} ${after}`);
  }
  return sumDim(d, before! + after!);
};
/** The inside of a padded gradient. */
function padGradient(dy: Tensor, x: Tensor, paddings: Tensor): Tensor {
  const before = slice(paddings, i32([0, 0]), stack([rank(x), i32(1)]));
  const begin = reshape(before, i32([-1]));
  return slice(dy, begin, shapeOf(x));
}
function padCells(input: Slot, paddings: Slot, output: Slot, blank: number): void {
  const strides = stridesOf(input.shape);
  const tables = pairsOf(numbers(paddings.data)).map(([before], d) => {
    const n = input.shape[d]!;
    return offsets(output.shape[d]!, strides[d]!, (i) => (i - before < n ? i - before : -1));
  });
  if (input.shape.includes(0)) output.data.fill(blank);
  else readCells(output.data, input.data, tables, 0, blank);
}

const Pad = defineOp({
  name: 'Pad',
  inputs: { input: 'T', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tpaddings: indexType },
  infer: ({ input, paddings }) => ({ output: paddedShape(input, paddings, grow) }),
  gradient: ({ output: dy }, { input, paddings }) => ({ input: padGradient(dy, input, paddings), paddings: null }),
  reference: ({ input, paddings, output }) => padCells(input, paddings, output, zeroOf(output.dtype)),
});
const PadV2 = defineOp({
  name: 'PadV2',
  inputs: { input: 'T', paddings: 'Tpaddings', constant_values: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tpaddings: indexType },
  infer({ input, paddings, constant_values }) {
    withRank(constant_values.shape, 0, `constant_values must be a scalar. Found: ${showShape(constant_values.shape)}`);
    return { output: paddedShape(input, paddings, grow) };
  },
  gradient: ({ output: dy }, { input, paddings }) => ({ input: padGradient(dy, input, paddings) }),
  reference: ({ input, paddings, constant_values, output }) =>
    padCells(input, paddings, output, constant_values.data[0]!),
});

// ---- mirrors ------------------------------------------------------------------------------------------------------

type Mode = 'REFLECT' | 'SYMMETRIC';
/** Which cell each padded one shows: the border itself is repeated by SYMMETRIC only. */
function mirror(shape: FullShape, pairs: readonly (readonly [number, number])[], mode: Mode): Offsets[] {
  const strides = stridesOf(shape);
  const skip = mode === 'REFLECT' ? 1 : 0;
  return pairs.map(([before, after], d) => {
    const n = shape[d]!;
    return offsets(n + before + after, strides[d]!, (i) => {
      const x = i - before;
      return x < 0 ? -x - 1 + skip : x >= n ? 2 * n - 1 - skip - x : x;
    });
  });
}
function checkMirror(d: Dim, [before, after]: Pair, mode: Mode): void {
  if (d === null) return;
  const [b, a] = [before!, after!];
  if (mode === 'REFLECT' && (b >= d || a >= d)) {
    fail(`paddings must be less than the dimension size: ${b}, ${a} not less than ${d}`);
  }
  if (b > d || a > d) fail(`paddings must be no greater than the dimension size: ${b}, ${a} greater than ${d}`);
}
const MirrorPad = defineOp({
  name: 'MirrorPad',
  inputs: { input: 'T', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tpaddings: indexType, mode: oneOf('REFLECT', 'SYMMETRIC') },
  infer: ({ input, paddings }) => ({ output: paddedShape(input, paddings, grow) }),
  gradient: ({ output: dy }, { paddings }, { mode }) => ({ input: mirrorPadGrad(dy, paddings, mode), paddings: null }),
  reference({ input, paddings, output }, { mode }) {
    const pairs = pairsOf(numbers(paddings.data));
    pairs.forEach((pair, d) => void checkMirror(input.shape[d]!, pair, mode));
    readCells(output.data, input.data, mirror(input.shape, pairs, mode));
  },
});
const MirrorPadGrad = defineOp({
  name: 'MirrorPadGrad',
  inputs: { input: 'T', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tpaddings: indexType, mode: oneOf('REFLECT', 'SYMMETRIC') },
  infer: ({ input, paddings }) => ({
    output: paddedShape(input, paddings, (d, [b, a]) => minusDim(d, sumDim(b, a))),
  }),
  gradient: ({ output: dy }, { paddings }, { mode }) => ({
    input: MirrorPad({ input: dy, paddings }, { mode }).output,
    paddings: null,
  }),
  reference({ input, paddings, output }, { mode }) {
    const pairs = pairsOf(numbers(paddings.data));
    pairs.forEach((pair, d) => void checkMirror(output.shape[d]!, pair, mode));
    output.data.fill(zeroOf(output.dtype));
    addCells(output.data, input.data, mirror(output.shape, pairs, mode));
  },
});
/** What a gradient of the padded array is to the array inside, as gen_array_ops.mirror_pad_grad. */
export function mirrorPadGrad(input: TensorLike, paddings: TensorLike, mode: Mode, { name }: Named = {}): Tensor {
  return MirrorPadGrad({ input, paddings }, { mode }, name).output;
}
/** Frames `input` by its mirror image; SYMMETRIC repeats the border. As gen_array_ops.mirror_pad. */
export function mirrorPad(input: TensorLike, paddings: TensorLike, mode: Mode, { name }: Named = {}): Tensor {
  return MirrorPad({ input, paddings }, { mode }, name).output;
}

// ---- tf.pad -------------------------------------------------------------------------------------------------------

export interface PadOptions extends Named {
  /** CONSTANT (the default), REFLECT or SYMMETRIC, in any case. */
  readonly mode?: string | undefined;
  readonly constantValues?: TensorLike | undefined;
}
/**
 * Frames `tensor`: paddings[d] = [before, after] along dimension d. Raises Value for an unknown mode.
 * @tensorflow tf.pad
 */
export function pad(tensor: TensorLike, paddings: TensorLike, options: PadOptions = {}): Tensor {
  const { mode = 'CONSTANT', constantValues = 0, name } = options;
  const kind = mode.toUpperCase();
  let result: Tensor;
  if (kind === 'CONSTANT') {
    const plain = !isTensorLike(constantValues) && Number(constantValues) === 0;
    result = plain
      ? Pad({ input: tensor, paddings }, {}, name).output
      : PadV2({ input: tensor, paddings, constant_values: constantValues }, {}, name).output;
  } else if (kind === 'REFLECT' || kind === 'SYMMETRIC') result = mirrorPad(tensor, paddings, kind, { name });
  else throw new GraphError('Value', `Unknown padding mode: ${kind}`);
  refineShape(result, result.op);
  return result;
}
/** Dimensions whose padding is known although the whole matrix is not. */
function refineShape(result: Tensor, op: Operation): void {
  const [input, paddings] = op.inputs as [Tensor, Tensor];
  if (input.shape === null || isFull(result.shape)) return;
  const rows = partsOf(paddings)?.map((row) => row.value ?? partsOf(row)?.map((x) => x.value?.[0] ?? null) ?? null);
  if (!rows?.some((row) => row !== null)) return;
  const { shape } = input;
  result.setShape(
    rows.map((row, i) => {
      const [d, before, after] = [shape[i] ?? null, row?.[0] ?? null, row?.[1] ?? null];
      return d === null || before === null || after === null ? null : d + before + after;
    }),
  );
}
