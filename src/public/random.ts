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
export { getSeed, setRandomSeed } from '../ops/seed';
