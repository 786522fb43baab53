/** @file Savers and checkpoint files. What is expected, bytes among it, was written by TensorFlow 1.15.5. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';
import { CheckpointReader } from '../src/interop/checkpoint';
import {
  checkpointExists,
  getCheckpointMtimes,
  getCheckpointState,
  latestCheckpoint,
  listVariables,
  loadCheckpoint,
  loadVariable,
  removeCheckpoint,
  updateCheckpointState,
} from '../src/interop/checkpoint_state';
import { initFromCheckpoint } from '../src/interop/init_from_checkpoint';
import { exportMetaGraph, importMetaGraph } from '../src/interop/meta_graph_saver';
import { type SaverDef, SaverDefSchema } from '../src/interop/proto/tensorflow_pb';
import { writeGraph } from '../src/interop/saved_graph';
import { Saver } from '../src/interop/saver';
import { textFormat } from '../src/interop/text_format';
import { stringJoin } from '../src/ops/strings';
import { bench, expectError, expectRunError, inGraph, names, plain } from './conformance/harness';

let dir = '';
let home = '';
beforeEach(() => {
  home = process.cwd();
  dir = mkdtempSync(join(tmpdir(), 'saver-'));
  process.chdir(dir); // relative paths are part of what is tested
});
afterEach(() => {
  jest.restoreAllMocks();
  process.chdir(home);
  rmSync(dir, { recursive: true, force: true });
});

/** A checkpoint in two shards. */
const TENSORFLOW: Readonly<Record<string, string>> = {
  '.data-00000-of-00002': 'BwAAAAAAAAAIAAAAAAAAAAECv9/benh5eg==',
  '.data-00001-of-00002': 'AACAPwAAAEA=',
  '.index': [
    'AAAGCAIaAggBAAEVYQgBEggSAggBEgIIAhgBKAg1WTzlNQABD2IICRIEEgIIAigQNUaW1EYAARFjCAcSBBICCAIgECgJNZnHWu8AAAAAAQAAAA',
    'AJp1eqAAAAAAEAAAAAwPKhsAABAmQAUgAAAAABAAAAAMPH4ptXCGQOAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAV/uAiyR1',
    'R9s=',
  ].join(''),
};
const makeAbc = () =>
  [
    tf.device('/cpu:0', () => tf.getVariable('a', { initializer: tf.constant([[1, 2]]) as never })),
    tf.getVariable('b', { initializer: tf.constant([7, 8], 'int64') as never }),
    tf.getVariable('c', { initializer: tf.constant(['x', 'yz']) as never }),
  ] as const;

test('a sharded checkpoint has the bytes of TensorFlow, and leaves nothing else behind', async () => {
  const b = bench();
  const saver = b.build(() => {
    makeAbc();
    return new Saver(null, { sharded: true });
  });
  await b.init();
  expect(await saver.save(b.session, './m', { writeMetaGraph: false })).toBe('./m');
  for (const [end, bytes] of Object.entries(TENSORFLOW)) {
    expect([end, readFileSync(`m${end}`).toString('base64')]).toEqual([end, bytes]);
  }
  expect(readdirSync('.').sort()).toEqual(['checkpoint', ...Object.keys(TENSORFLOW).map((end) => `m${end}`)]);
});

test('a sharded checkpoint of TensorFlow is restored, by any saver', async () => {
  for (const [end, bytes] of Object.entries(TENSORFLOW)) writeFileSync(`m${end}`, Buffer.from(bytes, 'base64'));
  for (const sharded of [true, false]) {
    const b = bench();
    const [variables, saver] = b.build(() => [makeAbc(), new Saver(null, { sharded })] as const);
    await saver.restore(b.session, 'm');
    expect(await b.run([...variables])).toEqual([[[1, 2]], [7, 8], ['x', 'yz']]);
  }
});

