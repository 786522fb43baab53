/** @file Max pooling that also tells where each maximum was. */
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, ints, oneOf, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { cellOf, REALS, zeroOf } from '../value/dtype';
import type { Named } from './array';
import { rounder } from './cellwise';
import { fail, refuse, withRank } from './expect';
import { firstPadding, slidingOf, windowsOver } from './windows';

const attrs = {
  ksize: ints(),
  strides: ints(),
  Targmax: type(['int32', 'int64'], 'int64'),
  padding: oneOf('SAME', 'VALID'),
  include_batch_in_index: bool(false),
  T: type(REALS),
} as const;

const MaxPoolWithArgmax = defineOp({
  name: 'MaxPoolWithArgmax',
  inputs: { input: 'T' },
  outputs: { output: 'T', argmax: 'Targmax' },
  attrs,
  infer({ input }, { ksize, strides, padding }, running) {
    const shape = withRank(input.shape, 4, 'tensor_in must be 4-dimensional');
    if (ksize.length !== 4) refuse('Sliding window ksize field must specify 4 dimensions');
    if (strides.length !== 4) refuse('Sliding window stride field must specify 4 dimensions');
    if (ksize[0] !== 1 || strides[0] !== 1) refuse('Pooling is not yet supported on the batch dimension.');
    const [batch, height, width, depth] = shape ?? [null, null, null, null];
    const sliding = slidingOf(strides, undefined, padding, 'NHWC');
    const [rows, columns] = windowsOver([height!, width!], ksize.slice(1, 3), sliding, running);
    const out = [batch!, rows!, columns!, depth!];
    return { output: out, argmax: out };
  },
  gradient({ output: dy }, { input, argmax }, { ksize, strides, padding, include_batch_in_index }) {
    const same = { ksize, strides, padding, include_batch_in_index };
    return { input: MaxPoolGradWithArgmax({ input, grad: dy, argmax }, same).output };
  },
  reference({ input, output, argmax }, { ksize, strides, padding, include_batch_in_index }) {
    const [batch, height, width, depth] = input.shape as [number, number, number, number];
    const [, rows, columns] = output.shape as [number, number, number];
    const [tall, wide] = [ksize[1]!, ksize[2]!];
    const sliding = slidingOf(strides, undefined, padding, 'NHWC');
    const above = firstPadding(height, rows, tall, sliding, 0);
    const left = firstPadding(width, columns, wide, sliding, 1);
    const [from, to, places] = [input.data, output.data, argmax.data];
    let at = 0;
    for (let b = 0; b < batch; b++) {
      const image = b * height * width * depth;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const [y0, x0] = [row * strides[1]! - above, column * strides[2]! - left];
          for (let c = 0; c < depth; c++, at++) {
            let best = -1;
            for (let y = Math.max(y0, 0); y < Math.min(y0 + tall, height); y++) {
              for (let x = Math.max(x0, 0); x < Math.min(x0 + wide, width); x++) {
                const cell = image + (y * width + x) * depth + c;
                if (best < 0 || from[cell]! > from[best]!) best = cell;
              }
            }
            to[at] = from[best]!;
            places[at] = cellOf(argmax.dtype, include_batch_in_index ? best : best - image);
          }
        }
      }
    }
  },
});
const MaxPoolGradWithArgmax = defineOp({
  name: 'MaxPoolGradWithArgmax',
  inputs: { input: 'T', grad: 'T', argmax: 'Targmax' },
  outputs: { output: 'T' },
  attrs: { ...attrs, Targmax: type(['int32', 'int64']) },
  infer: ({ input }) => ({ output: withRank(input.shape, 4) }),
  gradient: 'missing',
  reference({ input, grad, argmax, output }, { include_batch_in_index }) {
    const images = input.shape[0]!;
    const [cells, windows] = [input.size / images, grad.size / images];
    const [dy, to] = [grad.data, output.data];
    const round = rounder(output.dtype);
    to.fill(zeroOf(output.dtype));
    for (let i = 0; i < grad.size; i++) {
      const place = Number(argmax.data[i]) + (include_batch_in_index ? 0 : Math.floor(i / windows) * cells);
      if (!(place >= 0 && place < output.size)) {
        fail(`Invalid output index: ${place}, ${Math.floor(i / windows) * cells}, ${output.size}`);
      }
      to[place] = typeof to[place] === 'bigint' ? to[place]! + dy[i]! : round(to[place]! + dy[i]!);
    }
  },
});
export interface ArgmaxPoolOptions extends Named {
  /** [1, rows, columns, 1] */
  readonly ksize: readonly number[];
  /** [1, down, across, 1] */
  readonly strides: readonly number[];
  readonly padding: 'SAME' | 'VALID';
  /** Of the places: int64 by default. */
  readonly Targmax?: 'int32' | 'int64' | undefined;
  /** Places are counted through the whole batch, not anew in each image. */
  readonly includeBatchInIndex?: boolean | undefined;
}
/**
 * The largest of each window of images [b, h, w, c], and its place in the flattened image.
 * @tensorflow tf.nn.max_pool_with_argmax
 */
export function maxPoolWithArgmax(
  input: TensorLike,
  options: ArgmaxPoolOptions,
): { readonly output: Tensor; readonly argmax: Tensor } {
  const { name, includeBatchInIndex, ...rest } = options;
  const { output, argmax } = MaxPoolWithArgmax(
    { input },
    { ...rest, include_batch_in_index: includeBatchInIndex },
    name,
  );
  return { output, argmax };
}
