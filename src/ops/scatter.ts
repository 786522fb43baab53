/** @file Values put in given places of a new array: scatter_nd, the tensor_scatter functions, a sparse tensor made dense. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, INDEX, NUMBERS, zeroOf } from '../value/dtype';
import { isFull, type Shape, showShape } from '../value/shape';
import { identity, type Named, zerosLike } from './array';
import { numbers, stridesOf } from './cells';
import { asShape, atLeastRank, fail, indexTypeOf, refuse, withRank } from './expect';
import { gatherNd } from './gather';
import { minus, negate } from './operators';
import { reduceSum } from './reduce';
import { checkSlices, SCATTERS, type Scatter, scatterSlices } from './scatter_rows';

export { dynamicPartition, dynamicStitch, parallelDynamicStitch } from './stitch';

// ---- ScatterNd ----------------------------------------------------------------------------------------------------

/** As for variables, but the kernel says it in other words. */
function checkUpdates(shape: Shape, indices: Known, updates: Known, running = false): void {
  try {
    checkSlices(shape, indices, updates, running);
  } catch (e) {
    if (!(e instanceof GraphError) || indices.shape?.[0] === updates.shape?.[0]) throw e;
    const [i, u] = [showShape(indices.shape), showShape(updates.shape)];
    refuse(e.reason, `Outer dimensions of indices and update must match. Indices shape: ${i}, updates shape:${u}`);
  }
}
/** A vector of indices fits neither what graph building takes it for nor what the kernel does: TensorFlow refuses all. */
function refuseVector(output: Slot, indices: Slot, updates: Slot): void {
  if (indices.shape.length !== 1) return;
  const [o, u] = [showShape(output.shape), showShape(updates.shape)];
  fail(`Inner dimensions of output shape must match inner dimensions of updates shape. Output: ${o} updates: ${u}`);
}

const ScatterNd = defineOp({
  name: 'ScatterNd',
  inputs: { indices: 'Tindices', updates: 'T', shape: 'Tindices' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tindices: type(['int16', 'int32', 'int64']) },
  infer({ indices, updates, shape }, _attrs, running) {
    const output = asShape(shape);
    atLeastRank(indices.shape, 1, `Indices shape must have rank at least one. Found:${showShape(indices.shape)}`);
    atLeastRank(updates.shape, 1, `Updates shape must have rank at least one. Found:${showShape(updates.shape)}`);
    checkUpdates(output, indices, updates, running);
    return { output };
  },
  gradient: ({ output: dy }, { indices }) => ({ updates: gatherNd(dy, indices) }),
  reference({ indices, updates, output }) {
    if (output.size === 0 && updates.size > 0) fail('Indices and updates specified for empty output tensor');
    output.data.fill(zeroOf(output.dtype));
    refuseVector(output, indices, updates);
    scatterSlices(output.dtype === 'bool' ? (x, y) => (x || y ? 1 : 0) : SCATTERS.Add, {
      ref: output,
      indices,
      updates,
    });
  },
});
/** Zeros of that shape with `updates` added in the places that the rows of `indices` name. @tensorflow tf.scatter_nd */
export function scatterNd(indices: TensorLike, updates: TensorLike, shape: TensorLike, { name }: Named = {}): Tensor {
  return ScatterNd({ indices, updates, shape }, { Tindices: indexTypeOf(indices, shape) }, name).output;
}

// ---- into a copy of a tensor --------------------------------------------------------------------------------------

const shapeLike = (tensor: Known, indices: Known, updates: Known, running = false): Shape => {
  atLeastRank(tensor.shape, 1, `Tensor must be at least 1-D`);
  atLeastRank(indices.shape, 1, `Indices shape must have rank at least one. Found:${showShape(indices.shape)}`);
  atLeastRank(updates.shape, 1, `Updates shape must have rank at least one. Found:${showShape(updates.shape)}`);
  checkUpdates(tensor.shape, indices, updates, running);
  return tensor.shape;
};
type Part = Tensor | null;
/** The gradients of the tensor and of the updates, in the order their ops are made. */
type Pull = (dy: Tensor, indices: Tensor, updates: Tensor) => { readonly tensor: Part; readonly updates: Part };

