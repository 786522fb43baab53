/** @file TFLearn's optimizers: objects that make tf.train's, with defaults of their own and falling learning rates. */
import { GraphError } from '../errors';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import type { Variable } from '../ops/variables';
import { AdadeltaOptimizer, AdagradOptimizer } from '../optimizers/adagrad';
import { AdamOptimizer } from '../optimizers/adam';
import { FtrlOptimizer } from '../optimizers/ftrl';
import { GradientDescentOptimizer } from '../optimizers/gradient_descent';
import { MomentumOptimizer } from '../optimizers/momentum';
import type { Optimizer as TrainOptimizer } from '../optimizers/optimizer';
import { RMSPropOptimizer } from '../optimizers/rmsprop';
import { exponentialDecay } from '../training/learning_rate_decay';
import { byName } from './lookup';

type Rate = number | Tensor;
interface Common {
  readonly learningRate?: Rate | undefined;
  readonly useLocking?: boolean | undefined;
  readonly name?: string | undefined;
}
interface Decay extends Common {
  /** The rate is multiplied by this every `decayStep` steps; 0: it stays. */
  readonly lrDecay?: number | undefined;
  readonly decayStep?: number | undefined;
  /** The rate falls in steps. */
  readonly staircase?: boolean | undefined;
}

/**
 * * How a net is to be trained: build makes an optimizer of tf.train, which getTensor answers. As tflearn.optimizers.Optimizer.
 * @tensorflow tflearn.optimizers.Optimizer
 */
export abstract class Optimizer {
  learningRate: Rate;
  readonly useLocking: boolean;
  readonly name: string;
  #built: TrainOptimizer | null = null;

  constructor(name: string, options: Common, learningRate = 0.001) {
    this.learningRate = options.learningRate ?? learningRate;
    this.useLocking = options.useLocking ?? false;
    this.name = options.name ?? name;
  }
  /** Whether the learning rate falls, so that build needs the step. */
  get hasDecay(): boolean {
    return false;
  }
  protected abstract make(): TrainOptimizer;

  /** Raises Value where the rate falls and no step is given. */
  build(_step: Variable | null = null): void {
    this.#built = this.make();
  }
  getTensor(): TrainOptimizer {
    if (!this.#built) this.build();
    return this.#built!;
  }
}

abstract class DecayingOptimizer extends Optimizer {
  readonly lrDecay: number;
  readonly decayStep: number;
  readonly staircase: boolean;

  constructor(name: string, options: Decay) {
    super(name, options);
    this.lrDecay = options.lrDecay ?? 0;
    this.decayStep = options.decayStep ?? 100;
    this.staircase = options.staircase ?? false;
  }
  override get hasDecay(): boolean {
    return this.lrDecay > 0;
  }
  override build(step: Variable | null = null): void {
    if (this.hasDecay) {
      if (!step) throw new GraphError('Value', 'Learning rate decay but no step_tensor provided.');
      const { staircase } = this;
      this.learningRate = exponentialDecay(this.learningRate, step, this.decayStep, this.lrDecay, { staircase });
      getDefaultGraph().addToCollection('lr_variables', this.learningRate);
    }
    super.build(step);
  }
}

/** Gradient descent. @tensorflow tflearn.SGD */
export class SGD extends DecayingOptimizer {
  constructor(options: Decay = {}) {
    super('SGD', options);
  }
  protected make(): TrainOptimizer {
    return new GradientDescentOptimizer(this.learningRate, this);
  }
}

export interface MomentumOptions extends Decay {
  readonly momentum?: number | undefined;
}
/** As tflearn.Momentum. @tensorflow tflearn.optimizers.Momentum */
export class Momentum extends DecayingOptimizer {
  readonly momentum: number;
  constructor(options: MomentumOptions = {}) {
    super('Momentum', options);
    this.momentum = options.momentum ?? 0.9;
  }
  protected make(): TrainOptimizer {
    return new MomentumOptimizer(this.learningRate, this.momentum, this);
  }
}
/** Momentum with a look ahead. @tensorflow tflearn.Nesterov */
export class Nesterov extends DecayingOptimizer {
  readonly momentum: number;
  constructor(options: MomentumOptions = {}) {
    super('Nesterov', options);
    this.momentum = options.momentum ?? 0.9;
  }
  protected make(): TrainOptimizer {
    const { useLocking, name } = this;
    return new MomentumOptimizer(this.learningRate, this.momentum, { useLocking, name, useNesterov: true });
  }
}

export interface RMSPropOptions extends Common {
  readonly decay?: number | undefined;
  readonly momentum?: number | undefined;
  readonly epsilon?: number | undefined;
}
/** As tflearn.RMSProp. @tensorflow tflearn.optimizers.RMSProp */
export class RMSProp extends Optimizer {
  readonly decay: number;
  readonly momentum: number;
  readonly epsilon: number;
  constructor(options: RMSPropOptions = {}) {
    super('RMSProp', options);
    this.decay = options.decay ?? 0.9;
    this.momentum = options.momentum ?? 0;
    this.epsilon = options.epsilon ?? 1e-10;
  }
  protected make(): TrainOptimizer {
    return new RMSPropOptimizer(this.learningRate, this);
  }
}

export interface AdamOptions extends Common {
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly epsilon?: number | undefined;
}
/** As tflearn.Adam. @tensorflow tflearn.optimizers.Adam */
export class Adam extends Optimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  constructor(options: AdamOptions = {}) {
    super('Adam', options);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-8;
  }
  protected make(): TrainOptimizer {
    return new AdamOptimizer(this.learningRate, this);
  }
}

