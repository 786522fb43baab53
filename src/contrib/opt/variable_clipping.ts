/** @file An optimizer around an optimizer that holds the norm of variables down. */

import { GraphError } from '../../errors';
import { getDefaultGraph } from '../../graph/graph';
import { IndexedSlices } from '../../graph/indexed_slices';
import type { Grad } from '../../graph/opdef';
import type { Operation, Tensor } from '../../graph/operation';
import { logging } from '../../logging';
import { clipByNorm } from '../../ops/clip';
import { group } from '../../ops/control';
import { gather } from '../../ops/gather';
import type { Variable } from '../../ops/variables';
import {
  type ApplyOptions,
  type ComputeOptions,
  type GradAndVar,
  Optimizer,
  type OptimizerOptions,
} from '../../optimizers/optimizer';

export interface VariableClippingOptions extends OptimizerOptions {
  readonly colocateClipOpsWithVars?: boolean | undefined;
}

/**
 * Applies another optimizer's updates, then clips variables to a norm. Of a sparse gradient only its rows are clipped.
 * @tensorflow tf.contrib.opt.VariableClippingOptimizer
 */
export class VariableClippingOptimizer extends Optimizer {
  readonly #inner: Optimizer;
  readonly #dims: ReadonlyMap<Variable, readonly number[]>;
  readonly #maxNorm: number | Tensor;
  readonly #colocate: boolean;

  /** `varsToClipDims`: for each variable the dimensions of one norm. */
  constructor(
    inner: Optimizer,
    varsToClipDims: ReadonlyMap<Variable, readonly number[]>,
    maxNorm: number | Tensor,
    { useLocking, colocateClipOpsWithVars = false, name = 'VariableClipping' }: VariableClippingOptions = {},
  ) {
    super(name, useLocking);
    if (!(varsToClipDims instanceof Map)) {
      throw new GraphError('Type', 'vars_to_clip_dims must be a Map from variables to lists of dimensions');
    }
    this.#inner = inner;
    this.#dims = new Map([...varsToClipDims].map(([v, dims]) => [v, [...dims]]));
    this.#maxNorm = maxNorm;
    this.#colocate = colocateClipOpsWithVars;
  }
  override computeGradients(loss: Tensor, options: ComputeOptions = {}): [Grad | null, Variable][] {
    return this.#inner.computeGradients(loss, options);
  }
  override getSlot(v: Variable, name: string): Variable | null {
    return this.#inner.getSlot(v, name);
  }
  override getSlotNames(): string[] {
    return this.#inner.getSlotNames();
  }
  override applyGradients(pairs: readonly GradAndVar[], { globalStep, name }: ApplyOptions = {}): Operation {
    const graph = getDefaultGraph();
    return graph.nameScope(name ?? this.name, (scope) => {
      const updated = this.#inner.applyGradients(pairs, { globalStep });
      const clipped = graph.controlDependencies([updated], () =>
        pairs
          .filter(([g, v]) => g !== null && this.#dims.has(v))
          .map(([g, v]) =>
            graph.nameScope(`clip_${v.op.name}`, () =>
              g instanceof IndexedSlices ? this.#clipRows(g, v) : this.#clipAll(v),
            ),
          ),
      );
      return group([updated, ...clipped] as Operation[], { name: scope });
    });
  }

  #clipAll(v: Variable): unknown {
    const excess = this.#beside(v, () => {
      const now = v.readValue();
      return now.sub(clipByNorm(now, this.#maxNorm, { axes: this.#dims.get(v) as number[] }));
    });
    return v.graph.colocateWith(v, () => v.assignSub(excess, { useLocking: this.useLocking }));
  }
  #clipRows(g: IndexedSlices, v: Variable): unknown {
    const dims = this.#dims.get(v)!;
    if (dims.includes(0)) {
      const list = `[${dims.join(', ')}]`;
      logging.warn(
        `Clipping norm across dims ${list} for ${v.op.name} is inefficient when including sparse dimension 0.`,
      );
      return this.#clipAll(v);
    }
    const rows = v.graph.colocateWith(v, () => gather(v, g.indices));
    const excess = this.#beside(v, () => rows.sub(clipByNorm(rows, this.#maxNorm, { axes: dims as number[] })));
    const { useLocking } = this;
    return v.graph.colocateWith(v, () =>
      v.scatterSub(new IndexedSlices(excess, g.indices, g.denseShape), { useLocking }),
    );
  }
  #beside<R>(v: Variable, body: () => R): R {
    return this.#colocate ? v.graph.colocateWith(v, body) : body();
  }
}
