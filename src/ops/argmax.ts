/** @file Where the extremes are. */
import { GraphError } from '../errors';
import { isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import type { Call } from '../kernels/table';
import { cellOf, isComplex, NUMBERS, wireName } from '../value/dtype';
import { type Shape, showShape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import type { Named } from './array';
import { fail, fromFront, limitsOf, refuse, unknowns, withRank } from './expect';

interface Inputs {
  readonly input: Known;
  readonly dimension: Known;
}
function infer({ input: { shape }, dimension }: Inputs): { output: Shape } {
  withRank(dimension.shape, 0, `dim must be a scalar, but received tensor of shape: ${showShape(dimension.shape)}`);
  if (shape === null) return { output: null };
  const rank = shape.length;
  if (rank <= 1) return { output: [] };
  const given = dimension.value?.[0];
  if (given === undefined) return { output: unknowns(rank - 1) };
  if (given < -rank || given >= rank) {
    refuse(
      `Dimension (${given}) must be in the range [${-rank}, ${rank}), where ${rank} is the number of dimensions in the input.`,
      `Expected dimension in the range [${-rank}, ${rank}), but got ${given}`,
    );
  }
  const axis = fromFront(given, rank);
  return { output: shape.filter((_, i) => i !== axis) };
}

interface Slots {
  readonly input: Slot;
  readonly dimension: Slot;
  readonly output: Slot;
}
/** The axis counted from the front, and the sizes before, along and after it. */
function sizes({ input: { shape }, dimension }: Slots): [axis: number, outer: number, n: number, inner: number] {
  const axis = fromFront(Number(dimension.data[0]), shape.length);
  return [axis, sizeOf(shape.slice(0, axis)), shape[axis] ?? 0, sizeOf(shape.slice(axis + 1))];
}
/** Only what is better than the dtype's other end counts: NaN never does, and of equals the first does. */
const find = (end: 0 | 1, better: (a: number, b: number) => boolean) => (t: Slots) => {
  const { input, dimension, output } = t;
  const [axis, outer, n, inner] = sizes(t);
  const [given, rank] = [Number(dimension.data[0]), input.shape.length];
  if (isComplex(input.dtype)) {
    throw new GraphError('Unimplemented', `sluice does not order ${wireName(input.dtype)} values.`);
  }
  if (axis < 0 || axis >= rank) fail(`Expected dimension in the range [${-rank}, ${rank}), but got ${given}`);
  if (n === 0) fail(`Reduction axis ${given} is empty in shape ${showShape(input.shape)}`);
  const [x, out, worst] = [input.data, output.data, limitsOf(input.dtype)[end]];
  for (let o = 0, at = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let best = worst;
      let found = 0;
      for (let k = 0, cell = o * n * inner + i; k < n; k++, cell += inner) {
        if (!better(x[cell]!, best)) continue;
        best = x[cell]!;
        found = k;
      }
      out[at++] = cellOf(output.dtype, found);
    }
  }
};

const inputs = { input: 'T', dimension: 'Tidx' } as const;
const outputs = { output: 'output_type' } as const;
const attrs = { T: type(NUMBERS), Tidx: indexType, output_type: type(['int32', 'int64'], 'int64') } as const;

const ArgMax = defineOp({
  name: 'ArgMax',
  inputs,
  outputs,
  attrs,
  infer,
  gradient: () => ({}),
  reference: find(0, (a, b) => a > b),
  kernel(t): Call | null {
    const [axis, outer, n, inner] = sizes(t);
    const fits = t.input.dtype === 'float32' && axis >= 0 && n > 0 && inner === 1;
    return fits ? ['argmax_last_f32', t.output.ptr, t.input.ptr, outer, n, Number(t.output.dtype === 'int64')] : null;
  },
});
const ArgMin = defineOp({
  name: 'ArgMin',
  inputs,
  outputs,
  attrs,
  infer,
  gradient: () => ({}),
  reference: find(1, (a, b) => a < b),
});

export interface ArgOptions extends Named {
  readonly axis?: TensorLike | null | undefined;
  /** TensorFlow's older name of `axis`. */
  readonly dimension?: TensorLike | null | undefined;
  /** int64 by default. */
  readonly outputType?: 'int32' | 'int64' | undefined;
}
type Axis = TensorLike | ArgOptions | null | undefined;
/** Options may follow an axis or stand in its place. */
function wanted(given: Axis, more: ArgOptions) {
  const bare = typeof given !== 'object' || given === null || isTensorLike(given) || given instanceof Value;
  const options = (bare || Array.isArray(given) ? { ...more, axis: given ?? more.axis } : given) as ArgOptions;
  const { axis, dimension, outputType, name } = options;
  if (axis != null && dimension != null) {
    throw new GraphError('Value', "Cannot specify both 'dimension' and 'axis'");
  }
  return { dimension: axis ?? dimension ?? 0, attrs: { output_type: outputType }, name };
}

/** Where the largest stands along an axis (0 by default), the first of equals; NaN never is. @tensorflow tf.argmax */
export function argmax(input: TensorLike, axis?: Axis, options: ArgOptions = {}): Tensor {
  const w = wanted(axis, options);
  return ArgMax({ input, dimension: w.dimension }, w.attrs, w.name).output;
}
/** Where the smallest stands along an axis (0 by default), the first of equals; NaN never is. @tensorflow tf.argmin */
export function argmin(input: TensorLike, axis?: Axis, options: ArgOptions = {}): Tensor {
  const w = wanted(axis, options);
  return ArgMin({ input, dimension: w.dimension }, w.attrs, w.name).output;
}
