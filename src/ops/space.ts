/** @file Blocks of space moved into the batch or into the channels, and back. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Attr, indexType, int, type Known, string, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { zeroOf } from '../value/dtype';
import { type FullShape, isFull, type Shape, showShape, sizeOf } from '../value/shape';
import { type Named, zeros } from './array';
import { numbers, type Offsets, offsets, readCells, same, stridesOf, writeCells } from './cells';
import { atLeastRank, type Dim, i32, refuse, timesDim, unknowns, withRank } from './expect';
import { stack } from './join';
import { minus, modulo, plus } from './operators';
import { s } from './slice';

type Pairs = readonly (readonly [number, number])[];
const pairsOf = (flat: readonly number[] | undefined): Pairs | undefined =>
  flat && Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!] as const);

// ---- batch --------------------------------------------------------------------------------------------------------

const invalid = (i: number, value: number): string => `block_shape must be positive: block_shape[${i}] = ${value}`;

/** What the op makes of the shape; `dims` says it for one dimension of space. */
function blockShape(
  input: Known,
  rank: number | null,
  block: readonly number[] | undefined,
  batch: (b: Dim, product: number) => Dim,
  dims: (d: Dim, i: number) => Dim,
): Shape {
  if (rank === null) return null;
  const from = atLeastRank(
    input.shape,
    rank + 1,
    `input rank should be >= ${rank + 1} instead of ${input.shape?.length}`,
  );
  if (from === null) return null;
  block?.forEach((b, i) => {
    if (b < 1) refuse(`block_shape must be positive`, invalid(i, b));
  });
  const out = from.map((d, i) => (i === 0 ? (block ? batch(d, sizeOf(block)) : null) : i > rank ? d : dims(d, i - 1)));
  return out;
}
/** Where cells of a padded space lie in the batches of its blocks. */
function blockTables(
  space: FullShape,
  before: readonly number[],
  block: readonly number[],
  inBatch: FullShape,
): Offsets[] {
  const strides = stridesOf(inBatch);
  const batches = space[0]!;
  const rest = same(inBatch, block.length + 1);
  const steps = stridesOf(block); // the first block dimension changes slowest
  return [
    offsets(batches, strides[0]!),
    ...block.map((b, d) =>
      offsets(space[d + 1]!, 1, (i) => {
        const x = i + before[d]!;
        return (x % b) * steps[d]! * batches * strides[0]! + Math.floor(x / b) * strides[d + 1]!;
      }),
    ),
    ...rest,
  ];
}
const grown =
  (pads: Pairs | undefined, block: readonly number[] | undefined) =>
  (d: Dim, i: number): Dim => {
    if (d === null || !pads || !block) return null;
    const [before, after] = pads[i]!;
    if (before < 0 || after < 0) refuse('paddings cannot be negative', 'Paddings must be non-negative');
    const padded = d + before + after;
    if (padded % block[i]! !== 0) {
      refuse(
        `Dimension size must be evenly divisible by ${block[i]} but is ${padded}`,
        `padded_shape[${i}]=${padded} is not divisible by block_shape[${i}]=${block[i]}`,
      );
    }
    return padded / block[i]!;
  };
const cropped =
  (crops: Pairs | undefined, block: readonly number[] | undefined) =>
  (d: Dim, i: number): Dim => {
    if (d === null || !crops || !block) return null;
    const [before, after] = crops[i]!;
    if (before < 0 || after < 0) refuse('crops cannot be negative', 'Crops must be non-negative');
    const left = d * block[i]! - before - after;
    if (left < 0) {
      refuse(
        `Negative dimension size caused by subtracting ${before + after} from ${d * block[i]!}`,
        `cropped_shape[${i}]=${left} must be non-negative`,
      );
    }
    return left;
  };
