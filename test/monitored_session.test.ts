/** @file Monitored sessions and their hooks. What is expected was printed by TensorFlow 1.15.5. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';
import type { Code } from '../src/errors';
import { getCheckpointState, latestCheckpoint } from '../src/interop/checkpoint_state';
import { type Event, summaryIterator } from '../src/interop/events';
import { FileWriterCache } from '../src/interop/file_writer';
import { Saver } from '../src/interop/saver';
import {
  FeedFnHook,
  FinalOpsHook,
  GlobalStepWaiterHook,
  LoggingTensorHook,
  NanTensorHook,
  StopAtStepHook,
} from '../src/training/basic_hooks';
import { Coordinator } from '../src/training/coordinator';
import { SecondOrStepTimer } from '../src/training/hook_timer';
import {
  type MonitoredSession,
  type MonitoredSessionOptions,
  monitoredSession,
  singularMonitoredSession,
} from '../src/training/monitored_session';
import { monitoredTrainingSession } from '../src/training/monitored_training_session';
import { numpyText } from '../src/training/numpy_text';
import {
  CheckpointSaverHook,
  CheckpointSaverListener,
  StepCounterHook,
  SummarySaverHook,
} from '../src/training/saver_hooks';
import { Scaffold } from '../src/training/scaffold';
import { ChiefSessionCreator, WorkerSessionCreator } from '../src/training/session_creators';
import { SessionManager } from '../src/training/session_manager';
import {
  SessionRunArgs,
  type SessionRunContext,
  SessionRunHook,
  type SessionRunValues,
} from '../src/training/session_run_hook';
import { expectError, expectRunError, names, plain } from './conformance/harness';

let dir = '';
let lines: string[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'monitored-'));
  lines = [];
  jest.spyOn(console, 'error').mockImplementation((line: unknown) => void lines.push(String(line)));
});
afterEach(() => {
  jest.restoreAllMocks();
  tf.logging.setVerbosity(tf.logging.WARN);
  FileWriterCache.clear();
  rmSync(dir, { recursive: true, force: true });
});

/** A counter with `inc`, a variable w to which `up` adds x. */
function small(): tf.Graph {
  const graph = new tf.Graph();
  tf.withGraph(graph, () => {
    const step = tf.train.getOrCreateGlobalStep();
    const x = tf.placeholderWithDefault(1, [], { name: 'x' });
    tf.assignAdd(step as tf.Variable, 1, { name: 'inc' });
    const w = tf.getVariable('w', { shape: [], initializer: tf.zerosInitializer() });
    tf.assignAdd(w, x, { name: 'up' });
  });
  return graph;
}
const open = (options: MonitoredSessionOptions = {}) => monitoredSession({ graph: small(), ...options });
/** Writes down what is called, and raises `fails[k]` after the k-th run. */
class Recorder extends SessionRunHook {
  readonly calls: string[];
  readonly #name: string;
  readonly #fails: Record<number, unknown>;
  #runs = 0;
  constructor(name: string, calls: string[], fails: Record<number, unknown> = {}) {
    super();
    this.#name = name;
    this.calls = calls;
    this.#fails = fails;
  }
  #note(what: string): void {
    this.calls.push(`${this.#name}.${what}`);
  }
  override begin(): void {
    this.#note('begin');
    tf.constant(0, { name: `${this.#name}_begin` });
  }
  override afterCreateSession(): void {
    this.#note('create');
  }
  override beforeRun(): null {
    this.#note('before');
    return null;
  }
  override async afterRun(_: SessionRunContext, { results }: SessionRunValues): Promise<void> {
    this.#note(`after ${results}`);
    this.#runs++;
    if (this.#runs in this.#fails) throw this.#fails[this.#runs];
  }
  override end(): void {
    this.#note('end');
  }
}
const run = async (session: MonitoredSession, fetches: unknown, feedDict?: object) =>
  plain(await session.run(fetches, { feedDict: feedDict as never }));
const boom = (code: Code, words: string) => new tf.GraphError(code, words);

// ---- the block ----------------------------------------------------------------------------------------------------

