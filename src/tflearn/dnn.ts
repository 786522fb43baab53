/** @file DNN: a net with its trainer: fit, predict, evaluate, save, load. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import { assign } from '../ops/state';
import type { Variable } from '../ops/variables';
import type { Session } from '../session/session';
import { type Nested, Value } from '../value/value';
import type { Callback } from './callbacks';
import { Keys } from './config';
import type { DataAugmentation } from './data_augmentation';
import type { Augmentation } from './data_flow';
import type { DataPreprocessing } from './data_preprocessing';
import { Evaluator, preprocessingOf } from './evaluator';
import { type Data, feedDictOf } from './feeds';
import type { RestoreOptions } from './restore_names';
import type { TrainOp } from './train_op';
import { Trainer, type TrainerOptions } from './trainer';

export type DNNOptions = Omit<TrainerOptions, 'graph' | 'keepCheckpointEveryNHours' | 'randomSeed'>;
export interface FitOptions {
  readonly nEpoch?: number | undefined;
  /** Rows to validate with, [x, y], or which part of the training rows. */
  readonly validationSet?: readonly [x: Data, y: Data] | number | null | undefined;
  readonly showMetric?: boolean | undefined;
  readonly batchSize?: number | null | undefined;
  readonly shuffle?: boolean | null | undefined;
  /** Validation, and a checkpoint where there is a path for it, after each epoch. */
  readonly snapshotEpoch?: boolean | undefined;
  /** The same every so many steps. */
  readonly snapshotStep?: number | null | undefined;
  /** Train ops to leave out. */
  readonly exclTrainops?: readonly TrainOp[] | null | undefined;
  readonly validationBatchSize?: number | null | undefined;
  /** The name of the folder of event files. */
  readonly runId?: string | null | undefined;
  readonly callbacks?: Callback | readonly Callback[] | undefined;
}

/** What models share: a net, its trainer, its inputs and targets. */
export abstract class Model {
  readonly net: Tensor;
  readonly trainOps: readonly TrainOp[];
  readonly trainer: Trainer;
  readonly inputs: readonly Tensor[];
  readonly targets: readonly Tensor[];
  protected predictor!: Evaluator;

  constructor(network: Tensor, options: TrainerOptions) {
    if (!(network instanceof Tensor)) throw new GraphError('Assertion', "'network' arg is not a Tensor!");
    const { graph } = network;
    this.net = network;
    this.trainer = graph.asDefault(() => new Trainer(graph.getCollection<TrainOp>(Keys.TRAIN_OPS), options));
    this.trainOps = this.trainer.trainOps;
    this.inputs = graph.getCollection<Tensor>(Keys.INPUTS);
    this.targets = graph.getCollection<Tensor>(Keys.TARGETS);
  }
  /** The session of the model; after load it is another one. */
  get session(): Session {
    return this.trainer.session;
  }
  protected makePredictor(): void {
    this.predictor = new Evaluator([this.net], { session: this.session });
  }
  protected feeds(x: Data, y: Data | null, targets = this.targets) {
    return this.net.graph.asDefault(() => feedDictOf(x, y, this.inputs, targets));
  }
  protected get augmentation(): Augmentation {
    const all = this.net.graph.getCollection<DataAugmentation | null>(Keys.DATA_AUG);
    return new Map(this.inputs.flatMap((t, i) => (all[i] ? [[t, all[i]] as const] : [])));
  }

