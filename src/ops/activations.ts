/** @file Activation functions and their gradients. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type AnyDef, float, lookup, type OpDef, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type Call, hasKernel } from '../kernels/table';
import { FLOATS, isInteger, REALS, zeroOf } from '../value/dtype';
import { compatible, merge, type Shape, showShape } from '../value/shape';
import type { Named } from './array';
import { identity, shapeOf } from './array';
import { cast } from './cast';
import { mapCells, zipBy } from './cellwise';
import { less, where } from './compare';
import { concat } from './join';
import { times } from './operators';
import { zeros, zerosLike } from './shape';
import { exp, negative, sigmoid } from './unary';

export { logSoftmax, type SoftmaxOptions, softmax } from './softmax';

// ---- cell by cell -------------------------------------------------------------------------------------------------

const one = { inputs: { features: 'T' }, outputs: { activations: 'T' } } as const;
const attrs = { T: type(FLOATS) } as const;
const realAttrs = { T: type(REALS) } as const;
const reluAttrs = { T: type([...REALS, 'qint8']) } as const;
type Unary = OpDef<typeof one.inputs, typeof one.outputs, typeof attrs>;
interface Row extends Pick<Unary, 'name' | 'gradient'> {
  /** `zero` is a cell: bigints have one of their own. */
  readonly cells: (x: number, zero: number) => number;
  readonly kernel?: string;
  readonly attrs?: typeof realAttrs | typeof reluAttrs;
}
const unary = ({ name, gradient, cells, kernel, attrs: own }: Row) =>
  defineOp({
    name,
    ...one,
    attrs: (own ?? attrs) as typeof attrs,
    inplace: ['features'],
    infer: ({ features }) => ({ activations: features.shape }),
    gradient,
    reference({ features, activations }) {
      const zero = zeroOf(features.dtype);
      mapCells(features, activations, () => (x) => cells(x, zero));
    },
    kernel: ({ features, activations }): Call | null =>
      kernel && activations.dtype === 'float32' && hasKernel(kernel)
        ? [kernel, activations.ptr, features.ptr, activations.size]
        : null,
  } as Unary);

/** Gradient and features must be of one shape. */
function together(op: string, a: Shape, b: Shape): Shape {
  if (compatible(a, b)) return merge(a, b);
  const atRun = `Inputs to operation of type ${op} must have the same size and shape.  Input 0: ${showShape(a)} != input 1: ${showShape(b)}`;
  try {
    return merge(a, b);
  } catch (e) {
    throw e instanceof GraphError ? new GraphError(e.code, e.reason, { atRun }) : e;
  }
}

const two = { inputs: { gradients: 'T', features: 'T' }, outputs: { backprops: 'T' } } as const;
const twoOut = { inputs: { gradients: 'T', outputs: 'T' }, outputs: { backprops: 'T' } } as const;
type Binary = OpDef<typeof two.inputs, typeof two.outputs, typeof attrs>;
interface GradRow extends Pick<Binary, 'name' | 'gradient'> {
  readonly cells: (dy: number, x: number, zero: number) => number;
  /** What the second input is called on the wire. */
  readonly second?: 'outputs';
  readonly kernel?: string;
  readonly real?: true;
}
const grad = ({ name, gradient, cells, second, kernel, real }: GradRow) =>
  defineOp({
    name,
    ...((second ? twoOut : two) as typeof two),
    attrs: (real ? realAttrs : attrs) as typeof attrs,
    infer: (t) => ({
      backprops: together(
        name,
        t.gradients.shape,
        (second ? (t as never as { outputs: typeof t.features }).outputs : t.features).shape,
      ),
    }),
    gradient,
    reference(t) {
      const y = second ? (t as never as Record<string, Slot>).outputs! : t.features;
      const zero = zeroOf(y.dtype);
      zipBy(() => (dy, x) => cells(dy, x, zero))({ x: t.gradients, y, z: t.backprops });
    },
    kernel: (t): Call | null => {
      const x = second ? (t as never as Record<string, Slot>).outputs! : t.features;
      return kernel && x.dtype === 'float32' && hasKernel(kernel)
        ? [kernel, t.backprops.ptr, t.gradients.ptr, x.ptr, x.size]
        : null;
    },
  } as Binary);

