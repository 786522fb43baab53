/** @file A random graph and the steps that run it: the same for the same seed and index. */
import * as tf from '../../src';
import { writeMetaGraph } from '../../src/interop/messages';
import { exportScopedMetaGraph } from '../../src/interop/meta_graph';
import { Builder, type Family, isFloat, kindOf } from './builder';
import { Dice } from './dice';
import { ancestors, SLOPES } from './graphs/differentiate';
import { FAILURES } from './graphs/failures';
import { allowInside, FLOW } from './graphs/flow';
import { MOVES } from './graphs/moves';
import { POINTWISE } from './graphs/pointwise';
import { RANDOMNESS } from './graphs/randomness';
import { ROWS } from './graphs/rows';
import { STATE } from './graphs/state';
import { SUMS } from './graphs/sums';
import { TRAINING } from './graphs/training';
import type { Step } from './reference';

type Weighted = readonly (readonly [number, Family])[];
const ALL: Weighted = [
  ...POINTWISE,
  ...MOVES,
  ...ROWS,
  ...SUMS,
  ...STATE,
  ...RANDOMNESS,
  ...FLOW,
  ...SLOPES,
  ...TRAINING,
  ...FAILURES,
];
const share = (list: Weighted, of: number): Weighted => {
  const sum = list.reduce((s, [w]) => s + w, 0);
  return list.map(([w, f]) => [(w * of) / sum, f]);
};
const INSIDE: Weighted = [
  ...share(POINTWISE, 5),
  ...share(MOVES, 2),
  ...share(ROWS, 1),
  ...share(SUMS, 2),
  ...share(RANDOMNESS, 0.3),
  ...share(FLOW, 1),
];

export interface Made {
  readonly graph: tf.Graph;
  readonly meta: Uint8Array;
  readonly steps: readonly Step[];
  /** The first step initializes. */
  readonly families: readonly string[];
}

/** One building; `first` is another one, whose placeholders had static shapes. */
function build(
  seed: number,
  index: number,
  first?: Builder,
): { graph: tf.Graph; builder: Builder; init: tf.Operation; families: string[] } {
  const graph = new tf.Graph();
  const dice = new Dice(seed, index);
  const builder = new Builder(dice, first);
  const families: string[] = [];
  const init = tf.withGraph(graph, () => {
    tf.setRandomSeed(dice.int(1, 10000));
    const count = dice.int(6, 34);
    for (let round = 0; round < count; round++) {
      const family = dice.weighted(ALL);
      families.push(family.name || 'unnamed');
      builder.round = round;
      builder.dice = new Dice(seed, index, round + 1);
      // Deep nesting is dear and tells little: one level mostly, at times two.
      allowInside(dice.chance(0.25) ? INSIDE : INSIDE.slice(0, -FLOW.length));
      const scope = dice.chance(0.2) ? dice.pick(['part', 'part', 'deep/part', 'other']) : null;
      if (scope) tf.nameScope(scope, () => family(builder));
      else family(builder);
    }
    return tf.group(tf.globalVariablesInitializer(), tf.localVariablesInitializer());
  });
  return { graph, builder, init, families };
}

/** Whether an op keeps or changes something between runs: then a failing step leaves it to chance what has happened. */
function moves(x: tf.Tensor | tf.Operation): boolean {
  const seen = new Set<tf.Operation>();
  const open = [x instanceof tf.Operation ? x : x.op];
  for (let op = open.pop(); op; op = open.pop()) {
    if (seen.has(op)) continue;
    seen.add(op);
    if (/Assign|Scatter|Apply|Random|Multinomial/.test(op.type)) return true;
    open.push(...op.inputs.map((t) => t.op), ...op.controlInputs);
  }
  return false;
}

function plan(dice: Dice, b: Builder, init: tf.Operation): Step[] {
  const name = (t: tf.Tensor | tf.Operation): string => t.name;
  const drawn = (): Record<string, tf.Value> =>
    Object.fromEntries(
      b.feeds.map((f) => [f.tensor.name, b.value(f.tensor.dtype as 'float32', f.shape, f.range, dice)]),
    );
  const steps: Step[] = [{ fetch: [], target: [init.name], feed: {} }];
  const fetchable = [...b.pool.map((e) => e.tensor), ...b.sinks].filter((t) => t.dtype !== 'string');
  const plain = (): Step => ({
    fetch: dice.some(fetchable, dice.int(1, 12)).map(name),
    target: [],
    feed: drawn(),
  });
  const partial = (): Step => {
    const step = plain();
    const feedable = b.pool.filter(
      (e) => isFloat(kindOf(e)) && e.tensor.op.context === null && !/Placeholder/.test(e.tensor.op.type),
    );
    const fed = dice.some(feedable, dice.int(1, 2));
    const more = fed.map((e) => [e.tensor.name, b.value(kindOf(e), e.shape, { low: 0.3, high: 1.2 }, dice)] as const);
    return { ...step, feed: { ...step.feed, ...Object.fromEntries(more) } };
  };
  const count = dice.int(2, 4);
  for (let i = 0; i < count && fetchable.length > 0; i++) steps.push(dice.chance(0.2) ? partial() : plain());
  for (const t of b.trainings) {
    const rounds = dice.int(2, 4);
    for (let i = 0; i < rounds; i++)
      steps.push({ fetch: dice.some(t.fetch, 3).map(name), target: [t.target.name], feed: drawn() });
    if (fetchable.length > 0) steps.push(plain());
  }
  for (const { fetch, feed = [] } of b.failures) {
    const op = fetch instanceof tf.Operation;
    const fed = Object.fromEntries(feed.map(([t, v]) => [t.name, v]));
    steps.push({ fetch: op ? [] : [fetch.name], target: op ? [fetch.name] : [], feed: fed });
  }
  const unfed = dice.pick(fetchable);
  if (unfed && dice.chance(0.2) && !moves(unfed) && ancestors(unfed).size > 2)
    steps.push({ fetch: [unfed.name], target: [], feed: {} });
  if (fetchable.length > 0) steps.push({ ...plain(), fetch: fetchable.slice(-40).map(name) });
  return steps;
}

export function generate(seed: number, index: number): Made {
  const first = build(seed, index);
  const { graph, builder, init, families } = build(seed, index, first.builder);
  const steps = plan(new Dice(seed, index, 0x7fff), builder, init);
  return { graph, meta: writeMetaGraph(exportScopedMetaGraph({ graph }).metaGraph), steps, families };
}