  /** Trains on rows of x and y. Raises Value for data that do not fit the inputs and targets. */
  async fit(x: Data, y: Data, options: FitOptions = {}): Promise<void> {
    const { batchSize, validationBatchSize = batchSize, validationSet, shuffle, ...rest } = options;
    for (const op of this.trainOps) {
      if (batchSize) op.batchSize = batchSize;
      if (validationBatchSize) op.validationBatchSize = validationBatchSize;
    }
    await this.trainer.fit(this.feeds(x, y), {
      ...rest,
      valFeedDicts: this.#validation(validationSet),
      shuffleAll: shuffle,
      preprocessing: preprocessingOf(this.net.graph),
      augmentation: this.augmentation,
    });
  }
  #validation(given: FitOptions['validationSet']) {
    if (!given) return null;
    if (typeof given === 'number' && given > 0 && given < 1) return given;
    if (Array.isArray(given)) return this.feeds(given[0], given[1]);
    throw new GraphError('Value', `validation_set must be a tuple or list: (valX, valY), ${given} is not compatible!`);
  }

  /** Writes a checkpoint and answers its path. */
  save(modelFile: string): Promise<string | null> {
    return this.trainer.save(modelFile);
  }
  protected async restore(modelFile: string, options: RestoreOptions): Promise<void> {
    await this.trainer.restore(modelFile, options);
    this.makePredictor();
    for (const change of this.net.graph.getCollection<DataPreprocessing | null>(Keys.DATA_PREP)) {
      await change?.restoreParams(this.session);
    }
  }
  async getWeights(variable: Variable | Tensor): Promise<Value> {
    await this.trainer.ready;
    return (await this.session.run(variable)) as Value;
  }
  async setWeights(variable: Variable, weights: TensorLike): Promise<void> {
    await this.trainer.ready;
    await this.session.run(this.net.graph.asDefault(() => assign(variable, weights)) as Tensor);
  }
}

/**
 * A net to train and use. It makes a session and initializes the variables. Raises Assertion where
 * `network` is no tensor, Value where the graph has no input data.
 * @tensorflow tflearn.DNN
 */
export class DNN extends Model {
  constructor(network: Tensor, options: DNNOptions = {}) {
    super(network, options);
    if (this.inputs.length === 0) {
      throw new GraphError(
        'Value',
        "No input data! Please add an 'input_data' layer to your model (or add your input data placeholder to tf.GraphKeys.INPUTS collection).",
      );
    }
    this.makePredictor();
  }

  /** Trains on rows of x and y. Raises Value where the net has no regression, and for data that do not fit. */
  override async fit(x: Data, y: Data, options: FitOptions = {}): Promise<void> {
    if (this.trainOps.length === 0) {
      throw new GraphError(
        'Value',
        'tf collection "trainops" is empty! Please make sure you are using `regression` layer in your network.',
      );
    }
    await super.fit(x, y, options);
  }

  /** One step on one batch; answers its loss, for several train ops a list. */
  fitBatch(x: Data, y: Data): Promise<number | number[]> {
    const feeds = this.feeds(x, y);
    return this.trainer.fitBatch(
      this.trainOps.map(() => feeds),
      preprocessingOf(this.net.graph),
      this.augmentation,
    );
  }

  /** The net's output, with the training mode off. */
  async predict(x: Data): Promise<Value> {
    await this.trainer.ready;
    return (await this.predictor.predict(this.feeds(x, null))) as Value;
  }

  /** For each row the classes, the likeliest first. */
  async predictLabel(x: Data): Promise<Value> {
    const p = await this.predict(x);
    const width = p.shape.at(-1) ?? 1;
    const order: number[] = [];
    for (let at = 0; at < p.data.length; at += width) {
      const row = Array.from({ length: width }, (_, i) => i);
      order.push(...row.sort((a, b) => p.data[at + a]! - p.data[at + b]!).reverse());
    }
    return Value.cells('int64', p.shape, order);
  }

  /** The metric of each train op over all rows. */
  async evaluate(
    x: Data,
    y: Data,
    { batchSize = 128 }: { readonly batchSize?: number | undefined } = {},
  ): Promise<(number | Nested)[]> {
    await this.trainer.ready;
    const metrics = this.trainOps.map((op) => op.metric as Tensor);
    return this.predictor.evaluate(this.feeds(x, y), metrics, { batchSize });
  }

  /** Brings a checkpoint back; with weightsOnly only trained variables, without steps and averages. */
  load(
    modelFile: string,
    { weightsOnly = false, ...rest }: RestoreOptions & { readonly weightsOnly?: boolean | undefined } = {},
  ): Promise<void> {
    return this.restore(modelFile, { trainableVariableOnly: weightsOnly, ...rest });
  }
  getTrainVars(): Variable[] {
    return this.trainOps.flatMap((op) => [...op.trainVars]);
  }
}
