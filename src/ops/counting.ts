/** @file How many there are: of cells that are not zero, of integers by value, of values by bin. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { cellOf, type DType } from '../value/dtype';
import { constant, type Named, reshape, shapeOf, zeros } from './array';
import { cast } from './cast';
import { clipByValue } from './clip';
import { greater, notEqual } from './compare';
import { truediv } from './division';
import { fail, i32, scalarOf, withRank } from './expect';
import { minus, plus, times } from './operators';
import { maximum, minimum } from './pairs';
import { type ReduceOptions, reduceMax, reduceProd, reduceSum } from './reduce';
import { unsortedSegmentSum } from './segment';
import { index } from './slice';
import { floor } from './unary';

export interface CountNonzeroOptions extends ReduceOptions {
  /** int64 unless given. */
  readonly dtype?: DType | undefined;
}
/** How many cells over `axis` are not zero (or not the empty string). @tensorflow tf.count_nonzero */
export function countNonzero(
  input: TensorLike,
  axis: TensorLike | null = null,
  { keepdims, dtype = 'int64', name }: CountNonzeroOptions = {},
): Tensor {
  const graph = graphOf([input, axis]);
  return graph.nameScope(name ?? 'count_nonzero', () => {
    const x = convertToTensor(input, { name: 'input' }, graph);
    const zero = zeros([], x.dtype);
    return cast(reduceSum(cast(notEqual(x, zero), 'int64'), axis, { keepdims }), dtype);
  });
}

// ---- Bincount -----------------------------------------------------------------------------------------------------

const Bincount = defineOp({
  name: 'Bincount',
  inputs: { arr: 'int32', size: 'int32', weights: 'T' },
  outputs: { bins: 'T' },
  attrs: { T: type(['int32', 'int64', 'float32', 'float64']) },
  infer({ size }) {
    withRank(size.shape, 0);
    const n = scalarOf(size);
    if (n !== undefined && n < 0) fail(`size (${n}) must be non-negative`);
    return { bins: [n ?? null] };
  },
  gradient: null,
  reference({ arr, size, weights, bins }) {
    const n = size.data[0]!;
    if (n < 0) throw new GraphError('InvalidArgument', `size (${n}) must be non-negative`);
    if (bins.size !== n) bins.resize([n]);
    const [ids, by, out] = [arr.data, weights.data, bins.data];
    const one = cellOf(bins.dtype, 1);
    const weighted = weights.size > 0;
    if (weighted && weights.size !== arr.size) {
      throw new GraphError('InvalidArgument', 'Weights and arr must have the same number of elements');
    }
    out.fill(cellOf(bins.dtype, 0));
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id < 0) throw new GraphError('InvalidArgument', 'Input arr must be non-negative!');
      if (id < n) out[id] = out[id]! + (weighted ? by[i]! : one);
    }
  },
});
export interface BincountOptions extends Named {
  /** Added instead of 1: as many as there are values. */
  readonly weights?: TensorLike | null | undefined;
  readonly minlength?: TensorLike | null | undefined;
  readonly maxlength?: TensorLike | null | undefined;
  /** Of the counts where there are no weights; int32 unless given. */
  readonly dtype?: 'int32' | 'int64' | 'float32' | 'float64' | undefined;
}
/** How often each of the integers 0 ... max(arr) occurs in `arr`. Negative ones are InvalidArgument. @tensorflow tf.bincount */
export function bincount(
  arr: TensorLike,
  { weights = null, minlength = null, maxlength = null, dtype = 'int32', name }: BincountOptions = {},
): Tensor {
  const graph = graphOf([arr, weights]);
  return graph.nameScope(name ?? 'bincount', () => {
    const ids = convertToTensor(arr, { name: 'arr', dtype: 'int32' }, graph);
    const any = greater(reduceProd(shapeOf(ids)), i32(0));
    let size = times(cast(any, 'int32'), plus(reduceMax(ids), 1));
    if (minlength !== null) {
      size = maximum(convertToTensor(minlength, { name: 'minlength', dtype: 'int32' }, graph), size);
    }
    if (maxlength !== null) {
      size = minimum(convertToTensor(maxlength, { name: 'maxlength', dtype: 'int32' }, graph), size);
    }
    if (weights !== null) return unsortedSegmentSum(convertToTensor(weights, { name: 'weights' }, graph), ids, size);
    return Bincount({ arr: ids, size, weights: constant([], dtype) }, {}).bins;
  });
}

