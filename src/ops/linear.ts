/** @file Matrix products. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import { scratch, type Slot } from '../kernels/memory';
import { ask, hasKernel } from '../kernels/table';
import { cellOf, NUMBERS } from '../value/dtype';
import { broadcast, broadcastIndex, isFull, merge, sameShape, type Shape, showShape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { broadcastGradientArgs } from './arithmetic';
import type { Named } from './array';
import { reshape, shapeOf } from './array';
import { where } from './compare';
import { gather } from './gather';
import { concat, stack } from './join';
import { transpose } from './permute';
import { range } from './range';
import { reduceProd, reduceSum } from './reduce';
import { rank } from './shape';
import { s } from './slice';
import { setdiff1d } from './unique';

/** c[m,n] = op(a) . op(b), cells from the given places on. */
function product(
  [a, b, c]: readonly [Slot, Slot, Slot],
  [fromA, fromB, fromC]: readonly [number, number, number],
  [m, k, n]: readonly [number, number, number],
  [ta, tb]: readonly [boolean, boolean],
): void {
  const [x, y, out] = [a.data, b.data, c.data];
  const [ai, ap] = ta ? [1, m] : [k, 1];
  const [bp, bj] = tb ? [1, k] : [n, 1];
  const zero = cellOf(c.dtype, 0);
  const row: number[] = new Array(n);
  const wraps = c.dtype === 'int32';
  for (let i = 0; i < m; i++) {
    row.fill(zero);
    for (let p = 0; p < k; p++) {
      const s = x[fromA + i * ai + p * ap]!;
      const at = fromB + p * bp;
      if (wraps) for (let j = 0; j < n; j++) row[j] = (row[j]! + Math.imul(s, y[at + j * bj]!)) | 0;
      else for (let j = 0; j < n; j++) row[j]! += s * y[at + j * bj]!;
    }
    for (let j = 0; j < n; j++) out[fromC + i * n + j] = row[j]!;
  }
}

function matrix(shape: Shape): Shape {
  if (shape === null || shape.length === 2) return shape;
  throw new GraphError('Value', `Shape must be rank 2 but is rank ${shape.length}`, {
    atRun: `In[${0}] is not a matrix`,
  });
}

// ---- MatMul -------------------------------------------------------------------------------------------------------

const MatMul = defineOp({
  name: 'MatMul',
  inputs: { a: 'T', b: 'T' },
  outputs: { product: 'T' },
  attrs: { transpose_a: bool(false), transpose_b: bool(false), T: type(NUMBERS) },
  infer({ a, b }, { transpose_a, transpose_b }) {
    const [x, y] = [matrix(a.shape), matrix(b.shape)];
    const [p, q] = [x?.[transpose_a ? 0 : 1] ?? null, y?.[transpose_b ? 1 : 0] ?? null];
    if (p !== null && q !== null && p !== q) {
      throw new GraphError('Value', `Dimensions must be equal, but are ${p} and ${q}`, {
        atRun: `Matrix size-incompatible: In[0]: ${showShape(x)}, In[1]: ${showShape(y)}`,
      });
    }
    return { product: [x?.[transpose_a ? 1 : 0] ?? null, y?.[transpose_b ? 0 : 1] ?? null] };
  },
  gradient({ product: dy }, { a, b }, { transpose_a: ta, transpose_b: tb }) {
    const mul = (x: Tensor, y: Tensor, transposeA = false, transposeB = false): Tensor =>
      rawMatmul(x, y, transposeA, transposeB);
    if (!ta && !tb) return { a: mul(dy, b, false, true), b: mul(a, dy, true) };
    if (!ta) return { a: mul(dy, b), b: mul(dy, a, true) };
    if (!tb) return { a: mul(b, dy, false, true), b: mul(a, dy) };
    return { a: mul(b, dy, true, true), b: mul(dy, a, true, true) };
  },
  reference({ a, b, product: c }, { transpose_a, transpose_b }) {
    const [m, n] = c.shape as [number, number];
    product([a, b, c], [0, 0, 0], [m, a.shape[transpose_a ? 0 : 1]!, n], [transpose_a, transpose_b]);
  },
  kernel({ a, b, product: c }, { transpose_a, transpose_b }) {
    if (c.dtype !== 'float32' || !hasKernel('matmul_f32')) return null;
    const [m, n] = c.shape as [number, number];
    const k = a.shape[transpose_a ? 0 : 1]!;
    return matmulCall(c.ptr, a.ptr, b.ptr, m, k, n, transpose_a, transpose_b);
  },
});
function rawMatmul(a: Tensor, b: Tensor, transpose_a: boolean, transpose_b: boolean): Tensor {
  return MatMul({ a, b }, { transpose_a, transpose_b }).product;
}
/** The sgemm call, with room for its packed panels. */
export function matmulCall(
  c: number,
  a: number,
  b: number,
  m: number,
  k: number,
  n: number,
  ta: boolean,
  tb: boolean,
): [name: string, ...args: number[]] {
  const panels = scratch(ask('matmul_scratch', m, k, n));
  return ['matmul_f32', c, a, b, m, k, n, Number(ta), Number(tb), panels];
}

