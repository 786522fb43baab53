/** @file The QR decomposition of float32, to the bit: sums over the words of q and r that TensorFlow 1.15.5 printed. */
import * as tf from '../src';

const words = ({ data }: tf.Value): number =>
  new Uint32Array(Float32Array.from(data as unknown as Float32Array).buffer).reduce((sum, w) => (sum + w) >>> 0, 0);

test.each([
  [5, 3, 703314238, 2169620009],
  [4, 4, 3763863325, 4123880872],
  [9, 5, 1998143025, 837484150],
  [20, 12, 1696709719, 2006612489],
  [40, 33, 612705862, 2476863991],
])('q and r of [%d, %d]', async (m, n, q, r) => {
  const rows = Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => Math.fround((((i * 37 + j * 17 + i * i * j) % 101) - 50) / 13)),
  );
  const found = tf.linalg.qr(rows);
  const [a, b] = (await new tf.Session().run([found.q, found.r])) as unknown as tf.Value[];
  expect([words(a!), words(b!)]).toEqual([q, r]);
});
