/** @file FTRL-Proximal: follow the regularized leader, for sparse linear models. */
import { GraphError } from '../errors';
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import { constant } from '../ops/array';
import type { Variable } from '../ops/variables';
import { Optimizer, type OptimizerOptions } from './optimizer';

export interface FtrlOptions extends OptimizerOptions {
  readonly learningRatePower?: number | undefined;
  readonly initialAccumulatorValue?: number | undefined;
  readonly l1RegularizationStrength?: number | undefined;
  readonly l2RegularizationStrength?: number | undefined;
  readonly l2ShrinkageRegularizationStrength?: number | undefined;
  readonly accumName?: string | undefined;
  readonly linearName?: string | undefined;
}

/** FTRL. Raises Value for strengths below 0 and a power above 0. @tensorflow tf.train.FtrlOptimizer */
export class FtrlOptimizer extends Optimizer {
  readonly #learningRate: number | Tensor;
  readonly #options: FtrlOptions;
  readonly #start: number;
  readonly #shrinkage: number;
  #scalars!: Record<'lr' | 'l1' | 'l2' | 'l2_shrinkage' | 'lr_power', Tensor>;

  constructor(learningRate: number | Tensor, options: FtrlOptions = {}) {
    super(options.name ?? 'Ftrl', options.useLocking);
    const { initialAccumulatorValue: start = 0.1, learningRatePower: power = -0.5 } = options;
    const { l1RegularizationStrength: l1 = 0, l2RegularizationStrength: l2 = 0 } = options;
    this.#shrinkage = options.l2ShrinkageRegularizationStrength ?? 0;
    const atLeastZero = [
      ['initial_accumulator_value', start],
      ['l1_regularization_strength', l1],
      ['l2_regularization_strength', l2],
      ['l2_shrinkage_regularization_strength', this.#shrinkage],
    ] as const;
    for (const [name, x] of atLeastZero) {
      if (x < 0) throw new GraphError('Value', `${name} ${x.toFixed(6)} needs to be positive or zero`);
    }
    if (power > 0)
      throw new GraphError('Value', `learning_rate_power ${power.toFixed(6)} needs to be negative or zero`);
    this.#learningRate = learningRate;
    this.#options = options;
    this.#start = start;
  }

  protected override createSlots(variables: readonly Variable[]): void {
    const { accumName, linearName } = this.#options;
    for (const v of variables) {
      v.graph.colocateWith(v, () => {
        const start = constant(this.#start, { dtype: v.dtype, shape: v.shape as number[] });
        this.makeSlot(v, start, 'accum', undefined, accumName);
        this.zerosSlot(v, 'linear', linearName);
      });
    }
  }
  protected override prepare(): void {
    const {
      l1RegularizationStrength: l1 = 0,
      l2RegularizationStrength: l2 = 0,
      learningRatePower = -0.5,
    } = this.#options;
    this.#scalars = {
      lr: this.hyper(this.#learningRate, 'learning_rate'),
      l1: this.hyper(l1, 'l1_regularization_strength'),
      l2: this.hyper(l2, 'l2_regularization_strength'),
      l2_shrinkage: this.hyper(this.#shrinkage, 'l2_shrinkage_regularization_strength'),
      lr_power: this.hyper(learningRatePower, 'learning_rate_power'),
    };
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    const slots = { accum: this.slot(v, 'accum'), linear: this.slot(v, 'linear') };
    const { lr, l1, l2, l2_shrinkage, lr_power } = this.#scalars;
    if (this.#shrinkage <= 0) return this.apply('Ftrl', g, v, slots, {}, { lr, l1, l2, lr_power });
    return this.apply('FtrlV2', g, v, slots, {}, { lr, l1, l2, l2_shrinkage, lr_power });
  }
}