// ---- BatchMatMul --------------------------------------------------------------------------------------------------

const batchShape = (x: Shape, y: Shape, ax: boolean, ay: boolean, lead: (a: Shape, b: Shape) => Shape): Shape => {
  if (x === null || y === null) return null;
  if (x.length < 2 || y.length < 2) {
    throw new GraphError('Value', `Shape must be at least rank 2 but is rank ${Math.min(x.length, y.length)}`, {
      atRun: `In[0] ndims must be >= 2: ${Math.min(x.length, y.length)}`,
    });
  }
  const [p, q] = [x.at(ax ? -2 : -1)!, y.at(ay ? -1 : -2)!];
  if (p !== null && q !== null && p !== q) {
    throw new GraphError('Value', `Dimensions must be equal, but are ${p} and ${q}`, {
      atRun: `In[0] mismatch In[1] shape: ${p} vs. ${q}: ${showShape(x)} ${showShape(y)} ${ax ? 1 : 0} ${ay ? 1 : 0}`,
    });
  }
  return [...(lead(x.slice(0, -2), y.slice(0, -2)) ?? []), x.at(ax ? -1 : -2)!, y.at(ay ? -2 : -1)!];
};

function batches({ x, y, output }: { x: Slot; y: Slot; output: Slot }, ax: boolean, ay: boolean): void {
  const [m, n] = output.shape.slice(-2) as [number, number];
  const k = x.shape.at(ax ? -2 : -1)!;
  const lead = output.shape.slice(0, -2);
  const [at, bt] = [broadcastIndex(x.shape.slice(0, -2), lead), broadcastIndex(y.shape.slice(0, -2), lead)];
  for (let i = 0; i < sizeOf(lead); i++) {
    product([x, y, output], [at(i) * m * k, bt(i) * k * n, i * m * n], [m, k, n], [ax, ay]);
  }
}
const adjoint = { adj_x: bool(false), adj_y: bool(false), T: type(NUMBERS) } as const;
function batchGradients(dy: Tensor, x: Tensor, y: Tensor, ax: boolean, ay: boolean): [Tensor, Tensor] {
  const mul = (a: Tensor, b: Tensor, adjointA = false, adjointB = false) => matmul(a, b, { adjointA, adjointB });
  if (!ax && !ay) return [mul(dy, y, false, true), mul(x, dy, true)];
  if (!ax) return [mul(dy, y), mul(dy, x, true)];
  if (!ay) return [mul(y, dy, false, true), mul(x, dy)];
  return [mul(y, dy, true, true), mul(dy, x, true, true)];
}

