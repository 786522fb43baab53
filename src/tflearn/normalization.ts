/** @file TFLearn's normalizing layers. */
import { convertToTensor } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { multiply } from '../ops/arithmetic';
import { identity } from '../ops/array';
import { moments, batchNormalization as normalize } from '../ops/batch_norm';
import { cond } from '../ops/cond';
import { constantInitializer, randomNormalInitializer, zerosInitializer } from '../ops/initializers';
import { localResponseNormalization as lrn } from '../ops/lrn';
import { maximum } from '../ops/pairs';
import { reduceSum } from '../ops/reduce';
import { rsqrt, square } from '../ops/unary';
import { assignMovingAverage } from '../training/moving_averages';
import { getTrainingMode, Keys } from './config';
import { channelsOf, inLayer, type LayerTensor, listed, type ScopeOptions, shapeOfInput } from './layer_scope';
import { variable, type WeightsInit } from './variables';

export interface BatchNormalizationOptions extends ScopeOptions {
  readonly beta?: number | undefined;
  readonly gamma?: number | undefined;
  readonly epsilon?: number | undefined;
  readonly decay?: number | undefined;
  /** gamma starts at random around its value, with this deviation. */
  readonly stddev?: number | undefined;
}
/**
 * Batch normalization as tflearn.batch_normalization: which statistics it uses, and whether it moves its averages, the
 * variable `is_training` decides at each run. The updates lie inside the forward graph: UPDATE_OPS is not involved.
 * @tensorflow tflearn.batch_normalization
 */
export function batchNormalization(incoming: Tensor, options: BatchNormalizationOptions = {}): LayerTensor {
  const { beta: betaStart = 0, gamma: gammaStart = 1, epsilon = 1e-5, decay = 0.9, stddev = 0.002 } = options;
  const { restore = true } = options;
  const { graph } = incoming;
  const shape = shapeOfInput(incoming);
  const channels = [channelsOf(incoming)];
  const gammaInit = randomNormalInitializer({ mean: gammaStart, stddev });
  return inLayer(options, 'BatchNormalization', (layer) => {
    const beta = layer.make('beta', channels, constantInitializer(betaStart));
    const gamma = layer.make('gamma', channels, gammaInit);
    if (!restore) for (const v of [beta, gamma]) graph.addToCollection(Keys.EXCL_RESTORE_VARS, v);
    const average = (name: string, initializer: WeightsInit) =>
      variable(name, { shape: channels, initializer, trainable: false, restore });
    const movingMean = average('moving_mean', zerosInitializer());
    const movingVariance = average('moving_variance', constantInitializer(1));
    const axes = shape.slice(0, -1).map((_, i) => i);
    const ofBatch = () => {
      const [mean, variance] = moments(incoming, axes);
      const plain = { zeroDebias: false };
      const moved = [
        assignMovingAverage(movingMean, mean, decay, plain),
        assignMovingAverage(movingVariance, variance, decay, plain),
      ];
      return graph.controlDependencies(moved, () => [identity(mean), identity(variance)]);
    };
    const ofAverages = () => [movingMean, movingVariance];
    const [mean, variance] = cond(getTrainingMode() as never, ofBatch, ofAverages) as [Tensor, Tensor];
    const y: LayerTensor = normalize(incoming, mean, variance, beta, gamma, epsilon);
    y.setShape(shape);
    return Object.assign(y, { beta, gamma });
  });
}

export interface LocalResponseNormalizationOptions {
  readonly depthRadius?: number | undefined;
  readonly bias?: number | undefined;
  readonly alpha?: number | undefined;
  readonly beta?: number | undefined;
  readonly name?: string | undefined;
}
/** Each cell divided by the norm of its neighbours in depth. @tensorflow tflearn.local_response_normalization */
export function localResponseNormalization(
  incoming: Tensor,
  options: LocalResponseNormalizationOptions = {},
): LayerTensor {
  const { depthRadius = 5, bias = 1, alpha = 0.0001, beta = 0.75, name = 'LocalResponseNormalization' } = options;
  return incoming.graph.nameScope(name, (scope) => {
    const y: LayerTensor = lrn(incoming, { depthRadius, bias, alpha, beta, name });
    y.scope = scope;
    return listed(y, name);
  });
}

export interface L2NormalizeOptions {
  readonly epsilon?: number | undefined;
  readonly name?: string | undefined;
}
/** x / sqrt(max(sum(x^2), epsilon)) along a dimension, as tflearn.layers.normalization.l2_normalize. */
export function l2Normalize(incoming: Tensor, dim: number, options: L2NormalizeOptions = {}): Tensor {
  const { epsilon = 1e-12, name = 'l2_normalize' } = options;
  let scope = '';
  const [x, scale] = incoming.graph.nameScope(name, (own) => {
    scope = own;
    const x = convertToTensor(incoming, { name: 'x' });
    const sum = reduceSum(square(x), { axis: [dim], keepdims: true });
    return [x, rsqrt(maximum(sum, epsilon))] as const;
  });
  return multiply(x, scale, { name: scope });
}
