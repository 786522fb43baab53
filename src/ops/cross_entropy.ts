/** @file Cross entropies of logits, and the L2 loss. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { type Call, hasKernel } from '../kernels/table';
import { FLOATS } from '../value/dtype';
import {
  broadcast,
  broadcastIndex,
  compatible,
  isFull,
  type Shape,
  sameShape,
  showShape,
  tupleShape,
} from '../value/shape';
import { logSoftmax, relu, softmax } from './activations';
import { add, subtract } from './arithmetic';
import { constant, type Named, reshape, shapeOf } from './array';
import { assertEqual } from './assertions';
import { cast } from './cast';
import { greaterEqual, lessEqual, logicalAnd, where } from './compare';
import { roundHalves } from './conv_cells';
import { preventGradient, stopGradient } from './identity';
import { concat } from './join';
import { matmul } from './linear';
import { minus, plus, times } from './operators';
import { transpose } from './permute';
import { range } from './range';
import { expandDims, onesLike, rank, squeeze, zerosLike } from './shape';
import { s, slice } from './slice';
import { abs, exp, log, log1p } from './unary';

// ---- L2Loss -------------------------------------------------------------------------------------------------------

const L2Loss = defineOp({
  name: 'L2Loss',
  inputs: { t: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(FLOATS) },
  infer: () => ({ output: [] }),
  gradient: ({ output: dy }, { t }) => ({ t: t.mul(dy) }),
  reference({ t, output }) {
    let sum = 0;
    for (const x of t.data) sum += x * x;
    output.data[0] = sum / 2;
  },
  kernel: ({ t, output }): Call | null =>
    t.dtype === 'float32' && hasKernel('l2_loss_f32') ? ['l2_loss_f32', output.ptr, t.ptr, t.size] : null,
});
/** sum(t^2) / 2. @tensorflow tf.nn.l2_loss */
export function l2Loss(t: TensorLike, { name }: Named = {}): Tensor {
  return L2Loss({ t }, {}, name).output;
}

/** A vector of losses' gradients, times the rows of a matrix. */
function timesRows(vector: Tensor, matrix: Tensor): Tensor {
  return expandDims(vector, -1).mul(matrix);
}

// ---- dense labels -------------------------------------------------------------------------------------------------

const isZero = (t: Tensor): boolean => t.op.type === 'ZerosLike' || (t.value?.every((x) => x === 0) ?? isZeroConst(t));
function isZeroConst(t: Tensor): boolean {
  const { value } = t.op.attrs as { value?: { data?: ArrayLike<number> } };
  return t.op.type === 'Const' && Array.from(value?.data ?? [1]).every((x) => Number(x) === 0);
}

/** What both say of the shape; one of unknown rank says nothing. */
function together(logits: Shape, labels: Shape): Shape {
  try {
    return logits && labels ? broadcast(logits, labels) : (logits ?? labels);
  } catch (e) {
    if (!(e instanceof GraphError)) throw e;
    const sizes = `logits_size=${showShape(logits)} labels_size=${showShape(labels)}`;
    throw new GraphError(e.code, e.reason, { atRun: `logits and labels must be broadcastable: ${sizes}` });
  }
}
const SoftmaxCrossEntropyWithLogits = defineOp({
  name: 'SoftmaxCrossEntropyWithLogits',
  inputs: { features: 'T', labels: 'T' },
  outputs: { loss: 'T', backprop: 'T' },
  attrs: { T: type(FLOATS) },
  infer({ features, labels }) {
    const both = together(features.shape, labels.shape);
    if (both !== null && both.length !== 2) {
      throw new GraphError('Value', `Shape must be broadcasted with rank 2, but is rank ${both.length}`, {
        atRun: 'logits and labels must be either 2-dimensional, or broadcasted to be 2-dimensional',
      });
    }
    return { loss: [both?.[0] ?? null], backprop: both ?? [null, null] };
  },
  gradient({ loss: dy, backprop: ddy }, { features: logits, backprop }) {
    let grad = timesRows(dy, backprop);
    if (ddy !== null && !isZero(ddy)) {
      const p = softmax(logits);
      const row = expandDims(ddy, 1);
      const product = squeeze(matmul(row, expandDims(p, 2)), [1]);
      grad = grad.add(ddy.sub(product).mul(p));
    }
    const negLog = logSoftmax(logits).neg();
    return { features: grad, labels: timesRows(dy, negLog) };
  },
  reference({ features, labels, loss, backprop }) {
    const [m, n] = backprop.shape as [number, number];
    const [fa, la] = [broadcastIndex(features.shape, backprop.shape), broadcastIndex(labels.shape, backprop.shape)];
    const [x, t] = [features.data, labels.data];
    for (let i = 0; i < m; i++) {
      let top = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < n; j++) if (!(x[fa(i * n + j)]! <= top)) top = x[fa(i * n + j)]!;
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.exp(x[fa(i * n + j)]! - top);
      const logSum = Math.log(sum);
      let total = 0;
      for (let j = 0; j < n; j++) {
        const z = x[fa(i * n + j)]! - top;
        const label = t[la(i * n + j)]!;
        total += label * (logSum - z);
        backprop.data[i * n + j] = Math.exp(z) / sum - label;
      }
      loss.data[i] = total;
    }
    roundHalves(loss);
    roundHalves(backprop);
  },
  kernel({ features, labels, loss, backprop }): Call | null {
    const name = 'softmax_xent_f32';
    if (
      features.dtype !== 'float32' ||
      !hasKernel(name) ||
      backprop.size === 0 ||
      !sameShape(features.shape, labels.shape)
    )
      return null;
    const [m, n] = backprop.shape as [number, number];
    return [name, loss.ptr, backprop.ptr, features.ptr, labels.ptr, m, n];
  },
});

