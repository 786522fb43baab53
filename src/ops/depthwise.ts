/** @file Convolutions in which each input channel has filters of its own. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Attrs, ints, type Known, oneOf, string, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { FLOATS } from '../value/dtype';
import type { FullShape, Shape } from '../value/shape';
import { type Named, shapeOf } from './array';
import { depthwise, depthwiseBack, depthwiseFilter } from './conv_cells';
import { type ConvAttrs, checkLists, checkWindows, extentOf, refuseOuter, unimplemented } from './convolution';
import { conv2d } from './convolve';
import { asShape, exactDim, fail, refuse, timesDim, unknowns, withRank } from './expect';
import { withSpaceToBatch } from './space_to_batch';
import { channelOf, channelsFirst, imageShape, slidingOf, spatial, windowsOver } from './windows';

const attrs = {
  T: type(FLOATS),
  strides: ints(),
  padding: oneOf('SAME', 'VALID'),
  data_format: string('NHWC', 'NCHW'),
  dilations: ints([1, 1, 1, 1]),
} as const;
type Given = Omit<Attrs<typeof attrs>, 'T'>;

/** The CPU kernels do as if nothing were dilated. */
const undilated = (a: ConvAttrs): ConvAttrs => ({ ...a, dilations: [1, 1, 1, 1] });

function outputShape(input: Known, filter: Known, a: ConvAttrs): Shape {
  const { data_format: format } = a;
  const x = withRank(input.shape, 4, `input must be 4-dimensional[${input.shape}]`) ?? unknowns(4);
  const f = withRank(filter.shape, 4, `filter must be 4-dimensional: [${filter.shape}]`) ?? unknowns(4);
  if (a.strides.length !== 4) {
    refuse(`DepthwiseConv2D requires the stride attribute to contain 4 values, but got: ${a.strides.length}`);
  }
  const [depth, expected] = [channelOf(x, format), f[2]!];
  if (depth !== null && expected !== null && depth !== expected) {
    refuse(
      `Dimensions must be equal, but are ${depth} and ${expected}`,
      `input and filter must have the same depth: ${depth} vs ${expected}`,
    );
  }
  const slide = slidingOf(a.strides, undefined, a.padding, format);
  const inner = windowsOver(spatial(x, format), f.slice(0, 2), slide);
  return imageShape(format, x[0]!, inner, timesDim(depth ?? expected, f[3]!));
}

function checkAttrs({ strides, data_format: format }: ConvAttrs): void {
  const [high, wide] = spatial(strides, format);
  if (high !== wide) {
    fail('Current implementation only supports equal length strides in the row and column dimensions.');
  }
  refuseOuter(strides, format);
  if (channelsFirst(format)) unimplemented('Depthwise convolution on CPU is only supported for NHWC format');
}
function checkBack(label: string, x: FullShape, f: FullShape, dy: FullShape, a: ConvAttrs): void {
  checkLists('DepthwiseConv2D', 4, a);
  checkAttrs(a);
  for (const [what, shape] of [
    ['input', x],
    ['filter', f],
    ['out_backprop', dy],
  ] as const) {
    if (shape.length !== 4) fail(`${label}: ${what} must be 4-dimensional`);
  }
  if (x[0] !== dy[0]) fail(`${label}: input and out_backprop must have the same batch size`);
  if (x[3] !== f[2]) fail(`${label}: input and filter must have the same in_depth`);
  if (f[2]! * f[3]! !== dy[3]) fail(`${label}: depth_multiplier * in_depth not equal to out_depth`);
  checkWindows(label, x, f, dy, a);
}

const forwardOp = (input: Tensor, filter: Tensor, a: Given): Tensor =>
  DepthwiseConv2dNative({ input, filter }, a).output;
const inputOp = (sizes: Tensor, filter: Tensor, dy: Tensor, a: Given): Tensor =>
  DepthwiseConv2dNativeBackpropInput({ input_sizes: sizes, filter, out_backprop: dy }, a).output;
const filterOp = (input: Tensor, sizes: Tensor, dy: Tensor, a: Given): Tensor =>
  DepthwiseConv2dNativeBackpropFilter({ input, filter_sizes: sizes, out_backprop: dy }, a).output;