test('hooks are called in their order, and the graph is final meanwhile', async () => {
  const calls: string[] = [];
  const graph = small();
  const session = await monitoredSession({ graph, hooks: [new Recorder('a', calls), new Recorder('b', calls)] });
  await session.use(async (same) => {
    expect(same).toBe(session);
    expect(await run(session, 'w:0')).toBe(0);
    expect(graph.finalized).toBe(true);
    expect(session.graph).toBe(graph);
    expectError('Runtime', 'Graph is finalized and cannot be modified.', () =>
      tf.withGraph(graph, () => tf.constant(1)),
    );
  });
  expect(calls.join(' ')).toBe(
    'a.begin b.begin a.create b.create a.before b.before a.after null b.after null a.end b.end',
  );
  expect(graph.finalized).toBe(false);
  expect(graph.getOperationByName('b_begin').type).toBe('Const');
  expect([session.shouldStop(), session.graph, session.rawSession()]).toEqual([true, null, null]);
  await expectRunError('Runtime', 'Session is already closed.', () => session.run('w:0'));
  await expectRunError('Runtime', 'Session is already closed.', () => session.close());
});

test('an error ends the block without the hooks, OutOfRange ends it with them and goes no further', async () => {
  const calls: string[] = [];
  const broken = await open({ hooks: [new Recorder('a', calls)] });
  await expectRunError('Value', 'boom', () => broken.use(() => Promise.reject(boom('Value', 'boom'))));
  expect(calls).toEqual(['a.begin', 'a.create']);
  expect(broken.shouldStop()).toBe(true);

  const more: string[] = [];
  const ended = await open({ hooks: [new Recorder('a', more, { 2: boom('OutOfRange', 'done') })] });
  const result = await ended.use(async () => {
    while (!ended.shouldStop()) await ended.run('up:0');
  });
  expect(result).toBeUndefined();
  expect(more.slice(2)).toEqual(['a.before', 'a.after null', 'a.before', 'a.after null', 'a.end']);
});

test('the block answers what its body answers; close() calls the hooks too', async () => {
  expect(plain(await (await open()).use((s) => s.run('up:0')))).toBe(1);
  const calls: string[] = [];
  const session = await open({ hooks: [new Recorder('a', calls)] });
  await session.close();
  expect(calls).toEqual(['a.begin', 'a.create', 'a.end']);
});

test('a step function has the plain session and one with hooks, and can end the block', async () => {
  const calls: string[] = [];
  const session = await open({ hooks: [new Recorder('a', calls)] });
  const seen: unknown[] = [];
  await session.use(() =>
    session.runStepFn(async (context) => {
      seen.push(plain(await context.session.run('up:0')));
      seen.push(plain(await context.runWithHooks('up:0')));
      seen.push(plain(await context.runWithHooks('up:0', { feedDict: { 'x:0': 5 } })));
      context.requestStop();
    }),
  );
  expect(seen).toEqual([1, 2, 7]);
  expect(calls.slice(2)).toEqual(['a.before', 'a.after null', 'a.before', 'a.after null', 'a.end']);
  const other = await open();
  const two = ((_a: unknown, _b: unknown) => 1) as never;
  await expectRunError('Value', '`step_fn` may either have one `step_context` argument', () => other.runStepFn(two));
  expect(await other.runStepFn(() => 3)).toBe(3);
});

test('after Aborted a new session goes on from the newest checkpoint', async () => {
  const calls: string[] = [];
  const hooks = [new Recorder('a', calls, { 2: boom('Aborted', 'x') })];
  const session = await monitoredTrainingSession({ graph: small(), checkpointDir: dir, saveCheckpointSteps: 1, hooks });
  await session.use(async () => {
    expect([await run(session, 'inc:0'), await run(session, 'inc:0'), await run(session, 'inc:0')]).toEqual([1, 3, 4]);
  });
  const runs = ['a.before', 'a.after null', 'a.before', 'a.after null'];
  expect(calls).toEqual(['a.begin', 'a.create', ...runs, 'a.create', ...runs, 'a.end']);
});

