/** @file Scattering into variables: the ops on ref variables, and the functions for either kind. */
import { convertToTensor, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { INDEX, NUMBERS } from '../value/dtype';
import type { Named } from './array';
import { indexTypeOf } from './expect';
import { resourceScatter, resourceScatterNd, type ScatterNdKind } from './resource_scatter';
import type { ResourceVariable, UnreadVariable } from './resource_variable';
import { checkRows, checkSlices, SCATTERS, scatterRows, scatterSlices } from './scatter_rows';
import { type Mutable, resourceOf } from './state';

export type ScatterKind = keyof typeof SCATTERS;

const inputs = { ref: 'Ref(T)', indices: 'Tindices', updates: 'T' } as const;
const ROWS = { T: type(NUMBERS), Tindices: type(INDEX) };
const MINMAX = { T: type(['float16', 'bfloat16', 'float32', 'float64', 'int32', 'int64']), Tindices: type(INDEX) };
const ANY = { T: type(), Tindices: type(INDEX) };

const defineRows = (kind: ScatterKind, types: typeof ROWS, locking = false) =>
  defineOp({
    name: `Scatter${kind}`,
    inputs,
    outputs: { output_ref: 'Ref(T)' },
    attrs: { ...types, use_locking: bool(locking) },
    updates: 'ref',
    infer({ ref, indices, updates }) {
      checkRows(ref.shape, indices, updates);
      return { output_ref: ref.shape };
    },
    gradient: kind === 'Update' || kind === 'Min' || kind === 'Max' ? 'missing' : null,
    reference: (t) => scatterRows(SCATTERS[kind], t),
  });
const Rows = {
  Update: defineRows('Update', ANY, true),
  Add: defineRows('Add', ROWS),
  Sub: defineRows('Sub', ROWS),
  Mul: defineRows('Mul', ROWS),
  Div: defineRows('Div', ROWS),
  Min: defineRows('Min', MINMAX),
  Max: defineRows('Max', MINMAX),
} satisfies Record<ScatterKind, unknown>;

const defineSlices = (kind: ScatterNdKind, types: typeof ROWS, locking = false) =>
  defineOp({
    name: `ScatterNd${kind}`,
    inputs,
    outputs: { output_ref: 'Ref(T)' },
    attrs: { ...types, use_locking: bool(locking) },
    updates: 'ref',
    infer({ ref, indices, updates }, _attrs, running) {
      checkSlices(ref.shape, indices, updates, running);
      return { output_ref: ref.shape };
    },
    gradient: null,
    reference: (t) => scatterSlices(SCATTERS[kind], t),
  });
const Slices = {
  Update: defineSlices('Update', ANY, true),
  Add: defineSlices('Add', ROWS),
  Sub: defineSlices('Sub', ROWS),
} satisfies Record<ScatterNdKind, unknown>;

export interface ScatterOptions extends Named {
  readonly useLocking?: boolean | undefined;
}
type Scattered = Tensor | UnreadVariable;

function rows(kind: ScatterKind, ref: Mutable, indices: TensorLike, updates: TensorLike, options: ScatterOptions) {
  const { name, useLocking } = options;
  if (ref.isRef)
    return Rows[kind]({ ref, indices, updates }, { use_locking: useLocking, Tindices: indexTypeOf(indices) }, name)
      .output_ref;
  const variable = resourceOf(ref, '_lazy_read') as ResourceVariable;
  const values = convertToTensor(updates, { dtype: ref.dtype });
  return variable.lazyRead(resourceScatter(kind, variable.handle, indices, values, { name }));
}
function slices(kind: ScatterNdKind, ref: Mutable, indices: TensorLike, updates: TensorLike, options: ScatterOptions) {
  const { name, useLocking } = options;
  if (ref.isRef)
    return Slices[kind]({ ref, indices, updates }, { use_locking: useLocking, Tindices: indexTypeOf(indices) }, name)
      .output_ref;
  const variable = resourceOf(ref, '_lazy_read') as ResourceVariable;
  const values = convertToTensor(updates, { dtype: ref.dtype });
  return variable.lazyRead(resourceScatterNd(kind, variable.handle, indices, values, { name }));
}

/**
 * Replaces the rows `indices` of a variable by `updates` (shape: that of indices, then that of a row; or one number), as
 * tf.scatter_update. The later of two equal indices wins. InvalidArgument at run for an index out of range.
 * @tensorflow tf.scatter_update
 */
export function scatterUpdate(
  ref: Mutable,
  indices: TensorLike,
  updates: TensorLike,
  o: ScatterOptions = {},
): Scattered {
  return rows('Update', ref, indices, updates, { ...o, useLocking: o.useLocking ?? true });
}
const method =
  (kind: ScatterKind) =>
  (ref: Mutable, indices: TensorLike, updates: TensorLike, o: ScatterOptions = {}): Scattered =>
    rows(kind, ref, indices, updates, o);
/** Adds to rows; equal indices add up. @tensorflow tf.scatter_add */
export const scatterAdd = method('Add');
/** Subtracts from rows. @tensorflow tf.scatter_sub */
export const scatterSub = method('Sub');
/** Multiplies rows. @tensorflow tf.scatter_mul */
export const scatterMul = method('Mul');
/** Divides rows. @tensorflow tf.scatter_div */
export const scatterDiv = method('Div');
/** Keeps the smaller of old and new. @tensorflow tf.scatter_min */
export const scatterMin = method('Min');
/** Keeps the larger of old and new. @tensorflow tf.scatter_max */
export const scatterMax = method('Max');

/** Replaces the slices that the last axis of `indices` names. @tensorflow tf.scatter_nd_update */
export function scatterNdUpdate(
  ref: Mutable,
  indices: TensorLike,
  updates: TensorLike,
  o: ScatterOptions = {},
): Scattered {
  return slices('Update', ref, indices, updates, { ...o, useLocking: o.useLocking ?? true });
}
/** Adds to slices. @tensorflow tf.scatter_nd_add */
export function scatterNdAdd(
  ref: Mutable,
  indices: TensorLike,
  updates: TensorLike,
  o: ScatterOptions = {},
): Scattered {
  return slices('Add', ref, indices, updates, o);
}
/** Subtracts from slices. @tensorflow tf.scatter_nd_sub */
export function scatterNdSub(
  ref: Mutable,
  indices: TensorLike,
  updates: TensorLike,
  o: ScatterOptions = {},
): Scattered {
  return slices('Sub', ref, indices, updates, o);
}
