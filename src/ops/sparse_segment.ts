/** @file Segments of picked rows: sum, mean, and sum by the square root of the count. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, FLOATS, REALS, zeroOf } from '../value/dtype';
import { type Shape, sizeOf } from '../value/shape';
import { type Named, shapeOf } from './array';
import { numbers } from './cells';
import { atLeastRank, fail, scalarOf, withRank } from './expect';
import { gather } from './gather';
import { sortedIds, unsortedSegmentSum } from './segment';

type Kind = 'Sum' | 'Mean' | 'SqrtN';
/** By what a segment of so many rows is divided. */
const DIVISOR: Readonly<Record<Kind, (count: number) => number>> = {
  Sum: () => 1,
  Mean: (n) => n,
  SqrtN: Math.sqrt,
};

interface Sparse {
  readonly indices: Known;
  readonly segment_ids: Known;
}
function rowShape(data: Known, { indices, segment_ids }: Sparse, rows: number | null): Shape {
  atLeastRank(data.shape, 1, 'Shape must be at least rank 1');
  withRank(indices.shape, 1, 'indices should be a vector.');
  withRank(segment_ids.shape, 1, 'segment_ids should be a vector.');
  const [n, m] = [indices.shape?.[0] ?? null, segment_ids.shape?.[0] ?? null];
  if (n !== null && m !== null && n !== m) fail('segment_ids and indices should have same size.');
  return data.shape && [rows, ...data.shape.slice(1)];
}
function sumRows(kind: Kind, data: Slot, indices: Slot, ids: Slot, output: Slot): void {
  const [segments, rows] = [sortedIds(ids), numbers(indices.data)];
  const row = data.shape.slice(1);
  const n = sizeOf(row);
  const limit = data.shape[0]!;
  output.resize([segments.length === 0 ? 0 : segments.at(-1)! + 1, ...row]);
  const [from, out] = [data.data, output.data];
  out.fill(zeroOf(output.dtype));
  const counts = countsOf(segments);
  rows.forEach((r, i) => {
    if (!(r >= 0 && r < limit)) fail(`Bad: indices[${i}] == ${r} out of range [0, ${limit})`);
    const at = segments[i]! * n;
    for (let j = 0; j < n; j++) out[at + j]! += from[r * n + j]!;
  });
  if (kind === 'Sum') return;
  counts.forEach((count, segment) => {
    const by = DIVISOR[kind](count);
    for (let j = segment * n; j < (segment + 1) * n; j++) out[j] = out[j]! / by;
  });
}
function countsOf(segments: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const id of segments) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
interface Inputs {
  readonly data: Tensor;
  readonly indices: Tensor;
  readonly segment_ids: Tensor;
}
const define = <const N extends string>(
  name: N,
  kind: Kind,
  types: readonly DType[],
  pull: (dy: Tensor, t: Inputs, rows: Tensor) => Tensor,
) =>
  defineOp({
    name,
    inputs: { data: 'T', indices: 'Tidx', segment_ids: 'int32' },
    outputs: { output: 'T' },
    attrs: { T: type(types), Tidx: indexType },
    infer: (t) => ({ output: rowShape(t.data, t, null) }),
    gradient: ({ output: dy }, t) => ({ data: pull(dy, t, shapeOf(t.data).at(0)), indices: null, segment_ids: null }),
    reference: ({ data, indices, segment_ids, output }) => sumRows(kind, data, indices, segment_ids, output),
  });
const SparseSegmentSum = define('SparseSegmentSum', 'Sum', REALS, (dy, { indices, segment_ids }, rows) =>
  unsortedSegmentSum(gather(dy, segment_ids), indices, rows),
);
const SparseSegmentMean = define('SparseSegmentMean', 'Mean', FLOATS, (dy, { indices, segment_ids }, rows) =>
  sparseSegmentMeanGrad(dy, indices, segment_ids, rows),
);
const SparseSegmentSqrtN = define('SparseSegmentSqrtN', 'SqrtN', FLOATS, (dy, { indices, segment_ids }, rows) =>
  sparseSegmentSqrtNGrad(dy, indices, segment_ids, rows),
);

type SparseSegment = (data: TensorLike, indices: TensorLike, segmentIds: TensorLike, options?: Named) => Tensor;
const segment =
  (make: typeof SparseSegmentSum | typeof SparseSegmentMean | typeof SparseSegmentSqrtN): SparseSegment =>
  (data, indices, segmentIds, { name } = {}) =>
    (make as typeof SparseSegmentSum)({ data, indices, segment_ids: segmentIds }, {}, name).output;
/** Sums of the rows `indices` picks, by segment. @tensorflow tf.sparse_segment_sum */
export const sparseSegmentSum: SparseSegment = segment(SparseSegmentSum);
/** Their means. @tensorflow tf.sparse_segment_mean */
export const sparseSegmentMean: SparseSegment = segment(SparseSegmentMean);
/** Their sums by the square root of their number. @tensorflow tf.sparse_segment_sqrt_n */
export const sparseSegmentSqrtN: SparseSegment = segment(SparseSegmentSqrtN);

// ---- their gradients ----------------------------------------------------------------------------------------------

const defineGrad = <const N extends string>(name: N, kind: Kind) =>
  defineOp({
    name,
    inputs: { grad: 'T', indices: 'Tidx', segment_ids: 'int32', output_dim0: 'int32' },
    outputs: { output: 'T' },
    attrs: { T: type(FLOATS), Tidx: indexType },
    infer: (t) => ({ output: rowShape(t.grad, t, scalarOf(t.output_dim0, 'output_dim0 should be a scalar.') ?? null) }),
    gradient: 'missing',
    reference({ grad, indices, segment_ids, output }) {
      const [segments, rows] = [numbers(segment_ids.data), numbers(indices.data)];
      const n = sizeOf(grad.shape.slice(1));
      const [from, out] = [grad.data, output.data];
      const limits = [output.shape[0]!, grad.shape[0]!] as const;
      const counts = countsOf(segments);
      out.fill(0);
      rows.forEach((r, i) => {
        const id = segments[i]!;
        if (!(r >= 0 && r < limits[0])) fail(`Index ${r} out of range [0, ${limits[0]}).`);
        if (!(id >= 0 && id < limits[1])) fail(`Segment id ${id} out of range [0, ${limits[1]}).`);
        const by = DIVISOR[kind](counts.get(id)!);
        for (let j = 0; j < n; j++) out[r * n + j]! += from[id * n + j]! / by;
      });
    },
  });
const SparseSegmentMeanGrad = defineGrad('SparseSegmentMeanGrad', 'Mean');
const SparseSegmentSqrtNGrad = defineGrad('SparseSegmentSqrtNGrad', 'SqrtN');

/** What a gradient of the means is to the rows, as gen_math_ops.sparse_segment_mean_grad. */
export function sparseSegmentMeanGrad(grad: Tensor, indices: Tensor, segmentIds: Tensor, rows: Tensor): Tensor {
  return SparseSegmentMeanGrad({ grad, indices, segment_ids: segmentIds, output_dim0: rows }, {}).output;
}
/** The same for sums by the square root of the count. */
export function sparseSegmentSqrtNGrad(grad: Tensor, indices: Tensor, segmentIds: Tensor, rows: Tensor): Tensor {
  return SparseSegmentSqrtNGrad({ grad, indices, segment_ids: segmentIds, output_dim0: rows }, {}).output;
}
