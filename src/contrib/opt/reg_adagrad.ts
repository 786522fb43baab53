/** @file Adagrad that can leave its accumulators alone. */
import type { IndexedSlices } from '../../graph/indexed_slices';
import type { Operation, Tensor } from '../../graph/operation';
import type { Variable } from '../../ops/variables';
import { AdagradOptimizer, type AdagradOptions } from '../../optimizers/adagrad';
import type { Hyper } from '../../optimizers/optimizer';

/**
 * Adagrad for losses that come with a regularizer: gradients applied within avoidUpdatingSlots do not count.
 * @tensorflow tf.contrib.opt.RegAdagradOptimizer
 */
export class RegAdagradOptimizer extends AdagradOptimizer {
  #updates = true;

  constructor(learningRate: Hyper, options: AdagradOptions = {}) {
    super(learningRate, { ...options, name: options.name ?? 'RegAdagrad' });
  }
  /** Runs `body`; the update ops made meanwhile read the accumulators only. */
  avoidUpdatingSlots<R>(body: () => R): R {
    const before = this.#updates;
    this.#updates = false;
    try {
      return body();
    } finally {
      this.#updates = before;
    }
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    return this.applyAdagrad(g, v, { update_slots: this.#updates });
  }
}
