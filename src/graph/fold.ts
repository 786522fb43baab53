/** @file Results that are the same in every run: computed on the host, while the graph is built or a plan is made. */
import { GraphError } from '../errors';
import type { Slot } from '../kernels/memory';
import { arrayOf, bytesOf, type Cells, cellOf, type DType, isBig, isHost } from '../value/dtype';
import { type FullShape, isFull, type Shape, sizeOf } from '../value/shape';
import { type AnyDef, flatShapes, type Known, toBag } from './opdef';
import type { Operation } from './operation';

/** Shapes, axes, flags: nothing larger decides how a graph is built. */
const LIMIT = 1024;
const DECIDING: readonly DType[] = ['int32', 'int64', 'bool'];

/** A tensor as kernels see it, with cells of its own outside of linear memory. */
export class HostSlot {
  readonly dtype: DType;
  shape: FullShape;
  data: Cells;
  readonly ptr = 0;

  constructor(dtype: DType, shape: FullShape, cells?: ArrayLike<number>) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = new (arrayOf(dtype))(cells || shape.includes(-1) ? 0 : sizeOf(shape));
    if (cells) this.data = cells as Cells;
  }
  get size(): number {
    return sizeOf(this.shape);
  }
  get bytes(): number {
    return this.size * bytesOf(this.dtype);
  }
  resize(shape: FullShape): void {
    this.shape = shape;
    this.data = new (arrayOf(this.dtype))(sizeOf(shape));
  }
}

/** Whether the definition allows to know its results before a run. */
export const isPure = (def: AnyDef): boolean => !def.stateful && !def.flow && !def.source && def.reference !== null;

/** Runs the reference on host cells. Outputs of unknown shape are resized by the reference. */
export function evaluate(op: Operation, ins: readonly HostSlot[], shapes: readonly Shape[]): HostSlot[] {
  const outs = op.outputs.map(
    (t, i) => new HostSlot(t.dtype, isFull(shapes[i] ?? null) ? (shapes[i] as FullShape) : [-1]),
  );
  const bag = { ...toBag(op.def.inputs, ins, op.attrs), ...toBag(op.def.outputs, outs, op.attrs) };
  (op.def.reference as (t: Record<string, unknown>, attrs: unknown) => void)(
    bag as unknown as Record<string, Slot>,
    op.attrs,
  );
  return outs;
}

/** The cells of an op's outputs as numbers, where shapes, axes and flags are concerned: TensorFlow's shape refiner does so. */
export function fold(op: Operation, inputs: readonly Known[]): (readonly number[] | undefined)[] {
  const { def, outputs } = op;
  if (!isPure(def) || !outputs.every((t) => DECIDING.includes(t.dtype))) return [];
  if (!outputs.every((t) => !isFull(t.shape) || sizeOf(t.shape) <= LIMIT)) return [];
  // Of values without a full shape the number is known, and so is the shape of vectors.
  const settled = (x: Known): boolean => isFull(x.shape) || (x.value !== undefined && x.shape?.length === 1);
  if (!inputs.every((x) => settled(x) && (def.shapeOnly || x.value))) return [];
  const ins = inputs.map((x) => {
    const size = x.value?.length ?? 0;
    const shape = isFull(x.shape) ? x.shape : [size];
    const cells = new (arrayOf(x.dtype))(isHost(x.dtype) ? 0 : size);
    x.value?.forEach((v, i) => {
      cells[i] = isBig(x.dtype) ? cellOf(x.dtype, v) : v;
    });
    return new HostSlot(x.dtype, shape, cells);
  });
  try {
    const facts = ins.map(({ dtype, shape }, i) => ({
      dtype,
      shape,
      value: inputs[i]!.value,
      partial: inputs[i]!.value,
    }));
    const shapes = flatShapes(def, op.attrs, def.infer(toBag(def.inputs, facts, op.attrs) as never, op.attrs as never));
    const outs = evaluate(op, ins, shapes);
    return outs.some((out) => !isFull(out.shape) || out.shape.includes(-1))
      ? []
      : outs.map((out) => Array.from(out.data, Number));
  } catch (e) {
    if (e instanceof GraphError || e instanceof RangeError) return []; // the run will say what is wrong
    throw e;
  }
}
