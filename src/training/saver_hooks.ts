/** @file Hooks that write: checkpoints, summaries, the speed. */
import { join } from 'node:path';
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import type { Tensor } from '../graph/operation';
import { pathName } from '../interop/checkpoint_state';
import { type FileWriter, FileWriterCache, type SummaryLike } from '../interop/file_writer';
import { graphDefWithShapes, metaGraphOf, writeGraph } from '../interop/saved_graph';
import type { Saver } from '../interop/saver';
import { logging } from '../logging';
import type { Session } from '../session/session';
import type { Coordinator } from './coordinator';
import { getGlobalStep } from './global_step';
import { numberOf, stepReadFor } from './global_step_read';
import { SecondOrStepTimer } from './hook_timer';
import type { Scaffold } from './scaffold';
import { SessionRunArgs, type SessionRunContext, SessionRunHook, type SessionRunValues } from './session_run_hook';

// ---- checkpoints --------------------------------------------------------------------------------------------------

type Awaitable<T> = T | Promise<T>;
/**
 * Acts before and after each checkpoint that a CheckpointSaverHook writes; override what is of use.
 * @tensorflow tf.train.CheckpointSaverListener
 */
export class CheckpointSaverListener {
  /** Before the session: the last time that ops can be added to the graph. */
  begin(): void {}
  beforeSave(_session: Session, _globalStep: number): Awaitable<void> {}
  /** true requests a stop. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most listeners answer nothing
  afterSave(_session: Session, _globalStep: number): Awaitable<boolean | void> {}
  end(_session: Session, _globalStep: number): Awaitable<void> {}
}

export interface CheckpointSaverOptions {
  readonly saveSecs?: number | null | undefined;
  readonly saveSteps?: number | null | undefined;
  readonly saver?: Saver | null | undefined;
  readonly checkpointBasename?: string | undefined;
  /** Whose saver is used. */
  readonly scaffold?: Scaffold | null | undefined;
  readonly listeners?: readonly CheckpointSaverListener[] | undefined;
}
/**
 * Writes checkpoints to a folder: at the beginning, every so many steps or seconds, and at the end. Without saver and
 * scaffold it takes the one of the collection SAVERS.
 * @tensorflow tf.train.CheckpointSaverHook
 */
export class CheckpointSaverHook extends SessionRunHook {
  readonly #dir: string;
  readonly #path: string;
  readonly #options: CheckpointSaverOptions;
  readonly #timer: SecondOrStepTimer;
  readonly #listeners: readonly CheckpointSaverListener[];
  #writer!: FileWriter;
  #step!: Tensor;

