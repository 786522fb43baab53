/**
 * @file A generative adversarial net that learns eight clusters on a ring. It has two train ops, but all layers put their
 * update ops into one collection. Three ways to filter it are compared; the net with the right one is trained.
 */
import * as tf from '../src';
import { ancestors } from './ancestors';
import { progress } from './progress';
import { percent, table } from './table';

const BATCH = 128;
const SAMPLES = 1000;
const CLUSTERS = 8;
const RADIUS = 2;
const SPREAD = 0.15;

type Network = 'generator' | 'discriminator';
/** What a train op waits for: the update ops whose names start so (undefined: all), or with null nothing at all. */
export type Filter = (network: Network) => string | undefined | null;
export const NONE: Filter = () => undefined;
export const SLASH: Filter = (network) => `${network}/`;
export const PREFIX: Filter = (network) => network;
export const NO_UPDATES: Filter = () => null;

/** `count` points of the ring: a cluster at random, and a little noise. */
function ring(count: number): tf.Tensor {
  const cluster = tf.randomUniform([count], { maxval: CLUSTERS, dtype: tf.int32 });
  const angle = tf.cast(cluster, tf.float32).mul((2 * Math.PI) / CLUSTERS);
  const centre = tf.stack([tf.cos(angle), tf.sin(angle)], { axis: 1 }).mul(RADIUS);
  return centre.add(tf.randomNormal([count, 2], { stddev: SPREAD }));
}
/** Noise to `count` points. */
function generator(count: number, training: boolean): tf.Tensor {
  const noise = tf.randomNormal([count, 4]);
  return tf.variableScope('generator', { reuse: tf.AUTO_REUSE }, () => {
    let h = noise;
    for (const i of [1, 2]) {
      h = tf.layers.dense(h, 64, { useBias: false, name: `dense_${i}` });
      h = tf.nn.relu(tf.layers.batchNormalization(h, { training, name: `bn_${i}` }));
    }
    return tf.layers.dense(h, 2, { name: 'points' });
  });
}
/** Points [n, 2] to logits [n, 1]: large for points that look real. */
function discriminator(points: tf.Tensor, training: boolean): tf.Tensor {
  return tf.variableScope('discriminator', { reuse: tf.AUTO_REUSE }, () => {
    let h = tf.layers.dense(points, 64, { activation: tf.nn.leakyRelu, name: 'dense_1' });
    h = tf.layers.dense(h, 64, { useBias: false, name: 'dense_2' });
    h = tf.nn.leakyRelu(tf.layers.batchNormalization(h, { training, name: 'bn' }));
    return tf.layers.dense(h, 1, { name: 'logits' });
  });
}

/** The mean of the cross entropy of logits, where all are to be called real (1) or fake (0). */
const called = (logits: tf.Tensor, target: 0 | 1): tf.Tensor => {
  const labels = target === 1 ? tf.onesLike(logits) : tf.zerosLike(logits);
  return tf.reduceMean(tf.nn.sigmoidCrossEntropyWithLogits({ labels, logits }));
};

export function build(filter: Filter) {
  tf.setRandomSeed(1);
  const real = tf.placeholder(tf.float32, { shape: [null, 2], name: 'real' });
  const fake = generator(BATCH, true);
  const onReal = discriminator(real, true);
  const onFake = discriminator(fake, true); // the same variables, but operations of their own: discriminator_1/...
  const lossD = called(onReal, 1).add(called(onFake, 0));
  const lossG = called(onFake, 1);

  const trainOp = (loss: tf.Tensor, network: Network) => {
    const start = filter(network);
    const updateOps = start === null ? [] : tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS, start);
    const varList = tf.trainableVariables(network); // by the variables' names: a call more makes no difference here
    const optimizer = new tf.train.AdamOptimizer(1e-3, { beta1: 0.5, name: `adam_${network}` });
    return tf.controlDependencies(updateOps, () => optimizer.minimize(loss, { varList }));
  };
  const train = { discriminator: trainOp(lossD, 'discriminator'), generator: trainOp(lossG, 'generator') };
  const sample = generator(SAMPLES, false);
  return { real, lossD, lossG, train, sample, data: ring(BATCH), init: tf.globalVariablesInitializer() };
}

