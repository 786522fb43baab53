/** @file Initializers of tf.contrib.layers, scaled by the number of a layer's inputs and outputs. */
import { GraphError } from '../../errors';
import type { Tensor } from '../../graph/operation';
import { Initializer, type SeededOptions } from '../../ops/initializer';
import { randomUniform, truncatedNormal } from '../../ops/random';
import type { SeedLike } from '../../ops/seed';
import { type DType, isFloating } from '../../value/dtype';

export interface XavierOptions extends SeededOptions {
  /** false draws from a truncated normal distribution. */
  readonly uniform?: boolean | undefined;
}
type Mode = 'FAN_IN' | 'FAN_OUT' | 'FAN_AVG';
export interface ContribVarianceScalingOptions extends XavierOptions {
  readonly factor?: number | undefined;
  readonly mode?: Mode | undefined;
}

class VarianceScaling extends Initializer {
  readonly #factor: number;
  readonly #mode: Mode;
  readonly #uniform: boolean;
  readonly #seed: SeedLike;

  constructor(options: ContribVarianceScalingOptions) {
    super(options);
    this.#factor = options.factor ?? 2;
    this.#mode = options.mode ?? 'FAN_IN';
    this.#uniform = options.uniform ?? false;
    this.#seed = options.seed ?? null;
    checkFloating(this.dtype);
    if (['FAN_IN', 'FAN_OUT', 'FAN_AVG'].includes(this.#mode)) return;
    throw new GraphError('Type', `Unknown mode ${this.#mode} [FAN_IN, FAN_OUT, FAN_AVG]`);
  }

  call(shape: readonly number[], dtype: DType = this.dtype): Tensor {
    checkFloating(dtype);
    const [inputs, outputs] = fans(shape);
    const n = { FAN_IN: inputs, FAN_OUT: outputs, FAN_AVG: (inputs + outputs) / 2 }[this.#mode];
    const common = { dtype, seed: this.#seed };
    if (!this.#uniform)
      return truncatedNormal(shape, { mean: 0, stddev: Math.sqrt((1.3 * this.#factor) / n), ...common });
    const limit = Math.sqrt((3 * this.#factor) / n);
    return randomUniform(shape, { minval: -limit, maxval: limit, ...common });
  }
}

function checkFloating(dtype: DType): void {
  if (isFloating(dtype)) return;
  throw new GraphError('Type', 'Cannot create initializer for non-floating point type.');
}
/** How many inputs feed a cell of the output, and the other way round. */
function fans(shape: readonly number[]): [inputs: number, outputs: number] {
  if (shape.length === 0) return [1, 1];
  const field = shape.slice(0, -2).reduce((n, d) => n * d, 1);
  const last = shape.at(-1)!;
  return [(shape.at(-2) ?? last) * field, last * field];
}

/**
 * Draws with variance factor / n, n the inputs of a cell, its outputs, or their mean; the dtype must be floating (Type).
 * @tensorflow tf.contrib.layers.variance_scaling_initializer
 */
export const varianceScalingInitializer = (options: ContribVarianceScalingOptions = {}): Initializer =>
  new VarianceScaling(options);
/**
 * Draws so that the scale of gradients is about the same in all layers.
 * @tensorflow tf.contrib.layers.xavier_initializer
 */
export const xavierInitializer = ({ uniform = true, ...options }: XavierOptions = {}): Initializer =>
  new VarianceScaling({ factor: 1, mode: 'FAN_AVG', uniform, ...options });
/** xavierInitializer by another name. @tensorflow tf.contrib.layers.xavier_initializer_conv2d */
export const xavierInitializerConv2d = xavierInitializer;
