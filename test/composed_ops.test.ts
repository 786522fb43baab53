/** @file einsum, sorting, counting and other small ops; every number and message was printed by TensorFlow 1.15.5. */
import * as tf from '../src';

beforeEach(() => tf.resetDefaultGraph());

const A = [
  [0, 1, 2],
  [3, 4, 5],
];
const B = Array.from({ length: 3 }, (_, i) => Array.from({ length: 4 }, (_, j) => (4 * i + j) / 2));
const ints = (x: tf.Nested) => tf.constant(x, 'int32');
const square = () => tf.slice(tf.constant(A), [0, 0], [2, 2]);
const row = (i: number) => tf.constant(A[i]!);

const VALUES: readonly [string, () => tf.Tensor, unknown][] = [
  [
    'einsum: a matrix product, transposed',
    () => tf.einsum('ij,jk->ki', [A, B]),
    [
      [10, 28],
      [11.5, 34],
      [13, 40],
      [14.5, 46],
    ],
  ],
  ['einsum: a trace', () => tf.einsum('ii', [square()]), 4],
  [
    'einsum: an outer product',
    () => tf.einsum('i,j->ij', [row(0), row(1)]),
    [
      [0, 0, 0],
      [3, 4, 5],
      [6, 8, 10],
    ],
  ],
  ['einsum: a sum over an axis of three', () => tf.einsum('ij,ij,ij->j', [A, A, A]), [27, 65, 133]],
  [
    'einsum: an ellipsis',
    () => tf.einsum('...i,ij->...j', [[A], B]),
    [
      [
        [10, 11.5, 13, 14.5],
        [28, 34, 40, 46],
      ],
    ],
  ],
  [
    'sort: descending along rows',
    () =>
      tf.sort(
        [
          [3, 1, 2],
          [0, 5, 4],
        ],
        { axis: 0, direction: 'DESCENDING' },
      ),
    [
      [3, 5, 4],
      [0, 1, 2],
    ],
  ],
  ['argsort: equal values stay in order', () => tf.argsort(ints([3, 1, 2, 1])), [1, 3, 2, 0]],
  [
    'countNonzero over an axis',
    () =>
      tf.countNonzero(
        [
          [0, 2],
          [0, 0],
        ],
        1,
      ),
    [1, 0],
  ],
  ['countNonzero of strings', () => tf.countNonzero(['', 'a', ' ']), 2],
  ['bincount', () => tf.bincount(ints([3, 1, 1, 5])), [0, 2, 0, 1, 0, 1]],
  [
    'bincount of weights',
    () => tf.bincount(ints([3, 1, 1, 5]), { weights: [1, 2, 3, 4], minlength: 8 }),
    [0, 5, 0, 1, 0, 4, 0, 0],
  ],
  ['bincount up to a length', () => tf.bincount(ints([3, 1, 1, 5]), { maxlength: 4 }), [0, 2, 0, 1]],
  ['histogramFixedWidth', () => tf.histogramFixedWidth([-1, 0, 1.5, 2, 5, 15], [0, 5], 5), [2, 1, 1, 0, 2]],
  ['histogramFixedWidthBins', () => tf.histogramFixedWidthBins([-1, 0, 1.5, 2, 5, 15], [0, 5], 5), [0, 0, 1, 2, 4, 4]],
  ['cross', () => tf.cross([1, 2, 3], [4, 5, 7]), [-1, 5, -3]],
  [
    'unravelIndex',
    () => tf.unravelIndex(ints([0, 5, 11]), ints([3, 4])),
    [
      [0, 1, 2],
      [0, 1, 3],
    ],
  ],
  [
    'batchGather',
    () =>
      tf.batchGather(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        ints([
          [2, 0],
          [1, 1],
        ]),
      ),
    [
      [3, 1],
      [5, 5],
    ],
  ],
  [
    'repeat: a count for each',
    () =>
      tf.repeat(
        ints([
          [1, 2],
          [3, 4],
        ]),
        ints([1, 2]),
        { axis: 0 },
      ),
    [
      [1, 2],
      [3, 4],
      [3, 4],
    ],
  ],
  ['repeat: one count for all', () => tf.repeat(ints([1, 2]), 2), [1, 1, 2, 2]],
  ['bitcast: floats as ints', () => tf.bitcast(tf.constant([1, -2]), 'int32'), [1065353216, -1073741824]],
  ['bitcast: to a narrower type', () => tf.bitcast(ints([258]), 'uint8'), [[2, 1, 0, 0]]],
  ['reduceVariance', () => tf.math.reduceVariance(A, 1), [2 / 3, 2 / 3]],
  ['reduceStd', () => tf.math.reduceStd(A), 1.7078251838684082],
  ['norm along rows', () => tf.norm(A, { axis: 1 }), [2.2360680103302, 7.071067810058594]],
  ['norm of order 1', () => tf.norm(A, { ord: 1, axis: 0 }), [3, 5, 7]],
];
const close = (got: unknown, want: unknown): void => {
  if (Array.isArray(want)) {
    expect((got as unknown[]).length).toBe(want.length);
    want.forEach((w, i) => void close((got as unknown[])[i], w));
  } else expect(Number(got)).toBeCloseTo(Number(want), 5);
};
test.each(VALUES)('%s', async (_, make, want) => {
  const value = (await new tf.Session().run(make())) as unknown as tf.Value;
  close(value.toArray(), want);
});

