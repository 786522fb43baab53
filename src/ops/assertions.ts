/** @file tf.assert*: checks of values, at once where they are known, else when the graph runs. */
import { GraphError } from '../errors';
import { convertToTensor, dtypeIn, graphOf, type TensorLike } from '../graph/convert';
import { type Operation, Tensor } from '../graph/operation';
import { type DType, isBig, isFloating, isInteger, roundFloat16 } from '../value/dtype';
import { broadcast, broadcastIndex, type FullShape, isFull, sizeOf, tupleShape } from '../value/shape';
import { Value } from '../value/value';
import { constant, type Named } from './array';
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from './compare';
import { Assert, noOp } from './control';
import { minus, plus, times } from './operators';
import { reduceAll } from './reduce';
import { abs } from './unary';

export { isNonDecreasing, isNumericTensor, isStrictlyIncreasing } from './monotonic';
export { assertRank, assertRankAtLeast, assertRankIn, type RankCheckOptions } from './rank_assertions';

export interface CheckOptions extends Named {
  /** What is shown where the check fails; by default what was checked, and the tensors. */
  readonly data?: readonly TensorLike[] | null | undefined;
  readonly summarize?: number | null | undefined;
  /** Comes before the message. */
  readonly message?: string | null | undefined;
}

// ---- what is known now --------------------------------------------------------------------------------------------

interface Cells {
  readonly shape: FullShape;
  readonly data: ArrayLike<number>;
}
/** The value of a tensor that is a constant, or follows from constants. */
function knownCells(t: Tensor): Cells | null {
  const constantValue: unknown = (t.op.attrs as Record<string, unknown>).value;
  if (t.op.inputs.length === 0 && constantValue instanceof Value) return constantValue;
  return t.value && isFull(t.shape) ? { shape: t.shape, data: t.value } : null;
}
/** The fewest digits that bring a float back. */
function shortest(x: number, dtype: DType): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
  const round = dtype === 'float16' ? roundFloat16 : Math.fround;
  let short = x;
  for (let digits = 1; dtype !== 'float64' && digits < 10; digits++) {
    short = Number(x.toPrecision(digits));
    if (round(short) === x) break;
  }
  return Number.isInteger(short) ? `${short}.` : `${short}`;
}
/** As NumPy prints it: all cells in one width, their points below each other. */
function printed({ shape, data }: Cells, dtype: DType): string {
  const texts = Array.from(data, (x) => {
    if (dtype === 'bool') return x ? 'True' : 'False';
    if (dtype === 'string') return `b'${x}'`;
    return isFloating(dtype) ? shortest(x, dtype) : `${x}`;
  });
  if (texts.length === 0) return '[]';
  if (shape.length === 0) return texts[0]!.replace(/\.$/, '.0');
  const after = (text: string): number =>
    isFloating(dtype) && text.includes('.') ? text.length - text.indexOf('.') : 0;
  const most = Math.max(...texts.map(after));
  const aligned = texts.map((text) => (after(text) > 0 ? text + ' '.repeat(most - after(text)) : text));
  const width = Math.max(...aligned.map((text) => text.length));
  const nest = (depth: number, at: number): string => {
    if (depth === shape.length) return aligned[at]!.padStart(width);
    const step = sizeOf(shape.slice(depth + 1));
    const parts = Array.from({ length: shape[depth]! }, (_, i) => nest(depth + 1, at + i * step));
    const below = shape.length - 1 - depth;
    return `[${parts.join(below === 0 ? ' ' : '\n'.repeat(below) + ' '.repeat(depth + 1))}]`;
  };
  return nest(0, 0);
}
const shown = (x: TensorLike): string => {
  const cells = x instanceof Tensor ? knownCells(x) : null;
  return cells ? printed(cells, (x as Tensor).dtype) : String(x);
};
function failNow(data: readonly TensorLike[]): never {
  throw new GraphError('InvalidArgument', data.map(shown).join('\n'));
}

// ---- pairs --------------------------------------------------------------------------------------------------------

