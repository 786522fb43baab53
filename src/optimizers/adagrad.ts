/** @file Adagrad and its kin: rates that fall with the sum of squared gradients. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import type { IndexedSlices } from '../graph/indexed_slices';
import type { Operation, Tensor } from '../graph/operation';
import { constant, fill, identity, shapeOf } from '../ops/array';
import { cast } from '../ops/cast';
import { constantInitializer } from '../ops/initializers';
import type { Variable } from '../ops/variables';
import { isFull } from '../value/shape';
import { Value } from '../value/value';
import { type Hyper, Optimizer, type OptimizerOptions } from './optimizer';
import type { SlotInitializer } from './slots';

const positive = (name: string, x: number): number => {
  if (!(x > 0)) throw new GraphError('Value', `${name} must be positive: ${x}`);
  return x;
};

export interface AdagradOptions extends OptimizerOptions {
  readonly initialAccumulatorValue?: number | undefined;
}

/** Adagrad. @tensorflow tf.train.AdagradOptimizer */
export class AdagradOptimizer extends Optimizer {
  readonly #learningRate: Hyper;
  readonly #start: number;
  #rate!: Tensor;

  constructor(learningRate: Hyper, options: AdagradOptions = {}) {
    super(options.name ?? 'Adagrad', options.useLocking);
    this.#start = positive('initial_accumulator_value', options.initialAccumulatorValue ?? 0.1);
    this.#learningRate = learningRate;
  }
  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      const start = isFull(v.shape)
        ? constantInitializer(this.#start, { dtype: v.dtype })
        : () => cast(fill(shapeOf(v), this.#start), v.dtype);
      this.makeSlot(v, start as SlotInitializer, 'accumulator', v.shape);
    }
  }
  protected override prepare(): void {
    this.#rate = this.hyper(this.#learningRate, 'learning_rate');
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    return this.applyAdagrad(g, v, {});
  }
  protected applyAdagrad(g: Tensor | IndexedSlices, v: Variable, flags: Readonly<Record<string, boolean>>): Operation {
    return this.apply('Adagrad', g, v, { accum: this.slot(v, 'accumulator') }, { lr: this.#rate }, {}, flags);
  }
}

export interface AdadeltaOptions extends OptimizerOptions {
  readonly rho?: Hyper | undefined;
  readonly epsilon?: Hyper | undefined;
}

/** Adadelta. @tensorflow tf.train.AdadeltaOptimizer */
export class AdadeltaOptimizer extends Optimizer {
  readonly #given: readonly (readonly [name: string, value: Hyper])[];
  #scalars!: Record<'lr' | 'rho' | 'epsilon', Tensor>;

  constructor(learningRate: Hyper = 0.001, { rho = 0.95, epsilon = 1e-8, ...options }: AdadeltaOptions = {}) {
    super(options.name ?? 'Adadelta', options.useLocking);
    this.#given = [
      ['lr', learningRate],
      ['rho', rho],
      ['epsilon', epsilon],
    ];
  }
  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      this.zerosSlot(v, 'accum');
      this.zerosSlot(v, 'accum_update');
    }
  }
  protected override prepare(): void {
    const [lr, rho, epsilon] = this.#given.map(([name, value]) => this.hyper(value, name)) as [Tensor, Tensor, Tensor];
    this.#scalars = { lr, rho, epsilon };
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    const slots = { accum: this.slot(v, 'accum'), accum_update: this.slot(v, 'accum_update') };
    return this.apply('Adadelta', g, v, slots, this.#scalars);
  }
}

export interface ProximalOptions extends OptimizerOptions {
  readonly l1RegularizationStrength?: Hyper | undefined;
  readonly l2RegularizationStrength?: Hyper | undefined;
}

/** Gradient descent with l1 and l2 regularization in its step. @tensorflow tf.train.ProximalGradientDescentOptimizer */
export class ProximalGradientDescentOptimizer extends Optimizer {
  protected readonly given: readonly (readonly [name: string, value: Hyper])[];
  protected scalars!: [rate: Tensor, l1: Tensor, l2: Tensor];

