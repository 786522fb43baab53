/** @file Random numbers against TensorFlow's own: a sample of recorded vectors, and all of them where they are at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as draw from '../src/kernels/distributions';
import { Philox, RandomState } from '../src/kernels/distributions';

interface Vector {
  readonly op: string;
  /** Beyond 2^53 as text. */
  readonly seed: number | string;
  readonly seed2: number | string;
  readonly dtype: 'float32' | 'float64' | 'float16' | 'int32' | 'int64';
  readonly shape: readonly number[];
  readonly run: number;
  /** The first outputs. */
  readonly values: readonly (number | string)[];
  readonly n: number;
  /** The sum of all words of the output. */
  readonly checksum: number;
  readonly minval?: number;
  readonly maxval?: number;
  readonly logits?: readonly (readonly (number | string)[])[];
  readonly num_samples?: number;
  readonly means?: number | string;
  readonly stdevs?: number | string;
  readonly minvals?: number | string;
  readonly maxvals?: number | string;
  readonly rate?: number;
  readonly tf?: string;
}

const { fround } = Math;
const number = (x: number | string | undefined): number =>
  x === 'inf' ? Number.POSITIVE_INFINITY : x === '-inf' ? Number.NEGATIVE_INFINITY : Number(x);

function arrayFor(vector: Vector): draw.Floats | draw.Integers {
  if (vector.dtype === 'float64') return new Float64Array(vector.n);
  if (vector.dtype === 'int32') return new Int32Array(vector.n);
  if (vector.dtype === 'int64') return new BigInt64Array(vector.n);
  return new Float32Array(vector.n);
}

/** The generator of the vector's run: a stateful op has gone through the earlier runs. */
function generatorOf(vector: Vector, blocks: number): Philox {
  const seeds = [BigInt(vector.seed), BigInt(vector.seed2)] as const;
  if (vector.op.startsWith('Stateless')) return Philox.stateless(...seeds);
  const state = new RandomState(...seeds);
  for (let run = 0; run < vector.run; run++) state.takeBlocks(blocks);
  return state.takeBlocks(blocks);
}

function remake(vector: Vector): draw.Floats | draw.Integers {
  const out = arrayFor(vector);
  const reals = out as draw.Floats;
  const whole = out as draw.Integers;
  const type = vector.dtype as draw.FloatType;
  const gen = () => generatorOf(vector, vector.n * 256);
  switch (vector.op) {
    case 'RandomUniform':
    case 'StatelessRandomUniform':
      draw.fillUniform(gen(), reals, type);
      break;
    case 'RandomStandardNormal':
    case 'StatelessRandomNormal':
      draw.fillNormal(gen(), reals, type);
      break;
    case 'TruncatedNormal':
    case 'StatelessTruncatedNormal':
      draw.fillTruncatedNormal(gen(), reals, type);
      break;
    case 'RandomUniformInt':
    case 'StatelessRandomUniformInt':
      draw.fillUniformInt(gen(), whole, vector.minval!, vector.maxval!);
      break;
    case 'RandomShuffle': {
      const from = new Int32Array(vector.n).map((_, i) => i);
      draw.fillShuffled(generatorOf(vector, draw.shuffleBlocks(vector.n, vector.n)), out as never, from, vector.n);
      break;
    }
    case 'Multinomial': {
      const logits = vector.logits!.flat().map(number);
      const rows = vector.logits!.length;
      const samples = vector.num_samples!;
      draw.fillMultinomial(generatorOf(vector, draw.multinomialBlocks(rows, samples)), whole, logits, rows, samples);
      break;
    }
    case 'ParameterizedTruncatedNormal': {
      const { means, stdevs, minvals, maxvals, n } = vector;
      const truncation = {
        isScalar: true,
        means: [number(means)],
        stddevs: [number(stdevs)],
        mins: [number(minvals)],
        maxs: [number(maxvals)],
      };
      const blocks = draw.truncationBlocks(n, vector.shape[0]!, truncation);
      draw.fillParameterizedTruncatedNormal(generatorOf(vector, blocks), reals, truncation, vector.shape[0]!);
      break;
    }
    case 'tf.nn.dropout': {
      draw.fillUniform(gen(), reals);
      const rate = fround(vector.rate!);
      const scale = vector.tf === '1.15.5' ? fround(1 / fround(1 - rate)) : fround(1 / (1 - vector.rate!));
      for (let i = 0; i < vector.n; i++) out[i] = reals[i]! >= rate ? fround(fround((i + 1) / 7) * scale) : 0;
      break;
    }
    case 'tf.random_uniform(-2,3)':
      draw.fillUniform(gen(), reals);
      for (let i = 0; i < vector.n; i++) out[i] = fround(reals[i]! * 5) - 2;
      break;
    case 'tf.random_normal(1,0.5)':
      draw.fillNormal(gen(), reals);
      for (let i = 0; i < vector.n; i++) out[i] = fround(reals[i]! * 0.5) + 1;
      break;
    case 'tf.truncated_normal(0,0.1)':
      draw.fillTruncatedNormal(gen(), reals);
      for (let i = 0; i < vector.n; i++) out[i] = reals[i]! * fround(0.1);
      break;
    default:
      throw new Error(`No way to remake ${vector.op}.`);
  }
  return out;
}