const defineTensorScatter = <const N extends string>(name: N, indexTypes: readonly DType[], f: Scatter, pull: Pull) =>
  defineOp({
    name,
    inputs: { tensor: 'T', indices: 'Tindices', updates: 'T' },
    outputs: { output: 'T' },
    attrs: { T: type(), Tindices: type(indexTypes) },
    infer: ({ tensor, indices, updates }, _attrs, running) => ({
      output: shapeLike(tensor, indices, updates, running),
    }),
    gradient: ({ output: dy }, { indices, updates }) => pull(dy, indices, updates),
    reference({ tensor, indices, updates, output }) {
      output.data.set(tensor.data);
      refuseVector(output, indices, updates);
      scatterSlices(f, { ref: output, indices, updates });
    },
  });
const TensorScatterAdd = defineTensorScatter('TensorScatterAdd', INDEX, SCATTERS.Add, (dy, indices) => {
  const updates = gatherNd(dy, indices);
  return { tensor: identity(dy), updates };
});
const TensorScatterSub = defineTensorScatter('TensorScatterSub', INDEX, SCATTERS.Sub, (dy, indices) => {
  const updates = gatherNd(dy, indices);
  const tensor = identity(dy);
  return { tensor, updates: negate(updates) };
});
const TensorScatterUpdate = defineTensorScatter(
  'TensorScatterUpdate',
  ['int16', ...INDEX, 'uint16'],
  SCATTERS.Update,
  (dy, indices, given) => {
    const updates = gatherNd(dy, indices);
    const tensor = tensorScatterUpdate(identity(dy), indices, zerosLike(given, { dtype: dy.dtype }));
    return { tensor, updates };
  },
);
type TensorScatter = (tensor: TensorLike, indices: TensorLike, updates: TensorLike, options?: Named) => Tensor;
const scatterWith =
  (make: typeof TensorScatterAdd | typeof TensorScatterSub | typeof TensorScatterUpdate): TensorScatter =>
  (tensor, indices, updates, { name } = {}) =>
    (make as typeof TensorScatterAdd)({ tensor, indices, updates }, { Tindices: indexTypeOf(indices) }, name).output;
/** A copy of `tensor` with `updates` added where the rows of `indices` say. @tensorflow tf.tensor_scatter_add */
export const tensorScatterAdd: TensorScatter = scatterWith(TensorScatterAdd);
/** A copy of `tensor` with `updates` subtracted. @tensorflow tf.tensor_scatter_sub */
export const tensorScatterSub: TensorScatter = scatterWith(TensorScatterSub);
/** A copy of `tensor` with `updates` in place of what was there. @tensorflow tf.tensor_scatter_update */
export const tensorScatterUpdate: TensorScatter = scatterWith(TensorScatterUpdate);

const ScatterNdNonAliasingAdd = defineOp({
  name: 'ScatterNdNonAliasingAdd',
  inputs: { input: 'T', indices: 'Tindices', updates: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type([...NUMBERS, 'qint16', 'quint16', 'bool']), Tindices: type(['int32', 'int64']) },
  infer: ({ input, indices, updates }, _attrs, running) => ({ output: shapeLike(input, indices, updates, running) }),
  gradient: ({ output: dy }, { indices }) => ({ input: dy, indices: null, updates: gatherNd(dy, indices) }),
  reference({ input, indices, updates, output }) {
    output.data.set(input.data);
    scatterSlices(SCATTERS.Add, { ref: output, indices, updates });
  },
});
/** A copy with `updates` added, as tf.scatter_nd_non_aliasing_add. */
export function scatterNdNonAliasingAdd(
  input: TensorLike,
  indices: TensorLike,
  updates: TensorLike,
  { name }: Named = {},
): Tensor {
  return ScatterNdNonAliasingAdd({ input, indices, updates }, { Tindices: indexTypeOf(indices) }, name).output;
}

