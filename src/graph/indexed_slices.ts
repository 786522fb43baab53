/** @file IndexedSlices: a gradient that touches only some rows of a tensor. */
import type { Operation, Tensor } from './operation';

/** Rows `values[i]` belong to rows `indices[i]` of a tensor of `denseShape`. @tensorflow tf.IndexedSlices */
export class IndexedSlices {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly denseShape: Tensor | null;

  constructor(values: Tensor, indices: Tensor, denseShape: Tensor | null = null) {
    this.values = values;
    this.indices = indices;
    this.denseShape = denseShape;
  }
  get dtype(): Tensor['dtype'] {
    return this.values.dtype;
  }
  get op(): Operation {
    return this.values.op;
  }
  get name(): string {
    return this.values.name;
  }
  get graph(): Tensor['graph'] {
    return this.values.graph;
  }
}
