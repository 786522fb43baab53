/** @file The ops that conditionals and loops are made of. The plan runs them: none has a kernel. */
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { IndexedSlices } from '../graph/indexed_slices';
import { bool, type Grad, int, type Known, text, type } from '../graph/opdef';
import { Tensor } from '../graph/operation';
import { meet, type Shape, showShape } from '../value/shape';
import { type Named, shapeOf } from './array';
import { cast } from './cast';
import { i32, withRank } from './expect';
import { enterGradient, exitGradient, mergeGradient, switchGradient } from './loop_gradients';
import { range } from './range';
import { index } from './slice';
import { mapSlices } from './structure';

// ---- Switch -------------------------------------------------------------------------------------------------------

function switched({ data, pred }: { readonly data: Known; readonly pred: Known }): {
  output_false: Shape;
  output_true: Shape;
} {
  withRank(pred.shape, 0, `The second input must be a scalar, but it has shape ${showShape(pred.shape)}`);
  return { output_false: data.shape, output_true: data.shape };
}
const Switch = defineOp({
  name: 'Switch',
  inputs: { data: 'T', pred: 'bool' },
  outputs: { output_false: 'T', output_true: 'T' },
  attrs: { T: type() },
  flow: 'switch',
  alias: { output_false: 'data', output_true: 'data' },
  infer: switched,
  gradient: (dy, _, __, op) => switchGradient([dy.output_false, dy.output_true], op),
  reference: null,
});
const RefSwitch = defineOp({
  name: 'RefSwitch',
  inputs: { data: 'Ref(T)', pred: 'bool' },
  outputs: { output_false: 'Ref(T)', output_true: 'Ref(T)' },
  attrs: { T: type() },
  allowsUninitialized: true,
  flow: 'switch',
  alias: { output_false: 'data', output_true: 'data' },
  infer: switched,
  gradient: (dy, _, __, op) => switchGradient([dy.output_false, dy.output_true], op),
  reference: null,
});
/** What a Switch answers: on one side `data`, on the other something dead. */
export type Sides<X> = [whenFalse: X, whenTrue: X];

const switchTensor = (data: TensorLike, pred: TensorLike, name?: string): Sides<Tensor> => {
  const { output_false, output_true } = Switch({ data, pred }, {}, name);
  return [output_false, output_true];
};
/** The parts of slices one by one, in both directions. */
function switchSlices(data: IndexedSlices, switchPart: (t: Tensor) => Sides<Tensor>): Sides<IndexedSlices> {
  const sides = new Map<Tensor, Sides<Tensor>>();
  const whenFalse = mapSlices(data, (t) => {
    const pair = switchPart(t);
    sides.set(t, pair);
    return pair[0];
  });
  return [whenFalse, mapSlices(data, (t) => sides.get(t)![1])];
}
/** `data` on the output that `pred` chooses; the other one is dead. As control_flow_ops.switch. */
export function switchOn(data: IndexedSlices, pred: TensorLike, options?: Named): Sides<IndexedSlices>;
export function switchOn(data: Exclude<TensorLike, IndexedSlices>, pred: TensorLike, options?: Named): Sides<Tensor>;
export function switchOn(data: TensorLike, pred: TensorLike, { name = 'Switch' }: Named = {}): Sides<Grad> {
  return graphOf([data, pred]).nameScope(name, (scope): Sides<Grad> => {
    if (data instanceof IndexedSlices) return switchSlices(data, (t) => switchTensor(t, pred));
    const t = convertToTensor(data, { name: 'data', asRef: true });
    return switchTensor(t, convertToTensor(pred, { name: 'pred' }), scope);
  });
}
/** A RefSwitch for a variable's buffer, else a Switch, beside the data. */
export function switchRefOrTensor<X extends Grad>(data: X, pred: Tensor, { name = 'Switch' }: Named = {}): Sides<X> {
  return data.graph.colocateWith(
    data.op,
    (): Sides<X> => {
      if (!(data instanceof Tensor && data.isRef))
        return switchOn(data as never, pred, { name }) as unknown as Sides<X>;
      const { output_false, output_true } = RefSwitch({ data, pred }, {}, name);
      return [output_false, output_true] as unknown as Sides<X>;
    },
    true,
  );
}

// ---- Merge --------------------------------------------------------------------------------------------------------

