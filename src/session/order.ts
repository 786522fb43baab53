/** @file What has to run, and in which order: pruning, loop frames, and one total order with every loop in one piece. */
import { GraphError } from '../errors';
import type { Operation, Tensor } from '../graph/operation';
import { Heap } from './heap';

/** A while loop, or the whole graph (parent null). Loops lie inside each other as blocks do in a program. */
export class Frame {
  readonly name: string;
  readonly parent: Frame | null;
  units: (Operation | Frame)[] = [];
  /** The age of its oldest op. */
  id = Number.POSITIVE_INFINITY;
  /** How many of the units, which come first, may run for several rounds before the others do. 0: all at once. */
  ahead = 0;

  constructor(name: string, parent: Frame | null) {
    this.name = name;
    this.parent = parent;
  }
}

/** A placeholder that is fed is gone for good: not even control edges reach it. Other fed ops stay behind those. */
const isGone = (op: Operation, fed: ReadonlySet<Tensor>): boolean =>
  op.def.source === 'placeholder' && fed.has(op.outputs[0]!);

/** Keeps what fetches and targets need; a feed cuts the data edges out of it. What is done already stays out. */
export function prune(
  fetches: readonly Tensor[],
  targets: readonly Operation[],
  fed: ReadonlySet<Tensor>,
  done?: ReadonlySet<Operation>,
): Set<Operation> {
  const kept = new Set<Operation>();
  const todo = [...targets, ...fetches.filter((t) => !fed.has(t)).map((t) => t.op)];
  for (let op = todo.pop(); op; op = todo.pop()) {
    if (kept.has(op) || isGone(op, fed) || done?.has(op)) continue;
    kept.add(op);
    for (const t of op.inputs) if (!fed.has(t)) todo.push(t.op);
    for (const c of op.controlInputs) todo.push(c);
  }
  return kept;
}

/** The ops that must be done before `op`, except what comes round from the last iteration. */
function predecessors(op: Operation, kept: ReadonlySet<Operation>, fed: ReadonlySet<Tensor>): Set<Operation> {
  const found = new Set<Operation>();
  for (const t of op.inputs) if (!fed.has(t) && t.op.def.flow !== 'next') found.add(t.op);
  for (const c of op.controlInputs) if (kept.has(c) && c.def.flow !== 'next') found.add(c);
  return found;
}

/** Kahn's algorithm; of what is ready, the least delayed first, then the smallest id. */
function sort<N extends { readonly id: number }>(
  nodes: readonly N[],
  needs: (n: N) => Iterable<N>,
  delay: (n: N) => number,
): N[] {
  const missing = new Map<N, number>();
  const users = new Map<N, N[]>();
  for (const n of nodes) {
    let count = 0;
    for (const p of needs(n)) {
      count++;
      const list = users.get(p);
      if (list) list.push(n);
      else users.set(p, [n]);
    }
    missing.set(n, count);
  }
  const ready = [new Heap<N>(), new Heap<N>(), new Heap<N>()];
  const next = (): N | undefined => ready[0]!.pop() ?? ready[1]!.pop() ?? ready[2]!.pop();
  for (const n of nodes) if (missing.get(n) === 0) ready[delay(n)]!.push(n);
  const order: N[] = [];
  for (let n = next(); n; n = next()) {
    order.push(n);
    for (const user of users.get(n) ?? []) {
      const left = missing.get(user)! - 1;
      missing.set(user, left);
      if (left === 0) ready[delay(user)]!.push(user);
    }
  }
  return order;
}

/**
 * What waits while anything else can run. Reads of resource variables: where nothing orders a read and a write, the read
 * sees what was written, as it did in TensorFlow's single-threaded executor. Placeholders, which stand here only if they
 * were not fed: what does not need them is done before they fail, as TensorFlow's parallel executor does.
 */
const delayOf = (unit: Operation | Frame): 0 | 1 | 2 =>
  unit instanceof Frame ? 0 : unit.def.source === 'placeholder' ? 2 : unit.def.reads !== undefined ? 1 : 0;

/** The kept ops as nested blocks, each in an order that respects all edges; ties go to the op made first. */
export function arrange(kept: ReadonlySet<Operation>, fed: ReadonlySet<Tensor>): Frame {
  const ops = [...kept];
  const order = sort(ops, (op) => predecessors(op, kept, fed), delayOf);
  if (order.length < ops.length) {
    const done = new Set(order);
    const stuck = ops.filter((op) => !done.has(op));
    const names = stuck.slice(0, 3).map((op) => op.name);
    throw new GraphError(
      'InvalidArgument',
      `Graph is invalid, contains a cycle with ${stuck.length} nodes, including: ${names.join(', ')}`,
      { op: names[0] },
    );
  }
  const root = new Frame('', null);
  if (!order.some((op) => op.def.flow === 'enter')) {
    root.units = order;
    return root;
  }
  nest(order, placeInFrames(order, kept, fed, root), kept, fed, root);
  return root;
}

