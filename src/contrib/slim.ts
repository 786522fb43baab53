/** @file tf.contrib.slim: the layers, variables and arg_scope of tf.contrib in one place, and slim.learning. */
export * from './framework';
export * from './layers';
export * as utils from './layers/outputs';
export { summarizeBiases, summarizeVariables, summarizeWeights } from './layers/summaries';
export * as learning from './learning';
