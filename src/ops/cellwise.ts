/** @file How ops go over cells: pairs with broadcasting, single cells, and the rounding each dtype asks for. */
import { GraphError } from '../errors';
import type { Grad, Known } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import type { Call } from '../kernels/table';
import {
  type Cells,
  type DType,
  isBig,
  isComplex,
  isInteger,
  roundBfloat16,
  roundFloat16,
  wireName,
} from '../value/dtype';
import { broadcast, broadcastIndex, type FullShape, type Shape, sameShape, sizeOf } from '../value/shape';

export type Single = (x: number) => number;
export type Pair = (x: number, y: number) => number;

const same: Single = (x) => x;
const half: Single = (x) => roundFloat16(Math.fround(x));
/** What storing an intermediate result in a variable of that dtype does to it. Integers wrap when a cell is written. */
export function rounder(dtype: DType): Single {
  if (dtype === 'float32') return Math.fround;
  if (dtype === 'float16') return half;
  return dtype === 'bfloat16' ? roundBfloat16 : same;
}
/** Half-width floats lie in float32 cells, which do not round them by themselves. */
function settle(dtype: DType, cells: Cells): void {
  if (dtype !== 'float16' && dtype !== 'bfloat16') return;
  const round = rounder(dtype);
  for (let i = 0; i < cells.length; i++) cells[i] = round(cells[i]!);
}
function refuseComplex(dtype: DType): void {
  if (isComplex(dtype)) {
    throw new GraphError(
      'Unimplemented',
      `sluice has no arithmetic for ${wireName(dtype)}. Keep the parts as two tensors.`,
    );
  }
}

/** One function per kind of cell: bigints cannot use Math, integers have rules of their own. */
export interface ByKind<F> {
  readonly float: (round: Single) => F;
  /** Numbers; the dtype decides how they wrap. */
  readonly int: (dtype: DType) => F;
  readonly big: F;
}
export const byKind =
  <F>({ float, int, big }: ByKind<F>) =>
  (dtype: DType): F =>
    isBig(dtype) ? big : isInteger(dtype) ? int(dtype) : float(rounder(dtype));

const product: Pair = (x, y) => x * y;
/** The product of that dtype: of 32 bits it must wrap before it leaves a double's range. */
export const productOf = (dtype: DType): Pair => (dtype === 'int32' || dtype === 'uint32' ? Math.imul : product);

// ---- pairs --------------------------------------------------------------------------------------------------------

export interface Zip {
  readonly x: Slot;
  readonly y: Slot;
  readonly z: Slot;
}

/** z = f(x, y), cell by cell, with broadcasting; f is chosen by x's dtype. */
export const zipBy =
  (choose: (dtype: DType) => Pair) =>
  ({ x, y, z }: Zip): void => {
    refuseComplex(x.dtype);
    const [f, a, b, out] = [choose(x.dtype), x.data, y.data, z.data];
    const n = out.length;
    const plain = sameShape(x.shape, z.shape);
    if (plain && sameShape(y.shape, z.shape)) {
      for (let i = 0; i < n; i++) out[i] = f(a[i]!, b[i]!);
    } else if (plain && y.size === 1) {
      const c = b[0]!;
      for (let i = 0; i < n; i++) out[i] = f(a[i]!, c);
    } else {
      const [at, bt] = [indexer(x.shape, z.shape), indexer(y.shape, z.shape)];
      for (let i = 0; i < n; i++) out[i] = f(a[at(i)]!, b[bt(i)]!);
    }
    settle(z.dtype, out);
  };
/** z = f(x, y) with one f for numbers and bigints. */
export const zip = (f: Pair): ((t: Zip) => void) => zipBy(() => f);

/** As broadcastIndex, quicker for rows that repeat. */
function indexer(shape: FullShape, out: FullShape): (i: number) => number {
  const core = shape.slice(shape.findIndex((d) => d !== 1));
  const tail = out.slice(out.length - core.length);
  const n = sizeOf(shape);
  return n > 1 && sameShape(core, tail) ? (i) => i % n : broadcastIndex(shape, out);
}

export const zipShape = ({ x, y }: { readonly x: Known; readonly y: Known }): { z: Shape } => ({
  z: broadcast(x.shape, y.shape),
});

/** The kernel of that name in the variant that the shapes need, for float32. */
export const zipKernel =
  (name: string) =>
  ({ x, y, z }: Zip): Call | null => {
    if (x.dtype !== 'float32') return null;
    const n = z.size;
    const plain = sameShape(x.shape, z.shape);
    if (plain && sameShape(y.shape, z.shape)) return [`${name}_f32`, z.ptr, x.ptr, y.ptr, n];
    if (plain && y.size === 1) return [`${name}_xs_f32`, z.ptr, x.ptr, y.ptr, n];
    if (sameShape(y.shape, z.shape) && x.size === 1) return [`${name}_sx_f32`, z.ptr, x.ptr, y.ptr, n];
    const [matrix, side, back] = plain ? [x, y, ''] : [y, x, 'rev'];
    const sides = n > 0 && sameShape(matrix.shape, z.shape) ? rowOrColumn(side.shape, z.shape) : null;
    return sides && [`${name}_${sides.kind}${back}_f32`, z.ptr, matrix.ptr, side.ptr, sides.m, sides.n];
  };
/** Whether a smaller shape is one row, or one column, of `out` seen as a matrix of m rows and n columns. */
function rowOrColumn(
  shape: FullShape,
  out: FullShape,
): { readonly kind: 'row' | 'col'; readonly m: number; readonly n: number } | null {
  const [size, cells] = [sizeOf(shape), sizeOf(out)];
  const padded = [...new Array<number>(out.length - shape.length).fill(1), ...shape];
  const first = padded.findIndex((d) => d !== 1);
  if (first >= 0 && sameShape(padded.slice(first), out.slice(first))) return { kind: 'row', m: cells / size, n: size };
  let last = padded.length;
  while (last > 0 && padded[last - 1] === 1) last--;
  return sameShape(padded.slice(0, last), out.slice(0, last)) ? { kind: 'col', m: size, n: cells / size } : null;
}

// ---- single cells -------------------------------------------------------------------------------------------------

/** to = f(from), cell by cell; f is chosen by from's dtype. */
export function mapCells(from: Slot, to: Slot, choose: (dtype: DType) => Single): void {
  refuseComplex(from.dtype);
  const [f, a, out] = [choose(from.dtype), from.data, to.data];
  for (let i = 0; i < out.length; i++) out[i] = f(a[i]!);
  settle(to.dtype, out);
}

// ---- gradients ----------------------------------------------------------------------------------------------------

/** Builds under a control dependency on the gradient, so that nothing is computed before it is asked for. */
export const after = <R>(dy: Grad, build: () => R): R => dy.graph.controlDependencies([dy], build);
