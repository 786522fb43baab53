/** @file Windows that slide over images: how many fit, where they start, and which cells each of them sees. */
import { GraphError } from '../errors';
import type { FullShape, Shape } from '../value/shape';
import { type Dim, type Dims, minusDim, refuse } from './expect';

export type Padding = 'SAME' | 'VALID' | 'EXPLICIT';

/** What the attrs of one op say about its windows. `size` is that of the window, all lists are spatial only. */
export interface Sliding {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Padding;
  /** Cells added before and after each dimension, for EXPLICIT. */
  readonly explicit: readonly (readonly [number, number])[];
}

export const channelsFirst = (format: string): boolean => format.startsWith('NC');
/** The entries of a list of one number per dimension that belong to height and width (and depth before them). */
export const spatial = <T>(list: readonly T[], format: string): readonly T[] =>
  channelsFirst(format) ? list.slice(2) : list.slice(1, -1);
export const channelOf = <T>(list: readonly T[], format: string): T =>
  channelsFirst(format) ? list[1]! : list.at(-1)!;
/** A shape from its parts, in the order of the format. */
export const imageShape = <T extends Dim>(format: string, batch: T, inner: readonly T[], channels: T): readonly T[] =>
  channelsFirst(format) ? [batch, channels, ...inner] : [batch, ...inner, channels];

/** Reads the lists of an op; explicit paddings are pairs for each dimension. */
export function slidingOf(
  strides: readonly number[],
  dilations: readonly number[] | undefined,
  padding: Padding,
  format: string,
  explicit: readonly number[] = [],
): Sliding {
  const pairs = strides.map((_, i) => [explicit[2 * i] ?? 0, explicit[2 * i + 1] ?? 0] as const);
  return {
    stride: spatial(strides, format),
    dilation: spatial(dilations ?? strides.map(() => 1), format),
    padding,
    explicit: spatial(pairs, format),
  };
}

const reach = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** How many windows fit along spatial dimension `d`. Raises Value where none can. */
export function windowsAlong(
  input: Dim,
  size: Dim,
  { stride, dilation, padding, explicit }: Sliding,
  d: number,
  running = false,
): Dim {
  const step = stride[d]!;
  if (step <= 0) refuse(`Stride must be > 0, but got ${step}`, `Sliding window stride must be > 0, but got ${step}`);
  if (dilation[d]! < 1) refuse(`Dilation rate must be >= 1, but got ${dilation[d]}`);
  if (padding === 'SAME') return input === null ? null : Math.ceil(input / step);
  if (input === null || size === null) return null;
  const full = input + explicit[d]![0] + explicit[d]![1];
  const wide = reach(size, dilation[d]!);
  const out = Math.trunc((full - wide + step) / step) || 0;
  if (full < wide && out < 0) {
    refuse(
      `Negative dimension size caused by subtracting ${wide} from ${full}`,
      `Computed output size would be negative: ${out} [input_size: ${input}, effective_filter_size: ${wide}, stride: ${step}]`,
    );
  }
  if (full < wide && !running) minusDim(full, wide); // the kernel gives nothing then
  return out;
}
export const windowsOver = (inner: Dims, size: Dims, sliding: Sliding, running = false): Dim[] =>
  inner.map((d, i) => windowsAlong(d, size[i]!, sliding, i, running));

/** Cells added before spatial dimension `d`. */
export function firstPadding(
  input: number,
  out: number,
  size: number,
  { stride, dilation, padding, explicit }: Sliding,
  d: number,
): number {
  if (padding === 'EXPLICIT') return explicit[d]![0];
  if (padding === 'VALID') return 0;
  return Math.floor(Math.max(0, (out - 1) * stride[d]! + reach(size, dilation[d]!) - input) / 2);
}

/** Each meeting of a window with a pixel: window `out[i]` sees pixel `cell[i]` at its own place `tap[i]`. */
export interface Taps {
  readonly length: number;
  readonly out: Int32Array;
  readonly cell: Int32Array;
  readonly tap: Int32Array;
}

