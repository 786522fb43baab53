/** @file Session.run: what is fetched, what is fed, and what is refused. */
import * as tf from '../../src';
import { bench, expectError, expectRunError, inGraph, plain } from './harness';

test('session-03: a tensor gives its value, an operation null, and names work', async () => {
  const b = bench();
  const a = b.build(() => tf.constant(42));
  expect([await b.run(a), await b.run(a.op), await b.run('Const:0')]).toEqual([42, null, 42]);
  expect(plain(await b.session.makeCallable(a)())).toBe(42);
  expect(await b.session.makeCallable(a.op)()).toBeNull();
});

test('session-04: a list of mixed fetches', async () => {
  const bn = bench();
  const list = bn.build(() => {
    const [a, b, c] = [tf.constant(42), tf.noOp(), tf.constant(44)];
    const assign = new tf.Variable([54]).assign([63]);
    return [a, b, c, a.name, assign.op];
  });
  expect(await bn.run(list)).toEqual([42, null, 44, 42, null]);
});

// Objects and Maps stand for dicts and named tuples.
test('session-05: objects and Maps keep keys, order and type', async () => {
  const bn = bench();
  const { a, b, c } = bn.build(() => ({ a: tf.constant(42), b: tf.noOp(), c: tf.constant(44) }));
  expect(await bn.run({ a, b, c })).toEqual({ a: 42, b: null, c: 44 });
  const map = new Map<number, unknown>([
    [3, a],
    [2, b],
    [1, c],
  ]);
  const found = (await bn.run(map)) as Map<number, unknown>;
  expect(found).toBeInstanceOf(Map);
  expect([...found]).toEqual([
    [3, 42],
    [2, null],
    [1, 44],
  ]);
});

// JavaScript has no tuples.
test('session-06: empty containers come back empty', async () => {
  const b = bench();
  const a = b.build(() => tf.constant(11));
  expect(await b.run([[], [], {}])).toEqual([[], [], {}]);
  expect(await b.run([[], [], {}, a])).toEqual([[], [], {}, 11]);
});

test('session-08: the graph may grow between runs', async () => {
  const b = bench();
  const c = b.build(() => tf.matmul(tf.constant(1, { shape: [1, 2] }), tf.constant(2, { shape: [2, 3] })));
  expect(await b.run(c)).toEqual([[4, 4, 4]]);
  const e = b.build(() => tf.matmul(c, tf.constant([1, 2, 3], { shape: [3, 1] })));
  expect(await b.run(e)).toEqual([[24]]);
});

test('session-09: evaluating the right-hand side does not assign', async () => {
  const b = bench();
  const { v, e, assign } = b.build(() => {
    const filled = (x: number, shape: number[]) => tf.constant(x, { shape });
    const v = new tf.Variable(tf.matmul(filled(1, [1, 2]), filled(2, [2, 3])));
    const e = tf.matmul(filled(1, [1, 2]), filled(3, [2, 3]));
    return { v, e, assign: tf.assign(v, e) };
  });
  await b.run(v.initializer);
  expect(await b.run(v)).toEqual([[4, 4, 4]]);
  expect(await b.run(e)).toEqual([[6, 6, 6]]);
  expect(await b.run(v)).toEqual([[4, 4, 4]]);
  await b.run(assign);
  expect(await b.run(v)).toEqual([[6, 6, 6]]);
});

test('session-10: feeding by name changes the result of that run only', async () => {
  const b = bench();
  const { a, c } = b.build(() => {
    const a = tf.constant(1, { shape: [1, 2] });
    return { a, c: tf.matmul(a, tf.constant(2, { shape: [2, 3] })) };
  });
  const fed = [[a.name, [[4, 4]]]] as const;
  expect([await b.run(c), await b.run(c, fed), await b.run(c)]).toEqual([[[4, 4, 4]], [[16, 16, 16]], [[4, 4, 4]]]);
});

// Typed arrays stand for NumPy's: they are one value. Plain lists are structure.
test('session-11: keys may be tensors, names, or nested lists with values of the same structure', async () => {
  const b = bench();
  const { x, twice, z, doubled } = b.build(() => {
    const [x, za, zb] = [tf.zeros([2]), tf.zeros([2]), tf.zeros([2])] as const;
    return { x, twice: x.rmul(2), z: [[za], zb], doubled: [za.mul(2), zb.mul(2)] };
  });
  expect(await b.run(twice, [[x, [1, 1]]])).toEqual([2, 2]);
  expect(await b.run(twice, [[x.name, [1, 1]]])).toEqual([2, 2]);
  const values = [[new Float32Array([1, 1])], new Float32Array([2, 2])];
  expect(await b.run(doubled, [[z, values]])).toEqual([
    [2, 2],
    [4, 4],
  ]);
  await expectRunError('Value', 'Could not flatten dictionary. Key had 2 elements, but value had 4 elements.', () =>
    b.run(doubled, [[z, [[[1, 1]], [2, 2]]]]),
  );
});

test('session-14: the same tensor may be fetched twice', async () => {
  const bn = bench();
  const [a, b] = bn.build(() => [tf.constant(1, { shape: [1, 2] }), tf.constant(2, { shape: [1, 3] })]);
  expect(await bn.run([a, b, a])).toEqual([[[1, 1]], [[2, 2, 2]], [[1, 1]]]);
});

