/** @file Collections of a graph. */
import * as tf from '../../src';
import { inGraph, sorted } from './harness';

test('collections-01: items keep their order, a scope is a pattern, items without a name have none', () =>
  inGraph((g) => {
    const [b1, b2] = [{ name: 'prefix/foo' }, { name: 'junk/foo' }];
    g.addToCollection('key', 12);
    g.addToCollection('other', 'foo');
    g.addToCollection('key', 34);
    for (const x of [27, b1, b2]) g.addToCollection('blah', x);
    expect(g.getCollection('key')).toEqual([12, 34]);
    expect(g.getCollection('nothing')).toEqual([]);
    expect(g.getCollection('blah')).toEqual([27, b1, b2]);
    expect(g.getCollection('blah', 'prefix')).toEqual([b1]);
    expect(g.getCollection('blah', '.*x')).toEqual([b1]);
  }));

test('collections-04: several names at once: twice the same counts once, a string is one name', () =>
  inGraph((g) => {
    g.addToCollections([1, 2, 1], 'key');
    g.addToCollections('abc', 'k2');
    g.addToCollections(['x', 'y'], 'k3');
    expect(g.getCollection(1)).toEqual(['key']);
    expect(g.getCollection('abc')).toEqual(['k2']);
    expect(g.getCollection('a')).toEqual([]);
    expect([g.getCollection('x'), g.getCollection('y')]).toEqual([['k3'], ['k3']]);
  }));

test('collections-05: all keys', () =>
  inGraph((g) => {
    g.addToCollection('key', 12);
    g.addToCollection('key', 15);
    g.addToCollection('other', 'foo');
    expect(sorted(g.getAllCollectionKeys())).toEqual(['key', 'other']);
  }));

test('collections-06: the functions act on the default graph, in order', () => {
  inGraph(() => {
    tf.addToCollection('key', 90);
    tf.addToCollection('key', 100);
    expect(tf.getCollection('key')).toEqual([90, 100]);
  });
  expect(tf.getCollection('key')).toEqual([]);
});

test('collections-07: the same value twice stays twice', () =>
  inGraph((g) => {
    const op = tf.noOp();
    g.addToCollection('update_ops', op);
    g.addToCollection('update_ops', op);
    const found = g.getCollection('update_ops');
    expect(found).toHaveLength(2);
    expect(found.every((x) => x === op)).toBe(true);
  }));

test('collections-09: the text of the standard keys', () => {
  const k = tf.GraphKeys;
  expect([
    k.GLOBAL_VARIABLES,
    k.LOCAL_VARIABLES,
    k.TRAINABLE_VARIABLES,
    k.MODEL_VARIABLES,
    k.UPDATE_OPS,
    k.LOSSES,
    k.REGULARIZATION_LOSSES,
    k.MOVING_AVERAGE_VARIABLES,
    k.TRAIN_OP,
    k.GLOBAL_STEP,
    k.TABLE_INITIALIZERS,
    k.SUMMARIES,
  ]).toEqual([
    'variables',
    'local_variables',
    'trainable_variables',
    'model_variables',
    'update_ops',
    'losses',
    'regularization_losses',
    'moving_average_variables',
    'train_op',
    'global_step',
    'table_initializer',
    'summaries',
  ]);
});
