/** @file Kin of Adam: with Nesterov's look-ahead, lazy in its sparse updates, counting by the global step. */
import type { TensorLike } from '../../graph/convert';
import type { IndexedSlices } from '../../graph/indexed_slices';
import type { Operation, Tensor } from '../../graph/operation';
import { identity } from '../../ops/array';
import { cast } from '../../ops/cast';
import { group } from '../../ops/control';
import { gather } from '../../ops/gather';
import { pow } from '../../ops/pairs';
import { resourceScatter } from '../../ops/resource_scatter';
import { scatterSub, scatterUpdate } from '../../ops/scatter_state';
import { sqrt, square } from '../../ops/unary';
import { ResourceVariable, type Variable } from '../../ops/variables';
import { AdamOptimizer, type AdamOptions } from '../../optimizers/adam';
import type { Hyper } from '../../optimizers/optimizer';
import { Value } from '../../value/value';

/**
 * Adam with Nesterov's look-ahead. Its slots and scope are called Adam unless a name is given.
 * @tensorflow tf.contrib.opt.NadamOptimizer
 */
export class NadamOptimizer extends AdamOptimizer {
  protected override applyDense(g: Tensor, v: Variable): Operation {
    return this.applyAdam(g, v, { use_nesterov: true });
  }

  protected override applySparse({ values: g, indices }: IndexedSlices, variable: Variable): Operation {
    const { beta1, beta2, epsilon, rate } = this.sparseScalars(variable);
    const rows = g.mul(beta1.rsub(1));
    const ahead = this.decayed(variable, 'm', beta1, rows, indices, (m) => rows.add(beta1.mul(gather(m, indices))));
    const v = this.decayed(variable, 'v', beta2, g.mul(g).mul(beta2.rsub(1)), indices);
    const root = sqrt(gather(v, indices));
    const step = rate.neg().mul(ahead).truediv(root.add(epsilon));
    return group([this.scatterAdd(variable, indices, step), ahead, v]);
  }
}

type Scalars = Readonly<Record<'beta1' | 'beta2' | 'epsilon' | 'rate', Tensor>>;
type Slots = Readonly<Record<'m' | 'v', Variable>>;

/** Adam of the rows of a sparse gradient alone: all others stay, and so do their slots. */
function moveRows(
  { beta1, beta2, epsilon, rate }: Scalars,
  { m, v }: Slots,
  { values: g, indices }: IndexedSlices,
  variable: Variable,
  useLocking: boolean,
): Operation {
  const mean = () => beta1.mul(gather(m, indices)).add(beta1.rsub(1).mul(g));
  const meanSquare = () => beta2.mul(gather(v, indices)).add(beta2.rsub(1).mul(square(g)));
  if (variable instanceof ResourceVariable) {
    const replace = (slot: Variable, rows: Tensor) =>
      resourceScatter('Update', (slot as ResourceVariable).handle, indices, rows);
    const rowsM = mean();
    const newM = replace(m, rowsM);
    const rowsV = meanSquare();
    const newV = replace(v, rowsV);
    const step = rate.mul(rowsM).truediv(sqrt(rowsV).add(epsilon));
    return group([resourceScatter('Sub', variable.handle, indices, step), newM, newV]);
  }
  const newM = scatterUpdate(m, indices, mean(), { useLocking }) as Tensor;
  const newV = scatterUpdate(v, indices, meanSquare(), { useLocking }) as Tensor;
  const [rowsM, rowsV] = [gather(newM, indices), gather(newV, indices)];
  const divisor = sqrt(rowsV).add(epsilon);
  const moved = scatterSub(variable, indices, rate.mul(rowsM).truediv(divisor), { useLocking });
  return group([moved as Tensor, newM, newV]);
}

/**
 * Adam that moves only the rows of a sparse gradient, and only their slots.
 * @tensorflow tf.contrib.opt.LazyAdamOptimizer
 */
export class LazyAdamOptimizer extends AdamOptimizer {
  protected override applySparse(g: IndexedSlices, v: Variable): Operation {
    return moveRows(this.sparseScalars(v), this.slots(v), g, v, this.useLocking);
  }
}

/**
 * Adam whose powers of beta follow from a step counter, in place of variables of its own.
 * @tensorflow tf.contrib.opt.AdamGSOptimizer
 */
export class AdamGSOptimizer extends AdamOptimizer {
  protected override readonly powerNames = [] as const;
  readonly #globalStep: TensorLike;
  #step!: Tensor;

  constructor(globalStep: TensorLike = 0, learningRate: Hyper = 0.001, options: AdamOptions = {}) {
    super(learningRate, options);
    this.#globalStep = typeof globalStep === 'number' ? Value.from(globalStep, 'int32') : globalStep;
  }
  protected override prepare(): void {
    super.prepare();
    this.#step = cast(identity(this.#globalStep).add(1), 'float32');
  }
  protected override powers(): readonly Tensor[] {
    return [pow(this.scalars.beta1, this.#step), pow(this.scalars.beta2, this.#step)];
  }
  protected override finish(updates: readonly Operation[], name: string): Operation {
    return group(updates, { name });
  }
}

/** LazyAdamOptimizer and AdamGSOptimizer in one. @tensorflow tf.contrib.opt.LazyAdamGSOptimizer */
export class LazyAdamGSOptimizer extends AdamGSOptimizer {
  protected override applySparse(g: IndexedSlices, v: Variable): Operation {
    return moveRows(this.sparseScalars(v), this.slots(v), g, v, this.useLocking);
  }
}
