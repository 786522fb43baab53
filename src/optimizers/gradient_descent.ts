/** @file var -= learning_rate * gradient */
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import { cast } from '../ops/cast';
import { resourceScatter } from '../ops/resource_scatter';
import { scatterSub } from '../ops/scatter_state';
import { ResourceVariable, type Variable } from '../ops/variables';
import { type Hyper, notFunction, Optimizer, type OptimizerOptions, opOf } from './optimizer';

/** Gradient descent. @tensorflow tf.train.GradientDescentOptimizer */
export class GradientDescentOptimizer extends Optimizer {
  readonly #learningRate: Hyper;
  #rate!: Tensor;

  constructor(learningRate: Hyper, { useLocking, name = 'GradientDescent' }: OptimizerOptions = {}) {
    super(name, useLocking);
    this.#learningRate = learningRate;
  }

  protected override prepare(): void {
    this.#rate = this.hyper(this.#learningRate, 'learning_rate');
  }

  protected override applyDense(g: Tensor, v: Variable): Operation {
    return this.apply('GradientDescent', g, v, {}, { alpha: this.#rate });
  }

  protected override applySparse(g: IndexedSlices, v: Variable): Operation {
    if (v instanceof ResourceVariable) {
      const step = g.values.neg().mul(notFunction(this.#learningRate));
      return resourceScatter('Add', v.handle, g.indices, step);
    }
    const step = g.values.mul(cast(this.#rate, v.dtype));
    return opOf(scatterSub(v, g.indices, step, { useLocking: this.useLocking }));
  }

  /** Rows that occur twice are simply subtracted twice. */
  protected override applySparseDuplicates(g: IndexedSlices, v: Variable): Operation {
    return this.applySparse(g, v);
  }
}
