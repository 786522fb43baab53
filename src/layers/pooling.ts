/** @file Pooling layers: the greatest or the mean of each window. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { transpose } from '../ops/permute';
import { avgPool, avgPool3d, maxPool, maxPool3d } from '../ops/pooling';
import { expandDims, squeeze } from '../ops/shape';
import type { Shape } from '../value/shape';
import { Layer, type LayerOptions } from './base';
import { formatOf, type Sizes, type SpatialOptions, sizesOf, upper } from './windows';

export interface PoolingOptions extends LayerOptions, SpatialOptions {}

type Kind = 'max' | 'average';

export class Pooling extends Layer {
  readonly rank: number;
  readonly poolSize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: 'SAME' | 'VALID';
  readonly first: boolean;
  readonly #pool: typeof maxPool;

  constructor(kind: Kind, rank: number, poolSize: Sizes, strides: Sizes | null, options: PoolingOptions) {
    super(`${kind}_pooling${rank}d`, options);
    this.rank = rank;
    this.poolSize = sizesOf(poolSize, rank, 'pool_size');
    this.strides = sizesOf(strides ?? poolSize, rank, 'strides');
    this.padding = upper(options.padding);
    this.first = formatOf(options.dataFormat);
    const flat = kind === 'max' ? maxPool : avgPool;
    this.#pool = rank < 3 ? flat : kind === 'max' ? maxPool3d : avgPool3d;
  }

  protected override build(shape: Shape): void {
    if (shape === null || shape.length === this.rank + 2) return;
    const full = `[${shape.map((d) => d ?? 'None').join(', ')}]`;
    throw new GraphError(
      'Value',
      `Input 0 of layer ${this.name} is incompatible with the layer: expected ndim=${this.rank + 2}, found ndim=${shape.length}. Full shape received: ${full}`,
    );
  }
  protected call(x: Tensor): Tensor {
    const { rank, first } = this;
    if (rank === 1) {
      const at = first ? 3 : 2; // rows are images of width 1
      const image = expandDims(x, at);
      return squeeze(this.#last(image, [...this.poolSize, 1], [...this.strides, 1]), [at]);
    }
    if (rank === 2 || !first) return this.#over(x, this.poolSize, this.strides, first);
    return this.#last(x, this.poolSize, this.strides);
  }
  /** For kernels that know tensors only with the channels last. */
  #last(x: Tensor, size: readonly number[], strides: readonly number[]): Tensor {
    if (!this.first) return this.#over(x, size, strides, false);
    const places = size.map((_, i) => i + 2);
    const y = this.#over(transpose(x, [0, ...places, 1]), size, strides, false);
    return transpose(y, [0, size.length + 1, ...places.map((i) => i - 1)]);
  }
  #over(x: Tensor, size: readonly number[], strides: readonly number[], first: boolean): Tensor {
    const wide = (list: readonly number[]) => (first ? [1, 1, ...list] : [1, ...list, 1]);
    const dataFormat = this.rank === 3 ? 'NDHWC' : first ? 'NCHW' : 'NHWC';
    return this.#pool(x, { ksize: wide(size), strides: wide(strides), padding: this.padding, dataFormat });
  }
}

/** The constructor of one kind of pooling. `strides` are the size where they are null. */
export type MakePooling = new (poolSize: Sizes, strides?: Sizes | null, options?: PoolingOptions) => Pooling;
const layer = (kind: Kind, rank: number): MakePooling =>
  class extends Pooling {
    constructor(poolSize: Sizes, strides: Sizes | null = null, options: PoolingOptions = {}) {
      super(kind, rank, poolSize, strides, options);
    }
  };
/** A layer: the greatest of each window of [batch, width, channels]. @tensorflow tf.layers.MaxPooling1D */
export const MaxPooling1D = layer('max', 1);
/** A layer: the greatest of each window of [batch, height, width, channels]. @tensorflow tf.layers.MaxPooling2D */
export const MaxPooling2D = layer('max', 2);
/**
 * A layer: the greatest of each window of [batch, depth, height, width, channels].
 * @tensorflow tf.layers.MaxPooling3D
 */
export const MaxPooling3D = layer('max', 3);
/** A layer: the mean of each window of [batch, width, channels]. @tensorflow tf.layers.AveragePooling1D */
export const AveragePooling1D = layer('average', 1);
/** A layer: the mean of each window of [batch, height, width, channels]. @tensorflow tf.layers.AveragePooling2D */
export const AveragePooling2D = layer('average', 2);
/**
 * A layer: the mean of each window of [batch, depth, height, width, channels].
 * @tensorflow tf.layers.AveragePooling3D
 */
export const AveragePooling3D = layer('average', 3);

const applied =
  (make: MakePooling) =>
  (x: TensorLike, poolSize: Sizes, strides: Sizes | null = null, options: PoolingOptions = {}): Tensor =>
    new make(poolSize, strides, options).apply(x);
/** The greatest of each window of [batch, width, channels]. @tensorflow tf.layers.max_pooling1d */
export const maxPooling1d = applied(MaxPooling1D);
/** The greatest of each window of [batch, height, width, channels]. @tensorflow tf.layers.max_pooling2d */
export const maxPooling2d = applied(MaxPooling2D);
/** The greatest of each window of [batch, depth, height, width, channels]. @tensorflow tf.layers.max_pooling3d */
export const maxPooling3d = applied(MaxPooling3D);
/** The mean of each window of [batch, width, channels]. @tensorflow tf.layers.average_pooling1d */
export const averagePooling1d = applied(AveragePooling1D);
/** The mean of each window of [batch, height, width, channels]. @tensorflow tf.layers.average_pooling2d */
export const averagePooling2d = applied(AveragePooling2D);
/** The mean of each window of [batch, depth, height, width, channels]. @tensorflow tf.layers.average_pooling3d */
export const averagePooling3d = applied(AveragePooling3D);
