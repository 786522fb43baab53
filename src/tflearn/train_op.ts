/** @file TrainOp: one loss with its optimizer, and the ops that a Trainer makes of them. */
import { GraphError } from '../errors';
import { gradients } from '../gradients';
import { GraphKeys } from '../graph/collections';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Grad } from '../graph/opdef';
import { type Operation, Tensor } from '../graph/operation';
import { addN } from '../ops/arithmetic';
import { placeholder } from '../ops/array';
import { clipByGlobalNorm } from '../ops/clip';
import { noOp } from '../ops/control';
import { assign } from '../ops/state';
import { merge } from '../ops/summary';
import { trainableVariables, Variable } from '../ops/variables';
import { Optimizer } from '../optimizers/optimizer';
import { ExponentialMovingAverage } from '../training/moving_averages';
import { Keys } from './config';
import { addLossSummaries, summarize, summarizeActivations, summarizeGradients, summarizeVariables } from './summaries';

export interface TrainOpOptions {
  readonly metric?: Tensor | null | undefined;
  readonly batchSize?: number | undefined;
  /** Above 0: trained variables have moving averages with this decay. */
  readonly ema?: number | undefined;
  readonly trainableVars?: readonly Variable[] | null | undefined;
  readonly shuffle?: boolean | undefined;
  /** Counts the steps; made unless given. */
  readonly stepTensor?: Variable | null | undefined;
  /** More tensors to average at each validation. */
  readonly validationMonitors?: Tensor | readonly Tensor[] | null | undefined;
  readonly validationBatchSize?: number | null | undefined;
  readonly name?: string | null | undefined;
  readonly graph?: Graph | undefined;
}

/** A variable for the last validation's value of something, and how to set it. */
interface Kept {
  readonly value: Variable;
  readonly feed: Tensor;
  readonly assign: Tensor;
}

/**
 * A loss and how to minimize it, for a Trainer. Raises Value where loss or optimizer are something
 * else.
 * @tensorflow tflearn.TrainOp
 */
export class TrainOp {
  readonly graph: Graph;
  readonly loss: Tensor;
  readonly optimizer: Optimizer;
  readonly metric: Tensor | null;
  readonly metricSummaryName: string;
  readonly validationMonitors: readonly Tensor[];
  readonly trainVars: readonly Variable[];
  readonly ema: number;
  readonly trainingSteps: Variable;
  batchSize: number;
  validationBatchSize: number;
  shuffle: boolean;
  name: string | null;
  /** What its summaries are named after; empty for the only train op of a trainer. */
  scopeName: string | null;

  /** Made by the Trainer. */
  train!: Operation;
  applyGrad!: Operation;
  grad!: readonly (readonly [Grad | null, Variable])[];
  gradNorm: Tensor | null = null;
  summaryOp!: Tensor;
  valSummaryOp: Tensor | null = null;
  valLoss_!: Kept;
  valAcc_!: Kept;
  valMonitors_!: readonly Kept[];
  #accAverage: Variable | null = null;

  /** Where its training stands. */
  lossValue: number | null = null;
  accValue: number | null = null;
  valLoss: number | null = null;
  valAcc: number | null = null;
  currentIter = 0;

  constructor(loss: Tensor, optimizer: Optimizer, options: TrainOpOptions = {}) {
    const { metric = null, batchSize = 64, shuffle = true, name = null, validationMonitors: monitors } = options;
    this.graph = options.graph ?? getDefaultGraph();
    this.name = name;
    this.scopeName = name;
    this.loss = loss;
    this.optimizer = optimizer;
    this.metric = metric;
    this.metricSummaryName = metric ? metric.name.split('/')[0]! : '';
    this.validationMonitors = monitors instanceof Tensor ? [monitors] : (monitors ?? []);
    this.ema = options.ema ?? 0;
    this.shuffle = shuffle;
    this.batchSize = batchSize;
    this.validationBatchSize = options.validationBatchSize || batchSize;
    this.trainingSteps =
      options.stepTensor ?? this.graph.asDefault(() => new Variable(0, { name: 'Training_step', trainable: false }));
    if (!(loss instanceof Tensor)) throw new GraphError('Value', 'Unknown Loss type');
    if (!(optimizer instanceof Optimizer)) throw new GraphError('Value', 'Unknown Optimizer');
    this.trainVars = options.trainableVars ?? this.graph.asDefault(() => trainableVariables());
  }

  /** Another one of the same loss, for the second place in a list. */
  duplicate(): TrainOp {
    const { batchSize, ema, metric, trainVars: trainableVars, shuffle } = this;
    return new TrainOp(this.loss, this.optimizer, { batchSize, ema, metric, trainableVars, shuffle });
  }

