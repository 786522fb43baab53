/** @file Recurrent nets: a cell applied to each step of a sequence, unrolled or in a loop. */
import { GraphError } from '../errors';
import { enclosingLoop } from '../graph/context';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { constant, identity, shapeOf } from '../ops/array';
import { cast } from '../ops/cast';
import { equal, where } from '../ops/compare';
import { cond } from '../ops/cond';
import { Assert } from '../ops/control';
import { concat, stack, unstack } from '../ops/join';
import { maximum, minimum } from '../ops/pairs';
import { reverse, reverseSequence, transpose } from '../ops/permute';
import { range } from '../ops/range';
import { reduceAll, reduceMax, reduceMin } from '../ops/reduce';
import { rank, zeros } from '../ops/shape';
import { checkSameStructure, flatten, packAs } from '../ops/structure';
import { TensorArray } from '../ops/tensor_array';
import { type VariableScope, variableScope } from '../ops/variable_scope';
import { whileLoop } from '../ops/while';
import type { DType } from '../value/dtype';
import { merge } from '../value/shape';
import { Value } from '../value/value';
import { type Cell, joined, joinedShape, type State } from './rnn_cells';

export interface StaticRnnOptions {
  readonly initialState?: State | null | undefined;
  /** Of the zeros to start from, where there is no initial state. */
  readonly dtype?: DType | undefined;
  /** How long each sequence of the batch is: after it, outputs are zero and the state stays. */
  readonly sequenceLength?: TensorLike | null | undefined;
  readonly scope?: string | VariableScope | undefined;
}
export interface DynamicRnnOptions extends StaticRnnOptions {
  readonly parallelIterations?: number | undefined;
  readonly swapMemory?: boolean | undefined;
  /** true: inputs and outputs are [time, batch, depth] instead of [batch, time, depth]. */
  readonly timeMajor?: boolean | undefined;
}

const i32 = (x: number): Value => Value.from(x, 'int32');

/** Opens the scope; outside of loops variables keep a copy of their value for all steps. */
function inScope<R>(given: string | VariableScope | undefined, body: (scope: VariableScope) => R): R {
  return variableScope(given ?? 'rnn', (scope) => {
    if (enclosingLoop(getDefaultGraph().context) === null && scope.cachingDevice === null) {
      scope.setCachingDevice((op: Operation) => op.device);
    }
    return body(scope);
  });
}
function startOf(cell: Cell, batchSize: number | Tensor, { initialState, dtype }: StaticRnnOptions): State {
  if (initialState != null) return initialState;
  if (!dtype) throw new GraphError('Value', 'If there is no initial_state, you must give a dtype.');
  return cell.zeroState(batchSize, dtype);
}
function dtypeOf(dtype: DType | undefined, state: State): DType {
  if (dtype) return dtype;
  const types = new Set((flatten(state) as Tensor[]).map((t) => t.dtype));
  const [only] = types;
  if (only && types.size === 1) return only;
  throw new GraphError(
    'Value',
    'State has tensors of different inferred_dtypes. Unable to infer a single representative dtype.',
  );
}

interface Lengths {
  readonly all: Tensor;
  readonly min: Tensor;
  readonly max: Tensor;
}
/** A step for sequences of different lengths: those that are over keep their state. */
function masked(
  time: number | Tensor,
  lengths: Lengths,
  zero: Tensor,
  state: State,
  step: () => [Tensor, State],
  alwaysCopy: boolean,
): [Tensor, State] {
  const [t, isNumber] = [typeof time === 'number' ? i32(time) : time, typeof time === 'number'];
  const reached = (limit: Tensor) => (isNumber ? limit.lessEqual(t) : (t as Tensor).greaterEqual(limit));
  const over = reached(lengths.all);
  const old = flatten(state) as Tensor[];
  const run = (): Tensor[] => {
    const [output, next] = step();
    checkSameStructure(state, next);
    return [output, ...(flatten(next) as Tensor[])];
  };
  const keep = (made: readonly Tensor[]): Tensor[] =>
    made.map((x, i) => {
      const before = i === 0 ? zero : old[i - 1]!;
      return before.shape?.length === 0 ? x : x.graph.colocateWith(x, () => where(over, before, x));
    });
  const someOver = (): unknown => {
    const made = run();
    const allGoOn = isNumber ? lengths.min.greater(t) : (t as Tensor).less(lengths.min);
    return cond(
      allGoOn,
      () => made,
      () => keep(made),
    );
  };
  const done = alwaysCopy ? keep(run()) : (cond(reached(lengths.max), () => [zero, ...old], someOver) as Tensor[]);
  done[0]!.setShape(zero.shape);
  old.forEach((x, i) => {
    done[i + 1]!.setShape(x.shape);
  });
  return [done[0]!, packAs(state, done.slice(1)) as State];
}
const lengthsOf = (all: Tensor): Lengths => {
  const min = reduceMin(all);
  return { all, min, max: reduceMax(all) };
};

