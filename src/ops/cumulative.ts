/** @file Running sums and products along an axis. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, indexType, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { cellOf, type DType, isComplex, NUMBERS, wireName } from '../value/dtype';
import { showShape, sizeOf } from '../value/shape';
import type { Named } from './array';
import { productOf } from './cellwise';
import { fail, fromFront } from './expect';
import { over, times } from './operators';
import { type Fold, keeper } from './reduce_cells';

interface Slots {
  readonly x: Slot;
  readonly axis: Slot;
  readonly out: Slot;
}
/** Each step is rounded or wrapped as the dtype does it. */
const run =
  (choose: (dtype: DType) => Fold) =>
  (
    { x, axis, out }: Slots,
    { exclusive, reverse }: { readonly exclusive: boolean; readonly reverse: boolean },
  ): void => {
    const { shape, dtype } = x;
    const [given, rank] = [Number(axis.data[0]), shape.length];
    if (axis.shape.length > 0) fail(`ScanOp: axis must be a scalar, not ${showShape(axis.shape)}`);
    const at = fromFront(given, rank);
    if (at < 0 || at >= rank) fail(`ScanOp: Expected scan axis in the range [${-rank}, ${rank}), but got ${at}`);
    if (isComplex(dtype)) {
      throw new GraphError(
        'Unimplemented',
        `sluice has no arithmetic for ${wireName(dtype)}. Keep the parts as two tensors.`,
      );
    }
    const [outer, n, inner] = [sizeOf(shape.slice(0, at)), shape[at]!, sizeOf(shape.slice(at + 1))];
    const { start, step } = choose(dtype);
    const [keep, from, to] = [keeper(dtype), x.data, out.data];
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const first = (o * n + (reverse ? n - 1 : 0)) * inner + i;
        const stride = reverse ? -inner : inner;
        let a = start;
        for (let k = 0, cell = first; k < n; k++, cell += stride) {
          const before = a;
          a = keep(step(a, from[cell]!));
          to[cell] = exclusive ? before : a;
        }
      }
    }
  };

const inputs = { x: 'T', axis: 'Tidx' } as const;
const outputs = { out: 'T' } as const;
const attrs = { exclusive: bool(false), reverse: bool(false), T: type(NUMBERS), Tidx: indexType } as const;
const infer = ({ x }: { readonly x: Known }) => ({ out: x.shape });

const Cumsum = defineOp({
  name: 'Cumsum',
  inputs,
  outputs,
  attrs,
  infer,
  gradient: ({ out: dy }, { axis }, { exclusive, reverse }) => ({
    x: cumsum(dy, axis, { exclusive, reverse: !reverse }),
  }),
  reference: run((dtype) => ({ start: cellOf(dtype, 0), step: (a, x) => a + x })),
});
const Cumprod = defineOp({
  name: 'Cumprod',
  inputs,
  outputs,
  attrs,
  infer,
  gradient({ out: dy }, { x, axis }, { exclusive, reverse }) {
    const products = cumprod(x, axis, { exclusive, reverse });
    return { x: over(cumsum(times(products, dy), axis, { exclusive, reverse: !reverse }), x) };
  },
  reference: run((dtype) => ({ start: cellOf(dtype, 1), step: productOf(dtype) })),
});

export interface CumulativeOptions extends Named {
  /** Leaves the cell itself out. */
  readonly exclusive?: boolean | undefined;
  /** From the end. */
  readonly reverse?: boolean | undefined;
}
/** Running sums along `axis`. @tensorflow tf.cumsum */
export function cumsum(x: TensorLike, axis: TensorLike = 0, options: CumulativeOptions = {}): Tensor {
  const { exclusive, reverse, name } = options;
  return Cumsum({ x, axis }, { exclusive, reverse }, name).out;
}
/** Running products along `axis`; their gradient is NaN where x is 0. @tensorflow tf.cumprod */
export function cumprod(x: TensorLike, axis: TensorLike = 0, options: CumulativeOptions = {}): Tensor {
  const { exclusive, reverse, name } = options;
  return Cumprod({ x, axis }, { exclusive, reverse }, name).out;
}
