/** @file Monitored sessions: sessions with hooks, that begin with values, end cleanly, and come back after a failure. */
import { GraphError } from '../errors';
import { type Graph, getDefaultGraph } from '../graph/graph';
import { logging } from '../logging';
import type { Feeds } from '../session/feeds';
import type { Fetched, Fetches } from '../session/fetches';
import type { RunOptions, Session } from '../session/session';
import { Coordinator } from './coordinator';
import type { Scaffold } from './scaffold';
import { type ChiefOptions, ChiefSessionCreator, type SessionCreator } from './session_creators';
import { runWithHooks, SessionRunHook, StopIteration } from './session_run_hook';

/** After these a new session is made, from the last checkpoint, and the run is done again. */
const PREEMPTIONS: ReadonlySet<string> = new Set(['Aborted', 'Unavailable']);
const isPreemption = (e: unknown): boolean => e instanceof GraphError && PREEMPTIONS.has(e.code);
const isCleanEnd = (e: unknown): boolean =>
  e instanceof StopIteration || (e instanceof GraphError && e.code === 'OutOfRange');

const PREEMPTED =
  'This may be due to a preemption in a connected worker or parameter server. The current session will be closed and a new session will be created. This error may also occur due to a gRPC failure caused by high memory or network bandwidth usage in the parameter servers. If this error occurs repeatedly, try increasing the number of parameter servers assigned to the job. Error:';

/** A session that is open. */
interface Live {
  readonly session: Session;
  readonly coord: Coordinator;
  stopRequested: boolean;
}
interface Parts {
  readonly graph: Graph | undefined;
  readonly creator: SessionCreator;
  readonly hooks: readonly SessionRunHook[];
  /** Whether a session that was lost is made again. */
  readonly recovers: boolean;
  readonly stopGracePeriodSecs: number;
}

/**
 * A session with hooks around its runs. Its graph is final while it is open. Made by monitoredSession(),
 * singularMonitoredSession() and monitoredTrainingSession(); `use` closes it, as Python's `with` does.
 * @tensorflow tf.train.MonitoredSession
 */
export class MonitoredSession {
  readonly #graph: Graph;
  readonly #wasFinalized: boolean;
  readonly #parts: Parts;
  #live: Live | null = null;
  #closed = false;

  private constructor(graph: Graph, parts: Parts) {
    this.#graph = graph;
    this.#wasFinalized = graph.finalized;
    this.#parts = parts;
  }
  /** The ops of hooks and scaffold are made before the first await. */
  static async open(parts: Parts): Promise<MonitoredSession> {
    const graph = parts.graph ?? getDefaultGraph();
    if (!Array.isArray(parts.hooks) || !parts.hooks.every((hook) => hook instanceof SessionRunHook)) {
      throw new GraphError('Type', 'hooks must be a list of SessionRunHook.');
    }
    const opened = new MonitoredSession(graph, parts);
    graph.asDefault(() => {
      for (const hook of parts.hooks) hook.begin();
    });
    await opened.#create();
    return opened;
  }

  get graph(): Graph | null {
    return this.#closed ? null : this.#graph;
  }
  /** The plain session; null where it is closed. Its runs do without the hooks. */
  rawSession(): Session | null {
    return this.#live?.session ?? null;
  }

