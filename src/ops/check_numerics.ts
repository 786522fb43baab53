/** @file Checks for values that are no numbers. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { text, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { FLOATS } from '../value/dtype';
import type { Named } from './array';
import { withDependencies } from './control';

const CheckNumerics = defineOp({
  name: 'CheckNumerics',
  inputs: { tensor: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(FLOATS), message: text() },
  stateful: true,
  infer: ({ tensor }) => ({ output: tensor.shape }),
  gradient: ({ output: dy }, _, { message }) => ({
    tensor: checkNumerics(dy, `Not a number (NaN) or infinity (Inf) values detected in gradient. ${message}`),
  }),
  reference({ tensor, output }, { message }) {
    let [nan, inf] = [false, false];
    for (const v of tensor.data) {
      if (Number.isFinite(v)) continue;
      if (Number.isNaN(v)) nan = true;
      else inf = true;
    }
    if (nan || inf) {
      const what = nan && inf ? 'Inf and NaN' : nan ? 'NaN' : 'Inf';
      throw new GraphError('InvalidArgument', `${message} : Tensor had ${what} values`);
    }
    output.copyFrom(tensor);
  },
});
/**
 * Passes `tensor` on; raises InvalidArgument with `message` where a cell is NaN or infinite.
 * @tensorflow tf.check_numerics
 */
export function checkNumerics(tensor: TensorLike, message: string, { name }: Named = {}): Tensor {
  return CheckNumerics({ tensor }, { message }, name).output;
}

/** Passes `t` on once it was seen that all its cells are finite. @tensorflow tf.verify_tensor_all_finite */
export function verifyTensorAllFinite(t: TensorLike, msg: string, { name = 'VerifyFinite' }: Named = {}): Tensor {
  const graph = graphOf([t]);
  return graph.nameScope(name, () => {
    const x = convertToTensor(t, { name: 'x' }, graph);
    return graph.colocateWith(x, () => withDependencies([checkNumerics(x, msg)], x));
  });
}
