/** @file What the graph needs to know of a cond or while under construction. */
import { GraphError } from '../errors';
import type { Operation } from './operation';

/** A branch of tf.cond or the inside of tf.whileLoop; ops made in it are shown to it. */
export interface ControlFlowContext {
  readonly name: string;
  readonly outer: ControlFlowContext | null;
  readonly isWhile: boolean;
  /** Called for each op made while the context is open: captures outside inputs, adds pivots. */
  addOp(op: Operation): void;
  /** Called by inner contexts for ops made in them. */
  addInnerOp(op: Operation): void;
}

/** The innermost while context an op lies in; an Exit already lies outside of its own. */
export function whileContextOf(op: Operation): ControlFlowContext | null {
  let context = op.def.flow === 'exit' ? (op.context?.outer ?? null) : op.context;
  while (context && !context.isWhile) context = context.outer;
  return context;
}

const contains = (outer: ControlFlowContext, context: ControlFlowContext | null): boolean => {
  for (let c = context; c; c = c.outer) if (c === outer) return true;
  return false;
};

/** Refuses an input that lies inside a loop the op does not lie in. */
export function checkInput(op: Operation, input: Operation): void {
  const from = whileContextOf(input);
  if (!from || op.def.flow === 'exit') return;
  if (op.def.flow === 'merge' && input.def.flow === 'next') return;
  let at: ControlFlowContext | null = op.context;
  while (at && !at.isWhile) at = at.outer;
  if (contains(from, op.context)) return;
  const where = !at ? 'is in a while loop' : 'they are in different while loops';
  const subject = at ? '' : `'${input.name}' `;
  throw new GraphError(
    'Value',
    `Cannot use '${input.name}' as input to '${op.name}' because ${subject}${where}. See info log for more details.`,
    { op: op.name },
  );
}
