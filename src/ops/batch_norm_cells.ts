/** @file What fused batch normalization does cell by cell: images [n, h, w, c], one channel after the other. */
import { GraphError } from '../errors';
import { alloc, memory, type Slot, scratch } from '../kernels/memory';
import { type Call, hasKernel } from '../kernels/table';
import { sameShape, showShape } from '../value/shape';
import { roundHalves } from './conv_cells';
import { fail } from './expect';

export interface BatchNormAttrs {
  readonly epsilon: number;
  readonly data_format: string;
  readonly is_training: boolean;
  /** In graphs of TensorFlow 2: how much of the batch's moments goes into running ones; they are the inputs then. */
  readonly exponential_avg_factor?: number;
}
export type Forward = Readonly<
  Record<
    | 'x'
    | 'scale'
    | 'offset'
    | 'mean'
    | 'variance'
    | 'y'
    | 'batch_mean'
    | 'batch_variance'
    | 'reserve_space_1'
    | 'reserve_space_2',
    Slot
  >
>;
export type Backward = Readonly<
  Record<
    | 'y_backprop'
    | 'x'
    | 'scale'
    | 'reserve_space_1'
    | 'reserve_space_2'
    | 'x_backprop'
    | 'scale_backprop'
    | 'offset_backprop',
    Slot
  >
>;

function refuseNchw({ data_format }: BatchNormAttrs, op: string): void {
  if (data_format === 'NHWC') return;
  throw new GraphError('Internal', `The CPU implementation of ${op} only supports NHWC tensor format for now.`);
}

/** Normalizes by the moments of the batch, or by given ones, which are then handed on. */
export function forward(t: Forward, a: BatchNormAttrs): void {
  const share = a.exponential_avg_factor ?? 1;
  if (a.is_training && share === 1) {
    if (t.mean.size > 0) fail(`estimated_mean must be empty for training${showShape(t.mean.shape)}`);
    if (t.variance.size > 0) fail(`estimated_variance must be empty for training${showShape(t.variance.shape)}`);
  }
  refuseNchw(a, 'FusedBatchNorm');
  const c = t.x.shape[3]!;
  const n = c === 0 ? 0 : t.x.size / c;
  const [x, y, scale, offset] = [t.x.data, t.y.data, t.scale.data, t.offset.data];
  const [means, variances, kept, population] = [t.batch_mean, t.batch_variance, t.reserve_space_1, t.reserve_space_2];
  for (let k = 0; k < c; k++) {
    let [m, v] = a.is_training ? [0, 0] : [t.mean.data[k]!, t.variance.data[k]!];
    if (a.is_training) {
      for (let i = 0, at = k; i < n; i++, at += c) m += x[at]!;
      m /= n;
      for (let i = 0, at = k; i < n; i++, at += c) v += (x[at]! - m) ** 2;
      v /= n;
    }
    const factor = scale[k]! / Math.sqrt(v + a.epsilon);
    for (let i = 0, at = k; i < n; i++, at += c) y[at] = (x[at]! - m) * factor + offset[k]!;
    const unbiased = a.is_training ? (v * n) / Math.max(n - 1, 1) : v;
    const running = a.is_training && share !== 1;
    means.data[k] = running ? (1 - share) * t.mean.data[k]! + share * m : m;
    variances.data[k] = running ? (1 - share) * t.variance.data[k]! + share * unbiased : unbiased;
    kept.data[k] = m;
    population.data[k] = v;
  }
  roundHalves(t.y);
}

