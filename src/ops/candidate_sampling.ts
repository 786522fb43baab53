/** @file Samples of the classes that are not true, for losses that do not look at all classes. */
import { isTensorLike, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { bool, int, type Known, type Site } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import { RandomState, WordStream } from '../kernels/philox';

import { type Nested, Value } from '../value/value';
import type { Named } from './array';
import { attrAtLeastOne } from './attr_limits';
import { exactDim, fail, withRank } from './expect';
import { getSeed, type SeedLike } from './seed';

// ---- drawing ------------------------------------------------------------------------------------------------------

/** What is drawn with which probability, of the classes from 0 to `range` - 1. */
interface Sampler {
  readonly draw: (words: WordStream) => number;
  readonly probability: (value: number) => number;
}
const WORD = 2n ** 32n;

function uniform(range: number): Sampler {
  const n = BigInt(range);
  /** Below it a draw would make the first classes likelier; 0 for powers of two. */
  const least = WORD ** 2n % n;
  const draw = (words: WordStream): number => {
    let x: bigint;
    do {
      const low = BigInt(words.next());
      x = low + BigInt(words.next()) * WORD;
    } while (x < least);
    return Number(x % n);
  };
  return { draw, probability: () => Math.fround(1 / range) };
}
/** Class k with log((k + 2) / (k + 1)) / log(range + 1): the first ones are the frequent ones. */
function logUniform(range: number): Sampler {
  const logRange = Math.log1p(range);
  const draw = (words: WordStream): number => {
    const high = words.next() & 0xfffff;
    const unit = (high * 2 ** 32 + words.next()) / 2 ** 52;
    return (Math.floor(Math.exp(unit * logRange)) - 1) % range;
  };
  return { draw, probability: (value) => Math.fround(Math.log((value + 2) / (value + 1)) / logRange) };
}

interface SamplerAttrs {
  readonly num_true: number;
  readonly num_sampled: number;
  readonly unique: boolean;
  readonly range_max: number;
  readonly seed: number;
  readonly seed2: number;
}
interface SamplerSlots {
  readonly true_classes: Slot;
  readonly sampled_candidates: Slot;
  readonly true_expected_count: Slot;
  readonly sampled_expected_count: Slot;
}
/** What a run sets aside for each sample, in blocks of four words. */
const BLOCKS_PER_SAMPLE = 512;

function sample(t: SamplerSlots, attrs: SamplerAttrs, site: Site, { draw, probability }: Sampler): void {
  const { num_sampled: n, unique, range_max: range } = attrs;
  if (unique && n > range) fail("Sampler's range is too small.");
  const state = site.state(() => new RandomState(attrs.seed, attrs.seed2));
  const words = new WordStream(state.takeBlocks(BLOCKS_PER_SAMPLE * n));
  const drawn: number[] = [];
  const seen = new Set<number>();
  let tries = 0;
  for (; drawn.length < n; tries++) {
    const value = draw(words);
    if (unique && seen.has(value)) continue;
    seen.add(value);
    drawn.push(value);
  }
  /** How often the class is expected among the samples; the chance to be there at all where each is there once. */
  const expected = (value: number): number => {
    const p = probability(value);
    return tries === n ? p * n : -Math.expm1(Math.fround(tries * Math.fround(Math.log1p(-p))));
  };
  drawn.forEach((value, i) => {
    t.sampled_candidates.data[i] = BigInt(value) as unknown as number;
    t.sampled_expected_count.data[i] = expected(value);
  });
  for (let i = 0; i < t.true_classes.size; i++)
    t.true_expected_count.data[i] = expected(Number(t.true_classes.data[i]));
}

// ---- ops ----------------------------------------------------------------------------------------------------------

const inputs = { true_classes: 'int64' } as const;
const outputs = {
  sampled_candidates: 'int64',
  true_expected_count: 'float32',
  sampled_expected_count: 'float32',
} as const;
const seeds = { seed: int(0), seed2: int(0) };
const counts = { num_true: int(), num_sampled: int(), unique: bool() };
type Counts = Pick<SamplerAttrs, 'num_true' | 'num_sampled'>;

function infer({ true_classes: { shape } }: { readonly true_classes: Known }, attrs: Counts, running = false) {
  withRank(shape, 2, 'true_classes must be a matrix');
  const [rows, columns] = shape ?? [null, null];
  if (running && columns !== attrs.num_true) {
    fail(`true_classes must have num_true columns, expected: ${columns} was: ${attrs.num_true}`);
  }
  return {
    sampled_candidates: [attrs.num_sampled],
    true_expected_count: [rows ?? null, attrs.num_true],
    sampled_expected_count: [attrs.num_sampled],
  };
}
const defineSampler = <const N extends string>(name: N, sampler: (range: number) => Sampler) =>
  defineOp({
    name,
    inputs,
    outputs,
    attrs: { ...counts, range_max: int(), ...seeds },
    stateful: true,
    infer,
    gradient: 'missing',
    reference: (t, attrs, site) => sample(t, attrs, site, sampler(attrs.range_max)),
  });
const UniformCandidateSampler = defineSampler('UniformCandidateSampler', uniform);
const LogUniformCandidateSampler = defineSampler('LogUniformCandidateSampler', logUniform);

const AllCandidateSampler = defineOp({
  name: 'AllCandidateSampler',
  inputs,
  outputs,
  attrs: { ...counts, ...seeds },
  stateful: true,
  infer,
  gradient: 'missing',
  reference({ sampled_candidates, true_expected_count, sampled_expected_count }) {
    for (let i = 0; i < sampled_candidates.size; i++) sampled_candidates.data[i] = BigInt(i) as unknown as number;
    true_expected_count.data.fill(1);
    sampled_expected_count.data.fill(1);
  },
});

const LOWEST = -3.4028234663852886e38;
const ComputeAccidentalHits = defineOp({
  name: 'ComputeAccidentalHits',
  inputs: { true_classes: 'int64', sampled_candidates: 'int64' },
  outputs: { indices: 'int32', ids: 'int64', weights: 'float32' },
  attrs: { num_true: int(), ...seeds },
  infer({ true_classes: { shape }, sampled_candidates }, { num_true }, running = false) {
    const atRun = 'true_candidates must be a batch_size * num_true matrix';
    withRank(shape, 2, atRun);
    exactDim(shape?.[1] ?? null, num_true, atRun);
    if (running) {
      const words = 'sampled_candidates must be a vector, which is typically an output from CandidateSampler';
      withRank(sampled_candidates.shape, 1, words);
    }
    return { indices: [null], ids: [null], weights: [null] };
  },
  gradient: 'missing',
  reference({ true_classes, sampled_candidates, indices, ids, weights }, { num_true }) {
    const places = new Map(Array.from(sampled_candidates.data, (candidate, i) => [candidate, i]));
    const hits: [row: number, place: number][] = [];
    for (let i = 0; i < true_classes.size; i++) {
      const place = places.get(true_classes.data[i]!);
      if (place !== undefined) hits.push([Math.floor(i / num_true), place]);
    }
    for (const t of [indices, ids, weights]) t.resize([hits.length]);
    hits.forEach(([row, place], i) => {
      indices.data[i] = row;
      ids.data[i] = BigInt(place) as unknown as number;
      weights.data[i] = LOWEST;
    });
  },
});

// ---- functions ----------------------------------------------------------------------------------------------------

export interface SamplerOptions extends Named {
  readonly seed?: SeedLike;
}
/** int64 [numSampled], and how often each is expected among them: float32 [batch, numTrue] and [numSampled]. */
export type SampledValues = [sampledCandidates: Tensor, trueExpectedCount: Tensor, sampledExpectedCount: Tensor];

/** Classes given as numbers are int64. */
const classes = (x: TensorLike): TensorLike =>
  isTensorLike(x) || x instanceof Value ? x : Value.from(x as Nested, 'int64');

const sampler =
  (make: typeof UniformCandidateSampler | typeof LogUniformCandidateSampler) =>
  (
    trueClasses: TensorLike,
    numTrue: number,
    numSampled: number,
    unique: boolean,
    rangeMax: number,
    { seed, name }: SamplerOptions = {},
  ): SampledValues => {
    const op = make.def.name;
    attrAtLeastOne(op, 'num_true', numTrue);
    attrAtLeastOne(op, 'num_sampled', numSampled);
    attrAtLeastOne(op, 'range_max', rangeMax);
    const attrs = { num_true: numTrue, num_sampled: numSampled, unique, range_max: rangeMax, ...getSeed(seed) };
    const found = make({ true_classes: classes(trueClasses) }, attrs, name);
    return [found.sampled_candidates, found.true_expected_count, found.sampled_expected_count];
  };
/**
 * Classes from 0 to rangeMax - 1, all equally likely; each once if `unique`. True classes are int64 [batch, numTrue].
 * @tensorflow tf.nn.uniform_candidate_sampler
 * @tensorflow tf.random.uniform_candidate_sampler
 */
export const uniformCandidateSampler = sampler(UniformCandidateSampler);
/**
 * Classes from 0 to rangeMax - 1, the first ones likelier, as words sorted by their frequency; each once if `unique`.
 * True classes are int64 [batch, numTrue].
 * @tensorflow tf.nn.log_uniform_candidate_sampler
 * @tensorflow tf.random.log_uniform_candidate_sampler
 */
export const logUniformCandidateSampler = sampler(LogUniformCandidateSampler);
/**
 * All classes from 0 to numSampled - 1, each with an expected count of 1: to compare with.
 * @tensorflow tf.nn.all_candidate_sampler
 * @tensorflow tf.random.all_candidate_sampler
 */
export function allCandidateSampler(
  trueClasses: TensorLike,
  numTrue: number,
  numSampled: number,
  unique: boolean,
  { seed, name }: SamplerOptions = {},
): SampledValues {
  attrAtLeastOne('AllCandidateSampler', 'num_true', numTrue);
  attrAtLeastOne('AllCandidateSampler', 'num_sampled', numSampled);
  const attrs = { num_true: numTrue, num_sampled: numSampled, unique, ...getSeed(seed) };
  const found = AllCandidateSampler({ true_classes: classes(trueClasses) }, attrs, name);
  return [found.sampled_candidates, found.true_expected_count, found.sampled_expected_count];
}
/**
 * Where a sampled class is a true one: rows (int32), places among the samples (int64), and -3.4e38 for each (float32),
 * to be added to its logit.
 * @tensorflow tf.nn.compute_accidental_hits
 */
export function computeAccidentalHits(
  trueClasses: TensorLike,
  sampledCandidates: TensorLike,
  numTrue: number,
  { seed, name }: SamplerOptions = {},
): [indices: Tensor, ids: Tensor, weights: Tensor] {
  const given = { true_classes: classes(trueClasses), sampled_candidates: classes(sampledCandidates) };
  const { indices, ids, weights } = ComputeAccidentalHits(given, { num_true: numTrue, ...getSeed(seed) }, name);
  return [indices, ids, weights];
}
