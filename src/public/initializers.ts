/** @file tf.initializers */
export {
  constantInitializer as constant,
  glorotNormalInitializer as glorotNormal,
  glorotUniformInitializer as glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  onesInitializer as ones,
  randomNormalInitializer as randomNormal,
  randomUniformInitializer as randomUniform,
  truncatedNormalInitializer as truncatedNormal,
  uniformUnitScalingInitializer as uniformUnitScaling,
  varianceScalingInitializer as varianceScaling,
  zerosInitializer as zeros,
} from '../ops/initializers';
export { identityInitializer as identity, orthogonalInitializer as orthogonal } from '../ops/matrix_initializers';
export {
  globalVariablesInitializer as globalVariables,
  localVariablesInitializer as localVariables,
  variablesInitializer as variables,
} from '../ops/variables';
