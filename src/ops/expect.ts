/** @file What ops expect of ranks and dimensions, and how dimensions that may be unknown are reckoned with. */
import { GraphError } from '../errors';
import { dtypeIn, type TensorLike } from '../graph/convert';
import type { Known } from '../graph/opdef';
import { type DType, isBig } from '../value/dtype';
import type { Shape } from '../value/shape';
import { type Nested, Value } from '../value/value';

export type Dim = number | null;
export type Dims = readonly Dim[];

/** Raises the words of shape inference; the kernel's words, where they differ, are said at run time. */
export function refuse(message: string, atRun?: string): never {
  throw new GraphError('Value', message, { atRun });
}
/** Raises the kernel's words. */
export function fail(message: string): never {
  throw new GraphError('InvalidArgument', message);
}

export const unknowns = (rank: number): Dim[] => new Array<Dim>(rank).fill(null);

/** The dimensions, where the rank is known; it must be `rank` then. */
export function withRank(shape: Shape, rank: number, atRun?: string): Shape {
  if (shape !== null && shape.length !== rank) refuse(`Shape must be rank ${rank} but is rank ${shape.length}`, atRun);
  return shape;
}
export function atLeastRank(shape: Shape, rank: number, atRun?: string): Shape {
  if (shape !== null && shape.length < rank) {
    refuse(`Shape must be at least rank ${rank} but is rank ${shape.length}`, atRun);
  }
  return shape;
}
/** A scalar's number, where it is known. */
export function scalarOf(x: Known, atRun?: string): number | undefined {
  withRank(x.shape, 0, atRun);
  return x.value?.[0];
}

export function sameDim(a: Dim, b: Dim, atRun?: string): Dim {
  if (a !== null && b !== null && a !== b) refuse(`Dimensions must be equal, but are ${a} and ${b}`, atRun);
  return a ?? b;
}
export function exactDim(dim: Dim, value: number, atRun?: string): number {
  if (dim !== null && dim !== value) refuse(`Dimension must be ${value} but is ${dim}`, atRun);
  return value;
}
export const sumDim = (a: Dim, b: Dim): Dim => (a === 0 ? b : b === 0 ? a : a === null || b === null ? null : a + b);
export const timesDim = (a: Dim, b: Dim): Dim =>
  a === 0 || b === 0 ? 0 : a === 1 ? b : b === 1 ? a : a === null || b === null ? null : a * b;
export function minusDim(a: Dim, b: Dim, atRun?: string): Dim {
  if (b === 0) return a;
  if (a === null || b === null) return null;
  if (a < b) refuse(`Negative dimension size caused by subtracting ${b} from ${a}`, atRun);
  return a - b;
}

/** The shape a vector of sizes stands for, as far as it is known; -1 means unknown. */
export function asShape(x: Known): Shape {
  if (x.shape !== null && x.shape.length !== 1) refuse(`Shape must be rank 1 but is rank ${x.shape.length}`);
  if (!x.partial) return x.shape?.[0] == null ? null : unknowns(x.shape[0]);
  return x.partial.map((d) => {
    if (d !== null && d < -1) refuse(`Dimension ${d} must be >= -1`, `Dimension ${d} must be >= 0`);
    return d === -1 ? null : d;
  });
}

/** An axis counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** What holds after an axis whose place is unknown: the rank only. */
export const onlyRank = (shape: Shape): Shape => (shape === null ? null : unknowns(shape.length));

/** `shape` with one dimension in another's place. */
export const withDim = (shape: Dims, axis: number, dim: Dim): Dims => shape.map((d, i) => (i === axis ? dim : d));

/** Integers for an argument that would take them for floats otherwise. */
export const i32 = (x: Nested): Value => Value.from(x, 'int32');
/** The dtype of sizes and indices given as plain numbers: int32, unless a tensor among them says otherwise. */
export function indexTypeOf<T extends DType = 'int32' | 'int64'>(...given: readonly (TensorLike | undefined)[]): T {
  return (typeAmong(given) ?? 'int32') as T;
}
/** The dtype of the first tensor in nested lists of tensors and plain values. */
export function typeAmong(x: unknown): DType | undefined {
  if (x instanceof BigInt64Array) return 'int64';
  if (!Array.isArray(x)) return dtypeIn(x as TensorLike);
  for (const e of x) {
    const found = typeof e === 'number' ? undefined : typeAmong(e);
    if (found) return found;
  }
  return undefined;
}

/** The lowest and highest a cell of the dtype can be. */
export function limitsOf(dtype: DType): readonly [low: number, high: number] {
  const [, kind, width] = /^([a-z]+)(\d+)$/.exec(dtype) ?? ['', 'float', '32'];
  const bits = Number(width);
  if (kind === 'float' || kind === 'bfloat') {
    const high =
      kind === 'bfloat'
        ? 3.3895313892515355e38
        : bits === 16
          ? 65504
          : bits === 32
            ? 3.4028234663852886e38
            : Number.MAX_VALUE;
    return [-high, high];
  }
  const signed = kind === 'int';
  const [low, high] = signed ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n] : [0n, 2n ** BigInt(bits) - 1n];
  return (isBig(dtype) ? [low, high] : [Number(low), Number(high)]) as unknown as [number, number];
}
