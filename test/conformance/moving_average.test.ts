/** @file Moving averages: the update ops, the shadow variables and what they are called. */
import * as tf from '../../src';
import { assignMovingAverage, weightedMovingAverage } from '../../src/training/moving_averages';
import { bench, controls, expectClose, inGraph, names, sorted } from './harness';

const { ExponentialMovingAverage } = tf.train;
const variable = (value: tf.TensorLike, name?: string) => new tf.Variable(value, { name });

test('moving_average-01: the plain formula', async () => {
  const b = bench();
  const { v, a } = b.build(() => {
    const v = variable([10, 11]);
    return { v, a: assignMovingAverage(v, tf.constant([1, 2]), 0.25, { zeroDebias: false }) };
  });
  await b.init();
  await b.run(a.op);
  expect(await b.run(v)).toEqual([3.25, 4.25]);
});

test('moving_average-03: the variables that take the bias away double the scope', () =>
  inGraph(() => {
    const found = tf.variableScope('scope1', (scope) => {
      tf.variableScope('scope2', () => {
        const v = variable(1, 'Var');
        for (let i = 0; i < 2; i++) assignMovingAverage(v, 0, 0.99);
      });
      return scope.globalVariables();
    });
    const inner = ['biased', 'local_step', 'biased_1', 'local_step_1'];
    expect(sorted(names(found))).toEqual(
      sorted(['scope1/scope2/Var:0', ...inner.map((n) => `scope1/scope2/scope1/scope2/Var/${n}:0`)]),
    );
  }));

test('moving_average-04: the ratio of two averages', async () => {
  const b = bench();
  const { w, x, a } = b.build(() => {
    const w = tf.placeholder('float32', { shape: [] });
    const x = tf.placeholder('float32', { shape: [] });
    return { w, x, a: weightedMovingAverage(x, 0.5, w) };
  });
  await b.init();
  const at = (xs: number, ws: number) => b.run(a, [[x, xs] as const, [w, ws] as const]);
  expectClose([await at(3, 4), await at(11, 22)], [3, 10.333333333333334], 1e-5);
});

test.each([
  [false, [32.72727, 38.67769]],
  [true, [40, 40]],
])('moving_average-06: numUpdates lowers the decay; zeroDebias %p is for tensors', async (zeroDebias, expected) => {
  const b = bench();
  const { update, average } = b.build(() => {
    const [v0, v1] = [variable(10, 'v0'), variable(30, 'v1')];
    const t = v0.add(v1);
    const ema = new ExponentialMovingAverage(0.25, { numUpdates: 1, zeroDebias });
    return { update: ema.apply([v0, v1, t]), average: ema.average(t)! };
  });
  await b.init();
  const found: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    await b.run(update);
    found.push(await b.run(average));
  }
  expectClose(found, expected, 1e-4);
});

test('moving_average-07: the shadow is free of dependencies, the update is not', async () => {
  const b = bench();
  const { v0, set, update, shadow } = b.build(() => {
    const v0 = new tf.Variable(0, { name: 'v0', dtype: 'int32' });
    const add = v0.assignAdd(1) as tf.Tensor;
    const v1 = variable([10], 'v1');
    const set = v1.assign([20]) as tf.Tensor;
    const ema = new ExponentialMovingAverage(0.25);
    const update = tf.controlDependencies([add], () => ema.apply([v1]));
    return { v0, set, update, shadow: ema.average(v1)! };
  });
  expect(controls(shadow.initializer)).toEqual([]);
  await b.run(shadow.initializer);
  await b.run(v0.initializer);
  expect(await b.run(shadow)).toEqual([10]);
  await b.run(set);
  await b.run(update);
  expect(await b.run([v0, shadow])).toEqual([1, [17.5]]);
});

test('moving_average-08: applied twice: two update ops of the same shadows', async () => {
  const b = bench();
  const { v0, v1, ema, update } = b.build(() => {
    const [v0, v1] = [variable(1), variable(2)];
    const ema = new ExponentialMovingAverage(0.25);
    return { v0, v1, ema, update: ema.apply([v0, v1]) };
  });
  await b.init();
  await b.run(update);
  await b.run(b.build(() => [v0.assign(2), v1.assign(4)]));
  await b.run(b.build(() => ema.apply([v0, v1])));
  expect(await b.run([ema.average(v0), ema.average(v1)])).toEqual([1.75, 3.5]);
});

test('moving_average-09: averageName and variablesToRestore', () =>
  inGraph(() => {
    const [v0, v1] = [variable(10, 'v0'), variable(30, 'v1')];
    new tf.Variable(20, { name: 'v2', trainable: false });
    const t = v0.add(v1);
    const ema = new ExponentialMovingAverage(0.25, { name: 'foo' });
    expect([ema.averageName(v0), ema.averageName(t)]).toEqual(['v0/foo', 'add/foo']);
    ema.apply([v0, v1, t]);
    expect(sorted(Object.keys(ema.variablesToRestore()))).toEqual(sorted(['v0/foo', 'v1/foo', 'add/foo', 'v2']));
  }));

test('moving_average-10: in a scope the names double', () =>
  inGraph(() => {
    const v0 = tf.variableScope('scope1', () => variable(10, 'v0'));
    tf.variableScope('scope2', () => {
      const ema = new ExponentialMovingAverage(0.25, { name: 'foo' });
      expect(ema.averageName(v0)).toBe('scope2/scope1/v0/foo');
      ema.apply([v0]);
      expect(ema.average(v0)!.op.name).toBe('scope2/scope1/v0/foo');
    });
  }));
