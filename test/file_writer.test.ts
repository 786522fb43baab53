/** @file Event files. The bytes here were written by TensorFlow 1.15.5. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../src';
import { type Event, summaryIterator } from '../src/interop/events';
import { FileWriter, FileWriterCache } from '../src/interop/file_writer';
import { readGraphDef, readMetaGraph } from '../src/interop/messages';
import { metaGraphOf } from '../src/interop/saved_graph';
import { expectError } from './conformance/harness';

let dir = '';
let lines: string[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'events-'));
  lines = [];
  jest.spyOn(console, 'error').mockImplementation((line: unknown) => void lines.push(String(line)));
});
afterEach(() => {
  jest.restoreAllMocks();
  FileWriterCache.clear();
  rmSync(dir, { recursive: true, force: true });
});

/** Five events after the version. */
const TENSORFLOW = Buffer.from(
  [
    'GAAAAAAAAACjf0siCQAAQC7MwdpBGg1icmFpbi5FdmVudDoyPPFr2XIAAAAAAAAAJQU6ggkAAAAAAAD4PxADKmUKCwoEbG9zcxUAAIA+ClYKAW',
    'gqUQkAAAAAAADwPxEAAAAAAAAAQBkAAAAAAAAAQCEAAAAAAAAIQCkAAAAAAAAUQDIQAAAAAAAA8D8AAAAAAAAAQDoQAAAAAAAA8D8AAAAAAADw',
    'P8FGwsIbAAAAAAAAABoNnhMJAAAAAAAABEAQBDoOCAMSBm0uY2twdBoCaGmIvtVhEgAAAAAAAAAkH2QlCQAAAAAAAAhAQgcKAXQSAgoA5uEPyw',
    '4AAAAAAAAAxeVpPwkAAAAAAAAIQCIDYWJjGRfQmmkAAAAAAAAANgs8bgkAAAAAAAAQQCpeCioKAXQ6AW5CEggBEgQSAggCIggAAIA/AAAAQEoO',
    'CgYKAXASAWMSAUQaAVMKEAoBaSILCAEQAhgDIgNwbmcKHgoBYTIZDQAA+kUQARgJIgN3YXYqCWF1ZGlvL3dhdoKKXkY=',
  ].join(''),
  'base64',
);
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const EVENTS: readonly Event[] = [
  {
    wallTime: 1.5,
    step: 3,
    summary: {
      value: [
        { tag: 'loss', simpleValue: 0.25 },
        { tag: 'h', histo: { min: 1, max: 2, num: 2, sum: 3, sumSquares: 5, bucketLimit: [1, 2], bucket: [1, 1] } },
      ],
    },
  },
  { wallTime: 2.5, step: 4, sessionLog: { status: 'CHECKPOINT', checkpointPath: 'm.ckpt', msg: 'hi' } },
  { wallTime: 3, step: 0, taggedRunMetadata: { tag: 't', runMetadata: Uint8Array.of(10, 0) } },
  { wallTime: 3, step: 0, graphDef: bytes('abc') },
  {
    wallTime: 4,
    step: 0,
    summary: {
      value: [
        {
          tag: 't',
          nodeName: 'n',
          tensor: tf.Value.from([1, 2]),
          metadata: { pluginName: 'p', pluginContent: bytes('c'), displayName: 'D', summaryDescription: 'S' },
        },
        { tag: 'i', image: { height: 1, width: 2, colorspace: 3, encodedImageString: bytes('png') } },
        {
          tag: 'a',
          audio: {
            sampleRate: 8000,
            numChannels: 1,
            lengthFrames: 9,
            encodedAudioString: bytes('wav'),
            contentType: 'audio/wav',
          },
        },
      ],
    },
  },
];
/** The record of the version, whose time is now. */
const FIRST = 40;

const files = (): string[] => readdirSync(dir).map((name) => join(dir, name));
const events = (): Event[] => files().flatMap((file) => [...summaryIterator(file)]);
/** Bytes as text, tensors as arrays. */
function bare(x: unknown): unknown {
  if (x instanceof Uint8Array) return Buffer.from(x).toString();
  if (x instanceof tf.Value) return x.toArray();
  if (Array.isArray(x)) return x.map(bare);
  return typeof x === 'object' && x ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, bare(v)])) : x;
}

test('events are written as TensorFlow writes them', () => {
  const writer = new FileWriter(dir);
  for (const event of EVENTS) writer.addEvent(event);
  writer.close();
  const [file] = files();
  expect(file).toMatch(/events\.out\.tfevents\.\d{10}\./);
  expect(readFileSync(file!).subarray(FIRST).toString('base64')).toBe(TENSORFLOW.subarray(FIRST).toString('base64'));
});

test('events of TensorFlow are read', () => {
  const file = join(dir, 'events');
  writeFileSync(file, TENSORFLOW);
  const [first, ...rest] = summaryIterator(file);
  expect(first?.fileVersion).toBe('brain.Event:2');
  expect(bare(rest)).toEqual(bare(EVENTS));
});

