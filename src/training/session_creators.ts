/** @file How a monitored session gets its sessions. */
import { getDefaultGraph } from '../graph/graph';
import type { Session } from '../session/session';
import { Scaffold } from './scaffold';
import { SessionManager } from './session_manager';

/**
 * Makes a session. What it adds to the graph it adds before its first await: until then the graph of the monitored
 * session is the default one.
 * @tensorflow tf.train.SessionCreator
 */
export interface SessionCreator {
  createSession(): Promise<Session>;
}

export interface ChiefOptions {
  readonly scaffold?: Scaffold | null | undefined;
  /** Its newest checkpoint is restored, if it has one. */
  readonly checkpointDir?: string | null | undefined;
  /** This one is restored. */
  readonly checkpointFilenameWithPath?: string | null | undefined;
}
const managerOf = ({ localInitOp, readyOp, readyForLocalInitOp }: Scaffold): SessionManager =>
  new SessionManager({ localInitOp, readyOp, readyForLocalInitOp, graph: getDefaultGraph() });

/** Restores or initializes the variables. @tensorflow tf.train.ChiefSessionCreator */
export class ChiefSessionCreator implements SessionCreator {
  readonly #scaffold: Scaffold;
  readonly #options: ChiefOptions;
  #manager: SessionManager | null = null;

  constructor(options: ChiefOptions = {}) {
    this.#scaffold = options.scaffold ?? new Scaffold();
    this.#options = options;
  }
  async createSession(): Promise<Session> {
    const { saver, initOp, initFeedDict, initFn } = this.#scaffold.finalize();
    this.#manager ??= managerOf(this.#scaffold);
    const { checkpointDir, checkpointFilenameWithPath } = this.#options;
    const from = { saver, checkpointDir, checkpointFilenameWithPath };
    return this.#manager.prepareSession({ ...from, initOp, initFeedDict, initFn });
  }
}

export interface WorkerOptions {
  readonly scaffold?: Scaffold | null | undefined;
  /** 30 minutes by default. */
  readonly maxWaitSecs?: number | null | undefined;
}
/** Waits until another worker has initialized the variables. @tensorflow tf.train.WorkerSessionCreator */
export class WorkerSessionCreator implements SessionCreator {
  readonly #scaffold: Scaffold;
  readonly #maxWaitSecs: number | null;
  #manager: SessionManager | null = null;

  constructor({ scaffold, maxWaitSecs = 30 * 60 }: WorkerOptions = {}) {
    this.#scaffold = scaffold ?? new Scaffold();
    this.#maxWaitSecs = maxWaitSecs;
  }
  async createSession(): Promise<Session> {
    this.#scaffold.finalize();
    this.#manager ??= managerOf(this.#scaffold);
    return this.#manager.waitForSession({ maxWaitSecs: this.#maxWaitSecs });
  }
}
