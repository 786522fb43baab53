/** @file Variables as buffers: the ops that make, write and ask about ref variables, and their functions. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, int, shape, text, type } from '../graph/opdef';
import { type Operation, Tensor } from '../graph/operation';
import type { Slot, VariableSlot } from '../kernels/memory';
import { type DType, INDEX, NUMBERS } from '../value/dtype';
import { type Shape, sameShape, showShape } from '../value/shape';
import type { Named } from './array';
import { resourceCountUpTo } from './resource';
import type { UnreadVariable } from './resource_variable';
import { mergeOr } from './scatter_rows';
import type { Variable } from './variable';

// ---- the buffer ---------------------------------------------------------------------------------------------------

const container = { container: text(''), shared_name: text('') };

const VariableV2 = defineOp({
  name: 'VariableV2',
  inputs: {},
  outputs: { ref: 'Ref(dtype)' },
  attrs: { shape: shape(), dtype: type(), ...container },
  stateful: true,
  source: 'ref',
  infer: (_, attrs) => ({ ref: attrs.shape }),
  gradient: 'missing',
  reference: null,
});
/** A buffer that ops may write in place; the classes RefVariable and Variable are built on it. */
export function variableV2(shape: Shape, dtype: DType, { name }: Named = {}): Tensor {
  return VariableV2({}, { shape, dtype }, name).ref;
}

/** The older op; a scalar shape means an unknown one. */
defineOp({
  name: 'Variable',
  inputs: {},
  outputs: { ref: 'Ref(dtype)' },
  attrs: { shape: shape(), dtype: type(), ...container },
  stateful: true,
  source: 'ref',
  infer: (_, attrs) => ({ ref: attrs.shape?.length === 0 ? null : attrs.shape }),
  gradient: 'missing',
  reference: null,
});

// ---- writes -------------------------------------------------------------------------------------------------------

const Assign = defineOp({
  name: 'Assign',
  inputs: { ref: 'Ref(T)', value: 'T' },
  outputs: { output_ref: 'Ref(T)' },
  attrs: { T: type(), validate_shape: bool(true), use_locking: bool(true) },
  assigns: 'ref',
  allowsUninitialized: true,
  infer: ({ ref, value }, { validate_shape }) => ({
    output_ref: validate_shape ? mergeOr(ref.shape, value.shape, mismatch(ref.shape, value.shape)) : value.shape,
  }),
  gradient: null,
  reference({ ref, value }, { validate_shape }) {
    if (!sameShape(ref.shape, value.shape)) {
      if (validate_shape) throw new GraphError('InvalidArgument', mismatch(ref.shape, value.shape));
      ref.resize(value.shape);
    }
    ref.data.set(value.data);
  },
});
const mismatch = (lhs: Shape, rhs: Shape): string =>
  `Assign requires shapes of both tensors to match. lhs shape= ${showShape(lhs)} rhs shape= ${showShape(rhs)}`;

interface Update {
  readonly ref: Slot;
  readonly value: Slot;
}
const SIZES = 'Parameters and update must be the same size';

/** AssignAdd, AssignSub: in place, cell by cell, without broadcasting. */
const defineUpdate = <const N extends string>(name: N, kernel: string, f: (x: number, y: number) => number) =>
  defineOp({
    name,
    inputs: { ref: 'Ref(T)', value: 'T' },
    outputs: { output_ref: 'Ref(T)' },
    attrs: { T: type(NUMBERS), use_locking: bool(false) },
    updates: 'ref',
    infer: ({ ref, value }) => ({ output_ref: mergeOr(ref.shape, value.shape, SIZES) }),
    gradient: null,
    reference({ ref, value }: Update) {
      if (!sameShape(ref.shape, value.shape)) throw new GraphError('InvalidArgument', SIZES);
      const [cells, delta] = [ref.data, value.data];
      for (let i = 0; i < cells.length; i++) cells[i] = f(cells[i]!, delta[i]!);
    },
    kernel: ({ ref, value }) =>
      ref.dtype === 'float32' && sameShape(ref.shape, value.shape)
        ? [kernel, ref.ptr, ref.ptr, value.ptr, ref.size]
        : null,
  });
const AssignAdd = defineUpdate('AssignAdd', 'add_f32', (x, y) => x + y);
const AssignSub = defineUpdate('AssignSub', 'sub_f32', (x, y) => x - y);

/** What can be written to: a variable, or the ref output of one. */
export type Mutable = Variable | Tensor;

