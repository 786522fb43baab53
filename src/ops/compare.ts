/** @file Comparisons, logic, and choosing between two tensors by a condition. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp, type MakeOp } from '../graph/define';
import { type Attr, bool, float, type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, FLOATS, INTEGERS, isBig, NUMBERS } from '../value/dtype';
import { broadcast, broadcastIndex, compatible, merge, type Shape, showShape } from '../value/shape';
import { broadcastGradientArgs } from './arithmetic';
import { type Named, reshape, shapeOf, zeros, zerosLike } from './array';
import { rounder, zip, zipBy, zipKernel, zipShape } from './cellwise';
import { reduceSum } from './reduce';

// ---- order --------------------------------------------------------------------------------------------------------

type MakeOrder = MakeOp<{ x: 'T'; y: 'T' }, { z: 'bool' }, { T: Attr<DType> }>;
const defineOrder = (name: string, kernel: string, holds: (x: number, y: number) => boolean): MakeOrder =>
  defineOp({
    name,
    inputs: { x: 'T', y: 'T' },
    outputs: { z: 'bool' },
    attrs: { T: type([...FLOATS, ...INTEGERS]) },
    infer: zipShape,
    gradient: null,
    reference: zip((x, y) => (holds(x, y) ? 1 : 0)),
    kernel: zipKernel(kernel),
  });

const Less = defineOrder('Less', 'less', (x, y) => x < y);
/** Whether x < y, cell by cell. @tensorflow tf.less */
export function less(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Less({ x, y }, {}, name).z;
}
const LessEqual = defineOrder('LessEqual', 'less_equal', (x, y) => x <= y);
/** Whether x <= y, cell by cell. @tensorflow tf.less_equal */
export function lessEqual(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return LessEqual({ x, y }, {}, name).z;
}
const Greater = defineOrder('Greater', 'greater', (x, y) => x > y);
/** Whether x > y, cell by cell. @tensorflow tf.greater */
export function greater(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Greater({ x, y }, {}, name).z;
}
const GreaterEqual = defineOrder('GreaterEqual', 'greater_equal', (x, y) => x >= y);
/** Whether x >= y, cell by cell. @tensorflow tf.greater_equal */
export function greaterEqual(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return GreaterEqual({ x, y }, {}, name).z;
}

// ---- equality -----------------------------------------------------------------------------------------------------

/** Cells may also be bytes, which are the same when their contents are. */
function sameCells(x: unknown, y: unknown): boolean {
  if (x === y || !(x instanceof Uint8Array || y instanceof Uint8Array)) return x === y;
  const [a, b] = [x, y].map((c) => (typeof c === 'string' ? new TextEncoder().encode(c) : (c as Uint8Array)));
  return a!.length === b!.length && a!.every((byte, i) => byte === b![i]);
}
type MakeEquality = MakeOp<
  { x: 'T'; y: 'T' },
  { z: 'bool' },
  { T: Attr<DType>; incompatible_shape_error: ReturnType<typeof bool> & { default: boolean } }
>;
function defineEquality(name: string, when: boolean): MakeEquality {
  const compare = zipBy((dtype) =>
    dtype === 'string' ? (x, y) => Number(sameCells(x, y) === when) : (x, y) => Number((x === y) === when),
  );
  return defineOp({
    name,
    inputs: { x: 'T', y: 'T' },
    outputs: { z: 'bool' },
    attrs: { T: type(), incompatible_shape_error: bool(true) },
    infer: ({ x, y }, { incompatible_shape_error: strict }) => (strict || meets(x, y) ? zipShape({ x, y }) : { z: [] }),
    gradient: null,
    reference(t, { incompatible_shape_error: strict }) {
      if (strict || meets(t.x, t.y)) compare(t);
      else t.z.data[0] = when ? 0 : 1;
    },
  });
}
function meets(x: { readonly shape: Shape }, y: { readonly shape: Shape }): boolean {
  try {
    broadcast(x.shape, y.shape);
    return true;
  } catch {
    return false;
  }
}
const Equal = defineEquality('Equal', true);
/** Whether x = y, cell by cell. @tensorflow tf.equal */
export function equal(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return Equal({ x, y }, {}, name).z;
}
const NotEqual = defineEquality('NotEqual', false);
/** Whether x differs from y, cell by cell. @tensorflow tf.not_equal */
export function notEqual(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return NotEqual({ x, y }, {}, name).z;
}

