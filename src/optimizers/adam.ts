/** @file Adam: steps scaled by running averages of the gradient and of its square. */

import { getDefaultGraph } from '../graph/graph';
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import { cast } from '../ops/cast';
import { group } from '../ops/control';
import { resourceScatter } from '../ops/resource_scatter';
import { scatterAdd } from '../ops/scatter_state';
import { assign, assignSub } from '../ops/state';
import { sqrt } from '../ops/unary';
import { ResourceVariable, type Variable } from '../ops/variables';
import { type Hyper, Optimizer, type OptimizerOptions, opOf } from './optimizer';

export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: Hyper | undefined;
  readonly beta2?: Hyper | undefined;
  readonly epsilon?: Hyper | undefined;
}

/** Adam, as tf.train.AdamOptimizer. Sparse gradients move all rows, as there. */
export class AdamOptimizer extends Optimizer {
  readonly #given: {
    readonly learningRate: Hyper;
    readonly beta1: Hyper;
    readonly beta2: Hyper;
    readonly epsilon: Hyper;
  };
  #lr!: Tensor;
  #beta1!: Tensor;
  #beta2!: Tensor;
  #epsilon!: Tensor;

  constructor(learningRate: Hyper = 0.001, options: AdamOptions = {}) {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, useLocking, name = 'Adam' } = options;
    super(name, useLocking);
    this.#given = { learningRate, beta1, beta2, epsilon };
  }

  protected override createSlots(variables: readonly Variable[]): void {
    const first = [...variables].sort((a, b) => (a.name < b.name ? -1 : 1))[0]!;
    this.nonSlot(this.#given.beta1, 'beta1_power', first);
    this.nonSlot(this.#given.beta2, 'beta2_power', first);
    for (const v of variables) {
      this.zerosSlot(v, 'm');
      this.zerosSlot(v, 'v');
    }
  }

  protected override prepare(): void {
    const { learningRate, beta1, beta2, epsilon } = this.#given;
    this.#lr = this.hyper(learningRate, 'learning_rate');
    this.#beta1 = this.hyper(beta1, 'beta1');
    this.#beta2 = this.hyper(beta2, 'beta2');
    this.#epsilon = this.hyper(epsilon, 'epsilon');
  }

  #powers(): [Variable, Variable] {
    return [this.getNonSlot('beta1_power'), this.getNonSlot('beta2_power')];
  }

  protected applyDense(g: Tensor, v: Variable): Operation {
    const [beta1_power, beta2_power] = this.#powers() as unknown as [Tensor, Tensor];
    const scalars = {
      beta1_power,
      beta2_power,
      lr: this.#lr,
      beta1: this.#beta1,
      beta2: this.#beta2,
      epsilon: this.#epsilon,
    };
    return this.apply('Adam', g, v, { m: this.slot(v, 'm'), v: this.slot(v, 'v') }, scalars);
  }

  protected applySparse({ values: g, indices }: IndexedSlices, v: Variable): Operation {
    const [power1, power2] = this.#powers();
    const [p1, p2] = [cast(power1, v.dtype), cast(power2, v.dtype)];
    const [lr, b1, b2, eps] = [this.#lr, this.#beta1, this.#beta2, this.#epsilon].map((t) => cast(t, v.dtype)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const rootOfRest = sqrt(p2.rsub(1));
    const rate = lr.mul(rootOfRest).truediv(p1.rsub(1));
    const m = this.#average(v, 'm', b1, () => g.mul(b1.rsub(1)), indices);
    const s = this.#average(v, 'v', b2, () => g.mul(g).mul(b2.rsub(1)), indices);
    const root = sqrt(s);
    const moved = assignSub(v, rate.mul(m).truediv(root.add(eps)), { useLocking: this.useLocking });
    return group([moved, m, s]);
  }

  /** slot = slot * beta, then the rows of the gradient added. */
  #average(v: Variable, name: string, beta: Tensor, scaled: () => Tensor, indices: Tensor): Tensor {
    const slot = this.slot(v, name);
    const { useLocking } = this;
    const rows = scaled();
    const decayed = assign(slot, slot.mul(beta), { useLocking });
    const { graph } = v;
    return graph.controlDependencies([decayed], () => {
      if (!(slot instanceof ResourceVariable)) return scatterAdd(slot, indices, rows, { useLocking }) as Tensor;
      const added = resourceScatter('Add', slot.handle, indices, rows);
      return graph.controlDependencies([added], () => slot.value());
    });
  }

  protected override finish(updates: readonly Operation[], name: string): Operation {
    const graph = getDefaultGraph();
    const ops = graph.controlDependencies(updates, () => {
      const [power1, power2] = this.#powers();
      return graph.colocateWith(power1, () => {
        const { useLocking } = this;
        const first = power1.assign(power1.mul(this.#beta1), { useLocking });
        return [first, power2.assign(power2.mul(this.#beta2), { useLocking })].map(opOf);
      });
    });
    return group([...updates, ...ops], { name });
  }
}