  /** Adds the averages, the gradients under them, the summaries and the train op. */
  build(index: number, tensorboardVerbose: number, clipGradients: number): void {
    this.#keepValidation();
    const { graph, trainingSteps: numUpdates } = this;
    const name = this.name!;
    let accUpdate: Operation;
    if (this.metric) {
      const averages = new ExponentialMovingAverage(0.9, { numUpdates: numUpdates as never, name: 'moving_avg' });
      accUpdate = averages.apply([this.metric]);
      this.#accAverage = averages.average(this.metric);
    } else accUpdate = noOp();
    graph.nameScope(name, () => {
      const others = graph.getCollection<Tensor>(GraphKeys.REGULARIZATION_LOSSES);
      const total = addN([this.loss, ...others], { name: 'Total_Loss' });
      const collection = `${name}_training_summaries`;
      const averages = addLossSummaries(total, this.loss, this.scopeName!, collection, numUpdates);
      const found = graph.controlDependencies([averages.update, accUpdate], () => {
        const all = gradients(total, this.trainVars);
        if (!(clipGradients > 0)) return all;
        const [clipped, norm] = clipByGlobalNorm(all, clipGradients);
        this.gradNorm = norm;
        return clipped;
      }) as (Grad | null)[];
      this.grad = found.map((g, i) => [g, this.trainVars[i]!] as const);
      this.applyGrad = this.optimizer.applyGradients(this.grad, {
        globalStep: numUpdates,
        name: `apply_grad_op_${index}`,
      }) as Operation;
      this.#summarize(tensorboardVerbose, collection);
      this.train = this.#trainOp(`train_op_${index}`);
    });
  }
  #keepValidation(): void {
    const titles = this.validationMonitors.map((t) => `${t.name.replace(/:[^:]*$/, '')}_T`);
    const values = ['val_loss', 'val_acc', ...titles].map((name) => new Variable(0, { name, trainable: false }));
    const feeds = values.map((v) => placeholder('float32', { name: `placeholder/${v.op.name}` }));
    const [loss, acc, ...monitors] = values.map((value, i): Kept => {
      const feed = feeds[i]!;
      return { value, feed, assign: assign(value, feed, { name: `assign/${value.op.name}` }) as Tensor };
    });
    this.valLoss_ = loss!;
    this.valAcc_ = acc!;
    this.valMonitors_ = monitors;
  }
  #summarize(verbose: number, collection: string): void {
    if (verbose === 3) summarizeActivations(this.graph.getCollection<Tensor>(Keys.ACTIVATIONS), collection);
    if (verbose === 2 || verbose === 3) summarizeVariables(this.trainVars, collection);
    if (verbose >= 1 && verbose <= 3) summarizeGradients(this.grad, collection);
    this.summaryOp = merge(this.graph.getCollection<Tensor>(collection));
  }
  #trainOp(name: string): Operation {
    const { graph } = this;
    const afterStep = () => graph.controlDependencies([this.applyGrad], () => noOp({ name }));
    if (!(this.ema > 0)) return afterStep();
    const averages = new ExponentialMovingAverage(this.ema, { numUpdates: this.trainingSteps as never });
    return graph.controlDependencies([averages.apply(this.trainVars)], afterStep);
  }

  /** Adds summaries of the metric and of validation, which one fit shows and another does not. */
  buildTestingSummaries(showMetric: boolean, isValidated: boolean): void {
    const { name, scopeName, metric } = this;
    const [training, testing] = [`${name}_training_summaries`, `${name}_testing_summaries`];
    const title = this.metricSummaryName.replace('/Mean:0/', '');
    const shown = showMetric && metric !== null;
    if (shown) {
      summarize(metric, 'scalar', `${title}/${scopeName} (raw)`, training);
      this.summaryOp = summarize(this.#accAverage!, 'scalar', `${title}/${scopeName}`, training);
    }
    if (!isValidated) return;
    const validated = (what: string, { value }: Kept): void => {
      const tag = `${what}/${scopeName}/Validation`.replaceAll('//', '/');
      this.valSummaryOp = summarize(value, 'scalar', tag, testing);
    };
    validated('Loss', this.valLoss_);
    if (shown) validated(title, this.valAcc_);
    for (const kept of this.valMonitors_) validated(kept.value.name, kept);
  }
}

/** Makes another train op of each that stands in the list a second time. */
export function withoutDoubles(ops: readonly TrainOp[]): TrainOp[] {
  const list = [...ops];
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) if (list[i] === list[j]) list[j] = list[i]!.duplicate();
  }
  return list;
}
/** Gives each train op a name, and those with the same one numbers. */
export function nameTrainOps(ops: readonly TrainOp[]): void {
  const call = (op: TrainOp, name: string) => {
    op.name = name;
    op.scopeName = name;
  };
  for (const op of ops) if (!op.name) call(op, 'Optimizer');
  ops.forEach((op, i) => {
    let doubles = 0;
    for (const other of ops.slice(i + 1)) {
      if (op.name !== other.name) continue;
      if (doubles === 0) call(op, `${op.name}_${doubles}`);
      doubles++;
      call(other, `${other.name}_${doubles}`);
    }
  });
}
