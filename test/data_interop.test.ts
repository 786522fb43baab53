/** @file Graphs with datasets and functions, to and from TensorFlow's MetaGraph files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import * as tf from '../src';
import { Dataset } from '../src/data/dataset';
import { functionsOf } from '../src/graph/functions';
import { importGraphDef } from '../src/interop/import_graph';
import { readGraphDef, writeGraphDef, writeMetaGraph } from '../src/interop/messages';
import { asGraphDef, exportScopedMetaGraph } from '../src/interop/meta_graph';
import { FunctionDefLibrarySchema, type GraphDef } from '../src/interop/proto/tensorflow_pb';

const file = (name: string): Buffer => readFileSync(join(__dirname, 'data', name));
/** Made by TensorFlow 1.15.5, with the values it gives for these names. */
const META = new Uint8Array(file('meta/tf_data.meta'));
const VALUES = JSON.parse(file('tf_data_values.json').toString()) as Readonly<Record<string, unknown>>;

const plain = (x: unknown): unknown =>
  x instanceof tf.Value ? plain(x.toArray()) : Array.isArray(x) ? x.map(plain) : typeof x === 'bigint' ? Number(x) : x;

async function drain(session: tf.Session, names: readonly string[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (;;) {
    try {
      found.push(plain(await session.run([...names])));
    } catch (e) {
      if ((e as tf.GraphError).code === 'OutOfRange') return found;
      throw e;
    }
  }
}
async function valuesOf(graph: tf.Graph): Promise<Record<string, unknown>> {
  const session = new tf.Session({ graph });
  await session.run('init');
  await session.run('begin');
  const found: Record<string, unknown> = {};
  for (const name of ['ab', 'one', 'pq', 'wh']) {
    found[name] = await drain(
      session,
      name.length === 2 && name !== 'wh' ? [...name].map((n) => `${n}:0`) : [`${name}:0`],
    );
  }
  found.red = [[plain(await session.run('red:0'))]];
  await session.run('begin');
  found.ab2 = await drain(session, ['a:0', 'b:0']);
  session.close();
  return found;
}
const imported = (bytes: Uint8Array): tf.Graph => {
  const graph = new tf.Graph();
  tf.withGraph(graph, () => void tf.train.importMetaGraph(bytes));
  return graph;
};

test('TensorFlow’s file runs, and gives TensorFlow’s elements in its order', async () => {
  expect(await valuesOf(imported(META))).toEqual(VALUES);
});

test('what was imported is exported again with its functions, and runs', async () => {
  const graph = imported(META);
  const again = imported(writeMetaGraph(exportScopedMetaGraph({ graph }).metaGraph));
  expect([...functionsOf(again).keys()].sort()).toEqual([...functionsOf(graph).keys()].sort());
  expect(await valuesOf(again)).toEqual(VALUES);
});

describe('the function library', () => {
  /** The graph of a program as a GraphDef, through bytes. */
  const exported = (build: () => void): GraphDef => {
    const graph = new tf.Graph();
    tf.withGraph(graph, build);
    return readGraphDef(writeGraphDef(asGraphDef(graph)));
  };
  const double = (x: tf.Tensor): tf.Tensor => x.mul(2);

  test('has a function as TensorFlow writes it', () => {
    const { library } = exported(() => {
      const c = tf.constant(3, { name: 'cc' });
      const v = tf.getVariable('v', { initializer: tf.constant(2) });
      Dataset.fromTensorSlices([1, 2]).map((x: tf.Tensor) => [x.mul(v).add(c), x]);
    });
    const [f] = library!.function;
    expect(f!.signature!.name).toMatch(/^__inference_Dataset_map_<lambda>_\d+$/);
    expect(f!.signature!.inputArg.map((a) => a.name)).toEqual(['args_0', 'mul_v_read', 'add_cc']);
    expect(f!.signature!.outputArg.map((a) => a.name)).toEqual(['identity', 'identity_1']);
    expect(f!.nodeDef.map((n) => `${n.name} ${n.op}(${n.input})`)).toEqual([
      'mul Mul(args_0,mul_v_read)',
      'add AddV2(mul:z:0,add_cc)',
      'Identity Identity(add:z:0)',
      'Identity_1 Identity(args_0)',
    ]);
    expect(f!.ret).toEqual({ identity: 'Identity:output:0', identity_1: 'Identity_1:output:0' });
  });

  test('orders ops with effects, and has the inner functions too', () => {
    const { library } = exported(() =>
      Dataset.range(3).flatMap((x: tf.Tensor) => Dataset.fromTensors(x).map(double).shuffle(3)),
    );
    const [outer, inner] = library!.function;
    expect(outer!.signature!.controlOutput).toEqual(['TensorDataset']);
    expect(outer!.signature!.isStateful).toBe(true);
    expect(outer!.nodeDef.map((n) => `${n.name}(${n.input})`)).toEqual([
      'TensorDataset(args_0)',
      'MapDataset(TensorDataset:handle:0)',
      'buffer_size()',
      'seed()',
      'seed2()',
      'ShuffleDataset(MapDataset:handle:0,buffer_size:output:0,seed:output:0,seed2:output:0)',
      'Identity(ShuffleDataset:handle:0,^TensorDataset)',
    ]);
    expect(inner!.signature!.name).toMatch(/^__inference_Dataset_map_double_\d+$/);
  });

  test('makes the dataset of a one-shot iterator anew, without inputs', () => {
    const { library } = exported(() => void Dataset.fromTensors(tf.constant(1)).repeat(2).makeOneShotIterator());
    const [f] = library!.function;
    expect(f!.signature!.name).toMatch(/^_make_dataset_[\w-]{11}$/);
    expect(f!.signature!.description).toBe('Factory function for a dataset.');
    expect(f!.nodeDef.map((n) => n.name)).toEqual([
      'optimizations',
      'OptimizeDataset/Const',
      'OptimizeDataset/TensorDataset',
      'OptimizeDataset/count',
      'OptimizeDataset/RepeatDataset',
      'OptimizeDataset',
      'ModelDataset',
    ]);
  });

  test('refuses another function of a name that it has', () => {
    const def = exported(() => void Dataset.range(3).map(double));
    const graph = new tf.Graph();
    const add = () => tf.withGraph(graph, () => importGraphDef(def));
    add();
    add();
    def.library!.function[0]!.nodeDef[1]!.op = 'AddV2';
    const { name } = def.library!.function[0]!.signature!;
    expect(add).toThrow(
      `Cannot add function '${name}' because a different function with the same name already exists.`,
    );
  });

  test('that lacks a function lets the op fail, and the session works on', async () => {
    const def = exported(() => {
      const i = Dataset.range(3).map(double).makeInitializableIterator();
      tf.identity(i.getNext(), { name: 'next' });
      tf.group([i.initializer], { name: 'begin' });
      tf.constant(1, { name: 'one' });
    });
    def.library!.function.length = 0;
    const graph = new tf.Graph();
    tf.withGraph(graph, () => importGraphDef(def, { name: '' }));
    const session = new tf.Session({ graph });
    await expect(session.run('begin')).rejects.toThrow(/^Function __inference_Dataset_map_double_\d+ is not defined\./);
    expect(Number(await session.run('one:0'))).toBe(1);
  });

  test('damaged says what is wrong', () => {
    const def = exported(() => void Dataset.range(3).map(double));
    def.library!.function[0]!.nodeDef[0]!.input = ['nobody:output:0'];
    expect(() => tf.withGraph(new tf.Graph(), () => importGraphDef(def))).toThrow(
      /Unknown input node 'nobody:output:0'/,
    );
    def.library!.function[0]!.ret = {};
    def.library!.function[0]!.nodeDef = [];
    expect(() => tf.withGraph(new tf.Graph(), () => importGraphDef(def))).toThrow(/does not say what its output/);
    expect(toBinary(FunctionDefLibrarySchema, def.library!).length).toBeGreaterThan(0);
  });
});
