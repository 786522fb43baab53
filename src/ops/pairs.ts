/** @file Functions of two numbers besides the four operations: powers, extremes, squared differences, guarded products. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { COMPLEX, FLOATS, INTEGERS } from '../value/dtype';
import {
  broadcastGradientArgs,
  broadcastReductions,
  reduceTo,
  reductionOps,
  sameFullShape,
  scalarMul,
} from './arithmetic';
import { type Named, onesLike, shapeOf, zeros, zerosLike } from './array';
import { cast } from './cast';
import { after, byKind, type Pair, productOf, rounder, zipBy, zipKernel, zipShape } from './cellwise';
import { greater, greaterEqual, lessEqual, notEqual, select } from './compare';
import { inScope } from './division';
import { minus, negate, over, plus, power, times } from './operators';
import { log, negative, square } from './unary';

interface Operands {
  readonly x: Tensor;
  readonly y: Tensor;
}

// ---- Pow ----------------------------------------------------------------------------------------------------------

/** C's pow, which has more answers than JavaScript's. */
const floatPower: Pair = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y);
/** By squaring, so that it wraps as the dtype does at each step. */
function wholePower<N extends number | bigint>(one: N, product: (x: N, y: N) => N) {
  return (x: N, y: N): N => {
    if (y < 0) throw new GraphError('InvalidArgument', 'Integers to negative integer powers are not allowed');
    let result = one;
    let base = x;
    for (let e = BigInt(y); e > 0n; e >>= 1n) {
      if (e & 1n) result = product(result, base);
      base = product(base, base);
    }
    return result;
  };
}

const Pow = defineOp({
  name: 'Pow',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(['bfloat16', 'float32', 'float16', 'float64', 'int8', 'int16', 'int32', 'int64', ...COMPLEX]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y, z }) {
    const [rx, ry] = broadcastReductions(x, y, dz);
    const scaled = times(dz, y);
    const dx = reduceTo(times(scaled, pow(x, minus(y, 1))), rx);
    const mask = greater(x, 0); // no real value to answer elsewhere, and none at 0
    const safe = select(mask, x, onesLike(x));
    const logarithm = log(safe);
    const logX = select(mask, logarithm, zerosLike(x));
    return { x: dx, y: reduceTo(times(times(dz, z), logX), ry) };
  },
  reference: zipBy(
    byKind<Pair>({
      float: () => floatPower,
      int: () => wholePower(1, Math.imul),
      big: wholePower<bigint>(1n, (x, y) => BigInt.asIntN(64, x * y)) as unknown as Pair,
    }),
  ),
});
/** x to the power of y. Raises InvalidArgument for integers with a negative exponent. @tensorflow tf.pow */
export function pow(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Pow({ x, y }, {}, name).z;
}

// ---- extremes -----------------------------------------------------------------------------------------------------

const extremeGradient = (dz: Tensor, { x, y }: Operands, choose: (x: Tensor, y: Tensor) => Tensor) => {
  const sx = shapeOf(x);
  const sy = shapeOf(y);
  const zero = zeros(shapeOf(dz), { dtype: dz.dtype });
  const mask = choose(x, y);
  const { r0, r1 } = broadcastGradientArgs(sx, sy);
  const dx = reduceTo(select(mask, dz, zero), { shape: sx, axes: r0, needed: true });
  return { x: dx, y: reduceTo(select(mask, zero, dz), { shape: sy, axes: r1, needed: true }) };
};
const ORDERED = [...FLOATS, ...INTEGERS] as const;

const Maximum = defineOp({
  name: 'Maximum',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(ORDERED) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: ({ z: dz }, operands) => extremeGradient(dz, operands, greaterEqual),
  reference: zipBy(() => (x, y) => (x < y || Number.isNaN(y) ? y : x)), // NaN wins
  kernel: zipKernel('maximum'),
});
/** The larger of x and y; where one is NaN, x. @tensorflow tf.maximum */
export function maximum(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Maximum({ x, y }, {}, name).z;
}

const Minimum = defineOp({
  name: 'Minimum',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(ORDERED) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: ({ z: dz }, operands) => extremeGradient(dz, operands, lessEqual),
  reference: zipBy(() => (x, y) => (y < x || Number.isNaN(y) ? y : x)),
  kernel: zipKernel('minimum'),
});
/** The smaller of x and y; where one is NaN, x. @tensorflow tf.minimum */
export function minimum(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Minimum({ x, y }, {}, name).z;
}

// ---- SquaredDifference, Atan2 -------------------------------------------------------------------------------------

