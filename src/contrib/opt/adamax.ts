/** @file AdaMax: Adam with the largest gradient of late in place of the mean square. */
import type { IndexedSlices } from '../../graph/indexed_slices';
import type { Operation, Tensor } from '../../graph/operation';
import { cast } from '../../ops/cast';
import { group } from '../../ops/control';
import { gather } from '../../ops/gather';
import { maximum } from '../../ops/pairs';
import { resourceScatter } from '../../ops/resource_scatter';
import { scatterUpdate } from '../../ops/scatter_state';
import { abs } from '../../ops/unary';
import { ResourceVariable, type Variable } from '../../ops/variables';
import { AdamOptimizer, type AdamOptions } from '../../optimizers/adam';
import type { Hyper } from '../../optimizers/optimizer';

/**
 * AdaMax: Adam scaled by the largest gradient of late. A sparse gradient moves only its own rows and their slots.
 * @tensorflow tf.contrib.opt.AdaMaxOptimizer
 */
export class AdaMaxOptimizer extends AdamOptimizer {
  protected override readonly powerNames = ['beta1_power'] as const;

  constructor(learningRate: Hyper = 0.001, options: AdamOptions = {}) {
    super(learningRate, { ...options, name: options.name ?? 'AdaMax' });
  }

  protected override applyDense(g: Tensor, v: Variable): Operation {
    const [beta1_power] = this.powers() as [Tensor];
    return this.apply('AdaMax', g, v, this.slots(v), { beta1_power, ...this.scalars });
  }

  protected override applySparse({ values: g, indices }: IndexedSlices, variable: Variable): Operation {
    const { dtype, graph } = variable;
    const power = cast(this.powers()[0] as Tensor, dtype);
    const { lr, beta1, beta2, epsilon } = this.castScalars(dtype);
    const { m, v } = this.slots(variable);
    const mean = gather(m, indices)
      .mul(beta1)
      .add(g.mul(beta1.rsub(1)));
    const newM = graph.controlDependencies([mean], () => this.#replace(m, indices, mean));
    const largest = maximum(gather(v, indices).mul(beta2), abs(g));
    const newV = graph.controlDependencies([largest], () => this.#replace(v, indices, largest));
    const step = lr
      .neg()
      .truediv(power.rsub(1))
      .mul(mean.truediv(largest.add(epsilon)));
    const moved = graph.controlDependencies([step], () => this.scatterAdd(variable, indices, step));
    return group([moved, newM, newV]);
  }

  #replace(x: Variable, indices: Tensor, rows: Tensor): Tensor {
    if (!(x instanceof ResourceVariable)) {
      return scatterUpdate(x, indices, rows, { useLocking: this.useLocking }) as Tensor;
    }
    const written = resourceScatter('Update', x.handle, indices, rows);
    return x.graph.controlDependencies([written], () => x.value());
  }
}