const spread = (b: Dim, product: number): Dim => timesDim(b, product);
const gathered = (b: Dim, product: number): Dim => {
  if (b !== null && b % product !== 0) {
    refuse(
      `Dimension size must be evenly divisible by ${product} but is ${b}`,
      `Input batch dimension (${b}) is not divisible by product of block sizes (${product})`,
    );
  }
  return b === null ? null : b / product;
};
function toBatch(input: Slot, block: readonly number[], pads: Pairs, output: Slot): void {
  output.data.fill(zeroOf(output.dtype));
  const before = pads.map(([b]) => b);
  writeCells(output.data, input.data, blockTables(input.shape, before, block, output.shape));
}
function toSpace(input: Slot, block: readonly number[], crops: Pairs, output: Slot): void {
  const before = crops.map(([b]) => b);
  readCells(output.data, input.data, blockTables(output.shape, before, block, input.shape));
}

const SpaceToBatchND = defineOp({
  name: 'SpaceToBatchND',
  inputs: { input: 'T', block_shape: 'Tblock_shape', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tblock_shape: indexType, Tpaddings: indexType },
  infer({ input, block_shape: { shape, value }, paddings }) {
    withRank(shape, 1, `block_shape must be 1D, got shape ${showShape(shape)}`);
    withRank(paddings.shape, 2);
    return { output: blockShape(input, shape?.[0] ?? null, value, spread, grown(pairsOf(paddings.value), value)) };
  },
  gradient: ({ output: dy }, { block_shape, paddings }) => ({ input: batchToSpaceNd(dy, block_shape, paddings) }),
  reference: ({ input, block_shape, paddings, output }) =>
    toBatch(input, numbers(block_shape.data), pairsOf(numbers(paddings.data))!, output),
});
/**
 * Cuts space (after padding) into blocks and lays equal places of all blocks into one batch.
 * @tensorflow tf.space_to_batch_nd
 */
export function spaceToBatchNd(
  input: TensorLike,
  blockShape: TensorLike,
  paddings: TensorLike,
  { name }: Named = {},
): Tensor {
  return SpaceToBatchND({ input, block_shape: blockShape, paddings }, {}, name).output;
}
const BatchToSpaceND = defineOp({
  name: 'BatchToSpaceND',
  inputs: { input: 'T', block_shape: 'Tblock_shape', crops: 'Tcrops' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tblock_shape: indexType, Tcrops: indexType },
  infer({ input, block_shape: { shape, value }, crops }) {
    withRank(shape, 1, `block_shape must be 1D, got shape ${showShape(shape)}`);
    withRank(crops.shape, 2);
    return { output: blockShape(input, shape?.[0] ?? null, value, gathered, cropped(pairsOf(crops.value), value)) };
  },
  gradient: ({ output: dy }, { block_shape, crops }) => ({ input: spaceToBatchNd(dy, block_shape, crops) }),
  reference: ({ input, block_shape, crops, output }) =>
    toSpace(input, numbers(block_shape.data), pairsOf(numbers(crops.data))!, output),
});
/** The way back from spaceToBatchNd. @tensorflow tf.batch_to_space_nd */
export function batchToSpaceNd(
  input: TensorLike,
  blockShape: TensorLike,
  crops: TensorLike,
  { name }: Named = {},
): Tensor {
  return BatchToSpaceND({ input, block_shape: blockShape, crops }, {}, name).output;
}

