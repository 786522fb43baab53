/** @file Coordinator: tells tasks that run side by side when to stop, and hands on what went wrong. */
import { GraphError } from '../errors';
import { logging } from '../logging';

/** Work that goes on beside the training; `join` waits for it. */
export type Task = Promise<unknown>;

export interface CoordinatorOptions {
  /** Errors that mean a clean end: OutOfRange by default. */
  readonly isCleanStop?: ((error: unknown) => boolean) | undefined;
}
export interface JoinOptions {
  readonly stopGracePeriodSecs?: number | undefined;
  /** Tasks that go on after that are no error. */
  readonly ignoreLiveThreads?: boolean | undefined;
}

const endOfInput = (e: unknown): boolean => e instanceof GraphError && e.code === 'OutOfRange';

/** Lets tasks stop together: each asks shouldStop(), any may call requestStop(). @tensorflow tf.train.Coordinator */
export class Coordinator {
  readonly #isCleanStop: (error: unknown) => boolean;
  readonly #tasks = new Set<Task>();
  readonly #waiting = new Set<() => void>();
  #stop = false;
  #joined = false;
  #error: { readonly raised: unknown } | null = null;

  constructor({ isCleanStop = endOfInput }: CoordinatorOptions = {}) {
    this.#isCleanStop = isCleanStop;
  }
  /** The first error given is raised by join(), unless it means a clean end. After join() it is raised at once. */
  requestStop(error: unknown = null): void {
    const raised = error !== null && this.#isCleanStop(error) ? null : error;
    if (this.#joined && raised !== null) throw raised;
    if (this.#stop) return;
    if (raised !== null) {
      logging.info(`Error reported to Coordinator: ${raised}`);
      this.#error = { raised };
    }
    this.#stop = true;
    for (const wake of this.#waiting) wake();
  }
  shouldStop(): boolean {
    return this.#stop;
  }
  /** Forgets that a stop was asked for. */
  clearStop(): void {
    this.#stop = false;
    this.#joined = false;
    this.#error = null;
  }
  /** Runs `body`; what it raises stops all tasks. */
  async stopOnException(body: () => unknown): Promise<void> {
    try {
      await body();
    } catch (e) {
      this.requestStop(e);
    }
  }
  /** Whether a stop is asked for within so many seconds; without a time it waits until then. */
  async waitForStop(seconds?: number): Promise<boolean> {
    if (this.#stop) return true;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = seconds === undefined ? undefined : setTimeout(done, seconds * 1000);
      this.#waiting.add(done);
    });
    return this.#stop;
  }
  /** join() waits for this task too. */
  registerThread(task: Task): void {
    this.#tasks.add(task);
  }
  /** Waits until all tasks end; once a stop is asked for, only for the grace period. Raises the error reported. */
  async join(tasks: readonly Task[] = [], options: JoinOptions = {}): Promise<void> {
    const { stopGracePeriodSecs = 120, ignoreLiveThreads = false } = options;
    const all = new Set([...this.#tasks, ...tasks]);
    let live = all.size;
    const ends = [...all].map((task) => task.catch(() => {}).then(() => live--));
    if (live > 0) {
      const ended = Promise.all(ends);
      await Promise.race([ended, this.waitForStop()]);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const grace = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, stopGracePeriodSecs * 1000);
      });
      await Promise.race([ended, grace]);
      clearTimeout(timer);
    }
    this.#joined = true;
    this.#tasks.clear();
    this.raiseRequestedException();
    if (live === 0) return;
    const words = `Coordinator stopped with threads still running: ${live}`;
    if (!ignoreLiveThreads) throw new GraphError('Runtime', words);
    logging.info(words);
  }
  get joined(): boolean {
    return this.#joined;
  }
  /** Raises the error that was reported, if one was. */
  raiseRequestedException(): void {
    if (this.#error) throw this.#error.raised;
  }
}