test('a singular session raises Aborted, and shows its session', async () => {
  const calls: string[] = [];
  const hooks = [new Recorder('a', calls, { 2: boom('Aborted', 'x') })];
  const session = await singularMonitoredSession({ graph: small(), hooks });
  await expectRunError('Aborted', 'x', () =>
    session.use(async () => {
      await session.run('inc:0');
      await session.run('inc:0');
    }),
  );
  expect(calls).not.toContain('a.end');
  const other = await singularMonitoredSession({ graph: small() });
  expect(other.rawSession()).toBeInstanceOf(tf.Session);
});

test('a failing run leaves the session usable', async () => {
  const session = await open();
  await expectRunError('Value', "Fetch argument 'nope:0' cannot be interpreted as a Tensor.", () =>
    session.run('nope:0'),
  );
  await expectRunError('Type', "Fetch argument null has invalid type <class 'NoneType'>", () => session.run(null));
  expect(await run(session, 'w:0')).toBe(0);
});

test('what a coordinator was told is raised at the next question', async () => {
  class Teller extends SessionRunHook {
    override afterCreateSession(_: tf.Session, coord: Coordinator): void {
      setImmediate(() => coord.requestStop(boom('Unavailable', 'gone')));
    }
  }
  const graph = small();
  const session = await singularMonitoredSession({ graph, hooks: [new Teller()] });
  await new Promise(setImmediate);
  expectError('Unavailable' as Code, 'gone', () => session.shouldStop());
  const again = await monitoredSession({ graph: small(), hooks: [new Teller()] });
  await new Promise(setImmediate);
  expect(again.shouldStop()).toBe(false); // it is lost, and the next run makes a new one
  expect(await run(again, 'inc:0')).toBe(1);
});

// ---- what hooks ask for -------------------------------------------------------------------------------------------

test('hooks fetch and feed; a stop counts from the end of the run on', async () => {
  const seen: unknown[] = [];
  class Asker extends SessionRunHook {
    override beforeRun(context: SessionRunContext): SessionRunArgs {
      seen.push(context.originalArgs.fetches);
      return new SessionRunArgs({ a: 'w:0', b: ['x:0'] }, { 'x:0': 4 });
    }
    override afterRun(context: SessionRunContext, { results }: SessionRunValues): void {
      seen.push(plain(results), context.stopRequested);
      context.requestStop();
      seen.push(context.stopRequested);
    }
  }
  const session = await open({ hooks: [new Asker()] });
  expect(await run(session, { k: 'up:0' })).toEqual({ k: 4 });
  expect(seen).toEqual([{ k: 'up:0' }, { a: 4, b: [4] }, false, true]);
  expect(session.shouldStop()).toBe(true);
  await expectRunError('Runtime', 'Run called even after should_stop requested.', () => session.run('w:0'));
});

test('one tensor is fed by one of hooks and program', async () => {
  const graph = small();
  const x = graph.getTensorByName('x:0');
  const feed = () => new FeedFnHook(() => new Map([[x, 3]]));
  const session = await monitoredSession({ graph, hooks: [feed()] });
  expect(await run(session, 'up:0')).toBe(3);
  await expectRunError(
    'Runtime',
    "Same tensor is fed by a SessionRunHook and user. Conflict(s): [<tf.Tensor 'x:0' shape=() dtype=float32>]",
    () => run(session, 'up:0', new Map([[x, 2]])),
  );
  expect(await run(session, ['up:0', 'inc:0'], { 'inc/value:0': 5 })).toEqual([6, 5]);
  await session.close();
  const both = await open({ hooks: [new FeedFnHook(() => ({ 'x:0': 3 })), new FeedFnHook(() => ({ 'x:0': 3 }))] });
  await expectRunError('Runtime', "Same tensor is fed by two hooks. Conflict(s): ['x:0']", () => both.run('up:0'));
});

test('StopAtStepHook counts from where the session begins, or to a last step', async () => {
  for (const options of [{ numSteps: 2 }, { lastStep: 2 }]) {
    const session = await open({ hooks: [new StopAtStepHook(options)] });
    let steps = 0;
    await session.use(async () => {
      for (; !session.shouldStop(); steps++) await session.run('inc:0');
    });
    expect(steps).toBe(2);
  }
});

