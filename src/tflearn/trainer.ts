/** @file Trainer and TrainOp: the ops that train a net, and the loop that feeds them. */

import { gradients } from '../gradients';
import { GraphKeys } from '../graph/collections';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Grad } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { add, addN } from '../ops/arithmetic';
import { placeholder } from '../ops/array';
import { clipByGlobalNorm } from '../ops/clip';
import { group, noOp } from '../ops/control';
import { assign } from '../ops/state';
import {
  globalVariablesInitializer,
  localVariablesInitializer,
  Variable,
  variablesInitializer,
} from '../ops/variables';
import type { Optimizer } from '../optimizers/optimizer';
import { Session } from '../session/session';
import { ExponentialMovingAverage } from '../training/moving_averages';
import type { Value } from '../value/value';
import { initTrainingMode } from './config';
import { type Dataset, eachBatch, rowsOf, shuffledRows, takeRows } from './data';
import type { Metric } from './metrics';
import { TermLogger } from './term_logger';

export interface TrainOpOptions {
  readonly metric: Metric | null;
  readonly trainableVars: readonly Variable[];
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly name: string;
}

/** One loss, its optimizer, and the ops a Trainer makes of them; as tflearn.TrainOp. */
export class TrainOp {
  readonly loss: Tensor;
  readonly optimizer: Optimizer;
  readonly metric: Metric | null;
  readonly trainVars: readonly Variable[];
  batchSize: number;
  validationBatchSize: number;
  shuffle: boolean;
  name: string;
  /** Made by the Trainer. */
  train!: Operation;
  trainingSteps!: Variable;
  /** The 0.9 average of the loss, which fit reports. */
  lossAverage!: Variable;
  metricAverage: Variable | null = null;
  /** The last validation's loss and metric are kept in variables: for each its placeholder and its assign. */
  kept: readonly { readonly feed: Tensor; readonly assign: Tensor }[] = [];

  constructor(loss: Tensor, optimizer: Optimizer, options: TrainOpOptions) {
    this.loss = loss;
    this.optimizer = optimizer;
    this.metric = options.metric;
    this.trainVars = options.trainableVars;
    this.batchSize = options.batchSize;
    this.validationBatchSize = options.batchSize;
    this.shuffle = options.shuffle;
    this.name = options.name;
    this.trainingSteps = new Variable(0, { name: 'Training_step', trainable: false });
  }

  /** Adds the averages, the gradients under them, and the train op. */
  build(index: number, clipGradients: number): void {
    const { graph } = this.loss;
    const fixed = (name: string) => new Variable(0, { name, trainable: false });
    const [lossV, accV] = [fixed('val_loss'), fixed('val_acc')];
    const feeds = [lossV, accV].map((v) => placeholder('float32', { name: `placeholder/${v.op.name}` }));
    this.kept = [lossV, accV].map((v, i) => {
      const feed = feeds[i]!;
      return { feed, assign: assign(v, feed, { name: `assign/${v.op.name}` }) as Tensor };
    });
    const average = () =>
      new ExponentialMovingAverage(0.9, { numUpdates: this.trainingSteps as never, name: 'moving_avg' });
    let accuracyAverage: Operation;
    if (this.metric) {
      const averages = average();
      accuracyAverage = averages.apply([this.metric.tensor]);
      this.metricAverage = averages.average(this.metric.tensor);
    } else accuracyAverage = noOp();
    graph.nameScope(this.name, () => {
      const others = graph.getCollection<Tensor>(GraphKeys.REGULARIZATION_LOSSES);
      const total = addN([this.loss, ...others], { name: 'Total_Loss' });
      const averages = average();
      const lossAverage = averages.apply(others.length > 0 ? [total, this.loss, ...others] : [this.loss]);
      this.lossAverage = averages.average(this.loss)!;
      const grads = graph.controlDependencies([lossAverage, accuracyAverage], () => {
        const found = gradients(total, this.trainVars);
        return clipGradients > 0 ? clipByGlobalNorm(found, clipGradients)[0] : found;
      }) as (Grad | null)[];
      const applied = this.optimizer.applyGradients(
        grads.map((g, i) => [g, this.trainVars[i]!] as const),
        { globalStep: this.trainingSteps, name: `apply_grad_op_${index}` },
      );
      this.train = graph.controlDependencies([applied], () => noOp({ name: `train_op_${index}` }));
    });
  }
}

export interface TrainerOptions {
  readonly clipGradients?: number | undefined;
  readonly session?: Session | null | undefined;
}
export interface TrainerFitOptions {
  readonly nEpoch: number;
  readonly validation?: Dataset | null | undefined;
  readonly showMetric: boolean;
  readonly shuffle?: boolean | null | undefined;
  readonly snapshotStep?: number | null | undefined;
  readonly runId?: string | undefined;
}

/** Trains TrainOps batch by batch, as tflearn.Trainer. The training mode is switched on before each batch. */
export class Trainer {
  readonly graph: Graph = getDefaultGraph();
  readonly trainOps: readonly TrainOp[];
  readonly session: Session;
  readonly #increment: Tensor;
  /** Resolves when the session's variables are initialized. */
  readonly ready: Promise<void>;
  step = 0;

