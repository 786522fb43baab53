/** @file tf.metrics over batches: values, updates, nodes and refusals; figures from TensorFlow 1.15.5. */
import * as tf from '../src';
import { confusionMatrix, meanIou, meanPerClassAccuracy } from '../src/ops/confusion_matrix';
import { type Metric, meanCosineDistance, meanRelativeError, recall } from '../src/ops/metrics';
import * as thresholds from '../src/ops/metrics_thresholds';
import { averagePrecisionAtK, precisionAtK, precisionAtTopK, recallAtK, recallAtTopK } from '../src/ops/metrics_top_k';

type Feed = [string, tf.Nested | tf.Value][];
let session: tf.Session;
beforeEach(() => {
  tf.resetDefaultGraph();
  session = new tf.Session({ graph: tf.getDefaultGraph() });
});
afterEach(() => session.close());

const cells = (x: unknown): number[] => Array.from((x as tf.Value).data as ArrayLike<number>, Number);
/** The answer of the update op, then the value. */
async function batch([value, update]: Metric, feedDict: Feed): Promise<[number[], number[]]> {
  const after = await session.run(update, { feedDict });
  return [cells(after), cells(await session.run(value, { feedDict }))];
}
const start = () => session.run(tf.localVariablesInitializer());
const close = (expected: number[]) => expected.map((x) => expect.closeTo(x, 6));
const names = (prefix: string) =>
  tf
    .getDefaultGraph()
    .getOperations()
    .map((op) => op.name)
    .filter((name) => name.startsWith(prefix));
const f32 = (name: string, shape: (number | null)[]) => tf.placeholder('float32', shape, { name });
const i64 = (name: string, shape: (number | null)[]) => tf.placeholder('int64', shape, { name });

// ---- means --------------------------------------------------------------------------------------------------------

test('the mean relative error leaves out what has a normalizer of 0', async () => {
  const [x, y, n, w] = [f32('x', [null, 3]), f32('y', [null, 3]), f32('n', [null, 3]), f32('w', [null, 1])];
  const metric = meanRelativeError(y, x, n, { weights: w });
  await start();
  const feed: Feed = [
    [
      'x:0',
      [
        [1, 2, 3],
        [0.5, 0.5, 0.1],
      ],
    ],
    [
      'y:0',
      [
        [1, 1, 2],
        [0.5, 0, 0.1],
      ],
    ],
    [
      'n:0',
      [
        [1, 0, 2],
        [2, 1, 1],
      ],
    ],
    ['w:0', [[1], [0.5]]],
  ];
  expect(await batch(metric, feed)).toEqual([close([0.1666667]), close([0.1666667])]);
});

test('the mean cosine distance is 1 less the mean of the products', async () => {
  const [x, y] = [f32('x', [null, 3]), f32('y', [null, 3])];
  const metric = meanCosineDistance(y, x, 1, { metricsCollections: 'mc', updatesCollections: ['uc'] });
  await start();
  const feed: Feed = [
    [
      'x:0',
      [
        [1, 2, 3],
        [0.5, 0.5, 0.1],
      ],
    ],
    [
      'y:0',
      [
        [1, 1, 2],
        [0.5, 0, 0.1],
      ],
    ],
  ];
  expect(await batch(metric, feed)).toEqual([close([-3.63]), close([-3.63])]);
  expect(tf.getCollection('mc')).toEqual([metric[0]]);
  expect(tf.getCollection('uc')).toEqual([metric[1]]);
});

// ---- thresholds ---------------------------------------------------------------------------------------------------

const LABELS: Feed[number] = ['l:0', [false, true, false, true, true, false]];
const PREDICTIONS: Feed[number] = ['p:0', [0.1, 0.3, 0.6, 0.9, 0.85, 0.2]];
const WEIGHTS: Feed[number] = ['w:0', [1, 2, 0.5, 1, 1, 3]];

