/** @file What pooling does cell by cell, and what its kernels refuse. */
import { GraphError } from '../errors';
import type { Slot } from '../kernels/memory';
import { cellOf, FLOATS, zeroOf } from '../value/dtype';
import { type FullShape, sameShape, showShape, sizeOf } from '../value/shape';
import { roundHalves } from './conv_cells';
import { fail, limitsOf } from './expect';
import { channelOf, channelsFirst, slidingOf, spatial, type Taps, tapsOf } from './windows';

export interface PoolAttrs {
  readonly ksize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: 'SAME' | 'VALID';
  readonly data_format: string;
}
/** What can be compared by MaxPool. */
export const MAX_TYPES = [...FLOATS, 'int32', 'int64', 'uint8', 'int16', 'int8', 'uint16', 'qint8'] as const;
export const slidingOfPool = (a: PoolAttrs) => slidingOf(a.strides, undefined, a.padding, a.data_format);

const unimplemented = (message: string): never => {
  throw new GraphError('Unimplemented', message);
};

/** The windows of one op over images of a known shape; `kernel` is what the refusal of NCHW is about. */
interface Windows {
  readonly taps: Taps;
  readonly images: number;
  readonly pixels: number;
  readonly windows: number;
  readonly channels: number;
}
function windowsOf(kernel: string, x: FullShape, y: FullShape, a: PoolAttrs): Windows {
  const { ksize, strides, data_format: format } = a;
  if (channelsFirst(format)) {
    fail(`Default ${kernel} only supports ${x.length === 5 ? 'NDHWC' : 'NHWC'} on device type CPU`);
  }
  if (ksize[0] !== 1 || strides[0] !== 1) unimplemented('Pooling is not yet supported on the batch dimension.');
  ksize.forEach((k, d) => {
    if (k <= 0) fail(`Sliding window ksize for dimension ${d} was zero.`);
  });
  const [inner, outer] = [spatial(x, format), spatial(y, format)];
  return {
    taps: tapsOf(inner, outer, spatial(ksize, format), slidingOfPool(a)),
    images: x[0]!,
    pixels: sizeOf(inner),
    windows: sizeOf(outer),
    channels: x.at(-1)!,
  };
}
function refuseDepth(message: string, { ksize, strides, data_format: format }: PoolAttrs): void {
  if (channelOf(ksize, format) !== 1 || channelOf(strides, format) !== 1) unimplemented(message);
}
const VOLUME = 'Pooling is not yet supported on the depth dimension.';
const isVolume = (x: Slot): boolean => x.shape.length === 5;

/** Goes over images, taps and channels: places in the images and in the windows. */
function each(
  { taps, images, pixels, windows, channels }: Windows,
  visit: (cell: number, window: number) => void,
): void {
  for (let n = 0; n < images; n++) {
    for (let t = 0; t < taps.length; t++) {
      const from = (n * pixels + taps.cell[t]!) * channels;
      const to = (n * windows + taps.out[t]!) * channels;
      for (let c = 0; c < channels; c++) visit(from + c, to + c);
    }
  }
}

// ---- greatest -----------------------------------------------------------------------------------------------------

/** The greatest cell of each window; NaNs are passed over. */
export function maxPooled(input: Slot, output: Slot, a: PoolAttrs): void {
  const depth = channelOf(a.ksize, a.data_format);
  if (!isVolume(input) && !channelsFirst(a.data_format) && depth > 1 && a.ksize[0] === 1 && a.strides[0] === 1) {
    maxOfChannels(input, output, depth, a);
    return;
  }
  if (isVolume(input)) refuseDepth(VOLUME, a);
  const w = windowsOf(isVolume(input) ? 'Pooling3DOp' : 'MaxPoolingOp', input.shape, output.shape, a);
  const [x, y] = [input.data, output.data];
  const low = isVolume(input) ? Number.NEGATIVE_INFINITY : cellOf(input.dtype, Number(limitsOf(input.dtype)[0]));
  y.fill(low);
  each(w, (cell, window) => {
    if (x[cell]! > y[window]!) y[window] = x[cell]!;
  });
}
function maxOfChannels(input: Slot, output: Slot, depth: number, { ksize, strides }: PoolAttrs): void {
  if (ksize[1] !== 1 || ksize[2] !== 1) {
    unimplemented('MaxPooling supports exactly one of pooling across depth or pooling across width/height.');
  }
  if (input.shape[3]! % depth !== 0) {
    unimplemented('Depthwise max pooling requires the depth window to evenly divide the input depth');
  }
  if (depth !== strides[3]) {
    unimplemented('Depthwise max pooling requires the depth window to equal the depth stride');
  }
  const [x, y] = [input.data, output.data];
  for (let i = 0; i < y.length; i++) {
    let best = x[i * depth]!;
    for (let k = 1; k < depth; k++) if (x[i * depth + k]! > best) best = x[i * depth + k]!;
    y[i] = best;
  }
}

/** The gradient must have the shape of what it is the gradient of. */
function expectShape(what: string, actual: FullShape, expected: FullShape): void {
  if (!sameShape(actual, expected)) {
    fail(`Expected ${what} shape to be ${showShape(expected)}, but got ${showShape(actual)}`);
  }
}

