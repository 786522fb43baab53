/** @file tf.contrib.layers.layer_norm: each row by itself. */
import { GraphError } from '../../errors';
import { convertToTensor, type TensorLike } from '../../graph/convert';
import type { Tensor } from '../../graph/operation';
import type { Activation } from '../../layers/base';
import { batchNormalization, moments } from '../../ops/batch_norm';
import { onesInitializer, zerosInitializer } from '../../ops/initializers';
import type { InitializerLike } from '../../ops/variable_scope';
import type { Variable } from '../../ops/variables';
import { scoped } from '../framework/arg_scope';
import { modelVariable } from '../framework/variables';
import { activated, collectionsOf, inScope, PARAMETERS, type ParameterOptions } from './parameters';

export interface LayerNormOptions extends ParameterOptions {
  readonly center?: boolean | undefined;
  readonly scale?: boolean | undefined;
  readonly activationFn?: Activation | undefined;
  /** The statistics are taken over the dimensions from here: 1 by default. */
  readonly beginNormAxis?: number | undefined;
  /** beta and gamma have the dimensions from here: -1 by default. */
  readonly beginParamsAxis?: number | undefined;
}
/** Normalizes each row by its own mean and variance. @tensorflow tf.contrib.layers.layer_norm */
export const layerNorm = scoped<(inputs: TensorLike, options?: LayerNormOptions) => Tensor>(
  (inputs: TensorLike, options: LayerNormOptions) =>
    inScope(options, 'LayerNorm', [inputs], (scope) => {
      const { center = true, scale = true, beginNormAxis = 1, beginParamsAxis = -1, trainable } = options;
      const x = convertToTensor(inputs);
      const { shape, dtype } = x;
      if (shape === null) throw new GraphError('Value', `Inputs ${x.name} has undefined rank.`);
      const rank = shape.length;
      const from = beginNormAxis < 0 ? rank + beginNormAxis : beginNormAxis;
      if (beginParamsAxis >= rank || from >= rank) {
        const found = `begin_params_axis (${beginParamsAxis}) and begin_norm_axis (${from})`;
        throw new GraphError('Value', `${found} must be < rank(inputs) (${rank})`);
      }
      const params = shape.slice(beginParamsAxis);
      if (params.includes(null)) {
        const where = `Inputs ${x.name}: shape(inputs)[${beginParamsAxis}:]`;
        throw new GraphError('Value', `${where} is not fully defined: (${shape.map((d) => d ?? '?').join(', ')})`);
      }
      const make = (name: 'beta' | 'gamma', initializer: InitializerLike): Variable =>
        modelVariable(name, {
          shape: params,
          dtype,
          initializer,
          collections: collectionsOf(options.variablesCollections, name),
          trainable,
        });
      const beta = center ? make('beta', zerosInitializer()) : null;
      const gamma = scale ? make('gamma', onesInitializer()) : null;
      const axes = shape.map((_, i) => i).slice(from);
      const [mean, variance] = moments(x, axes, { keepDims: true });
      const y = batchNormalization(x, mean, variance, beta, gamma, dtype === 'float16' ? 1e-3 : 1e-12);
      y.setShape(shape);
      return activated(y, options, scope);
    }),
  {
    name: 'layer_norm',
    positional: ['inputs'],
    options: ['center', 'scale', 'activationFn', 'beginNormAxis', 'beginParamsAxis', ...PARAMETERS],
  },
);
