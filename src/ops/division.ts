/** @file Divisions and remainders: real, floored, truncated, and where the divisor may be zero. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { COMPLEX, type DType, FLOATS, INTEGERS, isComplex, isFloating } from '../value/dtype';
import { reduceTo, reductionOps } from './arithmetic';
import type { Named } from './array';
import { cast } from './cast';
import { byKind, type Pair, zipBy, zipKernel, zipShape } from './cellwise';
import { negate, over, times } from './operators';
import { negative } from './unary';

const DIVISIBLE = [...FLOATS, ...INTEGERS, ...COMPLEX] as const;

function refuseZero(y: unknown): void {
  // biome-ignore lint/suspicious/noDoubleEquals: 0n == 0
  if (y == 0) throw new GraphError('InvalidArgument', 'Integer division by zero');
}
/** An integer function that refuses a divisor of zero. */
const safe =
  (f: Pair, refuse: (y: unknown) => void = refuseZero): Pair =>
  (x, y) => {
    refuse(y);
    return f(x, y);
  };
/** What TensorFlow's truncating kernels say instead. */
function refuseTruncated(y: unknown): void {
  // biome-ignore lint/suspicious/noDoubleEquals: 0n == 0
  if (y == 0)
    throw new GraphError(
      'Internal',
      'Unexpected error in binary operator (only integer div and mod should have errors)',
    );
}
const truncatedBy = (float: Pair, int: Pair, big: (x: bigint, y: bigint) => bigint) =>
  byKind<Pair>({
    float: () => float,
    int: () => safe(int, refuseTruncated),
    big: safe(big as unknown as Pair, refuseTruncated),
  });
const bigPair = (f: (x: bigint, y: bigint) => bigint): Pair => safe(f as unknown as Pair);

const quotient: Pair = (x, y) => x / y;
const truncated: Pair = (x, y) => Math.trunc(x / y);
const remainder: Pair = (x, y) => x % y;
/** Integers are divided as C does: towards zero. */
const dividing = byKind<Pair>({ float: () => quotient, int: () => safe(truncated), big: bigPair((x, y) => x / y) });
const remaining = byKind<Pair>({ float: () => remainder, int: () => safe(remainder), big: bigPair((x, y) => x % y) });
const flooring = byKind<Pair>({
  float: (round) => (x, y) => Math.floor(round(x / y)),
  int: () => safe((x, y) => Math.floor(x / y)),
  big: bigPair((x, y) => (x % y !== 0n && x < 0n !== y < 0n ? x / y - 1n : x / y)),
});
const floorRemaining = byKind<Pair>({
  float: (round) => (x, y) => {
    const rest = x % y;
    return rest !== 0 && y < 0 !== rest < 0 ? round(rest + y) : rest;
  },
  int: () => safe((x, y) => (x < 0 === y < 0 ? x % y : ((x % y) + y) % y)),
  big: bigPair((x, y) => (x < 0n === y < 0n ? x % y : ((x % y) + y) % y)),
});

interface Operands {
  readonly x: Tensor;
  readonly y: Tensor;
}
// ---- real ---------------------------------------------------------------------------------------------------------

const quotientGradient = (f: (x: Tensor, y: Tensor) => Tensor, dz: Tensor, { x, y }: Operands) => {
  const [rx, ry] = reductionOps(x, y);
  const dx = reduceTo(f(dz, y), rx);
  return { x: dx, y: reduceTo(times(dz, f(f(negate(x), y), y)), ry) };
};
const Div = defineOp({
  name: 'Div',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(DIVISIBLE) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: ({ z: dz }, operands) => quotientGradient(over, dz, operands),
  reference: zipBy(dividing),
  kernel: zipKernel('div'),
});
/** x / y, integers towards zero, as gen_math_ops.div: an op of old graphs. Raises InvalidArgument for an integer / 0. */
export function divRaw(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Div({ x, y }, {}, name).z;
}

const RealDiv = defineOp({
  name: 'RealDiv',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(DIVISIBLE) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: ({ z: dz }, operands) => quotientGradient((x, y) => realdiv(x, y), dz, operands),
  reference: zipBy(dividing),
  kernel: zipKernel('div'),
});
/** x / y of floats with broadcasting. @tensorflow tf.realdiv */
export function realdiv(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return RealDiv({ x, y }, {}, name).z;
}

const DivNoNan = defineOp({
  name: 'DivNoNan',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(['float16', 'float32', 'bfloat16', 'float64', ...COMPLEX]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    const [rx, ry] = reductionOps(x, y);
    const dx = reduceTo(divNoNan(dz, y), rx);
    return { x: dx, y: reduceTo(times(dz, divNoNan(divNoNan(negate(x), y), y)), ry) };
  },
  reference: zipBy(() => (x, y) => (y === 0 ? 0 : x / y)),
});
/** x / y, and 0 wherever y is 0. @tensorflow tf.div_no_nan */
export function divNoNan(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return inScope(name ?? 'div_no_nan', x, y, (a, b, scope) => DivNoNan({ x: a, y: b }, {}, scope).z);
}

