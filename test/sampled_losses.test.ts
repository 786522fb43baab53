/** @file Candidate samplers and the losses that use them: TensorFlow 1.15.5's numbers for a seed, and its refusals. */
import * as tf from '../src';
import * as samplers from '../src/ops/candidate_sampling';
import { nceLoss, sampledSoftmaxLoss } from '../src/ops/sampled_losses';

let session: tf.Session;
beforeEach(() => {
  tf.resetDefaultGraph();
  session = new tf.Session({ graph: tf.getDefaultGraph() });
});
afterEach(() => session.close());

const cells = (x: unknown): number[] => Array.from((x as tf.Value).data as ArrayLike<number>, Number);
const all = async (xs: readonly tf.Tensor[]): Promise<number[][]> => (await session.run([...xs])).map(cells);
const close = (expected: number[]) => expected.map((x) => expect.closeTo(x, 5));
const i64 = (shape?: (number | null)[], name?: string) => tf.placeholder('int64', { shape: shape ?? null, name });
const TRUE = [
  [1, 2],
  [0, 7],
];

// ---- samplers -----------------------------------------------------------------------------------------------------

test('the uniform sampler draws the classes of TensorFlow for a seed, others at the next run', async () => {
  const found = samplers.uniformCandidateSampler(TRUE, 2, 5, true, 10, { seed: 1 });
  const expected = close(new Array(5).fill(0.468559));
  expect(await all(found)).toEqual([[1, 5, 4, 7, 6], expected.slice(1), expected]);
  expect(await all(found)).toEqual([[8, 2, 9, 3, 5], expected.slice(1), expected]);
});

test.each([true, false])('the log-uniform sampler draws small classes more often (unique: %s)', async (unique) => {
  const found = samplers.logUniformCandidateSampler(TRUE, 2, 5, unique, 1000, { seed: 2 });
  const ofTrue = close([0.293443, 0.2082011, 0.5016441, 0.0852419]);
  const first = close([0.037122, 0.0038394, 0.0023846, 0.001643, 0.0016695]);
  expect(await all(found)).toEqual([[18, 187, 302, 439, 432], ofTrue, first]);
  expect((await all(found))[0]).toEqual([99, 203, 713, 0, 308]);
});

test('the sampler of all classes counts up', async () => {
  const found = samplers.allCandidateSampler(TRUE, 2, 4, true);
  expect(await all(found)).toEqual([
    [0, 1, 2, 3],
    [1, 1, 1, 1],
    [1, 1, 1, 1],
  ]);
});

test('accidental hits are found at their last place among the samples', async () => {
  const [rows, places, weights] = samplers.computeAccidentalHits(
    [
      [1, 2],
      [7, 1],
    ],
    [1, 5, 1, 7],
    2,
  );
  const lowest = -3.4028234663852886e38;
  expect(await all([rows, places, weights])).toEqual([
    [0, 1, 1],
    [2, 3, 2],
    [lowest, lowest, lowest],
  ]);
});

describe('refused', () => {
  const U = samplers.uniformCandidateSampler;
  test.each<[string, () => unknown, string]>([
    ['a vector', () => U(i64([null]), 1, 2, true, 4), 'Shape must be rank 2 but is rank 1'],
    [
      'no samples',
      () => U(i64([null, 1]), 1, 0, true, 4),
      "Attr 'num_sampled' of 'UniformCandidateSampler' Op passed 0",
    ],
    [
      'no range',
      () => U(i64([null, 1]), 1, 1, true, 0),
      "Attr 'range_max' of 'UniformCandidateSampler' Op passed 0 less",
    ],
    [
      'int32',
      () => U(tf.placeholder('int32', [null, 1]), 1, 1, true, 4),
      "Input 'true_classes' of 'UniformCandidateSampler' Op has type int32 that does not match expected type of int64.",
    ],
    [
      'another number of true classes',
      () => samplers.computeAccidentalHits(i64([null, 2]), i64([3]), 1),
      'Dimension must be 1 but is 2',
    ],
  ])('%s', (_, make, words) => {
    expect(make).toThrow(words);
  });

  test('in a run, after which the session goes on', async () => {
    const classes = i64(undefined, 'classes');
    const [sampled] = U(classes, 2, 3, true, 3, { seed: 4 });
    const run = (x: tf.Nested) => session.run(sampled, { feedDict: [[classes, x]] });
    const refused = (words: string) => ({ code: 'InvalidArgument', message: expect.stringContaining(words) });
    const columns = 'true_classes must have num_true columns, expected: 1 was: 2';
    await expect(run([[1]])).rejects.toMatchObject(refused(columns));
    await expect(run([1])).rejects.toMatchObject(refused('true_classes must be a matrix'));
    const [many] = U([[1]], 1, 9, true, 4);
    await expect(session.run(many)).rejects.toMatchObject(refused("Sampler's range is too small."));
    expect(cells(await run([[1, 2]])).sort()).toEqual([0, 1, 2]);
  });
});

