/** @file How variables begin: zeros, constants, random numbers scaled by the size of a layer. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { type FullShape, sameShape, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { constant, ones, zeros } from './array';
import {
  type Arguments,
  FloatInitializer,
  Initializer,
  type InitializerOptions,
  named,
  type SeededOptions,
} from './initializer';
import { randomNormal, randomUniform, truncatedNormal } from './random';
import type { SeedLike } from './seed';

export { Initializer } from './initializer';
export { callInitializer } from './variable_store';

// ---- constants ----------------------------------------------------------------------------------------------------

export class Zeros extends Initializer {
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    return zeros(shape, { dtype });
  }
}
export class Ones extends Initializer {
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    return ones(shape, { dtype });
  }
}

export interface ConstantInitializerOptions extends InitializerOptions {
  /** true: the value must have exactly the shape asked for. */
  readonly verifyShape?: boolean | undefined;
}
/** A number, or lists of them in the variable's order; the last one fills up what is missing. */
export class Constant extends Initializer {
  readonly value: Nested | Value;
  readonly #verifyShape: boolean;
  constructor(value: Nested | Value = 0, options: ConstantInitializerOptions = {}) {
    super(options);
    const isPlain =
      typeof value === 'object' ? Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Value : true;
    if (!isPlain || value === null || value === undefined) {
      throw new GraphError(
        'Type',
        `Invalid type for initial value: ${typeof value} (expected Python scalar, list or tuple of values, or numpy.ndarray).`,
      );
    }
    this.value = value;
    this.#verifyShape = options.verifyShape ?? false;
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    const value = Value.from(this.value, dtype);
    if (this.#verifyShape && !sameShape(value.shape, shape)) {
      throw new GraphError('Type', `Expected Tensor's shape: ${tupleShape(shape)}, got ${tupleShape(value.shape)}.`);
    }
    return constant(value, { shape });
  }
  override getConfig(): Record<string, unknown> {
    return { value: this.value, dtype: this.dtype };
  }
}

// ---- random numbers -----------------------------------------------------------------------------------------------

export interface RandomUniformOptions extends SeededOptions {
  readonly minval?: number | undefined;
  readonly maxval?: number | null | undefined;
}
/** In [minval, maxval), [0, 1) by default; integers too. */
export class RandomUniform extends Initializer {
  readonly minval: number;
  readonly maxval: number | null;
  readonly seed: SeedLike;
  constructor({ minval = 0, maxval = null, seed = null, ...options }: RandomUniformOptions = {}) {
    super(options);
    this.minval = minval;
    this.maxval = maxval;
    this.seed = seed;
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    const { minval, maxval, seed } = this;
    return randomUniform(shape, { minval, maxval, dtype, seed });
  }
  override getConfig(): Record<string, unknown> {
    return { minval: this.minval, maxval: this.maxval, seed: this.seed, dtype: this.dtype };
  }
}

export interface RandomNormalOptions extends SeededOptions {
  readonly mean?: number | undefined;
  readonly stddev?: number | undefined;
}
export class RandomNormal extends FloatInitializer {
  readonly mean: number;
  readonly stddev: number;
  constructor({ mean = 0, stddev = 1, ...options }: RandomNormalOptions = {}) {
    super(options);
    this.mean = mean;
    this.stddev = stddev;
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    return randomNormal(shape, { mean: this.mean, stddev: this.stddev, dtype, seed: this.seed });
  }
  override getConfig(): Record<string, unknown> {
    return { mean: this.mean, stddev: this.stddev, seed: this.seed, dtype: this.dtype };
  }
}
/** Normal numbers, redrawn where more than two deviations off. */
export class TruncatedNormal extends RandomNormal {
  override call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    return truncatedNormal(shape, { mean: this.mean, stddev: this.stddev, dtype, seed: this.seed });
  }
}

