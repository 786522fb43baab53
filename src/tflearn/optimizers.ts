/** @file TFLearn's optimizers: tf.train's with defaults and names of their own. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { AdadeltaOptimizer, AdagradOptimizer } from '../optimizers/adagrad';
import { AdamOptimizer } from '../optimizers/adam';
import { FtrlOptimizer } from '../optimizers/ftrl';
import { GradientDescentOptimizer } from '../optimizers/gradient_descent';
import { MomentumOptimizer } from '../optimizers/momentum';
import type { Optimizer } from '../optimizers/optimizer';
import { RMSPropOptimizer } from '../optimizers/rmsprop';

type Rate = number | Tensor;
interface Kind {
  readonly name: string;
  readonly make: (rate: Rate) => Optimizer;
}
const KINDS: Readonly<Record<string, Kind>> = {
  sgd: { name: 'SGD', make: (rate) => new GradientDescentOptimizer(rate, { name: 'SGD' }) },
  momentum: { name: 'Momentum', make: (rate) => new MomentumOptimizer(rate, 0.9, { name: 'Momentum' }) },
  adam: { name: 'Adam', make: (rate) => new AdamOptimizer(rate, { name: 'Adam' }) },
  rmsprop: { name: 'RMSProp', make: (rate) => new RMSPropOptimizer(rate, { name: 'RMSProp' }) },
  adagrad: { name: 'AdaGrad', make: (rate) => new AdagradOptimizer(rate, { name: 'AdaGrad' }) },
  adadelta: { name: 'AdaDelta', make: (rate) => new AdadeltaOptimizer(rate, { rho: 0.1, name: 'AdaDelta' }) },
  ftrl: { name: 'Ftrl', make: (rate) => new FtrlOptimizer(rate, { name: 'Ftrl' }) },
};

/** An optimizer by TFLearn's name ('sgd', 'adam', ...); raises Value for an unknown one. */
export function optimizerNamed(name: string, learningRate: Rate): { name: string; optimizer: Optimizer } {
  const kind = KINDS[name.toLowerCase()];
  if (!kind) throw new GraphError('Value', `Unknown optimizer '${name}': use one of ${Object.keys(KINDS).join(', ')}.`);
  return { name: kind.name, optimizer: kind.make(learningRate) };
}
