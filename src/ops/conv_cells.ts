/** @file What convolutions do cell by cell: sums over taps, image by image, in float64. */
import type { Slot } from '../kernels/memory';
import type { Cells } from '../value/dtype';
import { mapCells, rounder } from './cellwise';
import type { Taps } from './windows';

/** One convolution: `images` of `pixels` with `inDepth` channels give `windows` with `outDepth` channels. */
export interface Extent {
  readonly taps: Taps;
  readonly images: number;
  readonly pixels: number;
  readonly windows: number;
  readonly inDepth: number;
  /** Of a depthwise convolution, the outputs of all input channels together. */
  readonly outDepth: number;
}

function store(sums: Float64Array, to: Cells, at: number): void {
  for (let i = 0; i < sums.length; i++) to[at + i] = sums[i]!;
}
/** Half-width floats lie in float32 cells, which do not round them by themselves. */
export function roundHalves(to: Slot): void {
  if (to.dtype === 'float16' || to.dtype === 'bfloat16') mapCells(to, to, rounder);
}

/** y[w, o] = sum of x[cell, c] * f[tap, c, o]. */
export function convolve(e: Extent, input: Slot, filter: Slot, output: Slot): void {
  const [x, f, y] = [input.data, filter.data, output.data];
  const { taps, inDepth, outDepth } = e;
  const sums = new Float64Array(e.windows * outDepth);
  for (let n = 0; n < e.images; n++) {
    sums.fill(0);
    for (let t = 0; t < taps.length; t++) {
      const to = taps.out[t]! * outDepth;
      const from = (n * e.pixels + taps.cell[t]!) * inDepth;
      let w = taps.tap[t]! * inDepth * outDepth;
      for (let c = 0; c < inDepth; c++) {
        const v = x[from + c]!;
        for (let o = 0; o < outDepth; o++) sums[to + o]! += v * f[w++]!;
      }
    }
    store(sums, y, n * sums.length);
  }
  roundHalves(output);
}
/** dx[cell, c] = sum of dy[w, o] * f[tap, c, o]. */
export function convolveBack(e: Extent, filter: Slot, grad: Slot, output: Slot): void {
  const [f, dy, dx] = [filter.data, grad.data, output.data];
  const { taps, inDepth, outDepth } = e;
  const sums = new Float64Array(e.pixels * inDepth);
  for (let n = 0; n < e.images; n++) {
    sums.fill(0);
    for (let t = 0; t < taps.length; t++) {
      const from = (n * e.windows + taps.out[t]!) * outDepth;
      const to = taps.cell[t]! * inDepth;
      let w = taps.tap[t]! * inDepth * outDepth;
      for (let c = 0; c < inDepth; c++) {
        let s = 0;
        for (let o = 0; o < outDepth; o++) s += dy[from + o]! * f[w++]!;
        sums[to + c]! += s;
      }
    }
    store(sums, dx, n * sums.length);
  }
  roundHalves(output);
}
/** df[tap, c, o] = sum of x[cell, c] * dy[w, o]. */
export function convolveFilter(e: Extent, input: Slot, grad: Slot, output: Slot): void {
  const [x, dy] = [input.data, grad.data];
  const { taps, inDepth, outDepth } = e;
  const sums = new Float64Array(output.size);
  for (let n = 0; n < e.images; n++) {
    for (let t = 0; t < taps.length; t++) {
      const from = (n * e.pixels + taps.cell[t]!) * inDepth;
      const at = (n * e.windows + taps.out[t]!) * outDepth;
      let w = taps.tap[t]! * inDepth * outDepth;
      for (let c = 0; c < inDepth; c++) {
        const v = x[from + c]!;
        for (let o = 0; o < outDepth; o++) sums[w++]! += v * dy[at + o]!;
      }
    }
  }
  store(sums, output.data, 0);
  roundHalves(output);
}

// ---- depthwise: channel c of the input reaches the outputs c * m to c * m + m - 1 only -----------------------------

type Visit = (x: number, y: number, f: number) => void;
/** Goes over all channels of all taps of one image: places in x, y and f, the last two of the first of m outputs. */
function eachChannel(e: Extent, image: number, visit: Visit): void {
  const { taps, inDepth, outDepth } = e;
  const m = outDepth / inDepth;
  for (let t = 0; t < taps.length; t++) {
    const x = (image * e.pixels + taps.cell[t]!) * inDepth;
    const y = (image * e.windows + taps.out[t]!) * outDepth;
    const f = taps.tap[t]! * outDepth;
    for (let c = 0; c < inDepth; c++) visit(x + c, y + c * m, f + c * m);
  }
}
export function depthwise(e: Extent, input: Slot, filter: Slot, output: Slot): void {
  const [x, f, m] = [input.data, filter.data, e.outDepth / e.inDepth];
  const sums = new Float64Array(output.size);
  for (let n = 0; n < e.images; n++) {
    eachChannel(e, n, (xi, yi, fi) => {
      for (let k = 0; k < m; k++) sums[yi + k]! += x[xi]! * f[fi + k]!;
    });
  }
  store(sums, output.data, 0);
  roundHalves(output);
}
export function depthwiseBack(e: Extent, filter: Slot, grad: Slot, output: Slot): void {
  const [f, dy, m] = [filter.data, grad.data, e.outDepth / e.inDepth];
  const sums = new Float64Array(output.size);
  for (let n = 0; n < e.images; n++) {
    eachChannel(e, n, (xi, yi, fi) => {
      for (let k = 0; k < m; k++) sums[xi]! += dy[yi + k]! * f[fi + k]!;
    });
  }
  store(sums, output.data, 0);
  roundHalves(output);
}
export function depthwiseFilter(e: Extent, input: Slot, grad: Slot, output: Slot): void {
  const [x, dy, m] = [input.data, grad.data, e.outDepth / e.inDepth];
  const sums = new Float64Array(output.size);
  for (let n = 0; n < e.images; n++) {
    eachChannel(e, n, (xi, yi, fi) => {
      for (let k = 0; k < m; k++) sums[fi + k]! += x[xi]! * dy[yi + k]!;
    });
  }
  store(sums, output.data, 0);
  roundHalves(output);
}