  constructor(checkpointDir: string, options: CheckpointSaverOptions = {}) {
    super();
    logging.info('Create CheckpointSaverHook.');
    if (options.saver && options.scaffold) {
      throw new GraphError('Value', 'You cannot provide both saver and scaffold.');
    }
    this.#dir = pathName(checkpointDir, 'checkpoint_dir');
    this.#path = join(checkpointDir, options.checkpointBasename ?? 'model.ckpt');
    this.#options = options;
    this.#timer = new SecondOrStepTimer({ everySecs: options.saveSecs, everySteps: options.saveSteps });
    this.#listeners = options.listeners ?? [];
  }
  override begin(): void {
    this.#writer = FileWriterCache.get(this.#dir);
    this.#step = stepReadFor('CheckpointSaverHook');
    for (const listener of this.#listeners) listener.begin();
  }
  override async afterCreateSession(session: Session, _coord: Coordinator): Promise<void> {
    const step = numberOf(await session.run(this.#step));
    const { graph } = session;
    writeGraph(graphDefWithShapes(graph), this.#dir, 'graph.pbtxt');
    this.#writer.addGraph(graph);
    this.#writer.addMetaGraph(metaGraphOf(graph, { saverDef: this.#saver(session).saverDef }));
    await this.#save(session, step);
    this.#timer.updateLastTriggeredStep(step);
  }
  override beforeRun(_context: SessionRunContext): SessionRunArgs {
    return new SessionRunArgs(this.#step);
  }
  override async afterRun(context: SessionRunContext, values: SessionRunValues): Promise<void> {
    if (!this.#timer.shouldTriggerForStep(numberOf(values.results) + 1)) return;
    const step = numberOf(await context.session.run(this.#step));
    if (!this.#timer.shouldTriggerForStep(step)) return;
    this.#timer.updateLastTriggeredStep(step);
    if (await this.#save(context.session, step)) context.requestStop();
  }
  override async end(session: Session): Promise<void> {
    const step = numberOf(await session.run(this.#step));
    if (step !== this.#timer.lastTriggeredStep()) await this.#save(session, step);
    for (const listener of this.#listeners) await listener.end(session, step);
  }
  /** Whether a listener wants a stop. */
  async #save(session: Session, step: number): Promise<boolean> {
    logging.info(`Saving checkpoints for ${step} into ${this.#path}.`);
    for (const listener of this.#listeners) await listener.beforeSave(session, step);
    await this.#saver(session).save(session, this.#path, { globalStep: step });
    this.#writer.addSessionLog({ status: 'CHECKPOINT', checkpointPath: this.#path }, step);
    let shouldStop = false;
    for (const listener of this.#listeners) {
      if (!(await listener.afterSave(session, step))) continue;
      logging.info(
        `A CheckpointSaverListener requested that training be stopped. listener: ${listener.constructor.name}`,
      );
      shouldStop = true;
    }
    return shouldStop;
  }
  #saver({ graph }: Session): Saver {
    const given = this.#options.saver ?? this.#options.scaffold?.saver;
    if (given) return given;
    const savers = graph.getCollection<Saver>(GraphKeys.SAVERS);
    if (savers.length === 1) return savers[0]!;
    throw new GraphError(
      'Runtime',
      savers.length === 0
        ? `No items in collection ${GraphKeys.SAVERS}. Please add a saver to the collection or provide a saver or scaffold.`
        : `More than one item in collection ${GraphKeys.SAVERS}. Please indicate which one to use by passing it to the constructor.`,
    );
  }
}

// ---- summaries ----------------------------------------------------------------------------------------------------

export interface SummarySaverOptions {
  readonly saveSteps?: number | null | undefined;
  readonly saveSecs?: number | null | undefined;
  readonly outputDir?: string | null | undefined;
  readonly summaryWriter?: FileWriter | null | undefined;
  /** Whose summaryOp is written. */
  readonly scaffold?: Scaffold | null | undefined;
  readonly summaryOp?: Tensor | readonly Tensor[] | null | undefined;
}
/**
 * Writes summaries every so many steps or seconds. Raises Value where not just one of scaffold and summaryOp is given.
 * @tensorflow tf.train.SummarySaverHook
 */
export class SummarySaverHook extends SessionRunHook {
  readonly #options: SummarySaverOptions;
  readonly #timer: SecondOrStepTimer;
  #writer: FileWriter | null;
  #step!: Tensor;
  #nextStep: number | null = null;
  #isTurn = false;
  #stepBefore = 0;

  constructor(options: SummarySaverOptions = {}) {
    super();
    if ((options.scaffold == null) === (options.summaryOp == null)) {
      throw new GraphError('Value', 'Exactly one of scaffold or summary_op must be provided.');
    }
    this.#options = options;
    this.#timer = new SecondOrStepTimer({ everySecs: options.saveSecs, everySteps: options.saveSteps });
    this.#writer = options.summaryWriter ?? null;
  }
  override begin(): void {
    if (!this.#writer && this.#options.outputDir) this.#writer = FileWriterCache.get(this.#options.outputDir);
    this.#nextStep = null;
    this.#step = stepReadFor('SummarySaverHook');
  }
  override async beforeRun({ session }: SessionRunContext): Promise<SessionRunArgs> {
    this.#isTurn = this.#nextStep === null || this.#timer.shouldTriggerForStep(this.#nextStep);
    // Read apart, as the run might read it after its update.
    if (!this.#isTurn) this.#stepBefore = numberOf(await session.run(this.#step));
    const op = this.#options.summaryOp ?? this.#options.scaffold?.summaryOp;
    const summary = op == null ? [] : [op].flat();
    return new SessionRunArgs({ summary: this.#isTurn ? summary : [] });
  }
  override async afterRun(context: SessionRunContext, values: SessionRunValues): Promise<void> {
    if (!this.#writer) return;
    const found = values.results as { summary: readonly SummaryLike[] };
    const isFirst = this.#nextStep === null;
    const step = this.#isTurn ? numberOf(await context.session.run(this.#step)) : this.#stepBefore + 1;
    if (isFirst) this.#writer.addSessionLog({ status: 'START' }, step);
    if (this.#isTurn) {
      this.#timer.updateLastTriggeredStep(step);
      for (const summary of found.summary) this.#writer.addSummary(summary, step);
    }
    this.#nextStep = step + 1;
  }
  override end(_session: Session): void {
    this.#writer?.flush();
  }
}

// ---- speed --------------------------------------------------------------------------------------------------------

export interface StepCounterOptions {
  readonly everyNSteps?: number | null | undefined;
  readonly everyNSecs?: number | null | undefined;
  readonly outputDir?: string | null | undefined;
  readonly summaryWriter?: FileWriter | null | undefined;
}
/** How often the warning below is given at most. */
const WARNINGS = 5;
let warned = 0;

/**
 * Logs and writes how many steps were done in a second. Raises Value where not just one of everyNSteps (100 by default)
 * and everyNSecs is given.
 * @tensorflow tf.train.StepCounterHook
 */
export class StepCounterHook extends SessionRunHook {
  readonly #outputDir: string | null;
  readonly #timer: SecondOrStepTimer;
  #writer: FileWriter | null;
  #tag = '';
  #step!: Tensor;
  #lastStep: number | null = null;

  constructor({ everyNSteps = 100, everyNSecs = null, outputDir, summaryWriter }: StepCounterOptions = {}) {
    super();
    if ((everyNSteps === null) === (everyNSecs === null)) {
      throw new GraphError('Value', 'exactly one of every_n_steps and every_n_secs should be provided.');
    }
    this.#timer = new SecondOrStepTimer({ everySteps: everyNSteps, everySecs: everyNSecs });
    this.#outputDir = outputDir ?? null;
    this.#writer = summaryWriter ?? null;
  }
  override begin(): void {
    if (!this.#writer && this.#outputDir) this.#writer = FileWriterCache.get(this.#outputDir);
    this.#step = stepReadFor('StepCounterHook');
    this.#tag = `${getGlobalStep()!.op.name}/sec`;
  }
  override beforeRun(_context: SessionRunContext): SessionRunArgs {
    return new SessionRunArgs(this.#step);
  }
  override async afterRun(context: SessionRunContext, values: SessionRunValues): Promise<void> {
    const stale = numberOf(values.results);
    if (this.#timer.shouldTriggerForStep(stale + 1)) {
      const step = numberOf(await context.session.run(this.#step));
      if (this.#timer.shouldTriggerForStep(step)) {
        const [secs, steps] = this.#timer.updateLastTriggeredStep(step);
        if (secs !== null) this.#record(steps! / secs, step);
      }
    }
    if (stale === this.#lastStep && warned++ < WARNINGS) {
      logging.warn(
        `It seems that global step (tf.train.get_global_step) has not been increased. Current value (could be stable): ${stale} vs previous value: ${stale}. You could increase the global step by passing tf.train.get_global_step() to Optimizer.apply_gradients or Optimizer.minimize.`,
      );
    }
    this.#lastStep = stale;
  }
  #record(perSecond: number, step: number): void {
    this.#writer?.addSummary({ value: [{ tag: this.#tag, simpleValue: perSecond }] }, step);
    logging.info(`${this.#tag}: ${shortNumber(perSecond)}`);
  }
}
/** As C's %g. */
function shortNumber(x: number): string {
  const exponent = Number(/e(.*)$/.exec(x.toExponential(5))![1]);
  const bare = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent >= -4 && exponent < 6) return bare(x.toFixed(5 - exponent));
  const [digits, power] = x.toExponential(5).split('e') as [string, string];
  return `${bare(digits)}e${power.replace(/^([+-])(\d)$/, '$10$2')}`;
}
