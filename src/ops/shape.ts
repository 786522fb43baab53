/** @file Sizes and ranks, shapes made to fit, and the ops that pass a tensor on under a condition. */
import { GraphError } from '../errors';
import { constantIn, convertToTensor, graphOf, type TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { indexType, int, ints, shape, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import { cellOf } from '../value/dtype';
import { broadcast, type FullShape, isFull, merge, type Shape, sameShape, showShape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { broadcastGradientArgs } from './arithmetic';
import { type Named, reshape, type ShapeOptions, shapeOf } from './array';
import { numbers, offsets, readCells, stridesOf } from './cells';
import { asShape, fail, fromFront, refuse, sameDim } from './expect';
import { reduceSum } from './reduce';

export { ones, onesLike, zeros, zerosLike } from './array';
export { linspace, meshgrid, range, sequenceMask } from './range';

// ---- sizes --------------------------------------------------------------------------------------------------------

const Size = defineOp({
  name: 'Size',
  inputs: { input: 'T' },
  outputs: { output: 'out_type' },
  attrs: { T: type(), out_type: indexType },
  shapeOnly: true,
  infer: () => ({ output: [] }),
  gradient: null,
  reference({ input, output }) {
    output.data[0] = cellOf(output.dtype, sizeOf(input.shape));
  },
});
/** The number of elements: a constant where it is known. @tensorflow tf.size */
export function size(input: TensorLike, options: ShapeOptions = {}): Tensor {
  const { name = 'Size', outType = 'int32', optimize = true } = options;
  const graph = graphOf([input]);
  return graph.nameScope(name, (scope) => {
    const t = convertToTensor(input, {}, graph);
    const n = isFull(t.shape) ? sizeOf(t.shape) : t.shape?.includes(0) ? 0 : undefined;
    if (optimize && n !== undefined) return constantIn(graph, Value.from(n, outType), scope);
    return Size({ input: t }, { out_type: outType }, scope).output;
  });
}

const Rank = defineOp({
  name: 'Rank',
  inputs: { input: 'T' },
  outputs: { output: 'int32' },
  attrs: { T: type() },
  shapeOnly: true,
  infer: () => ({ output: [] }),
  gradient: null,
  reference({ input, output }) {
    output.data[0] = input.shape.length;
  },
});
export interface RankOptions extends Named {
  /** false: an op even for a rank that is known. */
  readonly optimize?: boolean | undefined;
}
/** The number of dimensions, int32: a constant where it is known. @tensorflow tf.rank */
export function rank(input: TensorLike, { name = 'Rank', optimize = true }: RankOptions = {}): Tensor {
  const graph = graphOf([input]);
  return graph.nameScope(name, (scope) => {
    const t = convertToTensor(input, {}, graph);
    if (optimize && t.shape !== null) return constantIn(graph, Value.from(t.shape.length, 'int32'), scope);
    return Rank({ input: t }, {}, scope).output;
  });
}

const ShapeN = defineOp({
  name: 'ShapeN',
  inputs: { input: 'N * T' },
  outputs: { output: 'N * out_type' },
  attrs: { N: int(), T: type(), out_type: indexType },
  shapeOnly: true,
  infer: ({ input }) => ({ output: input.map((t) => [t.shape?.length ?? null]) }),
  partial: ({ input }, _, output) => input[output]?.shape ?? undefined,
  gradient: null,
  reference: ({ input, output }, { out_type }) =>
    output.forEach((t, i) => void t.data.set(Value.from([...input[i]!.shape], out_type).data)),
});
export interface ShapeNOptions extends Named {
  readonly outType?: 'int32' | 'int64' | undefined;
}
/** The shapes of several tensors by one op. @tensorflow tf.shape_n */
export function shapeN(input: readonly TensorLike[], { outType, name }: ShapeNOptions = {}): readonly Tensor[] {
  const sizes = ShapeN({ input }, { out_type: outType }, name).output;
  sizes.forEach((t, i) => {
    const from = t.op.inputs[i]!.shape;
    if (from !== null) t.partial ??= from;
  });
  return sizes;
}

// ---- dimensions of size 1 -----------------------------------------------------------------------------------------

const ExpandDims = defineOp({
  name: 'ExpandDims',
  inputs: { input: 'T', dim: 'Tdim' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tdim: indexType },
  alias: { output: 'input' },
  infer({ input, dim }) {
    if (isFull(dim.shape) && sizeOf(dim.shape) !== 1) refuse("'dim' input must be a tensor with a single value");
    if (input.shape === null) return { output: null };
    const [at, n] = [dim.value?.[0], input.shape.length];
    if (at === undefined) return { output: null };
    if (at < -1 - n || at > n) {
      refuse(
        `dim ${at} not in the interval [${-1 - n}, ${n}].`,
        `Tried to expand dim index ${at} for tensor with ${n} dimensions.`,
      );
    }
    const front = at < 0 ? at + n + 1 : at;
    return { output: [...input.shape.slice(0, front), 1, ...input.shape.slice(front)] };
  },
  gradient: ({ output: dy }, { input }) => ({ input: reshape(dy, shapeOf(input)), dim: null }),
  reference: null,
});
/** Inserts a dimension of size 1 before `axis`; negative ones count from behind. @tensorflow tf.expand_dims */
export function expandDims(input: TensorLike, axis: TensorLike, { name }: Named = {}): Tensor {
  return ExpandDims({ input, dim: axis }, {}, name).output;
}

const Squeeze = defineOp({
  name: 'Squeeze',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(), squeeze_dims: ints([]) },
  alias: { output: 'input' },
  infer({ input: { shape: from } }, { squeeze_dims }) {
    if (from === null) return { output: null };
    const n = from.length;
    squeeze_dims.forEach((d, i) => {
      if (d >= -n && d < n) return;
      refuse(
        `squeeze_dims[${i}] not in [${-n},${n}).`,
        `Tried to squeeze dim index ${d} for tensor with ${n} dimensions.`,
      );
    });
    if (squeeze_dims.length === 0) return { output: from.includes(null) ? null : from.filter((d) => d !== 1) };
    const gone = new Set(squeeze_dims.map((d) => fromFront(d, n)));
    return {
      output: from.filter((d, i) => {
        if (!gone.has(i)) return true;
        if (d !== null && d !== 1) refuse(`Can not squeeze dim[${i}], expected a dimension of 1, got ${d}`);
        return false;
      }),
    };
  },
  gradient: ({ output: dy }, { input }) => ({ input: reshape(dy, shapeOf(input)) }),
  reference: null,
});
export interface SqueezeOptions extends Named {
  readonly axis?: number | readonly number[] | undefined;
}
/** Takes dimensions of size 1 away: all, or those named by `axis`. @tensorflow tf.squeeze */
export function squeeze(input: TensorLike, options: SqueezeOptions | number | readonly number[] = {}): Tensor {
  const { axis, name } =
    typeof options === 'number' || Array.isArray(options)
      ? { axis: options, name: undefined }
      : (options as SqueezeOptions);
  return Squeeze({ input }, { squeeze_dims: typeof axis === 'number' ? [axis] : axis }, name).output;
}

// ---- shapes that must fit -----------------------------------------------------------------------------------------

const EnsureShape = defineOp({
  name: 'EnsureShape',
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  attrs: { shape: shape(), T: type() },
  alias: { output: 'input' },
  infer({ input }, { shape: to }) {
    try {
      return { output: merge(input.shape, to) };
    } catch (e) {
      const atRun = `Shape of tensor input ${showShape(input.shape)} is not compatible with expected shape ${showShape(to)}.`;
      throw e instanceof GraphError ? new GraphError(e.code, e.reason, { atRun }) : e;
    }
  },
  gradient: ({ output: dy }) => ({ input: dy }),
  reference: null,
});
/** Passes `input` on with a more exact static shape; a run with any other shape fails. @tensorflow tf.ensure_shape */
export function ensureShape(input: TensorLike, to: Shape, { name }: Named = {}): Tensor {
  return EnsureShape({ input }, { shape: to }, name).output;
}

const BroadcastTo = defineOp({
  name: 'BroadcastTo',
  inputs: { input: 'T', shape: 'Tidx' },
  outputs: { output: 'T' },
  attrs: { T: type(), Tidx: indexType },
  infer({ input, shape: to }, _attrs, running = false) {
    const [from, output] = [input.shape, asShape(to)];
    if (from === null || output === null) return { output };
    const lead = output.length - from.length;
    if (lead < 0) {
      refuse(
        `Shape must be at most rank ${output.length} but is rank ${from.length}`,
        `Rank of input (${from.length}) must be no greater than rank of output shape (${output.length}).`,
      );
    }
    if (running) {
      const both = isFull(from) && isFull(output) && sizeOf(output) > 0;
      if (both && !sameShape(broadcast(from, output), output))
        refuse(`Unable to broadcast tensor of shape ${showShape(from)} to tensor of shape ${showShape(output)}`);
      return { output };
    }
    return { output: output.map((d, i) => ((from[i - lead] ?? 0) > 1 ? sameDim(from[i - lead]!, d) : d)) };
  },
  gradient({ output: dy }, { input, shape: to }) {
    const from = shapeOf(input);
    const { r1 } = broadcastGradientArgs(to, from);
    const summed = reduceSum(dy, { axis: r1, keepdims: true });
    return { input: reshape(summed, from), shape: null };
  },
  reference({ input, output }) {
    const [lead, strides] = [output.shape.length - input.shape.length, stridesOf(input.shape)];
    const tables = output.shape.map((n, d) =>
      offsets(n, strides[d - lead] ?? 0, d < lead || input.shape[d - lead] === 1 ? () => 0 : undefined),
    );
    readCells(output.data, input.data, tables);
  },
});
/**
 * Repeats `input` along its dimensions of size 1, and new leading ones, until it has that shape.
 * @tensorflow tf.broadcast_to
 */
export function broadcastTo(input: TensorLike, to: TensorLike, { name }: Named = {}): Tensor {
  return BroadcastTo({ input, shape: to }, {}, name).output;
}

const BroadcastArgs = defineOp({
  name: 'BroadcastArgs',
  inputs: { s0: 'T', s1: 'T' },
  outputs: { r0: 'T' },
  attrs: { T: indexType },
  infer({ s0, s1 }) {
    const [a, b] = [s0.shape?.[0], s1.shape?.[0]];
    return { r0: [a == null || b == null ? null : Math.max(a, b)] };
  },
  gradient: 'missing',
  reference({ s0, s1, r0 }) {
    const [a, b] = [numbers(s0.data), numbers(s1.data)];
    try {
      const out = broadcast(a, b) as FullShape;
      r0.data.set(out.map((d) => cellOf(r0.dtype, d)));
    } catch {
      fail(`Incompatible shapes: ${showShape(a)} vs. ${showShape(b)}`);
    }
  },
});
/** The shape of `x + y` from the two shapes. @tensorflow tf.broadcast_dynamic_shape */
export function broadcastDynamicShape(shapeX: TensorLike, shapeY: TensorLike, { name }: Named = {}): Tensor {
  return BroadcastArgs({ s0: shapeX, s1: shapeY }, {}, name).r0;
}
/** The static shape of `x + y`; raises Value where the two do not fit. @tensorflow tf.broadcast_static_shape */
export function broadcastStaticShape(x: Shape, y: Shape): Shape {
  return broadcast(x, y);
}
