/** @file The ops on tensor arrays. The array lives on its handle for one run; flows order the ops. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { bool, type Known, shape, text, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, zeroOf } from '../value/dtype';
import { compatible, type FullShape, isFull, merge, type Shape, sameShape, showShape, sizeOf } from '../value/shape';
import { fail, refuse, sameDim, withRank } from './expect';
import { TensorArray } from './tensor_array';
import { ArrayState, type Read } from './tensor_array_state';

export const arrayOf = (handle: Slot): ArrayState => ArrayState.of(handle.data);
const hold = (handle: Slot, array: ArrayState): void => {
  handle.data[0] = array as unknown as number;
};
export const pass = (from: Slot, to: Slot): void => {
  to.data[0] = from.data[0]!;
};
export function fillFrom({ shape: of, cells }: Read, out: Slot, at = 0): void {
  if (cells) out.data.set(cells, at);
  else out.data.fill(zeroOf(out.dtype), at, at + sizeOf(of));
}
function indexIn(index: Slot): number {
  if (index.shape.length > 0) fail(`TensorArray index must be scalar, but had shape: ${showShape(index.shape)}`);
  return index.data[0]!;
}
function indicesIn(indices: Slot): number[] {
  if (indices.shape.length !== 1)
    fail(`Expected indices to be a vector, but received shape: ${showShape(indices.shape)}`);
  return Array.from(indices.data);
}

/** Writes must fit what is known of the elements. */
function checkElement({ handle }: Known, element: Shape): void {
  if (!handle || compatible(handle.shape, element)) return;
  merge(handle.shape, element);
}
const tail = (of: Shape): Shape => of?.slice(1) ?? null;

/** Names of arrays are unique in a process, as in TensorFlow's resource manager. */
let made = 0;

const TensorArrayV3 = defineOp({
  name: 'TensorArrayV3',
  inputs: { size: 'int32' },
  outputs: { handle: 'resource', flow: 'float32' },
  attrs: {
    dtype: type(),
    element_shape: shape(null),
    dynamic_size: bool(false),
    clear_after_read: bool(true),
    identical_element_shapes: bool(false),
    tensor_array_name: text(''),
  },
  stateful: true,
  infer({ size }) {
    withRank(size.shape, 0, `TensorArray size must be scalar, but had shape: ${showShape(size.shape)}`);
    return { handle: [2], flow: [] };
  },
  handle: (_, { dtype, element_shape, identical_element_shapes }) =>
    isFull(element_shape) || identical_element_shapes ? { dtype, shape: element_shape } : undefined,
  gradient: null,
  reference({ size, handle, flow }, attrs, site) {
    const n = size.data[0]!;
    if (n < 0) fail('Size should be >= 0.');
    const array = new ArrayState(`${attrs.tensor_array_name || site.name}_${made++}`, attrs.dtype, n, {
      elementShape: attrs.element_shape,
      dynamicSize: attrs.dynamic_size,
      clearAfterRead: attrs.clear_after_read,
      identicalShapes: attrs.identical_element_shapes,
    });
    hold(handle, array);
    flow.data[0] = 0;
  },
});
export interface CreateOptions {
  readonly elementShape: Shape;
  readonly identicalShapes: boolean;
  readonly dynamicSize: boolean;
  readonly clearAfterRead: boolean;
  readonly tensorArrayName?: string | undefined;
  readonly name: string;
}
export function createArray(
  dtype: DType,
  size: Tensor | number,
  options: CreateOptions,
): [handle: Tensor, flow: Tensor] {
  const attrs = {
    dtype,
    element_shape: options.elementShape,
    dynamic_size: options.dynamicSize,
    clear_after_read: options.clearAfterRead,
    identical_element_shapes: options.identicalShapes,
    tensor_array_name: options.tensorArrayName,
  };
  const { handle, flow } = TensorArrayV3({ size }, attrs, options.name);
  return [handle, flow];
}

const TensorArrayGradV3 = defineOp({
  name: 'TensorArrayGradV3',
  inputs: { handle: 'resource', flow_in: 'float32' },
  outputs: { grad_handle: 'resource', flow_out: 'float32' },
  attrs: { source: text() },
  stateful: true,
  infer({ flow_in }) {
    withRank(flow_in.shape, 0);
    return { grad_handle: [2], flow_out: [] };
  },
  gradient: null,
  reference({ handle, flow_in, grad_handle, flow_out }, { source }) {
    hold(grad_handle, arrayOf(handle).gradient(source));
    pass(flow_in, flow_out);
  },
});
export const gradientArray = (handle: Tensor, flow: Tensor, source: string, name?: string): Tensor =>
  TensorArrayGradV3({ handle, flow_in: flow }, { source }, name).grad_handle;

