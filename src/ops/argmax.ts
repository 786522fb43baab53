/** @file Where the extremes are. */
import { GraphError } from '../errors';
import { isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type OpDef, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { cellOf, INTEGERS, REALS } from '../value/dtype';
import type { Named } from './array';

type Arg = OpDef<typeof inputs, { output: 'output_type' }, typeof attrs>;
const inputs = { input: 'T', dimension: 'Tidx' } as const;
const attrs = {
  T: type([...REALS, 'bool']),
  Tidx: type(['int16', 'int32', 'int64'], 'int32'),
  output_type: type(INTEGERS, 'int64'),
} as const;

const arg = (name: 'ArgMax' | 'ArgMin', better: (a: number, b: number) => boolean) =>
  defineOp({
    name,
    inputs,
    outputs: { output: 'output_type' },
    attrs,
    infer({ input: { shape }, dimension }) {
      const axis = dimension.value?.[0];
      if (!shape) return { output: null };
      if (axis === undefined) return { output: new Array(Math.max(shape.length - 1, 0)).fill(null) };
      const rank = shape.length;
      if (axis < -rank || axis >= Math.max(rank, 1)) {
        throw new GraphError('Value', `Dimension (${axis}) must be in the range [${-rank}, ${rank}), where ${rank} is the number of dimensions in the input.`, {
          atRun: `Expected dimension in the range [${-rank}, ${rank}), but got ${axis}`,
        });
      }
      const at = axis < 0 ? axis + rank : axis;
      return { output: shape.filter((_, i) => i !== at) };
    },
    gradient: () => ({}),
    reference({ input, dimension, output }, { output_type }) {
      const rank = input.shape.length;
      const given = Number(dimension.data[0]);
      const at = given < 0 ? given + rank : given;
      const n = input.shape[at] ?? 1;
      if (n === 0) throw new GraphError('InvalidArgument', `Reduction axis ${at} is empty in shape [${input.shape}]`);
      const inner = input.shape.slice(at + 1).reduce((a, b) => a * b, 1);
      const [x, out] = [input.data, output.data];
      for (let o = 0; o < out.length; o++) {
        const start = Math.floor(o / inner) * n * inner + (o % inner);
        let best = 0;
        for (let k = 1; k < n; k++) if (better(x[start + k * inner]!, x[start + best * inner]!)) best = k;
        out[o] = cellOf(output_type, best);
      }
    },
  } as Arg);
const ArgMax = arg('ArgMax', (a, b) => a > b);
const ArgMin = arg('ArgMin', (a, b) => a < b);

export interface ArgOptions extends Named {
  readonly axis?: TensorLike | null | undefined;
  readonly dimension?: TensorLike | null | undefined;
  readonly outputType?: 'int32' | 'int64' | undefined;
}
type Axis = TensorLike | ArgOptions | null | undefined;
const read = (axis: Axis, options: ArgOptions): ArgOptions =>
  typeof axis === 'object' && axis !== null && !isTensorLike(axis) && !Array.isArray(axis)
    ? (axis as ArgOptions)
    : { ...options, axis: axis as TensorLike };

/** The index of the largest along an axis (0 by default), the first of equals, as int64; as tf.argmax. */
export function argmax(input: TensorLike, axis?: Axis, options: ArgOptions = {}): Tensor {
  const o = read(axis, options);
  return ArgMax({ input, dimension: o.axis ?? o.dimension ?? 0 }, { output_type: o.outputType }, o.name).output;
}
/** The index of the smallest along an axis, as tf.argmin. */
export function argmin(input: TensorLike, axis?: Axis, options: ArgOptions = {}): Tensor {
  const o = read(axis, options);
  return ArgMin({ input, dimension: o.axis ?? o.dimension ?? 0 }, { output_type: o.outputType }, o.name).output;
}
