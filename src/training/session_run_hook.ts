/** @file Hooks: what else is to be done around each run of a monitored session. */

import { GraphError } from '../errors';
import { Tensor } from '../graph/operation';
import type { Feeds } from '../session/feeds';
import type { Session } from '../session/session';
import { tupleShape } from '../value/shape';
import type { Coordinator } from './coordinator';

type Awaitable<T> = T | Promise<T>;

/** What a hook adds to a run: things to fetch (null for none), and feeds. @tensorflow tf.train.SessionRunArgs */
export class SessionRunArgs {
  readonly fetches: unknown;
  readonly feedDict: Feeds | null;

  constructor(fetches: unknown, feedDict: Feeds | null = null) {
    this.fetches = fetches;
    this.feedDict = feedDict;
  }
}
/** What a hook asked for, and got. @tensorflow tf.train.SessionRunValues */
export class SessionRunValues {
  /** The values in the structure of the hook's fetches; null where it asked for none. */
  readonly results: unknown;

  constructor(results: unknown) {
    this.results = results;
  }
}
/** One run, as hooks see it. @tensorflow tf.train.SessionRunContext */
export class SessionRunContext {
  /** What the program asked for. */
  readonly originalArgs: SessionRunArgs;
  /** For runs of the hook's own. */
  readonly session: Session;
  #stopRequested = false;

  constructor(originalArgs: SessionRunArgs, session: Session) {
    this.originalArgs = originalArgs;
    this.session = session;
  }
  /** shouldStop() is true from the end of this run on. */
  requestStop(): void {
    this.#stopRequested = true;
  }
  get stopRequested(): boolean {
    return this.#stopRequested;
  }
}

/**
 * Extends the runs of a monitored session; override what is of use. All but begin() may be async.
 * @tensorflow tf.train.SessionRunHook
 */
export class SessionRunHook {
  /** Before the session: the last time that ops can be added to the graph. */
  begin(): void {}
  /** The graph is final now, the variables have values; also after a session was lost and made again. */
  afterCreateSession(_session: Session, _coord: Coordinator): Awaitable<void> {}
  /** What the run should fetch and feed besides. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks need not answer anything
  beforeRun(_context: SessionRunContext): Awaitable<SessionRunArgs | null | void> {
    return null;
  }
  /** Not called for a run that failed. */
  afterRun(_context: SessionRunContext, _values: SessionRunValues): Awaitable<void> {}
  /** Before the session is closed, if no error closes it. */
  end(_session: Session): Awaitable<void> {}
}

/** Ends the block of a monitored session without an error, as OutOfRange does. */
export class StopIteration extends Error {
  override readonly name = 'StopIteration';
}

/** Runs something with what the hooks ask for besides. */
export async function runWithHooks(
  session: Session,
  hooks: readonly SessionRunHook[],
  fetches: unknown,
  feedDict: Feeds | undefined,
): Promise<{ readonly result: unknown; readonly stopRequested: boolean }> {
  const context = new SessionRunContext(new SessionRunArgs(fetches, feedDict ?? null), session);
  const wanted = new Map<unknown, unknown>([['caller', fetches]]);
  const hookFeeds = new Map<unknown, unknown>();
  for (const hook of hooks) {
    const request = await hook.beforeRun(context);
    if (!request) continue;
    if (request.fetches != null) wanted.set(hook, request.fetches);
    merge(hookFeeds, request.feedDict, 'Same tensor is fed by two hooks.');
  }
  merge(hookFeeds, feedDict, 'Same tensor is fed by a SessionRunHook and user.');
  const found = (await session.run(wanted, { feedDict: hookFeeds as Feeds })) as unknown as Map<unknown, unknown>;
  for (const hook of hooks) await hook.afterRun(context, new SessionRunValues(found.get(hook) ?? null));
  return { result: found.get('caller'), stopRequested: context.stopRequested };
}

function merge(all: Map<unknown, unknown>, more: Feeds | null | undefined, words: string): void {
  if (!more) return;
  const pairs = (more instanceof Map ? [...more] : Array.isArray(more) ? more : Object.entries(more)) as [
    unknown,
    unknown,
  ][];
  const twice = pairs.filter(([key]) => all.has(key)).map(([key]) => shown(key));
  if (twice.length > 0) throw new GraphError('Runtime', `${words} Conflict(s): [${twice.join(', ')}]`);
  for (const [key, value] of pairs) all.set(key, value);
}
const shown = (key: unknown): string =>
  key instanceof Tensor
    ? `<tf.Tensor '${key.name}' shape=${tupleShape(key.shape)} dtype=${key.dtype}>`
    : typeof key === 'string'
      ? `'${key}'`
      : String(key);
