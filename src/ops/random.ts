/** @file Tensors of random numbers. */
import { GraphError } from '../errors';
import { convertToTensor, dtypeIn, graphOf, type TensorLike } from '../graph/convert';
import type { Graph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { type DType, isInteger } from '../value/dtype';
import { add } from './arithmetic';
import type { Named } from './array';
import { minus, times } from './operators';
import {
  Multinomial,
  ParameterizedTruncatedNormal,
  RandomShuffle,
  RandomStandardNormal,
  RandomUniform,
  RandomUniformInt,
  StatelessMultinomial,
  StatelessRandomNormal,
  StatelessRandomUniform,
  StatelessRandomUniformInt,
  StatelessTruncatedNormal,
  TruncatedNormal,
} from './random_ops';
import { getSeed, type SeedLike } from './seed';
import { isPlain } from './structure';

export { getSeed, setRandomSeed } from './seed';

/** Sizes: numbers are int32. */
function shapeTensor(shape: TensorLike, graph: Graph): Tensor {
  const isPlain = Array.isArray(shape) || typeof shape === 'number';
  const dtype = isPlain ? (dtypeIn(shape as TensorLike) ?? 'int32') : undefined;
  return convertToTensor(shape, { dtype, name: 'shape' }, graph);
}

export interface RandomOptions extends Named {
  /** Of the op; with setRandomSeed it may be left out. */
  readonly seed?: SeedLike;
  /** float32 by default. */
  readonly dtype?: DType | undefined;
}
export interface UniformOptions extends RandomOptions {
  readonly minval?: TensorLike | undefined;
  /** Not reached; 1 by default, must be given for integers. */
  readonly maxval?: TensorLike | null | undefined;
}
export interface NormalOptions extends RandomOptions {
  readonly mean?: TensorLike | undefined;
  readonly stddev?: TensorLike | undefined;
}

/** What Python takes by position here, then options. */
type TwoThen<O> =
  | readonly [options?: O]
  | readonly [first: TensorLike, options?: O]
  | readonly [first: TensorLike, second: TensorLike | null, options?: O];
function named<O extends object>(names: readonly (keyof O)[], given: TwoThen<O>): O {
  return Object.assign({}, ...given.map((x, i) => (isPlain(x) ? x : { [names[i]!]: x })));
}

// ---- uniform ------------------------------------------------------------------------------------------------------

const UNIFORM: readonly DType[] = ['float16', 'bfloat16', 'float32', 'float64', 'int32', 'int64'];
function checkUniform(dtype: DType, maxval: TensorLike | null | undefined): TensorLike {
  if (!UNIFORM.includes(dtype)) throw new GraphError('Value', `Invalid dtype tf.${dtype}`);
  if (maxval !== null && maxval !== undefined) return maxval;
  if (isInteger(dtype)) throw new GraphError('Value', `Must specify maxval for integer dtype tf.${dtype}`);
  return 1;
}

/** Uniform in [minval, maxval). Raises Value for integers without maxval. @tensorflow tf.random_uniform */
export function randomUniform(shape: TensorLike, ...given: TwoThen<UniformOptions>): Tensor {
  const options = named(['minval', 'maxval'], given);
  const { minval = 0, dtype = 'float32', seed, name = 'random_uniform' } = options;
  const maxval = checkUniform(dtype, options.maxval);
  const graph = graphOf([shape, minval, maxval]);
  return graph.nameScope(name, (scope) => {
    const sizes = shapeTensor(shape, graph);
    const low = convertToTensor(minval, { dtype, name: 'min' }, graph);
    const high = convertToTensor(maxval, { dtype, name: 'max' }, graph);
    const seeds = getSeed(seed);
    if (isInteger(dtype)) return RandomUniformInt({ shape: sizes, minval: low, maxval: high }, seeds, scope).output;
    const unit = RandomUniform({ shape: sizes }, { dtype, ...seeds }).output;
    return add(times(unit, minus(high, low)), low, { name: scope });
  });
}

export interface StatelessUniformOptions extends Omit<UniformOptions, 'seed'> {}
/** The same numbers at each run: they depend on the two seeds only. @tensorflow tf.random.stateless_uniform */
export function statelessRandomUniform(
  shape: TensorLike,
  seed: TensorLike,
  options: StatelessUniformOptions = {},
): Tensor {
  const { minval = 0, dtype = 'float32', name = 'stateless_random_uniform' } = options;
  const maxval = checkUniform(dtype, options.maxval);
  const graph = graphOf([shape, seed, minval, maxval]);
  return graph.nameScope(name, (scope) => {
    const sizes = shapeTensor(shape, graph);
    const low = convertToTensor(minval, { dtype, name: 'min' }, graph);
    const high = convertToTensor(maxval, { dtype, name: 'max' }, graph);
    if (isInteger(dtype)) {
      return StatelessRandomUniformInt({ shape: sizes, seed, minval: low, maxval: high }, {}, scope).output;
    }
    const unit = StatelessRandomUniform({ shape: sizes, seed }, { dtype }).output;
    return add(times(unit, minus(high, low)), low, { name: scope });
  });
}

// ---- normal -------------------------------------------------------------------------------------------------------

/** draw * stddev + mean in the scope `name`; `draw` makes the op once its inputs exist. */
function scaled(
  shape: TensorLike,
  options: NormalOptions,
  name: string,
  draw: (sizes: Tensor, dtype: DType) => Tensor,
): Tensor {
  const { mean = 0, stddev = 1, dtype = 'float32' } = options;
  const graph = graphOf([shape, mean, stddev]);
  return graph.nameScope(options.name ?? name, (scope) => {
    const sizes = shapeTensor(shape, graph);
    const center = convertToTensor(mean, { dtype, name: 'mean' }, graph);
    const spread = convertToTensor(stddev, { dtype, name: 'stddev' }, graph);
    return add(times(draw(sizes, dtype), spread), center, { name: scope });
  });
}
/** Normal, mean 0 and deviation 1 by default. @tensorflow tf.random_normal */
export function randomNormal(shape: TensorLike, ...given: TwoThen<NormalOptions>): Tensor {
  const options = named(['mean', 'stddev'], given);
  return scaled(shape, options, 'random_normal', (sizes, dtype) => {
    return RandomStandardNormal({ shape: sizes }, { dtype, ...getSeed(options.seed) }).output;
  });
}
/** Normal, redrawn where more than two deviations off. @tensorflow tf.truncated_normal */
export function truncatedNormal(shape: TensorLike, ...given: TwoThen<NormalOptions>): Tensor {
  const options = named(['mean', 'stddev'], given);
  return scaled(shape, options, 'truncated_normal', (sizes, dtype) => {
    return TruncatedNormal({ shape: sizes }, { dtype, ...getSeed(options.seed) }).output;
  });
}

export interface StatelessNormalOptions extends Omit<NormalOptions, 'seed'> {}
/** As tf.random.stateless_normal. @tensorflow tf.random.stateless_normal */
export function statelessRandomNormal(
  shape: TensorLike,
  seed: TensorLike,
  options: StatelessNormalOptions = {},
): Tensor {
  return scaled(shape, options, 'stateless_random_normal', (sizes, dtype) => {
    return StatelessRandomNormal({ shape: sizes, seed }, { dtype }).output;
  });
}
/** As tf.random.stateless_truncated_normal. @tensorflow tf.random.stateless_truncated_normal */
export function statelessTruncatedNormal(
  shape: TensorLike,
  seed: TensorLike,
  options: StatelessNormalOptions = {},
): Tensor {
  return scaled(shape, options, 'stateless_truncated_normal', (sizes, dtype) => {
    return StatelessTruncatedNormal({ shape: sizes, seed }, { dtype }).output;
  });
}

export interface TruncatedOptions extends RandomOptions {
  readonly means?: TensorLike | undefined;
  readonly stddevs?: TensorLike | undefined;
  readonly minvals?: TensorLike | undefined;
  readonly maxvals?: TensorLike | undefined;
}
/** Normal between bounds of one's own, one set of parameters for all or one a row. */
export function parameterizedTruncatedNormal(shape: TensorLike, options: TruncatedOptions = {}): Tensor {
  const { means = 0, stddevs = 1, minvals = -2, maxvals = 2, dtype = 'float32', seed, name } = options;
  const graph = graphOf([shape, means, stddevs, minvals, maxvals]);
  return graph.nameScope(name ?? 'parameterized_truncated_normal', () => {
    const inputs = {
      shape: shapeTensor(shape, graph),
      means: convertToTensor(means, { dtype, name: 'means' }, graph),
      stdevs: convertToTensor(stddevs, { dtype, name: 'stddevs' }, graph),
      minvals: convertToTensor(minvals, { dtype, name: 'minvals' }, graph),
      maxvals: convertToTensor(maxvals, { dtype, name: 'maxvals' }, graph),
    };
    return ParameterizedTruncatedNormal(inputs, getSeed(seed)).output;
  });
}

// ---- choices ------------------------------------------------------------------------------------------------------

export interface SeedOptions extends Named {
  readonly seed?: SeedLike;
}
/** The rows in a random order. @tensorflow tf.random_shuffle */
export function randomShuffle(value: TensorLike, { seed, name }: SeedOptions = {}): Tensor {
  return RandomShuffle({ value }, getSeed(seed), name).output;
}

export interface MultinomialOptions extends SeedOptions {
  /** int64 by default. */
  readonly outputDtype?: 'int32' | 'int64' | undefined;
}
export interface CategoricalOptions extends SeedOptions {
  /** int64 by default. */
  readonly dtype?: 'int32' | 'int64' | undefined;
}
/**
 * Classes drawn by unnormalized log probabilities [batch, classes]: a [batch, numSamples].
 * @tensorflow tf.multinomial
 */
export function multinomial(logits: TensorLike, numSamples: TensorLike, options: MultinomialOptions = {}): Tensor {
  const { seed, name = 'multinomial', outputDtype } = options;
  return draws(logits, numSamples, outputDtype, seed, name);
}
/** The same under its newer name. @tensorflow tf.random.categorical */
export function categorical(logits: TensorLike, numSamples: TensorLike, options: CategoricalOptions = {}): Tensor {
  const { seed, name = 'categorical', dtype } = options;
  return draws(logits, numSamples, dtype, seed, name);
}
function draws(
  logits: TensorLike,
  num_samples: TensorLike,
  output_dtype: 'int32' | 'int64' | undefined,
  seed: SeedLike,
  name: string,
): Tensor {
  const graph = graphOf([logits]);
  return graph.nameScope(name, () => {
    const t = convertToTensor(logits, { name: 'logits' }, graph);
    return Multinomial({ logits: t, num_samples }, { output_dtype, ...getSeed(seed) }).output;
  });
}

export interface StatelessCategoricalOptions extends Named {
  /** int64 by default. */
  readonly dtype?: 'int32' | 'int64' | undefined;
}
/** As tf.random.stateless_categorical. */
export function statelessCategorical(
  logits: TensorLike,
  num_samples: TensorLike,
  seed: TensorLike,
  { dtype, name = 'stateless_categorical' }: StatelessCategoricalOptions = {},
): Tensor {
  const graph = graphOf([logits, seed]);
  return graph.nameScope(name, () => {
    const t = convertToTensor(logits, { name: 'logits' }, graph);
    return StatelessMultinomial({ logits: t, num_samples, seed }, { output_dtype: dtype }).output;
  });
}
