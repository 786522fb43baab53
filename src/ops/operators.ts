/** @file Python's operators: as functions, and as methods of tensors and variables. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isConvertible, type TensorLike } from '../graph/convert';
import { IndexedSlices } from '../graph/indexed_slices';
import type { Grad } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import { type DType, isInteger } from '../value/dtype';
import { type Nested, Value } from '../value/value';
import { add, addV2, multiply, subtract } from './arithmetic';
import type { Named } from './array';
import { greater, greaterEqual, less, lessEqual, logicalAnd, logicalNot, logicalOr, logicalXor } from './compare';
import { floordiv, floormod, truediv } from './division';
import { matmul } from './linear';
import { pow } from './pairs';
import { abs, negative } from './unary';

/** What Python's operators do, under names. The other operand is converted to this one's dtype where it is no tensor. */
export interface Operators {
  /** `x + y`: an AddV2 called `add`; strings are joined by an Add. */
  add(y: TensorLike): Tensor;
  sub(y: TensorLike): Tensor;
  mul(y: TensorLike): Tensor;
  /** `x / y`: integers are cast to floats first. */
  truediv(y: TensorLike): Tensor;
  /** The same as `truediv`, as `/` is in Python 3. */
  div(y: TensorLike): Tensor;
  /** `x // y`: rounded towards minus infinity. */
  floordiv(y: TensorLike): Tensor;
  /** `x % y`: the sign of y. */
  mod(y: TensorLike): Tensor;
  pow(y: TensorLike): Tensor;
  /** `x @ y` */
  matmul(y: TensorLike): Tensor;
  /** `y + x` for a left operand that is no tensor yet; the others alike. */
  radd(x: TensorLike): Tensor;
  rsub(x: TensorLike): Tensor;
  rmul(x: TensorLike): Tensor;
  rtruediv(x: TensorLike): Tensor;
  rfloordiv(x: TensorLike): Tensor;
  rmod(x: TensorLike): Tensor;
  rpow(x: TensorLike): Tensor;
  rmatmul(x: TensorLike): Tensor;
  /** Logical, of bools. */
  and(y: TensorLike): Tensor;
  or(y: TensorLike): Tensor;
  xor(y: TensorLike): Tensor;
  rand(x: TensorLike): Tensor;
  ror(x: TensorLike): Tensor;
  rxor(x: TensorLike): Tensor;
  invert(): Tensor;
  neg(): Tensor;
  abs(): Tensor;
  less(y: TensorLike): Tensor;
  lessEqual(y: TensorLike): Tensor;
  greater(y: TensorLike): Tensor;
  greaterEqual(y: TensorLike): Tensor;
}

declare module '../graph/operation' {
  interface Tensor extends Operators {}
}

// ---- as functions -------------------------------------------------------------------------------------------------

type Make = (x: Tensor, y: Tensor, options: Named) => Tensor;

/** Opens the scope first, so that what has to be converted is called `add/y`, and the op `add`. */
function operate(name: string, make: Make, x: TensorLike, y: TensorLike): Tensor {
  const graph = graphOf([x, y]);
  // A variable before the dot, or behind a number, is read outside of the scope.
  const left = isConvertible(x) ? convertToTensor(x, {}, graph) : x;
  const later = !(left instanceof Tensor) && isConvertible(y) ? convertToTensor(y, {}, graph) : y;
  return graph.nameScope(name, (scope) => {
    if (left instanceof Tensor) return make(left, hinted(later, left.dtype), { name: scope });
    const right = convertToTensor(later, { name: 'y' }, graph);
    return make(convertToTensor(left, { dtype: right.dtype, name: 'x' }, graph), right, { name: scope });
  });
}

/** A right operand takes the left one's dtype if it can; else it keeps its own, and the op says what does not match. */
function hinted(y: TensorLike, dtype: DType): Tensor {
  if (y instanceof Tensor || isConvertible(y) || y instanceof IndexedSlices) return convertToTensor(y, { name: 'y' });
  if (isInteger(dtype) && holdsFraction(y)) return convertToTensor(y, { name: 'y' });
  try {
    return convertToTensor(y, { dtype, name: 'y' });
  } catch (e) {
    if (e instanceof GraphError && e.code === 'Type') return convertToTensor(y, { name: 'y' });
    throw e;
  }
}
const holdsFraction = (x: TensorLike | Nested): boolean => {
  if (x instanceof Value) return false;
  return Array.isArray(x) ? x.some(holdsFraction) : typeof x === 'number' && !Number.isInteger(x);
};

