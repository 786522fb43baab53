/** @file tf.layers: what Dense and Dropout make, under which names, and what reuse and scopes do. */
import * as tf from '../../src';
import { bench, expectError, inGraph, names } from './harness';

const count = (): number => tf.globalVariables().length;
const rows = (): tf.Tensor => tf.randomUniform([5, 3]);

test('layers-01: variables and names of a dense layer', () =>
  inGraph(() => {
    const d = new tf.layers.Dense(2, { activation: tf.nn.relu, name: 'my_dense' });
    const y = d.apply(tf.randomUniform([5, 4]));
    expect(y.shape).toEqual([5, 2]);
    expect([d.kernel.name, d.bias!.name]).toEqual(['my_dense/kernel:0', 'my_dense/bias:0']);
    expect(tf.trainableVariables()).toHaveLength(2);
  }));

test('layers-03: reuse adds no regularisation loss', () =>
  inGraph(() => {
    const x = rows();
    const options = {
      name: 'my_dense',
      kernelRegularizer: (w: unknown) => tf.multiply(tf.reduceSum(w as tf.Tensor), 1e-3),
    };
    const losses = () => tf.getCollection(tf.GraphKeys.REGULARIZATION_LOSSES).length;
    tf.layers.dense(x, 2, options);
    const n1 = losses();
    tf.layers.dense(x, 2, { ...options, reuse: true });
    expect([n1, losses()]).toEqual([1, 1]);
  }));

test('layers-04: calls without a name make new variables, reuse does not', () =>
  inGraph(() => {
    const x = rows();
    const after = [{}, {}, { name: 'd' }, { name: 'd', reuse: true }].map((options) => {
      tf.layers.dense(x, 2, options);
      return count();
    });
    expect(after).toEqual([2, 4, 6, 6]);
  }));

test('layers-05: scopes and names', () =>
  inGraph(() => {
    const x = rows();
    tf.variableScope('test', () => tf.layers.dense(x, 2, { name: 'my_dense' }));
    tf.variableScope('test1', (scope) => tf.layers.dense(x, 2, { name: scope as never }));
    tf.variableScope('test2', () => tf.layers.dense(x, 2));
    const kernels = names(tf.globalVariables()).filter((name) => name.includes('kernel'));
    expect(kernels).toEqual(['test/my_dense/kernel:0', 'test1/kernel:0', 'test2/dense/kernel:0']);
  }));

test("layers-06: the scope's initializer is the kernel's, not the bias's", async () => {
  const b = bench();
  const found = b.build(() => {
    tf.variableScope('scope', { initializer: tf.onesInitializer() }, () => tf.layers.dense(rows(), 2));
    return tf.globalVariables();
  });
  expect(names(found)).toEqual(['scope/dense/kernel:0', 'scope/dense/bias:0']);
  await b.init();
  expect(await b.run(found)).toEqual([
    [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
    [0, 0],
  ]);
});

test('layers-07: each variable passes through the custom getter', () =>
  inGraph(() => {
    let calls = 0;
    const customGetter: tf.CustomGetter = (getter, ...rest) => {
      calls++;
      return getter(...rest);
    };
    tf.variableScope('test', { customGetter }, () => tf.layers.dense(rows(), 2));
    expect(calls).toBe(2);
  }));

test('layers-08: the last dimension must be known', () =>
  inGraph(() => {
    const apply = (shape?: readonly (number | null)[]) =>
      new tf.layers.Dense(4).apply(tf.placeholder('float32', shape ? { shape } : {}));
    const words = 'The last dimension of the inputs to `Dense` should be defined';
    expectError('Value', 'its rank is undefined, but the layer requires a defined rank.', () => apply());
    expectError('Value', 'expected min_ndim=2, found ndim=1.', () => apply([3]));
    expectError('Value', words, () => apply([null, null]));
    expect(apply([null, 3]).shape).toEqual([null, 4]);
  }));

test('layers-11: dropout passes everything on when not training', async () => {
  const b = bench();
  const y = b.build(() => new tf.layers.Dropout({ rate: 0.5 }).apply(tf.ones([5, 3]), { training: false }));
  expect(await b.run(y)).toEqual(new Array(5).fill([1, 1, 1]));
});
