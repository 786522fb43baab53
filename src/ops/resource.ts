/** @file Variables as resources: the ops that make, read, write and ask about handles. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { constantIn } from '../graph/convert';
import { defineOp, sizes } from '../graph/define';
import { bool, indexType, int, type Known, shape, text, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Slot, VariableSlot } from '../kernels/memory';
import { type DType, INDEX, wireName } from '../value/dtype';
import { isFull, type Shape, sameShape, showShape } from '../value/shape';
import { Value } from '../value/value';
import type { Named } from './array';
import { mergeOr } from './scatter_rows';
import { countUp, scalar } from './state';
import type { Variable } from './variable';

export { resourceScatterAdd } from './resource_scatter';

// ---- the handle ---------------------------------------------------------------------------------------------------

const VarHandleOp = defineOp({
  name: 'VarHandleOp',
  inputs: {},
  outputs: { resource: 'resource' },
  attrs: { container: text(''), shared_name: text(''), dtype: type(), shape: shape() },
  stateful: true,
  source: 'handle',
  infer: () => ({ resource: [] }),
  handle: (_, attrs) => ({ dtype: attrs.dtype, shape: attrs.shape }),
  gradient: 'missing',
  reference: null,
});
export interface VarHandleOptions extends Named {
  readonly sharedName?: string | undefined;
}
/** The handle of a variable that lives in the session under `sharedName`. */
export function varHandleOp(to: Shape, dtype: DType, { name, sharedName }: VarHandleOptions = {}): Tensor {
  return VarHandleOp({}, { dtype, shape: to, shared_name: sharedName }, name).resource;
}

// ---- reads --------------------------------------------------------------------------------------------------------

const ReadVariableOp = defineOp({
  name: 'ReadVariableOp',
  inputs: { resource: 'resource' },
  outputs: { value: 'dtype' },
  attrs: { dtype: type() },
  stateful: true,
  reads: 'resource',
  infer({ resource: { handle } }, { dtype }) {
    if (handle && handle.dtype !== dtype) {
      const [was, is] = [wireName(handle.dtype), wireName(dtype)];
      throw new GraphError('Value', `Trying to read variable with wrong dtype. Expected ${was} got ${is}`);
    }
    return { value: handle?.shape ?? null };
  },
  gradient: ({ value: dy }) => ({ resource: dy }),
  reference: ({ resource, value }) => value.copyFrom(resource),
});
/** The value a variable has when this op runs; later writes do not change it. */
export function readVariableOp(resource: Tensor, dtype: DType, { name }: Named = {}): Tensor {
  return ReadVariableOp({ resource }, { dtype }, name).value;
}
/** Whether an op reads a variable, or only asks if it is initialized: then it guards itself. */
export const looksAtHandle = (op: Operation): boolean => ReadVariableOp.is(op) || VarIsInitializedOp.is(op);

const VarIsInitializedOp = defineOp({
  name: 'VarIsInitializedOp',
  inputs: { resource: 'resource' },
  outputs: { is_initialized: 'bool' },
  attrs: {},
  stateful: true,
  allowsUninitialized: true,
  infer: () => ({ is_initialized: [] }),
  gradient: null,
  reference({ resource, is_initialized }) {
    is_initialized.data[0] = (resource as VariableSlot).ready ? 1 : 0;
  },
});
/** A bool scalar. */
export function varIsInitializedOp(resource: Tensor, { name }: Named = {}): Tensor {
  return VarIsInitializedOp({ resource }, {}, name).is_initialized;
}

const VariableShape = defineOp({
  name: 'VariableShape',
  inputs: { input: 'resource' },
  outputs: { output: 'out_type' },
  attrs: { out_type: indexType },
  stateful: true,
  updates: 'input', // to be handed the variable's cells, and refused an uninitialized one
  infer: ({ input: { handle } }) => ({ output: [handle?.shape?.length ?? null] }),
  gradient: null,
  reference({ input, output }, { out_type }) {
    if (output.size !== input.shape.length) output.resize([input.shape.length]);
    output.data.set(Value.from([...input.shape], out_type).data);
  },
});
/** The shape of a variable: a constant where it is known, as resource_variable_ops.variable_shape. */
export function variableShape(handle: Tensor, outType: 'int32' | 'int64' = 'int32'): Tensor {
  const known = handle.handle?.shape ?? null;
  if (isFull(known)) return constantIn(handle.graph, sizes(known, outType));
  return variableShapeOp(handle, outType);
}
/** The op itself, even for a shape that is known. */
export function variableShapeOp(input: Tensor, outType: 'int32' | 'int64' = 'int32'): Tensor {
  return VariableShape({ input }, { out_type: outType }).output;
}

// ---- writes -------------------------------------------------------------------------------------------------------

