/** @file What layers of tf.contrib share: their variables, and what comes after the weights. */
import { GraphError } from '../../errors';
import { getDefaultGraph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { Activation, Regularizer } from '../../layers/base';
import type { DenseOptions } from '../../layers/core';
import { relu } from '../../ops/activations';
import type { Initializer } from '../../ops/initializer';
import { zerosInitializer } from '../../ops/initializers';
import {
  type CustomGetter,
  type InitializerLike,
  type Reuse,
  type VariableScope,
  variableScope,
} from '../../ops/variable_scope';
import type { Variable } from '../../ops/variables';
import type { Shape } from '../../value/shape';
import { modelVariable } from '../framework/variables';
import { xavierInitializer } from './initializers';
import { type Collections, collectNamedOutputs } from './outputs';

/** Collections for all variables of a layer, or for each by its name: `weights`, `biases`, `beta`. */
export type VariablesCollections = readonly string[] | Readonly<Record<string, readonly string[]>> | null | undefined;

export interface OutputOptions {
  /** Where the output goes, under the name of the layer's scope. */
  readonly outputsCollections?: Collections;
}
export interface ParameterOptions extends OutputOptions {
  /** Takes the variables that are there; `scope` must be given then. */
  readonly reuse?: Reuse | null | undefined;
  readonly variablesCollections?: VariablesCollections;
  readonly trainable?: boolean | undefined;
  readonly scope?: string | VariableScope | null | undefined;
}
export interface WeightedOptions extends ParameterOptions {
  /** relu by default; null for none. */
  readonly activationFn?: Activation | undefined;
  /** Comes before the activation, in place of biases: batchNorm. */
  readonly normalizerFn?: ((x: Tensor, options: never) => Tensor) | null | undefined;
  readonly normalizerParams?: object | null | undefined;
  readonly weightsInitializer?: InitializerLike | null | undefined;
  readonly weightsRegularizer?: Regularizer | null | undefined;
  /** zeros by default; null for no biases. */
  readonly biasesInitializer?: InitializerLike | null | undefined;
  readonly biasesRegularizer?: Regularizer | null | undefined;
}
export const PARAMETERS = ['reuse', 'variablesCollections', 'outputsCollections', 'trainable', 'scope'] as const;
export const WEIGHTED = [
  'activationFn',
  'normalizerFn',
  'normalizerParams',
  'weightsInitializer',
  'weightsRegularizer',
  'biasesInitializer',
  'biasesRegularizer',
  ...PARAMETERS,
] as const;

/** Where a variable of that name goes. */
export function collectionsOf(given: VariablesCollections, name: string): readonly string[] {
  if (!given) return [];
  return Array.isArray(given) ? given : ((given as Record<string, readonly string[]>)[name] ?? []);
}
/** Adds a variable that is made to the collections it is not in. */
export function addToCollections(v: Variable | null, given: VariablesCollections, name: string): void {
  if (v === null) return;
  for (const key of collectionsOf(given, name)) {
    const list = getDefaultGraph().getCollection<Variable>(key);
    if (!list.includes(v)) getDefaultGraph().addToCollection(key, v);
  }
}

/** Makes the variables of a layer of tf.layers model variables, under other names. */
export const asModelVariables =
  (rename: Readonly<Record<string, string>> = {}): CustomGetter =>
  (getter, name, { customGetter: _, constraint: __, validateShape: ___, reuse: ____, ...options }) => {
    const parts = name.split('/');
    const last = parts.pop()!;
    return modelVariable([...parts, rename[last] ?? last].join('/'), {
      ...options,
      collections: options.collections as readonly string[] | null | undefined,
      customGetter: getter,
    });
  };
/** tf.layers calls weights so. */
export const RENAMED = { bias: 'biases', kernel: 'weights' } as const;

/** A layer's variable scope around `body`, under a default name where none is given. */
export const inScope = (
  { scope = null, reuse = null }: ParameterOptions,
  defaultName: string,
  values: readonly unknown[],
  body: (scope: VariableScope) => Tensor,
  customGetter?: CustomGetter,
): Tensor => variableScope(scope, { defaultName, values, reuse, customGetter }, body);

/** The options of a layer of tf.layers that does the work inside `scope`. */
export function layerOptions(options: WeightedOptions, x: Tensor, scope: VariableScope): DenseOptions {
  const { weightsInitializer = xavierInitializer(), biasesInitializer = zerosInitializer() } = options;
  return {
    useBias: !options.normalizerFn && biasesInitializer !== null,
    kernelInitializer: weightsInitializer as Initializer | null,
    biasInitializer: biasesInitializer as Initializer | null,
    kernelRegularizer: options.weightsRegularizer,
    biasRegularizer: options.biasesRegularizer,
    trainable: options.trainable,
    name: scope.name,
    dtype: x.dtype,
    scope,
    reuse: options.reuse,
  };
}

/** What follows the weights: the normalizer, the activation, and the collections of outputs. */
export function finish(y: Tensor, options: WeightedOptions, scope: VariableScope): Tensor {
  const { normalizerFn, normalizerParams, activationFn = relu } = options;
  const normal = normalizerFn ? normalizerFn(y, { ...normalizerParams } as never) : y;
  return activated(normal, { ...options, activationFn }, scope);
}
export function activated(
  y: Tensor,
  { activationFn, outputsCollections }: Pick<WeightedOptions, 'activationFn' | 'outputsCollections'>,
  scope: VariableScope,
): Tensor {
  return collectNamedOutputs(outputsCollections, scope.name, activationFn ? activationFn(y) : y);
}

/** One dimension of a shape that must be known. Raises Value. */
export function knownDimension(shape: Shape, at: number, minRank = 1): number {
  if (shape === null) throw new GraphError('Value', 'dims of shape must be known but is None');
  if (shape.length < minRank) {
    throw new GraphError('Value', `rank of shape must be at least ${minRank} not: ${shape.length}`);
  }
  const d = shape.at(at);
  if (d != null) return d;
  const shown = `(${shape.map((n) => n ?? '?').join(', ')})`;
  throw new GraphError('Value', `dimension ${at} of shape must be known but is None: ${shown}`);
}
/** One number for height and width, or both. */
export function twoOf(x: number | readonly number[]): [number, number] {
  if (typeof x === 'number') return [x, x];
  if (x.length === 2) return [x[0]!, x[1]!];
  throw new GraphError('Value', `Must be a list with 2 elements: [${x.join(', ')}]`);
}

export type DataFormat = 'NHWC' | 'NCHW';
/** Raises Value for anything but the two formats of images. */
export function checkFormat(format: string, formats: readonly string[] = ['NHWC', 'NCHW']): void {
  if (formats.includes(format)) return;
  const [last, first] = formats;
  throw new GraphError('Value', `data_format has to be either ${first} or ${last}.`);
}
export const channels = (format: string | null | undefined): 'channels_first' | 'channels_last' =>
  format?.startsWith('NC') ? 'channels_first' : 'channels_last';
