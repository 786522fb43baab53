/** @file tf.contrib.layers.batch_norm in its three forms: the layer of tf.layers, fused, and by hand. */
import { GraphError } from '../../errors';
import { GraphKeys } from '../../graph/collections';
import { convertToTensor, type TensorLike } from '../../graph/convert';
import type { Tensor } from '../../graph/operation';
import type { Activation, Regularizer } from '../../layers/base';
import { BatchNormalization, type BatchNormalizationOptions } from '../../layers/normalization';
import { choose, known, type Training } from '../../layers/training_flag';
import { constant, identity, reshape, shapeOf } from '../../ops/array';
import { batchNormalization, fusedBatchNorm, moments, weightedMoments } from '../../ops/batch_norm';
import { onesInitializer, zerosInitializer } from '../../ops/initializers';
import { getVariableScope, type InitializerLike, type VariableScope, variableScope } from '../../ops/variable_scope';
import type { Variable } from '../../ops/variables';
import { assignMovingAverage } from '../../training/moving_averages';
import type { DType } from '../../value/dtype';
import { compatible, tupleShape } from '../../value/shape';
import { scoped } from '../framework/arg_scope';
import { modelVariable } from '../framework/variables';
import {
  activated,
  addToCollections,
  asModelVariables,
  checkFormat,
  collectionsOf,
  type DataFormat,
  inScope,
  PARAMETERS,
  type ParameterOptions,
} from './parameters';

type Trained = 'beta' | 'gamma';
type Parameter = Trained | 'moving_mean' | 'moving_variance';

export interface ContribBatchNormOptions extends ParameterOptions {
  /** Each update keeps this much of the moving averages: 0.999 by default. */
  readonly decay?: number | undefined;
  readonly center?: boolean | undefined;
  /** false by default. */
  readonly scale?: boolean | undefined;
  readonly epsilon?: number | undefined;
  readonly activationFn?: Activation | undefined;
  readonly paramInitializers?: { readonly [name in Parameter]?: InitializerLike } | null | undefined;
  readonly paramRegularizers?: { readonly [name in Trained]?: Regularizer } | null | undefined;
  /** Where the update ops go; null: they run in place, before the outputs are there. */
  readonly updatesCollections?: string | readonly string[] | null | undefined;
  /** true by default. */
  readonly isTraining?: Training | undefined;
  /** How often each row of the batch counts. */
  readonly batchWeights?: TensorLike | null | undefined;
  /** null means true: fused where it can be. */
  readonly fused?: boolean | null | undefined;
  readonly dataFormat?: DataFormat | undefined;
  readonly zeroDebiasMovingMean?: boolean | undefined;
  readonly renorm?: boolean | undefined;
  readonly renormClipping?: BatchNormalizationOptions['renormClipping'] | null;
  readonly renormDecay?: number | undefined;
  readonly adjustment?: BatchNormalizationOptions['adjustment'];
}
type Options = ContribBatchNormOptions & {
  readonly decay: number;
  readonly epsilon: number;
  readonly isTraining: Training;
  readonly dataFormat: DataFormat;
};
/** NHWC, the channels last, or NCHW. */
const first = ({ dataFormat }: Options): boolean => dataFormat === 'NCHW';

/**
 * Batch normalization over all dimensions but the channels. The ops that move its averages go to UPDATE_OPS, and nothing
 * runs them by itself; with `updatesCollections: null` they run whenever the outputs are computed in training.
 * @tensorflow tf.contrib.layers.batch_norm
 */
export const batchNorm = scoped<(inputs: TensorLike, options?: ContribBatchNormOptions) => Tensor>(
  (inputs: TensorLike, given: ContribBatchNormOptions) => {
    const { decay = 0.999, epsilon = 0.001, isTraining = true, dataFormat = 'NHWC', renorm, adjustment } = given;
    const o: Options = { ...given, decay, epsilon, isTraining, dataFormat };
    const { fused, updatesCollections = GraphKeys.UPDATE_OPS, zeroDebiasMovingMean, batchWeights = null } = o;
    const x = convertToTensor(inputs);
    const rank = x.shape?.length;
    const usual = updatesCollections === GraphKeys.UPDATE_OPS && !zeroDebiasMovingMean;
    const canFuse = batchWeights === null && !renorm && !adjustment && (rank === 2 || rank === 4);
    checkFormat(dataFormat);
    if ((fused ?? true) && canFuse && (!usual || rank === 2)) {
      return inScope(o, 'BatchNorm', [x], (scope) => fusedly(x, o, scope));
    }
    const body = usual && batchWeights === null ? asLayer : byHand;
    return inScope(o, 'BatchNorm', [x], (scope) => body(x, o, scope), asModelVariables());
  },
  {
    name: 'batch_norm',
    positional: ['inputs'],
    options: [
      'decay',
      'center',
      'scale',
      'epsilon',
      'activationFn',
      'paramInitializers',
      'paramRegularizers',
      'updatesCollections',
      'isTraining',
      'batchWeights',
      'fused',
      'dataFormat',
      'zeroDebiasMovingMean',
      'renorm',
      'renormClipping',
      'renormDecay',
      'adjustment',
      ...PARAMETERS,
    ],
  },
);

