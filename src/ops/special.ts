/** @file Functions without closed form: errors, gammas, zetas. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { FLOATS } from '../value/dtype';
import { broadcastGradientArgs, reduceTo } from './arithmetic';
import { constant, type Named, shapeOf } from './array';
import { after, zipBy, zipShape } from './cellwise';
import { negate, plus, times } from './operators';
import { defineUnary } from './single';
import { digammaOf, erfcOf, erfOf, lgammaOf, polygammaOf, zetaOf } from './special_values';
import { exp, square } from './unary';

// ---- errors -------------------------------------------------------------------------------------------------------

const errorGradient = (factor: number) => (dy: Tensor, x: Tensor) => {
  const c = constant(factor, { dtype: dy.dtype });
  return after(dy, () => {
    const scaled = times(dy, c);
    return times(scaled, exp(negate(square(x))));
  });
};
const Erf = defineUnary('Erf', {
  types: FLOATS,
  gradient: errorGradient(2 / Math.sqrt(Math.PI)),
  cells: () => erfOf,
});
/** The Gauss error function. @tensorflow tf.erf */
export function erf(x: TensorLike, { name }: Named = {}): Tensor {
  return Erf({ x }, {}, name).y;
}

const Erfc = defineUnary('Erfc', {
  types: FLOATS,
  gradient: errorGradient(-2 / Math.sqrt(Math.PI)),
  cells: () => erfcOf,
});
/** 1 - erf(x), exact for large x. @tensorflow tf.erfc */
export function erfc(x: TensorLike, { name }: Named = {}): Tensor {
  return Erfc({ x }, {}, name).y;
}

// ---- gammas -------------------------------------------------------------------------------------------------------

const Lgamma = defineUnary('Lgamma', {
  types: FLOATS,
  gradient: (dy, x) => after(dy, () => times(dy, digamma(x))),
  cells: () => lgammaOf,
});
/** The logarithm of |gamma(x)|. @tensorflow tf.lgamma */
export function lgamma(x: TensorLike, { name }: Named = {}): Tensor {
  return Lgamma({ x }, {}, name).y;
}

const Digamma = defineUnary('Digamma', {
  types: FLOATS,
  gradient: (dy, x) =>
    after(dy, () => {
      const one = constant(1, { dtype: x.dtype });
      return times(dy, polygamma(one, x));
    }),
  cells: () => digammaOf,
});
/** The derivative of lgamma. @tensorflow tf.digamma */
export function digamma(x: TensorLike, { name }: Named = {}): Tensor {
  return Digamma({ x }, {}, name).y;
}

const Polygamma = defineOp({
  name: 'Polygamma',
  inputs: { a: 'T', x: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(['float32', 'float64']) },
  inplace: ['a', 'x'],
  infer: ({ a, x }) => zipShape({ x: a, y: x }),
  gradient({ z: dz }, { a, x }) {
    const sa = shapeOf(a);
    const sx = shapeOf(x);
    const { r1 } = broadcastGradientArgs(sa, sx);
    return after(dz, () => {
      const next = polygamma(plus(a, 1), x);
      return { a: null, x: reduceTo(times(next, dz), { shape: sx, axes: r1, needed: true }) };
    });
  },
  reference: ({ a, x, z }) => zipBy(() => polygammaOf)({ x: a, y: x, z }),
});
/** The derivative number a (a whole number >= 0) of digamma at x. @tensorflow tf.polygamma */
export function polygamma(a: TensorLike, x: TensorLike, { name }: Named = {}): Tensor {
  return Polygamma({ a, x }, {}, name).z;
}

const Zeta = defineOp({
  name: 'Zeta',
  inputs: { x: 'T', q: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(['float32', 'float64']) },
  inplace: ['x', 'q'],
  infer: ({ x, q }) => zipShape({ x, y: q }),
  gradient({ z: dz }, { x, q }) {
    const sx = shapeOf(x);
    const sq = shapeOf(q);
    const { r1 } = broadcastGradientArgs(sx, sq);
    return after(dz, () => {
      const minus = negate(x);
      const slope = times(minus, zeta(plus(x, 1), q));
      return { x: null, q: reduceTo(times(slope, dz), { shape: sq, axes: r1, needed: true }) };
    });
  },
  reference: ({ x, q, z }) => zipBy(() => zetaOf)({ x, y: q, z }),
});
/** The Hurwitz zeta function: the sum of (q + k)^-x over k >= 0. @tensorflow tf.zeta */
export function zeta(x: TensorLike, q: TensorLike, { name }: Named = {}): Tensor {
  return Zeta({ x, q }, {}, name).z;
}
