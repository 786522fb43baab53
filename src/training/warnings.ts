/** @file Watches what sessions run, and says once where moving averages never move, and which lines mend it. */
import { callerOutside, directCaller } from '../graph/call_site';
import { Collections, GraphKeys } from '../graph/collections';
import type { Graph } from '../graph/graph';
import { Operation, Tensor } from '../graph/operation';
import { Controllers } from '../graph/scopes';
import { layerOfUpdate, updatesOfLayers } from '../layers/base';
import { logging } from '../logging';
import type { Variable } from '../ops/variables';
import type { Plan } from '../session/plan';
import { Session } from '../session/session';
import { type DeadControl, deadControls } from './branches';

/** Train steps of a variable after which update ops that belong to training should have run. */
const PATIENCE = 3;

/** What one plan does to variables, which are known by the op that makes them. */
interface Deeds {
  /** Variables that optimizers train. */
  readonly trained: ReadonlySet<Operation>;
  /** Variables that get a value in any other way but by their initializer. */
  readonly moved: ReadonlySet<Operation>;
  /** How often it was looked at. */
  runs: number;
}
/** What one session has done so far. */
interface History {
  /** How many train steps each variable had. */
  readonly steps: Map<Operation, number>;
  readonly moved: Set<Operation>;
  readonly warned: Set<Operation>;
}
interface Read {
  readonly size: number;
  readonly at: string | undefined;
}

const deeds = new WeakMap<Plan, Deeds>();
const histories = new WeakMap<Session, History>();
/** How long UPDATE_OPS was when it was read last. */
const reads = new WeakMap<Graph, Read>();

const isApply = ({ type }: Operation): boolean => /^(Resource)?(Sparse)?Apply/.test(type);
const isWrite = (op: Operation): boolean =>
  (op.def.assigns !== undefined || op.def.updates !== undefined) && /Assign|Scatter/.test(op.type);

/** The op that makes the variable behind a ref or a handle. */
function variableOf(t: Tensor | undefined): Operation | undefined {
  for (let op = t?.op; op; op = op.inputs[0]?.op) if (op.def.source) return op;
  return undefined;
}

function deedsOf(graph: Graph, plan: Plan): Deeds {
  let found = deeds.get(plan);
  if (found) return found;
  const variables = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES].flatMap((key) =>
    graph.collections.peek<Variable>(key),
  );
  const initializers = new Set<Operation>();
  for (const { initializer } of variables) {
    const value = initializer.inputs.at(-1);
    if (value && plan.ops.has(value.op)) initializers.add(initializer); // else the program feeds the value: Variable.load
  }
  const [trained, moved] = [new Set<Operation>(), new Set<Operation>()];
  for (const op of plan.ops) {
    if (!isApply(op) && (!isWrite(op) || initializers.has(op))) continue;
    const variable = variableOf(op.inputs[0]);
    if (variable) (isApply(op) ? trained : moved).add(variable);
  }
  found = { trained, moved, runs: 0 };
  deeds.set(plan, found);
  return found;
}

/** An update op of the collection with the variables it moves. */
interface Update {
  readonly op: Operation;
  readonly moves: readonly Operation[];
}
function updatesIn(graph: Graph): Update[] {
  return graph.collections.peek<unknown>(GraphKeys.UPDATE_OPS).flatMap((item) => {
    const op = item instanceof Operation ? item : item instanceof Tensor ? item.op : undefined;
    return op ? [{ op, moves: movedBy(op) }] : [];
  });
}
/** Updates that only their layer knows, as those of tf.keras. */
function keptByLayers(graph: Graph): Update[] {
  const collected = new Set(graph.collections.peek<unknown>(GraphKeys.UPDATE_OPS));
  const kept = updatesOfLayers(graph).filter((op) => !collected.has(op));
  return kept.map((op) => ({ op, moves: movedBy(op) }));
}
/** Variables that `op` writes, or else those of the nearest writes it waits for. */
function movedBy(op: Operation): Operation[] {
  const found = new Set<Operation>();
  const seen = new Set<Operation>();
  const todo = [op];
  for (let next = todo.pop(); next; next = todo.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const variable = isWrite(next) ? variableOf(next.inputs[0]) : undefined;
    if (variable) found.add(variable);
    else todo.push(...next.inputs.map((t) => t.op), ...next.controlInputs);
  }
  return [...found];
}

