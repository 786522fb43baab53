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
import type { DType } from '../value/dtype';
import { type Hyper, Optimizer, type OptimizerOptions, opOf } from './optimizer';

export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: Hyper | undefined;
  readonly beta2?: Hyper | undefined;
  readonly epsilon?: Hyper | undefined;
}

type Name = 'lr' | 'beta1' | 'beta2' | 'epsilon';

/**
 * Adam: steps scaled by running averages of the gradient and of its square. A sparse gradient moves all rows.
 * @tensorflow tf.train.AdamOptimizer
 */
export class AdamOptimizer extends Optimizer {
  protected readonly given: Readonly<Record<Name, Hyper>>;
  protected scalars!: Readonly<Record<Name, Tensor>>;

  constructor(learningRate: Hyper = 0.001, options: AdamOptions = {}) {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, useLocking, name = 'Adam' } = options;
    super(name, useLocking);
    this.given = { lr: learningRate, beta1, beta2, epsilon };
  }

  /** The variables of the optimizer itself: beta1 and beta2 to the power of the steps. */
  protected readonly powerNames: readonly ('beta1_power' | 'beta2_power')[] = ['beta1_power', 'beta2_power'];

  protected override createSlots(variables: readonly Variable[]): void {
    const first = [...variables].sort((a, b) => (a.name < b.name ? -1 : 1))[0]!;
    for (const name of this.powerNames) this.nonSlot(this.given[betaOf(name)], name, first);
    for (const v of variables) {
      this.zerosSlot(v, 'm');
      this.zerosSlot(v, 'v');
    }
  }

  protected override prepare(): void {
    const { lr, beta1, beta2, epsilon } = this.given;
    this.scalars = {
      lr: this.hyper(lr, 'learning_rate'),
      beta1: this.hyper(beta1, 'beta1'),
      beta2: this.hyper(beta2, 'beta2'),
      epsilon: this.hyper(epsilon, 'epsilon'),
    };
  }

  /** The powers as the next update needs them. */
  protected powers(): readonly (Variable | Tensor)[] {
    return this.powerNames.map((name) => this.getNonSlot(name));
  }
  protected slots(v: Variable): { readonly m: Variable; readonly v: Variable } {
    return { m: this.slot(v, 'm'), v: this.slot(v, 'v') };
  }

  protected override applyDense(g: Tensor, v: Variable): Operation {
    return this.applyAdam(g, v, {});
  }
  protected applyAdam(g: Tensor, v: Variable, flags: Readonly<Record<string, boolean>>): Operation {
    const [beta1_power, beta2_power] = this.powers() as [Tensor, Tensor];
    return this.apply('Adam', g, v, this.slots(v), { beta1_power, beta2_power, ...this.scalars }, {}, flags);
  }

  /** The scalars in the type of v, and the rate of this step, which makes up for averages that start from zero. */
  protected sparseScalars(v: Variable): Readonly<Record<Name | 'rate', Tensor>> {
    const { dtype } = v;
    const [power1, power2] = this.powers().map((p) => cast(p as Tensor, dtype)) as [Tensor, Tensor];
    const scalars = this.castScalars(dtype);
    const rootOfRest = sqrt(power2.rsub(1));
    return { ...scalars, rate: scalars.lr.mul(rootOfRest).truediv(power1.rsub(1)) };
  }
  protected castScalars(dtype: DType): Readonly<Record<Name, Tensor>> {
    const { lr, beta1, beta2, epsilon } = this.scalars;
    return {
      lr: cast(lr, dtype),
      beta1: cast(beta1, dtype),
      beta2: cast(beta2, dtype),
      epsilon: cast(epsilon, dtype),
    };
  }

  protected override applySparse({ values: g, indices }: IndexedSlices, v: Variable): Operation {
    const { beta1, beta2, epsilon, rate } = this.sparseScalars(v);
    const m = this.decayed(v, 'm', beta1, g.mul(beta1.rsub(1)), indices);
    const s = this.decayed(v, 'v', beta2, g.mul(g).mul(beta2.rsub(1)), indices);
    const root = sqrt(s);
    const moved = assignSub(v, rate.mul(m).truediv(root.add(epsilon)), { useLocking: this.useLocking });
    return group([moved, m, s]);
  }

  /** slot = slot * beta, then `rows` added at `indices`. Answers what `read` makes of the sum, under the same dependency. */
  protected decayed(
    v: Variable,
    name: 'm' | 'v',
    beta: Tensor,
    rows: Tensor,
    indices: Tensor,
    read = (slot: Tensor): Tensor => slot,
  ): Tensor {
    const slot = this.slot(v, name);
    const kept = assign(slot, slot.mul(beta), { useLocking: this.useLocking });
    return v.graph.controlDependencies([kept], () => read(this.scatterAdd(slot, indices, rows)));
  }
  /** Adds rows of a variable; answers its value after that. */
  protected scatterAdd(x: Variable, indices: Tensor, rows: Tensor): Tensor {
    if (!(x instanceof ResourceVariable))
      return scatterAdd(x, indices, rows, { useLocking: this.useLocking }) as Tensor;
    const added = resourceScatter('Add', x.handle, indices, rows);
    return x.graph.controlDependencies([added], () => x.value());
  }

  protected override finish(updates: readonly Operation[], name: string): Operation {
    const graph = getDefaultGraph();
    const { useLocking } = this;
    const ops = graph.controlDependencies(updates, () => {
      const powers = this.powerNames.map((power) => [this.getNonSlot(power), this.scalars[betaOf(power)]] as const);
      return graph.colocateWith(powers[0]![0], () =>
        powers.map(([power, beta]) => opOf(power.assign(power.mul(beta), { useLocking }))),
      );
    });
    return group([...updates, ...ops], { name });
  }
}

const betaOf = (power: 'beta1_power' | 'beta2_power'): 'beta1' | 'beta2' =>
  power === 'beta1_power' ? 'beta1' : 'beta2';