/** The update ops that a run of each train op brings along. */
export function updatesOf(filter: Filter): { all: string[]; discriminator: string[]; generator: string[] } {
  return tf.withGraph(new tf.Graph(), () => {
    const { train } = build(filter);
    const updateOps = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
    const run = (op: tf.Operation) => {
      const brought = ancestors(op);
      return updateOps.filter((u) => brought.has(u)).map((u) => u.name);
    };
    return {
      all: updateOps.map((u) => u.name),
      discriminator: run(train.discriminator),
      generator: run(train.generator),
    };
  });
}

/** A train step of the generator that is fed nothing: the error, or 'runs'. */
export async function feedNothing(filter: Filter): Promise<string> {
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(filter));
  const session = new tf.Session({ graph });
  await session.run(net.init);
  const answer = await session.run(net.train.generator).then(
    () => 'runs',
    (e) => (e as Error).message,
  );
  session.close();
  return answer;
}

export type Points = readonly (readonly [number, number])[];
export interface Round {
  readonly round: number;
  readonly lossD: number;
  readonly lossG: number;
  /** Points [x, y] that the generator makes in inference mode. */
  readonly points: Points;
}

/** Trains both networks in turn, and looks at what is generated at the rounds of `lookAt`. */
export async function train(filter: Filter, lookAt: readonly number[]): Promise<Round[]> {
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(filter));
  const session = new tf.Session({ graph });
  await session.run(net.init);
  const found: Round[] = [];
  const last = lookAt.at(-1)!;
  const bar = progress(filter === NO_UPDATES ? 'without updates' : 'with updates', last);
  for (let round = 1; round <= last; round++) {
    const data = await session.run(net.data);
    const [lossD] = await session.run([net.lossD, net.train.discriminator], { feedDict: new Map([[net.real, data]]) });
    const [lossG] = await session.run([net.lossG, net.train.generator]);
    bar.step(`loss of D ${Number(lossD).toFixed(2)}, of G ${Number(lossG).toFixed(2)}`);
    if (!lookAt.includes(round)) continue;
    const { data: xy } = (await session.run(net.sample)) as tf.Value;
    const points = Array.from({ length: SAMPLES }, (_, i): [number, number] => [
      Number(xy[2 * i]),
      Number(xy[2 * i + 1]),
    ]);
    found.push({ round, lossD: Number(lossD), lossG: Number(lossG), points });
  }
  bar.stop();
  session.close();
  return found;
}

/** How many points lie in each cluster, within three deviations of its centre. */
export function clusters(points: Points): number[] {
  const counts = new Array<number>(CLUSTERS).fill(0);
  for (const [x, y] of points) {
    const nearest = (Math.round((Math.atan2(y, x) * CLUSTERS) / (2 * Math.PI)) + CLUSTERS) % CLUSTERS;
    const angle = (nearest * 2 * Math.PI) / CLUSTERS;
    const distance = Math.hypot(x - RADIUS * Math.cos(angle), y - RADIUS * Math.sin(angle));
    if (distance < 3 * SPREAD) counts[nearest]!++;
  }
  return counts;
}

/** The square from -3 to 3 as lines of text: the darker the sign, the more points lie there. */
function scatter(points: Points, columns = 34, lines = 17): string[] {
  const counts = Array.from({ length: lines }, () => new Array<number>(columns).fill(0));
  for (const [x, y] of points) {
    const row = counts[Math.floor(((3 - y) / 6) * lines)];
    const column = Math.floor(((x + 3) / 6) * columns);
    if (row?.[column] !== undefined) row[column]++;
  }
  return counts.map((row) => row.map((n) => ' .:+*#'[Math.min(n, 5)]).join(''));
}

