/** @file Stacks: what a loop pushes in each round, the loop of its gradients pops in the reverse order. */
import { defineOp } from '../graph/define';
import { bool, text, type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Slot } from '../kernels/memory';
import type { Cells, DType } from '../value/dtype';
import { type FullShape, meet, showShape } from '../value/shape';
import type { Named } from './array';
import { fail, withRank } from './expect';

/** What a handle holds during one run. */
class Stack {
  readonly name: string;
  readonly dtype: DType;
  /** Negative: no limit. */
  readonly maxSize: number;
  readonly elements: { readonly shape: FullShape; readonly cells: Cells }[] = [];
  closed = false;
  /** Cells that were popped, in this run or before: pushes take them again. */
  readonly #free: Cells[];

  constructor(name: string, dtype: DType, maxSize: number, free: Cells[]) {
    this.name = name;
    this.dtype = dtype;
    this.maxSize = maxSize;
    this.#free = free;
  }
  push({ shape, data }: Slot): void {
    const cells = this.#free.at(-1)?.length === data.length ? this.#free.pop()! : data.slice();
    cells.set(data);
    this.elements.push({ shape, cells });
  }
  pop(into: Slot): void {
    const top = this.elements.pop();
    if (!top) fail(`Stack[${this.name}] is empty when calling Pop().`);
    into.resize(top.shape);
    into.data.set(top.cells);
    this.#free.push(top.cells);
  }
}
function stackOf(handle: Slot): Stack {
  const stack: unknown = handle.data[0];
  if (!(stack instanceof Stack)) return fail('The handle does not refer to a Stack.');
  if (stack.closed) fail(`Stack[${stack.name}] has already been closed.`);
  return stack;
}
let made = 0;

const StackV2 = defineOp({
  name: 'StackV2',
  inputs: { max_size: 'int32' },
  outputs: { handle: 'resource' },
  attrs: { elem_type: type(), stack_name: text('') },
  stateful: true,
  infer({ max_size }) {
    withRank(max_size.shape, 0, `Stack size must be a scalar, but had shape: ${showShape(max_size.shape)}`);
    return { handle: [2] };
  },
  handle: (_, { elem_type }) => ({ dtype: elem_type, shape: null, elements: [] }),
  gradient: 'missing',
  reference({ max_size, handle }, { elem_type, stack_name }, site) {
    const name = `${stack_name || site.name}_${made++}`;
    const free = site.state((): Cells[] => []);
    handle.data[0] = new Stack(name, elem_type, max_size.data[0]!, free) as unknown as number;
  },
});
/** An empty stack for elements of one dtype, new in each run; a negative size sets no limit. As gen_data_flow_ops.stack_v2. */
export function stackV2(maxSize: Tensor, dtype: DType, { name }: Named = {}): Tensor {
  return StackV2({ max_size: maxSize }, { elem_type: dtype }, name).handle;
}

const StackPushV2 = defineOp({
  name: 'StackPushV2',
  inputs: { handle: 'resource', elem: 'T' },
  outputs: { output: 'T' },
  attrs: { T: type(), swap_memory: bool(false) },
  stateful: true,
  puts: { into: 'handle', value: 'elem' },
  infer: ({ elem }) => ({ output: elem.shape }),
  gradient: 'missing',
  reference({ handle, elem, output }) {
    const stack = stackOf(handle);
    const { name, dtype, maxSize, elements } = stack;
    if (dtype !== elem.dtype) fail(`Must have type ${dtype} but got ${elem.dtype}`);
    if (maxSize >= 0 && elements.length >= maxSize) fail(`Stack[${name}] overflowed its max_size (${maxSize})`);
    stack.push(elem);
    output.copyFrom(elem);
  },
});
export interface StackPushOptions extends Named {
  readonly swapMemory?: boolean | undefined;
}
/** Pushes `elem`, and passes it on. */
export function stackPush(handle: Tensor, elem: Tensor, { swapMemory, name }: StackPushOptions = {}): Tensor {
  return StackPushV2({ handle, elem }, { swap_memory: swapMemory }, name).output;
}

const StackPopV2 = defineOp({
  name: 'StackPopV2',
  inputs: { handle: 'resource' },
  outputs: { elem: 'elem_type' },
  attrs: { elem_type: type() },
  stateful: true,
  infer: ({ handle }) => ({ elem: handle.handle?.elements?.length ? handle.handle.elements.reduce(meet) : null }),
  gradient: 'missing',
  reference: ({ handle, elem }) => stackOf(handle).pop(elem),
});
/** The element on top, which is taken away. */
export function stackPop(handle: Tensor, dtype: DType, { name }: Named = {}): Tensor {
  return StackPopV2({ handle }, { elem_type: dtype }, name).elem;
}

defineOp({
  name: 'StackCloseV2',
  inputs: { handle: 'resource' },
  outputs: {},
  attrs: {},
  stateful: true,
  infer: () => ({}),
  gradient: 'missing',
  reference({ handle }) {
    const stack = stackOf(handle);
    stack.closed = true;
    stack.elements.length = 0;
  },
});
