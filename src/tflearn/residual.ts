/** @file TFLearn's blocks of convolutions with shortcuts: residual nets, ResNeXt, DenseNet. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { i32 } from '../ops/expect';
import { concat } from '../ops/join';
import { pad } from '../ops/pad';
import { variableScope } from '../ops/variable_scope';
import type { Activation } from './activations';
import { type ConvOptions, conv2d, groupedConv2d } from './conv';
import { channelsOf, type WeightOptions } from './layer_scope';
import { activation, dropout } from './layers';
import { batchNormalization } from './normalization';
import { avgPool2d } from './pooling';

export interface BlockOptions extends WeightOptions {
  /** Each block halves the images, or what downsampleStrides says. */
  readonly downsample?: boolean | undefined;
  readonly downsampleStrides?: number | undefined;
  readonly activation?: Activation | undefined;
  readonly batchNorm?: boolean | undefined;
  readonly bias?: boolean | undefined;
}
const DEFAULTS = { weightsInit: 'variance_scaling', regularizer: 'L2', weightDecay: 0.0001 } as const;

/** What the block's convolutions have in common. */
function common(options: BlockOptions): ConvOptions {
  const { bias, weightsInit = DEFAULTS.weightsInit, biasInit, trainable, restore } = options;
  const { regularizer = DEFAULTS.regularizer, weightDecay = DEFAULTS.weightDecay } = options;
  return { bias, weightsInit, biasInit, regularizer, weightDecay, trainable, restore };
}
function inBlock(options: BlockOptions, title: string, body: () => Tensor): Tensor {
  const { scope = null, name = title, reuse = false } = options;
  return variableScope(scope as never, { defaultName: name, reuse }, body);
}
/** Normalization, where wanted, and the activation. */
const activatedBy =
  ({ batchNorm = true, activation: kind = 'relu' }: BlockOptions) =>
  (x: Tensor): Tensor =>
    activation(batchNorm ? batchNormalization(x) : x, kind);
/** The shortcut with zeros for the channels it lacks. */
function widened(x: Tensor, from: number, to: number): Tensor {
  const extra = Math.floor((to - from) / 2);
  const paddings = [...Array.from({ length: 3 }, () => [0, 0]), [extra, extra]];
  return pad(x, i32(paddings));
}

/** Blocks of two convolutions with a shortcut each. @tensorflow tflearn.residual_block */
export function residualBlock(
  incoming: Tensor,
  nbBlocks: number,
  outChannels: number,
  options: BlockOptions = {},
): Tensor {
  const strides = options.downsample ? (options.downsampleStrides ?? 2) : 1;
  const [conv, active] = [common(options), activatedBy(options)];
  return inBlock(options, 'ResidualBlock', () => {
    let [x, channels] = [incoming, channelsOf(incoming)];
    for (let i = 0; i < nbBlocks; i++) {
      let shortcut = x;
      x = conv2d(active(x), outChannels, 3, { ...conv, strides });
      x = conv2d(active(x), outChannels, 3, conv);
      if (strides > 1) shortcut = avgPool2d(shortcut, strides, { strides });
      if (channels !== outChannels) shortcut = widened(shortcut, channels, outChannels);
      channels = outChannels;
      x = x.add(shortcut);
    }
    return x;
  });
}

/**
 * Blocks of three convolutions, the middle one with few channels; as tflearn.residual_bottleneck, which adds a shortcut
 * only where the number of channels changes.
 * @tensorflow tflearn.residual_bottleneck
 */
export function residualBottleneck(
  incoming: Tensor,
  nbBlocks: number,
  bottleneckSize: number,
  outChannels: number,
  options: BlockOptions = {},
): Tensor {
  const strides = options.downsample ? (options.downsampleStrides ?? 2) : 1;
  const [conv, active, kind] = [common(options), activatedBy(options), options.activation ?? 'relu'];
  return inBlock(options, 'ResidualBottleneck', () => {
    let [x, channels] = [incoming, channelsOf(incoming)];
    for (let i = 0; i < nbBlocks; i++) {
      let shortcut = x;
      x = conv2d(active(x), bottleneckSize, 1, { ...conv, strides, padding: 'valid' });
      x = conv2d(active(x), bottleneckSize, 3, conv);
      x = conv2d(x, outChannels, 1, { ...conv, padding: 'valid', activation: kind });
      if (strides > 1) shortcut = avgPool2d(shortcut, strides, { strides });
      if (channels === outChannels) continue;
      shortcut = widened(shortcut, channels, outChannels);
      channels = outChannels;
      x = activation(x.add(shortcut), kind);
    }
    return x;
  });
}

/** How wide a ResNeXt block's middle is for each cardinality. */
const WIDTHS: Readonly<Record<number, number>> = { 1: 64, 2: 40, 4: 24, 8: 14, 32: 4 };
/**
 * Blocks whose middle convolution is done for each channel apart. Raises Assertion for other cardinalities.
 * @tensorflow tflearn.resnext_block
 */
export function resnextBlock(
  incoming: Tensor,
  nbBlocks: number,
  outChannels: number,
  cardinality: number,
  options: BlockOptions = {},
): Tensor {
  const width = WIDTHS[cardinality];
  if (width === undefined) throw new GraphError('Assertion', 'cardinality must be in [1, 2, 4, 8, 32]');
  const strides = options.downsample ? (options.downsampleStrides ?? 2) : 1;
  const [conv, kind, { trainable, batchNorm = true }] = [common(options), options.activation ?? 'relu', options];
  const normal = (x: Tensor): Tensor => (batchNorm ? batchNormalization(x, { trainable }) : x);
  return inBlock(options, 'ResNeXtBlock', () => {
    let [x, channels] = [incoming, channelsOf(incoming)];
    for (let i = 0; i < nbBlocks; i++) {
      let shortcut = x;
      x = conv2d(x, width, 1, { ...conv, strides, padding: 'valid' });
      x = activation(normal(x), kind);
      x = groupedConv2d(x, cardinality, 3, { ...conv, bias: false });
      x = activation(normal(x), kind);
      x = normal(conv2d(x, outChannels, 1, { ...conv, padding: 'valid', activation: kind }));
      if (strides > 1) shortcut = avgPool2d(shortcut, 1, { strides });
      if (channels !== outChannels) shortcut = widened(shortcut, channels, outChannels);
      channels = outChannels;
      x = activation(x.add(shortcut), kind);
    }
    return x;
  });
}

export interface DenseNetOptions extends BlockOptions {
  /** A convolution of one cell before each of three. */
  readonly bottleneck?: boolean | undefined;
  readonly dropout?: boolean | undefined;
  readonly dropoutKeepProb?: number | undefined;
}
/** Layers that each see all those before them. @tensorflow tflearn.densenet_block */
export function densenetBlock(
  incoming: Tensor,
  nbLayers: number,
  growth: number,
  options: DenseNetOptions = {},
): Tensor {
  const { bottleneck = true, downsample = true, downsampleStrides: strides = 2, dropoutKeepProb = 0.5 } = options;
  const [conv, active] = [common(options), activatedBy(options)];
  return inBlock(options, 'DenseNetBlock', () => {
    let x = incoming;
    for (let i = 0; i < nbLayers; i++) {
      const before = x;
      if (bottleneck) x = conv2d(active(x), growth, 1, conv);
      x = conv2d(active(x), growth, 3, conv);
      x = concat([x, before], i32(3));
    }
    x = conv2d(active(x), growth, 1, conv);
    if (options.dropout) x = dropout(x, dropoutKeepProb);
    return downsample ? avgPool2d(x, 2, { strides }) : x;
  });
}
