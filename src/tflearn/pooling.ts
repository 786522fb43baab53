/** @file TFLearn's pooling layers, and larger images by repetition. */
import type { Tensor } from '../graph/operation';
import { constant } from '../ops/array';
import { i32 } from '../ops/expect';
import { resizeNearestNeighbor } from '../ops/image';
import { avgPool, maxPool, avgPool3d as nnAvgPool3d, maxPool3d as nnMaxPool3d, type PoolOptions } from '../ops/pooling';
import { reduceMax, reduceMean } from '../ops/reduce';
import { expandDims, squeeze } from '../ops/shape';
import { activated, type LayerTensor, listed, shapeOfRank } from './layer_scope';
import { type Padding, paddingOf, type Size, window } from './windows';

export interface PoolingOptions {
  /** How far windows lie apart; as far as they are large unless given. */
  readonly strides?: Size | null | undefined;
  readonly padding?: Padding | undefined;
  readonly name?: string | undefined;
}
type Pool = (value: Tensor, options: PoolOptions) => Tensor;

function pooled(incoming: Tensor, name: string, pool: (x: Tensor) => Tensor): LayerTensor {
  return incoming.graph.nameScope(name, (scope) => {
    const y: LayerTensor = activated(pool(incoming));
    y.scope = scope;
    return listed(y, name);
  });
}

const pool2d =
  (pool: Pool, title: string) =>
  (incoming: Tensor, kernelSize: Size, options: PoolingOptions = {}): LayerTensor => {
    shapeOfRank(incoming, 4);
    const ksize = window(kernelSize, 2, 'strides');
    const strides = options.strides ? window(options.strides, 2, 'strides') : ksize;
    const padding = paddingOf(options.padding ?? 'same');
    return pooled(incoming, options.name ?? title, (x) => pool(x, { ksize, strides, padding }));
  };
/** The greatest cell of each window of images. Raises Assertion for other ranks. @tensorflow tflearn.max_pool_2d */
export const maxPool2d = pool2d((x, o) => maxPool(x, o), 'MaxPool2D');
/** The mean of each window of images. @tensorflow tflearn.avg_pool_2d */
export const avgPool2d = pool2d((x, o) => avgPool(x, o), 'AvgPool2D');

/** Strides of averages keep TFLearn's second dimension, where there is one cell only. */
const pool1d =
  (pool: Pool, title: string, narrow: boolean) =>
  (incoming: Tensor, kernelSize: Size, options: PoolingOptions = {}): LayerTensor => {
    shapeOfRank(incoming, 3);
    const ksize = [1, window(kernelSize, 2, 'strides')[1]!, 1, 1];
    let strides = options.strides ? window(options.strides, 2, 'strides') : ksize;
    if (narrow) strides = [1, strides[1]!, 1, 1];
    const padding = paddingOf(options.padding ?? 'same');
    return pooled(incoming, options.name ?? title, (x) =>
      squeeze(pool(expandDims(x, i32(2)), { ksize, strides, padding }), [2]),
    );
  };
/** The greatest cell of each window of sequences. @tensorflow tflearn.max_pool_1d */
export const maxPool1d = pool1d((x, o) => maxPool(x, o), 'MaxPool1D', true);
/** The mean of each window of sequences. @tensorflow tflearn.avg_pool_1d */
export const avgPool1d = pool1d((x, o) => avgPool(x, o), 'AvgPool1D', false);

const pool3d =
  (pool: Pool, title: string) =>
  (incoming: Tensor, kernelSize: Size, options: PoolingOptions = {}): LayerTensor => {
    shapeOfRank(incoming, 5);
    const ksize = window(kernelSize, 3, 'kernel');
    const strides = window(options.strides ?? 1, 3, 'strides');
    const padding = paddingOf(options.padding ?? 'same');
    return pooled(incoming, options.name ?? title, (x) => pool(x, { ksize, strides, padding }));
  };
/** The greatest cell of each window of volumes, one cell apart unless told. @tensorflow tflearn.max_pool_3d */
export const maxPool3d = pool3d((x, o) => nnMaxPool3d(x, o), 'MaxPool3D');
/** The mean of each window of volumes. @tensorflow tflearn.avg_pool_3d */
export const avgPool3d = pool3d((x, o) => nnAvgPool3d(x, o), 'AvgPool3D');

const global =
  (reduce: typeof reduceMax, title: string) =>
  (incoming: Tensor, { name = title }: { readonly name?: string | undefined } = {}): LayerTensor => {
    shapeOfRank(incoming, 4);
    return listed(
      incoming.graph.nameScope(name, () => reduce(incoming, [1, 2])),
      name,
    );
  };
/** The greatest cell of each channel, as tflearn.layers.conv.global_max_pool. */
export const globalMaxPool = global((...args) => reduceMax(...args), 'GlobalMaxPool');
/** The mean of each channel. @tensorflow tflearn.global_avg_pool */
export const globalAvgPool = global((...args) => reduceMean(...args), 'GlobalAvgPool');

/** Each pixel repeated in a window of that size. @tensorflow tflearn.upsample_2d */
export function upsample2d(
  incoming: Tensor,
  kernelSize: Size,
  { name = 'UpSample2D' }: { readonly name?: string | undefined } = {},
): LayerTensor {
  const [, height, width] = shapeOfRank(incoming, 4);
  const [, rows, columns] = window(kernelSize, 2, 'strides') as [number, number, number];
  return incoming.graph.nameScope(name, (scope) => {
    const size = constant(i32([rows, columns])).rmul(i32([height!, width!]));
    const y: LayerTensor = resizeNearestNeighbor(incoming, size);
    y.setShape([null, height! * rows, width! * columns, null]);
    y.scope = scope;
    return listed(y, name);
  });
}
/** The same. @tensorflow tflearn.deconv_2d */
export const deconv2d = upsample2d;
