/** @file Images in another size: bilinear and nearest-neighbor resizing, and their gradients. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import { constantShape, type Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, FLOATS } from '../value/dtype';
import { compatible, isFull } from '../value/shape';
import { type Named, shapeOf } from './array';
import { addCells, type Offsets, offsets, readCells, stridesOf } from './cells';
import { i32, unknowns } from './expect';
import { PLACING, type Placing, type ResizeOptions, resized, scaleOf, wire } from './image_placing';
import { resizeArea, resizeBicubic } from './image_resize';
import { expandDims, squeeze } from './shape';

export type { ResizeOptions } from './image_placing';

import { s } from './slice';

const { fround, floor, ceil, max, min } = Math;

// ---- bilinear -----------------------------------------------------------------------------------------------------

/** The two input places around an output place, and how far it is from the first. */
interface Between {
  readonly low: number;
  readonly high: number;
  readonly part: number;
}
function between(from: number, to: number, placing: Placing): Between[] {
  const scale = scaleOf(from, to, placing);
  return Array.from({ length: to }, (_, i) => {
    const at = placing.half_pixel_centers ? fround(fround(fround(i + 0.5) * scale) - 0.5) : fround(i * scale);
    return { low: max(floor(at), 0), high: min(ceil(at), from - 1), part: fround(at - floor(at)) };
  });
}
const mix = (a: number, b: number, part: number): number => fround(a + fround(fround(b - a) * part));

function bilinear(images: Slot, out: Slot, placing: Placing): void {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [rows, columns] = [between(height, out.shape[1]!, placing), between(width, out.shape[2]!, placing)];
  const [from, to] = [images.data, out.data];
  const cell = (b: number, y: number, x: number, c: number) =>
    Number(from[((b * height + y) * width + x) * channels + c]);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (const y of rows) {
      for (const x of columns) {
        for (let c = 0; c < channels; c++) {
          const top = mix(cell(b, y.low, x.low, c), cell(b, y.low, x.high, c), x.part);
          const bottom = mix(cell(b, y.high, x.low, c), cell(b, y.high, x.high, c), x.part);
          to[at++] = mix(top, bottom, y.part);
        }
      }
    }
  }
}
function bilinearGrad(grads: Slot, out: Slot, placing: Placing): void {
  const [batch, height, width, channels] = out.shape as [number, number, number, number];
  const [rows, columns] = [between(height, grads.shape[1]!, placing), between(width, grads.shape[2]!, placing)];
  const [from, to] = [grads.data, out.data];
  to.fill(0);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (const y of rows) {
      for (const x of columns) {
        for (let c = 0; c < channels; c++) {
          const g = from[at++]!;
          const give = (r: number, q: number, a: number, d: number) => {
            to[((b * height + r) * width + q) * channels + c]! += fround(fround(g * a) * d);
          };
          const [restY, restX] = [fround(1 - y.part), fround(1 - x.part)];
          give(y.low, x.low, restY, restX);
          give(y.low, x.high, restY, x.part);
          give(y.high, x.low, y.part, restX);
          give(y.high, x.high, y.part, x.part);
        }
      }
    }
  }
}
const IMAGES = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'int64', ...FLOATS] as const satisfies readonly DType[];

const ResizeBilinear = defineOp({
  name: 'ResizeBilinear',
  inputs: { images: 'T', size: 'int32' },
  outputs: { resized_images: 'float32' },
  attrs: { T: type(IMAGES), ...PLACING },
  infer: ({ images, size }) => ({ resized_images: resized(images, size) }),
  gradient: ({ resized_images: dy }, { images }, { align_corners, half_pixel_centers }) => ({
    images: ResizeBilinearGrad({ grads: dy, original_image: images }, { align_corners, half_pixel_centers }).output,
    size: null,
  }),
  reference: ({ images, resized_images }, attrs) => bilinear(images, resized_images, attrs),
});
const ResizeBilinearGrad = defineOp({
  name: 'ResizeBilinearGrad',
  inputs: { grads: 'float32', original_image: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(FLOATS), ...PLACING },
  infer: ({ original_image }) => ({ output: original_image.shape }),
  gradient: 'missing',
  reference: ({ grads, output }, attrs) => bilinearGrad(grads, output, attrs),
});
/** Images [b, h, w, c] in the size [height, width], interpolated; float32. @tensorflow tf.image.resize_bilinear */
export function resizeBilinear(images: TensorLike, size: TensorLike, options: ResizeOptions = {}): Tensor {
  return ResizeBilinear({ images, size }, wire(options), options.name).resized_images;
}