test('NanTensorHook fails, or stops', async () => {
  const graph = small();
  const loss = tf.withGraph(graph, () => tf.log(graph.getTensorByName('x:0').neg()));
  const failing = await monitoredSession({ graph, hooks: [new NanTensorHook(loss)] });
  const error = await failing.use(() => failing.run('up:0')).catch((e: unknown) => e);
  expect(String(error)).toBe('NanLossDuringTrainingError: NaN loss during training.');
  const other = small();
  const stopping = await monitoredSession({
    graph: other,
    hooks: [
      new NanTensorHook(
        tf.withGraph(other, () => tf.log(other.getTensorByName('x:0').neg())),
        false,
      ),
    ],
  });
  expect(await run(stopping, 'up:0')).toBe(1);
  expect(stopping.shouldStop()).toBe(true);
  expect(lines).toEqual(['ERROR: Model diverged with loss = NaN.', 'WARNING: Model diverged with loss = NaN.']);
});

test('FinalOpsHook fetches at the end', async () => {
  const hook = new FinalOpsHook(['w:0', 'x:0'], { 'x:0': 9 });
  await (await open({ hooks: [hook] })).use((s) => s.run('up:0'));
  expect(plain(hook.finalOpsValues)).toEqual([1, 9]);
});

test('GlobalStepWaiterHook holds the first run back', async () => {
  tf.logging.setVerbosity(tf.logging.INFO);
  const session = await open({ hooks: [new GlobalStepWaiterHook(2)] });
  const plainSession = session.rawSession()!;
  setTimeout(() => void plainSession.run('inc:0').then(() => plainSession.run('inc:0')), 20);
  expect(await run(session, 'inc:0')).toBe(3);
  expect(lines).toContain('INFO: Waiting for global step 2 before starting training.');
});

test('wrong arguments of hooks are refused in the words of TensorFlow', () => {
  const refused = (words: string, make: () => unknown, code: Code = 'Value') => expectError(code, words, make);
  refused('One of num_steps or last_step must be specified.', () => new StopAtStepHook());
  refused(
    'Only one of num_steps or last_step can be specified.',
    () => new StopAtStepHook({ numSteps: 1, lastStep: 2 }),
  );
  const either = 'either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.';
  refused(either, () => new LoggingTensorHook(['a']));
  refused(either, () => new LoggingTensorHook(['a'], { everyNIter: 1, everyNSecs: 1 }));
  refused('invalid every_n_iter=0.', () => new LoggingTensorHook(['a'], { everyNIter: 0 }));
  refused('Either every_secs or every_steps should be provided.', () => new SecondOrStepTimer());
  refused(
    'Can not provide both every_secs and every_steps.',
    () => new SecondOrStepTimer({ everySecs: 1, everySteps: 1 }),
  );
  refused(
    'exactly one of every_n_steps and every_n_secs should be provided.',
    () => new StepCounterHook({ everyNSteps: null }),
  );
  refused('Exactly one of scaffold or summary_op must be provided.', () => new SummarySaverHook());
  refused('Either every_secs or every_steps should be provided.', () => new CheckpointSaverHook(dir));
  const scaffold = new Scaffold();
  const saver = new Saver(null, { deferBuild: true });
  refused(
    'You cannot provide both saver and scaffold.',
    () => new CheckpointSaverHook(dir, { saveSteps: 1, saver, scaffold }),
  );
  refused(
    'copy_from_scaffold is not a Scaffold instance.',
    () => new Scaffold({ copyFromScaffold: 3 as never }),
    'Type',
  );
  tf.withGraph(small(), () => {
    const words = 'If you pass a ready_for_local_init_op you must also pass a local_init_op';
    refused(words, () => new SessionManager({ readyForLocalInitOp: tf.noOp() }));
  });
});

