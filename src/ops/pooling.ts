/** @file Pooling: the greatest cell or the mean of each window, and the gradients of both. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Attrs, ints, type Known, oneOf, string, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { FLOATS, REALS } from '../value/dtype';
import { type FullShape, merge, type Shape } from '../value/shape';
import { type Named, shapeOf } from './array';
import { checkRates } from './convolve';
import { asShape, refuse, unknowns, withRank } from './expect';
import { stopGradient } from './identity';
import {
  avgPooled,
  avgPoolGrad,
  MAX_TYPES,
  maxPooled,
  maxPoolGrad,
  maxPoolGradGrad,
  type PoolAttrs,
  slidingOfPool,
} from './pool_cells';
import { expandDims, squeeze, zeros } from './shape';
import { withSpaceToBatch } from './space_to_batch';
import { poolCall } from './window_kernels';
import './max_pool_v2';
import {
  channelOf,
  channelsFirst,
  imageShape,
  sequence,
  slidingOf,
  spatial,
  windowsAlong,
  windowsOver,
} from './windows';

const windows = { ksize: ints(), strides: ints(), padding: oneOf('SAME', 'VALID') } as const;
const format2 = string('NHWC', 'NCHW');
const format3 = string('NDHWC', 'NCDHW');
const HALF = ['float16', 'bfloat16', 'float32'] as const;

// ---- shapes -------------------------------------------------------------------------------------------------------

function checkLists(op: string, rank: number, { ksize, strides }: PoolAttrs): void {
  for (const [name, list] of [
    ['ksize', ksize],
    ['strides', strides],
  ] as const) {
    if (list.length < rank) {
      refuse(`Attr '${name}' of '${op}' Op passed list of length ${list.length} less than minimum ${rank}.`);
    }
  }
}
/** One window per stride; only greatest cells are taken across channels. */
export function pooled(op: string, rank: number, input: Shape, a: PoolAttrs, running = false): Shape {
  checkLists(op, rank, a);
  const atRun =
    rank === 4
      ? `tensor_in_shape must have 2 spatial dimensions. ${input?.length} 0`
      : 'tensor_in must be 5-dimensional';
  const x = withRank(input, rank, atRun) ?? unknowns(rank);
  const { data_format: format, ksize, strides, padding } = a;
  const inner = windowsOver(spatial(x, format), spatial(ksize, format), slidingOfPool(a), running);
  const [size, step] = [channelOf(ksize, format), channelOf(strides, format)];
  const across = slidingOf([1, step, 1], undefined, padding, 'NWC');
  const channels = channelOf(x, format);
  return imageShape(format, x[0]!, inner, op === 'MaxPool' ? windowsAlong(channels, size, across, 0) : channels);
}
const shaped = (op: string) => (x: FullShape, a: PoolAttrs) => pooled(op, x.length, x, a) as FullShape;
export const maxShape = shaped('MaxPool');
const avgShape = shaped('AvgPool');
/** What the gradient of a gradient picks: one cell per window, as the forward op. */
const picked = (op: string, rank: number, input: Known, output: Known, grad: Known, a: PoolAttrs): Shape => {
  const to = merge(output.shape, pooled(op, rank, merge(input.shape, grad.shape), a));
  return to ?? unknowns(rank);
};
export const same = (x: Known, rank: number): Shape =>
  withRank(x.shape, rank, `tensor_in must be ${rank}-dimensional`) ?? unknowns(rank);
const sized = (x: Known, rank: number): Shape => {
  const what = rank === 4 ? 'out_backprop' : 'tensor_in';
  return withRank(asShape(x), rank, `${what} must be 1-dimensional and ${rank} elements`) ?? unknowns(rank);
};
export const zerosAs = (x: Tensor): Tensor => zeros(shapeOf(x), { dtype: x.dtype });

// ---- greatest, images ---------------------------------------------------------------------------------------------

const max2 = { ...windows, data_format: format2, T: type(REALS, 'float32') } as const;
type Max2 = Omit<Attrs<typeof max2>, 'T'>;
const maxGrad2 = (orig_input: Tensor, orig_output: Tensor, grad: Tensor, a: Max2): Tensor =>
  MaxPoolGrad({ orig_input, orig_output, grad }, a).output;

