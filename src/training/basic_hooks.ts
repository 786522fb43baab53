/** @file Hooks that look at values: stop at a step, log tensors, stop at NaN, wait, feed. */
import { GraphError } from '../errors';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { Operation, Tensor } from '../graph/operation';
import { logging } from '../logging';
import { Variable } from '../ops/variables';
import type { Feeds } from '../session/feeds';
import type { Session } from '../session/session';
import type { Value } from '../value/value';
import type { Coordinator } from './coordinator';
import { numberOf, stepReadFor } from './global_step_read';
import { type HookTimer, neverTriggers, SecondOrStepTimer } from './hook_timer';
import { numpyText } from './numpy_text';
import {
  SessionRunArgs,
  type SessionRunContext,
  SessionRunHook,
  type SessionRunValues,
  StopIteration,
} from './session_run_hook';

// ---- stop ---------------------------------------------------------------------------------------------------------

export interface StopAtStepOptions {
  /** So many steps from the beginning of the session on. */
  readonly numSteps?: number | null | undefined;
  readonly lastStep?: number | null | undefined;
}
/**
 * Requests a stop at a value of the global step. Raises Value where not just one of its options is given.
 * @tensorflow tf.train.StopAtStepHook
 */
export class StopAtStepHook extends SessionRunHook {
  readonly #numSteps: number | null;
  #lastStep: number | null;
  #step!: Tensor;

