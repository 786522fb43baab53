/** @file Event files, which TensorBoard reads: records with checksums, each of them an Event. */
import { readFileSync } from 'node:fs';
import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import type { Value } from '../value/value';
import { crc32c, masked } from './crc32c';
import {
  EventSchema,
  type Summary as SummaryMessage,
  SummarySchema,
  type Summary_Value as SummaryValueMessage,
} from './proto/tensorflow_pb';
import { fixed32, Reader, varint } from './table';
import { decodeTensor, encodeTensor } from './tensor_proto';

export interface Histogram {
  readonly min: number;
  readonly max: number;
  /** How many values there were. */
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  /** Upper ends of the buckets. */
  readonly bucketLimit: readonly number[];
  readonly bucket: readonly number[];
}
/** One tagged value: a number, a histogram, a picture, a sound or a tensor. */
export interface SummaryValue {
  readonly tag: string;
  readonly nodeName?: string;
  readonly simpleValue?: number;
  readonly histo?: Histogram;
  readonly image?: {
    readonly height: number;
    readonly width: number;
    readonly colorspace: number;
    readonly encodedImageString: Uint8Array;
  };
  readonly audio?: {
    readonly sampleRate: number;
    readonly numChannels: number;
    readonly lengthFrames: number;
    readonly encodedAudioString: Uint8Array;
    readonly contentType: string;
  };
  readonly tensor?: Value;
  /** For TensorBoard's plugins; written with the first value of a tag only. */
  readonly metadata?: {
    readonly pluginName?: string;
    readonly pluginContent?: Uint8Array;
    readonly displayName?: string;
    readonly summaryDescription?: string;
  };
}
/** Tagged values of one step. @tensorflow tf.Summary */
export interface Summary {
  readonly value: readonly SummaryValue[];
}
/** What a training session did. @tensorflow tf.SessionLog */
export interface SessionLog {
  readonly status: 'STATUS_UNSPECIFIED' | 'START' | 'STOP' | 'CHECKPOINT';
  readonly checkpointPath?: string;
  readonly msg?: string;
}
/** One record of an event file: when, at which step, and one of the other fields. @tensorflow tf.Event */
export interface Event {
  /** In seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  /** A binary GraphDef. */
  readonly graphDef?: Uint8Array;
  readonly summary?: Summary;
  readonly sessionLog?: SessionLog;
  readonly taggedRunMetadata?: { readonly tag: string; readonly runMetadata: Uint8Array };
  /** A binary MetaGraphDef. */
  readonly metaGraphDef?: Uint8Array;
}

// ---- summaries ----------------------------------------------------------------------------------------------------

const CASES = ['simpleValue', 'histo', 'image', 'audio', 'tensor'] as const;

function summaryMessage({ value }: Summary): SummaryMessage {
  return create(SummarySchema, {
    value: value.map((v) => {
      const { tag, nodeName = '', metadata: m } = v;
      const kind = CASES.find((key) => v[key] !== undefined);
      const content = {
        simpleValue: v.simpleValue,
        histo: v.histo,
        image: v.image,
        audio: v.audio && { ...v.audio, ...audioLengths(v.audio) },
        tensor: v.tensor && encodeTensor(v.tensor),
      };
      const plugin = { pluginName: m?.pluginName ?? '', content: m?.pluginContent ?? new Uint8Array() };
      const metadata = m && {
        ...(m.pluginName === undefined ? {} : { pluginData: plugin }),
        displayName: m.displayName ?? '',
        summaryDescription: m.summaryDescription ?? '',
      };
      return {
        tag,
        nodeName,
        ...(metadata && { metadata }),
        ...(kind && { value: { case: kind, value: content[kind] } as SummaryValueMessage['value'] }),
      };
    }),
  });
}
const audioLengths = (audio: { readonly numChannels: number; readonly lengthFrames: number }) => ({
  numChannels: BigInt(audio.numChannels),
  lengthFrames: BigInt(audio.lengthFrames),
});

/** Without the marks of the protobuf runtime. */
function bare<M extends Message>({ $typeName, $unknown, ...fields }: M): Omit<M, keyof Message> {
  return fields;
}
function plainValue({ tag, nodeName, metadata, value: v }: SummaryValueMessage): SummaryValue {
  const plugin = metadata?.pluginData;
  return {
    tag,
    ...(nodeName && { nodeName }),
    ...(v.case === 'simpleValue' && { simpleValue: v.value }),
    ...(v.case === 'histo' && { histo: bare(v.value) }),
    ...(v.case === 'image' && { image: bare(v.value) }),
    ...(v.case === 'audio' && {
      audio: { ...bare(v.value), numChannels: Number(v.value.numChannels), lengthFrames: Number(v.value.lengthFrames) },
    }),
    ...(v.case === 'tensor' && { tensor: decodeTensor(v.value) }),
    ...(metadata && {
      metadata: {
        ...(plugin && { pluginName: plugin.pluginName, pluginContent: plugin.content }),
        displayName: metadata.displayName,
        summaryDescription: metadata.summaryDescription,
      },
    }),
  };
}
/** What a summary op answered, read. Raises DataLoss for other bytes. */
export function readSummary(bytes: Uint8Array): Summary {
  try {
    return { value: fromBinary(SummarySchema, bytes).value.map(plainValue) };
  } catch (e) {
    throw new GraphError('DataLoss', `These ${bytes.length} bytes are no Summary: ${(e as Error).message}`);
  }
}

