/** @file The ops that change colors, and HSV. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type Known, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, FLOATS } from '../value/dtype';
import { type Shape, showShape } from '../value/shape';
import type { Named } from './array';
import { rounder } from './cellwise';
import { atLeastRank, exactDim, fail, scalarOf } from './expect';
import { rgbToHsvGradient } from './image_hsv_gradient';

const { abs, floor, fround, max, min } = Math;
const IMAGES = ['float16', 'float32'] as const satisfies readonly DType[];
type Rgb = [number, number, number];

/** Works on the three channels of each pixel. */
function eachPixel(from: Slot, to: Slot, change: (rgb: Rgb) => Rgb): void {
  const round = rounder(to.dtype);
  const [a, out] = [from.data, to.data];
  for (let i = 0; i + 2 < a.length; i += 3) {
    const pixel = change([a[i]!, a[i + 1]!, a[i + 2]!]);
    for (let c = 0; c < 3; c++) out[i + c] = round(pixel[c]!);
  }
}
function adjusted({ shape }: Known, factor: Known, what: string): Shape {
  const words = `input must be at least 3-D, got shape${showShape(shape)}`;
  atLeastRank(shape, 3, words);
  scalarOf(factor, `${what} must be scalar: ${showShape(factor.shape)}`);
  return shape;
}
function mustBeRgb({ shape }: Slot): void {
  const channels = shape.at(-1);
  if (channels !== 3) fail(`input must have 3 channels but instead has ${channels} channels.`);
}

// ---- contrast -----------------------------------------------------------------------------------------------------

export const AdjustContrastv2 = defineOp({
  name: 'AdjustContrastv2',
  inputs: { images: 'T', contrast_factor: 'float32' },
  outputs: { output: 'T' },
  attrs: { T: type(IMAGES, 'float32') },
  infer: ({ images, contrast_factor }) => ({ output: adjusted(images, contrast_factor, 'contrast_factor') }),
  gradient: 'missing',
  reference({ images, contrast_factor, output }) {
    const [height, width, channels] = images.shape.slice(-3) as Rgb;
    const [size, factor] = [height * width, contrast_factor.data[0]!];
    const round = rounder(output.dtype);
    const [from, to] = [images.data, output.data];
    for (let start = 0; start < from.length; start += size * channels) {
      for (let c = 0; c < channels; c++) {
        let total = 0;
        for (let i = 0; i < size; i++) total += from[start + i * channels + c]!;
        const mean = fround(total / size);
        for (let i = 0; i < size; i++) {
          const at = start + i * channels + c;
          to[at] = round(fround(fround(from[at]! - mean) * factor) + mean);
        }
      }
    }
  },
});

// ---- saturation and hue -------------------------------------------------------------------------------------------

const clamp = (x: number): number => min(1, max(0, x));

function toHsv([r, g, b]: Rgb): Rgb {
  const value = max(r, g, b);
  const range = value - min(r, g, b);
  const saturation = value > 0 ? range / value : 0;
  if (!(range > 0)) return [0, saturation, value];
  const unit = 1 / (6 * range);
  const hue = r === value ? unit * (g - b) : g === value ? unit * (b - r) + 2 / 6 : unit * (r - g) + 4 / 6;
  return [hue < 0 ? hue + 1 : hue, saturation, value];
}
function fromHsv([h, s, v]: Rgb): Rgb {
  const d = h * 6;
  const ramps = [clamp(abs(d - 3) - 1), clamp(2 - abs(d - 2)), clamp(2 - abs(d - 4))];
  return ramps.map((x) => (1 - s + s * x) * v) as Rgb;
}
/** Channels that hold the middle, the highest and the lowest value, by sixths of the circle. */
const SIXTHS = [
  [1, 0, 2],
  [0, 1, 2],
  [2, 1, 0],
  [1, 2, 0],
  [0, 2, 1],
  [2, 0, 1],
] as const;
/** The same pixel with its hue moved by so many sixths. */
function turnHue(rgb: Rgb, sixths: number): Rgb {
  const [r, g, b] = rgb;
  const sixth = r < g ? (b < r ? 1 : b > g ? 3 : 2) : b < g ? 0 : b > r ? 4 : 5;
  const [middle, high, low] = SIXTHS[sixth]!.map((c) => rgb[c]) as Rgb;
  const ratio = high === low ? 0 : (middle - low) / (high - low);
  let hue = high === low ? 0 : sixth + (sixth % 2 === 0 ? ratio : 1 - ratio);
  hue = (((hue + sixths) % 6) + 6) % 6;
  const place = min(floor(hue), 5);
  const part = place % 2 === 0 ? hue - place : 1 - (hue - place);
  const [m, h, l] = SIXTHS[place]!;
  const result: Rgb = [0, 0, 0];
  result[m] = low + part * (high - low);
  result[h] = high;
  result[l] = low;
  return result;
}

export const AdjustSaturation = defineOp({
  name: 'AdjustSaturation',
  inputs: { images: 'T', scale: 'float32' },
  outputs: { output: 'T' },
  attrs: { T: type(IMAGES, 'float32') },
  infer: ({ images, scale }) => ({ output: adjusted(images, scale, 'scale') }),
  gradient: 'missing',
  reference({ images, scale, output }) {
    mustBeRgb(images);
    const factor = scale.data[0]!;
    eachPixel(images, output, (rgb) => {
      const [h, s, v] = toHsv(rgb);
      return fromHsv([h, clamp(s * factor), v]);
    });
  },
});
export const AdjustHue = defineOp({
  name: 'AdjustHue',
  inputs: { images: 'T', delta: 'float32' },
  outputs: { output: 'T' },
  attrs: { T: type(IMAGES, 'float32') },
  infer: ({ images, delta }) => ({ output: adjusted(images, delta, 'delta') }),
  gradient: 'missing',
  reference({ images, delta, output }) {
    mustBeRgb(images);
    const sixths = delta.data[0]! * 6;
    eachPixel(images, output, (rgb) => turnHue(rgb, sixths));
  },
});

// ---- HSV ----------------------------------------------------------------------------------------------------------

function threeChannels({ images }: { readonly images: Known }): { readonly output: Shape } {
  const shape = atLeastRank(images.shape, 1, 'input must be at least 1D');
  if (!shape) return { output: null };
  return { output: [...shape.slice(0, -1), exactDim(shape.at(-1)!, 3, 'input must have 3 channels.')] };
}
const RGBToHSV = defineOp({
  name: 'RGBToHSV',
  inputs: { images: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(FLOATS, 'float32') },
  infer: threeChannels,
  gradient: ({ output: dy }, { images, output }) => ({ images: rgbToHsvGradient(dy, images, output) }),
  reference: ({ images, output }) => eachPixel(images, output, toHsv),
});
/** Red, green and blue, [..., 3], as hue, saturation and value, all in [0, 1]. @tensorflow tf.image.rgb_to_hsv */
export function rgbToHsv(images: TensorLike, { name }: Named = {}): Tensor {
  return RGBToHSV({ images }, {}, name).output;
}
const HSVToRGB = defineOp({
  name: 'HSVToRGB',
  inputs: { images: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(FLOATS, 'float32') },
  infer: threeChannels,
  gradient: null,
  reference: ({ images, output }) => eachPixel(images, output, fromHsv),
});
/** Hue, saturation and value, [..., 3], as red, green and blue. @tensorflow tf.image.hsv_to_rgb */
export function hsvToRgb(images: TensorLike, { name }: Named = {}): Tensor {
  return HSVToRGB({ images }, {}, name).output;
}
