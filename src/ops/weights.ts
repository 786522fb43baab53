/** @file Weights of losses and metrics: scalars, or tensors that broadcast to the values. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Operation, Tensor } from '../graph/operation';
import { compatible, isFull, tupleShape } from '../value/shape';
import { multiply } from './arithmetic';
import { shapeOf } from './array';
import { equal } from './compare';
import { cond } from './cond';
import { Assert, noOp } from './control';
import { concat } from './join';
import { DenseToDenseSetOperation } from './sets';
import { expandDims, onesLike, rank, size } from './shape';

const PREFIX = 'weights can not be broadcast to values.';

/** Refuses weights that do not broadcast: at once where the shapes are known, else by an op to wait for. */
export function assertBroadcastable(weightsIn: TensorLike, valuesIn: TensorLike): Operation {
  const graph = getDefaultGraph();
  return graph.nameScope('assert_broadcastable', (scope) => {
    const part = (what: string, x: TensorLike) =>
      graph.nameScope(what, (s) => {
        const t = convertToTensor(x, { name: s });
        const shape = shapeOf(t, { name: 'shape' });
        return { t, shape, rank: rank(t, { name: 'rank' }) };
      });
    const weights = part('weights', weightsIn);
    const values = part('values', valuesIn);
    const [w, v] = [weights.t.shape, values.t.shape];
    if (w && v) {
      if (w.length === 0) return noOp({ name: 'static_scalar_check_success' });
      if (w.length !== v.length) {
        throw new GraphError(
          'Value',
          `${PREFIX} values.rank=${v.length}. weights.rank=${w.length}. values.shape=${tupleShape(v)}. weights.shape=${tupleShape(w)}.`,
        );
      }
      if (isFull(w) && isFull(v)) {
        const at = w.findIndex((d, i) => d !== 1 && d !== v[i]);
        if (at >= 0) {
          throw new GraphError(
            'Value',
            `${PREFIX} Mismatch at dim ${at}. values.shape=[${v.join(' ')}] weights.shape=[${w.join(' ')}].`,
          );
        }
        return noOp({ name: 'static_dims_check_success' });
      }
    }
    const isScalar = equal(0, weights.rank, { name: 'is_scalar' });
    const data = [
      PREFIX,
      'weights.shape=',
      weights.t.name,
      weights.shape,
      'values.shape=',
      values.t.name,
      values.shape,
      'is_scalar=',
      isScalar,
    ] as readonly TensorLike[];
    const valid = cond(
      isScalar,
      () => isScalar,
      () => nonScalar(weights.rank, weights.shape, values.rank, values.shape),
      { name: 'is_valid_shape' },
    ) as Tensor;
    return Assert(valid, data, { name: scope }) as Operation;
  });
}

function nonScalar(weightsRank: Tensor, weights: Tensor, valuesRank: Tensor, values: Tensor): Tensor {
  return getDefaultGraph().nameScope('has_valid_nonscalar_shape', (scope) => {
    const same = equal(valuesRank, weightsRank, { name: 'is_same_rank' });
    return cond(
      same,
      () => validDims(weights, values),
      () => same,
      { name: scope },
    ) as Tensor;
  });
}

/** Each weight dimension is 1 or that of the values: the set of others is empty. */
function validDims(weights: Tensor, values: Tensor): Tensor {
  return getDefaultGraph().nameScope('has_invalid_dims', (scope) => {
    const values2d = expandDims(values, -1);
    const valid = concat([values2d, onesLike(values2d)], 1);
    const weights2d = expandDims(weights, -1);
    const { result_values } = DenseToDenseSetOperation({ set1: weights2d, set2: valid }, { set_operation: 'a-b' });
    return equal(0, size(result_values, { name: 'num_invalid_dims' }), { name: scope });
  });
}

/** Weights in the shape of the values, as weights_broadcast_ops.broadcast_weights. */
export function broadcastWeights(weightsIn: TensorLike, valuesIn: TensorLike): Tensor {
  const graph = getDefaultGraph();
  return graph.nameScope('broadcast_weights', (scope) => {
    const values = convertToTensor(valuesIn, { name: 'values' });
    const weights = convertToTensor(weightsIn, { dtype: values.dtype, name: 'weights' });
    if (isFull(weights.shape) && isFull(values.shape) && compatible(weights.shape, values.shape)) return weights;
    return graph.controlDependencies([assertBroadcastable(weights, values)], () =>
      multiply(weights, onesLike(values), { name: scope }),
    );
  });
}