test('the nodes of a sharded saver', () =>
  inGraph((graph) => {
    makeAbc();
    const before = graph.version;
    new Saver(null, { sharded: true });
    const made = graph.getOperations().slice(before);
    expect(names(made)).toEqual(
      [
        'filename/input filename Const StringJoin/inputs_1 StringJoin num_shards ShardedFilename/shard ShardedFilename',
        'SaveV2/tensor_names SaveV2/shape_and_slices SaveV2 control_dependency ShardedFilename_1/shard',
        'ShardedFilename_1 SaveV2_1/tensor_names SaveV2_1/shape_and_slices SaveV2_1 control_dependency_1',
        'MergeV2Checkpoints/checkpoint_prefixes MergeV2Checkpoints Identity RestoreV2/tensor_names',
        'RestoreV2/shape_and_slices RestoreV2 Assign Assign_1 restore_shard RestoreV2_1/tensor_names',
        'RestoreV2_1/shape_and_slices RestoreV2_1 Assign_2 restore_shard_1 restore_all/NoOp restore_all/NoOp_1 restore_all',
      ].flatMap((words) => words.split(' ').map((name) => `save/${name}`)),
    );
    const merge = graph.getOperationByName('save/MergeV2Checkpoints');
    expect([names(merge.inputs), names(merge.controlInputs), merge.device]).toEqual([
      ['save/MergeV2Checkpoints/checkpoint_prefixes:0', 'save/Const:0'],
      [],
      '/device:CPU:0',
    ]);
  }));

/** Two variables, and a session in which they have values. */
async function vAndU() {
  const b = bench();
  const [v, u] = b.build(() => [new tf.Variable(1, { name: 'v' }), new tf.Variable([1, 2], { name: 'u' })] as const);
  await b.init();
  return { b, v, u, saver: (...args: ConstructorParameters<typeof Saver>) => b.build(() => new Saver(...args)) };
}

test('what is no list of variables is refused', async () => {
  const { b, v, saver } = await vAndU();
  const c = b.build(() => tf.constant(1));
  const shown = 'Tensor("Const:0", shape=(), dtype=float32)';
  expectError('Value', 'At least two variables have the same name: v', () => saver([v, v]));
  expectError('Type', 'Variables to save should be passed in a dict or a list: 3', () => saver(3 as never));
  expectError('Type', `Variable to save is not a Variable: ${shown}`, () => saver([c as never]));
  const words = 'names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable';
  expectError('Type', `${words}: ${shown}`, () => saver({ a: c as never }));
  expectError('Value', 'If `var_list` is provided then build cannot be deferred.', () =>
    saver([v], { deferBuild: true }),
  );
  expectError('Value', 'No variables to save', () => saver([]));
  const late = saver(null, { deferBuild: true });
  await expectRunError('Runtime', '`build()` should be called before save if defer_build==True', () =>
    late.save(b.session, './d'),
  );
  b.build(() => late.build());
  expect(await late.save(b.session, './d')).toBe('./d');
});

test('steps in names, relative paths, names of the state file and the graph', async () => {
  const { b, saver } = await vAndU();
  const s = saver(null, { padStepNumber: true, saveRelativePaths: true, maxToKeep: 2 });
  for (const globalStep of [1, 12, 3n]) {
    const options = { globalStep, latestFilename: 'mine', metaGraphSuffix: 'grp' };
    expect(await s.save(b.session, join(dir, 'm'), options)).toBe(
      join(dir, `m-${String(globalStep).padStart(8, '0')}`),
    );
  }
  expect(readdirSync('.').sort()).toEqual([
    'm-00000003.data-00000-of-00001',
    'm-00000003.grp',
    'm-00000003.index',
    'm-00000012.data-00000-of-00001',
    'm-00000012.grp',
    'm-00000012.index',
    'mine',
  ]);
  expect(readFileSync('mine', 'utf8')).toBe(
    'model_checkpoint_path: "m-00000003"\nall_model_checkpoint_paths: "m-00000012"\nall_model_checkpoint_paths: "m-00000003"\n',
  );
  expect(latestCheckpoint('.', 'mine')).toBe('./m-00000003');
  expect(getCheckpointState('.', 'mine')).toMatchObject({
    modelCheckpointPath: './m-00000003',
    allModelCheckpointPaths: ['./m-00000012', './m-00000003'],
  });
});