test('hooks need a global step, and tensors of the graph', () =>
  tf.withGraph(new tf.Graph(), () => {
    const v = new tf.Variable(1, { name: 'v' });
    const hooks: [string, SessionRunHook][] = [
      ['StopAtStepHook', new StopAtStepHook({ numSteps: 1 })],
      ['StepCounterHook', new StepCounterHook()],
      ['SummarySaverHook', new SummarySaverHook({ saveSteps: 1, summaryOp: v.value() })],
      ['_GlobalStepWaiterHook', new GlobalStepWaiterHook(1)],
      ['CheckpointSaverHook', new CheckpointSaverHook(dir, { saveSteps: 1 })],
    ];
    for (const [name, hook] of hooks) {
      expectError('Runtime', `Global step should be created to use ${name}.`, () => hook.begin());
    }
    const begin = (tensor: unknown) => new LoggingTensorHook({ a: tensor as never }, { everyNIter: 1 }).begin();
    expectError('Key', "The name 'nope:0' refers to a Tensor which does not exist.", () => begin('nope'));
    expectError('Value', 'should have graph attribute that is equal to current graph', () => begin(new tf.Graph()));
    tf.split(v.mul([1, 1]), 2, 0, { name: 'two' });
    expectError('Value', 'Name two is ambiguous, as this `Operation` has multiple outputs (at least 2).', () =>
      begin('two'),
    );
  }));

// ---- training -----------------------------------------------------------------------------------------------------

/** w goes to 1 by gradient descent; l is a local variable. */
function model(): { graph: tf.Graph; train: tf.Operation; loss: tf.Tensor } {
  const graph = new tf.Graph();
  return tf.withGraph(graph, () => {
    const globalStep = tf.train.getOrCreateGlobalStep() as tf.Variable;
    const w = tf.getVariable('w', { shape: [], initializer: tf.zerosInitializer() });
    tf.getLocalVariable('l', { shape: [], initializer: tf.zerosInitializer() });
    const loss = tf.square(w.sub(1), { name: 'loss' });
    tf.summary.scalar('loss', loss);
    const train = new tf.train.GradientDescentOptimizer(0.1).minimize(loss, { globalStep });
    return { graph, train, loss };
  });
}
const eventsIn = (folder: string): Event[] =>
  readdirSync(folder)
    .filter((name) => name.includes('tfevents'))
    .flatMap((name) => [...summaryIterator(join(folder, name))]);
const about = (e: Event): string => {
  const [value] = e.summary?.value ?? [];
  if (value?.tag === 'global_step/sec') return `${e.step} speed`;
  if (value) return `${e.step} ${value.tag} ${value.simpleValue}`;
  if (e.sessionLog) return `${e.step} ${e.sessionLog.status} ${e.sessionLog.checkpointPath ?? ''}`.trim();
  return Object.keys(e).filter((key) => key !== 'wallTime' && key !== 'step')[0]!;
};

test('a training session logs, saves and summarizes as the one of TensorFlow', async () => {
  tf.logging.setVerbosity(tf.logging.INFO);
  const { graph, train, loss } = model();
  const tensors = { loss, step: 'global_step' };
  const session = await monitoredTrainingSession({
    graph,
    checkpointDir: dir,
    hooks: [new StopAtStepHook({ lastStep: 5 }), new LoggingTensorHook(tensors, { everyNIter: 2 })],
    saveCheckpointSteps: 2,
    logStepCountSteps: 2,
    saveSummariesSteps: 2,
  });
  await session.use(async () => {
    while (!session.shouldStop()) await session.run(train);
  });
  const path = join(dir, 'model.ckpt');
  expect(lines.map((line) => line.replace(/sec: .*|\(.* sec\)/, '*').replace('INFO: ', ''))).toEqual([
    'Create CheckpointSaverHook.',
    'Graph was finalized.',
    'Running local_init_op.',
    'Done running local_init_op.',
    `Saving checkpoints for 0 into ${path}.`,
    'loss = 1.0, step = 1',
    `Saving checkpoints for 2 into ${path}.`,
    'global_step/*',
    'loss = 0.4096, step = 3 *',
    `Saving checkpoints for 4 into ${path}.`,
    'global_step/*',
    'loss = 0.16777213, step = 5 *',
    `Saving checkpoints for 5 into ${path}.`,
  ]);
  const save = (step: number) => `${step} CHECKPOINT ${path}`;
  expect(eventsIn(dir).map(about)).toEqual([
    'fileVersion',
    'graphDef',
    'metaGraphDef',
    'graphDef',
    'metaGraphDef',
    save(0),
    '1 START',
    '1 loss_1 1',
    save(2),
    '3 speed',
    `3 loss_1 ${Math.fround(0.4096)}`,
    save(4),
    '5 speed',
    `5 loss_1 ${Math.fround(0.16777212917804718)}`,
    save(5),
  ]);
  expect(latestCheckpoint(dir)).toBe(`${path}-5`);
  expect(existsSync(join(dir, 'graph.pbtxt'))).toBe(true);
});