function checksum(out: draw.Floats | draw.Integers): number {
  return new Uint32Array(out.buffer).reduce((sum, word) => (sum + word) >>> 0, 0);
}

/** What differs, in words; undefined if nothing does. */
function difference(vector: Vector): string | undefined {
  const out = remake(vector);
  const { op, seed, seed2, dtype, shape, run } = vector;
  const label = JSON.stringify({ op, seed, seed2, dtype, shape, run });
  // JavaScript's log, sin and cos of a double are not C's: the last bit may differ.
  const isClose = dtype === 'float64' && op.endsWith('Normal');
  const wrong = vector.values.findIndex((value, i) => {
    const made = Number(out[i]);
    const wanted = dtype === 'float32' ? fround(Number(value)) : Number(value);
    return isClose ? Math.abs(made - wanted) > 1e-15 * Math.abs(wanted) : !Object.is(made, wanted);
  });
  if (wrong >= 0) return `${label}: [${wrong}] is ${out[wrong]}, not ${vector.values[wrong]}`;
  if (!isClose && checksum(out) !== vector.checksum) return `${label}: the checksum differs`;
  return undefined;
}

const sample: readonly Vector[] = JSON.parse(readFileSync(join(__dirname, 'data', 'random_vectors.json'), 'utf8'));

describe('recorded numbers of TensorFlow', () => {
  for (const op of new Set(sample.map((vector) => vector.op))) {
    test(op, () => {
      expect(
        sample
          .filter((vector) => vector.op === op)
          .map(difference)
          .filter(Boolean),
      ).toEqual([]);
    });
  }

  test('all vectors, where they are at hand', () => {
    const shared = process.env.SLUICE_SHARED ?? resolve(__dirname, '..', '..', 'shared');
    const path = join(shared, 'random', 'random_vectors.json');
    if (!existsSync(path)) {
      console.info(`No ${path}: only the sample was checked.`);
      return;
    }
    const all: readonly Vector[] = JSON.parse(readFileSync(path, 'utf8')).filter((row: Vector) => row.op !== '_note');
    expect(all.length).toBeGreaterThan(600);
    expect(all.map(difference).filter(Boolean)).toEqual([]);
  });
});

/** So many blocks of a generator. */
function blocksOf(gen: Philox, count: number): number[][] {
  const block = new Uint32Array(4);
  return Array.from({ length: count }, () => {
    gen.next(block);
    return [...block];
  });
}

