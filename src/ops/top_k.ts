/** @file The largest entries of rows, and whether a target is among them. */
import { graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, indexType, int, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { REALS } from '../value/dtype';
import { type Shape, showShape } from '../value/shape';
import { type Named, reshape, shapeOf, zeros } from './array';
import { cast } from './cast';
import { numbers } from './cells';
import { atLeastRank, i32, indexTypeOf, refuse, sameDim, scalarOf, withDim, withRank } from './expect';
import { gather } from './gather';
import { stack } from './join';
import { minus, plus, times } from './operators';
import { range } from './range';
import { reduceProd } from './reduce';
import { scatterNd } from './scatter';
import { expandDims, size } from './shape';

// ---- TopK ---------------------------------------------------------------------------------------------------------

function topShape({ shape }: Known, k: number | undefined): { values: Shape; indices: Shape } {
  atLeastRank(shape, 1, `input must be >= 1-D, got shape ${showShape(shape)}`);
  if (k !== undefined && k < 0) {
    refuse(`Dimension size, given by scalar input 1, must be non-negative but is ${k}`, `Need k >= 0, got ${k}`);
  }
  if (shape === null) return { values: null, indices: null };
  const n = shape.at(-1)!;
  if (n !== null && k !== undefined && n < k) {
    refuse(
      `input must have last dimension >= k = ${k} but is ${n}`,
      `input must have at least k columns. Had ${n}, needed ${k}`,
    );
  }
  const top = withDim(shape, shape.length - 1, k ?? null);
  return { values: top, indices: top };
}
/** Equal entries come in the order they have in the row; `sorted: false` promises no other order. */
function topCells(input: Slot, values: Slot, indices: Slot): void {
  const n = input.shape.at(-1)!;
  const k = values.shape.at(-1)!;
  const [from, top, at] = [input.data, values.data, indices.data];
  const rows = k === 0 ? 0 : values.size / k;
  for (let r = 0; r < rows; r++) {
    const order = Array.from({ length: n }, (_, i) => i);
    const row = from.subarray(r * n, (r + 1) * n);
    order.sort((i, j) => (row[i]! > row[j]! ? -1 : row[i]! < row[j]! ? 1 : i - j));
    for (let i = 0; i < k; i++) {
      at[r * k + i] = order[i]!;
      top[r * k + i] = row[order[i]!]!;
    }
  }
}
/** The gradient scattered back to where the entries came from. */
function topGradient(dy: Tensor, input: Tensor, indices: Tensor): Tensor {
  const inShape = shapeOf(input);
  const indShape = shapeOf(indices);
  const lastOf = (shape: Tensor) => {
    const wide = cast(shape, 'int64');
    return gather(wide, minus(size(shape), 1));
  };
  const k = lastOf(indShape);
  const rows = reshape(indices, stack([-1, k]));
  const n = lastOf(inShape);
  const outer = shapeOf(rows).at(0);
  const starts = range(0, times(cast(outer, 'int64'), n), n);
  const flat = reshape(plus(rows, cast(expandDims(starts, i32(-1)), 'int32')), i32([-1]));
  const at = expandDims(flat, i32(-1));
  const updates = reshape(dy, i32([-1]));
  const back = reshape(scatterNd(at, updates, [reduceProd(inShape)]), inShape);
  zeros([], { dtype: 'int32' });
  return back;
}

defineOp({
  name: 'TopK',
  inputs: { input: 'T' },
  outputs: { values: 'T', indices: 'int32' },
  attrs: { k: int(), sorted: bool(true), T: type(REALS) },
  infer: ({ input }, { k }) => topShape(input, k),
  gradient: ({ values: dy }, { input, indices }) => ({ input: topGradient(dy, input, indices) }),
  reference: ({ input, values, indices }) => topCells(input, values, indices),
});
const TopKV2 = defineOp({
  name: 'TopKV2',
  inputs: { input: 'T', k: 'int32' },
  outputs: { values: 'T', indices: 'int32' },
  attrs: { sorted: bool(true), T: type(REALS) },
  infer: ({ input, k }) => topShape(input, scalarOf(k, `k must be scalar, got shape ${showShape(k.shape)}`)),
  gradient: ({ values: dy }, { input, indices }) => ({ input: topGradient(dy, input, indices), k: null }),
  reference: ({ input, values, indices }) => topCells(input, values, indices),
});
export interface TopKOptions extends Named {
  readonly sorted?: boolean | undefined;
}
/** The k largest entries of each row and their places, the largest first. @tensorflow tf.nn.top_k */
export function topK(
  input: TensorLike,
  k: TensorLike = 1,
  { sorted, name }: TopKOptions = {},
): { readonly values: Tensor; readonly indices: Tensor } {
  const { values, indices } = TopKV2({ input, k }, { sorted }, name);
  return { values, indices };
}

// ---- InTopK -------------------------------------------------------------------------------------------------------

function checkTargets(predictions: Known, targets: Known): { precision: Shape } {
  withRank(predictions.shape, 2, 'predictions must be 2-dimensional');
  withRank(targets.shape, 1, 'targets must be 1-dimensional');
  const [a, b] = [predictions.shape?.[0] ?? null, targets.shape?.[0] ?? null];
  return { precision: [sameDim(a, b, `First dimension of predictions ${a} must match length of targets ${b}`)] };
}
/** Ties count for the target; a row with a number that is not finite says no. */
function inTop(predictions: Slot, targets: Slot, k: number, precision: Slot): void {
  const n = predictions.shape[1]!;
  const [from, out] = [predictions.data, precision.data];
  numbers(targets.data).forEach((target, r) => {
    const row = numbers(from.subarray(r * n, (r + 1) * n));
    const wanted = row[target];
    let more = 0;
    let silent = wanted === undefined || !Number.isFinite(wanted);
    for (let i = 0; !silent && i < n && more <= k; i++) {
      if (!Number.isFinite(row[i]!)) silent = true;
      else if (row[i]! > wanted!) more++;
    }
    out[r] = !silent && more < k ? 1 : 0;
  });
}
defineOp({
  name: 'InTopK',
  inputs: { predictions: 'float32', targets: 'T' },
  outputs: { precision: 'bool' },
  attrs: { k: int(), T: indexType },
  infer: ({ predictions, targets }) => checkTargets(predictions, targets),
  gradient: 'missing',
  reference: ({ predictions, targets, precision }, { k }) => inTop(predictions, targets, k, precision),
});
const InTopKV2 = defineOp({
  name: 'InTopKV2',
  inputs: { predictions: 'float32', targets: 'T', k: 'T' },
  outputs: { precision: 'bool' },
  attrs: { T: indexType },
  infer({ predictions, targets, k }) {
    withRank(k.shape, 0, `k must be 0-D, got shape ${showShape(k.shape)}`);
    return checkTargets(predictions, targets);
  },
  gradient: 'missing',
  reference: ({ predictions, targets, k, precision }) => inTop(predictions, targets, Number(k.data[0]), precision),
});
/** Whether the target's prediction is among the k largest of its row. @tensorflow tf.nn.in_top_k */
export function inTopK(predictions: TensorLike, targets: TensorLike, k: TensorLike, { name }: Named = {}): Tensor {
  const graph = graphOf([predictions, targets, k]);
  return graph.nameScope(name ?? 'in_top_k', () => {
    return InTopKV2({ predictions, targets, k }, { T: indexTypeOf(targets, k) }, name).precision;
  });
}
