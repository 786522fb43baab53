/** @file Dense, Dropout and Flatten. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { identity, reshape, shapeOf } from '../ops/array';
import { biasAdd } from '../ops/bias';
import { smartCond } from '../ops/cond';
import { dropout as nnDropout } from '../ops/dropout';
import { i32 } from '../ops/expect';
import type { Initializer } from '../ops/initializer';
import { zerosInitializer } from '../ops/initializers';
import { matmul, tensordot } from '../ops/linear';
import { transpose } from '../ops/permute';
import type { Variable } from '../ops/variables';
import { type Shape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { type Activation, type Constraint, Layer, type LayerOptions, lastDimension, type Regularizer } from './base';

export interface DenseOptions extends LayerOptions {
  readonly activation?: Activation | undefined;
  readonly useBias?: boolean | undefined;
  readonly kernelInitializer?: Initializer | null | undefined;
  readonly biasInitializer?: Initializer | null | undefined;
  readonly kernelRegularizer?: Regularizer | null | undefined;
  readonly biasRegularizer?: Regularizer | null | undefined;
  readonly kernelConstraint?: Constraint | null | undefined;
  readonly biasConstraint?: Constraint | null | undefined;
}

/**
 * activation(x . kernel + bias). Inputs of more than two dimensions are contracted over the last.
 * @tensorflow tf.layers.Dense
 */
export class Dense extends Layer {
  readonly units: number;
  readonly #options: DenseOptions;
  kernel!: Variable;
  bias: Variable | null = null;

  constructor(units: number, options: DenseOptions = {}) {
    super('dense', options);
    this.units = units;
    this.#options = options;
  }

  protected override build(shape: Shape): void {
    const { kernelInitializer, kernelRegularizer, kernelConstraint, useBias = true } = this.#options;
    const odd = `Input 0 of layer ${this.name} is incompatible with the layer: `;
    if (shape === null)
      throw new GraphError('Value', `${odd}its rank is undefined, but the layer requires a defined rank.`);
    if (shape.length < 2) throw new GraphError('Value', `${odd}: expected min_ndim=2, found ndim=${shape.length}.`);
    const depth = lastDimension(shape, 'Dense');
    this.kernel = this.addWeight('kernel', {
      shape: [depth, this.units],
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    });
    if (!useBias) return;
    const { biasInitializer = zerosInitializer(), biasRegularizer, biasConstraint } = this.#options;
    this.bias = this.addWeight('bias', {
      shape: [this.units],
      initializer: biasInitializer,
      regularizer: biasRegularizer,
      constraint: biasConstraint,
    });
  }

  protected call(x: Tensor): Tensor {
    const rank = x.shape?.length ?? 2;
    let y: Tensor;
    if (rank > 2) {
      y = tensordot(x, this.kernel, [[rank - 1], [0]]);
      y.setShape([...x.shape!.slice(0, -1), this.units]);
    } else y = matmul(x, this.kernel);
    if (this.bias) y = biasAdd(y, this.bias);
    return this.#options.activation ? this.#options.activation(y) : y;
  }
}
/** A dense layer made and applied at once. @tensorflow tf.layers.dense */
export const dense = (x: TensorLike, units: number, options: DenseOptions = {}): Tensor =>
  new Dense(units, options).applyOnce(x);

export interface DropoutOptions extends LayerOptions {
  /** The fraction of units that is dropped. */
  readonly rate?: number | Tensor | undefined;
  readonly noiseShape?: readonly (number | null)[] | Tensor | null | undefined;
  readonly seed?: number | null | undefined;
}
export interface TrainingOption {
  /** A boolean, or a tensor that says at each run whether this is training. */
  readonly training?: boolean | Tensor | Variable | undefined;
}

/** Drops units at random while training and scales up the rest. @tensorflow tf.layers.Dropout */
export class Dropout extends Layer {
  readonly #options: DropoutOptions;

  constructor(options: DropoutOptions = {}) {
    super('dropout', options);
    this.#options = options;
  }
  override apply(x: TensorLike, options: TrainingOption = {}): Tensor {
    return super.apply(x, options);
  }
  protected call(x: Tensor, { training = false }: TrainingOption): Tensor {
    const { rate = 0.5, noiseShape, seed } = this.#options;
    const on = () => nnDropout(x, { noiseShape: this.#noise(x, noiseShape), seed, rate });
    return smartCond(training as never, on, () => identity(x)) as Tensor;
  }
  /** Unknown sizes of a noise shape are those of the input. */
  #noise(x: Tensor, noise: DropoutOptions['noiseShape']): TensorLike | null {
    if (!Array.isArray(noise)) return (noise as Tensor | null | undefined) ?? null;
    const whole = shapeOf(x);
    const sizes = (noise as readonly (number | null)[]).map((d, i) => d ?? whole.at(i));
    const known = sizes.every((d) => typeof d === 'number');
    return convertToTensor(known ? Value.from(sizes as number[], 'int32') : (sizes as readonly TensorLike[]));
  }
}
/**
 * Dropout made and applied at once, as tf.layers.dropout: an Identity where not training.
 * @tensorflow tf.layers.dropout
 */
export const dropout = (x: TensorLike, options: DropoutOptions & TrainingOption = {}): Tensor =>
  new Dropout(options).apply(x, options);

export interface FlattenOptions extends LayerOptions {
  /** 'channels_first': the channels are moved to the end before. */
  readonly dataFormat?: 'channels_last' | 'channels_first' | undefined;
}
/** All dimensions but the first in one. @tensorflow tf.layers.Flatten */
export class Flatten extends Layer {
  readonly #channelsFirst: boolean;

  constructor({ dataFormat = 'channels_last', ...options }: FlattenOptions = {}) {
    super('flatten', options);
    this.#channelsFirst = dataFormat === 'channels_first';
  }
  protected call(input: Tensor): Tensor {
    const { shape } = input;
    if (shape !== null && shape.length < 1) {
      throw new GraphError(
        'Value',
        `Input 0 of layer ${this.name} is incompatible with the layer: : expected min_ndim=1, found ndim=0.`,
      );
    }
    const moves = this.#channelsFirst && shape !== null && shape.length > 1;
    const x = moves ? transpose(input, i32([0, ...shape.slice(2).map((_, i) => i + 2), 1])) : input;
    const batch = x.shape?.[0] || shapeOf(x).at(0); // a batch of 0 is read from the shape too
    const y = reshape(x, [batch, -1] as readonly TensorLike[]);
    const rest = shape?.slice(1) ?? [null];
    y.setShape([shape?.[0] ?? null, rest.every((d) => d) ? sizeOf(rest as number[]) : null]);
    return y;
  }
}
/** Flattens at once. @tensorflow tf.layers.flatten */
export const flatten = (x: TensorLike, options: FlattenOptions = {}): Tensor => new Flatten(options).apply(x);
