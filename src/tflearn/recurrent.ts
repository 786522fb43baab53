/** @file TFLearn's recurrent layers. */
import { GraphError } from '../errors';
import { Tensor } from '../graph/operation';
import { staticRnn } from '../layers/rnn';
import type { Cell, State } from '../layers/rnn_cells';
import { reshape, shapeOf } from '../ops/array';
import { cast } from '../ops/cast';
import { i32 } from '../ops/expect';
import { gather } from '../ops/gather';
import { concat, stack, unstack } from '../ops/join';
import { reverseSequence, transpose } from '../ops/permute';
import { range } from '../ops/range';
import { reduceMax, reduceSum } from '../ops/reduce';
import { abs, sign } from '../ops/unary';
import { type VariableScope, variableScope } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import { Keys } from './config';
import { activated, type LayerTensor, listed, type ScopeOptions, shapeOfInput } from './layer_scope';
import {
  BasicLSTMCell,
  type BasicLSTMCellOptions,
  BasicRNNCell,
  type CellOptions,
  DropoutWrapper,
  type GatedCellOptions,
  GRUCell,
  type TflearnCell,
} from './rnn_cells';

/** How many steps of each sequence [batch, time, depth] are not all 0. */
export const sequenceLengths = (data: Tensor): Tensor =>
  data.graph.nameScope('GetLength', () => {
    const used = sign(reduceMax(abs(data), 2));
    return cast(reduceSum(used, 1), 'int32');
  });
/** For each row of [batch, time, depth] the step before `index`. */
function stepsAt(input: Tensor, index: Tensor): Tensor {
  const batch = shapeOf(input).at(0);
  const [, time, depth] = shapeOfInput(input) as number[];
  const at = range(i32(0), batch).mul(i32(time!)).add(index.sub(1));
  return gather(reshape(input, [-1, depth!]), at);
}

/** [batch, time, ...], or a list of the steps. */
export type Sequence = Tensor | readonly Tensor[];

interface RnnOptions extends ScopeOptions {
  /** Keeps inputs and outputs with this probability, or with these two. */
  readonly dropout?: number | readonly [input: number, output: number] | null | undefined;
  /** Answers the output of each step [batch, time, units] instead of the last one. */
  readonly returnSeq?: boolean | undefined;
  readonly initialState?: State | null | undefined;
  /** Sequences end where all that follows is 0; the answer is the output of the last step before. */
  readonly dynamic?: boolean | undefined;
}
/** With it, [output, state] is the answer. */
interface WithState {
  readonly returnState?: boolean | undefined;
}
type Answer<O> = O extends { readonly returnState: true } ? [output: LayerTensor, state: State] : LayerTensor;

const lengthsOf = (incoming: Sequence): Tensor =>
  sequenceLengths(incoming instanceof Tensor ? incoming : stack(incoming));
function stepsOf(incoming: Sequence): readonly Tensor[] {
  if (!(incoming instanceof Tensor)) return incoming;
  const rank = shapeOfInput(incoming).length;
  if (rank < 3) throw new GraphError('Assertion', 'Input dim should be at least 3.');
  const axes = [1, 0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2)];
  return unstack(transpose(incoming, i32(axes)));
}
/** Lists the cells' variables under the layer's scope. */
function keepWeights(cells: readonly TflearnCell[], { name }: VariableScope, graph: Tensor['graph']): void {
  for (const v of cells.flatMap(({ W, b }): Variable[] => [W, b].flat())) {
    graph.addToCollection(`${Keys.LAYER_VARIABLES}/${name}`, v);
  }
}
/** The sequence of outputs, or the last of them. */
function answerOf(outputs: readonly Tensor[], lengths: Tensor | null, returnSeq: boolean): LayerTensor {
  if (returnSeq) return stack(outputs, { axis: 1 });
  if (!lengths) return outputs.at(-1)!;
  return stepsAt(transpose(stack(outputs), i32([1, 0, 2])), lengths);
}

function rnn<O extends RnnOptions & WithState>(incoming: Sequence, cell: TflearnCell, title: string, options: O) {
  const { dropout = null, returnSeq = false, initialState, scope = null, name = title } = options;
  const lengths = options.dynamic ? lengthsOf(incoming) : null;
  let layer = '';
  const [outputs, state] = variableScope(scope as never, { defaultName: name }, (current) => {
    layer = current.name;
    let wrapped: Cell = cell;
    if (dropout) {
      const [inputKeepProb, outputKeepProb] = typeof dropout === 'number' ? [dropout, dropout] : keepProbs(dropout);
      wrapped = new DropoutWrapper(cell, { inputKeepProb, outputKeepProb });
    }
    const steps = stepsOf(incoming);
    const run = staticRnn(wrapped, steps, {
      dtype: 'float32',
      initialState,
      scope: layer,
      sequenceLength: lengths,
    });
    keepWeights([cell], current, run[0][0]!.graph);
    activated(run[0].at(-1)!);
    return run;
  });
  const y = listed(answerOf(outputs, lengths, returnSeq), layer);
  return (options.returnState ? [y, state] : y) as Answer<O>;
}
function keepProbs(dropout: unknown): [number, number] {
  if (Array.isArray(dropout) && dropout.length >= 2) return [dropout[0], dropout[1]];
  throw new GraphError('Value', 'Invalid dropout type (must be a 2-D tuple of float)');
}

