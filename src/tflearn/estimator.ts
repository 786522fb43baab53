/** @file regression: targets, loss, metric and optimizer of a net, kept in the collection `trainops` until a DNN is made. */
import { GraphError } from '../errors';
import { Tensor } from '../graph/operation';
import { placeholder as makePlaceholder } from '../ops/array';
import { toInt64 } from '../ops/cast';
import { oneHot } from '../ops/gather';
import { trainableVariables, type Variable } from '../ops/variables';
import { Optimizer } from '../optimizers/optimizer';
import type { DType } from '../value/dtype';
import { Keys } from './config';
import type { LayerTensor } from './layers';
import { type MetricMaker, metric as metricNamed } from './metrics';
import { type Objective, objective } from './objectives';
import { optimizerNamed } from './optimizers';
import { TrainOp } from './trainer';

export interface RegressionOptions {
  /** 'default' makes `TargetsData/Y`; null where the loss needs no targets. */
  readonly placeholder?: Tensor | 'default' | null | undefined;
  readonly optimizer?: string | Optimizer | undefined;
  readonly loss?: string | Objective | Tensor | undefined;
  readonly metric?: string | MetricMaker | Tensor | null | undefined;
  readonly learningRate?: number | undefined;
  readonly dtype?: DType | undefined;
  readonly batchSize?: number | undefined;
  readonly shuffleBatches?: boolean | undefined;
  readonly toOneHot?: boolean | undefined;
  readonly nClasses?: number | null | undefined;
  readonly trainableVars?: readonly Variable[] | null | undefined;
  readonly opName?: string | null | undefined;
  readonly name?: string | undefined;
}

/** Says how a net is trained, as tflearn.regression; answers the net. */
export function regression(incoming: Tensor, options: RegressionOptions = {}): LayerTensor {
  const { optimizer: kind = 'adam', loss: lossKind = 'categorical_crossentropy', learningRate = 0.001 } = options;
  const { graph } = incoming;
  const targets = targetsOf(incoming, options);
  let name = options.opName ?? undefined;
  let optimizer: Optimizer;
  if (kind instanceof Optimizer) optimizer = kind;
  else {
    const found = optimizerNamed(kind, learningRate);
    optimizer = found.optimizer;
    name ??= found.name;
  }
  const metric = metricOf(incoming, targets, options.metric === undefined ? 'default' : options.metric);
  const loss = lossKind instanceof Tensor ? lossKind : objective(lossKind)(incoming, targets as Tensor);
  const trained = options.trainableVars ?? trainableVariables();
  const op = new TrainOp(loss, optimizer, {
    metric,
    trainableVars: trained,
    batchSize: options.batchSize ?? 64,
    shuffle: options.shuffleBatches ?? true,
    name: name ?? 'Optimizer',
  });
  graph.addToCollection(Keys.TRAIN_OPS, op);
  return Object.assign(incoming, { placeholder: targets }) as LayerTensor;
}

function targetsOf(incoming: Tensor, options: RegressionOptions): Tensor | null {
  const { placeholder = 'default', toOneHot = false, nClasses, dtype = 'float32' } = options;
  const { graph } = incoming;
  let targets = placeholder === 'default' ? null : placeholder;
  if (placeholder === 'default') {
    const shape = toOneHot ? [null] : incoming.shape;
    targets = graph.nameScope(options.name ?? 'TargetsData', () => makePlaceholder(dtype, { shape, name: 'Y' }));
  }
  if (targets && !graph.getCollection(Keys.TARGETS).includes(targets)) graph.addToCollection(Keys.TARGETS, targets);
  if (!toOneHot || !targets) return targets;
  if (nClasses == null) throw new GraphError('Value', "'n_classes' is required when using 'to_one_hot'.");
  const indices = targets;
  const encoded = graph.nameScope('OneHotEncoding', () =>
    oneHot(indices.dtype === 'int64' ? indices : toInt64(indices), nClasses, { onValue: 1, offValue: 0 }),
  );
  graph.addToCollection(`${Keys.LAYER_TENSOR}/OneHotEncoding`, encoded);
  return encoded;
}

function metricOf(incoming: Tensor, targets: Tensor | null, kind: string | MetricMaker | Tensor | null) {
  if (kind instanceof Tensor) return { name: kind.name.split(':')[0]!, tensor: kind };
  if (kind === null || targets === null || (incoming.shape?.length === 1 && kind === 'default')) return null;
  return metricNamed(kind === 'default' ? 'accuracy' : kind)(incoming, targets);
}
