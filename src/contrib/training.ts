/** @file tf.contrib.training: create_train_op, which lets the train op wait for UPDATE_OPS by itself, and its gradients. */
import { GraphError } from '../errors';
import { GraphKeys } from '../graph/collections';
import { convertToTensor } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Grad } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { logging } from '../logging';
import { checkNumerics as checked } from '../ops/check_numerics';
import { clipByNorm, globalNorm } from '../ops/clip';
import { noOp, withDependencies } from '../ops/control';
import { histogramOf, scalar } from '../ops/summary';
import { trainableVariables, type Variable } from '../ops/variables';
import { type ComputeOptions, Optimizer } from '../optimizers/optimizer';
import { getOrCreateGlobalStep } from '../training/global_step';

export type GradientAndVariable = readonly [gradient: Grad | null, variable: Variable];
type Pair = [gradient: Grad | null, variable: Variable];

/** The gradient with its values changed. */
const withValues = (g: Grad, change: (values: Tensor) => Tensor): Grad =>
  g instanceof IndexedSlices ? new IndexedSlices(change(g.values), g.indices, g.denseShape) : change(g);

/** Summaries of each gradient; `between` stands before their names. */
export function summarizeGradients(pairs: readonly GradientAndVariable[], between: string): Tensor[] {
  return pairs.flatMap(([gradient, v]) => {
    if (gradient === null) {
      logging.info(`Var ${v.op.name} has no gradient`);
      return [];
    }
    const values = gradient instanceof IndexedSlices ? gradient.values : gradient;
    const name = `${v.op.name}${between}gradient`;
    return [histogramOf(name, values), scalar(`${name}_norm`, globalNorm([values]))];
  });
}
/** A histogram and the norm of each gradient, as summaries. @tensorflow tf.contrib.training.add_gradients_summaries */
export const addGradientsSummaries = (pairs: readonly GradientAndVariable[]): Tensor[] =>
  summarizeGradients(pairs, '_');

/** Scales each gradient down to that norm where it is longer. @tensorflow tf.contrib.training.clip_gradient_norms */
export function clipGradientNorms(pairs: readonly GradientAndVariable[], maxNorm: number | Tensor): Pair[] {
  return pairs.map(([g, v]) => [g && withValues(g, (values) => clipByNorm(values, maxNorm)), v]);
}
/** clipGradientNorms as a `transformGradsFn`. @tensorflow tf.contrib.training.clip_gradient_norms_fn */
export const clipGradientNormsFn =
  (maxNorm: number | Tensor) =>
  (pairs: readonly GradientAndVariable[]): Pair[] =>
    clipGradientNorms(pairs, maxNorm);

/** What gradients are multiplied with: by variables, or by their op names. */
export type GradientMultipliers =
  | ReadonlyMap<Variable | string, number | Tensor>
  | Readonly<Record<string, number | Tensor>>;
/**
 * Multiplies the gradients of some variables. Raises Value for no multipliers, and where one has no gradient.
 * @tensorflow tf.contrib.training.multiply_gradients
 */
export function multiplyGradients(pairs: readonly GradientAndVariable[], multipliers: GradientMultipliers): Pair[] {
  if (!Array.isArray(pairs)) throw new GraphError('Value', '`grads_and_vars` must be a list.');
  const isObject = typeof multipliers === 'object' && multipliers !== null && !Array.isArray(multipliers);
  const by = multipliers instanceof Map ? multipliers : new Map(isObject ? Object.entries(multipliers) : []);
  if (!multipliers || (isObject && by.size === 0)) {
    throw new GraphError('Value', '`gradient_multipliers` is empty.');
  }
  if (!isObject) throw new GraphError('Value', '`gradient_multipliers` must be a dict.');
  return (pairs as readonly GradientAndVariable[]).map(([g, v]) => {
    const factor = by.get(v) ?? by.get(v.op.name);
    if (factor === undefined) return [g, v];
    if (g === null) throw new GraphError('Value', 'Requested multiple of `None` gradient.');
    const tensor = convertToTensor(factor, { dtype: g.dtype });
    return [withValues(g, (values) => values.mul(tensor)), v];
  });
}

