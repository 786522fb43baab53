/** @file Constants, feeds, shapes, and the ops that only pass an array on or give it another shape. */
import { GraphError } from '../errors';
import { constantIn, convertToTensor, graphOf, holdsTensor, isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp, sizes } from '../graph/define';
import { getDefaultGraph } from '../graph/graph';
import { indexType, shape, tensor, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { COMPLEX, cellOf, type DType, REALS, zeroOf } from '../value/dtype';
import { isFull, type Shape, showShape, sizeOf } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { less } from './compare';
import { asShape, fail, refuse, withRank } from './expect';
import { times } from './operators';
import { reduceSum } from './reduce';

/** The one keyword argument all ops take. */
export interface Named {
  readonly name?: string | undefined;
}

// ---- Const --------------------------------------------------------------------------------------------------------

defineOp({
  name: 'Const',
  inputs: {},
  outputs: { output: 'dtype' },
  attrs: { value: tensor(), dtype: type() },
  infer: (_, { value }) => ({ output: value.shape }),
  gradient: null,
  reference: ({ output }, { value }) => output.data.set(value.data),
});
export interface ConstantOptions extends Named {
  readonly dtype?: DType | undefined;
  /** Fills up with the last element, as tf.constant does. */
  readonly shape?: readonly number[] | undefined;
}
/**
 * A tensor whose value is part of the graph. JavaScript has one kind of number: it becomes float32 where
 * no dtype is given, so an integer needs `tf.constant(3, tf.int32)`. Raises Value for ragged lists and too many elements.
 * @tensorflow tf.constant
 */
export function constant(
  value: Nested | Value,
  options: ConstantOptions | DType = {},
  more: ConstantOptions = {},
): Tensor {
  const { dtype, shape: to, name = 'Const' } = typeof options === 'string' ? { ...more, dtype: options } : options;
  let v = Value.from(value, dtype);
  if (to) {
    const n = sizeOf(to);
    if (v.data.length > n) {
      throw new GraphError('Value', `Too many elements provided. Needed at most ${n}, but received ${v.data.length}`);
    }
    const flat = Array.from({ length: n }, (_, i) => v.data[Math.min(i, v.data.length - 1)]);
    v = Value.cells(v.dtype, to, flat);
  }
  return constantIn(getDefaultGraph(), v, name);
}

// ---- Placeholder --------------------------------------------------------------------------------------------------

const Placeholder = defineOp({
  name: 'Placeholder',
  inputs: {},
  outputs: { output: 'dtype' },
  attrs: { dtype: type(), shape: shape(null) },
  source: 'placeholder',
  infer: (_, attrs) => ({ output: attrs.shape }),
  gradient: null,
  reference: null,
});
export interface PlaceholderOptions extends Named {
  /** null: unknown rank; null dimensions are decided by the feed. */
  readonly shape?: Shape | undefined;
}
/** A tensor that must be fed at each run. @tensorflow tf.placeholder */
export function placeholder(dtype: DType, options?: PlaceholderOptions): Tensor;
export function placeholder(dtype: DType, shape: Shape, options?: Named): Tensor;
export function placeholder(dtype: DType, first: PlaceholderOptions | Shape = {}, more: Named = {}): Tensor {
  const { shape = null, name } =
    first === null || Array.isArray(first) ? { shape: first as Shape, ...more } : (first as PlaceholderOptions);
  return Placeholder({}, { dtype, shape }, name).output;
}

const PlaceholderWithDefault = defineOp({
  name: 'PlaceholderWithDefault',
  inputs: { input: 'dtype' },
  outputs: { output: 'dtype' },
  attrs: { dtype: type(), shape: shape() },
  alias: { output: 'input' },
  stateful: true, // its value may be fed, so it is never a constant
  infer: (_, attrs) => ({ output: attrs.shape }),
  gradient: ({ output: dy }) => ({ input: dy }),
  reference: null,
});
/** Passes `input` on where nothing is fed. @tensorflow tf.placeholder_with_default */
export function placeholderWithDefault(input: TensorLike, shape: Shape, { name }: Named = {}): Tensor {
  return PlaceholderWithDefault({ input }, { shape }, name).output;
}

// ---- Identity and its kind ----------------------------------------------------------------------------------------

const Identity = defineOp({
  name: 'Identity',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  alias: { output: 'input' },
  infer: ({ input }) => ({ output: input.shape }),
  gradient: ({ output: dy }) => ({ input: dy }),
  reference: null,
});
/** A new op that passes `input` on: the usual carrier of a control dependency. @tensorflow tf.identity */
export function identity(input: TensorLike, { name }: Named = {}): Tensor {
  return Identity({ input }, {}, name).output;
}

// ---- Shape --------------------------------------------------------------------------------------------------------

const ShapeOp = defineOp({
  name: 'Shape',
  inputs: { input: 'T' },
  outputs: { output: 'out_type' },
  attrs: { T: type(), out_type: indexType },
  shapeOnly: true,
  infer: ({ input }) => ({ output: [input.shape?.length ?? null] }),
  partial: ({ input }) => input.shape ?? undefined,
  gradient: null,
  reference: ({ input, output }, { out_type }) => output.data.set(Value.from([...input.shape], out_type).data),
});
export interface ShapeOptions extends Named {
  readonly outType?: 'int32' | 'int64' | undefined;
  /** false: an op even for a shape that is known, as array_ops.shape_internal(optimize=False). */
  readonly optimize?: boolean | undefined;
}
/** The sizes as an int32 vector: a constant where they are known. @tensorflow tf.shape */
export function shapeOf(input: TensorLike, options: ShapeOptions = {}): Tensor {
  const { name = 'Shape', outType = 'int32', optimize = true } = options;
  const graph = graphOf([input]);
  return graph.nameScope(name, (scope) => {
    const t = convertToTensor(input, {}, graph);
    if (optimize && isFull(t.shape)) return constantIn(graph, sizes(t.shape, outType), scope);
    return ShapeOp({ input: t }, { out_type: outType }, scope).output;
  });
}

// ---- Reshape ------------------------------------------------------------------------------------------------------

const Reshape = defineOp({
  name: 'Reshape',
  inputs: { tensor: 'T', shape: 'Tshape' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tshape: indexType },
  alias: { output: 'tensor' },
  infer: ({ tensor, shape }, _, running) => ({
    output: reshaped(tensor.shape, shape.partial, shape.shape, shape.value !== undefined, running === true),
  }),
  gradient: ({ output: dy }, { tensor }) => ({ tensor: reshape(dy, shapeOf(tensor)), shape: null }),
  reference: null,
});
function reshaped(
  from: Shape,
  asked: readonly (number | null)[] | undefined,
  of: Shape,
  exact: boolean,
  running: boolean,
): Shape {
  if (of !== null && of.length !== 1) {
    throw new GraphError('Value', `Shape must be rank 1 but is rank ${of.length}`, {
      atRun: `sizes input must be 1-D, not ${showShape(of)}`,
    });
  }
  const to = asked ?? (of?.[0] == null ? null : (new Array(of[0]).fill(null) as null[]));
  if (to === null) return null;
  // What a run does not know yet, it must not guess: the sizes may turn out not to fit.
  if (running && to.includes(null)) return to.map((d) => (d === -1 ? null : d));
  const known = to.filter((d) => d !== null && d !== -1) as number[];
  const holes = to.filter((d) => d === -1).length;
  if (holes > 1) {
    throw new GraphError('Value', 'Only one input size may be -1', {
      atRun: `Only one input size may be -1, not both ${to.indexOf(-1)} and ${to.lastIndexOf(-1)}`,
    });
  }
  if (known.some((d) => d < 0)) {
    throw new GraphError(
      'Value',
      `Size ${to.findIndex((d) => d !== null && d < -1)} must be non-negative, not ${known.find((d) => d < 0)}`,
    );
  }
  const n = sizeOf(known);
  const open = to.length - known.length;
  const total = isFull(from) ? sizeOf(from) : from?.includes(0) && !running ? 0 : null;
  if (!from || total === null || open > 1 || (open === 1 && n === 0 && !exact))
    return to.map((d) => (d === -1 ? null : d));
  const bad = (requested: string) =>
    refuse(
      `Cannot reshape a tensor with ${total} elements to shape ${showShape(to.map((d) => (d === -1 ? null : d)))} (${n} elements)`,
      `Input to reshape is a tensor with ${total} values, but the requested shape ${requested}`,
    );
  if (open === 0) return n === total ? to : bad(`has ${n}`);
  if (n === 0 && total === 0 && !running) return to.map((d) => (d === -1 ? null : d)); // only the kernel finds it out
  // Where a size is 0, the missing one is told by the other dimensions, of either shape, that are not.
  const whole = n === 0 ? sizeOf(from.filter((d): d is number => d !== 0)) : total;
  const step = sizeOf(known.filter((d) => d !== 0));
  const missing = Math.floor(whole / step);
  if (missing * step !== whole && (n !== 0 || total !== 0)) bad(`requires a multiple of ${step}`);
  if (missing * n !== total) bad(`has ${missing * n}`);
  return to.map((d) => (d === null || d === -1 ? missing : d));
}
/** The same cells in another shape; one size may be -1. @tensorflow tf.reshape */
export function reshape(tensor: TensorLike, shape: TensorLike, { name }: Named = {}): Tensor {
  return Reshape({ tensor, shape }, {}, name).output;
}

// ---- Fill ---------------------------------------------------------------------------------------------------------

const Fill = defineOp({
  name: 'Fill',
  inputs: { dims: 'index_type', value: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(), index_type: indexType },
  infer({ dims, value }) {
    withRank(dims.shape, 1, `dims must be a vector, got shape ${showShape(dims.shape)}`);
    withRank(value.shape, 0, `value must be a scalar, got shape ${showShape(value.shape)}`);
    return { output: asShape(dims) };
  },
  gradient: ({ output: dy }) => ({ dims: null, value: reduceSum(dy) }),
  reference({ dims, value, output }) {
    for (const d of dims.data) if (d < 0) fail(`Dimension ${d} must be >= 0`);
    output.data.fill(value.data[0]!);
  },
});
/** A tensor of one repeated value. @tensorflow tf.fill */
export function fill(dims: TensorLike, value: TensorLike, { name }: Named = {}): Tensor {
  return Fill({ dims, value }, {}, name).output;
}

// ---- zeros, ones --------------------------------------------------------------------------------------------------

/** Larger arrays are filled at run time, so that the graph stays small. */
const SMALL = 1000;

export interface FilledOptions extends Named {
  readonly dtype?: DType | undefined;
}
export interface FilledLikeOptions extends FilledOptions {
  /** false: an op even for a shape that is known. */
  readonly optimize?: boolean | undefined;
}

/** NumPy's product of sizes with tensors among them: TensorFlow asks whether it is small before it gives up. */
const productOf = (sizes: readonly TensorLike[]): TensorLike =>
  sizes.reduce((a, b) => (typeof a === 'number' && typeof b === 'number' ? a * b : times(a, b)));

function filled(
  shape: TensorLike | Shape,
  cell: number,
  scopeName: string,
  { dtype = 'float32', name }: FilledOptions,
): Tensor {
  const graph = graphOf([shape]);
  const one = cell === 0 && dtype === 'string' ? '' : cell;
  return graph.nameScope(name ?? scopeName, (scope) => {
    let dims: Tensor;
    if (isTensorLike(shape)) dims = convertToTensor(shape as TensorLike, {}, graph);
    else if (shape instanceof Value) dims = convertToTensor(shape, { dtype: 'int32' }, graph);
    else if (holdsTensor(shape)) {
      less(productOf(shape as readonly TensorLike[]), SMALL);
      dims = convertToTensor(shape as TensorLike, { dtype: 'int32' }, graph);
    } else {
      const full = typeof shape === 'number' ? [shape] : sizes(shape as readonly number[]).data;
      const n = Array.from(full, Number);
      if (sizeOf(n) < SMALL) return constantIn(graph, Value.cells(dtype, n, new Array(sizeOf(n)).fill(one)), scope);
      dims = constantIn(graph, Value.from(n, n.some((d) => d >= 2 ** 31) ? 'int64' : 'int32'), 'shape_as_tensor');
    }
    if (dims.shape === null || dims.shape.length === 0) dims = reshape(dims, Value.from([-1], 'int32'));
    return fill(dims, constantIn(graph, Value.from(one, dtype)), { name: scope });
  });
}
/** Zeros: a constant of fewer than 1000 elements, else a Fill. @tensorflow tf.zeros */
export function zeros(shape: TensorLike | Shape, options: FilledOptions | DType = {}, more: Named = {}): Tensor {
  return filled(shape, 0, 'zeros', typeof options === 'string' ? { ...more, dtype: options } : options);
}
/** Ones. @tensorflow tf.ones */
export function ones(shape: TensorLike | Shape, options: FilledOptions | DType = {}, more: Named = {}): Tensor {
  return filled(shape, 1, 'ones', typeof options === 'string' ? { ...more, dtype: options } : options);
}

const ZerosLike = defineOp({
  name: 'ZerosLike',
  inputs: { x: 'T' },
  outputs: { y: 'T' },
  attrs: { T: type() },
  infer: ({ x }) => ({ y: x.shape }),
  gradient: null,
  reference: ({ y }) => void y.data.fill(zeroOf(y.dtype)),
});
defineOp({
  name: 'OnesLike',
  inputs: { x: 'T' },
  outputs: { y: 'T' },
  attrs: { T: type([...REALS, ...COMPLEX, 'bool']) },
  infer: ({ x }) => ({ y: x.shape }),
  gradient: null,
  reference: ({ y }) => void y.data.fill(cellOf(y.dtype, 1)),
});
/** Zeros in the shape of `input`: a constant where the shape is known. @tensorflow tf.zeros_like */
export function zerosLike(input: TensorLike, { dtype, name, optimize = true }: FilledLikeOptions = {}): Tensor {
  const graph = graphOf([input]);
  return graph.nameScope(name ?? 'zeros_like', (scope) => {
    const t = convertToTensor(input, { name: 'tensor' }, graph);
    if (optimize && isFull(t.shape) && t.dtype !== 'variant')
      return zeros(t.shape, { dtype: dtype ?? t.dtype, name: scope });
    if (dtype !== undefined && dtype !== t.dtype && dtype !== 'variant') {
      return zeros(shapeOf(t, { optimize }), { dtype, name: scope });
    }
    return ZerosLike({ x: t }, {}, scope).y;
  });
}
/** Ones in the shape of `input`: always a Fill or constant. @tensorflow tf.ones_like */
export function onesLike(input: TensorLike, { dtype, name, optimize = true }: FilledLikeOptions = {}): Tensor {
  const graph = graphOf([input]);
  return graph.nameScope(name ?? 'ones_like', (scope) => {
    const t = convertToTensor(input, { name: 'tensor' }, graph);
    const result = ones(shapeOf(t, { optimize }), { dtype: dtype ?? t.dtype, name: scope });
    result.setShape(t.shape);
    return result;
  });
}