test('which checkpoints are there can be told a saver', async () => {
  const { b, saver } = await vAndU();
  const s = saver(null, { maxToKeep: 1 });
  await s.save(b.session, './m');
  s.setLastCheckpoints(['a', 'b']);
  expect(s.lastCheckpoints).toEqual(['a', 'b']);
  s.setLastCheckpointsWithTime([['q', 1]]);
  expect(s.lastCheckpoints).toEqual(['q']);
  s.recoverLastCheckpoints(['./m', 'zzz']);
  expect(s.lastCheckpoints).toEqual(['./m']);
  await s.save(b.session, './n');
  expect([checkpointExists('./m'), checkpointExists('./n')]).toEqual([false, true]);
});

test('a checkpoint that is old enough stays', async () => {
  const { b, saver } = await vAndU();
  const now = jest.spyOn(Date, 'now');
  let hours = 0;
  now.mockImplementation(() => hours * 3600e3);
  const s = saver(null, { maxToKeep: 1, keepCheckpointEveryNHours: 2 });
  for (hours = 1; hours <= 6; hours++) await s.save(b.session, './m', { globalStep: hours });
  expect([1, 2, 3, 4, 5, 6].filter((k) => checkpointExists(`./m-${k}`))).toEqual([3, 5, 6]);
});

test('where files go, and what is refused', async () => {
  const { b, saver } = await vAndU();
  const [one, sharded] = [saver(), saver(null, { sharded: true })];
  expect(await one.save(b.session, 'new/m')).toBe('new/m');
  for (const s of [one, sharded]) {
    await expectRunError('Value', "Parent directory of far/a/m doesn't exist, can't save.", () =>
      s.save(b.session, 'far/a/m'),
    );
  }
  const collides = "'latest_filename' collides with 'save_path': 'checkpoint' and 'zz/checkpoint'";
  await expectRunError('Value', collides, () => one.save(b.session, 'zz/checkpoint'));
  await expectRunError('Value', "Parent directory of zz/checkpoint doesn't exist, can't save.", () =>
    sharded.save(b.session, 'zz/checkpoint'),
  );
  await expectRunError('Value', "'latest_filename' must not contain path components", () =>
    one.save(b.session, './m', { latestFilename: 'a/b' }),
  );
  await expectRunError('Type', "'sess' must be a Session; 3", () => one.save(3 as never, './m'));
  await one.save(b.session, './x', { writeMetaGraph: false, writeState: false });
  expect(readdirSync('.').sort()).toEqual(['new', 'x.data-00000-of-00001', 'x.index']);
});

test('a checkpoint that does not fit is refused, and the session works on', async () => {
  const { b, u, saver } = await vAndU();
  await saver().save(b.session, './x');
  const [w, k, r] = b.build(() => [
    new tf.Variable(5, { name: 'w' }),
    new tf.Variable(5, { name: 'k', dtype: 'int32' }),
    new tf.Variable([[0], [0]], { name: 'r' }),
  ]) as [tf.Variable, tf.Variable, tf.Variable];
  const failed = (what: string) => `Restoring from checkpoint failed. This is most likely due to ${what}`;
  const missing = failed('a Variable name or other graph key that is missing from the checkpoint.');
  const odd = failed('a mismatch between the current graph and the graph from the checkpoint.');
  await expectRunError('NotFound', missing, () => saver({ v: w, nope: u }).restore(b.session, './x'));
  await expectRunError('InvalidArgument', odd, () => saver({ u: w }).restore(b.session, './x'));
  await expectRunError('InvalidArgument', odd, () => saver({ u: k }).restore(b.session, './x'));
  await saver({ u: r }, { reshape: true }).restore(b.session, './x');
  expect(await b.run(r)).toEqual([[1], [2]]);
  await expectRunError('DataLoss', 'Unable to open table file ./checkpoint: Data loss: not an sstable', () =>
    saver().restore(b.session, './checkpoint'),
  );
});

