/** @file TFLearn's data utilities, preprocessing and augmentation; figures are those of tflearn 0.5.0. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';
import { expectError } from './conformance/harness';

const T = tf.tflearn;
const U = T.dataUtils;

const folder = mkdtempSync(join(tmpdir(), 'tflearn-'));
beforeAll(() => tf.logging.setVerbosity(tf.logging.ERROR));
afterAll(() => rmSync(folder, { recursive: true }));

const powers = (shape: number[], power: number): tf.Value => {
  const n = shape.reduce((a, b) => a * b, 1);
  const cells = Array.from({ length: n }, (_, i) => i ** power);
  return tf.Value.cells('float32', shape, cells);
};
const cells = (v: tf.Value): number[] => Array.from(v.data as ArrayLike<number>, Number);
function expectCells(found: tf.Value, expected: readonly number[], digits = 3): void {
  expect(found.data).toHaveLength(expected.length);
  cells(found).forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i]!, digits);
  });
}

test('toCategorical: a row with a 1 for each class, negative ones count from the end', () => {
  expect(U.toCategorical([0, 2, 1, -1], 3)).toEqual([
    [1, 0, 0],
    [0, 0, 1],
    [0, 1, 0],
    [0, 0, 1],
  ]);
  expect(U.toCategorical([3, 5, 3])).toEqual([
    [1, 0],
    [0, 1],
    [1, 0],
  ]);
  expectError('Index', 'index 3 is out of bounds for axis 1 with size 3', () => U.toCategorical([3], 3));
});

test('padSequences: fills and cuts at the end, or at the start', () => {
  const lists = [[1, 2.7, 3], [4], [], [5, 6, 7, 8, 9]];
  expect(U.padSequences(lists)).toEqual([
    [1, 2, 3, 0, 0],
    [4, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
    [5, 6, 7, 8, 9],
  ]);
  expect(U.padSequences(lists, { maxlen: 4 }).at(-1)).toEqual([5, 6, 7, 8]);
  expect(U.padSequences(lists, { maxlen: 3, padding: 'pre', truncating: 'pre', value: -1 })).toEqual([
    [1, 2, 3],
    [-1, -1, 4],
    [-1, -1, -1],
    [7, 8, 9],
  ]);
  expect(U.padSequences(lists, { maxlen: 2, dtype: 'float32' })[0]).toEqual([1, Math.fround(2.7)]);
  expectError('Value', "Padding type 'x' not understood", () => U.padSequences(lists, { padding: 'x' as never }));
  expectError('Value', "Truncating type 'y' not understood", () => U.padSequences(lists, { truncating: 'y' as never }));
});

test('stringToSemiRedundantSequences: overlapping pieces of a text, and what follows each', () => {
  const [x, y, index] = U.stringToSemiRedundantSequences('hello world hello', { seqMaxlen: 5, redunStep: 3 });
  expect([x.dtype, x.shape, y.shape]).toEqual(['bool', [4, 5, 8], [4, 8]]);
  expect(index).toEqual({ ' ': 0, d: 1, e: 2, h: 3, l: 4, o: 5, r: 6, w: 7 });
  const chars = Object.keys(index);
  const read = (v: tf.Value) =>
    chars.length === 0
      ? ''
      : [...cells(v).keys()]
          .filter((i) => v.data[i])
          .map((i) => chars[i % 8])
          .join('');
  expect(read(x)).toBe(['hello', 'lo wo', 'world', 'ld he'].join(''));
  expect(read(y)).toBe(' r l');
  expectError('Key', "'h' has no number.", () =>
    U.stringToSemiRedundantSequences('hello', { seqMaxlen: 2, charIdx: {} }),
  );
});

test('textfileToSemiRedundantSequences and randomSequenceFromTextfile read a file', () => {
  const path = join(folder, 'text.txt');
  writeFileSync(path, 'Hello World Hello');
  const options = { seqMaxlen: 5, redunStep: 3 };
  const [, , index] = U.textfileToSemiRedundantSequences(path, { ...options, toLowerCase: true });
  expect(Object.keys(index).join('')).toBe(' dehlorw');
  expect('Hello World Hello').toContain(U.randomSequenceFromTextfile(path, 6));
  expectError('Value', 'empty range for randrange() (0,-2, -2)', () => U.randomSequenceFromString('abc', 5));
});

test('shuffle: all arrays in one order', () => {
  const n = 50;
  const numbers = Array.from({ length: n }, (_, i) => i);
  const [a, b] = U.shuffle(numbers, tf.Value.from(numbers));
  expect(a).not.toEqual(numbers);
  expect([...a].sort((x, y) => x - y)).toEqual(numbers);
  expect(cells(b)).toEqual(a);
  expectError('Assertion', 'The arrays have 2 and 1 rows.', () => U.shuffle([1, 2], [1]));
});

test('samplewise: each row of a sample by itself', () => {
  const x = powers([2, 2, 3], 1.5);
  const centered = [
    -1.2761, -0.2761, 1.5523, -2.9293, -0.1255, 3.0548, -3.9179, -0.0946, 4.0125, -4.7019, -0.0791, 4.781,
  ];
  expectCells(U.samplewiseZeroCenter(x), centered);
  const scaled = [0, 0.8539, 2.4152, 2.1255, 3.2725, 4.5734, 4.5385, 5.7191, 6.9874, 6.9736, 8.1675, 9.4228];
  expectCells(U.samplewiseStdNormalization(x), scaled);
});

test('featurewise: by the mean and deviation of all samples, or by given ones', () => {
  const x = powers([2, 2, 3], 1.5);
  const half = [7.3485, 8.7601, 9.8995, 10.9019, 11.8114, 12.6513];
  const [centered, mean] = U.featurewiseZeroCenter(x);
  expectCells(centered, [...half.map((v) => -v), ...half]);
  expectCells(mean, [7.3485, 9.7601, 12.7279, 16.0981, 19.8114, 23.8316]);
  expectCells(U.featurewiseZeroCenter(x, mean), cells(centered));
  const [scaled, std] = U.featurewiseStdNormalization(x);
  const low = [0, 0.1142, 0.2857, 0.4766, 0.6773, 0.8837];
  expectCells(scaled, [...low, ...low.map((v) => v + 2)]);
  expectCells(std, half);
});

test('loadCsv: cells as text, labels from a column', () => {
  const path = join(folder, 'a.csv');
  writeFileSync(path, 'id,a,b,y\n1,"x,1",2,0\n2,z,"q""q",2\n');
  const rows = [
    ['1', 'x,1', '2'],
    ['2', 'z', 'q"q'],
  ];
  expect(U.loadCsv(path)).toEqual([rows, ['0', '2']]);
  expect(U.loadCsv(path, { targetColumn: 3, categoricalLabels: true, nClasses: 3 })[1]).toEqual([
    [1, 0, 0],
    [0, 0, 1],
  ]);
  expect(U.loadCsv(path, { targetColumn: 0, columnsToIgnore: [1], hasHeader: false })).toEqual([
    [
      ['b', 'y'],
      ['2', '0'],
      ['q"q', '2'],
    ],
    ['id', '1', '2'],
  ]);
  expectError('Assertion', 'n_classes not specified!', () => U.loadCsv(path, { categoricalLabels: true }));
});

// ---- preprocessing --------------------------------------------------------------------------------------------------

const images = powers([2, 2, 2, 2], 1.3);
const inGraph = <R>(body: () => R): R => tf.withGraph(new tf.Graph(), body);

test('ImagePreprocessing: mean 0 and deviation 1 for each image', () => {
  const change = inGraph(() => new T.ImagePreprocessing());
  change.addSamplewiseZeroCenter();
  change.addSamplewiseStdnorm();
  expectCells(
    change.apply(images),
    [
      [-1.3286, -1.0904, -0.742, -0.335, 0.1156, 0.6017, 1.1179, 1.6608],
      [-1.4854, -1.0859, -0.673, -0.2474, 0.1899, 0.6384, 1.0973, 1.5661],
    ].flat(),
  );
});
test('DataPreprocessing: the same for each column of a sample', () => {
  const change = inGraph(() => new T.DataPreprocessing());
  change.addSamplewiseZeroCenter();
  change.addSamplewiseStdnorm();
  expectCells(change.apply(images), [-1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1]);
});
test('ImagePreprocessing: mean and deviation of all images, for each channel', async () => {
  const graph = new tf.Graph();
  const [change, init] = tf.withGraph(graph, () => {
    const made = new T.ImagePreprocessing();
    return [made, tf.globalVariablesInitializer()] as const;
  });
  change.addFeaturewiseZeroCenter(null, { perChannel: true });
  change.addFeaturewiseStdnorm(null, { perChannel: true });
  const session = new tf.Session({ graph });
  await session.run(init);
  await change.initialize(images, session);
  const low = [-2.7947, -2.8655, -2.2936, -2.258, -1.5609, -1.5048, -0.7047, -0.6531];
  const high = [0.2432, 0.2758, 1.2656, 1.2692, 2.3516, 2.3186, 3.4935, 3.4177];
  expectCells(change.apply(images), [...low, ...high]);
});
test('ImagePreprocessing: the middle of images, 0 to 255 as 0 to 1, and a change of your own', () => {
  const change = inGraph(() => new T.ImagePreprocessing());
  change.addCropCenter([1, 2]);
  change.addImageNormalization();
  const cropped = [0, 0.00392, 0.00966, 0.01636, 0.05854, 0.06823, 0.07825, 0.08857];
  expectCells(change.apply(images), cropped, 5);
  change.addCustomPreprocessing((batch) =>
    tf.Value.cells(
      'float32',
      batch.shape,
      cells(batch).map((x) => 2 * x),
    ),
  );
  expectCells(
    change.apply(images),
    cropped.map((x) => 2 * x),
    4,
  );
  change.addCropCenter([3, 3]);
  expectError('Value', 'A crop of [3,3] is larger than the images [1,2].', () => change.apply(images));
});

// ---- augmentation ---------------------------------------------------------------------------------------------------

const digits = tf.Value.cells('float32', [1, 2, 2, 1], [1, 2, 3, 4]);
/** What many applications of a change make of an image. */
function outcomes(change: tf.tflearn.ImageAugmentation, image: tf.Value): string[] {
  const found = new Set<string>();
  for (let i = 0; i < 200; i++) found.add(cells(change.apply(image)).join(' '));
  return [...found].sort();
}

