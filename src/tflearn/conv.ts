/** @file TFLearn's convolutions. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { constant, shapeOf } from '../ops/array';
import { biasAdd } from '../ops/bias';
import {
  atrousConv2d as nnAtrousConv2d,
  conv2d as nnConv2d,
  conv2dTranspose as nnConv2dTranspose,
  conv3d as nnConv3d,
  conv3dTranspose as nnConv3dTranspose,
} from '../ops/convolve';
import { depthwiseConv2d } from '../ops/depthwise';
import { i32 } from '../ops/expect';
import { gather } from '../ops/gather';
import { constantInitializer } from '../ops/initializers';
import { concat, stack } from '../ops/join';
import { expandDims, squeeze } from '../ops/shape';
import type { Variable } from '../ops/variables';
import { Value } from '../value/value';
import * as activations from './activations';
import {
  activated,
  channelsOf,
  inLayer,
  type LayerTensor,
  type ScopeOptions,
  shapeOfRank,
  type WeightOptions,
} from './layer_scope';
import { filterWindow, type Padding, paddingOf, type Size, window } from './windows';

export interface ConvOptions extends WeightOptions {
  readonly strides?: Size | undefined;
  readonly padding?: Padding | undefined;
  readonly activation?: activations.Activation | null | undefined;
  readonly bias?: boolean | undefined;
}
type Apply = (x: Tensor, W: Variable) => Tensor;

/** W, b, the convolution, the bias, the activation. */
function convolved(
  incoming: Tensor,
  defaultName: string,
  filter: readonly number[],
  outputs: number,
  options: ConvOptions,
  apply: Apply,
  finish: (y: Tensor) => Tensor = (y) => y,
): LayerTensor {
  const { activation = 'linear', bias = true, weightsInit = 'uniform_scaling', biasInit = 'zeros' } = options;
  return inLayer(options, defaultName, (layer) => {
    const W = layer.make('W', filter, weightsInit, true);
    const b = bias ? layer.make('b', [outputs], biasInit) : null;
    const raw = apply(incoming, W);
    let y: LayerTensor = finish(b ? biasAdd(raw, b) : raw);
    if (activation) y = activations.get(activation)(y);
    return Object.assign(activated(y), { W, b });
  });
}

/** A 2D convolution of images [N, H, W, C]. Raises Assertion for other ranks. @tensorflow tflearn.conv_2d */
export function conv2d(incoming: Tensor, nbFilter: number, filterSize: Size, options: ConvOptions = {}): LayerTensor {
  shapeOfRank(incoming, 4);
  const filter = [...filterWindow(filterSize, 2), channelsOf(incoming), nbFilter];
  const strides = window(options.strides ?? 1, 2, 'strides');
  const padding = paddingOf(options.padding ?? 'same');
  return convolved(incoming, 'Conv2D', filter, nbFilter, options, (x, W) => nnConv2d(x, W, { strides, padding }));
}

export interface AtrousConvOptions extends Omit<ConvOptions, 'strides'> {
  /** How far apart the cells lie that a filter sees. */
  readonly rate?: number | undefined;
}
/** A 2D convolution with holes, as tflearn.layers.conv.atrous_conv_2d. */
export function atrousConv2d(
  incoming: Tensor,
  nbFilter: number,
  filterSize: Size,
  options: AtrousConvOptions = {},
): LayerTensor {
  shapeOfRank(incoming, 4);
  const filter = [...filterWindow(filterSize, 2), channelsOf(incoming), nbFilter];
  const padding = paddingOf(options.padding ?? 'same');
  return convolved(incoming, 'AtrousConv2D', filter, nbFilter, options, (x, W) =>
    nnAtrousConv2d(x, W, options.rate ?? 1, { padding }),
  );
}

/** Filters of its own for each channel, without bias unless asked for; as tflearn.layers.conv.grouped_conv_2d. */
export function groupedConv2d(
  incoming: Tensor,
  channelMultiplier: number,
  filterSize: Size,
  options: ConvOptions = {},
): LayerTensor {
  shapeOfRank(incoming, 4);
  const channels = channelsOf(incoming);
  const filter = [...filterWindow(filterSize, 2), channels, channelMultiplier];
  const strides = window(options.strides ?? 1, 2, 'strides');
  const padding = paddingOf(options.padding ?? 'same');
  const withDefaults = { bias: false, ...options };
  return convolved(incoming, 'GroupedConv2D', filter, channels * channelMultiplier, withDefaults, (x, W) =>
    depthwiseConv2d(x, W, { strides, padding }),
  );
}

/** A convolution along sequences [N, W, C]. @tensorflow tflearn.conv_1d */
export function conv1d(incoming: Tensor, nbFilter: number, filterSize: Size, options: ConvOptions = {}): LayerTensor {
  shapeOfRank(incoming, 3);
  const filter = [filterWindow(filterSize, 2)[0]!, 1, channelsOf(incoming), nbFilter];
  const strides = [1, window(options.strides ?? 1, 2, 'strides')[1]!, 1, 1];
  const padding = paddingOf(options.padding ?? 'same');
  const apply: Apply = (x, W) => nnConv2d(expandDims(x, i32(2)), W, { strides, padding });
  return convolved(incoming, 'Conv1D', filter, nbFilter, withActivation(options), apply, (y) => squeeze(y, [2]));
}

