/** @file tf.assertRank and its kind: at once where ranks are known, else when the graph runs. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import type { Operation, Tensor } from '../graph/operation';
import { tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { type Named, shapeOf } from './array';
import { assertType, type CheckOptions } from './assertions';
import { equal, greaterEqual, logicalOr } from './compare';
import { Assert, noOp, withDependencies } from './control';
import { i32 } from './expect';
import { rank as rankOf } from './shape';

export type RankCheckOptions = CheckOptions & Named;

interface Check {
  readonly name: string;
  /** `must have rank`, and how the ranks are told in the message. */
  readonly relation: string;
  readonly list: boolean;
  readonly holds: (actual: number, given: readonly number[]) => boolean;
  readonly compare: (actual: Tensor, given: readonly Tensor[]) => Tensor;
}

const asRank = (x: TensorLike): TensorLike => (isTensorLike(x) || x instanceof Value ? x : i32(x as Nested));

function assertRanks(check: Check, xIn: TensorLike, given: readonly TensorLike[], options: CheckOptions): Operation {
  const { name, relation, list, holds, compare } = check;
  const { summarize, message } = options;
  const graph = graphOf([xIn, ...given]);
  return graph.nameScope(options.name ?? name, () => {
    const x = convertToTensor(xIn, { name: 'x' }, graph);
    const ranks = given.map((r) => convertToTensor(asRank(r), { name: 'rank' }, graph));
    const data = options.data ?? [
      message ?? '',
      `Tensor ${x.name} ${relation}`,
      ...ranks,
      'Received shape: ',
      shapeOf(x),
    ];
    for (const r of ranks) assertType(r, 'int32');
    const known = ranks.map((r) => r.value);
    if (known.every((v) => v !== undefined)) {
      if (ranks.some((r) => r.shape?.length !== 0)) throw new GraphError('Value', 'Rank must be a scalar.');
      const wanted = known.map((v) => v![0]!);
      if (x.shape && holds(x.shape.length, wanted)) return noOp({ name: 'static_checks_determined_all_ok' });
      if (x.shape) {
        const told = list ? `(${wanted.join(', ')}${wanted.length === 1 ? ',' : ''})` : wanted[0];
        throw new GraphError(
          'Value',
          `${message ?? ''}.  Tensor ${x.name} ${relation} ${told}.  Received rank ${x.shape.length}, shape ${tupleShape(x.shape)}`,
        );
      }
    }
    let condition = compare(rankOf(x), ranks);
    ranks.forEach((r, i) => {
      if (known[i] !== undefined) return;
      const scalar = assertRank(r, 0, { data: ['Rank must be a scalar. Received rank: ', r] });
      condition = withDependencies([scalar], condition);
    });
    return Assert(condition, data as readonly TensorLike[], { summarize: summarize ?? undefined });
  });
}

/**
 * The number of dimensions is `rank`, an int32 scalar. Raises Value where it is known and is not.
 * @tensorflow tf.assert_rank
 * @tensorflow tf.debugging.assert_rank
 */
export function assertRank(x: TensorLike, rank: TensorLike, options: RankCheckOptions = {}): Operation {
  const check: Check = {
    name: 'assert_rank',
    relation: 'must have rank',
    list: false,
    holds: (actual, [wanted]) => actual === wanted,
    compare: (actual, [wanted]) => equal(actual, wanted!),
  };
  return assertRanks(check, x, [rank], options);
}
/**
 * The number of dimensions is at least `rank`, an int32 scalar. Raises Value where it is known and is not.
 * @tensorflow tf.assert_rank_at_least
 * @tensorflow tf.debugging.assert_rank_at_least
 */
export function assertRankAtLeast(x: TensorLike, rank: TensorLike, options: RankCheckOptions = {}): Operation {
  const check: Check = {
    name: 'assert_rank_at_least',
    relation: 'must have rank at least',
    list: false,
    holds: (actual, [wanted]) => actual >= wanted!,
    compare: (actual, [wanted]) => greaterEqual(actual, wanted!),
  };
  return assertRanks(check, x, [rank], options);
}
/**
 * The number of dimensions is one of `ranks`. Raises Value where they are known and it is not.
 * @tensorflow tf.assert_rank_in
 * @tensorflow tf.debugging.assert_rank_in
 */
export function assertRankIn(x: TensorLike, ranks: readonly TensorLike[], options: RankCheckOptions = {}): Operation {
  const check: Check = {
    name: 'assert_rank_in',
    relation: 'must have rank in',
    list: true,
    holds: (actual, wanted) => wanted.includes(actual),
    compare(actual, [first, ...rest]) {
      if (!first) return convertToTensor(false);
      return rest.reduce((found, r) => logicalOr(found, equal(r, actual)), equal(first, actual));
    },
  };
  return assertRanks(check, x, ranks, options);
}