/** All meetings within one image of `inner` pixels, window by window, in row-major order. */
export function tapsOf(inner: FullShape, out: FullShape, size: FullShape, sliding: Sliding): Taps {
  const axes = inner.map((n, d) => alongAxis(n, out[d]!, size[d]!, sliding, d));
  let taps: Taps = { length: 1, out: new Int32Array(1), cell: new Int32Array(1), tap: new Int32Array(1) };
  axes.forEach((axis, d) => {
    taps = cross(taps, axis, inner[d]!, out[d]!, size[d]!);
  });
  return byWindow(taps, out);
}
function alongAxis(n: number, windows: number, size: number, sliding: Sliding, d: number): Taps {
  const [outs, cells, taps]: [number[], number[], number[]] = [[], [], []];
  const first = firstPadding(n, windows, size, sliding, d);
  for (let o = 0; o < windows; o++) {
    for (let k = 0; k < size; k++) {
      const cell = o * sliding.stride[d]! - first + k * sliding.dilation[d]!;
      if (cell < 0 || cell >= n) continue;
      outs.push(o);
      cells.push(cell);
      taps.push(k);
    }
  }
  return { length: outs.length, out: Int32Array.from(outs), cell: Int32Array.from(cells), tap: Int32Array.from(taps) };
}
function cross(a: Taps, b: Taps, inner: number, out: number, size: number): Taps {
  const n = a.length * b.length;
  const made = { length: n, out: new Int32Array(n), cell: new Int32Array(n), tap: new Int32Array(n) };
  for (let i = 0, at = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++, at++) {
      made.out[at] = a.out[i]! * out + b.out[j]!;
      made.cell[at] = a.cell[i]! * inner + b.cell[j]!;
      made.tap[at] = a.tap[i]! * size + b.tap[j]!;
    }
  }
  return made;
}
/** Sorts by window, keeping the order within each: one counting pass. */
function byWindow(taps: Taps, out: FullShape): Taps {
  const windows = out.reduce((a, b) => a * b, 1);
  const at = new Int32Array(windows + 1);
  for (let i = 0; i < taps.length; i++) at[taps.out[i]! + 1]!++;
  for (let i = 0; i < windows; i++) at[i + 1]! += at[i]!;
  const n = taps.length;
  const sorted = { length: n, out: new Int32Array(n), cell: new Int32Array(n), tap: new Int32Array(n) };
  for (let i = 0; i < n; i++) {
    const to = at[taps.out[i]!]!++;
    sorted.out[to] = taps.out[i]!;
    sorted.cell[to] = taps.cell[i]!;
    sorted.tap[to] = taps.tap[i]!;
  }
  return sorted;
}

/** A list of n or 1 numbers for the spatial dimensions, or of all n + 2; as nn_ops._get_sequence. */
export function sequence(
  given: number | readonly number[] | null | undefined,
  n: number,
  first: boolean,
  name: string,
): readonly number[] {
  const list = given === null || given === undefined ? [1] : typeof given === 'number' ? [given] : given;
  if (list.length === n + 2) return list;
  if (list.length !== 1 && list.length !== n) {
    throw new GraphError('Value', `${name} should be of length 1, ${n} or ${n + 2} but was ${list.length}`);
  }
  const inner = list.length === 1 ? new Array<number>(n).fill(list[0]!) : list;
  return first ? [1, 1, ...inner] : [1, ...inner, 1];
}

/** The rank that spatial functions need to know. */
export function spatialRank(input: Shape, other: Shape, message: string): number {
  const n = (input ?? other)?.length;
  if (n === undefined) throw new GraphError('Value', message);
  if (n < 3 || n > 5) throw new GraphError('Value', `Input tensor must be of rank 3, 4 or 5 but was ${n}.`);
  return n - 2;
}