export interface CreateTrainOpOptions extends Omit<ComputeOptions, 'varList' | 'gradLoss'> {
  /** Counts the steps: the global step by default, made where missing; null for none. */
  readonly globalStep?: Variable | null | undefined;
  /** What the loss waits for: all of UPDATE_OPS by default. */
  readonly updateOps?: readonly unknown[] | null | undefined;
  /** The trainable variables by default. */
  readonly variablesToTrain?: readonly Variable[] | null | undefined;
  readonly transformGradsFn?: ((pairs: Pair[]) => readonly GradientAndVariable[]) | null | undefined;
  readonly summarizeGradients?: boolean | undefined;
  /** true by default: the loss is checked for inf and nan. */
  readonly checkNumerics?: boolean | undefined;
}

/**
 * A tensor that trains when it is computed, and is the loss: the gradients wait for UPDATE_OPS as they are now, so layers
 * must be made before. Says so where `updateOps` leaves some of them out.
 * @tensorflow tf.contrib.training.create_train_op
 */
export function createTrainOp(totalLoss: Tensor, optimizer: Optimizer, options: CreateTrainOpOptions = {}): Tensor {
  if (!(optimizer instanceof Optimizer)) {
    throw new GraphError('Type', `optimizer must be a tf.train.Optimizer, got ${optimizer}`);
  }
  const lists = [options.updateOps, options.variablesToTrain];
  if (lists.some((x) => x != null && (typeof x !== 'object' || !(Symbol.iterator in x)))) {
    throw new GraphError('Type', 'update_ops and variables_to_train must be lists');
  }
  const graph = getDefaultGraph();
  const { globalStep = getOrCreateGlobalStep() as Variable, gateGradients, aggregationMethod } = options;
  const all = new Set(graph.getCollection(GraphKeys.UPDATE_OPS));
  const updates = options.updateOps ? new Set(options.updateOps) : all;
  if ([...all].some((op) => !updates.has(op))) {
    logging.warn('update_ops in create_train_op does not contain all the update_ops in GraphKeys.UPDATE_OPS');
  }
  let loss = totalLoss;
  if (updates.size > 0) {
    const barrier = graph.controlDependencies([...updates], () => noOp({ name: 'update_barrier' }));
    loss = withDependencies([barrier], loss);
  }
  let pairs: readonly GradientAndVariable[] = optimizer.computeGradients(loss, {
    varList: trained(options.variablesToTrain),
    gateGradients,
    aggregationMethod,
    colocateGradientsWithOps: options.colocateGradientsWithOps,
  });
  if (options.transformGradsFn) pairs = options.transformGradsFn([...pairs] as Pair[]);
  if (options.summarizeGradients) graph.nameScope('summarize_grads', () => addGradientsSummaries(pairs));
  const updated = optimizer.applyGradients(pairs, { globalStep });
  const trainOp = graph.nameScope('train_op', () => {
    const value = (options.checkNumerics ?? true) ? checked(loss, 'LossTensor is inf or nan') : loss;
    return withDependencies([updated], value);
  });
  const trainOps = graph.getCollectionRef<unknown>(GraphKeys.TRAIN_OP);
  if (!trainOps.includes(trainOp)) trainOps.push(trainOp);
  return trainOp;
}

function trained(given: readonly Variable[] | null | undefined): readonly Variable[] {
  const list = given ?? trainableVariables();
  const odd = list.find((v) => !v.trainable && !trainableVariables().includes(v));
  if (odd) throw new GraphError('Assertion', `variables_to_train holds ${odd.name}, which is not trainable.`);
  if (list.length > 0) return list;
  throw new GraphError('Assertion', 'No variables to train.');
}
