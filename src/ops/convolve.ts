/** @file The convolutions of tf.nn: which ops they are made of, and dilation by moving space into the batch. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { compatible, isFull } from '../value/shape';
import type { Named } from './array';
import { Conv2D, Conv2DBackpropInput, Conv3D, Conv3DBackpropInputV2 } from './convolution';
import { i32 } from './expect';
import { expandDims, squeeze } from './shape';
import { batchToSpace, spaceToBatch } from './space';
import { withSpaceToBatch } from './space_to_batch';
import { channelsFirst, sequence, spatial, spatialRank } from './windows';

/** Names or pairs of cells before and after each dimension. */
export type ConvPadding = 'SAME' | 'VALID' | readonly (readonly [number, number])[];
type Numbers = number | readonly number[];
export interface ConvOptions<P = 'SAME' | 'VALID'> extends Named {
  readonly padding: P;
  /** One number, one for each spatial dimension, or one for each dimension. */
  readonly strides?: Numbers | undefined;
  readonly dilations?: Numbers | undefined;
  readonly dataFormat?: string | undefined;
}
export interface Conv2dOptions extends ConvOptions<ConvPadding> {
  readonly useCudnnOnGpu?: boolean | undefined;
}
type Plain = 'SAME' | 'VALID';
type Format2 = 'NHWC' | 'NCHW';
type Format3 = 'NDHWC' | 'NCDHW';

/** The attrs `padding` and `explicit_paddings`. Raises Value for malformed lists. */
function paddingAttrs(padding: ConvPadding | 'EXPLICIT'): {
  padding: Plain | 'EXPLICIT';
  explicit_paddings: readonly number[];
} {
  if (padding === 'EXPLICIT') {
    throw new GraphError(
      'Value',
      '"EXPLICIT" is not a valid value for the padding parameter. To use explicit padding, the padding parameter must be a list.',
    );
  }
  if (typeof padding === 'string') return { padding, explicit_paddings: [] };
  const each = 'When padding is a list, each element of padding must be a list/tuple of size 2. Element with index';
  padding.forEach((pair, i) => {
    if (!Array.isArray(pair)) throw new GraphError('Value', `${each} ${i} of padding is not a list/tuple`);
    if (pair.length !== 2) throw new GraphError('Value', `${each} ${i} of padding has size ${pair.length}`);
  });
  if (padding.length !== 4) {
    throw new GraphError(
      'Value',
      `When padding is a list, it must be of size 4. Got padding of size: ${padding.length}`,
    );
  }
  return { padding: 'EXPLICIT', explicit_paddings: padding.flat() };
}
const attrs2 = (o: Conv2dOptions) => {
  const data_format = (o.dataFormat ?? 'NHWC') as Format2;
  const first = channelsFirst(data_format);
  return {
    strides: sequence(o.strides, 2, first, 'strides'),
    dilations: sequence(o.dilations, 2, first, 'dilations'),
    data_format,
    use_cudnn_on_gpu: o.useCudnnOnGpu,
    ...paddingAttrs(o.padding),
  };
};

/**
 * Images [N, H, W, C] with filters [h, w, C, C']. Raises Value for depths that do not match.
 * @tensorflow tf.nn.conv2d
 */
export function conv2d(input: TensorLike, filter: TensorLike, options: Conv2dOptions): Tensor {
  return Conv2D({ input, filter }, attrs2(options), options.name).output;
}
/** The gradient of conv2d with respect to its input. @tensorflow tf.nn.conv2d_backprop_input */
export function conv2dBackpropInput(
  inputSizes: TensorLike,
  filter: TensorLike,
  outBackprop: TensorLike,
  options: Conv2dOptions,
): Tensor {
  const inputs = { input_sizes: inputSizes, filter, out_backprop: outBackprop };
  return Conv2DBackpropInput(inputs, attrs2(options), options.name).output;
}
/** Volumes [N, D, H, W, C] with filters [d, h, w, C, C']. @tensorflow tf.nn.conv3d */
export function conv3d(input: TensorLike, filter: TensorLike, { name, ...o }: ConvOptions): Tensor {
  return Conv3D({ input, filter }, attrs3(o), name).output;
}
const attrs3 = (o: Omit<ConvOptions, 'name'>) => {
  const data_format = (o.dataFormat ?? 'NDHWC') as Format3;
  const first = channelsFirst(data_format);
  return {
    strides: sequence(o.strides, 3, first, 'strides'),
    dilations: sequence(o.dilations, 3, first, 'dilations'),
    data_format,
    padding: o.padding,
  };
};

