/** @file Partial runs: one run in stages, each fed a part and asked for a part. Every op runs once for all of them. */
import { GraphError } from '../errors';
import type { Operation, Tensor } from '../graph/operation';
import type { Value } from '../value/value';
import { prune } from './order';

/** Runs what is asked for and not done yet, and answers the tensors' values. */
export type RunStage = (
  tensors: readonly Tensor[],
  targets: readonly Operation[],
  feeds: ReadonlyMap<Tensor, Value>,
  done: ReadonlySet<Operation>,
) => readonly (Value | null)[];

const isHandle = (t: Tensor): boolean => t.isRef || t.dtype === 'resource' || t.dtype === 'variant';
/** Ops that only say where a variable is cannot be fed, and may run again. */
const onlyPoints = (op: Operation): boolean =>
  op.def.assigns === undefined && op.def.updates === undefined && op.outputs.some(isHandle);

/** What was set up, and how far it has come. */
export class PartialRun {
  readonly #pendingFeeds: Set<Tensor>;
  readonly #declaredFeeds: ReadonlySet<Tensor>;
  readonly #pendingFetches: Set<Tensor | Operation>;
  readonly #declaredFetches: ReadonlySet<Tensor | Operation>;
  readonly #kept: ReadonlySet<Operation>;
  readonly #done = new Set<Operation>();
  /** What was fed, and what done ops have left for later ones. */
  readonly #known = new Map<Tensor, Value>();

  /** Raises Unimplemented for conds and loops. */
  constructor(tensors: readonly Tensor[], targets: readonly Operation[], feeds: readonly Tensor[]) {
    this.#declaredFeeds = new Set(feeds);
    this.#declaredFetches = new Set([...tensors, ...targets]);
    this.#pendingFeeds = new Set(feeds);
    this.#pendingFetches = new Set(this.#declaredFetches);
    this.#kept = prune(tensors, targets, this.#declaredFeeds);
    const flow = [...this.#kept].find((op) => op.def.flow && op.def.flow !== 'trigger');
    if (!flow) return;
    throw new GraphError('Unimplemented', 'A partial run cannot go through tf.cond or tf.whileLoop: use run.', {
      op: flow.name,
    });
  }

  /** Everything was fed and fetched. */
  get finished(): boolean {
    return this.#pendingFeeds.size === 0 && this.#pendingFetches.size === 0;
  }

  /** Raises InvalidArgument for what was not set up, comes a second time, or needs feeds that have not come yet. */
  stage(
    tensors: readonly Tensor[],
    targets: readonly Operation[],
    feeds: ReadonlyMap<Tensor, Value>,
    run: RunStage,
  ): readonly (Value | null)[] {
    for (const t of feeds.keys()) refuse(t, 'feed', 'fed', this.#declaredFeeds, this.#pendingFeeds);
    const fetches = [...tensors, ...targets];
    for (const x of fetches) refuse(x, 'fetch', 'fetched', this.#declaredFetches, this.#pendingFetches);
    const pending = new Set([...this.#pendingFeeds].filter((t) => !feeds.has(t)));
    const known = new Map([...this.#known, ...feeds]);
    const ops = prune(tensors, targets, new Set([...known.keys(), ...pending]), this.#done);
    const missing = [...tensors, ...[...ops].flatMap((op) => op.inputs)].find((t) => pending.has(t));
    if (missing) {
      const name = tensors[0]?.name ?? targets[0]!.name;
      throw new GraphError(
        'InvalidArgument',
        `Fetch ${name} can't be computed from the feeds that have been fed so far.`,
      );
    }
    const left = [...ops].flatMap((op) => op.outputs).filter((t) => !known.has(t) && this.#isForLater(t, ops));
    const wanted = [...new Set([...tensors, ...left])];
    const values = run(wanted, targets, known, this.#done);
    wanted.forEach((t, i) => {
      if (!isHandle(t)) known.set(t, values[i]!);
    });
    for (const [t, value] of known) this.#known.set(t, value);
    for (const op of ops) if (!onlyPoints(op)) this.#done.add(op);
    for (const t of feeds.keys()) this.#pendingFeeds.delete(t);
    for (const x of fetches) this.#pendingFetches.delete(x);
    return tensors.map((t) => values[wanted.indexOf(t)]!);
  }

  #isForLater(t: Tensor, now: ReadonlySet<Operation>): boolean {
    if (isHandle(t)) return false;
    if (this.#pendingFetches.has(t)) return true;
    return t.consumers().some((op) => this.#kept.has(op) && !now.has(op) && !this.#done.has(op));
  }
}

function refuse<X extends Tensor | Operation>(
  x: X,
  kind: string,
  past: string,
  declared: ReadonlySet<X>,
  pending: ReadonlySet<X>,
): void {
  if (pending.has(x)) return;
  const problem = declared.has(x) ? `has already been ${past}.` : 'was not specified in partial_run_setup.';
  throw new GraphError('InvalidArgument', `The ${kind} ${x.name} ${problem}`);
}