/** A gradient that is multiplied by 0: infinities and NaNs stay NaN. */
const nothing = (dy: number, zero: number): number => (typeof dy === 'bigint' ? zero : dy * 0);

/** The second gradient of what is flat but for a kink: through the gradient only. */
const flat =
  (again: (dy: Tensor, x: Tensor) => Tensor): Binary['gradient'] =>
  ({ backprops: dy }, { features: x }) => {
    const first = again(dy, x);
    return { gradients: first, features: zeros(shapeOf(x), x.dtype) };
  };

const ReluGrad = grad({
  name: 'ReluGrad',
  real: true,
  cells: (dy, x, zero) => (x > 0 ? dy : nothing(dy, zero)),
  kernel: 'relu_grad_f32',
  gradient: flat((dy, x) => reluGrad(dy, x)),
});
export function reluGrad(gradients: Tensor, features: Tensor): Tensor {
  return ReluGrad({ gradients, features }, {}).backprops;
}
const Relu = unary({
  name: 'Relu',
  attrs: reluAttrs,
  // biome-ignore lint/complexity/useMathMinMax: bigints, and NaN stays NaN
  cells: (x, zero) => (x < zero ? zero : x),
  kernel: 'relu_f32',
  gradient: ({ activations: dy }, { activations: y }) => ({ features: reluGrad(dy, y) }),
});
/** max(x, 0). @tensorflow tf.nn.relu */
export function relu(features: TensorLike, { name }: Named = {}): Tensor {
  return Relu({ features }, {}, name).activations;
}

const Relu6Grad = grad({
  name: 'Relu6Grad',
  real: true,
  kernel: 'relu6_grad_f32',
  cells: (dy, x, zero) => (x > 0 && x < 6 ? dy : nothing(dy, zero)),
  gradient: flat((dy, x) => relu6Grad(dy, x)),
});
function relu6Grad(gradients: Tensor, features: Tensor): Tensor {
  return Relu6Grad({ gradients, features }, {}).backprops;
}
const Relu6 = unary({
  name: 'Relu6',
  attrs: realAttrs,
  kernel: 'relu6_f32',
  cells: (x, zero) => (x < zero ? zero : x > 6 ? ((typeof x === 'bigint' ? 6n : 6) as number) : x),
  gradient: ({ activations: dy }, { activations: y }) => ({ features: relu6Grad(dy, y) }),
});
/** min(max(x, 0), 6). @tensorflow tf.nn.relu6 */
export function relu6(features: TensorLike, { name }: Named = {}): Tensor {
  return Relu6({ features }, {}, name).activations;
}

const SELU = 1.0507009873554805;
const SELU_ALPHA = 1.7580993408473768;
/** The second gradient of Elu and Selu, by their own outputs. */
const curved =
  (again: (dy: Tensor, y: Tensor) => Tensor): Binary['gradient'] =>
  ({ backprops: dy }, t) => {
    const { gradients, outputs: y } = t as unknown as { gradients: Tensor; outputs: Tensor };
    const first = again(dy, y);
    const below = less(y, 0);
    const product = times(dy, gradients);
    return { gradients: first, outputs: where(below, product, zerosLike(y)) } as never;
  };

