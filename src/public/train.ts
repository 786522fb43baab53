/** @file tf.train */
export { exportMetaGraph, exportScopedMetaGraph, importMetaGraph, importScopedMetaGraph } from '../interop/meta_graph';
export { checkpointExists, latestCheckpoint, loadCheckpoint, removeCheckpoint, Saver } from '../interop/saver';
export {
  AdadeltaOptimizer,
  AdagradDAOptimizer,
  AdagradOptimizer,
  ProximalAdagradOptimizer,
  ProximalGradientDescentOptimizer,
} from '../optimizers/adagrad';
export { AdamOptimizer } from '../optimizers/adam';
export { FtrlOptimizer } from '../optimizers/ftrl';
export { GradientDescentOptimizer } from '../optimizers/gradient_descent';
export { MomentumOptimizer } from '../optimizers/momentum';
export { Optimizer } from '../optimizers/optimizer';
export { RMSPropOptimizer } from '../optimizers/rmsprop';
export { assertGlobalStep, createGlobalStep, getGlobalStep, getOrCreateGlobalStep } from '../training/global_step';
export {
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  linearCosineDecay,
  naturalExpDecay,
  noisyLinearCosineDecay,
  piecewiseConstant,
  piecewiseConstant as piecewiseConstantDecay,
  polynomialDecay,
} from '../training/learning_rate_decay';
export { ExponentialMovingAverage } from '../training/moving_averages';
