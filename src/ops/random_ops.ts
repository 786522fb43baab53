/** @file The ops that draw random numbers. */
import { GraphError } from '../errors';
import { defineOp } from '../graph/define';
import { int, type Known, type Site, type } from '../graph/opdef';
import {
  type Floats,
  type FloatType,
  fillMultinomial,
  fillNormal,
  fillParameterizedTruncatedNormal,
  fillShuffled,
  fillTruncatedNormal,
  fillUniform,
  fillUniformInt,
  type Integers,
  multinomialBlocks,
  Philox,
  RandomState,
  shuffleBlocks,
  truncationBlocks,
} from '../kernels/distributions';
import type { Slot } from '../kernels/memory';
import { FLOATS, INDEX, REALS } from '../value/dtype';
import { type Shape, sameShape, showShape } from '../value/shape';

const seeds = { seed: int(0), seed2: int(0) };
type SeedAttrs = { readonly seed: number; readonly seed2: number };
const stateOf = (site: Site, { seed, seed2 }: SeedAttrs): RandomState => site.state(() => new RandomState(seed, seed2));

/** Cells as the generators want them. */
const floats = (t: Slot): Floats => t.data as unknown as Floats;
const integers = (t: Slot): Integers => t.data as unknown as Integers;
/** As numbers, whatever the dtype. */
const numbers = (t: Slot): number[] => Array.from(t.data, Number);

// ---- shapes -------------------------------------------------------------------------------------------------------

function rankMustBe(rank: number, shape: Shape, atRun: string): void {
  if (shape === null || shape.length === rank) return;
  throw new GraphError('Value', `Shape must be rank ${rank} but is rank ${shape.length}`, { atRun });
}

/** The shape a vector of sizes asks for, as far as it is known. */
function shapeFrom({ shape, partial }: Known): Shape {
  rankMustBe(1, shape, `shape must be a vector of {int32,int64}, got shape ${showShape(shape)}`);
  if (!partial) return shape?.[0] == null ? null : new Array(shape[0]).fill(null);
  return partial.map((d) => (d !== null && d < 0 ? null : d));
}
/** Raises InvalidArgument for sizes below 0; else makes room for the output, where only the run knew how much. */
function makeRoom(shape: Slot, output: Slot): void {
  const sizes = numbers(shape);
  const wrong = sizes.find((d) => d < 0);
  if (wrong !== undefined) throw new GraphError('InvalidArgument', `Dimension ${wrong} must be >= 0`);
  if (!sameShape(sizes, output.shape)) output.resize(sizes);
}

// ---- with a state -------------------------------------------------------------------------------------------------

type Fill = (gen: Philox, out: Floats, type: FloatType) => void;
const defineFloats = <const N extends string>(name: N, fill: Fill) =>
  defineOp({
    name,
    inputs: { shape: 'T' },
    outputs: { output: 'dtype' },
    attrs: { ...seeds, dtype: type(FLOATS), T: type(INDEX) },
    stateful: true,
    infer: ({ shape }) => ({ output: shapeFrom(shape) }),
    gradient: null,
    reference({ shape, output }, attrs, site) {
      makeRoom(shape, output);
      fill(stateOf(site, attrs).take(output.size), floats(output), attrs.dtype as FloatType);
    },
  });
export const RandomUniform = defineFloats('RandomUniform', fillUniform);
export const RandomStandardNormal = defineFloats('RandomStandardNormal', fillNormal);
export const TruncatedNormal = defineFloats('TruncatedNormal', fillTruncatedNormal);

interface Range {
  readonly minval: Slot;
  readonly maxval: Slot;
  readonly output: Slot;
}
function inferRange({ minval, maxval }: { readonly minval: Known; readonly maxval: Known }): void {
  rankMustBe(0, minval.shape, `minval must be 0-D, got shape ${showShape(minval.shape)}`);
  rankMustBe(0, maxval.shape, `maxval must be 0-D, got shape ${showShape(maxval.shape)}`);
}
function fillRange({ minval, maxval, output }: Range, gen: () => Philox): void {
  if (output.size === 0) return;
  const [low, high] = [minval.data[0]!, maxval.data[0]!];
  if (!(low < high)) throw new GraphError('InvalidArgument', `Need minval < maxval, got ${low} >= ${high}`);
  fillUniformInt(gen(), integers(output), low, high);
}