// ---- events -------------------------------------------------------------------------------------------------------

/** The number of `session_log`, which the schema does not have. */
const SESSION_LOG = 7;
const LENGTH = 2;
const STATUSES: readonly SessionLog['status'][] = ['STATUS_UNSPECIFIED', 'START', 'STOP', 'CHECKPOINT'];

const text = (field: number, x = ''): Uint8Array[] => {
  const bytes = new TextEncoder().encode(x);
  return x === '' ? [] : [Uint8Array.from([field * 8 + LENGTH, ...varint(bytes.length)]), bytes];
};
function sessionLogBytes({ status, checkpointPath, msg }: SessionLog): Uint8Array {
  return Buffer.concat([Uint8Array.of(8, STATUSES.indexOf(status)), ...text(2, checkpointPath), ...text(3, msg)]);
}
function readSessionLog(bytes: Uint8Array): SessionLog {
  const reader = new Reader(bytes);
  let log: SessionLog = { status: 'STATUS_UNSPECIFIED' };
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 8) log = { ...log, status: STATUSES[reader.varint()] ?? log.status };
    else {
      const found = new TextDecoder().decode(reader.take(reader.varint()));
      log = { ...log, ...(tag >> 3 === 2 ? { checkpointPath: found } : { msg: found }) };
    }
  }
  return log;
}

export function encodeEvent(event: Event): Uint8Array {
  const { wallTime, step = 0, fileVersion, graphDef, summary, sessionLog, taggedRunMetadata, metaGraphDef } = event;
  const message = create(EventSchema, { wallTime, step: BigInt(step) });
  if (fileVersion !== undefined) message.what = { case: 'fileVersion', value: fileVersion };
  if (graphDef) message.what = { case: 'graphDef', value: graphDef };
  if (summary) message.what = { case: 'summary', value: summaryMessage(summary) };
  if (metaGraphDef) message.what = { case: 'metaGraphDef', value: metaGraphDef };
  if (taggedRunMetadata) {
    message.what = {
      case: 'taggedRunMetadata',
      value: { $typeName: 'tensorflow.TaggedRunMetadata', ...taggedRunMetadata },
    };
  }
  if (sessionLog) {
    const bytes = sessionLogBytes(sessionLog);
    const data = Buffer.concat([Uint8Array.from(varint(bytes.length)), bytes]);
    message.$unknown = [{ no: SESSION_LOG, wireType: LENGTH, data }];
  }
  return toBinary(EventSchema, message);
}
export function decodeEvent(bytes: Uint8Array): Event {
  const { wallTime, step, what: w, $unknown } = fromBinary(EventSchema, bytes);
  const log = $unknown?.find((field) => field.no === SESSION_LOG)?.data;
  const body = (data: Uint8Array): Uint8Array => {
    const reader = new Reader(data);
    return reader.take(reader.varint());
  };
  return {
    wallTime,
    step: Number(step),
    ...(w.case === 'fileVersion' && { fileVersion: w.value }),
    ...(w.case === 'graphDef' && { graphDef: w.value }),
    ...(w.case === 'summary' && { summary: { value: w.value.value.map(plainValue) } }),
    ...(w.case === 'metaGraphDef' && { metaGraphDef: w.value }),
    ...(w.case === 'taggedRunMetadata' && {
      taggedRunMetadata: { tag: w.value.tag, runMetadata: w.value.runMetadata },
    }),
    ...(log && { sessionLog: readSessionLog(body(log)) }),
  };
}

// ---- records ------------------------------------------------------------------------------------------------------

/** One record of a TFRecord file: the length, the bytes, and a checksum of each. */
export function record(bytes: Uint8Array): Uint8Array {
  const length = Buffer.concat([fixed32(bytes.length), fixed32(0)]);
  return Buffer.concat([length, fixed32(masked(crc32c(length))), bytes, fixed32(masked(crc32c(bytes)))]);
}
function* recordsOf(file: Uint8Array, path: string): Generator<Uint8Array> {
  const reader = new Reader(file);
  const check = (bytes: Uint8Array, at: number): void => {
    if (reader.fixed32() !== masked(crc32c(bytes)))
      throw new GraphError('DataLoss', `corrupted record at ${at} in ${path}`);
  };
  while (reader.more) {
    const { at } = reader;
    if (file.length - at < 12) throw new GraphError('DataLoss', `truncated record at ${at} in ${path}`);
    const head = reader.take(8);
    check(head, at);
    const size = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    if (file.length - reader.at < size + 4) throw new GraphError('DataLoss', `truncated record at ${at} in ${path}`);
    const bytes = reader.take(size);
    check(bytes, at);
    yield bytes;
  }
}

/**
 * The events of a file, in order. Raises NotFound without a file, DataLoss at a record that is cut short or damaged:
 * those before it have been handed out.
 * @tensorflow tf.train.summary_iterator
 */
export function* summaryIterator(path: string): Generator<Event> {
  let file: Uint8Array;
  try {
    file = readFileSync(path);
  } catch {
    throw new GraphError('NotFound', `${path}; No such file or directory`);
  }
  for (const bytes of recordsOf(file, path)) yield decodeEvent(bytes);
}
