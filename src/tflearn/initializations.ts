/** @file TFLearn's weight initializations, by function and by name. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { FloatInitializer, type Initializer, type SeededOptions } from '../ops/initializer';
import {
  constantInitializer,
  type RandomNormalOptions,
  type RandomUniformOptions,
  randomNormalInitializer,
  randomUniformInitializer,
  truncatedNormalInitializer,
  uniformUnitScalingInitializer,
} from '../ops/initializers';
import { truncatedNormal as drawTruncated, randomUniform } from '../ops/random';
import type { DType } from '../value/dtype';
import type { FullShape } from '../value/shape';

export const zeros = (): Initializer => constantInitializer(0);
/** In [0, 1) unless bounded otherwise, as tflearn.initializations.uniform. */
export const uniform = (options: RandomUniformOptions = {}): Initializer => randomUniformInitializer(options);
export const uniformScaling = (options: SeededOptions = {}): Initializer => uniformUnitScalingInitializer(options);
/** Mean 0 and deviation 0.02 by default, as tflearn.initializations.normal. */
export const normal = (options: RandomNormalOptions = {}): Initializer =>
  randomNormalInitializer({ mean: 0, stddev: 0.02, ...options });
/** As `normal`, but within two deviations, as tflearn.initializations.truncated_normal. */
export const truncatedNormal = (options: RandomNormalOptions = {}): Initializer =>
  truncatedNormalInitializer({ mean: 0, stddev: 0.02, ...options });

export interface FanScalingOptions extends SeededOptions {
  readonly factor?: number | undefined;
  readonly mode?: 'FAN_IN' | 'FAN_OUT' | 'FAN_AVG' | undefined;
  readonly uniform?: boolean | undefined;
}
/** tf.contrib.layers' scaling by the number of inputs; its deviation before the cut differs from tf.initializers'. */
class FanScaling extends FloatInitializer {
  readonly #options: FanScalingOptions;
  constructor(options: FanScalingOptions) {
    super(options);
    this.#options = options;
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    const { factor = 2, mode = 'FAN_IN', uniform = false } = this.#options;
    const window = shape.slice(0, -2).reduce((n, d) => n * d, 1);
    const fanOut = (shape.at(-1) ?? 1) * window;
    const fanIn = (shape.at(-2) ?? shape.at(-1) ?? 1) * window;
    const n = { FAN_IN: fanIn, FAN_OUT: fanOut, FAN_AVG: (fanIn + fanOut) / 2 }[mode];
    const { seed } = this;
    if (!uniform) return drawTruncated(shape, { mean: 0, stddev: Math.sqrt((1.3 * factor) / n), dtype, seed });
    const limit = Math.sqrt((3 * factor) / n);
    return randomUniform(shape, { minval: -limit, maxval: limit, dtype, seed });
  }
}
/** Within sqrt(6 / (inputs + outputs)), as tflearn.initializations.xavier. */
export const xavier = ({
  uniform = true,
  ...seeded
}: Pick<FanScalingOptions, 'uniform'> & SeededOptions = {}): Initializer =>
  new FanScaling({ factor: 1, mode: 'FAN_AVG', uniform, ...seeded });
/** He's initialization by default, as tflearn.initializations.variance_scaling. */
export const varianceScaling = (options: FanScalingOptions = {}): Initializer => new FanScaling(options);

const KINDS: Readonly<Record<string, () => Initializer>> = {
  zeros,
  uniform,
  uniform_scaling: uniformScaling,
  normal,
  truncated_normal: truncatedNormal,
  xavier,
  variance_scaling: varianceScaling,
};

/** Raises Value for an unknown name; as tflearn.initializations.get. */
export function initialization(name: string): Initializer {
  const make = KINDS[name];
  if (!make)
    throw new GraphError('Value', `Unknown initialization '${name}': use one of ${Object.keys(KINDS).join(', ')}.`);
  return make();
}