function checkBackward(t: Backward, a: BatchNormAttrs): void {
  refuseNchw(a, 'FusedBatchNormGrad');
  const [dy, x] = [t.y_backprop.shape, t.x.shape];
  if (sameShape(dy, x)) return;
  fail(
    `x and y_backprop must have same shape, but x has shape ${showShape(x)} and y_backprop has shape ${showShape(dy)}`,
  );
}
/** The gradients of x, scale and offset; `kept` are outputs that hold nothing. */
export function backward(t: Backward, a: BatchNormAttrs, kept: readonly Slot[]): void {
  checkBackward(t, a);
  const c = t.x.shape[3]!;
  const n = c === 0 ? 0 : t.x.size / c;
  const [x, dy, dx, scale] = [t.x.data, t.y_backprop.data, t.x_backprop.data, t.scale.data];
  const [means, variances] = [t.reserve_space_1.data, t.reserve_space_2.data];
  for (let k = 0; k < c; k++) {
    const m = means[k]!;
    const r = 1 / Math.sqrt(variances[k]! + a.epsilon);
    let [sum, dot] = [0, 0];
    for (let i = 0, at = k; i < n; i++, at += c) {
      sum += dy[at]!;
      dot += dy[at]! * (x[at]! - m);
    }
    const factor = scale[k]! * r;
    const [mean, slope] = a.is_training ? [sum / n, (dot / n) * r * r] : [0, 0];
    for (let i = 0, at = k; i < n; i++, at += c) dx[at] = factor * (dy[at]! - mean - (x[at]! - m) * slope);
    t.scale_backprop.data[k] = dot * r;
    t.offset_backprop.data[k] = sum;
  }
  for (const slot of kept) slot.data.fill(0);
  roundHalves(t.x_backprop);
}

// ---- kernels ------------------------------------------------------------------------------------------------------

const float = new Float32Array(1);
function bits(x: number): number {
  float[0] = x;
  return new Int32Array(float.buffer)[0]!;
}
let zero = 0;
/** The address of a cell that holds 0. */
function zeroCell(): number {
  if (zero === 0) {
    zero = alloc(4);
    new Float32Array(memory.buffer, zero, 1)[0] = 0;
  }
  return zero;
}
const isPlain = (x: Slot, vectors: readonly Slot[], { data_format }: BatchNormAttrs): boolean =>
  x.dtype === 'float32' && data_format === 'NHWC' && x.size > 0 && vectors.every((v) => v.size === x.shape[3]);

/** The forward op as kernel calls; `third` is the scalar that FusedBatchNormV3 makes besides. */
export function forwardCalls(t: Forward, a: BatchNormAttrs, third?: Slot): readonly Call[] | null {
  const c = t.x.shape[3]!;
  const size = [t.x.size / c, c, bits(a.epsilon)];
  const more: Call[] = third ? [['fill_f32', third.ptr, zeroCell(), 1]] : [];
  const { x, y, scale, offset } = t;
  if (a.is_training) {
    const name = 'batch_norm_f32';
    if (!isPlain(x, [scale, offset], a) || t.mean.size + t.variance.size > 0 || !hasKernel(name)) return null;
    const to = [y, t.batch_mean, t.batch_variance, t.reserve_space_1, t.reserve_space_2];
    return [[name, ...[...to, x, scale, offset].map((s) => s.ptr), ...size], ...more];
  }
  const name = 'batch_norm_inference_f32';
  if (!isPlain(x, [scale, offset, t.mean, t.variance], a) || !hasKernel(name)) return null;
  const slots = [y, x, scale, offset, t.mean, t.variance];
  const echo = (to: Slot, from: Slot): Call => ['copy_f32', to.ptr, from.ptr, c];
  return [
    [name, ...slots.map((s) => s.ptr), ...size, scratch(4 * c)],
    echo(t.batch_mean, t.mean),
    echo(t.batch_variance, t.variance),
    echo(t.reserve_space_1, t.mean),
    echo(t.reserve_space_2, t.variance),
    ...more,
  ];
}
/** The gradient in training as a kernel call. */
export function backwardCall(t: Backward, a: BatchNormAttrs): Call | null {
  const name = 'batch_norm_grad_f32';
  const { x, y_backprop: dy, scale, reserve_space_1: mean, reserve_space_2: variance } = t;
  if (!a.is_training || !isPlain(x, [scale, mean, variance], a) || !sameShape(dy.shape, x.shape) || !hasKernel(name)) {
    return null;
  }
  const c = x.shape[3]!;
  const slots = [t.x_backprop, t.scale_backprop, t.offset_backprop, dy, x, scale, mean, variance];
  return [name, ...slots.map((s) => s.ptr), x.size / c, c, bits(a.epsilon), scratch(12 * c)];
}