defineOp({
  name: 'BatchMatMul',
  inputs: { x: 'T', y: 'T' },
  outputs: { output: 'T' },
  attrs: adjoint,
  infer: ({ x, y }, { adj_x, adj_y }) => ({ output: batchShape(x.shape, y.shape, adj_x, adj_y, merge) }),
  gradient({ output: dy }, { x, y }, { adj_x, adj_y }) {
    const [dx, dyy] = batchGradients(dy, x, y, adj_x, adj_y);
    return { x: dx, y: dyy };
  },
  reference: (t, { adj_x, adj_y }) => batches(t, adj_x, adj_y),
});
const BatchMatMulV2 = defineOp({
  name: 'BatchMatMulV2',
  inputs: { x: 'T', y: 'T' },
  outputs: { output: 'T' },
  attrs: adjoint,
  infer: ({ x, y }, { adj_x, adj_y }) => ({ output: batchShape(x.shape, y.shape, adj_x, adj_y, broadcast) }),
  gradient({ output: dy }, { x, y }, { adj_x, adj_y }) {
    const [dx, dyy] = batchGradients(dy, x, y, adj_x, adj_y);
    if (isFull(x.shape) && sameShape(x.shape, y.shape)) return { x: dx, y: dyy };
    const [sx, sy] = [shapeOf(x), shapeOf(y)];
    const [leadX, leadY] = [sx.at(s(null, -2)), sy.at(s(null, -2))];
    const { r0: rx, r1: ry } = broadcastGradientArgs(leadX, leadY);
    return { x: reshape(reduceSum(dx, { axis: rx }), sx), y: reshape(reduceSum(dyy, { axis: ry }), sy) };
  },
  reference: (t, { adj_x, adj_y }) => batches(t, adj_x, adj_y),
});

export interface MatMulOptions extends Named {
  readonly transposeA?: boolean | undefined;
  readonly transposeB?: boolean | undefined;
  readonly adjointA?: boolean | undefined;
  readonly adjointB?: boolean | undefined;
}
/** a . b for matrices, or for the matrices in the last two dimensions; as tf.matmul. */
export function matmul(a: TensorLike, b: TensorLike, options: MatMulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, adjointA = false, adjointB = false, name = 'MatMul' } = options;
  if (transposeA && adjointA) throw new GraphError('Value', 'Only one of transpose_a and adjoint_a can be True.');
  if (transposeB && adjointB) throw new GraphError('Value', 'Only one of transpose_b and adjoint_b can be True.');
  const graph = graphOf([a, b]);
  return graph.nameScope(name, (scope) => {
    const dtype = isTensorLike(a) ? a.dtype : isTensorLike(b) ? b.dtype : undefined;
    const x = convertToTensor(a, { name: 'a', dtype: isTensorLike(a) ? undefined : dtype }, graph);
    const y = convertToTensor(b, { name: 'b', dtype: isTensorLike(b) ? undefined : dtype }, graph);
    const [ta, tb] = [transposeA || adjointA, transposeB || adjointB];
    const batched = x.shape === null || x.shape.length > 2 || y.shape === null || y.shape.length > 2;
    if (batched) return BatchMatMulV2({ x, y }, { adj_x: ta, adj_y: tb }, scope).output;
    return MatMul({ a: x, b: y }, { transpose_a: ta, transpose_b: tb }, scope).product;
  });
}

// ---- tensordot ----------------------------------------------------------------------------------------------------

type Axes = readonly number[] | Tensor;
interface Folded {
  readonly folded: Tensor;
  readonly free: readonly (number | null)[] | Tensor;
  readonly known: readonly (number | null)[] | null;
}
const int32 = (x: number | readonly number[]): Value => Value.from(x as number, 'int32');

