/** @file Convolution layers of one to three dimensions: plain, transposed and depthwise separable ones. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { shapeOf } from '../ops/array';
import { biasAdd } from '../ops/bias';
import {
  conv2d as images,
  conv2dTranspose as imagesBack,
  conv1d as rows,
  conv3d as volumes,
  conv3dTranspose as volumesBack,
} from '../ops/convolve';
import { separableConv2d as separable } from '../ops/depthwise';
import type { Initializer } from '../ops/initializer';
import { zerosInitializer } from '../ops/initializers';
import { stack } from '../ops/join';
import { transpose } from '../ops/permute';
import { expandDims, squeeze } from '../ops/shape';
import { spaceToBatchOp } from '../ops/space_to_batch';
import type { Variable } from '../ops/variables';
import type { Shape } from '../value/shape';
import { type Activation, type Constraint, Layer, type LayerOptions, type Regularizer } from './base';
import { formatOf, type Sizes, type SpatialOptions, sizesOf, upper } from './windows';

export interface BaseConvOptions extends LayerOptions, SpatialOptions {
  readonly strides?: Sizes | undefined;
  readonly activation?: Activation | undefined;
  readonly useBias?: boolean | undefined;
  readonly biasInitializer?: Initializer | null | undefined;
  readonly biasRegularizer?: Regularizer | null | undefined;
  readonly biasConstraint?: Constraint | null | undefined;
}
export interface ConvTransposeOptions extends BaseConvOptions {
  readonly kernelInitializer?: Initializer | null | undefined;
  readonly kernelRegularizer?: Regularizer | null | undefined;
  readonly kernelConstraint?: Constraint | null | undefined;
}
export interface ConvOptions extends ConvTransposeOptions {
  /** Holes between the kernel's cells; not together with strides. */
  readonly dilationRate?: Sizes | undefined;
}
export interface SeparableConvOptions extends BaseConvOptions {
  readonly dilationRate?: Sizes | undefined;
  /** Channels made of each input channel before they are mixed. */
  readonly depthMultiplier?: number | undefined;
  readonly depthwiseInitializer?: Initializer | null | undefined;
  readonly pointwiseInitializer?: Initializer | null | undefined;
  readonly depthwiseRegularizer?: Regularizer | null | undefined;
  readonly pointwiseRegularizer?: Regularizer | null | undefined;
  readonly depthwiseConstraint?: Constraint | null | undefined;
  readonly pointwiseConstraint?: Constraint | null | undefined;
}

/** What all of them share: sizes, the bias and the activation. */
abstract class BaseConv extends Layer {
  readonly rank: number;
  readonly filters: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: 'SAME' | 'VALID';
  readonly first: boolean;
  bias: Variable | null = null;
  readonly #options: BaseConvOptions;

  constructor(kind: string, rank: number, filters: number, kernelSize: Sizes, options: BaseConvOptions) {
    super(kind, options);
    this.rank = rank;
    this.filters = filters;
    this.kernelSize = sizesOf(kernelSize, rank, 'kernel_size');
    this.strides = sizesOf(options.strides ?? 1, rank, 'strides');
    this.padding = upper(options.padding);
    this.first = formatOf(options.dataFormat);
    this.#options = options;
  }

  /** The channels of the input; raises Value for another rank, or where they are not known. */
  protected channels(shape: Shape): number {
    if (shape !== null && shape.length !== this.rank + 2) {
      const full = `[${shape.map((d) => d ?? 'None').join(', ')}]`;
      throw new GraphError(
        'Value',
        `Input 0 of layer ${this.name} is incompatible with the layer: expected ndim=${this.rank + 2}, found ndim=${shape.length}. Full shape received: ${full}`,
      );
    }
    const d = shape?.at(this.first ? 1 : -1);
    if (d != null) return d;
    throw new GraphError('Value', 'The channel dimension of the inputs should be defined. Found `None`.');
  }
  protected addBias(): void {
    const { useBias = true, biasInitializer = zerosInitializer(), biasRegularizer, biasConstraint } = this.#options;
    if (!useBias) return;
    this.bias = this.addWeight('bias', {
      shape: [this.filters],
      initializer: biasInitializer,
      regularizer: biasRegularizer,
      constraint: biasConstraint,
    });
  }
  protected biased(y: Tensor): Tensor {
    return this.bias ? biasAdd(y, this.bias, { dataFormat: this.first ? 'NCHW' : 'NHWC' }) : y;
  }
  protected activated(y: Tensor): Tensor {
    return this.#options.activation ? this.#options.activation(y) : y;
  }
  /** A stride for each dimension of the tensor. */
  protected wide(strides: readonly number[]): number[] {
    return this.first ? [1, 1, ...strides] : [1, ...strides, 1];
  }
}

const FORMATS = [
  ['NWC', 'NCW'],
  ['NHWC', 'NCHW'],
  ['NDHWC', 'NCDHW'],
] as const;

class Conv extends BaseConv {
  readonly #options: ConvOptions;
  kernel!: Variable;
  #convolve!: (x: Tensor) => Tensor;

