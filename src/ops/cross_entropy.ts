/** @file Cross entropies of logits, and the L2 loss. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { type Call, hasKernel } from '../kernels/table';
import { FLOATS } from '../value/dtype';
import { broadcast, broadcastIndex, compatible, isFull, sameShape, type Shape, tupleShape } from '../value/shape';
import { logSoftmax, softmax } from './activations';
import { add, subtract } from './arithmetic';
import { type Named, reshape, shapeOf } from './array';
import { assertEqual } from './assertions';
import { cast } from './cast';
import { greaterEqual, where } from './compare';
import { preventGradient, stopGradient } from './identity';
import { concat } from './join';
import { matmul } from './linear';
import { transpose } from './permute';
import { range } from './range';
import { expandDims, rank, squeeze, zerosLike } from './shape';
import { s, slice } from './slice';
import { exp, log1p } from './unary';

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
/** sum(t^2) / 2, as tf.nn.l2_loss. */
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

const SoftmaxCrossEntropyWithLogits = defineOp({
  name: 'SoftmaxCrossEntropyWithLogits',
  inputs: { features: 'T', labels: 'T' },
  outputs: { loss: 'T', backprop: 'T' },
  attrs: { T: type(FLOATS) },
  infer({ features, labels }) {
    const both = broadcast(features.shape, labels.shape);
    if (both !== null && both.length !== 2) {
      throw new GraphError('Value', `Shape must be rank 2 but is rank ${both.length}`, {
        atRun: `logits and labels must be broadcastable: logits_size=[${features.shape}] labels_size=[${labels.shape}]`,
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
        total += label === 0 ? 0 : label * (logSum - z);
        backprop.data[i * n + j] = Math.exp(z) / sum - label;
      }
      loss.data[i] = total;
    }
  },
  kernel({ features, labels, loss, backprop }): Call | null {
    const name = 'softmax_xent_f32';
    if (features.dtype !== 'float32' || !hasKernel(name) || !sameShape(features.shape, labels.shape)) return null;
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
  if (shape && shape.slice(0, -1).every((d) => d !== null)) {
    flat.setShape([(shape.slice(0, -1) as number[]).reduce((n, d) => n * d, 1), shape.at(-1) ?? null]);
  }
  return flat;
}
function dimensionToEnd(x: Tensor, at: number, r: Tensor): Tensor {
  const order = concat([range(at), range(at + 1, r), [at]] as readonly TensorLike[], 0);
  return transpose(x, order);
}

/** Softmax cross entropy whose gradient also reaches the labels, as tf.nn.softmax_cross_entropy_with_logits_v2. */
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
/** Softmax cross entropy; labels are distributions and get no gradient; as tf.nn.softmax_cross_entropy_with_logits. */
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

const SparseSoftmaxCrossEntropyWithLogits = defineOp({
  name: 'SparseSoftmaxCrossEntropyWithLogits',
  inputs: { features: 'T', labels: 'Tlabels' },
  outputs: { loss: 'T', backprop: 'T' },
  attrs: { T: type(FLOATS), Tlabels: type(['int32', 'int64'], 'int64') },
  infer({ features, labels }) {
    const f = features.shape;
    if (f !== null && f.length !== 2) {
      throw new GraphError('Value', `Shape must be rank 2 but is rank ${f.length}`, { atRun: `logits must be 2-D, but got shape [${f}]` });
    }
    const l = labels.shape;
    if (l !== null && l.length !== 1) {
      throw new GraphError('Value', `Shape must be rank 1 but is rank ${l.length}`, { atRun: `labels must be 1-D, but got shape [${l}]` });
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
    for (let i = 0; i < m; i++) {
      const label = Number(labels.data[i]);
      if (!(label >= 0 && label < n)) {
        throw new GraphError(
          'InvalidArgument',
          `Received a label value of ${label} which is outside the valid range of [0, ${n}).  Label values: ${Array.from(labels.data, Number).join(' ')}`,
        );
      }
      let top = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < n; j++) if (!(x[i * n + j]! <= top)) top = x[i * n + j]!;
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.exp(x[i * n + j]! - top);
      for (let j = 0; j < n; j++) backprop.data[i * n + j] = Math.exp(x[i * n + j]! - top) / sum - (j === label ? 1 : 0);
      loss.data[i] = Math.log(sum) - (x[i * n + label]! - top);
    }
  },
});
/** Softmax cross entropy with labels as class indices, as tf.nn.sparse_softmax_cross_entropy_with_logits. */
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
    const xent = (features: Tensor, y: Tensor) => SparseSoftmaxCrossEntropyWithLogits({ features, labels: y }, {}, name).loss;
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

/** Cross entropy of independent classes, as tf.nn.sigmoid_cross_entropy_with_logits. */
export function sigmoidCrossEntropyWithLogits(options: CrossEntropyOptions): Tensor {
  checkBoth(options);
  const graph = graphOf([options.logits, options.labels]);
  return graph.nameScope(options.name ?? 'logistic_loss', (scope) => {
    const logits = convertToTensor(options.logits, { name: 'logits' }, graph);
    const labels = convertToTensor(options.labels, { name: 'labels' }, graph);
    if (!compatible(labels.shape, logits.shape)) {
      throw new GraphError(
        'Value',
        `logits and labels must have the same shape (${tupleShape(logits.shape)} vs ${tupleShape(labels.shape)})`,
      );
    }
    const zeros = zerosLike(logits, { dtype: logits.dtype });
    const positive = greaterEqual(logits, zeros);
    const rising = where(positive, logits, zeros);
    const falling = where(positive, logits.neg(), logits);
    const linear = rising.sub(logits.mul(labels));
    return add(linear, log1p(exp(falling)), { name: scope });
  });
}
