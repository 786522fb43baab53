/** @file Rows added up, multiplied or compared by segment: sorted and unsorted ids; IndexedSlices made dense by them. */
import { GraphError } from '../errors';
import { type ConvertOptions, constantIn, onDensify, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import type { IndexedSlices } from '../graph/indexed_slices';
import { indexType, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { cellOf, type DType, INDEX, NUMBERS, REALS, zeroOf } from '../value/dtype';
import { type Shape, showShape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { fill, type Named, onesLike, shapeOf, zerosLike } from './array';
import { cast } from './cast';
import { numbers, showIndex } from './cells';
import { equal, greater, greaterEqual, logicalAnd, where } from './compare';
import { atLeastRank, fail, i32, indexTypeOf, limitsOf, refuse, scalarOf, withRank } from './expect';
import { gather } from './gather';
import { concat } from './join';
import { minus, over, times } from './operators';
import { maximum } from './pairs';
import { expandDims, rank } from './shape';

export {
  sparseSegmentMean,
  sparseSegmentMeanGrad,
  sparseSegmentSqrtN,
  sparseSegmentSqrtNGrad,
  sparseSegmentSum,
} from './sparse_segment';

/** What becomes of a cell that held `sum` when x joins its segment. */
type Join = (sum: number, x: number) => number;
const SUMMABLE = [...NUMBERS, 'qint16', 'quint16'] as const satisfies readonly DType[];
type Kind = 'Sum' | 'Mean' | 'Prod' | 'Min' | 'Max';

const JOIN: Readonly<Record<Kind, Join>> = {
  Sum: (sum, x) => sum + x,
  Mean: (sum, x) => sum + x,
  Prod: (sum, x) => sum * x,
  // biome-ignore lint/complexity/useMathMinMax: they refuse bigints.
  Min: (sum, x) => (typeof x === 'bigint' ? (x < sum ? x : sum) : Math.min(x, sum)),
  // biome-ignore lint/complexity/useMathMinMax: as above.
  Max: (sum, x) => (typeof x === 'bigint' ? (x > sum ? x : sum) : Math.max(x, sum)),
};

// ---- sorted -------------------------------------------------------------------------------------------------------

/** Of segments nobody belongs to. */
const GAP: Readonly<Record<Kind, number>> = { Sum: 0, Mean: 0, Prod: 1, Min: 0, Max: 0 };

export function segmentShape(data: Known, ids: Known): Shape {
  atLeastRank(data.shape, 1, 'input must be at least rank 1');
  withRank(ids.shape, 1, 'segment_ids should be a vector.');
  const [n, m] = [data.shape?.[0] ?? null, ids.shape?.[0] ?? null];
  if (n !== null && m !== null && n !== m) fail('segment_ids should be the same size as dimension 0 of input.');
  return data.shape && [null, ...data.shape.slice(1)];
}
/** The ids, which must not decrease. */
export function sortedIds(ids: Slot): number[] {
  const cells = numbers(ids.data);
  cells.forEach((id, i) => {
    if (id < 0) {
      fail(
        `Segment id ${id} out of range [0, ${cells.at(-1)! + 1}), possibly because 'segment_ids' input is not sorted.`,
      );
    }
    if (i > 0 && id < cells[i - 1]!) fail('segment ids are not increasing');
  });
  return cells;
}
function segmentRows(kind: Kind, data: Slot, ids: Slot, output: Slot): void {
  const segments = sortedIds(ids);
  const row = data.shape.slice(1);
  const n = sizeOf(row);
  output.resize([segments.length === 0 ? 0 : segments.at(-1)! + 1, ...row]);
  const [from, out] = [data.data, output.data];
  out.fill(cellOf(output.dtype, GAP[kind]));
  const join = JOIN[kind];
  for (let i = 0, first = 0; i < segments.length; i++) {
    const at = segments[i]! * n;
    if (i > 0 && segments[i] !== segments[i - 1]) first = i;
    for (let j = 0; j < n; j++) out[at + j] = i === first ? from[i * n + j]! : join(out[at + j]!, from[i * n + j]!);
    const last = i + 1 === segments.length || segments[i + 1] !== segments[i];
    if (kind !== 'Mean' || !last || i === first) continue;
    const count = cellOf(output.dtype, i + 1 - first);
    for (let j = 0; j < n; j++) out[at + j] = out[at + j]! / count;
  }
}
type Pull = (dy: Tensor, t: { readonly data: Tensor; readonly segment_ids: Tensor; readonly output: Tensor }) => Tensor;

const defineSegment = <const N extends string>(name: N, kind: Kind, types: readonly DType[], pull: Pull | null) =>
  defineOp({
    name,
    inputs: { data: 'T', segment_ids: 'Tindices' },
    outputs: { output: 'T' },
    attrs: { T: type(types), Tindices: type(INDEX) },
    infer: ({ data, segment_ids }) => ({ output: segmentShape(data, segment_ids) }),
    gradient: pull ? ({ output: dy }, t) => ({ data: pull(dy, t), segment_ids: null }) : 'missing',
    reference: ({ data, segment_ids, output }) => segmentRows(kind, data, segment_ids, output),
  });
const sumPull: Pull = (dy, { segment_ids }) => gather(dy, segment_ids);
const meanPull: Pull = (dy, { data, segment_ids }) => {
  const n = rank(data);
  const shape = concat([shapeOf(segment_ids), fill(expandDims(minus(n, 1), i32(0)), i32(1))], i32(0));
  const ones = fill(shape, constantIn(dy.graph, Value.from(1, dy.dtype)));
  return gather(over(dy, segmentSum(ones, segment_ids)), segment_ids);
};
/** The gradient goes in equal parts to all that are the smallest (largest) of their segment. */
const extremePull: Pull = (dy, { data, segment_ids, output }) => {
  const zeros = zerosLike(data, { dtype: data.dtype });
  const chosen = equal(data, gather(output, segment_ids));
  const count = segmentSum(cast(chosen, dy.dtype), segment_ids);
  return where(chosen, gather(over(dy, count), segment_ids), zeros);
};
const SegmentSum = defineSegment('SegmentSum', 'Sum', SUMMABLE, sumPull);
const SegmentMean = defineSegment('SegmentMean', 'Mean', SUMMABLE, meanPull);
const SegmentProd = defineSegment('SegmentProd', 'Prod', SUMMABLE, null);
const SegmentMin = defineSegment('SegmentMin', 'Min', REALS, extremePull);
const SegmentMax = defineSegment('SegmentMax', 'Max', REALS, extremePull);

type Segment = (data: TensorLike, segmentIds: TensorLike, options?: Named) => Tensor;
const segment =
  (
    make: typeof SegmentSum | typeof SegmentMean | typeof SegmentProd | typeof SegmentMin | typeof SegmentMax,
  ): Segment =>
  (data, segmentIds, { name } = {}) =>
    (make as typeof SegmentSum)({ data, segment_ids: segmentIds }, { Tindices: indexTypeOf(segmentIds) }, name).output;
/** Row s is the sum of the rows whose id is s; ids must not decrease. @tensorflow tf.segment_sum */
export const segmentSum: Segment = segment(SegmentSum);
/** The mean of each segment's rows. @tensorflow tf.segment_mean */
export const segmentMean: Segment = segment(SegmentMean);
/** The product of each segment's rows. @tensorflow tf.segment_prod */
export const segmentProd: Segment = segment(SegmentProd);
/** The smallest of each segment's rows. @tensorflow tf.segment_min */
export const segmentMin: Segment = segment(SegmentMin);
/** The largest of each segment's rows. @tensorflow tf.segment_max */
export const segmentMax: Segment = segment(SegmentMax);

// ---- unsorted -----------------------------------------------------------------------------------------------------

type UnsortedKind = Exclude<Kind, 'Mean'>;
/** What a segment holds before its first row. */
function startOf(kind: UnsortedKind, dtype: DType): number {
  if (kind === 'Sum') return zeroOf(dtype);
  if (kind === 'Prod') return cellOf(dtype, 1);
  const [low, high] = limitsOf(dtype);
  return kind === 'Max' ? low : high;
}
function unsortedShape(data: Known, ids: Known, count: Known): Shape {
  const n = scalarOf(count, `num_segments should be a scalar, not shape ${showShape(count.shape)}`);
  if (n !== undefined && n < 0) {
    refuse(
      `Dimension size, given by scalar input 2, must be non-negative but is ${n}`,
      `Input num_segments == ${n} must not be negative.`,
    );
  }
  if (data.shape === null || ids.shape === null) return null;
  const atRun = `data.shape = ${showShape(data.shape)} does not start with segment_ids.shape = ${showShape(ids.shape)}`;
  const of = atLeastRank(data.shape, ids.shape.length, atRun)!;
  const odd = ids.shape.findIndex((d, i) => d !== null && of[i] !== null && d !== of[i]);
  if (odd >= 0) refuse(`Dimensions must be equal, but are ${of[odd]} and ${ids.shape[odd]}`, atRun);
  return [n ?? null, ...of.slice(ids.shape.length)];
}
function unsortedRows(kind: UnsortedKind, data: Slot, ids: Slot, output: Slot): void {
  const segments = output.shape[0]!;
  const n = sizeOf(data.shape.slice(ids.shape.length));
  const [from, out] = [data.data, output.data];
  const join = JOIN[kind];
  out.fill(startOf(kind, output.dtype));
  numbers(ids.data).forEach((id, i) => {
    if (id < 0) return;
    if (id >= segments) fail(`segment_ids${showIndex(ids.shape, i)} = ${id} is out of range [0, ${segments})`);
    for (let j = 0; j < n; j++) out[id * n + j] = join(out[id * n + j]!, from[i * n + j]!);
  });
}
interface Unsorted {
  readonly data: Tensor;
  readonly segment_ids: Tensor;
  readonly num_segments: Tensor;
  readonly output: Tensor;
}
const defineUnsorted = <const N extends string>(
  name: N,
  kind: UnsortedKind,
  types: readonly DType[],
  pull: (dy: Tensor, t: Unsorted) => Tensor,
) =>
  defineOp({
    name,
    inputs: { data: 'T', segment_ids: 'Tindices', num_segments: 'Tnumsegments' },
    outputs: { output: 'T' },
    attrs: { T: type(types), Tindices: type(kind === 'Sum' ? ['int16', ...INDEX] : INDEX), Tnumsegments: indexType },
    infer: ({ data, segment_ids, num_segments }) => ({ output: unsortedShape(data, segment_ids, num_segments) }),
    gradient: ({ output: dy }, t) => ({ data: pull(dy, t), segment_ids: null, num_segments: null }),
    reference: ({ data, segment_ids, output }) => unsortedRows(kind, data, segment_ids, output),
  });

/** Rows gathered by ids, zeros where an id is negative; what can be used again by a second gather. */
interface Gathered {
  readonly rows: Tensor;
  readonly clipped: Tensor;
  readonly positive: Tensor;
}
function gatherPositive(params: Tensor, ids: Tensor, known: { clipped?: Tensor; positive?: Tensor } = {}): Gathered {
  const clipped = known.clipped ?? maximum(ids, zerosLike(ids));
  const gathered = gather(params, clipped);
  let { positive } = known;
  if (!positive) {
    positive = greaterEqual(ids, 0);
    const more = (gathered.shape?.length ?? 0) - (positive.shape?.length ?? 0);
    for (let i = 0; i < more; i++) positive = expandDims(positive, i32(-1));
    positive = positive.and(onesLike(gathered, { dtype: 'bool' }));
  }
  const rows = where(positive, gathered, zerosLike(gathered));
  return { rows, clipped, positive };
}
function extremeUnsorted(dy: Tensor, { data, segment_ids, num_segments, output }: Unsorted): Tensor {
  const { rows, clipped, positive } = gatherPositive(output, segment_ids);
  const chosen = logicalAnd(equal(data, rows), positive);
  const count = unsortedSegmentSum(cast(chosen, dy.dtype), segment_ids, num_segments);
  const gathered = gatherPositive(over(dy, count), segment_ids, { clipped, positive }).rows;
  return where(chosen, gathered, zerosLike(gathered));
}
/** Zeros among the factors are counted apart: one leaves a gradient to itself only, two leave none. */
function productUnsorted(given: Tensor, { data, segment_ids, num_segments, output }: Unsorted): Tensor {
  const zero = equal(data, 0);
  const zeros = unsortedSegmentSum(cast(zero, 'int32'), segment_ids, num_segments);
  const many = greater(zeros, 1);
  const dy = where(many, zerosLike(given), given);
  const others = where(zero, onesLike(data), data);
  const product = unsortedSegmentProd(others, segment_ids, num_segments);
  const clipped = maximum(segment_ids, zerosLike(segment_ids));
  const whole = gather(output, clipped);
  const rest = gather(product, clipped);
  const partial = where(zero, rest, over(whole, data));
  const { rows } = gatherPositive(dy, segment_ids, { clipped });
  return times(rows, partial);
}
const UnsortedSegmentSum = defineUnsorted(
  'UnsortedSegmentSum',
  'Sum',
  SUMMABLE,
  (dy, { segment_ids }) => gatherPositive(dy, segment_ids).rows,
);
const UnsortedSegmentProd = defineUnsorted('UnsortedSegmentProd', 'Prod', SUMMABLE, productUnsorted);
const UnsortedSegmentMin = defineUnsorted('UnsortedSegmentMin', 'Min', REALS, extremeUnsorted);
const UnsortedSegmentMax = defineUnsorted('UnsortedSegmentMax', 'Max', REALS, extremeUnsorted);

type UnsortedSegment = (data: TensorLike, ids: TensorLike, numSegments: TensorLike, options?: Named) => Tensor;
const unsorted =
  (make: typeof UnsortedSegmentSum | typeof UnsortedSegmentProd | typeof UnsortedSegmentMin): UnsortedSegment =>
  (data, ids, numSegments, { name } = {}) => {
    const inputs = { data, segment_ids: ids, num_segments: numSegments };
    return (make as typeof UnsortedSegmentProd)(inputs, { Tindices: indexTypeOf(ids) }, name).output;
  };
/** Row s is the sum of all rows whose id is s; negative ids are left out. @tensorflow tf.unsorted_segment_sum */
export const unsortedSegmentSum: UnsortedSegment = unsorted(
  UnsortedSegmentSum as unknown as typeof UnsortedSegmentProd,
);
/** The products, 1 for an empty segment. @tensorflow tf.unsorted_segment_prod */
export const unsortedSegmentProd: UnsortedSegment = unsorted(UnsortedSegmentProd);
/** The smallest, the dtype's highest value for an empty segment. @tensorflow tf.unsorted_segment_min */
export const unsortedSegmentMin: UnsortedSegment = unsorted(
  UnsortedSegmentMin as unknown as typeof UnsortedSegmentProd,
);
/** The largest, the dtype's lowest value for an empty segment. @tensorflow tf.unsorted_segment_max */
export const unsortedSegmentMax: UnsortedSegment = unsorted(
  UnsortedSegmentMax as unknown as typeof UnsortedSegmentProd,
);

// ---- IndexedSlices ------------------------------------------------------------------------------------------------

function densify(slices: IndexedSlices, { dtype, name }: ConvertOptions): Tensor {
  if (dtype && dtype !== slices.dtype) {
    const words = `Tensor conversion requested dtype ${dtype} for IndexedSlices with dtype ${slices.dtype}`;
    throw new GraphError('Value', words);
  }
  if (slices.denseShape === null) {
    throw new GraphError('Value', `Tensor conversion requested for IndexedSlices without dense_shape: ${slices.name}`);
  }
  return unsortedSegmentSum(slices.values, slices.indices, slices.denseShape.at(0), { name });
}
onDensify(densify);