const SpaceToBatch = defineOp({
  name: 'SpaceToBatch',
  inputs: { input: 'T', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tpaddings: indexType, block_size: int() },
  infer({ input, paddings }, { block_size: b }) {
    withRank(input.shape, 4);
    return { output: blockShape(input, 2, [b, b], spread, grown(pairsOf(paddings.value), [b, b])) };
  },
  gradient: ({ output: dy }, { paddings }, { block_size }) => ({ input: batchToSpaceV1(dy, paddings, block_size) }),
  reference: ({ input, paddings, output }, { block_size: b }) =>
    toBatch(input, [b, b], pairsOf(numbers(paddings.data))!, output),
});
const BatchToSpace = defineOp({
  name: 'BatchToSpace',
  inputs: { input: 'T', crops: 'Tidx' },
  outputs: { output: 'T' },
  attrs: { T: type(), block_size: int(), Tidx: indexType },
  infer({ input, crops }, { block_size: b }) {
    withRank(input.shape, 4);
    return { output: blockShape(input, 2, [b, b], gathered, cropped(pairsOf(crops.value), [b, b])) };
  },
  gradient: ({ output: dy }, { crops }, { block_size }) => ({
    input: SpaceToBatch({ input: dy, paddings: crops }, { block_size }).output,
  }),
  reference: ({ input, crops, output }, { block_size: b }) =>
    toSpace(input, [b, b], pairsOf(numbers(crops.data))!, output),
});
function batchToSpaceV1(input: Tensor, crops: Tensor, block_size: number): Tensor {
  return BatchToSpace({ input, crops }, { block_size }).output;
}
/** Square blocks of rank-4 images, as tf.space_to_batch; made of SpaceToBatchND. */
export function spaceToBatch(input: TensorLike, paddings: TensorLike, blockSize: number, { name }: Named = {}): Tensor {
  const result = spaceToBatchNd(input, [blockSize, blockSize], paddings, { name });
  result.setShape(withRank(result.shape, 4));
  return result;
}
/** Square blocks of rank-4 images, as tf.batch_to_space; made of BatchToSpaceND. */
export function batchToSpace(input: TensorLike, crops: TensorLike, blockSize: number, { name }: Named = {}): Tensor {
  const result = batchToSpaceNd(input, [blockSize, blockSize], crops, { name });
  result.setShape(withRank(result.shape, 4));
  return result;
}

export interface RequiredPaddingsOptions extends Named {
  readonly basePaddings?: TensorLike | undefined;
}
/**
 * The least paddings that make a shape divisible, and the crops for the way back.
 * @tensorflow tf.required_space_to_batch_paddings
 */
export function requiredSpaceToBatchPaddings(
  inputShape: TensorLike,
  blockShape: TensorLike,
  { basePaddings, name = 'required_space_to_batch_paddings' }: RequiredPaddingsOptions = {},
): [paddings: Tensor, crops: Tensor] {
  const graph = graphOf([inputShape, blockShape]);
  return graph.nameScope(name, () => {
    const as = (x: TensorLike, key: string) => convertToTensor(x, { dtype: 'int32', name: key }, graph);
    const shape = as(inputShape, 'input_shape');
    const block = as(blockShape, 'block_shape');
    if (!isFull(block.shape) || block.shape.length !== 1)
      refuse(`Shape ${showShape(block.shape)} is not fully defined`);
    const n = block.shape[0]!;
    if (n === 0) return [zeros([0, 2], { dtype: 'int32' }), zeros([0, 2], { dtype: 'int32' })];
    const base = basePaddings ? as(basePaddings, 'base_paddings') : zeros([n, 2], { dtype: 'int32' });
    if (shape.value && block.value && base.value) {
      const pads = pairsOf(base.value)!;
      const extra = block.value.map((b, i) => (b - ((shape.value![i]! + pads[i]![0] + pads[i]![1]) % b)) % b);
      const paddings = pads.map(([before, after], i) => [before, after + extra[i]!]);
      return [stack(i32(paddings), { name: 'paddings' }), stack(i32(extra.map((e) => [0, e])), { name: 'crops' })];
    }
    const start = base.at(s(), 0);
    const end = base.at(s(), 1);
    const full = plus(plus(shape, start), end);
    const extra = modulo(minus(block, modulo(full, block)), block);
    const last = plus(end, extra);
    const each = Array.from({ length: n }, (_, i) => i);
    const paddings = stack(
      each.map((i) => [start.at(i), last.at(i)]),
      { name: 'paddings' },
    );
    const crops = stack(each.map((i) => [i32(0), extra.at(i)]) as unknown as TensorLike, { name: 'crops' });
    return [paddings, crops];
  });
}

// ---- depth --------------------------------------------------------------------------------------------------------