// ---- floored ------------------------------------------------------------------------------------------------------

const none = () => ({ x: null, y: null });

const FloorDiv = defineOp({
  name: 'FloorDiv',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(DIVISIBLE) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: none,
  reference: zipBy(flooring),
});
/** x / y rounded towards minus infinity, as gen_math_ops.floor_div. Raises InvalidArgument for an integer / 0. */
export function floorDiv(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return FloorDiv({ x, y }, {}, name).z;
}
/** As tf.floordiv, the operator `//`: floorDiv in a scope called `floordiv`. @tensorflow tf.floordiv */
export function floordiv(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return graphOf([x, y]).nameScope(name ?? 'floordiv', (scope) => floorDiv(x, y, { name: scope }));
}

const FloorMod = defineOp({
  name: 'FloorMod',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type([...INTEGERS, ...FLOATS]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    const [rx, ry] = reductionOps(x, y);
    const whole = floorDiv(x, y);
    const dx = reduceTo(dz, rx);
    return { x: dx, y: reduceTo(times(dz, negative(whole)), ry) };
  },
  reference: zipBy(floorRemaining),
});
/**
 * The remainder with y's sign, as tf.floormod (and tf.mod). Raises InvalidArgument for integers and y = 0.
 * @tensorflow tf.mod
 */
export function floormod(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return FloorMod({ x, y }, {}, name).z;
}
/** The same as floormod. @tensorflow tf.mod */
export const mod = floormod;

const truncating = truncatedBy(quotient, truncated, (x, y) => x / y); // floats are not truncated, as in TensorFlow
const truncatedRest = truncatedBy(remainder, remainder, (x, y) => x % y);

// ---- truncated ----------------------------------------------------------------------------------------------------

const Mod = defineOp({
  name: 'Mod',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(['int32', 'int64', ...FLOATS]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: 'missing',
  reference: zipBy(remaining),
});
/** The remainder with x's sign, as gen_math_ops.mod: an op of old graphs. */
export function modRaw(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Mod({ x, y }, {}, name).z;
}

const TruncateDiv = defineOp({
  name: 'TruncateDiv',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(DIVISIBLE) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: none,
  reference: zipBy(truncating),
});
/** x / y rounded towards zero, integers only. Raises Internal for an integer / 0. @tensorflow tf.truncatediv */
export function truncatediv(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return TruncateDiv({ x, y }, {}, name).z;
}

const TruncateMod = defineOp({
  name: 'TruncateMod',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type(['int32', 'int64', ...FLOATS]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: 'missing',
  reference: zipBy(truncatedRest),
});
/** The remainder with x's sign. Raises InvalidArgument for integers and y = 0. @tensorflow tf.truncatemod */
export function truncatemod(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return TruncateMod({ x, y }, {}, name).z;
}

// ---- Python's divisions -------------------------------------------------------------------------------------------

/** Operands converted as `x` and `y` in a scope; what is no tensor takes the other one's dtype. */
export function inScope(
  name: string,
  x: TensorLike,
  y: TensorLike,
  make: (x: Tensor, y: Tensor, scope: string) => Tensor,
): Tensor {
  const graph = graphOf([x, y]);
  return graph.nameScope(name, (scope) => {
    const of = isTensorLike(y) ? y.dtype : undefined;
    const a = convertToTensor(x, { name: 'x', dtype: isTensorLike(x) ? undefined : of }, graph);
    const b = convertToTensor(y, { name: 'y', dtype: isTensorLike(y) ? undefined : a.dtype }, graph);
    if (a.dtype === b.dtype) return make(a, b, scope);
    throw new GraphError('Type', `x and y must have the same dtype, got ${a.dtype} != ${b.dtype}`);
  });
}

/** What `/` makes of integers before it divides; the others have no `/`. */
const REAL: Readonly<Partial<Record<DType, DType>>> = {
  uint8: 'float32',
  int8: 'float32',
  uint16: 'float32',
  int16: 'float32',
  int32: 'float64',
  int64: 'float64',
};
/** x / y as in Python 3, integers cast to floats first. Raises Type for two dtypes. @tensorflow tf.truediv */
export function truediv(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return inScope(name ?? 'truediv', x, y, (a, b, scope) => {
    const { dtype } = a;
    const to = isFloating(dtype) || isComplex(dtype) ? dtype : REAL[dtype];
    if (!to) throw new GraphError('Type', `Invalid dtype ${dtype} in __truediv__`);
    const p = cast(a, to);
    const q = cast(b, to);
    return realdiv(p, q, { name: scope });
  });
}
/** x / y as in Python 2: integers are floored. @tensorflow tf.div */
export function div(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return inScope(name ?? 'div', x, y, (a, b, scope) =>
    isFloating(a.dtype) || isComplex(a.dtype) ? realdiv(a, b, { name: scope }) : floorDiv(a, b, { name: scope }),
  );
}
/** As tf.divide: the operator `/`, or truediv where a name is given. @tensorflow tf.divide */
export function divide(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return name === undefined ? over(x, y) : truediv(x, y, { name });
}
