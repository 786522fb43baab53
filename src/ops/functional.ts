/** @file tf.mapFn, scan, foldl, foldr: a function applied to the rows of tensors, one after the other. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Operation, Tensor } from '../graph/operation';
import { refusePromise } from '../graph/scopes';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import { constant, type Named, shapeOf } from './array';
import { greater, greaterEqual, less } from './compare';
import { i32 } from './expect';
import { minus, plus } from './operators';
import { index } from './slice';
import { checkSameStructure, flatten, mapStructure, packAs } from './structure';
import { TensorArray } from './tensor_array';
import { getVariableScope } from './variable_scope';
import { whileLoop } from './while';

/** Tensors in nested lists and objects; each is taken apart along its first dimension. */
export type Rows = unknown;

export interface RowLoopOptions extends Named {
  readonly parallelIterations?: number | undefined;
  /** false: gradients do not go through the loop. */
  readonly backProp?: boolean | undefined;
  readonly swapMemory?: boolean | undefined;
}
export interface MapOptions extends RowLoopOptions {
  /** The dtypes of what `fn` answers, nested as that is; needed where it differs from the rows. */
  readonly dtype?: DType | unknown;
  /** false: what `fn` answers may differ in shape from row to row. */
  readonly inferShape?: boolean | undefined;
}
export interface FoldOptions extends RowLoopOptions {
  /** Where the accumulator starts; the first row, where it is missing. */
  readonly initializer?: unknown;
}
export interface ScanOptions extends FoldOptions {
  readonly inferShape?: boolean | undefined;
  /** true: from the last row to the first. */
  readonly reverse?: boolean | undefined;
}

function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw new GraphError('Type', 'fn must be callable.');
}
/** Opens the scope; variables made in `fn` keep a copy of their value, so that they are not read in each round. */
function inScope<R>(name: string, elems: Rows, body: () => R): R {
  const graph = graphOf(flatten(elems));
  const onOwnDevice = (op: Operation): string => op.device;
  return graph.asDefault(() =>
    graph.nameScope(name, () => {
      const variables = getVariableScope();
      if (variables.cachingDevice !== null) return body();
      variables.setCachingDevice(onOwnDevice);
      try {
        return body();
      } finally {
        variables.setCachingDevice(null);
      }
    }),
  );
}
function convertRows(elems: Rows): Tensor[] {
  const tensors = flatten(elems).map((x) => convertToTensor(x as TensorLike, { name: 'elem' }));
  if (tensors[0]?.shape?.length === 0) {
    const what =
      tensors.length === 1
        ? 'elems must be a 1+ dimensional Tensor, not a scalar'
        : 'elements in elems must be 1+ dimensional Tensors, not scalars';
    throw new GraphError('Value', what);
  }
  return tensors;
}
/** How many rows there are: a number where it is known. */
type Count = number | Tensor;
const rowsOf = (t: Tensor, zeroIsKnown = false): Count => {
  const n = t.shape?.[0] ?? null;
  return n !== null && (n !== 0 || zeroIsKnown) ? n : index(shapeOf(t), [0]);
};
const asInt = (n: Count): TensorLike => (typeof n === 'number' ? i32(n) : n);
const oneLess = (n: Count): Count => (typeof n === 'number' ? n - 1 : minus(n, 1));
/** An array as long as there are rows. */
const arrayFor = (n: Count, dtype: DType, elementShape?: Shape, inferShape = true): TensorArray =>
  new TensorArray(dtype, { size: n, dynamicSize: false, inferShape, elementShape });

const loopOptions = ({ parallelIterations, backProp, swapMemory }: RowLoopOptions, n: Count) => ({
  parallelIterations: parallelIterations || 10,
  backProp,
  swapMemory,
  maximumIterations: asInt(n),
});
/** The number of rows of all results, as far as it is known. */
function setRows(results: readonly Tensor[], rows: readonly Tensor[]): void {
  const n = rows[0]!.shape?.[0] ?? null;
  for (const t of rows) t.shape?.[0] != null && checkRows(n, t.shape[0]);
  for (const r of results) if (r.shape) r.setShape([n, ...r.shape.slice(1)]);
}
function checkRows(n: number | null, m: number): void {
  if (n !== null && n !== m) throw new GraphError('Value', `Dimensions ${n} and ${m} are not compatible`);
}

/**
 * `fn` of each row, put together again. `fn` is called once, now. Raises Value for scalars and for what
 * is nested in another way than `dtype` says.
 * @tensorflow tf.map_fn
 */