const sum: Make = (x, y, options) => (x.dtype === 'string' ? add(x, y, options) : addV2(x, y, options));
/** The operators `+ - * / // % ** @` on anything that can be a tensor. */
export const plus = (x: TensorLike, y: TensorLike): Tensor => operate('add', sum, x, y);
export const minus = (x: TensorLike, y: TensorLike): Tensor => operate('sub', subtract, x, y);
export const times = (x: TensorLike, y: TensorLike): Tensor => operate('mul', multiply, x, y);
export const over = (x: TensorLike, y: TensorLike): Tensor => operate('truediv', truediv, x, y);
export const floorOver = (x: TensorLike, y: TensorLike): Tensor => operate('floordiv', floordiv, x, y);
export const modulo = (x: TensorLike, y: TensorLike): Tensor => operate('mod', floormod, x, y);
export const power = (x: TensorLike, y: TensorLike): Tensor => operate('pow', pow, x, y);
export const timesMatrix = (x: TensorLike, y: TensorLike): Tensor => operate('matmul', matmul, x, y);
const both = (x: TensorLike, y: TensorLike): Tensor => operate('and', logicalAnd, x, y);
const either = (x: TensorLike, y: TensorLike): Tensor => operate('or', logicalOr, x, y);
const oneOfBoth = (x: TensorLike, y: TensorLike): Tensor => operate('xor', logicalXor, x, y);
/** The operator `-x`; IndexedSlices stay what they are. */
export function negate<X extends Grad>(x: X): X;
export function negate(x: Grad): Grad {
  return x instanceof IndexedSlices ? new IndexedSlices(negative(x.values), x.indices, x.denseShape) : negative(x);
}

// ---- as methods ---------------------------------------------------------------------------------------------------

/** Gives a class the operators; `asTensor` says which tensor an object is when it is the operand before the dot. */
export function installOperators<X>(prototype: X, asTensor: (self: X) => Tensor): void {
  const pair = (f: (x: Tensor, y: TensorLike) => Tensor) =>
    function (this: X, y: TensorLike): Tensor {
      return f(asTensor(this), y);
    };
  const flip = (f: (x: TensorLike, y: Tensor) => Tensor) => pair((y, x) => f(x, y));
  const one = (f: (x: Tensor) => Tensor) =>
    function (this: X): Tensor {
      return f(asTensor(this));
    };
  const methods: Operators = {
    add: pair((x, y) => plus(x, y)),
    sub: pair((x, y) => minus(x, y)),
    mul: pair((x, y) => times(x, y)),
    truediv: pair((x, y) => over(x, y)),
    div: pair((x, y) => over(x, y)),
    floordiv: pair((x, y) => floorOver(x, y)),
    mod: pair((x, y) => modulo(x, y)),
    pow: pair((x, y) => power(x, y)),
    matmul: pair((x, y) => timesMatrix(x, y)),
    radd: flip((x, y) => plus(x, y)),
    rsub: flip((x, y) => minus(x, y)),
    rmul: flip((x, y) => times(x, y)),
    rtruediv: flip((x, y) => over(x, y)),
    rfloordiv: flip((x, y) => floorOver(x, y)),
    rmod: flip((x, y) => modulo(x, y)),
    rpow: flip((x, y) => power(x, y)),
    rmatmul: flip((x, y) => timesMatrix(x, y)),
    and: pair((x, y) => both(x, y)),
    or: pair((x, y) => either(x, y)),
    xor: pair((x, y) => oneOfBoth(x, y)),
    rand: flip((x, y) => both(x, y)),
    ror: flip((x, y) => either(x, y)),
    rxor: flip((x, y) => oneOfBoth(x, y)),
    invert: one((x) => logicalNot(x)),
    neg: one((x) => negative(x)),
    abs: one((x) => abs(x)),
    less: pair((x, y) => less(x, y)),
    lessEqual: pair((x, y) => lessEqual(x, y)),
    greater: pair((x, y) => greater(x, y)),
    greaterEqual: pair((x, y) => greaterEqual(x, y)),
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
installOperators(Tensor.prototype, (x) => x);
