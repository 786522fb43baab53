/** @file tf.debugging */

export {
  assertEqual,
  assertGreater,
  assertGreaterEqual,
  assertInteger,
  assertLess,
  assertLessEqual,
  assertNear,
  assertNegative,
  assertNoneEqual,
  assertNonNegative,
  assertNonPositive,
  assertPositive,
  assertRank,
  assertRankAtLeast,
  assertRankIn,
  assertSameFloatDtype,
  assertScalar,
  assertType,
  isNonDecreasing,
  isNumericTensor,
  isStrictlyIncreasing,
} from '../ops/assertions';
export { checkNumerics, verifyTensorAllFinite as assertAllFinite } from '../ops/check_numerics';
export { isFinite, isInf, isNan } from '../ops/compare';
export { Assert } from '../ops/control';
export { assertProperIterable, assertShapes } from '../ops/shape_assertions';
