/** @file Images flipped, colored, resized, cut and compared: figures from TensorFlow 1.15.5. */
import * as tf from '../src';
import { extractImagePatches } from '../src/ops/extract_patches';
import { cropAndResize, nonMaxSuppression } from '../src/ops/image_boxes';
import {
  adjustContrast,
  adjustHue,
  adjustSaturation,
  convertImageDtype,
  perImageStandardization,
  rgbToGrayscale,
} from '../src/ops/image_color';
import { rgbToHsv } from '../src/ops/image_color_ops';
import { cropToBoundingBox, resizeWithCropOrPad } from '../src/ops/image_crops';
import { flipLeftRight, rot90 } from '../src/ops/image_flips';
import { psnr, totalVariation } from '../src/ops/image_measures';
import { resizeArea, resizeBicubic } from '../src/ops/image_resize';

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

const image = () => tf.reshape(tf.constant(Array.from({ length: 12 }, (_, i) => i / 12)), [1, 2, 2, 3]);
const gray = (t: tf.Tensor) => t.at('...', tf.s(null, 1));

test('images are mirrored and turned', async () => {
  const t = image();
  const [mirrored, turned] = await run(flipLeftRight(t), rot90(t.at(0)));
  near(mirrored!.slice(0, 6), [0.25, 1 / 3, 5 / 12, 0, 1 / 12, 1 / 6]);
  near(turned!.slice(0, 6), [0.25, 1 / 3, 5 / 12, 0.75, 5 / 6, 11 / 12]);
});
test('colors are changed in HSV', async () => {
  const t = image();
  const [hsv, hue, saturation] = await run(rgbToHsv(t), adjustHue(t, 0.3), adjustSaturation(t, 0.5));
  near(hsv!.slice(0, 6), [0.5833334, 1, 0.1666667, 0.5833333, 0.4, 0.4166667]);
  near(hue!.slice(0, 6), [0.1666667, 0, 0.1166666, 0.4166667, 0.25, 0.3666666]);
  near(saturation!.slice(0, 6), [0.08333334, 0.125, 0.1666667, 0.3333333, 0.375, 0.4166666]);
});
test('contrast, gray, standard images and bytes', async () => {
  const t = image();
  const all = [adjustContrast(t, 2), rgbToGrayscale(t), perImageStandardization(t), convertImageDtype(t, 'uint8')];
  const [contrast, grays, standard, bytes] = await run(...all);
  near(contrast!.slice(0, 4), [-0.375, -0.2916666, -0.2083333, 0.125]);
  near(grays!, [0.06791667, 0.3178917, 0.5678667, 0.8178417]);
  near(standard!.slice(0, 3), [-1.587713, -1.299038, -1.010363]);
  expect(bytes).toEqual([0, 21, 42, 63, 85, 106, 127, 149, 170, 191, 212, 234]);
});
test('images are resized by curves and areas, cut and padded', async () => {
  const t = gray(image());
  const all = [resizeBicubic(t, [3, 3]), resizeArea(t, [1, 1]), resizeWithCropOrPad(t, 1, 4)];
  const [cubic, area, framed] = await run(...all);
  const wanted = [0, 0.1713845, 0.2777778, 0.3427689, 0.5141534, 0.6205467, 0.5555555, 0.72694, 0.8333334];
  near(cubic!, wanted);
  near(area!, [0.375]);
  near(framed!, [0, 0, 0.25, 0]);
});
test('images are measured, and their windows become vectors', async () => {
  const t = image();
  const ones = [1, 1, 1, 1];
  const patches = extractImagePatches(gray(t), { sizes: [1, 2, 2, 1], strides: ones, rates: ones, padding: 'SAME' });
  const [variation, ratio, windows] = await run(totalVariation(t), psnr(t, t.mul(0.9), 1), patches);
  near(variation!, [4.5]);
  near(ratio!, [25.33393]);
  near(windows!, [0, 0.25, 0.5, 0.75, 0.25, 0, 0.75, 0, 0.5, 0.75, 0, 0, 0.75, 0, 0, 0]);
});
test('boxes are cut out, with a gradient, and the best of them chosen', async () => {
  const boxes = tf.constant([
    [0, 0, 1, 1],
    [0.1, 0.1, 1, 1],
    [0.5, 0.5, 1.5, 1.2],
  ]);
  const indices = tf.constant([0, 0], { dtype: 'int32' });
  const crops = cropAndResize(gray(image()), boxes.at(tf.s(1)), indices, [2, 2]);
  const slope = tf.gradients(crops, [boxes])[0] as tf.Tensor;
  const [cells, moved, chosen] = await run(crops, slope, nonMaxSuppression(boxes, [0.5, 0.9, 0.9], 3));
  near(cells!, [0.075, 0.3, 0.525, 0.75, 0.375, 0, 0, 0]);
  near(moved!, [0, 0, 0, 0, 1, 0.5, 0, 0, 0.5, 0.25, 0, 0]);
  expect(chosen).toEqual([1, 2]);
});
test('a part outside of the image is refused: at once where sizes are known, else in the run', async () => {
  expect(() => cropToBoundingBox(image(), 1, 1, 2, 1)).toThrow('height must be >= target + offset.');
  const x = tf.placeholder('float32', [null, null, null, 3]);
  const part = cropToBoundingBox(x, 1, 1, 1, 1);
  const session = new tf.Session();
  const fed = (rows: number) => session.run(part, { feedDict: [[x, tf.Value.from(cells(rows))]] });
  await expect(fed(1)).rejects.toMatchObject({ code: 'InvalidArgument' });
  expect((await fed(2)).shape).toEqual([1, 1, 1, 3]);
  session.close();
});
const cells = (rows: number) => [
  new Array(rows).fill(null).map(() => [
    [1, 2, 3],
    [4, 5, 6],
  ]),
];
