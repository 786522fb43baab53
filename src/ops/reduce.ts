/** @file Reductions along axes: sums, means, products, extremes, all and any, and what is made of them. */
import { GraphError } from '../errors';
import { constantIn, convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { bool, indexType, type Known, type OpDef, type } from '../graph/opdef';
import { type Operation, Tensor } from '../graph/operation';
import { cellOf, type DType, isBig, isFloating, NUMBERS } from '../value/dtype';
import { isFull, type Shape } from '../value/shape';
import { Value } from '../value/value';
import { add, subtract } from './arithmetic';
import { type Named, reshape, shapeOf, zeros, zerosLike } from './array';
import { cast } from './cast';
import { productOf } from './cellwise';
import { isFinite as finiteCells, notEqual, where } from './compare';
import { fail, i32, limitsOf, refuse, unknowns } from './expect';
import { stopGradient } from './identity';
import { minus } from './operators';
import { range } from './range';
import { axesIn, type Fold, keeper, reduceBy, reduceKernel } from './reduce_cells';
import { maxGradient, meanGradient, prodGradient, sumGradient } from './reduce_gradients';
import { rank } from './shape';
import { exp, log, sqrt, square } from './unary';

// ---- the ops ------------------------------------------------------------------------------------------------------

/** The shape that is left of `input`, as far as the axes are known. Raises Value for an axis that is not there. */
export function reducedShape(
  { shape }: { readonly shape: Shape },
  axes: readonly number[] | undefined,
  keepDims: boolean,
): Shape {
  if (shape === null) return null;
  if (!axes) return keepDims ? unknowns(shape.length) : null;
  const gone = axesIn(shape.length, axes);
  return keepDims ? shape.map((d, i) => (gone.has(i) ? 1 : d)) : shape.filter((_, i) => !gone.has(i));
}

interface Inputs {
  readonly input: Known;
  readonly reduction_indices: Known;
}
function infer({ input, reduction_indices: axes }: Inputs, attrs: { readonly keep_dims: boolean }, running = false) {
  const axesRank = axes.shape?.length ?? 0;
  if (axesRank > 1 && !running) refuse(`Shape must be at most rank 1 but is rank ${axesRank}`);
  if (running && input.shape && axes.value && axesIn(input.shape.length, axes.value).size < axes.value.length) {
    const rank = input.shape.length;
    const places = axes.value.map((a) => (a + rank) % rank);
    const twice = places.find((a, i) => places.indexOf(a) < i);
    fail(`Invalid reduction arguments: Axes contains duplicate dimension: ${twice}`);
  }
  return { output: reducedShape(input, axes.value, attrs.keep_dims) };
}
/** Whether only axes of size 1 go: kernels pass the same buffer on then. */
function onlyReshapes({ input: { shape }, reduction_indices: { value } }: Inputs): boolean {
  if (shape === null || !value) return false;
  for (const a of axesIn(shape.length, value)) if (shape[a] !== 1) return false;
  return true;
}

const inputs = { input: 'T', reduction_indices: 'Tidx' } as const;
const outputs = { output: 'T' } as const;
const attrs = { keep_dims: bool(false), T: type(NUMBERS), Tidx: indexType } as const;
type Numeric = OpDef<typeof inputs, typeof outputs, typeof attrs>;
interface Row {
  readonly fold: (dtype: DType) => Fold;
  readonly gradient: null | ((dy: Tensor, op: Operation) => Tensor);
  readonly kernel?: Numeric['kernel'];
}
function reduction(name: string, { fold, gradient, kernel }: Row) {
  return defineOp<typeof inputs, typeof outputs, typeof attrs>({
    name,
    inputs,
    outputs,
    attrs,
    alias: { output: 'input' },
    aliasWhen: onlyReshapes,
    infer,
    gradient: gradient && (({ output: dy }, _t, _attrs, op) => ({ input: gradient(dy, op) })),
    reference: reduceBy(fold),
    ...(kernel ? { kernel } : {}),
  });
}

const plus = (a: number, x: number): number => a + x;
/** Divides as the dtype does: integers towards zero, and 0 / 0 is 0 for them. */
function quotient(dtype: DType): (sum: number, n: number) => number {
  const keep = keeper(dtype);
  return (sum, n) => {
    const [a, b] = [keep(sum), keep(cellOf(dtype, n))];
    if (isFloating(dtype)) return a / b;
    return Number(b) === 0 ? cellOf(dtype, 0) : isBig(dtype) ? a / b : Math.trunc(a / b);
  };
}
function root(dtype: DType): (a: number) => number {
  const keep = keeper(dtype);
  return (a) => cellOf(dtype, Math.sqrt(Number(keep(a))));
}

const Sum = reduction('Sum', {
  fold: (dtype) => ({ start: cellOf(dtype, 0), step: plus }),
  gradient: (dy, op) => sumGradient(dy, op),
  kernel: reduceKernel('sum'),
});
const Mean = reduction('Mean', {
  fold: (dtype) => ({ start: cellOf(dtype, 0), step: plus, end: quotient(dtype) }),
  gradient: (dy, op) => meanGradient(dy, op),
  kernel: reduceKernel('mean'),
});
const Prod = reduction('Prod', {
  fold(dtype) {
    const [times, keep] = [productOf(dtype), keeper(dtype)];
    return { start: cellOf(dtype, 1), step: (a, x) => keep(times(a, x)) };
  },
  gradient: (dy, op) => prodGradient(dy, op),
});
// NaN stays, as in later releases (the golden case of NaN is theirs); 1.15.5 itself passes over it.
const Max = reduction('Max', {
  fold: (dtype) => ({
    start: isFloating(dtype) ? Number.NEGATIVE_INFINITY : limitsOf(dtype)[0],
    step: (a, x) => (x > a || Number.isNaN(x) ? x : a),
  }),
  gradient: (dy, op) => maxGradient(dy, op),
  kernel: reduceKernel('max'),
});
const Min = reduction('Min', {
  fold: (dtype) => ({
    start: isFloating(dtype) ? Number.POSITIVE_INFINITY : limitsOf(dtype)[1],
    step: (a, x) => (x < a || Number.isNaN(x) ? x : a),
  }),
  gradient: (dy, op) => maxGradient(dy, op),
  kernel: reduceKernel('min'),
});
const EuclideanNorm = reduction('EuclideanNorm', {
  fold(dtype) {
    const [times, keep] = [productOf(dtype), keeper(dtype)];
    return { start: cellOf(dtype, 0), step: (a, x) => keep(a + keep(times(x, x))), end: root(dtype) };
  },
  gradient: null,
});

const logical = (name: string, fold: Fold) =>
  defineOp({
    name,
    inputs: { input: 'bool', reduction_indices: 'Tidx' },
    outputs: { output: 'bool' },
    attrs: { keep_dims: bool(false), Tidx: indexType },
    alias: { output: 'input' },
    aliasWhen: onlyReshapes,
    infer,
    gradient: 'missing',
    reference: reduceBy(() => fold),
  });
const All = logical('All', { start: 1, step: (a, x) => a & x });
const Any = logical('Any', { start: 0, step: (a, x) => a | x });

// ---- the functions ------------------------------------------------------------------------------------------------

/** An axis, a list of axes (an integer tensor too), or null for all. */
export type Axis = TensorLike | null | undefined;
export interface ReduceOptions extends Named {
  readonly axis?: Axis;
  /** Keeps the reduced axes with size 1. */
  readonly keepdims?: boolean | undefined;
  /** TensorFlow's older names of keepdims and axis. */
  readonly keepDims?: boolean | undefined;
  readonly reductionIndices?: Axis;
}
const isOptions = (x: unknown): x is object =>
  typeof x === 'object' &&
  x !== null &&
  !Array.isArray(x) &&
  !ArrayBuffer.isView(x) &&
  !isTensorLike(x) &&
  !(x instanceof Value || x instanceof IndexedSlices);

interface Wanted {
  readonly axis: TensorLike | null;
  readonly keepdims: boolean;
  readonly name: string | undefined;
}
/** Options may follow an axis or stand in its place. */
function wanted<O extends ReduceOptions>(axisOrOptions: Axis | O, more: O | undefined): Wanted & O {
  const options = (isOptions(axisOrOptions) ? axisOrOptions : { ...more, axis: axisOrOptions ?? more?.axis }) as O;
  const { axis, reductionIndices, keepdims, keepDims, name } = options;
  if (axis != null && reductionIndices != null) {
    throw new GraphError('Value', "Cannot specify both 'reduction_indices' and 'axis'");
  }
  if (keepdims !== undefined && keepDims !== undefined) {
    throw new GraphError('Value', "Cannot specify both 'keep_dims' and 'keepdims'");
  }
  return { ...options, axis: axis ?? reductionIndices ?? null, keepdims: keepdims ?? keepDims ?? false, name };
}

/** 0 to rank - 1: a constant where x is a tensor of known rank; a variable is asked at run time. */
function allAxes(x: TensorLike): Tensor {
  if (x instanceof Tensor && x.shape) return constantIn(x.graph, i32(x.shape.map((_, d) => d)));
  return range(i32(0), rank(x));
}
function mayBeScalar(t: Tensor, { axis, keepdims }: Wanted): Tensor {
  if (!isFull(t.shape) && !keepdims && axis === null) t.setShape([]);
  return t;
}

type Make = (
  inputs: { readonly input: TensorLike; readonly reduction_indices: TensorLike },
  attrs: { readonly keep_dims?: boolean },
  name?: string,
) => { readonly output: Tensor };
function reduce(make: Make, input: TensorLike, axisOrOptions: Axis | ReduceOptions, more?: ReduceOptions): Tensor {
  const w = wanted(axisOrOptions, more);
  const reduction_indices = w.axis ?? allAxes(input);
  return mayBeScalar(make({ input, reduction_indices }, { keep_dims: w.keepdims }, w.name).output, w);
}

/**
 * The sum over `axis`, by default over all axes; axes may be negative. As tf.reduce_sum. Raises Value for an axis that
 * is not there, as all reductions do.
 * @tensorflow tf.reduce_sum
 */
export function reduceSum(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(Sum, input, axis, options);
}
/** The mean over `axis`, NaN of nothing; integers are divided as integers. @tensorflow tf.reduce_mean */
export function reduceMean(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(Mean, input, axis, options);
}
/** The product over `axis`, 1 of nothing. @tensorflow tf.reduce_prod */
export function reduceProd(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(Prod, input, axis, options);
}
/** The largest over `axis`, -Infinity of nothing, NaN where there is one. @tensorflow tf.reduce_max */
export function reduceMax(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(Max, input, axis, options);
}
/** The smallest over `axis`, Infinity of nothing, NaN where there is one. @tensorflow tf.reduce_min */
export function reduceMin(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(Min, input, axis, options);
}
/** Whether all bools over `axis` are true. @tensorflow tf.reduce_all */
export function reduceAll(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(All, input, axis, options);
}
/** Whether any bool over `axis` is true. @tensorflow tf.reduce_any */
export function reduceAny(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(Any, input, axis, options);
}
/** The square root of the sum of squares over `axis`; has no gradient. @tensorflow tf.math.reduce_euclidean_norm */
export function reduceEuclideanNorm(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  return reduce(EuclideanNorm, input, axis, options);
}

/** log(sum(exp(x))) over `axis`, safe from overflow. @tensorflow tf.reduce_logsumexp */
export function reduceLogsumexp(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  const w = wanted(axis, options);
  const x = convertToTensor(input);
  return x.graph.nameScope(w.name ?? 'ReduceLogSumExp', () => {
    const raw = reduceMax(x, { axis: w.axis, keepdims: true });
    const finite = finiteCells(raw);
    const top = stopGradient(where(finite, raw, zerosLike(raw)));
    const sum = log(reduceSum(exp(subtract(x, top)), { axis: w.axis, keepdims: w.keepdims }));
    return mayBeScalar(add(sum, w.keepdims ? top : reshape(top, shapeOf(sum))), w);
  });
}

/** The mean squared distance from the mean over `axis`; as tf.math.reduce_variance. */
export function reduceVariance(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  const w = wanted(axis, options);
  return graphOf([input]).nameScope(w.name ?? 'reduce_variance', () => {
    const mean = reduceMean(input, { axis: w.axis, keepdims: true });
    return reduceMean(square(minus(input, mean)), { axis: w.axis, keepdims: w.keepdims });
  });
}
/** The square root of the variance over `axis`; as tf.math.reduce_std. */
export function reduceStd(input: TensorLike, axis?: Axis | ReduceOptions, options?: ReduceOptions): Tensor {
  const w = wanted(axis, options);
  return graphOf([input]).nameScope(w.name ?? 'reduce_std', () =>
    sqrt(reduceVariance(input, { axis: w.axis, keepdims: w.keepdims })),
  );
}

export interface CountOptions extends ReduceOptions {
  readonly dtype?: DType | undefined;
}
/** How many cells over `axis` are not 0 (not '', not false), int64 by default; as tf.count_nonzero. */
export function countNonzero(input: TensorLike, axis?: Axis | CountOptions, options?: CountOptions): Tensor {
  const w = wanted(axis, options);
  const graph = graphOf([input]);
  return graph.nameScope(w.name ?? 'count_nonzero', () => {
    const x = convertToTensor(input, { name: 'input' }, graph);
    const counted = cast(notEqual(x, zeros([], { dtype: x.dtype })), 'int64');
    return cast(reduceSum(counted, { axis: w.axis, keepdims: w.keepdims }), w.dtype ?? 'int64');
  });
}
