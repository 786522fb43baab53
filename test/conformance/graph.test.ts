/** @file Graphs: what may be in one, and the errors where something may not. */
import * as tf from '../../src';
import { expectError, floatOutput, inGraph } from './harness';

test('graph-01: a finalized graph refuses new ops', () => {
  const g = new tf.Graph();
  g.finalize();
  expectError('Runtime', 'Graph is finalized and cannot be modified.', () =>
    g.createOp('FloatOutput', [], {}, { name: 'myop1' }),
  );
});

test('graph-02: ops may not mix graphs', () => {
  const x = inGraph(() => tf.constant(1, tf.int32));
  inGraph(() => {
    const y = tf.constant(2, tf.int32);
    expectError('Value', 'must be from the same graph', () => y.mul(x));
  });
});

test('graph-03: an operation cannot become a tensor', () =>
  inGraph(() => {
    const op = tf.noOp();
    expectError('Type', "Can't convert Operation 'NoOp'", () => tf.convertToTensor(op as never));
  }));

test('graph-05: shape errors come when the op is made, with its name, type and shapes', () =>
  inGraph(() => {
    const [a, b] = [tf.ones([1, 2, 3]), tf.ones([4, 5, 6])];
    expectError(
      'Value',
      "Dimensions must be equal, but are 2 and 5 for 'add' (op: 'AddV2') with input shapes: [1,2,3], [4,5,6].",
      () => a.add(b),
    );
  }));

// JavaScript calls nothing when an object is used as a condition; comparing and calculating with it is refused instead.
test('graph-07: a tensor is no number or bool of the host, and is not iterated', () =>
  inGraph(() => {
    const t = tf.constant(true);
    expectError('Type', 'using a `tf.Tensor` as a', () => Number(t));
    expectError('Type', 'is not allowed in Graph execution', () => (t as never) > 0);
    expectError('Type', 'iterating over `tf.Tensor` is not allowed in Graph execution', () => [...t]);
  }));

test('graph-08: resetDefaultGraph inside a graph block is refused', () =>
  inGraph(() =>
    expectError('Assertion', 'Do not use tf.reset_default_graph() to clear nested graphs', () =>
      tf.resetDefaultGraph(),
    ),
  ));

test('graph-09: objects that say what they stand for are graph elements, others are not', () =>
  inGraph((g) => {
    const a = floatOutput();
    expect(g.asGraphElement({ asGraphElement: () => 'FloatOutput:0' })).toBe(a);
    expectError('Type', 'Can not convert a', () => g.asGraphElement({}));
  }));

test('graph-10: the active scope belongs to the graph, so an inner graph is at its root', () =>
  inGraph(() =>
    tf.nameScope('foo', () =>
      inGraph(() => expectError('Value', "'_' is not a valid scope name", () => tf.nameScope('_', () => 0))),
    ),
  ));