type Format = 'NHWC' | 'NCHW' | 'NCHW_VECT_C';
/** Which dimensions are height, width and depth. */
const places = (format: Format): readonly [h: number, w: number, c: number] =>
  format === 'NHWC' ? [1, 2, 3] : [2, 3, 1];

/** Where cells of the wide image lie in the deep one. */
function depthTables(wide: FullShape, deep: FullShape, b: number, format: Format): Offsets[] {
  const [h, w, c] = places(format);
  const strides = stridesOf(deep);
  const channels = wide[c]!;
  const tables = wide.map((n, d) => offsets(n, strides[d]!));
  tables[h] = offsets(wide[h]!, 1, (i) => Math.floor(i / b) * strides[h]! + (i % b) * b * channels * strides[c]!);
  tables[w] = offsets(wide[w]!, 1, (i) => Math.floor(i / b) * strides[w]! + (i % b) * channels * strides[c]!);
  return tables;
}
function divided(d: Dim, by: number, atRun: string): Dim {
  if (d !== null && d % by !== 0) refuse(`Dimension size must be evenly divisible by ${by} but is ${d}`, atRun);
  return d === null ? null : d / by;
}
/** The shape with height and width, and depth, changed. */
function reshapedImage(x: Known, format: Format, space: (d: Dim) => Dim, depth: (d: Dim) => Dim): Shape {
  withRank(x.shape, 4, `Input rank should be: 4 instead of: ${x.shape?.length}`);
  const [h, w, c] = places(format);
  const from = x.shape ?? unknowns(4);
  return from.map((d, i) => (i === c ? depth(d) : i === h || i === w ? space(d) : d));
}
const DEPTH = { T: type(), block_size: int() as Attr<number>, data_format: string('NHWC', 'NCHW', 'NCHW_VECT_C') };

const SpaceToDepth = defineOp({
  name: 'SpaceToDepth',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: DEPTH,
  infer({ input }, { block_size: b, data_format }) {
    const atRun = `Image width ${input.shape?.[places(data_format)[1]]} and height ${input.shape?.[places(data_format)[0]]} should be divisible by block_size: ${b}`;
    return {
      output: reshapedImage(
        input,
        data_format,
        (d) => divided(d, b, atRun),
        (d) => timesDim(d, b * b),
      ),
    };
  },
  gradient: ({ output: dy }, _, { block_size, data_format }) => ({
    input: depthToSpace(dy, block_size, { dataFormat: data_format }),
  }),
  reference({ input, output }, { block_size, data_format }) {
    writeCells(output.data, input.data, depthTables(input.shape, output.shape, block_size, data_format));
  },
});
const DepthToSpace = defineOp({
  name: 'DepthToSpace',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: DEPTH,
  infer({ input }, { block_size: b, data_format }) {
    const c = input.shape?.[places(data_format)[2]];
    const atRun = `Input depth dimension ${c} should be divisible by: ${b * b}`;
    return {
      output: reshapedImage(
        input,
        data_format,
        (d) => timesDim(d, b),
        (d) => divided(d, b * b, atRun),
      ),
    };
  },
  gradient: ({ output: dy }, _, { block_size, data_format }) => ({
    input: spaceToDepth(dy, block_size, { dataFormat: data_format }),
  }),
  reference({ input, output }, { block_size, data_format }) {
    readCells(output.data, input.data, depthTables(output.shape, input.shape, block_size, data_format));
  },
});
export interface DepthOptions extends Named {
  readonly dataFormat?: Format | undefined;
}
/** Moves blocks of an image into its channels. @tensorflow tf.space_to_depth */
export function spaceToDepth(input: TensorLike, blockSize: number, { dataFormat, name }: DepthOptions = {}): Tensor {
  return SpaceToDepth({ input }, { block_size: blockSize, data_format: dataFormat }, name).output;
}
/** Moves channels into blocks of an image. @tensorflow tf.depth_to_space */
export function depthToSpace(input: TensorLike, blockSize: number, { dataFormat, name }: DepthOptions = {}): Tensor {
  return DepthToSpace({ input }, { block_size: blockSize, data_format: dataFormat }, name).output;
}