const merged = ({ inputs }: { readonly inputs: readonly Known[] }): { output: Shape; value_index: Shape } => ({
  output: inputs.map((t) => t.shape).reduce(meet),
  value_index: [],
});
const Merge = defineOp({
  name: 'Merge',
  inputs: { inputs: 'N * T' },
  outputs: { output: 'T', value_index: 'int32' },
  attrs: { T: type(), N: int() },
  flow: 'merge',
  infer: merged,
  gradient: (dy, _, __, op) => mergeGradient(dy.output, op),
  reference: null,
});
const RefMerge = defineOp({
  name: 'RefMerge',
  inputs: { inputs: 'N * Ref(T)' },
  outputs: { output: 'Ref(T)', value_index: 'int32' },
  attrs: { T: type(), N: int() },
  flow: 'merge',
  infer: merged,
  gradient: (dy, _, __, op) => mergeGradient(dy.output, op),
  reference: null,
});
const mergeTensors = (inputs: readonly Tensor[], name?: string): [Tensor, Tensor] => {
  const make = inputs.every((t) => t.isRef) ? RefMerge : Merge;
  const { output, value_index } = make({ inputs }, {}, name);
  return [output, value_index];
};
/** Whichever input is live, and which one it was; slices among the inputs make all of them slices. */
export function merge<X extends Grad>(inputs: readonly X[], options?: Named): [output: X, index: Tensor];
export function merge(inputs: readonly Grad[], { name = 'Merge' }: Named = {}): [output: Grad, index: Tensor] {
  return graphOf(inputs).nameScope(name, (scope): [Grad, Tensor] => {
    if (inputs.every((t) => t instanceof Tensor)) return mergeTensors(inputs, scope);
    const slices = sameIndexType(inputs.map(asSlices));
    let chosen: Tensor | undefined;
    const part = (pick: (s: IndexedSlices) => Tensor): Tensor => {
      const [t, index] = mergeTensors(slices.map(pick));
      chosen ??= index;
      return t;
    };
    const values = part((s) => s.values);
    const indices = part((s) => s.indices);
    const dense = slices.every((s) => s.denseShape) ? part((s) => s.denseShape!) : null;
    return [new IndexedSlices(values, indices, dense), chosen!];
  });
}
/** A whole tensor as slices: all of its rows. */
export function asSlices(x: Grad): IndexedSlices {
  if (x instanceof IndexedSlices) return x;
  const sizes = shapeOf(x, { optimize: false });
  return new IndexedSlices(x, range(i32(0), index(sizes, [0])), sizes);
}
function sameIndexType(slices: readonly IndexedSlices[]): readonly IndexedSlices[] {
  const narrow = slices.filter((s) => s.indices.dtype === 'int32');
  if (narrow.length === 0 || narrow.length === slices.length) return slices;
  return slices.map((s) =>
    s.indices.dtype === 'int32' ? new IndexedSlices(s.values, cast(s.indices, 'int64'), s.denseShape) : s,
  );
}

// ---- Enter, Exit, NextIteration, LoopCond ------------------------------------------------------------------------

const enterAttrs = { T: type(), frame_name: text(), is_constant: bool(false), parallel_iterations: int(10) };
const Enter = defineOp({
  name: 'Enter',
  inputs: { data: 'T' },
  outputs: { output: 'T' },
  attrs: enterAttrs,
  flow: 'enter',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: (dy, _, __, op) => enterGradient(dy.output, op),
  reference: null,
});
const RefEnter = defineOp({
  name: 'RefEnter',
  inputs: { data: 'Ref(T)' },
  outputs: { output: 'Ref(T)' },
  attrs: enterAttrs,
  flow: 'enter',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: (dy, _, __, op) => enterGradient(dy.output, op),
  reference: null,
});
export interface EnterOptions extends Named {
  /** The same in every round; else it is there in the first round only. */
  readonly isConstant?: boolean | undefined;
  readonly parallelIterations?: number | undefined;
  /** false: a loop variable whose shape may change from round to round. */
  readonly useInputShape?: boolean | undefined;
}
/** Brings a value into the frame of a loop. */
export function enter<X extends Grad>(data: X, frameName: string, options: EnterOptions = {}): X {
  if (data instanceof IndexedSlices) {
    return mapSlices(data, (t) => enterTensor(t, frameName, { ...options, name: undefined })) as X;
  }
  return enterTensor(data as Tensor, frameName, options) as X;
}
function enterTensor(data: Tensor, frameName: string, options: EnterOptions): Tensor {
  const { isConstant = false, parallelIterations = 10, useInputShape = true, name } = options;
  const attrs = { frame_name: frameName, is_constant: isConstant, parallel_iterations: parallelIterations };
  const { output } = (data.isRef ? RefEnter : Enter)({ data }, attrs, name);
  if (!useInputShape && !isConstant) output.shape = null;
  return output;
}

const Exit = defineOp({
  name: 'Exit',
  inputs: { data: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  flow: 'exit',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: (dy, _, __, op) => exitGradient(dy.output, op),
  reference: null,
});
const RefExit = defineOp({
  name: 'RefExit',
  inputs: { data: 'Ref(T)' },
  outputs: { output: 'Ref(T)' },
  attrs: { T: type() },
  flow: 'exit',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: (dy, _, __, op) => exitGradient(dy.output, op),
  reference: null,
});
/** Takes a value out of a loop's frame. */
export function exit<X extends Grad>(data: X, { name }: Named = {}): X {
  if (data instanceof IndexedSlices) return mapSlices(data, (t) => exit(t)) as X;
  const t = data as Tensor;
  return (t.isRef ? RefExit : Exit)({ data: t }, {}, name).output as X;
}

const NextIteration = defineOp({
  name: 'NextIteration',
  inputs: { data: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  flow: 'next',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: ({ output: dy }) => ({ data: dy }),
  reference: null,
});
const RefNextIteration = defineOp({
  name: 'RefNextIteration',
  inputs: { data: 'Ref(T)' },
  outputs: { output: 'Ref(T)' },
  attrs: { T: type() },
  flow: 'next',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: ({ output: dy }) => ({ data: dy }),
  reference: null,
});
/** Hands a value to the next round of a loop. */
export function nextIteration<X extends Grad>(data: X, { name }: Named = {}): X {
  if (data instanceof IndexedSlices) return mapSlices(data, (t) => nextIteration(t)) as X;
  const t = data as Tensor;
  return (t.isRef ? RefNextIteration : NextIteration)({ data: t }, {}, name).output as X;
}

const LoopCond = defineOp({
  name: 'LoopCond',
  inputs: { input: 'bool' },
  outputs: { output: 'bool' },
  attrs: {},
  alias: { output: 'input' },
  infer: ({ input }) => ({ output: withRank(input.shape, 0) ?? [] }),
  gradient: null,
  reference: null,
});
/** The loop's condition, which its Switches follow. */
export function loopCond(input: Tensor, { name }: Named = {}): Tensor {
  return LoopCond({ input }, {}, name).output;
}