const EluGrad = grad({
  name: 'EluGrad',
  second: 'outputs',
  kernel: 'elu_grad_f32',
  cells: (dy, y) => (y < 0 ? dy * (y + 1) : dy),
  gradient: curved((dy, y) => eluGrad(dy, y)),
});
function eluGrad(gradients: Tensor, outputs: Tensor): Tensor {
  return EluGrad({ gradients, outputs } as never, {}).backprops;
}
const Elu = unary({
  name: 'Elu',
  kernel: 'elu_f32',
  cells: (x) => (x < 0 ? Math.expm1(x) : x),
  gradient: ({ activations: dy }, { activations: y }) => ({ features: eluGrad(dy, y) }),
});
/** x above 0, exp(x) - 1 below. @tensorflow tf.nn.elu */
export function elu(features: TensorLike, { name }: Named = {}): Tensor {
  return Elu({ features }, {}, name).activations;
}
const SeluGrad = grad({
  name: 'SeluGrad',
  second: 'outputs',
  cells: (dy, y) => (y < 0 ? dy * (y + SELU_ALPHA) : dy * SELU),
  gradient: curved((dy, y) => seluGrad(dy, y)),
});
function seluGrad(gradients: Tensor, outputs: Tensor): Tensor {
  return SeluGrad({ gradients, outputs } as never, {}).backprops;
}
const Selu = unary({
  name: 'Selu',
  cells: (x) => (x < 0 ? SELU_ALPHA * Math.expm1(x) : SELU * x),
  gradient: ({ activations: dy }, { activations: y }) => ({ features: seluGrad(dy, y) }),
});
/** Elu scaled so that activations normalize themselves. @tensorflow tf.nn.selu */
export function selu(features: TensorLike, { name }: Named = {}): Tensor {
  return Selu({ features }, {}, name).activations;
}

const softplusOf = (x: number): number => (x > 30 ? x : x < -30 ? Math.exp(x) : Math.log1p(Math.exp(x)));
const SoftplusGrad = grad({
  name: 'SoftplusGrad',
  kernel: 'softplus_grad_f32',
  cells: (dy, x) => dy / (Math.exp(-x) + 1),
  gradient: ({ backprops: dy }, { gradients, features: x }) =>
    dy.graph.controlDependencies([dy], () => {
      const first = softplusGrad(dy, x);
      const product = times(dy, gradients);
      const below = exp(negative(x)).add(2).add(exp(x));
      return { gradients: first, features: product.truediv(below) };
    }),
});
function softplusGrad(gradients: Tensor, features: Tensor): Tensor {
  return SoftplusGrad({ gradients, features }, {}).backprops;
}
const Softplus = unary({
  name: 'Softplus',
  cells: softplusOf,
  kernel: 'softplus_f32',
  gradient: ({ activations: dy }, { features: x }) => {
    const s = sigmoid(x);
    return { features: times(dy, s) };
  },
});
/** log(1 + exp(x)). @tensorflow tf.nn.softplus */
export function softplus(features: TensorLike, { name }: Named = {}): Tensor {
  return Softplus({ features }, {}, name).activations;
}
const SoftsignGrad = grad({
  name: 'SoftsignGrad',
  cells: (dy, x) => dy / (1 + Math.abs(x)) ** 2,
  gradient: 'missing',
});
const Softsign = unary({
  name: 'Softsign',
  cells: (x) => x / (1 + Math.abs(x)),
  gradient: ({ activations: dy }, { features }) => ({
    features: SoftsignGrad({ gradients: dy, features }, {}).backprops,
  }),
});
/** x / (1 + |x|). @tensorflow tf.nn.softsign */
export function softsign(features: TensorLike, { name }: Named = {}): Tensor {
  return Softsign({ features }, {}, name).activations;
}

