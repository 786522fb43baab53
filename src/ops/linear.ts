/** @file Matrix products. */
import { GraphError } from '../errors';
import { convertToTensor, dtypeIn, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { type Slot, scratch } from '../kernels/memory';
import { type Call, matmulScratch } from '../kernels/table';
import { arrayOf, COMPLEX, type DType, FLOATS, isComplex, wireName, zeroOf } from '../value/dtype';
import { broadcast, broadcastIndex, isFull, merge, type Shape, sameShape, showShape, sizeOf } from '../value/shape';
import { broadcastGradientArgs } from './arithmetic';
import { type Named, reshape, shapeOf } from './array';
import { atLeastRank, sameDim, withRank } from './expect';
import { reduceSum } from './reduce';
import { keeper } from './reduce_cells';
import { index, s } from './slice';

export { norm } from './norm';
export { tensordot } from './tensordot';

/** One product: the places of its matrices, their sizes, and which of them lie transposed. */
interface Product {
  readonly c: number;
  readonly a: number;
  readonly b: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly ta: boolean;
  readonly tb: boolean;
}

/** c[m,n] = op(a) . op(b); floats are summed in float64 and rounded once. */
function multiplyCells(a: Slot, b: Slot, c: Slot, { m, k, n, ta, tb, ...at }: Product): void {
  const { dtype } = c;
  if (isComplex(dtype)) {
    throw new GraphError(
      'Unimplemented',
      `sluice has no arithmetic for ${wireName(dtype)}. Keep the parts as two tensors.`,
    );
  }
  const [x, y, out, keep] = [a.data, b.data, c.data, keeper(dtype)];
  const [stepI, stepP] = ta ? [1, m] : [k, 1];
  const [rowP, rowJ] = tb ? [1, k] : [n, 1];
  const sums = new (arrayOf(dtype === 'float32' ? 'float64' : dtype))(n);
  for (let i = 0; i < m; i++) {
    sums.fill(zeroOf(dtype));
    for (let p = 0; p < k; p++) {
      const f = x[at.a + i * stepI + p * stepP]!;
      let from = at.b + p * rowP;
      if (dtype === 'int32') for (let j = 0; j < n; j++, from += rowJ) sums[j]! += Math.imul(f, y[from]!);
      else for (let j = 0; j < n; j++, from += rowJ) sums[j]! += f * y[from]!;
    }
    for (let j = 0, to = at.c + i * n; j < n; j++) out[to + j] = keep(sums[j]!);
  }
}
/** The kernel's call for one product of that dtype; null where there is none. */
function productCall(dtype: DType, [c, a, b]: readonly [Slot, Slot, Slot], p: Product): Call | null {
  if (dtype !== 'float32' && dtype !== 'float64') return null;
  const width = dtype === 'float32' ? 4 : 8;
  const args = [
    c.ptr + p.c * width,
    a.ptr + p.a * width,
    b.ptr + p.b * width,
    p.m,
    p.k,
    p.n,
    Number(p.ta),
    Number(p.tb),
  ];
  if (dtype === 'float64') return ['matmul_f64', ...args];
  return ['matmul_f32', ...args, scratch(matmulScratch(p.m, p.k, p.n))];
}

// ---- MatMul -------------------------------------------------------------------------------------------------------

const FACTORS = [...FLOATS, 'int32', 'int64', ...COMPLEX] as const;

const MatMul = defineOp({
  name: 'MatMul',
  inputs: { a: 'T', b: 'T' },
  outputs: { product: 'T' },
  attrs: { transpose_a: bool(false), transpose_b: bool(false), T: type(FACTORS) },
  infer({ a, b }, { transpose_a: ta, transpose_b: tb }) {
    const x = withRank(a.shape, 2, `In[0] is not a matrix. Instead it has shape ${showShape(a.shape)}`);
    const y = withRank(b.shape, 2, `In[1] is not a matrix. Instead it has shape ${showShape(b.shape)}`);
    const [m, k] = x ? [x[ta ? 1 : 0]!, x[ta ? 0 : 1]!] : [null, null];
    const [q, n] = y ? [y[tb ? 1 : 0]!, y[tb ? 0 : 1]!] : [null, null];
    sameDim(k, q, `Matrix size-incompatible: In[0]: ${showShape(x)}, In[1]: ${showShape(y)}`);
    return { product: [m, n] };
  },
  gradient({ product: dy }, { a, b }, { transpose_a: ta, transpose_b: tb }) {
    if (!ta && !tb) return { a: matMul(dy, b, false, true), b: matMul(a, dy, true, false) };
    if (!ta) return { a: matMul(dy, b, false, false), b: matMul(dy, a, true, false) };
    if (!tb) return { a: matMul(b, dy, false, true), b: matMul(a, dy, false, false) };
    return { a: matMul(b, dy, true, true), b: matMul(dy, a, true, true) };
  },
  reference: ({ a, b, product }, attrs) => multiplyCells(a, b, product, whole(a, product, attrs)),
  kernel: ({ a, b, product }, attrs) => productCall(product.dtype, [product, a, b], whole(a, product, attrs)),
});
interface Transposes {
  readonly transpose_a: boolean;
  readonly transpose_b: boolean;
}
function whole(a: Slot, product: Slot, { transpose_a: ta, transpose_b: tb }: Transposes): Product {
  const [m, n] = product.shape as [number, number];
  return { c: 0, a: 0, b: 0, m, k: a.shape[ta ? 0 : 1]!, n, ta, tb };
}
/** The op itself, as gen_math_ops.mat_mul. */
function matMul(a: Tensor, b: Tensor, transpose_a: boolean, transpose_b: boolean): Tensor {
  return MatMul({ a, b }, { transpose_a, transpose_b }).product;
}

// ---- BatchMatMul --------------------------------------------------------------------------------------------------

interface Factors<One> {
  readonly x: One;
  readonly y: One;
}
interface Adjoints {
  readonly adj_x: boolean;
  readonly adj_y: boolean;
}
type Batches = (x: Shape, y: Shape) => Shape;

/** The product's shape; `batches` says what comes of the dimensions before the matrices. */
function batchShape(
  { x, y }: Factors<Known>,
  { adj_x, adj_y }: Adjoints,
  words: (x: Shape, y: Shape) => string,
  batches: Batches,
): { output: Shape } {
  const few = (s: Shape, i: number) => (s && s.length < 2 ? `In[${i}] ndims must be >= 2: ${s.length}` : undefined);
  const a = atLeastRank(x.shape, 2, words(x.shape, y.shape) || few(x.shape, 0));
  const b = atLeastRank(y.shape, 2, words(x.shape, y.shape) || few(y.shape, 1));
  const [m, k] = a ? [a.at(adj_x ? -1 : -2)!, a.at(adj_x ? -2 : -1)!] : [null, null];
  const [q, n] = b ? [b.at(adj_y ? -1 : -2)!, b.at(adj_y ? -2 : -1)!] : [null, null];
  const shapes = `${showShape(a)} ${showShape(b)} ${Number(adj_x)} ${Number(adj_y)}`;
  const lead = batches(a?.slice(0, -2) ?? null, b?.slice(0, -2) ?? null);
  sameDim(k, q, `In[0] mismatch In[1] shape: ${k} vs. ${q}: ${shapes}`);
  return { output: lead && [...lead, m, n] };
}
function saying<R>(atRun: string, compute: () => R): R {
  try {
    return compute();
  } catch (e) {
    throw e instanceof GraphError ? new GraphError(e.code, e.reason, { atRun }) : e;
  }
}

interface Batched extends Factors<Slot> {
  readonly output: Slot;
}
/** The products one by one; a y shared by all rows of x makes it a single one. */
function products({ x, y, output }: Batched, { adj_x: ta, adj_y: tb }: Adjoints): Product[] {
  const [m, n] = output.shape.slice(-2) as [number, number];
  const k = x.shape.at(ta ? -2 : -1)!;
  const [lead, ofX, ofY] = [output.shape.slice(0, -2), x.shape.slice(0, -2), y.shape.slice(0, -2)];
  const count = sizeOf(lead);
  if (!ta && sizeOf(ofY) === 1 && sizeOf(ofX) === count) return [{ c: 0, a: 0, b: 0, m: m * count, k, n, ta, tb }];
  const [xAt, yAt] = [broadcastIndex(ofX, lead), broadcastIndex(ofY, lead)];
  return Array.from({ length: count }, (_, i) => ({
    c: i * m * n,
    a: xAt(i) * m * k,
    b: yAt(i) * k * n,
    m,
    k,
    n,
    ta,
    tb,
  }));
}
function batchReference(t: Batched, attrs: Adjoints): void {
  for (const p of products(t, attrs)) multiplyCells(t.x, t.y, t.output, p);
}
/** More calls than this would make the program itself the burden. */
const MOST_CALLS = 65536;
function batchKernel(t: Batched, attrs: Adjoints): Call[] | null {
  const { x, y, output } = t;
  if (sizeOf(output.shape.slice(0, -2)) > MOST_CALLS || output.size === 0) return null;
  const calls = products(t, attrs).map((p) => productCall(output.dtype, [output, x, y], p));
  return calls.every((call) => call !== null) ? calls : null;
}

function batchGradients(dy: Tensor, { x, y }: Factors<Tensor>, { adj_x, adj_y }: Adjoints): Factors<Tensor> {
  const mul = (a: Tensor, b: Tensor, adjointA = false, adjointB = false) => matmul(a, b, { adjointA, adjointB });
  if (!adj_x && !adj_y) return { x: mul(dy, y, false, true), y: mul(x, dy, true) };
  if (!adj_x) return { x: mul(dy, y), y: mul(dy, x, true) };
  if (!adj_y) return { x: mul(y, dy, false, true), y: mul(x, dy) };
  return { x: mul(y, dy, true, true), y: mul(dy, x, true, true) };
}

const factors = { x: 'T', y: 'T' } as const;
const adjoints = { adj_x: bool(false), adj_y: bool(false), T: type(FACTORS) } as const;

/** What the kernel of the older op says of batches that differ. */
function differing(x: Shape, y: Shape): string {
  if (x === null || y === null) return '';
  if (x.length !== y.length) return `In[0] and In[1] has different ndims: ${showShape(x)} vs. ${showShape(y)}`;
  const at = x.findIndex((d, i) => i < x.length - 2 && d !== y[i]);
  return at < 0 ? '' : `In[0].dim(${at}) and In[1].dim(${at}) must be the same: ${showShape(x)} vs ${showShape(y)}`;
}
defineOp({
  name: 'BatchMatMul',
  inputs: factors,
  outputs: { output: 'T' },
  attrs: adjoints,
  infer: (t, attrs) =>
    batchShape(t, attrs, differing, (a, b) => saying(differing(t.x.shape, t.y.shape), () => merge(a, b))),
  gradient: ({ output: dy }, t, attrs) => batchGradients(dy, t, attrs),
  reference: batchReference,
  kernel: batchKernel,
});
const BatchMatMulV2 = defineOp({
  name: 'BatchMatMulV2',
  inputs: factors,
  outputs: { output: 'T' },
  attrs: adjoints,
  infer(t, attrs) {
    const words = `In[0] and In[1] must have compatible batch dimensions: ${showShape(t.x.shape)} vs. ${showShape(t.y.shape)}`;
    return batchShape(
      t,
      attrs,
      () => '',
      (a, b) => saying(words, () => broadcast(a, b)),
    );
  },
  gradient({ output: dy }, { x, y }, attrs) {
    const grads = batchGradients(dy, { x, y }, attrs);
    if (isFull(x.shape) && isFull(y.shape) && sameShape(x.shape, y.shape)) return grads;
    const [sx, sy] = [shapeOf(x), shapeOf(y)];
    const lead = [s(null, -2)] as const;
    const { r0, r1 } = broadcastGradientArgs(index(sx, lead), index(sy, lead));
    const dx = reshape(reduceSum(grads.x, r0), sx);
    return { x: dx, y: reshape(reduceSum(grads.y, r1), sy) };
  },
  reference: batchReference,
  kernel: batchKernel,
});

export interface MatMulOptions extends Named {
  readonly transposeA?: boolean | undefined;
  readonly transposeB?: boolean | undefined;
  readonly adjointA?: boolean | undefined;
  readonly adjointB?: boolean | undefined;
}
/**
 * a . b for matrices; for higher ranks, of the matrices in the last two dimensions, with broadcasting of the others. As
 * tf.matmul. Raises Value for sizes that do not fit.
 * @tensorflow tf.matmul
 */
export function matmul(a: TensorLike, b: TensorLike, options: MatMulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, adjointA = false, adjointB = false, name = 'MatMul' } = options;
  const graph = graphOf([a, b]);
  return graph.nameScope(name, (scope) => {
    if (transposeA && adjointA) throw new GraphError('Value', 'Only one of transpose_a and adjoint_a can be True.');
    if (transposeB && adjointB) throw new GraphError('Value', 'Only one of transpose_b and adjoint_b can be True.');
    const x = convertToTensor(a, { name: 'a', dtype: dtypeIn(a) ?? dtypeIn(b) }, graph);
    const y = convertToTensor(b, { name: 'b', dtype: dtypeIn(b) ?? x.dtype }, graph);
    const [ta, tb] = [transposeA || adjointA, transposeB || adjointB];
    const matrices = x.shape !== null && x.shape.length <= 2 && y.shape !== null && y.shape.length <= 2;
    if (!matrices) return BatchMatMulV2({ x, y }, { adj_x: ta, adj_y: tb }, scope).output;
    return MatMul({ a: x, b: y }, { transpose_a: ta, transpose_b: tb }, scope).product;
  });
}
