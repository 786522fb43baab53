/** @file Where every tensor of a plan lives: in a variable, a constant, the arena, or in room found during the run. */
import type { Operation, Tensor } from '../graph/operation';
import { Slot, Storage, type VariableSlot } from '../kernels/memory';
import { bytesOf, isHost } from '../value/dtype';
import { type FullShape, isFull, sizeOf } from '../value/shape';
import { type Life, pack } from './arena';
import type { Frame } from './order';
import type { Facts } from './specialize';
import { aliasOf, type Timeline, traceVariables, writtenInputs } from './timeline';

/** What a plan needs of its session. */
export interface State {
  /** The cells of a variable, by the op that makes it or its handle. */
  variable(op: Operation): VariableSlot;
  /** A constant's cells in linear memory, kept for all plans. */
  constant(op: Operation, fill: () => Slot): Slot;
}

export interface Layout {
  readonly slots: ReadonlyMap<Tensor, Slot>;
  /** Tensors whose shape or place only the run knows. */
  readonly late: ReadonlySet<Tensor>;
  /** The variable a tensor is: a ref buffer, something that only passes it on, or a handle. */
  readonly variables: ReadonlyMap<Tensor, Operation>;
  /** Merges that hand on whichever input is live, without a copy. */
  readonly passing: ReadonlySet<Operation>;
  /** Where ops write outputs that are fed. */
  readonly overfed: ReadonlyMap<Tensor, Slot>;
  readonly bytes: number;
  dispose(): void;
}

