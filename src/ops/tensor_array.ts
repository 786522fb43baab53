/** @file tf.TensorArray: tensors by index, written and read one by one, mostly inside of loops. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import type { Graph } from '../graph/graph';
import { IndexedSlices } from '../graph/indexed_slices';
import { type Operation, Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { compatible, merge, type Shape, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';
import { identity, type Named, shapeOf } from './array';
import { cast } from './cast';
import { i32 } from './expect';
import { range } from './range';
import { index as indexInto } from './slice';
import * as ops from './tensor_array_ops';
import * as pieces from './tensor_array_pieces';

export interface TensorArrayOptions extends Named {
  /** An int32 scalar. Needed for a new array. */
  readonly size?: TensorLike | undefined;
  /** true: writes behind the end make it longer. */
  readonly dynamicSize?: boolean | undefined;
  /** false: an element may be read several times. */
  readonly clearAfterRead?: boolean | undefined;
  readonly tensorArrayName?: string | undefined;
  /** An array that exists already, and what its ops wait for. */
  readonly handle?: Tensor | undefined;
  readonly flow?: Tensor | undefined;
  /** false: elements may differ in shape. */
  readonly inferShape?: boolean | undefined;
  readonly elementShape?: Shape | undefined;
  /** false: the array lies where the devices around say, not where the first value that is written lies. */
  readonly colocateWithFirstWriteCall?: boolean | undefined;
}
export interface GradOptions extends Named {
  readonly flow?: Tensor | undefined;
}

/** What an array and those that continue it share. */
interface Family {
  elementShape: Shape;
  first: Tensor | null;
}

/**
 * As tf.TensorArray. Each op that changes the array answers it with a new `flow`, which later ops must use. An index is
 * written once, and read once unless `clearAfterRead` is false. Raises Value for options that exclude each other.
 * @tensorflow tf.TensorArray
 */
export class TensorArray {
  readonly dtype: DType;
  readonly handle: Tensor;
  /** A float32 scalar that carries the order of the ops. */
  readonly flow: Tensor;
  readonly dynamicSize: boolean;
  readonly #inferShape: boolean;
  readonly #colocate: boolean;
  #family: Family;

  constructor(dtype: DType, options: TensorArrayOptions = {}) {
    const { size, handle, flow, tensorArrayName, inferShape = true, colocateWithFirstWriteCall = true } = options;
    checkOptions(options);
    this.dtype = dtype;
    this.dynamicSize = options.dynamicSize ?? false;
    this.#inferShape = inferShape;
    this.#colocate = colocateWithFirstWriteCall;
    this.#family = { elementShape: options.elementShape ?? null, first: null };
    const graph = graphOf([handle, size, flow]);
    [this.handle, this.flow] = graph.nameScope(options.name ?? 'TensorArray', (scope): [Tensor, Tensor] => {
      if (handle) {
        if (flow) return [handle, flow];
        throw new GraphError('Value', 'flow must not be None if handle is not None.');
      }
      const create = () =>
        ops.createArray(dtype, size as Tensor, {
          elementShape: this.#family.elementShape,
          identicalShapes: inferShape,
          dynamicSize: this.dynamicSize,
          clearAfterRead: options.clearAfterRead ?? true,
          tensorArrayName,
          name: scope,
        });
      return this.#colocate ? graph.device(null, () => graph.colocateWith(null, create, true)) : create();
    });
  }