export const RandomUniformInt = defineOp({
  name: 'RandomUniformInt',
  inputs: { shape: 'T', minval: 'Tout', maxval: 'Tout' },
  outputs: { output: 'Tout' },
  attrs: { ...seeds, Tout: type(INDEX), T: type(INDEX) },
  stateful: true,
  infer(inputs) {
    inferRange(inputs);
    return { output: shapeFrom(inputs.shape) };
  },
  gradient: 'missing',
  reference(t, attrs, site) {
    makeRoom(t.shape, t.output);
    fillRange(t, () => stateOf(site, attrs).take(t.output.size));
  },
});

const PARAMETERS = ['means', 'stdevs', 'minvals', 'maxvals'] as const;
export const ParameterizedTruncatedNormal = defineOp({
  name: 'ParameterizedTruncatedNormal',
  inputs: { shape: 'T', means: 'dtype', stdevs: 'dtype', minvals: 'dtype', maxvals: 'dtype' },
  outputs: { output: 'dtype' },
  attrs: { ...seeds, dtype: type(FLOATS), T: type(INDEX) },
  stateful: true,
  infer(inputs) {
    for (const key of PARAMETERS) {
      const { shape } = inputs[key];
      if (shape === null || shape.length < 2) continue;
      throw new GraphError('Value', `Shape must be at most rank 1 but is rank ${shape.length}`, {
        atRun: `Input ${key} should be a scalar or vector, got shape: ${showShape(shape)}`,
      });
    }
    return { output: shapeFrom(inputs.shape) };
  },
  gradient: null,
  reference(t, attrs, site) {
    makeRoom(t.shape, t.output);
    const rows = t.output.shape[0];
    if (rows === undefined) throw new GraphError('InvalidArgument', 'Shape tensor must not be empty, got []');
    for (const key of PARAMETERS) {
      if (t[key].size === 1 || t[key].size === rows) continue;
      const shape = showShape(t[key].shape);
      throw new GraphError('InvalidArgument', `Input ${key} should have length 1 or shape[0], got shape: ${shape}`);
    }
    if (t.output.size === 0) return;
    const [means, stddevs, mins, maxs] = PARAMETERS.map((key) => numbers(t[key])) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const isScalar = PARAMETERS.every((key) => t[key].shape.length === 0);
    const truncation = { isScalar, means, stddevs, mins, maxs };
    const gen = stateOf(site, attrs).takeBlocks(truncationBlocks(t.output.size, rows, truncation));
    fillParameterizedTruncatedNormal(gen, floats(t.output), truncation, rows, attrs.dtype as FloatType);
  },
});

export const RandomShuffle = defineOp({
  name: 'RandomShuffle',
  inputs: { value: 'T' },
  outputs: { output: 'T' },
  attrs: { ...seeds, T: type() },
  stateful: true,
  infer: ({ value }) => ({ output: value.shape }),
  gradient: null,
  reference({ value, output }, attrs, site) {
    const rows = value.shape[0] ?? 1;
    const gen = stateOf(site, attrs).takeBlocks(shuffleBlocks(rows, value.size));
    fillShuffled(gen, output.data, value.data, rows);
  },
});

