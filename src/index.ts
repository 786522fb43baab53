/** @file The public names, and nothing else. */

import { watch } from './training/warnings';
import type { DType as DTypeName } from './value/dtype';
import './ops/segment';
import './ops/convolution';
import './ops/scatter_state';
import './ops/bitwise';

export { TensorSpec } from './data/structure';
export { GraphError } from './errors';
export { AggregationMethod, gradients } from './gradients';
export { GraphKeys } from './graph/collections';
export { convertToTensor, type TensorLike } from './graph/convert';
export {
  addToCollection,
  addToCollections,
  colocateWith,
  controlDependencies,
  device,
  getCollection,
  getCollectionRef,
  initScope,
  nameScope,
} from './graph/default_graph';
export { type GradientRule, gradientOverrideMap, registerGradient } from './graph/gradient_rules';
export { Graph, getDefaultGraph, resetDefaultGraph, withGraph } from './graph/graph';
export { IndexedSlices } from './graph/indexed_slices';
export { Operation, Tensor } from './graph/operation';
export { prependNameScope, stripNameScope } from './graph/scoped_names';
export { hessians } from './hessians';
export { type ImportOptions, importGraphDef } from './interop/import_graph';
export { asGraphDef } from './interop/meta_graph';
export { logging } from './logging';
export { argmax, argmin } from './ops/argmax';
export { accumulateN, add, addN, multiply, scalarMul, subtract } from './ops/arithmetic';
export {
  constant,
  fill,
  identity,
  ones,
  onesLike,
  placeholder,
  placeholderWithDefault,
  reshape,
  shapeOf as shape,
  zeros,
  zerosLike,
} from './ops/array';
export * from './ops/assertions';
export { bitcast } from './ops/bitcast';
export { caseOf as case, smartCase } from './ops/case';
export { cast, saturateCast, toBfloat16, toDouble, toFloat, toInt32, toInt64 } from './ops/cast';
export { checkNumerics, verifyTensorAllFinite } from './ops/check_numerics';
export { clipByAverageNorm, clipByGlobalNorm, clipByNorm, clipByValue, globalNorm } from './ops/clip';
export {
  approximateEqual,
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
  where,
} from './ops/compare';
export { cond, smartCond } from './ops/cond';
export { confusionMatrix } from './ops/confusion_matrix';
export { Assert, noOp, Print, tuple, withDependencies } from './ops/control';
export { bincount, countNonzero, histogramFixedWidth, histogramFixedWidthBins } from './ops/counting';
export { cross } from './ops/cross';
export { cumprod, cumsum } from './ops/cumulative';
export { customGradient, type GradientFunction } from './ops/custom_gradient';
export {
  div,
  divide,
  divNoNan,
  floordiv,
  floormod,
  mod,
  realdiv,
  truediv,
  truncatediv,
  truncatemod,
} from './ops/division';
export { einsum } from './ops/einsum';
export { extractImagePatches } from './ops/extract_patches';
export { foldl, foldr, mapFn, scan } from './ops/functional';
export { igamma, igammac, lbeta } from './ops/gamma';
export {
  booleanMask,
  gather,
  gatherNd,
  invertPermutation,
  oneHot,
  searchsorted,
  setdiff1d,
  unique,
  uniqueWithCounts,
} from './ops/gather';
export { group } from './ops/group';
export { guaranteeConst, identityN, preventGradient, stopGradient } from './ops/identity';
export {
  constantInitializer,
  glorotNormalInitializer,
  glorotUniformInitializer,
  onesInitializer,
  randomNormalInitializer,
  randomUniformInitializer,
  truncatedNormalInitializer,
  uniformUnitScalingInitializer,
  varianceScalingInitializer,
  zerosInitializer,
} from './ops/initializers';
export { concat, split, stack, unstack } from './ops/join';
export { matrixSolveLs } from './ops/least_squares';
export { matmul, tensordot } from './ops/linear';
export {
  cholesky,
  choleskySolve,
  matrixDeterminant,
  matrixInverse,
  matrixSolve,
  matrixTriangularSolve,
} from './ops/linear_algebra';
export { diag, diagPart, eye, matrixBandPart, matrixDiag, matrixDiagPart, matrixSetDiag, trace } from './ops/matrix';
export { identityInitializer, orthogonalInitializer } from './ops/matrix_initializers';
export { norm } from './ops/norm';
export { pad, tile } from './ops/pad';
export { atan2, maximum, minimum, pow, squaredDifference, xdivy, xlogy } from './ops/pairs';
export { matrixTranspose, reverse, reverseSequence, roll, transpose } from './ops/permute';
export { print } from './ops/print';
export { pyFunc } from './ops/py_func';
export { qr } from './ops/qr';
export {
  categorical,
  multinomial,
  parameterizedTruncatedNormal,
  randomNormal,
  randomShuffle,
  randomUniform,
  statelessRandomNormal,
  statelessRandomUniform,
  statelessTruncatedNormal,
  truncatedNormal,
} from './ops/random';
export { randomCrop } from './ops/random_crop';
export { randomGamma, randomPoisson } from './ops/random_gamma';
export { linspace, meshgrid, range, sequenceMask } from './ops/range';
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
} from './ops/reduce';
export { noRegularizer } from './ops/regularizers';
export { batchGather, repeat } from './ops/repeat';
export {
  dynamicPartition,
  dynamicStitch,
  parallelDynamicStitch,
  scatterNd,
  sparseToDense,
  tensorScatterAdd,
  tensorScatterSub,
  tensorScatterUpdate,
} from './ops/scatter';
export {
  scatterAdd,
  scatterDiv,
  scatterMax,
  scatterMin,
  scatterMul,
  scatterNdAdd,
  scatterNdSub,
  scatterNdUpdate,
  scatterSub,
  scatterUpdate,
} from './ops/scatter_state';
export { getSeed, setRandomSeed } from './ops/seed';
export {
  segmentMax,
  segmentMean,
  segmentMin,
  segmentProd,
  segmentSum,
  sparseSegmentMean,
  sparseSegmentSqrtN,
  sparseSegmentSum,
  unsortedSegmentMax,
  unsortedSegmentMin,
  unsortedSegmentProd,
  unsortedSegmentSum,
} from './ops/segment';
export {
  broadcastDynamicShape,
  broadcastStaticShape,
  broadcastTo,
  ensureShape,
  expandDims,
  rank,
  shapeN,
  size,
  squeeze,
} from './ops/shape';
export { assertProperIterable } from './ops/shape_assertions';
export { ellipsis, newaxis, s, slice, stridedSlice } from './ops/slice';
export { argsort, sort } from './ops/sorting';
export { batchToSpaceNd, depthToSpace, requiredSpaceToBatchPaddings, spaceToBatchNd, spaceToDepth } from './ops/space';
export { digamma, erf, erfc, lgamma, polygamma, zeta } from './ops/special';
export { selfAdjointEig, selfAdjointEigvals, svd } from './ops/spectral';
export { assign, assignAdd, assignSub, countUpTo, isVariableInitialized } from './ops/state';
export { decodeRaw, reduceJoin } from './ops/string_join';
export {
  decodeBase64,
  encodeBase64,
  regexReplace,
  stringStrip,
  stringToHashBucketFast,
  stringToNumber,
  substr,
} from './ops/string_ops';
export { stringJoin } from './ops/strings';
export { makeTemplate } from './ops/template';
export { TensorArray } from './ops/tensor_array';
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
} from './ops/unary';
export { acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan, tanh } from './ops/unary_trig';
export { unravelIndex } from './ops/unravel_index';
export {
  AUTO_REUSE,
  type CustomGetter,
  getLocalVariable,
  getVariable,
  getVariableScope,
  VariableScope,
  variableScope,
} from './ops/variable_scope';
export {
  allVariables,
  assertVariablesInitialized,
  disableResourceVariables,
  enableResourceVariables,
  globalVariables,
  globalVariablesInitializer,
  localVariables,
  localVariablesInitializer,
  modelVariables,
  movingAverageVariables,
  ResourceVariable,
  reportUninitializedVariables,
  trainableVariables,
  Variable,
  variableCreatorScope,
  variablesInitializer,
} from './ops/variables';
export { type LoopFunction, type ShapeInvariants, type WhileLoopOptions, whileLoop } from './ops/while';
export { getDefaultSession, InteractiveSession } from './session/default_session';
export type { Feeds, FeedValue } from './session/feeds';
export type { FetchList } from './session/fetches';
export { type RunOptions, Session } from './session/session';
export * as tflearn from './tflearn';
export { type Nested, Value } from './value/value';