const ApproximateEqual = defineOp({
  name: 'ApproximateEqual',
  inputs: { x: 'T', y: 'T' },
  outputs: { z: 'bool' },
  attrs: { T: type([...NUMBERS, 'qint16', 'quint16']), tolerance: float(1e-5) },
  infer({ x, y }) {
    if (compatible(x.shape, y.shape)) return { z: merge(x.shape, y.shape) };
    throw new GraphError(
      'Value',
      words(() => merge(x.shape, y.shape)),
      {
        atRun: `x and y must be of the same shape. x shape: ${showShape(x.shape)}. y shape: ${showShape(y.shape)}`,
      },
    );
  },
  gradient: null,
  reference: (t, { tolerance }) =>
    zipBy((dtype) => {
      const [round, limit] = [rounder(dtype), rounder(dtype)(tolerance)];
      if (isBig(dtype)) return (x, y) => Number(Math.abs(Number(x - y)) < limit);
      return (x, y) => Number(round(Math.abs(x - y)) < limit);
    })(t),
});
export interface ApproximateEqualOptions extends Named {
  readonly tolerance?: number | undefined;
}
/** Whether |x - y| < tolerance (1e-5 unless given), cell by cell and without broadcasting. */
export function approximateEqual(x: TensorLike, y: TensorLike, options: ApproximateEqualOptions = {}): Tensor {
  return ApproximateEqual({ x, y }, { tolerance: options.tolerance }, options.name).z;
}

// ---- logic --------------------------------------------------------------------------------------------------------

const LogicalAnd = defineOp({
  name: 'LogicalAnd',
  inputs: { x: 'bool', y: 'bool' },
  outputs: { z: 'bool' },
  attrs: {},
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: null,
  reference: zip((x, y) => x & y),
});
/** x and y. @tensorflow tf.logical_and */
export function logicalAnd(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return LogicalAnd({ x, y }, {}, name).z;
}

const LogicalOr = defineOp({
  name: 'LogicalOr',
  inputs: { x: 'bool', y: 'bool' },
  outputs: { z: 'bool' },
  attrs: {},
  inplace: ['x', 'y'],
  infer: zipShape,
  gradient: null,
  reference: zip((x, y) => x | y),
});
/** x or y. @tensorflow tf.logical_or */
export function logicalOr(x: TensorLike, y: TensorLike, { name }: Named = {}): Tensor {
  return LogicalOr({ x, y }, {}, name).z;
}

const LogicalNot = defineOp({
  name: 'LogicalNot',
  inputs: { x: 'bool' },
  outputs: { y: 'bool' },
  attrs: {},
  inplace: ['x'],
  infer: ({ x }) => ({ y: x.shape }),
  gradient: null,
  reference({ x, y }) {
    const [a, out] = [x.data, y.data];
    for (let i = 0; i < out.length; i++) out[i] = a[i] ? 0 : 1;
  },
});
/** Not x. @tensorflow tf.logical_not */
export function logicalNot(x: TensorLike, { name }: Named = {}): Tensor {
  return LogicalNot({ x }, {}, name).y;
}
/** One of both but not both: an `or` and the negation of an `and`. @tensorflow tf.logical_xor */
export function logicalXor(x: TensorLike, y: TensorLike, { name = 'LogicalXor' }: Named = {}): Tensor {
  const either = logicalOr(x, y);
  return logicalAnd(either, logicalNot(logicalAnd(x, y)), { name });
}

// ---- Select -------------------------------------------------------------------------------------------------------

function words(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (e instanceof GraphError) return e.reason;
    throw e;
  }
  return '';
}
const unequalInputs = (said: string, input: number, a: Shape, b: Shape): GraphError =>
  new GraphError('Value', said, {
    atRun: `Inputs to operation must have the same size and shape.  Input 0: ${showShape(a)} != input ${input}: ${showShape(b)}`,
  });
