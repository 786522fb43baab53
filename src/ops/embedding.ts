/** @file Rows of tables by their ids, where a table may lie in several parts. */
import { GraphError } from '../errors';
import { convertToTensor, graphOf, isTensorLike, type TensorLike } from '../graph/convert';
import type { Tensor } from '../graph/operation';
import type { DType } from '../value/dtype';
import { type FullShape, isFull, merge, type Shape } from '../value/shape';
import { Value } from '../value/value';
import { identity, type Named, reshape, shapeOf } from './array';
import { cast } from './cast';
import { clipByNorm } from './clip';
import { less, where } from './compare';
import { i32 } from './expect';
import { gather } from './gather';
import { concat, stack } from './join';
import { floorOver, minus, modulo, plus } from './operators';
import { maximum } from './pairs';
import { range } from './range';
import { reduceSum } from './reduce';
import { ResourceVariable } from './resource_variable';
import { rank, size } from './shape';
import { index, s } from './slice';
import { dynamicPartition, parallelDynamicStitch } from './stitch';

export interface EmbeddingOptions extends Named {
  /** How ids are dealt out to several tables: in turn, or in runs. */
  readonly partitionStrategy?: 'mod' | 'div' | undefined;
  /** Rows longer than this are scaled down to it. */
  readonly maxNorm?: TensorLike | undefined;
}
type Table = Tensor | ResourceVariable;

/**
 * The rows of `params` (one table, or a list of parts) that `ids` name: [...shape of ids, ...shape of a row].
 * @tensorflow tf.nn.embedding_lookup
 */
export function embeddingLookup(params: TensorLike, idsLike: TensorLike, options: EmbeddingOptions = {}): Tensor {
  const { partitionStrategy = 'mod', maxNorm, name = 'embedding_lookup' } = options;
  if (params === null || params === undefined) throw new GraphError('Value', 'params must be specified');
  if (Array.isArray(params) && params.length === 0) throw new GraphError('Value', 'Need at least one param');
  const given = Array.isArray(params) && params.some(isTensorLike) ? (params as TensorLike[]) : [params];
  const graph = graphOf([given, idsLike]);
  return graph.nameScope(name, (scope) => {
    const isResource = given.some((p) => p instanceof ResourceVariable);
    const tables = given.map((p, i) => {
      if (isResource && p instanceof ResourceVariable) return p;
      return convertToTensor(p, { name: `params_${i}` }, graph);
    });
    const like = isTensorLike(idsLike) || idsLike instanceof Value ? idsLike : Value.from(idsLike as number[], 'int32');
    const ids = convertToTensor(like, { name: 'ids' }, graph);
    const only = tables[0]!;
    if (tables.length > 1) return lookupParts(tables, ids, partitionStrategy, maxNorm, scope);
    return identity(graph.colocateWith(only, () => clipRows(gather(only, ids, { name: scope }), ids, maxNorm)));
  });
}

/** Scales rows down to `maxNorm`: each row is what lies behind the dimensions of `ids`. */
function clipRows(rows: Tensor, ids: Tensor, maxNorm: TensorLike | undefined): Tensor {
  if (maxNorm === undefined || maxNorm === null) return rows;
  const [first, end] = [ids, rows].map((x) => x.shape?.length || rank(x)) as [number | Tensor, number | Tensor];
  const isStatic = typeof first === 'number' && typeof end === 'number';
  const axes = isStatic
    ? i32(Array.from({ length: Math.max(end - first, 0) }, (_, i) => first + i))
    : range(first as TensorLike, end as TensorLike);
  return clipByNorm(rows, maxNorm, { axes });
}

function lookupParts(
  tables: readonly Table[],
  ids: Tensor,
  strategy: 'mod' | 'div',
  maxNorm: TensorLike | undefined,
  name: string,
): Tensor {
  const { graph } = ids;
  const n = tables.length;
  const flat = reshape(ids, [-1]);
  const places = range(0, size(flat));
  const [part, row] = strategy === 'mod' ? inTurn(flat, n) : inRuns(tables, flat, n, strategy);
  const parts = cast(part, 'int32');
  const idsOf = dynamicPartition(row, parts, n);
  const placesOf = dynamicPartition(places, parts, n);
  const found = tables.map((table, p) => graph.colocateWith(table, () => gather(table, idsOf[p]!)));
  const stitched = parallelDynamicStitch(placesOf, found, { name });
  const rowShape = tables.map((t) => t.shape?.slice(1) ?? null).reduce<Shape>(merge, null);
  const tail: TensorLike = isFull(rowShape)
    ? i32([...rowShape])
    : index(
        graph.colocateWith(tables[0]!, () => shapeOf(tables[0]!)),
        [s(1)],
      );
  const rows = reshape(stitched, concat([shapeOf(ids), tail], 0));
  if (ids.shape && rowShape) rows.setShape([...ids.shape, ...rowShape]);
  return clipRows(rows, ids, maxNorm);
}
/** id 0 in part 0, id 1 in part 1, and so on. */
function inTurn(ids: Tensor, n: number): [part: Tensor, row: Tensor] {
  const part = modulo(ids, n);
  return [part, floorOver(ids, n)];
}
/** Runs of neighbouring ids; the first parts hold one row more where the rows do not divide evenly. */
function inRuns(tables: readonly Table[], ids: Tensor, n: number, strategy: string): [part: Tensor, row: Tensor] {
  if (strategy !== 'div') throw new GraphError('Value', `Unrecognized partition strategy: ${strategy}`);
  const total = rowsOf(tables, ids.dtype);
  const each = floorOver(total, n);
  const extras = modulo(total, n);
  const long = floorOver(ids, plus(each, 1));
  const part = maximum(long, floorOver(minus(ids, extras), each));
  const isLong = less(part, extras);
  const row = modulo(ids, plus(each, 1));
  return [part, where(isLong, row, modulo(minus(ids, extras), each))];
}
function rowsOf(tables: readonly Table[], dtype: DType): Tensor {
  const known = tables.map((t) => t.shape?.[0] ?? null);
  const { graph } = tables[0]!;
  const total = isFull(known) ? sizeSum(known) : 0;
  if (total > 0) return convertToTensor(total, { dtype, name: 'Const' }, graph);
  const sizes = tables.map((t, p) => known[p] ?? graph.colocateWith(t, () => index(shapeOf(t), [0])));
  return reduceSum(cast(stack(sizes as TensorLike), dtype));
}
const sizeSum = (sizes: FullShape): number => sizes.reduce((a, b) => a + b, 0);
