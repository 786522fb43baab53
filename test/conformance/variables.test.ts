/** @file Variables: their ops, initial values, assignments, and what is refused. */
import * as tf from '../../src';
import { bench, expectClose, expectError, expectRunError, inGraph, opNamed, opNames, sorted } from './harness';

test('variables-01: names count up, and an uninitialized variable cannot be read', async () => {
  const b = bench();
  const [v0, v1] = b.build(() => [new tf.Variable(0), new tf.Variable(1.1)]);
  expect([v0!.name, v1!.name]).toEqual(['Variable:0', 'Variable_1:0']);
  await expectRunError('FailedPrecondition', 'Attempting to use uninitialized value', () => b.run(v0));
  await b.init();
  expectClose(await b.run([v0, v1]), [0, 1.1], 1e-6);
});

test('variables-02: initializedValue lets initial values build on each other within one run', async () => {
  const b = bench();
  const list = b.build(() => {
    const r = new tf.Variable(tf.randomUniform([3, 6]));
    const d = new tf.Variable(r.initializedValue());
    return [r, d, new tf.Variable(r.initializedValue().add(d.initializedValue()).add(2))];
  });
  await b.init();
  const [r, d, e] = (await b.run(list)) as [number[][], number[][], number[][]];
  expect(r).toHaveLength(3);
  expect(r[0]).toHaveLength(6);
  expect(new Set(r.flat()).size).toBeGreaterThan(10);
  expect(d).toEqual(r);
  expectClose(
    e,
    r.map((row, i) => row.map((x, j) => x + d[i]![j]! + 2)),
    1e-6,
  );
});

test('variables-04: an initial value that reads another variable takes its initialized value', async () => {
  const b = bench();
  const v = b.build(() => {
    const a = new tf.Variable(2, { name: 'a' });
    return new tf.Variable(a.mul(3), { name: 'b' });
  });
  await b.init();
  expect(await b.run(v)).toBe(6);
});

test('variables-06: assignments answer the new value and run when asked', async () => {
  const b = bench();
  const list = b.build(() => {
    const v = new tf.Variable(0);
    const [p, m, f] = [v.assignAdd(1), v.assignSub(2), v.assign(4)];
    return [v, p, v, m, v, f, v];
  });
  await b.init();
  const results: unknown[] = [];
  for (const x of list) results.push(await b.run(x));
  expect(results).toEqual([0, 1, 1, -1, -1, 4, 4]);
});

test('variables-07: countUpTo answers the old value and stops at the limit', async () => {
  const b = bench();
  const { v, c } = b.build(() => {
    const v = new tf.Variable(0, { dtype: tf.int32 });
    return { v, c: v.countUpTo(3) };
  });
  await b.init();
  expect([await b.run(c), await b.run(c), await b.run(c), await b.run(v)]).toEqual([0, 1, 2, 3]);
  await expectRunError('OutOfRange', 'Reached limit of 3', () => b.run(c));
});

test('variables-09: an initial value made in a loop must be given as a function', () =>
  inGraph(() => {
    const body = (i: tf.Tensor) => {
      const v = new tf.Variable(tf.zeros([], tf.int32));
      return [i.add(1), v.readValue()];
    };
    const zero = () => tf.constant(0, tf.int32);
    expectError('Value', 'inside a control-flow', () =>
      tf.whileLoop((i: tf.Tensor) => tf.less(i, 10), body, [zero(), zero()]),
    );
  }));

// JavaScript has no operators for objects: methods stand for them.
test('variables-12: operators on a variable', async () => {
  const b = bench();
  const { v, i, t, m } = b.build(() => ({
    v: new tf.Variable([2]),
    i: new tf.Variable([20], { dtype: tf.int32 }),
    t: new tf.Variable([true, false]),
    m: new tf.Variable([[2, 3]]),
  }));
  await b.init();
  const numbers = b.build(() => [
    v.add(0),
    v.radd(1),
    v.sub(1),
    v.rsub(1),
    v.mul(10),
    v.div(10),
    v.rtruediv(10),
    v.neg(),
  ]);
  expectClose(await b.run(numbers), [[2], [3], [1], [-1], [20], [0.2], [5], [-2]], 1e-6);
  expect(await b.run(b.build(() => [i.mod(7), i.rmod(103)]))).toEqual([[6], [3]]);
  const bools = b.build(() => [t.and([true, true]), t.or([false, true]), t.xor([false, false]), t.invert()]);
  expect(await b.run(bools)).toEqual([
    [true, false],
    [true, true],
    [true, false],
    [false, true],
  ]);
  expect(await b.run(b.build(() => m.matmul([[10], [20]])))).toEqual([[80]]);
});

test('variables-15: ON_READ variables are not trainable by default', () =>
  inGraph(() => {
    const a = new tf.Variable(1);
    const b = new tf.Variable(1, { synchronization: 'ON_READ' });
    const c = new tf.Variable(1, { synchronization: 'ON_READ', trainable: true });
    expect([a.trainable, b.trainable, c.trainable]).toEqual([true, false, true]);
  }));

test('variables-17: the ops of one variable, in both kinds', () =>
  inGraph(() => {
    new tf.Variable(2, { name: 'w' });
    new tf.Variable(2, { name: 'r', useResource: true });
    const under = (prefix: string) => sorted(opNames().filter((n) => n.startsWith(prefix)));
    expect(under('w')).toEqual(sorted(['w/initial_value', 'w', 'w/Assign', 'w/read']));
    expect(under('r')).toEqual(
      sorted([
        'r/Initializer/initial_value',
        'r',
        'r/IsInitialized/VarIsInitializedOp',
        'r/Assign',
        'r/Read/ReadVariableOp',
      ]),
    );
    expect([opNamed('w').type, opNamed('r').type]).toEqual(['VariableV2', 'VarHandleOp']);
  }));

test('variables-20: wrong arguments', () =>
  inGraph(() => {
    expectError('Value', 'initial_value must be specified.', () => new tf.Variable(null as never));
    expectError(
      'Value',
      'collections argument to Variable constructor must be a list, tuple, or set.',
      () => new tf.Variable(1, { collections: 'abc' as never }),
    );
    expectError(
      'Value',
      'The `constraint` argument must be a callable.',
      () => new tf.Variable(1, { constraint: 0 as never }),
    );
  }));