test('the scaffold makes its nodes and collections in the order of TensorFlow', async () => {
  const { graph } = model();
  const before = graph.version;
  await (await monitoredTrainingSession({ graph })).close();
  const made = graph.getOperations().slice(before);
  expect(names(made.filter((op) => !op.name.startsWith('report_') && !op.name.startsWith('save/')))).toEqual([
    'init',
    'init_1',
    'group_deps',
    'concat/axis',
    'concat',
    'concat_1/axis',
    'concat_1',
    'init_2',
    'init_all_tables',
    'init_3',
    'group_deps_1',
    'Merge/MergeSummary',
  ]);
  expect(names(made.slice(-22))).toEqual(
    [
      'filename/input filename Const StringJoin/inputs_1 StringJoin num_shards ShardedFilename/shard ShardedFilename',
      'SaveV2/tensor_names SaveV2/shape_and_slices SaveV2 control_dependency MergeV2Checkpoints/checkpoint_prefixes',
      'MergeV2Checkpoints Identity RestoreV2/tensor_names RestoreV2/shape_and_slices RestoreV2 Assign Assign_1',
      'restore_shard restore_all',
    ].flatMap((words) => words.split(' ').map((name) => `save/${name}`)),
  );
  const only = (key: string) => (graph.getCollection(key) as { name: string }[]).map((x) => x.name);
  expect([only('init_op'), only('ready_op'), only('ready_for_local_init_op')]).toEqual([
    ['group_deps'],
    ['concat:0'],
    ['concat_1:0'],
  ]);
  expect([only('local_init_op'), only('summary_op')]).toEqual([['group_deps_1'], ['Merge/MergeSummary:0']]);
  expect(graph.getCollection('savers')[0]).toBeInstanceOf(Saver);
});

test('training goes on from the checkpoint of a session before', async () => {
  const hooks = () => [new StopAtStepHook({ numSteps: 3 })];
  for (const last of [3, 6]) {
    const { graph, train } = model();
    const session = await monitoredTrainingSession({ graph, checkpointDir: dir, hooks: hooks(), logStepCountSteps: 0 });
    await session.use(async () => {
      while (!session.shouldStop()) await session.run(train);
    });
    FileWriterCache.clear();
    expect(latestCheckpoint(dir)).toBe(join(dir, `model.ckpt-${last}`));
  }
  const kept = getCheckpointState(dir)?.allModelCheckpointPaths;
  expect(kept).toEqual([0, 3, 6].map((step) => join(dir, `model.ckpt-${step}`)));
});

test('hooks of the chief come first, then those of the session, then those of the program', async () => {
  const calls: string[] = [];
  class Watcher extends Recorder {
    override afterCreateSession(): void {
      this.calls.push(existsSync(join(dir, 'checkpoint')) ? 'saved already' : 'not saved yet');
    }
  }
  const session = await monitoredTrainingSession({
    graph: small(),
    checkpointDir: dir,
    chiefOnlyHooks: [new Watcher('chief', calls)],
    hooks: [new Watcher('own', calls)],
  });
  expect(calls).toEqual(['chief.begin', 'own.begin', 'not saved yet', 'saved already']);
  await session.close();
});

