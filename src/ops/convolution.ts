/** @file Convolutions of images and volumes, and what their gradients need. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { type Attrs, bool, indexType, ints, type Known, oneOf, string, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import type { Call } from '../kernels/table';
import { FLOATS } from '../value/dtype';
import { type FullShape, type Shape, sizeOf } from '../value/shape';
import { shapeOf } from './array';
import { convolve, convolveBack, convolveFilter, type Extent } from './conv_cells';
import { asShape, fail, refuse, unknowns, withRank } from './expect';
import { shapeN } from './shape';
import { convCall } from './window_kernels';
import {
  channelOf,
  channelsFirst,
  imageShape,
  type Padding,
  slidingOf,
  spatial,
  tapsOf,
  windowsAlong,
  windowsOver,
} from './windows';

/** The attrs that all convolutions have. */
export interface ConvAttrs {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
  readonly explicit_paddings?: readonly number[];
  readonly data_format: string;
}
const sliding = (a: ConvAttrs) => slidingOf(a.strides, a.dilations, a.padding, a.data_format, a.explicit_paddings);

export const attrs2 = {
  T: type(FLOATS),
  strides: ints(),
  use_cudnn_on_gpu: bool(true),
  padding: oneOf('SAME', 'VALID', 'EXPLICIT'),
  explicit_paddings: ints([]),
  data_format: string('NHWC', 'NCHW'),
  dilations: ints([1, 1, 1, 1]),
} as const;
const attrs3 = {
  T: type(FLOATS),
  strides: ints(),
  padding: oneOf('SAME', 'VALID'),
  data_format: string('NDHWC', 'NCDHW'),
  dilations: ints([1, 1, 1, 1, 1]),
} as const;

// ---- shapes -------------------------------------------------------------------------------------------------------

/** Strides and dilations must be of one number per dimension; paddings are explicit or not. */
export function checkLists(name: string, rank: number, attrs: ConvAttrs): void {
  const { strides, dilations, data_format, padding, explicit_paddings = [] } = attrs;
  if (strides.length !== rank) {
    refuse(
      `${name} on data format ${data_format} requires the stride attribute to contain ${rank} values, but got: ${strides.length}`,
    );
  }
  if (dilations.length !== rank) {
    refuse(`${name} requires the dilation attribute to contain ${rank} values, but got: ${dilations.length}`);
  }
  if (padding === 'EXPLICIT' && explicit_paddings.length !== 2 * rank) {
    refuse(`explicit_paddings attribute must contain ${2 * rank} values, but got: ${explicit_paddings.length}`);
  }
  if (padding !== 'EXPLICIT' && explicit_paddings.length > 0) {
    refuse('explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT');
  }
}

function convShape(name: string, rank: number, input: Known, filter: Known, attrs: ConvAttrs, running = false): Shape {
  const { data_format: format } = attrs;
  checkLists(name, rank, attrs);
  const atRun = (what: string, gap: string, x: Known) =>
    rank === 5 ? `${what} must be 5-dimensional` : `${what} must be 4-dimensional${gap}[${x.shape}]`;
  const x = withRank(input.shape, rank, atRun('input', '', input)) ?? unknowns(rank);
  const f = withRank(filter.shape, rank, atRun('filter', ': ', filter)) ?? unknowns(rank);
  const [depth, group, out] = [channelOf(x, format), f.at(-2)!, f.at(-1)!];
  if (depth !== null && group) {
    if (depth % group !== 0) {
      const words = `nput depth must be evenly divisible by filter depth: ${depth} vs ${group}`;
      refuse(
        `Depth of input (${depth}) is not a multiple of input depth of filter (${group})`,
        `${rank === 5 ? 'I' : 'i'}${words}`,
      );
    }
    const groups = depth / group;
    if (out !== null && groups > 0 && out % groups !== 0) {
      refuse(`Depth of output (${out}) is not a multiple of the number of groups (${groups})`);
    }
  }
  return imageShape(format, x[0]!, windowsOver(spatial(x, format), f.slice(0, -2), sliding(attrs), running), out);
}
const sizesShape = (x: Known, rank: number, atRun: string): Shape =>
  withRank(asShape(x), rank, atRun) ?? unknowns(rank);

// ---- what the CPU kernels refuse ----------------------------------------------------------------------------------

