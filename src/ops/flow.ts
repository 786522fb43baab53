/** @file The ops that conditionals and loops are made of. The plan runs them: none has a kernel. */
import { convertToTensor, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, int, text, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { meet } from '../value/shape';
import type { Named } from './array';
import {
  enterGradient,
  exitGradient,
  mergeGradient,
  nextIterationGradient,
  switchGradient,
} from './flow_gradients';

const Switch = defineOp({
  name: 'Switch',
  inputs: { data: 'T', pred: 'bool' },
  outputs: { output_false: 'T', output_true: 'T' },
  attrs: { T: type() },
  flow: 'switch',
  alias: { output_false: 'data', output_true: 'data' },
  infer: ({ data }) => ({ output_false: data.shape, output_true: data.shape }),
  gradient: switchGradient,
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
  infer: ({ data }) => ({ output_false: data.shape, output_true: data.shape }),
  gradient: switchGradient,
  reference: null,
});
/** `data` on the output that `pred` chooses; the other one is dead. */
export function switchOn(data: TensorLike, pred: TensorLike, { name }: Named = {}): [whenFalse: Tensor, whenTrue: Tensor] {
  const { output_false, output_true } = Switch({ data, pred }, {}, name);
  return [output_false, output_true];
}
/** A RefSwitch for a variable's buffer, else a Switch, beside the data. */
export function switchRefOrTensor(x: TensorLike, pred: Tensor, { name = 'Switch' }: Named = {}): [Tensor, Tensor] {
  const data = convertToTensor(x, { name: 'data', asRef: true });
  return data.graph.colocateWith(
    data,
    () => {
      if (!data.isRef) return switchOn(data, pred, { name });
      const { output_false, output_true } = RefSwitch({ data, pred }, {}, name);
      return [output_false, output_true];
    },
    true,
  );
}

const Merge = defineOp({
  name: 'Merge',
  inputs: { inputs: 'N * T' },
  outputs: { output: 'T', value_index: 'int32' },
  attrs: { T: type(), N: int() },
  flow: 'merge',
  infer: ({ inputs }) => ({ output: inputs.map((t) => t.shape).reduce((a, b) => meet(a, b)), value_index: [] }),
  gradient: mergeGradient,
  reference: null,
});
const RefMerge = defineOp({
  name: 'RefMerge',
  inputs: { inputs: 'N * Ref(T)' },
  outputs: { output: 'Ref(T)', value_index: 'int32' },
  attrs: { T: type(), N: int() },
  flow: 'merge',
  infer: ({ inputs }) => ({ output: inputs.map((t) => t.shape).reduce((a, b) => meet(a, b)), value_index: [] }),
  gradient: mergeGradient,
  reference: null,
});
/** Whichever input is live, and which one it was; as control_flow_ops.merge. */
export function merge(inputs: readonly Tensor[], { name }: Named = {}): [output: Tensor, index: Tensor] {
  const make = inputs.every((t) => t.isRef) ? RefMerge : Merge;
  const { output, value_index } = make({ inputs }, {}, name);
  return [output, value_index];
}

const enterAttrs = { T: type(), frame_name: text(), is_constant: bool(false), parallel_iterations: int(10) };
const Enter = defineOp({
  name: 'Enter',
  inputs: { data: 'T' },
  outputs: { output: 'T' },
  attrs: enterAttrs,
  flow: 'enter',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: enterGradient,
  reference: null,
});
const RefEnter = defineOp({
  name: 'RefEnter',
  inputs: { data: 'Ref(T)' },
  outputs: { output: 'Ref(T)' },
  attrs: enterAttrs,
  flow: 'enter',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: enterGradient,
  reference: null,
});
export interface EnterOptions extends Named {
  readonly isConstant?: boolean | undefined;
  readonly parallelIterations?: number | undefined;
  readonly useRef?: boolean | undefined;
}
/** Brings a value into the frame of a loop. */
export function enter(x: TensorLike, frameName: string, options: EnterOptions = {}): Tensor {
  const { isConstant = false, parallelIterations = 10, useRef = true, name } = options;
  const data = convertToTensor(x, { asRef: true });
  const make = data.isRef && useRef ? RefEnter : Enter;
  const attrs = { frame_name: frameName, is_constant: isConstant, parallel_iterations: parallelIterations };
  return make({ data }, attrs, name).output;
}

const Exit = defineOp({
  name: 'Exit',
  inputs: { data: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  flow: 'exit',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: exitGradient,
  reference: null,
});
const RefExit = defineOp({
  name: 'RefExit',
  inputs: { data: 'Ref(T)' },
  outputs: { output: 'Ref(T)' },
  attrs: { T: type() },
  flow: 'exit',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: exitGradient,
  reference: null,
});
/** Takes a value out of a loop's frame. */
export function exit(data: Tensor, { name }: Named = {}): Tensor {
  return data.isRef ? RefExit({ data }, {}, name).output : Exit({ data }, {}, name).output;
}

const NextIteration = defineOp({
  name: 'NextIteration',
  inputs: { data: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type() },
  flow: 'next',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: nextIterationGradient,
  reference: null,
});
const RefNextIteration = defineOp({
  name: 'RefNextIteration',
  inputs: { data: 'Ref(T)' },
  outputs: { output: 'Ref(T)' },
  attrs: { T: type() },
  flow: 'next',
  infer: ({ data }) => ({ output: data.shape }),
  gradient: nextIterationGradient,
  reference: null,
});
/** Hands a value to the next round of a loop. */
export function nextIteration(data: Tensor, { name }: Named = {}): Tensor {
  return data.isRef ? RefNextIteration({ data }, {}, name).output : NextIteration({ data }, {}, name).output;
}

const LoopCond = defineOp({
  name: 'LoopCond',
  inputs: { input: 'bool' },
  outputs: { output: 'bool' },
  attrs: {},
  alias: { output: 'input' },
  infer: ({ input }) => ({ output: input.shape }),
  gradient: null,
  reference: null,
});
/** The loop's condition, which its Switches follow. */
export function loopCond(input: Tensor, { name }: Named = {}): Tensor {
  return LoopCond({ input }, {}, name).output;
}
