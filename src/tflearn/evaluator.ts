/** @file Evaluator: runs a net on data, with the training mode off. */
import type { Graph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { Saver } from '../interop/saver';
import { Session } from '../session/session';
import { type Nested, Value } from '../value/value';
import { isTraining, Keys } from './config';
import { FeedDictFlow, type Preprocessing, preprocessed } from './data_flow';
import type { DataPreprocessing } from './data_preprocessing';
import { evaluateFlow } from './evaluate_flow';
import type { Feeds } from './trainer';

export interface EvaluatorOptions {
  /** A checkpoint to start from. */
  readonly model?: string | null | undefined;
  readonly session?: Session | null | undefined;
}

/** How the inputs of a graph are preprocessed. */
export function preprocessingOf(graph: Graph): Preprocessing {
  const inputs = graph.getCollection<Tensor>(Keys.INPUTS);
  const all = graph.getCollection<DataPreprocessing | null>(Keys.DATA_PREP);
  return new Map(inputs.flatMap((t, i) => (all[i] ? [[t, all[i]] as const] : [])));
}
const valuesOf = (feeds: Feeds) => new Map([...feeds].map(([t, rows]) => [t, Value.from(rows, t.dtype)]));

/** Predictions and means of tensors. @tensorflow tflearn.Evaluator */
export class Evaluator {
  readonly tensors: readonly Tensor[];
  readonly graph: Graph;
  readonly session: Session;
  readonly saver: Saver;
  /** Resolves when the model is loaded. */
  readonly ready: Promise<void>;

  constructor(tensors: Tensor | readonly Tensor[], { model, session }: EvaluatorOptions = {}) {
    this.tensors = tensors instanceof Tensor ? [tensors] : tensors;
    this.graph = this.tensors[0]!.graph;
    this.session = session ?? new Session({ graph: this.graph });
    this.saver = this.graph.asDefault(() => new Saver());
    this.ready = model ? this.saver.restore(this.session, model) : Promise.resolve();
    this.ready.catch(() => {});
  }

  /** The tensor's value; of several tensors, a list with the rows of each for every sample. */
  async predict(feeds: Feeds): Promise<Value | Nested[][]> {
    await this.ready;
    const feedDict = preprocessed(valuesOf(feeds), preprocessingOf(this.graph));
    await isTraining(false, { session: this.session, graph: this.graph });
    const [only] = this.tensors;
    if (this.tensors.length === 1) return (await this.session.run(only!, { feedDict })) as Value;
    const rows: Nested[][] = [];
    for (const tensor of this.tensors) {
      const found = ((await this.session.run(tensor, { feedDict })) as Value).toArray() as Nested[];
      found.forEach((row, i) => {
        rows[i] ??= [];
        rows[i].push(row);
      });
    }
    return rows;
  }

  /** The mean of each tensor over all rows, batch by batch. */
  async evaluate(
    feeds: Feeds,
    ops: Tensor | readonly Tensor[],
    { batchSize = 128 }: { readonly batchSize?: number | undefined } = {},
  ): Promise<(number | Nested)[]> {
    await this.ready;
    const flow = new FeedDictFlow(valuesOf(feeds), { batchSize, preprocessing: preprocessingOf(this.graph) });
    return evaluateFlow(this.session, ops instanceof Tensor ? [ops] : ops, flow, this.graph);
  }
}