// ---- graphs with savers -------------------------------------------------------------------------------------------

test('a SaverDef names the nodes, in and out of a scope', async () => {
  const { b, saver } = await vAndU();
  const s = saver(null, { maxToKeep: 2 });
  const def = s.asSaverDef() as SaverDef;
  const text = (d: SaverDef | null) => d && textFormat(SaverDefSchema, d);
  expect(text(saver(null, { saverDef: def, name: 'foo' }).saverDef)).toBe(
    [
      'filename_tensor_name: "foo/save/Const:0"',
      'save_tensor_name: "foo/save/control_dependency:0"',
      'restore_op_name: "foo/save/restore_all"',
      'max_to_keep: 2',
      'keep_checkpoint_every_n_hours: 10000.0',
      'version: V2\n',
    ].join('\n'),
  );
  expect(def.filenameTensorName).toBe('save/Const:0');
  expect(s.toProto('save')?.restoreOpName).toBe('restore_all');
  expect(s.toProto('other')).toBeNull();
  await s.save(b.session, './x');
  await Saver.fromProto(def).restore(b.session, './x');
  expectError('Value', 'saver_def must be a saver_pb2.SaverDef: 3', () => saver(null, { saverDef: 3 as never }));
  expectError('Value', 'saver_def must specify the restore_op_name', () =>
    saver(null, { saverDef: { ...def, restoreOpName: '' } }),
  );
});

test('a graph comes back with its saver, at the root or in a scope', async () => {
  const { b, v, saver } = await vAndU();
  const s = saver();
  b.graph.addToCollection('savers', s);
  await v.load(3, b.session);
  await s.save(b.session, './x');
  for (const importScope of [undefined, 'imp']) {
    const graph = new tf.Graph();
    const found = importMetaGraph('./x.meta', { graph, importScope }) as Saver;
    const prefix = importScope ? 'imp/' : '';
    expect(found.saverDef?.saveTensorName).toBe(`${prefix}save/control_dependency:0`);
    expect((graph.getCollection('savers')[0] as Saver).saverDef?.restoreOpName).toBe(`${prefix}save/restore_all`);
    const session = new tf.Session({ graph });
    await found.restore(session, './x');
    expect(plain(await session.run(`${prefix}v:0`))).toBe(3);
  }
});

test('without a saver in the file, one is made where there are variables', () => {
  const graph = new tf.Graph();
  tf.withGraph(graph, () => tf.constant(1));
  const plainMeta = exportMetaGraph(null, { graph });
  expect(importMetaGraph(plainMeta, { graph: new tf.Graph() })).toBeNull();
  tf.withGraph(graph, () => tf.device('/gpu:0', () => new tf.Variable(1, { name: 'v' })));
  const meta = exportMetaGraph(join(dir, 'deep/er.meta'), { graph });
  const other = new tf.Graph();
  expect(importMetaGraph('deep/er.meta', { graph: other, clearDevices: true })).toBeInstanceOf(Saver);
  expect(other.getOperationByName('v').device).toBe('');
  expect(meta.graphDef?.node.find((n) => n.name === 'v')?.device).toBe('/device:GPU:0');
  expectError('NotFound', 'File nowhere does not exist.', () => importMetaGraph('nowhere'));
});

test('what goes along in an export can be chosen', async () => {
  const { b, saver } = await vAndU();
  const [s, other] = [saver(), saver()];
  for (const x of [s, other]) b.graph.addToCollection('savers', x);
  const { graph } = b;
  const kinds = (meta: { collectionDef: object }) => Object.keys(meta.collectionDef).sort();
  expect(kinds(s.exportMetaGraph(null, { graph }))).toEqual(['savers', 'trainable_variables', 'variables']);
  const few = s.exportMetaGraph('mm.pbtxt', { graph, asText: true, collectionList: ['variables'] });
  expect(kinds(few)).toEqual(['variables']);
  const text = readFileSync('mm.pbtxt', 'utf8');
  expect(text).toContain('  value {\n    bytes_list {\n      value: "\\n\\003v:0\\022\\010v/Assign\\032\\010v/read:02');
  const one = s.exportMetaGraph(null, { graph, clearExtraneousSavers: true, clearDevices: true });
  expect(one.collectionDef.savers?.kind.value).toMatchObject({ value: { length: 1 } });
});