/** A scalar chooses all, a vector whole rows, any other condition single cells. */
function selected(condition: Shape, t: Shape, e: Shape): Shape {
  if (!compatible(t, e))
    throw unequalInputs(
      words(() => merge(t, e)),
      2,
      t,
      e,
    );
  const data = merge(t, e);
  if (!condition || !data || condition.length === 0) return data;
  if (condition.length !== 1) {
    if (!compatible(condition, data))
      throw unequalInputs(
        words(() => merge(data, condition)),
        1,
        condition,
        data,
      );
    return merge(data, condition);
  }
  if (data.length === 0) {
    throw new GraphError('Value', 'Shape must be at least rank 1 but is rank 0', {
      atRun: "'then' must be at least a vector, but saw shape: []",
    });
  }
  const [rows, n] = [data[0]!, condition[0]!];
  if (rows !== null && n !== null && rows !== n) {
    throw new GraphError('Value', `Dimensions must be equal, but are ${rows} and ${n}`, {
      atRun: `Number of batches of 'then' must match size of 'cond', but saw: ${rows} vs. ${n}`,
    });
  }
  return data; // the condition says no more about the first dimension, to TensorFlow
}

const Select = defineOp({
  name: 'Select',
  inputs: { condition: 'bool', t: 'T', e: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  infer: ({ condition, t, e }) => ({ output: selected(condition.shape, t.shape, e.shape) }),
  gradient({ output: dy }, { condition, t }) {
    const zero = zerosLike(t);
    const dt = select(condition, dy, zero);
    return { condition: null, t: dt, e: select(condition, zero, dy) };
  },
  reference({ condition, t, e, output }) {
    const [c, a, b, out] = [condition.data, t.data, e.data, output.data];
    const run = out.length / Math.max(c.length, 1);
    for (let i = 0; i < out.length; i++) out[i] = (c[Math.floor(i / run)] ? a : b)[i]!;
  },
  kernel({ condition, t, e, output }) {
    if (t.dtype !== 'float32' || condition.size !== t.size) return null;
    return ['select_f32', output.ptr, condition.ptr, t.ptr, e.ptr, t.size];
  },
});
/**
 * t where the condition holds, e elsewhere. A scalar condition chooses all, a vector rows, any other must have the shape
 * of t. As gen_math_ops.select. Raises Value where the shapes do not fit.
 */
export function select(condition: TensorLike, t: TensorLike, e: TensorLike, { name }: Named = {}): Tensor {
  return Select({ condition, t, e }, {}, name).output;
}

const allBroadcast = (c: Known | Slot, t: Known | Slot, e: Known | Slot): Shape => {
  try {
    return broadcast(c.shape, broadcast(t.shape, e.shape));
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const [a, b, d] = [c, t, e].map((s) => showShape(s.shape));
    throw new GraphError('Value', error.reason, {
      atRun: `condition ${a}, then ${b}, and else ${d} must be broadcastable`,
    });
  }
};
const SelectV2 = defineOp({
  name: 'SelectV2',
  inputs: { condition: 'bool', t: 'T', e: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  infer: ({ condition, t, e }) => ({ output: allBroadcast(condition, t, e) }),
  gradient({ output: dy }, { condition, t, e, output }) {
    const zero = zeros([], { dtype: dy.dtype });
    const chosen = selectV2(condition, dy, zero);
    const st = shapeOf(t);
    const all = shapeOf(output);
    const dt = reshape(reduceSum(chosen, { axis: broadcastGradientArgs(st, all).r0, keepdims: true }), st);
    const rest = selectV2(condition, zero, dy);
    const se = shapeOf(e);
    const de = reduceSum(rest, { axis: broadcastGradientArgs(se, all).r0, keepdims: true });
    return { condition: null, t: dt, e: reshape(de, se) };
  },
  reference({ condition, t, e, output }) {
    const [c, a, b, out] = [condition.data, t.data, e.data, output.data];
    const [ct, at, bt] = [condition, t, e].map((s) => broadcastIndex(s.shape, output.shape));
    for (let i = 0; i < out.length; i++) out[i] = (c[ct!(i)] ? a[at!(i)] : b[bt!(i)])!;
  },
});
/** t where the condition holds, e elsewhere, with broadcasting of all three; as gen_math_ops.select_v2. */
export function selectV2(condition: TensorLike, t: TensorLike, e: TensorLike, { name }: Named = {}): Tensor {
  return SelectV2({ condition, t, e }, {}, name).output;
}

// ---- Where --------------------------------------------------------------------------------------------------------

const Where = defineOp({
  name: 'Where',
  inputs: { input: 'T' },
  outputs: { index: 'int64' },
  attrs: { T: type([...NUMBERS, 'qint16', 'quint16', 'bool'], 'bool') },
  infer: ({ input }) => ({ index: [null, input.shape ? input.shape.length : null] }),
  gradient: 'missing',
  reference({ input, index }) {
    const { shape } = input;
    if (shape.length === 0 || shape.length > 8) {
      throw new GraphError('InvalidArgument', `WhereOp : Unhandled input dimensions: ${shape.length}`);
    }
    const found: number[] = [];
    const cells = input.data;
    for (let i = 0; i < cells.length; i++) if (cells[i]) found.push(i);
    index.resize([found.length, shape.length]);
    const out = index.data as unknown as bigint[];
    found.forEach((cell, row) => {
      for (let d = shape.length - 1, rest = cell; d >= 0; rest = Math.floor(rest / shape[d]!), d--) {
        out[row * shape.length + d] = BigInt(rest % shape[d]!);
      }
    });
  },
});
const whereTrue = (condition: TensorLike, name = 'Where'): Tensor => {
  const graph = graphOf([condition]);
  return graph.nameScope(name, (scope) => {
    const input = convertToTensor(condition, { name: 'condition' }, graph);
    return Where({ input }, {}, scope).index;
  });
};
function pick(make: typeof select, condition: TensorLike, x?: TensorLike, y?: TensorLike, options: Named = {}): Tensor {
  if (x === undefined && y === undefined) return whereTrue(condition, options.name);
  if (x !== undefined && y !== undefined) return make(condition, x, y, options);
  throw new GraphError('Value', 'x and y must both be non-None or both be None.');
}
/**
 * x where the condition holds, y elsewhere (see `select`); without both, the indices [n, rank] of the true cells.
 * @tensorflow tf.where
 */
export function where(condition: TensorLike, x?: TensorLike, y?: TensorLike, options: Named = {}): Tensor {
  return pick(select, condition, x, y, options);
}
/** As `where`, but condition, x and y are broadcast; as tf.where_v2. */
export function whereV2(condition: TensorLike, x?: TensorLike, y?: TensorLike, options: Named = {}): Tensor {
  return pick(selectV2, condition, x, y, options);
}

// ---- finite or not ------------------------------------------------------------------------------------------------

type MakeTest = MakeOp<{ x: 'T' }, { y: 'bool' }, { T: Attr<DType> }>;
const defineTest = (name: string, holds: (x: number) => boolean): MakeTest =>
  defineOp({
    name,
    inputs: { x: 'T' },
    outputs: { y: 'bool' },
    attrs: { T: type(FLOATS) },
    infer: ({ x }) => ({ y: x.shape }),
    gradient: 'missing',
    reference({ x, y }) {
      const [a, out] = [x.data, y.data];
      for (let i = 0; i < out.length; i++) out[i] = holds(a[i]!) ? 1 : 0;
    },
  });
const IsFinite = defineTest('IsFinite', Number.isFinite);
/** Which cells are neither infinite nor NaN. @tensorflow tf.is_finite */
export function isFinite(x: TensorLike, { name }: Named = {}): Tensor {
  return IsFinite({ x }, {}, name).y;
}
const IsInf = defineTest('IsInf', (x) => Math.abs(x) === Number.POSITIVE_INFINITY);
/** Which cells are infinite. @tensorflow tf.is_inf */
export function isInf(x: TensorLike, { name }: Named = {}): Tensor {
  return IsInf({ x }, {}, name).y;
}
const IsNan = defineTest('IsNan', Number.isNaN);
/** Which cells are NaN. @tensorflow tf.is_nan */
export function isNan(x: TensorLike, { name }: Named = {}): Tensor {
  return IsNan({ x }, {}, name).y;
}
