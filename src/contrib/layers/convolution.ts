/** @file Convolutions of tf.contrib.layers: plain, transposed and depthwise separable ones. */
import { GraphError } from '../../errors';
import { convertToTensor, type TensorLike } from '../../graph/convert';
import type { Tensor } from '../../graph/operation';
import { Conv1D, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose, SeparableConv2D } from '../../layers/convolutional';
import type { Sizes } from '../../layers/windows';
import { biasAdd } from '../../ops/bias';
import { depthwiseConv2d } from '../../ops/depthwise';
import { zerosInitializer } from '../../ops/initializers';
import type { InitializerLike, VariableScope } from '../../ops/variable_scope';
import { scoped } from '../framework/arg_scope';
import { modelVariable } from '../framework/variables';
import { xavierInitializer } from './initializers';
import {
  addToCollections,
  asModelVariables,
  channels,
  checkFormat,
  collectionsOf,
  type DataFormat,
  finish,
  inScope,
  knownDimension,
  layerOptions,
  RENAMED,
  twoOf,
  WEIGHTED,
  type WeightedOptions,
} from './parameters';

interface StridedOptions extends WeightedOptions {
  readonly stride?: Sizes | undefined;
  /** SAME by default. */
  readonly padding?: 'SAME' | 'VALID' | 'same' | 'valid' | undefined;
}
export interface ConvolutionOptions extends StridedOptions {
  readonly dataFormat?: 'NWC' | 'NCW' | 'NHWC' | 'NCHW' | 'NDHWC' | 'NCDHW' | null | undefined;
  /** Holes between the kernel's cells; not together with strides. */
  readonly rate?: Sizes | undefined;
}
/** What convolutions take: the stride may stand among the arguments or among the options. */
export interface Convolve<N, O> {
  (inputs: TensorLike, numOutputs: N, kernelSize: Sizes, options?: O): Tensor;
  (inputs: TensorLike, numOutputs: N, kernelSize: Sizes, stride: Sizes, options?: O): Tensor;
}
const FORMATS = ['NWC', 'NCW', 'NHWC', 'NCHW', 'NDHWC', 'NCDHW'];
const POSITIONAL = ['inputs', 'numOutputs', 'kernelSize', 'stride'];

/** A convolution for inputs of that many spatial dimensions; null takes any. */
const convolve = (name: string, dims: 1 | 2 | 3 | null): Convolve<number, ConvolutionOptions> =>
  scoped(
    (inputs: TensorLike, numOutputs: number, kernelSize: Sizes, stride: Sizes = 1, options: ConvolutionOptions) => {
      const { padding = 'SAME', dataFormat = null, rate = 1, variablesCollections } = options;
      if (dataFormat !== null && !FORMATS.includes(dataFormat)) {
        throw new GraphError('Value', `Invalid data_format: '${dataFormat}'`);
      }
      const body = (scope: VariableScope): Tensor => {
        const x = convertToTensor(inputs);
        const rank = x.shape?.length;
        if (dims !== null && rank !== dims + 2) {
          const found = rank ?? 'None';
          throw new GraphError('Value', `Convolution expects input with rank ${dims + 2}, got ${found}`);
        }
        const Kind = [Conv1D, Conv2D, Conv3D][(rank ?? 0) - 3];
        if (!Kind) throw new GraphError('Value', `Convolution not supported for input with rank ${rank ?? 'None'}`);
        const layer = new Kind(numOutputs, kernelSize, {
          ...layerOptions(options, x, scope),
          strides: stride,
          padding,
          dataFormat: channels(dataFormat),
          dilationRate: rate,
        });
        const y = layer.apply(x);
        addToCollections(layer.kernel, variablesCollections, 'weights');
        addToCollections(layer.bias, variablesCollections, 'biases');
        return finish(y, options, scope);
      };
      return inScope(options, 'Conv', [inputs], body, asModelVariables(RENAMED));
    },
    { name, positional: POSITIONAL, options: ['stride', 'padding', 'dataFormat', 'rate', ...WEIGHTED] },
  );