// ---- losses -------------------------------------------------------------------------------------------------------

describe('losses of ten classes', () => {
  const setting = () => {
    const weights = tf.constant(Array.from({ length: 10 }, (_, i) => [0, 1, 2].map((j) => (3 * i + j) / 10)));
    const [x, labels] = [
      tf.constant([
        [1, 0, -1],
        [0.5, 0.5, 0.5],
      ]),
      tf.constant(tf.Value.from([[3], [8]], 'int64')),
    ];
    const sampledValues = samplers.uniformCandidateSampler(labels, 1, 4, true, 10, { seed: 5 });
    return { weights, biases: tf.zeros([10]), x, labels, sampledValues };
  };
  test('noise-contrastive estimation counts a sample that is a true class', async () => {
    const { weights, biases, x, labels, sampledValues } = setting();
    const loss = nceLoss(weights, biases, labels, x, 4, 10, { sampledValues });
    expect(await all([sampledValues[0], loss])).toEqual([[5, 8, 6, 1], close([4.854213, 13.540869])]);
  });
  test('weights in parts give the same loss', async () => {
    const { weights, biases, x, labels, sampledValues } = setting();
    const parts = [weights.at(tf.s(0, 5)), weights.at(tf.s(5))];
    const loss = nceLoss(parts, biases, labels, x, 4, 10, { sampledValues, partitionStrategy: 'div' });
    expect(await all([loss])).toEqual([close([4.854213, 13.540869])]);
  });
  test('sampled softmax leaves such a sample out, and has a gradient', async () => {
    const { weights, biases, x, labels, sampledValues } = setting();
    const loss = sampledSoftmaxLoss(weights, biases, labels, x, 4, 10, { sampledValues });
    const [dx] = tf.gradients(loss, [x]);
    const gradient = close([0.48, 0.48, 0.48, -0.331984, -0.331983, -0.331983]);
    expect(await all([loss, dx as tf.Tensor])).toEqual([close([1.609438, 0.535711]), gradient]);
  });
  test('labels must be a matrix', () => {
    const { weights, biases, x } = setting();
    const vector = () => nceLoss(weights, biases, i64([2]), x, 2, 10);
    expect(vector).toThrow("Shape must be rank 2 but is rank 1 for 'nce_loss/LogUniformCandidateSampler'");
  });
});

// ---- embeddings ---------------------------------------------------------------------------------------------------

test('rows of a table in two parts are scaled down to a norm', async () => {
  const parts = [
    tf.constant([
      [1, 2, 3],
      [0.5, 0.2, -1],
      [0, 0, 1],
      [1, 0, 0],
    ]),
    tf.constant([
      [4, 5, 6],
      [1, 1, 1],
      [2, 2, 2],
      [0.1, 0.2, 0.3],
    ]),
  ];
  const rows = tf.nn.embeddingLookup(parts, [0, 3, 2], { maxNorm: 1.5 });
  const expected = [0.4008918, 0.8017837, 1.2026756, 0.8660254, 0.8660254, 0.8660254, 0.5, 0.2, -1];
  expect(await all([rows])).toEqual([close(expected)]);
  const runs = tf.nn.embeddingLookup(
    parts,
    [
      [1, 2],
      [3, 0],
    ],
    { partitionStrategy: 'div' },
  );
  expect(await all([runs])).toEqual([close([0.5, 0.2, -1, 0, 0, 1, 1, 0, 0, 1, 2, 3])]);
});
