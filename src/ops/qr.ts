/** @file The QR decomposition. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Named } from './array';

const Qr = defineOp({
  name: 'Qr',
  inputs: { input: 'T' },
  outputs: { q: 'T', r: 'T' },
  attrs: { full_matrices: bool(false), T: type(['float32', 'float64', 'float16']) },
  infer({ input: { shape } }) {
    if (!shape) return { q: null, r: null };
    const [m, n] = [shape.at(-2) ?? null, shape.at(-1) ?? null];
    const k = m === null || n === null ? null : Math.min(m, n);
    const lead = shape.slice(0, -2);
    return { q: [...lead, m, k], r: [...lead, k, n] };
  },
  gradient: 'missing',
  reference({ input, q, r }, { full_matrices }) {
    const [m, n] = input.shape.slice(-2) as [number, number];
    if (full_matrices && m > n) throw new GraphError('Unimplemented', 'Qr with full_matrices is not supported.');
    const k = Math.min(m, n);
    const many = input.shape.slice(0, -2).reduce((a, b) => a * b, 1);
    for (let b = 0; b < many; b++) {
      const a = Float64Array.from(input.data.slice(b * m * n, (b + 1) * m * n));
      decompose(
        a,
        m,
        n,
        k,
        (i, j, x) => {
          q.data[b * m * k + i * k + j] = x;
        },
        (i, j, x) => {
          r.data[b * k * n + i * n + j] = x;
        },
      );
    }
  },
});

/** Modified Gram-Schmidt, with the signs that reflections give: a diagonal below zero where the column starts above. */
function decompose(
  a: Float64Array,
  m: number,
  n: number,
  k: number,
  q: (i: number, j: number, x: number) => void,
  r: (i: number, j: number, x: number) => void,
): void {
  for (let j = 0; j < k; j++) {
    let norm = 0;
    for (let i = 0; i < m; i++) norm += a[i * n + j]! ** 2;
    norm = Math.sqrt(norm) * (a[j * n + j]! > 0 ? -1 : 1);
    for (let i = 0; i < j; i++) r(j, i, 0);
    r(j, j, norm);
    for (let i = 0; i < m; i++) {
      a[i * n + j] = norm === 0 ? 0 : a[i * n + j]! / norm;
      q(i, j, a[i * n + j]!);
    }
    for (let c = j + 1; c < n; c++) {
      let dot = 0;
      for (let i = 0; i < m; i++) dot += a[i * n + j]! * a[i * n + c]!;
      r(j, c, dot);
      for (let i = 0; i < m; i++) a[i * n + c]! -= dot * a[i * n + j]!;
    }
  }
}

/** input = q . r with orthonormal columns in q, as tf.linalg.qr. */
export function qr(input: TensorLike, { name }: Named = {}): { readonly q: Tensor; readonly r: Tensor } {
  const { q, r } = Qr({ input }, {}, name);
  return { q, r };
}