test('a graph as text', () =>
  inGraph((graph) => {
    tf.add(tf.constant([0.1, 1e-7], { name: 'a' }), tf.constant(2, { name: 'b' }), { name: 'c' });
    expect(writeGraph(graph, join(dir, 'sub'), 'g.pbtxt')).toBe(join(dir, 'sub/g.pbtxt'));
    const text = readFileSync('sub/g.pbtxt', 'utf8');
    expect(text.slice(0, text.indexOf('node', 5))).toBe(
      `node {
  name: "a"
  op: "Const"
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
  attr {
    key: "value"
    value {
      tensor {
        dtype: DT_FLOAT
        tensor_shape {
          dim {
            size: 2
          }
        }
        tensor_content: "\\315\\314\\314=\\225\\277\\3263"
      }
    }
  }
}
`,
    );
    const binary = writeGraph(graph, dir, 'g.pb', { asText: false });
    expect(statSync(binary).size).toBeLessThan(text.length);
  }));

// ---- looking into checkpoints -------------------------------------------------------------------------------------

test('a checkpoint is looked into by name', async () => {
  const { b, saver } = await vAndU();
  await saver().save(b.session, './m');
  const reader = new CheckpointReader('./m');
  expect([reader.hasTensor('v'), reader.hasTensor('w')]).toEqual([true, false]);
  expect(reader.getVariableToShapeMap()).toEqual({ u: [2], v: [] });
  expect(reader.getVariableToDtypeMap()).toEqual({ u: 'float32', v: 'float32' });
  expect(plain(reader.getTensor('u'))).toEqual([1, 2]);
  expect([plain(loadVariable('./m', 'u:0')), plain(loadVariable('.', 'v'))]).toEqual([[1, 2], 1]);
  expect(listVariables('./m')).toEqual([
    ['u', [2]],
    ['v', []],
  ]);
  expectError('NotFound', 'Key zz not found in checkpoint', () => loadVariable('./m', 'zz'));
  const words = 'Unsuccessful TensorSliceReader constructor: Failed to find any matching files for nope';
  expectError('NotFound', words, () => new CheckpointReader('nope'));
  mkdirSync('empty');
  expectError('Value', "Couldn't find 'checkpoint' file or checkpoints in given directory empty", () =>
    loadCheckpoint('empty'),
  );
  expect(getCheckpointMtimes(['./m', 'nope'])).toHaveLength(1);
  removeCheckpoint('./m');
  expect(readdirSync('.').sort()).toEqual(['checkpoint', 'empty']);
  jest.spyOn(console, 'error').mockImplementation(() => {});
  expect(latestCheckpoint('.')).toBeNull();
});

test('the file with the state is written and read as text', () => {
  const all = { allModelCheckpointPaths: ['y', 'x'] };
  updateCheckpointState('.', 'x', { ...all, allModelCheckpointTimestamps: [1.5, 2], lastPreservedTimestamp: 0.25 });
  expect(readFileSync('checkpoint', 'utf8')).toBe(
    [
      'model_checkpoint_path: "x"',
      'all_model_checkpoint_paths: "y"',
      'all_model_checkpoint_paths: "x"',
      'all_model_checkpoint_timestamps: 1.5',
      'all_model_checkpoint_timestamps: 2.0',
      'last_preserved_timestamp: 0.25\n',
    ].join('\n'),
  );
  expect(getCheckpointState('.')).toEqual({
    modelCheckpointPath: './x',
    allModelCheckpointPaths: ['./y', './x'],
    allModelCheckpointTimestamps: [1.5, 2],
    lastPreservedTimestamp: 0.25,
  });
  const odd = 'Checkpoint timestamps, if provided, must match checkpoint paths';
  expectError('Value', odd, () => updateCheckpointState('.', 'x', { ...all, allModelCheckpointTimestamps: [1] }));
  expectError('Runtime', 'conflicts with path used for checkpoint state.', () =>
    updateCheckpointState(dir, join(dir, 'checkpoint')),
  );
  updateCheckpointState(dir, join(dir, 'é"'));
  expect(readFileSync('checkpoint', 'utf8')).toContain('\\303\\251\\""');
  expect(getCheckpointState('.')?.modelCheckpointPath).toBe(join(dir, 'é"'));
  writeFileSync('checkpoint', 'all_model_checkpoint_paths: "x"');
  expectError('Value', 'Invalid checkpoint state loaded from .', () => getCheckpointState('.'));
  jest.spyOn(console, 'error').mockImplementation(() => {});
  writeFileSync('checkpoint', 'garbage {');
  expect([getCheckpointState('.'), latestCheckpoint('nowhere')]).toEqual([null, null]);
  expect(existsSync('checkpoint.tmp')).toBe(false);
});