export const unimplemented = (message: string): never => {
  throw new GraphError('Unimplemented', message);
};
/** Strides (or dilations) of batch and channels must be 1. */
export function refuseOuter(list: readonly number[], format: string, what = 'strides'): void {
  if (list[0] !== 1 || channelOf(list, format) !== 1) {
    fail(`Current implementation does not yet support ${what} in the batch and depth dimensions.`);
  }
}
function checkForward(name: string, input: Slot, filter: Slot, attrs: ConvAttrs): void {
  const { data_format: format, strides, dilations } = attrs;
  refuseOuter(strides, format);
  refuseOuter(dilations, format, 'dilations');
  const [depth, group] = [channelOf(input.shape, format), filter.shape.at(-2)!];
  if (name === 'Conv2D') {
    if (channelsFirst(format)) {
      unimplemented(
        `The Conv2D op currently only supports the NHWC tensor format on the CPU. The op was given the format: ${format}`,
      );
    }
    if (depth !== group) {
      unimplemented(
        `The Conv2D op currently does not support grouped convolutions on the CPU. A grouped convolution was attempted to be run because the input depth of ${depth} does not match the filter input depth of ${group}`,
      );
    }
    return;
  }
  if (channelsFirst(format)) fail('CPU implementation of Conv3D currently only supports the NHWC tensor format.');
  if (dilations.some((d) => d !== 1)) fail('CPU implementation of Conv3D currently only supports dilated rates of 1.');
  if (depth !== group) unimplemented('The Conv3D op currently does not support grouped convolutions on the CPU.');
}

/** Raises the words of ConvBackpropComputeDimensions where the three shapes do not belong together. */
export function checkBackward(label: string, x: FullShape, f: FullShape, dy: FullShape, attrs: ConvAttrs): void {
  const rank = attrs.strides.length;
  for (const [what, shape] of [
    ['input', x],
    ['filter', f],
    ['out_backprop', dy],
  ] as const) {
    if (shape.length !== rank) fail(`${label}: ${what} must be ${rank}-dimensional`);
  }
  if (x[0] !== dy[0]) {
    fail(
      `${label}: input and out_backprop must have the same batch sizeinput batch: ${x[0]}outbackprop batch: ${dy[0]} batch_dim: 0`,
    );
  }
  if (x.at(-1)! % Math.max(f.at(-2)!, 1) !== 0) fail(`${label}: input depth must be evenly divisible by filter depth`);
  if (f.at(-1) !== dy.at(-1)) fail(`${label}: filter and out_backprop must have the same out_depth`);
  checkWindows(label, x, f, dy, attrs);
  if (x.at(-1) !== f.at(-2)) unimplemented(`${label}: grouped convolutions are not supported on the CPU.`);
}
export function checkWindows(label: string, x: FullShape, f: FullShape, dy: FullShape, attrs: ConvAttrs): void {
  const slide = sliding(attrs);
  for (let d = 0; d < x.length - 2; d++) {
    const [n, size, actual] = [x[d + 1]!, f[d]!, dy[d + 1]!];
    const computed = windowsAlong(n, size, slide, d);
    if (actual === computed) continue;
    const numbers = `actual = ${actual}, computed = ${computed} spatial_dim: ${d + 1} input: ${n} filter: ${size}`;
    const more = `output: ${actual} stride: ${slide.stride[d]} dilation: ${slide.dilation[d]}`;
    fail(`${label}: Size of out_backprop doesn't match computed: ${numbers} ${more}`);
  }
}
function checkBackAttrs(label: string, attrs: ConvAttrs): void {
  const { data_format: format, strides, dilations } = attrs;
  const is3 = strides.length === 5;
  if (channelsFirst(format)) {
    fail(is3 ? `${label} only supports NDHWC on the CPU.` : `${label}Op only supports NHWC.`);
  }
  refuseOuter(strides, format);
  refuseOuter(dilations, format, 'dilations');
  if (dilations.every((d) => d === 1)) return;
  const which = is3 ? 'Current CPU implementation does' : 'Current libxsmm and customized CPU implementations do';
  fail(`${which} not yet support dilation rates larger than 1.`);
}

/** The loops' view of images, windows and depths. */
export function extentOf(x: FullShape, f: FullShape, y: FullShape, attrs: ConvAttrs): Extent {
  const [inner, outer] = [x.slice(1, -1), y.slice(1, -1)];
  return {
    taps: tapsOf(inner, outer, f.slice(0, -2), sliding(attrs)),
    images: x[0]!,
    pixels: sizeOf(inner),
    windows: sizeOf(outer),
    inDepth: x.at(-1)!,
    outDepth: y.at(-1)!,
  };
}

