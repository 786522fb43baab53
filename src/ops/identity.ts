/** @file Ops that pass their input on as it is: to stop gradients, to carry control dependencies, to mark a constant. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Grad, text, type, types } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Named } from './array';

const StopGradient = defineOp({
  name: 'StopGradient',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  alias: { output: 'input' },
  infer: ({ input }) => ({ output: input.shape }),
  gradient: null,
  reference: null,
});
/** Passes `input` on and takes part in no gradient. @tensorflow tf.stop_gradient */
export function stopGradient(input: TensorLike, { name }: Named = {}): Tensor {
  return StopGradient({ input }, {}, name).output;
}

const PreventGradient = defineOp({
  name: 'PreventGradient',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(), message: text('') },
  alias: { output: 'input' },
  infer: ({ input }) => ({ output: input.shape }),
  gradient(_, __, { message }) {
    throw new GraphError('Lookup', `Gradient explicitly disabled. Reason: ${message}`);
  },
  reference: null,
});
export interface PreventGradientOptions extends Named {
  readonly message?: string | undefined;
}
/** Passes `input` on; asking for a gradient through it raises Lookup with the message. As tf.raw_ops.PreventGradient. */
export function preventGradient(input: TensorLike, { message, name }: PreventGradientOptions = {}): Tensor {
  return PreventGradient({ input }, { message }, name).output;
}

const Snapshot = defineOp({
  name: 'Snapshot',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  infer: ({ input }) => ({ output: input.shape }),
  gradient: 'missing',
  reference: ({ input, output }) => output.data.set(input.data),
});
/** A copy of `input`, as gen_array_ops.snapshot: later writes to a variable do not show in it. */
export function snapshot(input: TensorLike, { name }: Named = {}): Tensor {
  return Snapshot({ input }, {}, name).output;
}

const GuaranteeConst = defineOp({
  name: 'GuaranteeConst',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  stateful: true,
  alias: { output: 'input' },
  infer: ({ input }) => ({ output: input.shape }),
  gradient: 'missing',
  reference: null,
});
/** Passes `input` on with the promise that it is the same in every run. @tensorflow tf.guarantee_const */
export function guaranteeConst(input: TensorLike, { name }: Named = {}): Tensor {
  return GuaranteeConst({ input }, {}, name).output;
}

const IdentityN = defineOp({
  name: 'IdentityN',
  inputs: { input: '[T]' },
  outputs: { output: '[T]' },
  attrs: { T: types() },
  infer: ({ input }) => ({ output: input.map((t) => t.shape) }),
  gradient: ({ output: dy }, _t, _attrs, op) => ({ input: (overridden.get(op)?.(dy) ?? dy) as Grad[] }),
  reference({ input, output }) {
    for (const [i, t] of output.entries()) t.data.set(input[i]!.data);
  },
});
type Override = (dys: readonly Grad[]) => readonly (Grad | null)[];
const overridden = new WeakMap<Operation, Override>();
/** An IdentityN that names another gradient, as Graph.gradient_override_map makes it; see overrideGradient. */
export function identityNRaw(input: readonly Tensor[], gradientType: string): readonly Tensor[] {
  const { output } = IdentityN({ input }, {});
  Object.assign(output[0]!.op.attrs, { _gradient_op_type: gradientType });
  return output;
}
export function overrideGradient(op: Operation, rule: Override): void {
  overridden.set(op, rule);
}
/** Passes several tensors on by one op. @tensorflow tf.identity_n */
export function identityN(input: readonly TensorLike[], { name }: Named = {}): readonly Tensor[] {
  return IdentityN({ input }, {}, name).output;
}

const RefIdentity = defineOp({
  name: 'RefIdentity',
  inputs: { input: 'Ref(T)' },
  outputs: { output: 'Ref(T)' },
  attrs: { T: type() },
  allowsUninitialized: true,
  alias: { output: 'input' },
  infer: ({ input }) => ({ output: input.shape }),
  gradient: ({ output: dy }) => ({ input: dy }),
  reference: null,
});
/** Passes a variable's buffer on, still writable; as gen_array_ops.ref_identity. */
export function refIdentity(input: TensorLike, { name }: Named = {}): Tensor {
  return RefIdentity({ input }, {}, name).output;
}
