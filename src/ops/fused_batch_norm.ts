/** @file Batch normalization in one op: FusedBatchNorm in its three versions, and their gradients. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, float, type Known, string, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Shape } from '../value/shape';
import { constant, type Named } from './array';
import { type BatchNormAttrs, backward, backwardCall, forward, forwardCalls } from './batch_norm_cells';
import { fusedSecondGradient } from './batch_norm_gradients';
import { type Dim, sameDim, unknowns, withDim, withRank } from './expect';
import { transpose } from './permute';

const common = { epsilon: float(1e-4), data_format: string('NHWC', 'NCHW'), is_training: bool(true) } as const;
const attrs1 = { T: type(['float32']), ...common } as const;
const attrs2 = { T: type(['float16', 'bfloat16', 'float32']), U: type(['float32']), ...common } as const;

// ---- shapes -------------------------------------------------------------------------------------------------------

const image = (x: Known): readonly Dim[] =>
  withRank(x.shape, 4, `input must be 4-dimensional[${x.shape}]`) ?? unknowns(4);
const channelAxis = ({ data_format }: BatchNormAttrs): number => (data_format === 'NHWC' ? 3 : 1);
/** The channels that all vectors agree on. */
function channelsOf(first: Dim, vectors: Readonly<Record<string, Known>>): Dim {
  return Object.entries(vectors).reduce<Dim>((c, [name, x]) => {
    const v = withRank(x.shape, 1, `${name} must be 1-dimensional[${x.shape}]`);
    return sameDim(c, v?.[0] ?? null);
  }, first);
}

type Inputs = Readonly<Record<'x' | 'scale' | 'offset' | 'mean' | 'variance', Known>>;
function forwardShapes({ x, scale, offset, mean, variance }: Inputs, a: BatchNormAttrs) {
  const dims = image(x);
  const given = a.is_training ? {} : { estimated_mean: mean, estimated_variance: variance };
  const c = channelsOf(dims[channelAxis(a)]!, { scale, offset, ...given });
  const y = withDim(dims, channelAxis(a), c);
  return { y, batch_mean: [c], batch_variance: [c], reserve_space_1: [c], reserve_space_2: [c] };
}
type GradInputs = Readonly<Record<'y_backprop' | 'x' | 'scale' | 'reserve_space_1' | 'reserve_space_2', Known>>;
function gradShapes(t: GradInputs, a: BatchNormAttrs) {
  const [dy, x] = [image(t.y_backprop), image(t.x)];
  const axis = channelAxis(a);
  const vectors = { scale: t.scale, 'saved mean': t.reserve_space_1, 'saved variance': t.reserve_space_2 };
  const c = channelsOf(sameDim(dy[axis]!, x[axis]!), vectors);
  const kept: Shape = [a.is_training ? 0 : c];
  const dx = withDim(dy, axis, c);
  return { x_backprop: dx, scale_backprop: [c], offset_backprop: [c], kept };
}

// ---- gradients ----------------------------------------------------------------------------------------------------

type Given = Omit<BatchNormAttrs, 'data_format'> & { readonly data_format: 'NHWC' | 'NCHW' };
interface Moved {
  readonly x_backprop: Tensor;
  readonly scale_backprop: Tensor;
  readonly offset_backprop: Tensor;
}
type Ends = Readonly<Record<'x' | 'scale' | 'mean' | 'variance' | 'reserve_space_1' | 'reserve_space_2', Tensor>>;
interface GradArgs {
  readonly y_backprop: Tensor;
  readonly x: Tensor;
  readonly scale: Tensor;
  readonly reserve_space_1: Tensor;
  readonly reserve_space_2: Tensor;
}
/** `make` adds the gradient op; what it keeps stands for gradients of mean and variance while training. */
function firstGradient(
  dy: Tensor,
  t: Ends,
  { epsilon, data_format, is_training }: Given,
  make: (args: GradArgs, attrs: Given) => Moved & { readonly kept: readonly [Tensor, Tensor] },
) {
  const { scale } = t;
  if (is_training) {
    const { reserve_space_1, reserve_space_2 } = t;
    const args = { y_backprop: dy, x: t.x, scale, reserve_space_1, reserve_space_2 };
    const g = make(args, { epsilon, data_format, is_training });
    return {
      x: g.x_backprop,
      scale: g.scale_backprop,
      offset: g.offset_backprop,
      mean: g.kept[0],
      variance: g.kept[1],
    };
  }
  const first = data_format === 'NCHW';
  const x = first ? transpose(t.x, [0, 2, 3, 1]) : t.x;
  const y_backprop = first ? transpose(dy, [0, 2, 3, 1]) : dy;
  const args = { y_backprop, x, scale, reserve_space_1: t.mean, reserve_space_2: t.variance };
  const g = make(args, { epsilon, data_format: 'NHWC', is_training });
  const dx = first ? transpose(g.x_backprop, [0, 3, 1, 2]) : g.x_backprop;
  return { x: dx, scale: g.scale_backprop, offset: g.offset_backprop, mean: null, variance: null };
}
const second = (dy: Moved, op: Operation, a: Given) =>
  fusedSecondGradient({ ...dy }, op, a) as Record<'y_backprop' | 'x' | 'scale', Tensor | null>;

// ---- the three versions -------------------------------------------------------------------------------------------

