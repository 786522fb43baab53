/** @file What a strided slice selects: begin, end and step of each dimension once masks and ellipsis are resolved. */

import type { FullShape, Shape } from '../value/shape';
import { type Offsets, offsets, stridesOf } from './cells';
import { type Dim, fromFront, refuse } from './expect';

export interface Masks {
  readonly begin_mask: number;
  readonly end_mask: number;
  readonly ellipsis_mask: number;
  readonly new_axis_mask: number;
  readonly shrink_axis_mask: number;
}
/** One dimension of the input. `size` is null where it is not known. */
interface Range {
  readonly begin: number;
  readonly step: number;
  readonly size: Dim;
}
export interface Selection {
  /** Per input dimension. */
  readonly ranges: readonly Range[];
  /** The result's shape: without the shrunk dimensions, with the new ones. */
  readonly shape: readonly Dim[];
}

/** A part of the spec: which input dimension it is about, and what stands there. */
interface Part {
  readonly begin: number;
  readonly end: number;
  readonly step: number;
  readonly openBegin: boolean;
  readonly openEnd: boolean;
  readonly shrink: boolean;
}
const WHOLE: Part = { begin: 0, end: 0, step: 1, openBegin: true, openEnd: true, shrink: false };
/** Stands for a new dimension of size 1. */
const NEW = 'new';

/** The spec with one part per input dimension: the ellipsis (or the end) stands for as many as are left over. */
function spread(
  begin: readonly number[] | undefined,
  end: readonly number[] | undefined,
  strides: readonly number[],
  masks: Masks,
  rank: number,
): (Part | typeof NEW)[] {
  const { ellipsis_mask } = masks;
  if ((ellipsis_mask & (ellipsis_mask - 1)) !== 0) refuse('Multiple ellipses in slice spec not allowed');
  const n = strides.length;
  const dots = ellipsis_mask === 0 || ellipsis_mask >= 2 ** n ? n : Math.log2(ellipsis_mask);
  const bit = (mask: number, i: number) => (mask & (1 << i)) !== 0;
  const parts: (Part | typeof NEW)[] = [];
  let used = 0;
  for (let i = 0; i <= n; i++) {
    if (i === dots) {
      let later = 0;
      for (let j = i + 1; j < n; j++) if (!bit(masks.new_axis_mask, j)) later++;
      for (const next = Math.max(rank - later, used); used < next; used++) parts.push(WHOLE);
    } else if (i === n) break;
    else if (bit(masks.new_axis_mask, i)) parts.push(NEW);
    else {
      if (used === rank) refuse(`Index out of range using input dim ${used}; input has only ${rank} dims`);
      used++;
      parts.push({
        begin: begin?.[i] ?? 0,
        end: end?.[i] ?? 0,
        step: strides[i]!,
        openBegin: bit(masks.begin_mask, i),
        openEnd: bit(masks.end_mask, i),
        shrink: bit(masks.shrink_axis_mask, i),
      });
    }
  }
  return parts;
}

/** Unknown begins or ends leave the dimensions unknown that depend on them. Raises the kernel's words for bad indices. */
export function select(
  shape: NonNullable<Shape>,
  begin: readonly number[] | undefined,
  end: readonly number[] | undefined,
  strides: readonly number[],
  masks: Masks,
): Selection {
  const ranges: Range[] = [];
  const result: Dim[] = [];
  for (const part of spread(begin, end, strides, masks, shape.length)) {
    if (part === NEW) {
      result.push(1);
      continue;
    }
    const range = rangeOf(part, ranges.length, shape[ranges.length]!, begin !== undefined && end !== undefined);
    ranges.push(range);
    if (!part.shrink) result.push(range.size);
  }
  return { ranges, shape: result };
}

function rangeOf(part: Part, at: number, n: Dim, known: boolean): Range {
  const { step, shrink, openBegin, openEnd } = part;
  if (step === 0) refuse(`strides[${at}] must be non-zero`);
  if (n === null) return { begin: 0, step, size: shrink ? 1 : null };
  if (shrink && step < 0) refuse('only stride 1 allowed on non-range indexing.');
  if (shrink) {
    const begin = fromFront(part.begin, n);
    if (known && (begin < 0 || begin >= n)) refuse(`slice index ${begin} of dimension ${at} out of bounds.`);
    return { begin, step, size: 1 };
  }
  if (!known && !(openBegin && openEnd)) return { begin: 0, step, size: null };
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const clamp = (x: number) => Math.min(Math.max(fromFront(x, n), low), high);
  const begin = openBegin ? (step > 0 ? low : high) : clamp(part.begin);
  const end = openEnd ? (step > 0 ? high : low) : clamp(part.end);
  const length = end - begin;
  return { begin, step, size: length === 0 || length < 0 !== step < 0 ? 0 : Math.ceil(length / step) };
}

/** Where the selected cells lie in an array of that shape. */
export function tablesOf({ ranges }: Selection, shape: FullShape): Offsets[] {
  const steps = stridesOf(shape);
  return ranges.map(({ begin, step, size }, d) => offsets(size!, steps[d]!, (i) => begin + i * step));
}
