/** @file Rows picked by index: gather in its kinds, masks, one-hot rows, inverted permutations. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { bool, indexType, int, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { cellOf, type DType } from '../value/dtype';
import { compatible, isFull, type Shape, showShape, sizeOf } from '../value/shape';
import { type Named, reshape, shapeOf } from './array';
import { numbers, type Offsets, offsets, readCells, same, showIndex, stridesOf } from './cells';
import { where } from './compare';
import { atLeastRank, fail, fromFront, i32, indexTypeOf, refuse, scalarOf, unknowns, withRank } from './expect';
import { gatherGradient, gatherV2Gradient } from './gather_gradient';
import { concat } from './join';
import { reduceProd } from './reduce';
import { scatterNd } from './scatter';
import { squeeze } from './shape';
import { s } from './slice';

export { inTopK, topK } from './top_k';
export { lowerBound, searchsorted, setdiff1d, unique, uniqueWithCounts, upperBound } from './unique';

// ---- gather -------------------------------------------------------------------------------------------------------

const AT_LEAST_1 = 'params must be at least 1 dimensional';

/** Where the picked rows begin, along a dimension with that stride. Raises the kernel's words for a bad index. */
function picked(indices: Slot, dim: number, stride: number): Offsets {
  const cells = numbers(indices.data);
  const bad = cells.findIndex((i) => !(i >= 0 && i < dim));
  if (bad >= 0) fail(`indices${showIndex(indices.shape, bad)} = ${cells[bad]} is not in [0, ${dim})`);
  return offsets(cells.length, stride, (i) => cells[i]!);
}
function gatherCells(params: Slot, indices: Slot, axis: number, output: Slot): void {
  const all = same(params.shape);
  const strides = stridesOf(params.shape);
  const rows = picked(indices, params.shape[axis]!, strides[axis]!);
  readCells(output.data, params.data, [...all.slice(0, axis), rows, ...all.slice(axis + 1)]);
}

const Gather = defineOp({
  name: 'Gather',
  inputs: { params: 'Tparams', indices: 'Tindices' },
  outputs: { output: 'Tparams' },
  attrs: { validate_indices: bool(true), Tparams: type(), Tindices: type(['int32', 'int64']) },
  infer({ params, indices }) {
    atLeastRank(params.shape, 1, AT_LEAST_1);
    return { output: params.shape && indices.shape && [...indices.shape, ...params.shape.slice(1)] };
  },
  gradient: ({ output: dy }, { params, indices }) => ({ params: gatherGradient(dy, params, indices), indices: null }),
  reference: ({ params, indices, output }) => gatherCells(params, indices, 0, output),
});
/** The first op of its kind, as gen_array_ops.gather. */
export function gatherV1(params: TensorLike, indices: TensorLike, { name }: Named = {}): Tensor {
  return Gather({ params, indices }, { Tindices: indexTypeOf(indices) }, name).output;
}

