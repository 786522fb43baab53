/** @file regression: targets, loss, metric and optimizer of a net, kept in the collection `trainops` until a DNN is made. */
import { GraphError } from '../errors';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { placeholder as makePlaceholder } from '../ops/array';
import { trainableVariables, Variable } from '../ops/variables';
import { Optimizer as TrainOptimizer } from '../optimizers/optimizer';
import type { DType } from '../value/dtype';
import { Keys } from './config';
import { type LayerTensor, shapeOfInput } from './layer_scope';
import { oneHotEncoding } from './layers';
import * as metrics from './metrics';
import * as objectives from './objectives';
import * as optimizers from './optimizers';
import { TrainOp } from './train_op';

/** From the learning rate an optimizer, and the variable its steps are counted in, or null. */
export type OptimizerMaker = (learningRate: number) => readonly [TrainOptimizer, Variable | null];
export type MetricMaker = (yPred: Tensor, yTrue: Tensor, inputs: readonly Tensor[]) => Tensor;

export interface RegressionOptions {
  /** 'default' makes `TargetsData/Y`; null where the loss needs no targets. */
  readonly placeholder?: Tensor | 'default' | null | undefined;
  readonly optimizer?: string | optimizers.Optimizer | TrainOptimizer | OptimizerMaker | undefined;
  readonly loss?: string | objectives.Objective | Tensor | undefined;
  readonly metric?: string | metrics.Metric | MetricMaker | Tensor | null | undefined;
  readonly learningRate?: number | undefined;
  readonly dtype?: DType | undefined;
  readonly batchSize?: number | undefined;
  readonly shuffleBatches?: boolean | undefined;
  /** Targets are classes, of which there are `nClasses`. */
  readonly toOneHot?: boolean | undefined;
  readonly nClasses?: number | null | undefined;
  readonly trainableVars?: readonly Variable[] | null | undefined;
  /** false: the optimizer's variables stay as they are when a model is loaded. */
  readonly restore?: boolean | undefined;
  readonly opName?: string | null | undefined;
  /** More tensors to average at each validation. */
  readonly validationMonitors?: Tensor | readonly Tensor[] | null | undefined;
  readonly validationBatchSize?: number | null | undefined;
  /** The scope of the placeholder. */
  readonly name?: string | null | undefined;
}

/** What a function of the user's makes; an error in it is told with how the function has to be. */
function asked<R>(make: () => R, reminder: string): R {
  try {
    return make();
  } catch (e) {
    throw new GraphError('Value', `${(e as Error).message}\nReminder: ${reminder}`);
  }
}

/** Says how a net is trained; answers the net. Raises Value for unknown names. @tensorflow tflearn.regression */
export function regression(incoming: Tensor, options: RegressionOptions = {}): LayerTensor {
  const { loss: lossKind = 'categorical_crossentropy', learningRate = 0.001, restore = true } = options;
  const graph = getDefaultGraph();
  const targets = targetsOf(incoming, options);
  const { optimizer, step, name } = optimizerOf(options.optimizer ?? 'adam', learningRate);
  const metric = metricOf(incoming, targets, options.metric === undefined ? 'default' : options.metric);
  const loss = lossOf(incoming, targets as Tensor, lossKind);
  const { trainableVars, batchSize, validationMonitors, validationBatchSize } = options;
  if (!restore) {
    graph.addToCollection(Keys.EXCL_RESTORE_VARS, 'moving_avg');
    graph.addToCollection(Keys.EXCL_RESTORE_VARS, `${optimizer.getName()}/`);
  }
  const op = new TrainOp(loss, optimizer, {
    metric,
    trainableVars: trainableVars?.length ? trainableVars : trainableVariables(),
    batchSize,
    shuffle: options.shuffleBatches,
    stepTensor: step,
    validationMonitors,
    validationBatchSize,
    name: options.opName || name,
  });
  graph.addToCollection(Keys.TRAIN_OPS, op);
  return Object.assign(incoming, { placeholder: targets }) as LayerTensor;
}

function targetsOf(incoming: Tensor, options: RegressionOptions): Tensor | null {
  const { placeholder = 'default', toOneHot = false, nClasses, dtype = 'float32' } = options;
  const graph = getDefaultGraph();
  let targets = placeholder === 'default' ? null : placeholder;
  if (placeholder === 'default') {
    const shape = toOneHot ? [null] : shapeOfInput(incoming);
    targets = graph.nameScope(options.name || 'TargetsData', () => makePlaceholder(dtype, { shape, name: 'Y' }));
  }
  if (targets && !graph.getCollection(Keys.TARGETS).includes(targets)) graph.addToCollection(Keys.TARGETS, targets);
  if (!toOneHot) return targets;
  if (nClasses == null) throw new GraphError('Value', "'n_classes' is required when using 'to_one_hot'.");
  if (!targets) throw new GraphError('Value', "'to_one_hot' needs a placeholder.");
  return oneHotEncoding(targets, nClasses);
}

interface Chosen {
  readonly optimizer: TrainOptimizer;
  readonly step: Variable | null;
  readonly name: string | null;
}
function optimizerOf(kind: NonNullable<RegressionOptions['optimizer']>, learningRate: number): Chosen {
  if (kind instanceof TrainOptimizer) return { optimizer: kind, step: null, name: null };
  if (typeof kind === 'string') kind = new (optimizers.get(kind))({ learningRate });
  if (kind instanceof optimizers.Optimizer) {
    const step = kind.hasDecay ? new Variable(0, { name: 'Training_step', trainable: false }) : null;
    kind.build(step);
    return { optimizer: kind.getTensor(), step, name: kind.constructor.name };
  }
  if (typeof kind !== 'function') throw new GraphError('Value', 'Invalid Optimizer type.');
  const make = kind;
  const [optimizer, step] = asked(() => {
    const [optimizer, step] = make(learningRate);
    return [optimizer, step] as const;
  }, "Custom Optimizer function must return (optimizer, step_tensor) and take one argument: 'learning_rate'. Note that returned step_tensor can be 'None' if no decay.");
  return { optimizer, step, name: null };
}

function metricOf(
  incoming: Tensor,
  targets: Tensor | null,
  kind: NonNullable<RegressionOptions['metric']> | null,
): Tensor | null {
  if (kind instanceof Tensor) return kind;
  if (kind === null || targets === null || (shapeOfInput(incoming).length === 1 && kind === 'default')) return null;
  const inputs = getDefaultGraph().getCollection<Tensor>(Keys.INPUTS);
  const metric = typeof kind === 'string' ? metrics.get(kind === 'default' ? 'accuracy' : kind) : kind;
  if (metric instanceof metrics.Metric) {
    metric.build(incoming, targets, inputs);
    return metric.getTensor();
  }
  if (typeof metric !== 'function') throw new GraphError('Value', 'Invalid Metric type.');
  return asked(
    () => metric(incoming, targets, inputs),
    'Custom metric function arguments must be defined as: custom_metric(y_pred, y_true, x).',
  );
}

function lossOf(incoming: Tensor, targets: Tensor, kind: string | objectives.Objective | Tensor): Tensor {
  if (kind instanceof Tensor) return kind;
  if (typeof kind === 'string') return objectives.get(kind)(incoming, targets);
  if (typeof kind !== 'function') throw new GraphError('Value', 'Invalid Loss type.');
  return asked(
    () => kind(incoming, targets),
    'Custom loss function arguments must be defined as: custom_loss(y_pred, y_true).',
  );
}
