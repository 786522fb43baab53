/**
 * @file The original question's net in 33 scenarios, against what tflearn 0.5 on TensorFlow gave: outputs, losses, every
 * variable after every step, collections. The figures lie in a folder beside the checkout, or in SLUICE_SHARED.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as tf from '../src';
import { names, plain } from './conformance/harness';

type Matrix = number[][];
type Named<T> = Record<string, T>;
interface Entry {
  readonly op: 'run' | 'state' | 'predict';
  readonly note: string | null;
  readonly fetch?: Named<string>;
  readonly targets?: string[];
  readonly feed?: Named<Matrix | boolean>;
  readonly expect?: Named<unknown>;
  readonly variables?: Named<unknown>;
  readonly reported_loss?: number;
}
interface Scenario {
  readonly what: string;
  readonly variables_after_init: Named<unknown>;
  readonly log: readonly Entry[];
  readonly collections: Named<unknown[]>;
  readonly update_ops?: [name: string, type: string][];
  readonly tolerance_by: Named<number>;
  readonly trainer?: { readonly feeds: Named<Matrix>; readonly 'is_training after each fit': boolean[] };
}

const file = resolve(process.env.SLUICE_SHARED ?? resolve(__dirname, '../../shared'), 'seed/expected.json');
const scenarios: Named<Scenario> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const ids = Object.keys(scenarios).filter((id) => !id.startsWith('__'));

// Some scenarios are the bug itself, of which sluice would warn.
beforeAll(() => tf.logging.setVerbosity(tf.logging.ERROR));

if (ids.length > 0) test('all 33 scenarios are here', () => expect(ids).toHaveLength(33));
else {
  console.warn(`seed.test.ts: no ${file}: the scenarios of the original question are not checked.`);
  test.skip('the scenarios of the original question: their figures are not here', () => {});
}

/** tolerance_by's names: the last part of a variable's name, the averages and tf.layers' weights abbreviated. */
const SHORT: Named<string> = { kernel: 'W', bias: 'b', moving_mean: 'mm', moving_variance: 'mv' };
function toleranceOf(scenario: Scenario, name: string, isVariable: boolean): number {
  const last = name.split('/').at(-1)!;
  const by = scenario.tolerance_by;
  return (isVariable ? by[`var ${SHORT[last] ?? last}`] : undefined) ?? by[name] ?? 1e-5;
}
const flat = (x: unknown): number[] => [x].flat(9).map(Number);
function distance(found: unknown, expected: unknown): number {
  const [a, b] = [flat(plain(found)), flat(expected)];
  return a.length === b.length
    ? b.reduce((worst, e, i) => Math.max(worst, Math.abs(a[i]! - e) || 0, +Number.isNaN(a[i]!)), 0)
    : Infinity;
}

/** fully_connected -> batch_normalization -> leaky_relu, as it was asked about. */
function tflearnNet(x: tf.Tensor, weights: Matrix): tf.Tensor {
  const fc = tf.tflearn.fullyConnected(x, 10, { weightsInit: weights });
  return tf.tflearn.leakyRelu(tf.tflearn.batchNormalization(fc));
}
/** The same in tf.layers. */
function layersNet(x: tf.Tensor, weights: Matrix, training: boolean | tf.Tensor): tf.Tensor {
  const fc = tf.layers.dense(x, 10, { kernelInitializer: tf.initializers.constant(weights), name: 'fc' });
  return tf.nn.leakyRelu(tf.layers.batchNormalization(fc, { training, name: 'bn' }), { alpha: 0.1, name: 'out' });
}

function optimizerOf(id: string) {
  if (id === 'min_on_adam') return new tf.train.AdamOptimizer(0.01);
  if (id === 'min_on_momentum') return new tf.train.MomentumOptimizer(0.05, 0.9);
  return new tf.train.GradientDescentOptimizer(0.1);
}

function build(id: string, weights: Matrix): void {
  const layers = id.startsWith('layers');
  if (!layers) tf.tflearn.initTrainingMode();
  const x = tf.placeholder('float32', { shape: [null, 4], name: 'x' });
  const t = id.startsWith('fwd') ? null : tf.placeholder('float32', { shape: [null, 10], name: 't' });
  const training = id.includes('_ph_')
    ? tf.placeholder('bool', { shape: [], name: 'training' })
    : id.includes('_true_');
  const y = layers ? layersNet(x, weights, training) : tflearnNet(x, weights);
  if (!t) return;
  const loss = tf.reduceMean(tf.square(y.sub(t)), { name: 'loss' });
  const minimize = () => optimizerOf(id).minimize(loss, { name: 'train' });
  if (/updateops|_deps/.test(id)) tf.controlDependencies(tf.getCollection<tf.Operation>('update_ops'), minimize);
  else minimize();
}

