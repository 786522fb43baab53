/** @file The same steps, run here. */
import * as tf from '../../src';
import type { Outcome, Step } from './reference';

export async function runSteps(graph: tf.Graph, steps: readonly Step[]): Promise<Outcome[]> {
  const session = new tf.Session({ graph });
  const outcomes: Outcome[] = [];
  for (const { fetch, target, feed } of steps) {
    const fetches = [...fetch, ...target.map((t) => graph.getOperationByName(t))];
    try {
      const values = (await session.run(fetches, { feedDict: new Map(Object.entries(feed)) })) as tf.Value[];
      outcomes.push({ values: values.slice(0, fetch.length) });
    } catch (e) {
      const own = e instanceof tf.GraphError;
      outcomes.push({
        code: own ? `${e.code}Error` : 'a crash',
        message: own ? e.message : String((e as Error).stack ?? e),
      });
    }
  }
  session.close();
  return outcomes;
}
