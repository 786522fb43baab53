/** @file What initializers have in common. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { type DType, isFloating } from '../value/dtype';
import type { FullShape } from '../value/shape';
import type { SeedLike } from './seed';

export interface InitializerOptions {
  /** The dtype where the caller of the initializer names none; getVariable always does. */
  readonly dtype?: DType | undefined;
}
export interface SeededOptions extends InitializerOptions {
  readonly seed?: SeedLike;
}

/** Makes an initial value of the shape and dtype asked for, as TensorFlow 1's tf.keras.initializers.Initializer. */
export abstract class Initializer {
  readonly dtype: DType;
  constructor({ dtype = 'float32' }: InitializerOptions = {}) {
    this.dtype = dtype;
  }
  abstract call(shape: FullShape, dtype?: DType): Tensor;
  /** What it was made with, under TensorFlow's names. */
  getConfig(): Record<string, unknown> {
    return { dtype: this.dtype };
  }
}
/** One that draws: floating types only. */
export abstract class FloatInitializer extends Initializer {
  readonly seed: SeedLike;
  constructor(options: SeededOptions = {}) {
    super(options);
    if (!isFloating(this.dtype)) {
      throw new GraphError('Value', `Expected floating point type, got <dtype: '${this.dtype}'>.`);
    }
    this.seed = options.seed ?? null;
  }
}

/** Python's positional arguments, in order, then options. */
export type Arguments<O> = readonly (number | bigint | string | null | undefined | O)[];
/** Both as one object. */
export const named = <O extends object>(names: readonly (keyof O & string)[], given: Arguments<O>): O => {
  const options: Record<string, unknown> = {};
  given.forEach((x, i) => {
    if (typeof x === 'object' && x !== null) Object.assign(options, x);
    else if (x !== undefined) options[names[i]!] = x;
  });
  return options as O;
};
