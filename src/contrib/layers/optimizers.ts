/** @file optimize_loss: gradients, what is done to them, summaries and the train op in one call. */
import { GraphError } from '../../errors';
import { GraphKeys } from '../../graph/collections';
import { convertToTensor } from '../../graph/convert';
import { IndexedSlices } from '../../graph/indexed_slices';
import type { Grad } from '../../graph/opdef';
import { Tensor } from '../../graph/operation';
import { shapeOf } from '../../ops/array';
import { assertScalar } from '../../ops/assertions';
import { cast } from '../../ops/cast';
import { clipByGlobalNorm, globalNorm } from '../../ops/clip';
import { withDependencies } from '../../ops/control';
import { constantInitializer } from '../../ops/initializers';
import { truncatedNormal } from '../../ops/random';
import { histogramOf, scalar } from '../../ops/summary';
import { getVariable, variableScope } from '../../ops/variable_scope';
import { trainableVariables, type Variable } from '../../ops/variables';
import { AdagradOptimizer } from '../../optimizers/adagrad';
import { AdamOptimizer } from '../../optimizers/adam';
import { FtrlOptimizer } from '../../optimizers/ftrl';
import { GradientDescentOptimizer } from '../../optimizers/gradient_descent';
import { MomentumOptimizer } from '../../optimizers/momentum';
import { Optimizer } from '../../optimizers/optimizer';
import { RMSPropOptimizer } from '../../optimizers/rmsprop';
import { assertGlobalStep, getGlobalStep } from '../../training/global_step';
import type { GradientAndVariable, GradientMultipliers } from '../training';

type Rate = Tensor | Variable;
type OptimizerClass = new (learningRate: Rate) => Optimizer;

/** Optimizers that optimizeLoss knows by name. @tensorflow tf.contrib.layers.OPTIMIZER_CLS_NAMES */
export const OPTIMIZER_CLS_NAMES: Readonly<Record<string, (rate: Rate) => Optimizer>> = {
  Adagrad: (rate) => new AdagradOptimizer(rate),
  Adam: (rate) => new AdamOptimizer(rate),
  Ftrl: (rate) => new FtrlOptimizer(rate as Tensor),
  Momentum: (rate) => new MomentumOptimizer(rate, 0.9),
  RMSProp: (rate) => new RMSPropOptimizer(rate),
  SGD: (rate) => new GradientDescentOptimizer(rate),
};
/** Summaries that optimizeLoss can make. @tensorflow tf.contrib.layers.OPTIMIZER_SUMMARIES */
export const OPTIMIZER_SUMMARIES = [
  'learning_rate',
  'loss',
  'gradients',
  'gradient_norm',
  'global_gradient_norm',
] as const;
type SummaryKind = (typeof OPTIMIZER_SUMMARIES)[number];

export interface OptimizeLossOptions {
  /** How strong a noise is added to the gradients. */
  readonly gradientNoiseScale?: number | null | undefined;
  readonly gradientMultipliers?: GradientMultipliers | null | undefined;
  /** The global norm that the gradients are scaled down to, or what changes them. */
  readonly clipGradients?:
    | number
    | ((pairs: readonly GradientAndVariable[]) => readonly GradientAndVariable[])
    | null
    | undefined;
  readonly learningRateDecayFn?: ((rate: Rate, globalStep: Variable | Tensor) => Tensor) | null | undefined;
  /** What the loss waits for: all of UPDATE_OPS by default. */
  readonly updateOps?: readonly unknown[] | null | undefined;
  readonly variables?: readonly Variable[] | null | undefined;
  readonly name?: string | null | undefined;
  /** loss, learning_rate and global_gradient_norm by default. */
  readonly summaries?: readonly SummaryKind[] | null | undefined;
  readonly colocateGradientsWithOps?: boolean | undefined;
  readonly incrementGlobalStep?: boolean | undefined;
}
type ByRate = (rate?: Rate) => Optimizer;

/**
 * A tensor that trains when it is computed, and is the loss. The optimizer is one, its class, its name, or a function of
 * the learning rate. Raises Value for other optimizers, learning rates and summaries.
 * @tensorflow tf.contrib.layers.optimize_loss
 */
export function optimizeLoss(
  lossLike: Tensor,
  globalStepGiven: Variable | null,
  learningRate: number | Tensor | null,
  optimizer: string | Optimizer | OptimizerClass | ByRate,
  options: OptimizeLossOptions = {},
): Tensor {
  let loss = convertToTensor(lossLike);
  assertScalar(loss);
  if (globalStepGiven) assertGlobalStep(globalStepGiven);
  const step = globalStepGiven ?? getGlobalStep();
  return variableScope(options.name ?? null, { defaultName: 'OptimizeLoss', values: [loss, step] }, () => {
    const updates = options.updateOps ?? [...new Set(loss.graph.getCollection(GraphKeys.UPDATE_OPS))];
    if (updates.length > 0) loss = withDependencies(updates, loss);
    let rate = learningRate === null ? null : rateOf(learningRate);
    const summaries = summariesOf(options.summaries);
    const decay = options.learningRateDecayFn;
    if (rate !== null && decay) {
      if (!step) throw new GraphError('Value', 'global_step is required for learning_rate_decay_fn.');
      rate = decay(rate, step);
      if (summaries.has('learning_rate')) scalar('learning_rate', rate);
    }
    const opt = optimizerOf(optimizer, rate);
    const varList = options.variables ?? trainableVariables();
    const { colocateGradientsWithOps = false, incrementGlobalStep = true } = options;
    const computed = opt.computeGradients(loss, { varList, colocateGradientsWithOps });
    const pairs = changed(computed, summaries, options);
    if (summaries.has('loss')) scalar('loss', loss);
    summarize(pairs, summaries, options);
    const globalStep = incrementGlobalStep ? (step as Variable | null) : null;
    return withDependencies([opt.applyGradients(pairs, { globalStep, name: 'train' })], loss);
  });
}