describe('above each of three thresholds', () => {
  const T = [0.2, 0.5, 0.8];
  test.each([
    ['truePositives', thresholds.truePositivesAtThresholds, false, [3, 2, 2]],
    ['falseNegatives', thresholds.falseNegativesAtThresholds, true, [0, 2, 2]],
    ['trueNegatives', thresholds.trueNegativesAtThresholds, false, [2, 2, 3]],
    ['falsePositives', thresholds.falsePositivesAtThresholds, false, [1, 1, 0]],
    ['precision', thresholds.precisionAtThresholds, true, [0.8888889, 0.8, 1]],
    ['recall', thresholds.recallAtThresholds, false, [1, 0.6666667, 0.6666667]],
  ] as const)('%s are counted', async (_, make, isWeighted, expected) => {
    const [p, l, w] = [f32('p', [null]), tf.placeholder('bool', [null], { name: 'l' }), f32('w', [null])];
    const metric = make(l, p, T, isWeighted ? { weights: w } : {});
    await start();
    const found = await batch(metric, [LABELS, PREDICTIONS, WEIGHTS]);
    expect(found).toEqual([close([...expected]), close([...expected])]);
  });

  test('precision makes only the counts it needs, true positives first', () => {
    const [p, l] = [f32('p', [null]), tf.placeholder('bool', [null], { name: 'l' })];
    thresholds.precisionAtThresholds(l, p, T);
    const counts = tf.localVariables().map((v) => v.op.name);
    expect(counts).toEqual(['precision_at_thresholds/true_positives', 'precision_at_thresholds/false_positives']);
    expect(tf.getCollection(tf.GraphKeys.METRIC_VARIABLES)).toEqual(tf.localVariables());
  });
});

describe('the area under the curve', () => {
  test.each([
    [{}, 0.8888887, 0.8333331],
    [{ curve: 'PR' }, 0.9027774, 0.8374999],
    [{ curve: 'PR', summationMethod: 'careful_interpolation' }, 0.904106, 0.8433322],
    [{ summationMethod: 'minoring' }, 0.8888887, 0.8333331],
    [{ curve: 'PR', summationMethod: 'majoring' }, 0.9166663, 0.8749998],
    [{ thresholds: [0.7, 0.3], weights: [1, 2, 0.5, 1, 1, 3] }, 0.7222221, 0.7152777],
  ] as const)('%j sums up over two batches', async (options, first, second) => {
    tf.logging.setVerbosity(tf.logging.ERROR);
    const [p, l] = [f32('p', [6]), tf.placeholder('bool', [6], { name: 'l' })];
    const metric = thresholds.auc(l, p, { numThresholds: 5, ...options } as thresholds.AucOptions);
    await start();
    const [after] = await batch(metric, [LABELS, PREDICTIONS]);
    const [later, value] = await batch(metric, [LABELS, ['p:0', [0.1, 0.3, 0.6, 0.9, 0.4, 0.2]]]);
    expect([after, later, value]).toEqual([close([first]), close([second]), close([second])]);
    tf.logging.setVerbosity(tf.logging.WARN);
  });

  test('warns of the trapezoidal rule for precision and recall', () => {
    const said = jest.spyOn(console, 'error').mockImplementation(() => {});
    thresholds.auc(tf.placeholder('bool', [6]), f32('p', [6]), { curve: 'PR' });
    expect(said.mock.calls[0]![0]).toBe(
      'WARNING: Trapezoidal rule is known to produce incorrect PR-AUCs; please switch to "careful_interpolation" instead.',
    );
    said.mockRestore();
  });

  test('refuses a curve and a method that are not known', () => {
    const [p, l] = [f32('p', [6]), tf.placeholder('bool', [6], { name: 'l' })];
    const auc = (options: object) => () => thresholds.auc(l, p, options);
    expect(auc({ curve: 'X' })).toThrow('curve must be either ROC or PR, X unknown');
    expect(auc({ summationMethod: 'X' })).toThrow('Invalid summation_method: X');
  });
});

describe('a point on the curve', () => {
  const points: Feed = [LABELS, ['p:0', [0.1, 0.3, 0.6, 0.9, 0.45, 0.2]], WEIGHTS];
  const inputs = () => [f32('p', [null]), tf.placeholder('bool', [null], { name: 'l' }), f32('w', [null])] as const;
  test.each([
    [0.9, 0.3333333],
    [0.4, 1],
  ])('sensitivity at a specificity of %d', async (specificity, expected) => {
    const [p, l] = inputs();
    const metric = thresholds.sensitivityAtSpecificity(l, p, specificity, { numThresholds: 11 });
    await start();
    expect((await batch(metric, points))[0]).toEqual(close([expected]));
  });
  test('weighted specificity at a sensitivity', async () => {
    const [p, l, weights] = inputs();
    const metric = thresholds.specificityAtSensitivity(l, p, 0.4, { numThresholds: 11, weights });
    await start();
    expect((await batch(metric, points))[0]).toEqual(close([0.8888889]));
  });
  test('beyond 0 and 1 is refused', () => {
    const [p, l] = inputs();
    const wrong = () => thresholds.sensitivityAtSpecificity(l, p, 2);
    expect(wrong).toThrow('`specificity` must be in the range [0, 1].');
  });
});

