/** @file TFLearn's activations by name. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { crelu, elu, relu, relu6, selu, softmax, softplus, softsign } from '../ops/activations';
import type { Named } from '../ops/array';
import { sigmoid } from '../ops/unary';
import { tanh } from '../ops/unary_trig';

/** relu(x) - alpha * relu(-x), as tflearn.leaky_relu. Its slope at exactly 0 is 0, that of tf.nn.leakyRelu is alpha. */
export function leakyRelu(
  x: Tensor,
  { alpha = 0.1, name = 'LeakyReLU' }: Named & { readonly alpha?: number } = {},
): Tensor {
  return x.graph.nameScope(name, () => {
    const below = relu(x.neg());
    return relu(x).sub(below.rmul(alpha));
  });
}

const KINDS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  tanh,
  sigmoid,
  softmax,
  softplus,
  softsign,
  relu,
  relu6,
  leaky_relu: (x) => leakyRelu(x),
  leakyrelu: (x) => leakyRelu(x),
  elu,
  crelu,
  selu,
};

export type Activation = string | ((x: Tensor) => Tensor);
/** Raises Value for an unknown name; as tflearn.activations.get. */
export function activation(kind: Activation): (x: Tensor) => Tensor {
  const found = typeof kind === 'string' ? KINDS[kind] : kind;
  if (!found)
    throw new GraphError('Value', `Unknown activation '${kind}': use one of ${Object.keys(KINDS).join(', ')}.`);
  return found;
}