const GatherV2 = defineOp({
  name: 'GatherV2',
  inputs: { params: 'Tparams', indices: 'Tindices', axis: 'Taxis' },
  outputs: { output: 'Tparams' },
  attrs: {
    batch_dims: int(0),
    Tparams: type(),
    Tindices: type(['int16', 'int32', 'int64']),
    Taxis: type(['int32', 'int64']),
  },
  infer({ params, indices, axis }, { batch_dims }) {
    atLeastRank(params.shape, 1, AT_LEAST_1);
    const at = scalarOf(axis, 'axis must be scalar');
    const [from, of] = [params.shape, indices.shape];
    const batch = of === null ? batch_dims : fromFront(batch_dims, of.length);
    if (at === undefined) return { output: from && of && unknowns(from.length + of.length - 1 - batch) };
    const n = from?.length ?? 0;
    atLeastRank(from, at < 0 ? -at : at + 1, `Expected axis in the range [${-n}, ${n}), but got ${at}`);
    if (from === null || of === null) return { output: null };
    const place = fromFront(at, n);
    return { output: [...from.slice(0, place), ...of.slice(batch), ...from.slice(place + 1)] };
  },
  gradient: ({ output: dy }, { params, indices, axis }, { batch_dims }) => ({
    params: gatherV2Gradient(dy, params, indices, axis, batch_dims),
    indices: null,
    axis: null,
  }),
  reference({ params, indices, axis, output }, { batch_dims }) {
    const at = fromFront(Number(axis.data[0]), params.shape.length);
    const batch = fromFront(batch_dims, indices.shape.length);
    if (batch === 0) gatherCells(params, indices, at, output);
    else batchGather(params, indices, at, batch, output);
  },
});
/** Each element of the leading dimensions picks by indices of its own. */
function batchGather(params: Slot, indices: Slot, axis: number, batch: number, output: Slot): void {
  const batches = sizeOf(params.shape.slice(0, batch));
  const each = batches === 0 ? 0 : sizeOf(indices.shape) / batches;
  const all = same(params.shape);
  const rows = picked(indices, params.shape[axis]!, stridesOf(params.shape)[axis]!);
  const [block, step] = [output.size / (batches || 1), params.size / (batches || 1)];
  for (let b = 0; b < batches; b++) {
    const tables = [...all.slice(batch, axis), rows.subarray(b * each, (b + 1) * each), ...all.slice(axis + 1)];
    readCells(output.data, params.data, tables, b * step, 0, b * block);
  }
}
export interface GatherOptions extends Named {
  /** The dimension to pick along; by default the first one after the batch dimensions. */
  readonly axis?: TensorLike | undefined;
  readonly batchDims?: number | undefined;
}
/** Something that reads its rows by itself, as a resource variable does. */
interface SparseReader {
  sparseRead(indices: TensorLike, options?: Named): Tensor;
}
const readsSparse = (x: unknown): x is SparseReader =>
  typeof x === 'object' && x !== null && 'sparseRead' in x && typeof x.sparseRead === 'function';

/**
 * Slices of `params` picked by `indices`; rows of a resource variable are read without the rest.
 * @tensorflow tf.gather
 */
export function gather(params: TensorLike, indices: TensorLike, options: GatherOptions = {}): Tensor {
  const { batchDims = 0, axis = batchDims, name } = options;
  const at = typeof axis === 'number' ? axis : isTensorLike(axis) ? convertToTensor(axis).value?.[0] : undefined;
  if (at === 0 && readsSparse(params)) return params.sparseRead(indices, { name });
  const attrs = { batch_dims: batchDims, Tindices: indexTypeOf(indices), Taxis: indexTypeOf(axis) };
  return GatherV2({ params, indices, axis }, attrs as never, name).output;
}

// ---- GatherNd -----------------------------------------------------------------------------------------------------

const GatherNd = defineOp({
  name: 'GatherNd',
  inputs: { params: 'Tparams', indices: 'Tindices' },
  outputs: { output: 'Tparams' },
  attrs: { Tparams: type(), Tindices: type(['int16', 'int32', 'int64']) },
  infer({ params, indices }) {
    atLeastRank(params.shape, 1, 'params must be at least a vector');
    atLeastRank(indices.shape, 1, 'indices must be at least a vector');
    const [from, of] = [params.shape, indices.shape];
    const depth = of?.at(-1) ?? null;
    if (from === null || of === null || depth === null) return { output: null };
    if (depth > from.length) {
      const shapes = `indices shape: ${showShape(of)} and params shape: ${showShape(from)}`;
      refuse(
        `indices.shape[-1] must be <= params.rank, but saw ${shapes}`,
        `index innermost dimension length must be <= params rank; saw: ${depth} vs. ${from.length}`,
      );
    }
    return { output: [...of.slice(0, -1), ...from.slice(depth)] };
  },
  gradient({ output: dy }, { params, indices }) {
    const shape = shapeOf(params, { outType: indices.dtype as 'int32' });
    if (indices.shape?.length === 2 && indices.shape[1] === 1) {
      return { params: new IndexedSlices(dy, squeeze(indices, { axis: [-1] }), shape), indices: null };
    }
    return { params: scatterNd(indices, dy, shape), indices: null };
  },
  reference({ params, indices, output }) {
    const depth = indices.shape.at(-1)!;
    const rows = sizeOf(indices.shape.slice(0, -1));
    const strides = stridesOf(params.shape);
    const cells = numbers(indices.data);
    if (params.size === 0 && output.size > 0) {
      fail(`Requested more than 0 entries, but params is empty.  Params shape: ${showShape(params.shape)}`);
    }
    const starts = new Int32Array(rows);
    for (let r = 0; r < rows; r++) {
      for (let d = 0; d < depth; d++) {
        const i = cells[r * depth + d]!;
        if (!(i >= 0 && i < params.shape[d]!)) {
          const index = cells.slice(r * depth, (r + 1) * depth).join(', ');
          fail(
            `indices${showIndex(indices.shape.slice(0, -1), r)} = [${index}] does not index into param shape ${showShape(params.shape)}`,
          );
        }
        starts[r]! += i * strides[d]!;
      }
    }
    readCells(output.data, params.data, [starts, ...same(params.shape, depth)]);
  },
});
/** What readers by several coordinates are called on variables. */
interface NdReader {
  gatherNd(indices: TensorLike, options?: Named): Tensor;
}
const readsNd = (x: unknown): x is NdReader =>
  typeof x === 'object' && x !== null && 'gatherNd' in x && typeof x.gatherNd === 'function';