export interface AdaGradOptions extends Common {
  readonly initialAccumulatorValue?: number | undefined;
}
/** As tflearn.AdaGrad. @tensorflow tflearn.optimizers.AdaGrad */
export class AdaGrad extends Optimizer {
  readonly initialAccumulatorValue: number;
  constructor(options: AdaGradOptions = {}) {
    super('AdaGrad', options);
    this.initialAccumulatorValue = options.initialAccumulatorValue ?? 0.1;
  }
  protected make(): TrainOptimizer {
    return new AdagradOptimizer(this.learningRate, this);
  }
}
/** TFLearn makes plain AdaGrad of it too. @tensorflow tflearn.ProximalAdaGrad */
export class ProximalAdaGrad extends AdaGrad {}

export interface AdaDeltaOptions extends Common {
  readonly rho?: number | undefined;
  readonly epsilon?: number | undefined;
}
/** As tflearn.AdaDelta. @tensorflow tflearn.optimizers.AdaDelta */
export class AdaDelta extends Optimizer {
  readonly rho: number;
  readonly epsilon: number;
  constructor(options: AdaDeltaOptions = {}) {
    super('AdaDelta', options);
    this.rho = options.rho ?? 0.1;
    this.epsilon = options.epsilon ?? 1e-8;
  }
  protected make(): TrainOptimizer {
    return new AdadeltaOptimizer(this.learningRate, this);
  }
}

export interface FtrlOptions extends Common {
  readonly learningRatePower?: number | undefined;
  readonly initialAccumulatorValue?: number | undefined;
  readonly l1RegularizationStrength?: number | undefined;
  readonly l2RegularizationStrength?: number | undefined;
}
/** As tflearn.Ftrl. @tensorflow tflearn.optimizers.Ftrl */
export class Ftrl extends Optimizer {
  readonly #options: FtrlOptions;
  constructor(options: FtrlOptions = {}) {
    super('Ftrl', options, 3);
    this.#options = options;
  }
  protected make(): TrainOptimizer {
    const { useLocking, name } = this;
    return new FtrlOptimizer(this.learningRate, { ...this.#options, useLocking, name });
  }
}

const KINDS: Readonly<Record<string, new (options: Common) => Optimizer>> = {
  SGD,
  sgd: SGD,
  RMSProp,
  rmsprop: RMSProp,
  Adam,
  adam: Adam,
  Momentum,
  momentum: Momentum,
  AdaGrad,
  adagrad: AdaGrad,
  Ftrl,
  ftrl: Ftrl,
  AdaDelta,
  adadelta: AdaDelta,
  ProximalAdaGrad,
  proximaladagrad: ProximalAdaGrad,
  Nesterov,
  nesterov: Nesterov,
};
/** The class of that name; raises Value for others. As tflearn.optimizers.get. */
export const get = (name: string): (new (options: Common) => Optimizer) => byName(KINDS, name, 'optimizer');
