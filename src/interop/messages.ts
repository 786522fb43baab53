/** @file Binary GraphDef and MetaGraphDef files: reading, writing, and saying what is wrong with a damaged one. */
import { type DescMessage, fromBinary, type MessageShape, ScalarType, toBinary } from '@bufbuild/protobuf';
import { GraphError } from '../errors';
import { type GraphDef, GraphDefSchema, type MetaGraphDef, MetaGraphDefSchema } from './proto/tensorflow_pb';

const LEGAL = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;

// ---- the wire -----------------------------------------------------------------------------------------------------

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
/** As deep as the protobuf runtime goes. */
const DEEPEST = 100;

interface Part {
  readonly name: string;
  readonly wire: number;
  /** A list whose elements may come in one piece. */
  readonly packed: boolean;
  readonly inner?: Layout;
}
/** The fields of a message by number. */
type Layout = Map<number, Part>;

const layouts = new WeakMap<DescMessage, Layout>();
function layoutOf(desc: DescMessage): Layout {
  const known = layouts.get(desc);
  if (known) return known;
  const layout: Layout = new Map();
  layouts.set(desc, layout); // before the fields: messages contain themselves
  for (const field of desc.fields) {
    const inner = field.message ? { inner: layoutOf(field.message) } : {};
    const wire = field.message ? LENGTH : wireOf(field.scalar);
    const own: Part = { name: field.name, wire, packed: field.fieldKind === 'list' && wire !== LENGTH, ...inner };
    if (field.fieldKind !== 'map') layout.set(field.number, own);
    else {
      const key: Part = { name: 'key', wire: wireOf(field.mapKey), packed: false };
      const entry: Layout = new Map([
        [1, key],
        [2, { ...own, name: 'value' }],
      ]);
      layout.set(field.number, { name: field.name, wire: LENGTH, packed: false, inner: entry });
    }
  }
  return layout;
}
function wireOf(type: ScalarType | undefined): number {
  switch (type) {
    case ScalarType.DOUBLE:
      return FIXED64;
    case ScalarType.FLOAT:
      return FIXED32;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return LENGTH;
    default:
      return VARINT;
  }
}

/** Steps over the records of a message; knows where it is when something is wrong. */
class Walk {
  readonly #bytes: Uint8Array;
  readonly #path: string[] = [];
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Raises DataLoss where parts do not fit into the message around them, which the protobuf runtime lets pass. */
  check(layout: Layout, end = this.#bytes.length): void {
    if (this.#path.length > DEEPEST) throw this.#damage('messages are nested too deep');
    while (this.#at < end) {
      const { no, wire } = this.#tag(end);
      const part = layout.get(no);
      this.#path.push(part?.name ?? `field ${no}`);
      const inPieces = part?.packed && wire === LENGTH;
      if (part && wire !== part.wire && !inPieces)
        throw this.#damage(`it is of wire type ${wire} in place of ${part.wire}`);
      const to = this.#skip(wire, end);
      if (inPieces) while (this.#at < to) this.#skip(part.wire, to);
      else if (part?.inner) this.check(part.inner, to);
      this.#at = to;
      this.#path.pop();
    }
  }

  /** The body of the first record with this number, of those that hold bytes. */
  static first(bytes: Uint8Array, number: number): Uint8Array | undefined {
    const walk = new Walk(bytes);
    while (walk.#at < bytes.length) {
      const { no, wire } = walk.#tag(bytes.length);
      const to = walk.#skip(wire, bytes.length);
      if (no === number && wire === LENGTH) return bytes.subarray(walk.#at, to);
      walk.#at = to;
    }
    return undefined;
  }

  #tag(end: number): { no: number; wire: number } {
    const tag = this.#varint(end);
    const no = Math.floor(tag / 8);
    if (no === 0 || no >= 2 ** 29) throw this.#damage(`there is no field ${no}`);
    return { no, wire: tag % 8 };
  }

  /** To the end of a record's number, or to the beginning of its body; answers the record's end. */
  #skip(wire: number, end: number): number {
    if (wire === VARINT) this.#varint(end);
    else if (wire === FIXED64) this.#at += 8;
    else if (wire === FIXED32) this.#at += 4;
    else if (wire !== LENGTH) throw this.#damage(`there is no wire type ${wire}`);
    const size = wire === LENGTH ? this.#varint(end) : 0;
    if (this.#at + size <= end) return this.#at + size;
    throw this.#damage(wire === LENGTH ? `${size} bytes are to come, but only ${end - this.#at} do` : 'it is cut off');
  }

  #varint(end: number): number {
    let x = 0;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= end) throw this.#damage('it is cut off');
      const byte = this.#bytes[this.#at++]!;
      x += (byte & 127) * 128 ** i;
      if (byte < 128) return x;
    }
    throw this.#damage('a number has more than 10 bytes');
  }

  #damage(what: string): GraphError {
    const where = this.#path.length === 0 ? '' : `, in ${this.#path.slice(0, 12).join('.')}`;
    return new GraphError('DataLoss', `at byte ${Math.min(this.#at, this.#bytes.length)}${where}: ${what}`);
  }
}