/** One copy of the cell's ops for each of `inputs` [batch, depth]. @tensorflow tf.nn.static_rnn */
export function staticRnn(
  cell: Cell,
  inputs: readonly Tensor[],
  options: StaticRnnOptions = {},
): [outputs: Tensor[], state: State] {
  const first = inputs[0];
  if (!first) throw new GraphError('Value', 'inputs must not be empty');
  return inScope(options.scope, (scope) => {
    const fixed = first.shape?.[0] ?? null;
    const batchSize = fixed || shapeOf(first).at(0);
    let state = startOf(cell, batchSize, options);
    let lengths: Lengths | null = null;
    let zero: Tensor | null = null;
    if (options.sequenceLength != null) {
      const given = vector(convertToTensor(options.sequenceLength, { name: 'sequence_length' }));
      zero = zeros(joined(batchSize, cell.outputSize), { dtype: dtypeOf(options.dtype, state) });
      zero.setShape(joinedShape(fixed === null ? null : [fixed], cell.outputSize));
      lengths = lengthsOf(cast(given, 'int32'));
    }
    const outputs = inputs.map((x, time) => {
      if (time > 0) scope.reuseVariables();
      const step = () => cell.apply(x, state);
      const [output, next] = lengths ? masked(time, lengths, zero!, state, step, false) : step();
      state = next;
      return output;
    });
    return [outputs, state];
  });
}
function vector(lengths: Tensor): Tensor {
  if (!lengths.shape || lengths.shape.length === 1) return lengths;
  throw new GraphError('Value', 'sequence_length must be a vector of length batch_size');
}

/** [batch, time, ...] as [time, batch, ...] and back. */
function swapped(x: Tensor): Tensor {
  if (x.shape && x.shape.length < 2) return x;
  const n = rank(x);
  const rest = range(i32(2), n);
  const y = transpose(x, concat([Value.from([1, 0], 'int32'), rest], 0));
  const [batch, time, ...more] = x.shape!;
  y.setShape([time!, batch!, ...more]);
  return y;
}
const batchOf = (x: Tensor): number | Tensor => x.shape?.[1] ?? shapeOf(x).at(1);

/**
 * A loop over the time of `inputs` [batch, time, depth], as tf.nn.dynamic_rnn: one copy of the cell's ops for any length.
 * @tensorflow tf.nn.dynamic_rnn
 */
export function dynamicRnn(
  cell: Cell,
  inputs: TensorLike,
  options: DynamicRnnOptions = {},
): [outputs: Tensor, state: State] {
  return inScope(options.scope, () => {
    const { timeMajor = false } = options;
    const x = timeMajor ? (inputs as Tensor) : swapped(convertToTensor(inputs));
    let lengths: Tensor | null = null;
    if (options.sequenceLength != null) {
      const given = vector(cast(options.sequenceLength, 'int32'));
      lengths = identity(given, { name: 'sequence_length' });
    }
    const batchSize = batchOf(x);
    const state = startOf(cell, batchSize, options);
    if (lengths) lengths = checkedLengths(lengths, batchSize);
    const [outputs, last] = loop(cell, x, state, lengths, options);
    return [timeMajor ? outputs : swapped(outputs), last];
  });
}
function checkedLengths(lengths: Tensor, batchSize: number | Tensor): Tensor {
  const { graph } = lengths;
  const shape = shapeOf(lengths);
  const wanted = stack(typeof batchSize === 'number' ? Value.from([batchSize], 'int32') : [batchSize]);
  const fits = Assert(reduceAll(equal(shape, wanted)), [
    `Expected shape for Tensor ${lengths.name} is `,
    wanted,
    ' but saw shape: ',
    shape,
  ]);
  return graph.controlDependencies([fits], () => identity(lengths, { name: 'CheckSeqLen' }));
}