const MaxPool = defineOp({
  name: 'MaxPool',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(MAX_TYPES, 'float32'), ...windows, data_format: string('NHWC', 'NCHW', 'NCHW_VECT_C') },
  infer: ({ input }, a, running) => ({ output: pooled('MaxPool', 4, input.shape, a, running) }),
  gradient: ({ output: dy }, { input, output }, { T: _, ...a }) => ({ input: maxGrad2(input, output, dy, a as Max2) }),
  reference: ({ input, output }, a) => maxPooled(input, output, a),
  kernel: ({ input: x, output: y }, a) => poolCall('max_pool_f32', [y, x], x.shape, [y], y.shape, a),
});
const MaxPoolGrad = defineOp({
  name: 'MaxPoolGrad',
  inputs: { orig_input: 'T', orig_output: 'T', grad: 'T' },
  outputs: { output: 'T' },
  attrs: max2,
  infer: ({ orig_input }) => ({ output: same(orig_input, 4) }),
  gradient({ output: ddx }, { orig_input, orig_output }, { T: _, ...a }) {
    const [x, y] = [zerosAs(orig_input), zerosAs(orig_output)];
    const { output } = MaxPoolGradGrad({ orig_input, orig_output, grad: ddx }, a);
    return { orig_input: x, orig_output: y, grad: output };
  },
  reference: (t, a) => maxPoolGrad(t, a, maxShape),
  kernel({ orig_input: x, orig_output: y, grad: dy, output: dx }, a) {
    if (x.shape.length !== 4) return null;
    return poolCall('max_pool_grad_f32', [dx, x, dy], x.shape, [y, dy], maxShape(x.shape, a), a);
  },
});
const MaxPoolGradGrad = defineOp({
  name: 'MaxPoolGradGrad',
  inputs: { orig_input: 'T', orig_output: 'T', grad: 'T' },
  outputs: { output: 'T' },
  attrs: { ...windows, data_format: format2, T: type(REALS) },
  infer: ({ orig_input, orig_output, grad }, a) => ({ output: picked('MaxPool', 4, orig_input, orig_output, grad, a) }),
  gradient({ output: dddy }, { orig_input, orig_output }, { T: _, ...a }) {
    const [x, y] = [zerosAs(orig_input), zerosAs(orig_output)];
    return { orig_input: x, orig_output: y, grad: maxGrad2(orig_input, orig_output, dddy, a) };
  },
  reference: maxPoolGradGrad,
});

// ---- mean, images -------------------------------------------------------------------------------------------------

const avg2 = { ...windows, data_format: format2, T: type(FLOATS) } as const;
const avgGrad2 = (sizes: Tensor, grad: Tensor, a: Omit<Attrs<typeof avg2>, 'T'>): Tensor =>
  AvgPoolGrad({ orig_input_shape: sizes, grad }, a).output;

const AvgPool = defineOp({
  name: 'AvgPool',
  inputs: { value: 'T' },
  outputs: { output: 'T' },
  attrs: avg2,
  infer: ({ value }, a, running) => ({ output: pooled('AvgPool', 4, value.shape, a, running) }),
  gradient: ({ output: dy }, { value }, { T: _, ...a }) => ({ value: avgGrad2(shapeOf(value), dy, a) }),
  reference: ({ value, output }, a) => avgPooled(value, output, a),
  kernel: ({ value: x, output: y }, a) => poolCall('avg_pool_f32', [y, x], x.shape, [y], y.shape, a),
});
const AvgPoolGrad = defineOp({
  name: 'AvgPoolGrad',
  inputs: { orig_input_shape: 'int32', grad: 'T' },
  outputs: { output: 'T' },
  attrs: avg2,
  infer: ({ orig_input_shape: x }) => ({ output: sized(x, 4) }),
  gradient({ output: ddx }, { orig_input_shape }, { T: _, ...a }) {
    const sizes = stopGradient(orig_input_shape);
    return { orig_input_shape: sizes, grad: AvgPool({ value: ddx }, a).output };
  },
  reference: ({ grad, output }, a) => avgPoolGrad(grad, output, a, avgShape),
  kernel({ grad: dy, output: dx }, a) {
    if (dx.shape.length !== 4) return null;
    return poolCall('avg_pool_grad_f32', [dx, dy], dx.shape, [dy], avgShape(dx.shape, a), a);
  },
});

// ---- volumes ------------------------------------------------------------------------------------------------------

const max3 = { ...windows, data_format: format3, T: type(HALF) } as const;
type Volume = Omit<Attrs<typeof max3>, 'T'>;
const maxGrad3 = (orig_input: Tensor, orig_output: Tensor, grad: Tensor, a: Volume): Tensor =>
  MaxPool3DGrad({ orig_input, orig_output, grad }, a).output;

