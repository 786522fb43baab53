/** @file accum = momentum * accum + gradient; var -= learning_rate * accum */
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import type { Variable } from '../ops/variables';
import { type Hyper, Optimizer, type OptimizerOptions } from './optimizer';

export interface MomentumOptions extends OptimizerOptions {
  readonly useNesterov?: boolean | undefined;
}

/** Momentum, with Nesterov's look-ahead on request. @tensorflow tf.train.MomentumOptimizer */
export class MomentumOptimizer extends Optimizer {
  readonly #learningRate: Hyper;
  readonly #momentum: Hyper;
  readonly #nesterov: boolean;
  #rate!: Tensor;
  #factor!: Tensor;

  constructor(learningRate: Hyper, momentum: Hyper, options: MomentumOptions = {}) {
    const { useLocking, name = 'Momentum', useNesterov = false } = options;
    super(name, useLocking);
    this.#learningRate = learningRate;
    this.#momentum = momentum;
    this.#nesterov = useNesterov;
  }

  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) this.zerosSlot(v, 'momentum');
  }
  protected override prepare(): void {
    this.#rate = this.hyper(this.#learningRate, 'learning_rate');
    this.#factor = this.hyper(this.#momentum, 'momentum');
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    const accum = this.slot(v, 'momentum');
    const flags = { use_nesterov: this.#nesterov };
    return this.apply('Momentum', g, v, { accum }, { lr: this.#rate }, { momentum: this.#factor }, flags);
  }
}
