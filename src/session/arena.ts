/** @file Which bytes of a plan's arena each buffer gets: buffers that never live together share. */
import { alloc, type Storage } from '../kernels/memory';

/** When a stretch of memory is in use: positions in the order, both included. */
export interface Life {
  readonly first: number;
  last: number;
  readonly bytes: number;
  readonly storage: Storage;
}

interface Gap {
  at: number;
  size: number;
}

const align = (bytes: number): number => (Math.max(bytes, 1) + 15) & ~15;

/** Sweeps along the order: each buffer takes the tightest gap there is. Answers base address and size. */
export function pack(lives: readonly Life[]): { base: number; size: number } {
  const order = [...lives].sort((a, b) => a.first - b.first || b.bytes - a.bytes);
  const ends = [...lives].sort((a, b) => a.last - b.last);
  const offsets = new Map<Life, number>();
  const gaps: Gap[] = []; // by address
  let size = 0;
  let freedUpTo = 0;

  const give = (at: number, bytes: number): void => {
    let i = 0;
    while (i < gaps.length && gaps[i]!.at < at) i++;
    const [before, after] = [gaps[i - 1], gaps[i]];
    if (before && before.at + before.size === at) {
      before.size += bytes;
      if (after && before.at + before.size === after.at) {
        before.size += after.size;
        gaps.splice(i, 1);
      }
    } else if (after && at + bytes === after.at) {
      after.at = at;
      after.size += bytes;
    } else gaps.splice(i, 0, { at, size: bytes });
  };
  const take = (bytes: number): number => {
    let best = -1;
    for (let i = 0; i < gaps.length; i++) {
      if (gaps[i]!.size >= bytes && (best < 0 || gaps[i]!.size < gaps[best]!.size)) best = i;
    }
    if (best >= 0) {
      const gap = gaps[best]!;
      const { at } = gap;
      gap.at += bytes;
      gap.size -= bytes;
      if (gap.size === 0) gaps.splice(best, 1);
      return at;
    }
    const tail = gaps.at(-1);
    if (tail && tail.at + tail.size === size) {
      const { at } = tail;
      gaps.pop();
      size = at + bytes;
      return at;
    }
    size += bytes;
    return size - bytes;
  };

  for (const life of order) {
    for (; freedUpTo < ends.length && ends[freedUpTo]!.last < life.first; freedUpTo++) {
      const done = ends[freedUpTo]!;
      give(offsets.get(done)!, align(done.bytes));
    }
    offsets.set(life, take(align(life.bytes)));
  }
  const base = alloc(size);
  for (const [life, offset] of offsets) life.storage.address = base + offset;
  return { base, size };
}
