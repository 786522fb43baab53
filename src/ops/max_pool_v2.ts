/** @file MaxPool with windows and strides that are tensors. */
import { defineOp } from '../graph/define';
import { type Known, oneOf, string, type } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { REALS } from '../value/dtype';
import type { Shape } from '../value/shape';
import { fail, unknowns } from './expect';
import { MAX_TYPES, maxPooled, maxPoolGrad, maxPoolGradGrad, type PoolAttrs } from './pool_cells';
import { maxShape, pooled, same, zerosAs } from './pooling';

const maxV2 = {
  padding: oneOf('SAME', 'VALID'),
  data_format: string('NHWC', 'NCHW'),
  T: type(REALS, 'float32'),
} as const;
type AttrsV2 = Pick<PoolAttrs, 'padding' | 'data_format'>;
const numbers = (x: Slot): number[] => {
  if (x.shape.length !== 1 || x.size !== 4) fail('Sliding window ksize field must specify 4 dimensions');
  return Array.from(x.data);
};
const listed = (t: { readonly ksize: Slot; readonly strides: Slot }, a: AttrsV2): PoolAttrs => ({
  ...a,
  ksize: numbers(t.ksize),
  strides: numbers(t.strides),
});
const inferV2 = (input: Known, ksize: Known, strides: Known, a: AttrsV2): Shape =>
  ksize.value && strides.value
    ? pooled('MaxPool', 4, input.shape, { ...a, ksize: ksize.value, strides: strides.value })
    : unknowns(4);

defineOp({
  name: 'MaxPoolV2',
  inputs: { input: 'T', ksize: 'int32', strides: 'int32' },
  outputs: { output: 'T' },
  attrs: {
    T: type(MAX_TYPES, 'float32'),
    padding: oneOf('SAME', 'VALID'),
    data_format: string('NHWC', 'NCHW', 'NCHW_VECT_C'),
  },
  infer: ({ input, ksize, strides }, a) => ({ output: inferV2(input, ksize, strides, a) }),
  gradient({ output: dy }, { input, output, ksize, strides }, { padding, data_format }) {
    const attrs = { padding, data_format: data_format as 'NHWC' | 'NCHW' };
    return { input: MaxPoolGradV2({ orig_input: input, orig_output: output, grad: dy, ksize, strides }, attrs).output };
  },
  reference: (t, a) => maxPooled(t.input, t.output, listed(t, a)),
});
const MaxPoolGradV2 = defineOp({
  name: 'MaxPoolGradV2',
  inputs: { orig_input: 'T', orig_output: 'T', grad: 'T', ksize: 'int32', strides: 'int32' },
  outputs: { output: 'T' },
  attrs: maxV2,
  infer: ({ orig_input }) => ({ output: same(orig_input, 4) }),
  gradient({ output: ddx }, { orig_input, orig_output, ksize, strides }, { T: _, ...a }) {
    const [x, y] = [zerosAs(orig_input), zerosAs(orig_output)];
    const { output } = MaxPoolGradGradV2({ orig_input, orig_output, grad: ddx, ksize, strides }, a);
    return { orig_input: x, orig_output: y, grad: output };
  },
  reference: (t, a) => maxPoolGrad(t, listed(t, a), maxShape),
});
const MaxPoolGradGradV2 = defineOp({
  name: 'MaxPoolGradGradV2',
  inputs: { orig_input: 'T', orig_output: 'T', grad: 'T', ksize: 'int32', strides: 'int32' },
  outputs: { output: 'T' },
  attrs: { padding: oneOf('SAME', 'VALID'), data_format: string('NHWC', 'NCHW'), T: type(REALS) },
  infer: ({ orig_input, ksize, strides }, a) => ({ output: inferV2(orig_input, ksize, strides, a) }),
  gradient: 'missing',
  reference: (t, a) => maxPoolGradGrad(t, listed(t, a)),
});
