/** @file Where a difference begins: the first operation, in the order of the graph, whose output differs. */
import type * as tf from '../../src';
import { compareValues } from './compare';
import { runSteps } from './engine';
import type { Made } from './generate';
import type { Reference, Step } from './reference';

const VALUES = ['float32', 'float64', 'int32', 'int64', 'bool'];
const show = (v: tf.Value): string =>
  `${v.dtype}[${v.shape}] ${Array.from(v.data as ArrayLike<unknown>)
    .slice(0, 6)
    .join(' ')}${v.data.length > 6 ? ' ...' : ''}`;

/** Inputs before what is computed from them; loops are cut where they go back. */
function topological(roots: readonly tf.Operation[], cut: ReadonlySet<string>): tf.Operation[] {
  const done = new Set<tf.Operation>();
  const out: tf.Operation[] = [];
  const stack = roots.map((op) => ({ op, left: null as tf.Operation[] | null }));
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    if (top.left === null) {
      if (done.has(top.op)) {
        stack.pop();
        continue;
      }
      done.add(top.op);
      top.left = [...top.op.inputs.filter((t) => !cut.has(t.name)).map((t) => t.op), ...top.op.controlInputs];
    }
    const next = top.left.pop();
    if (next) stack.push({ op: next, left: null });
    else {
      out.push(top.op);
      stack.pop();
    }
  }
  return out;
}

/** Tensors that may be fetched along: no references, nothing inside of a branch or loop. */
const fetchable = (op: tf.Operation): tf.Tensor[] =>
  op.graph.isFetchable(op) && op.context === null && !/^(Ref)?(Switch|Enter|Exit|NextIteration|LoopCond)$/.test(op.type)
    ? op.outputs.filter((t) => !t.isRef && VALUES.includes(t.dtype) && t.consumers().length > 0)
    : [];

/** Runs the steps up to the bad one on both sides again, with everything on the way fetched. */
export async function locate(made: Made, reference: Reference, at: number, fetch: number): Promise<string> {
  const bad = made.steps[at]!;
  const roots =
    fetch < 0 ? [...bad.fetch.map((n) => n.split(':')[0]!), ...bad.target] : [bad.fetch[fetch]!.split(':')[0]!];
  const order = topological(
    roots.map((n) => made.graph.getOperationByName(n)),
    new Set(Object.keys(bad.feed)),
  );
  const along = order.flatMap(fetchable).map((t) => t.name);
  const exits = order
    .filter((op) => op.type === 'Exit' && op.context === null)
    .flatMap((op) => op.outputs.map((t) => t.name));
  const names = [...new Set([...bad.fetch, ...along, ...exits])];
  const steps: Step[] = [...made.steps.slice(0, at), { ...bad, fetch: names }];
  const [ours, theirs] = [await runSteps(made.graph, steps), (await reference.run(made.meta, steps)).outcomes];
  const [mine, their] = [ours[at]!, theirs[at]!];
  if ('code' in mine || 'code' in their)
    return `everything fetched: ${'code' in mine ? mine.message : 'no error'} | TensorFlow: ${'code' in their ? their.message : 'no error'}`;
  const nudged = [1, 2, 3, 4, 5, 6].map((n) => reference.nudged(made.meta, steps, n).then((o) => o[at]!));
  const moved = (await Promise.all(nudged)).flatMap((o) => ('values' in o ? [o.values] : []));
  const index = new Map(names.map((n, i) => [n, i]));
  /** The first that is off by more than nudges move it, or else by more than the plain tolerance. */
  const first = (allowed: typeof moved): string | null => {
    for (const t of order.flatMap((op) => op.outputs)) {
      const i = index.get(t.name);
      const what =
        i === undefined
          ? null
          : compareValues(
              mine.values[i]!,
              their.values[i]!,
              allowed.map((v) => v[i]!),
            );
      if (what === null) continue;
      const lines = [
        `first at ${t.op.type} '${t.name}': ${what}`,
        `  here       ${show(mine.values[i!]!)}`,
        `  TensorFlow ${show(their.values[i!]!)}`,
      ];
      for (const input of t.op.inputs) {
        const j = index.get(input.name);
        const [p, q] = j === undefined ? [] : [show(mine.values[j]!), show(their.values[j]!)];
        lines.push(
          `  input ${input.op.type} '${input.name}': ${p === q ? (q ?? 'not fetched') : `${p} | TensorFlow ${q}`}`,
        );
      }
      return lines.join('\n');
    }
    return null;
  };
  const found = first(moved);
  if (found !== null) return found;
  const faint = first([]);
  if (faint !== null) return `no more than nudges move it, ${faint}`;
  return 'no operation on the way differs when everything is fetched: look at what the fetches decide (order, aliases).';
}