describe('Philox', () => {
  test.each([1, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 3])('skip(%d) is the same in two parts', (n) => {
    const [whole, parts] = [new Philox(5, -1), new Philox(5, -1)];
    whole.skip(n);
    parts.skip(Math.floor(n / 2));
    parts.skip(n - Math.floor(n / 2));
    expect(blocksOf(whole, 4)).toEqual(blocksOf(parts, 4));
  });

  test('a skip carries into the upper words of the counter as drawing does', () => {
    const nearEnd = () => {
      const gen = new Philox(1, 2n ** 32n - 1n);
      for (let i = 0; i < 2048; i++) gen.skip(2 ** 53);
      return gen;
    };
    // 2048 skips of 2^53 are 2^64: the upper half has gone up by one, with a carry over 32 bits.
    expect(blocksOf(nearEnd(), 1)).toEqual(blocksOf(new Philox(1, 2n ** 32n), 1));
    const [drawn, skipped] = [new Philox(1, 7), new Philox(1, 7)];
    for (const gen of [drawn, skipped]) {
      for (let i = 0; i < 2047; i++) gen.skip(2 ** 53);
      gen.skip(2 ** 53 - 2);
    }
    skipped.skip(4);
    expect(blocksOf(drawn, 5)[4]).toEqual(blocksOf(skipped, 1)[0]);
  });
});

describe('RandomState', () => {
  test('runs go on, each with 256 blocks an output', () => {
    const state = new RandomState(1234, 7);
    state.take(3);
    const expected = new Philox(1234, 7);
    expected.skip(768);
    expect(blocksOf(state.take(0), 2)).toEqual(blocksOf(expected.copy(), 2));
    expect(blocksOf(state.take(1), 2)).toEqual(blocksOf(expected, 2));
  });

  test('without seeds the numbers differ each time', () => {
    expect(blocksOf(new RandomState(0, 0).take(1), 1)).not.toEqual(blocksOf(new RandomState(0n, 0n).take(1), 1));
  });
});

describe('integers', () => {
  const bounds: [bigint, bigint][] = [
    [0n, 2n ** 37n],
    [-(2n ** 52n), 2n ** 37n - 2n ** 52n],
    [-(2n ** 63n), 2n ** 63n - 1n],
    [2n ** 60n, 2n ** 60n + 10n],
    [-7n, -3n],
  ];
  test.each(bounds)('int64 in [%d, %d)', (low, high) => {
    const out = new BigInt64Array(9);
    draw.fillUniformInt(new Philox(3, 4), out, low, high);
    const words = blocksOf(new Philox(3, 4), 5).flat();
    const expected = [...out].map(
      (_, i) => low + ((BigInt(words[2 * i + 1]!) * 2n ** 32n + BigInt(words[2 * i]!)) % (high - low)),
    );
    expect([...out]).toEqual(expected);
  });

  test('shuffled rows stay whole', () => {
    const from = new Float32Array(12).map((_, i) => i);
    const out = new Float32Array(12);
    draw.fillShuffled(new Philox(1, 2), out, from, 4);
    const order = [...draw.permutation(new Philox(1, 2), 4)];
    expect([...out]).toEqual(order.flatMap((row) => [0, 1, 2].map((i) => row * 3 + i)));
  });
});

describe('truncation', () => {
  const fill = (truncation: Partial<draw.Truncation>, out: Float32Array, rows: number) =>
    draw.fillParameterizedTruncatedNormal(
      new Philox(1, 2),
      out,
      { isScalar: false, means: [0], stddevs: [1], mins: [-1], maxs: [1], ...truncation },
      rows,
    );

  test('each batch keeps to its own bounds', () => {
    const out = new Float32Array(200);
    fill({ mins: [-1, 10], maxs: [1, 11], means: [0, 5] }, out, 2);
    expect([...out].every((x, i) => (i < 100 ? Math.abs(x) <= 1 : x >= 10 && x <= 11))).toBe(true);
  });

  test('a vector of one number is not a scalar: each row is a batch', () => {
    const out = new Float32Array(3);
    draw.fillParameterizedTruncatedNormal(
      new Philox(3, 9),
      out,
      { isScalar: false, means: [0], stddevs: [1], mins: [-2], maxs: [2] },
      3,
    );
    expect(out[1]).toBe(-0.6688920259475708); // as TensorFlow 1.15.5 says
  });

  test.each([{ stddevs: [0] }, { mins: [1] }, { mins: [-Infinity], maxs: [Infinity] }])('refuses %j', (truncation) => {
    expect(() => fill(truncation, new Float32Array(1), 1)).toThrow('Invalid parameters');
  });
});
