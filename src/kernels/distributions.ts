/** @file Random distributions: each fills an array out of a generator, with TensorFlow's numbers to the bit. */
import { GraphError } from '../errors';
import { type Cells, roundBfloat16, roundFloat16 } from '../value/dtype';
import { logFloat, normalDoubles, normalFloats, uniformDouble } from './normal';
import { BLOCKS_PER_OUTPUT, type Philox, WordStream } from './philox';

export { Philox, RandomState } from './philox';

/** Where floats go; float16 and bfloat16 are held as float32. */
export type Floats = Float32Array | Float64Array;
export type FloatType = 'float32' | 'float64' | 'float16' | 'bfloat16';
export type Integers = Int32Array | BigInt64Array;

const { fround } = Math;
const TWO32 = 2 ** 32;

/** Scratch: no fill yields to another before it is done. */
const block = new Uint32Array(4);
const floats = new Float32Array(2);
const doubles = new Float64Array(2);

const ROUND: Readonly<Record<FloatType, (x: number) => number>> = {
  float32: fround,
  float64: (x) => x,
  float16: (x) => roundFloat16(fround(x)),
  bfloat16: (x) => roundBfloat16(fround(x)),
};
const typeOf = (out: Floats): FloatType => (out instanceof Float64Array ? 'float64' : 'float32');

function roundAll(out: Floats, type: FloatType): void {
  if (type !== 'float16' && type !== 'bfloat16') return;
  const round = ROUND[type];
  for (let i = 0; i < out.length; i++) out[i] = round(out[i]!);
}

/** Uniform in [0, 1): RandomUniform, StatelessRandomUniform. */
export function fillUniform(gen: Philox, out: Floats, type: FloatType = typeOf(out)): void {
  const n = out.length;
  if (type === 'float64') {
    for (let i = 0; i < n; i += 2) {
      gen.next(block);
      out[i] = uniformDouble(block[0]!, block[1]!);
      if (i + 1 < n) out[i + 1] = uniformDouble(block[2]!, block[3]!);
    }
    return;
  }
  const mask = type === 'float16' ? 0x3ff : type === 'bfloat16' ? 0x7f : 0x7fffff;
  const unit = 1 / (mask + 1);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    gen.next(block);
    out[i] = (block[0]! & mask) * unit;
    out[i + 1] = (block[1]! & mask) * unit;
    out[i + 2] = (block[2]! & mask) * unit;
    out[i + 3] = (block[3]! & mask) * unit;
  }
  if (i === n) return;
  gen.next(block);
  for (let lane = 0; i < n; i++, lane++) out[i] = (block[lane]! & mask) * unit;
}

/** Bigint cells as pairs of words, the lower first: written to without making bigints. */
const wordsOf = (out: BigInt64Array): Int32Array => new Int32Array(out.buffer, out.byteOffset, out.length * 2);

/** Uniform in [low, high), low < high: RandomUniformInt, StatelessRandomUniformInt. */
export function fillUniformInt(gen: Philox, out: Integers, low: number | bigint, high: number | bigint): void {
  if (out instanceof BigInt64Array) fillUniformInt64(gen, out, BigInt(low), BigInt(high));
  else fillUniformInt32(gen, out, Number(low), Number(high));
}

function fillUniformInt32(gen: Philox, out: Int32Array, low: number, high: number): void {
  const range = high - low;
  for (let i = 0; i < out.length; i += 4) {
    gen.next(block);
    const lanes = Math.min(4, out.length - i);
    for (let lane = 0; lane < lanes; lane++) out[i + lane] = low + (block[lane]! % range);
  }
}

function fillUniformInt64(gen: Philox, out: BigInt64Array, low: bigint, high: bigint): void {
  const range = high - low;
  const from = Number(low);
  // Below these bounds every step of the remainder and the sum is exact in doubles.
  const isNarrow = range <= 2n ** 37n && Math.abs(from) <= 2 ** 52;
  const words = wordsOf(out);
  for (let i = 0; i < out.length; i++) {
    if (i % 2 === 0) gen.next(block);
    const lower = block[(i % 2) * 2]!;
    const upper = block[(i % 2) * 2 + 1]!;
    if (isNarrow) {
      const sum = from + remainder64(upper, lower, Number(range));
      words[2 * i] = sum;
      words[2 * i + 1] = Math.floor(sum / TWO32);
    } else {
      out[i] = BigInt.asIntN(64, low + (((BigInt(upper) << 32n) + BigInt(lower)) % range));
    }
  }
}

/** An unsigned 64-bit number modulo a range of at most 2^37, by 16 bits at a time. */
const remainder64 = (upper: number, lower: number, range: number): number =>
  ((((upper % range) * 0x10000 + (lower >>> 16)) % range) * 0x10000 + (lower & 0xffff)) % range;

