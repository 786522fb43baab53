/** @file Fetches that are meant to fail while they run: both libraries have to say so with the same code. */
import * as tf from '../../../src';
import type { Builder, Family } from '../builder';

const open = (b: Builder, dtype: 'float32' | 'int32', value: tf.TensorLike): readonly [tf.Tensor, tf.Value] => [
  tf.placeholder(dtype, {
    shape: b.dice.chance(0.5) ? null : (tf.Value.from(value as never, dtype).shape.map(() => null) as null[]),
  }),
  tf.Value.from(value as never, dtype),
];
/** Each gives the tensor that cannot be computed, and what it is fed. */
type Mistake = (b: Builder) => readonly [tf.Tensor | tf.Operation, ...(readonly [tf.Tensor, tf.Value])[]];

const grid = [
  [1, 2, 3],
  [4, 5, 6],
];
const MISTAKES: readonly Mistake[] = [
  (b) => {
    const [x, i] = [open(b, 'float32', grid), open(b, 'int32', [0, b.dice.pick([2, -1, 7])])];
    return [tf.gather(x[0], i[0]), x, i];
  },
  (b) => {
    const [x, s] = [open(b, 'float32', grid), open(b, 'int32', b.dice.pick([[4], [-1, 4], [7, 1], [-1, -1], [-2, 3]]))];
    return [tf.reshape(x[0], s[0]), x, s];
  },
  (b) => {
    const [x, y] = [open(b, 'float32', grid), open(b, 'float32', b.dice.pick<number[][]>([grid, [[1]], [[1, 2]]]))];
    return [tf.matmul(x[0], y[0]), x, y];
  },
  (b) => {
    const [x, y] = [
      open(b, 'float32', grid),
      open(
        b,
        'float32',
        b.dice.pick<never>([
          [1, 2],
          [
            [1, 2],
            [3, 4],
          ],
          [[1], [2], [3]],
        ] as never),
      ),
    ];
    return [b.dice.pick([tf.add, tf.multiply, tf.maximum, tf.squaredDifference, tf.pow])(x[0], y[0]), x, y];
  },
  (b) => {
    const [x, y] = [open(b, 'float32', grid), open(b, 'float32', [[1, 2]])];
    return [tf.concat([x[0], y[0]], b.dice.int(0, 1)), x, y];
  },
  (b) => {
    const [x, y] = [open(b, 'float32', grid), open(b, 'float32', [1, 2])];
    return [tf.stack([x[0], y[0]]), x, y];
  },
  (b) => {
    const v = new tf.Variable([1, 2], {
      name: `never_set_${b.round}`,
      useResource: b.dice.chance(0.5),
      collections: ['nobody initializes these'],
    });
    return [tf.add(v.readValue(), 1)];
  },
  (b) => {
    const x = open(b, 'float32', [1, -2]);
    const check = tf.Assert(tf.reduceAll(tf.greater(x[0], 0)), [x[0]]);
    return [tf.controlDependencies([check], () => tf.identity(x[0])), x];
  },
  (b) => {
    const x = open(b, 'float32', [1, 0]);
    return [tf.checkNumerics(tf.reciprocal(x[0]), 'too large'), x];
  },
  (b) => {
    const [x, y] = [open(b, 'int32', [6, 7]), open(b, 'int32', [2, 0])];
    return [b.dice.pick([tf.floordiv, tf.floormod, tf.truncatediv, tf.truncatemod])(x[0], y[0]), x, y];
  },
  (b) => {
    const [x, l] = [open(b, 'float32', grid), open(b, 'int32', [0, b.dice.pick([3, -1])])];
    return [tf.nn.sparseSoftmaxCrossEntropyWithLogits({ labels: l[0], logits: x[0] }), x, l];
  },
  (b) => {
    const [x, i] = [
      open(b, 'float32', [1, 2, 3]),
      open(
        b,
        'int32',
        b.dice.pick([
          [1, 0, 2],
          [-1, 0, 1],
          [0, 1],
        ]),
      ),
    ];
    return [tf.segmentSum(x[0], i[0]), x, i];
  },
  (b) => {
    const [x, i] = [open(b, 'float32', [1, 2, 3]), open(b, 'int32', [0, 5, 1])];
    return [tf.unsortedSegmentSum(x[0], i[0], 3), x, i];
  },
  (b) => {
    const [x, i] = [open(b, 'float32', grid), open(b, 'int32', b.dice.pick([2, -3]))];
    return [x[0].at(i[0]), x, i];
  },
  (b) => {
    const x = open(
      b,
      'int32',
      b.dice.pick([
        [0, 2, 3],
        [1, 1, 0],
        [-1, 0, 1],
      ]),
    );
    return [tf.invertPermutation(x[0]), x];
  },
  (b) => {
    const [x, p] = [
      open(b, 'float32', grid),
      open(
        b,
        'int32',
        b.dice.pick([
          [0, 0],
          [0, 2],
          [0, 1, 2],
        ]),
      ),
    ];
    return [tf.transpose(x[0], p[0]), x, p];
  },
  (b) => {
    const x = open(b, 'float32', [1, 2, 3, 4, 5]);
    const ta = new tf.TensorArray('float32', { size: 5 }).unstack(tf.reshape(x[0], [5]));
    return [ta.read(b.dice.pick([5, -1])), x];
  },
  (b) => {
    const i = open(b, 'int32', 1);
    return [new tf.TensorArray('float32', { size: 3 }).read(tf.reshape(i[0], [])), i];
  },
  (b) => {
    const [i, u] = [open(b, 'int32', [[0], [b.dice.pick([3, -1])]]), open(b, 'float32', [1, 2])];
    return [tf.scatterNd(i[0], u[0], tf.constant([3], 'int32')), i, u];
  },
  (b) => {
    const [x, i] = [open(b, 'float32', grid), open(b, 'int32', [[0, b.dice.pick([3, -1])]])];
    return [tf.gatherNd(x[0], i[0]), x, i];
  },
  (b) => {
    const [x, s] = [
      open(b, 'float32', grid),
      open(
        b,
        'int32',
        b.dice.pick([
          [0, 4],
          [3, 0],
          [-1, 1],
        ]),
      ),
    ];
    return [tf.slice(x[0], s[0], [1, 1]), x, s];
  },
  (b) => {
    const [x, a] = [open(b, 'float32', grid), open(b, 'int32', b.dice.pick([2, -3]))];
    const f = b.dice.pick<(x: tf.Tensor, axis: tf.Tensor) => tf.Tensor>([
      tf.reduceSum,
      tf.argmax,
      tf.cumsum,
      tf.expandDims,
    ]);
    return [f(x[0], tf.reshape(tf.add(a[0], 1), [])), x, a];
  },
  (b) => {
    const [x, d] = [open(b, 'float32', 1), open(b, 'int32', [2, -1])];
    return [tf.fill(d[0], tf.reshape(x[0], [])), x, d];
  },
  (b) => {
    const [x, s] = [
      open(b, 'float32', grid),
      open(
        b,
        'int32',
        b.dice.pick([
          [1, 1],
          [2, 2],
          [3, 2],
        ]),
      ),
    ];
    return [tf.split(x[0], s[0], 1, { num: 2 })[0]!, x, s];
  },
  (b) => {
    const [x, s] = [open(b, 'float32', grid), open(b, 'int32', b.dice.pick([[3, 3], [2], [1, 3]]))];
    return [tf.broadcastTo(x[0], s[0]), x, s];
  },
  (b) => {
    const x = tf.placeholder('float32', { shape: [null, 2] });
    return [tf.square(x), ...(b.dice.chance(0.5) ? [[x, tf.Value.from([[1, 2, 3]])] as const] : [])];
  },
  (b) => {
    const x = open(b, 'float32', grid);
    const k = b.dice.pick([4, 5]);
    return [tf.nn.topK(x[0], k).values, x];
  },
  (b) => {
    const x = open(b, 'float32', [
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]);
    const f = open(b, 'float32', [[[[1], [2], [3]]]]);
    return [tf.nn.conv2d(x[0], f[0], { strides: [1, 1, 1, 1], padding: b.dice.pick(['SAME', 'VALID']) }), x, f];
  },
];

const mistake: Family = (b) => {
  const make = b.dice.pick(MISTAKES);
  try {
    const [fetch, ...feed] = make(b);
    b.failures.push({ fetch: fetch as tf.Tensor, feed });
  } catch (e) {
    if (!(e instanceof tf.GraphError)) throw e; // else it was seen while the graph was built
  }
};

export const FAILURES: readonly (readonly [number, Family])[] = [[3, mistake]];
