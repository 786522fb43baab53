/** @file Batch normalization: statistics of the batch to train with, moving ones to predict with. */
import type { TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import type { Variable } from '../ops/variables';
import type { Shape } from '../value/shape';
import { Layer, type LayerOptions } from './base';
import type { TrainingOption } from './core';
import { Normalizer, type NormalizerOptions } from './normalizer';

export interface BatchNormalizationOptions extends LayerOptions, NormalizerOptions {}

/**
 * Batch normalization. Called with `training: true`, or with a tensor, the layer makes
 * the ops that move its averages and puts them into UPDATE_OPS. **Nothing runs them by itself**: make the train op under
 * `tf.controlDependencies(tf.getCollection(tf.GraphKeys.UPDATE_OPS), ...)`, or inference will use mean 0, variance 1.
 * @tensorflow tf.layers.BatchNormalization
 */
export class BatchNormalization extends Layer {
  readonly #normalizer: Normalizer;

  constructor(options: BatchNormalizationOptions = {}) {
    super('batch_normalization', options);
    this.#normalizer = new Normalizer(options, {
      dtype: () => this.dtype ?? 'float32',
      addWeight: (name, weight) => this.addWeight(name, weight),
      addUpdate: (make) => this.addUpdate(make),
    });
  }

  get gamma(): Variable | null {
    return this.#normalizer.gamma;
  }
  get beta(): Variable | null {
    return this.#normalizer.beta;
  }
  get movingMean(): Variable {
    return this.#normalizer.movingMean;
  }
  get movingVariance(): Variable {
    return this.#normalizer.movingVariance;
  }

  override apply(x: TensorLike, options: TrainingOption = {}): Tensor {
    return super.apply(x, options);
  }
  protected override build(shape: Shape): void {
    this.#normalizer.build(shape);
  }
  protected call(x: Tensor, { training = false }: TrainingOption): Tensor {
    return this.#normalizer.call(x, training);
  }
}

/** Batch normalization made and applied at once. @tensorflow tf.layers.batch_normalization */
export const batchNormalization = (x: TensorLike, options: BatchNormalizationOptions & TrainingOption = {}): Tensor =>
  new BatchNormalization(options).applyOnce(x, options);
