/** @file Numbers in a row: range, linspace, and the grids and masks made of them. */
import { GraphError } from '../errors';
import { constantIn, convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { type DType, FLOATS, isFloating } from '../value/dtype';
import { Value } from '../value/value';
import { type Named, ones, reshape } from './array';
import { cast, castRaw } from './cast';
import { less } from './compare';
import { fail, i32, refuse, scalarOf } from './expect';
import { stack } from './join';
import { times } from './operators';
import { maximum } from './pairs';
import { reduceMax } from './reduce';
import { expandDims, rank, size } from './shape';

// ---- Range --------------------------------------------------------------------------------------------------------

/** How many numbers lie between; computed as the kernel does. */
function countOf(start: number, limit: number, delta: number, dtype: DType): number {
  if (delta === 0) refuse('Requires delta != 0', `Requires delta != 0: ${delta}`);
  if (delta > 0 && start > limit) refuse(`Requires start <= limit when delta > 0: ${start}/${limit}`);
  if (delta < 0 && start < limit) refuse(`Requires start >= limit when delta < 0: ${start}/${limit}`);
  const round = dtype === 'float32' ? Math.fround : (x: number) => x;
  const n = isFloating(dtype)
    ? Math.ceil(Math.abs(round(round(limit - start) / delta)))
    : Math.floor((Math.abs(limit - start) + Math.abs(delta) - 1) / Math.abs(delta));
  return n;
}
const Range = defineOp({
  name: 'Range',
  inputs: { start: 'Tidx', limit: 'Tidx', delta: 'Tidx' },
  outputs: { output: 'Tidx' },
  attrs: {
    Tidx: type([...FLOATS, 'int8', 'int16', 'int32', 'int64', 'uint16', 'uint32'], 'int32'),
  },
  infer({ start, limit, delta }) {
    const given = [start, limit, delta].map((x) => scalarOf(x));
    const [a, b, by] = given;
    if (a === undefined || b === undefined || by === undefined) return { output: [null] };
    return { output: [countOf(a, b, by, start.dtype)] };
  },
  gradient: null,
  reference({ start, limit, delta, output }) {
    const [a, by] = [start.data[0]!, delta.data[0]!];
    const n = countOf(Number(a), Number(limit.data[0]), Number(by), start.dtype);
    if (output.size !== n || output.shape[0] !== n) output.resize([n]);
    const out = output.data;
    // The kernel adds up, and each sum is rounded to the dtype.
    const f32 = output.dtype === 'float32';
    for (let i = 0, x = a; i < n; i++, x = f32 ? Math.fround(x + by) : x + by) out[i] = x;
  },
});
/** The op itself: start, limit and delta of one dtype. */
export function rangeRaw(start: TensorLike, limit: TensorLike, delta: TensorLike, { name }: Named = {}): Tensor {
  return Range({ start, limit, delta }, {}, name).output;
}
const RANKED: readonly DType[] = ['int32', 'int64', 'float32', 'float64'];
export interface RangeOptions extends Named {
  readonly dtype?: DType | undefined;
}
/**
 * start, start + delta, ... up to but without limit; `range(limit)` starts at 0. Whole numbers make int32,
 * others float32, unless a dtype or a tensor says otherwise.
 * @tensorflow tf.range
 */
export function range(limit: TensorLike, options?: RangeOptions): Tensor;
export function range(start: TensorLike, limit: TensorLike, options?: RangeOptions): Tensor;
export function range(start: TensorLike, limit: TensorLike, delta: TensorLike, options?: RangeOptions): Tensor;
export function range(...given: readonly (TensorLike | RangeOptions | undefined)[]): Tensor {
  const isOptions = (x: unknown): x is RangeOptions =>
    typeof x === 'object' && x !== null && !isTensorLike(x) && !(x instanceof Value) && !Array.isArray(x);
  const options = given.find(isOptions) ?? {};
  const args = given.filter((x) => x !== undefined && !isOptions(x)) as TensorLike[];
  const [start, limit, delta] = args.length === 1 ? [0, args[0]!, 1] : [args[0]!, args[1]!, args[2] ?? 1];
  const { dtype, name = 'range' } = options;
  const graph = graphOf([start, limit, delta]);
  const whole = [start, limit, delta].every((x) => typeof x !== 'number' || Number.isInteger(x));
  const own = (x: TensorLike): DType | undefined =>
    dtype ?? (typeof x === 'number' ? (whole ? 'int32' : 'float32') : undefined);
  return graph.nameScope(name, (scope) => {
    const named = { start, limit, delta };
    const tensors = Object.entries(named).map(([key, x]) => convertToTensor(x, { dtype: own(x), name: key }, graph));
    if (dtype) return Range({ start: tensors[0]!, limit: tensors[1]!, delta: tensors[2]! }, {}, scope).output;
    const highest = RANKED[Math.max(...tensors.map((t) => RANKED.indexOf(t.dtype)))];
    if (!highest || tensors.some((t) => !RANKED.includes(t.dtype))) {
      throw new GraphError(
        'Assertion',
        `range takes ${RANKED.join(', ')}, not ${tensors.map((t) => t.dtype).join(', ')}.`,
      );
    }
    const [a, b, by] = tensors.map((t) => cast(t, highest));
    const numbers = Range({ start: a!, limit: b!, delta: by! }, {}, scope).output;
    // Floats are not folded while the graph is built, but these are known.
    if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
      numbers.setShape([countOf(start, limit, delta, highest)]);
    }
    return numbers;
  });
}

