/** @file npm run fuzz:tf -- [--graphs N] [--seed S] [--only I] [--keep DIR]: random graphs, here and in TensorFlow 1.15.5. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { progress } from '../../examples/progress';
import * as tf from '../../src';
import { readMetaGraph } from '../../src/interop/messages';
import { importScopedMetaGraph } from '../../src/interop/meta_graph';
import { compareOutcomes } from './compare';
import { runSteps } from './engine';
import { generate, type Made } from './generate';
import { ancestors } from './graphs/differentiate';
import { locate } from './locate';
import { type Outcome, Reference, type Shapes, type Step } from './reference';
import { encode } from './wire';

const VERSION = '1.15.5';
interface Options {
  readonly python: string;
  readonly seed: number;
  readonly keep: string | undefined;
  readonly verbose: boolean;
}

/** What is wrong with graph i, or null. */
async function check(index: number, options: Options, reference: Reference): Promise<string | null> {
  let made: Made;
  try {
    made = generate(options.seed, index);
  } catch (e) {
    return `building: ${(e as Error).stack
      ?.split('\n')
      .slice(0, 40)
      .filter((line) => !/node_modules|graph.define|graph.graph/.test(line))
      .join('\n')}`;
  }
  if (options.verbose) describe(made);
  const asked = reference.run(made.meta, made.steps).catch((e: Error) => e);
  const direct = await runSteps(made.graph, made.steps);
  let wrong: string | null = null;
  const again = new tf.Graph();
  let second: Outcome[] = [];
  try {
    tf.withGraph(again, () => importScopedMetaGraph(readMetaGraph(made.meta)));
    second = await runSteps(again, made.steps);
  } catch (e) {
    wrong = `importing its own export: ${(e as Error).stack}`;
  }
  const theirs = await asked;
  if (theirs instanceof Error) return theirs.message;
  wrong ??= await judge(made, direct, second, theirs.outcomes, reference);
  wrong ??= shapesDiffer(again, theirs.shapes);
  if (wrong !== null && options.keep) keep(options.keep, `${options.seed}_${index}`, made, direct, theirs.outcomes);
  return wrong;
}

/**
 * Where TensorFlow finds more, or less, than the shapes of the inputs tell: it knows float constants of ranges, and what
 * Where gives for a constant; and nothing of loop variables that were imported, or of what a Saver restores.
 */
const known = (op: tf.Operation): boolean =>
  /^(Ref)?Enter$|^Range$/.test(op.type) ||
  op.inputs.some((t) => [...ancestors(t)].some((a) => /^(Where|RestoreV2)$/.test(a.op.type)));

/** Given the same of its inputs, an op has the static shapes of TensorFlow's shape function: they decide what is built later. */
function shapesDiffer(graph: tf.Graph, theirs: Shapes): string | null {
  const show = (shape: tf.Tensor['shape'] | undefined): string =>
    shape ? `[${shape.map((d) => d ?? '?')}]` : 'unknown';
  const same = (t: tf.Tensor): boolean => show(t.shape) === show(theirs[t.name]);
  for (const op of graph.getOperations()) {
    const odd = op.outputs.find((t) => !same(t));
    if (!odd || !op.inputs.every(same) || known(op)) continue;
    const inputs = op.inputs.map((x) => `${x.op.type} ${show(x.shape)}`).join(', ');
    return `static shape of ${op.type} '${odd.name}': ${show(odd.shape)}, TensorFlow ${show(theirs[odd.name])}; inputs ${inputs}`;
  }
  return null;
}

