/** @file What datasets are made of, as tensors: counts, flags, seeds, padding, and the elements themselves. */
import { GraphError } from '../errors';
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import { constantShape, Tensor } from '../graph/operation';
import { constant } from '../ops/array';
import { equal, logicalAnd, where } from '../ops/compare';
import { getSeed, type SeedLike } from '../ops/seed';
import { flatten, packAs } from '../ops/structure';
import type { DType } from '../value/dtype';
import { compatible, type Shape, tupleShape } from '../value/shape';
import { Value } from '../value/value';
import { Dataset } from './dataset';
import { DatasetSpec, type Structure, TensorSpec, unfold } from './structure';

/** A number, or a scalar tensor of int64. */
export type Count = number | bigint | Tensor;
export const count = (x: Count, name: string): Tensor => convertToTensor(x, { dtype: 'int64', name });
export const flag = (x: boolean | Tensor, name: string): Tensor => convertToTensor(x, { dtype: 'bool', name });

/** Tensors in their structure, and what they are. */
export function normalized(x: unknown): { readonly structure: Structure; readonly components: Tensor[] } {
  const nested = unfold(x);
  const specs: (TensorSpec | DatasetSpec)[] = [];
  const components = getDefaultGraph().nameScope('normalize_element', () =>
    flatten(nested).map((e, i) => {
      if (e instanceof Dataset) {
        specs.push(new DatasetSpec(e.elementSpec));
        return e.variant;
      }
      const t = convertToTensor(e as TensorLike, { name: `component_${i}` });
      specs.push(new TensorSpec(t.shape, t.dtype));
      return t;
    }),
  );
  return { structure: packAs(nested, specs), components };
}

/** The seeds of a dataset op are tensors; both 0 ask for chance. */
export function seedTensors(given: SeedLike): { readonly seed: Tensor; readonly seed2: Tensor } {
  const { seed, seed2 } = getSeed(given);
  const first = constant(int64(seed ?? 0), { name: 'seed' });
  if (seed2 === undefined) return { seed: first, seed2: constant(int64(0), { name: 'seed2' }) };
  const second = getDefaultGraph().nameScope('seed2', (scope) => {
    const own = constant(int64(seed2));
    const bothZero = logicalAnd(equal(first, 0), equal(own, 0));
    return where(bothZero, constant(int64(2 ** 31 - 1)), own, { name: scope });
  });
  return { seed: first, seed2: second };
}
const int64 = (x: number): Value => Value.from(x, 'int64');

/** A shape to pad to as a tensor, -1 for unknown. Raises Value where the elements are larger. */
export function paddedShape(x: unknown, element: Shape): { readonly tensor: Tensor; readonly shape: Shape } {
  const isTensor = x instanceof Tensor;
  if (!isTensor && !Array.isArray(x)) {
    throw new GraphError('Type', `Padded shapes are lists of sizes or tensors, not ${String(x)}.`);
  }
  const tensor = isTensor
    ? x
    : constant(
        Value.from(
          (x as Shape)!.map((d) => d ?? -1),
          'int64',
        ),
      );
  if (tensor.shape && tensor.shape.length !== 1) {
    throw new GraphError(
      'Value',
      `Padded shape ${tensor} must be a 1-D tensor of tf.int64 values, but its shape was ${tupleShape(tensor.shape)}.`,
    );
  }
  if (tensor.dtype !== 'int64') {
    throw new GraphError(
      'Type',
      `Padded shape ${tensor} must be a 1-D tensor of tf.int64 values, but its element type was ${tensor.dtype}.`,
    );
  }
  const shape = constantShape(tensor);
  const fits =
    !shape ||
    !element ||
    (shape.length === element.length && shape.every((d, i) => d === null || element[i] === null || d >= element[i]!));
  if (fits) return { tensor, shape };
  throw new GraphError(
    'Value',
    `The padded shape ${tupleShape(shape)} is not compatible with the corresponding input component shape ${tupleShape(element)}.`,
  );
}

/** A scalar to pad with; 0 or '' where none is given. */
export function paddingValue(x: unknown, dtype: DType): Tensor {
  if (dtype === 'variant') throw new GraphError('Type', "Unable to create padding for field of type 'variant'.");
  const given = x === undefined ? Value.zeros(dtype, []) : (x as TensorLike);
  const plain = typeof given === 'number' || typeof given === 'bigint' ? Value.from(given, dtype) : given;
  const t = convertToTensor(plain, { name: 'padding_value' });
  if (!compatible(t.shape, [])) throw new GraphError('Value', `Padding value should be a scalar, but is not: ${t}`);
  if (t.dtype === dtype) return t;
  throw new GraphError('Type', `Padding value tensor (${t}) does not match output type: ${dtype}`);
}
