/** @file Functions of the gamma family: incomplete gammas, beta, the scaled Bessel functions. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { FLOATS } from '../value/dtype';
import { broadcastGradientArgs, reduceTo } from './arithmetic';
import { type Named, shapeOf, zerosLike } from './array';
import { after, zipBy, zipShape } from './cellwise';
import { where } from './compare';
import { precisionOf } from './decompositions';
import { i32 } from './expect';
import { gammaSampleSlopeOf, igammacOf, igammaOf, igammaSlopeOf } from './incomplete_gamma';
import { minus, negate, plus, times } from './operators';
import { reduceSum } from './reduce';
import { defineUnary } from './single';
import { lgamma } from './special';
import { abs, exp, log, reciprocal, sign } from './unary';

// ---- incomplete gammas --------------------------------------------------------------------------------------------

type Pair = { readonly a: Known; readonly x: Known };
const pairShape = ({ a, x }: Pair) => zipShape({ x: a, y: x });
const pairCells =
  (f: (a: number, x: number) => number) => (t: { readonly a: Slot; readonly x: Slot; readonly z: Slot }) =>
    zipBy(() => f)({ x: t.a, y: t.x, z: t.z });

function igammaGradients(dz: Tensor, a: Tensor, x: Tensor): { readonly a: Tensor; readonly x: Tensor } {
  const sa = shapeOf(a);
  const sx = shapeOf(x);
  const { r0, r1 } = broadcastGradientArgs(sa, sx);
  return after(dz, () => {
    const da = IgammaGradA({ a, x }, {}).z;
    const minusX = negate(x);
    const powers = plus(minusX, times(minus(a, 1), log(x)));
    const dx = exp(minus(powers, lgamma(a)));
    return {
      a: reduceTo(times(da, dz), { shape: sa, axes: r0, needed: true }),
      x: reduceTo(times(dx, dz), { shape: sx, axes: r1, needed: true }),
    };
  });
}
const Igamma = defineOp({
  name: 'Igamma',
  inputs: { a: 'T', x: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(FLOATS) },
  inplace: ['a', 'x'],
  infer: pairShape,
  gradient: ({ z: dz }, { a, x }) => igammaGradients(dz, a, x),
  reference: pairCells(igammaOf),
});
/** The lower regularized incomplete gamma function P(a, x). @tensorflow tf.igamma */
export function igamma(a: TensorLike, x: TensorLike, { name }: Named = {}): Tensor {
  return Igamma({ a, x }, {}, name).z;
}

const Igammac = defineOp({
  name: 'Igammac',
  inputs: { a: 'T', x: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(FLOATS) },
  inplace: ['a', 'x'],
  infer: pairShape,
  gradient({ z: dz }, { a, x }) {
    const { a: da, x: dx } = igammaGradients(dz, a, x);
    return { a: negate(da), x: negate(dx) };
  },
  reference: pairCells(igammacOf),
});
/** The upper regularized incomplete gamma function Q(a, x) = 1 - P(a, x). @tensorflow tf.igammac */
export function igammac(a: TensorLike, x: TensorLike, { name }: Named = {}): Tensor {
  return Igammac({ a, x }, {}, name).z;
}

const IgammaGradA = defineOp({
  name: 'IgammaGradA',
  inputs: { a: 'T', x: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(['float32', 'float64']) },
  inplace: ['a', 'x'],
  infer: pairShape,
  gradient: 'missing',
  reference: pairCells(igammaSlopeOf),
});
const RandomGammaGrad = defineOp({
  name: 'RandomGammaGrad',
  inputs: { alpha: 'T', sample: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(['float32', 'float64']) },
  infer: ({ alpha, sample }) => ({ output: pairShape({ a: alpha, x: sample }).z }),
  gradient: 'missing',
  reference: ({ alpha, sample, output }) => pairCells(gammaSampleSlopeOf)({ a: alpha, x: sample, z: output }),
});
/** How samples of the gamma distribution move with alpha. */
export function randomGammaGrad(alpha: Tensor, sample: Tensor): Tensor {
  return RandomGammaGrad({ alpha, sample }, {}).output;
}