const leaky = { alpha: float(0.2), T: type(FLOATS, 'float32') } as const;
const bits = new Float32Array(1);
function leakyCall(name: string, slots: readonly Slot[], alpha: number): Call | null {
  const x = slots[0]!;
  if (x.dtype !== 'float32' || !hasKernel(name)) return null;
  bits[0] = alpha;
  return [name, ...slots.map((t) => t.ptr), x.size, new Int32Array(bits.buffer)[0]!];
}
const LeakyReluGrad = defineOp({
  name: 'LeakyReluGrad',
  ...two,
  attrs: leaky,
  infer: ({ gradients, features }) => ({ backprops: together('LeakyReluGrad', gradients.shape, features.shape) }),
  gradient({ backprops: dy }, { features: x }, { alpha }) {
    const first = leakyReluGrad(dy, x, alpha);
    return { gradients: first, features: zeros(shapeOf(x), x.dtype) };
  },
  reference({ gradients, features, backprops }, { alpha }) {
    const a = Math.fround(alpha);
    zipBy(() => (dy, x) => (x > 0 ? dy : dy * a))({ x: gradients, y: features, z: backprops });
  },
  kernel: ({ gradients: dy, features: x, backprops: to }, { alpha }): Call | null =>
    leakyCall('leaky_relu_grad_f32', [to, dy, x], alpha),
});
function leakyReluGrad(gradients: Tensor, features: Tensor, alpha: number): Tensor {
  return LeakyReluGrad({ gradients, features }, { alpha }).backprops;
}
const LeakyRelu = defineOp({
  name: 'LeakyRelu',
  ...one,
  attrs: leaky,
  infer: ({ features }) => ({ activations: features.shape }),
  gradient: ({ activations: dy }, { features }, { alpha }) => ({ features: leakyReluGrad(dy, features, alpha) }),
  reference({ features, activations }, { alpha }) {
    const a = Math.fround(alpha);
    mapCells(features, activations, () => (x) => (x > 0 ? x : x * a));
  },
  kernel: ({ features: x, activations: y }, { alpha }): Call | null => leakyCall('leaky_relu_f32', [y, x], alpha),
});
export interface LeakyReluOptions extends Named {
  readonly alpha?: number | undefined;
}
/** x above 0, alpha * x below. @tensorflow tf.nn.leaky_relu */
export function leakyRelu(features: TensorLike, { alpha, name = 'LeakyRelu' }: LeakyReluOptions = {}): Tensor {
  const x = convertToTensor(features, {});
  return x.graph.nameScope(name, (scope) => {
    const f = isInteger(x.dtype) ? cast(x, 'float32') : x;
    return LeakyRelu({ features: f }, { alpha }, scope).activations;
  });
}
/** The gradient of swish, which keeps only its features for it; the registry's IdentityN has another one. */
const swishGradient = (
  { output: [dy] }: { readonly output: readonly Tensor[] },
  x: Tensor,
): { input: (Tensor | null)[] } => {
  const y = dy!.graph.controlDependencies([dy!], () => sigmoid(x));
  const slope = y.mul(x.mul(y.rsub(1)).radd(1));
  return { input: [null, dy!.mul(slope)] };
};
let swishes = 0;
/** x * sigmoid(x). @tensorflow tf.nn.swish */
export function swish(features: TensorLike): Tensor {
  const x = convertToTensor(features);
  const y = x.mul(sigmoid(x));
  identity(y); // which TensorFlow makes too, and nobody uses
  const plain = lookup('IdentityN')!;
  const def: AnyDef = { ...plain, gradient: ((dy: { output: readonly Tensor[] }) => swishGradient(dy, x)) as never };
  const attrs = { T: [y.dtype, x.dtype], _gradient_op_type: `CustomGradient-${swishes++}` };
  return x.graph.createOp('IdentityN', [y, x], attrs, { def }).outputs[0]!;
}
/** relu of x and of -x, side by side. @tensorflow tf.nn.crelu */
export function crelu(
  features: TensorLike,
  { axis = -1, name = 'CRelu' }: Named & { readonly axis?: number } = {},
): Tensor {
  const x = convertToTensor(features, { name: 'features' });
  return x.graph.nameScope(name, (scope) => {
    const c = concat([x, x.neg()], axis, { name: scope });
    return relu(c);
  });
}