const AssignVariableOp = defineOp({
  name: 'AssignVariableOp',
  inputs: { resource: 'resource', value: 'dtype' },
  outputs: {},
  attrs: { dtype: type() },
  stateful: true,
  assigns: 'resource',
  infer({ resource: { handle } }, { dtype }) {
    checkWrite(handle, dtype);
    return {}; // the shape may change at run, so it is checked where the op is made
  },
  gradient: 'missing',
  reference({ resource, value }) {
    if (!sameShape(resource.shape, value.shape)) resource.resize(value.shape);
    resource.data.set(value.data);
  },
});
function checkWrite(handle: Known['handle'], dtype: DType): void {
  if (!handle || handle.dtype === dtype) return;
  const [was, is] = [wireName(handle.dtype), wireName(dtype)];
  throw new GraphError('Value', `Trying to assign variable with wrong dtype. Expected ${was} got ${is}`);
}
/** Writes a variable whole. */
export function assignVariableOp(resource: Tensor, value: TensorLike, { name }: Named = {}): Operation {
  return AssignVariableOp({ resource, value }, {}, name).op;
}

interface Update {
  readonly resource: Slot;
  readonly value: Slot;
}
const mismatch = (variable: Shape, value: Shape): string =>
  `Cannot update variable with shape ${showShape(variable)} using a Tensor with shape ${showShape(value)}, shapes must be equal.`;

/** AssignAddVariableOp, AssignSubVariableOp: in place, cell by cell, without broadcasting. */
const defineUpdate = <const N extends string>(name: N, kernel: string, f: (x: number, y: number) => number) =>
  defineOp({
    name,
    inputs: { resource: 'resource', value: 'dtype' },
    outputs: {},
    attrs: { dtype: type() },
    stateful: true,
    updates: 'resource',
    infer({ resource: { handle }, value }, { dtype }) {
      checkWrite(handle, dtype);
      const to = handle?.shape ?? null;
      mergeOr(to, value.shape, mismatch(to, value.shape));
      return {};
    },
    gradient: 'missing',
    reference({ resource, value }: Update) {
      if (!sameShape(resource.shape, value.shape)) {
        throw new GraphError('InvalidArgument', mismatch(resource.shape, value.shape));
      }
      const [cells, delta] = [resource.data, value.data];
      for (let i = 0; i < cells.length; i++) cells[i] = f(cells[i]!, delta[i]!);
    },
    kernel: ({ resource, value }) =>
      value.dtype === 'float32' && sameShape(resource.shape, value.shape)
        ? [kernel, resource.ptr, resource.ptr, value.ptr, value.size]
        : null,
  });
const AssignAddVariableOp = defineUpdate('AssignAddVariableOp', 'add_f32', (x, y) => x + y);
const AssignSubVariableOp = defineUpdate('AssignSubVariableOp', 'sub_f32', (x, y) => x - y);

export function assignAddVariableOp(resource: Tensor, value: TensorLike, { name }: Named = {}): Operation {
  return AssignAddVariableOp({ resource, value }, {}, name).op;
}
export function assignSubVariableOp(resource: Tensor, value: TensorLike, { name }: Named = {}): Operation {
  return AssignSubVariableOp({ resource, value }, {}, name).op;
}

const DestroyResourceOp = defineOp({
  name: 'DestroyResourceOp',
  inputs: { resource: 'resource' },
  outputs: {},
  attrs: { ignore_lookup_error: bool(true) },
  stateful: true,
  allowsUninitialized: true,
  infer: () => ({}),
  gradient: 'missing',
  reference({ resource }, { ignore_lookup_error }, { name }) {
    const variable = resource as VariableSlot;
    if (!variable.ready && !ignore_lookup_error) {
      throw new GraphError('NotFound', `Resource localhost/${name}/N10tensorflow3VarE does not exist.`);
    }
    variable.ready = false;
  },
});
/** Takes a variable out of the session: it must be initialized again before the next read. */
export function destroyResourceOp(resource: Tensor, { name }: Named = {}): Operation {
  return DestroyResourceOp({ resource }, {}, name).op;
}

// ---- ResourceCountUpTo --------------------------------------------------------------------------------------------

const ResourceCountUpTo = defineOp({
  name: 'ResourceCountUpTo',
  inputs: { resource: 'resource' },
  outputs: { output: 'T' },
  attrs: { limit: int(), T: type(INDEX) },
  stateful: true,
  updates: 'resource',
  infer: ({ resource }) => ({ output: scalar(resource.handle?.shape ?? null) }),
  gradient: 'missing',
  reference: ({ resource, output }, { limit }) => countUp(resource, output, limit),
});
export function resourceCountUpTo(variable: Variable, limit: number, { name }: Named = {}): Tensor {
  return ResourceCountUpTo({ resource: variable.handle! }, { limit, T: variable.dtype }, name).output;
}
