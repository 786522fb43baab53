/** @file Biases: a vector added along the channels. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import type { Graph } from '../graph/graph';
import { string, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { hasKernel } from '../kernels/table';
import { isBig, NUMBERS } from '../value/dtype';
import type { Shape } from '../value/shape';
import { relu } from './activations';
import type { Named } from './array';
import { reshape, shapeOf } from './array';
import { roundHalves } from './conv_cells';
import { concat } from './join';
import { matmul } from './linear';
import { minus } from './operators';
import { tile } from './pad';
import { range } from './range';
import { reduceSum } from './reduce';
import { onesLike, rank } from './shape';
import { s } from './slice';

type Format = 'NHWC' | 'NCHW';
const attrs = { T: type(NUMBERS), data_format: string('NHWC', 'NCHW') } as const;

/** Which cells share a bias: `inner` neighbours, then the next channel. */
function channelsOf(shape: readonly number[], format: Format): { channels: number; inner: number } {
  const at = format === 'NCHW' ? 1 : shape.length - 1;
  return { channels: shape[at]!, inner: shape.slice(at + 1).reduce((n, d) => n * d, 1) };
}
function checkRank(shape: Shape, least: number): void {
  if (shape === null || shape.length >= least) return;
  throw new GraphError('Value', `Shape must be at least rank ${least} but is rank ${shape.length}`, {
    atRun: `Input tensor must be at least ${least}D: [${shape}]`,
  });
}

/** The shape of a sum with a bias. */
function biased(value: Shape, bias: Shape, format: Format): Shape {
  checkRank(value, format === 'NCHW' ? 3 : 2);
  if (bias && bias.length !== 1) {
    throw new GraphError('Value', `Shape must be rank 1 but is rank ${bias.length}`, {
      atRun: `Biases must be 1D: [${bias}]`,
    });
  }
  if (!value) return null;
  const at = format === 'NCHW' ? 1 : value.length - 1;
  const [c, b] = [value[at]!, bias?.[0] ?? null];
  if (c !== null && b !== null && c !== b) {
    throw new GraphError('Value', `Dimensions must be equal, but are ${c} and ${b}`, {
      atRun: `Must provide as many biases as the last dimension of the input tensor: [${b}] vs. [${value}]`,
    });
  }
  return value.map((d, i) => (i === at ? (d ?? b) : d));
}
/** The CPU kernel knows channels in second place for up to five dimensions. */
function checkNchw(shape: readonly number[], format: Format): void {
  if (format === 'NCHW' && shape.length > 5) {
    throw new GraphError('InvalidArgument', `Only ranks up to 5 supported: [${shape}]`);
  }
}

const BiasAdd = defineOp({
  name: 'BiasAdd',
  inputs: { value: 'T', bias: 'T' },
  outputs: { output: 'T' },
  attrs,
  inplace: ['value'],
  infer: ({ value, bias }, { data_format }) => ({ output: biased(value.shape, bias.shape, data_format) }),
  gradient: ({ output: dy }, _t, { data_format }) => ({ value: dy, bias: biasAddGrad(dy, data_format) }),
  reference({ value, bias, output }, { data_format }) {
    checkNchw(value.shape, data_format);
    const { channels, inner } = channelsOf(value.shape, data_format);
    const [x, b, y] = [value.data, bias.data, output.data];
    for (let i = 0; i < y.length; i++) y[i] = x[i]! + b[Math.floor(i / inner) % channels]!;
    roundHalves(output);
  },
  kernel({ value, bias, output }, { data_format }) {
    if (value.dtype !== 'float32' || data_format !== 'NHWC' || bias.size === 0 || !hasKernel('add_row_f32'))
      return null;
    return ['add_row_f32', output.ptr, value.ptr, bias.ptr, value.size / bias.size, bias.size];
  },
});
export interface BiasAddOptions extends Named {
  readonly dataFormat?: string | null | undefined;
}
/** value + bias along the last dimension (or the second for 'NCHW'). @tensorflow tf.nn.bias_add */
export function biasAdd(
  value: TensorLike,
  bias: TensorLike,
  { dataFormat, name = 'BiasAdd' }: BiasAddOptions = {},
): Tensor {
  const format = dataFormat == null ? undefined : dataFormat.startsWith('NC') ? 'NCHW' : 'NHWC';
  if (dataFormat != null && !/^N.*C$|^NC/.test(dataFormat)) {
    throw new GraphError('Value', 'data_format must be of the form `N...C` or `NC...`');
  }
  const graph = graphOf([value, bias]);
  return graph.nameScope(name, (scope) => {
    const x = convertToTensor(value, { name: 'input' }, graph);
    const b = convertToTensor(bias, { dtype: x.dtype, name: 'bias' }, graph);
    return BiasAdd({ value: x, bias: b }, { data_format: format }, scope).output;
  });
}