test('ImageAugmentation: flips and quarter turns', () => {
  const sideways = new T.ImageAugmentation();
  sideways.addRandomFlipLeftright();
  expect(outcomes(sideways, digits)).toEqual(['1 2 3 4', '2 1 4 3']);
  const upside = new T.ImageAugmentation();
  upside.addRandomFlipUpdown();
  expect(outcomes(upside, digits)).toEqual(['1 2 3 4', '3 4 1 2']);
  const turned = new T.ImageAugmentation();
  turned.addRandom90degreesRotation();
  // As numpy.rot90: counter-clockwise.
  expect(outcomes(turned, digits)).toEqual(['1 2 3 4', '2 4 1 3', '3 1 4 2', '4 3 2 1']);
  const once = new T.ImageAugmentation();
  once.addRandom90degreesRotation([1]);
  expect(outcomes(once, digits)).toEqual(['2 4 1 3']);
  const oblong = tf.Value.zeros('float32', [1, 2, 3, 1]);
  expectError('Value', 'Images of [2,3] are not square', () => once.apply(oblong));
});
test('ImageAugmentation: crops, with a border of zeros on request', () => {
  const crop = new T.ImageAugmentation();
  crop.addRandomCrop([1, 2]);
  expect(outcomes(crop, digits)).toEqual(['1 2', '3 4']);
  const padded = new T.ImageAugmentation();
  padded.addRandomCrop([2, 2], 1);
  expect(outcomes(padded, digits)).toEqual(
    ['0 0 0 1', '0 0 1 2', '0 0 2 0', '0 1 0 3', '1 2 3 4', '2 0 4 0', '0 3 0 0', '3 4 0 0', '4 0 0 0'].sort(),
  );
  const large = new T.ImageAugmentation();
  large.addRandomCrop([3, 3]);
  expectError('Value', 'A crop of [3,3] is larger than the images [2,2].', () => large.apply(digits));
});
