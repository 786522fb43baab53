/** @file What npm run fuzz:tf found: each was a difference from TensorFlow 1.15.5, whose values stand here. */
import * as tf from '../src';

import { bench, expectError, expectRunError } from './conformance/harness';

const shapeOf = (t: tf.Tensor): (number | null)[] | null => (t.shape ? [...t.shape] : null);

test('an index that is out of bounds only when it runs is an invalid argument', async () => {
  const b = bench();
  const [x, i, y] = b.build(() => {
    const x = tf.placeholder('float32');
    const i = tf.placeholder('int32');
    return [x, i, x.at(i)] as const;
  });
  const run = (at: number) =>
    b.run(y, [
      [
        x,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
      [i, at],
    ]);
  await expectRunError('InvalidArgument', 'slice index 2 of dimension 0 out of bounds', () => run(2));
  expect(await run(1)).toEqual([4, 5, 6]);
});

describe('an op whose output is fed still runs for those who wait for it, and does not touch what was fed', () => {
  test('an ordinary op, of any shape', async () => {
    const b = bench();
    const [x, a, y] = b.build(() => {
      const x = tf.placeholder('float32');
      const a = tf.add(x, 1);
      return [x, a, tf.controlDependencies([a.op], () => tf.multiply(a, 2))] as const;
    });
    const cells = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(
      await b.run(
        [y, x],
        [
          [x, cells],
          [a, [10]],
        ],
      ),
    ).toEqual([[20], cells]);
  });

  test('the merge of a conditional', async () => {
    const b = bench();
    const [p, x, y, z] = b.build(() => {
      const p = tf.placeholder('bool', []);
      const x = tf.placeholder('float32', [null]);
      const y = tf.cond(
        p,
        () => tf.multiply(x, 2),
        () => tf.negative(x),
      ) as tf.Tensor;
      return [p, x, y, tf.controlDependencies([y.op], () => tf.multiply(y, 10))] as const;
    });
    expect(
      await b.run(
        [z, y, x],
        [
          [p, true],
          [x, [1, 2, 3]],
          [y, [5]],
        ],
      ),
    ).toEqual([[50], [5], [1, 2, 3]]);
  });

  test('the exit of a loop', async () => {
    const b = bench();
    const [x, i, w, u] = b.build(() => {
      const x = tf.placeholder('float32', [null]);
      const [i, w] = tf.whileLoop(
        (i: tf.Tensor) => tf.less(i, 3),
        (i: tf.Tensor, w: tf.Tensor) => [tf.add(i, 1), tf.add(w, x)],
        [tf.constant(0, 'int32'), x],
        { shapeInvariants: [[], [null]] },
      ) as [tf.Tensor, tf.Tensor];
      return [x, i, w, tf.controlDependencies([w.op], () => tf.add(w, 1))] as const;
    });
    expect(
      await b.run(
        [u, w, i, x],
        [
          [x, [1, 2, 3]],
          [w, [7]],
        ],
      ),
    ).toEqual([[8], [7], 3, [1, 2, 3]]);
  });
});

test('identityN of constants runs', async () => {
  const b = bench();
  const parts = b.build(() => tf.identityN([tf.constant([1, 2]), tf.constant(3)]));
  expect(await b.run([...parts])).toEqual([[1, 2], 3]);
});

test('what one loop gives is the same in every round of a second loop', async () => {
  const b = bench();
  const [start, y] = b.build(() => {
    const x = (
      tf.whileLoop(
        (i: tf.Tensor) => tf.less(i, 2),
        (i: tf.Tensor, x: tf.Tensor) => [tf.add(i, 1), tf.multiply(x, 1.5)],
        [tf.constant(0, 'int32'), tf.constant(0.8)],
      ) as tf.Tensor[]
    )[1]!;
    const start = tf.placeholder('float32', []);
    const half = (t: tf.Tensor): tf.Tensor => tf.multiply(t, 0.5);
    const [, y] = tf.whileLoop(
      (i: tf.Tensor) => tf.less(i, 3),
      (i: tf.Tensor, y: tf.Tensor) => [tf.add(i, 1), tf.add(half(y), half(tf.tanh(tf.reshape(tf.sin(x), []))))],
      [tf.constant(0, 'int32'), start],
    ) as [tf.Tensor, tf.Tensor];
    return [start, y] as const;
  });
  expect(await b.run(y, [[start, 0.25]])).toBeCloseTo(0.6878414, 6);
});

test('a size that is fed is checked, where the other sizes leave only one that would fit', async () => {
  const b = bench();
  const [x, k, y] = b.build(() => {
    const x = tf.placeholder('float32', [2, 3]);
    const k = tf.placeholder('int32', []);
    return [x, k, tf.reshape(x, tf.stack([2, k]))] as const;
  });
  const run = (size: number) =>
    b.run(y, [
      [
        x,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
      [k, size],
    ]);
  const words = 'Input to reshape is a tensor with 6 values, but the requested shape has 8';
  await expectRunError('InvalidArgument', words, () => run(4));
  expect(await run(3)).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
});

test('broadcastTo does not shrink, and everything broadcasts to nothing', async () => {
  const b = bench();
  const [x, to, y] = b.build(() => {
    const x = tf.placeholder('float32');
    const to = tf.placeholder('int32', [null]);
    return [x, to, tf.broadcastTo(x, to)] as const;
  });
  const run = (value: number[] | number[][], sizes: number[]) =>
    b.run(y, [
      [x, value],
      [to, sizes],
    ]);
  const grid = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  const shrink = 'Unable to broadcast tensor of shape [2,3] to tensor of shape [1,3]';
  await expectRunError('InvalidArgument', shrink, () => run(grid, [1, 3]));
  await expectRunError('InvalidArgument', 'Incompatible shapes: [2] vs. [3]', () => run([1, 2], [3]));
  expect(await run([1, 2], [0])).toEqual([]);
  expect(await run([1, 2, 3], [2, 3])).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test('a second gradient through a TensorArray fails when it runs', async () => {
  const b = bench();
  const [x, first, second] = b.build(() => {
    const x = tf.placeholder('float32', [3]);
    const y = new tf.TensorArray('float32', { size: 3 }).unstack(x).stack();
    const [g] = tf.gradients(tf.reduceSum(tf.multiply(tf.multiply(y, y), y)), x);
    return [x, g as tf.Tensor, tf.gradients(g as tf.Tensor, x)[0] as tf.Tensor] as const;
  });
  await expectRunError('InvalidArgument', 'Wrong input container. _tensor_array_grads', () =>
    b.run(second, [[x, [1, 2, 3]]]),
  );
  expect(await b.run(first, [[x, [1, 2, 3]]])).toEqual([3, 12, 27]);
});

test('a gradient that is refused inside of a loop leaves no loop open', async () => {
  const b = bench();
  const [x, y] = b.build(() => {
    const x = tf.placeholder('float32', [3]);
    const cubes = tf.mapFn((row: tf.Tensor) => tf.multiply(tf.multiply(row, row), row), x) as tf.Tensor;
    const [g] = tf.gradients(tf.reduceSum(cubes), x);
    expect(() => tf.gradients(g as tf.Tensor, x)).toThrow('Second-order gradient for while loops not supported.');
    return [x, tf.add(x, 1)] as const;
  });
  expect(y.op.context).toBeNull();
  expect(await b.run(y, [[x, [1, 2, 3]]])).toEqual([2, 3, 4]);
});

test('float attrs are single: a graph and its import compute the same bits', async () => {
  const b = bench();
  const [x, y] = b.build(() => {
    const x = tf.placeholder('float64', [1], { name: 'x' });
    return [x, tf.nn.leakyRelu(x, { alpha: 0.3 })] as const;
  });
  expect(await b.run(y, [[x, [-1]]])).toEqual([-0.30000001192092896]);
  const again = bench();
  again.build(() => tf.train.importMetaGraph(tf.train.exportMetaGraph(null, { graph: b.graph })));
  expect(await again.run('LeakyRelu:0', [['x:0', [-1]]])).toEqual([-0.30000001192092896]);
});

test('the largest and smallest rows of int64 segments', async () => {
  const b = bench();
  const list = b.build(() => {
    const x = tf.constant(
      [
        [5, -2],
        [3, 4],
        [7, 1],
      ],
      'int64',
    );
    const ids = tf.constant([0, 0, 2], 'int32');
    return [tf.segmentMax(x, ids), tf.segmentMin(x, ids), tf.unsortedSegmentMax(x, ids, 3)];
  });
  const [most, least, unsorted] = (await b.run(list)) as number[][][];
  expect(most).toEqual([
    [5, 4],
    [0, 0],
    [7, 1],
  ]);
  expect(least).toEqual([
    [3, -2],
    [0, 0],
    [7, 1],
  ]);
  expect([unsorted![0], unsorted![2]]).toEqual([
    [5, 4],
    [7, 1],
  ]);
});

test.each([
  ['softmax', tf.nn.softmax],
  ['logSoftmax', tf.nn.logSoftmax],
  ['softplus', tf.nn.softplus],
])('the rows gathered from %s have a gradient', async (_, f: (x: tf.Tensor) => tf.Tensor) => {
  const b = bench();
  const [x, g, whole] = b.build(() => {
    const x = tf.placeholder('float32', [3, 2]);
    const rows = tf.gather(f(x), [0, 0]);
    const mask = tf.constant([
      [2, 4],
      [0, 0],
      [0, 0],
    ]);
    const [g] = tf.gradients(tf.multiply(rows, [1, 2]), x);
    return [x, g as tf.Tensor, tf.gradients(tf.multiply(f(x), mask), x)[0] as tf.Tensor] as const;
  });
  const feed = [
    [
      x,
      [
        [1, 2],
        [3, 5],
        [-1, 0.5],
      ],
    ],
  ] as const;
  const [got, want] = [await b.run(g, feed), await b.run(whole, feed)] as [number[][], number[][]];
  got.flat().forEach((cell, i) => {
    expect(cell).toBeCloseTo(want.flat()[i]!, 6);
  });
});

describe('the rows gathered from what a loop gives', () => {
  const slope = (ids: number[], dtype: 'int32' | 'int64', body: (x: tf.Tensor) => tf.Tensor) => {
    const b = bench();
    const build = () =>
      b.build(() => {
        const x = tf.placeholder('float32', [3, 2], { name: 'x' });
        const [, y] = tf.whileLoop(
          (i: tf.Tensor) => tf.less(i, 2),
          (i: tf.Tensor, v: tf.Tensor) => [tf.add(i, 1), body(v)],
          [tf.constant(0, 'int32'), x],
        ) as [tf.Tensor, tf.Tensor];
        return tf.convertToTensor(tf.gradients(tf.gather(y, tf.constant(ids, dtype)), x)[0] as never);
      });
    return {
      build,
      run: (g: tf.Tensor) =>
        b.run(g, [
          [
            'x:0',
            [
              [1, 1],
              [1, 1],
              [1, 1],
            ],
          ],
        ]),
    };
  };
  const half = (x: tf.Tensor): tf.Tensor => tf.multiply(x, 0.5);

  test('have a gradient where the slices of all rounds fit each other', async () => {
    const kept = slope([1, 1], 'int64', tf.negative);
    expect(await kept.run(kept.build())).toEqual([
      [0, 0],
      [2, 2],
      [0, 0],
    ]);
    const halved = slope([1, 1, 0], 'int32', half);
    expect(await halved.run(halved.build())).toEqual([
      [0.25, 0.25],
      [0.5, 0.5],
      [0, 0],
    ]);
  });
  test('are refused where they do not', () => {
    const words = 'Cannot update edge, incompatible shapes: [3,2] and [2,2].';
    expectError('InvalidArgument', words, slope([1, 1], 'int32', half).build);
    const odd = "The two structures don't have the same nested structure.";
    expectError('Value', odd, slope([1, 1, 0], 'int64', half).build);
  });
});

test('a row of an empty matrix of whole numbers', async () => {
  const b = bench();
  const row = b.build(() => tf.zeros([2, 0], 'int32').at(-1));
  expect(row.shape).toEqual([0]);
  expect(await b.run(row)).toEqual([]);
});

describe('static shapes are those of the shape functions', () => {
  const shape = (
    make: (of: (s: (number | null)[] | null, dtype?: 'float32' | 'int32' | 'bool') => tf.Tensor) => tf.Tensor,
  ) => bench().build(() => shapeOf(make((s, dtype = 'float32') => tf.placeholder(dtype, { shape: s }))));

  test('where: a vector of conditions says nothing about the rows', () => {
    expect(shape((of) => tf.where(of([4], 'bool'), of([null, 2]), of([null, 2])))).toEqual([null, 2]);
    expect(shape((of) => tf.where(of([2, 3], 'bool'), of([null, null]), of([null, null])))).toEqual([2, 3]);
  });
  test('tile of an unknown rank', () => {
    expect(shape((of) => tf.tile(of(null), [0, 2]))).toEqual([0, null]);
  });
  test('expandDims at an axis that is fed', () => {
    expect(shape((of) => tf.expandDims(of([null, null]), of([], 'int32')))).toBeNull();
  });
  test('a size of 0 against an unknown one', () => {
    expect(shape((of) => tf.add(of([1, 0, 3, 1]), of([null, null, null, 5])))).toEqual([null, null, 3, 5]);
    expect(shape((of) => tf.add(of([2]), of([null])))).toEqual([2]);
  });
  test('broadcastTo a known shape', () => {
    expect(shape((of) => tf.broadcastTo(of([null, null]), [1, 3]))).toEqual([1, 3]);
  });
  test('reshape to one unknown size', () => {
    expect(shape((of) => tf.reshape(of([2, 3]), of([1], 'int32')))).toEqual([6]);
    expect(shape((of) => tf.reshape(of([2, 3]), of([2], 'int32')))).toEqual([null, null]);
    expect(shape((of) => tf.reshape(of([0, null]), [3, -1]))).toEqual([3, 0]);
  });
  test('reshape to a shape that went through a cast', () => {
    expect(
      shape((of) => tf.reshape(of(null), tf.cast(tf.shape(of([null, 1, 3]), { outType: 'int64' }), 'int32'))),
    ).toEqual([null, null, null]);
    expect(shape((of) => tf.reshape(of(null), tf.shape(of([null, 1, 3]))))).toEqual([null, 1, 3]);
  });
  test('a constant in a shape that nobody knows is no constant vector', () => {
    expect(
      shape((of) =>
        tf.onesLike(
          tf.reshape(
            tf.constant(
              [
                [1, 2],
                [3, 4],
              ],
              'int32',
            ),
            tf.shape(of(null)),
          ),
        ),
      ),
    ).toBeNull();
  });
  test('the places of unique elements', () => {
    const idx = (s: number[] | null) =>
      bench().build(() => shapeOf(tf.unique(tf.placeholder('float32', { shape: s })).idx));
    expect([idx(null), idx([4])]).toEqual([null, [4]]);
  });
});