// ---- nearest neighbor ---------------------------------------------------------------------------------------------

/** Which cells of the images the resized ones show. */
function nearest(images: Slot, wide: Slot, placing: Placing): Offsets[] {
  const strides = stridesOf(images.shape);
  return images.shape.map((from, d) => {
    if (d === 0 || d === 3) return offsets(from, strides[d]!);
    const scale = scaleOf(from, wide.shape[d]!, placing);
    return offsets(wide.shape[d]!, strides[d]!, (i) => {
      const at = fround((placing.half_pixel_centers ? fround(i + 0.5) : i) * scale);
      const near = placing.align_corners ? floor(at + 0.5) : floor(at);
      return max(0, min(near, from - 1));
    });
  });
}
const ResizeNearestNeighbor = defineOp({
  name: 'ResizeNearestNeighbor',
  inputs: { images: 'T', size: 'int32' },
  outputs: { resized_images: 'T' },
  attrs: { T: type(IMAGES), ...PLACING },
  infer: ({ images, size }) => ({ resized_images: resized(images, size) }),
  gradient({ resized_images: dy }, { images }, { align_corners, half_pixel_centers }) {
    const known = images.shape?.slice(1, 3) ?? null;
    const size = isFull(known) ? i32([...known]) : shapeOf(images).at(s(1, 3));
    const attrs = { align_corners, half_pixel_centers };
    return { images: ResizeNearestNeighborGrad({ grads: dy, size }, attrs).output, size: null };
  },
  reference: ({ images, resized_images }, attrs) =>
    readCells(resized_images.data, images.data, nearest(images, resized_images, attrs)),
});
const ResizeNearestNeighborGrad = defineOp({
  name: 'ResizeNearestNeighborGrad',
  inputs: { grads: 'T', size: 'int32' },
  outputs: { output: 'T' },
  attrs: { T: type(['uint8', 'int8', 'int32', ...FLOATS]), ...PLACING },
  infer: ({ grads, size }) => ({ output: resized(grads, size) }),
  gradient: 'missing',
  reference({ grads, output }, attrs) {
    output.data.fill(0);
    addCells(output.data, grads.data, nearest(output, grads, attrs));
  },
});
/** Images in another size, each pixel a copy of the nearest one. @tensorflow tf.image.resize_nearest_neighbor */
export function resizeNearestNeighbor(images: TensorLike, size: TensorLike, options: ResizeOptions = {}): Tensor {
  return ResizeNearestNeighbor({ images, size }, wire(options), options.name).resized_images;
}

// ---- tf.image.resize_images ---------------------------------------------------------------------------------------

export interface ResizeImagesOptions extends Named {
  readonly method?: 'bilinear' | 'nearest' | 'bicubic' | 'area' | undefined;
  readonly alignCorners?: boolean | undefined;
}
const RESIZERS = {
  bilinear: () => resizeBilinear,
  nearest: () => resizeNearestNeighbor,
  bicubic: () => resizeBicubic,
  area: () => resizeArea,
} as const;
/**
 * One image or a batch in the size [height, width]; no op where the size is known to stay.
 * Raises Value for ranks other than 3 and 4.
 * @tensorflow tf.image.resize
 */
export function resizeImages(images: TensorLike, size: TensorLike, options: ResizeImagesOptions = {}): Tensor {
  const { method = 'bilinear', alignCorners, name = 'resize' } = options;
  const graph = graphOf([images, size]);
  return graph.nameScope(name, () => {
    let many = convertToTensor(images, { name: 'images' }, graph);
    if (many.shape === null) throw new GraphError('Value', "'images' contains no shape.");
    const single = many.shape.length === 3;
    if (single) many = expandDims(many, i32(0));
    else if (many.shape.length !== 4) {
      throw new GraphError('Value', "'images' must have either 3 or 4 dimensions.");
    }
    const wanted = convertToTensor(size, { dtype: 'int32', name: 'size' }, graph);
    if (!compatible(wanted.shape, [2])) {
      throw new GraphError('Value', "'size' must be a 1-D Tensor of 2 elements: new_height, new_width");
    }
    const [h, w] = constantShape(wanted) ?? unknowns(2);
    const back = (t: Tensor) => (single ? squeeze(t, { axis: [0] }) : t);
    const [height, width] = [many.shape![1], many.shape![2]];
    if (h != null && w != null && h === height && w === width) return back(many);
    const resize = RESIZERS[method]();
    const result = resize(many, wanted, { alignCorners });
    result.setShape([null, h ?? null, w ?? null, null]);
    return back(result);
  });
}
