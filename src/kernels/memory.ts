/** @file The one linear memory all tensors live in: an allocator, and cells that survive its growth. */
import { GraphError } from '../errors';
import { arrayOf, bytesOf, type Cells, type DType, HostCells, isHost, zeroOf } from '../value/dtype';
import { type FullShape, sameShape, showShape, sizeOf } from '../value/shape';

const PAGE = 65536;
const ALIGN = 16; // one v128
const LIMIT = 65536 * PAGE;

export const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
/** Grows by one whenever `memory` grows: every typed array made before is then detached. */
let epoch = 0;
/** First byte never handed out. The first 64 KiB stay clear of AssemblyScript's static data. */
let top = PAGE;
/** Freed blocks by size in bytes. */
const freed = new Map<number, number[]>();

/** Sizes grow in steps of an eighth, so that a freed block soon finds a new owner. */
function roundUp(bytes: number): number {
  const step = Math.max(ALIGN, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
  return Math.max(ALIGN, Math.ceil(bytes / step) * step);
}

/** Reserves bytes; the answer is their address. Addresses stay valid until freed, views do not. */
export function alloc(bytes: number): number {
  const size = roundUp(bytes);
  const again = freed.get(size)?.pop();
  if (again !== undefined) return again;
  const missing = top + size - memory.buffer.byteLength;
  if (missing > 0) {
    const room = LIMIT - memory.buffer.byteLength;
    const wanted = Math.min(room, Math.max(missing, memory.buffer.byteLength));
    try {
      if (missing > room) throw new RangeError();
      memory.grow(Math.ceil(wanted / PAGE));
    } catch {
      throw new GraphError(
        'ResourceExhausted',
        `OOM when allocating ${bytes} bytes: WebAssembly memory holds at most 4 GiB. Use smaller batches or tensors.`,
      );
    }
    epoch++;
  }
  const address = top;
  top += size;
  return address;
}

export function free(address: number, bytes: number): void {
  if (address === 0) return;
  const size = roundUp(bytes);
  const list = freed.get(size);
  if (list) list.push(address);
  else freed.set(size, [address]);
}

let scratchAt = 0;
let scratchSize = 0;
/** Room for a kernel's own use during one call. Older answers stay valid: bound calls hold them. */
export function scratch(bytes: number): number {
  if (bytes > scratchSize) {
    scratchSize = Math.max(bytes, 2 * scratchSize, PAGE);
    scratchAt = alloc(scratchSize);
  }
  return scratchAt;
}

/** A stretch of linear memory, or a list of host values; several slots may share one. */
export class Storage {
  address = 0;
  /** Bytes reserved at `address`; 0 when the address lies inside somebody else's stretch. */
  owned = 0;
  host: HostCells | undefined;

  reserve(bytes: number): void {
    if (this.owned >= bytes && this.address !== 0) return;
    this.release();
    this.address = alloc(bytes);
    this.owned = bytes;
  }

  release(): void {
    if (this.owned > 0) free(this.address, this.owned);
    this.address = 0;
    this.owned = 0;
    this.host = undefined;
  }
}

/** A tensor while a plan runs: a dtype, a shape, and cells. */
export class Slot {
  readonly dtype: DType;
  shape: FullShape;
  storage: Storage;
  #view: Cells | undefined;
  #epoch = -1;
  #at = -1;

  constructor(dtype: DType, shape: FullShape, storage = new Storage()) {
    this.dtype = dtype;
    this.shape = shape;
    this.storage = storage;
  }

  get ptr(): number {
    return this.storage.address;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get bytes(): number {
    return this.size * bytesOf(this.dtype);
  }

  /** The cells. Never keep the answer across an alloc: read it again, it is cheap. */
  get data(): Cells {
    const { storage } = this;
    if (storage.host) return storage.host as unknown as Cells;
    const view = this.#view;
    if (view && this.#epoch === epoch && this.#at === storage.address && view.length === this.size) return view;
    if (isHost(this.dtype)) return this.#hostCells();
    this.#epoch = epoch;
    this.#at = storage.address;
    const Type = arrayOf(this.dtype);
    this.#view = new Type(memory.buffer, storage.address, this.size);
    return this.#view;
  }

  #hostCells(): Cells {
    const cells = new HostCells();
    for (let i = this.size; i > 0; i--) cells.push(zeroOf(this.dtype));
    this.storage.host = cells;
    return cells as unknown as Cells;
  }

  /** Gives the slot a shape known only now, and room for it. */
  resize(shape: FullShape): void {
    // A slot inside an arena has the room its shape needs, and others know its address.
    if (this.storage.address !== 0 && sameShape(shape, this.shape)) return;
    this.shape = shape;
    const { size, bytes } = this;
    if (isHost(this.dtype)) {
      if (this.storage.host?.length !== size) this.storage.host = undefined;
      return;
    }
    if (size >= 2 ** 63) {
      throw new GraphError('InvalidArgument', `Shape ${showShape(shape)} would have more than 2**63 - 1 elements`);
    }
    if (!(size >= 0 && bytes < LIMIT)) {
      throw new GraphError(
        'ResourceExhausted',
        `OOM when allocating tensor with shape${showShape(shape)} and type ${this.dtype}`,
      );
    }
    this.storage.reserve(bytes);
  }

  /** Takes another slot's shape and cells by copy. */
  copyFrom(from: Slot): void {
    if (from.storage === this.storage && from.ptr !== 0) {
      this.shape = from.shape;
      return;
    }
    this.resize(from.shape);
    copyCells(from, this);
  }
}

/** Copies the cells between slots of one dtype and size. */
export function copyCells(from: Slot, to: Slot): void {
  if (isHost(from.dtype)) {
    to.storage.host = (from.data as unknown as HostCells).slice() as HostCells;
    return;
  }
  new Uint8Array(memory.buffer).copyWithin(to.ptr, from.ptr, from.ptr + from.bytes);
}

/** A variable's cells in one session. Kernels that ask whether it is initialized look at `ready`. */
export class VariableSlot extends Slot {
  /** Called when the cells move, or are gone: plans that bound their address are stale. */
  onChange: (() => void) | undefined;
  #ready = false;

  get ready(): boolean {
    return this.#ready;
  }
  set ready(now: boolean) {
    if (this.#ready && !now) this.onChange?.();
    this.#ready = now;
  }

  override resize(shape: FullShape): void {
    const before = this.storage.address;
    const moved = !sameShape(shape, this.shape);
    super.resize(shape);
    if (moved || before !== this.storage.address) this.onChange?.();
  }
}
