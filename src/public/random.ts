/** @file tf.random */
export { allCandidateSampler, logUniformCandidateSampler, uniformCandidateSampler } from '../ops/candidate_sampling';
export {
  categorical,
  multinomial,
  randomNormal as normal,
  randomShuffle as shuffle,
  randomUniform as uniform,
  statelessRandomNormal as statelessNormal,
  statelessRandomUniform as statelessUniform,
  statelessTruncatedNormal,
  truncatedNormal,
} from '../ops/random';
export { randomCrop as crop } from '../ops/random_crop';
export { randomGamma as gamma, randomPoisson as poisson } from '../ops/random_gamma';
export { getSeed, setRandomSeed } from '../ops/seed';