function rateOf(rate: number | Tensor): Rate {
  if (rate instanceof Tensor && rate.shape?.length === 0) return rate;
  if (typeof rate !== 'number') {
    throw new GraphError('Value', `Learning rate should be 0d Tensor or float. Got ${rate} of type ${typeof rate}`);
  }
  if (rate < 0) throw new GraphError('Value', `Invalid learning_rate ${rate}.`);
  return getVariable('learning_rate', { shape: [], trainable: false, initializer: constantInitializer(rate) });
}
function summariesOf(given: readonly SummaryKind[] | null | undefined): ReadonlySet<SummaryKind> {
  const all = OPTIMIZER_SUMMARIES.join(', ');
  const odd = given?.find((kind) => !OPTIMIZER_SUMMARIES.includes(kind));
  if (odd) throw new GraphError('Value', `Summaries should be one of [${all}], you provided ${odd}.`);
  return new Set(given ?? ['loss', 'learning_rate', 'global_gradient_norm']);
}

function optimizerOf(given: string | Optimizer | OptimizerClass | ByRate, rate: Rate | null): Optimizer {
  if (given instanceof Optimizer) return given;
  const needed = (what: string): Rate => {
    if (rate !== null) return rate;
    throw new GraphError('Value', `Learning rate is None, but should be specified if optimizer is ${what}.`);
  };
  if (typeof given === 'string') {
    const found = needed(`string (${given})`);
    const make = Object.hasOwn(OPTIMIZER_CLS_NAMES, given) ? OPTIMIZER_CLS_NAMES[given] : undefined;
    if (make) return make(found);
    const names = Object.keys(OPTIMIZER_CLS_NAMES).join(', ');
    throw new GraphError('Value', `Optimizer name should be one of [${names}], you provided ${given}.`);
  }
  if (typeof given !== 'function') {
    throw new GraphError(
      'Value',
      `Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass of Optimizer or function with one argument. Got ${given}.`,
    );
  }
  if (given.prototype instanceof Optimizer) {
    return new (given as OptimizerClass)(needed(`class (${given.name})`));
  }
  const made = rate === null ? (given as ByRate)() : (given as ByRate)(rate);
  if (made instanceof Optimizer) return made;
  const what = 'Unrecognized optimizer: function should return subclass of Optimizer.';
  throw new GraphError('Value', `${what} Got ${made}.`);
}

const gradientsOf = (pairs: readonly GradientAndVariable[]): (Grad | null)[] => pairs.map(([g]) => g);
const wantsNorm = (summaries: ReadonlySet<SummaryKind>): boolean =>
  summaries.has('global_gradient_norm') || summaries.has('gradient_norm');

/** Noise, multipliers and clipping, in this order. */
function changed(
  computed: readonly GradientAndVariable[],
  summaries: ReadonlySet<SummaryKind>,
  options: OptimizeLossOptions,
): readonly GradientAndVariable[] {
  const { gradientNoiseScale: noise = null, gradientMultipliers: multipliers, clipGradients: clip = null } = options;
  let pairs = computed;
  if (noise !== null) pairs = pairs.map(([g, v]) => [g && noisy(g, noise), v]);
  if (multipliers) pairs = pairs.map(([g, v]) => [multiplied(g, v, multipliers), v]);
  if (wantsNorm(summaries)) scalar('global_norm/gradient_norm', globalNorm(gradientsOf(pairs)));
  if (typeof clip === 'function') return clip(pairs);
  if (clip === null) return pairs;
  if (typeof clip !== 'number') throw new GraphError('Value', `Unknown type ${typeof clip} for clip_gradients`);
  const [clipped] = clipByGlobalNorm(gradientsOf(pairs), clip);
  return pairs.map(([, v], i) => [clipped[i]!, v]);
}
function noisy(g: Grad, scale: number): Grad {
  const isSlices = g instanceof IndexedSlices;
  const shape = isSlices ? g.denseShape! : ((g.shape as number[] | null) ?? shapeOf(g));
  const noise = truncatedNormal(shape).mul(scale);
  return (isSlices ? convertToTensor(g) : g).add(noise);
}
function multiplied(g: Grad | null, v: Variable, multipliers: GradientMultipliers): Grad | null {
  const by = multipliers instanceof Map ? multipliers : new Map(Object.entries(multipliers));
  const factor = by.get(v) ?? by.get(v.name);
  if (g === null || factor === undefined) return g;
  if (g instanceof IndexedSlices) return new IndexedSlices(g.values.mul(factor), g.indices, g.denseShape);
  return g.mul(cast(factor, g.dtype));
}

function summarize(
  pairs: readonly GradientAndVariable[],
  summaries: ReadonlySet<SummaryKind>,
  { clipGradients }: OptimizeLossOptions,
): void {
  for (const [g, v] of pairs) {
    if (g === null) continue;
    const values = g instanceof IndexedSlices ? g.values : g;
    const name = v.name.replace(/:/g, '_');
    if (summaries.has('gradients')) histogramOf(`gradients/${name}`, values);
    if (summaries.has('gradient_norm')) scalar(`gradient_norm/${name}`, globalNorm([values]));
  }
  if (clipGradients == null || !wantsNorm(summaries)) return;
  scalar('global_norm/clipped_gradient_norm', globalNorm(gradientsOf(pairs)));
}
