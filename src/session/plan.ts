/** @file Compiles (fetches, targets, feed shapes) to a plan: order, facts, timeline, layout, steps. */
import { GraphError } from '../errors';
import type { Known, Site } from '../graph/opdef';
import type { Operation, Tensor } from '../graph/operation';
import { VariableSlot } from '../kernels/memory';
import type { Shape } from '../value/shape';
import { Value } from '../value/value';
import { emit } from './emit';
import { layOut, type State } from './layout';
import { arrange, prune } from './order';
import { checkReady, runBlock, running } from './run';
import { specialize } from './specialize';
import { timeline } from './timeline';

export interface Plan {
  run(feeds: readonly Value[]): Value[];
  /** What runs. */
  readonly ops: ReadonlySet<Operation>;
  /** Bytes of the shared arena, and how many ops one run takes. */
  readonly arena: number;
  readonly steps: number;
  dispose(): void;
}

export interface PlanState extends State {
  site(op: Operation): Site;
  shapeOfVariable(op: Operation): Shape;
}

export function compile(
  fetches: readonly Tensor[],
  targets: readonly Operation[],
  feeds: ReadonlyMap<Tensor, Known>,
  state: PlanState,
  done?: ReadonlySet<Operation>,
): Plan {
  const fed = new Set(feeds.keys());
  const ops = prune(fetches, targets, fed, done);
  const root = arrange(ops, fed);
  const facts = specialize(root, feeds, (op) => state.shapeOfVariable(op));
  const line = timeline(root, fetches, fed, facts);
  for (const [i, t] of fetches.entries()) {
    const frame = fed.has(t) || t.op.def.flow === 'exit' ? root : line.home.get(t.op);
    if (frame && frame !== root) {
      throw new GraphError(
        'Internal',
        `Retval[${i}] has already been set. ${t.name} has a value in each round of the loop '${frame.name}': fetch what leaves it through an Exit.`,
        { op: t.op.name },
      );
    }
  }
  const layout = layOut(line, [...fed], root, facts, state);
  const code = emit(root, line, layout, facts, fed, state);
  const { live, body } = code;
  const fedSlots = [...fed].map((t) => layout.slots.get(t)!);
  const fetched = fetches.map((t) => {
    const variable = layout.variables.get(t);
    const cell = variable && (t.isRef || t.dtype === 'resource') ? state.variable(variable) : undefined;
    return { t, slot: layout.slots.get(t)!, guard: fed.has(t) ? 0 : (code.guardOf.get(t) ?? 0), variable, cell };
  });
  return {
    ops,
    arena: layout.bytes,
    steps: code.steps,
    run(values) {
      for (let i = 0; i < fedSlots.length; i++) fedSlots[i]!.data.set(values[i]!.data);
      running.op = undefined;
      try {
        runBlock(body, live);
      } catch (e) {
        throw located(e);
      }
      return fetched.map(({ t, slot, guard, variable, cell }, i) => {
        if (live[guard] === 0) {
          throw new GraphError(
            'InvalidArgument',
            `Retval[${i}] does not have value: ${t.name} lies in a branch that was not taken. Fetch the merge.`,
          );
        }
        running.op = t.op;
        if (variable && cell) checkReady(cell, variable);
        if (t.dtype === 'resource' || t.dtype === 'variant' || (slot instanceof VariableSlot && !t.isRef)) {
          throw new GraphError(
            'InvalidArgument',
            `Tensor ${t.name} is a handle of type ${t.dtype}: it has no value to fetch.`,
          );
        }
        return new Value(t.dtype, [...slot.shape], slot.data.slice());
      });
    },
    dispose() {
      code.dispose();
      layout.dispose();
    },
  };
}

/** The error with the op it happened at. What shape functions and kernels share is no ValueError while it runs. */
function located(e: unknown): unknown {
  const name = running.op?.name;
  if (e instanceof GraphError) {
    if (e.code === 'Value') return new GraphError('InvalidArgument', e.atRun ?? e.reason, { op: e.op ?? name });
    return e.op === undefined && name !== undefined ? new GraphError(e.code, e.reason, { op: name }) : e;
  }
  if (e instanceof RangeError && /length|allocation|array/i.test(e.message)) {
    return new GraphError('ResourceExhausted', `OOM: ${e.message}`, { op: name });
  }
  return e;
}
