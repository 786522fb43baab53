/** @file Eigenvalues and singular values of the matrices in the last two dimensions. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { merge } from '../value/shape';
import { type Named, shapeOf, zerosLike } from './array';
import { precisionOf } from './decompositions';
import { eigenOf, singularOf } from './eigen_values';
import { type Dim, i32 } from './expect';
import { matmul } from './linear';
import { adjoint, batches, MATRICES, matrices, part, put, square } from './linear_algebra';
import { eye, matrixBandPart, matrixDiag, matrixDiagPart, matrixSetDiag } from './matrix';
import { minus, plus, times } from './operators';
import { matrixTranspose } from './permute';
import { expandDims } from './shape';
import { ellipsis, s } from './slice';
import { reciprocal, square as squareOf } from './unary';

// ---- eigenvalues --------------------------------------------------------------------------------------------------

const SelfAdjointEigV2 = defineOp({
  name: 'SelfAdjointEigV2',
  inputs: { input: 'T' },
  outputs: { e: 'T', v: 'T' },
  attrs: { compute_v: bool(true), T: type(MATRICES) },
  infer({ input }, { compute_v }) {
    const found = square(input);
    if (!found) return { e: null, v: compute_v ? null : [0] };
    const { lead, n } = found;
    return { e: [...lead, n], v: compute_v ? [...lead, n, n] : [0] };
  },
  gradient({ e: de, v: dv }, { input, e, v }, { compute_v }) {
    return input.graph.controlDependencies([de, dv], () => {
      const slope = compute_v ? withVectors(de, dv, e, v) : withoutVectors(de, input);
      const lower = matrixBandPart(plus(slope, adjoint(slope)), -1, 0);
      return { input: matrixSetDiag(lower, times(0.5, matrixDiagPart(lower))) };
    });
  },
  reference({ input, e, v }, { compute_v, T }) {
    const n = input.shape.at(-1)!;
    const { epsilon } = precisionOf(T);
    for (let i = 0; i < batches(input); i++) {
      const found = eigenOf(part(input, i, n * n), n, epsilon);
      if (!found) {
        const words = 'Self-adjoint eigen decomposition was not successful. The input might not be valid.';
        throw new GraphError('InvalidArgument', words);
      }
      put(e, i, found.values);
      if (compute_v) put(v, i, found.vectors);
    }
  },
});
function withVectors(de: Tensor, dv: Tensor, e: Tensor, v: Tensor): Tensor {
  const gaps = minus(expandDims(e, i32(-2)), expandDims(e, i32(-1)));
  const f = matrixSetDiag(reciprocal(gaps), zerosLike(e));
  const inner = plus(matrixDiag(de), times(f, matmul(v, dv, { adjointA: true })));
  return matmul(v, matmul(inner, v, { adjointB: true }));
}
function withoutVectors(de: Tensor, input: Tensor): Tensor {
  const { v } = selfAdjointEig(input);
  return matmul(v, matmul(matrixDiag(de), v, { adjointB: true }));
}
/**
 * Eigenvalues `e`, ascending, and eigenvectors `v`, by columns, of symmetric matrices; the lower triangles are read.
 * @tensorflow tf.self_adjoint_eig
 */
export function selfAdjointEig(tensor: TensorLike, { name }: Named = {}): { readonly e: Tensor; readonly v: Tensor } {
  const { e, v } = SelfAdjointEigV2({ input: tensor }, { compute_v: true }, name);
  return { e, v };
}
/** The eigenvalues of symmetric matrices, ascending. @tensorflow tf.self_adjoint_eigvals */
export function selfAdjointEigvals(tensor: TensorLike, { name }: Named = {}): Tensor {
  return SelfAdjointEigV2({ input: tensor }, { compute_v: false }, name).e;
}

// ---- singular values ----------------------------------------------------------------------------------------------

