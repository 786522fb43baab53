/** @file Inverses, determinants, Cholesky factors and solutions of linear systems, of the matrices in the last two dimensions. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, roundBfloat16, roundFloat16 } from '../value/dtype';
import { merge, type Shape, sizeOf } from '../value/shape';
import { type Named, reshape, shapeOf } from './array';
import {
  choleskyOf,
  identityOf,
  logDeterminant,
  luOf,
  luSolve,
  type Matrix,
  notInvertible,
  precisionOf,
  substitute,
  transposed,
} from './decompositions';
import { atLeastRank, type Dim, type Dims, i32, sameDim } from './expect';
import { concat } from './join';
import { matmul } from './linear';
import { eye, matrixBandPart, matrixDiagPart, matrixSetDiag } from './matrix';
import { negate, plus, times } from './operators';
import { matrixTranspose } from './permute';
import { reduceSum } from './reduce';
import { s } from './slice';
import { log } from './unary';

// ---- what all of them share ---------------------------------------------------------------------------------------

export const MATRICES = [
  'float64',
  'float32',
  'float16',
  'complex64',
  'complex128',
] as const satisfies readonly DType[];

/** The dimensions of a batch of matrices, where the rank is known. */
export function matrices({ shape }: Known): Shape {
  return atLeastRank(shape, 2, `Input tensor 0 must have rank >= 2, got ${shape?.length}`);
}
const NOT_SQUARE = 'Input matrix must be square.';
/** The dimensions in front, and the number of rows and columns. */
export function square(input: Known): { readonly lead: Dims; readonly n: Dim } | null {
  const shape = matrices(input);
  return shape && { lead: shape.slice(0, -2), n: sameDim(shape.at(-2)!, shape.at(-1)!, NOT_SQUARE) };
}
function sameSquares({ input }: { readonly input: Known }): { readonly output: Shape } {
  const found = square(input);
  return { output: found && [...found.lead, found.n, found.n] };
}
function withoutMatrices({ input }: { readonly input: Known }): Shape {
  const shape = matrices(input);
  if (shape) sameDim(shape.at(-1)!, shape.at(-2)!, NOT_SQUARE);
  return shape ? shape.slice(0, -2) : null;
}
/** Batch number i of a slot whose matrices have so many cells. */
export const part = (t: Slot, i: number, size: number): Matrix =>
  Float64Array.from(t.data.subarray(i * size, (i + 1) * size));
/** Writes batch number i. */
export function put(t: Slot, i: number, cells: Matrix): void {
  const half = t.dtype === 'float16' ? roundFloat16 : t.dtype === 'bfloat16' ? roundBfloat16 : null;
  t.data.set(half ? cells.map((x) => half(Math.fround(x))) : cells, i * cells.length);
}
export const batches = (t: Slot): number => sizeOf(t.shape.slice(0, -2));

/** The conjugate transpose of matrices, as tf.linalg.adjoint. @tensorflow tf.linalg.adjoint */
export function adjoint(matrix: TensorLike, { name = 'adjoint' }: Named = {}): Tensor {
  const graph = graphOf([matrix]);
  return graph.nameScope(name, () => {
    return matrixTranspose(convertToTensor(matrix, { name: 'matrix' }, graph), { conjugate: true });
  });
}
/** One cell per matrix as a stack of 1 x 1 matrices. */
const asMatrices = (x: Tensor, like: Tensor): Tensor => reshape(x, concat([shapeOf(like), i32([1, 1])], i32(0)));

export interface AdjointOptions extends Named {
  /** The conjugate transposes of the matrices are meant. */
  readonly adjoint?: boolean | undefined;
}

// ---- inverses and determinants ------------------------------------------------------------------------------------

const MatrixInverse = defineOp({
  name: 'MatrixInverse',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { adjoint: bool(false), T: type(MATRICES) },
  infer: sameSquares,
  gradient({ output: dy }, { output }) {
    return { input: negate(matmul(output, matmul(dy, output, { adjointB: true }), { adjointA: true })) };
  },
  reference({ input, output }, attrs) {
    const n = input.shape.at(-1)!;
    const { round } = precisionOf(attrs.T);
    for (let i = 0; i < batches(input); i++) {
      const inverse = luSolve(luOf(part(input, i, n * n), n, round), identityOf(n), n, n, 'Input');
      put(output, i, attrs.adjoint ? transposed(inverse, n, n) : inverse);
    }
  },
});
/** The inverses of square matrices. A run raises InvalidArgument where there is none. @tensorflow tf.matrix_inverse */
export function matrixInverse(input: TensorLike, options: AdjointOptions = {}): Tensor {
  return MatrixInverse({ input }, { adjoint: options.adjoint }, options.name).output;
}