  constructor(trainOps: readonly TrainOp[], { clipGradients = 5, session }: TrainerOptions = {}) {
    initTrainingMode();
    this.trainOps = trainOps;
    const step = new Variable(0, { name: 'Global_Step', trainable: false });
    this.#increment = assign(step, add(step, 1)) as Tensor;
    this.session = session ?? new Session({ graph: this.graph });
    trainOps.forEach((op, i) => void op.build(i, clipGradients));
    if (session) {
      this.ready = Promise.resolve();
      return;
    }
    const all = group([globalVariablesInitializer(), localVariablesInitializer()]);
    const mode = variablesInitializer(this.graph.getCollectionRef<Variable>('is_training'));
    this.ready = this.session
      .run(mode)
      .then(() => this.session.run(all))
      .then(() => {});
  }

  #mode(on: boolean): Promise<void> {
    const ops = this.graph.getCollection<Tensor>('is_training_ops');
    return this.session.run(ops[on ? 0 : 1]!).then(() => {});
  }

  /** Trains for nEpoch epochs; the log shows the loss's average and, on request, the metric's. */
  async fit(data: Dataset, options: TrainerFitOptions): Promise<void> {
    await this.ready;
    const logger = new TermLogger(options.runId, options.nEpoch);
    for (let epoch = 1; epoch <= options.nEpoch; epoch++) {
      for (const op of this.trainOps) await this.#epoch(op, epoch, data, options, logger);
    }
    logger.stop();
  }

  async #epoch(
    op: TrainOp,
    epoch: number,
    data: Dataset,
    options: TrainerFitOptions,
    logger: TermLogger,
  ): Promise<void> {
    const n = rowsOf(data);
    const order = (options.shuffle ?? op.shuffle) ? shuffledRows(n) : Array.from({ length: n }, (_, i) => i);
    for (let from = 0; from < n; from += op.batchSize) {
      const rows = order.slice(from, from + op.batchSize);
      this.step++;
      await this.#mode(true);
      const average = options.showMetric ? op.metricAverage : null;
      const fetches = [op.lossAverage, ...(average ? [average] : [])];
      const [loss, metric] = (await this.session.run([...fetches, op.train], {
        feedDict: takeRows(data, rows),
      })) as Value[];
      await this.session.run(this.#increment);
      const last = from + op.batchSize >= n;
      const snapshot = last || (options.snapshotStep && this.step % options.snapshotStep === 0);
      const validated =
        snapshot && options.validation ? await this.#validate(op, options.validation, options.showMetric) : null;
      logger.batch({
        name: op.name,
        step: this.step,
        epoch,
        done: Math.min(from + op.batchSize, n),
        total: n,
        loss: Number(loss),
        metric: average && op.metric ? { name: op.metric.name, value: Number(metric) } : null,
        validation: validated,
      });
    }
  }

  async #validate(op: TrainOp, data: Dataset, showMetric: boolean): Promise<{ loss: number; metric: number | null }> {
    await this.#mode(false);
    const fetches = [op.loss, ...(showMetric && op.metric ? [op.metric.tensor] : [])];
    const means = await this.#average(fetches, data, op.validationBatchSize);
    const kept = op.kept.slice(0, means.length);
    await this.session.run(
      kept.map((k) => k.assign),
      { feedDict: new Map(kept.map((k, i) => [k.feed, means[i]!])) },
    );
    const [loss, metric] = means;
    return { loss: loss!, metric: metric ?? null };
  }

  /** Averages of scalars over all rows, batch by batch. */
  async #average(fetches: readonly Tensor[], data: Dataset, batchSize: number): Promise<number[]> {
    const sums = fetches.map(() => 0);
    const n = rowsOf(data);
    for (const rows of eachBatch(n, batchSize)) {
      const values = (await this.session.run([...fetches], { feedDict: takeRows(data, rows) })) as Value[];
      values.forEach((v, i) => {
        sums[i]! += Number(v) * rows.length;
      });
    }
    return sums.map((s) => s / n);
  }

  /** One step on one batch; answers the batch's loss. The training mode is off afterwards. */
  async fitBatch(data: Dataset): Promise<number> {
    await this.ready;
    let loss = 0;
    for (const op of this.trainOps) {
      await this.#mode(true);
      const [, value] = (await this.session.run([op.train, op.loss], { feedDict: data })) as [null, Value];
      await this.#mode(false);
      loss = Number(value);
    }
    return loss;
  }

  /** Metrics over all rows, with the training mode off. */
  async evaluate(data: Dataset, batchSize: number): Promise<number[]> {
    await this.ready;
    await this.#mode(false);
    const metrics = this.trainOps.flatMap((op) => (op.metric ? [op.metric.tensor] : []));
    return this.#average(metrics, data, batchSize);
  }

  async predict(net: Tensor, data: Dataset): Promise<Value> {
    await this.ready;
    await this.#mode(false);
    return (await this.session.run(net, { feedDict: data })) as Value;
  }
}
