/** @file tf.contrib.layers.batch_norm: the older layer, which may run its updates in place. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import type { Activation } from '../layers/base';
import { BatchNormalization } from '../layers/normalization';
import { choose, known, type Training } from '../layers/training_flag';
import { constant, identity, reshape, shapeOf } from '../ops/array';
import { batchNormalization, fusedBatchNorm, moments } from '../ops/batch_norm';
import type { Initializer } from '../ops/initializer';
import { onesInitializer, zerosInitializer } from '../ops/initializers';
import { type AUTO_REUSE, getVariable, variableScope } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import { assignMovingAverage } from './moving_averages';

type Parameter = 'beta' | 'gamma' | 'moving_mean' | 'moving_variance';
export interface ContribBatchNormOptions {
  /** Each update keeps this much of the moving averages. */
  readonly decay?: number | undefined;
  readonly center?: boolean | undefined;
  readonly scale?: boolean | undefined;
  readonly epsilon?: number | undefined;
  readonly activationFn?: Activation | null | undefined;
  readonly paramInitializers?: { readonly [name in Parameter]?: Initializer } | null | undefined;
  /** Where the update ops go; null: they run in place, before the outputs are there. */
  readonly updatesCollections?: string | null | undefined;
  readonly isTraining?: Training | undefined;
  readonly reuse?: boolean | typeof AUTO_REUSE | null | undefined;
  readonly trainable?: boolean | undefined;
  readonly fused?: boolean | null | undefined;
  readonly dataFormat?: 'NHWC' | 'NCHW' | undefined;
  readonly zeroDebiasMovingMean?: boolean | undefined;
  readonly scope?: string | null | undefined;
}
type Options = ContribBatchNormOptions & { readonly decay: number; readonly isTraining: Training };

/**
 * Batch normalization with the defaults of tf.contrib.layers.batch_norm: decay 0.999, no scale, training unless said
 * otherwise. With `updatesCollections: null` the averages move whenever the outputs are computed in training.
 */
export function batchNorm(inputs: TensorLike, options: ContribBatchNormOptions = {}): Tensor {
  const o: Options = { ...options, decay: options.decay ?? 0.999, isTraining: options.isTraining ?? true };
  const { fused, updatesCollections = GraphKeys.UPDATE_OPS, zeroDebiasMovingMean = false, reuse = null } = o;
  const input = convertToTensor(inputs);
  const rank = input.shape?.length;
  if (rank === undefined) throw new GraphError('Value', `Inputs ${input.name} has undefined rank`);
  const plain = updatesCollections === GraphKeys.UPDATE_OPS && !zeroDebiasMovingMean;
  const fuses = (fused ?? true) && (rank === 2 || (rank === 4 && !plain));
  const end = (y: Tensor): Tensor => (o.activationFn ? o.activationFn(y) : y);
  if (plain && !fuses) return end(asLayer(input, o));
  return variableScope(o.scope ?? null, { defaultName: 'BatchNorm', values: [input], reuse }, () =>
    end(fuses ? fusedly(input, o) : byHand(input, o)),
  );
}

/** The layer of tf.layers does the work, under the name of the scope. */
function asLayer(x: Tensor, o: Options): Tensor {
  const { paramInitializers: given, dataFormat = 'NHWC' } = o;
  const layer = new BatchNormalization({
    axis: dataFormat === 'NCHW' ? 1 : -1,
    momentum: o.decay,
    epsilon: o.epsilon,
    center: o.center ?? true,
    scale: o.scale ?? false,
    trainable: o.trainable ?? true,
    fused: o.fused ?? true,
    betaInitializer: given?.beta,
    gammaInitializer: given?.gamma,
    movingMeanInitializer: given?.moving_mean,
    movingVarianceInitializer: given?.moving_variance,
    name: o.scope ?? 'BatchNorm',
    reuse: o.reuse ? true : null,
  });
  const how = { training: o.isTraining as boolean };
  return o.scope ? layer.applyOnce(x, how) : layer.apply(x, how);
}