function loop(
  cell: Cell,
  x: Tensor,
  initialState: State,
  sequenceLength: Tensor | null,
  { dtype: given, parallelIterations, swapMemory = false }: DynamicRnnOptions,
): [Tensor, State] {
  const steps = shapeOf(x).at(0);
  const batchSize = batchOf(x);
  const shape = x.shape;
  if (!shape || shape.length < 3 || shape.slice(2).some((d) => d === null)) {
    throw new GraphError(
      'Value',
      'Input size (depth of inputs) must be accessible via shape inference, but saw value None.',
    );
  }
  const dtype = dtypeOf(given, initialState);
  const zero = zeros(joined(batchSize, cell.outputSize), { dtype });
  const lengths = sequenceLength && lengthsOf(sequenceLength);
  const start = constant(0, 'int32', { name: 'time' });
  const base = x.graph.nameScope('dynamic_rnn', (scope) => scope);
  const array = (name: string, elementShape: readonly (number | null)[], type: DType) =>
    new TensorArray(type, { size: steps, elementShape, tensorArrayName: base + name });
  const outputs = array('output_0', [shape[1]!, cell.outputSize], dtype);
  const inputs = array('input_0', shape.slice(1), x.dtype).unstack(x);
  const limit = minimum(steps, maximum(i32(1), lengths ? lengths.max : steps));
  const step = (time: Tensor, [written]: [TensorArray], state: State): unknown => {
    const now = inputs.read(time);
    now.setShape(shape.slice(1));
    const call = () => cell.apply(now, state);
    const [output, next] = lengths ? masked(time, lengths, zero, state, call, true) : call();
    const grown = written.write(time, output);
    return [time.add(1), [grown], next];
  };
  const [, [all], last] = whileLoop((time: Tensor) => time.less(limit), step, [start, [outputs], initialState], {
    parallelIterations: parallelIterations || 32,
    maximumIterations: steps,
    swapMemory,
  }) as [Tensor, [TensorArray], State];
  const result = all.stack();
  result.setShape(joinedShape(shape.slice(0, 2), cell.outputSize));
  return [result, last];
}

export interface BidirectionalOptions extends Omit<DynamicRnnOptions, 'initialState'> {
  readonly initialStateFw?: State | undefined;
  readonly initialStateBw?: State | undefined;
}
/** dynamicRnn forwards and backwards, each with a cell of its own. @tensorflow tf.nn.bidirectional_dynamic_rnn */
export function bidirectionalDynamicRnn(
  cellFw: Cell,
  cellBw: Cell,
  inputs: TensorLike,
  { initialStateFw, initialStateBw, scope: around, ...options }: BidirectionalOptions = {},
): [outputs: [Tensor, Tensor], states: [State, State]] {
  const [time, batch] = options.timeMajor ? [0, 1] : [1, 0];
  const back = (x: TensorLike): Tensor =>
    options.sequenceLength == null
      ? reverse(x, [time])
      : reverseSequence(x, options.sequenceLength, { seqAxis: time, batchAxis: batch });
  const [fw, bw] = variableScope(around ?? 'bidirectional_rnn', () => [
    variableScope('fw', (scope) => dynamicRnn(cellFw, inputs, { ...options, initialState: initialStateFw, scope })),
    variableScope('bw', (scope) =>
      dynamicRnn(cellBw, back(inputs), { ...options, initialState: initialStateBw, scope }),
    ),
  ]) as [[Tensor, State], [Tensor, State]];
  return [
    [fw[0], back(bw[0])],
    [fw[1], bw[1]],
  ];
}

export interface StaticBidirectionalOptions extends Omit<StaticRnnOptions, 'initialState'> {
  readonly initialStateFw?: State | undefined;
  readonly initialStateBw?: State | undefined;
}
/** Steps in the reverse order, each sequence within its own length. */
function backwards(steps: readonly Tensor[], lengths: TensorLike | null | undefined): Tensor[] {
  if (lengths == null) return [...steps].reverse();
  const shape = steps.map((t) => t.shape).reduce(merge);
  for (const t of steps) t.setShape(shape);
  const reversed = unstack(reverseSequence(stack(steps), lengths, { seqAxis: 0, batchAxis: 1 }));
  for (const t of reversed) t.setShape(shape);
  return [...reversed];
}
/**
 * staticRnn forwards and backwards, each with a cell of its own; the outputs of both joined along the last dimension.
 * @tensorflow tf.nn.static_bidirectional_rnn
 */
export function staticBidirectionalRnn(
  cellFw: Cell,
  cellBw: Cell,
  inputs: readonly Tensor[],
  { initialStateFw, initialStateBw, scope: around, ...options }: StaticBidirectionalOptions = {},
): [outputs: Tensor[], stateFw: State, stateBw: State] {
  if (!Array.isArray(inputs)) throw new GraphError('Type', 'inputs must be a sequence');
  if (inputs.length === 0) throw new GraphError('Value', 'inputs must not be empty');
  const lengths = options.sequenceLength;
  const [[fw, stateFw], [bw, stateBw]] = variableScope(around ?? 'bidirectional_rnn', () => [
    variableScope('fw', (scope) => staticRnn(cellFw, inputs, { ...options, initialState: initialStateFw, scope })),
    variableScope('bw', (scope) =>
      staticRnn(cellBw, backwards(inputs, lengths), { ...options, initialState: initialStateBw, scope }),
    ),
  ]) as [[Tensor[], State], [Tensor[], State]];
  const back = backwards(bw, lengths);
  return [fw.map((t, i) => concat([t, back[i]!], 1)), stateFw, stateBw];
}
