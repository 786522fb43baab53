/** @file Tensor arrays whose elements are pieces of one tensor, of any number of rows: put together, and cut apart. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { shape, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { compatible, type FullShape, isFull, type Shape, sameShape, showShape, sizeOf } from '../value/shape';
import { fail, withRank } from './expect';
import { arrayOf, EMPTY, fillFrom, gradientsOf, pass, writeRows } from './tensor_array_ops';

const TensorArrayConcatV3 = defineOp({
  name: 'TensorArrayConcatV3',
  inputs: { handle: 'resource', flow_in: 'float32' },
  outputs: { value: 'dtype', lengths: 'int64' },
  attrs: { dtype: type(), element_shape_except0: shape(null) },
  stateful: true,
  infer({ flow_in }) {
    withRank(flow_in.shape, 0);
    return { value: null, lengths: [null] };
  },
  gradient({ value: dy }, { lengths, flow_in }, { dtype }, op) {
    return { flow_in: gradientsOf(op, dtype, flow_in, dy).split(dy, lengths).flow };
  },
  reference({ handle, value, lengths }, { dtype, element_shape_except0: rest }) {
    const array = arrayOf(handle);
    array.checkType(dtype, 'requested');
    const n = array.concatSize;
    lengths.resize([n]);
    if (n === 0) {
      if (isFull(rest)) return value.resize([0, ...rest]);
      const shown = `element_shape_except0 ${showShape(rest)} ${EMPTY} concatenating zero-size TensorArrays.`;
      throw new GraphError('Unimplemented', `TensorArray has size zero, but ${shown}`);
    }
    const elements = Array.from({ length: n }, (_, i) => array.read(i));
    elements.forEach((e, i) => {
      checkPiece(elements[0]!.shape, e.shape, i, rest);
      lengths.data[i] = BigInt(e.shape[0]!) as unknown as number;
    });
    const rows = elements.reduce((sum, e) => sum + e.shape[0]!, 0);
    value.resize([rows, ...elements[0]!.shape.slice(1)]);
    let at = 0;
    for (const e of elements) {
      fillFrom(e, value, at);
      at += sizeOf(e.shape);
    }
  },
});
function checkPiece(first: FullShape, piece: FullShape, i: number, rest: Shape): void {
  if (piece.length === 0) {
    fail(`Concat saw a scalar shape at index ${i} but requires at least vectors.  Did you mean to call pack?`);
  }
  const [a, b] = [first.slice(1), piece.slice(1)];
  if (i === 0 && !compatible(rest, b)) {
    fail(
      `TensorArray was passed element_shape_except0 ${showShape(rest)} but index 0 has (excepting dimension 0) shape: ${showShape(b)} which does not match.`,
    );
  }
  if (!sameShape(a, b)) {
    fail(
      `TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: ${showShape(a)} but index ${i} has (excepting dimension 0) shape: ${showShape(b)}`,
    );
  }
}
export const concatElements = (
  handle: Tensor,
  flow: Tensor,
  attrs: { readonly dtype: DType; readonly element_shape_except0: Shape },
  name?: string,
): Tensor => TensorArrayConcatV3({ handle, flow_in: flow }, attrs, name).value;

const TensorArraySplitV3 = defineOp({
  name: 'TensorArraySplitV3',
  inputs: { handle: 'resource', value: 'T', lengths: 'int64', flow_in: 'float32' },
  outputs: { flow_out: 'float32' },
  attrs: { T: type() },
  stateful: true,
  infer({ lengths, flow_in }) {
    withRank(lengths.shape, 1, `Expected lengths to be a vector, received shape: ${showShape(lengths.shape)}`);
    withRank(flow_in.shape, 0);
    return { flow_out: [] };
  },
  gradient({ flow_out: flow }, _, { T }, op) {
    return { value: gradientsOf(op, T, flow, flow).concat(), flow_in: flow };
  },
  reference({ handle, value, lengths, flow_in, flow_out }) {
    const array = arrayOf(handle);
    array.checkType(value.dtype, 'is trying to write');
    const sizes = Array.from(lengths.data, Number);
    if (value.shape.length === 0) fail('Expected value to be at least a vector, but received shape: []');
    const total = sizes.reduce((a, b) => a + b, 0);
    if (total !== value.shape[0]) {
      fail(
        `Expected sum of lengths to be equal to values.shape[0], but sum of lengths is ${total} and value's shape is: ${showShape(value.shape)}`,
      );
    }
    const size = array.dynamicSize ? Math.max(array.size, sizes.length) : array.size;
    if (size !== sizes.length) {
      fail(
        `TensorArray's size is not equal to the size of lengths (${size} vs. ${sizes.length}), and the TensorArray is not marked as dynamically resizeable`,
      );
    }
    array.markedSize = size;
    writeRows(
      array,
      value,
      sizes.map((n, index) => ({ index, shape: [n, ...value.shape.slice(1)] })),
    );
    pass(flow_in, flow_out);
  },
});
export const splitIntoElements = (
  handle: Tensor,
  value: Tensor,
  lengths: Tensor,
  flow: Tensor,
  name?: string,
): Tensor => TensorArraySplitV3({ handle, value, lengths, flow_in: flow }, {}, name).flow_out;