export interface Conv1dOptions extends Omit<Conv2dOptions, 'strides' | 'padding'> {
  readonly padding: Plain;
  readonly stride?: Numbers | undefined;
}
/** Rows [N, W, C] with filters [w, C, C'], as tf.nn.conv1d: a conv2d of height 1. @tensorflow tf.nn.conv1d */
export function conv1d(value: TensorLike, filters: TensorLike, options: Conv1dOptions): Tensor {
  const { stride, dilations, padding, dataFormat = 'NWC', useCudnnOnGpu, name = 'conv1d' } = options;
  const first = ['NCHW', 'NCW'].includes(dataFormat);
  if (!first && !['NHWC', 'NWC'].includes(dataFormat)) {
    throw new GraphError('Value', 'data_format must be "NWC" or "NCW".');
  }
  return graphOf([value, filters]).nameScope(name, (scope) => {
    const at = first ? 2 : 1;
    const attrs = {
      strides: [1, ...sequence(stride, 1, first, 'stride')],
      dilations: [1, ...sequence(dilations, 1, first, 'dilations')],
      padding,
      use_cudnn_on_gpu: useCudnnOnGpu,
      data_format: (first ? 'NCHW' : 'NHWC') as Format2,
    };
    const input = expandDims(value, at);
    const filter = expandDims(filters, 0);
    return squeeze(Conv2D({ input, filter }, attrs, scope).output, [at]);
  });
}

/** `padding` is SAME by default. */
export type TransposeConvOptions = Partial<ConvOptions>;
/** The gradient of conv2d as an op of its own: filters are [h, w, C', C]. @tensorflow tf.nn.conv2d_transpose */
export function conv2dTranspose(
  value: TensorLike,
  filter: TensorLike,
  outputShape: TensorLike,
  { padding = 'SAME', name = 'conv2d_transpose', ...rest }: TransposeConvOptions = {},
): Tensor {
  const graph = graphOf([value, filter, outputShape]);
  return graph.nameScope(name, (outer) =>
    graph.nameScope(outer, (scope) => {
      const { explicit_paddings: _, ...attrs } = attrs2({ padding, ...rest });
      const inputs = { input_sizes: outputShape, filter, out_backprop: value };
      return Conv2DBackpropInput(inputs, attrs, scope).output;
    }),
  );
}
/** The gradient of conv3d as an op of its own. @tensorflow tf.nn.conv3d_transpose */
export function conv3dTranspose(
  value: TensorLike,
  filter: TensorLike,
  outputShape: TensorLike,
  { padding = 'SAME', name = 'conv3d_transpose', ...rest }: TransposeConvOptions = {},
): Tensor {
  return graphOf([value, filter, outputShape]).nameScope(name, (scope) => {
    const inputs = { input_sizes: outputShape, filter, out_backprop: value };
    return Conv3DBackpropInputV2(inputs, attrs3({ padding, ...rest }), scope).output;
  });
}

