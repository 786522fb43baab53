/** @file Random numbers of the gamma and Poisson distributions, with TensorFlow's numbers. */
import type { Cells } from '../value/dtype';
import { normalDoubles, uniformDouble } from './normal';
import { BLOCKS_PER_OUTPUT, type Philox } from './philox';

const { exp, floor, log, sqrt } = Math;

/** Uniform and normal doubles out of one generator; each kind takes the two numbers of a block last first. */
class Draws {
  readonly #gen: Philox;
  readonly #block = new Uint32Array(4);
  readonly #uniforms = new Float64Array(2);
  readonly #normals = new Float64Array(2);
  #uniformsLeft = 0;
  #normalsLeft = 0;

  constructor(gen: Philox) {
    this.#gen = gen;
  }
  /** Begins anew `blocks` after a generator. */
  start(from: Philox, blocks: number): void {
    this.#gen.moveTo(from).skip(blocks);
    this.#uniformsLeft = 0;
    this.#normalsLeft = 0;
  }
  uniform(): number {
    if (this.#uniformsLeft === 0) {
      const block = this.#block;
      this.#gen.next(block);
      this.#uniforms[0] = uniformDouble(block[0]!, block[1]!);
      this.#uniforms[1] = uniformDouble(block[2]!, block[3]!);
      this.#uniformsLeft = 2;
    }
    return this.#uniforms[--this.#uniformsLeft]!;
  }
  normal(): number {
    if (this.#normalsLeft === 0) {
      this.#gen.next(this.#block);
      normalDoubles(this.#block, this.#normals);
      this.#normalsLeft = 2;
    }
    return this.#normals[--this.#normalsLeft]!;
  }
}

/** Fills `samples` rows of one cell per parameter; each cell draws from blocks of its own. */
function fillRows(
  gen: Philox,
  out: Cells,
  parameters: readonly number[],
  samples: number,
  sampler: (parameter: number) => (draws: Draws) => number,
  store: (x: number) => number,
): void {
  const draws = new Draws(gen.copy());
  parameters.forEach((parameter, p) => {
    const draw = sampler(parameter);
    for (let i = 0; i < samples; i++) {
      draws.start(gen, BLOCKS_PER_OUTPUT * (p * samples + i));
      out[i * parameters.length + p] = store(draw(draws));
    }
  });
}

// ---- gamma --------------------------------------------------------------------------------------------------------

/** Marsaglia and Tsang's method; alpha below 1 is raised by 1 and the sample brought back by a power. */
function gammaSampler(alpha: number): (draws: Draws) => number {
  if (alpha === 1) return (draws) => -log(1 - draws.uniform());
  const small = alpha < 1;
  const d = alpha + (small ? 2 / 3 : -1 / 3);
  const c = 1 / 3 / sqrt(d);
  return (draws) => {
    // A parameter that is not above 0 would be refused for ever.
    if (!(d > 0)) return Number.NaN;
    for (;;) {
      const x = draws.normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = draws.uniform();
      if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + d * (1 - v + log(v))) {
        return small ? d * v * draws.uniform() ** (1 / alpha) : d * v;
      }
    }
  };
}
/** RandomGamma: `samples` rows, one cell per alpha. */
export function fillGamma(
  gen: Philox,
  out: Cells,
  alphas: readonly number[],
  samples: number,
  round: (x: number) => number,
): void {
  fillRows(gen, out, alphas, samples, gammaSampler, round);
}

// ---- Poisson ------------------------------------------------------------------------------------------------------

/** Knuth's method below 10, Hormann's transformed rejection from there on; counts stay within `highest`. */
const poissonSampler =
  (logGamma: (x: number) => number, highest: number) =>
  (rate: number): ((draws: Draws) => number) => {
    if (!Number.isFinite(rate)) return () => Number.NaN;
    if (rate < 10) return knuth(exp(-rate));
    const b = 0.931 + 2.53 * sqrt(rate);
    const a = -0.059 + 0.02483 * b;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    return (draws) => {
      for (;;) {
        const u = draws.uniform() - 0.5;
        const v = draws.uniform();
        const shifted = 0.5 - Math.abs(u);
        const k = floor(((2 * a) / shifted + b) * u + rate + 0.43);
        if (k > highest) continue;
        if (shifted >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2)) return k;
        if (k < 0 || (shifted < 0.013 && v > shifted)) continue;
        const s = log((v * inverseAlpha) / (a / (shifted * shifted) + b));
        if (s <= -rate + k * log(rate) - logGamma(k + 1)) return k;
      }
    };
  };
function knuth(bound: number): (draws: Draws) => number {
  return (draws) => {
    let product = 1;
    for (let count = 0; ; count++) {
      product *= draws.uniform();
      if (product <= bound) return count;
    }
  };
}
export interface Counts {
  readonly logGamma: (x: number) => number;
  /** The largest count a cell can hold. */
  readonly highest: number;
  readonly store: (x: number) => number;
}
/** RandomPoissonV2: `samples` rows, one cell per rate. */
export function fillPoisson(
  gen: Philox,
  out: Cells,
  rates: readonly number[],
  samples: number,
  { logGamma, highest, store }: Counts,
): void {
  fillRows(gen, out, rates, samples, poissonSampler(logGamma, highest), store);
}
