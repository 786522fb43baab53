/** @file Layers of tf.contrib.layers that are no convolutions: dense ones, biases, dropout, encodings. */
import { GraphError } from '../../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../../graph/convert';
import type { Tensor } from '../../graph/operation';
import type { Activation, Regularizer } from '../../layers/base';
import { Dense, Dropout, flatten as flattenLayer } from '../../layers/core';
import type { Training } from '../../layers/training_flag';
import { elu as eluOp, relu6 as relu6Op, relu as reluOp } from '../../ops/activations';
import { reshape, shapeOf } from '../../ops/array';
import { biasAdd as addBias } from '../../ops/bias';
import { toInt64 } from '../../ops/cast';
import { oneHot } from '../../ops/gather';
import { zerosInitializer } from '../../ops/initializers';
import { softmax as softmaxOp } from '../../ops/softmax';
import { type InitializerLike, type VariableScope, variableScope } from '../../ops/variable_scope';
import { type Nested, Value } from '../../value/value';
import { scoped } from '../framework/arg_scope';
import { modelVariable } from '../framework/variables';
import { collectNamedOutputs } from './outputs';
import {
  activated,
  addToCollections,
  asModelVariables,
  checkFormat,
  collectionsOf,
  type DataFormat,
  finish,
  inScope,
  knownDimension,
  layerOptions,
  type OutputOptions,
  PARAMETERS,
  type ParameterOptions,
  RENAMED,
  WEIGHTED,
  type WeightedOptions,
} from './parameters';

type Layer<O> = (inputs: TensorLike, options?: O) => Tensor;
type SizedLayer<O> = (inputs: TensorLike, numOutputs: number, options?: O) => Tensor;

/**
 * activation(x . weights + biases), xavier weights and relu by default. Raises Value for numOutputs that is no integer.
 * @tensorflow tf.contrib.layers.fully_connected
 */
export const fullyConnected: SizedLayer<WeightedOptions> = scoped(
  (inputs: TensorLike, numOutputs: number, options: WeightedOptions) => {
    if (!Number.isInteger(numOutputs)) {
      throw new GraphError('Value', `num_outputs type should be one of [int], got ${typeof numOutputs}.`);
    }
    const body = (scope: VariableScope): Tensor => {
      const x = convertToTensor(inputs);
      const layer = new Dense(numOutputs, layerOptions(options, x, scope));
      const y = layer.apply(x);
      addToCollections(layer.kernel, options.variablesCollections, 'weights');
      addToCollections(layer.bias, options.variablesCollections, 'biases');
      return finish(y, options, scope);
    };
    return inScope(options, 'fully_connected', [inputs], body, asModelVariables(RENAMED));
  },
  { name: 'fully_connected', positional: ['inputs', 'numOutputs'], options: WEIGHTED },
);
type Plain = Omit<WeightedOptions, 'activationFn'>;
const activatedBy =
  (activationFn: Activation): SizedLayer<Plain> =>
  (inputs, numOutputs, options) =>
    fullyConnected(inputs, numOutputs, { ...options, activationFn });
/** fullyConnected without activation. @tensorflow tf.contrib.layers.linear */
export const linear = activatedBy(null);
/** fullyConnected with relu. @tensorflow tf.contrib.layers.relu */
export const relu = activatedBy(reluOp);
/** fullyConnected with relu6. @tensorflow tf.contrib.layers.relu6 */
export const relu6 = activatedBy(relu6Op);
/** fullyConnected with elu. @tensorflow tf.contrib.layers.elu */
export const elu = activatedBy(eluOp);

export interface ContribBiasOptions extends ParameterOptions {
  readonly activationFn?: Activation | undefined;
  readonly initializer?: InitializerLike | null | undefined;
  readonly regularizer?: Regularizer | null | undefined;
  readonly dataFormat?: DataFormat | undefined;
}
/** Adds biases, one for each channel, which must be known. @tensorflow tf.contrib.layers.bias_add */
export const biasAdd: Layer<ContribBiasOptions> = scoped(
  (inputs: TensorLike, options: ContribBiasOptions) => {
    const { initializer = zerosInitializer(), regularizer, dataFormat = 'NHWC', trainable } = options;
    checkFormat(dataFormat);
    return inScope(options, 'BiasAdd', [inputs], (scope) => {
      const x = convertToTensor(inputs);
      const rank = x.shape?.length;
      if (rank === undefined) throw new GraphError('Value', 'Dims of shape must be known but is None');
      if (rank !== 4 && dataFormat === 'NCHW') {
        throw new GraphError('Value', 'Data format NCHW only supports 4D Tensor');
      }
      const features = x.shape!.at(dataFormat === 'NCHW' ? 1 : -1);
      if (features == null) throw new GraphError('Value', '`C` dimension must be known but is None');
      const biases = modelVariable('biases', {
        shape: [features],
        dtype: x.dtype,
        initializer,
        regularizer,
        collections: collectionsOf(options.variablesCollections, 'biases'),
        trainable,
      });
      return activated(addBias(x, biases, { dataFormat }), options, scope);
    });
  },
  {
    name: 'bias_add',
    positional: ['inputs'],
    options: ['activationFn', 'initializer', 'regularizer', 'dataFormat', ...PARAMETERS],
  },
);

