/** @file Trainer: makes the ops of train ops in a session, feeds them batch by batch, and saves and restores the model. */
import { resolve } from 'node:path';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { FileWriter } from '../interop/file_writer';
import { Saver } from '../interop/saver';
import { bytesOfText } from '../interop/tensor_proto';
import { add } from '../ops/arithmetic';
import { group } from '../ops/control';
import { setRandomSeed } from '../ops/seed';
import { assign } from '../ops/state';
import {
  globalVariablesInitializer,
  localVariablesInitializer,
  trainableVariables,
  Variable,
  variablesInitializer,
} from '../ops/variables';
import { Session } from '../session/session';
import { Value } from '../value/value';
import { type Callback, ChainCallback, ModelSaver, TrainingState } from './callbacks';
import { initTrainingMode, isTraining, Keys } from './config';
import { type Augmentation, FeedDictFlow, type Preprocessing, preprocessed, shuffleInPlace } from './data_flow';
import { evaluateFlow } from './evaluate_flow';
import { checkedRows, type FeedDict, type Rows, rowsOf } from './feeds';
import { metricName } from './metrics';
import { type RestoreOptions, renaming } from './restore_names';
import { valueOfSummary } from './summaries';
import { TermLogger } from './term_logger';
import { say } from './terminal';
import { nameTrainOps, type TrainOp, withoutDoubles } from './train_op';
import { getAllVariables } from './variables';

export interface TrainerOptions {
  readonly graph?: Graph | undefined;
  /** The global norm gradients are clipped to; 0 for none. */
  readonly clipGradients?: number | undefined;
  /** Where event files go, a folder for each run. */
  readonly tensorboardDir?: string | undefined;
  /** What the event files hold. 0: loss and metric; 1: gradients too; 2: weights too; 3: activations too. */
  readonly tensorboardVerbose?: number | undefined;
  /** Where a checkpoint is written at each snapshot. */
  readonly checkpointPath?: string | null | undefined;
  /** Where the model with the best validation accuracy is written. */
  readonly bestCheckpointPath?: string | null | undefined;
  readonly maxCheckpoints?: number | null | undefined;
  readonly keepCheckpointEveryNHours?: number | undefined;
  readonly randomSeed?: number | null | undefined;
  /** A session whose variables are initialized. */
  readonly session?: Session | null | undefined;
  /** What validation accuracy must be above to be saved. */
  readonly bestValAccuracy?: number | undefined;
}
/** Rows for each placeholder. */
export type Feeds = ReadonlyMap<Tensor, Rows>;
export interface TrainerFitOptions {
  readonly nEpoch?: number | undefined;
  /** Rows to validate with, or which part of the training rows. */
  readonly valFeedDicts?: Feeds | readonly Feeds[] | number | null | undefined;
  readonly showMetric?: boolean | undefined;
  /** A snapshot (validation, and a checkpoint) every so many steps. */
  readonly snapshotStep?: number | null | undefined;
  /** A snapshot after each epoch. */
  readonly snapshotEpoch?: boolean | undefined;
  /** Overrides what the train ops say. */
  readonly shuffleAll?: boolean | null | undefined;
  readonly preprocessing?: Preprocessing | null | undefined;
  readonly augmentation?: Augmentation | null | undefined;
  readonly exclTrainops?: readonly TrainOp[] | null | undefined;
  /** The name of the folder in tensorboardDir. */
  readonly runId?: string | null | undefined;
  readonly callbacks?: Callback | readonly Callback[] | undefined;
}
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const newRunId = (): string =>
  Array.from({ length: 6 }, () => CAPITALS[Math.floor(Math.random() * CAPITALS.length)]).join('');
const listOf = <T>(x: T | readonly T[]): readonly T[] => (Array.isArray(x) ? x : [x as T]);
const valuesOf = (feeds: Feeds): FeedDict =>
  checkedRows(new Map([...feeds].map(([t, rows]) => [t, Value.from(rows, t.dtype)])));

/** Collections that hold objects, which no file can take. */
const OBJECTS = ['summary_tags', Keys.DATA_PREP, Keys.DATA_AUG, Keys.EXCL_RESTORE_VARS, Keys.GRAPH_CONFIG];
/** Empties them while `body` writes the graph. */
async function withoutObjects<R>(graph: Graph, body: () => R): Promise<Awaited<R>> {
  const kept = OBJECTS.map((key) => graph.getCollectionRef<unknown>(key).splice(0));
  try {
    return await body();
  } finally {
    OBJECTS.forEach((key, i) => {
      graph.getCollectionRef<unknown>(key).push(...kept[i]!);
    });
  }
}

