/** @file tf.train.MonitoredTrainingSession: a monitored session that saves checkpoints and summaries. */
import { GraphError } from '../errors';
import type { Graph } from '../graph/graph';
import { type MonitoredSession, monitoredSession } from './monitored_session';
import { CheckpointSaverHook, StepCounterHook, SummarySaverHook } from './saver_hooks';
import { Scaffold } from './scaffold';
import { ChiefSessionCreator, WorkerSessionCreator } from './session_creators';
import type { SessionRunHook } from './session_run_hook';

export interface MonitoredTrainingOptions {
  /** The default graph where none is given. */
  readonly graph?: Graph | undefined;
  /** false: waits for another worker's variables, and saves nothing. */
  readonly isChief?: boolean | undefined;
  /** Checkpoints go there, and training goes on from the newest one. */
  readonly checkpointDir?: string | null | undefined;
  readonly scaffold?: Scaffold | null | undefined;
  readonly hooks?: readonly SessionRunHook[] | null | undefined;
  /** Hooks for the chief, before all others. */
  readonly chiefOnlyHooks?: readonly SessionRunHook[] | null | undefined;
  /** Between checkpoints: 600 seconds by default; 0 or null for none. */
  readonly saveCheckpointSecs?: number | null | undefined;
  readonly saveCheckpointSteps?: number | null | undefined;
  /** Between summaries: 100 steps by default; 0 or null for none. */
  readonly saveSummariesSteps?: number | null | undefined;
  readonly saveSummariesSecs?: number | null | undefined;
  readonly stopGracePeriodSecs?: number | undefined;
  /** Between two lines with the speed; 100 by default, 0 or null for none. */
  readonly logStepCountSteps?: number | null | undefined;
  /** How long a worker waits for the chief. */
  readonly maxWaitSecs?: number | undefined;
  /** Summaries go there; checkpointDir by default. */
  readonly summaryDir?: string | null | undefined;
}

/** How often: steps or seconds, where one was given; else the default. */
interface Rhythm {
  readonly saveSteps: number | null;
  readonly saveSecs: number | null;
}
const rhythm = (steps: number | null | undefined, secs: number | null | undefined, usual: Rhythm): Rhythm =>
  steps === undefined && secs === undefined ? usual : { saveSteps: steps ?? null, saveSecs: secs ?? null };
const isOn = ({ saveSteps, saveSecs }: Rhythm): boolean => (saveSteps ?? 0) > 0 || (saveSecs ?? 0) > 0;

/**
 * Opens a session for training: variables from the newest checkpoint of `checkpointDir` or initialized; checkpoints,
 * summaries and speed are written meanwhile.
 *
 *     const sess = await tf.train.monitoredTrainingSession({ checkpointDir, hooks: [new tf.train.StopAtStepHook({ lastStep: 1000 })] });
 *     await sess.use(async () => {
 *       while (!sess.shouldStop()) await sess.run(trainOp);
 *     });
 *
 * @tensorflow tf.train.MonitoredTrainingSession
 */
export async function monitoredTrainingSession(options: MonitoredTrainingOptions = {}): Promise<MonitoredSession> {
  if (typeof options !== 'object' || options === null) {
    throw new GraphError('Type', `The options of a session must be one object, got ${options}`);
  }
  const {
    graph,
    isChief = true,
    checkpointDir,
    logStepCountSteps = 100,
    maxWaitSecs = 7200,
    stopGracePeriodSecs,
  } = options;
  const scaffold = options.scaffold ?? new Scaffold();
  const hooks = options.hooks ?? [];
  if (!Array.isArray(hooks)) throw new GraphError('Type', 'hooks must be a list of SessionRunHook.');
  if (!isChief) {
    const sessionCreator = new WorkerSessionCreator({ scaffold, maxWaitSecs });
    return monitoredSession({ graph, sessionCreator, hooks, stopGracePeriodSecs });
  }
  const own: SessionRunHook[] = [];
  const outputDir = options.summaryDir || checkpointDir;
  const summaries = rhythm(options.saveSummariesSteps, options.saveSummariesSecs, { saveSteps: 100, saveSecs: null });
  if (outputDir) {
    if ((logStepCountSteps ?? 0) > 0) own.push(new StepCounterHook({ outputDir, everyNSteps: logStepCountSteps }));
    if (isOn(summaries)) own.push(new SummarySaverHook({ scaffold, outputDir, ...summaries }));
  }
  const checkpoints = rhythm(options.saveCheckpointSteps, options.saveCheckpointSecs, {
    saveSteps: null,
    saveSecs: 600,
  });
  if (checkpointDir && isOn(checkpoints)) {
    own.push(new CheckpointSaverHook(checkpointDir, { scaffold, ...checkpoints }));
  }
  return monitoredSession({
    graph,
    sessionCreator: new ChiefSessionCreator({ scaffold, checkpointDir }),
    hooks: [...(options.chiefOnlyHooks ?? []), ...own, ...hooks],
    stopGracePeriodSecs,
  });
}
