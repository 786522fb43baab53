/** @file Means of tensors over a stream of batches. */
import type { Graph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import type { Session } from '../session/session';
import { type Nested, Value } from '../value/value';
import { isTraining } from './config';
import type { FeedDictFlow } from './data_flow';
import { rowsOf } from './feeds';

/** Means over all rows, batch by batch, with the training mode off: a number for scalars, as tflearn's evaluate_flow. */
export async function evaluateFlow(
  session: Session,
  ops: readonly Tensor[],
  flow: FeedDictFlow,
  graph: Graph,
): Promise<(number | Nested)[]> {
  await isTraining(false, { session, graph });
  flow.reset();
  const sums: Float64Array[] = [];
  const shapes: (readonly number[])[] = [];
  for (let batch = flow.next(); batch; batch = flow.next()) {
    const found = (await session.run([...ops], { feedDict: batch })) as Value[];
    const rows = rowsOf(batch);
    found.forEach((value, i) => {
      shapes[i] ??= value.shape;
      sums[i] ??= new Float64Array(value.data.length);
      const sum = sums[i];
      for (let at = 0; at < sum.length; at++) sum[at]! += Number(value.data[at]) * rows;
    });
  }
  return ops.map((_, i) => {
    const mean = Value.cells(
      'float64',
      shapes[i] ?? [],
      (sums[i] ?? new Float64Array(1)).map((x) => x / flow.rows),
    );
    return mean.shape.length === 0 ? Number(mean) : mean.toArray();
  });
}
