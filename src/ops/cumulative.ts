/** @file Running sums and products along an axis. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type OpDef, indexType, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { cellOf, type DType, NUMBERS } from '../value/dtype';
import type { Named } from './array';

type Running = OpDef<typeof inputs, { out: 'T' }, typeof attrs>;
const inputs = { x: 'T', axis: 'Tidx' } as const;
const attrs = { exclusive: bool(false), reverse: bool(false), T: type(NUMBERS), Tidx: indexType } as const;

const running = (
  name: string,
  start: (dtype: DType) => number,
  step: (a: number, x: number) => number,
  gradient: Running['gradient'],
) =>
  defineOp({
    name,
    inputs,
    outputs: { out: 'T' },
    attrs,
    infer: ({ x }) => ({ out: x.shape }),
    gradient,
    reference({ x, axis, out }, { exclusive, reverse }) {
      const given = Number(axis.data[0]);
      const rank = x.shape.length;
      if (given < -rank || given >= rank) {
        throw new GraphError('InvalidArgument', `Expected scan axis in the range [${-rank}, ${rank}), but got ${given}`);
      }
      const at = given < 0 ? given + rank : given;
      const n = x.shape[at]!;
      const inner = x.shape.slice(at + 1).reduce((a, b) => a * b, 1);
      const outer = n * inner === 0 ? 0 : x.size / (n * inner);
      const [from, to] = [x.data, out.data];
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          let sum = start(x.dtype);
          for (let k = 0; k < n; k++) {
            const cell = (o * n + (reverse ? n - 1 - k : k)) * inner + i;
            const value = from[cell]!;
            if (exclusive) to[cell] = sum;
            sum = step(sum, value);
            if (!exclusive) to[cell] = sum;
          }
        }
      }
    },
  } as Running);

const Cumsum = running(
  'Cumsum',
  (d) => cellOf(d, 0),
  (a, x) => a + x,
  ({ out: dy }, { axis }, { exclusive, reverse }) => ({ x: cumsum(dy, axis, { exclusive, reverse: !reverse }) }),
);
const Cumprod = running(
  'Cumprod',
  (d) => cellOf(d, 1),
  (a, x) => a * x,
  ({ out: dy }, { x, axis }, { exclusive, reverse }) => {
    const products = cumprod(x, axis, { exclusive, reverse });
    const out = cumsum(products.mul(dy), axis, { exclusive, reverse: !reverse });
    return { x: out.truediv(x) };
  },
);

export interface CumulativeOptions extends Named {
  /** Leaves out the cell itself. */
  readonly exclusive?: boolean | undefined;
  /** From the end. */
  readonly reverse?: boolean | undefined;
}
/** Running sums along an axis, as tf.cumsum. */
export function cumsum(x: TensorLike, axis: TensorLike = 0, options: CumulativeOptions = {}): Tensor {
  const { exclusive, reverse, name } = options;
  return Cumsum({ x, axis }, { exclusive, reverse }, name).out;
}
/** Running products along an axis, as tf.cumprod. */
export function cumprod(x: TensorLike, axis: TensorLike = 0, options: CumulativeOptions = {}): Tensor {
  const { exclusive, reverse, name } = options;
  return Cumprod({ x, axis }, { exclusive, reverse }, name).out;
}
