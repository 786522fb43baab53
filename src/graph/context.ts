/** @file What the graph needs to know of a cond or while under construction. */
import { GraphError } from '../errors';
import type { Operation } from './operation';

/** A branch of tf.cond or the inside of tf.whileLoop; ops made in it are shown to it. */
export interface ControlFlowContext {
  readonly name: string;
  readonly outer: ControlFlowContext | null;
  readonly isWhile: boolean;
  /** Of what lies in a loop of gradients: which loop that one goes back over. */
  readonly gradState: { readonly forwardContext: ControlFlowContext } | null;
  /** Called for each op made while the context is open: captures outside inputs, adds pivots. */
  addOp(op: Operation): void;
  /** Called by inner contexts for ops made in them. */
  addInnerOp(op: Operation): void;
}

/** The context an op's outputs lie in: those of an Exit are outside of its loop already. */
export const outputContextOf = (op: Operation): ControlFlowContext | null =>
  op.def.flow === 'exit' ? (op.context?.outer ?? null) : op.context;

/** The innermost while context among `context` and those around it. */
export function enclosingLoop(context: ControlFlowContext | null): ControlFlowContext | null {
  let at = context;
  while (at && !at.isWhile) at = at.outer;
  return at;
}

/** The innermost while context an op's outputs lie in. */
export const whileContextOf = (op: Operation): ControlFlowContext | null => enclosingLoop(outputContextOf(op));

/** Whether `context` is `outer` or inside of it; everything is inside of null. */
export function isInside(context: ControlFlowContext | null, outer: ControlFlowContext | null): boolean {
  for (let at = context; at; at = at.outer) if (at === outer) return true;
  return outer === null;
}

/** Refuses an input that lies inside a loop the op does not lie in. A loop of gradients may look into its forward loop. */
export function checkInput(op: Operation, input: Operation): void {
  const loop = enclosingLoop(op.context);
  const from = whileContextOf(input);
  if (isInside(loop, from)) return;
  const { flow } = op.def;
  if (flow === 'merge' && input.def.flow === 'next') return;
  // Enter and Switch ops that capture something are made outside of all contexts.
  if (loop === null && (flow === 'enter' || flow === 'switch')) return;
  if (loop && from && mayReach(loop, from)) return;
  const why = loop ? 'they are in different while loops' : `'${input.name}' is in a while loop`;
  throw new GraphError(
    'Value',
    `Cannot use '${input.name}' as input to '${op.name}' because ${why}. See info log for more details.`,
    { op: op.name },
  );
}

function mayReach(loop: ControlFlowContext, from: ControlFlowContext): boolean {
  const forward = loop.gradState?.forwardContext;
  if (forward && (isInside(forward, from) || forward === from.outer)) return true;
  const before = from.gradState?.forwardContext;
  return before !== undefined && (before === loop || before.gradState?.forwardContext === loop);
}