export function layOut(line: Timeline, feeds: readonly Tensor[], root: Frame, facts: Facts, state: State): Layout {
  const fed = new Set(feeds);
  const { nodes, at, home, span, lastUse } = line;
  const variables = traceVariables(line, fed, facts);
  const slots = new Map<Tensor, Slot>();
  const late = new Set<Tensor>();
  const passing = new Set<Operation>();
  const overfed = new Map<Tensor, Slot>();
  const lives = new Map<Storage, Life>();
  const owned: Storage[] = [];
  const factOf = (t: Tensor) => facts.of.get(t)!;
  const frameOf = (t: Tensor): Frame => (fed.has(t) ? root : home.get(t.op)!);

  // ---- writes: where each variable changes, and which ones may change their shape ----
  const writes = new Map<Operation, number[]>();
  const dynamic = new Set<Operation>();
  for (const op of nodes) {
    if (op.def.source && op.def.source !== 'placeholder') {
      const fact = factOf(op.outputs[0]!);
      if (!isFull((fact.handle ?? fact).shape)) dynamic.add(op);
    }
    for (const t of writtenInputs(op)) {
      const variable = variables.get(t);
      if (!variable) continue;
      writes.set(variable, [...(writes.get(variable) ?? []), at.get(op)!]);
      if (op.def.assigns === undefined) continue;
      const value = op.inputs[1] && factOf(op.inputs[1]).shape;
      const shape = state.variable(variable).shape;
      if (!value || !isFull(value) || value.length !== shape.length || value.some((d, i) => d !== shape[i])) {
        dynamic.add(variable);
      }
    }
  }

  const stretch = (slot: Slot, first: number, last: number): void => {
    const life = lives.get(slot.storage);
    if (life) life.last = Math.max(life.last, last);
    else lives.set(slot.storage, { first, last, bytes: slot.bytes, storage: slot.storage });
  };
  const fresh = (t: Tensor, first: number, last: number): Slot => {
    const { shape } = factOf(t);
    const slot = new Slot(t.dtype, isFull(shape) ? shape : []);
    if (!isFull(shape)) {
      late.add(t);
      owned.push(slot.storage);
    } else if (!isHost(t.dtype)) stretch(slot, first, last);
    return slot;
  };
  const shared = (t: Tensor, storage: Storage, last: number): Slot => {
    const { shape } = factOf(t);
    const life = lives.get(storage);
    if (life) life.last = Math.max(life.last, last);
    if (!isFull(shape)) {
      late.add(t);
      return new Slot(t.dtype, []);
    }
    return new Slot(t.dtype, shape, storage);
  };
  const constant = (t: Tensor): Slot => {
    const { shape, cells } = factOf(t);
    const fill = (): Slot => {
      const slot = new Slot(t.dtype, []);
      slot.resize(shape as FullShape);
      slot.data.set(cells!);
      return slot;
    };
    if (t.op.inputs.length === 0) return state.constant(t.op, fill);
    const slot = fill();
    owned.push(slot.storage);
    return slot;
  };

  /** A read by value is the variable itself, unless somebody writes it before the last reader is done. */
  const isHazard = (op: Operation, variable: Operation, last: number): boolean => {
    const frame = home.get(op)!;
    let loop = frame;
    while (loop.parent?.parent) loop = loop.parent;
    const [start, end] = loop.parent ? span.get(loop)! : [0, -1];
    const p = at.get(op)!;
    return (writes.get(variable) ?? []).some((w) => (p < w && w <= last) || (w >= start && w < end));
  };

  const takeOver = (op: Operation, p: number, frame: Frame): Slot | undefined => {
    const out = op.outputs[0]!;
    const { shape } = factOf(out);
    if (!op.def.inplace || !isFull(shape)) return undefined;
    const names = Object.keys(op.def.inputs);
    for (const key of op.def.inplace) {
      const t = op.inputs[names.indexOf(key as string)]!;
      const slot = slots.get(t)!;
      const life = lives.get(slot.storage);
      const fits = life && !late.has(t) && frameOf(t) === frame && life.last <= p;
      if (fits && slot.bytes === sizeOf(shape) * bytesOf(out.dtype)) return slot;
    }
    return undefined;
  };

  const place = (op: Operation): void => {
    const p = at.get(op)!;
    const frame = home.get(op)!;
    const [start, end] = span.get(frame)!;
    op.outputs.forEach((t, i) => {
      if (fed.has(t)) {
        if (op.def.source === 'placeholder') return;
        // Others may wait for the op, or take other outputs: it computes all the same, in whatever shape, for nobody.
        const slot = new Slot(t.dtype, []);
        owned.push(slot.storage);
        overfed.set(t, slot);
        return;
      }
      const last = Math.max(lastUse.get(t) ?? 0, p);
      const variable = variables.get(t);
      const source = aliasOf(op, i, facts);
      if (variable) {
        const cell = state.variable(variable);
        const isHandle = t.dtype === 'resource';
        if (dynamic.has(variable)) late.add(t);
        slots.set(t, isHandle || op.def.source || t.isRef ? cell : shared(t, cell.storage, last));
      } else if (factOf(t).cells) slots.set(t, constant(t));
      else if (op.def.flow === 'next' || op.def.flow === 'exit') {
        slots.set(t, fresh(t, start, Math.max(last, end)));
      } else if (op.def.flow === 'merge' && i === 0 && passesVariables(op)) {
        passing.add(op);
        late.add(t);
        slots.set(t, new Slot(t.dtype, []));
      } else if (source) {
        if (late.has(source)) {
          late.add(t);
          slots.set(t, new Slot(t.dtype, []));
        } else slots.set(t, shared(t, slots.get(source)!.storage, last));
      } else if (op.def.reads !== undefined && i === 0) {
        const key = Object.keys(op.def.inputs).indexOf(op.def.reads as string);
        const read = variables.get(op.inputs[key]!);
        if (read && !dynamic.has(read) && !isHazard(op, read, last)) {
          slots.set(t, shared(t, state.variable(read).storage, last));
        } else slots.set(t, fresh(t, p, last));
      } else {
        const over = i === 0 ? takeOver(op, p, frame) : undefined;
        if (over) {
          const slot = new Slot(t.dtype, factOf(t).shape as FullShape, over.storage);
          stretch(slot, p, last);
          slots.set(t, slot);
        } else slots.set(t, fresh(t, p, last));
      }
    });
  };
  /** A Merge of reads of different variables, or of a read and something else, hands its live input on as it is. */
  const passesVariables = (op: Operation): boolean =>
    op.inputs.every((t) => t.op.def.flow !== 'next') &&
    op.inputs.some((t) => variables.has(t) && t.dtype !== 'resource');

  for (const t of feeds) {
    const slot = fresh(t, -1, lastUse.get(t) ?? 0);
    if (isHost(t.dtype)) slot.resize(slot.shape);
    slots.set(t, slot);
  }
  for (const op of nodes) if (op.def.flow === 'next') place(op);
  for (const op of nodes) if (op.def.flow !== 'next') place(op);
  const { base, size } = pack([...lives.values()]);
  const arena = new Storage();
  arena.address = base;
  arena.owned = size;
  owned.push(arena);
  return {
    slots,
    late,
    variables,
    passing,
    overfed,
    bytes: size,
    dispose() {
      for (const storage of owned) storage.release();
    },
  };
}
