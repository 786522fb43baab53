/** @file Cells around cells: dropout, and shortcuts. */
import { createHash } from 'node:crypto';
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { dropout } from '../ops/dropout';
import { isPlain } from '../ops/structure';
import type { DType } from '../value/dtype';
import { Value } from '../value/value';
import type { Cell, LSTMState, State } from './rnn_cells';

abstract class Wrapper implements Cell {
  readonly cell: Cell;

  constructor(cell: Cell) {
    this.cell = cell;
  }
  get stateSize(): State<number> {
    return this.cell.stateSize;
  }
  get outputSize(): number {
    return this.cell.outputSize;
  }
  zeroState(batchSize: number | Tensor, dtype: DType): State {
    return getDefaultGraph().nameScope(`${this.constructor.name}ZeroState`, () =>
      this.cell.zeroState(batchSize, dtype),
    );
  }
  abstract apply(inputs: TensorLike, state: State): [Tensor, State];
}

export interface DropoutWrapperOptions {
  readonly inputKeepProb?: number | Tensor | undefined;
  readonly outputKeepProb?: number | Tensor | undefined;
  /** For the state, but not the memory c of an LSTM. */
  readonly stateKeepProb?: number | Tensor | undefined;
  readonly seed?: number | null | undefined;
}
/** Drops parts of what goes into a cell, comes out of it or is carried on. @tensorflow tf.nn.rnn_cell.DropoutWrapper */
export class DropoutWrapper extends Wrapper {
  readonly #keep: {
    readonly input: number | Tensor;
    readonly state: number | Tensor;
    readonly output: number | Tensor;
  };
  readonly #seed: number | null;

  constructor(cell: Cell, options: DropoutWrapperOptions = {}) {
    super(cell);
    const { inputKeepProb = 1, outputKeepProb = 1, stateKeepProb = 1, seed = null } = options;
    this.#seed = seed;
    this.#keep = getDefaultGraph().nameScope('DropoutWrapperInit', () => ({
      input: probability(inputKeepProb, 'input_keep_prob'),
      state: probability(stateKeepProb, 'state_keep_prob'),
      output: probability(outputKeepProb, 'output_keep_prob'),
    }));
  }
  apply(inputs: TensorLike, state: State): [Tensor, State] {
    const { input, state: carried, output } = this.#keep;
    const x = drops(input) ? this.#drop(convertToTensor(inputs), input, 'input', 0) : inputs;
    let [y, next] = this.cell.apply(x, state);
    if (drops(carried)) next = this.#dropState(next, carried, { at: 0 });
    if (drops(output)) y = this.#drop(y, output, 'output', 0);
    return [y, next];
  }
  #drop(x: Tensor, keep: number | Tensor, salt: string, i: number): Tensor {
    return dropout(x, { rate: keep instanceof Tensor ? keep.rsub(1) : 1 - keep, seed: this.#seedOf(`${salt}_${i}`) });
  }
  #dropState(state: State, keep: number | Tensor, count: { at: number }): State {
    if (state instanceof Tensor) return this.#drop(state, keep, 'state', count.at++);
    if (!isPlain(state)) return (state as readonly State[]).map((s) => this.#dropState(s, keep, count));
    count.at++; // c is passed over
    const { c, h } = state as unknown as LSTMState;
    return { c, h: this.#drop(h, keep, 'state', count.at++) };
  }
  /** A seed of its own for each use. */
  #seedOf(salt: string): number | null {
    if (this.#seed === null) return null;
    const digest = createHash('md5').update(`${this.#seed}${salt}`).digest('hex');
    return Number.parseInt(digest.slice(0, 8), 16) & 0x7fffffff;
  }
}
const drops = (keep: number | Tensor): boolean => typeof keep !== 'number' || keep < 1;
/** A constant counts as the float32 it is in the graph. */
function probability(given: number | Tensor, name: string): number | Tensor {
  const { op } = convertToTensor(given);
  const { value } = op.attrs as { readonly value?: unknown };
  if (op.inputs.length > 0 || !(value instanceof Value)) return given;
  const p = Number(value.data[0]);
  if (p >= 0 && p <= 1) return p;
  throw new GraphError('Value', `Parameter ${name} must be between 0 and 1: ${Math.trunc(p)}`);
}

/** Adds a cell's inputs to its outputs. @tensorflow tf.nn.rnn_cell.ResidualWrapper */
export class ResidualWrapper extends Wrapper {
  readonly #residual: (inputs: Tensor, outputs: Tensor) => Tensor;

  constructor(cell: Cell, residualFn: (inputs: Tensor, outputs: Tensor) => Tensor = (x, y) => x.add(y)) {
    super(cell);
    this.#residual = residualFn;
  }
  apply(inputs: TensorLike, state: State): [Tensor, State] {
    const [outputs, next] = this.cell.apply(inputs, state);
    return [this.#residual(inputs as Tensor, outputs), next];
  }
}
