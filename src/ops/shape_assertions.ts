/** @file Checks of shapes against symbols: tensors whose dimensions must agree. */
import { GraphError } from '../errors';
import { convertToTensor, isTensorLike, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { tupleShape } from '../value/shape';
import { Value } from '../value/value';
import { constant, shapeOf } from './array';
import type { CheckOptions } from './assertions';
import { equal } from './compare';
import { cond } from './cond';
import { Assert, group } from './control';
import { i32 } from './expect';
import { assertRank, assertRankAtLeast, assertRankIn } from './rank_assertions';
import { rank } from './shape';

/** A size, a symbol for one, null or '.' for any; '*' or '...' in the first place for any dimensions before. */
export type SymbolicShape = readonly (number | string | null)[] | string;

const isAnyRank = (x: unknown): boolean => x === '*' || x === '...';
const isAnySize = (x: unknown): boolean => x === null || x === '.';
/** A size that is known now, also where it is written as text. */
const known = (x: unknown): number | undefined => {
  if (typeof x === 'number') return x;
  return typeof x === 'string' && /^\s*[-+]?\d+\s*$/.test(x) ? Number(x) : undefined;
};

interface Sized {
  readonly x: Tensor;
  /** Dimensions before those named are free. */
  readonly isOpen: boolean;
  readonly symbols: readonly (number | string | null)[];
  /** Each size, or the tensor of all of them where the rank is unknown. */
  readonly sizes: readonly (number | Tensor)[] | Tensor;
}

function sizesOf(x: Tensor): Sized['sizes'] {
  const all = shapeOf(x);
  const { shape } = x;
  if (shape?.length === 0) return [1];
  if (shape) return shape.map((d, i) => d ?? all.at(i));
  const isScalar = equal(rank(x), 0);
  return cond(
    isScalar,
    () => constant(i32([1])),
    () => all,
  ) as Tensor;
}

function read([given, symbolic]: readonly [TensorLike, SymbolicShape], message: string): Sized {
  const x = convertToTensor(given);
  if (typeof symbolic !== 'string' && !Array.isArray(symbolic)) {
    const rule = 'Specified shape must be an iterable.  An iterable has the attribute `__iter__` or `__getitem__`.';
    throw new GraphError('Value', `${message}.  Tensor ${x.name}.  ${rule}  Received specified shape: ${symbolic}`);
  }
  const symbols = [...symbolic];
  const late = symbols.findIndex((symbol, i) => i > 0 && isAnyRank(symbol));
  if (late >= 0) {
    const rule =
      'Symbol `...` or `*` for a variable number of unspecified dimensions is only allowed as the first entry';
    throw new GraphError('Value', `${message}.  Tensor ${x.name} specified shape index ${late}.  ${rule}`);
  }
  const isOpen = isAnyRank(symbols[0]);
  const sizes = sizesOf(x);
  const own = isOpen ? symbols.slice(1) : symbols;
  return { x, isOpen, sizes, symbols: own.length > 0 ? own : [1] };
}

function checkRank({ x, isOpen, symbols }: Sized, options: CheckOptions): Operation | null {
  const n = symbols.length;
  if (isOpen) return n === 1 ? null : assertRankAtLeast(x, n, options);
  return n === 1 ? assertRankIn(x, [0, 1], options) : assertRank(x, n, options);
}

/**
 * An op that fails with InvalidArgument unless all dimensions under one symbol have one size. Takes pairs of a tensor and
 * its symbols, `[[x, ['N', 3]], [y, ['N']]]`; raises Value at once where the static shapes disagree.
 * @tensorflow tf.debugging.assert_shapes
 */
export function assertShapes(
  shapes: Iterable<readonly [TensorLike, SymbolicShape | null]>,
  options: CheckOptions = {},
): Operation {
  const { summarize } = options;
  const message = options.message ?? '';
  const graph = getDefaultGraph();
  return graph.nameScope(options.name ?? 'assert_shapes', () => {
    const pairs = [...shapes].filter((pair): pair is [TensorLike, SymbolicShape] => pair[1] !== null);
    const tensors = pairs.map(([x, symbols]) => [convertToTensor(x), symbols] as const);
    const all = tensors.map((pair) => read(pair, message));
    const ranks = all.map((sized) => checkRank(sized, { ...options, message })).filter((op) => op !== null);
    const seen = new Map<unknown, { readonly size: number | Tensor; readonly by: string }>();
    const checks: Operation[] = [];
    for (const { x, isOpen, symbols, sizes } of all) {
      symbols.forEach((symbol, i) => {
        if (isAnySize(symbol)) return;
        const at = isOpen ? i - symbols.length : i;
        const actual = Array.isArray(sizes) ? (sizes.at(at) as number | Tensor) : (sizes as Tensor).at(at);
        const explicit = known(symbol);
        const before = seen.get(symbol);
        if (!before && explicit === undefined) {
          seen.set(symbol, { size: actual, by: `Specified by tensor ${x.name} dimension ${at}` });
          return;
        }
        const wanted = explicit ?? before!.size;
        const by = explicit === undefined ? before!.by : 'Specified explicitly';
        if (typeof actual === 'number' && typeof wanted === 'number') {
          if (actual === wanted) return;
          const found = `Received size ${actual}, shape ${tupleShape(x.shape)}`;
          throw new GraphError(
            'Value',
            `${message}.  ${by}.  Tensor ${x.name} dimension ${at} must have size ${wanted}.  ${found}`,
          );
        }
        const tensor = (size: number | Tensor): Tensor => convertToTensor(typeof size === 'number' ? i32(size) : size);
        const left = tensor(actual);
        const holds = equal(left, tensor(wanted));
        const told = (size: number | Tensor): TensorLike => (typeof size === 'number' ? i32(size) : size);
        const data = options.data ?? [
          message,
          by,
          `Tensor ${x.name} dimension`,
          i32(at),
          'must have size',
          told(wanted),
          'Received shape: ',
          shapeOf(x),
        ];
        checks.push(Assert(holds, data, { summarize: summarize ?? undefined }));
      });
    }
    return graph.controlDependencies(ranks, () => group(checks));
  });
}

/**
 * Raises Type unless the values are a list or another iterable that is neither a text nor a tensor.
 * @tensorflow tf.debugging.assert_proper_iterable
 * @tensorflow tf.assert_proper_iterable
 */
export function assertProperIterable(values: unknown): void {
  const kind = values === null ? 'null' : typeof values === 'object' ? values.constructor?.name : typeof values;
  if (typeof values === 'string' || isTensorLike(values) || values instanceof Value || ArrayBuffer.isView(values)) {
    throw new GraphError('Type', `Expected argument "values" to be a "proper" iterable.  Found: ${kind}`);
  }
  if (typeof (values as Iterable<unknown> | null)?.[Symbol.iterator] !== 'function') {
    throw new GraphError('Type', `Expected argument "values" to be iterable.  Found: ${kind}`);
  }
}
