/** @file tf.math */

export { logSoftmax, softmax, softplus, softsign } from '../ops/activations';
export { argmax, argmin } from '../ops/argmax';
export { accumulateN, add, addN, multiply, scalarMul, subtract } from '../ops/arithmetic';
export { isNonDecreasing, isStrictlyIncreasing } from '../ops/assertions';
export { l2Normalize, zeroFraction } from '../ops/batch_norm';
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  isInf,
  isNan,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  notEqual,
} from '../ops/compare';
export { confusionMatrix } from '../ops/confusion_matrix';
export { bincount, countNonzero } from '../ops/counting';
export { cumprod, cumsum } from '../ops/cumulative';
export { divide, divNoNan as divideNoNan, floordiv, mod, mod as floormod, truediv } from '../ops/division';
export { besselI0e, besselI1e, igamma, igammac, lbeta, polyval } from '../ops/gamma';
export { inTopK, invertPermutation, topK } from '../ops/gather';
export { atan2, maximum, minimum, pow, squaredDifference, xdivy, xlogy } from '../ops/pairs';
export {
  reduceAll,
  reduceAny,
  reduceEuclideanNorm,
  reduceLogsumexp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
} from '../ops/reduce';
export {
  segmentMax,
  segmentMean,
  segmentMin,
  segmentProd,
  segmentSum,
  unsortedSegmentMax,
  unsortedSegmentMin,
  unsortedSegmentProd,
  unsortedSegmentSum,
} from '../ops/segment';
export { digamma, erf, erfc, lgamma, polygamma, zeta } from '../ops/special';
export { reduceStd, reduceVariance } from '../ops/spread';
export {
  abs,
  ceil,
  exp,
  expm1,
  floor,
  log,
  log1p,
  logSigmoid,
  negative,
  reciprocal,
  rint,
  round,
  rsqrt,
  sigmoid,
  sign,
  sqrt,
  square,
} from '../ops/unary';
export { acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan, tanh } from '../ops/unary_trig';
