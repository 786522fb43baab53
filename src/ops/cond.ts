/** @file tf.cond and smart_cond. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { Operation, Tensor } from '../graph/operation';
import { refusePromise } from '../graph/scopes';
import { identity, type Named } from './array';
import { CondContext } from './contexts';
import { withDependencies } from './control';
import { merge, switchOn } from './flow';
import { checkSameStructure, flatten, mapStructure, packAs } from './structure';
import { flowOf, withFlow } from './tensor_array';

/** What a branch may answer: tensors, ops, values, in nested lists and objects. */
export type Branch = () => unknown;
export interface CondOptions extends Named {
  /** true keeps lists of one element as lists. */
  readonly strict?: boolean | undefined;
}

const unpackSingle = (x: unknown): unknown => (Array.isArray(x) && x.length === 1 ? x[0] : x);

/**
 * What `trueFn` or `falseFn` answers, chosen when the graph runs. **Both are called now**, once each: what
 * they make runs only in its branch; what was made outside and is merely used inside always runs. Raises Type for a
 * JavaScript boolean (use smartCond) and for what is no function, Value where the branches' results do not match.
 * @tensorflow tf.cond
 */
export function cond(pred: TensorLike, trueFn: Branch, falseFn: Branch, options: CondOptions = {}): unknown {
  const { strict = false, name = 'cond' } = options;
  if (trueFn == null) throw new GraphError('Type', 'cond(): true_fn argument required');
  if (falseFn == null) throw new GraphError('Type', 'cond(): false_fn argument required');
  if (typeof trueFn !== 'function') throw new GraphError('Type', 'true_fn must be callable.');
  if (typeof falseFn !== 'function') throw new GraphError('Type', 'false_fn must be callable.');
  const graph = graphOf([pred]);
  return graph.asDefault(() =>
    graph.nameScope(name, () => {
      if (typeof pred === 'boolean') throw new GraphError('Type', 'pred must not be a Python bool');
      const [f, t] = switchOn(pred as Tensor, pred);
      const pivotT = identity(t, { name: 'switch_t' });
      const pivotF = identity(f, { name: 'switch_f' });
      const chosen = identity(pred, { name: 'pred_id' });
      for (const x of [t, f, pivotT, pivotF, chosen]) graph.preventFetching(x.op);

      const whenTrue = build(new CondContext(chosen, pivotT, 1), trueFn, 'true_fn');
      const whenFalse = build(new CondContext(chosen, pivotF, 0), falseFn, 'false_fn');
      const [given, other] = [whenTrue.original, whenFalse.original].map((x) => (strict ? x : unpackSingle(x)));
      checkSameStructure(given, other, 'Incompatible return values of true_fn and false_fn: ');
      const [trues, falses] = [flatten(whenTrue.results) as Tensor[], flatten(whenFalse.results) as Tensor[]];
      if (trues.length === 0) throw new GraphError('Value', 'true_fn and false_fn must return at least one result.');
      trues.forEach((x, i) => {
        const y = falses[i]!;
        if (x.dtype === y.dtype) return;
        throw new GraphError(
          'Value',
          `Outputs of true_fn and false_fn must have the same type: ${x.dtype}, ${y.dtype}`,
        );
      });
      const merges = trues.map((x, i) => merge([falses[i]!, x])[0]);
      if (whenTrue.context.outer === null) {
        graph.addToCollection(GraphKeys.COND_CONTEXT, whenTrue.context);
        graph.addToCollection(GraphKeys.COND_CONTEXT, whenFalse.context);
      }
      const leaves = flatten(given);
      return packAs(
        given,
        leaves.map((x, i) => withFlow(x, merges[i]!)),
      );
    }),
  );
}

function build(
  context: CondContext,
  fn: Branch,
  called: string,
): { context: CondContext; original: unknown; results: unknown } {
  return context.within(() => {
    const original = refusePromise(fn(), called);
    if (original === null || original === undefined)
      throw new GraphError('Value', `${called} must have a return value.`);
    const results = mapStructure(original, (v) => {
      if (v instanceof Operation) return withDependencies([v], context.pivot);
      return context.processOutput(convertToTensor(flowOf(v) as TensorLike));
    });
    context.exitResult(flatten(results) as Tensor[]);
    return { context, original, results };
  });
}

/**
 * As smart_cond: one branch alone, without ops, where `pred` is a boolean, 0, 1, or a tensor whose value is known now;
 * else tf.cond. Raises Type for other predicates.
 */
export function smartCond(
  pred: TensorLike | boolean | number,
  trueFn: Branch,
  falseFn: Branch,
  { name }: Named = {},
): unknown {
  if (typeof trueFn !== 'function') throw new GraphError('Type', '`true_fn` must be callable.');
  if (typeof falseFn !== 'function') throw new GraphError('Type', '`false_fn` must be callable.');
  const known = smartConstant(pred);
  if (known === null) return cond(pred as TensorLike, trueFn, falseFn, { name });
  return refusePromise(known ? trueFn() : falseFn(), 'smartCond');
}

/** What a predicate is known to be; null where only a run can say. */
export function smartConstant(pred: unknown): boolean | null {
  if (pred === 0 || pred === false) return false;
  if (pred === 1 || pred === true) return true;
  if (pred instanceof Tensor) return pred.value ? Boolean(pred.value[0]) : null;
  if (isTensorLike(pred)) return null;
  throw new GraphError('Type', `\`pred\` must be a Tensor, or a Python bool, or 1 or 0. Found instead: ${pred}`);
}
