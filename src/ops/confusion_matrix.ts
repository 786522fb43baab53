/** @file Confusion matrices: how often each class was taken for each other; metrics of classes that use them. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { getDefaultGraph } from '../graph/graph';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { type DType, INDEX, NUMBERS } from '../value/dtype';
import { showShape } from '../value/shape';
import { type Named, ones, onesLike, reshape, zeros } from './array';
import { assertLess, assertNonNegative } from './assertions';
import { cast } from './cast';
import { equal, greater, notEqual, where } from './compare';
import { withDependencies } from './control';
import { div, divNoNan } from './division';
import { fail, i32 } from './expect';
import { gatherNd } from './gather';
import { stack } from './join';
import { removeSqueezable } from './losses';
import { diagPart } from './matrix';
import { checkCompatible, collect, collected, type Metric, type MetricOptions, metricVariable } from './metrics_base';
import { minus, over, plus, times } from './operators';
import { maximum } from './pairs';
import { reduceMax, reduceMean, reduceSum } from './reduce';
import { scatterAdd } from './scatter_state';
import { size } from './shape';
import { assignAdd } from './state';
import { variableScope } from './variable_scope';

const SparseTensorDenseAdd = defineOp({
  name: 'SparseTensorDenseAdd',
  inputs: { a_indices: 'Tindices', a_values: 'T', a_shape: 'Tindices', b: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(NUMBERS), Tindices: type(INDEX) },
  infer: ({ b }) => ({ output: b.shape }),
  gradient({ output: dy }, { a_indices }) {
    return { a_values: gatherNd(dy, a_indices), b: dy };
  },
  reference({ a_indices, a_values, a_shape, b, output }) {
    if (a_indices.shape.length !== 2) {
      fail(`Input a_indices should be a matrix but received shape: ${showShape(a_indices.shape)}`);
    }
    const [n, depth] = a_indices.shape as [number, number];
    if (a_values.shape.length !== 1 || a_shape.shape.length !== 1) {
      const [values, shape] = [a_values, a_shape].map((t) => showShape(t.shape));
      fail(`Inputs a_values and a_shape should be vectors but received shapes: ${values} and ${shape}`);
    }
    if (a_shape.size !== b.shape.length) {
      fail(`Two operands have different ranks; received: ${a_shape.size} and ${b.shape.length}`);
    }
    b.shape.forEach((d, i) => {
      const own = Number(a_shape.data[i]);
      if (own !== d)
        fail(`Dimension ${i} does not equal (no broadcasting is supported): sparse side ${own} vs dense side ${d}`);
    });
    output.data.set(b.data);
    const cells = output.data;
    for (let i = 0; i < n; i++) {
      let at = 0;
      for (let d = 0; d < depth; d++) {
        const x = Number(a_indices.data[i * depth + d]);
        if (!(x >= 0 && x < b.shape[d]!)) fail(`Sparse tensor has some invalid index on dimension ${d}`);
        at = at * b.shape[d]! + x;
      }
      cells[at]! += a_values.data[i]!;
    }
  },
});

export interface ConfusionMatrixOptions extends Named {
  /** One more than the largest class that occurs, by default. */
  readonly numClasses?: TensorLike | null | undefined;
  /** int32 by default. */
  readonly dtype?: DType | undefined;
  /** What each sample counts; 1 by default. */
  readonly weights?: TensorLike | null | undefined;
}
/**
 * A matrix [classes, classes] of how often the class of the row was predicted to be that of the column. Labels and
 * predictions are vectors of classes; one that is negative or too large fails the run with InvalidArgument.
 * @tensorflow tf.confusion_matrix
 * @tensorflow tf.math.confusion_matrix
 */
export function confusionMatrix(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  options: ConfusionMatrixOptions = {},
): Tensor {
  const { dtype = 'int32', name } = options;
  return getDefaultGraph().nameScope(name ?? 'confusion_matrix', () => {
    const given = convertToTensor(labelsIn, { name: 'labels' });
    const [l, p] = removeSqueezable(given, convertToTensor(predictionsIn, { name: 'predictions' }));
    let predictions = cast(p, 'int64');
    let labels = cast(l, 'int64');
    const checked = (x: Tensor, check: (x: Tensor) => unknown): Tensor => withDependencies([check(x)], x);
    labels = checked(labels, (x) => assertNonNegative(x, { message: '`labels` contains negative values' }));
    predictions = checked(predictions, (x) =>
      assertNonNegative(x, { message: '`predictions` contains negative values' }),
    );
    let classes: TensorLike;
    if (options.numClasses == null) {
      const largest = reduceMax(predictions);
      classes = plus(maximum(largest, reduceMax(labels)), 1);
    } else {
      classes = typeof options.numClasses === 'number' ? i32(options.numClasses) : options.numClasses;
      const limit = cast(classes, 'int64');
      labels = checked(labels, (x) => assertLess(x, limit, { message: '`labels` out of bound' }));
      predictions = checked(predictions, (x) => assertLess(x, limit, { message: '`predictions` out of bound' }));
    }
    let weights: Tensor | undefined;
    if (options.weights != null) {
      const converted = convertToTensor(options.weights, { name: 'weights' });
      checkCompatible(predictions, converted);
      weights = cast(converted, dtype);
    }
    const isPlain = typeof options.numClasses === 'number';
    const shape = stack(
      isPlain ? i32([options.numClasses as number, options.numClasses as number]) : [classes, classes],
    );
    const indices = stack([labels, predictions], { axis: 1 });
    const values = weights ?? onesLike(predictions, { dtype });
    const denseShape = cast(shape, 'int64');
    const zero = zeros(cast(shape, 'int32'), { dtype });
    return SparseTensorDenseAdd({ a_indices: indices, a_values: values, a_shape: denseShape, b: zero }, {}).output;
  });
}

