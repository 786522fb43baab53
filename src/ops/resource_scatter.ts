/** @file Rows and slices of resource variables: gathering them, and scattering into them. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { bool, int, type Known, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { INDEX, NUMBERS } from '../value/dtype';
import { type Shape, showShape, sizeOf } from '../value/shape';
import { type Named, reshape } from './array';
import { indexTypeOf } from './expect';
import { concat } from './join';
import { variableShape, variableShapeOp } from './resource';
import { scatterNd } from './scatter';
import { checkRows, checkSlices, rowAt, SCATTERS, scatterRows, scatterSlices, sliceAt } from './scatter_rows';
import type { ScatterKind } from './scatter_state';
import { expandDims, size, squeeze } from './shape';
import { index, s } from './slice';

// ---- gathering ----------------------------------------------------------------------------------------------------

const ResourceGather = defineOp({
  name: 'ResourceGather',
  inputs: { resource: 'resource', indices: 'Tindices' },
  outputs: { output: 'dtype' },
  attrs: { batch_dims: int(0), validate_indices: bool(true), dtype: type(), Tindices: type(INDEX) },
  stateful: true,
  updates: 'resource', // to be handed the variable's cells, and refused an uninitialized one
  infer: ({ resource, indices }, { batch_dims }) => ({
    output: gathered(resource.handle?.shape ?? null, indices, batch_dims),
  }),
  gradient({ output: dy }, { resource, indices }) {
    const params = variableShape(resource);
    const count = expandDims(size(indices), 0);
    const values = reshape(dy, concat([count, index(params, [s(1)])], 0));
    return { resource: new IndexedSlices(values, reshape(indices, count), params), indices: null };
  },
  reference({ resource, indices, output }, { batch_dims }) {
    const [from, to] = [resource.data, output.data];
    const { shape } = resource;
    const rows = shape[batch_dims]!;
    const size = sizeOf(shape.slice(batch_dims + 1));
    const each = sizeOf(indices.shape.slice(batch_dims));
    for (let n = 0; n < indices.size; n++) {
      const start = (Math.floor(n / each) * rows + rowAt(indices, n, rows)) * size;
      for (let i = 0; i < size; i++) to[n * size + i] = from[start + i]!;
    }
  },
});
function gathered(params: Shape, indices: Known, batchDims: number): Shape {
  if (params && params.length < batchDims + 1) {
    throw new GraphError('Value', `Shape must be at least rank ${batchDims + 1} but is rank ${params.length}`);
  }
  if (!params || !indices.shape) return null;
  return [...params.slice(0, batchDims), ...indices.shape.slice(batchDims), ...params.slice(batchDims + 1)];
}
/** The rows `indices` of a variable, read without copying the rest. */
export function resourceGather(
  resource: Tensor,
  indices: TensorLike,
  dtype: Tensor['dtype'],
  { name }: Named = {},
): Tensor {
  return ResourceGather({ resource, indices }, { dtype, Tindices: indexTypeOf(indices) }, name).output;
}

