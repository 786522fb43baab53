/** @file What training code gets for wrong arguments: a GraphError that says so, and never one of JavaScript's own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';

const folder = (): string => mkdtempSync(join(tmpdir(), 'bad-input-'));
const wrong = (x: unknown): never => x as never;
const loss = (): tf.Tensor => tf.reduceSum(tf.square(tf.getVariable('v', [2])));
const descent = () => new tf.train.GradientDescentOptimizer(0.1);
function codeOf(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (e instanceof tf.GraphError) return e.code;
    throw e;
  }
  return 'none';
}

beforeEach(() => tf.resetDefaultGraph());

test.each<[string, string, () => unknown]>([
  ['a loss that is null', 'Type', () => descent().minimize(wrong(null))],
  ['a step that is a word', 'Type', () => descent().minimize(loss(), { globalStep: wrong('a') })],
  ['no list of gradients', 'Type', () => descent().applyGradients(wrong(null))],
  ['gradients without variables', 'Type', () => descent().applyGradients(wrong([3]))],
  ['dropout with both rates', 'Value', () => tf.nn.dropout([1], { keepProb: 0.5, rate: 0.5 })],
  ['dropout that keeps a word', 'Value', () => tf.nn.dropout([1], { keepProb: wrong('x') })],
  ['a writer without a folder', 'Type', () => new tf.summary.FileWriter(wrong(null))],
  ['a summary that is a word', 'Type', () => new tf.summary.FileWriter(folder()).addSummary(wrong('abc'), 1)],
  ['a summary that is null', 'Type', () => new tf.summary.FileWriter(folder()).addSummary(wrong(null), 1)],
  ['a summary at no step', 'Value', () => new tf.summary.FileWriter(folder()).addSummary({ value: [] }, wrong('a'))],
  ['a saver of options that are none', 'Type', () => new tf.train.Saver(wrong({ a: 3 }))],
])('%s is refused', (_name, code, f) => {
  expect(codeOf(f)).toBe(code);
});

test('a writer says that its folder is a file', () => {
  const path = join(folder(), 'file');
  writeFileSync(path, '');
  expect(() => new tf.summary.FileWriter(path)).toThrow('is not a directory');
});

test('hooks that are none are refused, and the graph can grow afterwards', async () => {
  for (const hooks of [[{}], [null], new tf.train.StopAtStepHook({ lastStep: 1 })]) {
    await expect(tf.train.monitoredTrainingSession({ hooks: wrong(hooks) })).rejects.toThrow(tf.GraphError);
  }
  expect(numberOf(await new tf.Session().run(tf.constant(1).add(1)))).toBe(2);
});
const numberOf = (v: tf.Value): number => Number(v);

test.each<[string, () => unknown, string]>([
  [
    'a name of a summary that is no text',
    () => tf.summary.scalar(wrong(3), 1),
    'The name of a summary must be a string, got 3',
  ],
  ['tensors to log', () => new tf.train.LoggingTensorHook(wrong(null), { everyNIter: 1 }), 'tensors must be a list'],
  [
    'a folder for checkpoints',
    () => new tf.train.CheckpointSaverHook(wrong(null), { saveSteps: 1 }),
    'checkpoint_dir must be a string',
  ],
  ['a folder to look for checkpoints', () => tf.train.latestCheckpoint(wrong(null)), 'checkpoint_dir must be a string'],
  ['a MetaGraph', () => tf.train.importMetaGraph(wrong(null)), 'A MetaGraph is a file name, bytes or a message'],
  ['an equation', () => tf.einsum(wrong(null), [[1]]), 'equation must be a string'],
  [
    'a body for argScope',
    () => tf.contrib.slim.argScope([tf.contrib.slim.conv2d], {}, wrong(null)),
    'arg_scope needs a function',
  ],
  ['a layer to stack', () => tf.contrib.layers.stack([[1]], wrong('a'), [1]), 'layer must be a function'],
  [
    'an optimizer for createTrainOp',
    () => tf.contrib.training.createTrainOp(tf.constant(1), wrong('sgd')),
    'optimizer must be a tf.train.Optimizer',
  ],
  [
    'an optimizer to average',
    () => new tf.contrib.opt.MovingAverageOptimizer(wrong('sgd')),
    'opt must be a tf.train.Optimizer',
  ],
])('refused by type: %s', (_, call, words) => {
  expect(call).toThrow(expect.objectContaining({ code: 'Type', message: expect.stringContaining(words) as string }));
});
