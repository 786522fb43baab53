/** @file Dilated windows by means of plain ones: space goes into the batch, and back again. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { isFull, type Shape } from '../value/shape';
import { Value } from '../value/value';
import { shapeOf } from './array';
import { i32 } from './expect';
import { concat, stack } from './join';
import { floorOver, minus, plus, times } from './operators';
import { index, s } from './slice';
import { batchToSpaceNd, requiredSpaceToBatchPaddings, spaceToBatchNd } from './space';
import { channelsFirst } from './windows';

export interface SpaceToBatchOptions {
  readonly dilationRate: TensorLike | readonly number[];
  readonly padding: 'SAME' | 'VALID';
  /** What is done without dilation. */
  readonly op: (x: Tensor, padding: 'SAME' | 'VALID') => Tensor;
  readonly filter?: Tensor | undefined;
  /** Needed for SAME: sizes of the filter, or of the window. */
  readonly filterShape?: Tensor | Shape | undefined;
  readonly spatialDims?: readonly number[] | undefined;
  readonly dataFormat?: string | undefined;
}
const bad = (message: string): never => {
  throw new GraphError('Value', message);
};

/**
 * Applies `op` with windows that have holes, as nn_ops.with_space_to_batch. Raises Value for rates below 1.
 * @tensorflow tf.nn.with_space_to_batch
 */
export const withSpaceToBatch = (input: Tensor, options: SpaceToBatchOptions): Tensor =>
  spaceToBatchOp(input.graph, options)(input);
/** The same in two steps, as nn_ops.WithSpaceToBatch: the rates become nodes now, and each call of the result adds the rest. */
export function spaceToBatchOp(graph: Tensor['graph'], options: SpaceToBatchOptions): (input: Tensor) => Tensor {
  const { padding, op, dataFormat = '' } = options;
  const given = options.dilationRate;
  const like = Array.isArray(given) ? i32(given as readonly number[]) : (given as TensorLike);
  const rate = convertToTensor(like, { dtype: 'int32', name: 'dilation_rate' }, graph);
  if (rate.shape && rate.shape.length !== 1) bad('rate must be rank 1');
  const n = rate.shape?.[0] ?? bad('rate must have known shape');
  const start = channelsFirst(dataFormat) ? 2 : 1;
  const dims = options.spatialDims ?? Array.from({ length: n }, (_, i) => start + i);
  const known = rate.value;
  if (known?.some((r) => r < 1)) bad('dilation_rate must be positive');
  if (known?.every((r) => r === 1)) return (input) => op(input, padding);
  const base = basePaddings(options, graph, n, rate);
  return (input) => {
    const [paddings, crops] = requiredSpaceToBatchPaddings(spatialShape(input, dims), rate, {
      basePaddings: base ?? dynamicPaddings(shapeOf(options.filter!), n, known ? i32([...known]) : rate),
    });
    const lead = dims[0]! - 1;
    const block = adjust(rate, 1, lead, n, graph);
    const there = adjust(paddings, 0, lead, n, graph);
    const back = adjust(crops, 0, lead, n, graph);
    const moved = spaceToBatchNd(input, block, there);
    const result = batchToSpaceNd(op(moved, 'VALID'), block, back);
    if (channelsFirst(dataFormat) && options.filter && result.shape && !result.shape[1]) {
      result.setShape(result.shape.map((d, i) => (i === 1 ? (options.filter!.shape?.at(-1) ?? null) : d)));
    }
    return result;
  };
}

/** Paddings of SAME and VALID, where they are known; null: the filter's shape decides in the run. */
function basePaddings(o: SpaceToBatchOptions, graph: Tensor['graph'], n: number, rate: Tensor): TensorLike | null {
  if (o.padding === 'VALID') return i32(Array.from({ length: n }, () => [0, 0]));
  if (o.padding !== 'SAME') bad(`Invalid padding method '${o.padding}'`);
  const sizes = o.filterShape ?? bad('filter_shape must be specified for SAME padding');
  const fixed = Array.isArray(sizes)
    ? isFull(sizes as Shape)
      ? i32([...(sizes as readonly number[])])
      : null
    : (sizes as Tensor);
  const filterShape = fixed === null ? shapeOf(o.filter!) : convertToTensor(fixed, { name: 'filter_shape' }, graph);
  const [sizesKnown, rates] = [filterShape.value, rate.value];
  if (!sizesKnown) return null;
  if (!rates) return dynamicPaddings(i32([...sizesKnown]), n, rate);
  const pairs = Array.from({ length: n }, (_, d) => {
    const extra = (sizesKnown[d]! - 1) * rates[d]!;
    const before = Math.floor(extra / 2);
    return [before, extra - before];
  });
  return stack(i32(pairs));
}
function dynamicPaddings(filterShape: Tensor | Value, n: number, rate: Tensor | Value): Tensor {
  const size =
    filterShape instanceof Value ? i32(Array.from(filterShape.data).slice(0, n)) : index(filterShape, [s(null, n)]);
  const less = (x: TensorLike) => (x instanceof Value ? i32(Array.from(x.data, (v) => v - 1)) : minus(x, 1));
  const extra = minus(plus(size, times(less(size), less(rate))), 1);
  const before = floorOver(extra, 2);
  const after = minus(extra, before);
  return stack(Array.from({ length: n }, (_, i) => [index(before, [i]), index(after, [i])]));
}

function spatialShape(input: Tensor, dims: readonly number[]): TensorLike {
  const known = input.shape && dims.map((d) => input.shape![d] ?? null);
  if (known && isFull(known)) return i32([...known]);
  const sizes = shapeOf(input);
  return stack(dims.map((d) => index(sizes, [d])));
}

/** Puts `lead` rows of `blank` before: SpaceToBatchND counts dimensions from the first one after the batch. */
function adjust(x: Tensor, blank: number, lead: number, n: number, graph: Tensor['graph']): TensorLike {
  const width = x.shape?.[1];
  const row = width ? new Array<number>(width).fill(blank) : blank;
  const before = Array.from({ length: lead }, () => row);
  if (x.value) {
    const cells = x.value;
    const rows = Array.from({ length: n }, (_, i) => (width ? cells.slice(i * width, (i + 1) * width) : cells[i]!));
    return i32([...before, ...rows] as number[]);
  }
  const part = index(x, [s(0, n)]);
  return concat(lead > 0 ? [convertToTensor(i32(before as number[]), {}, graph), part] : [part], 0);
}