  constructor({ numSteps = null, lastStep = null }: StopAtStepOptions = {}) {
    super();
    if (numSteps === null && lastStep === null) {
      throw new GraphError('Value', 'One of num_steps or last_step must be specified.');
    }
    if (numSteps !== null && lastStep !== null) {
      throw new GraphError('Value', 'Only one of num_steps or last_step can be specified.');
    }
    this.#numSteps = numSteps;
    this.#lastStep = lastStep;
  }
  override begin(): void {
    this.#step = stepReadFor('StopAtStepHook');
  }
  override async afterCreateSession(session: Session, _coord: Coordinator): Promise<void> {
    this.#lastStep ??= numberOf(await session.run(this.#step)) + this.#numSteps!;
  }
  override beforeRun(_context: SessionRunContext): SessionRunArgs {
    return new SessionRunArgs(this.#step);
  }
  override async afterRun(context: SessionRunContext, values: SessionRunValues): Promise<void> {
    if (numberOf(values.results) + 1 < this.#lastStep!) return;
    const step = numberOf(await context.session.run(this.#step));
    if (step >= this.#lastStep!) context.requestStop();
  }
}

/** The loss of a model became NaN. @tensorflow tf.train.NanLossDuringTrainingError */
export class NanLossDuringTrainingError extends GraphError {
  constructor() {
    super('Runtime', 'NaN loss during training.');
    this.name = 'NanLossDuringTrainingError';
  }
}
/**
 * Looks at the loss after each run: NaN raises NanLossDuringTrainingError, or requests a stop.
 * @tensorflow tf.train.NanTensorHook
 */
export class NanTensorHook extends SessionRunHook {
  readonly #loss: Tensor | Variable;
  readonly #failOnNanLoss: boolean;

  constructor(lossTensor: Tensor | Variable, failOnNanLoss = true) {
    super();
    this.#loss = lossTensor;
    this.#failOnNanLoss = failOnNanLoss;
  }
  override beforeRun(_context: SessionRunContext): SessionRunArgs {
    return new SessionRunArgs(this.#loss);
  }
  override afterRun(context: SessionRunContext, values: SessionRunValues): void {
    if (!Number.isNaN(numberOf(values.results))) return;
    const words = 'Model diverged with loss = NaN.';
    if (this.#failOnNanLoss) {
      logging.error(words);
      throw new NanLossDuringTrainingError();
    }
    logging.warn(words);
    context.requestStop();
  }
}

// ---- log ----------------------------------------------------------------------------------------------------------

type Loggable = Tensor | Variable | string;
export interface LoggingTensorOptions {
  readonly everyNIter?: number | null | undefined;
  readonly everyNSecs?: number | null | undefined;
  /** Logs once more at the end, or then only. */
  readonly atEnd?: boolean | undefined;
  /** Makes the line from the values by tag. */
  readonly formatter?: ((values: Readonly<Record<string, Value>>) => string) | null | undefined;
}
/**
 * Logs tensors (by tag, or a list of tensors and names) every so many runs or seconds. Raises Value where the options do
 * not say when.
 * @tensorflow tf.train.LoggingTensorHook
 */
export class LoggingTensorHook extends SessionRunHook {
  readonly #tensors: ReadonlyMap<string, Loggable>;
  readonly #options: LoggingTensorOptions;
  readonly #timer: HookTimer;
  #current: Readonly<Record<string, Tensor>> = {};
  #runs = 0;
  #isTurn = false;

  constructor(tensors: readonly Loggable[] | Readonly<Record<string, Loggable>>, options: LoggingTensorOptions = {}) {
    super();
    const { everyNIter = null, everyNSecs = null, atEnd = false } = options;
    if (typeof tensors !== 'object' || tensors === null) {
      throw new GraphError('Type', `tensors must be a list or a dict of tensors, got ${tensors}`);
    }
    const onlyAtEnd = atEnd && everyNIter === null && everyNSecs === null;
    if (!onlyAtEnd && (everyNIter === null) === (everyNSecs === null)) {
      throw new GraphError(
        'Value',
        'either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.',
      );
    }
    if (everyNIter !== null && everyNIter <= 0) throw new GraphError('Value', `invalid every_n_iter=${everyNIter}.`);
    const pairs: [string, Loggable][] = Array.isArray(tensors)
      ? (tensors as Loggable[]).map((t) => [String(t), t])
      : Object.entries(tensors as Readonly<Record<string, Loggable>>).sort(([a], [b]) => (a < b ? -1 : 1));
    this.#tensors = new Map(pairs);
    this.#options = options;
    this.#timer = onlyAtEnd ? neverTriggers : new SecondOrStepTimer({ everySecs: everyNSecs, everySteps: everyNIter });
  }
  override begin(): void {
    this.#timer.reset();
    this.#runs = 0;
    const graph = getDefaultGraph();
    this.#current = Object.fromEntries([...this.#tensors].map(([tag, x]) => [tag, tensorOf(graph, x)]));
  }
  override beforeRun(_context: SessionRunContext): SessionRunArgs | null {
    this.#isTurn = this.#timer.shouldTriggerForStep(this.#runs);
    return this.#isTurn ? new SessionRunArgs(this.#current) : null;
  }
  override afterRun(_context: SessionRunContext, values: SessionRunValues): void {
    if (this.#isTurn) this.#log(values.results as Readonly<Record<string, Value>>);
    this.#runs++;
  }
  override async end(session: Session): Promise<void> {
    if (this.#options.atEnd) this.#log(await session.run(this.#current));
  }
  #log(values: Readonly<Record<string, Value>>): void {
    const [secs] = this.#timer.updateLastTriggeredStep(this.#runs);
    const { formatter } = this.#options;
    if (formatter) {
      logging.info(formatter(values));
      return;
    }
    const stats = [...this.#tensors.keys()].map((tag) => `${tag} = ${numpyText(values[tag]!)}`).join(', ');
    logging.info(secs === null ? stats : `${stats} (${secs.toFixed(3)} sec)`);
  }
}
/** A name without ':0' means the only output. Raises Value for ops with several, and things of other graphs. */
function tensorOf(graph: Graph, x: Loggable): Tensor {
  if (typeof x !== 'string') {
    const known = x instanceof Tensor || x instanceof Variable || (x as unknown) instanceof Operation;
    if (known && x.graph === graph) return x instanceof Variable ? x.asGraphElement() : x;
    throw new GraphError('Value', `Passed ${x} should have graph attribute that is equal to current graph ${graph}.`);
  }
  if (x.includes(':')) return graph.getTensorByName(x);
  const found = graph.getTensorByName(`${x}:0`);
  if (found.op.outputs.length === 1) return found;
  throw new GraphError('Value', `Name ${x} is ambiguous, as this \`Operation\` has multiple outputs (at least 2).`);
}

// ---- the rest -----------------------------------------------------------------------------------------------------

const WAIT_MS = 500;
/**
 * Holds the first run back until the global step, which another worker moves, is there.
 * @tensorflow tf.train.GlobalStepWaiterHook
 */
export class GlobalStepWaiterHook extends SessionRunHook {
  readonly #waitUntilStep: number;
  #isStarted = false;
  #step!: Tensor;

  constructor(waitUntilStep: number) {
    super();
    this.#waitUntilStep = waitUntilStep;
  }
  override begin(): void {
    this.#isStarted = false;
    this.#step = stepReadFor('_GlobalStepWaiterHook');
  }
  override async beforeRun(context: SessionRunContext): Promise<null> {
    if (this.#isStarted) return null;
    this.#isStarted = true;
    if (this.#waitUntilStep <= 0) return null;
    const words = `Waiting for global step ${this.#waitUntilStep} before starting training.`;
    logging.info(words);
    for (let logged = 0; ; ) {
      const step = numberOf(await context.session.run(this.#step));
      if (step >= this.#waitUntilStep) return null;
      if (step - logged > 1000) {
        logging.info(`${words} Current step is ${step}.`);
        logged = step;
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}

/** Fetches something once more before the session is closed. @tensorflow tf.train.FinalOpsHook */
export class FinalOpsHook extends SessionRunHook {
  readonly #finalOps: unknown;
  readonly #feedDict: Feeds | undefined;
  #values: unknown = null;

  constructor(finalOps: unknown, finalOpsFeedDict?: Feeds) {
    super();
    this.#finalOps = finalOps;
    this.#feedDict = finalOpsFeedDict;
  }
  /** In the structure of the ops; null before the end. */
  get finalOpsValues(): unknown {
    return this.#values;
  }
  override async end(session: Session): Promise<void> {
    if (this.#finalOps == null) return;
    try {
      this.#values = await session.run(this.#finalOps, { feedDict: this.#feedDict });
    } catch (e) {
      if (e instanceof StopIteration || (e instanceof GraphError && e.code === 'OutOfRange')) {
        logging.warn(
          'An OutOfRangeError or StopIteration exception is raised by the code in FinalOpsHook. This typically means the Ops running by the FinalOpsHook have a dependency back to some input source, which should not happen. For example, for metrics in tf.estimator.Estimator, all metrics functions return two Ops: `value_op` and  `update_op`. Estimator.evaluate calls the `update_op` for each batch of the data in input source and, once it is exhausted, it call the `value_op` to get the metric values. The `value_op` here should have dependency back to variables reading only, rather than reading another batch from input. Otherwise, the `value_op`, executed by `FinalOpsHook`, triggers another data reading, which ends OutOfRangeError/StopIteration. Please fix that.',
        );
      }
      throw e;
    }
  }
}

/** Feeds each run with what a function answers. @tensorflow tf.train.FeedFnHook */
export class FeedFnHook extends SessionRunHook {
  readonly #feedFn: () => Feeds;

  constructor(feedFn: () => Feeds) {
    super();
    this.#feedFn = feedFn;
  }
  override beforeRun(_context: SessionRunContext): SessionRunArgs {
    return new SessionRunArgs(null, this.#feedFn());
  }
}
