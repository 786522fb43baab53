/**
 * @file Word embeddings by skip-gram: from each word of Alice's Adventures in Wonderland the words around it are guessed.
 * Words that are used alike get vectors that point the same way.
 */
import * as tf from '../src';
import { progress } from './progress';
import { table } from './table';
import { alice } from './text';

const SIZE = 48; // numbers a word
const NEAREST = 5;
const WINDOW = 3; // words to either side
const BATCH = 512;
const DRAWN = 64; // words drawn at random, for all pairs of a batch

/** The words that occur at least `least` times, the most frequent first, and the text in them. */
export function vocabulary(text: string, least: number): { words: string[]; ids: Int32Array } {
  const all = text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?/g)!;
  const counts = new Map<string, number>();
  for (const word of all) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = [...counts.keys()]
    .filter((w) => counts.get(w)! >= least)
    .sort((a, b) => counts.get(b)! - counts.get(a)!);
  const idOf = new Map(words.map((word, id) => [word, id]));
  return { words, ids: Int32Array.from(all.flatMap((word) => idOf.get(word) ?? [])) };
}

/** Pairs of a word and one near it, in random order. Of words as frequent as 'the' most are passed over. */
function pairs(ids: Int32Array, size: number, random: () => number): { centre: Int32Array; near: Int32Array } {
  const counts = new Float64Array(size);
  for (const id of ids) counts[id]!++;
  const text = ids.filter((id) => random() < Math.sqrt((0.001 * ids.length) / counts[id]!));
  const found: [number, number][] = [];
  for (const [i, id] of text.entries()) {
    for (const other of text.subarray(Math.max(i - WINDOW, 0), i)) found.push([id, other], [other, id]);
  }
  for (let i = found.length - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [found[i], found[k]] = [found[k]!, found[i]!];
  }
  return { centre: Int32Array.from(found, ([c]) => c), near: Int32Array.from(found, ([, n]) => n) };
}

function build(size: number) {
  tf.setRandomSeed(1);
  const centre = tf.placeholder(tf.int32, { shape: [null], name: 'centre' });
  const near = tf.placeholder(tf.int32, { shape: [null], name: 'near' });
  const embeddings = tf.getVariable('embeddings', {
    shape: [size, SIZE],
    initializer: tf.randomUniformInitializer(-0.5, 0.5),
  });
  const contexts = tf.getVariable('contexts', { shape: [size, SIZE], initializer: tf.zerosInitializer() });
  const biases = tf.getVariable('biases', { shape: [size], initializer: tf.zerosInitializer() });
  const word = tf.nn.embeddingLookup(embeddings, centre);
  const label = tf.expandDims(tf.cast(near, tf.int64), 1);
  // Tells the word that stands near from words drawn at random: frequent ones, which have low numbers, most often.
  const loss = tf.reduceSum(tf.nn.sampledSoftmaxLoss(contexts, biases, label, word, DRAWN, size));

  // The gradients are IndexedSlices: only the rows that were looked up move.
  const optimizer = new tf.train.AdagradOptimizer(0.1);
  const trainOp = optimizer.minimize(loss);
  const perPair = loss.truediv(tf.cast(tf.size(centre), tf.float32));

  const directions = tf.nn.l2Normalize(embeddings, 1);
  const asked = tf.placeholder(tf.int32, { shape: [null], name: 'asked' });
  const cosines = tf.matmul(tf.gather(directions, asked), directions, { transposeB: true });
  const nearest = tf.nn.topK(cosines, NEAREST + 1); // the first is the word itself
  return { centre, near, asked, trainOp, perPair, nearest, init: tf.globalVariablesInitializer() };
}

interface Nearest {
  readonly values: tf.Value;
  readonly indices: tf.Value;
}
export interface Learned {
  readonly words: number;
  readonly pairs: number;
  /** The mean loss of a pair in each pass over the text. */
  readonly losses: number[];
  /** For each word that was asked about, the nearest words and the cosine of the angle. */
  readonly nearest: Map<string, [word: string, cosine: number][]>;
}

/** Learns the words that occur at least `least` times, and tells what lies near those of `ask`. */
export async function learn(passes: number, least: number, ask: readonly string[]): Promise<Learned> {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const { words, ids } = vocabulary(alice(), least);

  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(words.length));
  const session = new tf.Session({ graph });
  await session.run(net.init);
  const losses: number[] = [];
  const bar = progress('passes over the text', passes);
  let count = 0;
  for (let pass = 0; pass < passes; pass++) {
    const { centre, near } = pairs(ids, words.length, random);
    let sum = 0;
    const batches = Math.floor(centre.length / BATCH);
    for (let i = 0; i < batches; i++) {
      const rows = (data: Int32Array) => new tf.Value('int32', [BATCH], data.subarray(i * BATCH, (i + 1) * BATCH));
      const feedDict = new Map([
        [net.centre, rows(centre)],
        [net.near, rows(near)],
      ]);
      const [loss] = await session.run([net.perPair, net.trainOp], { feedDict });
      sum += Number(loss);
    }
    count += batches * BATCH;
    losses.push(sum / batches);
    bar.step(`loss ${(sum / batches).toFixed(3)}`);
  }
  bar.stop();

  const asked = ask.map((word) => words.indexOf(word));
  const { values, indices } = (await session.run(net.nearest, { feedDict: new Map([[net.asked, asked]]) })) as Nearest;
  session.close();
  const nearest = new Map<string, [string, number][]>();
  for (const [row, word] of ask.entries()) {
    const places = Array.from({ length: NEAREST }, (_, i) => row * (NEAREST + 1) + i + 1);
    nearest.set(
      word,
      places.map((at) => [words[Number(indices.data[at])]!, Number(values.data[at])]),
    );
  }
  return { words: words.length, pairs: count, losses, nearest };
}

export async function main(): Promise<void> {
  const [passes, least] = [30, 5];
  console.log(`Skip-gram on Alice's Adventures in Wonderland: ${SIZE} numbers for each word that occurs ${least} times or more,
learned from pairs of words that stand at most ${WINDOW} apart.\n`);
  const ask = ['gryphon', 'queen', 'door', 'two', 'she', 'know', 'head', 'dormouse'];
  const { words, pairs: seen, losses, nearest } = await learn(passes, least, ask);
  const shown = [1, 3, 10, 20, passes].map((pass) => [String(pass), losses[pass - 1]!.toFixed(3)]);
  const rows = ask.map((word) => [word, ...nearest.get(word)!.map(([near, cosine]) => `${near} ${cosine.toFixed(2)}`)]);
  console.log(`${table(['pass', 'loss of a pair'], shown)}

After ${(seen / 1e6).toFixed(1)} million pairs, the nearest of the ${words} words, with the cosine of the angle between them:

${table(['', ...Array.from({ length: NEAREST }, (_, i) => String(i + 1))], rows)}

Seen: words that stand among the same words lie close, as door and key do: the loss sees only products of two vectors.`);
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