/** A resource variable, for what is no ref. Raises Attribute for a plain tensor, which has no such method. */
export function resourceOf(ref: Mutable, method: string): Variable {
  if (!(ref instanceof Tensor)) return ref;
  throw new GraphError('Attribute', `'Tensor' object has no attribute '${method}'`, { op: ref.op.name });
}

export interface AssignAddOptions extends Named {
  readonly useLocking?: boolean | undefined;
}
export interface AssignOptions extends AssignAddOptions {
  /** false lets the value bring a new shape. */
  readonly validateShape?: boolean | undefined;
}
/**
 * Writes `value` into a variable. The answer holds the value after the write: the ref tensor, or for a
 * resource variable an unread variable. Raises Value where the shapes contradict.
 * @tensorflow tf.assign
 */
export function assign(ref: Mutable, value: TensorLike, options: AssignOptions = {}): Tensor | UnreadVariable {
  const { name, useLocking, validateShape } = options;
  if (!ref.isRef) return resourceOf(ref, 'assign').assign(value, { name }) as UnreadVariable;
  return Assign({ ref, value }, { validate_shape: validateShape, use_locking: useLocking }, name).output_ref;
}
/** Adds to a variable in place. `name` counts for ref variables only. @tensorflow tf.assign_add */
export function assignAdd(ref: Mutable, value: TensorLike, options: AssignAddOptions = {}): Tensor | UnreadVariable {
  if (!ref.isRef) return resourceOf(ref, 'assign_add').assignAdd(value) as UnreadVariable;
  return AssignAdd({ ref, value }, { use_locking: options.useLocking }, options.name).output_ref;
}
/** Subtracts from a variable in place. `name` counts for ref variables only. @tensorflow tf.assign_sub */
export function assignSub(ref: Mutable, value: TensorLike, options: AssignAddOptions = {}): Tensor | UnreadVariable {
  if (!ref.isRef) return resourceOf(ref, 'assign_sub').assignSub(value) as UnreadVariable;
  return AssignSub({ ref, value }, { use_locking: options.useLocking }, options.name).output_ref;
}

// ---- IsVariableInitialized ----------------------------------------------------------------------------------------

const IsVariableInitialized = defineOp({
  name: 'IsVariableInitialized',
  inputs: { ref: 'Ref(dtype)' },
  outputs: { is_initialized: 'bool' },
  attrs: { dtype: type() },
  allowsUninitialized: true,
  infer: () => ({ is_initialized: [] }),
  gradient: 'missing',
  reference({ ref, is_initialized }) {
    is_initialized.data[0] = (ref as VariableSlot).ready ? 1 : 0;
  },
});
/** Whether an op only asks if a variable is initialized, so that it may look at a variable which is not. */
export const asksIfInitialized = (op: Operation): boolean => IsVariableInitialized.is(op);

/** A bool scalar. @tensorflow tf.is_variable_initialized */
export function isVariableInitialized(ref: Mutable, { name }: Named = {}): Tensor {
  if (!ref.isRef) return resourceOf(ref, 'is_initialized').isInitialized({ name });
  return IsVariableInitialized({ ref }, {}, name).is_initialized;
}

// ---- CountUpTo ----------------------------------------------------------------------------------------------------

const CountUpTo = defineOp({
  name: 'CountUpTo',
  inputs: { ref: 'Ref(T)' },
  outputs: { output: 'T' },
  attrs: { limit: int(), T: type(INDEX) },
  updates: 'ref',
  infer: ({ ref }) => ({ output: scalar(ref.shape) }),
  gradient: 'missing',
  reference: ({ ref, output }, { limit }) => countUp(ref, output, limit),
});
export function scalar(shape: Shape): Shape {
  if (shape !== null && shape.length > 0) {
    throw new GraphError('Value', `Shape must be rank 0 but is rank ${shape.length}`);
  }
  return [];
}
/** The value before goes out, the next one stays. Raises OutOfRange at the limit. */
export function countUp(counter: Slot, output: Slot, limit: number): void {
  const now = counter.data[0]!;
  if (now >= limit) throw new GraphError('OutOfRange', `Reached limit of ${limit}`);
  output.data[0] = now;
  counter.data[0] = typeof now === 'bigint' ? (((now as bigint) + 1n) as unknown as number) : now + 1;
}
/**
 * Counts a scalar int variable up, one a run, and gives what it was; OutOfRange at `limit`.
 * @tensorflow tf.count_up_to
 */
export function countUpTo(ref: Mutable, limit: number, { name }: Named = {}): Tensor {
  if (!ref.isRef) return resourceCountUpTo(resourceOf(ref, 'handle'), limit, { name });
  return CountUpTo({ ref }, { limit }, name).output;
}