interface Relation {
  readonly sign: string;
  readonly name: string;
  readonly compare: (x: Tensor, y: Tensor) => Tensor;
  readonly holds: (a: number, b: number) => boolean;
}
const EQUAL: Relation = { sign: '==', name: 'assert_equal', compare: (x, y) => equal(x, y), holds: (a, b) => a === b };
const NONE_EQUAL: Relation = {
  sign: '!=',
  name: 'assert_none_equal',
  compare: (x, y) => notEqual(x, y),
  holds: (a, b) => a !== b,
};
const LESS: Relation = { sign: '<', name: 'assert_less', compare: (x, y) => less(x, y), holds: (a, b) => a < b };
const LESS_EQUAL: Relation = {
  sign: '<=',
  name: 'assert_less_equal',
  compare: (x, y) => lessEqual(x, y),
  holds: (a, b) => a <= b,
};
const GREATER: Relation = {
  sign: '>',
  name: 'assert_greater',
  compare: (x, y) => greater(x, y),
  holds: (a, b) => a > b,
};
const GREATER_EQUAL: Relation = {
  sign: '>=',
  name: 'assert_greater_equal',
  compare: (x, y) => greaterEqual(x, y),
  holds: (a, b) => a >= b,
};

function holdsEverywhere(a: Cells, b: Cells, holds: Relation['holds']): boolean {
  const shape = broadcast(a.shape, b.shape) as FullShape;
  const [at, bt] = [broadcastIndex(a.shape, shape), broadcastIndex(b.shape, shape)];
  for (let i = sizeOf(shape) - 1; i >= 0; i--) if (!holds(a.data[at(i)]!, b.data[bt(i)]!)) return false;
  return true;
}

function assertPair(relation: Relation, xIn: TensorLike, yIn: TensorLike, options: CheckOptions): Operation {
  const { sign, name, compare, holds } = relation;
  const { summarize, message } = options;
  const graph = graphOf([xIn, yIn]);
  return graph.nameScope(options.name ?? name, () => {
    const dtype = dtypeIn(xIn) ?? dtypeIn(yIn);
    const x = convertToTensor(xIn, { name: 'x', dtype: dtypeIn(xIn) ? undefined : dtype }, graph);
    const y = convertToTensor(yIn, { name: 'y', dtype: dtypeIn(yIn) ? undefined : dtype }, graph);
    const what = [`Condition x ${sign} y did not hold element-wise:`, `x (${x.name}) = `, x, `y (${y.name}) = `, y];
    const data: readonly TensorLike[] = [...(message == null ? [] : [message]), ...(options.data ?? what)];
    const condition = reduceAll(compare(x, y));
    const [a, b] = [knownCells(x), knownCells(y)];
    if (a && b && !holdsEverywhere(a, b, holds)) failNow(data);
    return Assert(condition, data, { summarize: summarize ?? undefined });
  });
}

/**
 * x == y, cell by cell with broadcasting. Answers an op to wait for, that fails with InvalidArgument; raises that at once
 * where both are known. The others alike.
 * @tensorflow tf.assert_equal
 * @tensorflow tf.debugging.assert_equal
 */
export function assertEqual(x: TensorLike, y: TensorLike, options: CheckOptions = {}): Operation {
  const graph = graphOf([x, y]);
  const same = graph.nameScope(options.name ?? 'assert_equal', () =>
    x === y && typeof x === 'object' ? noOp() : null,
  );
  return same ?? assertPair(EQUAL, x, y, options);
}
/**
 * x != y in all cells.
 * @tensorflow tf.assert_none_equal
 * @tensorflow tf.debugging.assert_none_equal
 */
export function assertNoneEqual(x: TensorLike, y: TensorLike, options: CheckOptions = {}): Operation {
  return assertPair(NONE_EQUAL, x, y, options);
}
/**
 * x < y in all cells.
 * @tensorflow tf.assert_less
 * @tensorflow tf.debugging.assert_less
 */
export function assertLess(x: TensorLike, y: TensorLike, options: CheckOptions = {}): Operation {
  return assertPair(LESS, x, y, options);
}
/**
 * x <= y in all cells.
 * @tensorflow tf.assert_less_equal
 * @tensorflow tf.debugging.assert_less_equal
 */
