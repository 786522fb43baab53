/** @file The read of the step counter that all hooks of a graph share. */
import { GraphError } from '../errors';
import { type Graph, getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { Variable } from '../ops/variables';
import type { Session } from '../session/session';
import type { Value } from '../value/value';
import { getGlobalStep } from './global_step';

const READ = 'global_step_read_op_cache';

/** The step before a run's updates, or null without a step counter; as training_util._get_or_create_global_step_read. */
export function getOrCreateGlobalStepRead(graph: Graph = getDefaultGraph()): Tensor | null {
  const found = graph.getCollection<Tensor>(READ);
  if (found.length > 1) {
    throw new GraphError('Runtime', `There are multiple items in collection ${READ}. There should be only one.`);
  }
  if (found[0]) return found[0];
  const step = getGlobalStep(graph);
  if (!step) return null;
  return graph.asDefault(() =>
    graph.nameScope(null, () =>
      graph.nameScope(`${step.op.name}/`, () => {
        const value = step instanceof Variable ? step.initializedValue() : step;
        const read = value.add(0); // a copy, that later writes do not change
        graph.addToCollection(READ, read);
        return read;
      }),
    ),
  );
}
/** The same for a hook that cannot do without. */
export function stepReadFor(hook: string): Tensor {
  const read = getOrCreateGlobalStepRead();
  if (read) return read;
  throw new GraphError('Runtime', `Global step should be created to use ${hook}.`);
}

/** A scalar of a run as a number. */
export const numberOf = (value: unknown): number => Number((value as Value).item());

/** The value of the step counter in a session. @tensorflow tf.train.global_step */
export const globalStep = async (session: Session, step: Tensor | Variable): Promise<number> =>
  numberOf(await session.run(step as Tensor));
