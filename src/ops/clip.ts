/** @file Clipping: by value, by norm, by the norm of all together. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Tensor } from '../graph/operation';
import { constant, identity, type Named } from './array';
import { isFinite, where } from './compare';
import { l2Loss } from './cross_entropy';
import { maximum, minimum } from './pairs';
import { stack } from './join';
import { reduceSum } from './reduce';
import { onesLike } from './shape';
import { sqrt } from './unary';

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