// ---- LinSpace -----------------------------------------------------------------------------------------------------

const LinSpace = defineOp({
  name: 'LinSpace',
  inputs: { start: 'T', stop: 'T', num: 'Tidx' },
  outputs: { output: 'T' },
  attrs: { T: type(FLOATS), Tidx: indexType },
  infer({ start, stop, num }) {
    scalarOf(start);
    scalarOf(stop);
    const n = scalarOf(num);
    if (n !== undefined && n <= 0) refuse(`Requires num > 0: ${n}`);
    return { output: [n ?? null] };
  },
  gradient: null,
  reference({ start, stop, num, output }) {
    const [a, b, n] = [start.data[0]!, stop.data[0]!, Number(num.data[0])];
    if (n <= 0) fail(`Requires num > 0: ${n}`);
    const round = output.dtype === 'float32' ? Math.fround : (x: number) => x;
    const step = n > 1 ? round(round(b - a) / (n - 1)) : 0;
    const out = output.data;
    for (let i = 0; i < n; i++) out[i] = i > 0 && i === n - 1 ? b : round(a + round(step * i));
  },
});
/** `num` numbers from start to stop, both included. @tensorflow tf.linspace */
export function linspace(start: TensorLike, stop: TensorLike, num: TensorLike, { name }: Named = {}): Tensor {
  return LinSpace({ start, stop, num }, {}, name).output;
}

// ---- grids and masks ----------------------------------------------------------------------------------------------

export interface MeshgridOptions extends Named {
  /** 'xy' (Cartesian) swaps the first two dimensions, 'ij' (matrix) does not. */
  readonly indexing?: 'xy' | 'ij' | undefined;
}
/** One array per vector, each repeated over the others' dimensions. @tensorflow tf.meshgrid */
export function meshgrid(vectors: readonly TensorLike[], options: MeshgridOptions = {}): Tensor[] {
  const { indexing = 'xy', name = 'meshgrid' } = options;
  if (indexing !== 'xy' && indexing !== 'ij')
    throw new GraphError('Value', "indexing parameter must be either 'xy' or 'ij'");
  const graph = graphOf(vectors);
  return graph.nameScope(name, () => {
    const n = vectors.length;
    const line = (at: number) => i32(Array.from({ length: n }, (_, i) => (i === at ? -1 : 1)));
    const parts = vectors.map((x, i) => reshape(stack(x), line(i)));
    const sizes = vectors.map((x) => size(x));
    const dtype = convertToTensor(vectors[0]!, {}, graph).dtype;
    if (indexing === 'xy' && n > 1) {
      parts[0] = reshape(parts[0]!, line(1));
      parts[1] = reshape(parts[1]!, line(0));
      [sizes[0], sizes[1]] = [sizes[1]!, sizes[0]!];
    }
    const factor = ones(sizes, { dtype });
    return parts.map((x) => times(x, factor));
  });
}

export interface SequenceMaskOptions extends Named {
  readonly dtype?: DType | undefined;
}
/**
 * Row i holds lengths[i] trues, then falses; without maxlen the longest decides the width.
 * @tensorflow tf.sequence_mask
 */
export function sequenceMask(
  lengths: TensorLike,
  maxlen: TensorLike | null = null,
  { dtype = 'bool', name = 'SequenceMask' }: SequenceMaskOptions = {},
): Tensor {
  const graph = graphOf([lengths, maxlen]);
  return graph.nameScope(name, () => {
    const many = isTensorLike(lengths) ? convertToTensor(lengths) : convertToTensor(lengths, { dtype: 'int32' }, graph);
    let width: Tensor;
    if (maxlen === null) {
      const longest = reduceMax(many, { axis: allDimensions(many) });
      width = maximum(constantIn(graph, Value.from(0, longest.dtype)), longest);
    } else width = isTensorLike(maxlen) ? convertToTensor(maxlen) : convertToTensor(maxlen, { dtype: 'int32' }, graph);
    if (width.shape !== null && width.shape.length !== 0) {
      throw new GraphError('Value', 'maxlen must be scalar for sequence_mask');
    }
    const [zero, one] = [0, 1].map((x) => constantIn(graph, Value.from(x, width.dtype)));
    const row = rangeRaw(zero!, width, one!);
    const cells = castRaw(expandDims(many, i32(-1)), width.dtype);
    const mask = less(row, cells);
    return dtype === 'bool' ? mask : cast(mask, dtype);
  });
}
/** All axes of a tensor: a constant where the rank is known. */
export function allDimensions(x: Tensor): Tensor {
  const { graph } = x;
  if (x.shape !== null) return constantIn(graph, i32(x.shape.map((_, i) => i)));
  return rangeRaw(i32(0), rank(x), i32(1));
}