export function mapFn(fn: (row: never) => unknown, elems: Rows, options: MapOptions = {}): unknown {
  checkFunction(fn);
  const { dtype, inferShape = true, name = 'map' } = options;
  return inScope(name, elems, () => {
    const rows = convertRows(elems);
    const likeOutput =
      dtype ??
      packAs(
        elems,
        rows.map((t) => t.dtype),
      );
    const n = rowsOf(rows[0]!);
    const inputs = rows.map((t) => arrayFor(n, t.dtype)).map((a, k) => a.unstack(rows[k]!));
    const first = constant(0, 'int32');
    const outputs = flatten(likeOutput).map((t) => arrayFor(n, t as DType, undefined, inferShape));
    const body = (i: Tensor, arrays: readonly TensorArray[]) => {
      const values = packAs(
        elems,
        inputs.map((a) => a.read(i)),
      );
      const found = refusePromise(fn(values as never), 'mapFn');
      checkSameStructure(likeOutput, found);
      const written = flatten(found).map((x, k) => arrays[k]!.write(i, x as TensorLike));
      return [plus(i, 1), written];
    };
    const [, done] = whileLoop((i: Tensor) => less(i, asInt(n)), body, [first, outputs], loopOptions(options, n)) as [
      Tensor,
      TensorArray[],
    ];
    const results = done.map((a) => a.stack());
    setRows(results, rows);
    return packAs(likeOutput, results);
  });
}

/**
 * All values an accumulator takes while `fn(accumulator, row)` goes over the rows. Without an initializer
 * the first row is the first value.
 * @tensorflow tf.scan
 */
export function scan(fn: (a: never, row: never) => unknown, elems: Rows, options: ScanOptions = {}): unknown {
  checkFunction(fn);
  const { initializer, inferShape = true, reverse = false, name = 'scan' } = options;
  const likeOutput = initializer ?? elems;
  return inScope(name, elems, () => {
    const rows = convertRows(elems);
    const n = rowsOf(rows[0]!, true);
    const inputs = rows.map((t) => arrayFor(n, t.dtype, t.shape?.slice(1) ?? null)).map((a, k) => a.unstack(rows[k]!));
    const startsWithRow = initializer === undefined || initializer === null;
    const firstRow = (): Count => (reverse ? oneLess(n) : 0);
    const start = startsWithRow
      ? inputs.map((a) => a.read(asInt(firstRow())))
      : flatten(initializer).map((x) => convertToTensor(x as TensorLike));
    let outputs = start.map((t) => arrayFor(n, t.dtype, inferShape ? t.shape : undefined, inferShape));
    if (startsWithRow) outputs = outputs.map((a, k) => a.write(asInt(firstRow()), start[k]!));
    const done = startsWithRow ? 1 : 0;

    const body = (i: Tensor, a: readonly Tensor[], arrays: readonly TensorArray[]) => {
      const values = packAs(
        elems,
        inputs.map((array) => array.read(i)),
      );
      const found = refusePromise(fn(packAs(likeOutput, a) as never, values as never), 'scan');
      checkSameStructure(likeOutput, found);
      const flat = flatten(found) as TensorLike[];
      const written = arrays.map((array, k) => array.write(i, flat[k]!));
      return [reverse ? minus(i, 1) : plus(i, 1), flat, written];
    };
    const goesOn = (i: Tensor) => (reverse ? greaterEqual(i, 0) : less(i, asInt(n)));
    const last = (): Count => {
      const left = oneLess(n);
      return typeof left === 'number' ? left - done : minus(left, done);
    };
    const from = asInt(reverse ? last() : done);
    const vars = [from, start, outputs];
    const [, , arrays] = whileLoop(goesOn, body, vars, loopOptions(options, n)) as [Tensor, Tensor[], TensorArray[]];
    const results = arrays.map((a) => a.stack());
    setRows(results, rows);
    return packAs(likeOutput, results);
  });
}

type Fold = (a: never, row: never) => unknown;
/** The last value of an accumulator while `fn(accumulator, row)` goes over the rows. @tensorflow tf.foldl */
export function foldl(fn: Fold, elems: Rows, options: FoldOptions = {}): unknown {
  return fold(fn, elems, options, false);
}
/** The same from the last row to the first. @tensorflow tf.foldr */
export function foldr(fn: Fold, elems: Rows, options: FoldOptions = {}): unknown {
  return fold(fn, elems, options, true);
}
function fold(fn: Fold, elems: Rows, options: FoldOptions, reverse: boolean): unknown {
  checkFunction(fn);
  const { initializer, name = reverse ? 'foldr' : 'foldl' } = options;
  return inScope(name, elems, () => {
    const n = rowsOf(convertRows(elems)[0]!);
    const arrays = mapStructure(elems, (x) => {
      const t = x as Tensor;
      return arrayFor(n, t.dtype).unstack(t);
    });
    const readAll = (i: TensorLike) => mapStructure(arrays, (a) => (a as TensorArray).read(i));
    const withoutStart = initializer === undefined || initializer === null;
    let from: TensorLike;
    let a: unknown = initializer;
    if (reverse) {
      from = asInt(withoutStart ? oneLess(n) : n);
      if (withoutStart) a = readAll(from);
    } else {
      if (withoutStart) a = readAll(i32(0));
      from = constant(withoutStart ? 1 : 0, 'int32');
    }
    const body = (i: Tensor, now: unknown) => {
      const at = reverse ? minus(i, 1) : i;
      const row = readAll(at);
      const next = refusePromise(fn(now as never, row as never), name);
      return [reverse ? at : plus(i, 1), next];
    };
    const goesOn = (i: Tensor) => (reverse ? greater(i, 0) : less(i, asInt(n)));
    const [, result] = whileLoop(goesOn, body, [from, a], loopOptions(options, n)) as [Tensor, unknown];
    return result;
  });
}
