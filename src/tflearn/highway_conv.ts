/** @file TFLearn's highway convolutions: a gate mixes the activated convolution with the plain one. */
import type { Tensor } from '../graph/operation';
import { add, multiply, subtract } from '../ops/arithmetic';
import { conv2d } from '../ops/convolve';
import { i32 } from '../ops/expect';
import { constantInitializer } from '../ops/initializers';
import { expandDims, squeeze } from '../ops/shape';
import { sigmoid } from '../ops/unary';
import * as activations from './activations';
import type { ConvOptions } from './conv';
import { activated, channelsOf, inLayer, type LayerScope, type LayerTensor, shapeOfRank } from './layer_scope';
import { filterWindow, paddingOf, type Size, window } from './windows';

export type HighwayConvOptions = Omit<ConvOptions, 'bias'>;

/** The filter, the bias, and the gate's two vectors. */
function variablesOf(layer: LayerScope, filter: readonly number[], options: HighwayConvOptions) {
  const { weightsInit = 'uniform_scaling', biasInit = 'zeros' } = options;
  const width = [filter.at(-1)!];
  return {
    W: layer.make('W', filter, weightsInit, true),
    b: layer.make('b', width, biasInit),
    W_T: layer.make('W_T', width, weightsInit),
    b_T: layer.make('b_T', width, constantInitializer(-3)),
  };
}

/** For images [N, H, W, C]. @tensorflow tflearn.highway_conv_2d */
export function highwayConv2d(
  incoming: Tensor,
  nbFilter: number,
  filterSize: Size,
  options: HighwayConvOptions = {},
): LayerTensor {
  shapeOfRank(incoming, 4);
  const filter = [...filterWindow(filterSize, 2), channelsOf(incoming), nbFilter];
  const strides = window(options.strides ?? 1, 2, 'strides');
  const padding = paddingOf(options.padding ?? 'same');
  return inLayer(options, 'HighwayConv2D', (layer) => {
    const made = variablesOf(layer, filter, options);
    const active = activations.get(options.activation ?? 'linear');
    const plain = conv2d(incoming, made.W, { strides, padding });
    const H = active(plain.add(made.b));
    const T = sigmoid(multiply(plain, made.W_T).add(made.b_T));
    const C = subtract(1, T);
    const y = add(multiply(H, T), multiply(plain, C));
    return Object.assign(activated(y), made);
  });
}

/** For sequences [N, W, C]. @tensorflow tflearn.highway_conv_1d */
export function highwayConv1d(
  incoming: Tensor,
  nbFilter: number,
  filterSize: Size,
  options: HighwayConvOptions = {},
): LayerTensor {
  shapeOfRank(incoming, 3);
  const filter = [filterWindow(filterSize, 2)[0]!, 1, channelsOf(incoming), nbFilter];
  // The stride along the sequence is 1 whatever is asked for, as in TFLearn.
  const [, , across] = window(options.strides ?? 1, 2, 'strides');
  const strides = [1, 1, across!, 1];
  const padding = paddingOf(options.padding ?? 'same');
  return inLayer(options, 'HighwayConv1D', (layer) => {
    const made = variablesOf(layer, filter, options);
    const active = activations.get(options.activation ?? 'linear');
    const plain = conv2d(expandDims(incoming, i32(2)), made.W, { strides, padding });
    const H = active(squeeze(plain.add(made.b), [2]));
    const T = sigmoid(squeeze(multiply(plain, made.W_T).add(made.b_T), [2]));
    const C = subtract(1, T);
    const [gated, rest] = [multiply(H, T), multiply(squeeze(plain, [2]), C)];
    return Object.assign(activated(add(gated, rest)), made);
  });
}