  /** As Session.run, with the hooks around it. Raises Runtime after a stop was requested. */
  async run<F extends Fetches>(fetches: F, { feedDict }: RunOptions = {}): Promise<Fetched<F>> {
    return this.#retried((live) => this.#runOnce(live, fetches, feedDict)) as Promise<Fetched<F>>;
  }
  /**
   * Runs one step of a program with a plain session: what it does there goes without the hooks, but for
   * `runWithHooks`. What it raises goes on, so `requestStop()` ends the block of `use`.
   */
  async runStepFn<R>(stepFn: (stepContext: StepContext) => R | Promise<R>): Promise<R> {
    if (typeof stepFn !== 'function' || stepFn.length > 1) {
      throw new GraphError(
        'Value',
        `\`step_fn\` may either have one \`step_context\` argument, or \`self\` and \`step_context\` arguments if it's an instance method. Got ${stepFn} instead.`,
      );
    }
    return this.#retried(async (live) => {
      const run = (fetches: Fetches, feedDict?: Feeds) => this.#runOnce(live, fetches, feedDict);
      return stepFn(new StepContext(live.session, run));
    });
  }
  /** Whether a hook, or the coordinator, has asked for a stop; true for a closed session. */
  shouldStop(): boolean {
    if (this.#closed) return true;
    const live = this.#live;
    if (!live) return false; // lost: the next run makes a new one
    try {
      live.coord.raiseRequestedException();
    } catch (e) {
      if (!this.#parts.recovers) throw e;
      if (!isPreemption(e)) return true;
      this.#lose(e, 'An error was raised while considering whether the session is complete.');
      return false;
    }
    return live.coord.shouldStop() || live.stopRequested;
  }

  /**
   * The session while `body` runs, closed at its end. OutOfRange and StopIteration end the block only; after any other
   * error the hooks' end() is not called. It is not the default session.
   */
  async use<R>(body: (session: this) => R | Promise<R>): Promise<R | undefined> {
    if (typeof body !== 'function') throw new GraphError('Type', 'body must be callable.');
    let result: R | undefined;
    try {
      result = await body(this);
    } catch (e) {
      await this.#close(isCleanEnd(e));
      if (!isCleanEnd(e)) throw e;
      return undefined;
    }
    await this.#close(true);
    return result;
  }
  /** Ends the hooks and closes the session; the graph can grow again. Raises Runtime where it is closed already. */
  async close(): Promise<void> {
    await this.#close(true);
  }

  async #create(): Promise<Live> {
    const { creator, hooks, recovers } = this.#parts;
    for (;;) {
      try {
        const session = await this.#inGraph(() => creator.createSession());
        const live = { session, coord: new Coordinator({ isCleanStop: () => false }), stopRequested: false };
        this.#live = live;
        for (const hook of hooks) await this.#inGraph(() => hook.afterCreateSession(session, live.coord));
        return live;
      } catch (e) {
        this.#live?.session.close();
        this.#live = null;
        if (!recovers || !isPreemption(e)) throw e;
        const what = PREEMPTED.replace('The current session will be closed and a new', 'A new');
        logging.info(`An error was raised while a session was being created. ${what} ${e}`);
      }
    }
  }
  /** The graph is the default one until the first await of `body`. */
  async #inGraph<R>(body: () => R | Promise<R>): Promise<R> {
    let result: R | Promise<R>;
    this.#graph.asDefault(() => {
      result = body();
    });
    return result!;
  }

  async #retried<R>(run: (live: Live) => Promise<R>): Promise<R> {
    for (;;) {
      if (this.#closed) throw new GraphError('Runtime', 'Session is already closed.');
      try {
        return await run(this.#live ?? (await this.#create()));
      } catch (e) {
        if (!this.#parts.recovers || !isPreemption(e)) throw e;
        this.#lose(e, 'An error was raised.');
      }
    }
  }
  async #runOnce(live: Live, fetches: Fetches, feedDict: Feeds | undefined): Promise<unknown> {
    if (live.stopRequested) throw new GraphError('Runtime', 'Run called even after should_stop requested.');
    try {
      const { result, stopRequested } = await runWithHooks(live.session, this.#parts.hooks, fetches, feedDict);
      live.stopRequested ||= stopRequested;
      return result;
    } catch (e) {
      if (isPreemption(e)) throw e;
      // The error of the run may only follow from that of a task beside it.
      try {
        live.coord.raiseRequestedException();
      } catch (cause) {
        if (isPreemption(cause)) throw cause;
      }
      throw e;
    }
  }
  #lose(e: unknown, what: string): void {
    logging.info(`${what} ${PREEMPTED} ${e}`);
    this.#live?.session.close();
    this.#live = null;
  }

  async #close(isClean: boolean): Promise<void> {
    if (this.#closed) throw new GraphError('Runtime', 'Session is already closed.');
    const live = this.#live;
    try {
      for (const hook of isClean && live ? this.#parts.hooks : []) {
        await this.#inGraph(() => hook.end(live!.session));
      }
    } finally {
      this.#closed = true;
      this.#live = null;
      if (live) await this.#shut(live);
      if (!this.#wasFinalized) this.#graph.unfinalize();
    }
  }
  async #shut({ session, coord }: Live): Promise<void> {
    const { stopGracePeriodSecs } = this.#parts;
    try {
      coord.requestStop();
      await coord.join([], { stopGracePeriodSecs, ignoreLiveThreads: true });
    } catch (e) {
      if (!isPreemption(e)) throw e;
      logging.warn(
        `An error occurred when attempting to close the session. This may be due to a preemption in a connected worker or parameter server. Error: ${e}`,
      );
    } finally {
      session.close();
    }
  }
}
/** A graph that was open before the session is open again after it. */

/** What a function given to runStepFn works with. */
export class StepContext {
  /** Its runs do without the hooks. */
  readonly session: Session;
  readonly #run: (fetches: Fetches, feedDict?: Feeds) => Promise<unknown>;

  constructor(session: Session, run: (fetches: Fetches, feedDict?: Feeds) => Promise<unknown>) {
    this.session = session;
    this.#run = run;
  }
  async runWithHooks<F extends Fetches>(fetches: F, { feedDict }: RunOptions = {}): Promise<Fetched<F>> {
    return (await this.#run(fetches, feedDict)) as Fetched<F>;
  }
  /** Ends the block around the steps. */
  requestStop(): never {
    throw new StopIteration('step_fn has requested the iterations to stop.');
  }
}

export interface MonitoredSessionOptions {
  /** The default graph where none is given. */
  readonly graph?: Graph | undefined;
  /** A ChiefSessionCreator by default. */
  readonly sessionCreator?: SessionCreator | null | undefined;
  readonly hooks?: readonly SessionRunHook[] | null | undefined;
  readonly stopGracePeriodSecs?: number | undefined;
}
/**
 * A session with hooks; after Aborted or Unavailable it goes on with a new session, as `tf.train.MonitoredSession(...)`.
 */
export const monitoredSession = ({
  graph,
  sessionCreator,
  hooks,
  stopGracePeriodSecs = 120,
}: MonitoredSessionOptions = {}): Promise<MonitoredSession> =>
  MonitoredSession.open({
    graph,
    creator: sessionCreator ?? new ChiefSessionCreator(),
    hooks: hooks ?? [],
    recovers: true,
    stopGracePeriodSecs,
  });

export interface SingularMonitoredSessionOptions extends ChiefOptions {
  /** The default graph where none is given. */
  readonly graph?: Graph | undefined;
  readonly hooks?: readonly SessionRunHook[] | null | undefined;
  readonly scaffold?: Scaffold | null | undefined;
  readonly stopGracePeriodSecs?: number | undefined;
}
/**
 * A session with hooks that raises every error; rawSession() goes to a Saver.
 * @tensorflow tf.train.SingularMonitoredSession
 */
export const singularMonitoredSession = ({
  graph,
  hooks,
  stopGracePeriodSecs = 120,
  ...chief
}: SingularMonitoredSessionOptions = {}): Promise<MonitoredSession> =>
  MonitoredSession.open({
    graph,
    creator: new ChiefSessionCreator(chief),
    hooks: hooks ?? [],
    recovers: false,
    stopGracePeriodSecs,
  });