// ---- metrics ------------------------------------------------------------------------------------------------------

/** As a vector; raises Type for an unknown rank, in Python's words. */
function flat(x: Tensor): Tensor {
  if (x.shape === null) throw new GraphError('Type', "'>' not supported between instances of 'NoneType' and 'int'");
  return x.shape.length > 1 ? reshape(x, i32([-1])) : x;
}

/**
 * The mean over the classes of intersection over union of labels and predictions, both of one shape and below
 * `numClasses`; the update op answers the confusion matrix.
 * @tensorflow tf.metrics.mean_iou
 */
export function meanIou(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  numClasses: number,
  options: MetricOptions = {},
): Metric {
  const { name = null } = options;
  return variableScope(name, { defaultName: 'mean_iou', values: [predictionsIn, labelsIn, options.weights] }, () => {
    const [givenLabels, givenPredictions] = [convertToTensor(labelsIn), convertToTensor(predictionsIn)];
    checkCompatible(givenPredictions, givenLabels);
    const total = metricVariable([numClasses, numClasses], 'float64', 'total_confusion_matrix');
    let predictions = cast(givenPredictions, 'int64');
    let labels = cast(givenLabels, 'int64');
    const classes = cast(i32(numClasses), 'int64');
    predictions = flat(predictions);
    labels = flat(labels);
    const weights = options.weights == null ? null : flat(convertToTensor(options.weights));
    const current = confusionMatrix(labels, predictions, { numClasses: classes, weights, dtype: 'float64' });
    const update = assignAdd(total, current) as Tensor;
    const value = collect(options.metricsCollections, iouOf(total as TensorLike));
    return [value, collect(options.updatesCollections, update)];
  });
}
function iouOf(matrix: TensorLike): Tensor {
  const perRow = cast(reduceSum(matrix, 0), 'float32');
  const perColumn = cast(reduceSum(matrix, 1), 'float32');
  const both = cast(diagPart(matrix), 'float32');
  const union = minus(plus(perRow, perColumn), both);
  const valid = reduceSum(cast(notEqual(union, 0), 'float32'));
  const some = greater(union, 0);
  const iou = div(both, where(some, union, onesLike(union)));
  const any = greater(valid, 0);
  return where(any, over(reduceSum(iou, { name: 'mean_iou' }), valid), 0);
}

/**
 * The mean over the classes of how often a label of that class was predicted; the update op answers it per class.
 * @tensorflow tf.metrics.mean_per_class_accuracy
 */
export function meanPerClassAccuracy(
  labelsIn: TensorLike,
  predictionsIn: TensorLike,
  numClasses: number,
  options: MetricOptions = {},
): Metric {
  const { name = null } = options;
  const scope = { defaultName: 'mean_accuracy', values: [predictionsIn, labelsIn, options.weights] };
  return variableScope(name, scope, () => {
    const labels = flat(cast(labelsIn, 'int64'));
    const predictions = flat(convertToTensor(predictionsIn));
    checkCompatible(predictions, labels);
    const total = metricVariable([numClasses], 'float32', 'total');
    const count = metricVariable([numClasses], 'float32', 'count');
    let each = ones([size(labels)] as TensorLike, { dtype: 'float32' });
    let isRight = cast(equal(cast(predictions, labels.dtype), labels), 'float32');
    if (options.weights != null) {
      const weights = cast(flat(convertToTensor(options.weights)), 'float32');
      isRight = times(isRight, weights);
      each = times(each, weights);
    }
    const newTotal = scatterAdd(total, labels, each) as Tensor;
    const newCount = scatterAdd(count, labels, isRight) as Tensor;
    return collected(
      options,
      () => reduceMean(divNoNan(count as TensorLike, maximum(total as TensorLike, 0)), { name: 'mean_accuracy' }),
      () => divNoNan(newCount, maximum(newTotal, 0), { name: 'update_op' }),
    );
  });
}
