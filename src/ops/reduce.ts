/** @file Reductions along axes: sums, means, products, extremes, all and any. */
import { GraphError } from '../errors';
import { constantIn, convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type AttrSpecs, bool, type Bag, indexType, type Known, type OpDef, type } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import type { Call } from '../kernels/table';
import { hasKernel } from '../kernels/table';
import { cellOf, type DType, isBig, NUMBERS, REALS } from '../value/dtype';
import { isFull, type Shape } from '../value/shape';
import { Value } from '../value/value';
import type { Named } from './array';
import { reshape, shapeOf } from './array';
import { isFinite, where } from './compare';
import { rangeRaw } from './range';
import { maxGradient, meanGradient, prodGradient, sumGradient } from './reduce_gradients';
import { rank, zerosLike } from './shape';
import { stopGradient } from './identity';
import { add, subtract } from './arithmetic';
import { exp, log } from './unary';

/** The reduced axes of a shape; raises Value for one that is not there. */
export function axesOf(shape: readonly unknown[], axes: readonly number[]): number[] {
  return axes.map((a) => {
    if (a < -shape.length || a >= shape.length) {
      const message = `Invalid reduction dimension (${a} for input with ${shape.length} dimension(s)`;
      throw new GraphError('Value', `Invalid reduction dimension ${a} for input with ${shape.length} dimensions.`, {
        atRun: message,
      });
    }
    return a < 0 ? a + shape.length : a;
  });
}

export function reducedShape({ shape }: Known, axes: readonly number[] | undefined, keepDims: boolean, running = false): Shape {
  if (!shape) return null;
  if (!axes) return keepDims ? shape.map(() => null) : null;
  const gone = new Set(axesOf(shape, axes));
  if (running && gone.size < axes.length) {
    const twice = axes.find((a, i) => axes.indexOf(a) < i) ?? axes[0];
    throw new GraphError('InvalidArgument', `Invalid reduction arguments: Axes contains duplicate dimension: ${twice}`);
  }
  return keepDims ? shape.map((d, i) => (gone.has(i) ? 1 : d)) : shape.filter((_, i) => !gone.has(i));
}

interface Reduce {
  readonly input: Slot;
  readonly reduction_indices: Slot;
  readonly output: Slot;
}

/** Calls `visit` for each output cell with the input cells that belong to it, as start, step and count lists. */
function walk({ input, reduction_indices, output }: Reduce, visit: (out: number, cells: Int32Array) => void): void {
  const { shape } = input;
  const gone = new Set(axesOf(shape, Array.from(reduction_indices.data, Number)));
  const strides: number[] = new Array(shape.length);
  for (let d = shape.length - 1, step = 1; d >= 0; d--) {
    strides[d] = step;
    step *= shape[d]!;
  }
  const offsets = (dims: readonly number[]): Int32Array => {
    let list = Int32Array.of(0);
    for (const d of dims) {
      const next = new Int32Array(list.length * shape[d]!);
      let at = 0;
      for (const o of list) for (let i = 0; i < shape[d]!; i++) next[at++] = o + i * strides[d]!;
      list = next;
    }
    return list;
  };
  const all = shape.map((_, i) => i);
  const kept = offsets(all.filter((d) => !gone.has(d)));
  const inner = offsets(all.filter((d) => gone.has(d)));
  const cells = new Int32Array(inner.length);
  for (let o = 0; o < output.size; o++) {
    for (let i = 0; i < inner.length; i++) cells[i] = inner[i]! + kept[o]!;
    visit(o, cells);
  }
}

/** out = fold of the cells, starting from `start`. */
const fold =
  (start: (dtype: DType) => number, step: (a: number, x: number) => number, end?: (a: number, n: number, dtype: DType) => number) =>
  (t: Reduce): void => {
    const { dtype } = t.input;
    const [x, out] = [t.input.data, t.output.data];
    walk(t, (o, cells) => {
      let a = start(dtype);
      for (let i = 0; i < cells.length; i++) a = step(a, x[cells[i]!]!);
      out[o] = end ? end(a, cells.length, dtype) : a;
    });
  };

