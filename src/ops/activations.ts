/** @file Activation functions and their gradients. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { float, type OpDef, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type Call, hasKernel } from '../kernels/table';
import { FLOATS, isInteger, REALS } from '../value/dtype';
import { merge, type Shape } from '../value/shape';
import type { Named } from './array';
import { shapeOf } from './array';
import { cast } from './cast';
import { less, where } from './compare';
import { concat } from './join';
import { subtract } from './arithmetic';
import { transpose } from './permute';
import { range } from './range';
import { reduceSum } from './reduce';
import { rank, zeros, zerosLike } from './shape';
import { exp, negative, sigmoid } from './unary';

// ---- cell by cell -------------------------------------------------------------------------------------------------

const one = { inputs: { features: 'T' }, outputs: { activations: 'T' } } as const;
const attrs = { T: type(FLOATS) } as const;
const realAttrs = { T: type([...REALS, 'qint8']) } as const;
type Unary = OpDef<typeof one.inputs, typeof one.outputs, typeof attrs>;
interface Row extends Pick<Unary, 'name' | 'gradient'> {
  readonly cells: (x: number) => number;
  readonly kernel?: string;
  readonly real?: true;
}
const unary = ({ name, gradient, cells, kernel, real }: Row) =>
  defineOp({
    name,
    ...one,
    attrs: (real ? realAttrs : attrs) as typeof attrs,
    inplace: ['features'],
    infer: ({ features }) => ({ activations: features.shape }),
    gradient,
    reference({ features, activations }) {
      const [x, y] = [features.data, activations.data];
      for (let i = 0; i < y.length; i++) y[i] = cells(x[i]!);
    },
    kernel: ({ features, activations }): Call | null =>
      kernel && activations.dtype === 'float32' && hasKernel(kernel) ? [kernel, activations.ptr, features.ptr, activations.size] : null,
  } as Unary);

const two = { inputs: { gradients: 'T', features: 'T' }, outputs: { backprops: 'T' } } as const;
const twoOut = { inputs: { gradients: 'T', outputs: 'T' }, outputs: { backprops: 'T' } } as const;
type Binary = OpDef<typeof two.inputs, typeof two.outputs, typeof attrs>;
interface GradRow extends Pick<Binary, 'name' | 'gradient'> {
  readonly cells: (dy: number, x: number) => number;
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
    infer: (t) => ({ backprops: merge(t.gradients.shape, (second ? (t as never as typeof t & { outputs: typeof t.features }).outputs : t.features).shape) as Shape }),
    gradient,
    reference(t) {
      const x = (second ? (t as never as Record<string, Slot>).outputs! : t.features).data;
      const [dy, out] = [t.gradients.data, t.backprops.data];
      for (let i = 0; i < out.length; i++) out[i] = cells(dy[i]!, x[i]!);
    },
    kernel: (t): Call | null => {
      const x = second ? (t as never as Record<string, Slot>).outputs! : t.features;
      return kernel && x.dtype === 'float32' && hasKernel(kernel) ? [kernel, t.backprops.ptr, t.gradients.ptr, x.ptr, x.size] : null;
    },
  } as Binary);

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
  cells: (dy, x) => (x > 0 ? dy : 0),
  kernel: 'relu_grad_f32',
  gradient: flat((dy, x) => reluGrad(dy, x)),
});
export function reluGrad(gradients: Tensor, features: Tensor): Tensor {
  return ReluGrad({ gradients, features }, {}).backprops;
}
const Relu = unary({
  name: 'Relu',
  real: true,
  cells: (x) => (x < 0 ? 0 : x),
  kernel: 'relu_f32',
  gradient: ({ activations: dy }, { activations: y }) => ({ features: reluGrad(dy, y) }),
});
/** max(x, 0), as tf.nn.relu. */
export function relu(features: TensorLike, { name }: Named = {}): Tensor {
  return Relu({ features }, {}, name).activations;
}

const Relu6Grad = grad({
  name: 'Relu6Grad',
  real: true,
  cells: (dy, x) => (x > 0 && x < 6 ? dy : 0),
  gradient: flat((dy, x) => relu6Grad(dy, x)),
});
function relu6Grad(gradients: Tensor, features: Tensor): Tensor {
  return Relu6Grad({ gradients, features }, {}).backprops;
}
const Relu6 = unary({
  name: 'Relu6',
  real: true,
  cells: (x) => (x < 0 ? 0 : x > 6 ? 6 : x),
  gradient: ({ activations: dy }, { activations: y }) => ({ features: relu6Grad(dy, y) }),
});
/** min(max(x, 0), 6), as tf.nn.relu6. */
export function relu6(features: TensorLike, { name }: Named = {}): Tensor {
  return Relu6({ features }, {}, name).activations;
}

