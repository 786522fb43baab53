/** @file Images in another size by cubic curves and by areas. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, FLOATS } from '../value/dtype';
import type { Named } from './array';
import { rounder } from './cellwise';
import { PLACING, type Placing, type ResizeOptions, resized, scaleOf, wire } from './image_placing';

const { ceil, floor, fround, max, min } = Math;
const SINGLE_OR_DOUBLE = ['float32', 'float64'] as const satisfies readonly DType[];
const IMAGES = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'int64', ...FLOATS] as const satisfies readonly DType[];

const bound = (i: number, limit: number): number => max(0, min(i, limit - 1));

// ---- cubic --------------------------------------------------------------------------------------------------------

/** How many places between two pixels the curve is known at. */
const STEPS = 1024;
/** Weights of the near and the far neighbors by place. */
interface Curve {
  readonly near: Float32Array;
  readonly far: Float32Array;
}
function curve(a: number): Curve {
  const [near, far] = [new Float32Array(STEPS + 1), new Float32Array(STEPS + 1)];
  for (let i = 0; i <= STEPS; i++) {
    const x = i / STEPS;
    near[i] = ((a + 2) * x - (a + 3)) * x * x + 1;
    far[i] = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  }
  return { near, far };
}
const LEGACY = curve(-0.75);
const KEYS = curve(-0.5);
const evenly = (x: number): number => {
  const f = floor(x);
  return x - f > 0.5 || (x - f === 0.5 && f % 2 === 1) ? f + 1 : f;
};

/** The four input places that an output place mixes. */
interface Mix {
  readonly at: readonly number[];
  readonly weights: readonly number[];
}
function mixes(from: number, to: number, placing: Placing): Mix[] {
  const scale = scaleOf(from, to, placing);
  const { near, far } = placing.half_pixel_centers ? KEYS : LEGACY;
  return Array.from({ length: to }, (_, i) => {
    const exact = placing.half_pixel_centers ? fround(fround(fround(i + 0.5) * scale) - 0.5) : fround(i * scale);
    const first = floor(exact);
    const place = evenly(fround(exact - first) * STEPS);
    const wanted = [first - 1, first, first + 1, first + 2];
    const at = wanted.map((x) => bound(x, from));
    let weights = [far[place]!, near[place]!, near[STEPS - place]!, far[STEPS - place]!];
    if (placing.half_pixel_centers) {
      // Places outside count for nothing, and the others for more.
      weights = weights.map((w, k) => (at[k] === wanted[k] ? w : 0));
      const total = weights.reduce((x, y) => fround(x + y));
      if (Math.abs(total) >= 1000 * 2 ** -126) weights = weights.map((w) => fround(w * fround(1 / total)));
    }
    return { at, weights };
  });
}
const mixed = (weights: readonly number[], cells: readonly number[]): number => {
  let total = 0;
  for (let k = 0; k < 4; k++) total = fround(total + fround(weights[k]! * cells[k]!));
  return total;
};
function bicubic(images: Slot, out: Slot, placing: Placing): void {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [rows, columns] = [mixes(height, out.shape[1]!, placing), mixes(width, out.shape[2]!, placing)];
  const [from, to] = [images.data, out.data];
  const cell = (b: number, y: number, x: number, c: number) =>
    fround(Number(from[((b * height + y) * width + x) * channels + c]));
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (const row of rows) {
      for (const column of columns) {
        for (let c = 0; c < channels; c++) {
          const inner = column.at.map((x) =>
            mixed(
              row.weights,
              row.at.map((y) => cell(b, y, x, c)),
            ),
          );
          to[at++] = mixed(column.weights, inner);
        }
      }
    }
  }
}
function bicubicGrad(grads: Slot, out: Slot, placing: Placing): void {
  const [batch, height, width, channels] = out.shape as [number, number, number, number];
  const [rows, columns] = [mixes(height, grads.shape[1]!, placing), mixes(width, grads.shape[2]!, placing)];
  const [from, to] = [grads.data, out.data];
  const round = rounder(out.dtype);
  to.fill(0);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (const row of rows) {
      for (const column of columns) {
        for (let c = 0; c < channels; c++) {
          const g = from[at++]!;
          for (let i = 0; i < 16; i++) {
            const [y, x] = [row.at[i >> 2]!, column.at[i & 3]!];
            const part = fround(fround(g * row.weights[i >> 2]!) * column.weights[i & 3]!);
            const place = ((b * height + y) * width + x) * channels + c;
            to[place] = round(to[place]! + part);
          }
        }
      }
    }
  }
}
const ResizeBicubic = defineOp({
  name: 'ResizeBicubic',
  inputs: { images: 'T', size: 'int32' },
  outputs: { resized_images: 'float32' },
  attrs: { T: type(IMAGES), ...PLACING },
  infer: ({ images, size }) => ({ resized_images: resized(images, size) }),
  gradient({ resized_images: dy }, { images }, { align_corners, half_pixel_centers }) {
    if (images.dtype !== 'float32' && images.dtype !== 'float64') return { images: null };
    const attrs = { align_corners, half_pixel_centers };
    return { images: ResizeBicubicGrad({ grads: dy, original_image: images }, attrs).output };
  },
  reference: ({ images, resized_images }, attrs) => bicubic(images, resized_images, attrs),
});
const ResizeBicubicGrad = defineOp({
  name: 'ResizeBicubicGrad',
  inputs: { grads: 'float32', original_image: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(SINGLE_OR_DOUBLE), ...PLACING },
  infer: ({ original_image }) => ({ output: original_image.shape }),
  gradient: 'missing',
  reference: ({ grads, output }, attrs) => bicubicGrad(grads, output, attrs),
});
/** Images [b, h, w, c] in the size [height, width], by cubic curves; float32. @tensorflow tf.image.resize_bicubic */
export function resizeBicubic(images: TensorLike, size: TensorLike, options: ResizeOptions = {}): Tensor {
  return ResizeBicubic({ images, size }, wire(options), options.name).resized_images;
}

