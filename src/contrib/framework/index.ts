/** @file tf.contrib.framework */
export {
  assertGlobalStep,
  createGlobalStep,
  getGlobalStep,
  getOrCreateGlobalStep,
} from '../../training/global_step';
export { addArgScope, argScope, argScopedArguments, currentArgScope, hasArgScope } from './arg_scope';
export {
  addModelVariable,
  assignFromValues,
  assignFromValuesFn,
  filterVariables,
  getLocalVariables,
  getModelVariables,
  getTrainableVariables,
  getUniqueVariable,
  getVariables,
  getVariablesByName,
  getVariablesBySuffix,
  getVariablesToRestore,
  globalVariable,
  localVariable,
  modelVariable,
  variable,
} from './variables';
