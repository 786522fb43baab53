/** @file Moments, and normalizing by them: in plain ops and in the fused kernel. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Args, bool, float, type Grad, type Known, string, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { multiply } from './arithmetic';
import { constant, type Named } from './array';
import { fusedSecondGradient } from './batch_norm_gradients';
import { cast } from './cast';
import { maximum, squaredDifference } from './pairs';
import { stopGradient } from './identity';
import { transpose } from './permute';
import { reduceMean, reduceSum } from './reduce';
import { squeeze } from './shape';
import { rsqrt, square } from './unary';

// ---- moments ------------------------------------------------------------------------------------------------------

export interface MomentsOptions extends Named {
  readonly keepDims?: boolean | undefined;
  readonly keepdims?: boolean | undefined;
}
/** Mean and (population) variance over axes, as tf.nn.moments. */
export function moments(x: TensorLike, axes: TensorLike, options: MomentsOptions = {}): [mean: Tensor, variance: Tensor] {
  const { name = 'moments' } = options;
  const keep = options.keepdims ?? options.keepDims ?? false;
  const input = convertToTensor(x);
  return input.graph.nameScope(name, () => {
    const y = input.dtype === 'float16' ? cast(input, 'float32') : input;
    let mean = reduceMean(y, { axis: axes, keepdims: true, name: 'mean' });
    const squares = squaredDifference(y, stopGradient(mean));
    let variance = reduceMean(squares, { axis: axes, keepdims: true, name: 'variance' });
    if (!keep) {
      const list = [axes].flat() as number[];
      mean = squeeze(mean, list);
      variance = squeeze(variance, list);
    }
    if (input.dtype !== 'float16') return [mean, variance];
    return [cast(mean, 'float16'), cast(variance, 'float16')];
  });
}

/** scale * (x - mean) / sqrt(variance + epsilon) + offset; null leaves scale or offset out; as tf.nn.batch_normalization. */
export function batchNormalization(
  x: TensorLike,
  mean: TensorLike,
  variance: TensorLike,
  offset: TensorLike | null,
  scale: TensorLike | null,
  varianceEpsilon: number,
  { name = 'batchnorm' }: Named = {},
): Tensor {
  const graph = graphOf([x, mean, variance, scale, offset]);
  return graph.nameScope(name, () => {
    const input = x as Tensor;
    let inverse = rsqrt((variance as Tensor).add(varianceEpsilon));
    if (scale !== null) inverse = inverse.mul(scale);
    const scaled = input.mul(cast(inverse, input.dtype));
    let shift: Tensor;
    if (offset === null) shift = (mean as Tensor).neg().mul(inverse);
    else {
      const moved = (mean as Tensor).mul(inverse);
      shift = (offset as Tensor).sub(moved);
    }
    return scaled.add(cast(shift, input.dtype));
  });
}

/** x / sqrt(max(sum(x^2), epsilon)) over axes, as tf.nn.l2_normalize. */
export function l2Normalize(
  x: TensorLike,
  axis: TensorLike,
  { epsilon = 1e-12, name = 'l2_normalize' }: Named & { readonly epsilon?: number } = {},
): Tensor {
  const graph = graphOf([x]);
  return graph.nameScope(name, (scope) => {
    const input = convertToTensor(x, { name: 'x' }, graph);
    const sum = reduceSum(square(input), { axis, keepdims: true });
    const inverse = rsqrt(maximum(sum, epsilon));
    return multiply(input, inverse, { name: scope });
  });
}

// ---- the fused kernel ---------------------------------------------------------------------------------------------

type Format = 'NHWC' | 'NCHW';
type Slots = Readonly<Record<string, Slot>>;
interface Attrs {
  readonly epsilon: number;
  readonly data_format: Format;
  readonly is_training: boolean;
  /** Of graphs made by later releases: how much of the batch goes into the given averages. */
  readonly exponential_avg_factor?: number;
}

/** Cells of one channel: the channel's number, then steps. */
function channels(shape: readonly number[], format: Format): { c: number; n: number; at: (channel: number, i: number) => number } {
  const size = shape.reduce((a, b) => a * b, 1);
  if (format === 'NHWC') {
    const c = shape.at(-1)!;
    return { c, n: c === 0 ? 0 : size / c, at: (k, i) => i * c + k };
  }
  const c = shape[1]!;
  const inner = shape.slice(2).reduce((a, b) => a * b, 1);
  const n = c === 0 ? 0 : size / c;
  return { c, n, at: (k, i) => (Math.floor(i / inner) * c + k) * inner + (i % inner) };
}
function refuseNCHW({ data_format }: Attrs, gradient: boolean): void {
  if (data_format !== 'NCHW') return;
  throw new GraphError(
    gradient ? 'Unimplemented' : 'InvalidArgument',
    `The CPU implementation of FusedBatchNorm${gradient ? 'Grad' : ''} only supports NHWC tensor format for now.`,
  );
}