test('a file that is cut short or damaged gives the events before', () => {
  const file = join(dir, 'events');
  const read = (content: Uint8Array): { found: number; error: unknown } => {
    writeFileSync(file, content);
    let found = 0;
    try {
      for (const _ of summaryIterator(file)) found++;
    } catch (error) {
      return { found, error };
    }
    return { found, error: null };
  };
  expect(read(TENSORFLOW)).toEqual({ found: 6, error: null });
  const cut = read(TENSORFLOW.subarray(0, FIRST + 30));
  expect([cut.found, (cut.error as tf.GraphError).code]).toEqual([1, 'DataLoss']);
  expect((cut.error as tf.GraphError).message).toContain('truncated record at 40');
  const bad = Uint8Array.from(TENSORFLOW);
  bad[FIRST + 20]! ^= 1;
  expect((read(bad).error as tf.GraphError).message).toContain('corrupted record at 40');
  bad[FIRST]! ^= 1;
  expect((read(bad).error as tf.GraphError).message).toContain('corrupted record at 40');
  expectError('NotFound', 'nowhere; No such file or directory', () => [...summaryIterator('nowhere')]);
});

test('summaries of a run, and values with tags', async () => {
  const graph = new tf.Graph();
  const summary = tf.withGraph(graph, () => tf.summary.scalar('x', tf.constant(2)));
  const writer = new FileWriter(dir);
  const value = await new tf.Session({ graph }).run(summary);
  writer.addSummary(value, 7);
  writer.addSummary({ value: [{ tag: 'y', simpleValue: 0.5 }] }, 8n);
  writer.addSummary(value.data[0] as unknown as Uint8Array);
  expect(
    events()
      .slice(1)
      .map(({ step, summary: s }) => [step, s?.value[0]?.tag, s?.value[0]?.simpleValue]),
  ).toEqual([
    [7, 'x', 2],
    [8, 'y', 0.5],
    [0, 'x', 2],
  ]);
  expectError('DataLoss', 'are no Summary', () => writer.addSummary(Uint8Array.of(255, 255)));
});

test('what TensorBoard needs to know of a tag is written once', () => {
  const writer = new FileWriter(dir);
  const value = [{ tag: 't', simpleValue: 1, metadata: { displayName: 'D' } }];
  writer.addSummary({ value });
  writer.addSummary({ value });
  expect(
    events()
      .slice(1)
      .map((e) => e.summary?.value[0]?.metadata?.displayName),
  ).toEqual(['D', undefined]);
});

test('a graph comes with the shapes of its tensors, and as a MetaGraph', () => {
  const graph = new tf.Graph();
  tf.withGraph(graph, () => tf.placeholder('float32', { shape: [null, 2], name: 'x' }));
  const writer = new FileWriter(dir, graph);
  writer.addGraph(graph, 5);
  const [, first, meta, again] = events();
  const [node] = readGraphDef(first!.graphDef!).node;
  expect(node?.attr._output_shapes?.value.value).toMatchObject({ shape: [{ dim: [{ size: -1n }, { size: 2n }] }] });
  expect(readMetaGraph(meta!.metaGraphDef!).graphDef?.node).toHaveLength(1);
  expect([again?.step, again?.graphDef?.length]).toEqual([5, first?.graphDef?.length]);
  writer.addMetaGraph(metaGraphOf(graph), 6);
  expect(events().at(-1)?.step).toBe(6);
  expectError('Type', 'The passed graph must be an instance of `Graph` or the deprecated `GraphDef`', () =>
    writer.addGraph(3 as never),
  );
  expectError('Type', 'meta_graph_def must be type MetaGraphDef', () => writer.addMetaGraph({} as never));
});

test('a tag of run metadata is used once', () => {
  const writer = new FileWriter(dir);
  writer.addRunMetadata(Uint8Array.of(10, 0), 'step 1', 1);
  expectError('Value', 'The provided tag was already used for this event type', () =>
    writer.addRunMetadata(Uint8Array.of(10, 0), 'step 1', 1),
  );
  expect(events()[1]?.taggedRunMetadata?.tag).toBe('step 1');
});

test('a closed writer warns and writes nothing until it is opened again', () => {
  const writer = new FileWriter(dir);
  expect([files(), writer.getLogdir()]).toEqual([[], dir]); // made with the first event
  const add = (step: number): void => writer.addSummary({ value: [{ tag: 'x', simpleValue: 1 }] }, step);
  add(1);
  writer.close();
  add(2);
  expect(lines).toEqual([
    'WARNING: Attempting to use a closed FileWriter. The operation will be a noop unless the FileWriter is explicitly reopened.',
  ]);
  writer.reopen();
  add(3);
  writer.flush();
  expect(events().flatMap((e) => (e.summary ? [e.step] : []))).toEqual([1, 3]);
  expect(files()).toHaveLength(2);
});

test('the file has a suffix; it comes back where it is removed', () => {
  const writer = new FileWriter(join(dir, 'a'), null, { filenameSuffix: '.mine' });
  const [file] = readdirSync(join(dir, 'a'));
  expect(file).toMatch(/\.mine$/);
  rmSync(join(dir, 'a', file!));
  writer.addSummary({ value: [{ tag: 'x', simpleValue: 1 }] });
  expect([...summaryIterator(join(dir, 'a', readdirSync(join(dir, 'a'))[0]!))]).toHaveLength(2);
});

test('there is one writer for each folder', () => {
  const make = (name: string) => tf.withGraph(new tf.Graph(), () => FileWriterCache.get(join(dir, name)));
  expect(make('a')).toBe(make('a'));
  expect(make('b')).not.toBe(make('a'));
});
