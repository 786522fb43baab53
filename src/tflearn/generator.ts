/** @file SequenceGenerator: a net that says what comes next, and sequences made with it. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { Value } from '../value/value';
import { isTraining } from './config';
import { makeBatches } from './data_flow';
import { type DNNOptions, type FitOptions, Model } from './dnn';
import { type Data, rowsOf, takeRows } from './feeds';
import type { RestoreOptions } from './restore_names';
import { say } from './terminal';

export interface SequenceGeneratorOptions extends Omit<DNNOptions, 'bestCheckpointPath' | 'bestValAccuracy'> {
  /** The number of each element, 0 to the last one. */
  readonly dictionary: Readonly<Record<string, number>>;
  /** How many steps the net sees. */
  readonly seqMaxlen?: number | undefined;
}
export interface GenerateOptions<S extends string | readonly string[]> {
  /** Below 1 the likeliest elements become likelier still. */
  readonly temperature?: number | undefined;
  /** What to go on from. */
  readonly seqSeed: S;
  /** Prints the sequence as it grows. */
  readonly display?: boolean | undefined;
}

/** An index, drawn by its probability. */
function sample(probabilities: readonly number[], temperature: number): number {
  const weights = probabilities.map((p) => Math.exp(Math.log(p) / temperature));
  let left = Math.random() * weights.reduce((a, b) => a + b, 0);
  for (const [i, w] of weights.entries()) {
    left -= w;
    if (left < 0) return i;
  }
  return weights.length - 1;
}

/**
 * Generates text or other sequences; gradients are not clipped unless asked for.
 * @tensorflow tflearn.SequenceGenerator
 */
export class SequenceGenerator extends Model {
  readonly dictionary: Readonly<Record<string, number>>;
  readonly seqMaxlen: number;
  readonly #elements: readonly string[];

  constructor(network: Tensor, { dictionary, seqMaxlen = 25, ...options }: SequenceGeneratorOptions) {
    super(network, { clipGradients: 0, ...options });
    this.makePredictor();
    this.dictionary = dictionary;
    this.seqMaxlen = seqMaxlen;
    const elements: string[] = [];
    for (const [element, i] of Object.entries(dictionary)) elements[i] = element;
    this.#elements = elements;
  }

  override async fit(x: Data, y: Data, options: Omit<FitOptions, 'validationBatchSize' | 'callbacks'> = {}) {
    await super.fit(x, y, { ...options, validationBatchSize: null });
    this.makePredictor();
  }

  /**
   * The seed and so many elements after it, as text or as a list. Raises Value for a seed that is longer than what the net
   * sees, and Key for elements that are not in the dictionary.
   */
  async generate<S extends string | readonly string[]>(
    seqLength: number,
    { temperature = 0.5, seqSeed, display = false }: GenerateOptions<S>,
  ): Promise<S extends string ? string : string[]> {
    await this.trainer.ready;
    const isText = typeof seqSeed === 'string';
    const whole: string[] = isText ? seqSeed.split('') : [...seqSeed];
    if (whole.length > this.seqMaxlen) {
      throw new GraphError('Value', `The seed has ${whole.length} elements, but the net sees only ${this.seqMaxlen}.`);
    }
    const seen = [...whole];
    if (display) say(String(seqSeed));
    for (let i = 0; i < seqLength; i++) {
      const next = this.#elements[sample(await this.#predict(seen), temperature)]!;
      seen.shift();
      seen.push(next);
      whole.push(next);
      if (display) say(next);
    }
    if (display) say('\n');
    return (isText ? whole.join('') : whole) as S extends string ? string : string[];
  }
  async #predict(seen: readonly string[]): Promise<number[]> {
    const width = Object.keys(this.dictionary).length;
    const x = Value.zeros('float32', [1, this.seqMaxlen, width]);
    seen.forEach((element, t) => {
      const at = this.dictionary[element];
      if (at === undefined) throw new GraphError('Key', `'${element}' is not in the dictionary.`);
      x.data[t * width + at] = 1;
    });
    const found = (await this.predictor.predict(this.feeds(x, null))) as Value;
    return Array.from(found.data as ArrayLike<number>).slice(0, found.shape.at(-1) ?? 1);
  }

  /** Brings a checkpoint back. */
  load(modelFile: string, options: RestoreOptions = {}): Promise<void> {
    return this.restore(modelFile, options);
  }

  /** The net's output, averaged over the batches as TFLearn does. Raises Value where the last batch is smaller. */
  async evaluate(x: Data, y: Data, { batchSize = 128 }: { readonly batchSize?: number | undefined } = {}) {
    await this.trainer.ready;
    const feeds = this.feeds(x, y);
    await isTraining(false, { session: this.session, graph: this.net.graph });
    const batches = makeBatches(rowsOf(feeds), batchSize);
    let mean: Value | null = null;
    for (const [from, to] of batches) {
      const rows = Array.from({ length: to - from }, (_, i) => from + i);
      const feedDict = new Map([...feeds].map(([t, v]) => [t, takeRows(v, rows)]));
      const out = (await this.session.run(this.net, { feedDict })) as Value;
      mean ??= Value.zeros(out.dtype, out.shape);
      if (out.data.length !== mean.data.length) {
        throw new GraphError(
          'Value',
          `operands could not be broadcast together with shapes (${mean.shape}) (${out.shape})`,
        );
      }
      for (let i = 0; i < out.data.length; i++) mean.data[i]! += out.data[i]! / batches.length;
    }
    return mean;
  }
}