defineOp({
  name: 'FusedBatchNorm',
  inputs: { x: 'T', scale: 'T', offset: 'T', mean: 'T', variance: 'T' },
  outputs: { y: 'T', batch_mean: 'T', batch_variance: 'T', reserve_space_1: 'T', reserve_space_2: 'T' },
  attrs: attrs1,
  infer: forwardShapes,
  gradient: ({ y: dy }, t, a) =>
    firstGradient(dy, t, a, (args, attrs) => {
      const { reserve_space_3: m, reserve_space_4: v, ...g } = FusedBatchNormGrad({ ...args }, attrs);
      return { ...g, kept: [m, v] };
    }),
  reference: forward,
  kernel: (t, a) => forwardCalls(t, a),
});
const FusedBatchNormGrad = defineOp({
  name: 'FusedBatchNormGrad',
  inputs: { y_backprop: 'T', x: 'T', scale: 'T', reserve_space_1: 'T', reserve_space_2: 'T' },
  outputs: { x_backprop: 'T', scale_backprop: 'T', offset_backprop: 'T', reserve_space_3: 'T', reserve_space_4: 'T' },
  attrs: attrs1,
  infer(t, a) {
    const { kept, ...shapes } = gradShapes(t, a);
    return { ...shapes, reserve_space_3: kept, reserve_space_4: kept };
  },
  gradient: (dy, _t, a, op) => second(dy, op, a),
  reference: (t, a) => backward(t, a, [t.reserve_space_3, t.reserve_space_4]),
  kernel: backwardCall,
});

defineOp({
  name: 'FusedBatchNormV2',
  inputs: { x: 'T', scale: 'U', offset: 'U', mean: 'U', variance: 'U' },
  outputs: { y: 'T', batch_mean: 'U', batch_variance: 'U', reserve_space_1: 'U', reserve_space_2: 'U' },
  attrs: attrs2,
  infer: forwardShapes,
  gradient: ({ y: dy }, t, a) =>
    firstGradient(dy, t, a, (args, attrs) => {
      const { reserve_space_3: m, reserve_space_4: v, ...g } = FusedBatchNormGradV2({ ...args }, attrs);
      return { ...g, kept: [m, v] };
    }),
  reference: forward,
  kernel: (t, a) => forwardCalls(t, a),
});
const FusedBatchNormGradV2 = defineOp({
  name: 'FusedBatchNormGradV2',
  inputs: { y_backprop: 'T', x: 'T', scale: 'float32', reserve_space_1: 'U', reserve_space_2: 'U' },
  outputs: { x_backprop: 'T', scale_backprop: 'U', offset_backprop: 'U', reserve_space_3: 'U', reserve_space_4: 'U' },
  attrs: attrs2,
  infer(t, a) {
    const { kept, ...shapes } = gradShapes(t, a);
    return { ...shapes, reserve_space_3: kept, reserve_space_4: kept };
  },
  gradient: (dy, _t, a, op) => second(dy, op, a),
  reference: (t, a) => backward(t, a, [t.reserve_space_3, t.reserve_space_4]),
  kernel: backwardCall,
});

const FusedBatchNormV3 = defineOp({
  name: 'FusedBatchNormV3',
  inputs: { x: 'T', scale: 'U', offset: 'U', mean: 'U', variance: 'U' },
  outputs: {
    y: 'T',
    batch_mean: 'U',
    batch_variance: 'U',
    reserve_space_1: 'U',
    reserve_space_2: 'U',
    reserve_space_3: 'U',
  },
  attrs: attrs2,
  // TensorFlow says nothing of the third reserve; its CPU kernel makes a scalar of it
  infer: (t, a, running) => ({ ...forwardShapes(t, a), reserve_space_3: running ? [] : null }),
  gradient: ({ y: dy }, t, a) =>
    firstGradient(dy, t, a, (args, attrs) => {
      const { reserve_space_3 } = t;
      const {
        reserve_space_4: m,
        reserve_space_5: v,
        ...g
      } = FusedBatchNormGradV3({ ...args, reserve_space_3 }, attrs);
      return { ...g, kept: [m, v] };
    }),
  reference(t, a) {
    forward(t, a);
    t.reserve_space_3.data.fill(0);
  },
  kernel: (t, a) => forwardCalls(t, a, t.reserve_space_3),
});
const FusedBatchNormGradV3 = defineOp({
  name: 'FusedBatchNormGradV3',
  inputs: {
    y_backprop: 'T',
    x: 'T',
    scale: 'float32',
    reserve_space_1: 'U',
    reserve_space_2: 'U',
    reserve_space_3: 'U',
  },
  outputs: { x_backprop: 'T', scale_backprop: 'U', offset_backprop: 'U', reserve_space_4: 'U', reserve_space_5: 'U' },
  attrs: attrs2,
  infer(t, a) {
    const { kept, ...shapes } = gradShapes(t, a);
    return { ...shapes, reserve_space_4: kept, reserve_space_5: kept };
  },
  gradient: (dy, _t, a, op) => second(dy, op, a),
  reference: (t, a) => backward(t, a, [t.reserve_space_4, t.reserve_space_5]),
  kernel: backwardCall,
});

export interface FusedBatchNormOptions extends Named {
  readonly mean?: TensorLike | null | undefined;
  readonly variance?: TensorLike | null | undefined;
  readonly epsilon?: number | undefined;
  readonly dataFormat?: 'NHWC' | 'NCHW' | undefined;
  readonly isTraining?: boolean | undefined;
}
/**
 * Batch normalization of images [n, h, w, c] in one op. The batch variance it answers is
 * unbiased. Raises Value where mean or variance are given for training.
 * @tensorflow tf.nn.fused_batch_norm
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
  const inputs = { x: input, scale: s, offset: o, mean: mean ?? constant([]), variance: variance ?? constant([]) };
  const attrs = { epsilon: Math.max(epsilon, 1.001e-5), data_format: dataFormat, is_training: isTraining };
  const { y, batch_mean, batch_variance } = FusedBatchNormV3(inputs, attrs, name);
  return [y, batch_mean, batch_variance];
}