/** Mean 0, deviation 1: RandomStandardNormal, StatelessRandomNormal. */
export function fillNormal(gen: Philox, out: Floats, type: FloatType = typeOf(out)): void {
  const n = out.length;
  if (type === 'float64') {
    for (let i = 0; i < n; i += 2) {
      gen.next(block);
      normalDoubles(block, doubles);
      out[i] = doubles[0]!;
      if (i + 1 < n) out[i + 1] = doubles[1]!;
    }
    return;
  }
  for (let i = 0; i < n; i += 2) {
    if (i % 4 === 0) gen.next(block);
    normalFloats(block[i % 4]!, block[(i % 4) + 1]!, floats);
    out[i] = floats[0]!;
    if (i + 1 < n) out[i + 1] = floats[1]!;
  }
  roundAll(out, type);
}

const TRUNCATED_AT = 2;

/** Normal, redrawn where 2 or more away from 0: TruncatedNormal, StatelessTruncatedNormal. */
export function fillTruncatedNormal(gen: Philox, out: Floats, type: FloatType = typeOf(out)): void {
  const isDouble = type === 'float64';
  // As many outputs as a block has values make a group, and each output of a group brings 64 blocks to draw from.
  const group = isDouble ? 2 : 4;
  const pair = isDouble ? doubles : floats;
  const lane = gen.copy();
  for (let start = 0; start < out.length; start += group) {
    lane.moveTo(gen);
    gen.skip((group * BLOCKS_PER_OUTPUT) / 4);
    const end = Math.min(out.length, start + group);
    for (let i = start, half = 0; i < end; half ^= 1) {
      if (isDouble || half === 0) lane.next(block);
      if (isDouble) normalDoubles(block, doubles);
      else normalFloats(block[2 * half]!, block[2 * half + 1]!, floats);
      if (Math.abs(pair[0]!) < TRUNCATED_AT) out[i++] = pair[0]!;
      if (Math.abs(pair[1]!) < TRUNCATED_AT && i < end) out[i++] = pair[1]!;
    }
  }
  roundAll(out, type);
}

/** Each has one number, or one for each batch. */
export interface Truncation {
  /** Whether all four are scalars; vectors of one element are not. */
  readonly isScalar: boolean;
  readonly means: ArrayLike<number>;
  readonly stddevs: ArrayLike<number>;
  readonly mins: ArrayLike<number>;
  readonly maxs: ArrayLike<number>;
}

/** Draws in a row that may be refused. */
const MOST_REFUSALS = 1000;
/** With scalar parameters TensorFlow makes batches of its own, whatever the rows. */
const OWN_BATCH = 100;
/** With a bound this many deviations from the mean, plain normals are tried. */
const NEAR = 1.3;

/** How many batches of how many outputs: of the op's own making, or the rows of the output. */
function batchesOf(outputCount: number, rows: number, truncation: Truncation): { count: number; size: number } {
  if (truncation.isScalar) return { count: Math.ceil(outputCount / OWN_BATCH), size: OWN_BATCH };
  return { count: rows, size: outputCount / rows };
}

/** What ParameterizedTruncatedNormal reserves a run. */
export function truncationBlocks(outputCount: number, rows: number, truncation: Truncation): number {
  const { count, size } = batchesOf(outputCount, rows, truncation);
  // TensorFlow counts in int32, which a million outputs overflow.
  return Math.trunc(Math.imul(count * 2 * MOST_REFUSALS, size + 3) / 4);
}

/** ParameterizedTruncatedNormal; `rows` is the first dimension of the output. */
export function fillParameterizedTruncatedNormal(
  gen: Philox,
  out: Floats,
  truncation: Truncation,
  rows: number,
  type: FloatType = typeOf(out),
): void {
  const { count, size } = batchesOf(out.length, rows, truncation);
  const at = (list: ArrayLike<number>, batch: number): number => list[list.length > 1 ? batch : 0]!;
  for (let batch = 0; batch < count; batch++) {
    const mean = at(truncation.means, batch);
    const stddev = at(truncation.stddevs, batch);
    const min = at(truncation.mins, batch);
    const max = at(truncation.maxs, batch);
    if (!(stddev > 0 && min < max && (Number.isFinite(min) || Number.isFinite(max)))) {
      throw new GraphError('InvalidArgument', 'Invalid parameters');
    }
    const cells = out.subarray(batch * size, Math.min(out.length, (batch + 1) * size));
    // With the farther bound below, the whole is turned round.
    const isTurned = min === Number.NEGATIVE_INFINITY || max < mean;
    if (isTurned) fillTruncatedBatch(gen, cells, mean, -stddev, max, min, type);
    else fillTruncatedBatch(gen, cells, mean, stddev, min, max, type);
  }
}

