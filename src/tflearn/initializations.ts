/** @file TFLearn's weight initializations by name. */
import { GraphError } from '../errors';
import type { Initializer } from '../ops/initializer';
import {
  constantInitializer,
  randomNormalInitializer,
  randomUniformInitializer,
  truncatedNormalInitializer,
  uniformUnitScalingInitializer,
  varianceScalingInitializer,
} from '../ops/initializers';

const KINDS: Readonly<Record<string, () => Initializer>> = {
  zeros: () => constantInitializer(0),
  uniform: () => randomUniformInitializer({ minval: 0 }),
  uniform_scaling: () => uniformUnitScalingInitializer(),
  normal: () => randomNormalInitializer({ mean: 0, stddev: 0.02 }),
  truncated_normal: () => truncatedNormalInitializer({ mean: 0, stddev: 0.02 }),
  xavier: () => varianceScalingInitializer({ scale: 1, mode: 'fan_avg', distribution: 'uniform' }),
  variance_scaling: () => varianceScalingInitializer({ scale: 2, mode: 'fan_in', distribution: 'truncated_normal' }),
};

/** Raises Value for an unknown name; as tflearn.initializations.get. */
export function initialization(name: string): Initializer {
  const make = KINDS[name];
  if (!make)
    throw new GraphError('Value', `Unknown initialization '${name}': use one of ${Object.keys(KINDS).join(', ')}.`);
  return make();
}
