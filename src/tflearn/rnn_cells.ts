/** @file TFLearn's cells of recurrent nets. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { type Cell, joined, joinedShape, type LSTMState, type State } from '../layers/rnn_cells';
import { cond } from '../ops/cond';
import { dropout } from '../ops/dropout';
import { i32 } from '../ops/expect';
import { constantInitializer } from '../ops/initializers';
import { concat, split } from '../ops/join';
import { matmul } from '../ops/linear';
import { zeros } from '../ops/shape';
import { mapStructure } from '../ops/structure';
import { sigmoid } from '../ops/unary';
import { tanh } from '../ops/unary_trig';
import { getVariable, variableScope } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import type { DType } from '../value/dtype';
import * as activations from './activations';
import { getTrainingMode } from './config';
import { batchNormalization } from './normalization';
import { variable, type WeightsInit } from './variables';

type Activation = activations.Activation;
export interface CellOptions {
  readonly activation?: Activation | undefined;
  readonly weightsInit?: WeightsInit | undefined;
  readonly trainable?: boolean | undefined;
  readonly restore?: boolean | undefined;
  readonly reuse?: boolean | undefined;
}
export interface GatedCellOptions extends CellOptions {
  /** Of the gates. */
  readonly innerActivation?: Activation | undefined;
}

function zeroStateOf(cell: Cell, batchSize: number | Tensor, dtype: DType): State {
  return getDefaultGraph().nameScope(`${cell.constructor.name}ZeroState`, () =>
    mapStructure(cell.stateSize, (size) => {
      const zero = zeros(joined(batchSize, size as number), { dtype });
      zero.setShape(joinedShape(batchSize, size as number));
      return zero;
    }),
  ) as State;
}

/** A cell with weights; W and b are there once it has been applied. */
export abstract class TflearnCell implements Cell {
  readonly numUnits: number;
  W!: Variable | Variable[];
  b!: Variable | Variable[];
  protected readonly activation: (x: Tensor) => Tensor;
  protected readonly options: CellOptions;

  constructor(numUnits: number, options: CellOptions) {
    this.numUnits = numUnits;
    this.options = options;
    this.activation = activations.get(options.activation ?? ((x: Tensor) => tanh(x)));
  }
  abstract readonly stateSize: State<number>;
  get outputSize(): number {
    return this.numUnits;
  }
  zeroState(batchSize: number | Tensor, dtype: DType): State {
    return zeroStateOf(this, batchSize, dtype);
  }
  apply(inputs: TensorLike, state: State): [Tensor, State] {
    return variableScope(this.constructor.name, () => this.step(inputs as Tensor, state));
  }
  protected abstract step(x: Tensor, state: State): [Tensor, State];

  /** [...] . Matrix + Bias in the scope `Linear`. Raises Value for other ranks and unknown sizes. */
  protected linear(args: readonly Tensor[], size: number, biasStart: number): Tensor {
    const { weightsInit = null, trainable, restore, reuse = false } = this.options;
    const shapes = args.map((x) => x.shape ?? []);
    const shown = `[${shapes.map((s) => `[${s.map((d) => d ?? 'None').join(', ')}]`).join(', ')}]`;
    for (const shape of shapes) {
      if (shape.length !== 2) throw new GraphError('Value', `Linear is expecting 2D arguments: ${shown}`);
      if (!shape[1]) throw new GraphError('Value', `Linear expects shape[1] of arguments: ${shown}`);
    }
    const inputs = shapes.reduce((n, shape) => n + shape[1]!, 0);
    const [product, bias] = variableScope('Linear', { reuse }, () => {
      const matrix = variable('Matrix', { shape: [inputs, size], initializer: weightsInit, trainable, restore });
      const product = matmul(concat(args, i32(1)), matrix);
      const initializer = constantInitializer(biasStart);
      return [product, variable('Bias', { shape: [size], initializer, trainable, restore })] as const;
    });
    return product.add(bias);
  }
}
/** The variables that `linear` made in that scope. */
const weightsIn = (scope: string): [Variable, Variable] =>
  variableScope(scope, { reuse: true }, () => [getVariable('Matrix'), getVariable('Bias')]);

/** activation([inputs, state] . W + b). @tensorflow tflearn.BasicRNNCell */
export class BasicRNNCell extends TflearnCell {
  constructor(numUnits: number, options: CellOptions = {}) {
    super(numUnits, options);
  }
  get stateSize(): number {
    return this.numUnits;
  }
  protected step(x: Tensor, state: State): [Tensor, State] {
    const output = this.activation(this.linear([x, state as Tensor], this.numUnits, 0));
    [this.W, this.b] = weightsIn('Linear');
    return [output, output];
  }
}

export interface BasicLSTMCellOptions extends GatedCellOptions {
  readonly forgetBias?: number | undefined;
  /** false: c and h are one tensor, side by side. */
  readonly stateIsTuple?: boolean | undefined;
  /** Normalizes gates and memory. */
  readonly batchNorm?: boolean | undefined;
}
/** A long short-term memory without peepholes. @tensorflow tflearn.BasicLSTMCell */
export class BasicLSTMCell extends TflearnCell {
  readonly #options: BasicLSTMCellOptions;
  readonly #gate: (x: Tensor) => Tensor;

