/** @file Boxes in images: crops in one size, and the choice among boxes that overlap. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { float, type Known, string, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { type DType, FLOATS } from '../value/dtype';
import { type Shape, showShape } from '../value/shape';
import { type Named, shapeOf } from './array';
import { rounder } from './cellwise';
import { asShape, type Dim, exactDim, fail, i32, sameDim, scalarOf, withRank } from './expect';
import { heapOrder } from './heap_order';

const { ceil, floor, fround, max, min } = Math;

// ---- crops --------------------------------------------------------------------------------------------------------

const CROPPED = ['uint8', 'uint16', 'int8', 'int16', 'int32', 'int64', 'float16', 'float32', 'float64'] as const;
const method = string('bilinear', 'nearest');

interface Boxed {
  readonly boxes: Known;
  readonly box_ind: Known;
}
function boxCount({ boxes, box_ind }: Boxed): Dim {
  withRank(boxes.shape, 2, `boxes must be 2-D${showShape(boxes.shape)}`);
  withRank(box_ind.shape, 1, `box_index must be 1-D${showShape(box_ind.shape)}`);
  if (boxes.shape) exactDim(boxes.shape[1]!, 4, 'boxes must have 4 columns');
  return sameDim(boxes.shape?.[0] ?? null, box_ind.shape?.[0] ?? null, 'box_index has incompatible shape');
}
function cropShape(image: Known, boxed: Boxed, size: Known): Shape {
  withRank(image.shape, 4, `input image must be 4-D${showShape(image.shape)}`);
  const count = boxCount(boxed);
  withRank(size.shape, 1, `crop_size must be 1-D${showShape(size.shape)}`);
  if (size.shape) exactDim(size.shape[0]!, 2, `crop_size must have two elements${showShape(size.shape)}`);
  const [height, width] = size.value ?? [null, null];
  if (size.value?.some((d) => d <= 0)) fail('crop dimensions must be positive');
  return [count, height ?? null, width ?? null, image.shape?.[3] ?? null];
}
/** Where in the image the cells of a crop lie along one side, or null outside; and the steps between them. */
interface Line {
  readonly at: readonly (number | null)[];
  readonly ratio: number;
}
function lineOf(from: number, to: number, cells: number, pixels: number): Line {
  const ratio = cells > 1 ? fround(fround(pixels - 1) / fround(cells - 1)) : 0;
  const step = cells > 1 ? fround(fround(fround(to - from) * fround(pixels - 1)) / fround(cells - 1)) : 0;
  const start = cells > 1 ? fround(from * (pixels - 1)) : fround(0.5 * fround(from + to) * (pixels - 1));
  const at = Array.from({ length: cells }, (_, i) => {
    const x = cells > 1 ? fround(start + fround(i * step)) : start;
    return x >= 0 && x <= pixels - 1 ? x : null;
  });
  return { at, ratio };
}
/** A cell of a crop: the four pixels around it, and how far it is from the first. */
interface Spot {
  readonly box: number;
  readonly row: number;
  readonly column: number;
  /** Where the cell's channels begin in the crops. */
  readonly cell: number;
  readonly y: number;
  readonly x: number;
  readonly lines: readonly [Line, Line];
  /** Where the channels of pixel (y, x) begin in the images. */
  readonly pixel: (y: number, x: number) => number;
}
interface Crops {
  readonly boxes: Slot;
  readonly box_ind: Slot;
}
/** Visits the cells of all crops that lie inside of their images. */
function eachSpot(t: Crops, images: readonly number[], crops: readonly number[], visit: (spot: Spot) => void): void {
  const [batch, height, width, channels] = images as [number, number, number, number];
  const [count, rows, columns] = crops as [number, number, number];
  for (let box = 0; box < count; box++) {
    const image = t.box_ind.data[box]!;
    if (image < 0 || image >= batch) {
      throw new GraphError('OutOfRange', `box_index has values outside [0, batch_size)`);
    }
    const [y1, x1, y2, x2] = t.boxes.data.slice(box * 4, box * 4 + 4) as unknown as [number, number, number, number];
    const lines = [lineOf(y1, y2, rows, height), lineOf(x1, x2, columns, width)] as const;
    const pixel = (y: number, x: number) => ((image * height + y) * width + x) * channels;
    lines[0].at.forEach((y, row) => {
      lines[1].at.forEach((x, column) => {
        if (y === null || x === null) return;
        visit({ box, row, column, cell: ((box * rows + row) * columns + column) * channels, y, x, lines, pixel });
      });
    });
  }
}
const nearest = (x: number): number => floor(x + 0.5);
const mix = (a: number, b: number, part: number): number => fround(a + fround(fround(b - a) * part));

