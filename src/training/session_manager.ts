/** @file SessionManager: sessions that are ready to train, from a checkpoint or from the initializers. */
import { GraphError } from '../errors';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { getCheckpointState } from '../interop/checkpoint_state';
import type { Saver } from '../interop/saver';
import { logging } from '../logging';
import type { Feeds } from '../session/feeds';
import { Session } from '../session/session';
import type { Value } from '../value/value';

type Op = Operation | Tensor;
export interface SessionManagerOptions {
  /** Runs in each new session. */
  readonly localInitOp?: Op | null | undefined;
  /** A string vector: what is not initialized yet. */
  readonly readyOp?: Op | null | undefined;
  /** The same for what localInitOp needs. */
  readonly readyForLocalInitOp?: Op | null | undefined;
  readonly graph?: Graph | undefined;
  /** Between two looks whether a checkpoint or the model is there. */
  readonly recoveryWaitSecs?: number | undefined;
}
export interface RecoverOptions {
  readonly saver?: Saver | null | undefined;
  /** Its newest checkpoint is restored. */
  readonly checkpointDir?: string | null | undefined;
  readonly checkpointFilenameWithPath?: string | null | undefined;
  readonly waitForCheckpoint?: boolean | undefined;
  readonly maxWaitSecs?: number | null | undefined;
}
export interface PrepareOptions extends RecoverOptions {
  readonly initOp?: Op | null | undefined;
  readonly initFeedDict?: Feeds | null | undefined;
  readonly initFn?: ((session: Session) => void | Promise<void>) | null | undefined;
}

/** What is missing, or null where all is ready. */
type Missing = string | null;

/** Makes sessions whose variables have values. @tensorflow tf.train.SessionManager */
export class SessionManager {
  readonly #options: SessionManagerOptions;
  readonly #graph: Graph;
  readonly #waitSecs: number;

  constructor(options: SessionManagerOptions = {}) {
    if (options.readyForLocalInitOp && !options.localInitOp) {
      throw new GraphError(
        'Value',
        `If you pass a ready_for_local_init_op you must also pass a local_init_op , ready_for_local_init_op [${options.readyForLocalInitOp}]`,
      );
    }
    this.#options = options;
    this.#graph = options.graph ?? getDefaultGraph();
    this.#waitSecs = options.recoveryWaitSecs ?? 30;
  }

