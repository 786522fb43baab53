/** @file The WebAssembly kernels by name, and the interpreter that runs many of them in one call. */
import { alloc, free, memory } from './memory';
import { WASM } from './wasm';

type Kernel = (...args: number[]) => void;

const bytes = Uint8Array.from(atob(WASM), (c) => c.charCodeAt(0));
const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
const { table, interpret, ...kernels } = instance.exports as { [name: string]: Kernel } & {
  table: WebAssembly.Table;
  interpret: Kernel;
};

const rows = new Map<string, number>();
for (const [name, kernel] of Object.entries(kernels)) {
  if (typeof kernel !== 'function') continue;
  rows.set(name, table.grow(1));
  table.set(rows.get(name)!, kernel);
}

/** Whether assembly/ has a kernel of that name. */
export const hasKernel = (name: string): boolean => rows.has(name);

/** One kernel with its arguments bound: addresses, sizes and flags, all i32. */
export type Call = readonly [name: string, ...args: number[]];

const encode = ([name, ...args]: Call): number[] => {
  const row = rows.get(name);
  if (row === undefined) throw new Error(`No kernel '${name}' in assembly/. Export it from assembly/index.ts.`);
  return [row, args.length, ...args];
};

/** Writes the calls into linear memory; `run` does them all in one go. */
export function program(calls: readonly Call[]): { run(): void; free(): void } {
  const code = calls.flatMap(encode);
  const bytes = code.length * 4;
  const start = alloc(bytes);
  const end = start + bytes;
  new Int32Array(memory.buffer, start, code.length).set(code);
  return { run: () => interpret(start, end), free: () => free(start, bytes) };
}

/** What a function of assembly/ answers: sizes of scratch room and the like. */
export const ask = (name: string, ...args: number[]): number => kernels[name]!(...args) as unknown as number;

export function callNow([name, ...args]: Call): void {
  kernels[name]!(...args);
}

/** Bytes of scratch that `matmul_f32` needs for [m,k] times [k,n]. */
export const matmulScratch = kernels.matmul_scratch as (m: number, k: number, n: number) => number;
/** Bytes of scratch that the conv2d kernels need for the window at that address and so many output channels. */
export const convScratch = kernels.conv2d_scratch as (window: number, depth: number) => number;