function forward(t: Slots, attrs: Attrs): void {
  const { x, scale, offset, mean, variance, y } = t as Record<'x' | 'scale' | 'offset' | 'mean' | 'variance' | 'y', Slot>;
  const { batch_mean, batch_variance, reserve_space_1, reserve_space_2 } = t as Record<string, Slot>;
  refuseNCHW(attrs, false);
  const { epsilon, is_training, data_format } = attrs;
  const mix = attrs.exponential_avg_factor ?? 1;
  if (is_training && mix === 1 && mean.size > 0) throw new GraphError('InvalidArgument', 'estimated_mean must be empty for training');
  if (is_training && mix === 1 && variance.size > 0) {
    throw new GraphError('InvalidArgument', 'estimated_variance must be empty for training');
  }
  const { c, n, at } = channels(x.shape, data_format);
  const [from, to] = [x.data, y.data];
  for (let k = 0; k < c; k++) {
    let m = is_training ? 0 : mean.data[k]!;
    let v = is_training ? 0 : variance.data[k]!;
    if (is_training) {
      for (let i = 0; i < n; i++) m += from[at(k, i)]!;
      m /= n;
      for (let i = 0; i < n; i++) v += (from[at(k, i)]! - m) ** 2;
      v /= n;
    }
    const factor = scale.data[k]! / Math.sqrt(v + epsilon);
    for (let i = 0; i < n; i++) to[at(k, i)] = (from[at(k, i)]! - m) * factor + offset.data[k]!;
    const sample = is_training ? v * (n / Math.max(n - 1, 1)) : v;
    const old = is_training && mix !== 1;
    batch_mean!.data[k] = old ? mean.data[k]! * (1 - mix) + m * mix : m;
    batch_variance!.data[k] = old ? variance.data[k]! * (1 - mix) + sample * mix : sample;
    reserve_space_1!.data[k] = m;
    reserve_space_2!.data[k] = v;
  }
  const third = (t as Record<string, Slot | undefined>).reserve_space_3;
  if (third && third.size > 0) third.data.fill(0);
}

function backward(t: Slots, attrs: Attrs): void {
  refuseNCHW(attrs, true);
  const { epsilon, is_training, data_format } = attrs;
  const { y_backprop, x, scale, reserve_space_1: mean, reserve_space_2: variance } = t as Record<string, Slot>;
  const { x_backprop, scale_backprop, offset_backprop } = t as Record<string, Slot>;
  const { c, n, at } = channels(x!.shape, data_format);
  const [dy, from, dx] = [y_backprop!.data, x!.data, x_backprop!.data];
  for (let k = 0; k < c; k++) {
    const [m, r] = [mean!.data[k]!, 1 / Math.sqrt(variance!.data[k]! + epsilon)];
    let [sum, dot] = [0, 0];
    for (let i = 0; i < n; i++) {
      const g = dy[at(k, i)]!;
      sum += g;
      dot += g * (from[at(k, i)]! - m);
    }
    const factor = scale!.data[k]! * r;
    const [a, b] = is_training ? [sum / n, (dot / n) * r * r] : [0, 0];
    for (let i = 0; i < n; i++) dx[at(k, i)] = factor * (dy[at(k, i)]! - a - (from[at(k, i)]! - m) * b);
    scale_backprop!.data[k] = dot * r;
    offset_backprop!.data[k] = sum;
  }
}

/** One of the three versions: they differ in types, and in how much they keep for the gradient. */
function version(suffix: '' | 'V2' | 'V3', T: readonly DType[]) {
  const U = suffix === '' ? 'T' : 'U';
  const common = {
    T: type(T),
    ...(suffix === '' ? {} : { U: type(['bfloat16', 'float32', 'float64']) }),
    epsilon: float(1e-4),
    data_format: string('NHWC', 'NCHW'),
    is_training: bool(true),
  };
  const third = suffix === 'V3' ? { reserve_space_3: U } : {};
  const name = `FusedBatchNorm${suffix}`;
  const outputs: Args = { y: 'T', batch_mean: U, batch_variance: U, reserve_space_1: U, reserve_space_2: U, ...third };
  const makeGrad = defineOp({
    name: `FusedBatchNormGrad${suffix}`,
    inputs: {
      y_backprop: 'T',
      x: 'T',
      scale: suffix === '' ? 'T' : 'float32',
      reserve_space_1: U,
      reserve_space_2: U,
      ...third,
    } as Args,
    outputs: {
      x_backprop: 'T',
      scale_backprop: U,
      offset_backprop: U,
      ...(suffix === 'V3' ? { reserve_space_4: U, reserve_space_5: U } : { reserve_space_3: U, reserve_space_4: U }),
    } as Args,
    attrs: common,
    infer: (t: Record<string, Known>) => {
      const { shape: c } = t.scale!;
      const empty: Record<string, Shape> = suffix === 'V3' ? { reserve_space_4: [0], reserve_space_5: [0] } : { reserve_space_3: [0], reserve_space_4: [0] };
      return { x_backprop: t.x!.shape, scale_backprop: c, offset_backprop: c, ...empty } as never;
    },
    gradient: ((dy: Record<string, Tensor>, _t: unknown, attrs: Attrs, op: Operation) =>
      fusedSecondGradient(dy, op, attrs)) as never,
    reference: backward as never,
  } as never) as unknown as (inputs: Record<string, Tensor>, attrs: Attrs) => Record<string, Tensor>;

  return defineOp({
    name,
    inputs: { x: 'T', scale: U, offset: U, mean: U, variance: U } as Args,
    outputs,
    attrs: common,
    infer: (t: Record<string, Known>) => {
      const { shape } = t.x!;
      if (shape !== null && shape.length !== 4) {
        throw new GraphError('Value', `Shape must be rank 4 but is rank ${shape.length}`, { atRun: `input must be 4-dimensional[${shape}]` });
      }
      const c = t.scale!.shape;
      return {
        y: shape,
        batch_mean: c,
        batch_variance: c,
        reserve_space_1: c,
        reserve_space_2: c,
        ...(suffix === 'V3' ? { reserve_space_3: [] } : {}),
      } as never;
    },
    gradient: ((dy: Record<string, Tensor>, t: Record<string, Tensor>, attrs: Attrs) =>
      firstGradient(makeGrad, dy.y!, t, attrs, suffix === 'V3')) as never,
    reference: forward as never,
  } as never) as unknown as (inputs: Record<string, TensorLike>, attrs: Attrs, name?: string) => Record<string, Tensor>;
}

