/** @file What fit prints: a progress bar on a terminal, and one line an epoch. */
import { SingleBar } from 'cli-progress';

export interface BatchReport {
  readonly name: string;
  readonly step: number;
  readonly epoch: number;
  readonly done: number;
  readonly total: number;
  readonly loss: number;
  readonly metric: { readonly name: string; readonly value: number } | null;
  readonly validation: { readonly loss: number; readonly metric: number | null } | null;
}

/** TFLearn's terminal logger. Nothing is drawn where the output is no terminal; the lines of the epochs always appear. */
export class TermLogger {
  readonly #runId: string;
  readonly #epochs: number;
  #bar: SingleBar | undefined;

  constructor(runId = Math.random().toString(36).slice(2, 8).toUpperCase(), epochs = 1) {
    this.#runId = runId;
    this.#epochs = epochs;
    if (process.stdout.isTTY) console.log(`---------------------------------\nRun id: ${this.#runId}`);
  }

  batch(report: BatchReport): void {
    if (!process.stdout.isTTY) return;
    const { epoch, done, total } = report;
    if (!this.#bar) {
      this.#bar = new SingleBar({ format: `{text} [{bar}] {value}/{total}`, clearOnComplete: false, hideCursor: true });
      this.#bar.start(total, 0, { text: '' });
    }
    const metric = report.metric ? ` - ${report.metric.name}: ${report.metric.value.toFixed(4)}` : '';
    const validated = report.validation
      ? ` | val_loss: ${report.validation.loss.toFixed(5)}${report.validation.metric === null ? '' : ` - val_acc: ${report.validation.metric.toFixed(4)}`}`
      : '';
    const text = `${report.name} | epoch: ${String(epoch).padStart(3, '0')}/${this.#epochs} | loss: ${report.loss.toFixed(5)}${metric}${validated}`;
    this.#bar.update(done, { text });
    if (done >= total) this.stop();
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