// ---- histograms ---------------------------------------------------------------------------------------------------

const HistogramFixedWidth = defineOp({
  name: 'HistogramFixedWidth',
  inputs: { values: 'T', value_range: 'T', nbins: 'int32' },
  outputs: { out: 'dtype' },
  attrs: { T: type(['int32', 'int64', 'float32', 'float64']), dtype: type(['int32', 'int64'], 'int32') },
  infer({ value_range, nbins }) {
    withRank(value_range.shape, 1);
    const n = scalarOf(nbins);
    if (n !== undefined && n <= 0) fail(`Requires nbins > 0: ${n}`);
    return { out: [n ?? null] };
  },
  gradient: null,
  reference({ values, value_range, nbins, out }) {
    const n = nbins.data[0]!;
    const [low, high] = [Number(value_range.data[0]!), Number(value_range.data[1]!)];
    if (!(n > 0)) throw new GraphError('InvalidArgument', `nbins should be a positive number, but got '${n}'`);
    if (!(low < high)) {
      throw new GraphError(
        'InvalidArgument',
        `value_range should satisfy value_range[0] < value_range[1], but got '[${low}, ${high}]'`,
      );
    }
    if (out.size !== n) out.resize([n]);
    const [from, bins] = [values.data, out.data];
    const one = cellOf(out.dtype, 1);
    bins.fill(cellOf(out.dtype, 0));
    const step = values.dtype === 'float32' ? Math.fround(Math.fround(high - low) / n) : (high - low) / n;
    for (let i = 0; i < from.length; i++) {
      const x = Math.min(Math.max(Number(from[i]!), low), high);
      const at = Math.min(Math.floor(Number.isNaN(x) ? 0 : (x - low) / step), n - 1);
      bins[at] = bins[at]! + one;
    }
  },
});
export interface HistogramOptions extends Named {
  readonly dtype?: 'int32' | 'int64' | undefined;
}
/**
 * How many values lie in each of `nbins` equal parts of [low, high]; those outside count in the first and the last.
 * @tensorflow tf.histogram_fixed_width
 */
export function histogramFixedWidth(
  values: TensorLike,
  valueRange: TensorLike,
  nbins: TensorLike = i32(100),
  { dtype, name }: HistogramOptions = {},
): Tensor {
  return graphOf([values, valueRange, nbins]).nameScope(
    name ?? 'histogram_fixed_width',
    (scope) => HistogramFixedWidth({ values, value_range: valueRange, nbins }, { dtype }, scope).out,
  );
}
/** The bin of histogramFixedWidth each value falls into, int32, in the shape of values. @tensorflow tf.histogram_fixed_width_bins */
export function histogramFixedWidthBins(
  values: TensorLike,
  valueRange: TensorLike,
  nbins: TensorLike = i32(100),
  { name }: Named = {},
): Tensor {
  const graph = graphOf([values, valueRange, nbins]);
  return graph.nameScope(name ?? 'histogram_fixed_width_bins', () => {
    const given = convertToTensor(values, { name: 'values' }, graph);
    const shape = shapeOf(given);
    const x = reshape(given, i32([-1]));
    const limits = convertToTensor(valueRange, { name: 'value_range', dtype: x.dtype }, graph);
    const n = cast(convertToTensor(nbins, { name: 'nbins', dtype: 'int32' }, graph), x.dtype);
    const low = index(limits, [0]);
    const scaled = truediv(minus(x, low), minus(index(limits, [1]), index(limits, [0])), { name: 'scaled_values' });
    const bins = floor(times(n, scaled), { name: 'indices' });
    return reshape(cast(clipByValue(bins, 0, minus(n, 1)), 'int32'), shape);
  });
}
