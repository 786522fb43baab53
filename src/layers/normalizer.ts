/** @file Normalizer: what the batch normalization of tf.layers does, and that of tf.keras. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import type { Operation, Tensor } from '../graph/operation';
import { relu } from '../ops/activations';
import { constant, identity, reshape, shapeOf } from '../ops/array';
import { fusedBatchNorm, moments, batchNormalization as normalize } from '../ops/batch_norm';
import { cast } from '../ops/cast';
import { stopGradient } from '../ops/identity';
import { Initializer } from '../ops/initializer';
import { onesInitializer, zerosInitializer } from '../ops/initializers';
import { maximum, minimum } from '../ops/pairs';
import { reduceMean } from '../ops/reduce';
import { onesLike, zerosLike } from '../ops/shape';
import { assign, assignSub } from '../ops/state';
import { sqrt } from '../ops/unary';
import { callInitializer } from '../ops/variable_store';
import type { Variable } from '../ops/variables';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import type { Constraint, Regularizer, WeightOptions } from './keras';
import { choose, known, type Training } from './training_flag';

export interface NormalizerOptions {
  /** The axis of the features (or a list of them); the statistics are taken over all others. */
  readonly axis?: number | readonly number[] | undefined;
  /** Each update keeps this much of the moving averages. */
  readonly momentum?: number | undefined;
  readonly epsilon?: number | undefined;
  readonly center?: boolean | undefined;
  readonly scale?: boolean | undefined;
  readonly betaInitializer?: Initializer | undefined;
  readonly gammaInitializer?: Initializer | undefined;
  readonly movingMeanInitializer?: Initializer | undefined;
  readonly movingVarianceInitializer?: Initializer | undefined;
  readonly betaRegularizer?: Regularizer | null | undefined;
  readonly gammaRegularizer?: Regularizer | null | undefined;
  readonly betaConstraint?: Constraint | null | undefined;
  readonly gammaConstraint?: Constraint | null | undefined;
  readonly renorm?: boolean | undefined;
  readonly renormClipping?:
    | { readonly rmax?: TensorLike; readonly rmin?: TensorLike; readonly dmax?: TensorLike }
    | undefined;
  readonly renormMomentum?: number | undefined;
  /** Uses the fused kernel where it can be: rank 4, one axis, 1 or 3. */
  readonly fused?: boolean | null | undefined;
  readonly virtualBatchSize?: number | null | undefined;
  readonly adjustment?: ((shape: Tensor) => [scale: Tensor, bias: Tensor]) | null | undefined;
}

/** The layer it works for: makes variables in its own way, and keeps updates. */
export interface NormalizerHost {
  dtype(): DType;
  addWeight(name: string, options: WeightOptions): Variable;
  addUpdate(make: () => Tensor | Operation | Variable): void;
}

/** The variables of a batch normalization, and its ops. */
export class Normalizer {
  readonly #o: NormalizerOptions;
  readonly #layer: NormalizerHost;
  #axes: number[];
  #fused: boolean;
  #format: 'NHWC' | 'NCHW' = 'NHWC';
  gamma: Variable | null = null;
  beta: Variable | null = null;
  movingMean!: Variable;
  movingVariance!: Variable;
  #movingStddev!: Variable;
  #renormMean!: Variable;
  #renormStddev!: Variable;
  /** In place of gamma or beta for the fused kernel, which wants both. */
  #gammaConst: Tensor | undefined;
  #betaConst: Tensor | undefined;

  constructor(options: NormalizerOptions, layer: NormalizerHost) {
    this.#o = options;
    this.#layer = layer;
    this.#axes = [options.axis ?? -1].flat() as number[];
    this.#fused = options.fused ?? true;
  }

