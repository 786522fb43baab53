/** @file TFLearn's layers: input_data, fully_connected, batch_normalization, dropout, flatten, reshape. */
import { GraphError } from '../errors';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { identity, placeholder as makePlaceholder, reshape as reshapeOp } from '../ops/array';
import { moments, batchNormalization as normalize } from '../ops/batch_norm';
import { biasAdd } from '../ops/bias';
import { cond } from '../ops/cond';
import { dropout as nnDropout } from '../ops/dropout';
import { constantInitializer, randomNormalInitializer, zerosInitializer } from '../ops/initializers';
import { matmul } from '../ops/linear';
import { type VariableScope, variableScope } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import { assignMovingAverage } from '../training/moving_averages';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { type Activation, activation } from './activations';
import { getTrainingMode, Keys } from './config';
import { regularization } from './regularizers';
import { bringsShape, variable, type WeightsInit } from './variables';

/** A layer's output; its variables hang on it, as in TFLearn. */
export type LayerTensor = Tensor & {
  W?: Variable;
  b?: Variable | null;
  beta?: Variable;
  gamma?: Variable;
  scope?: VariableScope;
  placeholder?: Tensor | null;
};

export interface InputDataOptions {
  readonly shape?: readonly (number | null)[] | undefined;
  readonly placeholder?: Tensor | undefined;
  readonly dtype?: DType | undefined;
  readonly name?: string | undefined;
}
/** The placeholder `InputData/X`, as tflearn.input_data. Raises Value without shape and placeholder. */
export function inputData(options: InputDataOptions = {}): LayerTensor {
  const { shape, dtype = 'float32', name = 'InputData' } = options;
  const graph = getDefaultGraph();
  let x = options.placeholder;
  if (!x) {
    if (!shape) {
      throw new GraphError(
        'Value',
        'Either a `shape` or `placeholder` argument is required to consruct an input layer.',
      );
    }
    const full = shape.length > 1 && shape[0] !== null ? [null, ...shape] : shape;
    x = graph.nameScope(name, () => makePlaceholder(dtype, { shape: full, name: 'X' }));
  }
  graph.addToCollection(Keys.INPUTS, x);
  graph.addToCollection(`${Keys.LAYER_TENSOR}/${name}`, x);
  graph.addToCollection(Keys.DATA_PREP, null);
  graph.addToCollection(Keys.DATA_AUG, null);
  return x;
}

/** All dimensions but the first; raises Value where they are not known. */
function featuresOf(x: Tensor, layer: string): number[] {
  const rest = x.shape?.slice(1);
  if (!rest || rest.length === 0) throw new GraphError('Value', `${layer}: Incoming Tensor shape must be at least 2-D`);
  if (rest.some((d) => d === null))
    throw new GraphError('Value', `${layer}: the sizes of ${x} must be known but for the first.`);
  return rest as number[];
}

interface ScopeOptions {
  readonly trainable?: boolean | undefined;
  readonly restore?: boolean | undefined;
  readonly reuse?: boolean | undefined;
  readonly scope?: string | VariableScope | null | undefined;
  readonly name?: string | undefined;
}
export interface FullyConnectedOptions extends ScopeOptions {
  readonly activation?: Activation | undefined;
  readonly bias?: boolean | undefined;
  readonly weightsInit?: WeightsInit | undefined;
  readonly biasInit?: WeightsInit | undefined;
  readonly regularizer?: 'L1' | 'L2' | null | undefined;
  readonly weightDecay?: number | undefined;
}
/** activation(x . W + b), as tflearn.fully_connected. A weightsInit that is an array brings its own shape. */
export function fullyConnected(incoming: Tensor, nUnits: number, options: FullyConnectedOptions = {}): LayerTensor {
  const { activation: kind = 'linear', bias = true, weightsInit = 'truncated_normal', biasInit = 'zeros' } = options;
  const { regularizer, weightDecay = 0.001, trainable = true, restore = true, reuse = false, scope = null } = options;
  const { name = 'FullyConnected' } = options;
  const inputs = featuresOf(incoming, 'fullyConnected').reduce((n, d) => n * d, 1);
  const { graph } = incoming;
  return variableScope(scope as never, { defaultName: name, reuse }, (current) => {
    const keep = (v: Variable) => graph.addToCollection(`${Keys.LAYER_VARIABLES}/${current.name}`, v);
    const W = variable('W', {
      shape: bringsShape(weightsInit) ? null : [inputs, nUnits],
      initializer: weightsInit,
      regularizer: regularizer ? regularization(regularizer, weightDecay) : null,
      trainable,
      restore,
    });
    keep(W);
    let b: Variable | null = null;
    if (bias) {
      b = variable('b', { shape: bringsShape(biasInit) ? null : [nUnits], initializer: biasInit, trainable, restore });
      keep(b);
    }
    let x = incoming;
    if (incoming.shape!.length > 2) x = reshapeOp(x, [-1, inputs]);
    let y: LayerTensor = matmul(x, W);
    if (b) y = biasAdd(y, b);
    y = activation(kind)(y);
    graph.addToCollection(Keys.ACTIVATIONS, y);
    Object.assign(y, { scope: current, W, b });
    graph.addToCollection(`${Keys.LAYER_TENSOR}/${current.name}`, y);
    return y;
  });
}

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
 */
