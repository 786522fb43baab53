/** @file A vector of indices, which TensorFlow's kernels take otherwise than its graph building; figures from 1.15.5. */
import * as tf from '../src';

type Updates = number[] | number[][];
const ROWS = [
  [1, 2],
  [3, 4],
];
async function run(build: (i: tf.Tensor, u: tf.Tensor) => tf.Tensor, indices: number[], updates: Updates) {
  tf.resetDefaultGraph();
  const [i, u] = [tf.placeholder('int32'), tf.placeholder('float32')];
  const y = build(i, u);
  const session = new tf.Session();
  try {
    await session.run(tf.globalVariablesInitializer());
    const value = await session.run(y, {
      feedDict: [
        [i, indices],
        [u, updates],
      ],
    });
    return Array.from(value.data as ArrayLike<number>);
  } finally {
    session.close();
  }
}

describe.each([
  ['scatterNd', (i: tf.Tensor, u: tf.Tensor) => tf.scatterNd(i, u, [3, 2])],
  ['tensorScatterUpdate', (i: tf.Tensor, u: tf.Tensor) => tf.tensorScatterUpdate(tf.zeros([3, 2]), i, u)],
])('%s refuses it', (_name, build) => {
  const cases: [number[], Updates][] = [
    [[2, 0], ROWS],
    [
      [2, 0],
      [1, 2],
    ],
    [[2], [[1, 2]]],
    [[2], [1, 2]],
    [[2], [1]],
  ];
  test.each(cases)('%j, updates %j', async (indices, updates) => {
    await expect(run(build, indices, updates)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('scatterNdUpdate of a variable', () => {
  const build = (i: tf.Tensor, u: tf.Tensor) =>
    tf.scatterNdUpdate(new tf.Variable(tf.zeros([3, 2])), i, u) as tf.Tensor;
  test('takes its first entry for a row', async () => {
    expect(await run(build, [2], [[1, 2]])).toEqual([0, 0, 0, 0, 1, 2]);
    expect(await run(build, [2, 0], ROWS)).toEqual([0, 0, 0, 0, 1, 2]);
  });
  test('refuses updates that are no rows', async () => {
    await expect(run(build, [2, 0], [1, 2])).rejects.toThrow(/slice_dim: 1, and batch_dim: 1/);
    await expect(run(build, [2], [1, 2])).rejects.toThrow(/outermost dimension of updates and indices must match/);
  });
});