  /** A session restored or else initialized. Raises Runtime where variables are left without a value. */
  async prepareSession(options: PrepareOptions = {}): Promise<Session> {
    const { initOp = null, initFeedDict, initFn = null } = options;
    const { localInitOp = null } = this.#options;
    const session = new Session({ graph: this.#graph });
    return closedOnError(session, async () => {
      if (!(await this.#restore(session, options))) {
        if (initOp === null && !initFn && localInitOp === null) {
          throw new GraphError(
            'Runtime',
            'Model is not initialized and no init_op or init_fn or local_init_op was given',
          );
        }
        if (initOp !== null) await session.run(initOp, { feedDict: initFeedDict ?? undefined });
        if (initFn) await initFn(session);
      }
      const how = `Init op: ${initOp?.name ?? 'None'}, init fn: ${initFn ?? 'None'}, `;
      const early = await this.#runLocalInit(session);
      if (early !== null) {
        throw new GraphError(
          'Runtime',
          `Init operations did not make model ready for local_init.  ${how}error: ${early}`,
        );
      }
      const missing = await this.#modelReady(session);
      if (missing !== null) {
        const local = `local_init_op: ${localInitOp?.name ?? 'None'}, `;
        throw new GraphError('Runtime', `Init operations did not make model ready.  ${how}${local}error: ${missing}`);
      }
      return session;
    });
  }

  /** A session, and whether a checkpoint made it ready. */
  async recoverSession(options: RecoverOptions = {}): Promise<[session: Session, isReady: boolean]> {
    const session = new Session({ graph: this.#graph });
    return closedOnError(session, async () => {
      const isRestored = await this.#restore(session, options);
      const early = await this.#runLocalInit(session);
      if (!isRestored) return [session, false];
      const from = options.checkpointDir || options.checkpointFilenameWithPath;
      const missing = early ?? (await this.#modelReady(session));
      if (missing === null) {
        logging.info(`Restored model from ${from}`);
        return [session, true];
      }
      const what = early === null ? 'ready' : 'ready for local init';
      logging.info(`Restoring model from ${from} did not make model ${what}: ${missing}`);
      return [session, false];
    });
  }

  /** A session of a model that another worker initializes. Raises DeadlineExceeded after `maxWaitSecs`. */
  async waitForSession({ maxWaitSecs }: { readonly maxWaitSecs?: number | null | undefined } = {}): Promise<Session> {
    const limit = maxWaitSecs ?? Number.POSITIVE_INFINITY;
    const start = performance.now();
    for (;;) {
      const session = new Session({ graph: this.#graph });
      const early = await closedOnError(session, () => this.#runLocalInit(session));
      const missing = early === null ? await closedOnError(session, () => this.#modelReady(session)) : null;
      if (early === null && missing === null) return session;
      session.close();
      if (limit - (performance.now() - start) / 1000 < this.#waitSecs) {
        throw new GraphError('DeadlineExceeded', `Session was not ready after waiting ${limit} secs.`);
      }
      logging.info(
        `Waiting for model to be ready.  Ready_for_local_init_op:  ${early ?? 'None'}, ready: ${missing ?? 'None'}`,
      );
      await sleep(this.#waitSecs);
    }
  }

  /** Whether there was a checkpoint. */
  async #restore(session: Session, options: RecoverOptions): Promise<boolean> {
    const { saver, checkpointDir: dir, checkpointFilenameWithPath: path } = options;
    const { waitForCheckpoint = false, maxWaitSecs } = options;
    if (dir && path) {
      throw new GraphError('Value', 'Can not provide both checkpoint_dir and checkpoint_filename_with_path.');
    }
    if (!saver) return false;
    if (path) {
      await saver.restore(session, path);
      return true;
    }
    if (!dir) return false;
    let state = getCheckpointState(dir);
    for (let waited = 0; !state; waited += this.#waitSecs) {
      if (!waitForCheckpoint || waited >= (maxWaitSecs ?? 7200)) return false;
      logging.info('Waiting for checkpoint to be available.');
      await sleep(this.#waitSecs);
      state = getCheckpointState(dir);
    }
    await saver.restore(session, state.modelCheckpointPath);
    saver.recoverLastCheckpoints(state.allModelCheckpointPaths);
    return true;
  }
  async #runLocalInit(session: Session): Promise<Missing> {
    const { localInitOp, readyForLocalInitOp } = this.#options;
    if (!localInitOp) return null;
    const missing = await missingIn(session, readyForLocalInitOp, 'Model not ready for local init');
    if (missing !== null) return missing;
    logging.info('Running local_init_op.');
    await session.run(localInitOp);
    logging.info('Done running local_init_op.');
    return null;
  }
  #modelReady(session: Session): Promise<Missing> {
    return missingIn(session, this.#options.readyOp, 'Model not ready');
  }
}

async function missingIn(session: Session, op: Op | null | undefined, words: string): Promise<Missing> {
  if (!op) return null;
  try {
    const names = (await session.run(op)) as Value | null;
    if (names === null || names.dtype === 'int32' || names.data.length === 0) return null;
    return `Variables not initialized: ${Array.from(names.data as ArrayLike<unknown>, String).join(', ')}`;
  } catch (e) {
    if (!(e instanceof GraphError) || e.code !== 'FailedPrecondition') throw e;
    if (e.message.includes('uninitialized')) return e.message;
    logging.warn(`${words} : error [${e.message}]`);
    throw e;
  }
}
async function closedOnError<R>(session: Session, body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (e) {
    session.close();
    throw e;
  }
}
const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