const BiasAddV1 = defineOp({
  name: 'BiasAddV1',
  inputs: { value: 'T', bias: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(NUMBERS) },
  infer: ({ value, bias }) => ({ output: biased(value.shape, bias.shape, 'NHWC') }),
  gradient({ output: dy }) {
    const axis = range(minus(rank(dy), 1));
    return { value: dy, bias: reduceSum(dy, { axis }) };
  },
  reference({ value, bias, output }) {
    const [x, b, y] = [value.data, bias.data, output.data];
    for (let i = 0; i < y.length; i++) y[i] = x[i]! + b[i % b.length]!;
    roundHalves(output);
  },
});

const BiasAddGrad = defineOp({
  name: 'BiasAddGrad',
  inputs: { out_backprop: 'T' },
  outputs: { output: 'T' },
  attrs,
  infer({ out_backprop: { shape } }, { data_format }) {
    checkRank(shape, data_format === 'NCHW' ? 3 : 2);
    return { output: [shape?.at(data_format === 'NCHW' ? 1 : -1) ?? null] };
  },
  gradient({ output: dy }, { out_backprop }, { data_format }) {
    const shape = shapeOf(out_backprop);
    const biasShape = shapeOf(dy);
    if (data_format === 'NCHW') {
      const lead = onesLike(shape.at(s(null, 1)));
      const wide = concat([lead, biasShape, onesLike(shape.at(s(2, null)))], 0);
      const first = shape.at(s(null, 1));
      const times = concat([first, [1], shape.at(s(2, null))] as readonly TensorLike[], 0);
      return { out_backprop: tile(reshape(dy, wide), times) };
    }
    const wide = concat([onesLike(shape.at(s(null, -1))), biasShape], 0);
    const times = concat([shape.at(s(null, -1)), [1]] as readonly TensorLike[], 0);
    return { out_backprop: tile(reshape(dy, wide), times) };
  },
  reference({ out_backprop, output }, { data_format }) {
    const { channels, inner } = channelsOf(out_backprop.shape, data_format);
    checkNchw(out_backprop.shape, data_format);
    const x = out_backprop.data;
    const sums = new Float64Array(channels);
    for (let i = 0; i < x.length; i++) sums[Math.floor(i / inner) % channels]! += Number(x[i]!);
    output.data.set(isBig(output.dtype) ? (Array.from(sums, BigInt) as unknown as number[]) : sums);
    roundHalves(output);
  },
  kernel({ out_backprop: x, output }, { data_format }) {
    if (x.dtype !== 'float32' || data_format !== 'NHWC' || output.size === 0 || !hasKernel('sum_first_f32'))
      return null;
    return ['sum_first_f32', output.ptr, x.ptr, x.size / output.size, output.size];
  },
});
export function biasAddGrad(outBackprop: Tensor, dataFormat: Format = 'NHWC'): Tensor {
  return BiasAddGrad({ out_backprop: outBackprop }, { data_format: dataFormat }).output;
}

/** x . weights, with its operands converted under their own names. */
function product(graph: Graph, x: TensorLike, weights: TensorLike, biases: TensorLike): [xw: Tensor, biases: Tensor] {
  const a = convertToTensor(x, { name: 'x' }, graph);
  const w = convertToTensor(weights, { name: 'weights' }, graph);
  const b = convertToTensor(biases, { name: 'biases' }, graph);
  return [matmul(a, w), b];
}
/** x . weights + biases. @tensorflow tf.nn.xw_plus_b */
export function xwPlusB(
  x: TensorLike,
  weights: TensorLike,
  biases: TensorLike,
  { name = 'xw_plus_b' }: Named = {},
): Tensor {
  const graph = graphOf([x, weights, biases]);
  return graph.nameScope(name, (scope) => biasAdd(...product(graph, x, weights, biases), { name: scope }));
}
/** The same by the older BiasAddV1, as nn_ops.xw_plus_b_v1. */
export function xwPlusBV1(
  x: TensorLike,
  weights: TensorLike,
  biases: TensorLike,
  { name = 'xw_plus_b_v1' }: Named = {},
): Tensor {
  const graph = graphOf([x, weights, biases]);
  return graph.nameScope(name, (scope) => {
    const [value, bias] = product(graph, x, weights, biases);
    return BiasAddV1({ value, bias }, {}, scope).output;
  });
}
/** relu(x . weights + biases). @tensorflow tf.nn.relu_layer */
export function reluLayer(
  x: TensorLike,
  weights: TensorLike,
  biases: TensorLike,
  { name = 'relu_layer' }: Named = {},
): Tensor {
  const graph = graphOf([x, weights, biases]);
  return graph.nameScope(name, (scope) => relu(biasAdd(...product(graph, x, weights, biases)), { name: scope }));
}
