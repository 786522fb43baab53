/** @file stack and repeat: the same layer several times, one upon the other. */
import { GraphError } from '../../errors';
import { convertToTensor, type TensorLike } from '../../graph/convert';
import type { Tensor } from '../../graph/operation';
import { type VariableScope, variableScope } from '../../ops/variable_scope';
import { isOptions, nameOf } from '../framework/arg_scope';

// biome-ignore lint/suspicious/noExplicitAny: layers take what they take
type AnyLayer = (inputs: TensorLike, ...args: any[]) => Tensor;
type Scope = string | VariableScope | null | undefined;
interface StackOptions {
  readonly scope?: Scope;
  /** The layer's own options. */
  readonly [option: string]: unknown;
}

/** Calls `layer` for each list of arguments, in scopes `scope_1`, `scope_2`. */
function chain(
  inputs: TensorLike,
  layer: AnyLayer,
  calls: readonly (readonly unknown[])[],
  defaultName: string,
  { scope, ...options }: StackOptions,
): Tensor {
  if (typeof layer !== 'function') throw new GraphError('Type', `layer must be a function, got ${layer}`);
  return variableScope(scope ?? null, { defaultName, values: [inputs] }, () => {
    const name = scope ?? nameOf(layer, defaultName.toLowerCase());
    return calls.reduce(
      (x, args, i) => layer(x, ...args, { ...options, scope: `${name}_${i + 1}` }),
      convertToTensor(inputs),
    );
  });
}

/**
 * A layer upon a layer, one for each of `stackArgs`: `stack(x, fullyConnected, [32, 64], { scope: 'fc' })`.
 * @tensorflow tf.contrib.layers.stack
 */
export function stack(
  inputs: TensorLike,
  layer: AnyLayer,
  stackArgs: readonly unknown[],
  options: StackOptions = {},
): Tensor {
  if (!Array.isArray(stackArgs)) throw new GraphError('Value', 'stack_args need to be a list or tuple');
  const calls = stackArgs.map((args) => (Array.isArray(args) ? args : [args]));
  return chain(inputs, layer, calls, 'Stack', options);
}

/**
 * The same layer `repetitions` times: `repeat(x, 2, conv2d, 64, [3, 3], { scope: 'conv1' })`.
 * @tensorflow tf.contrib.layers.repeat
 */
export function repeat(inputs: TensorLike, repetitions: number, layer: AnyLayer, ...args: readonly unknown[]): Tensor {
  const last = args.at(-1);
  const options = isOptions(last) ? (last as StackOptions) : {};
  const own = isOptions(last) ? args.slice(0, -1) : args;
  if (!(Number.isInteger(repetitions) && repetitions >= 0)) {
    throw new GraphError('Value', `repetitions must be a non-negative integer, got ${repetitions}`);
  }
  const calls = new Array<readonly unknown[]>(repetitions).fill(own);
  return chain(inputs, layer, calls, 'Repeat', options);
}
