/** @file Cells of recurrent nets: one step, from inputs and a state to outputs and the next state. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { add, multiply } from '../ops/arithmetic';
import { constant } from '../ops/array';
import { biasAdd } from '../ops/bias';
import { clipByValue } from '../ops/clip';
import type { Initializer } from '../ops/initializer';
import { constantInitializer, zerosInitializer } from '../ops/initializers';
import { concat, split } from '../ops/join';
import { matmul } from '../ops/linear';
import { expandDims, zeros } from '../ops/shape';
import { slice } from '../ops/slice';
import { flatten, mapStructure } from '../ops/structure';
import { sigmoid } from '../ops/unary';
import { tanh } from '../ops/unary_trig';
import { getVariableScope, type VariableScope, variableScope } from '../ops/variable_scope';
import type { Variable } from '../ops/variables';
import { type DType, isComplex, isFloating } from '../value/dtype';
import { isFull, type Shape } from '../value/shape';
import { Value } from '../value/value';
import { Layer, type LayerOptions } from './base';

/** The memory c and the output h of an LSTM. */
export interface LSTMState<T = Tensor> {
  readonly c: T;
  readonly h: T;
}
/** A tensor, an LSTM's pair, or a list with the state of each layer. */
export type State<T = Tensor> = T | LSTMState<T> | readonly State<T>[];

/** What static_rnn and dynamic_rnn need of a cell. */
export interface Cell {
  readonly stateSize: State<number>;
  readonly outputSize: number;
  apply(inputs: TensorLike, state: State): [outputs: Tensor, state: State];
  zeroState(batchSize: number | Tensor, dtype: DType): State;
}

const int32 = (x: number | readonly number[]): Tensor => constant(Value.from(x, 'int32'));
/** A shape as tensor, where it is known. */
function asVector(x: number | Shape | Tensor): Tensor | null {
  if (x instanceof Tensor) return x.shape?.length === 0 ? expandDims(x, 0) : x;
  const sizes = typeof x === 'number' ? [x] : x;
  return isFull(sizes) ? int32(sizes) : null;
}
const known = (x: number | Shape | Tensor): Shape =>
  x instanceof Tensor
    ? x.value
      ? Array.from(x.value as ArrayLike<number>, Number)
      : null
    : typeof x === 'number'
      ? [x]
      : x;
/** A shape of two parts, as rnn_cell_impl._concat. */
export function joined(prefix: number | Shape | Tensor, suffix: number | Shape): Tensor {
  const [p, s] = [asVector(prefix), asVector(suffix)];
  if (p && s) return concat([p, s], 0);
  throw new GraphError('Value', `Provided a prefix or suffix of None: ${prefix} and ${suffix}`);
}
/** What is known of it now; TensorFlow makes the parts' constants again. */
export function joinedShape(prefix: number | Shape | Tensor, suffix: number | Shape): Shape {
  asVector(prefix);
  asVector(suffix);
  const [p, s] = [known(prefix), known(suffix)];
  return p && s ? [...p, ...s] : null;
}

function checkFloats(tensors: readonly { readonly dtype: DType }[]): void {
  for (const { dtype } of tensors) {
    if (isFloating(dtype) || isComplex(dtype)) continue;
    throw new GraphError('Value', `RNN cell only supports floating point inputs, but saw dtype: tf.${dtype}`);
  }
}

/** A cell, as tf.nn.rnn_cell.RNNCell. */
abstract class RNNCell extends Layer<[Tensor, State]> implements Cell {
  abstract readonly stateSize: State<number>;
  abstract readonly outputSize: number;

  /** One step, as cell(inputs, state) in Python. */
  override apply(inputs: TensorLike, state: State): [Tensor, State] {
    return super.apply(inputs, state);
  }
  /** Zeros for a batch of that size. */
  zeroState(batchSize: number | Tensor, dtype: DType): State {
    return getDefaultGraph().nameScope(`${this.constructor.name}ZeroState`, () => this.zeros(batchSize, dtype));
  }
  protected zeros(batchSize: number | Tensor, dtype: DType): State {
    return mapStructure(this.stateSize, (size) => {
      const zero = zeros(joined(batchSize, size as number), { dtype });
      zero.setShape(joinedShape(batchSize, size as number));
      return zero;
    }) as State;
  }
  protected depth(shape: Shape): number {
    const d = shape?.at(-1);
    if (d != null) return d;
    throw new GraphError('Value', `Expected inputs.shape[-1] to be known, saw shape: ${shape}`);
  }
}