export function batchNormalization(incoming: Tensor, options: BatchNormalizationOptions = {}): LayerTensor {
  const { beta: betaStart = 0, gamma: gammaStart = 1, epsilon = 1e-5, decay = 0.9, stddev = 0.002 } = options;
  const { trainable = true, restore = true, reuse = false, scope = null, name = 'BatchNormalization' } = options;
  const { graph, shape } = incoming;
  const channels = shape?.at(-1);
  if (!shape || channels == null) {
    throw new GraphError('Value', `batchNormalization: the last dimension of ${incoming} must be known.`);
  }
  const gammaInit = randomNormalInitializer({ mean: gammaStart, stddev });
  return variableScope(scope as never, { defaultName: name, reuse }, (current) => {
    const make = (what: string, initializer: WeightsInit, moves: boolean) =>
      variable(what, { shape: [channels], initializer, trainable: moves && trainable, restore });
    const beta = make('beta', constantInitializer(betaStart), true);
    const gamma = make('gamma', gammaInit, true);
    for (const v of [beta, gamma]) graph.addToCollection(`${Keys.LAYER_VARIABLES}/${current.name}`, v);
    if (!restore) for (const v of [beta, gamma]) graph.addToCollection(Keys.EXCL_RESTORE_VARS, v);
    const movingMean = make('moving_mean', zerosInitializer(), false);
    const movingVariance = make('moving_variance', constantInitializer(1), false);
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
    const mode = getTrainingMode();
    const [mean, variance] = cond(mode as never, ofBatch, () => [movingMean, movingVariance] as never) as [
      Tensor,
      Tensor,
    ];
    const y: LayerTensor = normalize(incoming, mean, variance, beta, gamma, epsilon);
    y.setShape(shape as Shape);
    Object.assign(y, { scope: current, beta, gamma });
    graph.addToCollection(`${Keys.LAYER_TENSOR}/${current.name}`, y);
    return y;
  });
}

/** Keeps each unit with probability keepProb while `is_training` is true, as tflearn.dropout. */
export function dropout(
  incoming: Tensor,
  keepProb: number,
  { name = 'Dropout' }: { readonly name?: string } = {},
): LayerTensor {
  const { graph } = incoming;
  return graph.nameScope(name, () => {
    const on = () => nnDropout(incoming, { keepProb });
    const y = cond(getTrainingMode() as never, on, () => incoming) as LayerTensor;
    graph.addToCollection(`${Keys.LAYER_TENSOR}/${name}`, y);
    return y;
  });
}

/** Another shape, as tflearn.reshape. */
export function reshape(
  incoming: Tensor,
  newShape: readonly number[],
  { name = 'Reshape' }: { readonly name?: string } = {},
): LayerTensor {
  const { graph } = incoming;
  const y: LayerTensor = graph.nameScope(name, () => reshapeOp(incoming, [...newShape]));
  graph.addToCollection(`${Keys.LAYER_TENSOR}/${name}`, y);
  return y;
}
/** All dimensions but the first in one, as tflearn.flatten. */
export function flatten(incoming: Tensor, { name = 'Flatten' }: { readonly name?: string } = {}): LayerTensor {
  const size = featuresOf(incoming, 'flatten').reduce((n, d) => n * d, 1);
  const y = reshape(incoming, [-1, size], { name });
  incoming.graph.addToCollection(`${Keys.LAYER_TENSOR}/${name}`, y);
  return y;
}
