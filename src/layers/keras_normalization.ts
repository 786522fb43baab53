/** @file Batch normalization of tf.keras, which looks like that of tf.layers and keeps its updates to itself. */
import type { TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import type { Variable } from '../ops/variables';
import type { Shape } from '../value/shape';
import { KerasLayer, type KerasLayerOptions, uniqueObjectName } from './keras';
import { learningPhase } from './learning_phase';
import { Normalizer, type NormalizerOptions } from './normalizer';
import type { Training } from './training_flag';

export interface KerasBatchNormalizationOptions extends KerasLayerOptions, NormalizerOptions {}
export interface KerasTrainingOption {
  /** Whether this is training; the learning phase says so where it is left out or null. */
  readonly training?: Training | null | undefined;
}

/**
 * Batch normalization over resource variables. Its update ops lie in `layer.updates` only: **UPDATE_OPS does not get
 * them**, so a train op that waits for UPDATE_OPS leaves the averages as they are. Let it wait for `layer.updates`.
 * @tensorflow tf.keras.layers.BatchNormalization
 */
export class BatchNormalization extends KerasLayer {
  readonly #normalizer: Normalizer;

  constructor(options: KerasBatchNormalizationOptions = {}) {
    super(options.name || uniqueObjectName('batch_normalization', true), options);
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

  override apply(x: TensorLike, options: KerasTrainingOption = {}): Tensor {
    return super.apply(x, options);
  }
  protected override build(shape: Shape): void {
    this.#normalizer.build(shape);
  }
  protected call(x: Tensor, { training }: KerasTrainingOption): Tensor {
    return this.#normalizer.call(x, training ?? learningPhase());
  }
}