// ---- classes ------------------------------------------------------------------------------------------------------

describe('of classes', () => {
  const feed: Feed = [
    [
      'p:0',
      [
        [0, 1],
        [2, 1],
      ],
    ],
    [
      'l:0',
      [
        [0, 1],
        [1, 1],
      ],
    ],
    [
      'w:0',
      [
        [1, 2],
        [0.5, 1],
      ],
    ],
  ];
  const inputs = () =>
    [tf.placeholder('int32', [null, 2], { name: 'p' }), i64('l', [null, 2]), f32('w', [null, 2])] as const;

  test('mean intersection over union answers the confusion matrix as its update', async () => {
    const [p, l, weights] = inputs();
    const [plain, weighted] = [meanIou(l, p, 3), meanIou(l, p, 3, { weights })];
    await start();
    expect(await batch(plain, feed)).toEqual([[1, 0, 0, 0, 2, 1, 0, 0, 0], close([0.5555556])]);
    expect(await batch(weighted, feed)).toEqual([[1, 0, 0, 0, 3, 0.5, 0, 0, 0], close([0.6190476])]);
  });

  test('mean accuracy per class answers it per class as its update', async () => {
    const [p, l, weights] = inputs();
    const [plain, weighted] = [meanPerClassAccuracy(l, p, 3), meanPerClassAccuracy(l, p, 3, { weights })];
    await start();
    expect(await batch(plain, feed)).toEqual([close([1, 0.6666667, 0]), close([0.5555556])]);
    expect(await batch(weighted, feed)).toEqual([close([1, 0.8571429, 0]), close([0.6190476])]);
  });

  test('a label out of bound fails the run, and the session goes on', async () => {
    const [p, l] = inputs();
    const metric = meanIou(l, p, 2);
    await start();
    const bad: Feed = [
      feed[0]!,
      [
        'l:0',
        [
          [0, 3],
          [1, 1],
        ],
      ],
    ];
    await expect(session.run(metric[1], { feedDict: bad })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('assertion failed: [`labels` out of bound] [Condition x < y did not hold'),
    });
    const good: Feed = [
      [
        'p:0',
        [
          [0, 1],
          [1, 1],
        ],
      ],
      feed[1]!,
    ];
    expect((await batch(metric, good))[1]).toEqual([1]);
  });

  test('unknown ranks and unlike shapes are refused', () => {
    const unknown = () => meanIou(tf.placeholder('int64'), tf.placeholder('int64'), 1);
    expect(unknown).toThrow("'>' not supported between instances of 'NoneType' and 'int'");
    expect(() => meanIou(i64('a', [2]), i64('b', [3]), 1)).toThrow('Shapes (3,) and (2,) are incompatible');
  });
});

