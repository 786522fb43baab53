/** @file An optimizer around an optimizer that keeps moving averages, and a saver that saves them in place of the variables. */
import { GraphError } from '../../errors';
import type { Grad } from '../../graph/opdef';
import type { Operation, Tensor } from '../../graph/operation';
import { Saver, type SaverOptions } from '../../interop/saver';
import { group } from '../../ops/control';
import { globalVariables, type Variable } from '../../ops/variables';
import { type ApplyOptions, type ComputeOptions, type GradAndVar, Optimizer } from '../../optimizers/optimizer';
import { ExponentialMovingAverage, type ExponentialMovingAverageOptions } from '../../training/moving_averages';

export interface MovingAverageOptions {
  readonly averageDecay?: number | Tensor | undefined;
  readonly numUpdates?: ExponentialMovingAverageOptions['numUpdates'];
  /** Whether the averages wait for the updates; true unless given. */
  readonly sequentialUpdate?: boolean | undefined;
}

/**
 * Trains with another optimizer and keeps a moving average of each variable it moves.
 * @tensorflow tf.contrib.opt.MovingAverageOptimizer
 */
export class MovingAverageOptimizer extends Optimizer {
  readonly #inner: Optimizer;
  readonly #averages: ExponentialMovingAverage;
  readonly #sequential: boolean;
  /** The variable's name for its average's, and back. */
  #swaps: Map<string, string> | null = null;

  constructor(inner: Optimizer, { averageDecay = 0.9999, numUpdates, sequentialUpdate }: MovingAverageOptions = {}) {
    super(nameOf(inner));
    this.#inner = inner;
    this.#averages = new ExponentialMovingAverage(averageDecay, { numUpdates });
    this.#sequential = sequentialUpdate ?? true;
  }

  override computeGradients(loss: Tensor, options: ComputeOptions = {}): [Grad | null, Variable][] {
    return this.#inner.computeGradients(loss, options);
  }
  override applyGradients(pairs: readonly GradAndVar[], options: ApplyOptions = {}): Operation {
    const train = this.#inner.applyGradients(pairs, options);
    const variables = pairs.filter(([g]) => g !== null).map(([, v]) => v);
    const average = () => this.#averages.apply(variables);
    const averaged = this.#sequential ? train.graph.controlDependencies([train], average) : average();
    this.#swaps = new Map();
    for (const v of variables) {
      const shadow = this.#averages.average(v)!;
      this.#swaps.set(v.op.name, shadow.op.name).set(shadow.op.name, v.op.name);
    }
    return group([train, averaged], { name: 'train_with_avg' });
  }
  override getSlot(v: Variable, name: string): Variable | null {
    return this.#inner.getSlot(v, name);
  }
  override getSlotNames(): string[] {
    return this.#inner.getSlotNames();
  }
  override variables(): Variable[] {
    return this.#inner.variables();
  }

  /**
   * A saver that writes each average under its variable's name and the variable under the average's, so that an ordinary
   * saver restores averages. Raises Runtime before applyGradients, Value where the list lacks one of a pair.
   */
  swappingSaver(
    varList?: readonly Variable[] | Readonly<Record<string, Variable>> | null,
    options: SaverOptions = {},
  ): Saver {
    const swaps = this.#swaps;
    if (!swaps) {
      throw new GraphError('Runtime', 'Must call apply_gradients or minimize before creating the swapping_saver');
    }
    const named = byName(varList ?? globalVariables());
    const swapped = [...named].map(([name, v]) => {
      const other = swaps.get(name);
      if (other === undefined) return [name, v] as const;
      const found = named.get(other);
      if (found) return [name, found] as const;
      throw new GraphError(
        'Value',
        `Variable to swap ${other} is not part of variables to save. This breaks MovingAverageOptimizer.`,
      );
    });
    return new Saver(Object.fromEntries(swapped), { ...options, name: options.name ?? 'swapping_saver' });
  }
}

function nameOf(inner: Optimizer): string {
  if (inner instanceof Optimizer) return inner.getName();
  throw new GraphError('Type', `opt must be a tf.train.Optimizer, got ${inner}`);
}
function byName(list: readonly Variable[] | Readonly<Record<string, Variable>>): Map<string, Variable> {
  if (!Array.isArray(list)) return new Map(Object.entries(list));
  const named = new Map<string, Variable>();
  for (const v of list as readonly Variable[]) {
    if (named.has(v.op.name)) {
      throw new GraphError('Value', `At least two variables have the same name: ${v.op.name}`);
    }
    named.set(v.op.name, v);
  }
  return named;
}
