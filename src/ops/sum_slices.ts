/** @file The sum of gradients that are rows of a tensor. */
import type { TensorLike } from '../graph/convert';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Grad } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import { addN } from './arithmetic';
import { cast } from './cast';
import { concat } from './join';

/** Sums gradients some of which are IndexedSlices: slices are put in a row, a tensor among them makes all dense. */
export function sumSlices(parts: readonly Grad[]): Grad {
  if (parts.some((g) => g instanceof Tensor)) return addN(parts as readonly TensorLike[]);
  const slices = parts as readonly IndexedSlices[];
  const mixed = new Set(slices.map((s) => s.indices.dtype)).size > 1;
  const cast64 = mixed
    ? slices.map((s) =>
        s.indices.dtype === 'int32' ? new IndexedSlices(s.values, cast(s.indices, 'int64'), s.denseShape) : s,
      )
    : slices;
  const values = concat(
    cast64.map((s) => s.values),
    0,
  );
  const indices = concat(
    cast64.map((s) => s.indices),
    0,
  );
  return new IndexedSlices(values, indices, cast64[0]!.denseShape);
}