const SquaredDifference = defineOp({
  name: 'SquaredDifference',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type([...FLOATS, 'int32', 'int64', ...COMPLEX]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    const dx = after(dz, () => {
      const twice = scalarMul(2, dz);
      return times(twice, minus(x, y));
    });
    if (sameFullShape(x, y, dz)) return { x: dx, y: negate(dx) };
    const [rx, ry] = broadcastReductions(x, y, dz);
    const reduced = reduceTo(dx, rx);
    return { x: reduced, y: negate(reduceTo(dx, ry)) };
  },
  reference: zipBy((dtype) => {
    const [round, product] = [rounder(dtype), productOf(dtype)];
    return (x, y) => {
      const d = round(x - y);
      return product(d, d);
    };
  }),
  kernel: zipKernel('squared_difference'),
});
/** (x - y)^2. @tensorflow tf.squared_difference */
export function squaredDifference(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return SquaredDifference({ x, y }, {}, name).z;
}

const Atan2 = defineOp({
  name: 'Atan2',
  inputs: { y: 'T', x: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(FLOATS) },
  inplace: ['y', 'x'],
  infer: zipShape,
  gradient: ({ z: dz }, { y, x }) =>
    after(dz, () => {
      const x2 = square(x);
      const part = over(dz, plus(x2, square(y)));
      const dy = times(x, part);
      return { y: dy, x: times(negate(y), part) };
    }),
  reference: ({ y, x, z }) => zipBy(() => Math.atan2)({ x: y, y: x, z }),
});
/** The angle of the point (x, y), in radians from -pi to pi. @tensorflow tf.atan2 */
export function atan2(y: TensorLike, x: TensorLike, { name }: Named = {}): Tensor {
  return Atan2({ y, x }, {}, name).z;
}

// ---- guarded products and quotients -------------------------------------------------------------------------------

const GUARDED = [...FLOATS, ...COMPLEX] as const;

const MulNoNan = defineOp({
  name: 'MulNoNan',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(GUARDED) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    if (sameFullShape(x, y, dz)) return { x: mulNoNan(dz, y), y: mulNoNan(x, dz) };
    const [rx, ry] = reductionOps(x, y);
    const dx = reduceTo(mulNoNan(dz, y), rx);
    return { x: dx, y: reduceTo(mulNoNan(x, dz), ry) };
  },
  reference: zipBy(() => (x, y) => (y === 0 ? 0 : x * y)),
  kernel: zipKernel('mul_no_nan'),
});
/** x * y, and 0 wherever y is 0, also for an infinite x; as gen_math_ops.mul_no_nan. */
export function mulNoNan(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return MulNoNan({ x, y }, {}, name).z;
}
/** The same in a scope called `multiply_no_nan`, as tf.math.multiply_no_nan. */
export function multiplyNoNan(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return inScope(name ?? 'multiply_no_nan', x, y, (a, b, scope) => mulNoNan(a, b, { name: scope }));
}

/** Where x is not 0, as numbers: the factor of y's function in x's gradient. */
const nonZero = (x: Tensor): Tensor => cast(notEqual(x, cast(0, x.dtype)), x.dtype);

const Xlogy = defineOp({
  name: 'Xlogy',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(GUARDED) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    const [rx, ry] = reductionOps(x, y);
    return after(dz, () => {
      const byX = xlogy(nonZero(x), y);
      const byY = xdivy(x, y);
      const dx = reduceTo(times(byX, dz), rx);
      return { x: dx, y: reduceTo(times(byY, dz), ry) };
    });
  },
  reference: zipBy((dtype) => {
    const round = rounder(dtype);
    return (x, y) => (x === 0 ? 0 : x * round(Math.log(y)));
  }),
});
/** x log y, and 0 wherever x is 0. @tensorflow tf.math.xlogy */
export function xlogy(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Xlogy({ x, y }, {}, name).z;
}

const Xdivy = defineOp({
  name: 'Xdivy',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(GUARDED) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    const [rx, ry] = reductionOps(x, y);
    return after(dz, () => {
      const byX = xdivy(nonZero(x), y);
      const minusX = negative(x);
      const byY = xdivy(minusX, power(y, 2));
      const dx = reduceTo(times(byX, dz), rx);
      return { x: dx, y: reduceTo(times(byY, dz), ry) };
    });
  },
  reference: zipBy(() => (x, y) => (x === 0 ? 0 : x / y)),
  kernel: zipKernel('xdivy'),
});
/** x / y, and 0 wherever x is 0. @tensorflow tf.math.xdivy */
export function xdivy(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Xdivy({ x, y }, {}, name).z;
}
