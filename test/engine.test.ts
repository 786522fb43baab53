/** @file The engine at large: big graphs, many steps, concurrent and independent sessions, what is freed, kinds of values. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '../src';
import { memory } from '../src/kernels/memory';
import { bench, expectError, expectRunError, plain } from './conformance/harness';

const scalar = (dtype: tf.DType = 'float32'): tf.Tensor => tf.placeholder(dtype, { shape: [] });
const feed = (...pairs: (readonly [unknown, unknown])[]) => ({ feedDict: pairs as never });

describe('large graphs', () => {
  const OPS = 100_000;

  test('a chain of 100,000 ops', async () => {
    const b = bench();
    const { x, y } = b.build(() => {
      const [x, one] = [scalar(), tf.constant(1)];
      let y = x;
      for (let i = 0; i < OPS; i++) y = tf.add(y, one);
      return { x, y };
    });
    expect(await b.run(y, [[x, 5]])).toBe(OPS + 5);
    b.session.close();
  }, 60_000);

  test('100,000 ops side by side', async () => {
    const b = bench();
    const { x, sum } = b.build(() => {
      const [x, two] = [scalar(), tf.constant(2)];
      return { x, sum: tf.addN(Array.from({ length: OPS }, () => tf.multiply(x, two))) };
    });
    expect(await b.run(sum, [[x, 3]])).toBe(6 * OPS);
    b.session.close();
  }, 60_000);

  test('gradients through a chain of 20,000 ops', async () => {
    const b = bench();
    const { x, g } = b.build(() => {
      const x = scalar('float64');
      let y = x;
      for (let i = 0; i < 20_000; i++) y = tf.negative(y);
      return { x, g: tf.gradients(tf.multiply(y, y), x) };
    });
    expect(await b.run(g, [[x, 3]])).toEqual([6]);
    b.session.close();
  }, 60_000);

  test('a chain of 100,000 control edges', async () => {
    const b = bench();
    const { last, v } = b.build(() => {
      const v = new tf.Variable(0);
      let last = tf.noOp();
      for (let i = 0; i < OPS; i++) last = tf.controlDependencies([last], () => tf.noOp());
      return { v, last: tf.controlDependencies([last], () => tf.assignAdd(v as never, 1)) };
    });
    await b.init();
    expect(await b.run(last)).toBe(1);
    expect(await b.run(v)).toBe(1);
    b.session.close();
  }, 60_000);
});

/** A net of two layers that is trained. */
function net() {
  const b = bench();
  const made = b.build(() => {
    const [x, labels] = [
      tf.placeholder('float32', { shape: [null, 8] }),
      tf.placeholder('float32', { shape: [null, 1] }),
    ];
    const h = tf.layers.dense(x, 16, { activation: tf.nn.relu });
    const y = tf.layers.dense(h, 1);
    const loss = tf.reduceMean(tf.square(tf.subtract(y, labels)));
    return { x, labels, loss, train: new tf.train.GradientDescentOptimizer(0.01).minimize(loss) };
  });
  return { b, ...made };
}

test('20,000 steps of a small net do not make the process grow', async () => {
  const { b, x, labels, loss, train } = net();
  await b.init();
  const batch = (i: number) =>
    feed(
      [
        x,
        new tf.Value(
          'float32',
          [4, 8],
          Float32Array.from({ length: 32 }, (_, k) => Math.sin(i + k)),
        ),
      ],
      [labels, new tf.Value('float32', [4, 1], [1, 0, 1, 0])],
    );
  const steps = async (from: number, to: number) => {
    for (let i = from; i < to; i++) await b.session.run([loss, train], batch(i));
  };
  const used = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await steps(0, 4000);
  collect();
  const [before, pages] = [used(), memory.buffer.byteLength];
  await steps(4000, 20_000);
  collect();
  expect(memory.buffer.byteLength).toBe(pages);
  expect(used() - before).toBeLessThan(5e6);
  b.session.close();
}, 20_000);

test('concurrent runs of one session', async () => {
  const { b, x, labels, loss, train } = net();
  await b.init();
  const y = b.build(() => tf.multiply(tf.reduceSum(x), 2));
  const rows = (v: number) => [new Array(8).fill(v)];
  const runs = Array.from({ length: 50 }, (_, i) => b.session.run(y, feed([x, rows(i)])));
  const training = Array.from({ length: 50 }, () => b.session.run([train, loss], feed([x, rows(1)], [labels, [[1]]])));
  expect((await Promise.all(runs)).map(plain)).toEqual(runs.map((_, i) => 16 * i));
  const losses = (await Promise.all(training)).map(([, l]) => Number(l));
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
});

test('sessions are independent', async () => {
  const b = bench();
  const { init, add, v, counter } = b.build(() => {
    const v = new tf.Variable([1, 2]);
    return {
      v,
      add: tf.assignAdd(v as never, [1, 1]),
      init: tf.globalVariablesInitializer(),
      counter: tf.randomUniform([1], { seed: 1 }),
    };
  });
  const [one, two] = [new tf.Session({ graph: b.graph }), new tf.Session({ graph: b.graph })];
  await one.run(init);
  await expectRunError('FailedPrecondition', 'Attempting to use uninitialized value Variable', () => two.run(v));
  await two.run(init);
  for (let i = 0; i < 3; i++) await one.run(add);
  expect(plain([await one.run(v), await two.run(v)])).toEqual([
    [4, 5],
    [1, 2],
  ]);
  expect(plain(await one.run(counter))).toEqual(plain(await two.run(counter)));
  one.close();
  expect(plain(await two.run(v))).toEqual([1, 2]);
  two.close();
});