/** The array of gradients that one call of tf.gradients collects in, seen after the forward op's flow. */
export function gradientsOf(op: Operation, dtype: DType, flow: Tensor, within: { readonly name: string }): TensorArray {
  const array = new TensorArray(dtype, { handle: op.inputs[0]!, flow, colocateWithFirstWriteCall: false });
  return array.grad(sourceOf(within.name), { flow });
}
function sourceOf(name: string): string {
  const parts = name.split('/');
  while (parts.length > 0 && !parts.at(-1)!.startsWith('gradients')) parts.pop();
  if (parts.length > 0) return parts.join('/');
  throw new GraphError(
    'Value',
    `Expected op/tensor name to start with gradients (excluding scope), got: ${name}. This means that a tf.gradients op with this op in its dependency path has a custom name that does not start with 'gradients'. Please make sure all calls to tf.gradients that have non-empty 'name' arguments use names that start with 'gradients'.`,
  );
}

const TensorArrayWriteV3 = defineOp({
  name: 'TensorArrayWriteV3',
  inputs: { handle: 'resource', index: 'int32', value: 'T', flow_in: 'float32' },
  outputs: { flow_out: 'float32' },
  attrs: { T: type() },
  stateful: true,
  infer({ handle, index, value, flow_in }) {
    withRank(index.shape, 0, `TensorArray index must be scalar, but had shape: ${showShape(index.shape)}`);
    withRank(flow_in.shape, 0);
    checkElement(handle, value.shape);
    return { flow_out: [] };
  },
  gradient({ flow_out: flow }, { index }, { T }, op) {
    const value = gradientsOf(op, T, flow, flow).read(index);
    return { value, flow_in: flow };
  },
  reference({ handle, index, value, flow_in, flow_out }) {
    const array = arrayOf(handle);
    array.checkType(value.dtype, 'is trying to write');
    array.write(indexIn(index), value.shape, value.data.slice());
    pass(flow_in, flow_out);
  },
});
export const writeElement = (
  handle: Tensor,
  index: Tensor | number,
  value: Tensor,
  flow: Tensor,
  name?: string,
): Tensor => TensorArrayWriteV3({ handle, index, value, flow_in: flow }, {}, name).flow_out;

const TensorArrayReadV3 = defineOp({
  name: 'TensorArrayReadV3',
  inputs: { handle: 'resource', index: 'int32', flow_in: 'float32' },
  outputs: { value: 'dtype' },
  attrs: { dtype: type() },
  stateful: true,
  infer({ handle, index, flow_in }) {
    withRank(index.shape, 0, `TensorArray index must be scalar, but had shape: ${showShape(index.shape)}`);
    withRank(flow_in.shape, 0);
    return { value: handle.handle?.shape ?? null };
  },
  gradient({ value: dy }, { index, flow_in }, { dtype }, op) {
    return { flow_in: gradientsOf(op, dtype, flow_in, dy).write(index, dy).flow };
  },
  reference({ handle, index, value }, { dtype }) {
    const array = arrayOf(handle);
    array.checkType(dtype, 'requested');
    const element = array.read(indexIn(index));
    value.resize(element.shape);
    fillFrom(element, value);
  },
});
export const readElement = (
  handle: Tensor,
  index: Tensor | number,
  flow: Tensor,
  dtype: DType,
  name?: string,
): Tensor => TensorArrayReadV3({ handle, index, flow_in: flow }, { dtype }, name).value;