/** A 3D convolution of volumes [N, D, H, W, C]. @tensorflow tflearn.conv_3d */
export function conv3d(incoming: Tensor, nbFilter: number, filterSize: Size, options: ConvOptions = {}): LayerTensor {
  shapeOfRank(incoming, 5);
  const filter = [...filterWindow(filterSize, 3), channelsOf(incoming), nbFilter];
  const strides = window(options.strides ?? 1, 3, 'strides');
  const padding = paddingOf(options.padding ?? 'same');
  return convolved(incoming, 'Conv3D', filter, nbFilter, withActivation(options), (x, W) =>
    nnConv3d(x, W, { strides, padding }),
  );
}

/** TFLearn lets only 2D convolutions go without an activation. */
function withActivation(options: ConvOptions): ConvOptions {
  if (options.activation !== null) return options;
  throw new GraphError('Value', 'Invalid Activation.');
}

function transposed(
  incoming: Tensor,
  spatial: 2 | 3,
  nbFilter: number,
  filterSize: Size,
  outputShape: readonly number[],
  options: ConvOptions,
): LayerTensor {
  shapeOfRank(incoming, spatial + 2);
  const filter = [...filterWindow(filterSize, spatial), nbFilter, channelsOf(incoming)];
  const strides = window(options.strides ?? 1, spatial, 'strides');
  const padding = paddingOf(options.padding ?? 'same');
  const n = outputShape.length;
  if (n !== spatial && n !== spatial + 1) {
    throw new GraphError(
      'Value',
      `output_shape length error: ${n}, only a length of ${spatial} or ${spatial + 1} is supported.`,
    );
  }
  const sizes = n === spatial ? [...outputShape, nbFilter] : [...outputShape];
  const transpose = spatial === 2 ? nnConv2dTranspose : nnConv3dTranspose;
  const apply: Apply = (x, W) => {
    const batch = gather(shapeOf(x), constant(i32([0])));
    const full = concat([batch, constant(i32(sizes))], i32(0));
    const y = transpose(x, W, full, { strides, padding });
    y.setShape([null, ...sizes]);
    return y;
  };
  return convolved(incoming, `Conv${spatial}DTranspose`, filter, nbFilter, withActivation(options), apply);
}
/** The gradient of conv2d: from small images to those of outputShape [H, W]. @tensorflow tflearn.conv_2d_transpose */
export const conv2dTranspose = (
  incoming: Tensor,
  nbFilter: number,
  filterSize: Size,
  outputShape: readonly number[],
  options: ConvOptions = {},
): LayerTensor => transposed(incoming, 2, nbFilter, filterSize, outputShape, options);
/** The same for volumes, outputShape [D, H, W]; as tflearn.layers.conv.conv_3d_transpose. */
export const conv3dTranspose = (
  incoming: Tensor,
  nbFilter: number,
  filterSize: Size,
  outputShape: readonly number[],
  options: ConvOptions = {},
): LayerTensor => transposed(incoming, 3, nbFilter, filterSize, outputShape, options);

export interface UpscoreOptions extends ScopeOptions {
  /** The size [H, W] of what comes out; from the strides unless given. */
  readonly shape?: readonly number[] | null | undefined;
  readonly kernelSize?: Size | undefined;
  readonly strides?: Size | undefined;
}
/**
 * Larger images by a transposed convolution that starts as bilinear interpolation.
 * @tensorflow tflearn.upscore_layer
 */
export function upscoreLayer(incoming: Tensor, numClasses: number, options: UpscoreOptions = {}): LayerTensor {
  shapeOfRank(incoming, 4);
  const { shape, kernelSize = 4 } = options;
  const strides = window(options.strides ?? 2, 2, 'strides');
  const filter = [...filterWindow(kernelSize, 2), numClasses, channelsOf(incoming)];
  return inLayer(options, 'Upscore', (layer) => {
    const sizes = shapeOf(incoming);
    let [height, width]: readonly (number | Tensor | undefined)[] = shape ?? [];
    if (!shape) {
      const grown = (at: number) => sizes.at(at).sub(1).mul(strides[1]!).add(1);
      height = grown(1);
      width = grown(2);
    }
    const outputShape = stack([sizes.at(0), height, width, numClasses] as Tensor[]);
    const W = layer.make('up_filter', filter, constantInitializer(bilinear(filter)));
    return nnConv2dTranspose(incoming, W, outputShape, { strides, padding: 'SAME' });
  });
}
/** For each class the weights of bilinear interpolation. */
function bilinear(filter: readonly number[]): Value {
  const [rows, columns, classes, inputs] = filter as [number, number, number, number];
  const half = Math.ceil(rows / 2);
  const center = (2 * half - 1 - (half % 2)) / (2 * half);
  const weights = Value.zeros('float32', filter);
  for (let x = 0; x < rows; x++) {
    for (let y = 0; y < rows; y++) {
      const w = (1 - Math.abs(x / half - center)) * (1 - Math.abs(y / half - center));
      for (let i = 0; i < classes; i++) weights.data[((x * columns + y) * classes + i) * inputs + i] = w;
    }
  }
  return weights;
}