export interface CrossEntropyOptions extends Named {
  readonly labels: TensorLike;
  readonly logits: TensorLike;
}
export interface SoftmaxCrossEntropyOptions extends CrossEntropyOptions {
  readonly axis?: number | null | undefined;
  readonly dim?: number | null | undefined;
}
function checkBoth({ labels, logits }: CrossEntropyOptions): void {
  if (labels == null || logits == null) throw new GraphError('Value', 'Both labels and logits must be provided.');
}

/** All but the last dimension in one. */
function flattenOuter(x: Tensor): Tensor {
  const r = rank(x);
  const last = slice(shapeOf(x), [subtract(r, 1)] as readonly TensorLike[], [1]);
  const flat = reshape(x, concat([[-1], last] as readonly TensorLike[], 0));
  const { shape } = x;
  if (shape?.slice(0, -1).every((d) => d !== null)) {
    flat.setShape([(shape.slice(0, -1) as number[]).reduce((n, d) => n * d, 1), shape.at(-1) ?? null]);
  }
  return flat;
}
function dimensionToEnd(x: Tensor, at: number, r: Tensor): Tensor {
  const order = concat([range(at), range(at + 1, r), [at]] as readonly TensorLike[], 0);
  return transpose(x, order);
}

/**
 * Softmax cross entropy whose gradient also reaches the labels.
 * @tensorflow tf.nn.softmax_cross_entropy_with_logits_v2
 */
export function softmaxCrossEntropyWithLogitsV2(options: SoftmaxCrossEntropyOptions): Tensor {
  checkBoth(options);
  const { name = 'softmax_cross_entropy_with_logits' } = options;
  const axis = options.axis ?? options.dim ?? -1;
  const graph = graphOf([options.logits, options.labels]);
  return graph.nameScope(name, (scope) => {
    const logits = convertToTensor(options.logits, { name: 'logits' }, graph);
    const given = convertToTensor(options.labels, { name: 'labels' }, graph);
    const half = logits.dtype === 'float16' || logits.dtype === 'bfloat16';
    let precise = half ? cast(logits, 'float32') : logits;
    let labels = cast(given, precise.dtype);
    const r = rank(precise);
    const { shape } = logits;
    if (axis !== -1) {
      precise = dimensionToEnd(precise, axis, r);
      labels = dimensionToEnd(labels, axis, r);
    }
    const inputShape = shapeOf(precise);
    precise = flattenOuter(precise);
    labels = flattenOuter(labels);
    const { loss } = SoftmaxCrossEntropyWithLogits({ features: precise, labels }, {}, scope);
    const outputShape = slice(inputShape, [0], [subtract(r, 1)] as readonly TensorLike[]);
    const cost = reshape(loss, outputShape);
    if (shape) cost.setShape(shape.filter((_, i) => i !== (axis < 0 ? axis + shape.length : axis)));
    return half ? cast(cost, logits.dtype) : cost;
  });
}
/**
 * Softmax cross entropy; labels are distributions and get no gradient.
 * @tensorflow tf.nn.softmax_cross_entropy_with_logits
 */
export function softmaxCrossEntropyWithLogits(options: SoftmaxCrossEntropyOptions): Tensor {
  checkBoth(options);
  const graph = graphOf([options.logits, options.labels]);
  let scope = '';
  const labels = graph.nameScope(options.name ?? 'softmax_cross_entropy_with_logits_sg', (s) => {
    scope = s;
    return stopGradient(options.labels, { name: 'labels_stop_gradient' });
  });
  return softmaxCrossEntropyWithLogitsV2({ ...options, labels, name: scope });
}

// ---- sparse labels ------------------------------------------------------------------------------------------------

