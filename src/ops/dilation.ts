/** @file Grayscale dilation and erosion of images. */
import { graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { ints, type Known, oneOf, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { REALS } from '../value/dtype';
import type { Shape } from '../value/shape';
import type { Named } from './array';
import { rounder } from './cellwise';
import { i32, refuse, sameDim, withRank } from './expect';
import { reverse } from './permute';
import { negative } from './unary';
import { firstPadding, slidingOf, windowsAlong } from './windows';

interface Windows {
  readonly strides: readonly number[];
  readonly rates: readonly number[];
  readonly padding: 'SAME' | 'VALID';
}
const sliding = ({ strides, rates, padding }: Windows) => slidingOf(strides, rates, padding, 'NHWC');

function dilatedShape(input: Known, filter: Known, w: Windows): Shape {
  const x = withRank(input.shape, 4, 'input must be 4-dimensional');
  const f = withRank(filter.shape, 3, 'filter must be 3-dimensional');
  if (w.strides.length !== 4) {
    refuse(`Dilation2D requires the stride attribute to contain 4 values, but got: ${w.strides.length}`);
  }
  if (w.rates.length !== 4) {
    refuse(`Dilation2D requires the rates attribute to contain 4 values, but got: ${w.rates.length}`);
  }
  const [batch, height, width, depth] = x ?? [null, null, null, null];
  const [tall, wide, channels] = f ?? [null, null, null];
  const words = `input and filter must have the same depth: ${depth} vs ${channels}`;
  const common = sameDim(depth!, channels!, words);
  const s = sliding(w);
  // Nothing is told of either side unless both are known.
  if (![height, width, tall, wide].every((d) => typeof d === 'number')) return [batch!, null, null, common];
  return [batch!, windowsAlong(height!, tall!, s, 0, true), windowsAlong(width!, wide!, s, 1, true), common];
}

/** Calls `visit` for each output cell with its value, and the cells of input and filter whose sum that is. */
function eachPeak(
  input: Slot,
  filter: Slot,
  out: readonly number[],
  w: Windows,
  visit: (out: number, value: number, from: number, by: number) => void,
): void {
  const [batch, height, width, depth] = input.shape as [number, number, number, number];
  const [tall, wide] = filter.shape as [number, number];
  const [rows, columns] = [out[1]!, out[2]!];
  const s = sliding(w);
  const [above, left] = [firstPadding(height, rows, tall, s, 0), firstPadding(width, columns, wide, s, 1)];
  const round = rounder(input.dtype);
  const [x, f] = [input.data, filter.data];
  for (let cell = 0; cell < batch * rows * columns * depth; cell++) {
    const c = cell % depth;
    const column = Math.floor(cell / depth) % columns;
    const row = Math.floor(cell / (depth * columns)) % rows;
    const b = Math.floor(cell / (depth * columns * rows));
    let [value, from, by] = [Number.NEGATIVE_INFINITY, -1, -1];
    for (let i = 0; i < tall; i++) {
      const y = row * w.strides[1]! - above + i * w.rates[1]!;
      if (y < 0 || y >= height) continue;
      for (let j = 0; j < wide; j++) {
        const z = column * w.strides[2]! - left + j * w.rates[2]!;
        if (z < 0 || z >= width) continue;
        const [p, q] = [((b * height + y) * width + z) * depth + c, (i * wide + j) * depth + c];
        const sum = round(Number(x[p]) + Number(f[q]));
        if (sum > value || from < 0) [value, from, by] = [sum, p, q];
      }
    }
    visit(cell, value, from, by);
  }
}
const attrs = { T: type(REALS), strides: ints(), rates: ints(), padding: oneOf('SAME', 'VALID') } as const;

const Dilation2D = defineOp({
  name: 'Dilation2D',
  inputs: { input: 'T', filter: 'T' },
  outputs: { output: 'T' },
  attrs,
  infer: ({ input, filter }, a) => ({ output: dilatedShape(input, filter, a) }),
  gradient({ output: dy }, { input, filter }, { strides, rates, padding }) {
    const inputs = { input, filter, out_backprop: dy };
    const same = { strides, rates, padding };
    const { in_backprop } = Dilation2DBackpropInput(inputs, same);
    return { input: in_backprop, filter: Dilation2DBackpropFilter(inputs, same).filter_backprop };
  },
  reference({ input, filter, output }, a) {
    const to = output.data;
    const sums = output.dtype === 'int64' || output.dtype === 'uint64';
    eachPeak(input, filter, output.shape, a, (cell, value) => {
      to[cell] = (sums ? BigInt(value) : value) as number;
    });
  },
});
/** Gives each output's gradient to one cell: of the input, or of the filter. */
function give(
  t: { readonly [K in 'input' | 'filter' | 'out_backprop']: Slot },
  to: Slot,
  a: Windows,
  toInput: boolean,
) {
  const [dy, cells] = [t.out_backprop.data, to.data];
  cells.fill(to.dtype === 'int64' || to.dtype === 'uint64' ? (0n as unknown as number) : 0);
  eachPeak(t.input, t.filter, t.out_backprop.shape, a, (cell, _, from, by) => {
    const place = toInput ? from : by;
    if (place >= 0) cells[place]! += dy[cell]!;
  });
}
const Dilation2DBackpropInput = defineOp({
  name: 'Dilation2DBackpropInput',
  inputs: { input: 'T', filter: 'T', out_backprop: 'T' },
  outputs: { in_backprop: 'T' },
  attrs,
  infer: ({ input }) => ({ in_backprop: input.shape }),
  gradient: 'missing',
  reference: (t, a) => give(t, t.in_backprop, a, true),
});
const Dilation2DBackpropFilter = defineOp({
  name: 'Dilation2DBackpropFilter',
  inputs: { input: 'T', filter: 'T', out_backprop: 'T' },
  outputs: { filter_backprop: 'T' },
  attrs,
  infer: ({ filter }) => ({ filter_backprop: filter.shape }),
  gradient: 'missing',
  reference: (t, a) => give(t, t.filter_backprop, a, false),
});

export interface DilationOptions extends Named, Windows {}
/**
 * The largest sums of windows of images [b, h, w, c] and a filter [rows, columns, c]; lists are [1, down, across, 1].
 * @tensorflow tf.nn.dilation2d
 */
export function dilation2d(input: TensorLike, filter: TensorLike, { name, ...windows }: DilationOptions): Tensor {
  return Dilation2D({ input, filter }, windows, name).output;
}
/** The smallest differences: the dual of dilation2d, by it. @tensorflow tf.nn.erosion2d */
export function erosion2d(value: TensorLike, kernel: TensorLike, options: DilationOptions): Tensor {
  const { name = 'erosion2d', ...windows } = options;
  const graph = graphOf([value, kernel]);
  return graph.nameScope(name, (scope) => {
    const input = negative(value);
    return negative(dilation2d(input, reverse(kernel, i32([0, 1])), { ...windows, name: scope }));
  });
}