describe('a confusion matrix', () => {
  test('finds the number of classes, drops a last dimension of 1', async () => {
    const counts = confusionMatrix(i64('q', [null]), i64('m', [null, 1]));
    const matrix = [
      [1, 0, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
      [0, 0, 1, 0],
    ].flat();
    const feedDict: Feed = [
      ['q:0', [0, 3, 1]],
      ['m:0', [[0], [2], [2]]],
    ];
    const found = (await session.run(counts, { feedDict })) as tf.Value;
    expect([found.dtype, found.shape, cells(found)]).toEqual(['int32', [4, 4], matrix]);
  });
  test('sums weights of its own dtype', async () => {
    const [labels, predictions] = [tf.constant([0, 1, 1]), tf.constant([1, 1, 0])];
    const options = { numClasses: 2, dtype: 'float32', weights: [1, 2, 0.5] } as const;
    expect(cells(await session.run(confusionMatrix(labels, predictions, options)))).toEqual([0, 1, 0.5, 2]);
  });
  test('has a gradient for the weights', async () => {
    const weights = f32('w', [3]);
    const matrix = confusionMatrix([0, 1, 1], [1, 1, 0], { numClasses: 2, dtype: 'float32', weights });
    const [dw] = tf.gradients(
      tf.multiply(matrix, [
        [1, 2],
        [3, 4],
      ]),
      [weights],
    );
    expect(cells(await session.run(dw!, { feedDict: [['w:0', [1, 1, 1]]] }))).toEqual([2, 4, 3]);
  });
});

// ---- the k most likely --------------------------------------------------------------------------------------------

describe('at k', () => {
  const feed: Feed = [
    [
      'p:0',
      [
        [0.1, 0.2, 0.3, 0.4],
        [0.4, 0.3, 0.2, 0.1],
        [0.1, 0.5, 0.3, 0.2],
      ],
    ],
    [
      'l:0',
      [
        [3, 1],
        [2, 3],
        [1, 0],
      ],
    ],
    ['m:0', [2, 1, 5]],
    ['w:0', [1, 2, 0.5]],
    [
      'i:0',
      [
        [0, 1],
        [3, 1],
        [2, 1],
      ],
    ],
  ];
  const inputs = () => ({
    p: f32('p', [null, 4]),
    l: i64('l', [null, 2]),
    m: i64('m', [null]),
    w: f32('w', [null]),
    i: tf.placeholder('int32', [null, 2], { name: 'i' }),
  });
  type Inputs = ReturnType<typeof inputs>;
  test.each<[string, (x: Inputs) => Metric, number]>([
    ['precision', ({ l, p }) => precisionAtK(l, p, 2), 0.3333333],
    ['weighted recall', ({ l, p, w }) => recallAtK(l, p, 2, { weights: w }), 0.2142857],
    ['recall of one label each', ({ m, p }) => recallAtK(m, p, 2), 0.6666667],
    ['precision of one class', ({ l, p }) => precisionAtK(l, p, 3, { classId: 1 }), 0.6666667],
    ['recall of one class', ({ m, i }) => recallAtTopK(m, i, { classId: 1 }), 1],
    ['precision of given predictions', ({ l, i }) => precisionAtTopK(l, i, { k: 2 }), 0.5],
    ['average precision', ({ l, p }) => averagePrecisionAtK(l, p, 3), 0.5],
    ['average precision where there is no label', ({ m, p }) => averagePrecisionAtK(m, p, 1), Number.NaN],
  ])('%s', async (_, make, expected) => {
    const metric = make(inputs());
    await start();
    const found = await batch(metric, feed);
    expect(found).toEqual(
      Number.isNaN(expected) ? [[Number.NaN], [Number.NaN]] : [close([expected]), close([expected])],
    );
  });

  test('variables are called as the scopes that count', () => {
    const { l, p } = inputs();
    precisionAtK(l, p, 3, { classId: 1 });
    averagePrecisionAtK(l, p, 3);
    expect(tf.localVariables().map((v) => v.op.name)).toEqual([
      'precision_at_3_class1/true_positive_at_3_class1',
      'precision_at_3_class1/false_positive_at_3_class1',
      'average_precision_at_3/max_1',
      'average_precision_at_3/total',
    ]);
  });

  test('precision makes these nodes', () => {
    const { l, p } = inputs();
    precisionAtK(l, p, 2);
    const counted = (kind: string) => {
      const scope = `precision_at_2/${kind}_positive_at_2`;
      return [
        ...['DenseToDenseSetOperation', 'SetSize', 'Cast'].map((op) => `${scope}/${kind}_positives/${op}`),
        ...['Rank', 'range/start', 'range/delta', 'range', 'Sum', 'Initializer/zeros'].map((op) => `${scope}/${op}`),
        scope,
        ...['Assign', 'read', 'update'].map((op) => `${scope}/${op}`),
      ];
    };
    expect(names('precision_at_2')).toEqual([
      ...['TopKV2/k', 'TopKV2', 'Cast'].map((op) => `precision_at_2/${op}`),
      ...counted('true'),
      ...counted('false'),
      'precision_at_2/Add',
      'precision_at_2',
      'precision_at_2/Add_1',
      'precision_at_2/update',
    ]);
  });

  test('k below 1, labels of another rank and of another type are refused', () => {
    const { l, p } = inputs();
    expect(() => averagePrecisionAtK(l, p, 0)).toThrow('Invalid k=0.');
    const deep = () => precisionAtK(i64('a', [2]), f32('b', [2, 3, 4]), 2);
    expect(deep).toThrow('Unexpected labels shape (2,) for predictions shape (2, 3, 2).');
    const narrow = () => recallAtK(tf.placeholder('int32', [2]), f32('c', [2, 3]), 2);
    expect(narrow).toThrow("Types don't match, <dtype: 'int64'> vs <dtype: 'int32'>.");
  });
});

test('recall of two batches counts both', async () => {
  const [p, l] = [tf.placeholder('bool', [null], { name: 'p' }), tf.placeholder('bool', [null], { name: 'l' })];
  const metric = recall(l, p);
  await start();
  const feed = (predictions: boolean[], labels: boolean[]): Feed => [
    ['p:0', predictions],
    ['l:0', labels],
  ];
  expect((await batch(metric, feed([true, false], [true, true])))[1]).toEqual([0.5]);
  expect((await batch(metric, feed([true, true], [true, true])))[1]).toEqual([0.75]);
});