/** A reduction over neighbouring axes as [a, b, c] -> [a, c]; null where the axes are not neighbours. */
function blocks({ input, reduction_indices }: Reduce): [a: number, b: number, c: number] | null {
  const { shape } = input;
  const axes = [...new Set(axesOf(shape, Array.from(reduction_indices.data, Number)))].sort((p, q) => p - q);
  if (axes.length === 0 || axes.some((a, i) => i > 0 && a !== axes[i - 1]! + 1)) return null;
  const size = (from: number, to: number) => shape.slice(from, to).reduce((n, d) => n * d, 1);
  const [first, last] = [axes[0]!, axes.at(-1)! + 1];
  return [size(0, first), size(first, last), size(last, shape.length)];
}
/** The kernels `<name>_last`, `<name>_first` and `<name>_middle` where the shapes fit. */
const kernel =
  (name: string) =>
  (t: Reduce): Call | null => {
    if (t.input.dtype !== 'float32' || t.output.ptr === 0) return null;
    const found = blocks(t);
    if (!found || t.input.size === 0) return null;
    const [a, b, c] = found;
    const call: Call =
      c === 1
        ? [`${name}_last_f32`, t.output.ptr, t.input.ptr, a, b]
        : a === 1
          ? [`${name}_first_f32`, t.output.ptr, t.input.ptr, b, c]
          : [`${name}_middle_f32`, t.output.ptr, t.input.ptr, a, b, c];
    return hasKernel(call[0]) ? call : null;
  };

const attrs = { keep_dims: bool(false), T: type(NUMBERS), Tidx: indexType } as const;
type Numeric = OpDef<typeof inputs, { output: 'T' }, typeof attrs>;
const inputs = { input: 'T', reduction_indices: 'Tidx' } as const;

/** TensorFlow's kernels hand the same buffer on then. */
const reducesNothing = ({ reduction_indices: axes }: { readonly reduction_indices: Known }): boolean => axes.value?.length === 0;

function reduction(name: string, rest: Pick<Numeric, 'gradient' | 'reference' | 'kernel'>) {
  return defineOp({
    name,
    inputs,
    outputs: { output: 'T' },
    attrs,
    alias: { output: 'input' },
    aliasWhen: reducesNothing,
    infer: ({ input, reduction_indices }, { keep_dims }, running) => ({
      output: reducedShape(input, reduction_indices.value, keep_dims, running),
    }),
    ...rest,
  } as Numeric);
}

const zero = (dtype: DType) => cellOf(dtype, 0);
const one = (dtype: DType) => cellOf(dtype, 1);
const mean = (sum: number, n: number, dtype: DType): number => {
  if (isBig(dtype)) return (n === 0 ? 0n : (sum as unknown as bigint) / BigInt(n)) as unknown as number;
  if (dtype === 'float64') return sum / n;
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' ? sum / n : Math.trunc(sum / n);
};
const LOWEST: Partial<Record<DType, number>> = { int8: -128, int16: -32768, int32: -2147483648, uint8: 0, uint16: 0, uint32: 0 };
const HIGHEST: Partial<Record<DType, number>> = { int8: 127, int16: 32767, int32: 2147483647, uint8: 255, uint16: 65535, uint32: 4294967295 };
const lowest = (d: DType): number =>
  d === 'int64' ? (-(2n ** 63n) as unknown as number) : d === 'uint64' ? (0n as unknown as number) : (LOWEST[d] ?? -Infinity);
const highest = (d: DType): number =>
  d === 'int64'
    ? ((2n ** 63n - 1n) as unknown as number)
    : d === 'uint64'
      ? ((2n ** 64n - 1n) as unknown as number)
      : (HIGHEST[d] ?? Infinity);

const Sum = reduction('Sum', {
  gradient: (dy, t, a, op) => ({ input: sumGradient(dy.output, op) }),
  reference: fold(zero, (a, x) => a + x) as never,
  kernel: kernel('sum') as never,
});
const Mean = reduction('Mean', {
  gradient: (dy, t, a, op) => ({ input: meanGradient(dy.output, op) }),
  reference: fold(zero, (a, x) => a + x, mean) as never,
  kernel: kernel('mean') as never,
});
const Prod = reduction('Prod', {
  gradient: (dy, t, a, op) => ({ input: prodGradient(dy.output, op) }),
  reference: fold(one, (a, x) => a * x) as never,
});
const Max = reduction('Max', {
  gradient: (dy, t, a, op) => ({ input: maxGradient(dy.output, op) }),
  reference: fold(lowest, (a, x) => (x > a || x !== x ? x : a)) as never,
  kernel: kernel('max') as never,
});
const Min = reduction('Min', {
  gradient: (dy, t, a, op) => ({ input: maxGradient(dy.output, op) }),
  reference: fold(highest, (a, x) => (x < a || x !== x ? x : a)) as never,
  kernel: kernel('min') as never,
});
const EuclideanNorm = reduction('EuclideanNorm', {
  gradient: null,
  reference: fold(zero, (a, x) => a + x * x, (a) => Math.sqrt(a)) as never,
});

const logical = (name: 'All' | 'Any', start: number, step: (a: number, x: number) => number) =>
  defineOp({
    name,
    inputs: { input: 'bool', reduction_indices: 'Tidx' },
    outputs: { output: 'bool' },
    attrs: { keep_dims: bool(false), Tidx: indexType },
    infer: ({ input, reduction_indices }, { keep_dims }, running) => ({
      output: reducedShape(input, reduction_indices.value, keep_dims, running),
    }),
    gradient: 'missing',
    reference: fold(() => start, step),
  });