const MaxPool3D = defineOp({
  name: 'MaxPool3D',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: max3,
  infer: ({ input }, a, running) => ({ output: pooled('MaxPool3D', 5, input.shape, a, running) }),
  gradient: ({ output: dy }, { input, output }, { T: _, ...a }) => ({ input: maxGrad3(input, output, dy, a) }),
  reference: ({ input, output }, a) => maxPooled(input, output, a),
});
const MaxPool3DGrad = defineOp({
  name: 'MaxPool3DGrad',
  inputs: { orig_input: 'TInput', orig_output: 'TInput', grad: 'T' },
  outputs: { output: 'T' },
  attrs: { ...windows, data_format: format3, T: type(HALF, 'float32'), TInput: type(HALF, 'float32') },
  infer: ({ orig_input }) => ({ output: same(orig_input, 5) }),
  gradient({ output: ddx }, { orig_input, orig_output }, { T: _, TInput: _i, ...a }) {
    const [x, y] = [zerosAs(orig_input), zerosAs(orig_output)];
    const { output } = MaxPool3DGradGrad({ orig_input, orig_output, grad: ddx }, a);
    return { orig_input: x, orig_output: y, grad: output };
  },
  reference: (t, a) => maxPoolGrad(t, a, shaped('MaxPool3D')),
});
const MaxPool3DGradGrad = defineOp({
  name: 'MaxPool3DGradGrad',
  inputs: { orig_input: 'T', orig_output: 'T', grad: 'T' },
  outputs: { output: 'T' },
  attrs: { ...windows, data_format: format3, T: type(REALS) },
  infer: ({ orig_input, orig_output, grad }, a) => ({
    output: picked('MaxPool3D', 5, orig_input, orig_output, grad, a),
  }),
  gradient({ output: dddy }, { orig_input, orig_output }, { T: _, ...a }) {
    const [x, y] = [zerosAs(orig_input), zerosAs(orig_output)];
    return { orig_input: x, orig_output: y, grad: maxGrad3(orig_input, orig_output, dddy, a) };
  },
  reference: maxPoolGradGrad,
});

const avg3 = { ...windows, data_format: format3, T: type(FLOATS) } as const;
const avgGrad3 = (sizes: Tensor, grad: Tensor, a: Volume): Tensor =>
  AvgPool3DGrad({ orig_input_shape: sizes, grad }, a).output;
const AvgPool3D = defineOp({
  name: 'AvgPool3D',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: avg3,
  infer: ({ input }, a, running) => ({ output: pooled('AvgPool3D', 5, input.shape, a, running) }),
  gradient: ({ output: dy }, { input }, { T: _, ...a }) => ({ input: avgGrad3(shapeOf(input), dy, a) }),
  reference: ({ input, output }, a) => avgPooled(input, output, a),
});
const AvgPool3DGrad = defineOp({
  name: 'AvgPool3DGrad',
  inputs: { orig_input_shape: 'int32', grad: 'T' },
  outputs: { output: 'T' },
  attrs: avg3,
  infer: ({ orig_input_shape: x }) => ({ output: sized(x, 5) }),
  gradient({ output: ddx }, { orig_input_shape }, { T: _, ...a }) {
    const sizes = stopGradient(orig_input_shape);
    return { orig_input_shape: sizes, grad: AvgPool3D({ input: ddx }, a).output };
  },
  reference: ({ grad, output }, a) => avgPoolGrad(grad, output, a, shaped('AvgPool3D')),
});

// ---- tf.nn --------------------------------------------------------------------------------------------------------

type Numbers = number | readonly number[];
export interface PoolOptions extends Named {
  /** One number, one for each spatial dimension, or one for each dimension. */
  readonly ksize: Numbers;
  readonly strides: Numbers;
  readonly padding: 'SAME' | 'VALID';
  readonly dataFormat?: string | undefined;
}
function attrsOf<F extends string>(n: number, { ksize, strides, padding, dataFormat }: PoolOptions, fallback: F) {
  const first = channelsFirst(dataFormat ?? fallback);
  return {
    ksize: sequence(ksize, n, first, 'ksize'),
    strides: sequence(strides, n, first, 'strides'),
    padding,
    data_format: (dataFormat ?? fallback) as F,
  };
}
/** The greatest cell of each window of images [N, H, W, C]. @tensorflow tf.nn.max_pool */
export function maxPool(value: TensorLike, options: PoolOptions): Tensor {
  const attrs = attrsOf(2, options, 'NHWC');
  if (attrs.ksize.includes(0)) throw new GraphError('Value', 'ksize cannot be zero.');
  return MaxPool({ input: value }, attrs, options.name).output;
}
/** The mean of each window of images [N, H, W, C]. @tensorflow tf.nn.avg_pool */
export function avgPool(value: TensorLike, options: PoolOptions): Tensor {
  return AvgPool({ value }, attrsOf(2, options, 'NHWC'), options.name).output;
}
/** The greatest cell of each window of volumes [N, D, H, W, C]. @tensorflow tf.nn.max_pool3d */
export function maxPool3d(input: TensorLike, options: PoolOptions): Tensor {
  return MaxPool3D({ input }, attrsOf(3, options, 'NDHWC'), options.name).output;
}
/** The mean of each window of volumes [N, D, H, W, C]. @tensorflow tf.nn.avg_pool3d */
export function avgPool3d(input: TensorLike, options: PoolOptions): Tensor {
  return AvgPool3D({ input }, attrsOf(3, options, 'NDHWC'), options.name).output;
}
const alongRows =
  (make: typeof maxPool, title: string) =>
  (input: TensorLike, { ksize, strides, padding, dataFormat = 'NWC', name = title }: PoolOptions): Tensor =>
    graphOf([input]).nameScope(name, (scope) => {
      const first = channelsFirst(dataFormat);
      const list = (x: Numbers, what: string) => [1, ...sequence(x, 1, first, what)];
      const [k, s] = [list(ksize, 'ksize'), list(strides, 'strides')];
      const at = dataFormat === 'NWC' ? 1 : 2;
      const y = make(expandDims(input, at), {
        ksize: k,
        strides: s,
        padding,
        dataFormat: dataFormat === 'NWC' ? 'NHWC' : 'NCHW',
        name: scope,
      });
      return squeeze(y, [at]);
    });