watch();

/** An element type by its name. @tensorflow tf.DType */
export type DType = DTypeName;
/** 32-bit floating point. @tensorflow tf.float32 */
export const float32 = 'float32';
/** 64-bit floating point. @tensorflow tf.float64 */
export const float64 = 'float64';
/** 16-bit floating point, computed in 32 bits and rounded. @tensorflow tf.float16 */
export const float16 = 'float16';
/** 16-bit truncated floating point, computed in 32 bits and rounded. @tensorflow tf.bfloat16 */
export const bfloat16 = 'bfloat16';
/** 8-bit signed integer. @tensorflow tf.int8 */
export const int8 = 'int8';
/** 16-bit signed integer. @tensorflow tf.int16 */
export const int16 = 'int16';
/** 32-bit signed integer. @tensorflow tf.int32 */
export const int32 = 'int32';
/** 64-bit signed integer; cells are bigints. @tensorflow tf.int64 */
export const int64 = 'int64';
/** 8-bit unsigned integer. @tensorflow tf.uint8 */
export const uint8 = 'uint8';
/** 16-bit unsigned integer. @tensorflow tf.uint16 */
export const uint16 = 'uint16';
/** True or false. @tensorflow tf.bool */
export const bool = 'bool';
/** Strings, or bytes. @tensorflow tf.string */
export const string = 'string';
/** Complex; names a type, without arithmetic. @tensorflow tf.complex64 */
export const complex64 = 'complex64';
/** Complex; names a type, without arithmetic. @tensorflow tf.complex128 */
export const complex128 = 'complex128';
/** A handle of something the session keeps. @tensorflow tf.resource */
export const resource = 'resource';

/** Modules of TensorFlow, a file of src/public each. */
export * as bitwise from './public/bitwise';
export * as contrib from './public/contrib';
export * as data from './public/data';
export * as debugging from './public/debugging';
export * as errors from './public/errors';
export * as image from './public/image';
export * as initializers from './public/initializers';
export * as io from './public/io';
export * as keras from './public/keras';
export * as layers from './public/layers';
export * as linalg from './public/linalg';
export * as losses from './public/losses';
export * as math from './public/math';
export * as metrics from './public/metrics';
export * as nn from './public/nn';
export * as random from './public/random';
export * as strings from './public/strings';
export * as summary from './public/summary';
export * as train from './public/train';