const All = logical('All', 1, (a, x) => a & x);
const Any = logical('Any', 0, (a, x) => a | x);

/** An axis, a list of axes, or null for all. */
export type Axis = TensorLike | null | undefined;
export interface ReduceOptions extends Named {
  readonly axis?: Axis;
  /** Keeps the reduced axes with size 1. */
  readonly keepdims?: boolean | undefined;
  readonly keepDims?: boolean | undefined;
  readonly reductionIndices?: Axis;
}
type Make = (bag: Bag<{ input: string; reduction_indices: string }, TensorLike>, attrs: { keep_dims?: boolean }, name?: string) => {
  readonly output: Tensor;
  readonly op: Operation<AttrSpecs>;
};

const isOptions = (x: unknown): x is ReduceOptions =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !isTensorLike(x) && !(x instanceof Value) && !ArrayBuffer.isView(x);

const reducer =
  (make: Make) =>
  (x: TensorLike, axisOrOptions?: Axis | ReduceOptions, more: ReduceOptions = {}): Tensor => {
    const options = isOptions(axisOrOptions) ? axisOrOptions : { ...more, axis: axisOrOptions };
    const axis = options.axis ?? options.reductionIndices ?? null;
    const keepdims = options.keepdims ?? options.keepDims ?? false;
    const graph = graphOf([x]);
    const input = isTensorLike(x) || axis === null ? convertToTensor(x, { name: 'input_tensor' }, graph) : x;
    const axes = axis ?? allAxes(input as Tensor);
    const bag = { input, reduction_indices: axes };
    const { output } = make(bag, { keep_dims: keepdims }, options.name);
    if (!isFull(output.shape) && !keepdims && axis === null) output.setShape([]);
    return output;
  };

/** 0 to rank - 1: a constant where the rank is known. */
function allAxes(x: Tensor): Tensor {
  if (x.shape) return constantIn(x.graph, Value.from(x.shape.map((_, i) => i), 'int32'));
  return x.graph.nameScope('range', (scope) => {
    const start = constantIn(x.graph, Value.from(0, 'int32'), 'start');
    const delta = constantIn(x.graph, Value.from(1, 'int32'), 'delta');
    return rangeRaw(start, rank(x), delta, { name: scope });
  });
}

type Reducer = (x: TensorLike, axisOrOptions?: Axis | ReduceOptions, options?: ReduceOptions) => Tensor;
/** Sums over axes, all by default; as tf.reduce_sum. */
export const reduceSum: Reducer = reducer(Sum as unknown as Make);
/** Means over axes; integers are divided as integers; as tf.reduce_mean. */
export const reduceMean: Reducer = reducer(Mean as unknown as Make);
/** Products over axes, as tf.reduce_prod. */
export const reduceProd: Reducer = reducer(Prod as unknown as Make);
/** The largest over axes; -Infinity of nothing; as tf.reduce_max. */
export const reduceMax: Reducer = reducer(Max as unknown as Make);
/** The smallest over axes, as tf.reduce_min. */
export const reduceMin: Reducer = reducer(Min as unknown as Make);
/** Whether all are true, as tf.reduce_all. */
export const reduceAll: Reducer = reducer(All as unknown as Make);
/** Whether any is true, as tf.reduce_any. */
export const reduceAny: Reducer = reducer(Any as unknown as Make);
/** The square root of the sum of squares, as tf.math.reduce_euclidean_norm. */
export const reduceEuclideanNorm: Reducer = reducer(EuclideanNorm as unknown as Make);

/** log(sum(exp(x))), safe from overflow; as tf.reduce_logsumexp. */
export function reduceLogsumexp(x: TensorLike, axisOrOptions?: Axis | ReduceOptions, more: ReduceOptions = {}): Tensor {
  const options = isOptions(axisOrOptions) ? axisOrOptions : { ...more, axis: axisOrOptions };
  const { axis = null, keepdims = false, name = 'ReduceLogSumExp' } = options;
  const input = convertToTensor(x);
  return input.graph.nameScope(name, () => {
    const highestRaw = reduceMax(input, { axis, keepdims: true });
    const finite = isFinite(highestRaw);
    let top = stopGradient(where(finite, highestRaw, zerosLike(highestRaw)));
    const sum = log(reduceSum(exp(subtract(input, top)), { axis, keepdims }));
    if (!keepdims) top = reshape(top, shapeOf(sum));
    const out = add(sum, top);
    if (!isFull(out.shape) && !keepdims && axis === null) out.setShape([]);
    return out;
  });
}