// ---- initial values -------------------------------------------------------------------------------------------------

test('initial values come out of a checkpoint, by name or scope', async () => {
  const old = bench();
  const saver = old.build(() => {
    tf.variableScope('old', () => {
      tf.getVariable('a', { initializer: tf.constant([1, 2]) as never });
      tf.getVariable('b', { initializer: tf.constant([[3]]) as never });
    });
    return new Saver();
  });
  await old.init();
  await saver.save(old.session, './ic');
  const b = bench();
  const fetches = b.build(() => {
    const [a, r] = tf.variableScope('new', () => [
      tf.getVariable('a', { shape: [2] }),
      tf.getVariable('b', { shape: [1, 1], useResource: true }),
    ]) as [tf.Variable, tf.Variable];
    const c = tf.getVariable('c', { shape: [2] });
    for (const from of ['./ic', '.']) initFromCheckpoint(from, { 'old/': 'new/', 'old/a': c });
    return [a, r, c];
  });
  await b.init();
  expect(await b.run(fetches)).toEqual([[1, 2], [[3]], [1, 2]]);
  b.build(() => {
    const refused = (words: string, map: Parameters<typeof initFromCheckpoint>[1]) =>
      expectError('Value', words, () => initFromCheckpoint('./ic', map));
    const z = tf.variableScope('new', () => tf.getVariable('z', { shape: [3] }));
    refused("Shape of variable new/z:0 ((3,)) doesn't match with shape of tensor old/a ([2])", { 'old/a': z });
    refused("Tensor nope is not found in ./ic checkpoint {'old/a': [2], 'old/b': [1, 1]}", { nope: z });
    refused("Assignment map with scope only name q should map to scope only old. Should be 'scope/': 'other_scope/'.", {
      old: 'q/',
    });
    refused('Tensor old/z (z in old/) is not found in ./ic checkpoint', { 'old/': 'new/' });
  });
});

// ---- texts --------------------------------------------------------------------------------------------------------

test('texts are put together cell by cell', async () => {
  const b = bench();
  const joined = b.build(() => stringJoin([['a', 'b'], '-', ['c', 'd']], { separator: '.' }));
  expect(joined.shape).toEqual([2]);
  expect(await b.run(joined)).toEqual(['a.-.c', 'b.-.d']);
  b.build(() =>
    expectError('Value', 'Dimension 0 in both shapes must be equal, but are 2 and 3.', () =>
      stringJoin([
        ['a', 'b'],
        ['c', 'd', 'e'],
      ]),
    ),
  );
  const [x, y] = b.build(() => [tf.placeholder('string'), tf.placeholder('string')]) as [tf.Tensor, tf.Tensor];
  const late = b.build(() => stringJoin([x, y]));
  expect(
    await b.run(late, [
      [x, 'p'],
      [y, ['q', 'r']],
    ]),
  ).toEqual(['pq', 'pr']);
  await expectRunError('InvalidArgument', 'Input shapes do not match: [1] vs. [2]', () =>
    b.run(late, [
      [x, ['p']],
      [y, ['q', 'r']],
    ]),
  );
});
