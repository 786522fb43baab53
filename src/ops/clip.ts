/** @file Keeping numbers within bounds: by value, by norm, by the norm of many; and refusing numbers that are none. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { type Grad, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { type Cells, NUMBERS } from '../value/dtype';
import { compatible, type Shape, showShape, tupleShape } from '../value/shape';
import { constant, identity, type Named, onesLike } from './array';
import { cast } from './cast';
import { greater, isFinite, select, where } from './compare';
import { l2Loss } from './cross_entropy';
import { stack } from './join';
import { over, times } from './operators';
import { maximum, minimum } from './pairs';
import { range } from './range';
import { reduceSum } from './reduce';
import { rank, size } from './shape';
import { rsqrt, sqrt } from './unary';

// ---- by value -----------------------------------------------------------------------------------------------------

/** A bound is a scalar or has t's shape. */
function checkBounds(t: Shape, low: Shape, high: Shape): void {
  for (const bound of [low, high]) {
    if (bound === null || t === null || bound.length === 0 || compatible(t, bound)) continue;
    throw new GraphError('Value', `Shapes ${showShape(t)} and ${showShape(bound)} are not compatible`, {
      atRun: `clip_value_min and clip_value_max must be either of the same shape as input, or a scalar. input shape: ${showShape(t)} clip_value_min shape: ${showShape(low)} clip_value_max shape: ${showShape(high)}`,
    });
  }
}
const ClipByValue = defineOp({
  name: 'ClipByValue',
  inputs: { t: 'T', clip_value_min: 'T', clip_value_max: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type([...NUMBERS, 'qint16', 'quint16']) },
  infer({ t, clip_value_min, clip_value_max }) {
    checkBounds(t.shape, clip_value_min.shape, clip_value_max.shape);
    return { output: t.shape };
  },
  gradient: 'missing',
  reference({ t, clip_value_min, clip_value_max, output }) {
    const [a, low, high, out] = [t.data, clip_value_min, clip_value_max, output.data].map((s) =>
      'data' in s ? s.data : s,
    ) as Cells[];
    const [lowStep, highStep] = [low, high].map((b) => (b!.length === 1 ? 0 : 1));
    for (let i = 0; i < out!.length; i++) {
      const [x, l, h] = [a![i]!, low![i * lowStep!]!, high![i * highStep!]!];
      const y = Math.min(h, x);
      out![i] = Math.max(y, l);
    }
  },
});
/** One op in place of clipByValue's two, as gen_math_ops.clip_by_value; it has no gradient. */
export function clipByValueRaw(t: TensorLike, min: TensorLike, max: TensorLike, { name }: Named = {}): Tensor {
  return ClipByValue({ t, clip_value_min: min, clip_value_max: max }, {}, name).output;
}

function checkShape(kept: Tensor, result: Tensor): void {
  if (compatible(kept.shape, result.shape)) return;
  throw new GraphError('Value', `Shapes ${tupleShape(kept.shape)} and ${tupleShape(result.shape)} are not compatible`);
}
const valuesOf = (t: TensorLike, name: string): Tensor =>
  convertToTensor(t instanceof IndexedSlices ? t.values : t, { name });
/** The clipped values in the form the unclipped ones had. */
const like = (t: TensorLike | null, values: Tensor): Grad =>
  t instanceof IndexedSlices ? new IndexedSlices(values, t.indices, t.denseShape) : values;

/**
 * Each cell drawn into [min, max]; of IndexedSlices the values. Raises Value where a bound would broadcast t to a
 * larger shape.
 * @tensorflow tf.clip_by_value
 */
export function clipByValue(t: IndexedSlices, min: TensorLike, max: TensorLike, options?: Named): IndexedSlices;
export function clipByValue(t: TensorLike, min: TensorLike, max: TensorLike, options?: Named): Tensor;
export function clipByValue(t: TensorLike, min: TensorLike, max: TensorLike, { name }: Named = {}): Grad {
  return graphOf([t, min, max]).nameScope(name ?? 'clip_by_value', (scope) => {
    const values = valuesOf(t, 't');
    const below = minimum(values, max);
    checkShape(values, below);
    const inside = maximum(below, min, { name: scope });
    checkShape(values, inside);
    return like(t, inside);
  });
}

// ---- by norm ------------------------------------------------------------------------------------------------------

export interface ClipByNormOptions extends Named {
  /** The dimensions of one norm; all unless given. */
  readonly axes?: TensorLike | undefined;
}
/**
 * t scaled down to an L2 norm of `clipNorm` where it is larger; of IndexedSlices the values.
 * @tensorflow tf.clip_by_norm
 */