export interface CellOptions extends LayerOptions {
  /** tanh by default. */
  readonly activation?: ((x: Tensor) => Tensor) | null | undefined;
}

/** act([inputs, state] . kernel + bias). @tensorflow tf.nn.rnn_cell.BasicRNNCell */
export class BasicRNNCell extends RNNCell {
  readonly stateSize: number;
  readonly #activation: (x: Tensor) => Tensor;
  #kernel!: Variable;
  #bias!: Variable;

  constructor(numUnits: number, options: CellOptions = {}) {
    super('basic_rnn_cell', options);
    this.stateSize = numUnits;
    this.#activation = options.activation ?? ((x) => tanh(x));
  }
  get outputSize(): number {
    return this.stateSize;
  }
  protected override build(shape: Shape): void {
    const n = this.stateSize;
    this.#kernel = this.addWeight('kernel', { shape: [this.depth(shape) + n, n] });
    this.#bias = this.addWeight('bias', { shape: [n], initializer: zerosInitializer({ dtype: this.dtype }) });
  }
  protected call(inputs: Tensor, state: Tensor): [Tensor, Tensor] {
    checkFloats([inputs, state]);
    const sum = matmul(concat([inputs, state], 1), this.#kernel);
    const output = this.#activation(biasAdd(sum, this.#bias));
    return [output, output];
  }
}

export interface GRUCellOptions extends CellOptions {
  readonly kernelInitializer?: Initializer | null | undefined;
  readonly biasInitializer?: Initializer | null | undefined;
}
/** A gated recurrent unit. @tensorflow tf.nn.rnn_cell.GRUCell */
export class GRUCell extends RNNCell {
  readonly stateSize: number;
  readonly #options: GRUCellOptions;
  #gates!: readonly [kernel: Variable, bias: Variable];
  #candidate!: readonly [kernel: Variable, bias: Variable];