export interface ContribDropoutOptions extends OutputOptions {
  /** The fraction of units that is kept, 0.5 by default. */
  readonly keepProb?: number | Tensor | undefined;
  readonly noiseShape?: readonly (number | null)[] | Tensor | null | undefined;
  readonly isTraining?: Training | undefined;
  readonly scope?: string | VariableScope | null | undefined;
  readonly seed?: number | null | undefined;
}
/** What dropout takes: keepProb may stand among the arguments or among the options. */
export interface DropOut {
  (inputs: TensorLike, options?: ContribDropoutOptions): Tensor;
  (inputs: TensorLike, keepProb: number | Tensor, options?: ContribDropoutOptions): Tensor;
}
/** Drops units at random while training, which is the default, and scales up the rest. @tensorflow tf.contrib.layers.dropout */
export const dropout: DropOut = scoped(
  (inputs: TensorLike, keepProb: number | Tensor = 0.5, options: ContribDropoutOptions) => {
    const { noiseShape = null, isTraining = true, outputsCollections, scope: given = null, seed } = options;
    const body = (scope: VariableScope): Tensor => {
      const x = convertToTensor(inputs);
      if (typeof keepProb === 'string') throw new GraphError('Type', `keep_prob must be a number, got '${keepProb}'`);
      const rate = typeof keepProb === 'number' ? 1 - keepProb : keepProb.rsub(1);
      const layer = new Dropout({ rate, noiseShape, seed, name: scope.name, scope });
      const y = layer.apply(x, { training: isTraining as boolean });
      return collectNamedOutputs(outputsCollections, scope.name, y);
    };
    return inScope({ scope: given }, 'Dropout', [inputs], body, asModelVariables());
  },
  {
    name: 'dropout',
    positional: ['inputs', 'keepProb'],
    options: ['keepProb', 'noiseShape', 'isTraining', 'outputsCollections', 'scope', 'seed'],
  },
);

export interface NamedOutputOptions extends OutputOptions {
  readonly scope?: string | null | undefined;
}
/** All dimensions but the first in one. @tensorflow tf.contrib.layers.flatten */
export const flatten: Layer<NamedOutputOptions> = scoped(
  (inputs: TensorLike, { outputsCollections, scope }: NamedOutputOptions) =>
    graphOf([inputs]).nameScope(scope ?? 'Flatten', (own) =>
      collectNamedOutputs(outputsCollections, own, flattenLayer(convertToTensor(inputs))),
    ),
  { name: 'flatten', positional: ['inputs'], options: ['outputsCollections', 'scope'] },
);

/** Numbers of a program are int32, as Python's. */
export const labelsOf = (x: TensorLike): Tensor =>
  convertToTensor(isTensorLike(x) || x instanceof Value ? x : Value.from(x as Nested, 'int32'));

export interface OneHotEncodingOptions extends NamedOutputOptions {
  readonly onValue?: number | undefined;
  readonly offValue?: number | undefined;
}
/** A row with a one at each label, zeros elsewhere. @tensorflow tf.contrib.layers.one_hot_encoding */
export const oneHotEncoding: (labels: TensorLike, numClasses: number, options?: OneHotEncodingOptions) => Tensor =
  scoped(
    (labels: TensorLike, numClasses: number, options: OneHotEncodingOptions) => {
      const { onValue = 1, offValue = 0, outputsCollections, scope } = options;
      return graphOf([labels]).nameScope(scope ?? 'OneHotEncoding', (own) => {
        const given = labelsOf(labels);
        const at = given.dtype === 'int32' ? toInt64(given) : given;
        return collectNamedOutputs(outputsCollections, own, oneHot(at, numClasses, { onValue, offValue }));
      });
    },
    {
      name: 'one_hot_encoding',
      positional: ['labels', 'numClasses'],
      options: ['onValue', 'offValue', 'outputsCollections', 'scope'],
    },
  );

/** Softmax over the last dimension of logits of any rank from 2. @tensorflow tf.contrib.layers.softmax */
export const softmax: Layer<{ readonly scope?: string | VariableScope | null }> = scoped(
  (logits: TensorLike, { scope = null }: { readonly scope?: string | VariableScope | null }) =>
    variableScope(scope, { defaultName: 'softmax', values: [logits] }, () => {
      const x = logits as Tensor;
      const flat = reshape(x, [-1, knownDimension(x.shape, -1, 2)]);
      const y = reshape(softmaxOp(flat), shapeOf(x));
      y.setShape(x.shape);
      return y;
    }),
  { name: 'softmax', positional: ['logits'], options: ['scope'] },
);
