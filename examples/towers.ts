/**
 * @file Two towers: one net is built twice with shared variables, each copy trains on half of the batch, and the gradients
 * are averaged, as programs for several GPUs do. Both copies put update ops for the same averages into UPDATE_OPS.
 */
import * as tf from '../src';
import { ancestors } from './ancestors';
import { table } from './table';

/** `updates` says which update ops the train op is to wait for, given the scopes of the towers. */
export interface Choice {
  readonly label: string;
  readonly updates: (scopes: readonly string[]) => tf.Operation[];
}
const updateOps = (scope?: string) => tf.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS, scope);
export const CHOICES: readonly Choice[] = [
  { label: '(a) none', updates: () => [] },
  { label: '(b) first tower', updates: ([first]) => updateOps(first) },
  // What a program gets that asks for UPDATE_OPS of `scope` after its loop over the towers: the last scope.
  { label: '(c) last tower', updates: (scopes) => updateOps(scopes.at(-1)) },
  { label: '(d) all', updates: () => updateOps() },
];

/** Mean 1 and variance 1 for the first tower, mean 3 and variance 1 for the second. */
export const APART = [0, 2, 0, 2, 2, 4, 2, 4];
/** The same rows dealt out well: mean 2 and variance 2 for both. */
export const ALIKE = [0, 2, 2, 4, 0, 2, 2, 4];

/** Batch normalization of one number, then a line through it. */
function network(x: tf.Tensor, training: boolean, reuse: boolean): tf.Tensor {
  return tf.variableScope('net', { reuse }, () => {
    const normalized = tf.layers.batchNormalization(x, { training, momentum: 0.9, name: 'bn' });
    return tf.layers.dense(normalized, 1, { name: 'line' });
  });
}

/** For each variable the mean of what the towers answer. */
function averaged(towers: readonly (readonly GradAndVar[])[]): [tf.Tensor, tf.Variable][] {
  return towers[0]!.map(([, variable], i) => {
    const gradients = towers.map((pairs) => pairs[i]![0] as tf.Tensor);
    return [tf.reduceMean(tf.stack(gradients), 0), variable];
  });
}
type GradAndVar = ReturnType<tf.train.Optimizer['computeGradients']>[number];

function build(choice: Choice) {
  tf.setRandomSeed(1);
  const x = tf.placeholder(tf.float32, { shape: [8, 1], name: 'x' });
  const optimizer = new tf.train.GradientDescentOptimizer(0.05);
  const squares = (y: tf.Tensor, target: tf.Tensor) => tf.reduceMean(tf.square(y.sub(target)));

  const scopes: string[] = [];
  const towers = tf.split(x, 2).map((part, i) =>
    tf.nameScope(`tower_${i}`, (scope) => {
      scopes.push(scope);
      return optimizer.computeGradients(squares(network(part, true, i > 0), part)); // the line is to give x back
    }),
  );
  const trainOp = tf.controlDependencies(choice.updates(scopes), () => optimizer.applyGradients(averaged(towers)));
  return { x, trainOp, inferenceLoss: squares(network(x, false, true), x), init: tf.globalVariablesInitializer() };
}

export interface Outcome {
  /** The names of the update ops that a run of the train op brings along, and of all there are. */
  readonly runs: string[];
  readonly all: string[];
  /** The averages after one step and at the end. */
  readonly first: Averages;
  readonly last: Averages;
  readonly inferenceLoss: number;
}
interface Averages {
  readonly mean: number;
  readonly variance: number;
}

export async function train(choice: Choice, rows: readonly number[], steps: number): Promise<Outcome> {
  const graph = new tf.Graph();
  const net = tf.withGraph(graph, () => build(choice));
  const session = new tf.Session({ graph });
  await session.run(net.init);
  const feedDict = new Map([[net.x, rows.map((v) => [v])]]);
  const averages = async (): Promise<Averages> => {
    const [mean, variance] = await session.run(['net/bn/moving_mean:0', 'net/bn/moving_variance:0']);
    return { mean: Number(mean!.data[0]), variance: Number(variance!.data[0]) };
  };
  await session.run(net.trainOp, { feedDict });
  const first = await averages();
  for (let i = 1; i < steps; i++) await session.run(net.trainOp, { feedDict });
  const last = await averages();
  const inferenceLoss = Number(await session.run(net.inferenceLoss, { feedDict }));
  session.close();

  const brought = ancestors(net.trainOp);
  const updates = graph.getCollection<tf.Operation>(tf.GraphKeys.UPDATE_OPS);
  const names = (ops: readonly tf.Operation[]) => ops.map((op) => op.name);
  return { runs: names(updates.filter((op) => brought.has(op))), all: names(updates), first, last, inferenceLoss };
}

export async function main(): Promise<void> {
  tf.logging.setVerbosity(tf.logging.ERROR); // the engine would warn of (a), as missing_dependency.ts shows
  const steps = 200;
  const apart: Outcome[] = [];
  const alike: Outcome[] = [];
  for (const choice of CHOICES) {
    apart.push(await train(choice, APART, steps));
    alike.push(await train(choice, ALIKE, steps));
  }
  const labels = CHOICES.map(({ label }) => label);
  const which = apart[0]!.all.map((name) => [name, ...apart.map(({ runs }) => (runs.includes(name) ? 'runs' : '-'))]);
  const numbers = (outcomes: readonly Outcome[], withLoss: boolean) =>
    outcomes.map(({ first, last, inferenceLoss }, i) => {
      const cells = [first.mean, last.mean, first.variance, last.variance, ...(withLoss ? [inferenceLoss] : [])];
      return [labels[i]!, ...cells.map((v) => v.toFixed(3))];
    });
  const head = ['', 'mean: step 1', `step ${steps}`, 'variance: step 1', `step ${steps}`];
  console.log(`Two towers share the variables of one net; each step averages the gradients of both.
Which update ops run, if the train op waits for those of no tower, of one, or for the whole collection:

${table(['update op', ...labels], which)}

The first tower is fed mean 1 and variance 1, the second mean 3 and variance 1 (together mean 2, variance 2).
What moving_mean (from 0) and moving_variance (from 1) become; each update moves them by 10 %:

${table(head, numbers(apart, false))}

In (d) both towers write the same variables in each step, and no edge says which is the first.

The same rows dealt out well, so that each tower is fed mean 2 and variance 2:

${table([...head, 'loss at inference'], numbers(alike, true))}

Seen: fed alike, one tower's updates do, as the averages are shared; all move them twice a step, none leaves 0 and 1.`);
}

if (require.main === module) {
  main().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
}
