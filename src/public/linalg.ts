/** @file tf.linalg */
export { l2Normalize } from '../ops/batch_norm';
export { globalNorm } from '../ops/clip';
export { cross } from '../ops/cross';
export { einsum } from '../ops/einsum';
export { matrixSolveLs as lstsq } from '../ops/least_squares';
export { matmul, tensordot } from '../ops/linear';
export {
  adjoint,
  cholesky,
  choleskySolve,
  logdet,
  logMatrixDeterminant as slogdet,
  matrixDeterminant as det,
  matrixInverse as inv,
  matrixSolve as solve,
  matrixTriangularSolve as triangularSolve,
} from '../ops/linear_algebra';
export {
  diag as tensorDiag,
  diagPart as tensorDiagPart,
  eye,
  matrixBandPart as bandPart,
  matrixDiag as diag,
  matrixDiagPart as diagPart,
  matrixSetDiag as setDiag,
  trace,
} from '../ops/matrix';
export { norm } from '../ops/norm';
export { matrixTranspose, matrixTranspose as transpose } from '../ops/permute';
export { qr } from '../ops/qr';
export { selfAdjointEig as eigh, selfAdjointEigvals as eigvalsh, svd } from '../ops/spectral';
