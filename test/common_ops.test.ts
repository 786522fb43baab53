/** @file Gammas and their random numbers, Poisson numbers, dilation, pooling with places: figures from TensorFlow 1.15.5. */
import * as tf from '../src';
import { dilation2d } from '../src/ops/dilation';
import { besselI0e, besselI1e, igamma, igammac, lbeta } from '../src/ops/gamma';
import { maxPoolWithArgmax } from '../src/ops/max_pool_argmax';
import { randomGamma, randomPoisson } from '../src/ops/random_gamma';

beforeEach(() => tf.resetDefaultGraph());
async function run(...tensors: tf.Tensor[]): Promise<number[][]> {
  const session = new tf.Session();
  try {
    const values = await session.run(tensors);
    return values.map((v) => Array.from(v.data as ArrayLike<number>, Number));
  } finally {
    session.close();
  }
}
const near = (got: number[], wanted: number[]) => {
  expect(got).toHaveLength(wanted.length);
  wanted.forEach((x, i) => {
    expect(Math.abs(got[i]! - x)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(x)));
  });
};

test('gamma numbers are those of the seed, and move with alpha', async () => {
  const [a] = await run(randomGamma([2], [0.5, 1, 7], { seed: 3 }));
  near(a!, [0.002188246, 0.1548983, 11.07751, 0.03518827, 2.449814, 5.735126]);
  tf.resetDefaultGraph();
  const alpha = tf.constant([0.5, 3]);
  const g = randomGamma([3], alpha, { beta: 2, seed: 5 });
  const [values, slope] = await run(g, tf.gradients(g, [alpha])[0] as tf.Tensor);
  near(values!, [0.01386747, 0.5553678, 0.04018848, 1.411658, 0.05243826, 1.076696]);
  near(slope!, [0.5857151, 1.265981]);
});
test('Poisson numbers are those of the seed', async () => {
  const [counts] = await run(randomPoisson([0.5, 3, 20, 1000], [2], { seed: 7 }));
  expect(counts).toEqual([0, 4, 26, 969, 0, 1, 23, 999]);
});
test('a negative size of random numbers is refused in the run, and the session works on', async () => {
  const sizes = tf.placeholder('int32', [1]);
  const y = randomGamma(sizes, 2, { seed: 1 });
  const session = new tf.Session();
  await expect(session.run(y, { feedDict: [[sizes, [-1]]] })).rejects.toMatchObject({ code: 'InvalidArgument' });
  expect((await session.run(y, { feedDict: [[sizes, [2]]] })).shape).toEqual([2]);
  session.close();
});
test('incomplete gammas have gradients by both arguments', async () => {
  const [a, x] = [tf.constant([0.3, 2.5, 8]), tf.constant([0.4, 3, 6])];
  const p = igamma(a, x);
  const [da, dx] = tf.gradients(p, [a, x]) as tf.Tensor[];
  const [low, high, slopes, density] = await run(p, igammac(a, x), da!, dx!);
  near(low!, [0.7763805, 0.693781, 0.2560203]);
  near(high!, [0.2236195, 0.306219, 0.7439797]);
  near(slopes!, [-0.7570783, -0.2275486, -0.121314]);
  near(density!, [0.4255407, 0.1946087, 0.1376769]);
});
test('scaled Bessel functions and the logarithm of beta', async () => {
  const x = tf.constant([0.3, -2.5, 50]);
  const y = besselI1e(x);
  const slope = tf.gradients(y, [x])[0] as tf.Tensor;
  const rows = tf.constant([
    [1, 2, 3],
    [0.5, 0.5, 4],
  ]);
  const [i0, i1, d, l] = await run(besselI0e(x), y, slope, lbeta(rows));
  near(i0!, [0.7575805, 0.2700465, 0.05656162]);
  near(i1!, [0.1123776, -0.2065846, 0.05599312]);
  near(d!, [0.2706111, -0.01917201, -0.0005513653]);
  near(l!, [-4.094345, -0.2415645]);
});

const IMAGE = [
  [
    [[1], [5], [2]],
    [[4], [5], [0]],
  ],
];
test('pooling tells where the first of equal maxima was, and sends the gradient there', async () => {
  const image = tf.constant(IMAGE);
  const options = { ksize: [1, 2, 2, 1], strides: [1, 1, 1, 1], padding: 'VALID' } as const;
  const { output, argmax } = maxPoolWithArgmax(image, options);
  const [most, places, slope] = await run(output, argmax, tf.gradients(tf.square(output), [image])[0] as tf.Tensor);
  expect([most, places]).toEqual([
    [5, 5],
    [1, 1],
  ]);
  expect(slope).toEqual([0, 20, 0, 0, 0, 0]);
});
test('dilation takes the largest sum of a window and the filter', async () => {
  const [y] = await run(
    dilation2d(tf.constant(IMAGE), [[[0.5], [-1]]], { strides: [1, 1, 1, 1], rates: [1, 1, 1, 1], padding: 'SAME' }),
  );
  expect(y).toEqual([4, 5.5, 2.5, 4.5, 5.5, 0.5]);
});