/** The layer of tf.layers does the work. */
function asLayer(x: Tensor, o: Options, scope: VariableScope): Tensor {
  type Initializer = NonNullable<BatchNormalizationOptions['betaInitializer']>;
  const initial = o.paramInitializers as { readonly [name in Parameter]?: Initializer } | null | undefined;
  const layer = new BatchNormalization({
    axis: first(o) ? 1 : -1,
    momentum: o.decay,
    epsilon: o.epsilon,
    center: o.center ?? true,
    scale: o.scale ?? false,
    betaInitializer: initial?.beta,
    gammaInitializer: initial?.gamma,
    movingMeanInitializer: initial?.moving_mean,
    movingVarianceInitializer: initial?.moving_variance,
    betaRegularizer: o.paramRegularizers?.beta,
    gammaRegularizer: o.paramRegularizers?.gamma,
    trainable: o.trainable,
    renorm: o.renorm,
    renormClipping: o.renormClipping ?? undefined,
    renormMomentum: o.renormDecay,
    adjustment: o.adjustment,
    name: scope.name,
    scope,
    reuse: o.reuse,
    fused: o.fused ?? true,
  });
  const y = layer.apply(x, { training: o.isTraining as boolean });
  const collections = o.variablesCollections;
  addToCollections(layer.movingMean, collections, 'moving_mean');
  addToCollections(layer.movingVariance, collections, 'moving_variance');
  addToCollections(layer.beta, collections, 'beta');
  addToCollections(layer.gamma, collections, 'gamma');
  return activated(y, o, scope);
}

interface Parameters {
  readonly beta: Variable | null;
  readonly gamma: Variable | null;
  readonly mean: Variable;
  readonly variance: Variable;
}
/** Makes the variables; `absent` comes in place of a beta or gamma that is not wanted. */
function parameters(
  shape: number[],
  dtype: DType,
  o: Options,
  regularizers: ContribBatchNormOptions['paramRegularizers'],
  absent: { beta(): Variable | null; gamma(): Variable | null },
): Parameters {
  const make = (name: Parameter, initializer: InitializerLike, trained: boolean): Variable =>
    modelVariable(name, {
      shape,
      dtype,
      initializer: o.paramInitializers?.[name] ?? initializer,
      regularizer: trained ? regularizers?.[name as Trained] : undefined,
      collections: collectionsOf(o.variablesCollections, name),
      trainable: trained && (o.trainable ?? true),
    });
  const beta = (o.center ?? true) ? make('beta', zerosInitializer(), true) : absent.beta();
  const gamma = o.scale ? make('gamma', onesInitializer(), true) : absent.gamma();
  return variableScope(getVariableScope(), {}, () => {
    const mean = make('moving_mean', zerosInitializer(), false);
    return { beta, gamma, mean, variance: make('moving_variance', onesInitializer(), false) };
  });
}

/** The fused kernel, with updates in place or in other collections; of two dimensions it makes four. */
function fusedly(original: Tensor, o: Options, scope: VariableScope): Tensor {
  const { epsilon, dataFormat, isTraining } = o;
  const flat = original.shape!.length === 2;
  const channels = original.shape!.at(flat || !first(o) ? -1 : 1);
  if (channels == null) {
    const where = `Inputs ${original.name} has undefined \`C\` dimension (?,).`;
    throw new GraphError('Value', flat ? '`C` dimension must be known but is None' : where);
  }
  const x = flat ? reshape(original, first(o) ? [-1, channels, 1, 1] : [-1, 1, 1, channels]) : original;
  const filled = (value: number) => () =>
    constant(value, { dtype: 'float32', shape: [channels] }) as unknown as Variable;
  const absent = { beta: filled(0), gamma: filled(1) };
  const v = parameters([channels], 'float32', o, o.paramRegularizers, absent);
  const [beta, gamma] = [v.beta!, v.gamma!];
  const how = { epsilon, dataFormat };
  let [y, mean, variance] = choose(
    isTraining,
    () => fusedBatchNorm(x, gamma, beta, how),
    () => fusedBatchNorm(x, gamma, beta, { ...how, mean: v.mean, variance: v.variance, isTraining: false }),
  );
  if (known(isTraining) !== false) {
    if (o.updatesCollections === null) {
      const plain = y;
      y = choose(
        isTraining,
        () => after(v, mean, variance, o, () => identity(plain)),
        () => plain,
      );
    } else collect(v, mean, variance, o);
  }
  y.setShape(x.shape);
  return activated(flat ? reshape(y, shapeOf(original)) : y, o, scope);
}

