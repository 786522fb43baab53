/** @file Random numbers of the gamma and Poisson distributions. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { int, type Known, type Site, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { RandomState } from '../kernels/distributions';
import { fillGamma, fillPoisson } from '../kernels/gamma';
import type { Slot } from '../kernels/memory';
import { cellOf, type DType, INDEX, isInteger } from '../value/dtype';
import { type Shape, sameShape, showShape, sizeOf } from '../value/shape';
import { type Named, ones, reshape, shapeOf, zerosLike } from './array';
import { rounder } from './cellwise';
import { i32, limitsOf, withRank } from './expect';
import { randomGammaGrad } from './gamma';
import { concat } from './join';
import { over, plus, times } from './operators';
import { maximum } from './pairs';
import { range } from './range';
import { reduceSum } from './reduce';
import { getSeed, type SeedLike } from './seed';

import { lgammaOf } from './special_values';

const seeds = { seed: int(0), seed2: int(0) };
const GAMMAS = ['float16', 'float32', 'float64'] as const satisfies readonly DType[];
const COUNTS = [...GAMMAS, 'int32', 'int64'] as const satisfies readonly DType[];

/** The sizes asked for, before those of the parameters. */
function rowsOf(shape: Known, parameters: Known): Shape {
  const words = `shape must be a vector of {int32,int64}, got shape ${showShape(shape.shape)}`;
  withRank(shape.shape, 1, words);
  const n = shape.shape?.[0];
  const lead = shape.partial ?? (n == null ? null : new Array<null>(n).fill(null));
  if (lead === null || parameters.shape === null) return null;
  return [...lead.map((d) => (d !== null && d < 0 ? null : d)), ...parameters.shape];
}
/** How many samples each parameter gets; makes room for them. */
function samplesOf(shape: Slot, parameters: Slot, output: Slot): number {
  const lead = Array.from(shape.data, Number);
  const wrong = lead.find((d) => d < 0);
  if (wrong !== undefined) throw new GraphError('InvalidArgument', `Dimension ${wrong} must be >= 0`);
  const sizes = [...lead, ...parameters.shape];
  if (!sameShape(sizes, output.shape)) output.resize(sizes);
  return sizeOf(lead);
}
const generator = (site: Site, attrs: { readonly seed: number; readonly seed2: number }, output: Slot) =>
  site.state(() => new RandomState(attrs.seed, attrs.seed2)).take(output.size);

// ---- gamma --------------------------------------------------------------------------------------------------------

const RandomGamma = defineOp({
  name: 'RandomGamma',
  inputs: { shape: 'S', alpha: 'T' },
  outputs: { output: 'T' },
  attrs: { ...seeds, S: type(INDEX), T: type(GAMMAS) },
  stateful: true,
  infer: ({ shape, alpha }) => ({ output: rowsOf(shape, alpha) }),
  gradient({ output: dy }, { shape, alpha, output }) {
    return dy.graph.controlDependencies([dy], () => {
      const samples = shapeOf(shape).at(0);
      const slope = randomGammaGrad(withLeadingOnes(alpha, samples), output);
      return { alpha: reduceSum(times(dy, slope), { axis: range(samples) }) };
    });
  },
  reference({ shape, alpha, output }, attrs, site) {
    const samples = samplesOf(shape, alpha, output);
    if (output.size === 0) return;
    const gen = generator(site, attrs, output);
    fillGamma(gen, output.data, Array.from(alpha.data, Number), samples, rounder(output.dtype));
  },
});
function withLeadingOnes(x: Tensor, count: Tensor): Tensor {
  const lead = ones([count], { dtype: 'int32' });
  return reshape(x, concat([lead, shapeOf(x)], i32(0)));
}

export interface GammaOptions extends Named {
  /** The inverse scale, 1 by default; goes together with alpha by broadcasting. */
  readonly beta?: TensorLike | null | undefined;
  /** float32 by default. */
  readonly dtype?: (typeof GAMMAS)[number] | undefined;
  readonly seed?: SeedLike;
}
const TINY = { float16: 2 ** -14, float32: 2 ** -126, float64: 2 ** -1022 } as const;
/**
 * `shape` samples from each gamma distribution: [...shape, ...the shape of alpha + beta], differentiable by both.
 * @tensorflow tf.random_gamma
 */
export function randomGamma(shape: TensorLike, alpha: TensorLike, options: GammaOptions = {}): Tensor {
  const { beta, dtype = 'float32', seed, name = 'random_gamma' } = options;
  const graph = graphOf([shape, alpha, beta]);
  return graph.nameScope(name, () => {
    const sizes = convertToTensor(shape, { name: 'shape', dtype: 'int32' }, graph);
    const form = convertToTensor(alpha, { name: 'alpha', dtype }, graph);
    const scale = convertToTensor(beta ?? 1, { name: 'beta', dtype }, graph);
    const each = plus(form, zerosLike(scale));
    const samples = RandomGamma({ shape: sizes, alpha: each }, getSeed(seed)).output;
    return maximum(TINY[dtype], over(samples, scale));
  });
}

// ---- Poisson ------------------------------------------------------------------------------------------------------

const RandomPoissonV2 = defineOp({
  name: 'RandomPoissonV2',
  inputs: { shape: 'S', rate: 'R' },
  outputs: { output: 'dtype' },
  attrs: { ...seeds, S: type(INDEX), R: type(COUNTS, 'float64'), dtype: type(COUNTS, 'int64') },
  stateful: true,
  infer: ({ shape, rate }) => ({ output: rowsOf(shape, rate) }),
  gradient: 'missing',
  reference({ shape, rate, output }, attrs, site) {
    const samples = samplesOf(shape, rate, output);
    if (output.size === 0) return;
    const { dtype } = attrs;
    const round = rounder(dtype);
    const store = (x: number) => (isInteger(dtype) ? cellOf(dtype, Number.isNaN(x) ? 0 : x) : round(x));
    const highest = Number(limitsOf(dtype)[1]);
    const gen = generator(site, attrs, output);
    fillPoisson(gen, output.data, Array.from(rate.data, Number), samples, { logGamma: lgammaOf, highest, store });
  },
});
export interface PoissonOptions extends Named {
  /** Of the samples, float32 by default. */
  readonly dtype?: (typeof COUNTS)[number] | undefined;
  readonly seed?: SeedLike;
}
/**
 * `shape` samples from each Poisson distribution of the rates `lam`: [...shape, ...the shape of lam].
 * @tensorflow tf.random_poisson
 */
export function randomPoisson(lam: TensorLike, shape: TensorLike, options: PoissonOptions = {}): Tensor {
  const { dtype = 'float32', seed, name = 'random_poisson' } = options;
  const graph = graphOf([lam, shape]);
  return graph.nameScope(name, () => {
    const sizes = convertToTensor(shape, { name: 'shape', dtype: 'int32' }, graph);
    return RandomPoissonV2({ shape: sizes, rate: lam }, { dtype, ...getSeed(seed) }).output;
  });
}