/** Pictures side by side, each with a title. */
function sideBySide(pictures: Readonly<Record<string, string[]>>): string {
  const columns = Object.entries(pictures).map(([title, lines]) => [title, ...lines]);
  const width = Math.max(...columns.flat().map((line) => line.length)) + 3;
  return columns[0]!
    .map((_, i) =>
      columns
        .map((lines) => lines[i]!.padEnd(width))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

const FILTERS: Readonly<Record<string, Filter>> = { 'no filter': NONE, "'NETWORK/'": SLASH, "'NETWORK'": PREFIX };

/** A row for each update op: which train op runs it, by filter. */
function trainOpTable(): string {
  const ways = Object.values(FILTERS).map(updatesOf);
  const rows = ways[0]!.all.map((update) => [
    update,
    ...ways.map((way) => {
      const by = (['discriminator', 'generator'] as const).filter((network) => way[network].includes(update));
      return by.map((network) => (network === 'discriminator' ? 'D' : 'G')).join(' and ') || 'none';
    }),
  ]);
  return table(['update op', ...Object.keys(FILTERS)], rows);
}

/** What some filters take, in a graph with a second generator and with a discriminator that is called twice. */
export function taken(filters: readonly string[]): string[][] {
  return tf.withGraph(new tf.Graph(), () => {
    const x = tf.zeros([1, 1]);
    for (const scope of ['generator', 'generator_2', 'discriminator', 'discriminator']) {
      tf.variableScope(scope, { reuse: tf.AUTO_REUSE }, () =>
        tf.layers.batchNormalization(x, { training: true, name: 'bn' }),
      );
    }
    return filters.map((filter) => {
      const found = tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS, filter);
      return [...new Set(found.map((op) => op.name.replace(/bn.*/, '')))];
    });
  });
}

export async function main(): Promise<void> {
  tf.logging.setVerbosity(tf.logging.ERROR); // the engine would warn of the second training, as missing_dependency.ts shows
  console.log(`A generative adversarial net: D learns to tell points of a ring from those that G makes, G to deceive D.
D is called twice, on real and on fake points; the second call's operations are named discriminator_1/...

Which train op runs which update ops, where it waits for tf.getCollection(tf.GraphKeys.UPDATE_OPS, filter)
(NETWORK stands for discriminator in D's train op, for generator in G's):

${trainOpTable()}

A step of G without points to feed for D:
  no filter   ${(await feedNothing(NONE)).split('\n')[0]}
  'NETWORK'   ${await feedNothing(PREFIX)}

The filter is a regular expression that the start of an operation's name must match, so:`);
  const filters = ['gen', 'generator', 'generator/', 'discriminator', 'discriminator/'];
  for (const [i, names] of taken(filters).entries()) {
    console.log(`  ${`'${filters[i]}'`.padEnd(16)}  takes the updates of ${names.join(' and ')}`);
  }

  const lookAt = [100, 1000, 3000, 8000];
  const rounds = await train(PREFIX, lookAt);
  const [without] = await train(NO_UPDATES, lookAt.slice(-1));
  const near = (points: Points) => percent(clusters(points).reduce((sum, n) => sum + n) / points.length);
  const rows = rounds.map(({ round, lossD, lossG, points }) => {
    const counts = clusters(points);
    const range = `${Math.min(...counts)} to ${Math.max(...counts)}`;
    return [String(round), lossD.toFixed(2), lossG.toFixed(2), range, near(points)];
  });
  const [updated, stale] = [rounds.at(-1)!.points, without!.points];
  console.log(`
Trained with the filter 'NETWORK':

${table(['rounds', 'loss of D', 'loss of G', 'in a cluster, of 1000', 'in all 8 clusters'], rows)}

What G makes in inference mode after ${lookAt.at(-1)} rounds, and how much of it lies in the clusters:

${sideBySide({
  [`with its updates: ${near(updated)}`]: scatter(updated),
  [`trained without any: ${near(stale)}`]: scatter(stale),
})}

Seen: without its own updates, of every call, a network trains well but infers badly: its averages stay at 0 and 1.`);
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