export function assertLessEqual(x: TensorLike, y: TensorLike, options: CheckOptions = {}): Operation {
  return assertPair(LESS_EQUAL, x, y, options);
}
/**
 * x > y in all cells.
 * @tensorflow tf.assert_greater
 * @tensorflow tf.debugging.assert_greater
 */
export function assertGreater(x: TensorLike, y: TensorLike, options: CheckOptions = {}): Operation {
  return assertPair(GREATER, x, y, options);
}
/**
 * x >= y in all cells.
 * @tensorflow tf.assert_greater_equal
 * @tensorflow tf.debugging.assert_greater_equal
 */
export function assertGreaterEqual(x: TensorLike, y: TensorLike, options: CheckOptions = {}): Operation {
  return assertPair(GREATER_EQUAL, x, y, options);
}

// ---- signs --------------------------------------------------------------------------------------------------------

function assertSign(
  name: string,
  sign: string,
  relation: Relation,
  zeroFirst: boolean,
  xIn: TensorLike,
  options: CheckOptions,
): Operation {
  const { summarize, message } = options;
  const graph = graphOf([xIn]);
  return graph.nameScope(options.name ?? name, () => {
    const x = convertToTensor(xIn, { name: 'x' }, graph);
    const condition = `Condition x ${sign} 0 did not hold element-wise:`;
    const which = `x (${x.name}) = `;
    // For '<=' TensorFlow's own list lacks a comma, so the two texts are one.
    const texts = sign === '<=' ? [condition + which] : [condition, which];
    const data = options.data ?? [message ?? '', ...texts, x];
    const zero = constant(0, x.dtype);
    const [a, b] = zeroFirst ? [zero, x] : [x, zero];
    return assertPair(relation, a, b, { data, summarize });
  });
}
/**
 * x < 0 in all cells.
 * @tensorflow tf.assert_negative
 * @tensorflow tf.debugging.assert_negative
 */
export function assertNegative(x: TensorLike, options: CheckOptions = {}): Operation {
  return assertSign('assert_negative', '<', LESS, false, x, options);
}
/**
 * x > 0 in all cells.
 * @tensorflow tf.assert_positive
 * @tensorflow tf.debugging.assert_positive
 */
export function assertPositive(x: TensorLike, options: CheckOptions = {}): Operation {
  return assertSign('assert_positive', '>', LESS, true, x, options);
}
/**
 * x >= 0 in all cells.
 * @tensorflow tf.assert_non_negative
 * @tensorflow tf.debugging.assert_non_negative
 */
export function assertNonNegative(x: TensorLike, options: CheckOptions = {}): Operation {
  return assertSign('assert_non_negative', '>=', LESS_EQUAL, true, x, options);
}
/**
 * x <= 0 in all cells.
 * @tensorflow tf.assert_non_positive
 * @tensorflow tf.debugging.assert_non_positive
 */
export function assertNonPositive(x: TensorLike, options: CheckOptions = {}): Operation {
  return assertSign('assert_non_positive', '<=', LESS_EQUAL, false, x, options);
}

// ---- near ---------------------------------------------------------------------------------------------------------

export interface NearOptions extends CheckOptions {
  /** Relative and absolute tolerance: ten times the smallest step from 1 by default. */
  readonly rtol?: TensorLike | null | undefined;
  readonly atol?: TensorLike | null | undefined;
}
const STEPS: Readonly<Partial<Record<DType, number>>> = { float16: 2 ** -10, float32: 2 ** -23, float64: 2 ** -52 };
/**
 * |x - y| < atol + rtol * |y| in all cells. Raises Value for integers.
 * @tensorflow tf.assert_near
 * @tensorflow tf.debugging.assert_near
 */