  /** What is known of the elements' shape so far. */
  get elementShape(): Shape {
    return this.#family.elementShape;
  }
  get #graph(): Graph {
    return this.handle.graph;
  }

  /** The same array, its ops waiting for `flow`. */
  withFlow(flow: Tensor): TensorArray {
    const { handle, dtype, dynamicSize } = this;
    const found = new TensorArray(dtype, {
      handle,
      flow,
      inferShape: this.#inferShape,
      colocateWithFirstWriteCall: this.#colocate,
    });
    Object.assign(found, { dynamicSize });
    found.#family = this.#family;
    return found;
  }
  /** The same array under the control dependencies that hold here. */
  identity(): TensorArray {
    return this.withFlow(identity(this.flow));
  }

  /** The array that collects the gradients of this one for the call of tf.gradients named `source`. */
  grad(source: string, { flow: given, name }: GradOptions = {}): TensorArray {
    const { handle, dtype } = this;
    return this.#graph.nameScope(name ?? 'TensorArrayGrad', () =>
      this.#graph.colocateWith(handle, () => {
        const gradHandle = ops.gradientArray(handle, given ?? this.flow, source, name);
        const flow = this.#graph.controlDependencies([gradHandle], () =>
          identity(given ?? this.flow, { name: 'gradient_flow' }),
        );
        const found = new TensorArray(dtype, {
          handle: gradHandle,
          flow,
          inferShape: this.#inferShape,
          colocateWithFirstWriteCall: false,
        });
        found.#family = this.#family;
        return found;
      }),
    );
  }

  /** The element at `index`, an int32 scalar. */
  read(index: TensorLike, { name }: Named = {}): Tensor {
    const value = ops.readElement(this.handle, index as Tensor, this.flow, this.dtype, name);
    value.setShape(this.elementShape);
    return value;
  }

  /** The array with `value` at `index`. Raises Value for a shape that does not fit. */
  write(index: TensorLike, value: TensorLike, { name }: Named = {}): TensorArray {
    return this.#graph.nameScope(name ?? 'TensorArrayWrite', () => {
      const t = this.#convert(value);
      this.#checkShape(t.shape);
      return this.withFlow(this.#beside(t, () => ops.writeElement(this.handle, index as Tensor, t, this.flow, name)));
    });
  }

  /** All elements as one tensor, along a new first dimension. */
  stack({ name }: Named = {}): Tensor {
    return this.#graph.colocateWith(this.handle, () =>
      this.#graph.nameScope(name ?? 'TensorArrayStack', () => this.gather(range(i32(0), this.size()), { name })),
    );
  }

  /** The elements at `indices`, an int32 vector, as one tensor. */
  gather(indices: TensorLike, { name }: Named = {}): Tensor {
    const { elementShape, dtype } = this;
    const attrs = { dtype, element_shape: elementShape };
    const value = ops.gatherElements(this.handle, indices as Tensor, this.flow, attrs, name);
    if (elementShape) value.setShape([null, ...elementShape]);
    return value;
  }

  /** All elements put together along their first dimension. */
  concat({ name }: Named = {}): Tensor {
    const { elementShape, dtype } = this;
    const rest = elementShape?.slice(1) ?? null;
    const value = pieces.concatElements(this.handle, this.flow, { dtype, element_shape_except0: rest }, name);
    if (rest) value.setShape([null, ...rest]);
    return value;
  }

  /** The array with the rows of `value` as its elements. */
  unstack(value: TensorLike, { name }: Named = {}): TensorArray {
    return this.#graph.nameScope(name ?? 'TensorArrayUnstack', () => {
      const n = indexInto(shapeOf(value), [0]);
      return this.scatter(range(i32(0), n), value, { name });
    });
  }

  /** The array with the rows of `value` at `indices`, an int32 vector. */
  scatter(indices: TensorLike, value: TensorLike, { name }: Named = {}): TensorArray {
    return this.#graph.nameScope(name ?? 'TensorArrayScatter', () => {
      const t = this.#convert(value);
      this.#checkShape(t.shape?.slice(1) ?? null);
      return this.withFlow(
        this.#beside(t, () => ops.scatterElements(this.handle, indices as Tensor, t, this.flow, name)),
      );
    });
  }

  /** The array with pieces of `value`, `lengths[i]` rows each, as its elements. */
  split(value: TensorLike, lengths: TensorLike, { name }: Named = {}): TensorArray {
    return this.#graph.nameScope(name ?? 'TensorArraySplit', () => {
      const t = convertToTensor(value, { dtype: this.dtype, name: 'value' });
      const flow = this.#beside(t, () => {
        const given = isTensorLike(lengths) || lengths instanceof Value ? lengths : i32(lengths as Nested);
        const rows = this.#graph.nameScope('Cast', (scope) =>
          cast(convertToTensor(given, { name: 'x' }), 'int64', { name: scope }),
        );
        const all = new Set(rows.value);
        if (t.shape && all.size === 1) this.#checkShape([[...all][0]!, ...t.shape.slice(1)]);
        return pieces.splitIntoElements(this.handle, t, rows, this.flow, name);
      });
      return this.withFlow(flow);
    });
  }

  /** The number of elements, an int32 scalar. */
  size({ name }: Named = {}): Tensor {
    return ops.arraySize(this.handle, this.flow, name);
  }
  /** Gives the elements up. */
  close({ name }: Named = {}): Operation {
    return ops.closeArray(this.handle, name);
  }

  #convert(value: TensorLike): Tensor {
    const known = isTensorLike(value) || value instanceof Value || value instanceof IndexedSlices;
    return convertToTensor(value, { dtype: known ? undefined : this.dtype, name: 'value' });
  }
  #checkShape(shape: Shape): void {
    const { elementShape } = this;
    if (!compatible(shape, elementShape)) {
      throw new GraphError(
        'Value',
        `Inconsistent shapes: saw ${tupleShape(shape)} but expected ${tupleShape(elementShape)} `,
      );
    }
    if (this.#inferShape) this.#family.elementShape = merge(elementShape, shape);
  }
  /** Beside the first value that was written. */
  #beside<R>(value: Tensor, body: () => R): R {
    if (!this.#colocate) return body();
    this.#family.first ??= value;
    return this.#graph.colocateWith(this.#family.first, body);
  }
}

function checkOptions({
  size,
  handle,
  tensorArrayName,
  elementShape,
  dynamicSize,
  clearAfterRead,
}: TensorArrayOptions): void {
  const refuse = (message: string): never => {
    throw new GraphError('Value', message);
  };
  if (!handle) {
    if (size === undefined) refuse('Size must be provided if handle is not provided');
    return;
  }
  if (tensorArrayName) refuse('Cannot construct with both handle and tensor_array_name');
  if (!(handle instanceof Tensor)) throw new GraphError('Type', 'Handle must be a Tensor');
  const others = { size, element_shape: elementShape, dynamic_size: dynamicSize, clear_after_read: clearAfterRead };
  for (const [key, value] of Object.entries(others)) {
    if (value !== undefined) refuse(`Cannot provide both a handle and ${key} at the same time`);
  }
}

/** A tensor array's flow; anything else as it is. */
export const flowOf = (x: unknown): unknown => (x instanceof TensorArray ? x.flow : x);
/** `t`, or the tensor array `like` with `t` as its flow. */
export const withFlow = (like: unknown, t: Tensor): unknown => (like instanceof TensorArray ? like.withFlow(t) : t);