const CropAndResize = defineOp({
  name: 'CropAndResize',
  inputs: { image: 'T', boxes: 'float32', box_ind: 'int32', crop_size: 'int32' },
  outputs: { crops: 'float32' },
  attrs: { T: type(CROPPED), method, extrapolation_value: float(0) },
  infer: (t) => ({ crops: cropShape(t.image, t, t.crop_size) }),
  gradient({ crops: dy }, { image, boxes, box_ind }, attrs) {
    const known = image.shape?.every((d) => d !== null) ? i32([...(image.shape as number[])]) : shapeOf(image);
    const differentiable = (FLOATS as readonly DType[]).includes(image.dtype);
    const inputs = { grads: dy, boxes, box_ind, image_size: known };
    const dImage = differentiable
      ? CropAndResizeGradImage(inputs, { T: image.dtype, method: attrs.method }).output
      : null;
    return { image: dImage, boxes: CropAndResizeGradBoxes({ grads: dy, image, boxes, box_ind }, {}).output };
  },
  reference({ image, boxes, box_ind, crops }, attrs) {
    const channels = image.shape[3]!;
    const [from, to] = [image.data, crops.data];
    to.fill(attrs.extrapolation_value);
    eachSpot({ boxes, box_ind }, image.shape, crops.shape, ({ cell, y, x, pixel }) => {
      for (let c = 0; c < channels; c++) {
        const at = (p: number, q: number) => Number(from[pixel(p, q) + c]);
        if (attrs.method === 'nearest') {
          to[cell + c] = at(nearest(y), nearest(x));
          continue;
        }
        const [top, left] = [floor(y), floor(x)];
        const part = fround(x - left);
        const upper = mix(at(top, left), at(top, ceil(x)), part);
        const lower = mix(at(ceil(y), left), at(ceil(y), ceil(x)), part);
        to[cell + c] = mix(upper, lower, fround(y - top));
      }
    });
  },
});
const CropAndResizeGradImage = defineOp({
  name: 'CropAndResizeGradImage',
  inputs: { grads: 'float32', boxes: 'float32', box_ind: 'int32', image_size: 'int32' },
  outputs: { output: 'T' },
  attrs: { T: type(['float32', 'float16', 'float64']), method },
  infer(t) {
    const shape = asShape(t.image_size);
    withRank(shape, 4, 'image_size must have 4 elements');
    boxCount(t);
    return { output: shape };
  },
  gradient: 'missing',
  reference({ grads, boxes, box_ind, output }, attrs) {
    const channels = output.shape[3]!;
    const [from, to] = [grads.data, output.data];
    const round = rounder(output.dtype);
    to.fill(0);
    eachSpot({ boxes, box_ind }, output.shape, grads.shape, ({ cell, y, x, pixel }) => {
      for (let c = 0; c < channels; c++) {
        const g = from[cell + c]!;
        const give = (p: number, q: number, amount: number) => {
          const place = pixel(p, q) + c;
          to[place] = round(to[place]! + amount);
        };
        if (attrs.method === 'nearest') {
          give(nearest(y), nearest(x), g);
          continue;
        }
        const [down, right] = [fround(y - floor(y)), fround(x - floor(x))];
        const [upper, lower] = [fround((1 - down) * g), fround(down * g)];
        give(floor(y), floor(x), (1 - right) * upper);
        give(floor(y), ceil(x), right * upper);
        give(ceil(y), floor(x), (1 - right) * lower);
        give(ceil(y), ceil(x), right * lower);
      }
    });
  },
});
const CropAndResizeGradBoxes = defineOp({
  name: 'CropAndResizeGradBoxes',
  inputs: { grads: 'float32', image: 'T', boxes: 'float32', box_ind: 'int32' },
  outputs: { output: 'float32' },
  attrs: { T: type(CROPPED), method: string('bilinear') },
  infer(t) {
    boxCount(t);
    return { output: t.boxes.shape };
  },
  gradient: 'missing',
  reference({ grads, image, boxes, box_ind, output }) {
    const [, height, width, channels] = image.shape as [number, number, number, number];
    const [, rows, columns] = grads.shape as [number, number, number];
    const [from, to] = [image.data, output.data];
    to.fill(0);
    eachSpot({ boxes, box_ind }, image.shape, grads.shape, ({ box, row, column, cell, y, x, lines, pixel }) => {
      const [down, right] = [y - floor(y), x - floor(x)];
      for (let c = 0; c < channels; c++) {
        const at = (p: number, q: number) => Number(from[pixel(p, q) + c]);
        const [a, b] = [at(floor(y), floor(x)), at(floor(y), ceil(x))];
        const [d, e] = [at(ceil(y), floor(x)), at(ceil(y), ceil(x))];
        const g = grads.data[cell + c]!;
        const dy = ((1 - right) * (d - a) + right * (e - b)) * g;
        const dx = ((1 - down) * (b - a) + down * (e - d)) * g;
        const spread = (side: 0 | 1, slope: number, cells: number, pixels: number, i: number) => {
          const [near, far] = [box * 4 + side, box * 4 + side + 2];
          const end = cells > 1 ? i * lines[side].ratio : 0.5 * (pixels - 1);
          to[near]! += slope * (cells > 1 ? pixels - 1 - end : end);
          to[far]! += slope * end;
        };
        spread(0, dy, rows, height, row);
        spread(1, dx, columns, width, column);
      }
    });
  },
});
export interface CropOptions extends Named {
  readonly method?: 'bilinear' | 'nearest' | undefined;
  /** Stands for what lies outside of the image; 0 by default. */
  readonly extrapolationValue?: number | undefined;
}
/**
 * Parts of images, all in the size `cropSize`: box number i (y1, x1, y2, x2; 0 and 1 are the edges) is cut out of image
 * boxIndices[i]. float32.
 * @tensorflow tf.image.crop_and_resize
 */