  constructor(rank: number, filters: number, kernelSize: Sizes, options: ConvOptions = {}) {
    super(`conv${rank}d`, rank, filters, kernelSize, options);
    this.#options = options;
  }

  protected override build(shape: Shape): void {
    const { kernelInitializer, kernelRegularizer, kernelConstraint, dilationRate = 1 } = this.#options;
    const kernelShape = [...this.kernelSize, this.channels(shape), this.filters];
    this.kernel = this.addWeight('kernel', {
      shape: kernelShape,
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    });
    this.addBias();
    const dataFormat = FORMATS[this.rank - 1]![this.first ? 1 : 0];
    const { strides } = this;
    this.#convolve = spaceToBatchOp(this.kernel.graph, {
      dilationRate: sizesOf(dilationRate, this.rank, 'dilation_rate'),
      padding: this.padding,
      filterShape: kernelShape,
      dataFormat,
      op: (x, padding) => {
        const kernel = this.kernel as TensorLike;
        if (this.rank === 1) return rows(x, kernel, { stride: strides, padding, dataFormat });
        return (this.rank === 2 ? images : volumes)(x, kernel, { strides, padding, dataFormat });
      },
    });
  }
  protected call(x: Tensor): Tensor {
    return this.activated(this.biased(this.#convolve(x)));
  }
}
/** A convolution of rows [N, W, C]. @tensorflow tf.layers.Conv1D */
export class Conv1D extends Conv {
  constructor(filters: number, kernelSize: Sizes, options: ConvOptions = {}) {
    super(1, filters, kernelSize, options);
  }
}
/** A convolution of images [N, H, W, C]. @tensorflow tf.layers.Conv2D */
export class Conv2D extends Conv {
  constructor(filters: number, kernelSize: Sizes, options: ConvOptions = {}) {
    super(2, filters, kernelSize, options);
  }
}
/** A convolution of volumes [N, D, H, W, C]. @tensorflow tf.layers.Conv3D */
export class Conv3D extends Conv {
  constructor(filters: number, kernelSize: Sizes, options: ConvOptions = {}) {
    super(3, filters, kernelSize, options);
  }
}

class ConvTranspose extends BaseConv {
  readonly #options: ConvTransposeOptions;
  kernel!: Variable;

  constructor(rank: 2 | 3, filters: number, kernelSize: Sizes, options: ConvTransposeOptions = {}) {
    super(`conv${rank}d_transpose`, rank, filters, kernelSize, options);
    this.#options = options;
  }

  protected override build(shape: Shape): void {
    const { kernelInitializer, kernelRegularizer, kernelConstraint } = this.#options;
    this.kernel = this.addWeight('kernel', {
      shape: [...this.kernelSize, this.filters, this.channels(shape)],
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    });
    this.addBias();
  }
  protected call(x: Tensor): Tensor {
    const { first, filters, strides } = this;
    const whole = shapeOf(x);
    const batch = whole.at(0);
    const inner = strides.map((_, d) => whole.at(d + (first ? 2 : 1)));
    const sizes: TensorLike[] = inner.map((size, d) => {
      const longer = size.mul(strides[d]!);
      return this.padding === 'SAME' ? longer : longer.add(this.#overlap(d));
    });
    const outer = stack(first ? [batch, filters, ...sizes] : [batch, ...sizes, filters]);
    const y = this.rank === 2 ? this.#images(x, outer) : this.#volumes(x, outer);
    const known = strides.map((s, d) => {
      const size = x.shape?.[d + (first ? 2 : 1)];
      return size == null ? null : size * s + (this.padding === 'SAME' ? 0 : this.#overlap(d));
    });
    const lead = x.shape?.[0] ?? null;
    y.setShape(first ? [lead, filters, ...known] : [lead, ...known, filters]);
    return this.activated(this.biased(y));
  }
  #volumes(x: Tensor, outer: Tensor): Tensor {
    const dataFormat = this.first ? 'NCDHW' : 'NDHWC';
    const options = { strides: this.wide(this.strides), padding: this.padding, dataFormat };
    return volumesBack(x, this.kernel as TensorLike, outer, options);
  }
  /** The kernel knows images only with the channels last. */
  #images(x: Tensor, outer: Tensor): Tensor {
    const options = { strides: [1, ...this.strides, 1], padding: this.padding, dataFormat: 'NHWC' };
    const kernel = this.kernel as TensorLike;
    if (!this.first) {
      outer.at(0); // Keras looks whether the batch is known
      return imagesBack(x, kernel, outer, options);
    }
    const last = transpose(x, [0, 2, 3, 1]);
    const sizes = stack([outer.at(0), outer.at(2), outer.at(3), outer.at(1)]);
    return transpose(imagesBack(last, kernel, sizes, options), [0, 3, 1, 2]);
  }
  /** By how much the last window goes beyond the last stride. */
  #overlap(d: number): number {
    return Math.max(this.kernelSize[d]! - this.strides[d]!, 0);
  }
}
/** The transpose of a convolution of images. @tensorflow tf.layers.Conv2DTranspose */
export class Conv2DTranspose extends ConvTranspose {
  constructor(filters: number, kernelSize: Sizes, options: ConvTransposeOptions = {}) {
    super(2, filters, kernelSize, options);
  }
}
/** The transpose of a convolution of volumes. @tensorflow tf.layers.Conv3DTranspose */
export class Conv3DTranspose extends ConvTranspose {
  constructor(filters: number, kernelSize: Sizes, options: ConvTransposeOptions = {}) {
    super(3, filters, kernelSize, options);
  }
}

