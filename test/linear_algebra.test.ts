/** @file Inverses, factors, eigenvalues and singular values: figures and errors from TensorFlow 1.15.5. */
import * as tf from '../src';
import { matrixSolveLs } from '../src/ops/least_squares';
import {
  cholesky,
  choleskySolve,
  logdet,
  matrixDeterminant,
  matrixInverse,
  matrixSolve,
  matrixTriangularSolve,
} from '../src/ops/linear_algebra';
import { qr } from '../src/ops/qr';
import { selfAdjointEig, svd } from '../src/ops/spectral';

beforeEach(() => tf.resetDefaultGraph());
async function run(...tensors: tf.Tensor[]): Promise<number[][]> {
  const session = new tf.Session();
  try {
    const values = await session.run(tensors);
    return values.map((v) => Array.from(v.data as ArrayLike<number>, Number));
  } finally {
    session.close();
  }
}
const near = (got: number[], wanted: number[]) => {
  expect(got).toHaveLength(wanted.length);
  wanted.forEach((x, i) => {
    expect(Math.abs(got[i]! - x)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(x)));
  });
};

const A = [
  [4, 1, -0.5],
  [1, 3, 0.2],
  [-0.5, 0.2, 2],
];
const B = [[1], [2], [3]];
const slope = (y: tf.Tensor | tf.Tensor[], x: tf.Tensor) => tf.gradients(y, [x])[0] as tf.Tensor;

test('a square system is inverted, solved and measured', async () => {
  const a = tf.constant(A);
  const x = matrixSolve(a, B);
  const all = [matrixInverse(a), matrixDeterminant(a), x, matrixTriangularSolve(a, B), slope(x, a)];
  const [inverse, determinant, solved, triangular, dx] = await run(...all);
  near(inverse!.slice(0, 5), [0.285304, -0.1005266, 0.08137865, -0.1005266, 0.3709909]);
  near(determinant!, [20.89]);
  near(solved!, [0.3283868, 0.4547631, 1.53662]);
  near(triangular!, [0.25, 0.5833334, 1.504167]);
  near(dx!.slice(0, 4), [-0.08740213, -0.1210379, -0.4089808, -0.06838117]);
});
test('Cholesky factors solve, measure and have a gradient', async () => {
  const a = tf.constant(A);
  const l = cholesky(a);
  const [factor, x, log, dl] = await run(l, choleskySolve(l, B), logdet(a), slope(l, a));
  near(factor!, [2, 0, 0, 0.5, 1.658312, 0, -0.25, 0.1959824, 1.378075]);
  near(x!, [0.3283868, 0.4547631, 1.53662]);
  near(log!, [3.039271]);
  near(dl!, [0.2251887, 0.2145926, 0.2306951, 0.2145926, 0.2709458, 0.2586321, 0.2306951, 0.2586321, 0.3628249]);
});
test('eigenvectors have the signs of TensorFlow', async () => {
  const a = tf.constant(A);
  const { e, v } = selfAdjointEig(a);
  const [values, vectors, dv] = await run(e, v, slope(tf.pow(v, 3), a));
  near(values!, [1.692876, 2.649283, 4.657837]);
  near(vectors!.slice(0, 6), [-0.3570192, -0.373312, 0.8562565, 0.4021353, 0.7659463, 0.5016103]);
  near(dv!, [0.09540058, 0, 0, 0.2921432, -0.7926551, 0, -0.3427795, 0.6916013, 0.697255]);
});
test('a tall matrix is taken apart by QR and singular values, and fitted by least squares', async () => {
  const a = tf.constant(A.map((row) => row.slice(0, 2)));
  const { q, r } = qr(a);
  const { s, u, v } = svd(a);
  const fit = matrixSolveLs(a, B);
  const [qs, rs, ss, us, vs, xs] = await run(q, r, s, u, v, fit);
  near(qs!, [-0.9630868, 0.2223748, -0.2407717, -0.9636242, 0.1203859, -0.1482498]);
  near(rs!, [-4.153312, -1.661325, 0, -2.698148]);
  near(ss!, [4.629254, 2.420747]);
  near(us!, [0.8509643, -0.5028386, 0.5205388, 0.8459208, -0.06999446, 0.1776839]);
  near(vs!, [0.8552985, -0.5181358, 0.5181358, 0.8552985]);
  near(xs!, [-0.05781176, 0.7967033]);
  const [dq, du] = await run(slope([tf.square(q), r], a), slope([s, tf.pow(u, 3)], a));
  near(dq!, [-0.9075737, -0.740712, -0.4813286, -1.204396, 0.08337712, -0.027864]);
  near(du!, [1.420664, -0.0641685, -0.3732604, 0.5609733, -0.2077341, 0.08992863]);
});
test.each([
  ['an inverse', matrixInverse, 'Input is not invertible.'],
  ['a Cholesky factor', cholesky, 'Cholesky decomposition was not successful. The input might not be valid.'],
])('a singular matrix has no %s: the run says so and works on', async (_name, op, words) => {
  const x = tf.placeholder('float32', [2, 2]);
  const y = op(x);
  const session = new tf.Session();
  const fed = (m: number[][]) => session.run(y, { feedDict: [[x, m]] });
  const singular = [
    [1, 2],
    [2, 4],
  ];
  await expect(fed(singular)).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining(words),
  });
  const one = [
    [1, 0],
    [0, 1],
  ];
  expect(Array.from((await fed(one)).data as ArrayLike<number>)).toEqual([1, 0, 0, 1]);
  session.close();
});
test('a matrix that is not square is refused when the graph is built, or in the run', async () => {
  const words = "Dimensions must be equal, but are 2 and 3 for 'MatrixInverse' (op: 'MatrixInverse')";
  expect(() => matrixInverse(tf.zeros([2, 3]))).toThrow(words);
  const x = tf.placeholder('float32');
  const session = new tf.Session();
  const rows = [[1, 2, 3]];
  const late = session.run(matrixInverse(x), { feedDict: [[x, rows]] });
  await expect(late).rejects.toThrow('Input matrix must be square.');
  session.close();
});
