/** @file Pooling layers of tf.contrib.layers: the greatest or the mean of each window. */
import { convertToTensor, graphOf, type TensorLike } from '../../graph/convert';
import type { Tensor } from '../../graph/operation';
import { AveragePooling2D, AveragePooling3D, type MakePooling, MaxPooling2D, MaxPooling3D } from '../../layers/pooling';
import type { Sizes } from '../../layers/windows';
import { scoped } from '../framework/arg_scope';
import { collectNamedOutputs } from './outputs';
import { channels, checkFormat, type DataFormat, type OutputOptions } from './parameters';

export interface ContribPoolingOptions extends OutputOptions {
  /** 2 by default. */
  readonly stride?: Sizes | undefined;
  /** VALID by default. */
  readonly padding?: 'SAME' | 'VALID' | 'same' | 'valid' | undefined;
  readonly dataFormat?: DataFormat | 'NDHWC' | 'NCDHW' | undefined;
  readonly scope?: string | null | undefined;
}
/** What pooling takes: the stride may stand among the arguments or among the options. */
export interface Pool {
  (inputs: TensorLike, kernelSize: Sizes, options?: ContribPoolingOptions): Tensor;
  (inputs: TensorLike, kernelSize: Sizes, stride: Sizes, options?: ContribPoolingOptions): Tensor;
}

const pool = (kind: 'Max' | 'Avg', rank: 2 | 3, Kind: MakePooling): Pool =>
  scoped(
    (inputs: TensorLike, kernelSize: Sizes, stride: Sizes = 2, options: ContribPoolingOptions) => {
      const formats = rank === 2 ? ['NHWC', 'NCHW'] : ['NDHWC', 'NCDHW'];
      const { padding = 'VALID', dataFormat = formats[0]!, outputsCollections, scope } = options;
      checkFormat(dataFormat, formats);
      return graphOf([inputs]).nameScope(scope ?? `${kind}Pool${rank}D`, (own) => {
        const x = convertToTensor(inputs);
        const layer = new Kind(kernelSize, stride, { padding, dataFormat: channels(dataFormat), scope: own });
        return collectNamedOutputs(outputsCollections, own, layer.apply(x));
      });
    },
    {
      name: `${kind.toLowerCase()}_pool${rank}d`,
      positional: ['inputs', 'kernelSize', 'stride'],
      options: ['stride', 'padding', 'dataFormat', 'outputsCollections', 'scope'],
    },
  );
/** The greatest of each window of images. @tensorflow tf.contrib.layers.max_pool2d */
export const maxPool2d = pool('Max', 2, MaxPooling2D);
/** The mean of each window of images. @tensorflow tf.contrib.layers.avg_pool2d */
export const avgPool2d = pool('Avg', 2, AveragePooling2D);
/** The greatest of each window of volumes. @tensorflow tf.contrib.layers.max_pool3d */
export const maxPool3d = pool('Max', 3, MaxPooling3D);
/** The mean of each window of volumes. @tensorflow tf.contrib.layers.avg_pool3d */
export const avgPool3d = pool('Avg', 3, AveragePooling3D);
