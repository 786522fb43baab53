/** @file One small loss over two variables, trained for five steps, against what TensorFlow 1.15.5 made of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '../src';
import { bench } from './conformance/harness';

/** v is 3 x 2, w has 2 cells; both move. */
export interface Scene {
  readonly v: tf.Variable;
  readonly w: tf.Variable;
  readonly step: tf.Variable;
  readonly loss: tf.Tensor;
}
export interface Recorded {
  /** The update ops of v and what follows all updates: type, name (@ is the scope of v's update), sorted control inputs. */
  readonly ops: readonly string[];
  /** Each variable after five steps. */
  readonly values: { readonly [tensor: string]: readonly number[] };
}

/** What was recorded in that file of data/, by id. */
export const recordedIn = (file: string): [id: string, Recorded][] =>
  Object.entries(JSON.parse(readFileSync(join(__dirname, 'data', file), 'utf8')));

function scene(useResource: boolean, sparse: boolean): Scene {
  const rows = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const v = tf.getVariable('v', { initializer: rows, useResource });
  const w = tf.getVariable('w', { initializer: [1, -2], useResource });
  const step = tf.variableScope('', { useResource }, () => tf.train.getOrCreateGlobalStep()) as tf.Variable;
  const used = sparse ? tf.gather(v, [0, 2, 0]) : v.mul(2);
  return { v, w, step, loss: tf.reduceSum(tf.square(used)).add(tf.reduceSum(tf.square(w))) };
}

const SCOPE = 'train/update_v/';
/** Constants, and how rows that occur twice are summed, are the same everywhere. */
const PLAIN = ['Const', 'Unique', 'UnsortedSegmentSum', 'StridedSlice', 'Shape'];
function updates(graph: tf.Graph): string[] {
  const short = (name: string): string => name.replace(SCOPE, '@');
  return graph
    .getOperations()
    .filter(({ name, type }) => (name.startsWith(SCOPE) ? !PLAIN.includes(type) : type !== 'Const' && isTail(name)))
    .map((op) => [op.type, short(op.name), ...op.controlInputs.map((c) => `^${short(c.name)}`).sort()].join(' '));
}
const isTail = (name: string): boolean => name.startsWith('train') && !name.includes('update_');

/** `id` ends in _ref or _res for the kind of variable, then _dense or _sparse for the kind of v's gradient. */
export async function checkTraining(id: string, want: Recorded, train: (scene: Scene) => tf.Operation): Promise<void> {
  const b = bench();
  b.build(() => tf.group(train(scene(id.includes('_res_'), id.includes('_sparse'))), { name: 'done' }));
  expect(updates(b.graph)).toEqual(want.ops);
  await b.init();
  for (let i = 0; i < 5; i++) await b.run(b.graph.getOperationByName('done'));
  for (const [name, cells] of Object.entries(want.values)) {
    const found = [await b.run(name)].flat(3) as number[];
    const near = cells.map((x, i) => Math.abs(found[i]! - x) <= 1e-5 * Math.max(1, Math.abs(x)));
    expect([name, found, near]).toEqual([name, found, cells.map(() => true)]);
  }
}
