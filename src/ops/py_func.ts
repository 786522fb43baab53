/** @file tf.pyFunc: a JavaScript function as an op. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { text, types } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { refusePromise } from '../graph/scopes';
import type { Slot } from '../kernels/memory';
import { type DType, wireName } from '../value/dtype';
import { type Nested, Value } from '../value/value';
import type { Named } from './array';
import { fail } from './expect';

type JsFunction = (...args: Value[]) => unknown;
/** The functions by the tokens that stand for them in the graph: a graph file cannot hold them. */
const functions = new Map<string, JsFunction>();

/** What a thrown error is to TensorFlow, as Python's kinds of exceptions are. */
function codeOf(e: Error): GraphError['code'] {
  if (e instanceof GraphError && !['Value', 'Type', 'Key', 'Index', 'Lookup', 'Runtime'].includes(e.code))
    return e.code;
  const isInvalid =
    e instanceof TypeError || e instanceof RangeError || e.name === 'ValueError' || e.name === 'TypeError';
  return isInvalid ? 'InvalidArgument' : 'Unknown';
}

function call(token: string, args: readonly Value[]): unknown {
  const f = functions.get(token);
  if (!f) fail(`ValueError: callback ${token} is not found`);
  try {
    return refusePromise(f!(...args), 'pyFunc');
  } catch (e) {
    if (!(e instanceof Error)) throw e;
    const reason = e instanceof GraphError ? e.reason : e.message;
    throw new GraphError(codeOf(e), codeOf(e) === (e as GraphError).code ? reason : `${e.name}: ${reason}`);
  }
}

/** Plain numbers and texts take the type that is asked for; typed arrays and Values have their own. */
function convert(x: unknown, dtype: DType, i: number, token: string): Value {
  let value: Value;
  try {
    const isPlain = !(x instanceof Value) && !ArrayBuffer.isView(x);
    value = isPlain ? Value.from(x as Nested, dtype) : Value.from(x as Nested);
  } catch (e) {
    if (!(e instanceof GraphError)) throw e;
    value = Value.from(x as Nested);
  }
  if (value.dtype === dtype) return value;
  return fail(`${i}-th value returned by ${token} is ${wireName(value.dtype)}, but expects ${wireName(dtype)}`);
}

const definePyFunc = <const N extends string>(name: N, stateful?: true) =>
  defineOp({
    name,
    inputs: { input: '[Tin]' },
    outputs: { output: '[Tout]' },
    attrs: { token: text(), Tin: types(), Tout: types() },
    ...(stateful && { stateful }),
    infer: (_, { Tout }) => ({ output: Tout.map(() => null) }),
    gradient: null,
    reference({ input, output }, { token, Tout }) {
      const args = input.map((x: Slot) => new Value(x.dtype, [...x.shape], x.data.slice()));
      const found = call(token, args);
      const list = Tout.length === 0 ? [] : Array.isArray(found) && isTuple(found, Tout.length) ? found : [found];
      if (list.length !== Tout.length) {
        fail(`${token} returns ${list.length} values, but expects to see ${Tout.length} values.`);
      }
      const values = list.map((x, i) => convert(x, Tout[i]!, i, token));
      values.forEach(({ shape, data }, i) => {
        output[i]!.resize(shape);
        output[i]!.data.set(data);
      });
    },
  });
/** Where one value is asked for, a list of numbers is that value. */
const isTuple = (x: readonly unknown[], n: number): boolean =>
  n > 1 || x.some((e) => e instanceof Value || ArrayBuffer.isView(e));

const PyFunc = definePyFunc('PyFunc', true);
const PyFuncStateless = definePyFunc('PyFuncStateless');

export interface PyFuncOptions extends Named {
  /** false: it depends on its arguments only, so it may run fewer times. */
  readonly stateful?: boolean | undefined;
}
/**
 * Calls a JavaScript function during the run: with Values for `inputs`, and what it answers is the tensor of dtype `Tout`,
 * of unknown shape; a list of dtypes asks for a list of tensors. It must be synchronous. It has no gradient.
 * @tensorflow tf.py_func
 */
export function pyFunc(f: JsFunction, inputs: readonly TensorLike[], Tout: DType, options?: PyFuncOptions): Tensor;
export function pyFunc(
  f: JsFunction,
  inputs: readonly TensorLike[],
  Tout: readonly DType[],
  options?: PyFuncOptions,
): Tensor[];
export function pyFunc(
  f: JsFunction,
  input: readonly TensorLike[],
  Tout: DType | readonly DType[],
  { stateful = true, name }: PyFuncOptions = {},
): Tensor | Tensor[] {
  if (typeof f !== 'function') {
    throw new GraphError('Value', `Expected func to be callable, got func of type ${typeof f}`);
  }
  const token = `pyfunc_${functions.size}`;
  functions.set(token, f);
  const make = stateful ? PyFunc : PyFuncStateless;
  const { output } = make({ input }, { token, Tout: [Tout].flat() as DType[] }, name);
  return Array.isArray(Tout) ? [...output] : output[0]!;
}
