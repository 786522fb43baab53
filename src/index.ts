/** @file The public names, and nothing else. */

import { exportMetaGraph, exportScopedMetaGraph, importMetaGraph, importScopedMetaGraph } from './interop/meta_graph';
import * as savers from './interop/saver';
import * as convolutional from './layers/convolutional';
import * as core from './layers/core';
import * as normalization from './layers/normalization';
import * as pooling from './layers/pooling';
import * as rnns from './layers/rnn';
import { BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell, MultiRNNCell } from './layers/rnn_cells';
import * as rnnWrappers from './layers/rnn_wrappers';
import * as activations from './ops/activations';
import * as batchNorm from './ops/batch_norm';
import * as biases from './ops/bias';
import * as convolutions from './ops/convolve';
import * as xent from './ops/cross_entropy';
import * as depthwise from './ops/depthwise';
import * as dropouts from './ops/dropout';
import { embeddingLookup } from './ops/embedding';
import * as topKs from './ops/gather';
import * as images from './ops/image';
import * as initializerKinds from './ops/initializers';
import * as lossFunctions from './ops/losses';
import { identityInitializer, orthogonalInitializer } from './ops/matrix_initializers';
import * as metricKinds from './ops/metrics';
import * as pools from './ops/pooling';
import * as regularizerKinds from './ops/regularizers';
import { withSpaceToBatch } from './ops/space_to_batch';
import { assign, assignAdd, assignSub } from './ops/state';
import * as summaries from './ops/summary';
import * as unaries from './ops/unary';
import { tanh } from './ops/unary_trig';
import {
  AdadeltaOptimizer,
  AdagradDAOptimizer,
  AdagradOptimizer,
  ProximalAdagradOptimizer,
  ProximalGradientDescentOptimizer,
} from './optimizers/adagrad';
import { AdamOptimizer } from './optimizers/adam';
import { FtrlOptimizer } from './optimizers/ftrl';
import { GradientDescentOptimizer } from './optimizers/gradient_descent';
import { MomentumOptimizer } from './optimizers/momentum';
import { Optimizer } from './optimizers/optimizer';
import { RMSPropOptimizer } from './optimizers/rmsprop';
import { batchNorm as contribBatchNorm } from './training/contrib_batch_norm';
import * as globalStep from './training/global_step';
import * as decays from './training/learning_rate_decay';
import { ExponentialMovingAverage } from './training/moving_averages';
import { watch } from './training/warnings';
import type { DType as DTypeName } from './value/dtype';
import './ops/segment';
import './ops/convolution';
import './ops/scatter_state';
import './ops/bitwise';

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
export { Graph, getDefaultGraph, resetDefaultGraph, withGraph } from './graph/graph';
export { IndexedSlices } from './graph/indexed_slices';
export { Operation, Tensor } from './graph/operation';
export { prependNameScope, stripNameScope } from './graph/scoped_names';
export { type ImportOptions, importGraphDef } from './interop/import_graph';
export { asGraphDef } from './interop/meta_graph';
export { logging } from './logging';
export * from './ops/argmax';
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
export * from './ops/bitwise';
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
export { Assert, noOp, Print, tuple, withDependencies } from './ops/control';
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
export { foldl, foldr, mapFn, scan } from './ops/functional';
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
export { matmul, tensordot } from './ops/linear';
export { diag, diagPart, eye, matrixBandPart, matrixDiag, matrixDiagPart, matrixSetDiag, trace } from './ops/matrix';
export { identityInitializer, orthogonalInitializer } from './ops/matrix_initializers';
export { pad, tile } from './ops/pad';
export { atan2, maximum, minimum, pow, squaredDifference, xdivy, xlogy } from './ops/pairs';
export { matrixTranspose, reverse, reverseSequence, roll, transpose } from './ops/permute';
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
export * from './ops/scatter';
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
export * from './ops/segment';
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
export { ellipsis, newaxis, s, slice, stridedSlice } from './ops/slice';
export { batchToSpaceNd, depthToSpace, requiredSpaceToBatchPaddings, spaceToBatchNd, spaceToDepth } from './ops/space';
export { digamma, erf, erfc, lgamma, polygamma, zeta } from './ops/special';
export { countUpTo, isVariableInitialized } from './ops/state';
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
export * from './ops/unary_trig';
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
export type { FetchList } from './session/fetches';
export { type RunOptions, Session } from './session/session';
export * as tflearn from './tflearn';
export { type Nested, Value } from './value/value';
export { assign, assignAdd, assignSub };

watch();

/** Element types by name, as tf.float32. */
export type DType = DTypeName;
export const float32 = 'float32';
export const float64 = 'float64';
export const float16 = 'float16';
export const bfloat16 = 'bfloat16';
export const int8 = 'int8';
export const int16 = 'int16';
export const int32 = 'int32';
export const int64 = 'int64';
export const uint8 = 'uint8';
export const uint16 = 'uint16';
export const bool = 'bool';
export const string = 'string';
export const complex64 = 'complex64';
export const complex128 = 'complex128';
export const resource = 'resource';

/** tf.nn */
export const nn = {
  ...rnns,
  rnnCell: { ...rnnWrappers, BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell, MultiRNNCell },
  ...activations,
  ...batchNorm,
  ...biases,
  ...xent,
  ...dropouts,
  ...convolutions,
  ...depthwise,
  ...pools,
  embeddingLookup,
  withSpaceToBatch,
  topK: topKs.topK,
  inTopK: topKs.inTopK,
  sigmoid: unaries.sigmoid,
  tanh,
};
/** tf.image */
export const image = images;
/** tf.losses */
export const losses = lossFunctions;
/** tf.summary */
export const summary = {
  scalar: summaries.scalar,
  histogram: summaries.histogramOf,
  merge: summaries.merge,
  mergeAll: summaries.mergeAll,
};
/** tf.metrics */
export const metrics = metricKinds;
/** tf.layers */
export const layers = { ...core, ...convolutional, ...pooling, ...normalization };
/** tf.initializers */
export const initializers = {
  ...initializerKinds.initializers,
  identity: identityInitializer,
  orthogonal: orthogonalInitializer,
};
/** tf.contrib, as far as it is here. */
export const contrib = { layers: { ...regularizerKinds, batchNorm: contribBatchNorm } };
/** tf.train */
export const train = {
  ...globalStep,
  ...decays,
  ...savers,
  piecewiseConstantDecay: decays.piecewiseConstant,
  AdadeltaOptimizer,
  AdagradDAOptimizer,
  AdagradOptimizer,
  AdamOptimizer,
  ExponentialMovingAverage,
  exportMetaGraph,
  exportScopedMetaGraph,
  FtrlOptimizer,
  GradientDescentOptimizer,
  importMetaGraph,
  importScopedMetaGraph,
  MomentumOptimizer,
  Optimizer,
  ProximalAdagradOptimizer,
  ProximalGradientDescentOptimizer,
  RMSPropOptimizer,
};