const MatrixDeterminant = defineOp({
  name: 'MatrixDeterminant',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(MATRICES) },
  infer: (t) => ({ output: withoutMatrices(t) }),
  gradient({ output: dy }, { input, output }) {
    const inverse = matrixInverse(input, { adjoint: true });
    return { input: times(asMatrices(times(dy, output), output), inverse) };
  },
  reference({ input, output }, { T }) {
    const n = input.shape.at(-1)!;
    const { round } = precisionOf(T);
    for (let i = 0; i < output.size; i++) {
      const [sign, size] = logDeterminant(part(input, i, n * n), n, round);
      output.data[i] = round(sign * round(Math.exp(size)));
    }
  },
});
/** The determinants of square matrices. @tensorflow tf.matrix_determinant */
export function matrixDeterminant(input: TensorLike, { name }: Named = {}): Tensor {
  return MatrixDeterminant({ input }, {}, name).output;
}

const LogMatrixDeterminant = defineOp({
  name: 'LogMatrixDeterminant',
  inputs: { input: 'T' },
  outputs: { sign: 'T', log_abs_determinant: 'T' },
  attrs: { T: type(['float16', 'float32', 'float64', 'complex64', 'complex128']) },
  infer(t) {
    const shape = withoutMatrices(t);
    return { sign: shape, log_abs_determinant: shape };
  },
  gradient({ log_abs_determinant: dy }, { input, log_abs_determinant }) {
    const inverse = matrixInverse(input, { adjoint: true });
    return { input: times(asMatrices(dy, log_abs_determinant), inverse) };
  },
  reference({ input, sign, log_abs_determinant }, { T }) {
    const n = input.shape.at(-1)!;
    const { round } = precisionOf(T);
    for (let i = 0; i < sign.size; i++) {
      const [positive, size] = logDeterminant(part(input, i, n * n), n, round);
      sign.data[i] = positive;
      log_abs_determinant.data[i] = size;
    }
  },
});
export interface LogDeterminant {
  readonly sign: Tensor;
  readonly logAbsDeterminant: Tensor;
}
/** The signs of the determinants and the logarithms of their sizes. @tensorflow tf.linalg.slogdet */
export function logMatrixDeterminant(input: TensorLike, { name }: Named = {}): LogDeterminant {
  const { sign, log_abs_determinant } = LogMatrixDeterminant({ input }, {}, name);
  return { sign, logAbsDeterminant: log_abs_determinant };
}

/** log(det) of positive definite matrices, by their Cholesky factors. @tensorflow tf.linalg.logdet */
export function logdet(matrix: TensorLike, { name = 'logdet' }: Named = {}): Tensor {
  return graphOf([matrix]).nameScope(name, () => {
    const diagonal = matrixDiagPart(cholesky(matrix));
    return times(2, reduceSum(log(diagonal), { axis: i32([-1]) }));
  });
}

// ---- Cholesky -----------------------------------------------------------------------------------------------------

const Cholesky = defineOp({
  name: 'Cholesky',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(MATRICES) },
  infer: sameSquares,
  gradient({ output: dy }, { output: l }) {
    const rows = shapeOf(l).at(-1);
    const batchShape = shapeOf(l).at(s(null, -2));
    const inverse = matrixTriangularSolve(l, eye(rows, { batchShape, dtype: l.dtype }));
    const product = matmul(l, dy, { adjointA: true });
    const halved = matrixSetDiag(product, times(0.5, matrixDiagPart(product)));
    const middle = matrixBandPart(halved, -1, 0);
    const slope = matmul(matmul(inverse, middle, { adjointA: true }), inverse);
    return { input: times(plus(slope, adjoint(slope)), 0.5) };
  },
  reference({ input, output }, { T }) {
    const n = input.shape.at(-1)!;
    const { round } = precisionOf(T);
    for (let i = 0; i < batches(input); i++) put(output, i, choleskyOf(part(input, i, n * n), n, round));
  },
});
/**
 * Lower triangles L with L L' = input. A run raises InvalidArgument unless the matrices are positive definite.
 * @tensorflow tf.cholesky
 */
export function cholesky(input: TensorLike, { name }: Named = {}): Tensor {
  return Cholesky({ input }, {}, name).output;
}
/** Solves A X = rhs given `chol`, the Cholesky factors of A. @tensorflow tf.cholesky_solve */
export function choleskySolve(chol: TensorLike, rhs: TensorLike, { name = 'cholesky_solve' }: Named = {}): Tensor {
  return graphOf([chol, rhs]).nameScope(name, () => {
    const y = matrixTriangularSolve(chol, rhs, { adjoint: false, lower: true });
    return matrixTriangularSolve(chol, y, { adjoint: true, lower: true });
  });
}

