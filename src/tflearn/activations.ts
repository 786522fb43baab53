/** @file TFLearn's activations, by function and by name. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import * as nn from '../ops/activations';
import { add, multiply } from '../ops/arithmetic';
import { constant, type Named } from '../ops/array';
import { clipByValue } from '../ops/clip';
import { pow } from '../ops/pairs';
import * as unary from '../ops/unary';
import { tanh as tanhOp } from '../ops/unary_trig';
import { variableScope } from '../ops/variable_scope';
import type { LayerTensor, ScopeOptions } from './layer_scope';
import { byName } from './lookup';
import { variable, type WeightsInit } from './variables';

/** The incoming tensor itself. @tensorflow tflearn.linear */
export const linear = (x: Tensor): Tensor => x;
/** As tflearn.tanh. @tensorflow tflearn.activations.tanh */
export const tanh = (x: Tensor): Tensor => tanhOp(x);
/** As tflearn.sigmoid. @tensorflow tflearn.activations.sigmoid */
export const sigmoid = (x: Tensor): Tensor => unary.sigmoid(x);
/** As tflearn.softmax. @tensorflow tflearn.activations.softmax */
export const softmax = (x: Tensor): Tensor => nn.softmax(x);
/** As tflearn.softplus. @tensorflow tflearn.activations.softplus */
export const softplus = (x: Tensor): Tensor => nn.softplus(x);
/** As tflearn.softsign. @tensorflow tflearn.activations.softsign */
export const softsign = (x: Tensor): Tensor => nn.softsign(x);
/** As tflearn.relu. @tensorflow tflearn.activations.relu */
export const relu = (x: Tensor): Tensor => nn.relu(x);
/** As tflearn.relu6. @tensorflow tflearn.activations.relu6 */
export const relu6 = (x: Tensor): Tensor => nn.relu6(x);
/** As tflearn.elu. @tensorflow tflearn.activations.elu */
export const elu = (x: Tensor): Tensor => nn.elu(x);
/** As tflearn.crelu. @tensorflow tflearn.activations.crelu */
export const crelu = (x: Tensor): Tensor => nn.crelu(x);
/** As tflearn.selu. @tensorflow tflearn.activations.selu */
export const selu = (x: Tensor): Tensor => nn.selu(x);

/**
 * relu(x) - alpha * relu(-x). Its slope at exactly 0 is 0, that of tf.nn.leakyRelu is alpha.
 * @tensorflow tflearn.leaky_relu
 */
export function leakyRelu(
  x: Tensor,
  { alpha = 0.1, name = 'LeakyReLU' }: Named & { readonly alpha?: number } = {},
): Tensor {
  return x.graph.nameScope(name, () => {
    const below = nn.relu(x.neg());
    return nn.relu(x).sub(below.rmul(alpha));
  });
}

export interface PreluOptions extends ScopeOptions {
  /** One slope for all channels. */
  readonly channelShared?: boolean | undefined;
  readonly weightsInit?: WeightsInit | undefined;
}
/** A leaky relu that learns its slopes, `PReLU/alphas`. @tensorflow tflearn.prelu */
export function prelu(x: Tensor, options: PreluOptions = {}): LayerTensor {
  const { channelShared = false, weightsInit = 'zeros', trainable, restore, reuse = false } = options;
  const { scope = null, name = 'PReLU' } = options;
  const shape = channelShared ? [1] : (x.shape?.slice(-1) as number[]);
  return variableScope(scope as never, { defaultName: name, reuse }, (current) => {
    const alphas = variable('alphas', { shape, initializer: weightsInit, restore, trainable });
    const above = nn.relu(x);
    const y = above.add(multiply(alphas, x.sub(unary.abs(x))).mul(0.5));
    return Object.assign(y, { scope: current, alphas });
  });
}

/** 0.2 * x + 0.5 within 0 and 1. @tensorflow tflearn.activations.hard_sigmoid */
export function hardSigmoid(x: Tensor): Tensor {
  const [scale, shift] = [constant(0.2, x.dtype), constant(0.5, x.dtype)];
  return clipByValue(add(multiply(x, scale), shift), 0, 1);
}

/** Gaussian error linear units. @tensorflow tflearn.activations.gelu */
export function gelu(x: Tensor): Tensor {
  const half = x.rmul(0.5);
  const scale = unary.sqrt(2 / Math.PI);
  const inner = scale.mul(x.add(pow(x, 3).rmul(0.044715)));
  return half.mul(tanhOp(inner).radd(1));
}

const KINDS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  linear,
  tanh,
  sigmoid,
  softmax,
  softplus,
  softsign,
  relu,
  relu6,
  leaky_relu: (x) => leakyRelu(x),
  leakyrelu: (x) => leakyRelu(x),
  prelu: (x) => prelu(x),
  elu,
  crelu,
  selu,
  hard_sigmoid: hardSigmoid,
  gelu,
};

export type Activation = string | ((x: Tensor) => Tensor);
/** The function of that name; raises Value for unknown names and things. As tflearn.activations.get. */
export function get(kind: Activation, invalid = 'Invalid Activation.'): (x: Tensor) => Tensor {
  if (typeof kind === 'string') return byName(KINDS, kind, 'activation');
  if (typeof kind !== 'function') throw new GraphError('Value', invalid);
  return kind;
}
