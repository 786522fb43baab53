/** @file Data types by their numbers on the wire. */
import { GraphError } from '../errors';
import type { DType } from '../value/dtype';

const TYPES: readonly (DType | null)[] = [
  null,
  'float32',
  'float64',
  'int32',
  'uint8',
  'int16',
  'int8',
  'string',
  'complex64',
  'int64',
  'bool',
  'qint8',
  'quint8',
  'qint32',
  'bfloat16',
  'qint16',
  'quint16',
  'uint16',
  'complex128',
  'float16',
  'resource',
  'variant',
  'uint32',
  'uint64',
];
/** Numbers above this are reference types. */
const REF = 100;

export function dtypeOf(n: number): { dtype: DType; isRef: boolean } {
  const dtype = TYPES[n > REF ? n - REF : n];
  if (!dtype) throw new GraphError('InvalidArgument', `Unknown data type ${n}.`);
  return { dtype, isRef: n > REF };
}
export function dtypeNumber(dtype: DType, isRef = false): number {
  return TYPES.indexOf(dtype) + (isRef ? REF : 0);
}
