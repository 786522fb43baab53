/** @file tf.train */
export { CheckpointReader as NewCheckpointReader } from '../interop/checkpoint';
export {
  checkpointExists,
  getCheckpointMtimes,
  getCheckpointState,
  latestCheckpoint,
  listVariables,
  loadCheckpoint,
  loadVariable,
  removeCheckpoint,
  updateCheckpointState,
} from '../interop/checkpoint_state';
export { type Event, summaryIterator } from '../interop/events';
export { initFromCheckpoint } from '../interop/init_from_checkpoint';
export { exportScopedMetaGraph, importScopedMetaGraph } from '../interop/meta_graph';
export { exportMetaGraph, importMetaGraph } from '../interop/meta_graph_saver';
export { writeGraph } from '../interop/saved_graph';
export { Saver } from '../interop/saver';
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
export {
  FeedFnHook,
  FinalOpsHook,
  GlobalStepWaiterHook,
  LoggingTensorHook,
  NanLossDuringTrainingError,
  NanTensorHook,
  StopAtStepHook,
} from '../training/basic_hooks';
export { Coordinator } from '../training/coordinator';
export { assertGlobalStep, createGlobalStep, getGlobalStep, getOrCreateGlobalStep } from '../training/global_step';
export { globalStep } from '../training/global_step_read';
export { SecondOrStepTimer } from '../training/hook_timer';
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
export {
  MonitoredSession,
  monitoredSession,
  StepContext,
  singularMonitoredSession,
} from '../training/monitored_session';
export { monitoredTrainingSession } from '../training/monitored_training_session';
export { ExponentialMovingAverage } from '../training/moving_averages';
export {
  CheckpointSaverHook,
  CheckpointSaverListener,
  StepCounterHook,
  SummarySaverHook,
} from '../training/saver_hooks';
export { Scaffold } from '../training/scaffold';
export { ChiefSessionCreator, type SessionCreator, WorkerSessionCreator } from '../training/session_creators';
export { SessionManager } from '../training/session_manager';
export {
  SessionRunArgs,
  SessionRunContext,
  SessionRunHook,
  SessionRunValues,
  StopIteration,
} from '../training/session_run_hook';