  constructor(numUnits: number, options: GRUCellOptions = {}) {
    super('gru_cell', options);
    this.stateSize = numUnits;
    this.#options = options;
  }
  get outputSize(): number {
    return this.stateSize;
  }
  protected override build(shape: Shape): void {
    const { kernelInitializer, biasInitializer } = this.#options;
    const rows = this.depth(shape) + this.stateSize;
    const pair = (name: string, n: number, bias: () => Initializer) =>
      [
        this.addWeight(`${name}/kernel`, { shape: [rows, n], initializer: kernelInitializer }),
        this.addWeight(`${name}/bias`, { shape: [n], initializer: biasInitializer ?? bias() }),
      ] as const;
    const { dtype } = this;
    this.#gates = pair('gates', 2 * this.stateSize, () => constantInitializer(1, { dtype }));
    this.#candidate = pair('candidate', this.stateSize, () => zerosInitializer({ dtype }));
  }
  protected call(inputs: Tensor, state: Tensor): [Tensor, Tensor] {
    checkFloats([inputs, state]);
    const linear = (x: Tensor, [kernel, bias]: readonly [Variable, Variable]) =>
      biasAdd(matmul(concat([inputs, x], 1), kernel), bias);
    const [reset, update] = split(sigmoid(linear(state, this.#gates)), 2, 1) as [Tensor, Tensor];
    const candidate = linear(reset.mul(state), this.#candidate);
    const c = (this.#options.activation ?? tanh)(candidate);
    const output = update.mul(state).add(update.rsub(1).mul(c));
    return [output, output];
  }
}

export interface BasicLSTMCellOptions extends CellOptions {
  /** Added to the forget gate, so that it starts open. */
  readonly forgetBias?: number | undefined;
  /** false: c and h lie in one tensor. */
  readonly stateIsTuple?: boolean | undefined;
}
/** An LSTM without peepholes. @tensorflow tf.nn.rnn_cell.BasicLSTMCell */
export class BasicLSTMCell extends RNNCell {
  readonly outputSize: number;
  readonly stateSize: State<number>;
  readonly #options: BasicLSTMCellOptions;
  #kernel!: Variable;
  #bias!: Variable;

  constructor(numUnits: number, options: BasicLSTMCellOptions = {}) {
    super('basic_lstm_cell', options);
    this.outputSize = numUnits;
    this.stateSize = (options.stateIsTuple ?? true) ? { c: numUnits, h: numUnits } : 2 * numUnits;
    this.#options = options;
  }
  protected override build(shape: Shape): void {
    const n = this.outputSize;
    this.#kernel = this.addWeight('kernel', { shape: [this.depth(shape) + n, 4 * n] });
    this.#bias = this.addWeight('bias', { shape: [4 * n], initializer: zerosInitializer({ dtype: this.dtype }) });
  }
  protected call(inputs: Tensor, state: Tensor | LSTMState): [Tensor, State] {
    checkFloats([inputs, ...(flatten(state) as Tensor[])]);
    const { forgetBias = 1, activation } = this.#options;
    const act = activation ?? tanh;
    const one = constant(1, 'int32');
    const whole = state instanceof Tensor;
    const [c, h] = whole ? (split(state, 2, one) as [Tensor, Tensor]) : [state.c, state.h];
    const sum = biasAdd(matmul(concat([inputs, h], 1), this.#kernel), this.#bias);
    const [i, j, f, o] = split(sum, 4, one) as [Tensor, Tensor, Tensor, Tensor];
    const bias = constant(forgetBias, f.dtype);
    const kept = multiply(c, sigmoid(add(f, bias)));
    const newC = add(kept, multiply(sigmoid(i), act(j)));
    const newH = multiply(act(newC), sigmoid(o));
    return [newH, whole ? concat([newC, newH], 1) : { c: newC, h: newH }];
  }
}

export interface LSTMCellOptions extends BasicLSTMCellOptions {
  /** Gates see the memory, too. */
  readonly usePeepholes?: boolean | undefined;
  readonly cellClip?: number | null | undefined;
  readonly initializer?: Initializer | null | undefined;
  /** The size that outputs are projected to. */
  readonly numProj?: number | null | undefined;
  readonly projClip?: number | null | undefined;
}
/** An LSTM. @tensorflow tf.nn.rnn_cell.LSTMCell */
export class LSTMCell extends RNNCell {
  readonly outputSize: number;
  readonly stateSize: State<number>;
  readonly #units: number;
  readonly #options: LSTMCellOptions;
  #kernel!: Variable;
  #bias!: Variable;
  #peepholes: { readonly f: Variable; readonly i: Variable; readonly o: Variable } | null = null;
  #projection: Variable | null = null;

  constructor(numUnits: number, options: LSTMCellOptions = {}) {
    super('lstm_cell', options);
    this.#units = numUnits;
    this.#options = options;
    this.outputSize = options.numProj || numUnits;
    const { outputSize: h } = this;
    this.stateSize = (options.stateIsTuple ?? true) ? { c: numUnits, h } : numUnits + h;
  }
  protected override build(shape: Shape): void {
    const { initializer, usePeepholes, numProj } = this.#options;
    const n = this.#units;
    this.#kernel = this.addWeight('kernel', { shape: [this.depth(shape) + (numProj ?? n), 4 * n], initializer });
    this.#bias = this.addWeight('bias', { shape: [4 * n], initializer: zerosInitializer({ dtype: this.dtype }) });
    if (usePeepholes) {
      const diagonal = (gate: string) => this.addWeight(`w_${gate}_diag`, { shape: [n], initializer });
      this.#peepholes = { f: diagonal('f'), i: diagonal('i'), o: diagonal('o') };
    }
    if (numProj == null) return;
    this.#projection = this.addWeight('projection/kernel', { shape: [n, numProj], initializer });
  }
  protected call(inputs: Tensor, state: Tensor | LSTMState): [Tensor, State] {
    checkFloats([inputs, ...(flatten(state) as Tensor[])]);
    const { forgetBias = 1, cellClip, projClip, activation, numProj } = this.#options;
    const act = activation ?? tanh;
    const whole = state instanceof Tensor;
    const [before, output] = whole ? this.#halves(state, numProj ?? this.#units) : [state.c, state.h];
    const sum = biasAdd(matmul(concat([inputs, output], 1), this.#kernel), this.#bias);
    const [i, j, f, o] = split(sum, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const p = this.#peepholes;
    const seen = (gate: Tensor, w: Variable | undefined, c: Tensor) => (w ? gate.add(w.mul(c)) : gate);
    const kept = sigmoid(seen(f.add(forgetBias), p?.f, before)).mul(before);
    let c = kept.add(sigmoid(seen(i, p?.i, before)).mul(act(j)));
    if (cellClip != null) c = clipByValue(c, -cellClip, cellClip);
    let h = sigmoid(seen(o, p?.o, c)).mul(act(c));
    if (this.#projection) {
      h = matmul(h, this.#projection);
      if (projClip != null) h = clipByValue(h, -projClip, projClip);
    }
    return [h, whole ? concat([c, h], 1) : { c, h }];
  }
  #halves(state: Tensor, outputs: number): [Tensor, Tensor] {
    const c = slice(state, [0, 0], [-1, this.#units]);
    return [c, slice(state, [0, this.#units], [-1, outputs])];
  }
}

/** Layers of cells, each fed by the one before. @tensorflow tf.nn.rnn_cell.MultiRNNCell */
export class MultiRNNCell extends RNNCell {
  readonly stateSize: State<number>;
  readonly #cells: readonly Cell[];
  readonly #stateIsTuple: boolean;
  #around: VariableScope | undefined;

  constructor(cells: readonly Cell[], { stateIsTuple = true }: { readonly stateIsTuple?: boolean } = {}) {
    super('multi_rnn_cell');
    if (cells.length === 0) throw new GraphError('Value', 'Must specify at least one cell for MultiRNNCell.');
    this.#cells = cells;
    this.#stateIsTuple = stateIsTuple;
    const sizes = cells.map((cell) => cell.stateSize);
    if (!stateIsTuple && sizes.some((size) => typeof size !== 'number')) {
      throw new GraphError(
        'Value',
        `Some cells return tuples of states, but the flag state_is_tuple is not set.  State sizes are: ${JSON.stringify(sizes)}`,
      );
    }
    this.stateSize = stateIsTuple ? sizes : (sizes as number[]).reduce((a, b) => a + b, 0);
  }
  get outputSize(): number {
    return this.#cells.at(-1)!.outputSize;
  }
  override apply(inputs: TensorLike, state: State): [Tensor, State] {
    this.#around ??= getVariableScope();
    return variableScope(this.#around, () => super.apply(inputs, state));
  }
  protected override zeros(batchSize: number | Tensor, dtype: DType): State {
    if (this.#stateIsTuple) return this.#cells.map((cell) => cell.zeroState(batchSize, dtype));
    return getDefaultGraph().nameScope(`${this.constructor.name}ZeroState`, () => super.zeros(batchSize, dtype));
  }
  protected call(inputs: Tensor, state: State): [Tensor, State] {
    let x = inputs;
    let at = 0;
    const states = this.#cells.map((cell, i) =>
      variableScope(`cell_${i}`, () => {
        let own: State;
        if (this.#stateIsTuple) own = (state as readonly State[])[i]!;
        else {
          own = slice(convertToTensor(state as Tensor), [0, at], [-1, cell.stateSize as number]);
          at += cell.stateSize as number;
        }
        const [output, next] = cell.apply(x, own);
        x = output;
        return next;
      }),
    );
    return [x, this.#stateIsTuple ? states : concat(states as Tensor[], 1)];
  }
}
