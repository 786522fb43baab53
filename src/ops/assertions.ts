/** @file tf.assert_*: checks of values, at once where they are known, else when the graph runs. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Operation, Tensor } from '../graph/operation';
import type { Named } from './array';
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from './compare';
import { Assert } from './control';
import { reduceAll } from './reduce';

export interface CheckOptions extends Named {
  /** What is shown besides x and y. */
  readonly data?: readonly TensorLike[] | null | undefined;
  readonly summarize?: number | null | undefined;
  /** Comes before the message. */
  readonly message?: string | null | undefined;
}
type Compare = (x: Tensor, y: Tensor) => Tensor;

const check =
  (name: string, relation: string, compare: Compare, holds: (a: number, b: number) => boolean) =>
  (xIn: TensorLike, yIn: TensorLike, options: CheckOptions = {}): Operation => {
    const { data, summarize, message = '' } = options;
    const graph = graphOf([xIn, yIn]);
    return graph.nameScope(options.name ?? name, () => {
      const x = convertToTensor(xIn, { name: 'x' }, graph);
      const y = convertToTensor(yIn, { name: 'y', dtype: x.dtype }, graph);
      if (x.value && y.value && x.value.length === y.value.length && !x.value.every((a, i) => holds(a, y.value![i]!))) {
        throw new GraphError(
          'InvalidArgument',
          `${message ?? ''}\nCondition x ${relation} y did not hold.\nFirst 3 elements of x:\n[${x.value.slice(0, 3).join(' ')}]\nFirst 3 elements of y:\n[${y.value.slice(0, 3).join(' ')}]`.trim(),
        );
      }
      const shown = data ?? [
        message ?? '',
        `Condition x ${relation} y did not hold element-wise:`,
        `x (${x.name}) = `,
        x,
        `y (${y.name}) = `,
        y,
      ];
      const condition = reduceAll(compare(x, y));
      return Assert(condition, shown as readonly TensorLike[], { summarize: summarize ?? undefined });
    });
  };

/** x == y, cell by cell; as tf.assert_equal. Answers an op to wait for. */
export const assertEqual = check('assert_equal', '==', equal, (a, b) => a === b);
export const assertNoneEqual = check('assert_none_equal', '!=', notEqual, (a, b) => a !== b);
export const assertLess = check('assert_less', '<', less, (a, b) => a < b);
export const assertLessEqual = check('assert_less_equal', '<=', lessEqual, (a, b) => a <= b);
export const assertGreater = check('assert_greater', '>', greater, (a, b) => a > b);
export const assertGreaterEqual = check('assert_greater_equal', '>=', greaterEqual, (a, b) => a >= b);
