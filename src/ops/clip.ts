/** @file Clipping: by value, by norm, by the norm of all together. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Tensor } from '../graph/operation';
import { broadcastGradientArgs } from './arithmetic';
import { constant, identity, type Named, reshape, shapeOf, zeros } from './array';
import { cast } from './cast';
import { greater, isFinite, less, logicalOr, where } from './compare';
import { l2Loss } from './cross_entropy';
import { maximum, minimum } from './pairs';
import { stack } from './join';
import { reduceSum } from './reduce';
import { onesLike, rank, size } from './shape';
import { range } from './range';
import { divide } from './division';
import { NUMBERS } from '../value/dtype';
import { tupleShape } from '../value/shape';
import { rsqrt, sqrt } from './unary';

/** Cells below clipMin and above clipMax become those, as tf.clip_by_value. */
export function clipByValue(t: TensorLike, clipMin: TensorLike, clipMax: TensorLike, { name = 'clip_by_value' }: Named = {}): Tensor {
  const graph = graphOf([t, clipMin, clipMax]);
  return graph.nameScope(name, (scope) => {
    const values = convertToTensor(t, {}, graph);
    const low = minimum(values, clipMax);
    return maximum(low, clipMin, { name: scope });
  });
}

/** Scales t down where its L2 norm is above clipNorm, as tf.clip_by_norm. */
export function clipByNorm(
  t: TensorLike,
  clipNorm: TensorLike,
  { axes = null, name = 'clip_by_norm' }: Named & { readonly axes?: TensorLike | null } = {},
): Tensor {
  const graph = graphOf([t, clipNorm]);
  return graph.nameScope(name, (scope) => {
    const values = convertToTensor(t, { name: 't' }, graph);
    const squares = reduceSum(values.mul(values), { axis: axes, keepdims: true });
    const some = squares.greater(0);
    const safe = where(some, squares, onesLike(squares));
    const norm = where(some, sqrt(safe), squares);
    const intermediate = values.mul(clipNorm);
    return identity(intermediate.truediv(maximum(norm, clipNorm)), { name: scope });
  });
}

type Gradient = TensorLike | IndexedSlices | null;
const valuesOf = (g: Gradient): Tensor | null =>
  g === null ? null : g instanceof IndexedSlices ? g.values : convertToTensor(g as TensorLike);

/** The L2 norm of all tensors together, as tf.global_norm. */
export function globalNorm(tList: readonly Gradient[], { name = 'global_norm' }: Named = {}): Tensor {
  if (!Array.isArray(tList)) throw new GraphError('Type', 't_list should be a sequence');
  const graph = graphOf(tList);
  return graph.nameScope(name, () => {
    const values = tList.map((g, i) =>
      g === null ? null : g instanceof IndexedSlices ? g.values : convertToTensor(g as TensorLike, { name: `t_${i}` }, graph),
    );
    const halves = values.flatMap((v) => (v === null ? [] : [graph.colocateWith(v, () => l2Loss(v))]));
    const half = reduceSum(stack(halves));
    return sqrt(half.mul(constant(2, half.dtype)), { name: 'global_norm' });
  });
}

export interface ClipByGlobalNormOptions extends Named {
  readonly useNorm?: Tensor | null | undefined;
}
/** All tensors scaled down together where their common norm is above clipNorm, and that norm; as tf.clip_by_global_norm. */
export function clipByGlobalNorm(
  tList: readonly Gradient[],
  clipNorm: TensorLike,
  { useNorm, name = 'clip_by_global_norm' }: ClipByGlobalNormOptions = {},
): [clipped: (Tensor | IndexedSlices | null)[], norm: Tensor] {
  if (!Array.isArray(tList)) throw new GraphError('Type', 't_list should be a sequence');
  const norm = useNorm ?? globalNorm(tList);
  const { graph } = norm;
  return graph.nameScope(name, (scope) => {
    const byNorm = norm.rtruediv(1);
    const limit = constant(1, norm.dtype).truediv(clipNorm);
    const factor = minimum(byNorm, limit).rmul(clipNorm);
    const finite = isFinite(norm);
    const scale = where(finite, factor, constant(Number.NaN, factor.dtype));
    const clipped = tList.map((g, i) => {
      const v = valuesOf(g);
      if (v === null) return null;
      const scaled = graph.colocateWith(v, () => identity(v.mul(scale), { name: `${scope}_${i}` }));
      return g instanceof IndexedSlices ? new IndexedSlices(scaled, g.indices, g.denseShape) : scaled;
    });
    return [clipped, norm];
  });
}

/** Scales t down where its L2 norm per element is above clipNorm, as tf.clip_by_average_norm. */
export function clipByAverageNorm(t: TensorLike, clipNorm: TensorLike, { name = 'clip_by_average_norm' }: Named = {}): Tensor {
  const graph = graphOf([t, clipNorm]);
  return graph.nameScope(name, (scope) => {
    const values = convertToTensor(t, { name: 't' }, graph);
    const count = cast(size(values), 'float32');
    const inverse = rsqrt(reduceSum(values.mul(values), { axis: range(0, rank(values)) }));
    const most = divide(constant(1), clipNorm);
    return identity(values.mul(clipNorm).mul(minimum(inverse.mul(count), most)), { name: scope });
  });
}

// ---- ClipByValue: no public function makes it any more, older graphs hold it ------------------------------------------

defineOp({
  name: 'ClipByValue',
  inputs: { t: 'T', clip_value_min: 'T', clip_value_max: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(NUMBERS) },
  infer: ({ t }) => ({ output: t.shape }),
  gradient({ output: dy }, { t, clip_value_min: low, clip_value_max: high }) {
    const [st, sl, sh] = [shapeOf(t), shapeOf(low), shapeOf(high)];
    const zero = zeros(shapeOf(dy), dy.dtype);
    const [below, above] = [less(t, low), greater(t, high)];
    const { r0: rt, r1: rl } = broadcastGradientArgs(st, sl);
    const { r1: rh } = broadcastGradientArgs(st, sh);
    const [dt, dl, dh] = [where(logicalOr(below, above), zero, dy), where(below, dy, zero), where(above, dy, zero)];
    const back = (d: Tensor, axis: Tensor, to: Tensor) => reshape(reduceSum(d, { axis }), to);
    return { t: back(dt, rt, st), clip_value_min: back(dl, rl, sl), clip_value_max: back(dh, rh, sh) };
  },
  reference({ t, clip_value_min: low, clip_value_max: high, output }) {
    for (const [what, bound] of [['min', low], ['max', high]] as const) {
      if (bound.size === 1 || bound.size === t.size) continue;
      throw new GraphError('InvalidArgument', `clip_value_${what} must be either of the same shape as input, or a scalar. Input shape: ${tupleShape(t.shape)}`);
    }
    const [x, y, a, b] = [t.data, output.data, low.data, high.data];
    for (let i = 0; i < y.length; i++) {
      const [least, most] = [a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!];
      const v = x[i]!;
      y[i] = v < least ? least : v > most ? most : v;
    }
  },
});