test('listeners act around each checkpoint and can stop the training', async () => {
  const calls: string[] = [];
  class Listener extends CheckpointSaverListener {
    override begin(): void {
      calls.push('begin');
    }
    override async beforeSave(_: tf.Session, step: number): Promise<void> {
      calls.push(`before ${step}`);
    }
    override afterSave(_: tf.Session, step: number): boolean {
      calls.push(`after ${step}`);
      return step >= 2;
    }
    override end(_: tf.Session, step: number): void {
      calls.push(`end ${step}`);
    }
  }
  const session = await open({ hooks: [new CheckpointSaverHook(dir, { saveSteps: 1, listeners: [new Listener()] })] });
  const found: unknown[] = [];
  await session.use(async () => {
    while (!session.shouldStop()) found.push(await run(session, 'inc:0'));
  });
  expect(found).toEqual([1, 2]);
  expect(calls.join(', ')).toBe('begin, before 0, after 0, before 1, after 1, before 2, after 2, end 2');
  expect(latestCheckpoint(dir)).toBe(join(dir, 'model.ckpt-2'));
});

test('a step that does not move is warned of', async () => {
  const session = await open({ hooks: [new StepCounterHook({ outputDir: dir })] });
  await session.run('up:0');
  await session.run('up:0');
  expect(lines[0]).toContain(
    'WARNING: It seems that global step (tf.train.get_global_step) has not been increased. Current value (could be stable): 0 vs previous value: 0.',
  );
});

// ---- values at the beginning --------------------------------------------------------------------------------------

test('variables without a value are named', async () => {
  const graph = new tf.Graph();
  const creator = (more: (v: tf.Variable) => ConstructorParameters<typeof Scaffold>[0]) =>
    tf.withGraph(graph, () => {
      const v = graph.getCollection<tf.Variable>('variables')[0] ?? new tf.Variable(1, { name: 'v' });
      if (graph.getCollection('variables').length < 2) new tf.Variable(2, { name: 'u' });
      return new ChiefSessionCreator({ scaffold: new Scaffold({ initOp: v.initializer, ...more(v) }) });
    });
  const sessionCreator = creator(() => ({ localInitOp: tf.noOp() }));
  await expectRunError(
    'Runtime',
    'Init operations did not make model ready for local_init.  Init op: v/Assign, init fn: None, error: Variables not initialized: u',
    () => monitoredSession({ graph, sessionCreator }),
  );
  expect(graph.finalized).toBe(true);
});

test('initFn initializes what the init op leaves out', async () => {
  const graph = new tf.Graph();
  const [fetches, scaffold] = tf.withGraph(graph, () => {
    const v = new tf.Variable(1, { name: 'v' });
    const u = new tf.Variable(2, { name: 'u' });
    const l = tf.getLocalVariable('l', { initializer: 3 as never });
    const initFn = async (_: Scaffold, session: tf.Session) => void (await session.run(u.initializer));
    return [[v, u, l], new Scaffold({ initOp: v.initializer, initFn })] as const;
  });
  const session = await singularMonitoredSession({ graph, scaffold });
  expect(await run(session, [...fetches])).toEqual([1, 2, 3]);
});

test('the session manager says what it lacks', async () => {
  await tf
    .withGraph(small(), () => {
      const graph = tf.getDefaultGraph();
      const readyOp = tf.reportUninitializedVariables();
      const manager = new SessionManager({ graph, readyOp, recoveryWaitSecs: 0.2 });
      const saver = new Saver();
      return {
        async check() {
          await expectRunError(
            'Runtime',
            'Model is not initialized and no init_op or init_fn or local_init_op was given',
            () => manager.prepareSession(),
          );
          await expectRunError('Value', 'Can not provide both checkpoint_dir and checkpoint_filename_with_path.', () =>
            manager.prepareSession({ saver, checkpointDir: 'a', checkpointFilenameWithPath: 'b' }),
          );
          await expectRunError('DeadlineExceeded' as Code, 'Session was not ready after waiting 0 secs.', () =>
            manager.waitForSession({ maxWaitSecs: 0 }),
          );
          const [session, isReady] = await manager.recoverSession();
          expect(isReady).toBe(false);
          session.close();
        },
      };
    })
    .check();
});

test('a worker alone waits in vain', async () => {
  const sessionCreator = new WorkerSessionCreator({ maxWaitSecs: 0 });
  await expectRunError('DeadlineExceeded' as Code, 'Session was not ready after waiting 0 secs.', () =>
    open({ sessionCreator }),
  );
});

