/** @file Rows dealt out to several tensors, and put together again. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { int, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { zeroOf } from '../value/dtype';
import { isFull, merge, type Shape, showShape, sizeOf } from '../value/shape';
import { type Named, reshape, shapeOf } from './array';
import { numbers, showIndex } from './cells';
import { fail, i32, refuse } from './expect';
import { gather } from './gather';
import { range } from './range';
import { reduceProd } from './reduce';
import { unsortedSegmentSum } from './segment';

// ---- stitch -------------------------------------------------------------------------------------------------------

interface Stitch<X> {
  readonly indices: readonly X[];
  readonly data: readonly X[];
}
/** data[i].shape must start with indices[i].shape; what follows is one row. */
function stitchedShape({ indices, data }: Stitch<Known>, _attrs: unknown, running = false): { merged: Shape } {
  let row: Shape = null;
  let highest: number | null = running ? -1 : 0; // TensorFlow's shape function sees one row where there is none
  indices.forEach(({ shape, value }, i) => {
    highest = value && highest !== null ? Math.max(highest, ...value) : null;
    const of = data[i]!.shape;
    if (shape === null || of === null) return;
    if (of.length < shape.length) {
      refuse(
        `Shape must be at least rank ${shape.length} but is rank ${of.length}`,
        `data[${i}].shape = ${showShape(of)} does not start with indices[${i}].shape = ${showShape(shape)}`,
      );
    }
    merge(of.slice(0, shape.length), shape);
    row = merge(row, of.slice(shape.length));
  });
  if (row === null) return { merged: null };
  // No rows at all: the kernel says 0, so the run decides.
  return { merged: [highest === null || highest < 0 ? null : highest + 1, ...(row as NonNullable<Shape>)] };
}
/** Of several rows with one index the last counts. */
function stitchRows({ indices, data, merged }: Stitch<Slot> & { readonly merged: Slot }): void {
  const row = data[0]!.shape.slice(indices[0]!.shape.length);
  const n = sizeOf(row);
  const rows = indices.reduce((max, t) => numbers(t.data).reduce((a, b) => Math.max(a, b + 1), max), 0);
  if (!isFull(merged.shape) || merged.shape[0] !== rows) merged.resize([rows, ...row]);
  const out = merged.data;
  out.fill(zeroOf(merged.dtype));
  indices.forEach((t, k) => {
    const from = data[k]!.data;
    numbers(t.data).forEach((at, i) => {
      if (at < 0) fail(`indices[${k}] is out of range`);
      for (let j = 0; j < n; j++) out[at * n + j] = from[i * n + j]!;
    });
  });
}
function stitchGradient(given: Tensor | IndexedSlices, { indices }: Stitch<Tensor>, merged: Tensor) {
  let dy = given;
  if (dy instanceof IndexedSlices) {
    const rows = shapeOf(merged).at(0);
    dy = unsortedSegmentSum(dy.values, dy.indices, rows);
  }
  return { data: indices.map((at) => gather(dy as Tensor, at)) };
}
const defineStitch = <const N extends string>(name: N) =>
  defineOp({
    name,
    inputs: { indices: 'N * int32', data: 'N * T' },
    outputs: { merged: 'T' },
    attrs: { N: int(), T: type() },
    infer: stitchedShape,
    gradient: ({ merged: dy }, t) => stitchGradient(dy, t, t.merged),
    reference: stitchRows,
  });
const DynamicStitch = defineStitch('DynamicStitch');
const ParallelDynamicStitch = defineStitch('ParallelDynamicStitch');

/** Row indices[k][i] of the result is data[k][i]. @tensorflow tf.dynamic_stitch */
export function dynamicStitch(
  indices: readonly TensorLike[],
  data: readonly TensorLike[],
  { name }: Named = {},
): Tensor {
  return DynamicStitch({ indices, data }, {}, name).merged;
}
/** The same where no index occurs twice: the op ParallelDynamicStitch. */
export function parallelDynamicStitch(
  indices: readonly TensorLike[],
  data: readonly TensorLike[],
  { name }: Named = {},
): Tensor {
  return ParallelDynamicStitch({ indices, data }, {}, name).merged;
}

// ---- partition ----------------------------------------------------------------------------------------------------

const DynamicPartition = defineOp({
  name: 'DynamicPartition',
  inputs: { data: 'T', partitions: 'int32' },
  outputs: { outputs: 'num_partitions * T' },
  attrs: { num_partitions: int(), T: type() },
  infer({ data, partitions }, { num_partitions }) {
    const all = (s: Shape) => ({ outputs: new Array<Shape>(num_partitions).fill(s) });
    const [of, by] = [data.shape, partitions.shape];
    if (of === null || by === null) return all(null);
    const atRun = `data.shape must start with partitions.shape, got data.shape = ${showShape(of)}, partitions.shape = ${showShape(by)}`;
    if (of.length < by.length) refuse(`Shape must be at least rank ${by.length} but is rank ${of.length}`, atRun);
    const odd = by.findIndex((d, i) => d !== null && of[i] !== null && d !== of[i]);
    if (odd >= 0) refuse(`Dimensions must be equal, but are ${of[odd]} and ${by[odd]}`, atRun);
    return all([null, ...of.slice(by.length)]);
  },
  gradient({ outputs }, { data, partitions }, { num_partitions }) {
    const shape = shapeOf(partitions);
    const order = reshape(range(i32(0), reduceProd(shape), i32(1)), shape);
    const places = dynamicPartition(order, partitions, num_partitions);
    const together = dynamicStitch(places, outputs);
    return { data: reshape(together, shapeOf(data)), partitions: null };
  },
  reference({ data, partitions, outputs }, { num_partitions }) {
    const row = data.shape.slice(partitions.shape.length);
    const n = sizeOf(row);
    const rows: number[][] = Array.from({ length: num_partitions }, () => []);
    numbers(partitions.data).forEach((p, i) => {
      if (!(p >= 0 && p < num_partitions)) {
        fail(`partitions${showIndex(partitions.shape, i)} = ${p} is not in [0, ${num_partitions})`);
      }
      rows[p]!.push(i);
    });
    outputs.forEach((t, p) => {
      t.resize([rows[p]!.length, ...row]);
      const [out, from] = [t.data, data.data];
      rows[p]!.forEach((i, k) => {
        for (let j = 0; j < n; j++) out[k * n + j] = from[i * n + j]!;
      });
    });
  },
});
/** Deals the rows out to `numPartitions` tensors. @tensorflow tf.dynamic_partition */
export function dynamicPartition(
  data: TensorLike,
  partitions: TensorLike,
  numPartitions: number,
  { name }: Named = {},
): readonly Tensor[] {
  return DynamicPartition({ data, partitions }, { num_partitions: numPartitions }, name).outputs;
}
