/** @file The gradient of conv1d as an op of its own. */
import { GraphError } from '../errors';
import { graphOf, type TensorLike } from '../graph/convert';
import { Tensor } from '../graph/operation';
import type { Named } from './array';
import { Conv2DBackpropInput } from './convolution';
import { i32 } from './expect';
import { concat } from './join';
import { expandDims, squeeze } from './shape';
import { s } from './slice';
import { sequence } from './windows';

export interface Conv1dTransposeOptions extends Named {
  readonly strides: number | readonly number[];
  /** SAME by default. */
  readonly padding?: 'SAME' | 'VALID' | undefined;
  /** NWC by default. */
  readonly dataFormat?: 'NWC' | 'NCW' | undefined;
  readonly dilations?: number | readonly number[] | undefined;
}
/**
 * Rows [N, W, C] drawn out to `outputShape` by filters [w, C', C]: the gradient of conv1d. Raises Value for other formats.
 * @tensorflow tf.nn.conv1d_transpose
 */
export function conv1dTranspose(
  input: TensorLike,
  filters: TensorLike,
  outputShape: readonly number[] | Tensor,
  options: Conv1dTransposeOptions,
): Tensor {
  const { strides, padding = 'SAME', dataFormat = 'NWC', dilations, name = 'conv1d_transpose' } = options;
  return graphOf([input, filters, outputShape]).nameScope(name, (scope) => {
    if (dataFormat !== 'NWC' && dataFormat !== 'NCW') {
      throw new GraphError('Value', 'data_format must be "NWC" or "NCW".');
    }
    const first = dataFormat === 'NCW';
    const at = first ? 2 : 1;
    const attrs = {
      strides: [1, ...sequence(strides, 1, first, 'stride')],
      padding,
      data_format: first ? 'NCHW' : 'NHWC',
      dilations: [1, ...sequence(dilations, 1, first, 'dilations')],
    } as const;
    const rows = expandDims(input, i32(at));
    const filter = expandDims(filters, i32(0));
    const sizes =
      outputShape instanceof Tensor
        ? [outputShape.at(s(null, at)), i32([1]), outputShape.at(s(at))]
        : [i32(outputShape.slice(0, at)), i32([1]), i32(outputShape.slice(at))];
    const input_sizes = concat(sizes, i32(0));
    const inputs = { input_sizes, filter, out_backprop: rows };
    return squeeze(Conv2DBackpropInput(inputs, attrs, scope).output, [at]);
  });
}