const DepthwiseConv2dNative = defineOp({
  name: 'DepthwiseConv2dNative',
  inputs: { input: 'T', filter: 'T' },
  outputs: { output: 'T' },
  attrs,
  infer: ({ input, filter }, a) => ({ output: outputShape(input, filter, a) }),
  gradient({ output: dy }, { input, filter }, { T: _, ...a }) {
    const dx = inputOp(shapeOf(input), filter, dy, a);
    return { input: dx, filter: filterOp(input, shapeOf(filter), dy, a) };
  },
  reference({ input, filter, output }, a) {
    checkAttrs(a);
    depthwise(extentOf(input.shape, filter.shape, output.shape, undilated(a)), input, filter, output);
  },
});
const DepthwiseConv2dNativeBackpropInput = defineOp({
  name: 'DepthwiseConv2dNativeBackpropInput',
  inputs: { input_sizes: 'int32', filter: 'T', out_backprop: 'T' },
  outputs: { output: 'T' },
  attrs,
  infer: ({ input_sizes: x }) => ({
    output: withRank(asShape(x), 4, 'DepthwiseConv2DBackpropInput: input must be 4-dimensional') ?? unknowns(4),
  }),
  gradient({ output: dx }, { filter, out_backprop: dy }, { T: _, ...a }) {
    const df = filterOp(dx, shapeOf(filter), dy, a);
    return { filter: df, out_backprop: forwardOp(dx, filter, a) };
  },
  reference({ filter, out_backprop: dy, output: dx }, a) {
    const plain = undilated(a);
    checkBack('DepthwiseConv2DBackpropInput', dx.shape, filter.shape, dy.shape, plain);
    depthwiseBack(extentOf(dx.shape, filter.shape, dy.shape, plain), filter, dy, dx);
  },
});
const DepthwiseConv2dNativeBackpropFilter = defineOp({
  name: 'DepthwiseConv2dNativeBackpropFilter',
  inputs: { input: 'T', filter_sizes: 'int32', out_backprop: 'T' },
  outputs: { output: 'T' },
  attrs,
  infer: ({ filter_sizes: x }) => ({
    output: withRank(asShape(x), 4, 'DepthwiseConv2DBackpropFilter: filter must be 4-dimensional') ?? unknowns(4),
  }),
  gradient({ output: df }, { input, out_backprop: dy }, { T: _, ...a }) {
    const dx = inputOp(shapeOf(input), df, dy, a);
    return { input: dx, out_backprop: forwardOp(input, df, a) };
  },
  reference({ input, out_backprop: dy, output: df }, a) {
    const plain = undilated(a);
    checkBack('DepthwiseConv2DBackpropFilter', input.shape, df.shape, dy.shape, plain);
    depthwiseFilter(extentOf(input.shape, df.shape, dy.shape, plain), input, dy, df);
  },
});

export interface DepthwiseOptions extends Named {
  /** One number per dimension; those of height and width must be equal. */
  readonly strides: readonly number[];
  readonly padding: 'SAME' | 'VALID';
  /** Holes between the filter's cells: [height, width]. */
  readonly rate?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
  readonly dataFormat?: 'NHWC' | 'NCHW' | undefined;
}
/** The raw op. @tensorflow tf.nn.depthwise_conv2d_native */
export function depthwiseConv2dNative(
  input: TensorLike,
  filter: TensorLike,
  { strides, padding, dilations, dataFormat, name }: Omit<DepthwiseOptions, 'rate'>,
): Tensor {
  return DepthwiseConv2dNative({ input, filter }, { strides, padding, dilations, data_format: dataFormat }, name)
    .output;
}

/** Convolves each channel with its own filters [h, w, C, multiplier]. @tensorflow tf.nn.depthwise_conv2d */
export function depthwiseConv2d(inputLike: TensorLike, filterLike: TensorLike, options: DepthwiseOptions): Tensor {
  const { strides, padding, dataFormat, name = 'depthwise' } = options;
  const graph = graphOf([inputLike, filterLike]);
  return graph.nameScope(name, (scope) => {
    const input = convertToTensor(inputLike, { name: 'tensor_in' }, graph);
    const filter = convertToTensor(filterLike, { name: 'filter_in' }, graph);
    return withSpaceToBatch(input, {
      filterShape: shapeOf(filter),
      dilationRate: options.rate ?? options.dilations ?? [1, 1],
      padding,
      dataFormat,
      op: (x, p) => depthwiseConv2dNative(x, filter, { strides, padding: p, dataFormat, name: scope }),
    });
  });
}

/** A depthwise convolution and a pointwise one [1, 1, C, C'] after it. @tensorflow tf.nn.separable_conv2d */
export function separableConv2d(
  inputLike: TensorLike,
  depthwiseFilter: TensorLike,
  pointwiseFilter: TensorLike,
  options: DepthwiseOptions,
): Tensor {
  const { strides, padding, dataFormat, name = 'separable_conv2d' } = options;
  const graph = graphOf([inputLike, depthwiseFilter, pointwiseFilter]);
  return graph.nameScope(name, (scope) => {
    const input = convertToTensor(inputLike, { name: 'tensor_in' }, graph);
    const filter = convertToTensor(depthwiseFilter, { name: 'depthwise_filter' }, graph);
    const points = convertToTensor(pointwiseFilter, { name: 'pointwise_filter' }, graph);
    for (const d of [0, 1]) exactDim(withRank(points.shape, 4)?.[d] ?? null, 1);
    const channels = withSpaceToBatch(input, {
      filterShape: shapeOf(filter),
      dilationRate: options.rate ?? options.dilations ?? [1, 1],
      padding,
      dataFormat,
      op: (x, p) => depthwiseConv2dNative(x, filter, { strides, padding: p, dataFormat, name: 'depthwise' }),
    });
    return conv2d(channels, points, { strides: [1, 1, 1, 1], padding: 'VALID', dataFormat, name: scope });
  });
}