export interface UniformUnitScalingOptions extends SeededOptions {
  readonly factor?: number | undefined;
}
/** Keeps the scale of what goes through: uniform within sqrt(3 / inputs) * factor. */
export class UniformUnitScaling extends FloatInitializer {
  readonly factor: number;
  constructor({ factor = 1, ...options }: UniformUnitScalingOptions = {}) {
    super(options);
    this.factor = factor;
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    const inputs = Math.max(
      shape.slice(0, -1).reduce((n, d) => n * d, 1),
      1,
    );
    const limit = Math.sqrt(3 / inputs) * this.factor;
    return randomUniform(shape, { minval: -limit, maxval: limit, dtype, seed: this.seed });
  }
  override getConfig(): Record<string, unknown> {
    return { factor: this.factor, seed: this.seed, dtype: this.dtype };
  }
}

const MODES = ['fan_in', 'fan_out', 'fan_avg'] as const;
const DISTRIBUTIONS = ['normal', 'uniform', 'truncated_normal', 'untruncated_normal'] as const;
export interface VarianceScalingOptions extends SeededOptions {
  readonly scale?: number | undefined;
  readonly mode?: (typeof MODES)[number] | undefined;
  readonly distribution?: (typeof DISTRIBUTIONS)[number] | undefined;
}
/** The deviation of a standard normal that is cut off at two deviations. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/** Variance scale / n, where n is the number of inputs, of outputs, or their average. */
export class VarianceScaling extends FloatInitializer {
  readonly scale: number;
  readonly mode: (typeof MODES)[number];
  readonly distribution: (typeof DISTRIBUTIONS)[number];
  constructor(options: VarianceScalingOptions = {}) {
    super(options);
    this.scale = options.scale ?? 1;
    this.mode = options.mode ?? 'fan_in';
    this.distribution = (options.distribution ?? 'truncated_normal').toLowerCase() as (typeof DISTRIBUTIONS)[number];
    if (this.scale <= 0) throw new GraphError('Value', '`scale` must be positive float.');
    if (!MODES.includes(this.mode)) throw new GraphError('Value', `('Invalid \`mode\` argument:', '${this.mode}')`);
    if (!DISTRIBUTIONS.includes(this.distribution)) {
      throw new GraphError('Value', `('Invalid \`distribution\` argument:', '${this.distribution}')`);
    }
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    const { mode, distribution, seed } = this;
    const [fanIn, fanOut] = fansOf(shape);
    const n = mode === 'fan_in' ? fanIn : mode === 'fan_out' ? fanOut : (fanIn + fanOut) / 2;
    const scale = this.scale / Math.max(1, n);
    if (distribution === 'uniform') {
      const limit = Math.sqrt(3 * scale);
      return randomUniform(shape, { minval: -limit, maxval: limit, dtype, seed });
    }
    if (distribution === 'untruncated_normal') return randomNormal(shape, { stddev: Math.sqrt(scale), dtype, seed });
    return truncatedNormal(shape, { stddev: Math.sqrt(scale) / TRUNCATED_DEVIATION, dtype, seed });
  }
  override getConfig(): Record<string, unknown> {
    const { scale, mode, distribution, seed, dtype } = this;
    return { scale, mode, distribution, seed, dtype };
  }
}
/** Inputs and outputs of a unit whose weights have this shape: the leading sizes are a convolution's window. */
function fansOf(shape: FullShape): [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const field = shape.slice(0, -2).reduce((n, d) => n * d, 1);
  return [shape.at(-2)! * field, shape.at(-1)! * field];
}

/** Uniform within sqrt(6 / (inputs + outputs)): what getVariable takes where it is given nothing. */
export class GlorotUniform extends VarianceScaling {
  constructor({ seed }: SeededOptions = {}) {
    super({ scale: 1, mode: 'fan_avg', distribution: 'uniform', seed });
  }
  override getConfig(): Record<string, unknown> {
    return { seed: this.seed, dtype: this.dtype };
  }
}
export class GlorotNormal extends VarianceScaling {
  constructor({ seed }: SeededOptions = {}) {
    super({ scale: 1, mode: 'fan_avg', distribution: 'truncated_normal', seed });
  }
  override getConfig(): Record<string, unknown> {
    return { seed: this.seed, dtype: this.dtype };
  }
}

