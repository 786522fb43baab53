/**
 * @file What fit prints: two lines and a bar that follow the training on a terminal, elsewhere lines at the end of epochs,
 * once a second at most, and at snapshots.
 */
import { Format } from 'cli-progress';
import { Callback, type TrainingState } from './callbacks';
import { say } from './terminal';

interface Row {
  readonly name: string;
  readonly metric: string;
  readonly size: number;
  readonly validated: number;
  epoch: number;
  step: number;
  loss: number | null;
  acc: number | null;
  valLoss: number | null;
  valAcc: number | null;
}
export interface RowOptions {
  readonly valSize?: number | undefined;
  readonly metricName?: string | null | undefined;
  readonly name?: string | null | undefined;
}

const green = (text: string): string => (process.stdout.isTTY ? `\x1b[1m\x1b[32m${text}\x1b[0m\x1b[0m` : text);
const part = (text: string, x: number | null, digits: number): string => (x === null ? '' : text + x.toFixed(digits));

const BAR = { barsize: 20, barCompleteString: '='.repeat(20), barIncompleteString: '-'.repeat(20), barGlue: '' };

/** TFLearn's lines, as tflearn.callbacks.TermLogger. On a terminal a bar shows how far the epoch is. */
export class TermLogger extends Callback {
  readonly #rows: Row[] = [];
  #began = 0;
  /** How many lines below the cursor the next ones are drawn over. */
  #drawn = 0;
  /** Without a terminal: the lines of the last epoch while they are not printed, and when lines were. */
  #unsaid: readonly string[] = [];
  #said = Number.NEGATIVE_INFINITY;
  #saidStep = 0;

  /** A train op with so many rows of data. */
  add(size: number, { valSize = 0, metricName, name }: RowOptions = {}): void {
    this.#rows.push({
      name: name || `Train op. ${this.#rows.length}`,
      metric: metricName || 'acc',
      size,
      validated: valSize,
      epoch: 0,
      step: 0,
      loss: null,
      acc: null,
      valLoss: null,
      valAcc: null,
    });
  }
  override onTrainBegin(): void {
    const sum = (key: 'size' | 'validated') => this.#rows.reduce((n, row) => n + row[key], 0);
    say('---------------------------------\n');
    say(`Training samples: ${sum('size')}\nValidation samples: ${sum('validated')}\n--\n`);
  }
  override onEpochBegin(state: TrainingState): void {
    state.stepTimeTotal = 0;
  }
  override onBatchBegin(): void {
    this.#began = performance.now();
  }
  override onSubBatchEnd(state: TrainingState, trainIndex = 0): void {
    const { lossValue: loss, accValue: acc, valLoss, valAcc, epoch, currentIter: step } = state;
    Object.assign(this.#rows[trainIndex]!, { loss, acc, valLoss, valAcc, epoch, step });
  }
  override onBatchEnd(state: TrainingState, snapshot = false): void {
    state.stepTimeTotal += (performance.now() - this.#began) / 1000;
    const lines = this.lines(state);
    if (snapshot) {
      this.#print([...lines, '--']);
      this.#saidStep = state.step;
    } else if (process.stdout.isTTY) this.#draw(lines);
  }
  override onEpochEnd(state: TrainingState): void {
    if (process.stdout.isTTY || this.#saidStep === state.step) return;
    this.#unsaid = [...this.lines(state), '--'];
    if (performance.now() - this.#said > 1000) this.#sayEpoch();
  }
  override onTrainEnd(): void {
    this.#sayEpoch();
    if (this.#drawn > 0) say('\n'.repeat(this.#drawn));
    this.#drawn = 0;
  }

  /** The line of the step, and one for each train op. */
  lines({ step, globalLoss, globalAcc, stepTimeTotal: time }: TrainingState): string[] {
    let head = `Training Step: ${step} `;
    if (globalLoss) head += ` | total loss: ${green(globalLoss.toFixed(5))}`;
    if (globalAcc && this.#rows.length > 1) head += ` - avg acc: ${globalAcc.toFixed(4)}`;
    if (time) head += ` | time: ${time.toFixed(3)}s`;
    const rows = this.#rows.map((row) => {
      const total = String(row.size);
      const trained = part(' | loss: ', row.loss, 5) + part(` - ${row.metric}: `, row.acc, 4);
      const validated = part(' | val_loss: ', row.valLoss, 5) + part(` - val_${row.metric}: `, row.valAcc, 4);
      const done = `${String(row.step).padStart(total.length, '0')}/${total}`;
      return `| ${row.name} | epoch: ${String(row.epoch).padStart(3, '0')}${trained}${validated} -- iter: ${done}`;
    });
    return [head, ...rows];
  }
  #sayEpoch(): void {
    if (this.#unsaid.length > 0) this.#print(this.#unsaid);
    this.#unsaid = [];
    this.#said = performance.now();
  }
  #print(lines: readonly string[]): void {
    say(lines.map((line) => `${clear()}${line}\n`).join(''));
    this.#drawn = 0;
  }
  /** Leaves the cursor where it was, so that the next lines come over these. */
  #draw([head, ...lines]: readonly string[]): void {
    const rows = lines.map((line, i) => `${line} ${barOf(this.#rows[i]!)}`);
    this.#print([head!, ...rows]);
    this.#drawn = lines.length + 1;
    say(`\x1b[${this.#drawn}A`);
  }
}
const clear = (): string => (process.stdout.isTTY ? '\x1b[2K\r' : '');
const barOf = ({ step, size }: Row): string => `[${Format.BarFormat(step / size, BAR)}]`;
