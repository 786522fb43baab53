/** @file tf.linalg */
export { l2Normalize } from '../ops/batch_norm';
export { globalNorm } from '../ops/clip';
export { cross } from '../ops/cross';
export { einsum } from '../ops/einsum';
export { matmul, tensordot } from '../ops/linear';
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