// Python names its class int; JavaScript's is number.
test('session-16: a tensor cannot be fed, nor a number for a string', async () => {
  const b = bench();
  const { p, o, s, five } = b.build(() => {
    const p = tf.placeholder(tf.float32);
    return { p, o: tf.identity(p), s: tf.placeholder(tf.string), five: tf.constant(5) };
  });
  await expectRunError('Type', 'cannot be a tf.Tensor object', () => b.run(o, [[p, five]]));
  await expectRunError('Type', 'Type of feed value 1 with type number is not compatible with Tensor type', () =>
    b.run(s, [[s, 1]]),
  );
});

test('session-17: an integer that does not fit is refused', async () => {
  const b = bench();
  const { k, o } = b.build(() => ({ k: tf.constant(1, tf.int32), o: tf.constant(1) }));
  for (const big of [9223372036854775807n, 2 ** 63]) {
    await expectRunError('Type', 'is not compatible with Tensor type', () => b.run(o, [[k, big]]));
  }
});

test('session-19: the static shape is checked on feeding, shapes of the run by the kernel', async () => {
  const b = bench();
  const { t, s, r } = b.build(() => {
    const [t, s] = [tf.constant([2, 2, 2, 2]), tf.constant([2, 2], tf.int32)];
    return { t, s, r: tf.reshape(t, s) };
  });
  await expectRunError('Value', "Cannot feed value of shape (3,) for Tensor 'Const:0', which has shape '(4,)'", () =>
    b.run(r, [[t, [1, 2, 3]]]),
  );
  await expectRunError(
    'InvalidArgument',
    'Input to reshape is a tensor with 4 values, but the requested shape has 21',
    () => b.run(r, [[s, [3, 7]]]),
  );
});

test('session-20: nothing can be fetched from another graph', async () => {
  const c = () => tf.constant(1, { name: 'c' });
  const b = bench();
  b.build(c);
  const other = inGraph(c);
  await expectRunError('Value', 'cannot be interpreted as a Tensor', () => b.run(other));
  await expectRunError('Value', 'cannot be interpreted as a Tensor', () => b.run(other.op));
});

// Blocks are callbacks, so they can overlap only where they are async.
test('session-21: default sessions nest, `use` is not re-entrant, and graph must be a Graph', async () => {
  const b = bench();
  b.build(() => tf.constant(1));
  const [s1, s2] = [new tf.Session({ graph: b.graph }), new tf.Session({ graph: b.graph })];
  const leave: (() => void)[] = [];
  const hold = () => new Promise<void>((resolve) => void leave.push(resolve));
  const first = s1.asDefault(hold);
  const second = s2.asDefault(hold);
  leave[0]!();
  await expectRunError('Assertion', 'Nesting violated', () => first);
  leave[1]!();
  await second;
  await expectRunError('Runtime', 'not re-entrant', () => s1.use(() => s1.use(() => 0)));
  expect(s1.closed).toBe(true);
  expectError('Type', 'graph must be a tf.Graph', () => new tf.Session({ graph: 37 as never }));
});

test('session-22: a partial run gives its results in stages', async () => {
  const bn = bench();
  const { a, b, c, r1, r2 } = bn.build(() => {
    const [a, b, c] = [0, 1, 2].map(() => tf.placeholder(tf.float32, { shape: [] })) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const r1 = a.add(b);
    return { a, b, c, r1, r2: r1.mul(c) };
  });
  const h = bn.session.partialRunSetup([r1, r2], [a, b, c]);
  const x = await bn.session.partialRun(h, r1, [
    [a, 1],
    [b, 2],
  ]);
  expect(Number(x)).toBe(3);
  const y = await bn.session.partialRun(h, r2, [[c, Number(x) * 17]]);
  expect(Number(y)).toBe(153);
});

// Not among the cases: what session-22 leaves open.
test('session-22: each op of a partial run runs once', async () => {
  const bn = bench();
  const { p, q, inc, y, v, z } = bn.build(() => {
    const v = new tf.Variable(0, { useResource: true });
    const [p, q] = [tf.placeholder(tf.float32, { shape: [] }), tf.placeholder(tf.float32, { shape: [] })];
    const inc = v.assignAdd(1).op;
    const y = tf.controlDependencies([inc], () => tf.identity(p));
    return { p, q, inc, y, v, z: tf.controlDependencies([inc], () => y.add(q)) };
  });
  await bn.init();
  const h = bn.session.partialRunSetup([y, z, inc], [p, q]);
  expect(plain(await bn.session.partialRun(h, [y, inc], [[p, 2]]))).toEqual([2, null]);
  await expectRunError('InvalidArgument', 'has already been fed', () => bn.session.partialRun(h, z, [[p, 5]]));
  await expectRunError('InvalidArgument', "can't be computed from the feeds", () => bn.session.partialRun(h, z));
  expect(plain(await bn.session.partialRun(h, z, [[q, 3]]))).toBe(5);
  expect(await bn.run(v)).toBe(1);
  await expectRunError('InvalidArgument', "Must run 'setup'", () => bn.session.partialRun(h, z));
});
