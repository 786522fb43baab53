/** @file What a run is fed: which tensors, and values of their dtype and shape. */
import { GraphError } from '../errors';
import type { Graph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { isInteger } from '../value/dtype';
import { compatible, tupleShape } from '../value/shape';
import { type Nested, Value } from '../value/value';

export type FeedValue = Nested | Value;
/** A Map from tensors (variables, names), pairs, or an object keyed by tensor name. */
export type Feeds =
  | ReadonlyMap<unknown, FeedValue>
  | readonly (readonly [key: unknown, value: FeedValue])[]
  | Readonly<Record<string, FeedValue>>;

export function readFeeds(graph: Graph, feeds: Feeds | undefined): Map<Tensor, Value> {
  const found = new Map<Tensor, Value>();
  if (!feeds) return found;
  const pairs =
    feeds instanceof Map ? [...feeds] : Array.isArray(feeds) ? (feeds as [unknown, FeedValue][]) : Object.entries(feeds);
  for (const [key, value] of pairs) {
    const t = keyOf(graph, key);
    found.set(t, readFeed(graph, t, value as FeedValue));
  }
  return found;
}

function keyOf(graph: Graph, key: unknown): Tensor {
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
    throw new GraphError('Type', `Tensor ${t.name} is a handle of type ${t.dtype}: it cannot be fed.`, { op: t.op.name });
  }
  const v = convert(t, value);
  if (isInteger(t.dtype) && typeof value === 'number' && Number.isInteger(value) && Number(v.data[0]) !== value) {
    throw new GraphError(
      'Type',
      `Type of feed value ${value} with type number is not compatible with Tensor type ${t.dtype}. Try explicitly setting the type of the feed tensor to a larger type (e.g. int64).`,
    );
  }
  if (!compatible(t.shape, v.shape)) {
    throw new GraphError(
      'Value',
      `Cannot feed value of shape ${tupleShape(v.shape)} for Tensor '${t.name}', which has shape '${tupleShape(t.shape)}'`,
    );
  }
  if (!graph.isFeedable(t)) throw new GraphError('Value', `Tensor ${t} may not be fed.`);
  return v;
}

function convert(t: Tensor, value: FeedValue): Value {
  try {
    return Value.from(value, t.dtype);
  } catch (e) {
    if (!(e instanceof GraphError)) throw e;
    throw new GraphError(e.code, `Cannot feed Tensor '${t.name}' of type ${t.dtype}: ${e.reason}`);
  }
}
