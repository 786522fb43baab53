/** @file Training several tasks in turn: all-zero gradients leave the optimizer's state alone. */
import { GraphError } from '../../errors';
import type { TensorLike } from '../../graph/convert';
import { IndexedSlices } from '../../graph/indexed_slices';
import type { Grad } from '../../graph/opdef';
import type { Operation, Tensor } from '../../graph/operation';
import { clipByGlobalNorm, globalNorm } from '../../ops/clip';
import { equal } from '../../ops/compare';
import { cond } from '../../ops/cond';
import { noOp } from '../../ops/control';
import { countNonzero } from '../../ops/reduce';
import { zeros } from '../../ops/shape';
import { ResourceVariable, type Variable } from '../../ops/variables';
import {
  type ApplyOptions,
  type ComputeOptions,
  type GradAndVar,
  type MinimizeOptions,
  Optimizer,
  opOf,
} from '../../optimizers/optimizer';
import { Value } from '../../value/value';

const isAllZeros = (g: TensorLike): Tensor => equal(countNonzero(g), Value.from(0, 'int32'));

type Update = (g: Grad, v: Variable) => Operation;
type Updates = Record<'applyDense' | 'applySparse', Update>;

/** `update` in a cond: nothing moves, slots included, where the whole gradient is zero. */
const unlessZero =
  (update: Update): Update =>
  (g, v) => {
    const tested = g instanceof IndexedSlices && v instanceof ResourceVariable ? g.values : g;
    return opOf(
      cond(
        isAllZeros(tested as TensorLike),
        () => noOp(),
        () => v.graph.controlDependencies([update(g, v)], () => noOp()),
      ),
    );
  };

/**
 * Changes an optimizer so that it leaves a variable and its slots alone where the gradient is all zeros, as it is for the
 * tasks that a step does not train. Raises Type for what is no optimizer.
 * @tensorflow tf.contrib.opt.MultitaskOptimizerWrapper
 */
export class MultitaskOptimizerWrapper {
  readonly #inner: Optimizer;

  constructor(inner: Optimizer) {
    if (!(inner instanceof Optimizer)) {
      throw new GraphError('Type', 'Supplied optimizer must be an instance of tf.train.Optimizer');
    }
    const updates = inner as unknown as Updates;
    for (const name of ['applyDense', 'applySparse'] as const) updates[name] = unlessZero(updates[name].bind(inner));
    this.#inner = inner;
  }
  minimize(loss: Tensor, options?: MinimizeOptions | Variable): Operation {
    return this.#inner.minimize(loss, options);
  }
  computeGradients(loss: Tensor, options?: ComputeOptions): [Grad | null, Variable][] {
    return this.#inner.computeGradients(loss, options);
  }
  applyGradients(pairs: readonly GradAndVar[], options?: ApplyOptions): Operation {
    return this.#inner.applyGradients(pairs, options);
  }
  getName(): string {
    return this.#inner.getName();
  }
  getSlot(v: Variable, name: string): Variable | null {
    return this.#inner.getSlot(v, name);
  }
  getSlotNames(): string[] {
    return this.#inner.getSlotNames();
  }
  variables(): Variable[] {
    return this.#inner.variables();
  }
}

/**
 * clipByGlobalNorm of the gradients of pairs, with a norm that passes over all-zero gradients; answers the clipped pairs
 * and the norm.
 * @tensorflow tf.contrib.opt.clip_gradients_by_global_norm
 */
export function clipGradientsByGlobalNorm(
  pairs: readonly (readonly [gradient: Grad | null, variable: Variable])[],
  clipNorm: TensorLike = 20,
): [clipped: [Grad | null, Variable][], norm: Tensor] {
  const gradients = pairs.map(([g]) => g) as (TensorLike | null)[];
  const counted = gradients.map((g) =>
    g === null
      ? null
      : (cond(
          isAllZeros(g),
          () => zeros([], (g as Tensor).dtype),
          () => g,
        ) as TensorLike),
  );
  const useNorm = globalNorm(counted);
  const [clipped] = clipByGlobalNorm(gradients, clipNorm, { useNorm });
  return [pairs.map(([, v], i) => [clipped[i]!, v]), useNorm];
}