function byHand(x: Tensor, o: Options, scope: VariableScope): Tensor {
  const { isTraining, epsilon } = o;
  if (o.renorm) {
    throw new GraphError(
      'Value',
      'renorm is not supported with batch_weights, updates_collections or zero_debias_moving_mean',
    );
  }
  const { shape } = x;
  if (shape === null) throw new GraphError('Value', `Inputs ${x.name} has undefined rank.`);
  const weights = weightsOf(x, o);
  const at = first(o) ? 1 : shape.length - 1;
  const channels = shape[at];
  if (channels == null) throw new GraphError('Value', `Inputs ${x.name} has undefined channels dimension (?,).`);
  const none = () => null;
  const v = parameters([channels], x.dtype, o, null, { beta: none, gamma: none });
  let [mean, variance]: [TensorLike, TensorLike] = [v.mean, v.variance];
  if (known(isTraining) !== false) {
    const axes = shape.map((_, i) => i).filter((i) => i !== at);
    const keepDims = first(o);
    let [m, s] = weights ? weightedMoments(x, axes, weights, { keepDims }) : moments(x, axes, { keepDims });
    if (first(o)) [m, s] = [reshape(m, [-1]), reshape(s, [-1])];
    const averages = (): [TensorLike, TensorLike] => [v.mean, v.variance];
    if (o.updatesCollections === null) {
      const forced = () => after(v, m, s, o, (): [TensorLike, TensorLike] => [identity(m), identity(s)]);
      [mean, variance] = choose(isTraining, forced, averages);
    } else {
      collect(v, m, s, o);
      [mean, variance] = choose(isTraining, (): [TensorLike, TensorLike] => [m, s], averages);
    }
  }
  const wide = shape.map((_, i) => (i === 1 ? channels : 1));
  const spread = <T extends TensorLike | null>(t: T): T | Tensor => (first(o) && t !== null ? reshape(t, wide) : t);
  const [wideMean, wideVariance, beta, gamma] = [spread(mean), spread(variance), spread(v.beta), spread(v.gamma)];
  const y = batchNormalization(x, wideMean, wideVariance, beta, gamma, epsilon);
  y.setShape(shape);
  return activated(y, o, scope);
}
/** The weights of the rows, to be multiplied with the inputs. */
function weightsOf(x: Tensor, { batchWeights }: Options): Tensor | null {
  if (batchWeights == null) return null;
  const weights = convertToTensor(batchWeights);
  const rows = x.shape!.slice(0, 1);
  if (!compatible(rows, weights.shape)) {
    const [a, b] = [tupleShape(rows), tupleShape(weights.shape)];
    throw new GraphError('Value', `Shapes ${a} and ${b} are incompatible`);
  }
  return reshape(weights, [-1, ...x.shape!.slice(1).map(() => 1)]);
}

function move(v: Parameters, mean: Tensor, variance: Tensor, o: Options): [Tensor, Tensor] {
  const zeroDebias = o.zeroDebiasMovingMean ?? false;
  return [
    assignMovingAverage(v.mean, mean, o.decay, { zeroDebias }),
    assignMovingAverage(v.variance, variance, o.decay, { zeroDebias: false }),
  ];
}
/** What `body` makes waits until the averages have moved. */
const after = <R>(v: Parameters, mean: Tensor, variance: Tensor, o: Options, body: () => R): R =>
  mean.graph.controlDependencies(move(v, mean, variance, o), body);
function collect(v: Parameters, mean: Tensor, variance: Tensor, o: Options): void {
  const still = (): [TensorLike, TensorLike] => [v.mean, v.variance];
  const updates = choose<[TensorLike, TensorLike]>(o.isTraining, () => move(v, mean, variance, o), still);
  for (const update of updates) mean.graph.addToCollections(o.updatesCollections ?? GraphKeys.UPDATE_OPS, update);
}
