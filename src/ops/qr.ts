/** @file The QR decomposition. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Named } from './array';
import { productOf, type Reflection, reflect, reflectionOf } from './decompositions';
import type { Dim } from './expect';
import { matmul } from './linear';
import { adjoint, batches, MATRICES, matrices, matrixTriangularSolve, part, put } from './linear_algebra';
import { matrixBandPart } from './matrix';
import { minus, plus } from './operators';
import { qrFloat } from './qr_float';

const Qr = defineOp({
  name: 'Qr',
  inputs: { input: 'T' },
  outputs: { q: 'T', r: 'T' },
  attrs: { full_matrices: bool(false), T: type(MATRICES) },
  infer({ input }, { full_matrices }) {
    const shape = matrices(input);
    if (!shape) return { q: null, r: null };
    const [m, n] = shape.slice(-2) as [Dim, Dim];
    const k = full_matrices ? m : m === null || n === null ? null : Math.min(m, n);
    const lead = shape.slice(0, -2);
    return { q: [...lead, m, k], r: [...lead, k, n] };
  },
  gradient({ q: dq, r: dr }, { q, r }) {
    const [rows, columns] = r.shape?.slice(-2) ?? [null, null];
    if (rows == null || columns == null) {
      throw new GraphError('Unimplemented', 'QrGrad not implemented with dynamic shapes.');
    }
    if (rows !== columns) {
      const words = 'QrGrad not implemented when ncols > nrows or full_matrices is true and ncols != nrows.';
      throw new GraphError('Unimplemented', words);
    }
    const qdq = matmul(q, dq, { adjointA: true });
    const left = minus(qdq, adjoint(qdq));
    const rdr = matmul(r, dr, { adjointB: true });
    const right = minus(rdr, adjoint(rdr));
    const lower = matrixBandPart(plus(left, right), -1, 0);
    const solve = (x: Tensor) => adjoint(matrixTriangularSolve(r, adjoint(x), { lower: false, adjoint: false }));
    const inside = matmul(q, plus(dr, solve(lower)));
    return { input: plus(inside, solve(minus(dq, matmul(q, qdq)))) };
  },
  reference({ input, q, r }, { full_matrices }) {
    const [m, n] = input.shape.slice(-2) as [number, number];
    const k = full_matrices ? m : Math.min(m, n);
    for (let b = 0; b < batches(input); b++) {
      if (input.dtype === 'float32') {
        const cells = Float32Array.from(input.data.subarray(b * m * n, (b + 1) * m * n));
        q.data.set(qrFloat(cells, m, n, k), b * m * k);
        r.data.set(cells.subarray(0, k * n), b * k * n);
        continue;
      }
      const a = part(input, b, m * n);
      const reflections: Reflection[] = [];
      for (let j = 0; j < Math.min(m, n); j++) {
        const h = reflectionOf(Float64Array.from({ length: m - j }, (_, i) => a[(j + i) * n + j]!));
        reflections.push(h);
        reflect(h, a, n, j, j);
        a[j * n + j] = h.beta;
        for (let i = j + 1; i < m; i++) a[i * n + j] = 0;
      }
      put(q, b, productOf(reflections, m, k));
      put(r, b, a.slice(0, k * n));
    }
  },
});

export interface QrOptions extends Named {
  /** q is square. */
  readonly fullMatrices?: boolean | undefined;
}
/** input = q . r with orthonormal columns in q and an upper triangle r. @tensorflow tf.qr */
export function qr(input: TensorLike, options: QrOptions = {}): { readonly q: Tensor; readonly r: Tensor } {
  const { q, r } = Qr({ input }, { full_matrices: options.fullMatrices }, options.name);
  return { q, r };
}