const INPUT2 = 'Conv2DCustomBackpropInput';
const FILTER2 = 'Conv2DCustomBackpropFilter';
interface Forward {
  readonly input: Slot;
  readonly filter: Slot;
  readonly output: Slot;
}
interface BackInput {
  readonly input_sizes: Slot;
  readonly filter: Slot;
  readonly out_backprop: Slot;
  readonly output: Slot;
}
interface BackFilter {
  readonly input: Slot;
  readonly filter_sizes: Slot;
  readonly out_backprop: Slot;
  readonly output: Slot;
}
const forward =
  (name: string) =>
  ({ input, filter, output }: Forward, attrs: ConvAttrs): void => {
    checkForward(name, input, filter, attrs);
    convolve(extentOf(input.shape, filter.shape, output.shape, attrs), input, filter, output);
  };
const backInput =
  (label: string) =>
  ({ filter, out_backprop: dy, output }: BackInput, attrs: ConvAttrs): void => {
    checkBackAttrs(label, attrs);
    checkBackward(label, output.shape, filter.shape, dy.shape, attrs);
    convolveBack(extentOf(output.shape, filter.shape, dy.shape, attrs), filter, dy, output);
  };
const backFilter =
  (label: string) =>
  ({ input, out_backprop: dy, output }: BackFilter, attrs: ConvAttrs): void => {
    checkBackAttrs(label, attrs);
    checkBackward(label, input.shape, output.shape, dy.shape, attrs);
    convolveFilter(extentOf(input.shape, output.shape, dy.shape, attrs), input, dy, output);
  };

const forwardCall = ({ input, filter, output }: Forward, attrs: ConvAttrs): Call | null =>
  convCall('conv2d_f32', { x: input, f: filter, y: output }, sliding(attrs), () =>
    checkForward('Conv2D', input, filter, attrs),
  );
const backInputCall = ({ filter, out_backprop: y, output: x }: BackInput, attrs: ConvAttrs): Call | null =>
  convCall('conv2d_input_grad_f32', { x, f: filter, y }, sliding(attrs), () => {
    checkBackAttrs(INPUT2, attrs);
    checkBackward(INPUT2, x.shape, filter.shape, y.shape, attrs);
  });
const backFilterCall = ({ input: x, out_backprop: y, output: f }: BackFilter, attrs: ConvAttrs): Call | null =>
  convCall('conv2d_filter_grad_f32', { x, f, y }, sliding(attrs), () => {
    checkBackAttrs(FILTER2, attrs);
    checkBackward(FILTER2, x.shape, f.shape, y.shape, attrs);
  });

// ---- images -------------------------------------------------------------------------------------------------------

type Attrs2 = Omit<Attrs<typeof attrs2>, 'T'>;
const conv2 = (input: Tensor, filter: Tensor, attrs: Attrs2): Tensor => Conv2D({ input, filter }, attrs).output;
const input2 = (sizes: Tensor, filter: Tensor, dy: Tensor, attrs: Attrs2): Tensor =>
  Conv2DBackpropInput({ input_sizes: sizes, filter, out_backprop: dy }, attrs).output;
const filter2 = (input: Tensor, sizes: Tensor, dy: Tensor, attrs: Attrs2): Tensor =>
  Conv2DBackpropFilter({ input, filter_sizes: sizes, out_backprop: dy }, attrs).output;