export interface MaxGrad {
  readonly orig_input: Slot;
  readonly orig_output: Slot;
  readonly grad: Slot;
  readonly output: Slot;
}
/** The shape that windows over images of shape x give. */
type Shaped = (x: FullShape, a: PoolAttrs) => FullShape;

/** Hands each window's gradient to its first greatest cell; in volumes, to all cells that equal the greatest. */
export function maxPoolGrad(
  { orig_input: input, orig_output, grad, output }: MaxGrad,
  a: PoolAttrs,
  shaped: Shaped,
): void {
  const volume = isVolume(input);
  if (!volume && input.shape.length !== 4) fail('tensor_in must be 4-dimensional');
  refuseDepth(volume ? VOLUME : 'MaxPoolingGrad is not yet supported on the depth dimension.', a);
  const to = shaped(input.shape, a);
  const w = windowsOf(volume ? 'MaxPooling3dGradOp' : 'MaxPoolingGradOp', input.shape, to, a);
  expectShape('orig_output', orig_output.shape, to);
  expectShape('grad', grad.shape, to);
  const [x, y, dy, dx] = [input.data, orig_output.data, grad.data, output.data];
  dx.fill(zeroOf(output.dtype));
  if (volume) {
    each(w, (cell, window) => {
      if (x[cell] === y[window]) dx[cell]! += dy[window]!;
    });
    roundHalves(output);
    return;
  }
  const best = new Int32Array(grad.size).fill(-1);
  each(w, (cell, window) => {
    const at = best[window]!;
    if (at < 0 || x[cell]! > x[at]!) best[window] = cell;
  });
  for (let i = 0; i < best.length; i++) if (best[i]! >= 0) dx[best[i]!]! += dy[i]!;
  roundHalves(output);
}
/** Picks for each window what `grad` holds where the greatest cell is. */
export function maxPoolGradGrad({ orig_input: input, orig_output, grad, output }: MaxGrad, a: PoolAttrs): void {
  const volume = isVolume(input);
  refuseDepth(volume ? VOLUME : 'MaxPoolingGrad is not yet supported on the depth dimension.', a);
  const w = windowsOf(volume ? 'MaxPooling3dGradGradOp' : 'MaxPoolingGradGradOp', input.shape, output.shape, a);
  expectShape('orig_output', orig_output.shape, output.shape);
  expectShape('grad', grad.shape, input.shape);
  const [x, y, ddx, ddy] = [input.data, orig_output.data, grad.data, output.data];
  const found = new Uint8Array(output.size);
  ddy.fill(zeroOf(output.dtype));
  each(w, (cell, window) => {
    if (found[window] === 1 || x[cell] !== y[window]) return;
    found[window] = 1;
    ddy[window] = ddx[cell]!;
  });
}

// ---- mean ---------------------------------------------------------------------------------------------------------

/** How many cells each window of one image sees. */
function countsOf({ taps, windows }: Windows): Int32Array {
  const counts = new Int32Array(windows);
  for (let t = 0; t < taps.length; t++) counts[taps.out[t]!]!++;
  return counts;
}
const SPATIAL_ONLY = 'Non-spatial pooling is not yet supported. Volunteers? :)';

/** The mean of each window's cells, those of the padding not counted. */
export function avgPooled(input: Slot, output: Slot, a: PoolAttrs): void {
  const volume = isVolume(input);
  const w = windowsOf(volume ? 'Pooling3DOp' : 'AvgPoolingOp', input.shape, output.shape, a);
  refuseDepth(volume ? VOLUME : SPATIAL_ONLY, a);
  const [x, y, counts] = [input.data, output.data, countsOf(w)];
  const sums = new Float64Array(output.size);
  each(w, (cell, window) => {
    sums[window]! += x[cell]!;
  });
  for (let i = 0; i < sums.length; i++) y[i] = sums[i]! / counts[Math.floor(i / w.channels) % w.windows]!;
  roundHalves(output);
}
/** Spreads each window's gradient evenly over its cells. */
export function avgPoolGrad(grad: Slot, output: Slot, a: PoolAttrs, shaped: Shaped): void {
  const volume = output.shape.length === 5;
  if (grad.shape.length !== output.shape.length) fail(`out_backprop must be ${output.shape.length}-dimensional`);
  const to = shaped(output.shape, a);
  const w = windowsOf(volume ? 'AvgPooling3dGradOp' : 'AvgPoolingGradOp', output.shape, to, a);
  refuseDepth(volume ? VOLUME : SPATIAL_ONLY, a);
  expectShape('grad', grad.shape, to);
  const [dy, counts] = [grad.data, countsOf(w)];
  const sums = new Float64Array(output.size);
  each(w, (cell, window) => {
    sums[cell]! += dy[window]! / counts[Math.floor(window / w.channels) % w.windows]!;
  });
  const dx = output.data;
  for (let i = 0; i < sums.length; i++) dx[i] = sums[i]!;
  roundHalves(output);
}