const SELU = 1.0507009873554804934193349852946;
const SELU_ALPHA = SELU * 1.6732632423543772848170429916717;
/** The second gradient of Elu and Selu, by their own outputs. */
const curved =
  (again: (dy: Tensor, y: Tensor) => Tensor): Binary['gradient'] =>
  ({ backprops: dy }, t) => {
    const { gradients, outputs: y } = t as unknown as { gradients: Tensor; outputs: Tensor };
    const first = again(dy, y);
    const below = less(y, 0);
    const product = dy.mul(gradients);
    return { gradients: first, outputs: where(below, product, zerosLike(y)) } as never;
  };

const EluGrad = grad({
  name: 'EluGrad',
  second: 'outputs',
  cells: (dy, y) => (y < 0 ? dy * (y + 1) : dy),
  gradient: curved((dy, y) => eluGrad(dy, y)),
});
function eluGrad(gradients: Tensor, outputs: Tensor): Tensor {
  return EluGrad({ gradients, outputs } as never, {}).backprops;
}
const Elu = unary({
  name: 'Elu',
  cells: (x) => (x < 0 ? Math.expm1(x) : x),
  gradient: ({ activations: dy }, { activations: y }) => ({ features: eluGrad(dy, y) }),
});
/** x above 0, exp(x) - 1 below, as tf.nn.elu. */
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
/** Elu scaled so that activations normalize themselves, as tf.nn.selu. */
export function selu(features: TensorLike, { name }: Named = {}): Tensor {
  return Selu({ features }, {}, name).activations;
}

const softplusOf = (x: number): number => (x > 30 ? x : x < -30 ? Math.exp(x) : Math.log1p(Math.exp(x)));
const SoftplusGrad = grad({
  name: 'SoftplusGrad',
  cells: (dy, x) => dy / (Math.exp(-x) + 1),
  gradient: ({ backprops: dy }, { gradients, features: x }) =>
    dy.graph.controlDependencies([dy], () => {
      const first = softplusGrad(dy, x);
      const product = dy.mul(gradients);
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
    return { features: dy.mul(s) };
  },
});
/** log(1 + exp(x)), as tf.nn.softplus. */
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
  gradient: ({ activations: dy }, { features }) => ({ features: SoftsignGrad({ gradients: dy, features }, {}).backprops }),
});
/** x / (1 + |x|), as tf.nn.softsign. */
export function softsign(features: TensorLike, { name }: Named = {}): Tensor {
  return Softsign({ features }, {}, name).activations;
}

const leaky = { alpha: float(0.2), T: type(FLOATS) } as const;
const LeakyReluGrad = defineOp({
  name: 'LeakyReluGrad',
  ...two,
  attrs: leaky,
  infer: ({ gradients, features }) => ({ backprops: merge(gradients.shape, features.shape) }),
  gradient({ backprops: dy }, { features: x }, { alpha }) {
    const first = leakyReluGrad(dy, x, alpha);
    return { gradients: first, features: zeros(shapeOf(x), x.dtype) };
  },
  reference({ gradients, features, backprops }, { alpha }) {
    const [dy, x, out] = [gradients.data, features.data, backprops.data];
    const a = Math.fround(alpha);
    for (let i = 0; i < out.length; i++) out[i] = x[i]! > 0 ? dy[i]! : dy[i]! * a;
  },
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
    const [x, y] = [features.data, activations.data];
    const a = Math.fround(alpha);
    for (let i = 0; i < y.length; i++) y[i] = Math.max(x[i]!, x[i]! * a);
  },
});
export interface LeakyReluOptions extends Named {
  readonly alpha?: number | undefined;
}
/** x above 0, alpha * x below, as tf.nn.leaky_relu. */
export function leakyRelu(features: TensorLike, { alpha, name = 'LeakyRelu' }: LeakyReluOptions = {}): Tensor {
  const x = convertToTensor(features, {});
  return x.graph.nameScope(name, (scope) => {
    const f = isInteger(x.dtype) ? cast(x, 'float32') : x;
    return LeakyRelu({ features: f }, { alpha }, scope).activations;
  });
}
/** relu of x and of -x, side by side, as tf.nn.crelu. */
export function crelu(features: TensorLike, { axis = -1, name = 'CRelu' }: Named & { readonly axis?: number } = {}): Tensor {
  const x = convertToTensor(features, { name: 'features' });
  return x.graph.nameScope(name, (scope) => {
    const c = concat([x, x.neg()], axis, { name: scope });
    return relu(c);
  });
}

