/** @file Importing GraphDefs and MetaGraphs: names, replaced inputs, errors, scopes. */
import { create } from '@bufbuild/protobuf';
import * as tf from '../../src';
import { type GraphDef, GraphDefSchema, NodeDefSchema } from '../../src/interop/proto/tensorflow_pb';
import { bench, expectError, inGraph, names, opNames, sorted } from './harness';

type Node = readonly [name: string, op: string, ...inputs: string[]];
const graphDef = (...nodes: readonly Node[]): GraphDef =>
  create(GraphDefSchema, { node: nodes.map(([name, op, ...input]) => create(NodeDefSchema, { name, op, input })) });
const load = (nodes: readonly Node[], options: tf.ImportOptions = {}) => tf.importGraphDef(graphDef(...nodes), options);

test("import-02: prefix '' makes each name unique, a used prefix is made unique, a slash continues it", () =>
  inGraph(() => {
    const nodes: Node[] = [
      ['A', 'IntOutput'],
      ['B', 'IntInput', 'A:0'],
    ];
    const found = ['', '', '', 'A', 'A/', 'A/'].map((name) =>
      names(load(nodes, { name, returnElements: ['A', 'B'] })!),
    );
    const suffixed: Node[] = [
      ['A_1', 'IntOutput'],
      ['B_1', 'IntInput', 'A_1:0'],
    ];
    found.push(names(load(suffixed, { name: '', returnElements: ['A_1', 'B_1'] })!));
    expect(found).toEqual([
      ['A', 'B'],
      ['A_1', 'B_1'],
      ['A_2', 'B_2'],
      ['A_3/A', 'A_3/B'],
      ['A/A', 'A/B'],
      ['A/A_1', 'A/B_1'],
      ['A_1_1', 'B_1_1'],
    ]);
  }));

test('import-04: inputs can be replaced', () =>
  inGraph(() => {
    const [fa, fb] = [tf.constant(0, tf.int32), tf.constant(1, tf.int32)];
    const nodes: Node[] = [
      ['A', 'TwoIntOutputs'],
      ['B', 'TwoIntOutputs'],
      ['C', 'TwoIntInputs', 'A:0', 'B:0'],
      ['D', 'TwoIntInputs', 'A:1', 'B:1'],
    ];
    const inputMap = { 'A:0': fa, 'B:1': fb };
    const [c, d] = load(nodes, { inputMap, returnElements: ['C', 'D'] }) as tf.Operation[];
    const small: Node[] = [
      ['A', 'TwoIntOutputs'],
      ['B', 'IntInput', 'A:0'],
    ];
    const [b2] = load(small, { inputMap: { A: fa }, returnElements: ['B'] }) as tf.Operation[];
    expect(c!.inputs[0]).toBe(fa);
    expect(d!.inputs[1]).toBe(fb);
    expect(b2!.inputs[0]).toBe(fa);
    expect(c!.inputs[1]!.op.name).toBe('import/B');
  }));

test('import-05: errors', () => {
  const refused = (words: string, nodes: Node[], options: () => tf.ImportOptions = () => ({})) =>
    inGraph(() => expectError('Value', words, () => load(nodes, options())));
  refused("Node 'B': Unknown input node 'A:0'", [['B', 'FloatInput', 'A:0']]);
  refused("Node 'B': Unknown input node '^A'", [['B', 'None', '^A']]);
  refused("Node 'B': Connecting to invalid output 1 of source node A which has 1 outputs", [
    ['A', 'FloatOutput'],
    ['B', 'FloatInput', 'A:1'],
  ]);
  refused("Requested return node 'B' not found in graph def", [['A', 'None']], () => ({ returnElements: ['B'] }));
  refused("Invalid return output 1 of node 'A', which has 1 output(s)", [['A', 'IntOutput']], () => ({
    returnElements: ['A:1'],
  }));
  refused('Attempted to map inputs that were not found in graph_def: [B:0]', [['A', 'None']], () => ({
    inputMap: { 'B:0': tf.constant(5) },
  }));
  refused('Input 0 of node import/B was passed int32 from import/A:0 incompatible with expected float.', [
    ['A', 'IntOutput'],
    ['B', 'FloatInput', 'A:0'],
  ]);
  refused("Node 'A' is not unique", [
    ['A', 'None'],
    ['A', 'None'],
  ]);
});

