/** @file DNN: a net with its trainer: fit, predict, evaluate. */
import { GraphError } from '../errors';
import { Tensor } from '../graph/operation';
import { assign } from '../ops/state';
import type { Variable } from '../ops/variables';
import type { Session } from '../session/session';
import { type Nested, Value } from '../value/value';
import { Keys } from './config';
import { datasetOf } from './data';
import { Trainer, type TrainOp } from './trainer';

type Data = Nested | Value | readonly (Nested | Value)[];

export interface DNNOptions {
  /** The global norm gradients are clipped to; 0 for none. */
  readonly clipGradients?: number | undefined;
  readonly session?: Session | null | undefined;
}
export interface FitOptions {
  readonly nEpoch?: number | undefined;
  readonly validationSet?: readonly [x: Data, y: Data] | null | undefined;
  readonly showMetric?: boolean | undefined;
  readonly batchSize?: number | null | undefined;
  readonly shuffle?: boolean | null | undefined;
  readonly snapshotStep?: number | null | undefined;
  readonly validationBatchSize?: number | null | undefined;
  readonly runId?: string | undefined;
}

/** A net to train and use, as tflearn.DNN. It makes a session and initializes the variables. */
export class DNN {
  readonly net: Tensor;
  readonly trainer: Trainer;
  readonly inputs: readonly Tensor[];
  readonly targets: readonly Tensor[];

  /** Raises Type where `network` is no tensor, Value where the graph has no input data. */
  constructor(network: Tensor, { clipGradients = 5, session }: DNNOptions = {}) {
    if (!(network instanceof Tensor)) throw new GraphError('Type', "'network' arg is not a Tensor!");
    const { graph } = network;
    this.net = network;
    this.trainer = graph.asDefault(
      () => new Trainer(graph.getCollection<TrainOp>(Keys.TRAIN_OPS), { clipGradients, session }),
    );
    this.inputs = graph.getCollection<Tensor>(Keys.INPUTS);
    this.targets = graph.getCollection<Tensor>(Keys.TARGETS);
    if (this.inputs.length === 0) {
      throw new GraphError(
        'Value',
        "No input data! Please add an 'input_data' layer to your model (or add your input data placeholder to the collection 'inputs').",
      );
    }
  }

  get session(): Session {
    return this.trainer.session;
  }

  /** Trains on rows of X and Y. Raises Value where the net has no regression. */
  async fit(x: Data, y: Data, options: FitOptions = {}): Promise<void> {
    const {
      nEpoch = 10,
      showMetric = false,
      batchSize,
      validationBatchSize = batchSize,
      validationSet,
      ...rest
    } = options;
    const { trainOps } = this.trainer;
    if (trainOps.length === 0) {
      throw new GraphError(
        'Value',
        "The collection 'trainops' is empty! Please make sure you are using `regression` layer in your network.",
      );
    }
    for (const op of trainOps) {
      if (batchSize) op.batchSize = batchSize;
      if (validationBatchSize) op.validationBatchSize = validationBatchSize;
    }
    const data = datasetOf(x, y, this.inputs, this.targets);
    const validation = validationSet ? datasetOf(validationSet[0], validationSet[1], this.inputs, this.targets) : null;
    await this.trainer.fit(data, { ...rest, nEpoch, showMetric, validation });
  }

  /** One step on one batch; answers its loss. */
  fitBatch(x: Data, y: Data): Promise<number> {
    return this.trainer.fitBatch(datasetOf(x, y, this.inputs, this.targets));
  }

  /** The net's output, with the training mode off. */
  predict(x: Data): Promise<Value> {
    return this.trainer.predict(this.net, datasetOf(x, null, this.inputs, []));
  }

  /** For each row the classes, the likeliest first. */
  async predictLabel(x: Data): Promise<Value> {
    const p = await this.predict(x);
    const width = p.shape.at(-1) ?? 1;
    const order: number[] = [];
    for (let at = 0; at < p.data.length; at += width) {
      const row = Array.from({ length: width }, (_, i) => i);
      order.push(...row.sort((a, b) => p.data[at + b]! - p.data[at + a]!));
    }
    return Value.cells('int64', p.shape, order);
  }

  /** The metric of each train op over all rows. */
  evaluate(x: Data, y: Data, { batchSize = 128 }: { readonly batchSize?: number } = {}): Promise<number[]> {
    return this.trainer.evaluate(datasetOf(x, y, this.inputs, this.targets), batchSize);
  }

  async getWeights(variable: Variable | Tensor): Promise<Value> {
    await this.trainer.ready;
    return (await this.session.run(variable)) as Value;
  }
  async setWeights(variable: Variable, weights: Nested | Value): Promise<void> {
    await this.trainer.ready;
    await this.session.run(this.net.graph.asDefault(() => assign(variable, weights)) as Tensor);
  }
  getTrainVars(): Variable[] {
    return this.trainer.trainOps.flatMap((op) => [...op.trainVars]);
  }
}
