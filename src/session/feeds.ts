/** @file What a run is fed: which tensors, and values of their dtype and shape. */
import { GraphError } from '../errors';
import type { Graph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { flatten, isNested } from '../ops/structure';
import { isInteger } from '../value/dtype';
import { compatible, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';

export type FeedValue = Nested | Value;
/**
 * A Map from tensors (variables, names), pairs, or an object keyed by tensor name. A list or object of keys takes values
 * nested alike: in it plain lists are structure, so values are numbers, typed arrays or tf.Value.
 */
export type Feeds =
  | ReadonlyMap<unknown, FeedValue>
  | readonly (readonly [key: unknown, value: FeedValue])[]
  | Readonly<Record<string, FeedValue>>;

export function readFeeds(graph: Graph, feeds: Feeds | undefined): Map<Tensor, Value> {
  const found = new Map<Tensor, Value>();
  if (!feeds) return found;
  const pairs =
    feeds instanceof Map
      ? [...feeds]
      : Array.isArray(feeds)
        ? (feeds as [unknown, FeedValue][])
        : Object.entries(feeds);
  for (const [key, value] of pairs.flatMap(flattenPair)) {
    const t = keyOf(graph, key);
    found.set(t, readFeed(graph, t, value as FeedValue));
  }
  return found;
}

/** As nest.flatten_dict_items. */
function flattenPair([key, value]: readonly [unknown, FeedValue]): (readonly [unknown, FeedValue])[] {
  if (!isNested(key)) return [[key, value]];
  const [keys, values] = [flatten(key, true), flatten(value, true) as FeedValue[]];
  if (keys.length !== values.length) {
    throw new GraphError(
      'Value',
      `Could not flatten dictionary. Key had ${keys.length} elements, but value had ${values.length} elements. Key: ${keys}, value: ${values}.`,
    );
  }
  return keys.map((k, i) => [k, values[i]!] as const);
}

export function keyOf(graph: Graph, key: unknown): Tensor {
  try {
    return graph.asGraphElement(key, { operation: false }) as Tensor;
  } catch (e) {
    if (e instanceof GraphError) throw new GraphError('Type', `Cannot interpret feed_dict key as Tensor: ${e.reason}`);
    throw e;
  }
}

function readFeed(graph: Graph, t: Tensor, value: FeedValue): Value {
  if ((value as unknown) instanceof Tensor) {
    throw new GraphError(
      'Type',
      `The value of a feed cannot be a tf.Tensor object. Acceptable feed values include numbers, booleans, strings, nested lists, typed arrays and tf.Value. For reference, the tensor object was ${value} which was passed to the feed with key ${t}.`,
    );
  }
  if (t.dtype === 'resource' || t.dtype === 'variant') {
    throw new GraphError('Type', `Tensor ${t.name} is a handle of type ${t.dtype}: it cannot be fed.`, {
      op: t.op.name,
    });
  }
  const v = convert(t, value);
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint equals the number it stands for
  if (isInteger(t.dtype) && isInt(value) && (v.data[0] as unknown) != value) throw unfit(t, value);
  if (!compatible(t.shape, v.shape)) {
    throw new GraphError(
      'Value',
      `Cannot feed value of shape ${tupleShape(v.shape)} for Tensor '${t.name}', which has shape '${tupleShape(t.shape)}'`,
    );
  }
  if (!graph.isFeedable(t)) throw new GraphError('Value', `Tensor ${t} may not be fed.`);
  return v;
}

const isInt = (x: unknown): x is number | bigint => typeof x === 'bigint' || Number.isInteger(x);
const unfit = (t: Tensor, value: number | bigint): GraphError =>
  new GraphError(
    'Type',
    `Type of feed value ${value} with type ${typeof value} is not compatible with Tensor type ${t.dtype}. Try explicitly setting the type of the feed tensor to a larger type (e.g. int64).`,
  );

function convert(t: Tensor, value: FeedValue): Value {
  try {
    return Value.from(value, t.dtype);
  } catch (e) {
    if (!(e instanceof GraphError)) throw e;
    if (isInt(value)) throw unfit(t, value);
    throw new GraphError(e.code, `Cannot feed Tensor '${t.name}' of type ${t.dtype}: ${e.reason}`);
  }
}