/** A convolution of rows, images or volumes, as the rank says, relu by default. @tensorflow tf.contrib.layers.convolution */
export const convolution = convolve('convolution', null);
/** A convolution of rows [N, W, C]. @tensorflow tf.contrib.layers.conv1d */
export const conv1d = convolve('convolution1d', 1);
/** A convolution of images [N, H, W, C], xavier weights and relu by default. @tensorflow tf.contrib.layers.conv2d */
export const conv2d = convolve('convolution2d', 2);
/** A convolution of volumes [N, D, H, W, C]. @tensorflow tf.contrib.layers.conv3d */
export const conv3d = convolve('convolution3d', 3);
/** conv1d by its long name. @tensorflow tf.contrib.layers.convolution1d */
export const convolution1d = conv1d;
/** conv2d by its long name. @tensorflow tf.contrib.layers.convolution2d */
export const convolution2d = conv2d;
/** conv3d by its long name. @tensorflow tf.contrib.layers.convolution3d */
export const convolution3d = conv3d;

export interface ConvolutionTransposeOptions extends StridedOptions {
  readonly dataFormat?: DataFormat | 'NDHWC' | 'NCDHW' | undefined;
}
const transposed = (
  rank: 2 | 3,
  formats: readonly string[],
  Kind: typeof Conv2DTranspose | typeof Conv3DTranspose,
): Convolve<number, ConvolutionTransposeOptions> =>
  scoped(
    (
      inputs: TensorLike,
      numOutputs: number,
      kernelSize: Sizes,
      stride: Sizes = 1,
      options: ConvolutionTransposeOptions,
    ) => {
      const { padding = 'SAME', dataFormat = formats[0]!, variablesCollections } = options;
      const body = (scope: VariableScope): Tensor => {
        checkFormat(dataFormat, formats);
        const x = convertToTensor(inputs);
        const layer = new Kind(numOutputs, kernelSize, {
          ...layerOptions(options, x, scope),
          strides: stride,
          padding,
          dataFormat: channels(dataFormat),
        });
        const y = layer.apply(x);
        addToCollections(layer.kernel, variablesCollections, 'weights');
        addToCollections(layer.bias, variablesCollections, 'biases');
        return finish(y, options, scope);
      };
      return inScope(options, `Conv${rank}d_transpose`, [inputs], body, asModelVariables(RENAMED));
    },
    {
      name: `convolution${rank}d_transpose`,
      positional: POSITIONAL,
      options: ['stride', 'padding', 'dataFormat', ...WEIGHTED],
    },
  );
/** The transpose of a convolution of images. @tensorflow tf.contrib.layers.conv2d_transpose */
export const conv2dTranspose = transposed(2, ['NHWC', 'NCHW'], Conv2DTranspose);
/** The transpose of a convolution of volumes. @tensorflow tf.contrib.layers.conv3d_transpose */
export const conv3dTranspose = transposed(3, ['NDHWC', 'NCDHW'], Conv3DTranspose);
/** conv2dTranspose by its long name. @tensorflow tf.contrib.layers.convolution2d_transpose */
export const convolution2dTranspose = conv2dTranspose;
/** conv3dTranspose by its long name. @tensorflow tf.contrib.layers.convolution3d_transpose */
export const convolution3dTranspose = conv3dTranspose;

export interface SeparableConvolutionOptions extends StridedOptions {
  readonly dataFormat?: DataFormat | undefined;
  readonly rate?: Sizes | undefined;
  /** Channels made of each input channel before they are mixed. */
  readonly depthMultiplier?: number | undefined;
  /** weightsInitializer by default. */
  readonly pointwiseInitializer?: InitializerLike | null | undefined;
}
/** What separable convolutions take: the depth multiplier and the stride may stand among the options. */
export interface ConvolveSeparably {
  (
    inputs: TensorLike,
    numOutputs: number | null,
    kernelSize: Sizes,
    depthMultiplier?: number,
    stride?: Sizes,
    options?: SeparableConvolutionOptions,
  ): Tensor;
  (inputs: TensorLike, numOutputs: number | null, kernelSize: Sizes, options?: SeparableConvolutionOptions): Tensor;
  (
    inputs: TensorLike,
    numOutputs: number | null,
    kernelSize: Sizes,
    depthMultiplier: number,
    options?: SeparableConvolutionOptions,
  ): Tensor;
}
const SEPARATE = { bias: 'biases', depthwise_kernel: 'depthwise_weights', pointwise_kernel: 'pointwise_weights' };

