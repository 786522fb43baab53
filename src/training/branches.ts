/** @file Finds what waits for an update in a branch of a conditional from outside of it, and is dead when it is not taken. */
import { isInside } from '../graph/context';
import type { Operation, Tensor } from '../graph/operation';

/** What must hold for an op to run: the name of a predicate, and which of its branches. */
type Conditions = ReadonlySet<string>;
const NONE: Conditions = new Set();

/** A loop's own Switches say when it ends, not whether something runs. */
const isBranch = ({ def, inputs }: Operation): boolean => def.flow === 'switch' && inputs[1]?.op.type !== 'LoopCond';

/** Several Switches ask for one predicate, some through an Identity. */
function conditionOf({ op, index }: Tensor): string {
  let pred = op.inputs[1]!;
  while (pred.op.def.alias && pred.op.inputs.length === 1) pred = pred.op.inputs[0]!;
  return `${pred.name} ${index}`;
}

function union(sets: readonly Conditions[]): Conditions {
  const [first = NONE, ...rest] = sets.filter((s) => s.size > 0);
  const more = rest.flatMap((s) => [...s]).filter((t) => !first.has(t));
  return more.length === 0 ? first : new Set([...first, ...more]);
}
/** A Merge is live when any of its inputs is. */
function intersection([first = NONE, ...rest]: readonly Conditions[]): Conditions {
  return rest.length === 0 ? first : new Set([...first].filter((t) => rest.every((s) => s.has(t))));
}

/** What an op waits for, but for what comes round in a loop. */
const before = ({ inputs, controlInputs }: Operation): Operation[] =>
  [...inputs.map((t) => t.op), ...controlInputs].filter((p) => p.def.flow !== 'next');

/** An op that waits for another from outside of the branch that one lies in. */
export interface DeadControl {
  readonly waits: Operation;
  readonly on: Operation;
  /** The name of the branch's predicate. */
  readonly pred: string;
}

/** The control edges of a plan that lead out of a branch, from ops that `counts` holds for. */
export function deadControls(ops: ReadonlySet<Operation>, counts: (op: Operation) => boolean): DeadControl[] {
  const result: DeadControl[] = [];
  if (![...ops].some(isBranch)) return result;
  const conditions = new Map<Operation, Conditions>();
  const of = (op: Operation): Conditions => conditions.get(op) ?? NONE;
  const settle = (op: Operation): void => {
    const data = op.inputs
      .filter((t) => t.op.def.flow !== 'next')
      .map((t) => (isBranch(t.op) ? union([of(t.op), new Set([conditionOf(t)])]) : of(t.op)));
    const isLocal = (on: Operation): boolean => on.context !== null && isInside(op.context, on.context);
    const watched = counts(op) ? [] : op.controlInputs.filter((c) => counts(c) && !isLocal(c));
    const plain = op.controlInputs.filter((c) => !watched.includes(c));
    const own = union([op.def.flow === 'merge' ? intersection(data) : union(data), ...plain.map(of)]);
    conditions.set(op, own);
    for (const on of watched) {
      const outside = [...of(on)].find((c) => !own.has(c));
      if (outside) result.push({ waits: op, on, pred: outside.split(' ')[0]! });
    }
  };
  for (const start of ops) {
    const todo = [start];
    for (let op = todo.at(-1); op; op = todo.at(-1)) {
      const missing = conditions.has(op) ? [] : before(op).filter((p) => ops.has(p) && !conditions.has(p));
      todo.push(...missing);
      if (missing.length > 0) continue;
      if (!conditions.has(op)) settle(op);
      todo.pop();
    }
  }
  return result;
}