/** One side as a matrix: the contracted axes on one side, the others on the other. */
function fold(a: Tensor, axesIn: Axes, flipped: boolean): Folded {
  const { shape } = a;
  const given = axesIn instanceof Tensor ? null : axesIn;
  const n = (dims: readonly number[]) => dims.reduce((x, d) => x * d, 1);
  const axes = given && shape ? given.map((i) => (i >= 0 ? i : i + shape.length)) : null;
  const rest = axes && shape ? shape.map((_, i) => i).filter((i) => !axes.includes(i)) : null;
  if (axes && rest && isFull(shape)) {
    const [inner, outer] = [n(axes.map((i) => shape[i]!)), n(rest.map((i) => shape[i]!))];
    const perm = flipped ? [...axes, ...rest] : [...rest, ...axes];
    const folded = reshape(transpose(a, perm), flipped ? [inner, outer] : [outer, inner]);
    const free = rest.map((i) => shape[i]!);
    return { folded, free, known: free };
  }
  let axesT: Tensor;
  let freeT: Tensor;
  let shapeT: Tensor;
  let known: readonly (number | null)[] | null = null;
  if (axes && rest && shape) {
    known = rest.map((i) => shape[i]!);
    axesT = convertToTensor(int32(axes), { name: 'axes' });
    freeT = convertToTensor(int32(rest), { name: 'free' });
    shapeT = shapeOf(a);
  } else {
    shapeT = shapeOf(a);
    const r = rank(a);
    const raw = convertToTensor(given ? int32(given) : (axesIn as Tensor), { name: 'axes' });
    const positive = raw.greaterEqual(0);
    axesT = where(positive, raw, raw.add(r));
    freeT = setdiff1d(range(r), axesT).out;
  }
  const freeDims = gather(shapeT, freeT);
  const axesDims = gather(shapeT, axesT);
  const [outer, inner] = [reduceProd(freeDims), reduceProd(axesDims)];
  const perm = concat(flipped ? [axesT, freeT] : [freeT, axesT], 0);
  const to = stack(flipped ? [inner, outer] : [outer, inner]);
  return { folded: reshape(transpose(a, perm), to), free: freeDims, known };
}

/** Contracts axes of a with axes of b: a number (the last of a, the first of b), or two lists; as tf.tensordot. */
export function tensordot(
  aIn: TensorLike,
  bIn: TensorLike,
  axes: number | readonly [number | readonly number[], number | readonly number[]] | Tensor,
  { name = 'Tensordot' }: Named = {},
): Tensor {
  const graph = graphOf([aIn, bIn]);
  return graph.nameScope(name, (scope) => {
    const a = convertToTensor(aIn, { name: 'a' }, graph);
    const b = convertToTensor(bIn, { name: 'b' }, graph);
    const [axesA, axesB] = contracted(a, axes);
    const left = fold(a, axesA, false);
    const right = fold(b, axesB, true);
    const ab = matmul(left.folded, right.folded);
    if (Array.isArray(left.free) && Array.isArray(right.free)) {
      return reshape(ab, [...left.free, ...right.free] as number[], { name: scope });
    }
    const part = (free: Folded['free']) =>
      free instanceof Tensor ? free : convertToTensor(int32(free as readonly number[]));
    const [x, y] = [part(left.free), part(right.free)];
    const out = reshape(ab, concat([x, y], 0), { name: scope });
    if (left.known && right.known) out.setShape([...left.known, ...right.known]);
    return out;
  });
}

function contracted(a: Tensor, axes: number | readonly unknown[] | Tensor): [Axes, Axes] {
  if (axes instanceof Tensor) return [axes.at(0), axes.at(1)];
  if (typeof axes === 'number') {
    if (axes < 0) throw new GraphError('Value', "'axes' must be at least 0.");
    const all = (n: number) => Array.from({ length: n }, (_, i) => i);
    if (a.shape) {
      if (axes > a.shape.length) {
        throw new GraphError('Value', `'axes' must not be larger than the number of dimensions of tensor ${a}.`);
      }
      return [all(axes).map((i) => a.shape!.length - axes + i), all(axes)];
    }
    const r = rank(a);
    return [range(r.sub(axes), r, { dtype: 'int32' }), range(axes, { dtype: 'int32' })];
  }
  if (axes.length !== 2) throw new GraphError('Value', "'axes' must be an integer or have length 2.");
  const [x, y] = axes.map((side) => (typeof side === 'number' ? [side] : (side as Axes))) as [Axes, Axes];
  if (Array.isArray(x) && Array.isArray(y) && x.length !== y.length) {
    throw new GraphError('Value', `Different number of contraction axes 'a' and 'b', ${x.length} != ${y.length}.`);
  }
  return [x, y];
}
