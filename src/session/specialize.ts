/** @file What is known of every tensor once the feeds' shapes are: shapes, and the values of constants. */
import { GraphError } from '../errors';
import { evaluate, HostSlot, isPure } from '../graph/fold';
import { flatShapes, type Known, toBag } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import type { Cells } from '../value/dtype';
import { type FullShape, isFull, meet, type Shape, sameShape, sizeOf } from '../value/shape';
import { Frame } from './order';

/** Larger results are computed at each run instead of being kept. */
const FOLD_LIMIT = 65536;

export interface Fact extends Known {
  /** The cells, when they are the same in every run. */
  readonly cells?: Cells | undefined;
}

/** Facts by tensor, and the ops that must fail when they run. */
export interface Facts {
  readonly of: Map<Tensor, Fact>;
  readonly errors: Map<Operation, GraphError>;
}

/** The cells of constants, shared by all plans. */
const constants = new WeakMap<Operation, readonly HostSlot[]>();

export function specialize(
  root: Frame,
  feeds: ReadonlyMap<Tensor, Known>,
  shapeOfVariable: (op: Operation) => Shape,
): Facts {
  const of = new Map<Tensor, Fact>(feeds);
  const errors = new Map<Operation, GraphError>();
  /** What a loop's Merge may assume of its shape, given all that came round so far. */
  const relaxed = new Map<Operation, Shape>();

  const visit = (op: Operation): void => {
    const { def } = op;
    errors.delete(op);
    const inputs = op.inputs.map((t) => of.get(t));
    if (def.flow === 'merge') {
      const shapes = inputs.filter((f) => f !== undefined).map((f) => f.shape);
      const shape = relaxed.has(op) ? relaxed.get(op)! : shapes.reduce((a, b) => meet(a, b));
      const handle = inputs.find((f) => f?.handle)?.handle;
      set(op.outputs[0]!, { dtype: op.outputs[0]!.dtype, shape, handle });
      if (op.outputs[1]) set(op.outputs[1], { dtype: 'int32', shape: [] });
      return;
    }
    if (def.source === 'ref') {
      set(op.outputs[0]!, { dtype: op.outputs[0]!.dtype, shape: shapeOfVariable(op) });
    } else if (def.source === 'handle') {
      const { handle } = op.outputs[0]!;
      const known = handle && { dtype: handle.dtype, shape: shapeOfVariable(op) };
      set(op.outputs[0]!, { dtype: 'resource', shape: [], handle: known });
    } else inferOne(op, inputs as Fact[]);
  };

  const inferOne = (op: Operation, inputs: readonly Fact[]): void => {
    const { def, attrs } = op;
    const bag = toBag(def.inputs, inputs, attrs) as never;
    let shapes: Shape[];
    try {
      shapes = flatShapes(def, attrs, def.infer(bag, attrs as never, true));
    } catch (e) {
      if (!(e instanceof GraphError)) throw e;
      errors.set(
        op,
        new GraphError(e.atRun || e.code === 'Value' ? 'InvalidArgument' : e.code, e.atRun ?? e.reason, {
          op: op.name,
        }),
      );
      for (const t of op.outputs) set(t, { dtype: t.dtype, shape: null });
      return;
    }
    const outs = Object.keys(def.outputs);
    op.outputs.forEach((t, i) => {
      const from = def.alias?.[outs[i]!];
      const passed =
        from !== undefined && def.flow !== 'enter' && !def.stateful && def.aliasWhen?.(bag, attrs as never) !== false;
      const through = passed ? inputs[Object.keys(def.inputs).indexOf(from as string)] : undefined;
      const isHandle = t.dtype === 'resource' || t.dtype === 'variant';
      const handle = isHandle ? (def.handle ? def.handle(bag, attrs as never) : inputs[0]?.handle) : undefined;
      const partial = through?.value ?? def.partial?.(bag, attrs as never, i);
      const shape = shapes[i] ?? null;
      const { value } = through ?? {};
      const cells = isFull(shape) ? through?.cells : undefined;
      set(t, { dtype: t.dtype, shape, value, cells, partial, handle });
    });
    const { puts } = def;
    const at = (key: unknown): Fact => inputs[Object.keys(def.inputs).indexOf(key as string)]!;
    if (puts) at(puts.into).handle?.elements?.push(at(puts.value).shape);
    if (isPure(def)) fold(op, inputs);
  };

  const set = (t: Tensor, fact: Fact): void => {
    if (!feeds.has(t)) of.set(t, fact);
  };

  const fold = (op: Operation, inputs: readonly Fact[]): void => {
    const { def } = op;
    const shapes = op.outputs.map((t) => of.get(t)!.shape);
    let outs = constants.get(op);
    if (!outs) {
      const enough = def.shapeOnly ? inputs.every((f) => isFull(f.shape)) : inputs.every((f) => f.cells);
      const small = shapes.every((s) => !isFull(s) || sizeOf(s) <= FOLD_LIMIT);
      if (!enough || (!small && op.inputs.length > 0)) return;
      try {
        outs = evaluate(
          op,
          inputs.map((f) => new HostSlot(f.dtype, f.shape as FullShape, f.cells ?? [])),
          shapes,
        );
      } catch (e) {
        if (e instanceof GraphError) return; // the run will say it, at the right moment
        throw e;
      }
      if (op.inputs.length === 0) constants.set(op, outs);
    }
    outs.forEach((out, i) => {
      const small = out.size <= 1024 && out.dtype !== 'string';
      const value = small ? Array.from(out.data, Number) : undefined;
      set(op.outputs[i]!, { dtype: out.dtype, shape: out.shape, value, partial: value, cells: out.data });
    });
  };

  const walk = (frame: Frame): void => {
    for (let stable = false; !stable; ) {
      for (const unit of frame.units) unit instanceof Frame ? walk(unit) : visit(unit);
      stable = true;
      if (frame.parent === null) return;
      for (const op of frame.units) {
        if (op instanceof Frame || op.def.flow !== 'merge') continue;
        const assumed = of.get(op.outputs[0]!)!.shape;
        const found = op.inputs.map((t) => of.get(t)?.shape ?? null).reduce(meet, assumed);
        if (sameShape(assumed, found)) continue;
        relaxed.set(op, found);
        stable = false;
      }
    }
  };
  walk(root);
  return { of, errors };
}
