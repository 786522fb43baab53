/** @file Circular and hyperbolic functions and their inverses. */
import type { TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import { add, subtract } from './arithmetic';
import { constant, type Named } from './array';
import { after, rounder } from './cellwise';
import { negate, over, times } from './operators';
import { defineUnary, defineUnaryGrad } from './single';
import { reciprocal, sqrt, square } from './unary';

// ---- circular -----------------------------------------------------------------------------------------------------

const Sin = defineUnary('Sin', {
  gradient: (dy, x) => after(dy, () => times(dy, cos(x))),
  cells: () => Math.sin,
});
/** The sine of x in radians. @tensorflow tf.sin */
export function sin(x: TensorLike, { name }: Named = {}): Tensor {
  return Sin({ x }, {}, name).y;
}

const Cos = defineUnary('Cos', {
  gradient: (dy, x) =>
    after(dy, () => {
      const minus = negate(dy);
      return times(minus, sin(x));
    }),
  cells: () => Math.cos,
});
/** The cosine of x in radians. @tensorflow tf.cos */
export function cos(x: TensorLike, { name }: Named = {}): Tensor {
  return Cos({ x }, {}, name).y;
}

const Tan = defineUnary('Tan', {
  gradient: (dy, x) => after(dy, () => times(square(reciprocal(cos(x))), dy)),
  cells: () => Math.tan,
});
/** The tangent of x in radians. @tensorflow tf.tan */
export function tan(x: TensorLike, { name }: Named = {}): Tensor {
  return Tan({ x }, {}, name).y;
}

/** sqrt(1 - x^2), the derivative's denominator of both arc functions. */
const height = (x: Tensor, dy: Tensor): Tensor => {
  const x2 = square(x);
  return sqrt(subtract(constant(1, { dtype: dy.dtype }), x2));
};
const Asin = defineUnary('Asin', {
  gradient: (dy, x) => after(dy, () => times(dy, reciprocal(height(x, dy)))),
  cells: () => Math.asin,
});
/** The angle in radians whose sine is x. @tensorflow tf.asin */
export function asin(x: TensorLike, { name }: Named = {}): Tensor {
  return Asin({ x }, {}, name).y;
}

const Acos = defineUnary('Acos', {
  gradient: (dy, x) =>
    after(dy, () => {
      const inverse = reciprocal(height(x, dy));
      return times(negate(dy), inverse);
    }),
  cells: () => Math.acos,
});
/** The angle in radians whose cosine is x. @tensorflow tf.acos */
export function acos(x: TensorLike, { name }: Named = {}): Tensor {
  return Acos({ x }, {}, name).y;
}

const Atan = defineUnary('Atan', {
  gradient: (dy, x) =>
    after(dy, () => {
      const x2 = square(x);
      const one = constant(1, { dtype: dy.dtype });
      return times(dy, reciprocal(add(one, x2)));
    }),
  cells: () => Math.atan,
});
/** The angle in radians whose tangent is x. @tensorflow tf.atan */
export function atan(x: TensorLike, { name }: Named = {}): Tensor {
  return Atan({ x }, {}, name).y;
}

// ---- hyperbolic ---------------------------------------------------------------------------------------------------

const Sinh = defineUnary('Sinh', {
  gradient: (dy, x) => after(dy, () => times(dy, cosh(x))),
  cells: () => Math.sinh,
});
/** The hyperbolic sine. @tensorflow tf.sinh */
export function sinh(x: TensorLike, { name }: Named = {}): Tensor {
  return Sinh({ x }, {}, name).y;
}

const Cosh = defineUnary('Cosh', {
  gradient: (dy, x) => after(dy, () => times(dy, sinh(x))),
  cells: () => Math.cosh,
});
/** The hyperbolic cosine. @tensorflow tf.cosh */
export function cosh(x: TensorLike, { name }: Named = {}): Tensor {
  return Cosh({ x }, {}, name).y;
}

const Tanh = defineUnary('Tanh', {
  gradient: (dy, _, y) => after(dy, () => tanhGrad(y, dy)),
  cells: () => Math.tanh,
  kernel: 'tanh_f32',
});
/** The hyperbolic tangent. @tensorflow tf.tanh */
export function tanh(x: TensorLike, { name }: Named = {}): Tensor {
  return Tanh({ x }, {}, name).y;
}
const TanhGrad = defineUnaryGrad('TanhGrad', {
  gradient: (dz, a, b) =>
    after(dz, () => {
      const da = times(times(times(dz, -2), b), a);
      return { y: da, dy: tanhGrad(a, dz) };
    }),
  cells: (dtype) => {
    const r = rounder(dtype);
    return (y, dy) => dy * r(1 - r(y * y));
  },
  kernel: 'tanh_grad_f32',
});
/** dy (1 - y^2) for y = tanh(x), as gen_math_ops.tanh_grad. */
export function tanhGrad(y: TensorLike, dy: TensorLike, { name }: Named = {}): Tensor {
  return TanhGrad({ y, dy }, {}, name).z;
}

const Asinh = defineUnary('Asinh', {
  gradient: (dy, _, y) => after(dy, () => over(dy, cosh(y))),
  cells: () => Math.asinh,
});
/** The inverse of sinh. @tensorflow tf.asinh */
export function asinh(x: TensorLike, { name }: Named = {}): Tensor {
  return Asinh({ x }, {}, name).y;
}

const Acosh = defineUnary('Acosh', {
  gradient: (dy, _, y) => after(dy, () => over(dy, sinh(y))),
  cells: () => Math.acosh,
});
/** The inverse of cosh, NaN below 1. @tensorflow tf.acosh */
export function acosh(x: TensorLike, { name }: Named = {}): Tensor {
  return Acosh({ x }, {}, name).y;
}

const Atanh = defineUnary('Atanh', {
  gradient: (dy, x) =>
    after(dy, () => {
      const x2 = square(x);
      const one = constant(1, { dtype: dy.dtype });
      return times(dy, reciprocal(subtract(one, x2)));
    }),
  cells: () => Math.atanh,
});
/** The inverse of tanh. @tensorflow tf.atanh */
export function atanh(x: TensorLike, { name }: Named = {}): Tensor {
  return Atanh({ x }, {}, name).y;
}