export interface SimpleRnnOptions extends RnnOptions, WithState, CellOptions {}
/** A recurrent layer without gates, sigmoid by default. @tensorflow tflearn.simple_rnn */
export function simpleRnn<O extends SimpleRnnOptions>(incoming: Sequence, nUnits: number, options: O = {} as O) {
  const cell = new BasicRNNCell(nUnits, { activation: 'sigmoid', ...options });
  return rnn(incoming, cell, 'SimpleRNN', options);
}

export interface LstmOptions extends RnnOptions, WithState, GatedCellOptions {
  readonly forgetBias?: number | undefined;
}
/** Long short-term memory over sequences [batch, time, depth] or a list of steps. @tensorflow tflearn.lstm */
export function lstm<O extends LstmOptions>(incoming: Sequence, nUnits: number, options: O = {} as O) {
  const { activation = 'tanh', innerActivation = 'sigmoid', forgetBias, weightsInit, ...rest } = options;
  const { trainable, restore, reuse } = rest;
  const own: BasicLSTMCellOptions = { activation, innerActivation, forgetBias, weightsInit, trainable, restore, reuse };
  return rnn(incoming, new BasicLSTMCell(nUnits, own), 'LSTM', options);
}

export interface GruOptions extends RnnOptions, WithState, GatedCellOptions {}
/** Gated recurrent units over sequences. @tensorflow tflearn.gru */
export function gru<O extends GruOptions>(incoming: Sequence, nUnits: number, options: O = {} as O) {
  const cell = new GRUCell(nUnits, { activation: 'tanh', innerActivation: 'sigmoid', ...options });
  return rnn(incoming, cell, 'GRU', options);
}

export interface BidirectionalRnnOptions extends Pick<RnnOptions, 'returnSeq' | 'dynamic' | 'scope' | 'name'> {
  /** The answer is [output, state forwards, state backwards]. */
  readonly returnStates?: boolean | undefined;
  readonly initialStateFw?: State | null | undefined;
  readonly initialStateBw?: State | null | undefined;
}
type BothAnswer<O> = O extends { readonly returnStates: true }
  ? [output: LayerTensor, forwards: State, backwards: State]
  : LayerTensor;
/**
 * A cell forwards and one backwards, their outputs side by side. Raises Assertion where the
 * cells differ in size.
 * @tensorflow tflearn.bidirectional_rnn
 */
export function bidirectionalRnn<O extends BidirectionalRnnOptions>(
  incoming: Sequence,
  cellFw: TflearnCell,
  cellBw: TflearnCell,
  options: O = {} as O,
): BothAnswer<O> {
  const { returnSeq = false, scope = null, name = 'BiRNN', initialStateFw, initialStateBw } = options;
  if (cellFw.numUnits !== cellBw.numUnits) throw new GraphError('Assertion', 'RNN Cells number of units must match!');
  const lengths = options.dynamic ? lengthsOf(incoming) : null;
  let layer = '';
  const [outputs, forwards, backwards] = variableScope(scope as never, { defaultName: name }, (current) => {
    layer = current.name;
    const steps = stepsOf(incoming);
    const common = { dtype: 'float32', sequenceLength: lengths } as const;
    const [[fw, stateFw], [bw, stateBw]] = variableScope('bidirectional_rnn', () => [
      variableScope('fw', (own) => staticRnn(cellFw, steps, { ...common, initialState: initialStateFw, scope: own })),
      variableScope('bw', (own) => {
        const turned = reversed(steps, lengths);
        return staticRnn(cellBw, turned, { ...common, initialState: initialStateBw, scope: own });
      }),
    ]) as [[Tensor[], State], [Tensor[], State]];
    const back = reversed(bw, lengths);
    const both = fw.map((x, i) => concat([x, back[i]!], i32(1)));
    keepWeights([cellFw, cellBw], current, both[0]!.graph);
    activated(both.at(-1)!);
    return [both, stateFw, stateBw] as const;
  });
  const y = listed(answerOf(outputs, lengths, returnSeq), layer);
  return (options.returnStates ? [y, forwards, backwards] : y) as BothAnswer<O>;
}
/** The steps in the other order; with lengths each sequence is turned by itself. */
function reversed(steps: readonly Tensor[], lengths: Tensor | null): readonly Tensor[] {
  if (!lengths) return [...steps].reverse();
  const shape = steps[0]!.shape && [...steps[0]!.shape].map(() => null);
  const turned = reverseSequence(stack(steps), lengths, { seqAxis: 0, batchAxis: 1 });
  const out = unstack(turned);
  for (const x of out) x.setShape(shape);
  return out;
}