function parameters(channels: number, o: Options) {
  const make = (name: Parameter, initializer: Initializer, trainable: boolean): Variable =>
    getVariable(name, {
      shape: [channels],
      initializer: o.paramInitializers?.[name] ?? initializer,
      trainable: trainable && (o.trainable ?? true),
      collections: [GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES],
    });
  const beta = (o.center ?? true) ? make('beta', zerosInitializer(), true) : null;
  const gamma = o.scale ? make('gamma', onesInitializer(), true) : null;
  const mean = make('moving_mean', zerosInitializer(), false);
  return { beta, gamma, mean, variance: make('moving_variance', onesInitializer(), false) };
}
function channelsOf(x: Tensor, { dataFormat = 'NHWC' }: Options): number {
  const channels = dataFormat === 'NCHW' ? x.shape![1] : x.shape!.at(-1);
  if (channels === null || channels === undefined) {
    throw new GraphError('Value', `Inputs ${x.name} has undefined channels dimension.`);
  }
  return channels;
}

function fusedly(original: Tensor, o: Options): Tensor {
  const { dataFormat = 'NHWC', epsilon = 0.001, isTraining } = o;
  const channels = channelsOf(original, o);
  const flat = original.shape!.length === 2;
  const x = flat ? reshape(original, dataFormat === 'NCHW' ? [-1, channels, 1, 1] : [-1, 1, 1, channels]) : original;
  const v = parameters(channels, o);
  const beta = v.beta ?? constant(new Array<number>(channels).fill(0));
  const gamma = v.gamma ?? constant(new Array<number>(channels).fill(1));
  const how = { epsilon, dataFormat };
  let [y, mean, variance] = choose(
    isTraining,
    () => fusedBatchNorm(x, gamma, beta, how),
    () => fusedBatchNorm(x, gamma, beta, { ...how, mean: v.mean, variance: v.variance, isTraining: false }),
  );
  if (known(isTraining) !== false) {
    if (o.updatesCollections === null) {
      y = choose(
        isTraining,
        () => after(v, mean, variance, o, () => identity(y)),
        () => y,
      );
    } else collect(v, mean, variance, o);
  }
  y.setShape(x.shape);
  return flat ? reshape(y, shapeOf(original)) : y;
}

function byHand(x: Tensor, o: Options): Tensor {
  const { dataFormat = 'NHWC', epsilon = 0.001, isTraining } = o;
  const channels = channelsOf(x, o);
  const first = dataFormat === 'NCHW';
  const v = parameters(channels, o);
  const axes = x.shape!.map((_, i) => i).filter((i) => i !== (first ? 1 : x.shape!.length - 1));
  let [mean, variance]: [TensorLike, TensorLike] = [v.mean, v.variance];
  if (known(isTraining) !== false) {
    const [m, s] = moments(x, axes);
    const averages = (): [TensorLike, TensorLike] => [v.mean, v.variance];
    if (o.updatesCollections === null) {
      const forced = () => after(v, m, s, o, (): [TensorLike, TensorLike] => [identity(m), identity(s)]);
      [mean, variance] = choose(isTraining, forced, averages);
    } else {
      collect(v, m, s, o);
      [mean, variance] = choose(isTraining, (): [TensorLike, TensorLike] => [m, s], averages);
    }
  }
  const wide = x.shape!.map((_, i) => (i === 1 ? channels : 1));
  const spread = (t: TensorLike): TensorLike => (first ? reshape(t, wide) : t);
  const y = batchNormalization(
    x,
    spread(mean),
    spread(variance),
    v.beta && spread(v.beta),
    v.gamma && spread(v.gamma),
    epsilon,
  );
  y.setShape(x.shape);
  return y;
}

type Averages = ReturnType<typeof parameters>;
function move(v: Averages, mean: Tensor, variance: Tensor, o: Options): [Tensor, Tensor] {
  const zeroDebias = o.zeroDebiasMovingMean ?? false;
  return [
    assignMovingAverage(v.mean, mean, o.decay, { zeroDebias }),
    assignMovingAverage(v.variance, variance, o.decay, { zeroDebias: false }),
  ];
}
const after = <R>(v: Averages, mean: Tensor, variance: Tensor, o: Options, body: () => R): R =>
  mean.graph.controlDependencies(move(v, mean, variance, o), body);

function collect(v: Averages, mean: Tensor, variance: Tensor, o: Options): void {
  const still = (): [TensorLike, TensorLike] => [v.mean, v.variance];
  const updates = choose<[TensorLike, TensorLike]>(o.isTraining, () => move(v, mean, variance, o), still);
  for (const update of updates) mean.graph.addToCollections(o.updatesCollections ?? GraphKeys.UPDATE_OPS, update);
}