/** What packing and putting together say of arrays without elements. */
export const EMPTY = 'is not fully defined. Currently only static shapes are supported when';
const TensorArrayGatherV3 = defineOp({
  name: 'TensorArrayGatherV3',
  inputs: { handle: 'resource', indices: 'int32', flow_in: 'float32' },
  outputs: { value: 'dtype' },
  attrs: { dtype: type(), element_shape: shape(null) },
  stateful: true,
  infer({ handle, indices, flow_in }, { element_shape }) {
    withRank(indices.shape, 1, `Expected indices to be a vector, but received shape: ${showShape(indices.shape)}`);
    withRank(flow_in.shape, 0);
    const element = handle.handle ? handle.handle.shape : element_shape;
    return { value: element && [indices.shape?.[0] ?? null, ...element] };
  },
  gradient({ value: dy }, { indices, flow_in }, { dtype }, op) {
    return { flow_in: gradientsOf(op, dtype, flow_in, dy).scatter(indices, dy).flow };
  },
  reference({ handle, indices, value }, { dtype, element_shape }) {
    const array = arrayOf(handle);
    array.checkType(dtype, 'requested');
    array.refine(element_shape);
    const at = indicesIn(indices);
    if (at.length === 0) {
      if (isFull(element_shape)) return value.resize([0, ...element_shape]);
      const shown = `element shape ${showShape(element_shape)} ${EMPTY} packing zero-size TensorArrays.`;
      throw new GraphError('Unimplemented', `TensorArray has size zero, but ${shown}`);
    }
    const elements = at.map((i) => array.read(i));
    const first = elements[0]!.shape;
    if (!compatible(element_shape, first)) {
      fail(
        `TensorArray was passed element_shape ${showShape(element_shape)} which does not match the Tensor at index 0: ${showShape(first)}`,
      );
    }
    const odd = elements.findIndex((e) => !sameShape(e.shape, first));
    if (odd >= 0) {
      fail(
        `TensorArray has inconsistent shapes.  Index 0 has shape: ${showShape(first)} but index ${odd} has shape: ${showShape(elements[odd]!.shape)}`,
      );
    }
    value.resize([at.length, ...first]);
    const n = sizeOf(first);
    elements.forEach((e, i) => {
      fillFrom(e, value, i * n);
    });
  },
});
export const gatherElements = (
  handle: Tensor,
  indices: Tensor,
  flow: Tensor,
  attrs: { readonly dtype: DType; readonly element_shape: Shape },
  name?: string,
): Tensor => TensorArrayGatherV3({ handle, indices, flow_in: flow }, attrs, name).value;

const TensorArrayScatterV3 = defineOp({
  name: 'TensorArrayScatterV3',
  inputs: { handle: 'resource', indices: 'int32', value: 'T', flow_in: 'float32' },
  outputs: { flow_out: 'float32' },
  attrs: { T: type() },
  stateful: true,
  infer({ handle, indices, value, flow_in }) {
    withRank(indices.shape, 1, `Expected indices to be a vector, but received shape: ${showShape(indices.shape)}`);
    withRank(flow_in.shape, 0);
    if (value.shape?.length === 0) {
      refuse(
        'Shape must be at least rank 1 but is rank 0',
        'Input value for unpack must be at least a vector but received shape: []',
      );
    }
    const [rows, n] = [value.shape?.[0] ?? null, indices.shape?.[0] ?? null];
    sameDim(rows, n, `Expected len(indices) == values.shape[0], but saw: ${n} vs. ${rows}`);
    checkElement(handle, tail(value.shape));
    return { flow_out: [] };
  },
  gradient({ flow_out: flow }, { indices }, { T }, op) {
    return { value: gradientsOf(op, T, flow, flow).gather(indices), flow_in: flow };
  },
  reference({ handle, indices, value, flow_in, flow_out }) {
    const array = arrayOf(handle);
    array.checkType(value.dtype, 'is trying to write');
    const at = indicesIn(indices);
    const most = at.reduce((a, b) => Math.max(a, b), -1);
    if (!array.dynamicSize && most >= array.size) {
      fail(`Max scatter index must be < array size (${most} vs. ${array.size})`);
    }
    writeRows(
      array,
      value,
      at.map((index) => ({ index, shape: value.shape.slice(1) })),
    );
    pass(flow_in, flow_out);
  },
});
export const scatterElements = (handle: Tensor, indices: Tensor, value: Tensor, flow: Tensor, name?: string): Tensor =>
  TensorArrayScatterV3({ handle, indices, value, flow_in: flow }, {}, name).flow_out;

/** Writes a tensor piece by piece, from its first row on. */
export function writeRows(
  array: ArrayState,
  value: Slot,
  pieces: readonly { index: number; shape: FullShape }[],
): void {
  let from = 0;
  for (const { index, shape: of } of pieces) {
    const to = from + sizeOf(of);
    array.write(index, of, value.data.slice(from, to));
    from = to;
  }
}

const TensorArraySizeV3 = defineOp({
  name: 'TensorArraySizeV3',
  inputs: { handle: 'resource', flow_in: 'float32' },
  outputs: { size: 'int32' },
  attrs: {},
  stateful: true,
  infer: () => ({ size: [] }),
  gradient: null,
  reference({ handle, size }) {
    size.data[0] = arrayOf(handle).size;
  },
});
export const arraySize = (handle: Tensor, flow: Tensor, name?: string): Tensor =>
  TensorArraySizeV3({ handle, flow_in: flow }, {}, name).size;

const TensorArrayCloseV3 = defineOp({
  name: 'TensorArrayCloseV3',
  inputs: { handle: 'resource' },
  outputs: {},
  attrs: {},
  stateful: true,
  infer: () => ({}),
  gradient: null,
  reference: ({ handle }) => arrayOf(handle).close(),
});
export const closeArray = (handle: Tensor, name?: string): Operation => TensorArrayCloseV3({ handle }, {}, name).op;
