/**
 * @file An LSTM that reads Alice's Adventures in Wonderland and guesses each next character: dynamicRnn, gradients
 * clipped by their global norm, Adam. At the end it writes a text of its own.
 */
import * as tf from '../src';
import { progress } from './progress';
import { percent, table } from './table';
import { alice } from './text';

const STREAMS = 32; // places of the text that are read side by side
const LENGTH = 64; // characters a step
const UNITS = 128;
const CLIP = 0.5;

/** What an LSTM hands from one character to the next: its memory, and its output. */
interface State {
  readonly c: tf.Tensor;
  readonly h: tf.Tensor;
}

function build(characters: number) {
  tf.setRandomSeed(1);
  const inputs = tf.placeholder(tf.int32, { shape: [null, null], name: 'inputs' }); // [streams, time]
  const targets = tf.placeholder(tf.int32, { shape: [null, null], name: 'targets' });
  const cell = new tf.nn.rnnCell.BasicLSTMCell(UNITS);
  const start = cell.zeroState(tf.shape(inputs).at(0), tf.float32) as State;
  const [outputs, end] = tf.nn.dynamicRnn(cell, tf.oneHot(inputs, characters), { initialState: start });
  const logits = tf.layers.dense(outputs, characters);
  const loss = tf.losses.sparseSoftmaxCrossEntropy(targets, logits);

  const variables = tf.trainableVariables();
  const gradients = tf.gradients(loss, variables);
  // One long gradient shortens all of them alike, so that their direction stays.
  const [clipped, norm] = tf.clipByGlobalNorm(gradients, CLIP);
  const trainOp = new tf.train.AdamOptimizer(0.01).applyGradients(variables.map((v, i) => [clipped[i]!, v]));

  const last = tf.reshape(logits, [-1, characters]).truediv(0.6); // less than 1 prefers likely characters
  const next = tf.multinomial(last, 1);
  return {
    inputs,
    targets,
    start,
    end: end as State,
    loss,
    norm,
    trainOp,
    next,
    init: tf.globalVariablesInitializer(),
  };
}

/** The text as numbers, and its alphabet. */
function encode(text: string): { codes: Int32Array; alphabet: string[] } {
  const alphabet = [...new Set(text)].sort();
  const codeOf = new Map(alphabet.map((character, code) => [character, code]));
  return { codes: Int32Array.from(text, (character) => codeOf.get(character)!), alphabet };
}

/** `LENGTH` characters of each stream from `offset` on. The streams begin at equal distances in the text. */
function window(codes: Int32Array, offset: number): tf.Value {
  const stream = Math.floor(codes.length / STREAMS);
  const data = new Int32Array(STREAMS * LENGTH);
  for (let i = 0; i < STREAMS; i++) {
    data.set(codes.subarray(i * stream + offset, i * stream + offset + LENGTH), i * LENGTH);
  }
  return new tf.Value('int32', [STREAMS, LENGTH], data);
}

export interface Interval {
  readonly step: number;
  /** e to the mean loss: among how many characters the net might as well choose at random. */
  readonly perplexity: number;
  readonly meanNorm: number;
  /** The fraction of steps whose gradient was clipped. */
  readonly clipped: number;
}

/** Trains for some steps, telling every `every` steps how it went, and then writes `count` characters after `prompt`. */
export async function train(
  steps: number,
  every: number,
  prompt: string,
  count: number,
): Promise<{ intervals: Interval[]; written: string; alphabet: number }> {
  const { codes, alphabet } = encode(alice());
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(alphabet.length));
  const session = new tf.Session({ graph });
  await session.run(net.init);

  const intervals: Interval[] = [];
  let seen: { loss: number; norm: number }[] = [];
  const mean = (f: (s: { loss: number; norm: number }) => number) =>
    seen.reduce((sum, s) => sum + f(s), 0) / seen.length;
  const bar = progress('reading', steps);
  const perPass = Math.floor((codes.length / STREAMS - 1) / LENGTH);
  let state: { c: tf.Value; h: tf.Value } | undefined;
  for (let step = 1; step <= steps; step++) {
    const offset = ((step - 1) % perPass) * LENGTH;
    if (offset === 0) state = undefined; // back at the beginning: the net remembers nothing
    const feedDict = new Map([
      [net.inputs, window(codes, offset)],
      [net.targets, window(codes, offset + 1)],
    ]);
    if (state) feedDict.set(net.start.c, state.c).set(net.start.h, state.h);
    const [loss, norm, end] = await session.run([net.loss, net.norm, net.end, net.trainOp], { feedDict });
    state = end as { c: tf.Value; h: tf.Value };
    seen.push({ loss: Number(loss), norm: Number(norm) });
    bar.step(`perplexity ${Math.exp(Number(loss)).toFixed(2)}`);
    if (step % every !== 0) continue;
    intervals.push({
      step,
      perplexity: Math.exp(mean((s) => s.loss)),
      meanNorm: mean((s) => s.norm),
      clipped: mean((s) => (s.norm > CLIP ? 1 : 0)),
    });
    seen = [];
  }
  bar.stop();

  let written = prompt;
  let unread = prompt;
  state = undefined;
  while (written.length < count) {
    const read = Int32Array.from(unread, (character) => alphabet.indexOf(character));
    const feedDict = new Map([[net.inputs, new tf.Value('int32', [1, read.length], read)]]);
    if (state) feedDict.set(net.start.c, state.c).set(net.start.h, state.h);
    const [next, end] = await session.run([net.next, net.end], { feedDict });
    state = end as { c: tf.Value; h: tf.Value };
    unread = alphabet[Number([...(next as tf.Value).data].at(-1))]!;
    written += unread;
  }
  session.close();
  return { intervals, written, alphabet: alphabet.length };
}

export async function main(): Promise<void> {
  console.log(`An LSTM with ${UNITS} units reads Alice's Adventures in Wonderland, ${STREAMS} x ${LENGTH} characters a step,
and guesses each next character. Gradients whose global norm is more than ${CLIP} are clipped.\n`);
  const { intervals, written, alphabet } = await train(320, 40, 'Alice ', 500);
  const rows = intervals.map((i) => [
    String(i.step),
    i.perplexity.toFixed(2),
    i.meanNorm.toFixed(2),
    percent(i.clipped),
  ]);
  console.log(table(['steps', 'perplexity', 'norm of the gradient', 'steps clipped'], rows));
  console.log(`
What it writes, character by character, after reading "Alice ":

${written
  .trim()
  .replace(/(.{1,96})( |$)/gm, '    $1\n')
  .trimEnd()}

Seen: perplexity falls from ${alphabet}, the size of the alphabet, to ${intervals.at(-1)!.perplexity.toFixed(1)}: the state carries what was read, so words appear.`);
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