class SeparableConv extends BaseConv {
  readonly #options: SeparableConvOptions;
  depthwiseKernel!: Variable;
  pointwiseKernel!: Variable;

  constructor(rank: 1 | 2, filters: number, kernelSize: Sizes, options: SeparableConvOptions = {}) {
    super(`separable_conv${rank}d`, rank, filters, kernelSize, options);
    this.#options = options;
  }

  protected override build(shape: Shape): void {
    const o = this.#options;
    const { depthMultiplier = 1 } = o;
    const depth = this.channels(shape);
    this.depthwiseKernel = this.addWeight('depthwise_kernel', {
      shape: [...this.kernelSize, depth, depthMultiplier],
      initializer: o.depthwiseInitializer,
      regularizer: o.depthwiseRegularizer,
      constraint: o.depthwiseConstraint,
    });
    this.pointwiseKernel = this.addWeight('pointwise_kernel', {
      shape: [...this.kernelSize.map(() => 1), depthMultiplier * depth, this.filters],
      initializer: o.pointwiseInitializer,
      regularizer: o.pointwiseRegularizer,
      constraint: o.pointwiseConstraint,
    });
    this.addBias();
  }
  protected call(x: Tensor): Tensor {
    const rate = sizesOf(this.#options.dilationRate ?? 1, this.rank, 'dilation_rate');
    const common = { padding: this.padding, dataFormat: this.first ? 'NCHW' : 'NHWC' } as const;
    const [deep, points] = [this.depthwiseKernel, this.pointwiseKernel] as unknown as [Tensor, Tensor];
    if (this.rank === 2) {
      const y = separable(x, deep, points, { ...common, strides: this.wide(this.strides), rate });
      return this.activated(this.biased(y));
    }
    const at = this.first ? 2 : 1; // rows are images of height 1
    const image = expandDims(x, at);
    const [kernel, mix] = [expandDims(deep, 0), expandDims(points, 0)];
    const strides = this.wide([...this.strides, ...this.strides]);
    const y = separable(image, kernel, mix, { ...common, strides, rate: [1, ...rate] });
    return this.activated(squeeze(this.biased(y), [at]));
  }
}
/** A separable convolution of rows. @tensorflow tf.layers.SeparableConv1D */
export class SeparableConv1D extends SeparableConv {
  constructor(filters: number, kernelSize: Sizes, options: SeparableConvOptions = {}) {
    super(1, filters, kernelSize, options);
  }
}
/** A convolution of each channel, then a mix of the channels. @tensorflow tf.layers.SeparableConv2D */
export class SeparableConv2D extends SeparableConv {
  constructor(filters: number, kernelSize: Sizes, options: SeparableConvOptions = {}) {
    super(2, filters, kernelSize, options);
  }
}

const applied =
  <O extends BaseConvOptions>(make: new (filters: number, kernelSize: Sizes, options?: O) => BaseConv) =>
  (x: TensorLike, filters: number, kernelSize: Sizes, options?: O): Tensor =>
    new make(filters, kernelSize, options).applyOnce(x);
/** Convolves [batch, width, channels] with new kernels, adds a bias, activates. @tensorflow tf.layers.conv1d */
export const conv1d = applied<ConvOptions>(Conv1D);
/** Convolves [batch, height, width, channels] with new kernels, adds a bias, activates. @tensorflow tf.layers.conv2d */
export const conv2d = applied<ConvOptions>(Conv2D);
/**
 * Convolves [batch, depth, height, width, channels] with new kernels, adds a bias, activates.
 * @tensorflow tf.layers.conv3d
 */
export const conv3d = applied<ConvOptions>(Conv3D);
/** The transpose of conv2d: makes images larger by strides. @tensorflow tf.layers.conv2d_transpose */
export const conv2dTranspose = applied<ConvTransposeOptions>(Conv2DTranspose);
/** The transpose of conv3d. @tensorflow tf.layers.conv3d_transpose */
export const conv3dTranspose = applied<ConvTransposeOptions>(Conv3DTranspose);
/**
 * A kernel per channel, then one across channels, over [batch, width, channels].
 * @tensorflow tf.layers.separable_conv1d
 */
export const separableConv1d = applied<SeparableConvOptions>(SeparableConv1D);
/** A kernel per channel, then one across channels, over images. @tensorflow tf.layers.separable_conv2d */
export const separableConv2d = applied<SeparableConvOptions>(SeparableConv2D);
