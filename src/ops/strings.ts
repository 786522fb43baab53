/** @file Ops on texts. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { int, text } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { merge, type Shape, showShape } from '../value/shape';
import type { Named } from './array';

const textOf = (cell: unknown): string => (cell instanceof Uint8Array ? new TextDecoder().decode(cell) : String(cell));

const StringJoin = defineOp({
  name: 'StringJoin',
  inputs: { inputs: 'N * string' },
  outputs: { output: 'string' },
  attrs: { N: int(), separator: text('') },
  infer({ inputs }) {
    const shapes = inputs.map((t) => t.shape);
    if (shapes.every((shape) => shape?.length === 0)) return { output: [] };
    return { output: shapes.filter((shape) => shape?.length !== 0).reduce(together, null) };
  },
  gradient: null,
  reference({ inputs, output }, { separator }) {
    const cells = output.data as unknown as string[];
    for (let i = 0; i < output.size; i++) {
      cells[i] = inputs.map((t) => textOf(t.data[t.shape.length === 0 ? 0 : i])).join(separator);
    }
  },
});
function together(a: Shape, b: Shape): Shape {
  try {
    return merge(a, b);
  } catch (e) {
    const atRun = `Input shapes do not match: ${showShape(a)} vs. ${showShape(b)}`;
    throw new GraphError('Value', (e as GraphError).reason, { atRun });
  }
}

export interface StringJoinOptions extends Named {
  /** Stands between the texts; nothing by default. */
  readonly separator?: string | undefined;
}
/**
 * Texts put together cell by cell; scalars go with every cell. Raises Value for shapes that differ.
 * @tensorflow tf.strings.join
 */
export const stringJoin = (inputs: readonly TensorLike[], { separator, name }: StringJoinOptions = {}): Tensor =>
  StringJoin({ inputs }, { separator }, name).output;
