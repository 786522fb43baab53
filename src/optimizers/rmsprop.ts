/** @file RMSProp: the gradient divided by a running root mean square of it. */
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import { onesInitializer } from '../ops/initializers';
import { onesLike } from '../ops/shape';
import type { Variable } from '../ops/variables';
import { isFull } from '../value/shape';
import { type Hyper, Optimizer, type OptimizerOptions } from './optimizer';
import type { SlotInitializer } from './slots';

export interface RMSPropOptions extends OptimizerOptions {
  readonly decay?: Hyper | undefined;
  readonly momentum?: Hyper | undefined;
  readonly epsilon?: Hyper | undefined;
  /** Subtracts the square of the mean: the variance in place of the mean square. */
  readonly centered?: boolean | undefined;
}

/** RMSProp, plain or centered. @tensorflow tf.train.RMSPropOptimizer */
export class RMSPropOptimizer extends Optimizer {
  readonly #given: readonly (readonly [name: string, value: Hyper])[];
  readonly #centered: boolean;
  #scalars!: Record<'lr' | 'rho' | 'momentum' | 'epsilon', Tensor>;

  constructor(learningRate: Hyper, options: RMSPropOptions = {}) {
    const { decay = 0.9, momentum = 0, epsilon = 1e-10, centered = false, useLocking, name = 'RMSProp' } = options;
    super(name, useLocking);
    this.#given = [
      ['learning_rate', learningRate],
      ['decay', decay],
      ['momentum', momentum],
      ['epsilon', epsilon],
    ];
    this.#centered = centered;
  }

  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      const ones = isFull(v.shape) ? onesInitializer({ dtype: v.dtype }) : onesLike(v);
      this.makeSlot(v, ones as SlotInitializer, 'rms', v.shape);
      if (this.#centered) this.zerosSlot(v, 'mg');
      this.zerosSlot(v, 'momentum');
    }
  }
  protected override prepare(): void {
    const [lr, rho, momentum, epsilon] = this.#given.map(([name, value]) => this.hyper(value, name)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    this.#scalars = { lr, rho, momentum, epsilon };
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    const [ms, mom] = [this.slot(v, 'rms'), this.slot(v, 'momentum')];
    if (!this.#centered) return this.apply('RMSProp', g, v, { ms, mom }, this.#scalars);
    return this.apply('CenteredRMSProp', g, v, { mg: this.slot(v, 'mg'), ms, mom }, this.#scalars);
  }
}
