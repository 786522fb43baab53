/** @file Systems with more or fewer equations than unknowns. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { bytesOf } from '../value/dtype';
import { isFull, type Shape, sizeOf } from '../value/shape';
import { type Named, shapeOf } from './array';
import { cast } from './cast';
import { cond } from './cond';
import { choleskyOf, type Matrix, precisionOf, substitute, transposed } from './decompositions';
import { singularOf } from './eigen_values';
import { matmul } from './linear';
import { batches, cholesky, choleskySolve, MATRICES, part, put, solution } from './linear_algebra';
import { eye } from './matrix';
import { minus, negate, plus, times } from './operators';
import { matrixTranspose } from './permute';
import { s } from './slice';

/** The Cholesky factor of A'A, or of AA', with `regularizer` on the diagonal. */
function gramian(a: Tensor, regularizer: TensorLike, overdetermined: boolean): Tensor {
  const product = matmul(a, a, { adjointA: overdetermined, adjointB: !overdetermined });
  if (regularizer === 0) return cholesky(product);
  const sizes = shapeOf(a);
  const batchShape = sizes.at(s(null, -2));
  const identity = eye(sizes.at(overdetermined ? -1 : -2), { batchShape, dtype: a.dtype });
  const small = a.shape?.at(overdetermined ? -1 : -2) ?? null;
  if (a.shape) identity.setShape([...a.shape.slice(0, -2), small, small]);
  return cholesky(plus(product, times(regularizer, identity)));
}
type Solve<R> = (overdetermined: boolean) => R;
/** Decides by the numbers of rows and columns, in the run where they are not known before. */
function byShape<R>(a: Tensor, solve: Solve<R>): R {
  const known = a.shape?.slice(-2) ?? null;
  if (isFull(known)) return solve(known[0]! >= known[1]!);
  const sizes = shapeOf(a).at(s(-2));
  const more = sizes.at(-2).greaterEqual(sizes.at(-1));
  return cond(
    more,
    () => solve(true) as never,
    () => solve(false) as never,
  ) as R;
}

const MatrixSolveLs = defineOp({
  name: 'MatrixSolveLs',
  inputs: { matrix: 'T', rhs: 'T', l2_regularizer: 'float64' },
  outputs: { output: 'T' },
  attrs: { T: type(MATRICES), fast: bool(true) },
  infer: (t) => ({ output: solution(t, false) }),
  gradient({ output: dy }, { matrix: a, rhs: b, output: x, l2_regularizer }, { fast }) {
    if (!fast) throw new GraphError('Value', 'Gradient not defined for fast=False');
    const [da, db] = byShape(a, (overdetermined) => {
      const chol = gramian(a, cast(l2_regularizer, a.dtype), overdetermined);
      if (overdetermined) {
        const z = choleskySolve(chol, dy);
        const xz = matmul(x, z, { adjointB: true });
        const both = plus(xz, matrixTranspose(xz));
        const slope = plus(negate(matmul(a, both)), matmul(b, z, { adjointB: true }));
        return [slope, matmul(a, z)] as const;
      }
      const back = choleskySolve(chol, matmul(a, dy));
      const solved = choleskySolve(chol, b);
      const first = negate(matmul(back, matmul(solved, a, { adjointA: true })));
      const rest = minus(dy, matmul(a, back, { adjointA: true }));
      return [plus(first, matmul(solved, rest, { adjointB: true })), back] as const;
    });
    return { matrix: da, rhs: db };
  },
  reference({ matrix, rhs, l2_regularizer, output }, { T, fast }) {
    const [m, n] = matrix.shape.slice(-2) as [number, number];
    const k = rhs.shape.at(-1)!;
    const { epsilon } = precisionOf(T);
    const regularizer = l2_regularizer.data[0]!;
    for (let i = 0; i < batches(matrix); i++) {
      const [a, b] = [part(matrix, i, m * n), part(rhs, i, m * k)];
      put(output, i, fast ? normalEquations(a, b, m, n, k, regularizer) : pseudoInverse(a, b, m, n, k, epsilon));
    }
  },
});
function product(a: Matrix, b: Matrix, m: number, n: number, k: number): Matrix {
  const c = new Float64Array(m * k);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) c[i * k + l]! += a[i * n + j]! * b[j * k + l]!;
  return c;
}
function normalEquations(a: Matrix, b: Matrix, m: number, n: number, k: number, regularizer: number): Matrix {
  const turned = transposed(a, m, n);
  const small = Math.min(m, n);
  const square = m >= n ? product(turned, a, n, m, n) : product(a, turned, m, n, m);
  for (let i = 0; i < small; i++) square[i * small + i]! += regularizer;
  const l = choleskyOf(square, small, (x) => x);
  const x = m >= n ? product(turned, b, n, m, k) : b;
  substitute(l, x, small, k, { lower: true, turned: false });
  substitute(l, x, small, k, { lower: true, turned: true });
  return m >= n ? x : product(turned, x, n, m, k);
}
/** The shortest of the best solutions. */
function pseudoInverse(a: Matrix, b: Matrix, m: number, n: number, k: number, epsilon: number): Matrix {
  const { values, u, v } = singularOf(a, m, n, false, 2 ** -52);
  const r = values.length;
  const c = product(transposed(u, m, r), b, r, m, k);
  const bound = (values[0] ?? 0) * epsilon * r;
  for (let i = 0; i < r; i++)
    for (let j = 0; j < k; j++) c[i * k + j] = values[i]! > bound ? c[i * k + j]! / values[i]! : 0;
  return product(v, c, n, r, k);
}

export interface LeastSquaresOptions extends Named {
  /** Added to the diagonal of the normal equations; 0 by default. */
  readonly l2Regularizer?: TensorLike | undefined;
  /** By the normal equations, which is the default; else the shortest solution, even of deficient rank. */
  readonly fast?: boolean | undefined;
}
/** What one op does better than many: large batches of small matrices. */
const isLarge = (shape: Shape, bytes: number): boolean =>
  isFull(shape) && sizeOf(shape) * bytes > 256000 && sizeOf(shape.slice(0, -2)) > Math.min(...shape.slice(-2));

/**
 * X that comes nearest to matrix . X = rhs, by least squares. Composed of other ops unless `fast` is false.
 * @tensorflow tf.matrix_solve_ls
 */
export function matrixSolveLs(matrix: TensorLike, rhs: TensorLike, options: LeastSquaresOptions = {}): Tensor {
  const { l2Regularizer = 0, fast = true, name } = options;
  const graph = graphOf([matrix, rhs, l2Regularizer]);
  const a = convertToTensor(matrix, { name: 'matrix' }, graph);
  if (a.dtype === 'complex128' && (isTensorLike(l2Regularizer) || l2Regularizer !== 0)) {
    const words = 'matrix_solve_ls is currently disabled for complex128 and l2_regularizer != 0 due to poor accuracy.';
    throw new GraphError('Unimplemented', words);
  }
  if (!fast || isLarge(a.shape, bytesOf(a.dtype))) {
    return MatrixSolveLs({ matrix: a, rhs, l2_regularizer: l2Regularizer }, { fast }, name).output;
  }
  return graph.nameScope(name ?? 'matrix_solve_ls', () =>
    byShape(a, (overdetermined) => {
      const chol = gramian(a, l2Regularizer, overdetermined);
      if (overdetermined) return choleskySolve(chol, matmul(a, rhs, { adjointA: true }));
      return matmul(a, choleskySolve(chol, rhs), { adjointA: true });
    }),
  );
}