// ---- softmax ------------------------------------------------------------------------------------------------------

const rows = { inputs: { logits: 'T' }, attrs: { T: type(FLOATS) } } as const;
function eachRow(from: Slot, to: Slot, write: (x: number, top: number, sum: number) => number): void {
  const n = from.shape.at(-1)!;
  const [x, y] = [from.data, to.data];
  for (let at = 0; at < x.length; at += n) {
    let top = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < n; j++) if (!(x[at + j]! <= top)) top = x[at + j]!;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.exp(x[at + j]! - top);
    for (let j = 0; j < n; j++) y[at + j] = write(x[at + j]!, top, sum);
  }
}
const rowsKernel =
  (name: string) =>
  (from: Slot, to: Slot): Call | null => {
    const n = from.shape.at(-1)!;
    return from.dtype === 'float32' && hasKernel(name) && n > 0 ? [name, to.ptr, from.ptr, from.size / n, n] : null;
  };
function vector(shape: Shape): Shape {
  if (shape === null || shape.length > 0) return shape;
  throw new GraphError('Value', 'Shape must be at least rank 1 but is rank 0', { atRun: 'logits must have >= 1 dimension, got []' });
}
const softmaxRows = rowsKernel('softmax_f32');
const Softmax = defineOp({
  name: 'Softmax',
  ...rows,
  outputs: { softmax: 'T' },
  infer: ({ logits }) => ({ softmax: vector(logits.shape) }),
  gradient({ softmax: dy }, { softmax: y }) {
    const sum = reduceSum(dy.mul(y), { axis: -1, keepdims: true });
    return { logits: dy.sub(sum).mul(y) };
  },
  reference: ({ logits, softmax }) => eachRow(logits, softmax, (x, top, sum) => Math.exp(x - top) / sum),
  kernel: ({ logits, softmax }) => softmaxRows(logits, softmax),
});
const LogSoftmax = defineOp({
  name: 'LogSoftmax',
  ...rows,
  outputs: { logsoftmax: 'T' },
  infer: ({ logits }) => ({ logsoftmax: vector(logits.shape) }),
  gradient({ logsoftmax: dy }, { logsoftmax: y }) {
    const p = exp(y);
    const sum = reduceSum(dy, { axis: -1, keepdims: true });
    return { logits: dy.sub(sum.mul(p)) };
  },
  reference: ({ logits, logsoftmax }) => eachRow(logits, logsoftmax, (x, top, sum) => x - top - Math.log(sum)),
});

export interface SoftmaxOptions extends Named {
  readonly axis?: number | null | undefined;
  readonly dim?: number | null | undefined;
}
function along(input: TensorLike, options: SoftmaxOptions, compute: (x: Tensor, name?: string) => Tensor): Tensor {
  const logits = convertToTensor(input);
  const { shape } = logits;
  const dim = options.axis ?? options.dim ?? -1;
  if (dim === -1 || (shape && dim === shape.length - 1)) return compute(logits, options.name);
  if (shape && (dim < -shape.length || dim >= shape.length)) {
    const n = shape.length;
    throw new GraphError(
      'InvalidArgument',
      `Dimension (${dim}) must be in the range [${-n}, ${n}) where ${n} is the number of dimensions in the input.`,
    );
  }
  const n = shape!.length;
  rank(logits);
  const at = dim < 0 ? dim + n : dim;
  const r = rank(logits);
  const swap = (x: Tensor, name?: string): Tensor => {
    const last = subtract(r, 1);
    const order = concat([range(at), [last], range(at + 1, last), [at]] as readonly TensorLike[], 0);
    return transpose(x, order, { name });
  };
  const out = swap(compute(swap(logits)), options.name);
  out.setShape(shape);
  return out;
}
/** exp(x) / sum(exp(x)) along an axis, the last by default, as tf.nn.softmax. */
export const softmax = (logits: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  along(logits, options, (x, name) => Softmax({ logits: x }, {}, name).softmax);
/** x - log(sum(exp(x))) along an axis, as tf.nn.log_softmax. */
export const logSoftmax = (logits: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  along(logits, options, (x, name) => LogSoftmax({ logits: x }, {}, name).logsoftmax);
