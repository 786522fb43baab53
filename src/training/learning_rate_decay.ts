/** @file Learning rates that depend on the step counter. */
import { GraphError } from '../errors';
import { convertToTensor, dtypeIn, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { add, multiply } from '../ops/arithmetic';
import { constant, type Named } from '../ops/array';
import { caseOf } from '../ops/case';
import { cast } from '../ops/cast';
import { equal } from '../ops/compare';
import { cond } from '../ops/cond';
import { divide } from '../ops/division';
import { minimum, pow } from '../ops/pairs';
import { randomNormal } from '../ops/random';
import { ceil, exp, floor, log, negative, sqrt } from '../ops/unary';
import { cos } from '../ops/unary_trig';
import { isFloating } from '../value/dtype';
import { Value } from '../value/value';

export interface StaircaseOptions extends Named {
  /** Lets the rate fall in steps. */
  readonly staircase?: boolean | undefined;
}

/** Numbers of steps are integers in Python, and the graph has them as int32. */
const counted = (x: TensorLike): TensorLike =>
  typeof x === 'number' && Number.isInteger(x) ? Value.from(x, 'int32') : x;

/** What all of them begin with: the rate as a tensor, and how to cast other numbers to its type. */
function schedule(
  name: string,
  learningRate: TensorLike,
  body: (rate: Tensor, to: (x: TensorLike) => Tensor, scope: string) => Tensor,
): Tensor {
  return getDefaultGraph().nameScope(name, (scope) => {
    const rate = convertToTensor(learningRate, { name: 'initial_learning_rate' });
    // Python's floats are float32 before they are cast.
    return body(rate, (x) => cast(typeof x === 'number' ? Value.from(x, 'float32') : x, rate.dtype), scope);
  });
}
const passed = (step: Tensor, steps: Tensor, staircase: boolean): Tensor => {
  const p = step.truediv(steps);
  return staircase ? floor(p) : p;
};
/** (1 + cos(pi * x)), which falls from 2 to 0. */
const wave = (x: Tensor): Tensor => cos(constant(Math.PI).mul(x)).radd(1);

/** learningRate * decayRate ^ (globalStep / decaySteps). @tensorflow tf.train.exponential_decay */
export const exponentialDecay = (
  learningRate: TensorLike,
  globalStep: TensorLike,
  decaySteps: TensorLike,
  decayRate: TensorLike,
  { staircase = false, name = 'ExponentialDecay' }: StaircaseOptions = {},
): Tensor =>
  schedule(name, learningRate, (initial, to, scope) => {
    const [steps, rate] = [to(counted(decaySteps)), to(decayRate)];
    const p = passed(to(counted(globalStep)), steps, staircase);
    return multiply(initial, pow(rate, p), { name: scope });
  });

/** learningRate * exp(-decayRate * globalStep / decaySteps). @tensorflow tf.train.natural_exp_decay */
export const naturalExpDecay = (
  learningRate: TensorLike,
  globalStep: TensorLike,
  decaySteps: TensorLike,
  decayRate: TensorLike,
  options: StaircaseOptions = {},
): Tensor => exponentialDecay(learningRate, globalStep, decaySteps, exp(negative(decayRate)), options);

/** learningRate / (1 + decayRate * globalStep / decaySteps). @tensorflow tf.train.inverse_time_decay */
export const inverseTimeDecay = (
  learningRate: TensorLike,
  globalStep: TensorLike,
  decaySteps: TensorLike,
  decayRate: TensorLike,
  { staircase = false, name = 'InverseTimeDecay' }: StaircaseOptions = {},
): Tensor =>
  schedule(name, learningRate, (initial, to, scope) => {
    const [steps, rate] = [to(counted(decaySteps)), to(decayRate)];
    const p = passed(to(counted(globalStep)), steps, staircase);
    const one = to(constant(1, 'int32'));
    return divide(initial, add(one, multiply(rate, p)), { name: scope });
  });

/**
 * values[0] up to boundaries[0], values[1] up to boundaries[1], and so on. Raises Value where the types or numbers of
 * boundaries and values do not fit.
 * @tensorflow tf.train.piecewise_constant
 * @tensorflow tf.train.piecewise_constant_decay
 */
export function piecewiseConstant(
  x: TensorLike,
  boundaries: readonly TensorLike[],
  values: readonly TensorLike[],
  { name = 'PiecewiseConstant' }: Named = {},
): Tensor {
  const ofFloats = isFloating(dtypeIn(x) ?? 'int32');
  let limits = boundaries.map((b) => convertToTensor(ofFloats ? b : counted(b)));
  const rates = values.map((v) => convertToTensor(v));
  const step = convertToTensor(x);
  limits = limits.map((b) => {
    if (b.dtype === step.dtype) return b;
    if (b.dtype === 'int32' && step.dtype === 'int64') return cast(b, step.dtype);
    throw new GraphError(
      'Value',
      `Boundaries (<dtype: '${b.dtype}'>) must have the same dtype as x (<dtype: '${step.dtype}'>).`,
    );
  });
  const first = rates[0]!;
  for (const v of rates) {
    if (v.dtype === first.dtype) continue;
    throw new GraphError(
      'Value',
      `Values must have elements all with the same dtype (<dtype: '${first.dtype}'> vs <dtype: '${v.dtype}'>).`,
    );
  }
  if (limits.length !== rates.length - 1) {
    throw new GraphError('Value', 'The length of boundaries should be 1 less than the length of values');
  }
  return step.graph.nameScope(name, () => {
    const at = convertToTensor(x); // a resource variable is read again
    const pairs: [Tensor, () => Tensor][] = [
      [at.lessEqual(limits[0]!), () => first],
      [at.greater(limits.at(-1)!), () => rates.at(-1)!],
    ];
    limits.slice(1).forEach((high, i) => {
      pairs.push([at.greater(limits[i]!).and(at.lessEqual(high)), () => rates[i + 1]!]);
    });
    return caseOf(pairs, { default: () => first, exclusive: true }) as Tensor;
  });
}

export interface PolynomialDecayOptions extends Named {
  readonly endLearningRate?: TensorLike | undefined;
  readonly power?: TensorLike | undefined;
  /** Starts again, over a multiple of the steps, each time the end is reached. */
  readonly cycle?: boolean | undefined;
}
/**
 * From learningRate to endLearningRate along (1 - globalStep / decaySteps) ^ power.
 * @tensorflow tf.train.polynomial_decay
 */
export function polynomialDecay(
  learningRate: TensorLike,
  globalStep: TensorLike,
  decaySteps: TensorLike,
  options: PolynomialDecayOptions = {},
): Tensor {
  const { endLearningRate = 0.0001, power = 1, cycle = false, name = 'PolynomialDecay' } = options;
  return schedule(name, learningRate, (initial, to, scope) => {
    const [end, exponent] = [to(endLearningRate), to(power)];
    let step = to(counted(globalStep));
    let steps = to(counted(decaySteps));
    if (cycle) {
      const rounds = cond(
        equal(step, 0),
        () => 1,
        () => ceil(step.truediv(decaySteps)),
      ) as Tensor;
      steps = multiply(steps, rounds);
    } else step = minimum(step, decaySteps);
    const p = divide(step, steps);
    const range = multiply(initial.sub(end), pow(p.rsub(1), exponent));
    return add(range, end, { name: scope });
  });
}

export interface CosineDecayOptions extends Named {
  /** The least fraction of the learning rate. */
  readonly alpha?: number | undefined;
}
/** Half a wave of a cosine from learningRate to alpha * learningRate. @tensorflow tf.train.cosine_decay */
export const cosineDecay = (
  learningRate: TensorLike,
  globalStep: TensorLike,
  decaySteps: TensorLike,
  { alpha = 0, name = 'CosineDecay' }: CosineDecayOptions = {},
): Tensor =>
  schedule(name, learningRate, (initial, to) => {
    const steps = to(counted(decaySteps));
    const fraction = minimum(to(counted(globalStep)), steps).truediv(steps);
    const cosine = wave(fraction).rmul(0.5);
    return multiply(initial, cosine.rmul(1 - alpha).add(alpha));
  });

export interface CosineRestartsOptions extends Named {
  /** Each period is this much longer than the one before. */
  readonly tMul?: TensorLike | undefined;
  /** Each period starts at this fraction of the one before. */
  readonly mMul?: TensorLike | undefined;
  readonly alpha?: TensorLike | undefined;
}
/** cosineDecay that starts again after each period. @tensorflow tf.train.cosine_decay_restarts */
export function cosineDecayRestarts(
  learningRate: TensorLike,
  globalStep: TensorLike,
  firstDecaySteps: TensorLike,
  { tMul = 2, mMul = 1, alpha = 0, name = 'SGDRDecay' }: CosineRestartsOptions = {},
): Tensor {
  return schedule(name, learningRate, (initial, to, scope) => {
    const steps = to(counted(firstDecaySteps));
    const [least, t, m] = [to(alpha), to(tMul), to(mMul)];
    const fraction = to(counted(globalStep)).truediv(steps);
    const even = () => {
      const round = floor(fraction);
      return [round, fraction.sub(round)];
    };
    const growing = () => {
      const grown = log(fraction.mul(t.rsub(1)).rsub(1));
      const round = floor(grown.truediv(log(t)));
      const before = t.pow(round).rsub(1).truediv(t.rsub(1));
      return [round, fraction.sub(before).truediv(t.pow(round))];
    };
    const [round, within] = cond(equal(t, 1), even, growing) as [Tensor, Tensor];
    const cosine = m.pow(round).rmul(0.5).mul(wave(within));
    return multiply(initial, least.rsub(1).mul(cosine).add(least), { name: scope });
  });
}

export interface LinearCosineOptions extends Named {
  /** Waves in the time of the decay. */
  readonly numPeriods?: TensorLike | undefined;
  readonly alpha?: TensorLike | undefined;
  readonly beta?: TensorLike | undefined;
}
const cosineOf = (periods: Tensor, fraction: Tensor): Tensor => wave(periods.rmul(2).mul(fraction)).rmul(0.5);
/** A cosine within a straight line. @tensorflow tf.train.linear_cosine_decay */
export function linearCosineDecay(
  learningRate: TensorLike,
  globalStep: TensorLike,
  decaySteps: TensorLike,
  { numPeriods = 0.5, alpha = 0, beta = 0.001, name = 'LinearCosineDecay' }: LinearCosineOptions = {},
): Tensor {
  return schedule(name, learningRate, (initial, to, scope) => {
    const steps = to(counted(decaySteps));
    const [periods, a, b] = [to(numPeriods), to(alpha), to(beta)];
    const step = minimum(to(counted(globalStep)), steps);
    const line = steps.sub(step).truediv(steps);
    const cosine = cosineOf(periods, step.truediv(steps));
    return multiply(initial, a.add(line).mul(cosine).add(b), { name: scope });
  });
}

export interface NoisyLinearCosineOptions extends LinearCosineOptions {
  readonly initialVariance?: TensorLike | undefined;
  readonly varianceDecay?: TensorLike | undefined;
}
/** linearCosineDecay with noise that fades. @tensorflow tf.train.noisy_linear_cosine_decay */
export function noisyLinearCosineDecay(
  learningRate: TensorLike,
  globalStep: TensorLike,
  decaySteps: TensorLike,
  options: NoisyLinearCosineOptions = {},
): Tensor {
  const { numPeriods = 0.5, alpha = 0, beta = 0.001, initialVariance = 1, varianceDecay = 0.55 } = options;
  return schedule(options.name ?? 'NoisyLinearCosineDecay', learningRate, (initial, to, scope) => {
    const steps = to(counted(decaySteps));
    const [variance, fading] = [to(initialVariance), to(varianceDecay)];
    const [periods, a, b] = [to(numPeriods), to(alpha), to(beta)];
    const step = minimum(to(counted(globalStep)), steps);
    const line = steps.sub(step).truediv(steps);
    const stddev = sqrt(variance.truediv(pow(step.radd(1), fading)));
    const noisy = line.add(randomNormal(line.shape as readonly number[], { stddev }));
    const cosine = cosineOf(periods, step.truediv(steps));
    return multiply(initial, a.add(noisy).mul(cosine).add(b), { name: scope });
  });
}
