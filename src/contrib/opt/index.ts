/** @file tf.contrib.opt */
export { AdamGSOptimizer, LazyAdamGSOptimizer, LazyAdamOptimizer, NadamOptimizer } from './adam_variants';
export { AdaMaxOptimizer } from './adamax';
export { LARSOptimizer } from './lars';
export { MovingAverageOptimizer } from './moving_average';
export { clipGradientsByGlobalNorm, MultitaskOptimizerWrapper } from './multitask';
export { RegAdagradOptimizer } from './reg_adagrad';
export { AddSignOptimizer, PowerSignOptimizer } from './sign';
export { VariableClippingOptimizer } from './variable_clipping';
export { AdamWOptimizer, extendWithDecoupledWeightDecay, MomentumWOptimizer } from './weight_decay';