// ---- as functions, under tf.* and tf.initializers.* ---------------------------------------------------------------

/** All zeros. @tensorflow tf.zeros_initializer */
export const zerosInitializer = (options?: InitializerOptions): Zeros => new Zeros(options);
/** All ones. @tensorflow tf.ones_initializer */
export const onesInitializer = (options?: InitializerOptions): Ones => new Ones(options);
/** One value for all cells, or a list of values. @tensorflow tf.constant_initializer */
export const constantInitializer = (value?: Nested | Value, options?: ConstantInitializerOptions): Constant =>
  new Constant(value, options);
/** (minval, maxval, seed, dtype) or an object of these. @tensorflow tf.random_uniform_initializer */
export const randomUniformInitializer = (...given: Arguments<RandomUniformOptions>): RandomUniform =>
  new RandomUniform(named(['minval', 'maxval', 'seed', 'dtype'], given));
/** (mean, stddev, seed, dtype) or an object of these. @tensorflow tf.random_normal_initializer */
export const randomNormalInitializer = (...given: Arguments<RandomNormalOptions>): RandomNormal =>
  new RandomNormal(named(['mean', 'stddev', 'seed', 'dtype'], given));
/** (mean, stddev, seed, dtype) or an object of these. @tensorflow tf.truncated_normal_initializer */
export const truncatedNormalInitializer = (...given: Arguments<RandomNormalOptions>): TruncatedNormal =>
  new TruncatedNormal(named(['mean', 'stddev', 'seed', 'dtype'], given));
/**
 * Uniform within factor * sqrt(3 / inputs): (factor, seed, dtype) or an object of these.
 * @tensorflow tf.uniform_unit_scaling_initializer
 */
export const uniformUnitScalingInitializer = (...given: Arguments<UniformUnitScalingOptions>): UniformUnitScaling =>
  new UniformUnitScaling(named(['factor', 'seed', 'dtype'], given));
/**
 * Random with variance scale / fan: (scale, mode, distribution, seed, dtype) or an object of these.
 * @tensorflow tf.variance_scaling_initializer
 */
export const varianceScalingInitializer = (...given: Arguments<VarianceScalingOptions>): VarianceScaling =>
  new VarianceScaling(named(['scale', 'mode', 'distribution', 'seed', 'dtype'], given));
/** Uniform within sqrt(6 / (inputs + outputs)). @tensorflow tf.glorot_uniform_initializer */
export const glorotUniformInitializer = (...given: Arguments<SeededOptions>): GlorotUniform =>
  new GlorotUniform(named(['seed', 'dtype'], given));
/** Truncated normal with variance 2 / (inputs + outputs). @tensorflow tf.glorot_normal_initializer */
export const glorotNormalInitializer = (...given: Arguments<SeededOptions>): GlorotNormal =>
  new GlorotNormal(named(['seed', 'dtype'], given));
const scaling =
  (scale: number, distribution: 'uniform' | 'truncated_normal') =>
  (...given: Arguments<SeededOptions>): VarianceScaling =>
    new VarianceScaling({ scale, mode: 'fan_in', distribution, seed: named<SeededOptions>(['seed'], given).seed });
/** Uniform with variance 2 / inputs. @tensorflow tf.initializers.he_uniform */
export const heUniform = scaling(2, 'uniform');
/** Truncated normal with variance 2 / inputs. @tensorflow tf.initializers.he_normal */
export const heNormal = scaling(2, 'truncated_normal');
/** Uniform with variance 1 / inputs. @tensorflow tf.initializers.lecun_uniform */
export const lecunUniform = scaling(1, 'uniform');
/** Truncated normal with variance 1 / inputs. @tensorflow tf.initializers.lecun_normal */
export const lecunNormal = scaling(1, 'truncated_normal');