export function cropAndResize(
  image: TensorLike,
  boxes: TensorLike,
  boxIndices: TensorLike,
  cropSize: TensorLike,
  options: CropOptions = {},
): Tensor {
  const attrs = { method: options.method, extrapolation_value: options.extrapolationValue };
  return CropAndResize({ image, boxes, box_ind: boxIndices, crop_size: cropSize }, attrs, options.name).crops;
}

// ---- the choice of boxes ------------------------------------------------------------------------------------------

const SCORES = ['float16', 'float32'] as const satisfies readonly DType[];
/** The part of the area of both that two boxes share. */
function overlap(boxes: ArrayLike<number>, i: number, j: number): number {
  const side = (box: number, axis: number) => {
    const [a, b] = [boxes[box * 4 + axis]!, boxes[box * 4 + axis + 2]!];
    return [min(a, b), max(a, b)] as const;
  };
  const [yi, xi, yj, xj] = [side(i, 0), side(i, 1), side(j, 0), side(j, 1)];
  const [areaI, areaJ] = [(yi[1] - yi[0]) * (xi[1] - xi[0]), (yj[1] - yj[0]) * (xj[1] - xj[0])];
  if (areaI <= 0 || areaJ <= 0) return 0;
  const height = max(min(yi[1], yj[1]) - max(yi[0], yj[0]), 0);
  const width = max(min(xi[1], xj[1]) - max(xi[0], xj[0]), 0);
  return fround((height * width) / (areaI + areaJ - height * width));
}
const NonMaxSuppressionV3 = defineOp({
  name: 'NonMaxSuppressionV3',
  inputs: {
    boxes: 'T',
    scores: 'T',
    max_output_size: 'int32',
    iou_threshold: 'T_threshold',
    score_threshold: 'T_threshold',
  },
  outputs: { selected_indices: 'int32' },
  attrs: { T: type(SCORES, 'float32'), T_threshold: type(SCORES, 'float32') },
  infer({ boxes, scores, max_output_size, iou_threshold, score_threshold }) {
    withRank(boxes.shape, 2, `boxes must be 2-D${showShape(boxes.shape)}`);
    withRank(scores.shape, 1, `scores must be 1-D${showShape(scores.shape)}`);
    scalarOf(max_output_size, `max_output_size must be 0-D, got shape ${showShape(max_output_size.shape)}`);
    scalarOf(iou_threshold, `iou_threshold must be 0-D, got shape ${showShape(iou_threshold.shape)}`);
    scalarOf(score_threshold, `score_threshold must be 0-D, got shape ${showShape(score_threshold.shape)}`);
    sameDim(boxes.shape?.[0] ?? null, scores.shape?.[0] ?? null, 'scores has incompatible shape');
    if (boxes.shape) exactDim(boxes.shape[1]!, 4, 'boxes must have 4 columns');
    return { selected_indices: [null] };
  },
  gradient: 'missing',
  reference({ boxes, scores, max_output_size, iou_threshold, score_threshold, selected_indices }) {
    const most = iou_threshold.data[0]!;
    if (!(most >= 0 && most <= 1)) fail('iou_threshold must be in [0, 1]');
    const least = score_threshold.data[0]!;
    const count = max_output_size.data[0]!;
    const candidates = Array.from(scores.data, (_, i) => i).filter((i) => scores.data[i]! > least);
    const order = heapOrder(candidates.map((i) => scores.data[i]!)).map((k) => candidates[k]!);
    const chosen: number[] = [];
    for (const i of order) {
      if (chosen.length >= count) break;
      if (chosen.every((j) => overlap(boxes.data, i, j) <= most)) chosen.push(i);
    }
    selected_indices.resize([chosen.length]);
    selected_indices.data.set(chosen);
  },
});
export interface SuppressionOptions extends Named {
  /** Boxes that share more than this with a better one are left out; 0.5 by default. */
  readonly iouThreshold?: TensorLike | undefined;
  /** Boxes must score more than this. */
  readonly scoreThreshold?: TensorLike | undefined;
}
/**
 * The numbers of the best boxes [n, 4], at most `maxOutputSize`, without those that overlap a better one.
 * @tensorflow tf.image.non_max_suppression
 */
export function nonMaxSuppression(
  boxes: TensorLike,
  scores: TensorLike,
  maxOutputSize: TensorLike,
  options: SuppressionOptions = {},
): Tensor {
  const { iouThreshold = 0.5, scoreThreshold = Number.NEGATIVE_INFINITY, name = 'non_max_suppression' } = options;
  const graph = graphOf([boxes, scores, maxOutputSize, iouThreshold, scoreThreshold]);
  return graph.nameScope(name, () => {
    const iou = convertToTensor(iouThreshold, { name: 'iou_threshold' }, graph);
    const score = convertToTensor(scoreThreshold, { name: 'score_threshold' }, graph);
    const inputs = { boxes, scores, max_output_size: maxOutputSize, iou_threshold: iou, score_threshold: score };
    return NonMaxSuppressionV3(inputs, {}).selected_indices;
  });
}