/**
 * Whether the training of these variables calls for the update: they are of its own layer, or else those that lie nearest
 * under it. Not any that lie under it: what judges a generator lies above it, and does not train with it.
 */
function belongs({ op }: Update, trained: ReadonlySet<Operation>): boolean {
  const own = layerOfUpdate(op)?.trainableWeights.map((v) => v.op) ?? [];
  if (own.length > 0) return own.some((v) => trained.has(v));
  const trainable = new Set(op.graph.collections.peek<Variable>(GraphKeys.TRAINABLE_VARIABLES).map((v) => v.op));
  const seen = new Set<Operation>();
  let level = [op];
  while (level.length > 0) {
    const found = level.filter((o) => trainable.has(o));
    if (found.length > 0) return found.some((v) => trained.has(v));
    const next = new Set(level.flatMap((o) => o.inputs.map((t) => t.op)).filter((o) => !seen.has(o)));
    for (const o of next) seen.add(o);
    level = [...next];
  }
  return true; // nothing there to be trained: the statistics of the input itself
}

/** Updates that training called for, whose averages are where they began and of which nothing was said yet. */
function still(history: History, updates: readonly Update[], patience: number): Update[] {
  const trained = new Set([...history.steps].flatMap(([v, steps]) => (steps >= patience ? [v] : [])));
  if (trained.size === 0) return [];
  return updates.filter(
    (u) =>
      u.moves.length > 0 &&
      u.moves.every((v) => !history.moved.has(v) && !history.warned.has(v)) &&
      belongs(u, trained),
  );
}

/** Whether the plan uses the variable's value, or fetches it, and does not only ask whether it has one. */
function uses(plan: Plan, variable: Operation): boolean {
  if (!plan.ops.has(variable)) return false;
  const users = variable.outputs.flatMap((t) => t.consumers()).filter((op) => plan.ops.has(op));
  return users.length === 0 || users.some((op) => !op.def.allowsUninitialized);
}

const MEND = `Make the train op wait for them, after the last layer was built:
    const updateOps = tf.getCollection(tf.GraphKeys.UPDATE_OPS);
    const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`;

const MEND_LAYERS = `They are not in tf.GraphKeys.UPDATE_OPS, only in layer.updates. Make the train op wait for those:
    const trainOp = tf.controlDependencies(layer.updates, () => optimizer.minimize(loss));`;

/** One line per layer: its variables, and where it was made. */
function list(updates: readonly Update[]): string {
  const lines = new Map<string, Set<string>>();
  for (const { op, moves } of updates) {
    const at = layerOfUpdate(op)?.madeAt;
    const key = at ? `, by the layer made at ${at}` : `, by the update op '${op.name}'`;
    const names = lines.get(key) ?? new Set();
    for (const v of moves) names.add(v.name);
    lines.set(key, names);
  }
  return [...lines].map(([where, names]) => `    ${[...names].join(', ')}${where}`).join('\n');
}

function warnOf(history: History, updates: readonly Update[], what: string, mend: string): void {
  if (updates.length === 0) return;
  for (const { moves } of updates) for (const v of moves) history.warned.add(v);
  logging.warn(`${what}\n${list(updates)}\n${mend}`);
}

function onTrain(graph: Graph, history: History, plan: Plan): void {
  const read = reads.get(graph);
  const updates = updatesIn(graph);
  if (read && read.size < updates.length) {
    // a plan that runs those that were read was meant to run all; one that runs none may have others that do
    const sure = updates.slice(0, read.size).some(({ op }) => plan.ops.has(op));
    const late = still(history, updates.slice(read.size), sure ? 1 : PATIENCE).filter(({ op }) => !plan.ops.has(op));
    warnOf(
      history,
      late,
      `tf.GraphKeys.UPDATE_OPS was read${read.at ? ` at ${read.at}` : ''} when it held ${read.size} of its ${updates.length} update ops. The train op does not run those that were added later, so these moving averages stay as they are:`,
      MEND,
    );
  }
  const never = `A train op has run ${PATIENCE} times in this session, and none of the update ops of these moving averages has. At inference (training: false) the layers will normalize with the values they started from, mean 0 and variance 1:`;
  warnOf(history, still(history, updates, PATIENCE), never, MEND);
  warnOf(history, still(history, keptByLayers(graph), PATIENCE), never, MEND_LAYERS);
}

