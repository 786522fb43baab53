/** @file FileWriter: summaries and graphs to event files. */
import { closeSync, existsSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isMessage } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { Graph, getDefaultGraph } from '../graph/graph';
import { logging } from '../logging';
import { Value } from '../value/value';
import { type Event, encodeEvent, readSummary, record, type SessionLog, type Summary } from './events';
import { writeGraphDef, writeMetaGraph } from './messages';
import { type GraphDef, GraphDefSchema, type MetaGraphDef, MetaGraphDefSchema } from './proto/tensorflow_pb';
import { graphDefWithShapes, metaGraphOf } from './saved_graph';
import { bytesOfText } from './tensor_proto';

export interface FileWriterOptions {
  /** Events are in the file at once, so nothing has to wait: this and flushSecs change nothing. */
  readonly maxQueue?: number | undefined;
  readonly flushSecs?: number | undefined;
  /** Stands at the end of the file's name. */
  readonly filenameSuffix?: string | undefined;
}
type Step = number | bigint | Value | null;
/** What a summary op answered, its bytes, or values with tags. */
export type SummaryLike = Value | Uint8Array | Summary;

/** One file, made with the first event; again where it is gone. */
class EventFile {
  readonly #dir: string;
  readonly #suffix: string;
  #path = '';
  #file: number | null = null;

  constructor(dir: string, suffix: string) {
    this.#dir = dir;
    this.#suffix = suffix;
    if (typeof dir !== 'string') throw new GraphError('Type', `logdir must be a path, got ${dir}`);
    if (existsSync(dir) && !statSync(dir).isDirectory()) {
      throw new GraphError('FailedPrecondition', `${dir} is not a directory`);
    }
    mkdirSync(dir, { recursive: true });
    if (suffix !== '') this.#open();
  }
  /** Of two writers that begin within a second each has a file of its own. */
  #open(): number {
    this.close();
    let seconds = Math.floor(Date.now() / 1000);
    const path = () =>
      join(this.#dir, `events.out.tfevents.${String(seconds).padStart(10, '0')}.${hostname()}${this.#suffix}`);
    while (existsSync(path())) seconds++;
    this.#path = path();
    this.#file = openSync(this.#path, 'wx');
    writeSync(this.#file, record(encodeEvent({ wallTime: seconds, fileVersion: 'brain.Event:2' })));
    return this.#file;
  }
  add(event: Event): void {
    const file = this.#file !== null && existsSync(this.#path) ? this.#file : this.#open();
    writeSync(file, record(encodeEvent(event)));
  }
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

const CLOSED =
  'Attempting to use a closed FileWriter. The operation will be a noop unless the FileWriter is explicitly reopened.';

/**
 * Writes an event file for TensorBoard to a folder. After close() it writes nothing until reopen().
 * @tensorflow tf.summary.FileWriter
 */
export class FileWriter {
  readonly #logdir: string;
  readonly #file: EventFile;
  readonly #seenTags = new Set<string>();
  readonly #runTags = new Set<string>();
  #closed = false;

  constructor(logdir: string, graph: Graph | GraphDef | null = null, { filenameSuffix = '' }: FileWriterOptions = {}) {
    this.#logdir = logdir;
    this.#file = new EventFile(logdir, filenameSuffix);
    if (!graph) return;
    this.addGraph(graph);
    if (graph instanceof Graph) this.addMetaGraph(metaGraphOf(graph));
  }

  getLogdir(): string {
    return this.#logdir;
  }
  /** `summary` is what a run of a summary op answered, or `{ value: [{ tag: 'loss', simpleValue: 0.5 }] }`. */
  addSummary(summary: SummaryLike, globalStep: Step = null): void {
    const given = summary instanceof Value ? bytesOfText(summary.item()) : summary;
    const { value } = given instanceof Uint8Array ? readSummary(given) : (given ?? {});
    if (!Array.isArray(value)) {
      throw new GraphError(
        'Type',
        `summary must be what a run of a summary op answered, or { value: [...] }, got ${given}`,
      );
    }
    const once = value.map((v) => {
      if (!this.#seenTags.has(v.tag)) {
        this.#seenTags.add(v.tag);
        return v;
      }
      const { metadata: _, ...rest } = v;
      return rest;
    });
    this.#add({ summary: { value: once } }, globalStep);
  }
  addSessionLog(sessionLog: SessionLog, globalStep: Step = null): void {
    this.#add({ sessionLog }, globalStep);
  }
  /** The graph for TensorBoard's Graphs tab. */
  addGraph(graph: Graph | GraphDef, globalStep: Step = null): void {
    if (!(graph instanceof Graph) && !isMessage(graph, GraphDefSchema)) {
      throw new GraphError('Type', 'The passed graph must be an instance of `Graph` or the deprecated `GraphDef`');
    }
    const def = graph instanceof Graph ? graphDefWithShapes(graph) : graph;
    this.#add({ graphDef: writeGraphDef(def) }, globalStep);
  }
  addMetaGraph(metaGraph: MetaGraphDef, globalStep: Step = null): void {
    if (!isMessage(metaGraph, MetaGraphDefSchema)) {
      throw new GraphError('Type', `meta_graph_def must be type MetaGraphDef, saw type: ${typeof metaGraph}`);
    }
    this.#add({ metaGraphDef: writeMetaGraph(metaGraph) }, globalStep);
  }
  /** `runMetadata` is a binary RunMetadata. Raises Value for a tag that was used already. */
  addRunMetadata(runMetadata: Uint8Array, tag: string, globalStep: Step = null): void {
    if (this.#runTags.has(tag)) {
      throw new GraphError('Value', 'The provided tag was already used for this event type');
    }
    this.#runTags.add(tag);
    this.#add({ taggedRunMetadata: { tag, runMetadata } }, globalStep);
  }
  addEvent(event: Event): void {
    this.#warnIfClosed();
    if (!this.#closed) this.#file.add(event);
  }
  #add(event: Omit<Event, 'wallTime' | 'step'>, step: Step): void {
    const at = Math.trunc(Number(step instanceof Value ? step.item() : (step ?? 0)));
    if (!Number.isSafeInteger(at)) throw new GraphError('Value', `invalid literal for int() with base 10: '${step}'`);
    this.addEvent({ wallTime: Date.now() / 1000, step: at, ...event });
  }

  flush(): void {
    this.#warnIfClosed();
  }
  close(): void {
    this.#file.close();
    this.#closed = true;
  }
  /** Lets events in again, to a new file. */
  reopen(): void {
    this.#closed = false;
  }
  #warnIfClosed(): void {
    if (this.#closed) logging.warn(CLOSED);
  }
}

const writers = new Map<string, FileWriter>();
/** One writer for each folder, made with the default graph. @tensorflow tf.summary.FileWriterCache */
export const FileWriterCache = {
  get(logdir: string): FileWriter {
    let writer = writers.get(logdir);
    if (!writer) {
      writer = new FileWriter(logdir, getDefaultGraph());
      writers.set(logdir, writer);
    }
    return writer;
  },
  /** Closes all writers and forgets them. */
  clear(): void {
    for (const writer of writers.values()) writer.close();
    writers.clear();
  },
};
