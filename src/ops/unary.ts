/** @file Functions of one number: signs, rounding, powers, exponentials, logarithms. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { type DType, FLOATS, INTEGERS, isInteger } from '../value/dtype';
import { softplus } from './activations';
import { multiply } from './arithmetic';
import { constant, type Named, shapeOf, zeros } from './array';
import { after, byKind, productOf, rounder, type Single } from './cellwise';
import { minus, negate, over, plus, times } from './operators';
import { defineUnary, defineUnaryGrad, SIGNED } from './single';

// ---- signs --------------------------------------------------------------------------------------------------------

const Neg = defineUnary('Neg', {
  types: SIGNED,
  gradient: (dy) => negate(dy),
  cells: () => (x) => -x,
  kernel: 'neg_f32',
});
/** -x. @tensorflow tf.negative */
export function negative(x: TensorLike, { name }: Named = {}): Tensor {
  return Neg({ x }, {}, name).y;
}

const magnitude: Single = (x) => (x < 0 ? -x : x);
const Abs = defineUnary('Abs', {
  types: [...FLOATS, 'int8', 'int16', 'int32', 'int64'],
  gradient: (dy, x) => times(dy, sign(x)),
  cells: byKind({ float: () => Math.abs, int: () => magnitude, big: magnitude }),
  kernel: 'abs_f32',
});
/** The magnitude of x. @tensorflow tf.abs */
export function abs(x: TensorLike, { name }: Named = {}): Tensor {
  return Abs({ x }, {}, name).y;
}

const Sign = defineUnary('Sign', {
  types: SIGNED,
  gradient: (_, x) => zeros(shapeOf(x), { dtype: x.dtype }),
  cells: byKind({
    float: () => (x) => (x > 0 ? 1 : x < 0 ? -1 : Number.isNaN(x) ? x : 0),
    int: () => Math.sign,
    big: ((x: bigint) => (x > 0n ? 1n : x < 0n ? -1n : 0n)) as unknown as Single,
  }),
});
/** -1, 0 or 1. @tensorflow tf.sign */
export function sign(x: TensorLike, { name }: Named = {}): Tensor {
  return Sign({ x }, {}, name).y;
}

// ---- rounding -----------------------------------------------------------------------------------------------------

const itself: Single = (x) => x;
/** Ties to even, as Eigen does it: never -0. */
const halfToEven: Single = (x) => {
  const low = Math.floor(x);
  const part = x - low;
  return part > 0.5 || (part === 0.5 && low % 2 !== 0) ? low + 1 : low;
};

const Floor = defineUnary('Floor', { types: FLOATS, gradient: null, cells: () => Math.floor, kernel: 'floor_f32' });
/** The largest whole number that is not above x. @tensorflow tf.floor */
export function floor(x: TensorLike, { name }: Named = {}): Tensor {
  return Floor({ x }, {}, name).y;
}

const Ceil = defineUnary('Ceil', { types: FLOATS, gradient: null, cells: () => Math.ceil, kernel: 'ceil_f32' });
/** The smallest whole number that is not below x. @tensorflow tf.ceil */
export function ceil(x: TensorLike, { name }: Named = {}): Tensor {
  return Ceil({ x }, {}, name).y;
}

const Rint = defineUnary('Rint', {
  types: FLOATS,
  gradient: null,
  cells: () => (x) => (x < 0 ? -halfToEven(-x) : x === 0 ? x : halfToEven(x)),
});
/** The nearest whole number, ties to even, with x's sign. @tensorflow tf.rint */
export function rint(x: TensorLike, { name }: Named = {}): Tensor {
  return Rint({ x }, {}, name).y;
}

const Round = defineUnary('Round', {
  types: SIGNED,
  gradient: null,
  cells: byKind({ float: () => halfToEven, int: () => itself, big: itself }),
});
/** The nearest whole number, ties to even; integers are answered themselves. @tensorflow tf.round */
export function round(x: TensorLike, { name }: Named = {}): Tensor {
  const t = convertToTensor(x, { name: 'x' });
  return isInteger(t.dtype) ? t : Round({ x: t }, {}, name).y;
}