test('close frees: a hundred sessions need no more memory than one', async () => {
  const b = bench();
  const { init, y } = b.build(() => {
    const v = new tf.Variable(tf.zeros([512, 512]));
    return { init: tf.globalVariablesInitializer(), y: tf.reduceSum(tf.matmul(v as never, v as never)) };
  });
  const once = async () => {
    const s = new tf.Session({ graph: b.graph });
    await s.run(init);
    expect(plain(await s.run(y))).toBe(0);
    s.close();
  };
  await once();
  await once();
  const pages = memory.buffer.byteLength;
  for (let i = 0; i < 100; i++) await once();
  expect(memory.buffer.byteLength).toBe(pages);
});

test('runs of many shapes do not fill the memory', async () => {
  const b = bench();
  const { x, y } = b.build(() => {
    const x = tf.placeholder('float32', { shape: [null, 64] });
    return { x, y: tf.reduceSum(tf.multiply(tf.add(x, 1), 2)) };
  });
  const once = async (n: number) => expect(await b.run(y, [[x, tf.Value.zeros('float32', [n, 64])]])).toBe(128 * n);
  for (let n = 1; n <= 300; n++) await once(n);
  const pages = memory.buffer.byteLength;
  for (let n = 1; n <= 1000; n++) await once((n * 7) % 300);
  expect(memory.buffer.byteLength).toBeLessThanOrEqual(2 * pages);
});

describe('makeCallable', () => {
  test('takes values by position and answers the structure', async () => {
    const b = bench();
    const { x, y, f } = b.build(() => {
      const [x, y] = [scalar(), scalar()];
      return { x, y, f: { sum: tf.add(x, y), both: [x, y], none: tf.noOp() } };
    });
    const call = b.session.makeCallable(f, [x, y]);
    for (let i = 0; i < 3; i++) expect(plain(await call(i, 2))).toEqual({ sum: i + 2, both: [i, 2], none: null });
    await expectRunError('Value', 'takes 2 values', () => call(1));
    b.session.close();
    await expectRunError('Runtime', 'Attempted to use a closed Session.', () => call(1, 2));
    expectError('Runtime', 'Attempted to use a closed Session.', () => b.session.makeCallable(f, [x, y]));
  });
});

test('nested fetches, the same tensor twice, a fed one', async () => {
  const b = bench();
  const { x, y } = b.build(() => {
    const x = scalar();
    return { x, y: tf.square(x, { name: 'y' }) };
  });
  const found = await b.run({ a: [y, [x, { b: y.op, c: 'y:0' }]], d: y }, [[x, 3]]);
  expect(found).toEqual({ a: [9, [3, { b: null, c: 9 }]], d: 9 });
  expect(await b.run(y, [[y, 7]])).toBe(7);
});

describe('values', () => {
  test('int64 is exact, as bigint', async () => {
    const b = bench();
    const { x, y } = b.build(() => {
      const x = tf.placeholder('int64', { shape: [2] });
      return { x, y: tf.add(tf.multiply(x, x), 1n as never) };
    });
    const y0 = await b.session.run(y, feed([x, [3n, 3037000499n]]));
    expect(y0.dtype).toBe('int64');
    expect(y0.toArray()).toEqual([10n, 9223372030926249002n]);
  });
  test('strings pass through', async () => {
    const b = bench();
    const { x, y } = b.build(() => {
      const x = tf.placeholder('string', { shape: [null] });
      return { x, y: [tf.identity(x), tf.concat([x, ['last']], 0), tf.equal(x, ['a', 'Ü'])] };
    });
    expect(await b.run(y, [[x, ['a', 'b']]])).toEqual([
      ['a', 'b'],
      ['a', 'b', 'last'],
      [true, false],
    ]);
  });
  const kinds: readonly [tf.DType, unknown, unknown][] = [
    ['bool', [true, false], [true, false]],
    ['uint8', [0, 255], [0, 255]],
    ['int8', [-128, 127], [-128, 127]],
    ['int16', [-32768, 32767], [-32768, 32767]],
    ['int32', [-2147483648, 2147483647], [-2147483648, 2147483647]],
    ['float16', [0.1, 65504], [0.0999755859375, 65504]],
    ['float32', [0.1, Number.NaN], [Math.fround(0.1), Number.NaN]],
    ['float64', [0.1, -0], [0.1, -0]],
  ];
  test.each(kinds)('%s', async (dtype, given, expected) => {
    const b = bench();
    const { x, y } = b.build(() => {
      const x = tf.placeholder(dtype, { shape: [2] });
      return { x, y: tf.identity(x) };
    });
    const found = await b.session.run([x, y], feed([x, given]));
    expect(found.map((v) => [v.dtype, v.toArray()])).toEqual([
      [dtype, expected],
      [dtype, expected],
    ]);
  });
  test('results are copies: a later run does not change them', async () => {
    const b = bench();
    const { v, add } = b.build(() => {
      const v = new tf.Variable([1, 2]);
      return { v, add: tf.assignAdd(v as never, [1, 1]) };
    });
    await b.init();
    const first = await b.session.run(v as never as tf.Tensor);
    (first.data as unknown as number[])[0] = 100;
    await b.run(add);
    expect(await b.run(v)).toEqual([2, 3]);
    expect(first.toArray()).toEqual([100, 2]);
  });
  test('empty tensors', async () => {
    const b = bench();
    const { x, y } = b.build(() => {
      const x = tf.placeholder('float32', { shape: [null, 3] });
      return {
        x,
        y: [tf.add(x, 1), tf.reduceSum(x), tf.matmul(x, tf.ones([3, 2])), tf.reduceMean(x, { axis: 0 } as never)],
      };
    });
    expect(await b.run(y, [[x, tf.Value.zeros('float32', [0, 3])]])).toEqual([
      [],
      0,
      [],
      [Number.NaN, Number.NaN, Number.NaN],
    ]);
  });
});