  constructor(numUnits: number, options: BasicLSTMCellOptions = {}) {
    super(numUnits, options);
    this.#options = options;
    this.#gate = activations.get(options.innerActivation ?? ((x: Tensor) => sigmoid(x)));
  }
  get stateSize(): State<number> {
    const n = this.numUnits;
    return this.#options.stateIsTuple === false ? 2 * n : { c: n, h: n };
  }
  protected step(x: Tensor, state: State): [Tensor, State] {
    const { forgetBias = 1, stateIsTuple = true } = this.#options;
    const pair = stateIsTuple ? null : split(state as Tensor, 2, 1);
    const { c, h } = pair ? { c: pair[0]!, h: pair[1]! } : (state as LSTMState);
    const all = this.linear([x, h], 4 * this.numUnits, 0);
    const parts = split(all, 4, 1);
    const [i, j, f, o] = parts.map((part) => this.#normal(part)) as [Tensor, Tensor, Tensor, Tensor];
    const kept = c.mul(this.#gate(f.add(forgetBias)));
    const newC = kept.add(this.#gate(i).mul(this.activation(j)));
    const newH = this.activation(this.#normal(newC)).mul(this.#gate(o));
    const next = stateIsTuple ? { c: newC, h: newH } : concat([newC, newH], i32(1));
    [this.W, this.b] = weightsIn('Linear');
    return [newH, next];
  }
  #normal(x: Tensor): Tensor {
    const { batchNorm = false, trainable, restore, reuse } = this.#options;
    return batchNorm ? batchNormalization(x, { gamma: 0.1, trainable, restore, reuse }) : x;
  }
}

/** A gated recurrent unit. @tensorflow tflearn.GRUCell */
export class GRUCell extends TflearnCell {
  readonly #gate: (x: Tensor) => Tensor;

  constructor(numUnits: number, options: GatedCellOptions = {}) {
    super(numUnits, options);
    this.#gate = activations.get(options.innerActivation ?? ((x: Tensor) => sigmoid(x)));
  }
  get stateSize(): number {
    return this.numUnits;
  }
  protected step(x: Tensor, given: State): [Tensor, State] {
    const state = given as Tensor;
    const [r, u] = variableScope('Gates', () => {
      const [reset, update] = split(this.linear([x, state], 2 * this.numUnits, 1), 2, 1);
      return [this.#gate(reset!), this.#gate(update!)] as const;
    });
    const c = variableScope('Candidate', () => this.activation(this.linear([x, r.mul(state)], this.numUnits, 0)));
    const next = u.mul(state).add(u.rsub(1).mul(c));
    const [gates, candidate] = [weightsIn('Gates/Linear'), weightsIn('Candidate/Linear')];
    this.W = [gates[0], candidate[0]];
    this.b = [gates[1], candidate[1]];
    return [next, next];
  }
}

export interface DropoutWrapperOptions {
  readonly inputKeepProb?: number | Tensor | undefined;
  readonly outputKeepProb?: number | Tensor | undefined;
  readonly seed?: number | null | undefined;
}
/**
 * Drops parts of what goes into a cell and comes out of it, in training mode; as tflearn.layers.recurrent.DropoutWrapper.
 * Raises Value for probabilities outside of 0 to 1.
 */
export class DropoutWrapper implements Cell {
  readonly cell: Cell;
  readonly #input: number | Tensor;
  readonly #output: number | Tensor;
  readonly #seed: number | null;

  constructor(cell: Cell, { inputKeepProb = 1, outputKeepProb = 1, seed = null }: DropoutWrapperOptions = {}) {
    for (const [name, p] of Object.entries({ input_keep_prob: inputKeepProb, output_keep_prob: outputKeepProb })) {
      if (typeof p === 'number' && !(p >= 0 && p <= 1)) {
        throw new GraphError('Value', `Parameter ${name} must be between 0 and 1: ${Math.trunc(p)}`);
      }
    }
    this.cell = cell;
    this.#input = inputKeepProb;
    this.#output = outputKeepProb;
    this.#seed = seed;
  }
  get stateSize(): State<number> {
    return this.cell.stateSize;
  }
  get outputSize(): number {
    return this.cell.outputSize;
  }
  zeroState(batchSize: number | Tensor, dtype: DType): State {
    return zeroStateOf(this, batchSize, dtype);
  }
  apply(inputs: TensorLike, state: State): [Tensor, State] {
    const mode = getTrainingMode();
    const dropped = (x: Tensor, keepProb: number | Tensor): Tensor => {
      if (!(keepProb instanceof Tensor) && keepProb >= 1) return x;
      return cond(
        mode as never,
        () => dropout(x, { keepProb, seed: this.#seed }),
        () => x,
      ) as Tensor;
    };
    const [output, next] = this.cell.apply(dropped(inputs as Tensor, this.#input), state);
    return [dropped(output, this.#output), next];
  }
}
