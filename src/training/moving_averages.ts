/** @file Moving averages of variables and tensors: the update ops, and the shadow variables. */

import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { type Operation, Tensor } from '../graph/operation';
import { cast } from '../ops/cast';
import { group } from '../ops/control';
import { zerosInitializer } from '../ops/initializers';
import { minimum, pow } from '../ops/pairs';
import { assign, assignSub } from '../ops/state';
import { getVariable, variableScope } from '../ops/variable_scope';
import { globalVariables, movingAverageVariables, trainableVariables, type Variable } from '../ops/variables';
import { createSlot, createZerosSlot } from '../optimizers/slots';
import { isFloating } from '../value/dtype';

export interface AssignMovingAverageOptions {
  /** Divides out the start from zero: the first update gives the value itself. */
  readonly zeroDebias?: boolean | undefined;
  readonly name?: string | undefined;
}

/** variable -= (variable - value) * (1 - decay); as moving_averages.assign_moving_average. */
export function assignMovingAverage(
  variable: Variable,
  value: TensorLike | Variable,
  decay: number | Tensor,
  { zeroDebias = true, name = 'AssignMovingAvg' }: AssignMovingAverageOptions = {},
): Tensor {
  const { graph } = variable;
  return graph.nameScope(name, (scope) => {
    if (typeof decay === 'string') throw new GraphError('Type', `decay must be a number, got '${decay}'`);
    const rest = typeof decay === 'number' ? convertToTensor(1 - decay, { name: 'decay' }) : decay.rsub(1);
    const rate = cast(rest, variable.dtype);
    if (zeroDebias) return debiased(variable, value, rate);
    return assignSub(variable, variable.sub(value as TensorLike).mul(rate), { name: scope }) as Tensor;
  });
}

function debiased(variable: Variable, value: TensorLike | Variable, rate: Tensor): Tensor {
  const { graph, dtype } = variable;
  const [biased, steps] = variableScope(variable.op.name, {}, (scope) => {
    const free = (name: string): string => {
      if (scope.reuse) return name;
      const taken = new Set(scope.globalVariables().map((v) => v.op.name));
      const full = `${scope.name}/${name}`;
      if (!taken.has(full)) return name;
      let i = 1;
      while (taken.has(`${full}_${i}`)) i++;
      return `${name}_${i}`;
    };
    return graph.colocateWith(variable, () => {
      const make = (name: string, shape: Variable['shape']) =>
        getVariable(free(name), { initializer: zerosInitializer(), shape, dtype, trainable: false });
      return [make('biased', variable.shape), make('local_step', [])] as const;
    });
  });
  const moved = assignSub(biased, biased.sub(value as TensorLike).mul(rate)) as Tensor;
  const count = steps.assignAdd(1) as Tensor;
  const factor = pow(rate.rsub(1), count).rsub(1);
  return assign(variable, moved.truediv(factor), { name: `${graph.getNameScope()}/` }) as Tensor;
}

export interface WeightedMovingAverageOptions {
  readonly collections?: readonly string[] | undefined;
  readonly name?: string | undefined;
}
/** The ratio of two averages, of value * weight and of weight; as moving_averages.weighted_moving_average. */
export function weightedMovingAverage(
  value: Tensor,
  decay: number | Tensor,
  weight: Tensor,
  { collections = [GraphKeys.GLOBAL_VARIABLES], name }: WeightedMovingAverageOptions = {},
): Tensor {
  return variableScope(name ?? null, { defaultName: 'WeightedMovingAvg' }, (scope) => {
    const make = (what: string, like: Tensor) =>
      getVariable(what, {
        shape: like.shape,
        dtype: like.dtype,
        initializer: zerosInitializer(),
        trainable: false,
        collections,
      });
    const products = make('value_x_weight', value);
    const weights = make('weight', weight);
    const plain = { zeroDebias: false };
    const numerator = assignMovingAverage(products, value.mul(weight), decay, plain);
    const denominator = assignMovingAverage(weights, weight, decay, plain);
    return numerator.graph.nameScope(scope.name, () => numerator.truediv(denominator));
  });
}

export interface ExponentialMovingAverageOptions {
  /** Lets the decay start low: min(decay, (1 + n) / (10 + n)). */
  readonly numUpdates?: TensorLike | null | undefined;
  /** For tensors only; variables start at their own initial value. */
  readonly zeroDebias?: boolean | undefined;
  readonly name?: string | undefined;
}

/** Shadow variables that follow variables or tensors. @tensorflow tf.train.ExponentialMovingAverage */
export class ExponentialMovingAverage {
  readonly name: string;
  readonly #decay: number | Tensor;
  readonly #options: ExponentialMovingAverageOptions;
  readonly #averages = new Map<Variable | Tensor, Variable>();

  constructor(decay: number | Tensor, options: ExponentialMovingAverageOptions = {}) {
    this.#decay = decay;
    this.#options = options;
    this.name = options.name ?? 'ExponentialMovingAverage';
  }

  /**
   * Makes the shadows and answers the op that moves them. The op must be run: make it under controlDependencies of the
   * train op. Raises Type for other than floating variables.
   */
  apply(varList: readonly (Variable | Tensor)[] = trainableVariables()): Operation {
    const debias = new Set<Variable>();
    for (const v of varList) {
      if (!isFloating(v.dtype)) {
        throw new GraphError('Type', `The variables must be half, float, or double: ${v.name}`);
      }
      if (this.#averages.has(v)) continue;
      const shadow = v.graph.initScope(() => this.#shadow(v));
      if (this.#options.zeroDebias && v instanceof Tensor) debias.add(shadow);
      this.#averages.set(v, shadow);
    }
    const { numUpdates } = this.#options;
    return getDefaultGraph().nameScope(this.name, (scope) => {
      let decay = convertToTensor(this.#decay, { name: 'decay' });
      if (numUpdates !== null && numUpdates !== undefined) {
        const n = cast(numUpdates, 'float32', { name: 'num_updates' });
        const up = n.radd(1);
        decay = minimum(decay, up.truediv(n.radd(10)));
      }
      const updates = varList.map((v) => {
        const shadow = this.#averages.get(v)!;
        return assignMovingAverage(shadow, v, decay, { zeroDebias: debias.has(shadow) });
      });
      return group(updates, { name: scope });
    });
  }

  #shadow(v: Variable | Tensor): Variable {
    if (v instanceof Tensor) return createZerosSlot(v, this.name, { colocate: v.op.def.source !== undefined });
    const shadow = createSlot(v, v.initializedValue(), this.name);
    v.graph.addToCollection(GraphKeys.MOVING_AVERAGE_VARIABLES, v);
    return shadow;
  }

  /** The shadow of a variable or tensor; null before apply. */
  average(v: Variable | Tensor): Variable | null {
    return this.#averages.get(v) ?? null;
  }
  averageName(v: Variable | Tensor): string {
    return this.#averages.get(v)?.op.name ?? getDefaultGraph().uniqueName(`${v.op.name}/${this.name}`, false);
  }
  /** Names to restore under: averages for averaged variables, their own for others. */
  variablesToRestore(
    averaged: readonly Variable[] = [...trainableVariables(), ...movingAverageVariables()],
  ): Record<string, Variable> {
    const names: Record<string, Variable> = {};
    const set = new Set(averaged);
    for (const v of set) names[this.averageName(v)] = v;
    const taken = new Set([...set].map((v) => v.name));
    for (const v of new Set(globalVariables())) {
      if (!taken.has(v.name) && !(v.op.name in names)) names[v.op.name] = v;
    }
    return names;
  }
}