// ---- files --------------------------------------------------------------------------------------------------------

export type FileKind = 'MetaGraphDef' | 'GraphDef' | 'SavedModel' | 'text';

/** What a file holds, from its first fields; null for none of these, and for nothing at all. Never raises. */
export function kindOfFile(bytes: Uint8Array): FileKind | null {
  try {
    if (bytes[0] === 8 && beginsWithNode(Walk.first(Walk.first(bytes, 2) ?? bytes, 2))) return 'SavedModel';
    if (beginsWithNode(bytes)) return 'GraphDef';
    if (beginsWithNode(Walk.first(bytes, 2))) return 'MetaGraphDef';
  } catch {
    // not these, then
  }
  const text = new TextDecoder().decode(bytes.subarray(0, 4096));
  return /^\s*(#[^\n]*\n\s*)*[a-z_]+\s*[:{<][^\0]*$/.test(text) ? 'text' : null;
}

/** Whether it can be a GraphDef with nodes: a MetaGraphDef's first part has neither name nor op at these places. */
function beginsWithNode(bytes: Uint8Array | undefined): boolean {
  const node = bytes && Walk.first(bytes, 1);
  if (!node) return false;
  const [name, op] = [1, 2].map((no) => new TextDecoder().decode(Walk.first(node, no)));
  return LEGAL.test(name!) && /^[A-Za-z_][\w>]*$/.test(op!);
}

/** Reads one message. Raises DataLoss for bytes that are none. */
export function readMessage<D extends DescMessage>(schema: D, bytes: Uint8Array, what: string): MessageShape<D> {
  try {
    new Walk(bytes).check(layoutOf(schema));
    return fromBinary(schema, bytes);
  } catch (e) {
    const kind = kindOfFile(bytes);
    const hint = kind === null || kind === what ? 'The file is damaged, cut short or of another kind.' : isOther(kind);
    throw new GraphError(
      'DataLoss',
      `These ${bytes.length} bytes are no ${what}: ${e instanceof Error ? e.message : e}. ${hint}`,
    );
  }
}
const isOther = (kind: FileKind): string =>
  kind === 'text' ? 'It seems to be text; only the binary form can be read.' : `It seems to be a ${kind}.`;

function checkNodes(graph: GraphDef, what: string, bytes: Uint8Array): void {
  for (const node of graph.node) {
    if (LEGAL.test(node.name) && node.op !== '') continue;
    const kind = kindOfFile(bytes);
    const hint = kind === null || kind === what ? '' : ` ${isOther(kind)}`;
    throw new GraphError('DataLoss', `This is no ${what}: it has a node '${node.name}' of type '${node.op}'.${hint}`);
  }
}

/** Raises DataLoss for bytes that are no MetaGraphDef. */
export function readMetaGraph(bytes: Uint8Array): MetaGraphDef {
  const meta = readMessage(MetaGraphDefSchema, bytes, 'MetaGraphDef');
  if (!meta.graphDef) {
    const kind = kindOfFile(bytes);
    const hint = kind === null || kind === 'MetaGraphDef' ? 'Was the file cut short?' : isOther(kind);
    throw new GraphError('DataLoss', `This is no MetaGraphDef: it holds no graph. ${hint}`);
  }
  checkNodes(meta.graphDef, 'MetaGraphDef', bytes);
  return meta;
}

/** Raises DataLoss for bytes that are no GraphDef. */
export function readGraphDef(bytes: Uint8Array): GraphDef {
  const graph = readMessage(GraphDefSchema, bytes, 'GraphDef');
  checkNodes(graph, 'GraphDef', bytes);
  return graph;
}

export const writeMetaGraph = (meta: MetaGraphDef): Uint8Array => toBinary(MetaGraphDefSchema, meta);
export const writeGraphDef = (graph: GraphDef): Uint8Array => toBinary(GraphDefSchema, graph);