export function clipByNorm(t: IndexedSlices, clipNorm: TensorLike, options?: ClipByNormOptions): IndexedSlices;
export function clipByNorm(t: TensorLike, clipNorm: TensorLike, options?: ClipByNormOptions): Tensor;
export function clipByNorm(t: TensorLike, clipNorm: TensorLike, { axes, name }: ClipByNormOptions = {}): Grad {
  return graphOf([t, clipNorm]).nameScope(name ?? 'clip_by_norm', (scope) => {
    const values = valuesOf(t, 't');
    const sum = reduceSum(times(values, values), { axis: axes, keepdims: true });
    const positive = greater(sum, 0);
    const safe = select(positive, sum, onesLike(sum)); // sqrt has no finite derivative at 0
    const norm = select(positive, sqrt(safe), sum);
    const scaled = times(values, clipNorm);
    checkShape(values, scaled);
    return like(t, identity(over(scaled, maximum(norm, clipNorm)), { name: scope }));
  });
}

type Gradients = readonly (TensorLike | null)[];
const checkList = (list: Gradients): void => {
  if (!Array.isArray(list)) throw new GraphError('Type', 't_list should be a sequence');
};
const present = (list: Gradients): readonly TensorLike[] => list.filter((t): t is TensorLike => t !== null);
const convertAll = (list: Gradients): (Tensor | null)[] =>
  list.map((t, i) => (t === null ? null : valuesOf(t, `t_${i}`)));

/**
 * The L2 norm of all cells of all tensors together; nulls are left out.
 * @tensorflow tf.global_norm
 * @tensorflow tf.linalg.global_norm
 */
export function globalNorm(list: Gradients, { name }: Named = {}): Tensor {
  checkList(list);
  const graph = graphOf(present(list));
  return graph.nameScope(name ?? 'global_norm', () => {
    const values = convertAll(list).filter((v) => v !== null);
    const halves = values.map((v) => graph.colocateWith(v, () => l2Loss(v)));
    const half = reduceSum(stack(halves));
    const two = constant(2, { dtype: half.dtype });
    return sqrt(times(half, two), { name: 'global_norm' });
  });
}

export interface ClipByGlobalNormOptions extends Named {
  /** The norm, where it is known already. */
  readonly useNorm?: Tensor | undefined;
}
/**
 * All tensors scaled by one factor down to a global norm of `clipNorm` where theirs is larger; NaN where it is not
 * finite. Answers the clipped list, nulls in their places, and the norm.
 * @tensorflow tf.clip_by_global_norm
 */
export function clipByGlobalNorm(
  list: Gradients,
  clipNorm: TensorLike,
  { useNorm, name }: ClipByGlobalNormOptions = {},
): [clipped: (Grad | null)[], norm: Tensor] {
  checkList(list);
  const norm = useNorm ?? globalNorm(list, { name });
  const graph = graphOf([...present(list), clipNorm]);
  return graph.nameScope(name ?? 'clip_by_global_norm', (scope) => {
    const inverse = over(1, norm);
    const largest = over(constant(1, { dtype: norm.dtype }), clipNorm);
    const ratio = times(clipNorm, minimum(inverse, largest));
    const finite = isFinite(norm);
    const scale = where(finite, ratio, constant(Number.NaN, { dtype: norm.dtype }));
    const clipped = convertAll(list).map((v, i) => {
      if (v === null) return null;
      return graph.colocateWith(v, () => like(list[i]!, identity(times(v, scale), { name: `${scope}_${i}` })));
    });
    return [clipped, norm];
  });
}

/** t scaled down to an L2 norm per cell of `clipNorm` where it is larger. @tensorflow tf.clip_by_average_norm */
export function clipByAverageNorm(t: TensorLike, clipNorm: TensorLike, { name }: Named = {}): Tensor {
  return graphOf([t, clipNorm]).nameScope(name ?? 'clip_by_average_norm', (scope) => {
    const values = valuesOf(t, 't');
    const n = cast(size(values), 'float32');
    const squares = times(values, values);
    const inverse = rsqrt(reduceSum(squares, { axis: range(rank(values)) }));
    const scaled = times(values, clipNorm);
    const mean = times(inverse, n);
    const largest = over(constant(1), clipNorm);
    return identity(times(scaled, minimum(mean, largest)), { name: scope });
  });
}