/** Slices of `params`, each picked by the coordinates in a row of `indices`. @tensorflow tf.gather_nd */
export function gatherNd(params: TensorLike, indices: TensorLike, { name }: Named = {}): Tensor {
  if (readsNd(params)) return params.gatherNd(indices, { name });
  return GatherNd({ params, indices }, { Tindices: indexTypeOf(indices) }, name).output;
}

// ---- masks --------------------------------------------------------------------------------------------------------

export interface BooleanMaskOptions extends Named {
  readonly axis?: number | undefined;
}
/**
 * The elements where `mask` is true; its dimensions are those of `tensor` from `axis` on.
 * @tensorflow tf.boolean_mask
 */
export function booleanMask(tensor: TensorLike, mask: TensorLike, options: BooleanMaskOptions = {}): Tensor {
  const { axis = 0, name = 'boolean_mask' } = options;
  const graph = graphOf([tensor, mask]);
  return graph.nameScope(name, () => {
    const t = convertToTensor(tensor, { name: 'tensor' }, graph);
    const m = convertToTensor(mask, { name: 'mask' }, graph);
    if (m.shape?.length === 0) throw new GraphError('Value', 'mask cannot be scalar.');
    if (m.shape === null) {
      throw new GraphError(
        'Value',
        'Number of mask dimensions must be specified, even if some dimensions are None.  E.g. shape=[None] is ok, but shape=None is not.',
      );
    }
    const end = axis + m.shape.length;
    const part = t.shape?.slice(axis, end) ?? null;
    if (!compatible(part, m.shape)) {
      throw new GraphError('Value', `Shapes ${showShape(part)} and ${showShape(m.shape)} are incompatible`);
    }
    const leading = reduceProd(shapeOf(t).at(s(axis, end)), { axis: i32([0]) });
    const flat = reshape(
      t,
      concat([shapeOf(t).at(s(null, axis)), [leading], shapeOf(t).at(s(end))] as TensorLike, i32(0)),
    );
    const known: Shape = t.shape && [
      ...t.shape.slice(0, axis),
      isFull(part) ? sizeOf(part) : null,
      ...t.shape.slice(end),
    ];
    flat.setShape(known);
    const chosen = squeeze(where(reshape(m, i32([-1]))), { axis: [1] });
    return gather(flat, chosen, { axis });
  });
}

// ---- OneHot -------------------------------------------------------------------------------------------------------