/** The greatest cell of each window of rows [N, W, C]. @tensorflow tf.nn.max_pool1d */
export const maxPool1d = alongRows((x, o) => maxPool(x, o), 'MaxPool1d');
/** The mean of each window of rows [N, W, C]. @tensorflow tf.nn.avg_pool1d */
export const avgPool1d = alongRows((x, o) => avgPool(x, o), 'AvgPool1D');

export interface AnyPoolOptions extends Named {
  readonly windowShape: readonly number[];
  readonly poolingType: 'MAX' | 'AVG';
  readonly padding: 'SAME' | 'VALID';
  readonly strides?: readonly number[] | undefined;
  /** Holes between the window's cells. */
  readonly dilationRate?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
  readonly dataFormat?: string | undefined;
}
/** Pooling over 1 to 3 spatial dimensions. Raises Value for strides greater than the window. @tensorflow tf.nn.pool */
export function pool(inputLike: TensorLike, options: AnyPoolOptions): Tensor {
  const { windowShape: size, poolingType, padding, dataFormat, name = `${poolingType.toLowerCase()}_pool` } = options;
  const graph = graphOf([inputLike]);
  return graph.nameScope(name, (scope) => {
    const input = convertToTensor(inputLike, { name: 'input' }, graph);
    const n = size.length;
    const bad = (message: string): never => {
      throw new GraphError('Value', message);
    };
    if (n < 1 || n > 3) bad('It is required that 1 <= num_spatial_dims <= 3.');
    withRank(input.shape, n + 2);
    const list = (given: readonly number[] | undefined, what: string) => {
      if (given && given.length !== n) bad(`len(${what})=${given.length} but should be ${n}`);
      return given ?? new Array<number>(n).fill(1);
    };
    const rate = list(options.dilationRate ?? options.dilations, 'dilation_rate');
    const strides = list(options.strides, 'strides');
    checkRates(strides, rate);
    if (padding === 'SAME' && rate.some((r) => r > 1)) {
      bad('pooling with SAME padding is not implemented for dilation_rate > 1');
    }
    if (strides.some((s, i) => s > size[i]!)) {
      bad('strides > window_shape not supported due to inconsistency between CPU and GPU implementations');
    }
    const first = channelsFirst(dataFormat ?? '');
    const start = first ? 2 : 1;
    const wide = (x: readonly number[]) => (first ? [1, 1, ...x] : [1, ...x, 1]);
    const flat = n === 1 ? [1] : [];
    const format = n === 1 ? (first ? 'NCHW' : 'NHWC') : dataFormat;
    const op = (x: Tensor, p: 'SAME' | 'VALID') => {
      const o = {
        ksize: [...flat, ...wide(size)],
        strides: [...flat, ...wide(strides)],
        padding: p,
        dataFormat: format,
        name: scope,
      };
      const image = n === 1 ? expandDims(x, start) : x;
      const make = poolingType === 'MAX' ? (n === 3 ? maxPool3d : maxPool) : n === 3 ? avgPool3d : avgPool;
      return n === 1 ? squeeze(make(image, o), [start]) : make(image, o);
    };
    const spatialDims = Array.from({ length: n }, (_, i) => start + i);
    return withSpaceToBatch(input, { dilationRate: rate, padding, op, spatialDims, filterShape: size });
  });
}
