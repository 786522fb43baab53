/** @file TFLearn's weight initializations, by function and by name. */
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
import { truncatedNormal as drawTruncated, randomNormal, randomUniform } from '../ops/random';
import { zeros as zerosOf } from '../ops/shape';
import type { DType } from '../value/dtype';
import type { FullShape } from '../value/shape';
import { byName } from './lookup';

/** Where a shape is given the answer is a tensor of that shape, otherwise an initializer. */
interface OfShape {
  readonly shape?: readonly number[] | undefined;
}
type Made<O> = O extends { readonly shape: readonly number[] } ? Tensor : Initializer;
const either = <O extends OfShape>(options: O, draw: (shape: readonly number[]) => Tensor, make: () => Initializer) =>
  (options.shape?.length ? draw(options.shape) : make()) as Made<O>;

/** As tflearn.initializations.zeros. @tensorflow tflearn.initializations.zeros */
export const zeros = <O extends OfShape>(options: O = {} as O): Made<O> =>
  either(
    options,
    (shape) => zerosOf([...shape]),
    () => constantInitializer(0),
  );
/** In [0, 1) unless bounded otherwise. @tensorflow tflearn.initializations.uniform */
export const uniform = <O extends RandomUniformOptions & OfShape>(options: O = {} as O): Made<O> =>
  either(
    options,
    (shape) => randomUniform(shape, { minval: 0, ...options }),
    () => randomUniformInitializer(options),
  );
/**
 * Within sqrt(3 / inputs); `factor` is for tensors only, as there.
 * @tensorflow tflearn.initializations.uniform_scaling
 */
export const uniformScaling = <O extends SeededOptions & OfShape & { readonly factor?: number }>(
  options: O = {} as O,
): Made<O> =>
  either(
    options,
    (shape) => {
      const limit = Math.sqrt(3 / shape.slice(0, -1).reduce((n, d) => n * d, 1)) * (options.factor ?? 1);
      return randomUniform(shape, { minval: -limit, maxval: limit, seed: options.seed, dtype: options.dtype });
    },
    () => uniformUnitScalingInitializer(options),
  );
const NARROW = { mean: 0, stddev: 0.02 };
/** Mean 0 and deviation 0.02 by default. @tensorflow tflearn.initializations.normal */
export const normal = <O extends RandomNormalOptions & OfShape>(options: O = {} as O): Made<O> =>
  either(
    options,
    (shape) => randomNormal(shape, { ...NARROW, ...options }),
    () => randomNormalInitializer({ ...NARROW, ...options }),
  );
/** As `normal`, but within two deviations. @tensorflow tflearn.initializations.truncated_normal */
export const truncatedNormal = <O extends RandomNormalOptions & OfShape>(options: O = {} as O): Made<O> =>
  either(
    options,
    (shape) => drawTruncated(shape, { ...NARROW, ...options }),
    () => truncatedNormalInitializer({ ...NARROW, ...options }),
  );

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
/** Within sqrt(6 / (inputs + outputs)). @tensorflow tflearn.initializations.xavier */
export const xavier = ({
  uniform = true,
  ...seeded
}: Pick<FanScalingOptions, 'uniform'> & SeededOptions = {}): Initializer =>
  new FanScaling({ factor: 1, mode: 'FAN_AVG', uniform, ...seeded });
/** He's initialization by default. @tensorflow tflearn.initializations.variance_scaling */
export const varianceScaling = (options: FanScalingOptions = {}): Initializer => new FanScaling(options);

const KINDS: Readonly<Record<string, () => Initializer>> = {
  zeros: () => zeros({}),
  uniform: () => uniform({}),
  uniform_scaling: () => uniformScaling({}),
  normal: () => normal({}),
  truncated_normal: () => truncatedNormal({}),
  xavier: () => xavier(),
  variance_scaling: () => varianceScaling(),
};

/** Raises Value for an unknown name; as tflearn.initializations.get. */
export const initialization = (name: string): Initializer => byName(KINDS, name, 'initializations')();
/** The initializer of that name, or the one given, as tflearn.initializations.get. */
export const get = (kind: string | Initializer): Initializer =>
  typeof kind === 'string' ? initialization(kind) : kind;