/**
 * A convolution of each channel, then a mix of the channels; with null outputs the channels are not mixed.
 * @tensorflow tf.contrib.layers.separable_conv2d
 */
export const separableConv2d: ConvolveSeparably = scoped(
  (
    inputs: TensorLike,
    numOutputs: number | null,
    kernelSize: Sizes,
    depthMultiplier = 1,
    stride: Sizes = 1,
    options: SeparableConvolutionOptions,
  ) => {
    checkFormat(options.dataFormat ?? 'NHWC');
    const body = (scope: VariableScope): Tensor => {
      const x = convertToTensor(inputs);
      return numOutputs === null
        ? depthwise(x, kernelSize, depthMultiplier, stride, options, scope)
        : separable(x, numOutputs, kernelSize, depthMultiplier, stride, options, scope);
    };
    return inScope(options, 'SeparableConv2d', [inputs], body, asModelVariables(SEPARATE));
  },
  {
    name: 'separable_convolution2d',
    positional: ['inputs', 'numOutputs', 'kernelSize', 'depthMultiplier', 'stride'],
    options: ['depthMultiplier', 'stride', 'padding', 'dataFormat', 'rate', 'pointwiseInitializer', ...WEIGHTED],
  },
);
/** separableConv2d by its long name. @tensorflow tf.contrib.layers.separable_convolution2d */
export const separableConvolution2d = separableConv2d;

function separable(
  x: Tensor,
  numOutputs: number,
  kernelSize: Sizes,
  depthMultiplier: number,
  stride: Sizes,
  options: SeparableConvolutionOptions,
  scope: VariableScope,
): Tensor {
  const { padding = 'SAME', dataFormat, rate = 1, weightsRegularizer, variablesCollections } = options;
  const common = layerOptions(options, x, scope);
  const { pointwiseInitializer } = options;
  const layer = new SeparableConv2D(numOutputs, kernelSize, {
    ...common,
    strides: stride,
    padding,
    dataFormat: channels(dataFormat),
    dilationRate: twoOf(rate),
    depthMultiplier,
    depthwiseInitializer: common.kernelInitializer,
    pointwiseInitializer: (pointwiseInitializer as typeof common.kernelInitializer) ?? common.kernelInitializer,
    depthwiseRegularizer: weightsRegularizer,
    pointwiseRegularizer: weightsRegularizer,
  });
  const y = layer.apply(x);
  addToCollections(layer.depthwiseKernel, variablesCollections, 'weights');
  addToCollections(layer.pointwiseKernel, variablesCollections, 'weights');
  addToCollections(layer.bias, variablesCollections, 'biases');
  return finish(y, options, scope);
}

function depthwise(
  x: Tensor,
  kernelSize: Sizes,
  depthMultiplier: number,
  stride: Sizes,
  options: SeparableConvolutionOptions,
  scope: VariableScope,
): Tensor {
  const { padding = 'SAME', dataFormat = 'NHWC', rate = 1, variablesCollections, trainable } = options;
  const { weightsInitializer = xavierInitializer(), biasesInitializer = zerosInitializer() } = options;
  const first = dataFormat === 'NCHW';
  const depth = knownDimension(x.shape, first ? 1 : -1, 4);
  const [height, width] = twoOf(stride);
  const make = (name: string, shape: number[], own: object) =>
    modelVariable(name, {
      shape,
      dtype: x.dtype,
      trainable,
      collections: collectionsOf(variablesCollections, name === 'biases' ? name : 'weights'),
      ...own,
    });
  const weights = make('depthwise_weights', [...twoOf(kernelSize), depth, depthMultiplier], {
    initializer: weightsInitializer,
    regularizer: options.weightsRegularizer,
  });
  const y = depthwiseConv2d(x, weights, {
    strides: first ? [1, 1, height, width] : [1, height, width, 1],
    padding: padding.toUpperCase() as 'SAME' | 'VALID',
    rate: twoOf(rate),
    dataFormat,
  });
  if (options.normalizerFn || biasesInitializer === null) return finish(y, options, scope);
  const biases = make('biases', [depthMultiplier * depth], {
    initializer: biasesInitializer,
    regularizer: options.biasesRegularizer,
  });
  return finish(biasAdd(y, biases, { dataFormat }), options, scope);
}