function firstGradient(
  make: (inputs: Record<string, Tensor>, attrs: Attrs) => Record<string, Tensor>,
  dyIn: Tensor,
  t: Record<string, Tensor>,
  { epsilon, data_format, is_training }: Attrs,
  third: boolean,
): Record<string, Grad | null> {
  const extra = third ? { reserve_space_3: t.reserve_space_3! } : {};
  if (is_training) {
    const kept = { reserve_space_1: t.reserve_space_1!, reserve_space_2: t.reserve_space_2!, ...extra };
    const g = make({ y_backprop: dyIn, x: t.x!, scale: t.scale!, ...kept }, { epsilon, data_format, is_training });
    return { x: g.x_backprop!, scale: g.scale_backprop!, offset: g.offset_backprop!, mean: g[third ? 'reserve_space_4' : 'reserve_space_3']!, variance: g[third ? 'reserve_space_5' : 'reserve_space_4']! };
  }
  let [x, dy] = [t.x!, dyIn];
  if (data_format === 'NCHW') {
    x = transpose(x, [0, 2, 3, 1]);
    dy = transpose(dy, [0, 2, 3, 1]);
  }
  const kept = { reserve_space_1: t.mean!, reserve_space_2: t.variance!, ...extra };
  const g = make({ y_backprop: dy, x, scale: t.scale!, ...kept }, { epsilon, data_format: 'NHWC', is_training });
  const dx = data_format === 'NCHW' ? transpose(g.x_backprop!, [0, 3, 1, 2]) : g.x_backprop!;
  return { x: dx, scale: g.scale_backprop!, offset: g.offset_backprop!, mean: null, variance: null };
}

version('', ['float32']);
version('V2', ['float16', 'bfloat16', 'float32']);
const FusedBatchNormV3 = version('V3', ['float16', 'bfloat16', 'float32']);

export interface FusedBatchNormOptions extends Named {
  readonly mean?: TensorLike | null | undefined;
  readonly variance?: TensorLike | null | undefined;
  readonly epsilon?: number | undefined;
  readonly dataFormat?: Format | undefined;
  readonly isTraining?: boolean | undefined;
}
/**
 * Batch normalization of images [n, h, w, c] in one op, as tf.nn.fused_batch_norm. The batch variance it answers is
 * unbiased. Raises Value where mean or variance are given for training.
 */
export function fusedBatchNorm(
  x: TensorLike,
  scale: TensorLike,
  offset: TensorLike,
  options: FusedBatchNormOptions = {},
): [y: Tensor, batchMean: Tensor, batchVariance: Tensor] {
  const { mean = null, variance = null, epsilon = 1e-3, dataFormat = 'NHWC', isTraining = true, name } = options;
  const graph = graphOf([x, scale, offset]);
  const input = convertToTensor(x, { name: 'input' }, graph);
  const s = convertToTensor(scale, { name: 'scale' }, graph);
  const o = convertToTensor(offset, { name: 'offset' }, graph);
  if (isTraining && (mean !== null || variance !== null)) {
    throw new GraphError('Value', "Both 'mean' and 'variance' must be None if is_training is True.");
  }
  const m = mean ?? constant([]);
  const v = variance ?? constant([]);
  const attrs = { epsilon: Math.max(epsilon, 1.001e-5), data_format: dataFormat, is_training: isTraining };
  const out = FusedBatchNormV3({ x: input, scale: s, offset: o, mean: m, variance: v }, attrs, name);
  return [out.y!, out.batch_mean!, out.batch_variance!];
}