// ---- SparseToDense ------------------------------------------------------------------------------------------------

const SparseToDense = defineOp({
  name: 'SparseToDense',
  inputs: { sparse_indices: 'Tindices', output_shape: 'Tindices', sparse_values: 'T', default_value: 'T' },
  outputs: { dense: 'T' },
  attrs: { validate_indices: bool(true), T: type(), Tindices: type(['int32', 'int64']) },
  infer({ sparse_indices, output_shape, sparse_values, default_value }) {
    const rank = sparse_indices.shape?.length ?? 0;
    const words = `sparse_indices should be a scalar, vector, or matrix, got shape ${showShape(sparse_indices.shape)}`;
    if (rank > 2) refuse(words);
    withRank(default_value.shape, 0, 'default_value should be a scalar');
    const dense = asShape(output_shape);
    if (isFull(sparse_indices.shape) && isFull(sparse_values.shape) && dense) {
      const count = sparse_indices.shape[0] ?? 1;
      const depth = rank === 2 ? sparse_indices.shape[1]! : 1;
      if (depth !== dense.length)
        refuse(`output_shape has incorrect number of elements: ${dense.length} should be: ${depth}`);
      const n = sparse_values.shape[0];
      if (sparse_values.shape.length > 1 || (n !== undefined && n !== count)) {
        refuse(`sparse_values has incorrect shape ${showShape(sparse_values.shape)}, should be [] or [${count}]`);
      }
    }
    return { dense };
  },
  gradient({ dense: dy }, { sparse_indices, output_shape }) {
    const values = gatherNd(dy, sparse_indices);
    const rest = minus(reduceSum(dy), reduceSum(values));
    const [i, o] = [zerosLike(sparse_indices), zerosLike(output_shape)];
    return { sparse_indices: i, output_shape: o, sparse_values: values, default_value: rest };
  },
  reference({ sparse_indices, sparse_values, default_value, dense }, { validate_indices }) {
    const [out, values, shape] = [dense.data, sparse_values.data, dense.shape];
    out.fill(default_value.data[0]!);
    const depth = sparse_indices.shape.length === 2 ? sparse_indices.shape[1]! : 1;
    const count = sparse_indices.shape.length === 0 ? 1 : sparse_indices.shape[0]!;
    const cells = numbers(sparse_indices.data);
    const strides = stridesOf(shape);
    let before = -1;
    for (let i = 0; i < count; i++) {
      const at = cells.slice(i * depth, (i + 1) * depth);
      if (!at.every((x, d) => x >= 0 && x < shape[d]!)) {
        fail(`indices[${i}] = [${at}] is out of bounds: need 0 <= index < [${shape}]`);
      }
      const cell = at.reduce((sum, x, d) => sum + x * strides[d]!, 0);
      if (validate_indices && cell <= before) {
        fail(
          `indices[${i}] = [${at}] is ${cell === before ? 'repeated' : 'out of order. Many sparse ops require sorted indices.'}`,
        );
      }
      before = cell;
      out[cell] = values[sparse_values.size === 1 && sparse_values.shape.length === 0 ? 0 : i]!;
    }
  },
});
export interface SparseToDenseOptions extends Named {
  readonly defaultValue?: TensorLike | undefined;
  readonly validateIndices?: boolean | undefined;
}
/**
 * An array of that shape that holds the values at the indices and the default elsewhere.
 * @tensorflow tf.sparse_to_dense
 */
export function sparseToDense(
  sparseIndices: TensorLike,
  outputShape: TensorLike,
  sparseValues: TensorLike,
  { defaultValue = 0, validateIndices, name }: SparseToDenseOptions = {},
): Tensor {
  const inputs = {
    sparse_indices: sparseIndices,
    output_shape: outputShape,
    sparse_values: sparseValues,
    default_value: defaultValue,
  };
  const Tindices = indexTypeOf<'int32' | 'int64'>(sparseIndices, outputShape);
  return SparseToDense(inputs, { validate_indices: validateIndices, Tindices }, name).dense;
}