/** Names the lowest label if it is negative, else the highest. */
function checkLabels(labels: readonly number[], classes: number): void {
  let [low, high] = [0, classes - 1];
  for (const label of labels) {
    low = Math.min(low, label);
    high = Math.max(high, label);
  }
  if (low >= 0 && high < classes) return;
  const range = `outside the valid range of [0, ${classes})`;
  throw new GraphError(
    'InvalidArgument',
    `Received a label value of ${low < 0 ? low : high} which is ${range}.  Label values: ${labels.join(' ')}`,
  );
}
const SparseSoftmaxCrossEntropyWithLogits = defineOp({
  name: 'SparseSoftmaxCrossEntropyWithLogits',
  inputs: { features: 'T', labels: 'Tlabels' },
  outputs: { loss: 'T', backprop: 'T' },
  attrs: { T: type(FLOATS), Tlabels: type(['int32', 'int64'], 'int64') },
  infer({ features, labels }) {
    const f = features.shape;
    if (f !== null && f.length !== 2) {
      throw new GraphError('Value', `Shape must be rank 2 but is rank ${f.length}`, {
        atRun: `logits must be 2-D, but got shape [${f}]`,
      });
    }
    const l = labels.shape;
    if (l !== null && l.length !== 1) {
      throw new GraphError('Value', `Shape must be rank 1 but is rank ${l.length}`, {
        atRun: `labels must be 1-D, but got shape [${l}]`,
      });
    }
    const [m, k] = [f?.[0] ?? null, l?.[0] ?? null];
    if (m !== null && k !== null && m !== k) {
      throw new GraphError('Value', `Dimensions must be equal, but are ${m} and ${k}`, {
        atRun: `logits and labels must have the same first dimension, got logits shape [${f}] and labels shape [${l}]`,
      });
    }
    return { loss: [k ?? m], backprop: [m ?? k, f?.[1] ?? null] };
  },
  gradient({ loss: dy }, { backprop }) {
    const message =
      "Currently there is no way to take the second derivative of sparse_softmax_cross_entropy_with_logits due to the fused implementation's interaction with tf.gradients()";
    const once = preventGradient(backprop, { message });
    return { features: timesRows(dy, once), labels: null };
  },
  reference({ features, labels, loss, backprop }) {
    const [m, n] = features.shape as [number, number];
    const x = features.data;
    if (m > 0 && n === 0) {
      throw new GraphError('InvalidArgument', `Must have at least one class, but got logits shape [${m},${n}]`);
    }
    checkLabels(Array.from(labels.data, Number), n);
    for (let i = 0; i < m; i++) {
      const label = Number(labels.data[i]);
      let top = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < n; j++) if (!(x[i * n + j]! <= top)) top = x[i * n + j]!;
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.exp(x[i * n + j]! - top);
      for (let j = 0; j < n; j++)
        backprop.data[i * n + j] = Math.exp(x[i * n + j]! - top) / sum - (j === label ? 1 : 0);
      loss.data[i] = Math.log(sum) - (x[i * n + label]! - top);
    }
    roundHalves(loss);
    roundHalves(backprop);
  },
});
/** Softmax cross entropy with labels as class indices. @tensorflow tf.nn.sparse_softmax_cross_entropy_with_logits */
export function sparseSoftmaxCrossEntropyWithLogits(options: CrossEntropyOptions): Tensor {
  checkBoth(options);
  const { name } = options;
  const graph = graphOf([options.labels, options.logits]);
  return graph.nameScope(name ?? 'SparseSoftmaxCrossEntropyWithLogits', () => {
    const labels = convertToTensor(options.labels, {}, graph);
    const logits = convertToTensor(options.logits, {}, graph);
    const precise = logits.dtype === 'float16' ? cast(logits, 'float32') : logits;
    const labelsShape = shapeOf(labels);
    const [l, f] = [labels.shape, logits.shape];
    checkSparse(l, f);
    const known = isFull(l) && isFull(f?.slice(0, -1) ?? null);
    const xent = (features: Tensor, y: Tensor) =>
      SparseSoftmaxCrossEntropyWithLogits({ features, labels: y }, {}, name).loss;
    const done = (cost: Tensor) => (logits.dtype === 'float16' ? cast(cost, 'float16') : cost);
    if (f?.length === 2) return done(xent(precise, labels));
    const checks = known ? [] : [assertEqual(shapeOf(labels), shapeOf(logits).at(s(null, -1)))];
    return graph.controlDependencies(checks, () => {
      const classes = shapeOf(logits).at(rank(logits).sub(1));
      const flat = reshape(precise, [-1, classes] as readonly TensorLike[]);
      const cost = reshape(xent(flat, reshape(labels, [-1])), labelsShape);
      cost.setShape(l);
      return done(cost);
    });
  });
}
function checkSparse(l: Shape, f: Shape): void {
  if (f?.length === 0) throw new GraphError('Value', `Logits cannot be scalars - received shape ${tupleShape(f)}.`);
  if (l && f && l.length !== f.length - 1) {
    throw new GraphError(
      'Value',
      `Rank mismatch: Rank of labels (received ${l.length}) should equal rank of logits minus 1 (received ${f.length}).`,
    );
  }
  if (isFull(l) && f && isFull(f.slice(0, -1)) && !sameShape(l, f.slice(0, -1))) {
    throw new GraphError(
      'Value',
      `Shape mismatch: The shape of labels (received ${tupleShape(l)}) should equal the shape of logits except for the last dimension (received ${tupleShape(f)}).`,
    );
  }
}

