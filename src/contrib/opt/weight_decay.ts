/** @file Weight decay apart from the loss: the variable shrinks before the optimizer moves it. */
import type { IndexedSlices } from '../../graph/indexed_slices';
import type { Operation, Tensor } from '../../graph/operation';
import { noOp } from '../../ops/control';
import { gather } from '../../ops/gather';
import { times } from '../../ops/operators';
import { resourceScatter } from '../../ops/resource_scatter';
import { scatterAdd } from '../../ops/scatter_state';
import { negative } from '../../ops/unary';
import { ResourceVariable, type Variable } from '../../ops/variables';
import { AdamOptimizer, type AdamOptions } from '../../optimizers/adam';
import { MomentumOptimizer, type MomentumOptions } from '../../optimizers/momentum';
import {
  type ApplyOptions,
  type GradAndVar,
  type Hyper,
  type MinimizeOptions,
  notFunction,
  type Optimizer,
} from '../../optimizers/optimizer';

interface DecayOptions {
  /** The variables that decay; all that are moved unless given. */
  readonly decayVarList?: readonly Variable[] | null | undefined;
}
/** An optimizer with decoupled weight decay. As in TensorFlow, `minimize` decays all; applyGradients heeds the list. */
export interface DecoupledWeightDecay {
  minimize(loss: Tensor, options?: (MinimizeOptions & DecayOptions) | Variable): Operation;
  applyGradients(pairs: readonly GradAndVar[], options?: ApplyOptions & DecayOptions): Operation;
}

// biome-ignore lint/suspicious/noExplicitAny: TypeScript asks it of what a class expression extends.
type OptimizerClass = new (...args: any[]) => Optimizer;
type Extended<B extends OptimizerClass> = new (
  weightDecay: Hyper,
  ...args: ConstructorParameters<B>
) => InstanceType<B> & DecoupledWeightDecay;

/**
 * The optimizer class `Base` with weight decay: its constructor takes the rate of decay first. Right for optimizers whose
 * step does not depend on the variable's value.
 * @tensorflow tf.contrib.opt.extend_with_decoupled_weight_decay
 * @tensorflow tf.contrib.opt.DecoupledWeightDecayExtension
 */
export function extendWithDecoupledWeightDecay<B extends OptimizerClass>(Base: B): Extended<B> {
  return class extends Base {
    readonly #rate: Hyper;
    #decays: ReadonlySet<Variable> | null = null;

    // biome-ignore lint/suspicious/noExplicitAny: as above.
    constructor(...args: any[]) {
      super(...args.slice(1));
      this.#rate = args[0];
    }
    override minimize(loss: Tensor, options: (MinimizeOptions & DecayOptions) | Variable = {}): Operation {
      return super.minimize(loss, 'decayVarList' in options ? { ...options, decayVarList: null } : options);
    }
    override applyGradients(pairs: readonly GradAndVar[], options: ApplyOptions & DecayOptions = {}): Operation {
      this.#decays = options.decayVarList?.length ? new Set(options.decayVarList) : null;
      return super.applyGradients(pairs, options);
    }
    protected override prepare(): void {
      this.hyper(this.#rate, 'weight_decay'); // a Const that nothing reads
      super.prepare();
    }
    protected override applyDense(g: Tensor, v: Variable): Operation {
      const shrink = () => {
        const rate = notFunction(this.#rate);
        const part = typeof rate === 'number' ? v.rmul(rate) : times(rate, v);
        return v.assignSub(part, { useLocking: this.useLocking });
      };
      return this.#after(v, shrink, () => super.applyDense(g, v));
    }
    protected override applySparse(g: IndexedSlices, v: Variable): Operation {
      const shrink = (): Tensor | Operation => {
        const rate = notFunction(this.#rate);
        const minus = typeof rate === 'number' ? -rate : negative(rate);
        const rows = times(minus, gather(v, g.indices));
        if (!(v instanceof ResourceVariable)) {
          return scatterAdd(v, g.indices, rows, { useLocking: this.useLocking }) as Tensor;
        }
        const added = resourceScatter('Add', v.handle, g.indices, rows);
        return v.graph.controlDependencies([added], () => v.value());
      };
      return this.#after(v, shrink, () => super.applySparse(g, v));
    }

    #after(v: Variable, shrink: () => unknown, move: () => Operation): Operation {
      const first = !this.#decays || this.#decays.has(v) ? shrink() : noOp();
      return v.graph.controlDependencies([first as Operation], move);
    }
  } as unknown as Extended<B>;
}

const DecayedMomentum = extendWithDecoupledWeightDecay(MomentumOptimizer);
/** Momentum with decoupled weight decay. @tensorflow tf.contrib.opt.MomentumWOptimizer */
export class MomentumWOptimizer extends DecayedMomentum {
  constructor(weightDecay: Hyper, learningRate: Hyper, momentum: Hyper, options: MomentumOptions = {}) {
    super(weightDecay, learningRate, momentum, { ...options, name: options.name ?? 'MomentumW' });
  }
}

const DecayedAdam = extendWithDecoupledWeightDecay(AdamOptimizer);
/** Adam with decoupled weight decay. @tensorflow tf.contrib.opt.AdamWOptimizer */
export class AdamWOptimizer extends DecayedAdam {
  constructor(weightDecay: Hyper, learningRate: Hyper = 0.001, options: AdamOptions = {}) {
    super(weightDecay, learningRate, { ...options, name: options.name ?? 'AdamW' });
  }
}