  #fusedCanBeUsed(): boolean {
    const { renorm = false, virtualBatchSize, adjustment } = this.#o;
    const fits = this.#axes.length === 1 && [-3, -1, 1, 3].includes(this.#axes[0]!);
    return fits && !renorm && virtualBatchSize == null && !adjustment;
  }

  get #paramType(): DType {
    const dtype = this.#layer.dtype();
    return dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype;
  }

  /** Makes the variables for inputs of that shape. */
  build(shape: Shape): void {
    if (!shape || shape.length === 0) throw new GraphError('Value', `Input has undefined rank: ${shape}`);
    const rank = shape.length;
    const { virtualBatchSize: groups, scale = true, center = true } = this.#o;
    const canFuse = this.#fusedCanBeUsed();
    this.#axes = this.#axes.map((a) => (a < 0 ? rank + a : a));
    for (const a of this.#axes) if (a < 0 || a >= rank) throw new GraphError('Value', `Invalid axis: ${a}`);
    if (new Set(this.#axes).size !== this.#axes.length)
      throw new GraphError('Value', `Duplicate axis: [${this.#axes}]`);
    if (groups != null) this.#checkVirtualBatches(groups);
    this.#fused = this.#fused && rank === 4 && canFuse;
    if (this.#fused) this.#format = this.#axes[0] === 1 ? 'NCHW' : 'NHWC';
    const sizes = new Map(this.#axes.map((a) => [a, shape[a]!]));
    for (const d of sizes.values()) {
      if (d === null) throw new GraphError('Value', `Input has undefined \`axis\` dimension. Input shape: (${shape})`);
    }
    let params: number[];
    if (sizes.size === 1 && groups == null) params = [...sizes.values()] as number[];
    else {
      params = shape.map((_, i) => sizes.get(i) ?? 1);
      if (groups != null) {
        params.splice(1, 0, 1);
        this.#axes = this.#axes.map((a) => a + 1); // the reshaped input has one more dimension
      }
    }
    const type = this.#paramType;
    if (scale) this.gamma = this.#trained('gamma', params, this.#o.gammaInitializer ?? onesInitializer());
    else if (this.#fused) this.#gammaConst = constant(1, { dtype: type, shape: params });
    if (center) this.beta = this.#trained('beta', params, this.#o.betaInitializer ?? zerosInitializer());
    else if (this.#fused) this.#betaConst = constant(0, { dtype: type, shape: params });
    this.#makeAverages(params);
  }

  #checkVirtualBatches(groups: number): void {
    if (groups <= 0) {
      throw new GraphError(
        'Value',
        'virtual_batch_size must be a positive integer that divides the true batch size of the input Tensor',
      );
    }
    if (this.#axes.includes(0)) {
      throw new GraphError(
        'Value',
        'When using virtual_batch_size, the batch dimension must be 0 and thus axis cannot include 0',
      );
    }
    if (this.#o.adjustment) {
      throw new GraphError('Value', 'When using virtual_batch_size, adjustment cannot be specified');
    }
  }

  #trained(name: 'gamma' | 'beta', shape: number[], initializer: Initializer): Variable {
    const regularizer = this.#o[`${name}Regularizer`];
    return this.#layer.addWeight(name, {
      shape,
      dtype: this.#paramType,
      initializer,
      regularizer,
      constraint: this.#o[`${name}Constraint`],
    });
  }

  #average(name: string, shape: number[], initializer: Initializer): Variable {
    return this.#layer.addWeight(name, { shape, dtype: this.#paramType, initializer, trainable: false });
  }

  #makeAverages(shape: number[]): void {
    const meanStart = this.#o.movingMeanInitializer ?? zerosInitializer();
    const varianceStart = this.#o.movingVarianceInitializer ?? onesInitializer();
    this.movingMean = this.#average('moving_mean', shape, meanStart);
    this.movingVariance = this.#average('moving_variance', shape, varianceStart);
    if (!this.#o.renorm) return;
    const stddevStart = new SquareRoot(varianceStart);
    const { graph } = this.movingMean;
    this.#movingStddev = graph.colocateWith(this.movingVariance, () =>
      this.#average('moving_stddev', shape, stddevStart),
    );
    this.#renormMean = graph.colocateWith(this.movingMean, () => this.#average('renorm_mean', shape, meanStart));
    this.#renormStddev = graph.colocateWith(this.#movingStddev, () =>
      this.#average('renorm_stddev', shape, stddevStart),
    );
  }

  /** v -= (v - value) * (1 - momentum) */
  #move(v: Variable, value: Tensor, momentum: number | Tensor): Tensor {
    const { graph } = v;
    return graph.nameScope('AssignMovingAvg', (scope) =>
      graph.colocateWith(v, () => {
        const decay =
          typeof momentum === 'number' ? convertToTensor(1 - momentum, { name: 'decay' }) : momentum.rsub(1);
        const delta = v.sub(cast(value, v.dtype)).mul(cast(decay, v.dtype));
        return assignSub(v, delta, { name: scope }) as Tensor;
      }),
    );
  }
  #set(v: Variable, value: Tensor): Tensor {
    const { graph } = v;
    return graph.nameScope('AssignNewValue', (scope) =>
      graph.colocateWith(v, () => assign(v, value, { name: scope }) as Tensor),
    );
  }

  /** Normalizes `x`; the ops that move the averages are handed to the layer. */
  call(x: Tensor, training: Training): Tensor {
    const { virtualBatchSize: groups } = this.#o;
    if (groups == null) return this.#fused ? this.#callFused(x, training) : this.#callPlain(x, training);
    const original = [-1, ...x.shape!.slice(1)] as number[];
    const grouped = reshape(x, [groups, -1, ...original.slice(1)]);
    const y = this.#callPlain(grouped, training);
    return reshape(y, original);
  }

  #callFused(x: Tensor, training: Training): Tensor {
    const gamma = (this.gamma ?? this.#gammaConst) as TensorLike;
    const beta = (this.beta ?? this.#betaConst) as TensorLike;
    const { epsilon = 1e-3, momentum = 0.99 } = this.#o;
    const common = { epsilon, dataFormat: this.#format };
    const [y, mean, variance] = choose(
      training,
      () => fusedBatchNorm(x, gamma, beta, common),
      () =>
        fusedBatchNorm(x, gamma, beta, {
          ...common,
          mean: this.movingMean,
          variance: this.movingVariance,
          isTraining: false,
        }),
    ) as [Tensor, Tensor, Tensor];
    const is = known(training);
    const keep =
      is === null
        ? (choose<TensorLike>(
            training,
            () => momentum,
            () => 1,
          ) as Tensor)
        : convertToTensor(momentum);
    if (is === false) return y;
    this.#layer.addUpdate(() => this.#move(this.movingMean, mean, keep));
    this.#layer.addUpdate(() => this.#move(this.movingVariance, variance, keep));
    return y;
  }

  #callPlain(x: Tensor, training: Training): Tensor {
    const shape = x.shape!;
    const rank = shape.length;
    const { virtualBatchSize: groups, epsilon = 1e-3 } = this.#o;
    let over = shape.map((_, i) => i).filter((i) => !this.#axes.includes(i));
    if (groups != null) over = over.filter((_, i) => i !== 1);
    const wide = shape.map((d, i) => (i === this.#axes[0] ? d : 1)) as number[];
    const trailing = over.length === rank - 1 && over.every((a, i) => a === i);
    const spread = <V extends Tensor | Variable | null>(v: V): V | Tensor =>
      v !== null && v.shape?.length !== rank && !trailing ? reshape(v as TensorLike, wide) : v;
    let [scale, offset] = [spread(this.gamma), spread(this.beta)] as [Tensor | null, Tensor | null];

    let mean = this.movingMean as unknown as Tensor;
    let variance = this.movingVariance as unknown as Tensor;
    if (known(training) !== false) {
      if (this.#o.adjustment) {
        const [s, b] = this.#adjust(x, training);
        [scale, offset] = compose(s, b, scale, offset);
      }
      const keepDims = groups != null || this.#axes.length > 1;
      const [m, s] = moments(cast(x, this.#paramType), over, { keepDims });
      mean = choose(
        training,
        () => m,
        () => convertToTensor(this.movingMean),
      );
      variance = choose(
        training,
        () => s,
        () => convertToTensor(this.movingVariance),
      );
      let [newMean, newVariance] = [mean, variance];
      if (groups != null) {
        newMean = reduceMean(mean, { axis: 1, keepdims: true });
        newVariance = reduceMean(variance, { axis: 1, keepdims: true });
      }
      if (this.#o.renorm) {
        const found = this.#renormalize(newMean, newVariance, training, epsilon);
        [newMean, newVariance] = [found.mean, found.variance];
        const r = spread(stopGradient(found.r, { name: 'renorm_r' })) as Tensor;
        const d = spread(stopGradient(found.d, { name: 'renorm_d' })) as Tensor;
        [scale, offset] = compose(r, d, scale, offset);
      }
      this.#update(newMean, newVariance, training, epsilon);
    }
    mean = cast(mean, x.dtype);
    variance = cast(variance, x.dtype);
    const shift = offset === null ? null : cast(offset, x.dtype);
    const factor = scale === null ? null : cast(scale, x.dtype);
    const y = normalize(x, spread(mean) as Tensor, spread(variance) as Tensor, shift, factor, epsilon);
    y.setShape(shape);
    return y;
  }

  #adjust(x: Tensor, training: Training): [Tensor, Tensor] {
    const [s, b] = this.#o.adjustment!(shapeOf(x));
    const scale = choose(
      training,
      () => s,
      () => onesLike(s),
    );
    const bias = choose(
      training,
      () => b,
      () => zerosLike(b),
    );
    return [scale, bias];
  }

  #update(mean: Tensor, variance: Tensor, training: Training, epsilon: number): void {
    const { momentum = 0.99, renorm } = this.#o;
    type Made = Tensor | Operation | Variable;
    const moveVariance = (): Made => {
      if (!renorm) return this.#move(this.movingVariance, variance, momentum);
      const stddev = this.#move(this.#movingStddev, sqrt(variance.add(epsilon)), momentum);
      return this.#set(this.movingVariance, relu(stddev.mul(stddev).sub(epsilon)));
    };
    this.#layer.addUpdate(() =>
      choose<Made>(
        training,
        () => this.#move(this.movingMean, mean, momentum),
        () => this.movingMean,
      ),
    );
    this.#layer.addUpdate(() => choose<Made>(training, moveVariance, () => this.movingVariance));
  }

  /** Batch renormalization: how far the batch is from the moving statistics, clipped, and updates that run in place. */
  #renormalize(batchMean: Tensor, batchVariance: Tensor, training: Training, epsilon: number) {
    const { renormClipping = {}, renormMomentum = 0.99 } = this.#o;
    const { graph } = batchMean;
    const batchStddev = sqrt(batchVariance.add(epsilon));
    const renormStddev = maximum(this.#renormStddev, sqrt(epsilon));
    let r = batchStddev.truediv(renormStddev);
    let d = batchMean.sub(this.#renormMean).truediv(renormStddev);
    const [mean, stddev] = graph.controlDependencies(
      [r, d],
      () => [identity(batchMean), identity(batchStddev)] as const,
    );
    const { rmin, rmax, dmax } = renormClipping;
    if (rmin !== undefined) r = maximum(r, rmin);
    if (rmax !== undefined) r = minimum(r, rmax);
    if (dmax !== undefined) {
      d = maximum(d, typeof dmax === 'number' ? -dmax : convertToTensor(dmax).neg());
      d = minimum(d, dmax);
    }
    const [r0, d0] = [r, d];
    r = choose(
      training,
      () => r0,
      () => onesLike(r0),
    );
    d = choose(
      training,
      () => d0,
      () => zerosLike(d0),
    );
    const follow = (v: Variable, value: Tensor): Tensor => {
      const now = identity(value);
      return choose(
        training,
        () => this.#move(v, now, renormMomentum),
        () => identity(v),
      );
    };
    const updates = [follow(this.#renormMean, mean), follow(this.#renormStddev, stddev)];
    const [outMean, outVariance] = graph.controlDependencies(
      updates,
      () => [identity(mean), identity(batchVariance)] as const,
    );
    return { r, d, mean: outMean, variance: outVariance };
  }
}

/** Starts a standard deviation where the variance starts. */
class SquareRoot extends Initializer {
  readonly #of: Initializer;

  constructor(of: Initializer) {
    super();
    this.#of = of;
  }
  call(shape: readonly number[], dtype?: DType): Tensor {
    return sqrt(callInitializer(this.#of, shape, dtype ?? this.dtype) as Tensor);
  }
}

/** y * scale + offset, then * thenScale + thenOffset, as one scale and offset. */
function compose(scale: Tensor, offset: Tensor, thenScale: Tensor | null, thenOffset: Tensor | null): [Tensor, Tensor] {
  let [s, o] = [scale, offset];
  if (thenScale !== null) {
    s = s.mul(thenScale);
    o = o.mul(thenScale);
  }
  if (thenOffset !== null) o = o.add(thenOffset);
  return [s, o];
}