const Svd = defineOp({
  name: 'Svd',
  inputs: { input: 'T' },
  outputs: { s: 'T', u: 'T', v: 'T' },
  attrs: { compute_uv: bool(true), full_matrices: bool(false), T: type(MATRICES) },
  infer({ input }, { compute_uv, full_matrices }) {
    const shape = matrices(input);
    if (!shape) return compute_uv ? { s: null, u: null, v: null } : { s: null, u: [0], v: [0] };
    const [m, n] = shape.slice(-2) as [Dim, Dim];
    const lead = shape.slice(0, -2);
    const p = m === 0 || n === 0 ? 0 : m === null || n === null ? null : Math.min(m, n);
    if (!compute_uv) return { s: [...lead, p], u: [0], v: [0] };
    return { s: [...lead, p], u: [...lead, m, full_matrices ? m : p], v: [...lead, n, full_matrices ? n : p] };
  },
  gradient({ s: ds, u: du, v: dv }, { input, s: values, u, v }, { compute_uv, full_matrices }) {
    const diagonal = matrixDiag(ds);
    if (!compute_uv) {
      const whole = svd(input, { computeUv: true });
      const slope = matmul(whole.u, matmul(diagonal, whole.v, { adjointB: true }));
      slope.setShape(input.shape);
      return { input: slope };
    }
    const [a, b, c] = [input.shape, du.shape, dv.shape];
    const m = (merge([a?.at(-2) ?? null], [b?.at(-2) ?? null]) as Dim[])[0]!;
    const n = (merge([a?.at(-1) ?? null], [c?.at(-2) ?? null]) as Dim[])[0]!;
    if (m === null || n === null || m === undefined || n === undefined) {
      throw new GraphError(
        'Unimplemented',
        'SVD gradient has not been implemented for input with unknown inner matrix shape.',
      );
    }
    const slope = vectorGradient({ diagonal, ds, du, dv, values, u, v, full: full_matrices }, m, n);
    slope.setShape(a && [...a.slice(0, -2), m, n]);
    return { input: slope };
  },
  reference({ input, s: values, u, v }, { compute_uv, full_matrices, T }) {
    const [m, n] = input.shape.slice(-2) as [number, number];
    const { epsilon } = precisionOf(T);
    for (let i = 0; i < batches(input); i++) {
      const found = singularOf(part(input, i, m * n), m, n, full_matrices, epsilon);
      put(values, i, found.values);
      if (!compute_uv) continue;
      put(u, i, found.u);
      put(v, i, found.v);
    }
  },
});
interface Vectors {
  readonly diagonal: Tensor;
  readonly ds: Tensor;
  readonly du: Tensor;
  readonly dv: Tensor;
  readonly values: Tensor;
  readonly u: Tensor;
  readonly v: Tensor;
  readonly full: boolean;
}
/** Giles' formula; a matrix with more rows than columns is taken by its transpose. */
function vectorGradient(t: Vectors, rows: number, columns: number): Tensor {
  const { values, full, diagonal } = t;
  const turned = rows > columns;
  const [m, n] = turned ? [columns, rows] : [rows, columns];
  const [u, v, du, dv] = turned ? [t.v, t.u, t.dv, t.du] : [t.u, t.v, t.du, t.dv];
  return values.graph.controlDependencies([t.ds, t.du, t.dv], () => {
    if (full && Math.abs(m - n) > 1) {
      throw new GraphError(
        'Unimplemented',
        'svd gradient is not implemented for abs(m - n) > 1 when full_matrices is True',
      );
    }
    const matrix = matrixDiag(values);
    const squares = squareOf(values);
    const sizes = shapeOf(values);
    const rowCount = sizes.at(-1);
    const identity = eye(rowCount, { batchShape: sizes.at(s(null, -1)), dtype: values.dtype });
    const gaps = minus(expandDims(squares, i32(-2)), expandDims(squares, i32(-1)));
    const f = matrixSetDiag(reciprocal(plus(gaps, identity)), zerosLike(values));
    const inverse = matrixDiag(reciprocal(values));
    const v1 = v.at(ellipsis, s(), s(null, m));
    const dv1 = dv.at(ellipsis, s(), s(null, m));
    const uu = matmul(u, du, { adjointA: true });
    const vv = matmul(v1, dv1, { adjointA: true });
    const fu = times(f, uu);
    const fv = times(f, vv);
    const left = plus(diagonal, matmul(plus(fu, adjoint(fu)), matrix));
    const inner = plus(left, matmul(matrix, plus(fv, adjoint(fv))));
    let slope = matmul(u, matmul(inner, v1, { adjointB: true }));
    if (m !== n) {
      const back = matrixTranspose(dv1);
      let rest = minus(back, matmul(matmul(back, v1), v1, { adjointB: true }));
      if (full) {
        const v2 = v.at(ellipsis, s(), s(m, n));
        const dv2 = dv.at(ellipsis, s(), s(m, n));
        rest = minus(rest, matmul(matmul(v1, dv2, { adjointA: true }), v2, { adjointB: true }));
      }
      slope = plus(slope, matmul(matmul(u, inverse), rest));
    }
    return turned ? matrixTranspose(slope) : slope;
  });
}
export interface SvdOptions extends Named {
  /** u and v are square. */
  readonly fullMatrices?: boolean | undefined;
  /** true by default. */
  readonly computeUv?: boolean | undefined;
}
export interface SingularValues {
  /** Descending. */
  readonly s: Tensor;
  readonly u: Tensor;
  readonly v: Tensor;
}
/** tensor = u . diag(s) . v', with u and v by columns; without `computeUv` only `s` counts. @tensorflow tf.svd */
export function svd(tensor: TensorLike, options: SvdOptions = {}): SingularValues {
  const { fullMatrices = false, computeUv = true, name } = options;
  const { s: values, u, v } = Svd({ input: tensor }, { compute_uv: computeUv, full_matrices: fullMatrices }, name);
  return { s: values, u, v };
}
