/** @file When two outcomes of a step count as the same. */
import type * as tf from '../../src';
import { isFloat } from './builder';
import type { Outcome } from './reference';

/**
 * The one rule. Whole numbers and booleans match exactly. A float matches if |a - b| <= r * (|b| + m), where m is the
 * largest cell of the tensor (sums lose digits to their largest terms) and r is 1e-5 (float32) or 1e-11 (float64), or
 * if it is no further off than ten times what TensorFlow's own tensor moves when all fractions that come from outside
 * move by about an ulp: then the graph, not a library, makes the difference.
 */
const RELATIVE: Readonly<Record<string, number>> = { float32: 1e-5, float64: 1e-11 };
const SLACK = 10;

export interface Difference {
  /** Which of the fetches, -1 for the step as a whole. */
  readonly fetch: number;
  readonly what: string;
}

function largest(data: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < data.length; i++)
    if (Number.isFinite(data[i]) && Math.abs(data[i]!) > most) most = Math.abs(data[i]!);
  return most;
}

/** null where they match; `moved` are TensorFlow's values after nudges. */
export function compareValues(ours: tf.Value, theirs: tf.Value, moved: readonly tf.Value[] = []): string | null {
  if (ours.dtype !== theirs.dtype) return `dtype ${ours.dtype} in place of ${theirs.dtype}`;
  if (ours.shape.join() !== theirs.shape.join()) return `shape [${ours.shape}] in place of [${theirs.shape}]`;
  const [x, y] = [ours.data, theirs.data];
  const float = isFloat(ours.dtype);
  const r = RELATIVE[ours.dtype] ?? 0;
  const m = float ? largest(y) : 0;
  const alike = moved.filter((v) => v.shape.join() === theirs.shape.join());
  if (moved.length > alike.length) return null;
  const wander = largest(alike.flatMap((v) => Array.from(y, (b, i) => (float ? v.data[i]! - b : 0))));
  for (let i = 0; i < y.length; i++) {
    const [a, b] = [x[i]!, y[i]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (float && Math.abs(a - b) <= r * (Math.abs(b) + m) + Number.MIN_VALUE) continue;
    if (float ? Math.abs(a - b) <= SLACK * wander : alike.some((v) => v.data[i] !== b)) continue;
    return `cell ${i} of [${theirs.shape}] is ${a}, not ${b}`;
  }
  return null;
}

export function compareOutcomes(ours: Outcome, theirs: Outcome, moved: readonly Outcome[] = []): Difference | null {
  const error = (o: Outcome): string => ('code' in o ? `${o.code}: ${o.message.split('\n')[0]}` : 'no error');
  if ('code' in ours || 'code' in theirs) {
    const same = 'code' in ours && 'code' in theirs && ours.code === theirs.code;
    return same ? null : { fetch: -1, what: `${error(ours)} | TensorFlow: ${error(theirs)}` };
  }
  for (const [i, value] of theirs.values.entries()) {
    const others = moved.flatMap((o) => ('values' in o ? [o.values[i]!] : []));
    const what = compareValues(ours.values[i]!, value, others);
    if (what !== null) return { fetch: i, what };
  }
  return null;
}