export interface ConvolutionOptions extends ConvOptions {
  readonly dilationRate?: Numbers | undefined;
}
/** Convolutions of 1 to 3 spatial dimensions, dilated by SpaceToBatchND. @tensorflow tf.nn.convolution */
export function convolution(inputLike: TensorLike, filterLike: TensorLike, options: ConvolutionOptions): Tensor {
  const { padding, dataFormat, name = 'convolution' } = options;
  const graph = graphOf([inputLike, filterLike]);
  const [input, filter] = [convertToTensor(inputLike, {}, graph), convertToTensor(filterLike, {}, graph)];
  const n = spatialRank(input.shape, filter.shape, 'rank of input or filter must be known');
  const first = channelsFirst(dataFormat ?? '');
  const strides = sequence(options.strides, n, first, 'strides');
  const dilations = sequence(options.dilationRate ?? options.dilations, n, first, 'dilations');
  return graph.nameScope(name, (scope) => {
    if (dilations.every((d) => d === 1)) return plain(n, input, filter, strides, padding, dataFormat, scope);
    const format = first ? 'NC' : 'NHWC';
    const rate = spatial(dilations, format);
    checkConvolution(input, filter, spatial(strides, format), rate, first);
    const op = (x: Tensor, p: Plain) => plain(n, x, filter, strides, p, dataFormat, scope);
    return withSpaceToBatch(input, { dilationRate: rate, padding, op, filter, filterShape: filter.shape, dataFormat });
  });
}
function plain(
  n: number,
  input: Tensor,
  filter: Tensor,
  strides: readonly number[],
  padding: Plain,
  dataFormat: string | undefined,
  name: string,
): Tensor {
  if (n === 1) return conv1d(input, filter, { stride: strides, padding, dataFormat, name });
  const options = { strides, padding, dataFormat, name };
  return n === 2 ? conv2d(input, filter, options) : conv3d(input, filter, options);
}
function checkConvolution(
  input: Tensor,
  filter: Tensor,
  strides: readonly number[],
  rate: readonly number[],
  first: boolean,
): void {
  const n = strides.length;
  if (input.shape && input.shape.length !== n + 2)
    throw new GraphError('Value', `input tensor must have rank ${n + 2}`);
  if (filter.shape && filter.shape.length !== n + 2)
    throw new GraphError('Value', `filter tensor must have rank ${n + 2}`);
  const [depth, expected] = [input.shape?.[first ? 1 : n + 1] ?? null, filter.shape?.[n] ?? null];
  if (!compatible([depth], [expected])) {
    throw new GraphError(
      'Value',
      `number of input channels does not match corresponding dimension of filter, ${depth} != ${expected}`,
    );
  }
  checkRates(strides, rate);
}
export function checkRates(strides: readonly number[], rate: readonly number[]): void {
  if (strides.some((s) => s > 1) && rate.some((r) => r > 1)) {
    throw new GraphError('Value', 'strides > 1 not supported in conjunction with dilation_rate > 1');
  }
}

/** conv2d with `rate - 1` holes between the filter's cells. @tensorflow tf.nn.atrous_conv2d */
export function atrousConv2d(
  value: TensorLike,
  filters: TensorLike,
  rate: Numbers,
  { padding, name }: { readonly padding: Plain } & Named,
): Tensor {
  return convolution(value, filters, { padding, dilationRate: rate, name });
}

/**
 * The transpose of atrousConv2d; the sizes of `outputShape` must be known.
 * @tensorflow tf.nn.atrous_conv2d_transpose
 */
export function atrousConv2dTranspose(
  valueLike: TensorLike,
  filtersLike: TensorLike,
  outputShape: readonly [number, number, number, number],
  rate: number,
  { padding, name = 'atrous_conv2d_transpose' }: { readonly padding: Plain } & Named,
): Tensor {
  const graph = graphOf([valueLike, filtersLike]);
  return graph.nameScope(name, () => {
    const value = convertToTensor(valueLike, { name: 'value' }, graph);
    const filters = convertToTensor(filtersLike, { name: 'filters' }, graph);
    const [from, to] = [value.shape?.[3] ?? null, filters.shape?.[3] ?? null];
    if (!compatible([from], [to])) {
      throw new GraphError('Value', `value's input channels does not match filters' input channels, ${from} != ${to}`);
    }
    if (rate < 1) throw new GraphError('Value', `rate ${rate} cannot be less than one`);
    if (rate === 1) return conv2dTranspose(value, filters, outputShape, { strides: [1, 1, 1, 1], padding });
    convertToTensor(i32(outputShape), { name: 'output_shape' }, graph);
    if (!isFull(filters.shape)) throw new GraphError('Value', 'The shape of filters must be known for rate > 1.');
    const pads = [0, 1].map((d) => {
      const pad = padding === 'SAME' ? ((filters.shape as readonly number[])[d]! - 1) * rate : 0;
      const before = Math.floor(pad / 2);
      const full = outputShape[d + 1]! + pad;
      return { before, after: pad - before, full, extra: (rate - (full % rate)) % rate };
    });
    const moved = spaceToBatch(value, i32(pads.map((p) => [0, p.extra])), rate);
    const sizes = [rate * rate * outputShape[0], ...pads.map((p) => (p.full + p.extra) / rate), outputShape[3]];
    const inputs = { input_sizes: sizes, filter: filters, out_backprop: moved };
    const y = Conv2DBackpropInput(inputs, { strides: [1, 1, 1, 1], padding: 'VALID', data_format: 'NHWC' }).output;
    return batchToSpace(y, i32(pads.map((p) => [p.before, p.after + p.extra])), rate);
  });
}