function buildDnn(id: string, weights: Matrix): tf.tflearn.DNN {
  if (id !== 'dnn_lazy_graph') tf.tflearn.initTrainingMode();
  const y = tflearnNet(tf.tflearn.inputData({ shape: [null, 4] }), weights);
  const net = tf.tflearn.regression(y, {
    optimizer: id === 'dnn_adam' ? 'adam' : 'sgd',
    learningRate: id === 'dnn_adam' ? 0.01 : 0.1,
    loss: 'mean_square',
    metric: id === 'dnn_sgd_metric' ? 'default' : null,
  });
  return new tf.tflearn.DNN(net);
}

/** The figures of a run start from these values; the training mode is never among them. */
async function load(session: tf.Session, graph: tf.Graph, values: Named<unknown>): Promise<void> {
  const start = Object.entries(values).filter(([name]) => !name.endsWith('is_training'));
  const assigns = tf.withGraph(graph, () =>
    start.map(([name, value]) => tf.assign(graph.getTensorByName(`${name}:0`), value as number)),
  );
  await session.run(assigns);
}

const LISTS =
  /^(variables|trainable_variables|model_variables|is_training.*|layer_.*|activations|inputs|targets|train_op)$/;

for (const id of ids) {
  describe(id, () => {
    const scenario = scenarios[id]!;
    const start = scenario.variables_after_init;
    const weights = (start['FullyConnected/W'] ?? start['fc/kernel']) as Matrix;

    test(scenario.what, async () => {
      const graph = new tf.Graph();
      const dnn = tf.withGraph(graph, () => (id.startsWith('dnn') ? buildDnn(id, weights) : void build(id, weights)));
      for (const [key, list] of Object.entries(scenario.collections)) {
        const found = graph.getCollection<{ name: string }>(key);
        if (LISTS.test(key)) expect([key, ...names(found)]).toEqual([key, ...list]);
      }
      const updates = (scenario.update_ops ?? []).map(([name]) => name);
      expect(names(graph.getCollection<tf.Operation>('update_ops')).map((n) => n.replace(/:0$/, ''))).toEqual(updates);

      const session = dnn?.session ?? new tf.Session({ graph });
      const mode = (on: boolean, where = session) => tf.tflearn.isTraining(on, { session: where, graph });
      if (id === 'min_mode_before_init') await mode(true);
      if (dnn) await dnn.trainer.ready;
      else await session.run(tf.withGraph(graph, () => tf.globalVariablesInitializer()));
      if (id === 'min_other_session') await mode(true, new tf.Session({ graph }));
      await load(session, graph, start);

      const faults: string[] = [];
      const compare = (name: string, found: unknown, expected: unknown, at: string, tolerance: number) => {
        const off = distance(found, expected);
        if (off > tolerance) faults.push(`${at}: ${name} is off by ${off}, ${tolerance} is allowed`);
      };
      for (const entry of scenario.log) {
        const at = entry.note ?? entry.op;
        if (/^tflearn.is_training/.test(at)) await mode(entry.targets![0] === 'Assign');
        else if (entry.op === 'state') {
          if (dnn && at.startsWith('after fit')) await step(dnn, id, scenario, entry, compare);
          for (const [name, value] of Object.entries(entry.variables!)) {
            if (name === '__') continue;
            compare(name, await session.run(`${name}:0`), value, at, toleranceOf(scenario, name, true));
          }
        } else {
          const fetched = dnn
            ? { out: await dnn.predict(Object.values(entry.feed!)[0] as Matrix) }
            : (
                (await session.run([entry.fetch, entry.targets], { feedDict: entry.feed as never })) as [Named<unknown>]
              )[0];
          for (const [name, value] of Object.entries(entry.expect!)) {
            compare(name, (fetched as Named<unknown>)[name], value, at, toleranceOf(scenario, name, false));
          }
        }
      }
      expect(faults).toEqual([]);
    });
  });
}

type Compare = (name: string, found: unknown, expected: unknown, at: string, tolerance: number) => void;
/** One call of fit or fit_batch. */
async function step(
  dnn: tf.tflearn.DNN,
  id: string,
  scenario: Scenario,
  entry: Entry,
  compare: Compare,
): Promise<void> {
  const { 'InputData/X:0': x, 'TargetsData/Y:0': y } = scenario.trainer!.feeds as { [name: string]: Matrix };
  if (id === 'dnn_fit_batch') {
    compare('loss', await dnn.fitBatch(x!, y!), entry.reported_loss, entry.note!, 1e-5);
    return;
  }
  await dnn.fit(x!, y!, {
    nEpoch: 1,
    batchSize: id === 'dnn_two_batches' ? 8 : 16,
    shuffle: false,
    showMetric: id === 'dnn_sgd_metric',
    validationSet: id === 'dnn_sgd_val' ? [x!, y!] : null,
  });
}