test('hessians: the matrix of second derivatives', async () => {
  const x = tf.placeholder('float32', { shape: [2] });
  const [h] = tf.hessians(tf.reduceProd(x).mul(x.at(0)), x);
  const value = (await new tf.Session().run(h!, { feedDict: [[x, [2, 3]]] })) as unknown as tf.Value;
  close(value.toArray(), [
    [6, 4],
    [4, 0],
  ]);
});

test('randomCrop takes the part that TensorFlow takes for the seed', async () => {
  tf.setRandomSeed(7);
  tf.ones([2, 3]); // seeds count ops
  tf.ones([3, 4]);
  const crop = tf.randomCrop(tf.reshape(tf.range(20), [4, 5]), [2, 2], { seed: 3 });
  const value = (await new tf.Session().run(crop)) as unknown as tf.Value;
  close(value.toArray(), [
    [12, 13],
    [17, 18],
  ]);
});

test('a template makes its variables once and shares them', async () => {
  const scale = tf.makeTemplate('scale', (x: tf.Tensor) =>
    x.mul(tf.getVariable('w', { shape: [2], initializer: tf.onesInitializer() }).value()),
  );
  const [a, b] = [scale(tf.constant([1, 2])), scale(tf.constant([3, 4]))];
  expect(tf.globalVariables().map((v) => v.name)).toEqual(['scale/w:0']);
  const session = new tf.Session();
  await session.run(tf.globalVariablesInitializer());
  const [x, y] = (await session.run([a, b])) as unknown as tf.Value[];
  close(
    [x!.toArray(), y!.toArray()],
    [
      [1, 2],
      [3, 4],
    ],
  );
  const greedy = tf.makeTemplate('greedy', () => new tf.Variable(1));
  greedy();
  expect(() => greedy()).toThrow('Trainable variable created when calling a template after the first time');
});

const REFUSED: readonly [string, () => unknown, string][] = [
  ['an output axis that no input has', () => tf.einsum('ij,jk->il', [A, B]), 'Invalid equation: ij,jk->il'],
  [
    'an axis twice in one input',
    () => tf.einsum('iij->j', [tf.zeros([2, 2, 2])]),
    'Subscript not supported: an axis appears more than once: iij',
  ],
  ['signs that are no letters', () => tf.einsum('ij$', [A]), 'Indices have incorrect format: ij$'],
  ['another direction', () => tf.sort([1], { direction: 'UP' as never }), 'UP should be one of ASCENDING, DESCENDING'],
  ['an axis past the last', () => tf.repeat([1], ints([1]), { axis: 3 }), 'axis=3 out of bounds: expected -1<=axis<1'],
  ['vectors of two', () => tf.cross([1, 2], [1, 2]), 'Dimension must be 3 but is 2'],
  [
    'indices of unknown rank',
    () => tf.batchGather([1], tf.placeholder('int32')),
    'batch_gather does not allow indices with unknown shape.',
  ],
  [
    'too few bytes for the type',
    () => tf.bitcast(tf.constant([1], 'uint8'), 'int32'),
    'Cannot bitcast due to shape. 1 does not match 4',
  ],
];
test.each(REFUSED)('refused when building: %s', (_, make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: 'Value', message: expect.stringContaining(message) as string }));
});

test.each([
  ['negative values to count', () => tf.bincount(ints([-1])), 'Input arr must be non-negative!'],
  [
    'a range that ends before it starts',
    () => tf.histogramFixedWidth([1], [2, 1]),
    'value_range should satisfy value_range[0] < value_range[1]',
  ],
  [
    'a crop larger than the value',
    () => tf.randomCrop(tf.zeros([2]), [3]),
    'assertion failed: [Need value.shape >= size, got ] [2] [3]',
  ],
] as const)('refused when running, and the session works on: %s', async (_, make, message) => {
  const session = new tf.Session();
  const error = await session.run(make() as tf.Tensor).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(tf.errors.InvalidArgumentError);
  expect(String(error)).toContain(message);
  expect(Number(await session.run(tf.constant(1)))).toBe(1);
});
