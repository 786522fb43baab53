/** @file Windows of images as vectors. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { ints, oneOf, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { COMPLEX, REALS, zeroOf } from '../value/dtype';
import type { Named } from './array';
import { type Dim, refuse, timesDim, withRank } from './expect';

/** Where windows of so many steps lie along one side. */
interface Along {
  readonly count: Dim;
  readonly before: number;
}
function windows(pixels: Dim, size: number, stride: number, rate: number, padding: 'SAME' | 'VALID'): Along {
  if (pixels === null) return { count: null, before: 0 };
  const reach = size + (size - 1) * (rate - 1);
  if (padding === 'VALID') {
    const count = Math.trunc((pixels - reach + stride) / stride) || 0;
    if (count < 0) {
      refuse(
        `Computed output size would be negative: ${count} [input_size: ${pixels}, effective_filter_size: ${reach}, stride: ${stride}]`,
      );
    }
    return { count, before: 0 };
  }
  const count = Math.ceil(pixels / stride);
  return { count, before: Math.floor(Math.max((count - 1) * stride + reach - pixels, 0) / 2) };
}
const quads = (list: readonly number[], name: string): void => {
  if (list.length === 4) return;
  refuse(`ExtractImagePatches requires the ${name} attribute to contain 4 values, but got: ${list.length}`);
};

const ExtractImagePatches = defineOp({
  name: 'ExtractImagePatches',
  inputs: { images: 'T' },
  outputs: { patches: 'T' },
  attrs: {
    ksizes: ints(),
    strides: ints(),
    rates: ints(),
    T: type([...REALS, ...COMPLEX, 'bool']),
    padding: oneOf('SAME', 'VALID'),
  },
  infer({ images }, { ksizes, strides, rates, padding }) {
    const shape = withRank(images.shape, 4, 'input must be 4-dimensional');
    quads(ksizes, 'ksizes');
    quads(strides, 'stride');
    quads(rates, 'rates');
    const [batch, height, width, depth] = shape ?? [null, null, null, null];
    const [tall, wide] = [ksizes[1]!, ksizes[2]!];
    const isKnown = height !== null && width !== null;
    const down = windows(isKnown ? height! : null, tall, strides[1]!, rates[1]!, padding);
    const across = windows(isKnown ? width! : null, wide, strides[2]!, rates[2]!, padding);
    return { patches: [batch!, down.count, across.count, timesDim(depth!, tall * wide)] };
  },
  gradient() {
    throw new GraphError('Unimplemented', 'The gradient of ExtractImagePatches is made of sparse matrices.');
  },
  reference({ images, patches }, { ksizes, strides, rates, padding }) {
    const [batch, height, width, depth] = images.shape as [number, number, number, number];
    const [, rows, columns] = patches.shape as [number, number, number, number];
    const [tall, wide] = [ksizes[1]!, ksizes[2]!];
    const { before: above } = windows(height, tall, strides[1]!, rates[1]!, padding);
    const { before: left } = windows(width, wide, strides[2]!, rates[2]!, padding);
    const [from, to] = [images.data, patches.data];
    to.fill(zeroOf(patches.dtype));
    let at = 0;
    for (let b = 0; b < batch; b++) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          for (let i = 0; i < tall; i++) {
            for (let j = 0; j < wide; j++, at += depth) {
              const y = row * strides[1]! - above + i * rates[1]!;
              const x = column * strides[2]! - left + j * rates[2]!;
              if (y < 0 || y >= height || x < 0 || x >= width) continue;
              const pixel = ((b * height + y) * width + x) * depth;
              for (let c = 0; c < depth; c++) to[at + c] = from[pixel + c]!;
            }
          }
        }
      }
    }
  },
});
export interface PatchOptions extends Named {
  /** [1, rows, columns, 1] */
  readonly sizes: readonly number[];
  /** [1, down, across, 1] */
  readonly strides: readonly number[];
  /** [1, down, across, 1]: how far the cells of a patch lie apart. */
  readonly rates: readonly number[];
  readonly padding: 'SAME' | 'VALID';
}
/**
 * Windows of images [b, h, w, c], each as a vector of rows * columns * c. It has no gradient here.
 * @tensorflow tf.image.extract_image_patches
 */
export function extractImagePatches(images: TensorLike, options: PatchOptions): Tensor {
  const { sizes: ksizes, strides, rates, padding, name } = options;
  return ExtractImagePatches({ images }, { ksizes, strides, rates, padding }, name).patches;
}