const ResourceGatherNd = defineOp({
  name: 'ResourceGatherNd',
  inputs: { resource: 'resource', indices: 'Tindices' },
  outputs: { output: 'dtype' },
  attrs: { dtype: type(), Tindices: type(INDEX) },
  stateful: true,
  updates: 'resource', // as above
  infer({ resource, indices }) {
    const [params, ix] = [resource.handle?.shape ?? null, indices.shape];
    const depth = ix?.at(-1) ?? null;
    if (!params || !ix || depth === null) return { output: null };
    if (depth > params.length) {
      throw new GraphError(
        'Value',
        `indices.shape[-1] must be <= params.rank, but saw indices shape: ${showShape(ix)} and params shape: ${showShape(params)}`,
        {
          atRun: `index innermost dimension length must be <= params rank; saw: ${depth} vs. ${params.length}`,
        },
      );
    }
    return { output: [...ix.slice(0, -1), ...params.slice(depth)] };
  },
  gradient({ output: dy }, { resource, indices }) {
    const params = variableShapeOp(resource, indices.dtype as 'int32' | 'int64');
    const single = indices.shape?.length === 2 && indices.shape[1] === 1;
    const grad = single ? new IndexedSlices(dy, squeeze(indices, [-1]), params) : scatterNd(indices, dy, params);
    return { resource: grad, indices: null };
  },
  reference({ resource, indices, output }) {
    const [from, to] = [resource.data, output.data];
    const { shape } = resource;
    const size = sizeOf(shape.slice(indices.shape.at(-1)!));
    const count = sizeOf(indices.shape.slice(0, -1));
    for (let n = 0; n < count; n++) {
      const start = sliceAt(shape, indices, n, 'param shape');
      for (let i = 0; i < size; i++) to[n * size + i] = from[start + i]!;
    }
  },
});
/** The slices of a variable that the last axis of `indices` names. */
export function resourceGatherNd(
  resource: Tensor,
  indices: TensorLike,
  dtype: Tensor['dtype'],
  { name }: Named = {},
): Tensor {
  return ResourceGatherNd({ resource, indices }, { dtype, Tindices: indexTypeOf(indices) }, name).output;
}

// ---- scattering ---------------------------------------------------------------------------------------------------

const defineRows = (kind: ScatterKind, types = type(NUMBERS)) =>
  defineOp({
    name: `ResourceScatter${kind}`,
    inputs: { resource: 'resource', indices: 'Tindices', updates: 'dtype' },
    outputs: {},
    attrs: { dtype: types, Tindices: type(INDEX) },
    stateful: true,
    updates: 'resource',
    infer({ resource, indices, updates }) {
      checkRows(resource.handle?.shape ?? null, indices, updates);
      return {};
    },
    gradient: 'missing',
    reference: ({ resource, indices, updates }) => scatterRows(SCATTERS[kind], { ref: resource, indices, updates }),
  });
const Rows = {
  Update: defineRows('Update', type()),
  Add: defineRows('Add'),
  Sub: defineRows('Sub'),
  Mul: defineRows('Mul'),
  Div: defineRows('Div'),
  Min: defineRows('Min'),
  Max: defineRows('Max'),
} satisfies Record<ScatterKind, unknown>;

export type ScatterNdKind = 'Update' | 'Add' | 'Sub';
const defineSlices = (kind: ScatterNdKind) =>
  defineOp({
    name: `ResourceScatterNd${kind}`,
    inputs: { ref: 'resource', indices: 'Tindices', updates: 'T' },
    outputs: {},
    attrs: { T: type(), Tindices: type(INDEX), use_locking: bool(true) },
    stateful: true,
    updates: 'ref',
    infer({ ref, indices, updates }, _attrs, running) {
      checkSlices(ref.handle?.shape ?? null, indices, updates, running);
      return {};
    },
    gradient: 'missing',
    reference: (t) => scatterSlices(SCATTERS[kind], t),
  });
const Slices = {
  Update: defineSlices('Update'),
  Add: defineSlices('Add'),
  Sub: defineSlices('Sub'),
} satisfies Record<ScatterNdKind, unknown>;

type Scattering = (
  kind: ScatterKind,
  resource: Tensor,
  indices: TensorLike,
  updates: Tensor,
  options?: Named,
) => Operation;
/** ResourceScatterAdd and its kin. */
export const resourceScatter: Scattering = (kind, resource, indices, updates, { name } = {}) =>
  Rows[kind]({ resource, indices, updates }, { Tindices: indexTypeOf(indices) }, name).op;
/** ResourceScatterNdAdd and its kin. */
export function resourceScatterNd(
  kind: ScatterNdKind,
  ref: Tensor,
  indices: TensorLike,
  updates: Tensor,
  { name }: Named = {},
): Operation {
  return Slices[kind]({ ref, indices, updates }, { Tindices: indexTypeOf(indices) }, name).op;
}
/** Adds rows to a variable, equal indices adding up. */
export const resourceScatterAdd = (resource: Tensor, indices: TensorLike, updates: Tensor, o?: Named): Operation =>
  resourceScatter('Add', resource, indices, updates, o);
