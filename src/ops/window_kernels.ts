/** @file Convolutions and pools as calls of WebAssembly kernels: float32 images [n, h, w, c], none of them empty. */
import { GraphError } from '../errors';
import { alloc, memory, type Slot, scratch } from '../kernels/memory';
import { type Call, convScratch, hasKernel } from '../kernels/table';
import { type FullShape, sameShape } from '../value/shape';
import { type PoolAttrs, slidingOfPool } from './pool_cells';
import { firstPadding, type Sliding } from './windows';

const INTS = 14;
/** Windows written so far, by their numbers: bound calls hold their addresses. */
const written = new Map<string, number>();

/** The address of a window as assembly/window.ts lays it out. */
function windowAt(images: FullShape, size: readonly number[], out: FullShape, sliding: Sliding): number {
  const inner = images.slice(1, 3);
  const padding = inner.map((n, d) => firstPadding(n, out[d + 1]!, size[d]!, sliding, d));
  const list = [...images, size[0]!, size[1]!, out[1]!, out[2]!, ...sliding.stride, ...sliding.dilation, ...padding];
  const key = list.join();
  let at = written.get(key);
  if (at === undefined) {
    at = alloc(4 * INTS);
    new Int32Array(memory.buffer, at, INTS).set(list);
    written.set(key, at);
  }
  return at;
}

/** Whether a check passes; where it does not, the reference runs and says why. */
function accepts(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (e) {
    if (e instanceof GraphError) return false;
    throw e;
  }
}
const ready = (kernel: string, slots: readonly Slot[]): boolean =>
  hasKernel(kernel) && slots.every((s) => s.dtype === 'float32' && s.shape.length === 4 && s.size > 0);

/** One of the conv2d kernels over images `x`, filters `f` and windows `y`, the one called `to` being written. */
export function convCall(
  kernel: 'conv2d_f32' | 'conv2d_input_grad_f32' | 'conv2d_filter_grad_f32',
  { x, f, y }: { readonly x: Slot; readonly f: Slot; readonly y: Slot },
  sliding: Sliding,
  check: () => void,
): Call | null {
  if (!ready(kernel, [x, f, y]) || !accepts(check)) return null;
  const at = windowAt(x.shape, f.shape, y.shape, sliding);
  const depth = f.shape[3]!;
  const order = kernel === 'conv2d_f32' ? [y, x, f] : kernel === 'conv2d_input_grad_f32' ? [x, f, y] : [f, x, y];
  return [kernel, ...order.map((s) => s.ptr), at, depth, scratch(convScratch(at, depth))];
}

/** Whether the kernels know such pools: in height and width alone. */
const isFlat = ({ ksize, strides, data_format }: PoolAttrs): boolean =>
  data_format === 'NHWC' &&
  ksize.every((k) => k > 0) &&
  [ksize[0], ksize[3], strides[0], strides[3]].every((n) => n === 1);

/** One of the pool kernels; `slots` in the kernel's order; `to` is the shape that windows over `images` give. */
export function poolCall(
  kernel: 'max_pool_f32' | 'avg_pool_f32' | 'max_pool_grad_f32' | 'avg_pool_grad_f32',
  slots: readonly Slot[],
  images: FullShape,
  windows: readonly Slot[],
  to: FullShape,
  a: PoolAttrs,
): Call | null {
  if (!ready(kernel, slots) || !isFlat(a) || !windows.every((w) => sameShape(w.shape, to))) return null;
  return [kernel, ...slots.map((s) => s.ptr), windowAt(images, a.ksize.slice(1, 3), to, slidingOfPool(a))];
}
