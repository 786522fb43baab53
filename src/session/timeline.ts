/** @file When things happen in a run: a position for every op, and the last use of every tensor. */
import type { Operation, Tensor } from '../graph/operation';
import { Frame } from './order';
import type { Facts } from './specialize';

export interface Timeline {
  /** All ops in the order of the run, those of loops in their place. */
  readonly nodes: readonly Operation[];
  readonly at: ReadonlyMap<Operation, number>;
  readonly home: ReadonlyMap<Operation, Frame>;
  /** First position and the one after the last. */
  readonly span: ReadonlyMap<Frame, readonly [start: number, end: number]>;
  /** Position of the last reader, of aliases too; END for what is fetched. */
  readonly lastUse: ReadonlyMap<Tensor, number>;
}

/** The input whose bytes an output is, as far as the definition and the shapes say. */
export function aliasOf(op: Operation, index: number, facts: Facts): Tensor | undefined {
  const { def } = op;
  if (def.flow === 'enter' || def.flow === 'exit' || def.flow === 'next') return op.inputs[0];
  if (def.alias) {
    const source = def.alias[Object.keys(def.outputs)[index]!];
    if (source === undefined || facts.errors.has(op)) return undefined;
    const names = Object.keys(def.inputs);
    if (def.aliasWhen) {
      const known = op.inputs.map((t) => facts.of.get(t)!);
      const bag = Object.fromEntries(names.map((k, i) => [k, known[i]])) as never;
      if (!def.aliasWhen(bag, op.attrs as never)) return undefined;
    }
    return op.inputs[names.indexOf(source as string)];
  }
  return op.outputs[index]!.isRef ? (writtenInputs(op)[0] ?? op.inputs[0]) : undefined;
}

/** The Ref or resource inputs an op writes, as its definition says. */
export function writtenInputs({ def, inputs }: Operation): Tensor[] {
  const { assigns, updates } = def;
  if (assigns === undefined && updates === undefined) return [];
  const names = Object.keys(def.inputs);
  const keys = [...(assigns === undefined ? [] : [assigns]), ...(updates === undefined ? [] : [updates].flat())];
  return keys.map((k) => inputs[names.indexOf(k as string)]!);
}

export function timeline(root: Frame, fetches: readonly Tensor[], fed: ReadonlySet<Tensor>, facts: Facts): Timeline {
  const nodes: Operation[] = [];
  const at = new Map<Operation, number>();
  const home = new Map<Operation, Frame>();
  const span = new Map<Frame, readonly [number, number]>();
  const number = (frame: Frame): void => {
    const start = nodes.length;
    for (const unit of frame.units) {
      if (unit instanceof Frame) number(unit);
      else {
        at.set(unit, nodes.push(unit) - 1);
        home.set(unit, frame);
      }
    }
    span.set(frame, [start, nodes.length]);
  };
  number(root);

  /** Position `p` of a use inside `user`, as seen from `owner`: a use in an inner loop lasts as long as the loop. */
  const seen = (p: number, user: Frame, owner: Frame): number => {
    let inner = user;
    if (inner === owner) return p;
    while (inner.parent && inner.parent !== owner) inner = inner.parent;
    return inner.parent === owner ? span.get(inner)![1] : p;
  };

  const lastUse = new Map<Tensor, number>(fetches.map((t) => [t, nodes.length]));
  for (let i = nodes.length - 1; i >= 0; i--) {
    const op = nodes[i]!;
    const frame = home.get(op)!;
    const own = op.def.flow === 'next' || op.def.flow === 'exit' ? span.get(frame)![1] : i;
    const through = new Map<Tensor, number>();
    op.outputs.forEach((out, k) => {
      const source = aliasOf(op, k, facts);
      if (source) through.set(source, Math.max(through.get(source) ?? 0, lastUse.get(out) ?? 0));
    });
    // A Merge may hand its live input on as it is.
    if (op.def.flow === 'merge') for (const t of op.inputs) through.set(t, lastUse.get(op.outputs[0]!) ?? 0);
    for (const t of op.inputs) {
      const made = home.get(t.op)!;
      const owner = fed.has(t) ? root : t.op.def.flow === 'exit' ? made.parent! : made;
      const p = op.def.flow === 'exit' || op.def.flow === 'next' ? own : Math.max(own, through.get(t) ?? 0);
      lastUse.set(t, Math.max(lastUse.get(t) ?? 0, seen(p, frame, owner)));
    }
  }
  return { nodes, at, home, span, lastUse };
}

/**
 * Which variable a tensor is, bytes and all: ref buffers and what only passes them on, and handles. Loops are followed
 * round: a loop variable that never changes is still the variable.
 */
export function traceVariables({ nodes }: Timeline, fed: ReadonlySet<Tensor>, facts: Facts): Map<Tensor, Operation> {
  /** Merges that turned out to mix things. */
  const mixed = new Set<Operation>();
  for (;;) {
    const roots = new Map<Tensor, Operation>();
    const rootOf = (t: Tensor) => (fed.has(t) ? undefined : roots.get(t));
    for (const op of nodes) {
      if (op.def.source === 'ref' || op.def.source === 'handle') roots.set(op.outputs[0]!, op);
      else if (op.def.flow === 'merge') {
        const [first, ...rest] = op.inputs.filter((t) => t.op.def.flow !== 'next').map(rootOf);
        if (first && !mixed.has(op) && rest.every((r) => r === first)) roots.set(op.outputs[0]!, first);
      } else {
        op.outputs.forEach((t, i) => {
          const source = aliasOf(op, i, facts);
          const root = source && rootOf(source);
          if (root) roots.set(t, root);
        });
      }
    }
    const wrong = nodes.filter((op) => {
      const root = op.def.flow === 'merge' ? roots.get(op.outputs[0]!) : undefined;
      return root && op.inputs.some((t) => rootOf(t) !== root);
    });
    if (wrong.length === 0) {
      for (const t of fed) roots.delete(t);
      return roots;
    }
    for (const op of wrong) mixed.add(op);
  }
}