// ---- powers -------------------------------------------------------------------------------------------------------

const Square = defineUnary('Square', {
  types: [...SIGNED, ...INTEGERS],
  gradient: (dy, x) =>
    after(dy, () => {
      const two = constant(2, { dtype: x.dtype });
      return multiply(dy, multiply(x, two));
    }),
  cells: (dtype) => {
    const product = productOf(dtype);
    return (x) => product(x, x);
  },
  kernel: 'square_f32',
});
/** x * x. @tensorflow tf.square */
export function square(x: TensorLike, { name }: Named = {}): Tensor {
  return Square({ x }, {}, name).y;
}

const Sqrt = defineUnary('Sqrt', {
  gradient: (dy, _, y) => sqrtGrad(y, dy),
  cells: () => Math.sqrt,
  kernel: 'sqrt_f32',
});
/** The square root, NaN below 0. @tensorflow tf.sqrt */
export function sqrt(x: TensorLike, { name }: Named = {}): Tensor {
  return Sqrt({ x }, {}, name).y;
}
const SqrtGrad = defineUnaryGrad('SqrtGrad', {
  gradient: (dz, a, _, z) =>
    after(dz, () => {
      const ga = over(dz, a);
      const da = times(negate(ga), z);
      return { y: da, dy: times(0.5, ga) };
    }),
  cells: (dtype) => {
    const r = rounder(dtype);
    return (y, dy) => (dy === 0 ? 0 : r(0.5 * dy) * r(1 / y)); // also where y is 0
  },
});
/** 0.5 dy / y for y = sqrt(x), as gen_math_ops.sqrt_grad. */
export function sqrtGrad(y: TensorLike, dy: TensorLike, { name }: Named = {}): Tensor {
  return SqrtGrad({ y, dy }, {}, name).z;
}

const Rsqrt = defineUnary('Rsqrt', {
  gradient: (dy, _, y) => rsqrtGrad(y, dy),
  cells: () => (x) => 1 / Math.sqrt(x),
  kernel: 'rsqrt_f32',
});
/** 1 / sqrt(x). @tensorflow tf.rsqrt */
export function rsqrt(x: TensorLike, { name }: Named = {}): Tensor {
  return Rsqrt({ x }, {}, name).y;
}
const RsqrtGrad = defineUnaryGrad('RsqrtGrad', {
  kernel: 'rsqrt_grad_f32',
  gradient: (dz, a, b) =>
    after(dz, () => {
      const part = times(times(-1.5, dz), b);
      const da = times(part, square(a));
      return { y: da, dy: rsqrtGrad(a, dz) };
    }),
  cells: (dtype) => {
    const r = rounder(dtype);
    return (y, dy) => r(-0.5 * r(dy * y)) * r(y * y);
  },
});
/** -0.5 dy y^3 for y = 1 / sqrt(x), as gen_math_ops.rsqrt_grad. */
export function rsqrtGrad(y: TensorLike, dy: TensorLike, { name }: Named = {}): Tensor {
  return RsqrtGrad({ y, dy }, {}, name).z;
}

const noZero = (x: number): number => {
  if (x === 0) throw new GraphError('InvalidArgument', 'Integer division by zero');
  return Math.trunc(1 / x);
};
const inverse = byKind<Single>({
  float: () => (x) => 1 / x,
  int: () => noZero,
  big: ((x: bigint) => BigInt(noZero(Number(x)))) as unknown as Single,
});
const inverseGradient = (dz: Tensor, a: Tensor, b: Tensor) =>
  after(dz, () => {
    const da = times(times(times(dz, -2), b), a);
    return { y: da, dy: reciprocalGrad(a, dz) };
  });