/** TensorFlow assigns each op to one frame, which follows from its inputs. */
function placeInFrames(
  order: readonly Operation[],
  kept: ReadonlySet<Operation>,
  fed: ReadonlySet<Tensor>,
  root: Frame,
): Map<Operation, Frame> {
  const frames = new Map<string, Frame>();
  const frameOf = new Map<Operation, Frame>();
  for (const op of order) {
    let frame: Frame | undefined;
    let from: Operation | undefined;
    for (const p of predecessors(op, kept, fed)) {
      const inside = frameOf.get(p)!;
      const outside = p.def.flow === 'exit' ? (inside.parent ?? inside) : inside;
      if (frame && frame !== outside) {
        throw new GraphError(
          'InvalidArgument',
          `The node '${op.name}' has inputs from different frames. The input '${from!.name}' is in frame '${frame.name}'. The input '${p.name}' is in frame '${outside.name}'.`,
          { op: op.name },
        );
      }
      [frame, from] = [outside, p];
    }
    frame ??= root;
    if (op.def.flow === 'enter') {
      const name = String((op.attrs as Record<string, unknown>).frame_name);
      const key = `${frame.name}/${name}`;
      const outer = frame;
      frame = frames.get(key) ?? new Frame(frame === root ? name : key, outer);
      frames.set(key, frame);
    }
    frame.id = Math.min(frame.id, op.id);
    frameOf.set(op, frame);
  }
  return frameOf;
}

/** Lifts each edge to two neighbours in the innermost block that holds both, and sorts every block. */
function nest(
  order: readonly Operation[],
  frameOf: ReadonlyMap<Operation, Frame>,
  kept: ReadonlySet<Operation>,
  fed: ReadonlySet<Tensor>,
  root: Frame,
): void {
  const chains = new Map<Frame, Frame[]>();
  const chain = (frame: Frame): Frame[] => {
    let found = chains.get(frame);
    if (!found) {
      found = frame.parent ? [...chain(frame.parent), frame] : [frame];
      chains.set(frame, found);
    }
    return found;
  };
  const needs = new Map<Operation | Frame, Set<Operation | Frame>>();
  const members = new Map<Frame, Set<Operation | Frame>>([[root, new Set()]]);
  for (const op of order) {
    const mine = chain(frameOf.get(op)!);
    mine.forEach((f, i) => {
      const set = members.get(f) ?? new Set();
      members.set(f, set.add(mine[i + 1] ?? op));
    });
    for (const p of predecessors(op, kept, fed)) {
      const theirs = chain(frameOf.get(p)!);
      let common = 0;
      while (theirs[common] !== undefined && theirs[common] === mine[common]) common++;
      const [from, to] = [theirs[common] ?? p, mine[common] ?? op];
      if (from === to) continue;
      const set = needs.get(to) ?? new Set();
      needs.set(to, set.add(from));
    }
  }
  for (const [frame, units] of members) {
    frame.units = sort([...units], (u) => needs.get(u) ?? [], delayOf);
    if (frame.units.length < units.size) {
      throw new GraphError('InvalidArgument', `Graph is invalid, contains a cycle through loop '${frame.name}'.`);
    }
    if (frame !== root) runAhead(frame, (u) => needs.get(u) ?? []);
  }
}

/** The op that makes the variable behind a handle. */
function handleOf(op: Operation): Operation {
  let from = op;
  while (!from.def.source && from.inputs[0]) from = from.inputs[0].op;
  return from;
}

/**
 * TensorFlow overlaps the rounds of a loop. It shows where a round reads a resource variable that later rounds write: what
 * the next rounds do not wait for comes last, behind the writes of as many rounds as may run in parallel.
 */
function runAhead(frame: Frame, needs: (unit: Operation | Frame) => Iterable<Operation | Frame>): void {
  const ops = frame.units.filter((u) => !(u instanceof Frame)) as Operation[];
  const written = new Set(ops.filter((op) => op.def.assigns ?? op.def.updates).map(handleOf));
  const racing = ops.filter((op) => op.def.reads !== undefined && written.has(handleOf(op)));
  if (racing.length === 0) return;
  const behind = new Set<Operation | Frame>(racing);
  for (let size = 0; size < behind.size; ) {
    size = behind.size;
    for (const unit of frame.units) {
      const before = [...needs(unit)];
      if (!(unit instanceof Frame) && unit.def.flow === 'merge') before.push(...unit.inputs.map((t) => t.op));
      if (before.some((u) => behind.has(u))) behind.add(unit);
    }
  }
  const first = frame.units.filter((u) => !behind.has(u));
  if (!first.some((u) => !(u instanceof Frame) && u.def.flow === 'next')) return; // each round waits for the read
  frame.units = [...first, ...frame.units.filter((u) => behind.has(u))];
  frame.ahead = first.length;
}
