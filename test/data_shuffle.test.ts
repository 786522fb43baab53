/**
 * @file The order of shuffled elements is TensorFlow 1.15.5's own, for the same seeds. data/shuffle_orders.json was
 * printed from it: [program, graph seed, op seed, buffer size, n, one-shot, at most so many, orders by pass].
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '../src';
import { Dataset } from '../src/data/dataset';

type Row = readonly [
  name: string,
  graphSeed: number | null,
  seed: number | null,
  buffer: number,
  n: number,
  oneShot: boolean,
  most: number,
  orders: readonly (readonly (number | string | null)[])[],
];
const rows = JSON.parse(readFileSync(join(__dirname, 'data/shuffle_orders.json'), 'utf8')) as readonly Row[];

type Program = (n: number, shuffled: (d: Dataset, reshuffleEachIteration?: boolean) => Dataset) => Dataset;
const { range } = Dataset;
const same = (x: tf.Tensor): tf.Tensor => x;
const programs: Readonly<Record<string, Program>> = {
  plain: (n, s) => s(range(n)),
  fixed: (n, s) => s(range(n), false),
  rep: (n, s) => s(range(n)).repeat(3),
  rep1: (n, s) => s(range(n)).repeat(1),
  rep0: (n, s) => s(range(n)).repeat(0),
  fixedrep: (n, s) => s(range(n), false).repeat(3),
  maprep: (n, s) => s(range(n)).map(same).repeat(3),
  repshuf: (n, s) => s(range(n).repeat(3)),
  batchrep: (n, s) =>
    s(range(n))
      .batch(1)
      .map((x: tf.Tensor) => x.at(0))
      .repeat(2),
  takerep: (n, s) => s(range(n)).take(4).repeat(3),
  skip0rep: (n, s) => s(range(n)).skip(0).repeat(3),
  inf: (n, s) => s(range(n)).repeat(),
  two: (n, s) =>
    s(s(range(n)))
      .map(same)
      .repeat(2),
  flat: (n, s) => range(3).flatMap(() => s(range(n))),
  flatrep: (n, s) =>
    range(2)
      .flatMap(() => s(range(n)))
      .map(same)
      .repeat(2),
  concat: (n, s) =>
    s(range(n))
      .concatenate(s(range(n)))
      .repeat(2),
  zip: (n, s) =>
    Dataset.zip([s(range(n)).repeat(2), s(range(n)).repeat(2)]).map((a: tf.Tensor, b: tf.Tensor) => a.mul(10).add(b)),
  prefetchrep: (n, s) => s(range(n)).prefetch(0).repeat(2),
  prefetch1rep: (n, s) => s(range(n)).prefetch(1).repeat(2),
  shardrep: (n, s) => s(range(n)).shard(1, 0).repeat(2),
  takeallrep: (n, s) => s(range(n)).take(-1).repeat(2),
  reprep: (n, s) => s(range(n)).repeat(2).repeat(2),
  interleave: (n, s) => range(3).interleave(() => s(range(n)), { cycleLength: 2, blockLength: 1 }),
  cacherep: (n, s) => s(range(n)).cache().repeat(2),
  window: (n, s) =>
    range(n)
      .window(3)
      .flatMap((w: Dataset) => s(w)),
  once: (n, s) => s(range(n)).map(same).repeat(1).repeat(2),
};

/** The elements up to `most`, null for the end, or the first line of what went wrong. */
async function drain(session: tf.Session, next: tf.Tensor, most: number): Promise<unknown[]> {
  const found: unknown[] = [];
  try {
    while (found.length < most) found.push(Number(await session.run(next)));
  } catch (e) {
    const { code, message } = e as tf.GraphError;
    found.push(code === 'OutOfRange' ? null : message.split('\n')[0]);
  }
  return found;
}

test.each(rows)('%s: graph seed %p, seed %p, buffer %i of %i, one-shot %p', async (...row) => {
  const [name, graphSeed, seed, buffer, n, oneShot, most, orders] = row;
  const graph = new tf.Graph();
  const { iterator, next } = tf.withGraph(graph, () => {
    if (graphSeed !== null) tf.setRandomSeed(graphSeed);
    const dataset = programs[name]!(n, (d, reshuffleEachIteration) =>
      d.shuffle(buffer, { seed: seed ?? undefined, reshuffleEachIteration }),
    );
    const made = oneShot ? dataset.makeOneShotIterator() : dataset.makeInitializableIterator();
    return { iterator: made, next: made.getNext() as tf.Tensor };
  });
  const session = new tf.Session({ graph });
  for (const order of orders) {
    const begun = oneShot ? Promise.resolve(null) : session.run(iterator.initializer);
    const failure = await begun.then(
      () => null,
      (e: Error) => e.message.split('\n')[0],
    );
    expect(failure === null ? await drain(session, next, most) : [failure]).toEqual(order);
  }
  session.close();
});