function onInference(graph: Graph, history: History, plan: Plan): void {
  const idle = (updates: readonly Update[]): Update[] =>
    still(history, updates, 1).filter(({ moves }) => moves.some((v) => uses(plan, v)));
  const read = `This run reads moving averages after training, and no update op has moved them in this session; they are still what they started from, mean 0 and variance 1:`;
  warnOf(history, idle(updatesIn(graph)), read, MEND);
  warnOf(history, idle(keptByLayers(graph)), read, MEND_LAYERS);
}

/** Update ops of which it was said that they lie in a branch. */
const branched = new WeakSet<Operation>();

/** Says of updates in a branch that what waits for them outside is dead when the branch is not taken. */
function onBranches(graph: Graph, { ops }: Plan): void {
  const collected = new Set(updatesIn(graph).map(({ op }) => op));
  const updates = (op: Operation): boolean =>
    isWrite(op) ||
    isApply(op) ||
    collected.has(op) ||
    (op.type === 'NoOp' && op.controlInputs.length > 0 && op.controlInputs.every(updates));
  const byBranch = new Map<string, DeadControl[]>();
  for (const found of deadControls(ops, updates)) {
    if (!branched.has(found.on)) byBranch.set(found.pred, [...(byBranch.get(found.pred) ?? []), found]);
  }
  for (const [pred, list] of byBranch) {
    for (const { on } of list) branched.add(on);
    const names = (from: readonly Operation[]): string => {
      const all = [...new Set(from)].map((op) => `'${op.name}'`);
      return all.length > 3 ? `${all.slice(0, 2).join(', ')} and ${all.length - 2} more` : all.join(', ');
    };
    const waits = list.map((found) => found.waits);
    logging.warn(
      `These update ops were created in a branch of the conditional on '${pred}': ${names(list.map(({ on }) => on))}. Operations outside of it wait for them: ${names([...waits.filter(isApply), ...waits])}. When the branch is not taken, those do not run, nor does what depends on them, and no error says so. Let the branch return its update, and wait for what tf.cond returns:
    const updated = tf.cond(pred, () => tf.group([update]), () => tf.noOp());
    const trainOp = tf.controlDependencies([updated], () => optimizer.minimize(loss));`,
    );
  }
}

/** Begins to watch all graphs and sessions. */
export function watch(): void {
  Collections.onRead = (graph, key, size) => {
    if (key === GraphKeys.UPDATE_OPS) reads.set(graph, { size, at: callerOutside() });
  };
  Controllers.onEmptyBlock = (inputs) => {
    const at = directCaller('controlDependencies');
    if (at === undefined) return;
    const names = inputs.slice(0, 3).map((op) => `'${op.name}'`);
    const more = inputs.length > 3 ? ` and ${inputs.length - 3} more` : '';
    logging.warn(
      `The block of tf.controlDependencies at ${at} created no operation, so nothing waits for ${names.join(', ')}${more}. Operations that exist already are not changed by it: create the train op inside the block, as in\n    const trainOp = tf.controlDependencies(updateOps, () => optimizer.minimize(loss));`,
    );
  };
  Session.observers.push((session, plan) => {
    const { graph } = session;
    if (!deeds.has(plan)) onBranches(graph, plan);
    const deed = deedsOf(graph, plan);
    if (deed.runs >= PATIENCE) return; // what it could tell is told
    const history = histories.get(session) ?? { steps: new Map(), moved: new Set(), warned: new Set() };
    histories.set(session, history);
    for (const v of deed.moved) history.moved.add(v);
    for (const v of deed.trained) history.steps.set(v, (history.steps.get(v) ?? 0) + 1);
    if (deed.trained.size > 0) onTrain(graph, history, plan);
    else if (history.steps.size > 0) onInference(graph, history, plan);
    else return;
    deed.runs++;
  });
}