test('import-06: imported loops run, also in a branch', async () => {
  const [def, name] = inGraph((g) => {
    const less = (i: tf.Tensor) => tf.less(i, 10);
    const r = tf.whileLoop(less, (i: tf.Tensor) => i.add(1), [tf.constant(0, tf.int32)]) as tf.Tensor;
    return [tf.asGraphDef(g), r.name] as const;
  });
  const b = bench();
  const { a, p, o } = b.build(() => {
    const run = () => tf.importGraphDef(def, { returnElements: [name] })![0]!;
    const a = run();
    const p = tf.placeholder(tf.bool, { shape: [] });
    return { a, p, o: tf.cond(p, run, () => tf.constant(1, tf.int32)) };
  });
  expect(await b.run(a)).toBe(10);
  expect([await b.run(o, [[p, true]]), await b.run(o, [[p, false]])]).toEqual([10, 1]);
});

test('import-09: importScope is made unique, and the keys are the exported names', () => {
  const { metaGraph } = inGraph(() => {
    new tf.Variable(0, { name: 'v' });
    return tf.train.exportScopedMetaGraph();
  });
  inGraph(() => {
    const load = () => [...tf.train.importScopedMetaGraph(metaGraph, { importScope: 's' })];
    const [r1, r2] = [load(), load()];
    expect([r1, r2].map((r) => r.map(([key]) => key))).toEqual([['v:0'], ['v:0']]);
    expect([r1, r2].map((r) => r[0]![1].name)).toEqual(['s/v:0', 's_1/v:0']);
  });
});

test('import-11: inputs from outside of an exported scope must be supplied', () => {
  const { metaGraph } = inGraph(() => {
    const images = tf.constant(1.2, { shape: [100, 28], name: 'images' });
    tf.nameScope('hidden1', () => {
      const weights = new tf.Variable(tf.truncatedNormal([28, 128]), { name: 'weights' });
      const biases = new tf.Variable(tf.zeros([128]), { name: 'biases' });
      tf.nn.relu(tf.matmul(images, weights).add(biases));
    });
    return tf.train.exportScopedMetaGraph({ exportScope: 'hidden1' });
  });
  const importScope = 'new_hidden1';
  inGraph(() =>
    expectError('Value', 'Graph contains unbound inputs', () =>
      tf.train.importScopedMetaGraph(metaGraph, { importScope }),
    ),
  );
  inGraph(() => {
    const inputMap = { $unbound_inputs_images: tf.constant(1.2, { shape: [100, 28] }) };
    const found = tf.train.importScopedMetaGraph(metaGraph, { importScope, inputMap });
    expect(sorted([...found.keys()])).toEqual(['biases:0', 'weights:0']);
    expect(sorted(names([...found.values()]))).toEqual(['new_hidden1/biases:0', 'new_hidden1/weights:0']);
  });
});

test('import-12: the export of an inner scope strips the whole prefix', () => {
  const { metaGraph, variables } = inGraph(() => {
    tf.nameScope('hidden1/hidden2/hidden3', () => {
      const images = tf.constant([[1]], { name: 'images' });
      const weights = new tf.Variable([[1]], { name: 'weights' });
      const biases = new tf.Variable([0.1], { name: 'biases' });
      tf.nn.relu(tf.matmul(images, weights).add(biases));
    });
    return tf.train.exportScopedMetaGraph({ exportScope: 'hidden1/hidden2' });
  });
  expect(sorted([...variables.keys()])).toEqual(['hidden3/biases:0', 'hidden3/weights:0']);
  const nodes = names(metaGraph.graphDef!.node);
  expect(nodes.length).toBeGreaterThan(8);
  expect(nodes.filter((name) => !name.startsWith('hidden3'))).toEqual([]);
  inGraph(() => {
    const found = tf.train.importScopedMetaGraph(metaGraph, { importScope: 'new_hidden1/new_hidden2' });
    expect(sorted(names([...found.values()]))).toEqual([
      'new_hidden1/new_hidden2/hidden3/biases:0',
      'new_hidden1/new_hidden2/hidden3/weights:0',
    ]);
    expect(opNames()).toHaveLength(nodes.length);
  });
});