export function assertNear(xIn: TensorLike, yIn: TensorLike, options: NearOptions = {}): Operation {
  const { summarize, message } = options;
  const graph = graphOf([xIn, yIn]);
  return graph.nameScope(options.name ?? 'assert_near', () => {
    const x = convertToTensor(xIn, { name: 'x' }, graph);
    const { dtype } = x;
    const y = convertToTensor(yIn, { name: 'y', dtype }, graph);
    const step = STEPS[dtype];
    if (step === undefined) throw new GraphError('Value', `data type <class 'numpy.${dtype}'> not inexact`);
    const rtol = convertToTensor(options.rtol ?? 10 * step, { name: 'rtol', dtype }, graph);
    const atol = convertToTensor(options.atol ?? 10 * step, { name: 'atol', dtype }, graph);
    const what = `x and y not equal to tolerance rtol = ${rtol}, atol = ${atol}`;
    const data = options.data ?? [message ?? '', what, `x (${x.name}) = `, x, `y (${y.name}) = `, y];
    const tolerance = plus(atol, times(rtol, abs(y)));
    const condition = reduceAll(less(abs(minus(x, y)), tolerance));
    return Assert(condition, data, { summarize: summarize ?? undefined });
  });
}

// ---- types and ranks that are always known ------------------------------------------------------------------------

export interface StaticCheckOptions extends Named {
  readonly message?: string | null | undefined;
}
/**
 * Raises Type unless x holds integers; answers a NoOp.
 * @tensorflow tf.assert_integer
 * @tensorflow tf.debugging.assert_integer
 */
export function assertInteger(xIn: TensorLike, { message, name }: StaticCheckOptions = {}): Operation {
  const graph = graphOf([xIn]);
  return graph.nameScope(name ?? 'assert_integer', () => {
    const x = convertToTensor(xIn, { name: 'x' }, graph);
    if (isInteger(x.dtype) || isBig(x.dtype)) return noOp({ name: 'statically_determined_was_integer' });
    throw new GraphError(
      'Type',
      `${message ?? ''}  Expected "x" to be integer type.  Found: ${x.name} of dtype <dtype: '${x.dtype}'>`,
    );
  });
}
/**
 * Raises Type unless the tensor is of that type; answers a NoOp.
 * @tensorflow tf.assert_type
 * @tensorflow tf.debugging.assert_type
 */
export function assertType(tensor: TensorLike, dtype: DType, { message, name }: StaticCheckOptions = {}): Operation {
  const graph = graphOf([tensor]);
  return graph.nameScope(name ?? 'assert_type', () => {
    const t = convertToTensor(tensor, { name: 'tensor' }, graph);
    if (t.dtype === dtype) return noOp({ name: 'statically_determined_correct_type' });
    throw new GraphError('Type', `${message ?? ''}  ${t.name} must be of type <dtype: '${dtype}'>`);
  });
}
/**
 * Answers the tensor; raises Value unless it is known to be a scalar.
 * @tensorflow tf.assert_scalar
 * @tensorflow tf.debugging.assert_scalar
 */
export function assertScalar(tensor: TensorLike, { message, name }: StaticCheckOptions = {}): Tensor {
  const graph = graphOf([tensor]);
  return graph.nameScope(name ?? 'assert_scalar', (scope) => {
    const t = convertToTensor(tensor, { name: scope }, graph);
    if (t.shape?.length === 0) return t;
    throw new GraphError(
      'Value',
      `${message ?? ''}Expected scalar shape for ${t.name}, saw shape: ${tupleShape(t.shape)}.`,
    );
  });
}
/**
 * The float type that all tensors have, float32 where there are none; raises Value where they differ.
 * @tensorflow tf.assert_same_float_dtype
 * @tensorflow tf.debugging.assert_same_float_dtype
 */
export function assertSameFloatDtype(
  tensors: readonly ({ readonly dtype: DType; readonly name?: string } | null)[] = [],
  dtype: DType | null = null,
): DType {
  let [expected, by] = [dtype, ''];
  for (const t of tensors) {
    if (t === null) continue;
    if (expected !== null && expected !== t.dtype) {
      const wanted = `(<dtype: '${expected}'>)${by}`;
      throw new GraphError('Value', `${t.name ?? t}, type=<dtype: '${t.dtype}'>, must be of the same type ${wanted}.`);
    }
    if (expected === null) [expected, by] = [t.dtype, ` as ${t.name ?? t}`];
  }
  if (expected !== null && !isFloating(expected)) {
    throw new GraphError('Value', `Expected floating point type, got <dtype: '${expected}'>.`);
  }
  return expected ?? 'float32';
}
