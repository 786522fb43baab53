/** @file Sums, differences, products, cell by cell with broadcasting, and what broadcasting does to their gradients. */
import { GraphError } from '../errors';
import { convertToTensor, isConvertible, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { type Grad, int, type Known, shape, type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { COMPLEX, type DType, FLOATS, INTEGERS, NUMBERS } from '../value/dtype';
import { compatible, isFull, merge, type Shape, sameShape, showShape, tupleShape } from '../value/shape';
import { identity, type Named, reshape, shapeOf } from './array';
import { type Pair, productOf, rounder, zip, zipBy, zipKernel, zipShape } from './cellwise';
import { negate } from './operators';
import { reduceSum } from './reduce';

export { zip, zipKernel, zipShape } from './cellwise';

// ---- gradients of broadcasting ------------------------------------------------------------------------------------

const BroadcastGradientArgs = defineOp({
  name: 'BroadcastGradientArgs',
  inputs: { s0: 'T', s1: 'T' },
  outputs: { r0: 'T', r1: 'T' },
  attrs: { T: type(['int32', 'int64'], 'int32') },
  infer: () => ({ r0: [null], r1: [null] }),
  gradient: null,
  reference({ s0, s1, r0, r1 }, { T }) {
    const [a, b] = [Array.from(s0.data, Number), Array.from(s1.data, Number)];
    const [ones, others] = stretched(a, b);
    for (const [out, axes] of [
      [r0, ones],
      [r1, others],
    ] as const) {
      out.resize([axes.length]);
      const cells = out.data;
      for (let i = 0; i < axes.length; i++) cells[i] = (T === 'int64' ? BigInt(axes[i]!) : axes[i]) as number;
    }
  },
});
/** The axes to sum over for either side. Unless the shapes are equal, axes of size 1 on both sides count for both. */
function stretched(a: readonly number[], b: readonly number[]): [number[], number[]] {
  if (sameShape(a, b)) return [[], []];
  const rank = Math.max(a.length, b.length);
  const at = (s: readonly number[], i: number) => s[i - rank + s.length] ?? 1;
  const axes: [number[], number[]] = [[], []];
  for (let i = 0; i < rank; i++) {
    const [x, y] = [at(a, i), at(b, i)];
    if (x !== y && x !== 1 && y !== 1) {
      throw new GraphError('InvalidArgument', `Incompatible shapes: ${showShape(a)} vs. ${showShape(b)}`);
    }
    if (x === 1) axes[0].push(i);
    if (y === 1) axes[1].push(i);
  }
  return axes;
}
/** The axes along which x and y repeat, as tensors, from tensors of their sizes. */
export function broadcastGradientArgs(s0: Tensor, s1: Tensor): { readonly r0: Tensor; readonly r1: Tensor } {
  return BroadcastGradientArgs({ s0, s1 }, {});
}

/** How one operand's gradient is brought back to its shape. */
export interface Reduction {
  readonly shape: Tensor | readonly number[];
  readonly axes: Tensor | readonly number[];
  readonly needed: boolean;
}
/** Always by ops: `Shape`, `Shape_1`, `BroadcastGradientArgs`; most gradients of pairs begin so. */
export function reductionOps(x: Tensor, y: Tensor, optimize = true): [x: Reduction, y: Reduction] {
  const sx = shapeOf(x, { optimize });
  const sy = shapeOf(y, { optimize });
  const { r0, r1 } = broadcastGradientArgs(sx, sy);
  return [
    { shape: sx, axes: r0, needed: true },
    { shape: sy, axes: r1, needed: true },
  ];
}
/** math_grad.SmartBroadcastGradientArgs: static axes are worked out once per pair of shapes and graph. */
export function broadcastReductions(x: Tensor, y: Tensor, grad: Grad): [x: Reduction, y: Reduction] {
  if (!(grad instanceof Tensor)) return reductionOps(x, y);
  if (!isFull(x.shape) || !isFull(y.shape)) return reductionOps(x, y, false);
  const { stores } = x.graph;
  const cache = (stores.get(broadcastReductions) ?? new Map()) as Map<string, readonly (readonly number[])[]>;
  stores.set(broadcastReductions, cache);
  const key = `${x.shape}|${y.shape}`;
  let axes = cache.get(key);
  if (!axes) {
    BroadcastGradientArgs({ s0: [...x.shape], s1: [...y.shape] }, {});
    axes = stretched(x.shape, y.shape);
    cache.set(key, axes);
  }
  return [
    { shape: x.shape, axes: axes[0]!, needed: !sameShape(x.shape, grad.shape) },
    { shape: y.shape, axes: axes[1]!, needed: !sameShape(y.shape, grad.shape) },
  ];
}
/** Sums over the repeated axes where needed. */
export const reduceTo = (grad: Tensor, { shape, axes, needed }: Reduction): Tensor =>
  needed ? reshape(reduceSum(grad, { axis: axes as TensorLike }), shape as TensorLike) : grad;

/** Whether x, y and the gradient have one full shape: nothing to reduce. */
export const sameFullShape = (x: Tensor, y: Tensor, grad: Grad): boolean =>
  grad instanceof Tensor && isFull(x.shape) && sameShape(x.shape, y.shape) && sameShape(x.shape, grad.shape);

// ---- Add ----------------------------------------------------------------------------------------------------------

interface Operands {
  readonly x: Tensor;
  readonly y: Tensor;
}
const sumGradient = ({ z: dz }: { readonly z: Tensor }, { x, y }: Operands) => {
  if (sameFullShape(x, y, dz)) return { x: dz, y: dz };
  const [rx, ry] = broadcastReductions(x, y, dz);
  return { x: reduceTo(dz, rx), y: reduceTo(dz, ry) };
};
const plus: Pair = (x, y) => x + y;
/** Texts are joined; a text may also be bytes. */
const join = ((x: unknown, y: unknown) => {
  if (typeof x === 'string' && typeof y === 'string') return x + y;
  const [a, b] = [bytesOf(x), bytesOf(y)];
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}) as unknown as Pair;
const bytesOf = (x: unknown): Uint8Array => (typeof x === 'string' ? new TextEncoder().encode(x) : (x as Uint8Array));

const Add = defineOp({
  name: 'Add',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type([...FLOATS, 'uint8', 'int8', 'int16', 'int32', 'int64', ...COMPLEX, 'string']) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: sumGradient,
  reference: zipBy((dtype) => (dtype === 'string' ? join : plus)),
  kernel: zipKernel('add'),
});
/**
 * x + y with broadcasting; strings are joined. As tf.add (the operator `+` is `x.add(y)`, of type AddV2).
 * @tensorflow tf.add
 */
export function add(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Add({ x, y }, {}, name).z;
}

const AddV2 = defineOp({
  name: 'AddV2',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type([...FLOATS, 'uint8', 'int8', 'int16', 'int32', 'int64', ...COMPLEX]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: sumGradient,
  reference: zip(plus),
  kernel: zipKernel('add'),
});
/** x + y with broadcasting, as gen_math_ops.add_v2: the op behind the operator `+`. */
export function addV2(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return AddV2({ x, y }, {}, name).z;
}

// ---- Sub ----------------------------------------------------------------------------------------------------------

const Sub = defineOp({
  name: 'Sub',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type([...FLOATS, ...INTEGERS, ...COMPLEX]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    if (sameFullShape(x, y, dz)) return { x: dz, y: negate(dz) };
    const [rx, ry] = broadcastReductions(x, y, dz);
    return { x: reduceTo(dz, rx), y: reduceTo(negate(dz) as Tensor, ry) };
  },
  reference: zip((x, y) => x - y),
  kernel: zipKernel('sub'),
});
/** x - y with broadcasting. @tensorflow tf.subtract */
export function subtract(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Sub({ x, y }, {}, name).z;
}

// ---- Mul ----------------------------------------------------------------------------------------------------------

const Mul = defineOp({
  name: 'Mul',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'T' },
  attrs: { T: type([...FLOATS, ...INTEGERS, ...COMPLEX]) },
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient({ z: dz }, { x, y }) {
    const plain = dz.dtype === 'int32' || dz.dtype === 'float32';
    if (sameFullShape(x, y, dz) && plain) return { x: multiply(dz, y), y: multiply(dz, x) };
    const [rx, ry] = broadcastReductions(x, y, dz);
    return { x: reduceTo(multiply(dz, y), rx), y: reduceTo(multiply(x, dz), ry) };
  },
  reference: zipBy(productOf),
  kernel: zipKernel('mul'),
});
/** x * y with broadcasting. @tensorflow tf.multiply */
export function multiply(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Mul({ x, y }, {}, name).z;
}
/**
 * A scalar times a tensor, or times the rows of IndexedSlices. Raises Value unless `scalar` is one.
 * @tensorflow tf.scalar_mul
 */
export function scalarMul(scalar: TensorLike, x: IndexedSlices, options?: Named): IndexedSlices;
export function scalarMul(scalar: TensorLike, x: TensorLike, options?: Named): Tensor;
export function scalarMul(scalar: TensorLike, x: TensorLike, { name }: Named = {}): Grad {
  const dtype = x instanceof Tensor || x instanceof IndexedSlices || isConvertible(x) ? x.dtype : undefined;
  const factor = convertToTensor(scalar, { dtype, name: 'scalar' });
  if (factor.shape?.length !== 0) {
    throw new GraphError('Value', `Only scalar multiply works, got shape ${tupleShape(factor.shape)}`);
  }
  if (!(x instanceof IndexedSlices)) return multiply(factor, x, { name });
  return new IndexedSlices(multiply(factor, x.values, { name }), x.indices, x.denseShape);
}

// ---- AddN ---------------------------------------------------------------------------------------------------------

interface Sum {
  readonly inputs: readonly Slot[];
  readonly sum: Slot;
}
function sumCells({ inputs, sum }: Sum): void {
  const round = rounder(sum.dtype);
  const lists = inputs.map((t) => t.data);
  const out = sum.data;
  for (let i = 0; i < out.length; i++) {
    let s = lists[0]![i]!;
    for (let k = 1; k < lists.length; k++) s = round(s + lists[k]![i]!);
    out[i] = s;
  }
}
function mergeAll(inputs: readonly Known[], from: Shape): Shape {
  let found = from;
  for (let i = inputs.length - 1; i >= 0; i--) {
    const given = inputs[i]!.shape;
    try {
      found = merge(given, found);
    } catch (e) {
      if (!(e instanceof GraphError)) throw e;
      const sizes = `Input 0: ${showShape(inputs[0]!.shape)} != input ${inputs.findIndex((t) => !compatible(t.shape, inputs[0]!.shape))}: `;
      const other = inputs.find((t) => !compatible(t.shape, inputs[0]!.shape));
      throw new GraphError('Value', `${e.reason}\n\tFrom merging shape ${i} with other shapes.`, {
        atRun: `Inputs to operation must have the same size and shape.  ${sizes}${showShape(other?.shape ?? null)}`,
      });
    }
  }
  return found;
}

const AddN = defineOp({
  name: 'AddN',
  inputs: { inputs: 'N * T' },
  outputs: { sum: 'T' },
  attrs: { N: int(), T: type([...NUMBERS, 'qint16', 'quint16', 'variant']) },
  infer: ({ inputs }) => ({ sum: mergeAll(inputs, null) }),
  gradient: ({ sum: dy }, { inputs }) => ({ inputs: inputs.map(() => dy) }),
  reference: sumCells,
  kernel({ inputs, sum }) {
    const [a, b, c, d] = inputs.map((t) => t.ptr);
    if (sum.dtype !== 'float32' || inputs.length > 4 || inputs.length < 2) return null;
    const from = [a, b, c, d].slice(0, inputs.length) as number[];
    return [['add_f32', 'add3_f32', 'add4_f32'][inputs.length - 2]!, sum.ptr, ...from, sum.size];
  },
});
/** The op itself, also for one input, as gen_math_ops.add_n: how gradients are summed. */
export function addNRaw(inputs: readonly TensorLike[], { name }: Named = {}): Tensor {
  return AddN({ inputs }, {}, name).sum;
}
const noInputs = (what: string) =>
  new GraphError('Value', `inputs must be a list of at least one ${what} with the same dtype and shape`);
/**
 * The sum of tensors of one shape, as tf.add_n: IndexedSlices become dense; a single input is answered itself, or under
 * its name by an Identity. Raises Value for an empty list and unequal shapes.
 * @tensorflow tf.add_n
 */
export function addN(inputs: readonly TensorLike[], { name }: Named = {}): Tensor {
  if (!Array.isArray(inputs) || inputs.length === 0) throw noInputs('Tensor/IndexedSlices');
  const list = (inputs as TensorLike[]).map((x) => (x instanceof IndexedSlices ? x : convertToTensor(x)));
  if (list.length > 1) return addNRaw(list, { name });
  const only = convertToTensor(list[0]!);
  return name ? identity(only, { name }) : only;
}

const AccumulateNV2 = defineOp({
  name: 'AccumulateNV2',
  inputs: { inputs: 'N * T' },
  outputs: { sum: 'T' },
  attrs: { N: int(), T: type([...NUMBERS, 'qint16', 'quint16']), shape: shape() },
  infer: ({ inputs }, attrs) => ({ sum: mergeAll(inputs, attrs.shape) }),
  gradient: ({ sum: dy }, { inputs }) => ({ inputs: inputs.map(() => dy) }),
  reference: sumCells,
});
export interface AccumulateOptions extends Named {
  readonly shape?: Shape | undefined;
  readonly tensorDtype?: DType | undefined;
}
/**
 * As tf.accumulate_n: the sum of tensors of one shape. Raises Value for an empty list, unequal dtypes or shapes.
 * @tensorflow tf.accumulate_n
 */
export function accumulateN(inputs: readonly TensorLike[], options: AccumulateOptions = {}): Tensor {
  const { shape: wanted = null, tensorDtype, name } = options;
  if (!Array.isArray(inputs) || inputs.length === 0) throw noInputs('Tensor');
  if (inputs.some((x) => x instanceof IndexedSlices)) throw noInputs('Tensor');
  const list = (inputs as TensorLike[]).map((x) => convertToTensor(x));
  const first = list[0]!;
  if (list.some((t) => t.dtype !== first.dtype)) throw noInputs('Tensor');
  const found = list.reduce((s, t) => {
    if (compatible(s, t.shape)) return merge(s, t.shape);
    throw new GraphError('Value', `Shapes ${tupleShape(s)} and ${tupleShape(t.shape)} are not compatible`);
  }, wanted);
  if (tensorDtype && tensorDtype !== first.dtype) {
    throw new GraphError('Type', `tensor_dtype is ${tensorDtype}, but input is of type ${first.dtype}`);
  }
  if (list.length === 1) return name === undefined ? first : identity(first, { name });
  return AccumulateNV2({ inputs: list }, { shape: found }, name).sum;
}
