/** @file What may stand for a tensor, and how it becomes one. */
import { GraphError } from '../errors';
import { type DType, wireName } from '../value/dtype';
import { type Nested, Value } from '../value/value';
import { type Graph, getDefaultGraph } from './graph';
import { IndexedSlices } from './indexed_slices';
import { Operation, Tensor } from './operation';

export interface ConvertOptions {
  readonly dtype?: DType | undefined;
  readonly name?: string | undefined;
  /** The buffer itself is wanted, not a read of it. */
  readonly asRef?: boolean | undefined;
}
/** A variable, IndexedSlices: an object that knows which tensor it is. */
export interface TensorConvertible {
  asTensor(options: ConvertOptions): Tensor;
  readonly dtype: DType;
  readonly graph: Graph;
}
/** A tensor, a variable, or JavaScript values in nested lists, tensors among them. Numbers are float32 by default. */
export type TensorLike = Tensor | TensorConvertible | IndexedSlices | Value | Nested | readonly TensorLike[];

export const isConvertible = (x: unknown): x is TensorConvertible =>
  typeof x === 'object' && x !== null && 'asTensor' in x;
/** Whether x is a tensor or stands for one, as ops.is_dense_tensor_like. */
export const isTensorLike = (x: unknown): x is Tensor | TensorConvertible => x instanceof Tensor || isConvertible(x);

/** Tensors somewhere in nested lists. */
export function holdsTensor(x: unknown): boolean {
  return Array.isArray(x) ? x.some(holdsTensor) : isTensorLike(x);
}

/** The dtype of the first tensor or Value in nested lists. */
export function dtypeIn(x: TensorLike | null | undefined): DType | undefined {
  if (isTensorLike(x) || x instanceof Value || x instanceof IndexedSlices) return x.dtype;
  if (!Array.isArray(x) || typeof x[0] === 'number') return undefined;
  for (const e of x) {
    const found = dtypeIn(e as TensorLike);
    if (found) return found;
  }
  return undefined;
}

/** The graph of the inputs, or the default graph. Raises Value for inputs of two graphs. */
export function graphOf(inputs: readonly unknown[]): Graph {
  const open = getDefaultGraph();
  if (open.captures) return open;
  let graph: Graph | undefined;
  const visit = (x: unknown): void => {
    if (Array.isArray(x)) {
      if (x.length > 0 && typeof x[0] !== 'number') x.forEach(visit);
      return;
    }
    if (!isTensorLike(x) && !(x instanceof IndexedSlices)) return;
    graph ??= x.graph;
    if (x.graph !== graph) {
      const [name, other] = [String(x), graph.getOperations()[0]?.name ?? 'the other inputs'];
      throw new GraphError('Value', `${name} must be from the same graph as ${other}.`);
    }
  };
  inputs.forEach(visit);
  return graph ?? open;
}

/**
 * tf.convert_to_tensor: a Const named `name` for what is no tensor yet; a Pack for lists that hold tensors.
 * @tensorflow tf.convert_to_tensor
 */
export function convertToTensor(x: TensorLike, options: ConvertOptions = {}, graph = graphOf([x])): Tensor {
  const { dtype, name } = options;
  if (x instanceof IndexedSlices) return densify(x, options);
  if (isConvertible(x)) return checked(x.asTensor(options), dtype);
  if (x instanceof Tensor) return checked(x, dtype);
  if ((x as unknown) instanceof Operation) {
    const { name: op } = x as unknown as Operation;
    const target = `(target dtype=${dtype ?? 'None'}, name=${name ?? 'None'}, as_ref=${options.asRef ?? false})`;
    throw new GraphError('Type', `Can't convert Operation '${op}' to Tensor ${target}`);
  }
  if (holdsTensor(x)) return pack(graph, x as readonly TensorLike[], dtype ?? dtypeIn(x), name ?? 'packed') as Tensor;
  if (x === null) throw new GraphError('Value', 'None values not supported.');
  const value = Value.from(x as Nested, dtype);
  return constantIn(graph, value, name);
}

export function constantIn(graph: Graph, value: Value, name = 'Const'): Tensor {
  return graph.createOp('Const', [], { value, dtype: value.dtype }, { name }).outputs[0]!;
}

function checked(t: Tensor, dtype: DType | undefined): Tensor {
  if (dtype && t.dtype !== dtype) {
    throw new GraphError(
      'Value',
      `Tensor conversion requested dtype ${dtype} for Tensor with dtype ${t.dtype}: '${t}'. Use tf.cast.`,
    );
  }
  return t;
}

function pack(graph: Graph, list: readonly TensorLike[], dtype: DType | undefined, name: string): TensorLike {
  return graph.nameScope(name, (scope) => {
    const elements = list.map((e, i) => {
      if (isTensorLike(e) && dtype && e.dtype !== dtype) {
        throw new GraphError(
          'Type',
          `Cannot convert a list containing a tensor of dtype ${wireName(e.dtype)} to ${wireName(dtype)} (Tensor is: ${e})`,
        );
      }
      return Array.isArray(e) ? pack(graph, e as readonly TensorLike[], dtype, String(i)) : e;
    });
    if (!elements.some(isTensorLike)) return elements;
    const tensors = elements.map((e, i) =>
      isTensorLike(e) ? e : constantIn(graph, Value.from(e as Nested, dtype), String(i)),
    );
    const inputs = tensors.map((e, i) => convertToTensor(e, { dtype, name: `values_${i}` }, graph));
    const attrs = { N: inputs.length, T: inputs[0]!.dtype, axis: 0 };
    return graph.createOp('Pack', inputs, attrs, { name: scope }).outputs[0]!;
  });
}

let densifier: ((slices: IndexedSlices, options: ConvertOptions) => Tensor) | undefined;
/** The op that scatters IndexedSlices into a dense tensor lives above this floor and says so here when it loads. */
export function onDensify(f: (slices: IndexedSlices, options: ConvertOptions) => Tensor): void {
  densifier = f;
}
function densify(slices: IndexedSlices, options: ConvertOptions): Tensor {
  if (!densifier) throw new GraphError('Internal', 'IndexedSlices need src/ops/sparse.ts.');
  return densifier(slices, options);
}