// ---- sigmoid ------------------------------------------------------------------------------------------------------

/** Cross entropy of independent classes. @tensorflow tf.nn.sigmoid_cross_entropy_with_logits */
export function sigmoidCrossEntropyWithLogits(options: CrossEntropyOptions): Tensor {
  checkBoth(options);
  const graph = graphOf([options.logits, options.labels]);
  return graph.nameScope(options.name ?? 'logistic_loss', (scope) => {
    const logits = convertToTensor(options.logits, { name: 'logits' }, graph);
    const labels = convertToTensor(options.labels, { name: 'labels' }, graph);
    checkSame('logits and labels', logits, labels);
    const zeros = zerosLike(logits, { dtype: logits.dtype });
    const positive = greaterEqual(logits, zeros);
    const rising = where(positive, logits, zeros);
    const falling = where(positive, logits.neg(), logits);
    const linear = rising.sub(logits.mul(labels));
    return add(linear, log1p(exp(falling)), { name: scope });
  });
}

export interface WeightedCrossEntropyOptions extends Omit<CrossEntropyOptions, 'labels'> {
  readonly labels?: TensorLike | undefined;
  /** The older name of `labels`. */
  readonly targets?: TensorLike | undefined;
  /** How much a positive label counts against a negative one. */
  readonly posWeight: TensorLike;
}
/** Sigmoid cross entropy that trades recall for precision. @tensorflow tf.nn.weighted_cross_entropy_with_logits */
export function weightedCrossEntropyWithLogits(options: WeightedCrossEntropyOptions): Tensor {
  const { posWeight, name = 'logistic_loss' } = options;
  const given = options.labels ?? options.targets ?? null;
  checkBoth({ labels: given as TensorLike, logits: options.logits });
  const graph = graphOf([options.logits, given, posWeight]);
  return graph.nameScope(name, (scope) => {
    const logits = convertToTensor(options.logits, { name: 'logits' }, graph);
    const labels = convertToTensor(given as TensorLike, { name: 'labels' }, graph);
    checkSame('logits and labels', logits, labels);
    const extra = typeof posWeight === 'number' ? posWeight - 1 : minus(posWeight, 1);
    const weight = plus(1, times(extra, labels));
    const linear = times(minus(1, labels), logits);
    const soft = log1p(exp(abs(logits).neg()));
    return add(linear, times(weight, plus(soft, relu(logits.neg()))), { name: scope });
  });
}
function checkSame(what: string, x: Tensor, y: Tensor): void {
  if (compatible(x.shape, y.shape)) return;
  throw new GraphError('Value', `${what} must have the same shape (${tupleShape(x.shape)} vs ${tupleShape(y.shape)})`);
}

export interface LogPoissonOptions extends Named {
  /** Adds Stirling's approximation of what depends on the targets alone. */
  readonly computeFullLoss?: boolean | undefined;
}
/** exp(logInput) - logInput * targets. @tensorflow tf.nn.log_poisson_loss */
export function logPoissonLoss(targetsLike: TensorLike, logInput: TensorLike, options: LogPoissonOptions = {}): Tensor {
  const { computeFullLoss = false, name = 'log_poisson_loss' } = options;
  const graph = graphOf([logInput, targetsLike]);
  return graph.nameScope(name, () => {
    const input = convertToTensor(logInput, { name: 'log_input' }, graph);
    const targets = convertToTensor(targetsLike, { name: 'targets' }, graph);
    checkSame('log_input and targets', input, targets);
    const result = minus(exp(input), times(input, targets));
    if (!computeFullLoss) return result;
    const { dtype } = targets;
    const [half, twoPi] = [constant(0.5, { dtype }), constant(2 * Math.PI, { dtype })];
    const lower = minus(times(targets, log(targets)), targets);
    const stirling = plus(lower, times(half, log(times(twoPi, targets))));
    const [none, one] = [zerosLike(targets, { dtype }), onesLike(targets, { dtype })];
    const small = logicalAnd(greaterEqual(targets, none), lessEqual(targets, one));
    return plus(result, where(small, none, stirling));
  });
}