const OneHot = defineOp({
  name: 'OneHot',
  inputs: { indices: 'TI', depth: 'int32', on_value: 'T', off_value: 'T' },
  outputs: { output: 'T' },
  attrs: { axis: int(-1), T: type(), TI: type(['uint8', 'int8', 'int32', 'int64'], 'int64') },
  infer({ indices, depth, on_value, off_value }, { axis }) {
    if (axis < -1) refuse(`axis must be >= -1`);
    const n = scalarOf(depth, `depth must be a scalar, but got: ${showShape(depth.shape)}`);
    withRank(on_value.shape, 0, `on_value must be a scalar, but got: ${showShape(on_value.shape)}`);
    withRank(off_value.shape, 0, `off_value must be a scalar, but got: ${showShape(off_value.shape)}`);
    if (n !== undefined && n < 0) {
      refuse(
        `Dimension size, given by scalar input 1, must be non-negative but is ${n}`,
        `depth must be non-negative, got: ${n}`,
      );
    }
    if (indices.shape === null) return { output: null };
    const rank = indices.shape.length;
    if (axis > rank) {
      refuse(
        `axis must be <= rank(indices)`,
        `Expected axis to be -1 or between [0, ${rank + 1}).  But received: ${axis}`,
      );
    }
    const at = axis === -1 ? rank : axis;
    return { output: [...indices.shape.slice(0, at), n ?? null, ...indices.shape.slice(at)] };
  },
  gradient: null,
  reference({ indices, on_value, off_value, output }, { axis }) {
    const at = axis === -1 ? indices.shape.length : axis;
    const depth = output.shape[at]!;
    const inner = sizeOf(indices.shape.slice(at));
    const [out, on] = [output.data, on_value.data[0]!];
    out.fill(off_value.data[0]!);
    numbers(indices.data).forEach((hot, i) => {
      if (hot >= 0 && hot < depth) out[(Math.floor(i / inner) * depth + hot) * inner + (i % inner)] = on;
    });
  },
});
export interface OneHotOptions extends Named {
  readonly onValue?: TensorLike | undefined;
  readonly offValue?: TensorLike | undefined;
  /** Where the new dimension goes; -1 is last. */
  readonly axis?: number | undefined;
  readonly dtype?: DType | undefined;
}
/** A new dimension of size `depth` that holds onValue at the index and offValue elsewhere. @tensorflow tf.one_hot */
export function oneHot(indices: TensorLike, depth: TensorLike, options: OneHotOptions = {}): Tensor {
  const { onValue, offValue, axis = -1, name = 'one_hot' } = options;
  const graph = graphOf([indices, depth, onValue, offValue]);
  return graph.nameScope(name, (scope) => {
    // Both are converted once only to learn their dtypes, so a plain value leaves a constant behind.
    const kind = (x: TensorLike | undefined) =>
      x === undefined
        ? undefined
        : convertToTensor(x, { dtype: isTensorLike(x) ? undefined : options.dtype }, graph).dtype;
    const [on, off] = [kind(onValue), kind(offValue)];
    const dtype = options.dtype ?? on ?? off ?? 'float32';
    for (const [which, found] of [
      ['on_value', on],
      ['off_value', off],
    ] as const) {
      if (found !== undefined && found !== dtype) {
        const other = options.dtype ? `dtype parameter ${dtype}` : `dtype ${dtype} of on_value`;
        throw new GraphError('Type', `dtype ${found} of ${which} does not match ${other}`);
      }
    }
    const onTensor = onValue ?? convertToTensor(1, { dtype, name: 'on_value' }, graph);
    const offTensor = offValue ?? convertToTensor(0, { dtype, name: 'off_value' }, graph);
    const inputs = { indices, depth, on_value: onTensor, off_value: offTensor };
    return OneHot(inputs, { axis, T: dtype }, scope).output;
  });
}

// ---- InvertPermutation --------------------------------------------------------------------------------------------

const InvertPermutation = defineOp({
  name: 'InvertPermutation',
  inputs: { x: 'T' },
  outputs: { y: 'T' },
  attrs: { T: indexType },
  infer: ({ x }) => ({ y: withRank(x.shape, 1, `invert_permutation expects a 1D vector.`) ?? [null] }),
  gradient: null,
  reference({ x, y }) {
    const [from, out] = [numbers(x.data), y.data];
    const seen = new Set<number>();
    from.forEach((to, i) => {
      if (!(to >= 0 && to < from.length)) fail(`${to} is not between 0 and ${from.length}`);
      if (seen.has(to)) fail(`${to} is duplicated in the input.`);
      seen.add(to);
      out[to] = cellOf(y.dtype, i);
    });
  },
});
/** y[x[i]] = i. @tensorflow tf.invert_permutation */
export function invertPermutation(x: TensorLike, { name }: Named = {}): Tensor {
  return InvertPermutation({ x }, {}, name).y;
}
