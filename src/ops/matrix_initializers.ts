/** @file Initializers out of linear algebra. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import type { FullShape } from '../value/shape';
import { reshape } from './array';
import {
  type Arguments,
  FloatInitializer,
  Initializer,
  type InitializerOptions,
  named,
  type SeededOptions,
} from './initializer';
import { diagPart, eye } from './matrix';
import { times } from './operators';
import { matrixTranspose } from './permute';
import { qr } from './qr';
import { randomNormal } from './random';
import { sign } from './unary';

export interface IdentityOptions extends InitializerOptions {
  readonly gain?: number | undefined;
}
/** Ones on the diagonal of a matrix, times `gain`. */
export class Identity extends Initializer {
  readonly gain: number;
  constructor({ gain = 1, ...options }: IdentityOptions = {}) {
    super(options);
    this.gain = gain;
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    if (shape.length !== 2) {
      throw new GraphError('Value', 'Identity matrix initializer can only be used for 2D matrices.');
    }
    return times(this.gain, eye(shape[0]!, shape[1]!, { dtype }));
  }
  override getConfig(): Record<string, unknown> {
    return { gain: this.gain, dtype: this.dtype };
  }
}

export interface OrthogonalOptions extends SeededOptions {
  readonly gain?: number | undefined;
}
/** Rows or columns at right angles: Q of a normal matrix, its signs fixed, times `gain`. */
export class Orthogonal extends FloatInitializer {
  readonly gain: number;
  constructor({ gain = 1, ...options }: OrthogonalOptions = {}) {
    super(options);
    this.gain = gain;
  }
  call(shape: FullShape, dtype: DType = this.dtype): Tensor {
    if (shape.length < 2) throw new GraphError('Value', 'The tensor to initialize must be at least two-dimensional');
    const rows = shape.slice(0, -1).reduce((n, d) => n * d, 1);
    const columns = shape.at(-1)!;
    const flat = rows < columns ? [columns, rows] : [rows, columns];
    const { q, r } = qr(randomNormal(flat, { dtype, seed: this.seed }));
    const signed = times(q, sign(diagPart(r)));
    const turned = rows < columns ? matrixTranspose(signed) : signed;
    return times(this.gain, reshape(turned, shape));
  }
  override getConfig(): Record<string, unknown> {
    return { gain: this.gain, seed: this.seed, dtype: this.dtype };
  }
}

/** The identity matrix, times gain. @tensorflow tf.initializers.identity */
export const identityInitializer = (...given: Arguments<IdentityOptions>): Identity =>
  new Identity(named(['gain', 'dtype'], given));
/** A random orthogonal matrix, or rows or columns of one. @tensorflow tf.orthogonal_initializer */
export const orthogonalInitializer = (...given: Arguments<OrthogonalOptions>): Orthogonal =>
  new Orthogonal(named(['gain', 'seed', 'dtype'], given));