// ---- areas --------------------------------------------------------------------------------------------------------

/** The input places that an output place covers, and how much of each. */
interface Cover {
  readonly at: readonly number[];
  readonly parts: readonly number[];
}
function covers(from: number, to: number, scale: number): Cover[] {
  return Array.from({ length: to }, (_, i) => {
    const [low, high] = [fround(i * scale), fround((i + 1) * scale)];
    const places = Array.from({ length: ceil(high) - floor(low) }, (_, k) => floor(low) + k);
    const part = (p: number) => {
      if (p < low) return p + 1 > high ? scale : fround(p + 1 - low);
      return p + 1 > high ? fround(high - p) : 1;
    };
    return { at: places.map((p) => bound(p, from)), parts: places.map(part) };
  });
}
function area(images: Slot, out: Slot, placing: Placing): void {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [tall, wide] = [scaleOf(height, out.shape[1]!, placing), scaleOf(width, out.shape[2]!, placing)];
  const [rows, columns] = [covers(height, out.shape[1]!, tall), covers(width, out.shape[2]!, wide)];
  const whole = fround(1 / fround(tall * wide));
  const [from, to] = [images.data, out.data];
  let next = 0;
  for (let b = 0; b < batch; b++) {
    for (const row of rows) {
      for (const column of columns) {
        for (let c = 0; c < channels; c++) {
          let total = 0;
          row.at.forEach((y, j) => {
            let line = 0;
            column.at.forEach((x, k) => {
              const cell = Number(from[((b * height + y) * width + x) * channels + c]);
              line = fround(line + fround(cell * column.parts[k]!));
            });
            total = fround(total + fround(line * row.parts[j]!));
          });
          to[next++] = fround(total * whole);
        }
      }
    }
  }
}
const ResizeArea = defineOp({
  name: 'ResizeArea',
  inputs: { images: 'T', size: 'int32' },
  outputs: { resized_images: 'float32' },
  attrs: { T: type(IMAGES.filter((t) => t !== 'bfloat16')), align_corners: bool(false) },
  infer: ({ images, size }) => ({ resized_images: resized(images, size) }),
  gradient: 'missing',
  reference: ({ images, resized_images }, { align_corners }) =>
    area(images, resized_images, { align_corners, half_pixel_centers: false }),
});
export interface ResizeAreaOptions extends Named {
  readonly alignCorners?: boolean | undefined;
}
/** Images [b, h, w, c] in the size [height, width], each pixel the mean of what it covers. @tensorflow tf.image.resize_area */
export function resizeArea(images: TensorLike, size: TensorLike, options: ResizeAreaOptions = {}): Tensor {
  return ResizeArea({ images, size }, { align_corners: options.alignCorners }, options.name).resized_images;
}
