/** @file tf.case: conds in a row, of which the first that is true counts. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Operation } from '../graph/operation';
import { Tensor } from '../graph/operation';
import { constant, type Named } from './array';
import { cast } from './cast';
import { lessEqual } from './compare';
import { type Branch, cond, smartCond } from './cond';
import { Assert } from './control';
import { stack } from './join';
import { reduceSum } from './reduce';

export type Pairs<P = Tensor> = readonly (readonly [pred: P, fn: Branch])[] | ReadonlyMap<P, Branch>;
export interface CaseOptions extends Named {
  /** For no predicate being true. Without it the last pair is taken for it, and checked when it runs. */
  readonly default?: Branch | null | undefined;
  /** true: two true predicates are an error when the graph runs. */
  readonly exclusive?: boolean | undefined;
  /** true keeps lists of one element as lists. */
  readonly strict?: boolean | undefined;
}

/**
 * What the function of the first true predicate answers, as tf.case: nested tf.cond. Raises Type for what is no pair of
 * a bool tensor and a function.
 * @tensorflow tf.case
 */
export function caseOf(pairs: Pairs, options: CaseOptions = {}): unknown {
  const { strict } = options;
  return choose(pairs, options, false, (pred, whenTrue, whenFalse) =>
    cond(pred as Tensor, whenTrue, whenFalse, { strict }),
  );
}
/** The same, where predicates that are known now are followed at once; as framework.smart_cond.smart_case. */
export function smartCase(pairs: Pairs<Tensor | boolean>, options: Omit<CaseOptions, 'strict'> = {}): unknown {
  return choose(pairs, { name: 'smart_case', ...options }, true, (pred, whenTrue, whenFalse) =>
    smartCond(pred, whenTrue, whenFalse),
  );
}

type Pred = Tensor | boolean;
function choose(
  given: Pairs<Pred>,
  { default: otherwise, exclusive = false, name = 'case' }: CaseOptions,
  allowBooleans: boolean,
  condition: (pred: Pred, whenTrue: Branch, whenFalse: Branch) => unknown,
): unknown {
  let pairs = checked(given, allowBooleans);
  const graph = pairs.map(([p]) => p).find((p) => p instanceof Tensor)?.graph ?? getDefaultGraph();
  return graph.nameScope(name, () => {
    let next: Branch = otherwise ?? lastAsDefault(pairs);
    if (!otherwise) pairs = pairs.slice(0, -1);
    for (const [pred, fn] of [...pairs].reverse()) {
      const rest: Branch = next;
      next = () => condition(pred, fn, rest);
    }
    if (!exclusive) return next();
    const single = atMost(
      pairs.map(([p]) => p),
      1,
      'Input error: exclusive=True',
    );
    return graph.controlDependencies([single], next);
  });
}

function checked(given: Pairs<Pred>, allowBooleans: boolean): (readonly [Pred, Branch])[] {
  if (!Array.isArray(given) && !(given instanceof Map))
    throw new GraphError('Type', 'fns must be a list, tuple, or dict');
  const pairs = [...given] as (readonly [Pred, Branch])[];
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new GraphError('Type', 'Each entry in pred_fn_pairs must be a 2-tuple');
    }
    const [pred, fn] = pair as [unknown, unknown];
    if (pred instanceof Tensor) {
      if (pred.dtype !== 'bool') throw new GraphError('Type', `pred must be Tensor of type bool: ${pred.name}`);
    } else if (!allowBooleans) throw new GraphError('Type', `pred must be a Tensor, got: ${pred}`);
    else if (typeof pred !== 'boolean') throw new GraphError('Type', `pred must be a Tensor or bool, got: ${pred}`);
    if (typeof fn !== 'function') {
      throw new GraphError('Type', `fn for pred ${pred instanceof Tensor ? pred.name : pred} must be callable.`);
    }
  }
  return pairs;
}

const packed = (preds: readonly Pred[]): Tensor => stack(preds as readonly TensorLike[], { name: 'preds_c' });

/** Fails when it runs and more than n predicates are true. */
function atMost(preds: readonly Pred[], n: number, message: string): Operation {
  const all = packed(preds);
  const count = reduceSum(cast(all, 'int32'), { name: 'num_true_conds' });
  const holds = lessEqual(count, constant(n, 'int32', { name: 'n_true_conds' }));
  const names = preds.map((p) => (p instanceof Tensor ? p.name : '?')).join(', ');
  const text = `${message}: more than ${n} conditions (${names}) evaluated as True:`;
  return Assert(holds, [text, all], { summarize: preds.length });
}

/** The last pair's function, which makes sure that it is its turn. */
function lastAsDefault(pairs: readonly (readonly [Pred, Branch])[]): Branch {
  const preds = pairs.map(([p]) => p);
  const k = preds.length - 1;
  const [pred, fn] = pairs[k]!;
  return () => {
    const none = ['Input error: None of conditions evaluated as True:', packed(preds)];
    const others = atMost(
      preds.slice(0, -1),
      0,
      `Implementation error: selected default action #${k} was called, but some of other predicates are True: `,
    );
    const mine = Assert(pred as TensorLike, none);
    return getDefaultGraph().controlDependencies([others, mine], fn);
  };
}