  constructor(learningRate: Hyper, options: ProximalOptions = {}) {
    const { l1RegularizationStrength = 0, l2RegularizationStrength = 0 } = options;
    super(options.name ?? 'ProximalGradientDescent', options.useLocking);
    this.given = [
      ['learning_rate', learningRate],
      ['l1_regularization_strength', l1RegularizationStrength],
      ['l2_regularization_strength', l2RegularizationStrength],
    ];
  }
  protected override prepare(): void {
    this.scalars = this.given.map(([name, value]) => this.hyper(value, name)) as typeof this.scalars;
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    const [alpha, l1, l2] = this.scalars;
    return this.apply('ProximalGradientDescent', g, v, {}, { alpha, l1, l2 });
  }
}

/** Adagrad with l1 and l2 regularization in its step. @tensorflow tf.train.ProximalAdagradOptimizer */
export class ProximalAdagradOptimizer extends ProximalGradientDescentOptimizer {
  readonly #start: number;

  constructor(learningRate: Hyper, options: ProximalOptions & AdagradOptions = {}) {
    super(learningRate, { ...options, name: options.name ?? 'ProximalAdagrad' });
    this.#start = positive('initial_accumulator_value', options.initialAccumulatorValue ?? 0.1);
  }
  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) this.makeSlot(v, filled(v, this.#start), 'accumulator');
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    const [lr, l1, l2] = this.scalars;
    return this.apply('ProximalAdagrad', g, v, { accum: this.slot(v, 'accumulator') }, { lr, l1, l2 });
  }
}

const filled = (v: Variable, value: number): Tensor =>
  v.graph.colocateWith(v, () => constant(value, { shape: v.shape as number[], dtype: v.dtype }));

/** A number as Python's float, which is cast where the variable is not float32. */
const asFloat = (x: Hyper): TensorLike => (typeof x === 'number' ? Value.from(x, 'float32') : (x as TensorLike));

export interface AdagradDAOptions extends ProximalOptions {
  readonly initialGradientSquaredAccumulatorValue?: number | undefined;
}

/** Adagrad by dual averaging. @tensorflow tf.train.AdagradDAOptimizer */
export class AdagradDAOptimizer extends Optimizer {
  readonly #learningRate: Hyper;
  readonly #step: Variable | Tensor;
  readonly #options: AdagradDAOptions;
  readonly #start: number;
  #rate!: Tensor;
  #next!: Tensor;

  constructor(learningRate: Hyper, globalStep: Variable | Tensor, options: AdagradDAOptions = {}) {
    super(options.name ?? 'AdagradDA', options.useLocking);
    const { initialGradientSquaredAccumulatorValue: start = 0.1 } = options;
    this.#start = positive('initial_gradient_squared_accumulator_value', start);
    this.#learningRate = learningRate;
    this.#step = globalStep;
    this.#options = options;
  }
  protected override createSlots(variables: readonly Variable[]): void {
    for (const v of variables) {
      const [sum, squares] = [filled(v, 0), filled(v, this.#start)];
      this.makeSlot(v, sum, 'gradient_accumulator');
      this.makeSlot(v, squares, 'gradient_squared_accumulator');
    }
  }
  protected override prepare(): void {
    this.#rate = this.hyper(this.#learningRate, 'learning_rate');
    this.#next = this.#rate.graph.colocateWith(this.#rate, () => identity(this.#step).add(1));
  }
  protected override move(g: Tensor | IndexedSlices, v: Variable): Operation {
    const slots = {
      gradient_accumulator: this.slot(v, 'gradient_accumulator'),
      gradient_squared_accumulator: this.slot(v, 'gradient_squared_accumulator'),
    };
    const { l1RegularizationStrength: l1 = 0, l2RegularizationStrength: l2 = 0 } = this.#options;
    const step = v.graph.device(v.device, () => identity(this.#next));
    const lr = cast(this.#rate, v.dtype);
    const after = { lr, l1: cast(asFloat(l1), v.dtype), l2: cast(asFloat(l2), v.dtype), global_step: step };
    return this.apply('AdagradDA', g, v, slots, {}, after);
  }
}
