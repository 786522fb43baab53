/** @file AddSign and PowerSign: steps that grow where the gradient has the sign of its running average. */
import { GraphError } from '../../errors';
import { convertToTensor, type TensorLike } from '../../graph/convert';
import type { IndexedSlices } from '../../graph/indexed_slices';
import type { Operation, Tensor } from '../../graph/operation';
import { cast } from '../../ops/cast';
import { group } from '../../ops/control';
import { gather } from '../../ops/gather';
import { times } from '../../ops/operators';
import { pow } from '../../ops/pairs';
import { scatterSub } from '../../ops/scatter_state';
import { assign } from '../../ops/state';
import { sign } from '../../ops/unary';
import { ResourceVariable, type Variable } from '../../ops/variables';
import { type ApplyOptions, type GradAndVar, Optimizer, type OptimizerOptions } from '../../optimizers/optimizer';
import type { DType } from '../../value/dtype';
import { Value } from '../../value/value';

interface SignOptions extends OptimizerOptions {
  /** The rate at which the average forgets; 0.9 unless given. */
  readonly beta?: TensorLike | undefined;
  /** Makes of the global step a factor of the signs; 1 unless given. */
  readonly signDecayFn?: ((globalStep: Variable | null | undefined) => TensorLike) | null | undefined;
}
type Name = 'lr' | 'alpha' | 'logbase' | 'sign_decay' | 'beta';
type Given = readonly (readonly [input: Name, name: string, value: TensorLike])[];

/** What both share: an average of the gradient as the slot `m`, and the decay of the signs. */
class SignOptimizer extends Optimizer {
  readonly #rule: 'AddSign' | 'PowerSign';
  /** The scalars in the order in which they are made. */
  readonly #given: Given;
  readonly #decay: SignOptions['signDecayFn'];
  #signDecay: Tensor | null = null;
  #scalars!: Readonly<Record<Name, Tensor>>;

  constructor(rule: 'AddSign' | 'PowerSign', given: Given, { signDecayFn, name, useLocking }: SignOptions) {
    super(name ?? `${rule}Optimizer`, useLocking);
    this.#rule = rule;
    this.#given = given;
    this.#decay = signDecayFn;
  }
  override applyGradients(pairs: readonly GradAndVar[], options: ApplyOptions = {}): Operation {
    if (this.#decay)
      this.#signDecay = convertToTensor(this.#decay(options.globalStep as Variable | null | undefined), {
        name: 'sign_decay',
      });
    return super.applyGradients(pairs, options);
  }
  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) this.zerosSlot(v, 'm');
  }
  protected override prepare(): void {
    const made = this.#given.map(([input, name, value]) => [input, convertToTensor(value, { name })] as const);
    const sign_decay = this.#decay ? this.#signDecay! : convertToTensor(1, { name: 'sign_decay' });
    this.#scalars = { ...Object.fromEntries(made), sign_decay } as Record<Name, Tensor>;
  }
  protected override applyDense(g: Tensor, v: Variable): Operation {
    const { lr, alpha, logbase, sign_decay, beta } = this.#scalars;
    const before = this.#rule === 'AddSign' ? { lr, alpha, sign_decay, beta } : { lr, logbase, sign_decay, beta };
    return this.apply(this.#rule, g, v, { m: this.slot(v, 'm') }, before);
  }

  /** Of ref variables alone, as in TensorFlow. The average moves in all rows, the variable in those of the gradient. */
  protected override applySparse(g: IndexedSlices, v: Variable): Operation {
    if (v instanceof ResourceVariable) return this.move(g, v);
    const { useLocking } = this;
    const { dtype } = v;
    const lr = cast(this.#scalars.lr, dtype);
    const { beta, factor } = this.#rule === 'AddSign' ? this.#adding(dtype) : this.#raising(dtype);
    const slot = this.slot(v, 'm');
    const m = assign(slot, slot.mul(beta).add(times(g, beta.rsub(1))), { useLocking }) as Tensor;
    const signs = sign(g.values);
    const agreeing = gather(sign(m), g.indices).mul(signs);
    const signDecay = cast(this.#scalars.sign_decay, dtype);
    const step = lr.mul(factor(signDecay, agreeing)).mul(g.values);
    return group([scatterSub(v, g.indices, step, { useLocking }) as Tensor, m]);
  }
  #adding(dtype: DType): Multiplier {
    const alpha = cast(this.#scalars.alpha, dtype);
    const beta = cast(this.#scalars.beta, dtype);
    return { beta, factor: (decay, signs) => alpha.add(decay.mul(signs)) };
  }
  #raising(dtype: DType): Multiplier {
    const beta = cast(this.#scalars.beta, dtype);
    const logbase = cast(this.#scalars.logbase, dtype);
    const e = cast(Value.from(Math.E, 'float32'), dtype);
    return { beta, factor: (decay, signs) => pow(e, logbase.mul(decay).mul(signs)) };
  }
}
interface Multiplier {
  readonly beta: Tensor;
  readonly factor: (decay: Tensor, signs: Tensor) => Tensor;
}

export interface AddSignOptions extends SignOptions {
  /** What the sign is added to; 1 unless given. */
  readonly alpha?: TensorLike | undefined;
}
/**
 * The gradient times (alpha + sign(g) * sign(m)), where m is its running average.
 * @tensorflow tf.contrib.opt.AddSignOptimizer
 */
export class AddSignOptimizer extends SignOptimizer {
  constructor(learningRate: TensorLike = 0.1, { alpha = 1, beta = 0.9, ...options }: AddSignOptions = {}) {
    const given = [
      ['lr', 'learning_rate', learningRate],
      ['beta', 'beta', beta],
      ['alpha', 'alpha', alpha],
    ] as const;
    super('AddSign', given, options);
  }
}

export interface PowerSignOptions extends SignOptions {
  /** The number that is raised to the sign; e unless given. */
  readonly base?: number | undefined;
}
/**
 * The gradient times base to the power sign(g) * sign(m), where m is its running average.
 * @tensorflow tf.contrib.opt.PowerSignOptimizer
 */
export class PowerSignOptimizer extends SignOptimizer {
  constructor(learningRate: TensorLike = 0.1, { base = Math.E, beta = 0.9, ...options }: PowerSignOptions = {}) {
    if (base <= 0) throw new GraphError('Value', 'math domain error');
    const given = [
      ['lr', 'learning_rate', learningRate],
      ['beta', 'beta', beta],
      ['logbase', 'logbase', Math.log(base)],
    ] as const;
    super('PowerSign', given, options);
  }
}