/** What a train op is fed in one fit. */
interface Fitted {
  readonly op: TrainOp;
  readonly train: FeedDictFlow;
  readonly test: FeedDictFlow | null;
}

/**
 * Trains TrainOps batch by batch. It makes a session and initializes the variables; wait for `ready`
 * before you use the session yourself. The training mode is switched on before each batch.
 * @tensorflow tflearn.Trainer
 */
export class Trainer {
  readonly graph: Graph;
  readonly trainOps: readonly TrainOp[];
  readonly trainingState = new TrainingState();
  readonly tensorboardDir: string;
  readonly checkpointPath: string | null;
  readonly bestCheckpointPath: string | null;
  session: Session;
  /** Resolves when the session's variables are initialized. */
  ready: Promise<void>;
  readonly saver: Saver;
  readonly valSaver: Saver | null;
  readonly restorer: Saver;
  readonly restorerTrainvars: Saver;
  readonly globalStep: Variable;
  readonly #toRestore: readonly Variable[];
  readonly #toRestoreTrainvars: readonly Variable[];
  readonly #bestValAccuracy: number;
  readonly #increment: Tensor;
  #writer: FileWriter | null = null;

  constructor(trainOps: TrainOp | readonly TrainOp[], options: TrainerOptions = {}) {
    const { graph = getDefaultGraph(), tensorboardDir: dir = '/tmp/tflearn_logs/', session } = options;
    const { maxCheckpoints: maxToKeep = null, keepCheckpointEveryNHours = 10000 } = options;
    this.graph = graph;
    this.tensorboardDir = dir === '' || dir.endsWith('/') ? dir : `${dir}/`;
    this.checkpointPath = options.checkpointPath ?? null;
    this.bestCheckpointPath = options.bestCheckpointPath ?? null;
    this.#bestValAccuracy = options.bestValAccuracy ?? 0;
    const made = graph.asDefault(() => {
      initTrainingMode();
      const ops = withoutDoubles(listOf(trainOps));
      if (options.randomSeed) setRandomSeed(options.randomSeed);
      nameTrainOps(ops);
      const step = new Variable(0, { name: 'Global_Step', trainable: false });
      const increment = assign(step, add(step, 1)) as Tensor;
      ops.forEach((op, i) => {
        if (ops.length === 1) op.scopeName = '';
        op.build(i, options.tensorboardVerbose ?? 0, options.clipGradients ?? 5);
      });
      const keep = { keepCheckpointEveryNHours, allowEmpty: true };
      const saver = new Saver(null, { ...keep, maxToKeep });
      const valSaver = this.bestCheckpointPath ? new Saver(null, { ...keep, maxToKeep: 1 }) : null;
      const excluded = graph.getCollection<Variable | string>(Keys.EXCL_RESTORE_VARS);
      const restored = (v: Variable) =>
        !excluded.some((x) => v.name.includes((typeof x === 'string' ? x : x.name).split(':')[0]!));
      const all = getAllVariables().filter(restored);
      const restorer = new Saver(all, { ...keep, maxToKeep });
      const trained = trainableVariables().filter(restored);
      const restorerTrainvars = new Saver(trained, { ...keep, maxToKeep });
      return { ops, step, increment, saver, valSaver, restorer, restorerTrainvars, all, trained };
    });
    this.trainOps = made.ops;
    this.globalStep = made.step;
    this.#increment = made.increment;
    this.saver = made.saver;
    this.valSaver = made.valSaver;
    this.restorer = made.restorer;
    this.restorerTrainvars = made.restorerTrainvars;
    this.#toRestore = made.all;
    this.#toRestoreTrainvars = made.trained;
    this.session = session ?? new Session({ graph });
    this.ready = session ? Promise.resolve() : this.#initialize();
    // A failure is told to those who wait for it.
    this.ready.catch(() => {});
  }
  async #initialize(): Promise<void> {
    const [mode, all] = this.graph.asDefault(() => {
      const init = group([globalVariablesInitializer(), localVariablesInitializer()]);
      return [variablesInitializer(this.graph.getCollectionRef<Variable>('is_training')), init];
    });
    await this.session.run(mode);
    await this.session.run(all);
  }
  #mode(on: boolean): Promise<void> {
    return isTraining(on, { session: this.session, graph: this.graph });
  }

  /**
   * Trains for nEpoch epochs and logs each step; the log's loss and metric are moving averages. `feedDicts` is one for
   * all train ops, or a list with one for each.
   */
  async fit(feedDicts: Feeds | readonly Feeds[], options: TrainerFitOptions = {}): Promise<void> {
    const { nEpoch = 10, snapshotStep = null, snapshotEpoch = true, showMetric = false } = options;
    await this.ready;
    const runId = options.runId || newRunId();
    say(`---------------------------------\nRun id: ${runId}\nLog directory: ${this.tensorboardDir}\n`);
    const excluded = options.exclTrainops ?? [];
    const ops = this.trainOps.filter((op) => !excluded.includes(op));
    if (typeof options.shuffleAll === 'boolean') for (const op of ops) op.shuffle = options.shuffleAll;
    const writer = await this.#open(runId);
    const fitted = await this.#prepare(ops, feedDicts, options);
    const logger = new TermLogger();
    for (const { op, train, test } of fitted) {
      const valSize = test?.rows ?? 0;
      logger.add(train.rows, { valSize, metricName: op.metric && metricName(op.metric), name: op.name });
    }
    const saver = new ModelSaver({
      save: (path, where) => this.save(path, where),
      snapshotPath: this.checkpointPath,
      bestSnapshotPath: this.bestCheckpointPath,
      bestValAccuracy: this.#bestValAccuracy,
      snapshotStep,
      snapshotEpoch,
    });
    const caller = new ChainCallback([logger, saver, ...listOf(options.callbacks ?? [])]);
    const batches = Math.max(0, ...fitted.map(({ train }) => train.batches.length));
    const state = this.trainingState;
    await caller.tell('onTrainBegin', state);
    try {
      for (let epoch = 0; epoch < nEpoch; epoch++) {
        state.epoch++;
        await caller.tell('onEpochBegin', state);
        for (let batch = 0; batch < batches; batch++) {
          state.step++;
          state.resetGlobal();
          await caller.tell('onBatchBegin', state);
          let snapshot = false;
          for (const [i, one] of fitted.entries()) {
            await caller.tell('onSubBatchBegin', state);
            snapshot = await this.#step(one, writer, {
              showMetric,
              snapshotEpoch: this.bestCheckpointPath !== null || snapshotEpoch,
              snapshotStep,
            });
            state.update(one.op, fitted.length);
            await caller.tell('onSubBatchEnd', state, i);
          }
          await this.session.run(this.#increment);
          await caller.tell('onBatchEnd', state, snapshot);
        }
        await caller.tell('onEpochEnd', state);
      }
    } finally {
      await caller.tell('onTrainEnd', state);
      writer.close();
    }
  }
  async #open(runId: string): Promise<FileWriter> {
    this.#writer?.reopen();
    this.#writer ??= await withoutObjects(
      this.graph,
      () => new FileWriter(`${this.tensorboardDir}${runId}`, this.session.graph),
    );
    return this.#writer;
  }
  /** The flows of batches, and the summaries that this fit needs. */
  async #prepare(ops: readonly TrainOp[], feedDicts: Feeds | readonly Feeds[], options: TrainerFitOptions) {
    const { preprocessing, augmentation, valFeedDicts = null, showMetric = false } = options;
    const given = listOf(feedDicts as Feeds);
    const fitted: Fitted[] = [];
    for (const [i, op] of ops.entries()) {
      const feeds = valuesOf(given[Math.min(i, given.length - 1)]!);
      for (const [t, change] of preprocessing ?? []) await change.initialize(feeds.get(t)!, this.session);
      const all = Array.from({ length: rowsOf(feeds) }, (_, row) => row);
      let test: FeedDictFlow | null = null;
      let rows = all;
      const { validationBatchSize: batchSize } = op;
      if (typeof valFeedDicts === 'number') {
        const mixed = shuffleInPlace(all);
        const at = Math.trunc(all.length * (1 - valFeedDicts));
        rows = mixed.slice(0, at);
        test = new FeedDictFlow(feeds, { batchSize, preprocessing, rows: mixed.slice(at) });
      } else if (valFeedDicts) {
        const list = listOf(valFeedDicts as Feeds);
        const own = valuesOf(list[Math.min(i, list.length - 1)]!);
        test = new FeedDictFlow(own, { batchSize, preprocessing });
      }
      const { shuffle } = op;
      const common = { preprocessing, augmentation, continuous: true, shuffle, rows };
      fitted.push({ op, train: new FeedDictFlow(feeds, { ...common, batchSize: op.batchSize }), test });
      this.graph.asDefault(() => op.buildTestingSummaries(showMetric, test !== null));
    }
    return fitted;
  }

  /** One batch of one train op; answers whether it is a snapshot. */
  async #step(
    { op, train, test }: Fitted,
    writer: FileWriter,
    options: { readonly showMetric: boolean; readonly snapshotEpoch: boolean; readonly snapshotStep: number | null },
  ): Promise<boolean> {
    const { showMetric, snapshotEpoch, snapshotStep } = options;
    const shown = showMetric && op.metric !== null;
    op.valLoss = null;
    op.valAcc = null;
    const { epoch } = train.status;
    const batch = train.next()!;
    await this.#mode(true);
    const [, summary] = (await this.session.run([op.train, op.summaryOp], { feedDict: batch })) as [null, Value];
    const written = bytesOfText(summary.item());
    op.currentIter = train.status.currentIter;
    op.lossValue = valueOfSummary(`Loss/${op.scopeName}`, written);
    op.accValue = shown ? valueOfSummary(`${op.metricSummaryName}/${op.scopeName}`, written) : null;
    const isStep = snapshotStep ? this.trainingState.step % snapshotStep === 0 : false;
    const snapshot = (epoch !== train.status.epoch && snapshotEpoch) || isStep;
    const validation = snapshot && test ? await this.#validate(op, test, shown) : null;
    const steps = Number(await this.session.run(op.trainingSteps));
    if (steps > 1) {
      writer.addSummary(written, steps);
      if (validation) writer.addSummary(validation, steps);
    }
    return snapshot;
  }
  async #validate(op: TrainOp, test: FeedDictFlow, shown: boolean): Promise<Value> {
    const fetches = [op.loss, ...op.validationMonitors, ...(shown ? [op.metric!] : [])];
    const means = await evaluateFlow(this.session, fetches, test, this.graph);
    op.valLoss = Number(means[0]);
    op.valAcc = shown ? Number(means.at(-1)) : null;
    const kept = [op.valLoss_, ...op.valMonitors_, ...(shown ? [op.valAcc_] : [])];
    await this.session.run(
      kept.map((k) => k.assign),
      { feedDict: new Map(kept.map((k, i) => [k.feed, means[i]!])) },
    );
    return (await this.session.run(op.valSummaryOp!)) as Value;
  }

  /**
   * One step on one batch; answers its loss, or a list for several feed dicts. The training mode is off afterwards. As in
   * TFLearn it is the last train op that is trained.
   */
  async fitBatch(
    feedDicts: Feeds | readonly Feeds[],
    preprocessing: Preprocessing | null = null,
    augmentation: Augmentation | null = null,
  ): Promise<number | number[]> {
    await this.ready;
    const op = this.trainOps.at(-1)!;
    const losses: number[] = [];
    for (const feeds of listOf(feedDicts as Feeds)) {
      const batch = preprocessed(preprocessed(valuesOf(feeds), augmentation as never), preprocessing);
      await this.#mode(true);
      const [, loss] = (await this.session.run([op.train, op.loss, op.summaryOp], { feedDict: batch })) as Value[];
      await this.#mode(false);
      losses.push(Number(loss));
    }
    return losses.length === 1 ? losses[0]! : losses;
  }

  /** Writes a checkpoint and answers its path. */
  async save(
    modelFile: string,
    { globalStep, useValSaver = false }: { readonly globalStep?: number; readonly useValSaver?: boolean } = {},
  ): Promise<string | null> {
    await this.ready;
    const saver = useValSaver ? (this.valSaver ?? this.saver) : this.saver;
    return withoutObjects(this.graph, () => saver.save(this.session, resolve(modelFile), { globalStep }));
  }

  /** Brings a checkpoint back, in a new session unless told. Variables with `restore: false` start anew. */
  async restore(modelFile: string, options: RestoreOptions = {}): Promise<void> {
    const { trainableVariableOnly = false, createNewSession = true } = options;
    await this.ready;
    const file = resolve(modelFile);
    if (createNewSession) {
      this.session.close();
      this.session = new Session({ graph: this.graph });
      const init = this.graph.asDefault(() => [globalVariablesInitializer(), localVariablesInitializer()]);
      await this.session.run(init);
    }
    const rename = renaming(options);
    if (rename) {
      const list = trainableVariableOnly ? this.#toRestoreTrainvars : this.#toRestore;
      const named: Record<string, Variable> = {};
      for (const v of list) {
        const name = rename(v.op.name);
        if (name !== null) named[name] = v;
      }
      await this.graph.asDefault(() => new Saver(named)).restore(this.session, file);
    } else await (trainableVariableOnly ? this.restorerTrainvars : this.restorer).restore(this.session, file);
    this.trainingState.step = Math.trunc(Number(await this.session.run(this.globalStep)));
  }
}
