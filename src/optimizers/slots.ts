/** @file Slots: variables that an optimizer or an average keeps beside a variable, named after it. */
import { Tensor } from '../graph/operation';
import { shapeOf } from '../ops/array';
import { zerosInitializer } from '../ops/initializers';
import { zeros } from '../ops/shape';
import { getVariable, variableScope } from '../ops/variable_scope';
import { RefVariable, ResourceVariable, type Variable } from '../ops/variables';
import type { DType } from '../value/dtype';
import { isFull, type Shape } from '../value/shape';

/** What a slot starts from: a tensor, or something that makes one of the shape asked for. */
export type SlotInitializer =
  | Tensor
  | ((...args: never[]) => Tensor)
  | { call(shape: unknown, options?: unknown): Tensor };

interface SlotOptions {
  readonly shape?: Shape;
  readonly dtype?: DType;
  readonly colocate?: boolean;
}

/** A variable `<primary>/<name>`, not trainable, beside `primary`; as slot_creator.create_slot. */
export function createSlot(
  primary: Variable | Tensor,
  initial: SlotInitializer,
  name: string,
  { shape, dtype, colocate = true }: SlotOptions = {},
): Variable {
  const { graph } = primary;
  return variableScope(null, { defaultName: `${primary.op.name}/${name}` }, () => {
    const make = (): Variable => {
      const useResource =
        primary instanceof ResourceVariable ? true : primary instanceof RefVariable ? false : undefined;
      return getVariable('', {
        initializer: initial as never,
        trainable: false,
        useResource,
        shape: initial instanceof Tensor ? undefined : shape,
        dtype,
        validateShape: isFull(shape === undefined ? (initial as Tensor).shape : shape),
      });
    };
    return colocate ? graph.colocateWith(primary as never, make) : make();
  });
}

/** A slot of zeros in the shape of `primary`; as slot_creator.create_zeros_slot. */
export function createZerosSlot(primary: Variable | Tensor, name: string, options: SlotOptions = {}): Variable {
  const { shape, dtype } = primary;
  if (isFull(shape)) return createSlot(primary, zerosInitializer() as never, name, { shape, dtype, ...options });
  const source = 'initializedValue' in primary ? primary.initializedValue() : primary;
  return createSlot(primary, zeros(shapeOf(source), dtype), name, options);
}