// ---- systems ------------------------------------------------------------------------------------------------------

interface System {
  readonly matrix: Known;
  readonly rhs: Known;
}
/** The shape of X with A X = B; `mustBeSquare`: A is square. */
export function solution({ matrix, rhs }: System, mustBeSquare: boolean): Shape {
  const a = matrices(matrix);
  const b = atLeastRank(rhs.shape, 2, 'All input tensors must have the same rank.');
  if (!a || !b) return null;
  const lead = merge(a.slice(0, -2), b.slice(0, -2)) as Dims;
  const [m, n, k] = [a.at(-2)!, a.at(-1)!, b.at(-2)!];
  const rows = mustBeSquare ? sameDim(m, n, 'First input (lhs) must be a square matrix.') : m;
  sameDim(rows, k, 'Input matrix and rhs are incompatible.');
  return [...lead, mustBeSquare ? (rows ?? k) : n, b.at(-1)!];
}
/** The gradients for A and B of the solution X, whose own gradient solved with the other A is `back`. */
function solvedGradients(back: Tensor, x: Tensor, turned: boolean): Tensor {
  return negate(turned ? matmul(x, back, { adjointB: true }) : matmul(back, x, { adjointB: true }));
}

const MatrixSolve = defineOp({
  name: 'MatrixSolve',
  inputs: { matrix: 'T', rhs: 'T' },
  outputs: { output: 'T' },
  attrs: { adjoint: bool(false), T: type(MATRICES) },
  infer: (t) => ({ output: solution(t, true) }),
  gradient({ output: dy }, { matrix, output }, attrs) {
    const back = matrixSolve(matrix, dy, { adjoint: !attrs.adjoint });
    return { matrix: solvedGradients(back, output, attrs.adjoint), rhs: back };
  },
  reference({ matrix, rhs, output }, attrs) {
    const [n, k] = [matrix.shape.at(-1)!, rhs.shape.at(-1)!];
    const { round } = precisionOf(attrs.T);
    if (n === 0 || k === 0) return;
    for (let i = 0; i < batches(matrix); i++) {
      const a = part(matrix, i, n * n);
      const lu = luOf(attrs.adjoint ? transposed(a, n, n) : a, n, round);
      put(output, i, luSolve(lu, part(rhs, i, n * k), n, k));
    }
  },
});
/** X with matrix . X = rhs. A run raises InvalidArgument where there is no inverse. @tensorflow tf.matrix_solve */
export function matrixSolve(matrix: TensorLike, rhs: TensorLike, options: AdjointOptions = {}): Tensor {
  return MatrixSolve({ matrix, rhs }, { adjoint: options.adjoint }, options.name).output;
}

const MatrixTriangularSolve = defineOp({
  name: 'MatrixTriangularSolve',
  inputs: { matrix: 'T', rhs: 'T' },
  outputs: { output: 'T' },
  attrs: { lower: bool(true), adjoint: bool(false), T: type(MATRICES) },
  infer: (t) => ({ output: solution(t, true) }),
  gradient({ output: dy }, { matrix, output }, attrs) {
    const { lower } = attrs;
    const back = matrixTriangularSolve(matrix, dy, { lower, adjoint: !attrs.adjoint });
    const slope = solvedGradients(back, output, attrs.adjoint);
    return { matrix: lower ? matrixBandPart(slope, -1, 0) : matrixBandPart(slope, 0, -1), rhs: back };
  },
  reference({ matrix, rhs, output }, attrs) {
    const [n, k] = [matrix.shape.at(-1)!, rhs.shape.at(-1)!];
    if (n === 0 || k === 0) return;
    for (let i = 0; i < batches(matrix); i++) {
      const a = part(matrix, i, n * n);
      for (let d = 0; d < n; d++) if (!(Math.abs(a[d * n + d]!) > 0)) throw notInvertible();
      const x = part(rhs, i, n * k);
      substitute(a, x, n, k, { lower: attrs.lower, turned: attrs.adjoint });
      put(output, i, x);
    }
  },
});
export interface TriangularOptions extends AdjointOptions {
  /** The lower triangle counts, which is the default; else the upper one. */
  readonly lower?: boolean | undefined;
}
/** X with matrix . X = rhs, of triangles. @tensorflow tf.matrix_triangular_solve */
export function matrixTriangularSolve(matrix: TensorLike, rhs: TensorLike, options: TriangularOptions = {}): Tensor {
  const { lower = true, adjoint: turned = false, name } = options;
  return MatrixTriangularSolve({ matrix, rhs }, { lower, adjoint: turned }, name).output;
}