/** Shapes and refusals of Multinomial, with and without a state. */
function inferDraws({ logits, num_samples }: { readonly logits: Known; readonly num_samples: Known }): Shape {
  rankMustBe(2, logits.shape, `logits should be a matrix, got shape ${showShape(logits.shape)}`);
  rankMustBe(0, num_samples.shape, `num_samples should be a scalar, got shape ${showShape(num_samples.shape)}`);
  const samples = num_samples.value?.[0];
  return [logits.shape?.[0] ?? null, samples === undefined || samples < 0 ? null : samples];
}
interface Draws {
  readonly logits: Slot;
  readonly num_samples: Slot;
  readonly output: Slot;
}
function draw({ logits, num_samples, output }: Draws, gen: (blocks: number) => Philox): void {
  const [rows, classes] = logits.shape as [number, number];
  const samples = Number(num_samples.data[0]!);
  if (samples < 0) throw new GraphError('InvalidArgument', `num_samples should be nonnegative, got ${samples}`);
  if (classes === 0) throw new GraphError('InvalidArgument', `num_classes should be positive, got ${classes}`);
  if (!sameShape(output.shape, [rows, samples])) output.resize([rows, samples]);
  if (output.size === 0) return;
  fillMultinomial(gen(multinomialBlocks(rows, samples)), integers(output), numbers(logits), rows, samples);
}

export const Multinomial = defineOp({
  name: 'Multinomial',
  inputs: { logits: 'T', num_samples: 'int32' },
  outputs: { output: 'output_dtype' },
  attrs: { ...seeds, T: type(REALS), output_dtype: type(INDEX, 'int64') },
  stateful: true,
  infer: (inputs) => ({ output: inferDraws(inputs) }),
  gradient: null,
  reference: (t, attrs, site) => draw(t, (blocks) => stateOf(site, attrs).takeBlocks(blocks)),
});

// ---- without one --------------------------------------------------------------------------------------------------

const statelessAttrs = { T: type(INDEX, 'int32'), Tseed: type(INDEX, 'int64') };

function checkSeed({ shape }: Known): void {
  const atRun = `seed must have shape [2], not ${showShape(shape)}`;
  rankMustBe(1, shape, atRun);
  const n = shape?.[0] ?? 2;
  if (n !== 2) throw new GraphError('Value', `Dimension must be 2 but is ${n}`, { atRun });
}
/** The cells may be int32 or int64. */
const generator = ({ data }: Slot): Philox => Philox.stateless(data[0]!, data[1]!);

const defineStateless = <const N extends string>(name: N, fill: Fill) =>
  defineOp({
    name,
    inputs: { shape: 'T', seed: 'Tseed' },
    outputs: { output: 'dtype' },
    attrs: { dtype: type(FLOATS, 'float32'), ...statelessAttrs },
    infer({ shape, seed }) {
      checkSeed(seed);
      return { output: shapeFrom(shape) };
    },
    gradient: null,
    reference({ shape, seed, output }, { dtype }) {
      makeRoom(shape, output);
      fill(generator(seed), floats(output), dtype as FloatType);
    },
  });
export const StatelessRandomUniform = defineStateless('StatelessRandomUniform', fillUniform);
export const StatelessRandomNormal = defineStateless('StatelessRandomNormal', fillNormal);
export const StatelessTruncatedNormal = defineStateless('StatelessTruncatedNormal', fillTruncatedNormal);

export const StatelessRandomUniformInt = defineOp({
  name: 'StatelessRandomUniformInt',
  inputs: { shape: 'T', seed: 'Tseed', minval: 'dtype', maxval: 'dtype' },
  outputs: { output: 'dtype' },
  attrs: { dtype: type(INDEX), ...statelessAttrs, T: type(INDEX) },
  infer(inputs) {
    inferRange(inputs);
    checkSeed(inputs.seed);
    return { output: shapeFrom(inputs.shape) };
  },
  gradient: null,
  reference(t) {
    makeRoom(t.shape, t.output);
    fillRange(t, () => generator(t.seed));
  },
});

export const StatelessMultinomial = defineOp({
  name: 'StatelessMultinomial',
  inputs: { logits: 'T', num_samples: 'int32', seed: 'Tseed' },
  outputs: { output: 'output_dtype' },
  attrs: { T: type(REALS), Tseed: type(INDEX, 'int64'), output_dtype: type(INDEX, 'int64') },
  infer(inputs) {
    checkSeed(inputs.seed);
    return { output: inferDraws(inputs) };
  },
  gradient: null,
  reference: (t) => draw(t, () => generator(t.seed)),
});
