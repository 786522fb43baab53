/** @file What goes into and comes out of Session.run: a dtype, a shape, and cells of its own. */
import { GraphError } from '../errors';
import {
  arrayOf,
  type Cells,
  cellOf,
  type DType,
  isBig,
  isFloating,
  isHost,
  roundBfloat16,
  roundFloat16,
} from './dtype';
import { type FullShape, showShape, sizeOf } from './shape';

export type Scalar = number | boolean | bigint | string;
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;
/** Numbers, bigints, booleans or strings, in lists nested as deep as the rank; typed arrays are rows. */
export type Nested = Scalar | TypedArray | Uint8Array | readonly Nested[];

const TYPE_OF_ARRAY = new Map<unknown, DType>([
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Int16Array, 'int16'],
  [Int32Array, 'int32'],
  [Uint8Array, 'uint8'],
  [Uint16Array, 'uint16'],
  [Uint32Array, 'uint32'],
  [BigInt64Array, 'int64'],
  [BigUint64Array, 'uint64'],
]);
const isTyped = (x: unknown): x is TypedArray => ArrayBuffer.isView(x);
const isList = (x: unknown): x is ArrayLike<Nested> => Array.isArray(x) || isTyped(x);

/**
 * A tensor's value outside of a graph, as `numpy.ndarray` is to TensorFlow. `data` is row-major: a typed array, bigints
 * for int64, an array of strings for string. A scalar works as a number: `loss < 0.5`, `Number(loss)`.
 */
export class Value {
  readonly dtype: DType;
  readonly shape: FullShape;
  readonly data: Cells;

  constructor(dtype: DType, shape: FullShape, data: ArrayLike<number> | ArrayLike<bigint> | ArrayLike<string>) {
    if (data.length !== sizeOf(shape)) {
      throw new GraphError('Value', `${data.length} elements do not fill shape ${showShape(shape)}.`);
    }
    this.dtype = dtype;
    this.shape = shape;
    this.data = data as unknown as Cells;
  }

  /** Shape from the nesting, dtype from the elements where none is asked for: numbers are float32. */
  static from(x: Nested | Value, dtype?: DType): Value {
    if (x instanceof Value) return dtype === undefined || x.dtype === dtype ? x : x.cast(dtype);
    if (isTyped(x)) {
      const own = TYPE_OF_ARRAY.get(x.constructor) ?? 'uint8';
      if ((dtype ?? own) === own) return new Value(own, [x.length], x.slice());
    }
    const shape: number[] = [];
    let inner: Nested | undefined = x;
    for (; isList(inner) && !(dtype === 'string' && inner instanceof Uint8Array); inner = inner[0]) {
      shape.push(inner.length);
      if (inner.length === 0) break;
    }
    const flat: Scalar[] = [];
    collect(x, shape, 0, flat);
    const own = (): DType =>
      isTyped(inner) ? (TYPE_OF_ARRAY.get(inner.constructor) ?? 'uint8') : typeOfScalar(flat[0]);
    return Value.cells(dtype ?? own(), shape, flat);
  }

  /** Casts each element as NumPy's astype does. */
  static cells(dtype: DType, shape: FullShape, flat: ArrayLike<unknown>): Value {
    const out = new (arrayOf(dtype))(sizeOf(shape));
    const cast = caster(dtype);
    for (let i = 0; i < flat.length; i++) out[i] = cast(flat[i]) as number;
    return new Value(dtype, shape, out);
  }

  static zeros(dtype: DType, shape: FullShape): Value {
    return new Value(dtype, shape, new (arrayOf(dtype))(sizeOf(shape)));
  }

  cast(dtype: DType): Value {
    return Value.cells(dtype, this.shape, this.data);
  }

  /** The only element: a number, bigint, boolean or string. Raises Value for more than one element. */
  item(): Scalar {
    if (this.data.length !== 1) {
      throw new GraphError(
        'Value',
        `Only a tensor of one element is a scalar; this one has shape ${showShape(this.shape)}.`,
      );
    }
    return this.dtype === 'bool' ? Boolean(this.data[0]) : (this.data[0] as Scalar);
  }

  /** Lets scalars act as numbers: `+loss`, `loss < 0.5`. */
  valueOf(): unknown {
    return this.data.length === 1 ? this.item() : this;
  }

  /** The elements nested by shape. */
  toArray(): Nested {
    const nest = (depth: number, at: number, step: number): Nested => {
      const n = this.shape[depth];
      if (n === undefined) return (this.dtype === 'bool' ? Boolean(this.data[at]) : this.data[at]) as Scalar;
      return Array.from({ length: n }, (_, i) => nest(depth + 1, at + (i * step) / n, step / n));
    };
    return nest(0, 0, this.data.length);
  }

  toString(): string {
    return JSON.stringify(this.toArray(), (_, x) => (typeof x === 'bigint' ? Number(x) : x));
  }
}

/** The length of `shape` must hold in every branch. Raises Value for ragged lists. */
function collect(x: Nested, shape: readonly number[], depth: number, out: unknown[]): void {
  if (depth === shape.length) {
    if (isList(x) && !(x instanceof Uint8Array)) throw ragged(shape);
    out.push(x);
    return;
  }
  if (!isList(x) || x.length !== shape[depth]) throw ragged(shape);
  for (let i = 0; i < x.length; i++) collect(x[i]!, shape, depth + 1, out);
}
const ragged = (shape: readonly number[]): GraphError =>
  new GraphError('Value', `Nested lists must be of one length at each depth; the first ones say ${showShape(shape)}.`);

function typeOfScalar(x: unknown): DType {
  if (x === null) throw new GraphError('Value', 'None values not supported.');
  return typeof x === 'boolean'
    ? 'bool'
    : typeof x === 'string'
      ? 'string'
      : typeof x === 'bigint'
        ? 'int64'
        : 'float32';
}

/** One element to a cell of `dtype`; refuses text for numbers and the reverse, as TensorFlow does. */
function caster(dtype: DType): (x: unknown) => unknown {
  const fail = (x: unknown): never => {
    throw new GraphError(
      'Type',
      `Expected ${dtype}, got ${typeof x === 'string' ? `'${x}'` : String(x)} of type '${typeof x}' instead.`,
    );
  };
  if (dtype === 'string') return (x) => (typeof x === 'string' || x instanceof Uint8Array ? x : fail(x));
  if (isHost(dtype)) return (x) => x;
  const check = (x: unknown) =>
    typeof x === 'number' || typeof x === 'boolean' || typeof x === 'bigint' ? x : fail(x);
  if (isBig(dtype)) return (x) => (typeof x === 'bigint' ? x : cellOf(dtype, Number(check(x))));
  if (dtype === 'bool') return (x) => (check(x) ? 1 : 0);
  if (dtype === 'float16') return (x) => roundFloat16(Number(check(x)));
  if (dtype === 'bfloat16') return (x) => roundBfloat16(Number(check(x)));
  return isFloating(dtype) ? (x) => Number(check(x)) : (x) => Math.trunc(Number(check(x)));
}