/** The logarithm of |Beta|, along the last dimension. Raises Value for scalars. @tensorflow tf.lbeta */
export function lbeta(x: TensorLike, { name = 'lbeta' }: Named = {}): Tensor {
  const graph = graphOf([x]);
  return graph.nameScope(name, () => {
    const t = convertToTensor(x, { name: 'x' }, graph);
    const products = reduceSum(lgamma(t), { axis: i32([-1]) });
    const total = reduceSum(t, { axis: i32([-1]) });
    return minus(products, lgamma(total));
  });
}

/** The value at x of the polynomial whose highest coefficient comes first. @tensorflow tf.math.polyval */
export function polyval(coeffs: readonly TensorLike[], x: TensorLike, { name = 'polyval' }: Named = {}): Tensor {
  const graph = graphOf([...coeffs, x]);
  return graph.nameScope(name, () => {
    const at = convertToTensor(x, { name: 'x' }, graph);
    if (coeffs.length === 0) return zerosLike(at, { name });
    const list = coeffs.map((c, i) =>
      convertToTensor(c, { name: coeffs.length === 1 ? 'coeff' : `coeff_${i}` }, graph),
    );
    return list.slice(1).reduce((sum, c) => plus(c, times(sum, at)), list[0]!);
  });
}

// ---- Bessel -------------------------------------------------------------------------------------------------------

/** e^-|x| I(x) of order 0 or 1. */
function besselOf(order: 0 | 1, x: number): number {
  const a = Math.abs(x);
  const odd = order === 1 && x < 0 ? -1 : 1;
  if (a === Number.POSITIVE_INFINITY) return 0;
  if (a > 40) {
    let [term, sum] = [1, 1];
    for (let k = 1; k < 30; k++) {
      term *= -(4 * order - (2 * k - 1) ** 2) / (8 * a * k);
      sum += term;
      if (Math.abs(term) < 1e-17) break;
    }
    return (odd * sum) / Math.sqrt(2 * Math.PI * a);
  }
  let term = order === 0 ? 1 : a / 2;
  let sum = term;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (a * a) / 4 / (k * (k + order));
    sum += term;
  }
  return odd * sum * Math.exp(-a);
}
const BesselI0e = defineUnary('BesselI0e', {
  types: FLOATS,
  gradient: (dy, x, y) =>
    after(dy, () => {
      const slope = minus(besselI1e(x), times(sign(x), y));
      return times(dy, slope);
    }),
  cells: () => (x) => besselOf(0, x),
});
/** The modified Bessel function of order 0, scaled by e^-|x|. @tensorflow tf.math.bessel_i0e */
export function besselI0e(x: TensorLike, { name }: Named = {}): Tensor {
  return BesselI0e({ x }, {}, name).y;
}
const BesselI1e = defineUnary('BesselI1e', {
  types: FLOATS,
  gradient: (dy, x, y) =>
    after(dy, () => {
      const { epsilon } = precisionOf(x.dtype);
      const zeros = zerosLike(x);
      const large = abs(x).greater(epsilon);
      const safe = where(large, x, plus(epsilon, zeros));
      const scaled = besselI0e(safe);
      const steep = plus(sign(safe), reciprocal(safe));
      const slope = minus(scaled, times(y, steep));
      return times(dy, where(large, slope, plus(0.5, zeros)));
    }),
  cells: () => (x) => besselOf(1, x),
});
/** The modified Bessel function of order 1, scaled by e^-|x|. @tensorflow tf.math.bessel_i1e */
export function besselI1e(x: TensorLike, { name }: Named = {}): Tensor {
  return BesselI1e({ x }, {}, name).y;
}
