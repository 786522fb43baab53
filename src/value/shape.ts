/** @file Static shapes: null rank = unknown rank, null dimension = unknown dimension. */
import { GraphError } from '../errors';

export type Shape = readonly (number | null)[] | null;
export type FullShape = readonly number[];

export const isFull = (shape: Shape): shape is FullShape => {
  if (shape === null) return false;
  for (let i = 0; i < shape.length; i++) if (shape[i] === null) return false;
  return true;
};
export function sizeOf(shape: FullShape): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i]!;
  return n;
}
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
/** `[2,?]` as in messages of TensorFlow's core; `<unknown>` for an unknown rank. */
export const showShape = (s: Shape): string => (s === null ? '<unknown>' : `[${s.map((d) => d ?? '?').join(',')}]`);
/** `(2, ?)` as Python prints a shape. */
export const tupleShape = (s: Shape): string =>
  s === null ? '<unknown>' : s.length === 1 ? `(${s[0] ?? '?'},)` : `(${s.map((d) => d ?? '?').join(', ')})`;

/** Where two shapes agree; unknown where they do not. */
export function meet(a: Shape, b: Shape): Shape {
  if (a === null || b === null || a.length !== b.length) return null;
  return a.map((d, i) => (d === b[i] ? d : null));
}

/** Whether both can be the shape of one tensor. */
export const compatible = (a: Shape, b: Shape): boolean =>
  a === null || b === null || (a.length === b.length && a.every((d, i) => d === null || b[i] === null || d === b[i]));

/** What both say together. Raises Value "Dimension 0 in both shapes must be equal, ..." where they contradict. */
export function merge(a: Shape, b: Shape): Shape {
  if (a === null) return b;
  if (b === null) return a;
  const texts = `Shapes are ${showShape(a)} and ${showShape(b)}.`;
  if (a.length !== b.length) {
    throw new GraphError('Value', `Shapes must be equal rank, but are ${a.length} and ${b.length}`);
  }
  return a.map((d, i) => {
    if (d !== null && b[i] !== null && d !== b[i]) {
      throw new GraphError('Value', `Dimension ${i} in both shapes must be equal, but are ${d} and ${b[i]}. ${texts}`);
    }
    return d ?? b[i]!;
  });
}

/** The shape of z = f(x, y) under NumPy's rules. */
export function broadcast(a: Shape, b: Shape): Shape {
  if (a === null || b === null) return null;
  const rank = Math.max(a.length, b.length);
  const at = (s: readonly (number | null)[], i: number) => (i < rank - s.length ? 1 : s[i - rank + s.length]!);
  const out: (number | null)[] = [];
  for (let i = 0; i < rank; i++) {
    const [x, y] = [at(a, i), at(b, i)];
    if (x === 1) out.push(y);
    else if (y === 1 || x === y) out.push(x);
    else if (x === null || y === null) out.push((x ?? y ?? 0) > 1 ? (x ?? y) : null);
    else {
      throw new GraphError('Value', `Dimensions must be equal, but are ${x} and ${y}`, {
        atRun: `Incompatible shapes: ${showShape(a)} vs. ${showShape(b)}`,
      });
    }
  }
  return out;
}

/** For each cell of `out`, the cell of a `shape` broadcast to it. */
export function broadcastIndex(shape: FullShape, out: FullShape): (i: number) => number {
  if (sameShape(shape, out)) return (i) => i;
  if (sizeOf(shape) === 1) return () => 0;
  const lead = out.length - shape.length;
  const strides: number[] = new Array(out.length).fill(0);
  for (let d = shape.length - 1, step = 1; d >= 0; d--) {
    if (shape[d] !== 1) strides[d + lead] = step;
    step *= shape[d]!;
  }
  return (i) => {
    let cell = 0;
    for (let d = out.length - 1; d >= 0; d--) {
      cell += (i % out[d]!) * strides[d]!;
      i = Math.floor(i / out[d]!);
    }
    return cell;
  };
}
