/** @file Initial values that read other variables: rewritten to work before those are initialized. */
import { GraphKeys } from '../graph/collections';
import type { Operation, Tensor } from '../graph/operation';
import { cond } from './cond';
import { looksAtHandle } from './resource';
import { asksIfInitialized, isVariableInitialized } from './state';
import type { Variable } from './variable';

/** The value if the variable is initialized, else its initial value: as Variable.initialized_value. */
export function initializedValue(variable: Variable): Tensor {
  return variable.graph.initScope(() =>
    cond(
      isVariableInitialized(variable),
      () => variable.readValue(),
      () => variable.initialValue!,
    ),
  ) as Tensor;
}

/**
 * Copies the ops between `initial` and the variables it reads, as `<op>_<scope>`, and lets the copies read the
 * variables' initialized values. A graph with a loop in it is left as it is.
 */
export function guardInitialValue(scope: string, initial: Tensor): Tensor {
  if (hasCycle(initial.op)) return initial;
  const done = new Map<Operation, Operation>();
  const steps: { readonly op: Operation; next: number }[] = [{ op: initial.op, next: 0 }];
  for (let step = steps.at(-1); step; step = steps.at(-1)) {
    const { op } = step;
    const input = isLeaf(op) ? undefined : op.inputs[step.next++];
    if (!input) {
      done.set(op, done.get(op) ?? safe(scope, op, done));
      steps.pop();
    } else if (!done.has(input.op)) steps.push({ op: input.op, next: 0 });
  }
  return done.get(initial.op)!.outputs[initial.index]!;
}

/** Ops that guard themselves, and variables. */
const guardsItself = (op: Operation): boolean => asksIfInitialized(op) || looksAtHandle(op);
const isVariable = (op: Operation): boolean => op.def.source === 'ref' || op.def.source === 'handle';
const isLeaf = (op: Operation): boolean => guardsItself(op) || isVariable(op);

function safe(scope: string, op: Operation, done: ReadonlyMap<Operation, Operation>): Operation {
  if (guardsItself(op)) return op;
  if (isVariable(op)) return variableOf(op)?.initializedValue().op ?? op;
  const inputs = op.inputs.map((t) => done.get(t.op)!.outputs[t.index]!);
  if (inputs.every((t, i) => t === op.inputs[i])) return op;
  const name = `${op.name}_${scope}`.replaceAll(':', '_');
  // A branch on a ref becomes a branch on the value that took the ref's place.
  if (op.def.flow === 'switch' && op.outputs[0]!.isRef) {
    return op.graph.createOp('Switch', inputs, { ...op.attrs }, { name });
  }
  const outputTypes = op.outputs.map((t) => [t.dtype, t.isRef] as const);
  return op.graph.createOp(op.type, inputs, { ...op.attrs }, { name, def: op.def, outputTypes });
}

function variableOf(op: Operation): Variable | undefined {
  for (const key of [GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES]) {
    const found = op.graph.getCollection<Variable>(key).find((v) => v.name === op.name || v.name === `${op.name}:0`);
    if (found) return found;
  }
  return undefined;
}

/** Whether one can get from an op back to it, by data or control edges. */
function hasCycle(start: Operation): boolean {
  const finished = new Set<Operation>();
  const open = new Set<Operation>([start]);
  const path = [{ op: start, next: [...start.inputs.map((t) => t.op), ...start.controlInputs] }];
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const op = top.next.shift();
    if (!op) {
      open.delete(top.op);
      finished.add(top.op);
      path.pop();
    } else if (open.has(op)) return true;
    else if (!finished.has(op)) {
      open.add(op);
      path.push({ op, next: [...op.inputs.map((t) => t.op), ...op.controlInputs] });
    }
  }
  return false;
}