test('several items in a collection of pieces are refused', () =>
  tf.withGraph(small(), () => {
    for (const item of [1, 2]) tf.addToCollection('savers', item);
    expectError('Runtime', 'More than one item in collection savers. Please indicate which one to use', () =>
      new Scaffold().finalize(),
    );
    for (const item of [1, 2]) tf.addToCollection('init_op', item);
    expectError('Runtime', 'More than one item in the collection "init_op".', () => new Scaffold().finalize());
  }));

// ---- parts --------------------------------------------------------------------------------------------------------

test('the coordinator waits for its tasks and raises what they report', async () => {
  const coord = new Coordinator();
  const steps: number[] = [];
  const loop = async (): Promise<void> => {
    while (!(await coord.waitForStop(0.001))) steps.push(steps.length);
  };
  const failing = coord.stopOnException(async () => {
    while (steps.length < 3) await new Promise(setImmediate);
    throw boom('Internal', 'broken');
  });
  await expectRunError('Internal', 'broken', () => coord.join([loop(), failing]));
  expect([coord.joined, coord.shouldStop()]).toEqual([true, true]);
  expectError('Internal', 'broken', () => coord.raiseRequestedException());
  coord.clearStop();
  coord.requestStop(boom('OutOfRange', 'end'));
  await coord.join([loop()]);
  const stuck = new Promise(() => {});
  coord.clearStop();
  coord.requestStop();
  await expectRunError('Runtime', 'Coordinator stopped with threads still running', () =>
    coord.join([stuck], { stopGracePeriodSecs: 0.01 }),
  );
});

test('the timer triggers at the first step, and then after so many', () => {
  const timer = new SecondOrStepTimer({ everySteps: 3 });
  const turns = Array.from({ length: 8 }, (_, step) => {
    const isTurn = timer.shouldTriggerForStep(step);
    if (isTurn) timer.updateLastTriggeredStep(step);
    return isTurn;
  });
  expect(turns).toEqual([true, false, false, true, false, false, true, false]);
  expect(timer.lastTriggeredStep()).toBe(6);
  timer.reset();
  expect(timer.shouldTriggerForStep(6)).toBe(true);
});

test('logged values read as those of NumPy', () => {
  const f = (x: unknown) => numpyText(tf.Value.from(x as never, 'float32'));
  expect([1, 0.4096, 1e-5, 1e16, 123456789, 1 / 3].map(f)).toEqual([
    '1.0',
    '0.4096',
    '1e-05',
    '1e+16',
    '123456790.0',
    '0.33333334',
  ]);
  expect(f([1, 0.5, -0.25])).toBe('[ 1.    0.5  -0.25]');
  expect(
    f([
      [1.5, 2],
      [3, 1e-9],
    ]),
  ).toBe('[[1.5 2. ]\n [3.  0. ]]');
  expect(f([1e10, 1e-3])).toBe('[1.e+10 1.e-03]');
  expect(f([Number.NaN, 1, Number.POSITIVE_INFINITY])).toBe('[nan  1. inf]');
  expect(f([-0, 0.1])).toBe('[-0.   0.1]');
  expect(numpyText(tf.Value.from([1n, 10n, -5n]))).toBe('[ 1 10 -5]');
  expect(numpyText(tf.Value.from([true, false]))).toBe('[ True False]');
  expect([numpyText(tf.Value.from("a'b\n")), numpyText(tf.Value.from(['a', 'bc']))]).toEqual([
    'b"a\'b\\n"',
    "[b'a' b'bc']",
  ]);
  const many = tf.Value.cells(
    'int32',
    [1200],
    Array.from({ length: 1200 }, (_, i) => i),
  );
  expect(numpyText(many)).toBe('[   0    1    2 ... 1197 1198 1199]');
  expect(numpyText(tf.Value.zeros('float32', [2, 2, 2]))).toBe('[[[0. 0.]\n  [0. 0.]]\n\n [[0. 0.]\n  [0. 0.]]]');
});