function fillTruncatedBatch(
  gen: Philox,
  out: Floats,
  mean: number,
  stddev: number,
  min: number,
  max: number,
  type: FloatType,
): void {
  // Each operation rounds to the op's type, hence one call for each.
  const f = ROUND[type];
  const exp = (x: number): number => f(Math.exp(x));
  const log = type === 'float64' ? Math.log : (x: number): number => f(logFloat(x));
  const a = f(f(min - mean) / stddev);
  const b = f(f(max - mean) / stddev);
  const root = f(Math.sqrt(f(f(a * a) + 4)));
  const cutoff = f((2 * exp(f(0.5 + f(f(a * f(a - root)) / 4)))) / f(a + root));
  const width = f(b - a);
  const u = type === 'float64' ? new Float64Array(2) : new Float32Array(4);
  const v = u.slice();
  const end = out.length;
  let i = 0;
  let refusals = 0;
  const isAllowed = (isAccepted: boolean): boolean => {
    const isTaken = isAccepted || refusals + 1 >= MOST_REFUSALS;
    refusals = isTaken ? 0 : refusals + 1;
    return isTaken;
  };
  const put = (z: number): void => {
    out[i++] = f(f(z * stddev) + mean);
  };
  if ((a < -NEAR && b >= 0) || (b > NEAR && a <= 0)) {
    while (i < end) {
      fillNormal(gen, u, type);
      for (let lane = 0; lane < u.length && i < end; lane++) {
        const z = u[lane]!;
        if (z >= a && z <= b) put(z);
      }
    }
  } else if (width < cutoff) {
    const peak = a < 0 ? 0 : f(a * a);
    while (i < end) {
      fillUniform(gen, u, type);
      fillUniform(gen, v, type);
      for (let lane = 0; lane < u.length && i < end; lane++) {
        const z = f(f(u[lane]! * width) + a);
        if (isAllowed(v[lane]! <= exp(f(f(peak - f(z * z)) / 2)))) put(z);
      }
    }
  } else {
    const alpha = f(f(a + root) / 2);
    while (i < end) {
      fillUniform(gen, u, type);
      for (let lane = 0; lane < u.length && i < end; lane += 2) {
        const z = f(f(-log(u[lane]!) / alpha) + a);
        const x = a < alpha ? f(alpha - z) : f(a - alpha);
        if (isAllowed(u[lane + 1]! <= exp(f(f(-x * x) / 2)) && z < b)) put(z);
      }
    }
  }
}

/** What RandomShuffle reserves a run; a tensor of at most one row or one element takes nothing. */
export const shuffleBlocks = (rows: number, elements: number): number =>
  rows <= 1 || elements <= 1 ? 0 : Math.ceil((rows - 1) / 4);

/** A random order of 0 to n - 1. */
export function permutation(gen: Philox, n: number): Int32Array {
  const order = new Int32Array(n).map((_, i) => i);
  const words = new WordStream(gen);
  for (let i = 0; i < n - 1; i++) {
    const j = i + (words.next() % (n - i));
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}

/** RandomShuffle: `out` gets the rows of `from` in a random order. */
export function fillShuffled(gen: Philox, out: Cells, from: Cells, rows: number): void {
  if (shuffleBlocks(rows, from.length) === 0) {
    out.set(from);
    return;
  }
  const row = from.length / rows;
  const order = permutation(gen, rows);
  for (let i = 0; i < rows; i++) {
    const start = order[i]! * row;
    if (row === 1) out[i] = from[start]!;
    else out.set(from.subarray(start, start + row), i * row);
  }
}

/** What Multinomial reserves a run. */
export const multinomialBlocks = (rows: number, samples: number): number =>
  rows * Math.ceil(samples / 4) * 8 * BLOCKS_PER_OUTPUT;

/**
 * Multinomial: `samples` classes for each row of logits, as TensorFlow draws them with one thread. Logits that are not
 * finite stand for classes that never come.
 */
export function fillMultinomial(
  gen: Philox,
  out: Integers,
  logits: ArrayLike<number>,
  rows: number,
  samples: number,
): void {
  const classes = logits.length / rows;
  const cumulative = new Float64Array(classes);
  const words = new WordStream(gen);
  const isBig = out instanceof BigInt64Array;
  const cells = isBig ? wordsOf(out) : out;
  const stride = isBig ? 2 : 1;
  cells.fill(0);
  for (let row = 0; row < rows; row++) {
    const total = accumulate(logits, row * classes, cumulative);
    for (let sample = 0; sample < samples; sample++) {
      const upper = words.next();
      const sought = uniformDouble(upper, words.next()) * total;
      cells[(row * samples + sample) * stride] = firstAbove(cumulative, sought);
    }
  }
}

/** Sums up the weights of a row's classes; the answer is the total. */
function accumulate(logits: ArrayLike<number>, start: number, cumulative: Float64Array): number {
  let largest = -Number.MAX_VALUE;
  for (let j = 0; j < cumulative.length; j++) {
    const logit = logits[start + j]!;
    if (Number.isFinite(logit) && logit > largest) largest = logit;
  }
  let total = 0;
  for (let j = 0; j < cumulative.length; j++) {
    const logit = logits[start + j]!;
    if (Number.isFinite(logit)) total += Math.exp(logit - largest);
    cumulative[j] = total;
  }
  return total;
}

/** The first index whose entry is larger, or the length. */
function firstAbove(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
