/** @file What happens around epochs and batches of training, and the callback that saves models. */
import { GraphError } from '../errors';
import type { TrainOp } from './train_op';

type Done = void | Promise<void>;

/** Where training stands, as tflearn.helpers.trainer.TrainingState. */
export class TrainingState {
  epoch = 0;
  step = 0;
  currentIter = 0;
  /** Seconds spent on the batches of this epoch. */
  stepTimeTotal = 0;
  lossValue: number | null = null;
  accValue: number | null = null;
  valLoss: number | null = null;
  valAcc: number | null = null;
  bestAccuracy = 0;
  /** Sums over the train ops of a step. */
  globalLoss = 0;
  globalAcc: number | null = 0;

  update(op: TrainOp, trainOpsCount = 1): void {
    this.accValue = op.accValue;
    this.lossValue = op.lossValue;
    this.valAcc = op.valAcc;
    this.valLoss = op.valLoss;
    this.currentIter = op.currentIter;
    if (this.valAcc !== null && this.valAcc > this.bestAccuracy) this.bestAccuracy = this.valAcc;
    this.globalLoss += this.lossValue ?? 0;
    // TFLearn begins with 0, which is no number to it: there is never a mean over the train ops.
    if (this.accValue && this.globalAcc) this.globalAcc += this.accValue / trainOpsCount;
    else this.globalAcc = null;
  }
  resetGlobal(): void {
    this.globalAcc = 0;
    this.globalLoss = 0;
  }
}

/**
 * Override what you need; fit waits for promises. What is thrown ends the training. As tflearn.callbacks.Callback.
 * @tensorflow tflearn.callbacks.Callback
 */
export class Callback {
  onTrainBegin(_state: TrainingState): Done {}
  onEpochBegin(_state: TrainingState): Done {}
  onBatchBegin(_state: TrainingState): Done {}
  onSubBatchBegin(_state: TrainingState): Done {}
  onSubBatchEnd(_state: TrainingState, _trainIndex = 0): Done {}
  onBatchEnd(_state: TrainingState, _snapshot = false): Done {}
  onEpochEnd(_state: TrainingState): Done {}
  onTrainEnd(_state: TrainingState): Done {}
}
type Moment = keyof Callback;

/** Several callbacks as one. @tensorflow tflearn.callbacks.ChainCallback */
export class ChainCallback {
  readonly callbacks: Callback[];

  constructor(callbacks: readonly Callback[] = []) {
    this.callbacks = [];
    for (const callback of callbacks) this.add(callback);
  }
  /** Raises Type for what is no Callback. */
  add(callback: Callback): void {
    if (!(callback instanceof Callback)) throw new GraphError('Type', `${callback} is an invalid Callback object`);
    this.callbacks.push(callback);
  }
  /** Tells all of them, one after the other. */
  async tell<M extends Moment>(moment: M, ...args: Parameters<Callback[M]>): Promise<void> {
    for (const callback of this.callbacks) {
      await (callback[moment] as (...all: Parameters<Callback[M]>) => Done)(...args);
    }
  }
}

export interface ModelSaverOptions {
  readonly save: (path: string, options: { globalStep?: number; useValSaver?: boolean }) => Promise<unknown>;
  readonly snapshotPath: string | null;
  readonly bestSnapshotPath: string | null;
  readonly bestValAccuracy: number;
  readonly snapshotStep: number | null;
  readonly snapshotEpoch: boolean;
}
/** Saves at snapshots, and the best model by its validation accuracy. @tensorflow tflearn.callbacks.ModelSaver */
export class ModelSaver extends Callback {
  readonly #options: ModelSaverOptions;
  #best: number;

  constructor(options: ModelSaverOptions) {
    super();
    this.#options = options;
    this.#best = options.bestValAccuracy;
  }
  override async onEpochEnd(state: TrainingState): Promise<void> {
    if (this.#options.snapshotEpoch) await this.#save(state.step);
  }
  override async onBatchEnd({ step, valAcc }: TrainingState, snapshot = false): Promise<void> {
    const { save, bestSnapshotPath, snapshotStep } = this.#options;
    if (snapshot && snapshotStep !== null) await this.#save(step);
    if (bestSnapshotPath === null || valAcc === null || valAcc <= this.#best) return;
    this.#best = valAcc;
    const percent = Math.floor(10000 * Number(valAcc.toFixed(4)));
    if (bestSnapshotPath) await save(`${bestSnapshotPath}${percent}`, { useValSaver: true });
  }
  async #save(step: number): Promise<void> {
    const { save, snapshotPath } = this.#options;
    if (snapshotPath) await save(snapshotPath, { globalStep: step });
  }
}