export const Conv2D = defineOp({
  name: 'Conv2D',
  inputs: { input: 'T', filter: 'T' },
  outputs: { output: 'T' },
  attrs: attrs2,
  infer: ({ input, filter }, attrs, running) => ({ output: convShape('Conv2D', 4, input, filter, attrs, running) }),
  gradient({ output: dy }, { input, filter }, { T: _, ...attrs }) {
    const [inputSizes, filterSizes] = shapeN([input, filter]) as [Tensor, Tensor];
    return {
      input: input2(inputSizes, filter, dy, attrs),
      filter: filter2(input, filterSizes, dy, attrs),
    };
  },
  reference: forward('Conv2D'),
  kernel: forwardCall,
});
export const Conv2DBackpropInput = defineOp({
  name: 'Conv2DBackpropInput',
  inputs: { input_sizes: 'int32', filter: 'T', out_backprop: 'T' },
  outputs: { output: 'T' },
  attrs: attrs2,
  infer: ({ input_sizes: x }) => ({
    output: sizesShape(x, 4, `${INPUT2}: input must be 4-dimensional`),
  }),
  gradient({ output: dx }, { filter, out_backprop }, { T: _, ...attrs }) {
    const sizes = shapeOf(filter);
    return {
      filter: filter2(dx, sizes, out_backprop, attrs),
      out_backprop: conv2(dx, filter, attrs),
    };
  },
  reference: backInput(INPUT2),
  kernel: backInputCall,
});
const Conv2DBackpropFilter = defineOp({
  name: 'Conv2DBackpropFilter',
  inputs: { input: 'T', filter_sizes: 'int32', out_backprop: 'T' },
  outputs: { output: 'T' },
  attrs: attrs2,
  infer: ({ filter_sizes: x }) => ({
    output: sizesShape(x, 4, `${FILTER2}: filter must be 4-dimensional`),
  }),
  gradient({ output: df }, { input, out_backprop }, { T: _, ...attrs }) {
    const sizes = shapeOf(input);
    return {
      input: input2(sizes, df, out_backprop, attrs),
      out_backprop: conv2(input, df, attrs),
    };
  },
  reference: backFilter(FILTER2),
  kernel: backFilterCall,
});

// ---- volumes ------------------------------------------------------------------------------------------------------

type Attrs3 = Omit<Attrs<typeof attrs3>, 'T'>;
const conv3 = (input: Tensor, filter: Tensor, attrs: Attrs3): Tensor => Conv3D({ input, filter }, attrs).output;
const input3 = (sizes: Tensor, filter: Tensor, dy: Tensor, attrs: Attrs3): Tensor =>
  Conv3DBackpropInputV2({ input_sizes: sizes, filter, out_backprop: dy }, attrs).output;
const filter3 = (input: Tensor, sizes: Tensor, dy: Tensor, attrs: Attrs3): Tensor =>
  Conv3DBackpropFilterV2({ input, filter_sizes: sizes, out_backprop: dy }, attrs).output;

export const Conv3D = defineOp({
  name: 'Conv3D',
  inputs: { input: 'T', filter: 'T' },
  outputs: { output: 'T' },
  attrs: attrs3,
  infer: ({ input, filter }, attrs, running) => ({ output: convShape('Conv3D', 5, input, filter, attrs, running) }),
  gradient({ output: dy }, { input, filter }, { T: _, ...attrs }) {
    const dx = input3(shapeOf(input), filter, dy, attrs);
    const sizes = shapeOf(filter);
    return { input: dx, filter: filter3(input, sizes, dy, attrs) };
  },
  reference: forward('Conv3D'),
});
export const Conv3DBackpropInputV2 = defineOp({
  name: 'Conv3DBackpropInputV2',
  inputs: { input_sizes: 'Tshape', filter: 'T', out_backprop: 'T' },
  outputs: { output: 'T' },
  attrs: { ...attrs3, Tshape: indexType },
  infer: ({ input_sizes: x }) => ({ output: sizesShape(x, 5, 'Conv3DBackpropInputOp: input must be 5-dimensional') }),
  gradient({ output: dx }, { filter, out_backprop }, { T: _, Tshape: _i, ...attrs }) {
    const sizes = shapeOf(filter);
    return {
      filter: filter3(dx, sizes, out_backprop, attrs),
      out_backprop: conv3(dx, filter, attrs),
    };
  },
  reference: backInput('Conv3DBackpropInputOp'),
});
const Conv3DBackpropFilterV2 = defineOp({
  name: 'Conv3DBackpropFilterV2',
  inputs: { input: 'T', filter_sizes: 'int32', out_backprop: 'T' },
  outputs: { output: 'T' },
  attrs: attrs3,
  infer: ({ filter_sizes: x }) => ({
    output: sizesShape(x, 5, 'Conv3DBackpropFilterOp: filter must be 5-dimensional'),
  }),
  gradient({ output: df }, { input, out_backprop }, { T: _, ...attrs }) {
    const sizes = shapeOf(input);
    return {
      input: input3(sizes, df, out_backprop, attrs),
      out_backprop: conv3(input, df, attrs),
    };
  },
  reference: backFilter('Conv3DBackpropFilterOp'),
});
