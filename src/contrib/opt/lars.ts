/** @file LARS: momentum with a rate of its own for each variable, from the norms of it and of its gradient. */
import { GraphError } from '../../errors';
import type { TensorLike } from '../../graph/convert';
import type { IndexedSlices } from '../../graph/indexed_slices';
import type { Operation, Tensor } from '../../graph/operation';
import { cast } from '../../ops/cast';
import { greater, where } from '../../ops/compare';
import { norm } from '../../ops/norm';
import { times } from '../../ops/operators';
import { applyOp } from '../../ops/training_ops';
import { ResourceVariable, type Variable } from '../../ops/variables';
import { type Hyper, notFunction, Optimizer } from '../../optimizers/optimizer';
import { Value } from '../../value/value';

export interface LARSOptions {
  /** 0.9 unless given. */
  readonly momentum?: number | undefined;
  /** 0.0001 unless given. */
  readonly weightDecay?: number | undefined;
  /** The LARS coefficient, 0.001 unless given. */
  readonly eeta?: number | undefined;
  readonly epsilon?: number | undefined;
  readonly name?: string | undefined;
  /** Variables with one of these in their name move at the plain rate. */
  readonly skipList?: readonly string[] | null | undefined;
  readonly useNesterov?: boolean | undefined;
}

/**
 * Layer-wise adaptive rates over momentum; sparse gradients move by momentum alone. Raises Value for a momentum or weight
 * decay below 0.
 * @tensorflow tf.contrib.opt.LARSOptimizer
 */
export class LARSOptimizer extends Optimizer {
  readonly #learningRate: Hyper;
  readonly #momentum: number;
  readonly #weightDecay: number;
  readonly #options: LARSOptions;
  #rate!: Tensor;
  #factor!: Tensor;

  constructor(learningRate: Hyper, options: LARSOptions = {}) {
    const { momentum = 0.9, weightDecay = 0.0001 } = options;
    if (momentum < 0) throw new GraphError('Value', `momentum should be positive: ${momentum}`);
    if (weightDecay < 0) throw new GraphError('Value', `weight_decay should be positive: ${weightDecay}`);
    super(options.name ?? 'LARSOptimizer');
    this.#learningRate = learningRate;
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
    this.#options = options;
  }
  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) this.zerosSlot(v, 'momentum');
  }
  protected override prepare(): void {
    this.#rate = this.hyper(this.#learningRate, 'learning_rate');
    this.#factor = this.hyper(this.#momentum, 'momentum');
  }
  protected override applyDense(g: Tensor, v: Variable): Operation {
    const [rate, gradient] = this.#scaled(g, v);
    const resource = v instanceof ResourceVariable;
    const state = (x: Variable) => (x instanceof ResourceVariable ? x.handle : (x as TensorLike));
    const lr = cast(Value.from(1, 'float32'), v.dtype);
    const grad = times(gradient, rate);
    const inputs = { var: state(v), accum: state(this.slot(v, 'momentum')), lr, grad, momentum: this.#momentum };
    return applyOp(resource ? 'ResourceApplyMomentum' : 'ApplyMomentum', inputs, this.#flags());
  }
  protected override applySparse(g: IndexedSlices, v: Variable): Operation {
    const slots = { accum: this.slot(v, 'momentum') };
    return this.apply('Momentum', g, v, slots, { lr: this.#rate }, { momentum: this.#factor }, this.#flags());
  }
  #flags() {
    return { use_nesterov: this.#options.useNesterov ?? false, use_locking: false };
  }

  /** The rate for this variable, and its gradient with that of the weight decay. */
  #scaled(g: Tensor, v: Variable): [rate: TensorLike, gradient: Tensor] {
    const plain = notFunction(this.#learningRate);
    const { skipList, eeta = 0.001, epsilon = 0 } = this.#options;
    if (skipList?.some((part) => v.name.includes(part))) return [plain, g];
    const size = norm(v as TensorLike, { ord: 2 });
    const slope = norm(g, { ord: 2 });
    const moves = greater(size, 0);
    const slopes = greater(slope, 0);
    const ratio = size.rmul(eeta).truediv(slope.add(size.rmul(this.#weightDecay)).add(epsilon));
    const trust = where(moves, where(slopes, ratio, 1), 1);
    return [times(plain, trust), g.add(v.rmul(this.#weightDecay))];
  }
}