async function judge(
  made: Made,
  direct: readonly Outcome[],
  again: readonly Outcome[],
  theirs: readonly Outcome[],
  reference: Reference,
): Promise<string | null> {
  for (const [i, step] of made.steps.entries()) {
    let found = compareOutcomes(direct[i]!, theirs[i]!);
    if (found && found.fetch >= 0) {
      const upTo = made.steps.slice(0, i + 1);
      const nudged = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => reference.nudged(made.meta, upTo, n)));
      found = compareOutcomes(
        direct[i]!,
        theirs[i]!,
        nudged.map((o) => o[i]!),
      );
    }
    if (found) {
      const where = await locate(made, reference, i, found.fetch);
      return `step ${i}, ${step.fetch[found.fetch] ?? [...step.fetch, ...step.target].join(' ')}: ${found.what}\n${where}`;
    }
    const changed = same(direct[i]!, again[i]!);
    if (changed !== null) return `step ${i}, imported again: ${changed}`;
    // Which writes were done when a step failed is a race.
    if ('code' in theirs[i]! && made.graph.getCollection(tf.GraphKeys.GLOBAL_VARIABLES).length > 0) return null;
  }
  return null;
}
/** The graph imported again has to give the very same cells. */
function same(direct: Outcome, again: Outcome): string | null {
  if ('code' in direct || 'code' in again)
    return 'code' in direct && 'code' in again && direct.code === again.code
      ? null
      : `${JSON.stringify(again).slice(0, 300)} in place of ${JSON.stringify(direct).slice(0, 300)}`;
  const at = direct.values.findIndex((v, i) => {
    const w = again.values[i]!;
    return (
      v.dtype !== w.dtype ||
      v.shape.join() !== w.shape.join() ||
      Array.from(v.data).some((x, j) => !Object.is(x, w.data[j]))
    );
  });
  return at < 0 ? null : `fetch ${at} is ${again.values[at]} in place of ${direct.values[at]}`;
}

function describe({ graph, steps, families }: Made): void {
  console.log(families.join(' '));
  for (const op of graph.getOperations()) {
    const outs = op.outputs.map((t) => `${t.dtype}${t.shape ? `[${t.shape.map((d) => d ?? '?')}]` : ''}`).join(' ');
    const ins = [...op.inputs.map((t) => t.name), ...op.controlInputs.map((c) => `^${c.name}`)].join(' ');
    console.log(`  ${op.name} = ${op.type}(${ins}) ${outs}`);
  }
  for (const [i, s] of steps.entries()) {
    const feed = Object.entries(s.feed).map(([k, v]) => `${k}=${v.dtype}[${v.shape}]`);
    console.log(`step ${i}: fetch ${s.fetch.join(' ')} | run ${s.target.join(' ')} | feed ${feed.join(' ')}`);
  }
}
function keep(dir: string, name: string, made: Made, direct: readonly Outcome[], theirs: readonly Outcome[]): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${name}.meta`), made.meta);
  const wire = (o: Outcome | undefined): unknown => (o && 'values' in o ? o.values.map(encode) : o);
  const steps = made.steps.map((s: Step, i) => ({
    fetch: s.fetch,
    target: s.target,
    feed: Object.fromEntries(Object.entries(s.feed).map(([k, v]) => [k, encode(v)])),
    sluice: wire(direct[i]),
    tensorflow: wire(theirs[i]),
  }));
  writeFileSync(join(dir, `${name}.json`), `${JSON.stringify(steps, null, 1)}\n`);
}

Error.stackTraceLimit = 40;
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      graphs: { type: 'string', default: '2000' },
      seed: { type: 'string' },
      only: { type: 'string' },
      keep: { type: 'string' },
    },
  });
  const python = process.env.SLUICE_PYTHON;
  if (!python) {
    console.error(`Set SLUICE_PYTHON to a python that has TensorFlow ${VERSION}: this compares with the real one.`);
    return 1;
  }
  let reference: Reference;
  try {
    reference = await Reference.start(python, VERSION);
  } catch (e) {
    console.error((e as Error).message);
    return 1;
  }
  tf.logging.setVerbosity(tf.logging.FATAL);
  const seed = Number(values.seed ?? Math.floor(Date.now() / 1000) % 1000000);
  const one = values.only === undefined ? undefined : Number(values.only);
  const [from, to] = one === undefined ? [0, Number(values.graphs)] : [one, one + 1];
  console.log(`seed ${seed}`);
  const options = { python, seed, keep: values.keep, verbose: one !== undefined };
  const bar = progress('graphs', to - from);
  let differences = 0;
  for (let index = from; index < to; index++) {
    const wrong = await check(index, options, reference);
    if (wrong !== null) {
      differences++;
      console.log(`graph ${index}: ${wrong}\n`);
    }
    if (!reference.alive) reference = await Reference.start(python, VERSION);
    bar.step(`${differences} differences`);
  }
  bar.stop();
  reference.stop();
  console.log(`${to - from} graphs, ${differences} differences`);
  return differences > 0 ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (e) => {
    console.error(e);
    process.exit(1); // the Python process may still be there
  },
);