const inverseGradCells = (dtype: DType) => {
  const r = rounder(dtype);
  return (y: number, dy: number) => r(-y * y) * dy;
};
const Reciprocal = defineUnary('Reciprocal', {
  types: SIGNED,
  gradient: (dy, _, y) => reciprocalGrad(y, dy),
  cells: inverse,
});
/** 1 / x. @tensorflow tf.reciprocal */
export function reciprocal(x: TensorLike, { name }: Named = {}): Tensor {
  return Reciprocal({ x }, {}, name).y;
}
const ReciprocalGrad = defineUnaryGrad('ReciprocalGrad', { gradient: inverseGradient, cells: inverseGradCells });
/** -dy y^2 for y = 1 / x, as gen_math_ops.reciprocal_grad. */
export function reciprocalGrad(y: TensorLike, dy: TensorLike, { name }: Named = {}): Tensor {
  return ReciprocalGrad({ y, dy }, {}, name).z;
}
/** The older names of the two, for old graphs. */
defineUnary('Inv', { types: SIGNED, gradient: (dy, _, y) => reciprocalGrad(y, dy), cells: inverse });
defineUnaryGrad('InvGrad', { gradient: inverseGradient, cells: inverseGradCells });

// ---- exponentials and logarithms ----------------------------------------------------------------------------------

const Exp = defineUnary('Exp', {
  gradient: (dy, _, y) => after(dy, () => times(dy, y)),
  cells: () => Math.exp,
  kernel: 'exp_f32',
});
/** e to the power of x. @tensorflow tf.exp */
export function exp(x: TensorLike, { name }: Named = {}): Tensor {
  return Exp({ x }, {}, name).y;
}

const Expm1 = defineUnary('Expm1', {
  gradient: (dy, x) => after(dy, () => times(dy, exp(x))),
  cells: () => Math.expm1,
});
/** e^x - 1, exact near 0. @tensorflow tf.expm1 */
export function expm1(x: TensorLike, { name }: Named = {}): Tensor {
  return Expm1({ x }, {}, name).y;
}

const Log = defineUnary('Log', {
  gradient: (dy, x) => after(dy, () => times(dy, reciprocal(x))),
  cells: () => Math.log,
  kernel: 'log_f32',
});
/** The natural logarithm, NaN below 0. @tensorflow tf.log */
export function log(x: TensorLike, { name }: Named = {}): Tensor {
  return Log({ x }, {}, name).y;
}

const Log1p = defineUnary('Log1p', {
  gradient: (dy, x) => after(dy, () => times(dy, reciprocal(plus(1, x)))),
  cells: () => Math.log1p,
});
/** log(1 + x), exact near 0. @tensorflow tf.log1p */
export function log1p(x: TensorLike, { name }: Named = {}): Tensor {
  return Log1p({ x }, {}, name).y;
}

const Sigmoid = defineUnary('Sigmoid', {
  gradient: (dy, _, y) => after(dy, () => sigmoidGrad(y, dy)),
  cells: (dtype) => {
    const r = rounder(dtype);
    return (x) => 1 / r(1 + r(Math.exp(-x)));
  },
  kernel: 'sigmoid_f32',
});
/** 1 / (1 + exp(-x)). @tensorflow tf.sigmoid */
export function sigmoid(x: TensorLike, { name }: Named = {}): Tensor {
  return Sigmoid({ x }, {}, name).y;
}
const SigmoidGrad = defineUnaryGrad('SigmoidGrad', {
  gradient: (dz, a, b) =>
    after(dz, () => {
      const gb = times(dz, b);
      const da = minus(gb, times(times(2, gb), a));
      return { y: da, dy: sigmoidGrad(a, dz) };
    }),
  cells: (dtype) => {
    const r = rounder(dtype);
    return (y, dy) => dy * r(y * r(1 - y));
  },
  kernel: 'sigmoid_grad_f32',
});
/** dy y (1 - y) for y = sigmoid(x), as gen_math_ops.sigmoid_grad. */
export function sigmoidGrad(y: TensorLike, dy: TensorLike, { name }: Named = {}): Tensor {
  return SigmoidGrad({ y, dy }, {}, name).z;
}
/** log(sigmoid(x)) = -softplus(-x), exact for large negative x. @tensorflow tf.log_sigmoid */
export function logSigmoid(x: TensorLike, { name }: Named = {}): Tensor {
  const graph = graphOf([x]);
  return graph.nameScope(name ?? 'LogSigmoid', (scope) => {
    const t = convertToTensor(x, { name: 'x' }, graph);
    return negative(softplus(negative(t)), { name: scope });
  });
}
